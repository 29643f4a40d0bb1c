#include "catalog/metadata_entity.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>
#include <utility>

#include "catalog/asset_files_parts.h"
#include "catalog/asset_records.h"
#include "catalog/databases.h"
#include "catalog/link_records.h"
#include "catalog/metadata_records.h"
#include "catalog/metadata_schemas.h"
#include "catalog/records.h"
#include "catalog/version_records.h"

namespace vams::catalog {

using access::Action;
using access::Object;
using items::Condition;
using items::Item;
using items::Kind;
using items::Value;
using items::Write;
using model::MetadataItem;
using model::SchemaEntity;
using model::ValueType;

namespace {

const std::string kDatabaseMetadataTable = "DatabaseMetadataStorageTableV2";

// ---- Permission.

std::string_view Noun(SchemaEntity kind) {
  switch (kind) {
    case SchemaEntity::kDatabase:
      return "database";
    case SchemaEntity::kAsset:
      return "asset";
    case SchemaEntity::kAssetLink:
      return "asset link";
    default:
      return "file";
  }
}

std::span<const Action> ActionsOf(MetadataAction action) {
  static constexpr std::array kView{Action::kGet};
  static constexpr std::array kCreate{Action::kPost};
  static constexpr std::array kUpdate{Action::kPut};
  static constexpr std::array kDelete{Action::kDelete};
  static constexpr std::array kReplace{Action::kPut, Action::kPost, Action::kDelete};
  switch (action) {
    case MetadataAction::kView:
      return kView;
    case MetadataAction::kCreate:
      return kCreate;
    case MetadataAction::kUpdate:
      return kUpdate;
    case MetadataAction::kReplace:
      return kReplace;
    case MetadataAction::kDelete:
      break;
  }
  return kDelete;
}

std::string Refusal(MetadataAction action, SchemaEntity kind) {
  static constexpr std::array<std::string_view, 5> kWords = {"view", "create", "update", "replace",
                                                             "delete"};
  std::string text = fmt::format("Not authorized to {} metadata for this {}",
                                 kWords[static_cast<std::size_t>(action)], Noun(kind));
  if (action == MetadataAction::kReplace)
    text += ": replacing all of it needs PUT, POST and DELETE";
  return text;
}

Status Require(Caller& caller, const Object& object, MetadataAction action, SchemaEntity kind) {
  for (const Action one : ActionsOf(action))
    if (!caller.Require(object, one).ok()) return Error(Code::kDenied, Refusal(action, kind));
  return Ok();
}

// ---- What is there.

Result<OpenedEntity> OpenDatabase(OpContext& op, const Stores& stores, Caller& caller,
                                  const MetadataEntity& entity, MetadataAction action) {
  const Item keys[] = {DatabaseKey(entity.database_id)};
  TRY(const auto found, stores.items.BatchGet(op, kDatabasesTable, keys));
  if (!found.front()) return Error(Code::kNotFound, "Database not found");
  TRY_OK(Require(
      caller,
      Object(access::ObjectType::kDatabase).Set(access::Field::kDatabaseId, entity.database_id),
      action, entity.kind));
  return OpenedEntity{.databases = {entity.database_id},
                      .checks = {Write::Check(kDatabasesTable, keys[0], {Condition::Exists()})}};
}

Write AssetIsThere(const LinkEnd& asset) {
  return Write::Check(kAssetsTable, AssetKey(asset.database_id, asset.asset_id),
                      {Condition::Exists()});
}

// A file that can be given metadata: it is there, and is not archived.
Status CheckFile(OpContext& op, const Stores& stores, Asset asset, const std::string& path) {
  if (PairOf(asset.database_id, asset.id).size() + 1 + path.size() > kMaxSortBytes)
    return Error(Code::kInvalid,
                 "the path of the file is too long for records of metadata, so nothing was "
                 "written; move the file to a shorter path");
  TRY(const auto place, PlaceOf(op, stores.items, std::move(asset)));
  const auto head = stores.objects.Head(op, place.Object(place.root() + path.substr(1)), {});
  if (head.ok() && !head->is_delete_marker) return Ok();
  // What cannot be the name of an object is not there either.
  if (head.ok() || head.error().code == Code::kNotFound || head.error().code == Code::kInvalid ||
      head.error().code == Code::kTooLarge)
    return Error(Code::kNotFound, "File not found in S3");
  return head.error();
}

Result<OpenedEntity> OpenAssetOf(OpContext& op, const Stores& stores, Caller& caller,
                                 const MetadataEntity& entity, MetadataAction action) {
  TRY(const auto asset, FindAsset(op, stores.items, entity.database_id, entity.asset_id));
  if (!asset) return Error(Code::kNotFound, "Asset not found");
  if (IsOfFile(entity) && action != MetadataAction::kView && action != MetadataAction::kDelete)
    TRY_OK(CheckFile(op, stores, *asset, entity.path));
  TRY_OK(Require(caller, catalog::ObjectOf(*asset), action, entity.kind));
  return OpenedEntity{.databases = {entity.database_id},
                      .checks = {AssetIsThere({entity.database_id, entity.asset_id})}};
}

Result<OpenedEntity> OpenLink(OpContext& op, const Stores& stores, Caller& caller,
                              const MetadataEntity& entity, MetadataAction action) {
  TRY(const auto link, FindLink(op, stores.items, entity.link_id));
  if (!link) return Error(Code::kNotFound, "Asset link not found");
  std::vector<Asset> ends;
  for (const LinkEnd& end : {link->from, link->to}) {
    TRY(auto asset, FindAsset(op, stores.items, end.database_id, end.asset_id));
    if (!asset) return Error(Code::kNotFound, "Asset not found");
    ends.push_back(*std::move(asset));
  }
  for (const Asset& end : ends)
    TRY_OK(Require(caller, catalog::ObjectOf(end), action, entity.kind));
  OpenedEntity opened{
      .databases = {link->from.database_id},
      .checks = {Write::Check(kLinksTable, LinkKey(link->id), {Condition::Exists()}),
                 AssetIsThere(link->from)}};
  if (link->to.database_id != link->from.database_id)
    opened.databases.push_back(link->to.database_id);
  if (link->to != link->from) opened.checks.push_back(AssetIsThere(link->to));
  return opened;
}

// ---- Rows.

MetadataKind RowKind(const MetadataEntity& entity) {
  return entity.kind == SchemaEntity::kFileAttribute ? MetadataKind::kAttribute
                                                     : MetadataKind::kMetadata;
}

MetadataOwner OwnerOf(const MetadataEntity& entity) {
  return {entity.database_id, entity.asset_id};
}

ValueType TypeOf(std::string_view stored) {
  const auto type = model::FindValueType(stored);
  return type && model::ValueTypeName(*type) == stored ? *type : ValueType::kString;
}

std::vector<MetadataItem> ItemsOf(std::vector<MetadataRow> rows) {
  std::vector<MetadataItem> records;
  records.reserve(rows.size());
  for (MetadataRow& row : rows)
    records.push_back({std::move(row.key), std::move(row.value), TypeOf(row.type)});
  return records;
}

Item RecordKey(const MetadataEntity& entity, const std::string& key) {
  if (entity.kind == SchemaEntity::kDatabase)
    return {{"databaseId", Value::S(entity.database_id)}, {"metadataKey", Value::S(key)}};
  return {{"assetLinkId", Value::S(entity.link_id)}, {"metadataKey", Value::S(key)}};
}

const std::string& TableOf(const MetadataEntity& entity) {
  return entity.kind == SchemaEntity::kDatabase ? kDatabaseMetadataTable : kLinkMetadataTable;
}

}  // namespace

bool IsOfFile(const MetadataEntity& entity) { return model::IsOfFiles(entity.kind); }

Result<OpenedEntity> OpenEntity(OpContext& op, const Stores& stores, Caller& caller,
                                const MetadataEntity& entity, MetadataAction action) {
  switch (entity.kind) {
    case SchemaEntity::kDatabase:
      return OpenDatabase(op, stores, caller, entity, action);
    case SchemaEntity::kAssetLink:
      return OpenLink(op, stores, caller, entity, action);
    default:
      return OpenAssetOf(op, stores, caller, entity, action);
  }
}

Result<std::vector<MetadataItem>> RecordsOf(OpContext& op, items::ItemSource& source,
                                            const MetadataEntity& entity) {
  if (entity.kind != SchemaEntity::kDatabase && entity.kind != SchemaEntity::kAssetLink) {
    const MetadataOwner owner = OwnerOf(entity);
    // What cannot be a key has no rows.
    if (PairOf(owner.database_id, owner.asset_id).size() + 1 + entity.path.size() > kMaxSortBytes)
      return std::vector<MetadataItem>();
    TRY(auto rows, MetadataOfPath(op, source, RowKind(entity), owner, entity.path));
    return ItemsOf(std::move(rows));
  }
  items::QueryRequest request;
  request.table = TableOf(entity);
  if (entity.kind == SchemaEntity::kDatabase) {
    request.index = "DatabaseIdIndex";
    request.partition = Value::S(entity.database_id);
  } else {
    request.partition = Value::S(entity.link_id);
  }
  request.limit = kPageItems;
  std::vector<MetadataItem> records;
  do {
    TRY(const items::Page page, source.Query(op, request));
    for (const Item& item : page.items)
      records.push_back({std::string(item.Text("metadataKey")),
                         std::string(item.Text("metadataValue")),
                         TypeOf(item.Text("metadataValueType"))});
    request.after = page.next;
  } while (!request.after.empty());
  return records;
}

Result<std::optional<std::vector<MetadataItem>>> RecordsOf(OpContext& op, items::ItemSource& source,
                                                           const MetadataEntity& entity,
                                                           std::string_view version_id) {
  const MetadataOwner owner = OwnerOf(entity);
  TRY_OK(GetVersion(op, source, owner, version_id));
  TRY(auto rows, MetadataRowsAt(op, source, owner, version_id, RowKind(entity), entity.path));
  if (!rows) return std::optional<std::vector<MetadataItem>>();
  return std::optional(ItemsOf(*std::move(rows)));
}

Write PutRecord(const MetadataEntity& entity, const MetadataItem& record) {
  const std::string type(model::ValueTypeName(record.type));
  if (entity.kind != SchemaEntity::kDatabase && entity.kind != SchemaEntity::kAssetLink)
    return PutMetadata(OwnerOf(entity), {.kind = RowKind(entity),
                                         .path = entity.path,
                                         .key = record.key,
                                         .value = record.value,
                                         .type = type});
  Item item = RecordKey(entity, record.key);
  item.Set("metadataValue", Value::S(record.value));
  item.Set("metadataValueType", Value::S(type));
  return Write::Put(TableOf(entity), std::move(item));
}

Write DeleteRecord(const MetadataEntity& entity, const std::string& key) {
  if (entity.kind != SchemaEntity::kDatabase && entity.kind != SchemaEntity::kAssetLink)
    return DeleteMetadata(
        OwnerOf(entity),
        {.kind = RowKind(entity), .path = entity.path, .key = key, .value = {}, .type = {}});
  return Write::Delete(TableOf(entity), RecordKey(entity, key));
}

Result<AssetMarks> MarksOf(OpContext& op, items::ItemSource& source, const MetadataEntity& entity) {
  switch (entity.kind) {
    case SchemaEntity::kDatabase:
      return ReadMarks(op, source, DatabaseMarks(entity.database_id));
    case SchemaEntity::kAssetLink:
      return ReadMarks(op, source, LinkMarks(entity.link_id));
    default:
      return ReadMarks(op, source, PairOf(entity.database_id, entity.asset_id));
  }
}

Write TouchMetadata(const AssetMarks& marks, const MetadataEntity& entity, bool file_stays) {
  MetadataStripes stripes;
  stripes.Add(entity.path);
  auto conditions = stripes.Unchanged(marks);
  if (file_stays) conditions.push_back(NothingRemoved(marks));
  return Touch(marks.asset, stripes.Raised(), std::move(conditions));
}

Result<model::EffectiveSchema> SchemaFor(OpContext& op, items::ItemSource& source,
                                         const OpenedEntity& opened, const MetadataEntity& entity) {
  std::vector<std::string> scopes = opened.databases;
  scopes.emplace_back(model::kGlobalSchemas);
  return EffectiveSchemaFor(op, source, scopes, entity.kind,
                            IsOfFile(entity) ? std::string_view(entity.path) : std::string_view());
}

Result<bool> Restricts(OpContext& op, items::ItemSource& source,
                       const std::vector<std::string>& databases) {
  std::vector<Item> keys;
  for (const std::string& id : databases) keys.push_back(DatabaseKey(id));
  TRY(const auto found, source.BatchGet(op, kDatabasesTable, keys));
  return std::ranges::any_of(found, [](const std::optional<Item>& database) {
    const Value* flag = database ? database->Find("restrictMetadataOutsideSchemas") : nullptr;
    return flag != nullptr && flag->is(Kind::kBool) && flag->boolean();
  });
}

}  // namespace vams::catalog
