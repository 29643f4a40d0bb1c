#include "objects/staging_store.h"

#include "objects/store_rules.h"

namespace vams::objects {

Result<std::optional<VersionInfo>> StagingStore::CommitOne(OpContext& op, ObjectEdit edit) {
  auto made = Commit(op, ObjectChanges().Add(std::move(edit)));
  // The number of the only change tells nobody anything.
  if (!made.ok()) return std::move(made).error().At(-1);
  return std::move(made->front());
}

Result<VersionInfo> StagingStore::Put(OpContext& op, const ObjectId& object,
                                      const ByteSource& source, const ContentExpectation& expected,
                                      const ObjectMetadata& metadata,
                                      const PutCondition& condition) {
  // Before the content is read, which may take long.
  TRY_OK(CheckObject(object));
  TRY_OK(CheckMetadata(metadata));
  TRY(auto content, Stage(op, source, expected));
  TRY(auto made, CommitOne(op, PutChange{object, std::move(content), metadata, condition}));
  return *std::move(made);
}

Result<VersionInfo> StagingStore::Copy(OpContext& op, const CopyChange& copy) {
  TRY(auto made, CommitOne(op, copy));
  return *std::move(made);
}

Result<std::optional<VersionInfo>> StagingStore::Delete(OpContext& op, const ObjectId& object) {
  return CommitOne(op, DeleteChange{object});
}

Status StagingStore::DeleteVersion(OpContext& op, const ObjectId& object,
                                   const std::string& version_id) {
  TRY_OK(CommitOne(op, DeleteVersionChange{object, version_id}));
  return Ok();
}

Result<VersionInfo> StagingStore::CompleteUpload(OpContext& op, const std::string& upload_id,
                                                 std::span<const PartEtag> parts,
                                                 const PutCondition& condition) {
  auto made = CommitOne(op, CompleteChange{upload_id, {parts.begin(), parts.end()}, condition});
  if (made.ok()) return **std::move(made);
  if (made.error().code != Code::kNotFound) return std::move(made).error();
  // The answer to an earlier completion may have been lost, or another one was faster.
  TRY(auto done, FindCompleted(op, upload_id));
  if (done && done->etag == ComposeEtag(parts)) return *std::move(done);
  return std::move(made).error();
}

}  // namespace vams::objects
