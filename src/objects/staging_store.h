// StagingStore is what engines have in common that stage contents and commit changes apart: every
// writing call is a commit of one change.  Internal to objects.  Thread-safe as far as the engine
// is; blocks when it does.
#pragma once

#include "objects/store.h"

namespace vams::objects {

class StagingStore : public ObjectStore {
 public:
  Result<VersionInfo> Put(OpContext& op, const ObjectId& object, const ByteSource& source,
                          const ContentExpectation& expected, const ObjectMetadata& metadata,
                          const PutCondition& condition) final;
  Result<VersionInfo> Copy(OpContext& op, const CopyChange& copy) final;
  Result<std::optional<VersionInfo>> Delete(OpContext& op, const ObjectId& object) final;
  Status DeleteVersion(OpContext& op, const ObjectId& object, const std::string& version_id) final;
  Result<VersionInfo> CompleteUpload(OpContext& op, const std::string& upload_id,
                                     std::span<const PartEtag> parts,
                                     const PutCondition& condition) final;

 protected:
  // The version that the upload became, if it was completed and is not forgotten.
  virtual Result<std::optional<VersionInfo>> FindCompleted(OpContext& op,
                                                           const std::string& upload_id) = 0;

 private:
  Result<std::optional<VersionInfo>> CommitOne(OpContext& op, ObjectEdit edit);
};

}  // namespace vams::objects
