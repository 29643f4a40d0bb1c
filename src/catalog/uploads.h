// Uploads: from the first request for part URLs to files of the asset.  Spec: api-assets.md
// section 5.
//
// Each file of an upload is a multipart upload of the object store, begun on the key that the file
// will have, so that nothing is copied when it is completed.  The upload's record names them all;
// what is not named there cannot be completed with it.  All files that a completion takes become
// visible in one commit, and the record changes or goes in the same one.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
//
// Thread-safe.  Calls block on the item store and the object store.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/caller.h"
#include "catalog/stores.h"
#include "model/upload.h"
#include "objects/store.h"

namespace vams::catalog {

inline const std::string kUploadsTable = "AssetUploadsStorageTable";

struct BegunFile {
  std::string path;          // as asked for
  std::string multipart_id;  // model::kZeroByteId for an empty one
  objects::ObjectId object;
  int parts = 0;
  bool bundled = false;  // the client sends its one part in a bundle
};

struct BegunUpload {
  std::string id;
  std::vector<BegunFile> files;  // in the order of the request
};

struct FileResult {
  std::string path, multipart_id;  // as in the request
  std::string error;               // empty: the file is there
  bool blocked = false;            // refused as something that can be run

  bool ok() const { return error.empty(); }
};

struct CompletedUpload {
  enum class Outcome : std::uint8_t {
    kAll,
    kSome,
    kNone,       // no file passed its checks
    kNotStored,  // they could not be made visible; the upload can be completed again
  };
  Outcome outcome = Outcome::kAll;
  std::vector<FileResult> files;  // in the order of the request
  std::string asset_type;         // afterwards; kAll and kSome
  std::string failure;            // kNotStored: what the store said, for the log
};

class Uploads {
 public:
  // What the stores refer to must outlive this.
  explicit Uploads(const Stores& stores) : stores_(stores) {}

  // kNotFound "Asset not found" unless there is such an active asset.  What clients are told before
  // anyone asks what they may do.
  Status CheckAsset(OpContext& op, std::string_view database_id, std::string_view asset_id);

  Result<bool> HasDatabase(OpContext& op, std::string_view database_id);

  // Opens a multipart upload for every file that is not empty, or fails without a trace.  Nothing
  // where the caller has 20 uploads that were begun within a minute and not completed.  kDenied;
  // kNotFound for the asset, its database or its bucket; kInvalid for files that may not be there.
  Result<std::optional<BegunUpload>> Begin(OpContext& op, Caller& caller,
                                           const model::NewUpload& upload);

  // Stores parts of the files of an upload, for whoever may, many at once.  Results in order, as
  // ObjectStore::PutParts has them: kNotFound also for a part that is of another upload.  kNotFound
  // where there is no such upload any more.
  Result<std::vector<Result<objects::PartInfo>>> StoreParts(
      OpContext& op, std::string_view asset_id, std::string_view upload_id,
      std::span<const objects::PartBytes> parts);

  // Makes files of what was uploaded; each file has a result of its own.  kDenied; kNotFound "Asset
  // not found", "Upload record not found" (also where another call was faster), "Database not
  // found"; kInvalid where the record is of another asset or type.
  Result<CompletedUpload> Complete(OpContext& op, Caller& caller, std::string_view upload_id,
                                   const model::FinishedUpload& upload);

  // Forgets uploads whose time, a week, is over.  What was stored for them goes with the other
  // multipart uploads of that age (lifecycle/upkeep_objects.h).
  Status ExpireOld(OpContext& op);

 private:
  Result<bool> BeganTooMany(OpContext& op, const std::string& user);

  const Stores stores_;
};

}  // namespace vams::catalog
