#include "catalog/default_schemas.h"

#include <boost/json.hpp>
#include <initializer_list>
#include <optional>

#include "catalog/metadata_schema_records.h"

namespace vams::catalog {

namespace json = boost::json;

using items::Item;
using items::Value;
using model::SchemaEntity;

namespace {

struct DefaultField {
  std::string_view key;
  std::string_view type;  // in upper case, as the reference's deployment stores it
  std::optional<int> sequence = std::nullopt;
};

std::string FieldsText(std::initializer_list<DefaultField> fields) {
  json::array list;
  for (const DefaultField& field : fields)
    list.push_back(json::object{
        {"metadataFieldKeyName", field.key},
        {"metadataFieldValueType", field.type},
        {"required", false},
        {"sequence", field.sequence ? json::value(*field.sequence) : json::value(nullptr)},
        {"dependsOnFieldKeyName", nullptr},
        {"controlledListKeys", nullptr},
        {"defaultMetadataFieldValue", nullptr}});
  return json::serialize(json::object{{"fields", std::move(list)}});
}

}  // namespace

std::vector<Item> DefaultSchemas(const DefaultSchemaChoice& choice, std::string_view author,
                                 const std::string& now) {
  std::vector<Item> schemas;
  const auto add = [&](bool chosen, std::string_view id, SchemaEntity entity, std::string_view name,
                       std::initializer_list<DefaultField> fields,
                       std::optional<std::string> file_types = std::nullopt) {
    if (!chosen) return;
    Item item = SchemaItem({.id = std::string(id),
                            .database_id = std::string(model::kGlobalSchemas),
                            .entity = entity,
                            .name = std::string(name),
                            .file_types = std::move(file_types),
                            .fields = {},
                            .enabled = true,
                            .created_on = now,
                            .modified_on = now,
                            .created_by = std::string(author),
                            .modified_by = std::string(author)});
    item.Set("fields", Value::S(FieldsText(fields)));
    schemas.push_back(std::move(item));
  };
  add(choice.asset_links, "default-assetlinks-schema", SchemaEntity::kAssetLink,
      "defaultAssetLinks",
      {{"Translation", "XYZ", 1},
       {"Rotation", "WXYZ", 2},
       {"Scale", "XYZ", 3},
       {"Matrix", "MATRIX4X4", 4}});
  add(choice.database, "default-database-schema", SchemaEntity::kDatabase, "defaultDatabase",
      {{"Location", "LLA"}});
  add(choice.asset, "default-asset-schema", SchemaEntity::kAsset, "defaultAsset",
      {{"Location", "LLA"}});
  add(choice.asset_file, "default-file-schema-3dmodel", SchemaEntity::kFileAttribute,
      "defaultAssetFile3dModel", {{"Polygon_Count", "STRING"}},
      ".glb,.usd,.obj,.fbx,.gltf,.stl,.usdz");
  return schemas;
}

}  // namespace vams::catalog
