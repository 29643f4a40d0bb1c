#include "api/asset_path.h"

#include <utility>

namespace vams::api {

Parsed<AssetPath> ReadAssetPath(const Call& call) {
  AssetPath path{.database_id = call.request.Parameter("databaseId"),
                 .asset_id = call.request.Parameter("assetId")};
  if (auto fine = Check(model::CheckId("databaseId", path.database_id)); !fine)
    return std::unexpected(std::move(fine).error());
  if (auto fine = Check(model::CheckAssetId("assetId", path.asset_id)); !fine)
    return std::unexpected(std::move(fine).error());
  return path;
}

}  // namespace vams::api
