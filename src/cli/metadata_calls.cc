#include "cli/metadata_calls.h"

#include "cli/client_input.h"

namespace vams::cli {

namespace json = boost::json;

std::string MetadataPath(const MetadataTarget& target) {
  if (!target.link.empty()) return "/asset-links/" + net::PercentEncode(target.link) + "/metadata";
  if (target.asset.empty()) return "/database/" + net::PercentEncode(target.database) + "/metadata";
  const std::string asset = AssetPath(target.database, target.asset) + "/metadata";
  return target.path.empty() ? asset : asset + "/file";
}

std::string MetadataQuery(const MetadataTarget& target) {
  if (target.path.empty()) return MetadataPath(target);
  return MetadataPath(target) +
         Query({{"filePath", target.path},
                {"type", std::string(model::FileMetadataKindName(target.kind))}});
}

std::vector<StoredItem> ReadStored(const json::value& answer) {
  std::vector<StoredItem> stored;
  for (const auto& one : ListOf(answer, "metadata")) {
    const auto type = model::FindValueType(TextOf(one, "metadataValueType"));
    StoredItem item{.item = {.key = TextOf(one, "metadataKey"),
                             .value = TextOf(one, "metadataValue"),
                             .type = type.value_or(model::ValueType::kString)}};
    item.maybe_default = FlagOf(one, "metadataSchemaField") &&
                         item.item.value == TextOf(one, "metadataSchemaDefaultValue");
    stored.push_back(std::move(item));
  }
  return stored;
}

json::object BodyOf(const MetadataPlan& plan, bool replace) {
  json::array items;
  for (const model::MetadataItem& item : plan.send)
    items.push_back(json::object{{"metadataKey", item.key},
                                 {"metadataValue", item.value},
                                 {"metadataValueType", model::ValueTypeName(item.type)}});
  json::object body{{"metadata", std::move(items)},
                    {"updateType", replace ? "replace_all" : "update"}};
  if (!plan.target.path.empty()) {
    body["filePath"] = plan.target.path;
    body["type"] = model::FileMetadataKindName(plan.target.kind);
  }
  return body;
}

}  // namespace vams::cli
