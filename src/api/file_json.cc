#include "api/file_json.h"

#include <utility>

#include "base/json.h"

namespace vams::api {

namespace json = boost::json;

json::object FileJson(const catalog::FileItem& file, json::storage_ptr storage) {
  return json::object({{"fileName", file.name},
                       {"key", file.key},
                       {"relativePath", file.path},
                       {"isFolder", file.folder},
                       {"size", file.size ? json::value(*file.size) : json::value(nullptr)},
                       {"dateCreatedCurrentVersion", file.modified},
                       {"versionId", TextOrNull(file.version_id)},
                       {"storageClass", "STANDARD"},
                       {"isArchived", file.archived},
                       {"currentAssetVersionFileVersionMismatch",
                        file.mismatch ? json::value(*file.mismatch) : json::value(nullptr)},
                       {"isPermanentlyDeleted", file.permanently_deleted},
                       {"primaryType", TextOrNull(file.primary_type)},
                       {"previewFile", file.preview}},
                      std::move(storage));
}

}  // namespace vams::api
