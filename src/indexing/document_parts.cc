#include "indexing/document_parts.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "catalog/records.h"
#include "model/database.h"
#include "search/place.h"
#include "search/typed_value.h"
#include "tables/system_tables.h"

namespace vams::indexing {

using catalog::MetadataKind;
using items::Item;
using items::Value;
using objects::ObjectVersion;

namespace {

const std::string kObjectRows{tables::kObjectsTable};
const std::string kObjectVersions{tables::kObjectVersionsTable};

// How the two tables of rows call what is the same in them.
struct RowNames {
  const std::string& table;
  std::string_view key, value, type;
};
const RowNames& NamesOf(MetadataKind kind) {
  static const RowNames metadata{catalog::kFileMetadataTable, "metadataKey", "metadataValue",
                                 "metadataValueType"};
  static const RowNames attribute{catalog::kFileAttributesTable, "attributeKey", "attributeValue",
                                  "attributeValueType"};
  return kind == MetadataKind::kMetadata ? metadata : attribute;
}

constexpr std::array kKinds = {MetadataKind::kMetadata, MetadataKind::kAttribute};

// User metadata that says whose an object is, or that it is ours, and nothing about the file.
bool IsShownUserMetadata(std::string_view name) {
  if (name == catalog::kPrimaryTypeMetadata) return true;
  return !name.starts_with("vams-") && name != catalog::kAssetIdMetadata &&
         name != catalog::kDatabaseIdMetadata && name != catalog::kUploadIdMetadata;
}

// The newest version below a delete marker that is none itself.
Result<std::optional<ObjectVersion>> ContentBelow(OpContext& op, items::ItemSource& source,
                                                  const ObjectVersion& marker) {
  items::QueryRequest request;
  request.table = kObjectVersions;
  request.partition = Value::S(tables::ObjectPath(marker.bucket, marker.key));
  request.sort =
      items::SortCondition::Is(items::SortCondition::Op::kLess, Value::N(marker.sequence));
  request.descending = true;
  request.limit = 10;
  do {
    TRY(const items::Page page, source.Query(op, request));
    for (const Item& item : page.items) {
      TRY(auto version, objects::VersionFromItem(item));
      if (!version.is_delete_marker) return std::optional(std::move(version));
    }
    request.after = page.next;
  } while (!request.after.empty());
  return std::optional<ObjectVersion>();
}

// Puts the contents below the markers into `found`.  The version before a marker nearly always has
// the number before: those are fetched together, and only the others are looked for.
Status FindBelow(OpContext& op, items::ItemSource& source,
                 const std::vector<std::pair<std::size_t, ObjectVersion>>& markers,
                 std::vector<FoundContent>& found) {
  if (markers.empty()) return Ok();
  std::vector<Item> keys;
  keys.reserve(markers.size());
  for (const auto& [index, marker] : markers)
    keys.push_back(objects::VersionKey(marker.bucket, marker.key,
                                       std::max<std::int64_t>(marker.sequence - 1, 0)));
  TRY(const auto versions, source.BatchGet(op, kObjectVersions, keys));
  for (std::size_t i = 0; i < markers.size(); ++i) {
    const auto& [index, marker] = markers[i];
    const auto below = [&]() -> Result<std::optional<ObjectVersion>> {
      if (versions[i]) {
        TRY(auto version, objects::VersionFromItem(*versions[i]));
        if (!version.is_delete_marker) return std::optional(std::move(version));
      }
      return ContentBelow(op, source, marker);
    }();
    if (below.ok()) {
      if (*below) found[index].content = FileContent{.version = **below, .archived = true};
    } else if (IsOfData(below.error())) {
      found[index].error = below.error();
    } else {
      return below.error();
    }
  }
  return Ok();
}

boost::json::value AttributeOrNull(const Item& item, std::string_view attribute) {
  const Value* value = item.Find(attribute);
  if (value == nullptr || !value->is(items::Kind::kS)) return nullptr;
  return boost::json::string(value->text());
}

}  // namespace

AssetRef RefOf(const catalog::Asset& asset) { return {asset.database_id, asset.id}; }

// ---- Rows.

void Flat::Add(MetadataKind kind, std::string_view key, std::string_view type,
               std::string_view value) {
  if (key.empty() || key == search::kReindexMarker) return;
  if (auto typed = search::TypedValue(type, value))
    (kind == MetadataKind::kMetadata ? metadata : attributes)[key] = *std::move(typed);
}

Result<Flat> RowsOfPath(OpContext& op, items::ItemSource& source, const AssetRef& asset,
                        std::string_view path) {
  TRY(const auto rows,
      catalog::MetadataOfPath(op, source, {asset.database_id, asset.asset_id}, path));
  Flat flat;
  for (const auto& row : rows) flat.Add(row.kind, row.key, row.type, row.value);
  return flat;
}

// False: there are too many.
Result<bool> FileRows::ReadWhole(OpContext& op, MetadataKind kind, std::size_t& rows,
                                 std::size_t& bytes) {
  const RowNames& names = NamesOf(kind);
  const std::size_t path_at = asset_.database_id.size() + asset_.asset_id.size() + 2;
  items::QueryRequest request;
  request.table = names.table;
  request.index = "DatabaseIdAssetIdIndex";
  request.partition = Value::S(catalog::PairOf(asset_.database_id, asset_.asset_id));
  request.limit = catalog::kPageItems;
  do {
    TRY(const items::Page page, source_.Query(op, request));
    rows += page.items.size();
    for (const Item& item : page.items) {
      const std::string_view place = item.Text("databaseId:assetId:filePath");
      const std::string_view value = item.Text(names.value);
      bytes += value.size();
      if (place.size() <= path_at) continue;
      flats_[std::string(place.substr(path_at))].Add(kind, item.Text(names.key),
                                                     item.Text(names.type), value);
    }
    request.after = page.next;
    if (rows > kMostRows || bytes > kMostBytes) return false;
  } while (!request.after.empty());
  return true;
}

Status FileRows::TryWhole(OpContext& op) {
  if (state_ != State::kUnknown) return Ok();
  std::size_t rows = 0;
  std::size_t bytes = 0;
  bool whole = true;
  for (const MetadataKind kind : kKinds) {
    if (!whole) break;
    TRY(whole, ReadWhole(op, kind, rows, bytes));
  }
  if (!whole) flats_.clear();
  state_ = whole ? State::kWhole : State::kTooMany;
  return Ok();
}

Status FileRows::LoadNeighbours(OpContext& op, std::span<const std::string> paths) {
  if (paths.empty()) return Ok();
  TRY_OK(TryWhole(op));
  if (state_ == State::kWhole) return Ok();
  flats_.clear();
  if (!keys_known_) {
    for (std::size_t i = 0; i < kKinds.size(); ++i) {
      TRY(keys_[i], catalog::MetadataKeysOf(op, source_, kKinds[i], owner_, kMostKeys));
    }
    keys_known_ = true;
  }
  if (!keys_[0] || !keys_[1] || paths.size() <= kFewFiles) {
    for (const std::string& path : paths) {
      TRY(flats_[path], RowsOfPath(op, source_, asset_, path));
    }
    return Ok();
  }
  for (std::size_t i = 0; i < kKinds.size(); ++i)
    for (const std::string& key : *keys_[i])
      TRY_OK(catalog::ForEachOfKey(op, source_, kKinds[i], owner_, key, paths.front(), paths.back(),
                                   [&](const catalog::MetadataView& row) {
                                     flats_[std::string(row.path)].Add(kKinds[i], key, row.type,
                                                                       row.value);
                                   }));
  return Ok();
}

Result<Flat> FileRows::OfAsset(OpContext& op) {
  TRY_OK(TryWhole(op));
  if (state_ != State::kWhole) return RowsOfPath(op, source_, asset_, "/");
  const auto found = flats_.find("/");
  return found == flats_.end() ? Flat() : found->second;
}

Flat FileRows::Take(const std::string& path) {
  auto node = flats_.extract(path);
  return node.empty() ? Flat() : std::move(node.mapped());
}

// ---- Objects.

Result<std::vector<FoundContent>> ContentsOf(OpContext& op, items::ItemSource& source,
                                             const std::vector<const Item*>& records) {
  std::vector<FoundContent> found(records.size());
  std::vector<std::pair<std::size_t, ObjectVersion>> markers;
  for (std::size_t i = 0; i < records.size(); ++i) {
    auto record = objects::ObjectFromItem(*records[i]);
    if (!record.ok())
      found[i].error = record.error();
    else if (record->newest.is_delete_marker)
      markers.emplace_back(i, std::move(record->newest));
    else
      found[i].content = FileContent{.version = std::move(record->newest), .archived = false};
  }
  TRY_OK(FindBelow(op, source, markers, found));
  return found;
}

bool IsLiveObject(const Item& record) {
  const Value* marker = record.Find("isDeleteMarker");
  return marker != nullptr && marker->is(items::Kind::kBool) && !marker->boolean();
}

std::optional<AssetRef> OwnerMarks(const objects::UserMetadata& metadata) {
  const auto database = metadata.find(catalog::kDatabaseIdMetadata);
  const auto asset = metadata.find(catalog::kAssetIdMetadata);
  if (database == metadata.end() || asset == metadata.end() || database->second.empty() ||
      asset->second.empty())
    return std::nullopt;
  return AssetRef{std::string(model::PlainId(database->second)), asset->second};
}

bool BelongsTo(const ObjectVersion& version, const catalog::Asset& asset) {
  if (version.user_metadata)
    if (const auto owner = OwnerMarks(*version.user_metadata)) return *owner == RefOf(asset);
  std::string_view folder = asset.location;
  folder.remove_suffix(1);
  return folder.substr(folder.rfind('/') + 1) == asset.id;  // npos + 1 is 0
}

// ---- Documents.

search::Document NewDocument(search::Kind kind, const catalog::Asset& asset,
                             const catalog::Bucket& bucket, bool archived) {
  search::Document document;
  document.kind = kind;
  document.archived = archived;
  document.asset_name = asset.name;
  document.access.database = asset.database_id;
  document.access.asset_type = asset.type;
  document.access.tags = asset.tags;
  std::ranges::sort(document.access.tags);
  const auto same = std::ranges::unique(document.access.tags);
  document.access.tags.erase(same.begin(), same.end());

  boost::json::object& source = document.source;
  source["str_databaseid"] = asset.database_id;
  source["str_assetid"] = asset.id;
  source["str_assetname"] = AttributeOrNull(asset.item, "assetName");
  source["str_bucketid"] = bucket.id;
  source["str_bucketname"] = bucket.name;
  source["str_bucketprefix"] = bucket.prefix;
  boost::json::array& tags = source["list_tags"].emplace_array();
  for (const std::string& tag : asset.tags) tags.emplace_back(tag);
  source["bool_archived"] = archived;
  return document;
}

search::Document FileDocument(const catalog::Asset& asset, const catalog::Bucket& bucket,
                              std::string_view path, const FileContent& content, Flat rows,
                              std::string_view preview_key) {
  const ObjectVersion& version = content.version;
  search::Document document =
      NewDocument(search::Kind::kFile, asset, bucket, asset.archived || content.archived);
  document.id = FileDocumentId(RefOf(asset), path);
  boost::json::object& source = document.source;
  source["str_key"] = path;
  if (const std::string extension = catalog::ExtensionOf(path); extension.size() > 1)
    source["str_fileext"] = extension.substr(1);
  source["num_filesize"] = version.size;
  if (version.last_modified_millis)
    source["date_lastmodified"] = catalog::ObjectTime(version.last_modified_millis);
  if (version.etag) source["str_etag"] = *version.etag;
  source["str_s3_version_id"] = version.version_id;
  source["str_previewfilekey"] = preview_key;

  boost::json::object metadata = std::move(rows.metadata);
  if (version.user_metadata)
    for (const auto& [name, value] : *version.user_metadata)
      if (IsShownUserMetadata(name) && !value.empty())
        metadata.emplace(fmt::format("s3_{}", name), value);  // rows go first
  document.place = search::PlaceOf(metadata);
  if (!metadata.empty()) source["MD_"] = std::move(metadata);
  if (!rows.attributes.empty()) source["AB_"] = std::move(rows.attributes);
  return document;
}

}  // namespace vams::indexing
