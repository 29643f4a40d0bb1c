#include "objects/local/local_store.h"

#include <fmt/format.h>

#include <algorithm>
#include <functional>
#include <iterator>
#include <map>

#include "base/fault_point.h"
#include "objects/local/content.h"
#include "objects/local/listing.h"
#include "objects/local/object_draft.h"
#include "objects/local/uploads.h"
#include "objects/staging_store.h"
#include "objects/store_rules.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

using items::Write;
using local::ObjectDraft;
using local::PartRecord;
using local::UploadRecord;

const std::string kUploads{tables::kUploadsTable};
const std::string kParts{tables::kUploadPartsTable};
// Of several writers to one object one gets through each time, so that this is how many may be
// faster than a commit before it gives up.
constexpr int kAttempts = 200;

class LocalObjectStore final : public StagingStore {
 public:
  LocalObjectStore(items::ItemStore& items, BlobStore& blobs, const LocalStoreOptions& options)
      : items_(items),
        blobs_(blobs),
        clock_(options.clock != nullptr ? *options.clock : SystemClock()),
        random_(options.random != nullptr ? *options.random : SystemRandom()) {
    traits_.durable = items.traits().durable;
    traits_.joins_commits = true;
    traits_.min_part_bytes = options.min_part_bytes;
  }

  const StoreTraits& traits() const override { return traits_; }

  Result<VersionInfo> Head(OpContext& op, const ObjectId& object,
                           const std::optional<std::string>& version_id) override {
    TRY(const auto version, Lookup(op, object, version_id));
    return InfoOf(version);
  }
  Result<std::unique_ptr<ObjectReader>> Open(
      OpContext& op, const ObjectId& object,
      const std::optional<std::string>& version_id) override {
    TRY(const auto version, Lookup(op, object, version_id));
    if (version.is_delete_marker) return NotReadable(version);
    if (!version.present()) return BytesNotHere(version);
    return local::OpenContent(blobs_, version);
  }
  Result<ListPage> List(OpContext& op, const ListRequest& request) override {
    TRY_OK(CheckListing(request));
    return local::ListObjects(op, items_, request);
  }
  Result<VersionPage> ListVersions(OpContext& op, const ListVersionsRequest& request) override {
    TRY_OK(CheckListing(request));
    return local::ListObjectVersions(op, items_, request);
  }

  Result<std::string> CreateUpload(OpContext& op, const ObjectId& object,
                                   const ObjectMetadata& metadata) override;
  Result<std::vector<std::string>> CreateUploads(OpContext& op,
                                                 std::span<const NewUpload> uploads) override;
  Result<PartInfo> PutPart(OpContext& op, const std::string& upload_id, std::uint32_t number,
                           const ByteSource& source, const ContentExpectation& expected) override;
  Result<std::vector<Result<PartInfo>>> PutParts(OpContext& op,
                                                 std::span<const PartBytes> parts) override;
  Result<std::vector<std::optional<UploadWithParts>>> FindUploads(
      OpContext& op, std::span<const std::string> upload_ids) override;
  Result<PartPage> ListParts(OpContext& op, const std::string& upload_id, const std::string& cursor,
                             std::size_t limit) override;
  Status AbortUpload(OpContext& op, const std::string& upload_id) override;
  Result<UploadInfo> HeadUpload(OpContext& op, const std::string& upload_id) override {
    TRY(auto upload, local::GetOpenUpload(op, items_, upload_id));
    return std::move(upload.info);
  }
  Result<UploadPage> ListUploads(OpContext& op, const ListUploadsRequest& request) override;
  Result<std::size_t> Tidy(OpContext& op, std::int64_t ended_before_millis) override;

  Result<StagedContent> Stage(OpContext& op, const ByteSource& source,
                              const ContentExpectation& expected) override {
    return local::StageContent(op, blobs_, source, expected);
  }
  Result<std::vector<Result<StagedContent>>> StageMany(
      OpContext& op, std::span<const ContentBytes> contents) override {
    return local::StageContents(op, blobs_, contents);
  }
  Result<std::vector<std::optional<VersionInfo>>> Commit(OpContext& op,
                                                         const ObjectChanges& changes,
                                                         std::span<const Write> writes,
                                                         const FollowingWrites& following) override;

 protected:
  Result<std::optional<VersionInfo>> FindCompleted(OpContext& op,
                                                   const std::string& upload_id) override;

 private:
  // What a commit is to do, made from what is recorded now.
  struct Plan {
    Plan(OpContext& op, items::ItemStore& items) : draft(op, items) {}
    ObjectDraft draft;
    std::map<std::string, UploadRecord, std::less<>> begun;  // open uploads that are to end
    std::vector<std::optional<VersionInfo>> made;
    std::vector<Write> uploads;  // the ends of uploads
    std::vector<Write> parts;    // the removal of their parts' records
    std::vector<std::string> ended;
    bool leaves_parts = false;  // the commit cannot hold their removal
  };
  using Made = Result<std::optional<VersionInfo>>;

  Result<ObjectVersion> Lookup(OpContext& op, const ObjectId& object,
                               const std::optional<std::string>& version_id);
  Status MakePlan(OpContext& op, const ObjectChanges& changes, Plan& plan);
  std::vector<Write> WritesOf(Plan& plan, std::span<const Write> first) const;
  Made Apply(OpContext& op, Plan& plan, const PutChange& put);
  Made Apply(OpContext& op, Plan& plan, const CompleteChange& complete);
  Made Apply(OpContext& op, Plan& plan, const CopyChange& copy);
  Made Apply(OpContext& op, Plan& plan, const DeleteChange& change);
  Made Apply(OpContext& op, Plan& plan, const DeleteVersionChange& change);

  StoreTraits traits_;
  items::ItemStore& items_;
  BlobStore& blobs_;
  const Clock& clock_;
  Random& random_;
};

// ---- Reading ----

Result<ObjectVersion> LocalObjectStore::Lookup(OpContext& op, const ObjectId& object,
                                               const std::optional<std::string>& version_id) {
  TRY_OK(CheckObject(object));
  TRY(auto record, local::FindRecord(op, items_, object));
  if (!version_id) {
    if (!record || record->newest.is_delete_marker) return NoObject(object);
    return std::move(record->newest);
  }
  if (record && record->newest.version_id == *version_id) return std::move(record->newest);
  TRY(auto version, local::FindVersion(op, items_, object, *version_id));
  if (!version) return NoVersion(object, *version_id);
  return *std::move(version);
}

// ---- Changes ----

LocalObjectStore::Made LocalObjectStore::Apply(OpContext&, Plan& plan, const PutChange& put) {
  TRY_OK(CheckObject(put.object));
  TRY_OK(CheckMetadata(put.metadata));
  TRY(const bool staged, blobs_.Has(put.content.sha256));
  if (!staged)
    return Error(Code::kNotFound, "the content was not staged in this store; stage it again");
  auto version = NewVersion(put.object, NewId(random_), clock_.NowMillis());
  version.size = put.content.size;
  version.etag = put.content.md5;
  version.sha256 = put.content.sha256;
  SetMetadata(version, put.metadata);
  TRY(auto info, plan.draft.Append(std::move(version), put.condition));
  return std::optional(std::move(info));
}

// The blobs of the parts, in order; without the empty ones.
void SetBlobs(ObjectVersion& version, std::span<const PartInfo> chosen,
              std::span<const PartRecord> parts) {
  for (const PartInfo& part : chosen) {
    const auto at = std::ranges::lower_bound(
        parts, part.number, {}, [](const PartRecord& record) { return record.info.number; });
    version.size += part.size;
    if (part.size > 0) version.blobs.push_back({at->sha256, part.size});
    if (version.sha256.empty()) version.sha256 = at->sha256;
  }
  if (version.blobs.size() > 1) {
    version.sha256.clear();
    return;
  }
  // One blob is a content like any other; of empty parts every one is the content.
  if (!version.blobs.empty()) version.sha256 = version.blobs.front().sha256;
  version.blobs.clear();
}

LocalObjectStore::Made LocalObjectStore::Apply(OpContext& op, Plan& plan,
                                               const CompleteChange& complete) {
  if (std::ranges::find(plan.ended, complete.upload_id) != plan.ended.end())
    return NoUpload(complete.upload_id);
  const auto begun = plan.begun.find(complete.upload_id);
  if (begun == plan.begun.end()) return NoUpload(complete.upload_id);
  UploadRecord upload = begun->second;
  TRY(const auto parts, local::ReadAllParts(op, items_, complete.upload_id));
  std::vector<PartInfo> infos;
  for (const PartRecord& part : parts) infos.push_back(part.info);
  const auto chosen_parts = ChooseParts(complete.parts, infos, traits_);
  // Parts go when their upload ends: then it is not they that are wrong.
  if (!chosen_parts.ok()) TRY_OK(local::GetOpenUpload(op, items_, complete.upload_id));
  TRY(const auto chosen, chosen_parts);
  auto version = NewVersion(upload.info.object, NewId(random_), clock_.NowMillis());
  version.etag = ComposeEtag(complete.parts);
  SetBlobs(version, chosen, parts);
  SetMetadata(version, upload.info.metadata);
  TRY(auto info, plan.draft.Append(std::move(version), complete.condition));

  upload.state = UploadRecord::State::kCompleted;
  upload.ended_millis = clock_.NowMillis();
  upload.version_id = info.version_id;
  upload.etag = info.etag;
  upload.size = info.size;
  plan.uploads.push_back(Write::Put(kUploads, local::UploadItem(upload), {local::UploadIsOpen()}));
  // A chosen part that is replaced meanwhile leaves its blob without a record.
  for (const PartRecord& part : parts)
    plan.parts.push_back(local::RemovePart(
        complete.upload_id, part,
        std::ranges::binary_search(chosen, part.info.number, {}, &PartInfo::number)));
  plan.ended.push_back(complete.upload_id);
  return std::optional(std::move(info));
}

LocalObjectStore::Made LocalObjectStore::Apply(OpContext&, Plan& plan, const CopyChange& copy) {
  TRY_OK(CheckObject(copy.from));
  TRY_OK(CheckObject(copy.to));
  if (copy.metadata) TRY_OK(CheckMetadata(*copy.metadata));
  TRY(auto version, plan.draft.Source(copy.from, copy.version_id));
  version.bucket = copy.to.bucket;
  version.key = copy.to.key;
  version.version_id = NewId(random_);
  version.last_modified_millis = clock_.NowMillis();
  if (copy.metadata) SetMetadata(version, *copy.metadata);
  TRY(auto info, plan.draft.Append(std::move(version), copy.condition));
  return std::optional(std::move(info));
}

LocalObjectStore::Made LocalObjectStore::Apply(OpContext&, Plan& plan, const DeleteChange& change) {
  TRY_OK(CheckObject(change.object));
  TRY(const auto current, plan.draft.Current(change.object));
  if (!current) return std::optional<VersionInfo>();
  TRY(auto info,
      plan.draft.Append(NewMarker(change.object, NewId(random_), clock_.NowMillis()), {}));
  return std::optional(std::move(info));
}

LocalObjectStore::Made LocalObjectStore::Apply(OpContext&, Plan& plan,
                                               const DeleteVersionChange& change) {
  TRY_OK(CheckObject(change.object));
  TRY_OK(CheckVersionId(change.version_id));
  TRY_OK(plan.draft.Remove(change.object, change.version_id));
  return std::optional<VersionInfo>();
}

Status LocalObjectStore::MakePlan(OpContext& op, const ObjectChanges& changes, Plan& plan) {
  std::vector<ObjectId> objects;
  std::vector<std::string> uploads;
  for (const ObjectEdit& edit : changes.edits()) {
    if (const auto* complete = std::get_if<CompleteChange>(&edit))
      uploads.push_back(complete->upload_id);
    if (const auto* put = std::get_if<PutChange>(&edit)) objects.push_back(put->object);
    if (const auto* copy = std::get_if<CopyChange>(&edit)) {
      objects.push_back(copy->from);
      objects.push_back(copy->to);
    }
    if (const auto* del = std::get_if<DeleteChange>(&edit)) objects.push_back(del->object);
    if (const auto* del = std::get_if<DeleteVersionChange>(&edit)) objects.push_back(del->object);
  }
  TRY(auto open, local::FindOpenUploads(op, items_, uploads));
  for (auto& upload : open) {
    if (!upload) continue;
    objects.push_back(upload->info.object);
    std::string id = upload->info.upload_id;
    plan.begun.emplace(std::move(id), *std::move(upload));
  }
  // What is no object's name is refused with the number of its change.
  std::erase_if(objects, [](const ObjectId& object) { return !CheckObject(object).ok(); });
  TRY_OK(plan.draft.Prefetch(objects));
  for (const ObjectEdit& edit : changes.edits()) {
    auto made = std::visit([&](const auto& change) { return Apply(op, plan, change); }, edit);
    if (!made.ok()) return std::move(made).error().At(static_cast<int>(plan.made.size()));
    plan.made.push_back(*std::move(made));
  }
  return Ok();
}

std::vector<Write> LocalObjectStore::WritesOf(Plan& plan, std::span<const Write> first) const {
  std::vector<Write> all(first.begin(), first.end());
  std::ranges::move(plan.draft.Writes(), std::back_inserter(all));
  std::ranges::move(plan.uploads, std::back_inserter(all));
  // Where a commit cannot hold them all, the blobs of replaced parts live on their age.
  const std::size_t limit = items_.traits().max_commit_writes;
  plan.leaves_parts = limit != 0 && all.size() + plan.parts.size() > limit;
  if (!plan.leaves_parts) std::ranges::move(plan.parts, std::back_inserter(all));
  return all;
}

Result<std::vector<std::optional<VersionInfo>>> LocalObjectStore::Commit(
    OpContext& op, const ObjectChanges& changes, std::span<const Write> writes,
    const FollowingWrites& following) {
  const int first_change = static_cast<int>(writes.size());
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    TRY_OK(op.Check());
    Plan plan(op, items_);
    auto planned = MakePlan(op, changes, plan);
    if (!planned.ok()) {
      Error error = std::move(planned).error();
      if (error.index >= 0) error.index += first_change;
      return error;
    }
    auto all = WritesOf(plan, writes);
    if (following) std::ranges::move(following(plan.made), std::back_inserter(all));
    if (all.empty()) return std::move(plan.made);
    auto committed = items_.Commit(op, all);
    if (committed.ok()) {
      // What stays behind because this fails is for Tidy: the commit stands.
      if (plan.leaves_parts)
        for (const auto& upload : plan.ended)
          if (!local::RemoveParts(op, items_, upload).ok()) break;
      return std::move(plan.made);
    }
    Error error = std::move(committed).error();
    if (error.index >= 0 && error.index < first_change) return error;
    error.index = -1;
    if (error.code != Code::kConflict) return error;
  }
  return Error(Code::kConflict,
               fmt::format("other writers changed the same objects {} times in a row, and nothing "
                           "was changed; read them again, and try again",
                           kAttempts));
}

// ---- Uploads ----

Result<std::optional<VersionInfo>> LocalObjectStore::FindCompleted(OpContext& op,
                                                                   const std::string& upload_id) {
  TRY(const auto upload, local::FindUpload(op, items_, upload_id));
  if (!upload || upload->state != UploadRecord::State::kCompleted)
    return std::optional<VersionInfo>();
  VersionInfo info;
  info.object = upload->info.object;
  info.version_id = upload->version_id;
  info.is_latest = true;
  info.size = upload->size;
  info.etag = upload->etag;
  info.last_modified_millis = upload->ended_millis;
  info.metadata = upload->info.metadata;
  return std::optional(std::move(info));
}

Result<std::string> LocalObjectStore::CreateUpload(OpContext& op, const ObjectId& object,
                                                   const ObjectMetadata& metadata) {
  const NewUpload one{object, metadata};
  TRY(auto ids, CreateUploads(op, {&one, 1}));
  return std::move(ids.front());
}

Result<std::vector<std::string>> LocalObjectStore::CreateUploads(
    OpContext& op, std::span<const NewUpload> uploads) {
  // Where a commit cannot hold them all they are begun one after the other.
  const std::size_t limit = items_.traits().max_commit_writes;
  if (limit != 0 && uploads.size() > limit) return StagingStore::CreateUploads(op, uploads);
  std::vector<std::string> ids;
  std::vector<Write> puts;
  for (const NewUpload& upload : uploads) {
    TRY_OK(CheckObject(upload.object));
    TRY_OK(CheckMetadata(upload.metadata));
    UploadRecord record;
    record.info = {ids.emplace_back(NewId(random_)), upload.object, upload.metadata,
                   clock_.NowMillis()};
    puts.push_back(Write::Put(kUploads, local::UploadItem(record), {items::Condition::Absent()}));
  }
  if (!puts.empty()) TRY_OK(items_.Commit(op, puts));
  return ids;
}

Result<PartInfo> LocalObjectStore::PutPart(OpContext& op, const std::string& upload_id,
                                           std::uint32_t number, const ByteSource& source,
                                           const ContentExpectation& expected) {
  TRY_OK(CheckPartNumber(number, traits_));
  // Before the content is read, which may take long.
  TRY_OK(local::GetOpenUpload(op, items_, upload_id));
  TRY(const auto content, Stage(op, source, expected));
  const PartRecord part{{number, content.md5, content.size, clock_.NowMillis()}, content.sha256};
  const std::vector writes{
      Write::Check(kUploads, local::UploadKey(upload_id), {local::UploadIsOpen()}),
      Write::Put(kParts, local::PartItem(upload_id, part))};
  auto committed = items_.Commit(op, writes);
  if (committed.ok()) return part.info;
  if (committed.error().code == Code::kConflict) return NoUpload(upload_id);
  return std::move(committed).error();
}

Result<std::vector<Result<PartInfo>>> LocalObjectStore::PutParts(OpContext& op,
                                                                 std::span<const PartBytes> parts) {
  std::vector<ContentBytes> contents;
  for (const PartBytes& part : parts) contents.push_back({part.bytes, part.md5});
  TRY(auto staged, StageMany(op, contents));
  VAMS_POINT("objects.parts.staged");
  std::vector<Result<PartInfo>> results;
  std::vector<local::NewPart> records;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto number = CheckPartNumber(parts[i].number, traits_);
    if (!number.ok() || !staged[i].ok()) {
      results.emplace_back(!number.ok() ? number.error() : staged[i].error());
      continue;
    }
    PartRecord record{{parts[i].number, staged[i]->md5, staged[i]->size, clock_.NowMillis()},
                      staged[i]->sha256};
    results.emplace_back(record.info);
    records.push_back({i, parts[i].upload_id, std::move(record)});
  }
  TRY(const auto lost, local::RecordParts(op, items_, records));
  for (const std::size_t i : lost) results[i] = NoUpload(parts[i].upload_id);
  return results;
}

Result<std::vector<std::optional<UploadWithParts>>> LocalObjectStore::FindUploads(
    OpContext& op, std::span<const std::string> upload_ids) {
  TRY(auto open, local::FindOpenUploads(op, items_, upload_ids));
  std::vector<std::optional<UploadWithParts>> uploads;
  for (std::size_t i = 0; i < open.size(); ++i) {
    uploads.emplace_back();
    if (!open[i]) continue;
    UploadWithParts& found = uploads.back().emplace();
    found.info = std::move(open[i]->info);
    TRY(const auto records, local::ReadAllParts(op, items_, upload_ids[i]));
    for (const PartRecord& part : records) found.parts.push_back(part.info);
  }
  return uploads;
}

Result<PartPage> LocalObjectStore::ListParts(OpContext& op, const std::string& upload_id,
                                             const std::string& cursor, std::size_t limit) {
  TRY_OK(CheckLimit(limit));
  std::int64_t after = 0;
  if (!cursor.empty()) {
    TRY(const auto read, ReadCursor(cursor));
    after = read.first;
  }
  TRY_OK(local::GetOpenUpload(op, items_, upload_id));
  TRY(const auto records, local::ReadParts(op, items_, upload_id, after, limit));
  PartPage page;
  for (const PartRecord& part : records.parts) page.parts.push_back(part.info);
  if (records.more) page.next = MakeCursor(page.parts.back().number, "");
  return page;
}

Status LocalObjectStore::AbortUpload(OpContext& op, const std::string& upload_id) {
  TRY(auto upload, local::GetOpenUpload(op, items_, upload_id));
  upload.state = UploadRecord::State::kAborted;
  upload.ended_millis = clock_.NowMillis();
  const Write end = Write::Put(kUploads, local::UploadItem(upload), {local::UploadIsOpen()});
  auto committed = items_.Commit(op, {&end, 1});
  if (!committed.ok() && committed.error().code == Code::kConflict) return NoUpload(upload_id);
  TRY_OK(committed);
  // The upload is over; what stays behind because this fails is for Tidy.
  (void)local::RemoveParts(op, items_, upload_id);
  return Ok();
}

Result<UploadPage> LocalObjectStore::ListUploads(OpContext& op, const ListUploadsRequest& request) {
  TRY_OK(CheckLimit(request.limit));
  UploadPage page;
  page.next = request.cursor;
  do {
    TRY(const auto scanned, items_.Scan(op, kUploads, items::Segment{}, page.next,
                                        request.limit - page.uploads.size()));
    for (const auto& item : scanned.items) {
      TRY(auto upload, local::UploadFromItem(item));
      if (upload.state != UploadRecord::State::kOpen) continue;
      if (request.bucket && *request.bucket != upload.info.object.bucket) continue;
      if (request.created_before_millis &&
          upload.info.created_millis >= *request.created_before_millis)
        continue;
      page.uploads.push_back(std::move(upload.info));
    }
    page.next = scanned.next;
  } while (!page.next.empty() && page.uploads.size() < request.limit);
  return page;
}

Result<std::size_t> LocalObjectStore::Tidy(OpContext& op, std::int64_t ended_before_millis) {
  std::size_t count = 0;
  std::string cursor;
  do {
    TRY(const auto scanned, items_.Scan(op, kUploads, items::Segment{}, cursor, kMaxPage));
    for (const auto& item : scanned.items) {
      TRY(const auto upload, local::UploadFromItem(item));
      if (upload.state == UploadRecord::State::kOpen || upload.ended_millis >= ended_before_millis)
        continue;
      // The record goes last: it is what leads to the parts.
      TRY_OK(local::RemoveParts(op, items_, upload.info.upload_id));
      const Write forget = Write::Delete(kUploads, local::UploadKey(upload.info.upload_id));
      TRY_OK(items_.Commit(op, {&forget, 1}));
      ++count;
    }
    cursor = scanned.next;
  } while (!cursor.empty());
  return count;
}

}  // namespace

Result<std::unique_ptr<ObjectStore>> OpenLocalObjectStore(OpContext& op, items::ItemStore& items,
                                                          BlobStore& blobs,
                                                          const LocalStoreOptions& options) {
  std::vector<items::TableSpec> specs;
  for (const auto name : {tables::kObjectsTable, tables::kObjectVersionsTable,
                          tables::kUploadsTable, tables::kUploadPartsTable})
    specs.push_back(*tables::FindSystemTable(name));
  TRY_OK(items.CreateTables(op, specs));
  return std::unique_ptr<ObjectStore>(std::make_unique<LocalObjectStore>(items, blobs, options));
}

}  // namespace vams::objects
