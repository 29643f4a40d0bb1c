// What may be downloaded or streamed, and in which version.  Spec: api-assets.md section 8.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
//
// Existence is told before rights are asked about, as clients know it: endpoints Find the asset,
// make their own checks, and then ask for the file with the caller.
//
// Thread-safe.  Calls block on the item store and the object store.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "catalog/asset_records.h"
#include "catalog/caller.h"
#include "catalog/stores.h"
#include "model/download.h"

namespace vams::catalog {

// An object that may be handed out.
struct Downloadable {
  objects::ObjectId object;
  std::optional<std::string> version_id;  // nothing: whichever is current when it is read
  bool archived = false;                  // that version is a delete marker
};

class Downloads {
 public:
  // What the stores refer to must outlive this.
  explicit Downloads(const Stores& stores) : stores_(stores) {}

  // The active asset.  kNotFound "Asset not found".
  Result<Asset> Find(OpContext& op, std::string_view database_id, std::string_view asset_id);

  // A file as section 8.1 finds it; without a path the asset's folder marker.  kDenied; kConflict
  // "Asset not distributable"; kNotFound "Asset location not found", "File not found in S3", and
  // those of ResolveFile and ResolveAlias; kInvalid "Unallowed file extension or content type in
  // asset file".  A version id that there is not is taken as it is.
  Result<Downloadable> File(OpContext& op, Caller& caller, const Asset& asset,
                            const std::optional<std::string>& path,
                            const model::VersionChoice& version);
  // The asset's preview picture.  Also kNotFound "Asset preview location not found", "Preview file
  // not found in S3"; kInvalid "Unallowed file extension or content type in preview file".
  Result<Downloadable> Preview(OpContext& op, Caller& caller, const Asset& asset);

  // A file as section 8.2 finds it, unless its extension is blocked; whether the object is there,
  // and is not of a blocked type, shows when it is opened.  The asset is distributable.  kDenied;
  // kNotFound "Asset location not found" and those of ResolveFile and ResolveAlias.
  struct Streamable {
    Downloadable file;
    bool blocked = false;
  };
  Result<Streamable> Stream(OpContext& op, Caller& caller, const Asset& asset,
                            std::string_view path, const model::VersionChoice& version);
  // Derived data of section 8.3.  kDenied; kNotFound "Asset location not found".
  Result<Streamable> StreamAuxiliary(OpContext& op, Caller& caller, const Asset& asset,
                                     std::string_view path);

 private:
  Result<std::optional<std::string>> Resolve(OpContext& op, const AssetPlace& place,
                                             const std::string& key,
                                             const model::VersionChoice& version);

  const Stores stores_;
};

}  // namespace vams::catalog
