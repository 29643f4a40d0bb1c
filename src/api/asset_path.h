// The asset that the path of a request names: /database/{databaseId}/assets/{assetId}/….
// Spec: api-assets.md section 1.7.  Pure; thread-safe.
#pragma once

#include <string>

#include "api/gate.h"

namespace vams::api {

struct AssetPath {
  std::string database_id, asset_id;
};

// 400 for ids that no database or asset can have.
Parsed<AssetPath> ReadAssetPath(const Call& call);

}  // namespace vams::api
