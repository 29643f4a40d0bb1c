#include "model/asset_link.h"

namespace vams::model {

namespace {

constexpr TextRule kLinkAlias{.required = false, .max = 128};

}  // namespace

NewAssetLink ReadNewAssetLink(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  NewAssetLink link;
  const auto from_asset = reader.OptionalText("fromAssetId", {});
  const auto from_database = reader.OptionalText("fromAssetDatabaseId", {});
  const auto to_asset = reader.OptionalText("toAssetId", {});
  const auto to_database = reader.OptionalText("toAssetDatabaseId", {});
  const auto type = reader.OptionalText("relationshipType", {});
  link.alias = reader.OptionalText("assetLinkAliasId", kLinkAlias).value_or("");
  link.tags = reader.Texts("tags", false);
  link.parent_child = type == "parentChild";
  if (type && type != "parentChild" && type != "related")
    problems.Add("relationshipType",
                 "value is not a valid enumeration member; permitted: 'related', 'parentChild' "
                 "(type=type_error.enum)");
  if (type == "related" && !link.alias.empty())
    problems.Add("__root__", "assetLinkAliasId can only be used with parentChild relationships");
  if (from_asset) problems.Add(CheckAssetId("fromAssetId", *from_asset));
  if (from_database) problems.Add(CheckId("fromAssetDatabaseId", *from_database));
  if (to_asset) problems.Add(CheckAssetId("toAssetId", *to_asset));
  if (to_database) problems.Add(CheckId("toAssetDatabaseId", *to_database));
  link.from_asset = from_asset.value_or("");
  link.from_database = from_database.value_or("");
  link.to_asset = to_asset.value_or("");
  link.to_database = to_database.value_or("");
  return link;
}

AssetLinkChange ReadAssetLinkChange(const boost::json::object& body, Problems& problems) {
  ObjectReader reader(body, problems);
  AssetLinkChange change;
  change.tags = reader.Texts("tags", false);
  change.alias = reader.OptionalText("assetLinkAliasId", kLinkAlias);
  return change;
}

}  // namespace vams::model
