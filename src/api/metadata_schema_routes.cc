// Schemas of metadata.  Spec: api-metadata.md section 8.
#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "api/paging.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "base/json.h"
#include "model/metadata_schema.h"
#include "model/text.h"

namespace vams::api {

namespace json = boost::json;

namespace {

using model::MetadataSchema;

constexpr std::int64_t kDefaultPage = 3000;
constexpr std::int64_t kMostSchemas = 10000;

// ---- What is asked.

struct SchemaPath {
  std::string database_id, schema_id;
};

Parsed<SchemaPath> ReadSchemaPath(const Call& call) {
  SchemaPath path{call.request.Parameter("databaseId"), call.request.Parameter("metadataSchemaId")};
  if (path.database_id == model::kGlobalSchemas) return path;
  if (auto fine = Check(model::CheckId("databaseId", path.database_id)); !fine)
    return std::unexpected(std::move(fine).error());
  if (auto fine = Check(model::CheckId("metadataSchemaId", path.schema_id)); !fine)
    return std::unexpected(std::move(fine).error());
  return path;
}

struct SchemasAsked {
  catalog::SchemaFilter filter;
  std::size_t page_size = 0;
  std::string list;  // what tokens are for
};

Parsed<SchemasAsked> ReadSchemasAsked(const Call& call) {
  json::object query;
  for (const std::string_view name : {"databaseId", "metadataEntityType", "pageSize", "maxItems"})
    if (const auto text = call.request.FindQuery(name)) query[name] = *text;
  model::Problems problems;
  model::ObjectReader reader(query, problems);
  SchemasAsked asked;
  asked.filter.database_id = reader.OptionalText("databaseId", {.required = false});
  const auto entity = reader.OptionalText("metadataEntityType", {.required = false});
  const std::int64_t size = reader.OptionalInt("pageSize", 1).value_or(kDefaultPage);
  asked.page_size = static_cast<std::size_t>(std::clamp<std::int64_t>(size, 1, kMostSchemas));
  reader.OptionalInt("maxItems", 1);
  if (asked.filter.database_id == "") asked.filter.database_id.reset();
  if (asked.filter.database_id && asked.filter.database_id != model::kGlobalSchemas)
    problems.Add(model::CheckId("databaseId", *asked.filter.database_id));
  if (entity) {
    asked.filter.entity = model::FindSchemaEntity(*entity);
    if (!asked.filter.entity) problems.Add("metadataEntityType", model::UnknownSchemaEntity());
  }
  if (auto fine = Check(problems, "GetMetadataSchemasRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  asked.list = fmt::format(
      "metadataschema {} {}", asked.filter.database_id.value_or(""),
      asked.filter.entity ? model::SchemaEntityName(*asked.filter.entity) : std::string_view());
  return asked;
}

Parsed<model::NewMetadataSchema> ReadNewSchema(const Call& call) {
  return ReadBody(call, "CreateMetadataSchemaRequestModel", model::ReadNewMetadataSchema);
}

Parsed<model::MetadataSchemaChange> ReadSchemaChange(const Call& call) {
  return ReadBody(call, "UpdateMetadataSchemaRequestModel", model::ReadMetadataSchemaChange);
}

Parsed<bool> ReadDeletion(const Call& call) {
  return ReadBody(call, "DeleteMetadataSchemaRequestModel", model::ReadMetadataSchemaDeletion);
}

// ---- Answers.

json::object SchemaJson(const MetadataSchema& schema) {
  return {{"metadataSchemaId", schema.id},
          {"databaseId", schema.database_id},
          {"metadataSchemaEntityType", model::SchemaEntityName(schema.entity)},
          {"schemaName", schema.name},
          {"fileKeyTypeRestriction", TextOrNull(schema.file_types)},
          {"fields", json::object{{"fields", model::FieldsJson(schema.fields)}}},
          {"enabled", schema.enabled},
          {"dateCreated", TextOrNull(schema.created_on)},
          {"dateModified", TextOrNull(schema.modified_on)},
          {"createdBy", TextOrNull(schema.created_by)},
          {"modifiedBy", TextOrNull(schema.modified_by)}};
}

http::Response Done(Call& call, const MetadataSchema& schema, std::string_view operation) {
  // Clients take a success that speaks of an error for a failure (ruling 7).
  const bool named = Lower(schema.name).find("error") == std::string::npos;
  const std::string shown = named ? fmt::format("'{}' ", schema.name) : std::string();
  return Answer(
      json::object{{"success", true},
                   {"message", fmt::format("Metadata schema {}{}d successfully", shown, operation)},
                   {"metadataSchemaId", schema.id},
                   {"operation", operation},
                   {"timestamp", Timestamp(call.s.clock.NowMillis())}});
}

void Note(Call& call, std::string type, const MetadataSchema& schema, std::string_view operation) {
  json::array fields;  // by name: a line of the log is no place for a list of a thousand values
  for (const model::SchemaField& field : schema.fields) fields.push_back(json::string(field.key));
  call.Audit(audit::Channel::kActions, std::move(type),
             {{"metadataSchemaId", schema.id},
              {"operation", operation},
              {"databaseId", schema.database_id},
              {"metadataSchemaEntityType", model::SchemaEntityName(schema.entity)},
              {"schemaName", schema.name},
              {"fileKeyTypeRestriction", TextOrNull(schema.file_types)},
              {"enabled", schema.enabled},
              {"fields", std::move(fields)}});
}

http::Response RefuseAbsent(Call& call, const Error& error) {
  call.Because(std::string(CodeName(error.code)));
  return Refuse(404, error.message);
}

// ---- Endpoints.

Result<http::Response> ListSchemas(Call& call) {
  PARSE(const auto asked, ReadSchemasAsked(call));
  const auto after = AfterOf(call.request, asked.list);
  if (!after)
    return RefuseGeneral(
        "startingToken is not one that this list gave; ask again without it, from the beginning");
  TRY(const auto page,
      call.s.asset.schemas.List(call.op, call.caller(), asked.filter, *after, asked.page_size));
  json::array items;
  for (const MetadataSchema& schema : page.schemas) items.push_back(SchemaJson(schema));
  json::object answer{{"Items", std::move(items)}};
  if (!page.next.empty()) answer["NextToken"] = NextToken(asked.list, page.next);
  return Answer(answer);
}

Result<http::Response> GetSchema(Call& call) {
  PARSE(const auto path, ReadSchemaPath(call));
  const auto schema =
      call.s.asset.schemas.Get(call.op, call.caller(), path.database_id, path.schema_id);
  if (schema.ok()) return Answer(SchemaJson(*schema));
  const Error& error = schema.error();
  if (error.code != Code::kNotFound && error.code != Code::kConflict) return error;
  return RefuseAbsent(call, error);
}

Result<http::Response> CreateSchema(Call& call) {
  PARSE(const auto asked, ReadNewSchema(call));
  TRY(const auto schema, call.s.asset.schemas.Create(call.op, call.caller(), asked));
  Note(call, "metadataSchemaCreate", schema, "create");
  return Done(call, schema, "create");
}

Result<http::Response> UpdateSchema(Call& call) {
  PARSE(const auto change, ReadSchemaChange(call));
  TRY(const auto schema, call.s.asset.schemas.Update(call.op, call.caller(), change));
  Note(call, "metadataSchemaUpdate", schema, "update");
  return Done(call, schema, "update");
}

Result<http::Response> DeleteSchema(Call& call) {
  PARSE(const auto path, ReadSchemaPath(call));
  PARSE_OK(ReadDeletion(call));
  const auto schema =
      call.s.asset.schemas.Delete(call.op, call.caller(), path.database_id, path.schema_id);
  if (!schema.ok()) {
    // An id that nobody has is 400, one of another database 404.
    if (schema.error().code != Code::kConflict) return schema.error();
    return RefuseAbsent(call, schema.error());
  }
  Note(call, "metadataSchemaDelete", *schema, "delete");
  return Done(call, *schema, "delete");
}

}  // namespace

void AddMetadataSchemaRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup schemas(gate, {.tag = "metadata schemas"});
  schemas.Add(Verb::kGet, "/metadataschema", "listMetadataSchemas",
              "The metadata schemas that the caller may see", ListSchemas);
  schemas.Add(Verb::kPost, "/metadataschema", "createMetadataSchema", "Create a metadata schema",
              CreateSchema);
  schemas.Add(Verb::kPut, "/metadataschema", "updateMetadataSchema", "Change a metadata schema",
              UpdateSchema);
  schemas.Add(Verb::kGet, "/database/{databaseId}/metadataSchema/{metadataSchemaId}",
              "getMetadataSchema", "A metadata schema", GetSchema);
  schemas.Add(Verb::kDelete, "/database/{databaseId}/metadataSchema/{metadataSchemaId}",
              "deleteMetadataSchema", "Remove a metadata schema; metadata stays as it is",
              DeleteSchema);
}

}  // namespace vams::api
