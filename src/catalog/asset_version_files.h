// What has become of the files of a version in the object store.  Internal to catalog.
// Spec: api-assets.md sections 7 and 10.4.
//
// Thread-safe (no state).  Blocks on the object store.
#pragma once

#include <functional>
#include <optional>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/version_records.h"
#include "objects/store.h"

namespace vams::catalog {

struct StoredFile {
  std::optional<objects::VersionInfo> version;  // nothing: it was deleted for good
  bool latest_archived = false;                 // the newest version of the key is a delete marker
};

// Calls back for every file, in the order given, which has to be that of the paths.  Few are looked
// up one by one, many by going once over all that the asset has.
using StoredFileVisitor = std::function<void(const FileVersion& file, StoredFile stored)>;
Status VisitStoredFiles(OpContext& op, objects::ObjectStore& objects, const AssetPlace& place,
                        const std::vector<FileVersion>& files, const StoredFileVisitor& visit);

}  // namespace vams::catalog
