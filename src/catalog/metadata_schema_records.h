// Records of metadata schemas, as this product, the reference and its migrations write them.
// Internal to catalog.  Spec: data-model.md section 4.13, api-metadata.md sections 7.1 and 18.1.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "model/metadata_schema.h"

namespace vams::catalog {

inline const std::string kSchemasTable = "MetadataSchemaStorageTableV2";

// "GLOBAL:assetMetadata": the sort key, and what schemas of one kind are found by.
std::string SchemaScope(std::string_view database_id, model::SchemaEntity entity);
items::Item SchemaKey(std::string_view id, std::string_view database_id,
                      model::SchemaEntity entity);
// Of a record, whatever else is in it.
items::Item SchemaKeyOf(const items::Item& record);
items::Item SchemaItem(const model::MetadataSchema& schema);

// Nothing if the record does not say what the schema is for.  Fields that break a rule are left
// out.
std::optional<model::MetadataSchema> SchemaOf(const items::Item& item);

// One that is stored, with its record.
struct StoredSchema {
  model::MetadataSchema schema;
  items::Item item;
};
// Every schema with this id: one, as long as nobody else writes the table.
Result<std::vector<StoredSchema>> SchemasWithId(OpContext& op, items::ItemSource& source,
                                                std::string_view id);
// Those of one database for one kind of entity, by id; adds them to `schemas`.
Status ReadSchemas(OpContext& op, items::ItemSource& source, std::string_view database_id,
                   model::SchemaEntity entity, std::vector<model::MetadataSchema>& schemas);

}  // namespace vams::catalog
