#include "catalog/metadata_schemas.h"

#include <algorithm>
#include <utility>

#include "base/random.h"
#include "catalog/asset_files_parts.h"
#include "catalog/databases.h"
#include "catalog/metadata_schema_records.h"
#include "catalog/records.h"

namespace vams::catalog {

using access::Action;
using access::Field;
using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;
using model::MetadataSchema;
using model::SchemaEntity;

namespace {

access::Object ObjectOf(std::string_view database_id, std::string_view name, SchemaEntity entity) {
  return access::Object(access::ObjectType::kMetadataSchema)
      .Set(Field::kDatabaseId, database_id)
      .Set(Field::kMetadataSchemaName, name)
      .Set(Field::kMetadataSchemaEntityType, model::SchemaEntityName(entity));
}

access::Object ObjectOf(const MetadataSchema& schema) {
  return ObjectOf(schema.database_id, schema.name, schema.entity);
}

Error SchemaAbsent(Code code = Code::kNotFound) { return {code, "Metadata schema not found"}; }

Result<StoredSchema> FindOf(OpContext& op, items::ItemSource& source, std::string_view database_id,
                            std::string_view id) {
  TRY(auto found, SchemasWithId(op, source, id));
  if (found.empty()) return SchemaAbsent();
  const auto of_database = std::ranges::find_if(
      found, [&](const StoredSchema& stored) { return stored.schema.database_id == database_id; });
  if (of_database == found.end()) return SchemaAbsent(Code::kConflict);
  return std::move(*of_database);
}

// The caller was let in because of the name, so it has to be the one that was read.
Condition HasName(const StoredSchema& stored) {
  const Value* name = stored.item.Find("schemaName");
  return name == nullptr ? Condition::Lacks("schemaName") : Condition::Equals("schemaName", *name);
}

// Of a commit; kTooLarge means the item store's limit for one record.
Error RefusedCommit(const Error& error) {
  if (error.code != Code::kTooLarge) return error;
  return {Code::kInvalid,
          "The schema is larger than the 400 KB that are stored of one, so nothing was changed; "
          "shorten its lists or make two schemas of it",
          error.message};
}

std::vector<Mutation> MutationsOf(const model::MetadataSchemaChange& change,
                                  const MetadataSchema& changed) {
  std::vector<Mutation> mutations;
  const auto set = [&](std::string_view name, Value value) {
    mutations.push_back({Mutation::Op::kSet, std::string(name), std::move(value)});
  };
  if (change.name) set("schemaName", Value::S(*change.name));
  if (change.fields) set("fields", Value::S(model::StoredFields(*change.fields)));
  if (change.enabled) set("enabled", Value::Bool(*change.enabled));
  if (change.file_types) {
    // Where migrations keep it.
    mutations.push_back({Mutation::Op::kRemove, "fileExtensionRestrictions", {}});
    if (changed.file_types)
      set("fileKeyTypeRestriction", Value::S(*changed.file_types));
    else
      mutations.push_back({Mutation::Op::kRemove, "fileKeyTypeRestriction", {}});
  }
  set("dateModified", Value::S(changed.modified_on.value_or("")));
  set("modifiedBy", Value::S(changed.modified_by.value_or("")));
  return mutations;
}

}  // namespace

// ---- Reading.

Result<SchemaPage> MetadataSchemas::List(OpContext& op, Caller& caller, const SchemaFilter& filter,
                                         std::string_view after, std::size_t limit) {
  items::QueryRequest request;
  request.table = kSchemasTable;
  request.descending = true;
  request.limit = limit;
  request.after = after;
  if (filter.database_id) {
    request.index = filter.entity ? "DatabaseIdMetadataEntityTypeIndex" : "DatabaseIdIndex";
    request.partition = Value::S(filter.entity ? SchemaScope(*filter.database_id, *filter.entity)
                                               : *filter.database_id);
  }
  auto read = filter.database_id ? stores_.items.Query(op, request)
                                 : stores_.items.Scan(op, kSchemasTable, {}, after, limit);
  if (!read.ok() && read.error().code == Code::kInvalid)
    return Error(Code::kInvalid, "Error getting metadata schemas.", read.error().message);
  TRY(items::Page page, std::move(read));
  SchemaPage schemas{.schemas = {}, .next = std::move(page.next)};
  for (const Item& item : page.items) {
    auto schema = SchemaOf(item);
    if (!schema || (filter.entity && schema->entity != *filter.entity)) continue;
    if (caller.MaySee(ObjectOf(*schema))) schemas.schemas.push_back(*std::move(schema));
  }
  return schemas;
}

Result<MetadataSchema> MetadataSchemas::Get(OpContext& op, Caller& caller,
                                            std::string_view database_id, std::string_view id) {
  TRY(StoredSchema stored, FindOf(op, stores_.items, database_id, id));
  TRY_OK(caller.Require(ObjectOf(stored.schema), Action::kGet));
  return std::move(stored.schema);
}

Result<model::EffectiveSchema> EffectiveSchemaFor(OpContext& op, items::ItemSource& source,
                                                  std::span<const std::string> scopes,
                                                  SchemaEntity entity, std::string_view file_path) {
  std::vector<MetadataSchema> schemas;
  for (auto scope = scopes.begin(); scope != scopes.end(); ++scope)
    if (std::find(scopes.begin(), scope, *scope) == scope)
      TRY_OK(ReadSchemas(op, source, *scope, entity, schemas));
  return model::EffectiveSchema(entity, schemas, file_path);
}

// ---- Writing.

Result<MetadataSchema> MetadataSchemas::Create(OpContext& op, Caller& caller,
                                               const model::NewMetadataSchema& asked) {
  const Error no_database(Code::kNotFound, "Database not found");
  const bool global = asked.database_id == model::kGlobalSchemas;
  const Item database{{"databaseId", Value::S(asked.database_id)}};
  if (!global) {
    TRY(const auto found, stores_.items.BatchGet(op, kDatabasesTable, std::span(&database, 1)));
    if (!found.front()) return no_database;
  }
  TRY_OK(caller.Require(ObjectOf(asked.database_id, asked.name, asked.entity), Action::kPost));
  const std::string now = IsoMicrosNoZone(stores_.clock.NowMillis());
  MetadataSchema schema{.id = NewUuid(stores_.random),
                        .database_id = asked.database_id,
                        .entity = asked.entity,
                        .name = asked.name,
                        .file_types = asked.file_types,
                        .fields = asked.fields,
                        .enabled = asked.enabled,
                        .created_on = now,
                        .modified_on = now,
                        .created_by = caller.user(),
                        .modified_by = caller.user()};
  std::vector<Write> writes{Write::Put(kSchemasTable, SchemaItem(schema), {Condition::Absent()})};
  if (!global) writes.push_back(Write::Check(kDatabasesTable, database, {Condition::Exists()}));
  const auto done = stores_.items.Commit(op, writes);
  if (done.ok()) return schema;
  // It was archived meanwhile; the id is new.
  if (IsOvertaken(done.error()) && done.error().index == 1) return no_database;
  return RefusedCommit(done.error());
}

Result<std::optional<MetadataSchema>> MetadataSchemas::TryUpdate(
    OpContext& op, Caller& caller, const model::MetadataSchemaChange& change) {
  TRY(auto found, SchemasWithId(op, stores_.items, change.id));
  if (found.empty()) return SchemaAbsent();
  const StoredSchema& stored = found.front();
  // POST, as clients know it; the check of the path asks for PUT.
  TRY_OK(caller.Require(ObjectOf(stored.schema), Action::kPost));
  const auto complaint =
      model::CheckFits(stored.schema.entity, change.file_types,
                       change.fields.value_or(std::vector<model::SchemaField>()));
  if (complaint) return Error(Code::kInvalid, *complaint);
  MetadataSchema changed = stored.schema;
  if (change.name) changed.name = *change.name;
  if (change.fields) changed.fields = *change.fields;
  if (change.enabled) changed.enabled = *change.enabled;
  if (change.file_types) {
    changed.file_types = change.file_types;
    if (changed.file_types->empty()) changed.file_types.reset();
  }
  changed.modified_on = IsoMicrosNoZone(stores_.clock.NowMillis());
  changed.modified_by = caller.user();
  const Write writes[] = {Write::Update(kSchemasTable, SchemaKeyOf(stored.item),
                                        MutationsOf(change, changed),
                                        {Condition::Exists(), HasName(stored)})};
  const auto done = stores_.items.Commit(op, writes);
  if (done.ok()) return std::optional(std::move(changed));
  if (IsOvertaken(done.error())) return std::optional<MetadataSchema>();
  return RefusedCommit(done.error());
}

Result<MetadataSchema> MetadataSchemas::Update(OpContext& op, Caller& caller,
                                               const model::MetadataSchemaChange& change) {
  return UntilNotOvertaken(op, [&] { return TryUpdate(op, caller, change); });
}

Result<std::optional<MetadataSchema>> MetadataSchemas::TryDelete(OpContext& op, Caller& caller,
                                                                 std::string_view database_id,
                                                                 std::string_view id) {
  TRY(StoredSchema stored, FindOf(op, stores_.items, database_id, id));
  TRY_OK(caller.Require(ObjectOf(stored.schema), Action::kDelete));
  const Write writes[] = {Write::Delete(kSchemasTable, SchemaKeyOf(stored.item),
                                        {Condition::Exists(), HasName(stored)})};
  const auto done = stores_.items.Commit(op, writes);
  if (done.ok()) return std::optional(std::move(stored.schema));
  if (IsOvertaken(done.error())) return std::optional<MetadataSchema>();
  return done.error();
}

Result<MetadataSchema> MetadataSchemas::Delete(OpContext& op, Caller& caller,
                                               std::string_view database_id, std::string_view id) {
  return UntilNotOvertaken(op, [&] { return TryDelete(op, caller, database_id, id); });
}

}  // namespace vams::catalog
