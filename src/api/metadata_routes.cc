// Metadata of databases, assets, files and links.  Spec: api-metadata.md sections 5, 6, 9 and 10.
#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>
#include <string>
#include <utility>

#include "api/asset_path.h"
#include "api/read_body.h"
#include "api/routes.h"
#include "model/metadata.h"

namespace vams::api {

namespace json = boost::json;

namespace {

using catalog::MetadataChange;
using catalog::MetadataEntity;
using model::SchemaEntity;

// ---- What is asked for.

// Of a file, only the asset: which file it is stands in the query or in the body.
Parsed<MetadataEntity> ReadPath(const Call& call, SchemaEntity kind) {
  if (kind == SchemaEntity::kAssetLink) {
    const std::string& id = call.request.Parameter("assetLinkId");
    if (auto fine = Check(model::CheckId("assetLinkId", id)); !fine)
      return std::unexpected(std::move(fine).error());
    return MetadataEntity::OfLink(id);
  }
  if (kind == SchemaEntity::kDatabase) {
    const std::string& id = call.request.Parameter("databaseId");
    if (auto fine = Check(model::CheckId("databaseId", id)); !fine)
      return std::unexpected(std::move(fine).error());
    return MetadataEntity::OfDatabase(id);
  }
  auto asset = ReadAssetPath(call);
  if (!asset) return std::unexpected(std::move(asset).error());
  return MetadataEntity::OfAsset(std::move(asset->database_id), std::move(asset->asset_id));
}

// "CreateFileMetadataRequestModel"
std::string ModelName(std::string_view verb, SchemaEntity kind) {
  static constexpr std::array<std::string_view, 5> kNouns = {"Database", "Asset", "File", "File",
                                                             "AssetLink"};
  return fmt::format("{}{}MetadataRequestModel", verb, kNouns[static_cast<std::size_t>(kind)]);
}

// Makes the entity of an asset that of one of its files.
Parsed<void> NameFile(const model::FileMetadataTarget& file, std::string_view model_name,
                      MetadataEntity& entity) {
  auto path = model::NormalFilePath(entity.asset_id, file.path);
  if (!path.ok()) {
    model::Problems problems;
    problems.Add("filePath", path.error().message);
    return Check(problems, model_name);
  }
  entity = MetadataEntity::OfFile(std::move(entity.database_id), std::move(entity.asset_id),
                                  *std::move(path), file.kind);
  return {};
}

// The body, and in `entity` the file that it names if it is about one.
template <typename Body>
Parsed<Body> ReadChange(const Call& call, std::string_view verb, SchemaEntity kind,
                        MetadataEntity& entity, Body (*read)(const json::object&, model::Problems&),
                        model::FileMetadata<Body> (*read_file)(const json::object&,
                                                               model::Problems&)) {
  const std::string model_name = ModelName(verb, kind);
  if (kind != SchemaEntity::kFile) return ReadBody(call, model_name, read);
  auto body = ReadBody(call, model_name, read_file);
  if (!body) return std::unexpected(std::move(body).error());
  if (auto fine = NameFile(body->file, model_name, entity); !fine)
    return std::unexpected(std::move(fine).error());
  return std::move(body->body);
}

// The parameters of a list, in `entity` the file that they name if it is about one; the version of
// the asset, empty without one.  Pages are asked for and never made.
Parsed<std::string> ReadQuery(const Call& call, SchemaEntity kind, MetadataEntity& entity) {
  json::object query;
  for (const char* name :
       {"pageSize", "maxItems", "startingToken", "assetVersionId", "filePath", "type"})
    if (const auto text = call.request.FindQuery(name)) query[name] = *text;
  const std::string model_name = ModelName("Get", kind);
  model::Problems problems;
  model::ObjectReader reader(query, problems);
  reader.OptionalInt("pageSize", 1);
  reader.OptionalInt("maxItems", 1);
  model::FileMetadataTarget file;
  if (kind == SchemaEntity::kFile) {
    file.path = reader.Text("filePath", {.required = true, .min = 1});
    const auto type = reader.OptionalText("type", {.required = true});
    const auto found = type ? model::FindFileMetadataKind(*type) : std::nullopt;
    if (found)
      file.kind = *found;
    else if (type)
      problems.Add("type",
                   "value is not a valid enumeration member; permitted: 'metadata', 'attribute' "
                   "(type=type_error.enum)");
  }
  if (auto fine = Check(problems, model_name); !fine)
    return std::unexpected(std::move(fine).error());
  if (kind == SchemaEntity::kFile)
    if (auto fine = NameFile(file, model_name, entity); !fine)
      return std::unexpected(std::move(fine).error());
  // Databases and links have no versions.
  const bool has_versions = kind == SchemaEntity::kAsset || kind == SchemaEntity::kFile;
  if (!has_versions) return std::string();
  return std::string(call.request.FindQuery("assetVersionId").value_or(""));
}

// ---- Answers.

json::object IdsJson(const MetadataEntity& entity) {
  if (entity.kind == SchemaEntity::kAssetLink) return {{"assetLinkId", entity.link_id}};
  json::object ids{{"databaseId", entity.database_id}};
  if (entity.kind == SchemaEntity::kDatabase) return ids;
  ids["assetId"] = entity.asset_id;
  if (entity.kind != SchemaEntity::kAsset) ids["filePath"] = entity.path;
  return ids;
}

template <typename Value>
json::value OrNull(const std::optional<Value>& value) {
  return value ? json::value_from(*value) : json::value(nullptr);
}

// Section 7.6: what the schemas say of a record, or that they could not be asked.
void AddSchema(const model::EffectiveField* field, bool known, json::object& item) {
  if (field == nullptr) {
    const json::value no = known ? json::value(false) : json::value(nullptr);
    item["metadataSchemaName"] = nullptr;
    item["metadataSchemaField"] = no;
    item["metadataSchemaRequired"] = no;
    item["metadataSchemaSequence"] = nullptr;
    item["metadataSchemaDefaultValue"] = nullptr;
    item["metadataSchemaDependsOn"] = nullptr;
    item["metadataSchemaMultiFieldConflict"] = no;
    item["metadataSchemaControlledListKeys"] = known ? json::value(json::array()) : nullptr;
    return;
  }
  item["metadataSchemaName"] = field->schemas;
  item["metadataSchemaField"] = true;
  item["metadataSchemaRequired"] = field->field.required;
  item["metadataSchemaSequence"] = OrNull(field->field.sequence);
  item["metadataSchemaDefaultValue"] = OrNull(field->field.default_value);
  item["metadataSchemaDependsOn"] = OrNull(field->field.depends_on);
  item["metadataSchemaMultiFieldConflict"] = field->conflict;
  item["metadataSchemaControlledListKeys"] = OrNull(field->field.list);
}

json::object ListJson(const MetadataEntity& entity, const catalog::MetadataList& list) {
  const json::object ids = IdsJson(entity);
  json::array items;
  items.reserve(list.records.size());
  for (const model::ShownMetadata& shown : list.records) {
    json::object item = ids;
    item["metadataKey"] = shown.item.key;
    item["metadataValue"] = shown.item.value;
    item["metadataValueType"] = model::ValueTypeName(shown.item.type);
    AddSchema(shown.field, list.schema_known, item);
    items.push_back(std::move(item));
  }
  return {{"metadata", std::move(items)},
          {"restrictMetadataOutsideSchemas", list.restricted},
          {"NextToken", nullptr},
          {"message", "Success"}};
}

// What messages call it.
std::string_view Word(const MetadataEntity& entity) {
  return entity.kind == SchemaEntity::kFileAttribute ? "attribute" : "metadata";
}

http::Response Changed(Call& call, const MetadataEntity& entity, const MetadataChange& change,
                       std::string message) {
  const std::string missing = entity.kind == SchemaEntity::kFileAttribute
                                  ? "Attribute key not found"
                                  : "Metadata key not found";
  json::array failed;
  for (const std::string& key : change.missing)
    failed.push_back(json::object{{"key", key}, {"error", missing}});
  return Answer(
      json::object{{"success", !change.done.empty()},
                   {"totalItems", change.total()},
                   {"successCount", change.done.size()},
                   {"failureCount", change.missing.size()},
                   {"successfulItems", json::array(change.done.begin(), change.done.end())},
                   {"failedItems", std::move(failed)},
                   {"message", std::move(message)},
                   {"timestamp", Timestamp(call.s.clock.NowMillis())}});
}

std::string Counted(std::string_view what, const MetadataChange& change,
                    const MetadataEntity& entity) {
  return fmt::format("{} {} of {} {} items", what, change.done.size(), change.total(),
                     Word(entity));
}

void Audit(Call& call, std::string type, std::string_view operation, const MetadataEntity& entity,
           const MetadataChange& change) {
  json::object payload = IdsJson(entity);
  payload["operation"] = operation;
  payload["type"] = Word(entity);
  payload["successCount"] = change.done.size();
  payload["failureCount"] = change.missing.size();
  payload["removedCount"] = change.removed;
  call.Audit(audit::Channel::kActions, std::move(type), std::move(payload));
}

// ---- Endpoints; `kind` is that of the path: of both kinds of metadata of files kFile.

Result<http::Response> List(Call& call, SchemaEntity kind) {
  PARSE(auto entity, ReadPath(call, kind));
  PARSE(const auto version, ReadQuery(call, kind, entity));
  TRY(const auto list, call.s.asset.metadata.List(call.op, call.caller(), entity, version));
  return Answer(ListJson(entity, list));
}

Result<http::Response> Create(Call& call, SchemaEntity kind) {
  PARSE(auto entity, ReadPath(call, kind));
  PARSE(const auto create, ReadChange(call, "Create", kind, entity, model::ReadMetadataCreate,
                                      model::ReadFileMetadataCreate));
  TRY(const auto change, call.s.asset.metadata.Create(call.op, call.caller(), entity, create));
  Audit(call, "metadataCreate", "create", entity, change);
  return Changed(
      call, entity, change,
      Counted(kind == SchemaEntity::kAssetLink ? "Upserted" : "Created", change, entity));
}

Result<http::Response> Update(Call& call, SchemaEntity kind) {
  PARSE(auto entity, ReadPath(call, kind));
  PARSE(const auto update, ReadChange(call, "Update", kind, entity, model::ReadMetadataUpdate,
                                      model::ReadFileMetadataUpdate));
  TRY(const auto change, call.s.asset.metadata.Update(call.op, call.caller(), entity, update));
  Audit(call, "metadataUpdate", update.replace_all ? "replace_all" : "update", entity, change);
  return Changed(call, entity, change,
                 update.replace_all
                     ? fmt::format("Replaced all {}: deleted {} keys, upserted {} keys",
                                   Word(entity), change.removed, change.done.size())
                     : Counted("Upserted", change, entity));
}

Result<http::Response> Delete(Call& call, SchemaEntity kind) {
  PARSE(auto entity, ReadPath(call, kind));
  PARSE(const auto deletion, ReadChange(call, "Delete", kind, entity, model::ReadMetadataDelete,
                                        model::ReadFileMetadataDelete));
  TRY(const auto change, call.s.asset.metadata.Delete(call.op, call.caller(), entity, deletion));
  Audit(call, "metadataDelete", "delete", entity, change);
  return Changed(call, entity, change, Counted("Deleted", change, entity));
}

}  // namespace

void AddMetadataRoutes(Gate& gate) {
  using http::Verb;
  struct Entity {
    SchemaEntity kind;
    const char *path, *id, *of;
  };
  static constexpr std::array<Entity, 4> kEntities = {
      {{SchemaEntity::kDatabase, "/database/{databaseId}/metadata", "Database", "a database"},
       {SchemaEntity::kAsset, "/database/{databaseId}/assets/{assetId}/metadata", "Asset",
        "an asset"},
       {SchemaEntity::kFile, "/database/{databaseId}/assets/{assetId}/metadata/file", "File",
        "a file, and its attributes"},
       {SchemaEntity::kAssetLink, "/asset-links/{assetLinkId}/metadata", "AssetLink",
        "a link between assets"}}};
  RouteGroup metadata(gate, {.tag = "metadata"});
  const auto add = [&](Verb verb, const Entity& entity, std::string_view id,
                       std::string_view summary,
                       Result<http::Response> (*handle)(Call&, SchemaEntity)) {
    metadata.Add(verb, entity.path, fmt::format("{}{}Metadata", id, entity.id),
                 fmt::format(fmt::runtime(summary), entity.of),
                 [kind = entity.kind, handle](Call& call) { return handle(call, kind); });
  };
  for (const Entity& entity : kEntities) {
    add(Verb::kGet, entity, "get", "The metadata of {}, with what schemas say of it", List);
    add(Verb::kPost, entity, "create", "Write metadata of {}, with the defaults of schemas",
        Create);
    add(Verb::kPut, entity, "update", "Write metadata of {}, or replace all of it", Update);
    add(Verb::kDelete, entity, "delete", "Remove metadata of {}", Delete);
  }
}

}  // namespace vams::api
