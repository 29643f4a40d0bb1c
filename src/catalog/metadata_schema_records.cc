#include "catalog/metadata_schema_records.h"

#include <fmt/format.h>

#include <utility>

#include "catalog/records.h"
#include "model/text.h"

namespace vams::catalog {

using items::Item;
using items::Kind;
using items::Value;
using model::MetadataSchema;
using model::SchemaEntity;

namespace {

constexpr std::string_view kScope = "databaseId:metadataEntityType";

// A schema is on unless its record says otherwise; a null says so.
bool IsEnabled(const Item& item) {
  const Value* enabled = item.Find("enabled");
  if (enabled == nullptr) return true;
  if (enabled->is(Kind::kBool)) return enabled->boolean();
  return enabled->is(Kind::kS) && Lower(enabled->text()) == "true";
}

// Also under the name that migrations give it, there perhaps as a list.
std::optional<std::string> FileTypesOf(const Item& item) {
  if (auto text = TextIfAny(item, "fileKeyTypeRestriction")) return text;
  const Value* extensions = item.Find("fileExtensionRestrictions");
  if (extensions == nullptr) return std::nullopt;
  if (extensions->is(Kind::kS)) return extensions->text();
  if (extensions->is(Kind::kSS))
    return fmt::format("{}", fmt::join(extensions->set().begin(), extensions->set().end(), ","));
  if (!extensions->is(Kind::kL)) return std::nullopt;
  std::string list;
  for (const Value& extension : extensions->list())
    if (extension.is(Kind::kS)) list.append(list.empty() ? "" : ",").append(extension.text());
  return list;
}

}  // namespace

std::string SchemaScope(std::string_view database_id, SchemaEntity entity) {
  return fmt::format("{}:{}", database_id, model::SchemaEntityName(entity));
}

Item SchemaKey(std::string_view id, std::string_view database_id, SchemaEntity entity) {
  return {{"metadataSchemaId", Value::S(std::string(id))},
          {std::string(kScope), Value::S(SchemaScope(database_id, entity))}};
}

Item SchemaKeyOf(const Item& record) {
  return {{"metadataSchemaId", Value::S(std::string(record.Text("metadataSchemaId")))},
          {std::string(kScope), Value::S(std::string(record.Text(kScope)))}};
}

Item SchemaItem(const MetadataSchema& schema) {
  Item item = SchemaKey(schema.id, schema.database_id, schema.entity);
  item.Set("databaseId", Value::S(schema.database_id));
  item.Set("metadataSchemaEntityType",
           Value::S(std::string(model::SchemaEntityName(schema.entity))));
  item.Set("schemaName", Value::S(schema.name));
  item.Set("fields", Value::S(model::StoredFields(schema.fields)));
  item.Set("enabled", Value::Bool(schema.enabled));
  const auto set = [&](std::string_view name, const std::optional<std::string>& text) {
    if (text) item.Set(name, Value::S(*text));
  };
  set("fileKeyTypeRestriction", schema.file_types);
  set("dateCreated", schema.created_on);
  set("dateModified", schema.modified_on);
  set("createdBy", schema.created_by);
  set("modifiedBy", schema.modified_by);
  return item;
}

std::optional<MetadataSchema> SchemaOf(const Item& item) {
  const std::string_view scope = item.Text(kScope);
  const std::size_t colon = scope.rfind(':');
  const std::string_view scope_entity =
      colon == scope.npos ? std::string_view() : scope.substr(colon + 1);
  const auto entity = model::FindSchemaEntity(
      TextIfAny(item, "metadataSchemaEntityType").value_or(std::string(scope_entity)));
  if (!entity) return std::nullopt;
  return MetadataSchema{
      .id = std::string(item.Text("metadataSchemaId")),
      .database_id = TextIfAny(item, "databaseId").value_or(std::string(scope.substr(0, colon))),
      .entity = *entity,
      .name = std::string(item.Text("schemaName")),
      .file_types = FileTypesOf(item),
      .fields = model::FieldsOf(item.Text("fields")),
      .enabled = IsEnabled(item),
      .created_on = TextIfAny(item, "dateCreated"),
      .modified_on = TextIfAny(item, "dateModified"),
      .created_by = TextIfAny(item, "createdBy"),
      .modified_by = TextIfAny(item, "modifiedBy"),
  };
}

Result<std::vector<StoredSchema>> SchemasWithId(OpContext& op, items::ItemSource& source,
                                                std::string_view id) {
  std::vector<StoredSchema> found;
  TRY_OK(ForEachOfPartition(op, source, kSchemasTable, id, [&](Item item) {
    if (auto schema = SchemaOf(item)) found.push_back({*std::move(schema), std::move(item)});
  }));
  return found;
}

Status ReadSchemas(OpContext& op, items::ItemSource& source, std::string_view database_id,
                   SchemaEntity entity, std::vector<MetadataSchema>& schemas) {
  items::QueryRequest request;
  request.table = kSchemasTable;
  request.index = "DatabaseIdMetadataEntityTypeIndex";
  request.partition = Value::S(SchemaScope(database_id, entity));
  request.limit = kPageItems;
  do {
    TRY(const items::Page page, source.Query(op, request));
    for (const Item& item : page.items)
      if (auto schema = SchemaOf(item)) schemas.push_back(*std::move(schema));
    request.after = page.next;
  } while (!request.after.empty());
  return Ok();
}

}  // namespace vams::catalog
