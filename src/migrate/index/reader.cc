#include "migrate/index/reader.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/encoding.h"
#include "base/json.h"
#include "migrate/journal.h"
#include "migrate/keys.h"
#include "tables/system_tables.h"

namespace vams::migrate::index {

using items::Item;
using items::Value;
using objects::ObjectVersion;

namespace {

constexpr std::size_t kAssetsAtOnce = 200;
constexpr std::size_t kObjectsAtOnce = 500;
// A page ends early when what its documents are made of is larger.
constexpr std::size_t kPageBytes = std::size_t{8} << 20;

const std::string kAssets = "AssetStorageTable";
const std::string kBuckets = "S3AssetBucketsStorageTable";
const std::string kLinks = "AssetLinksStorageTableV2.2";
const std::string kVersions1 = "AssetVersionsStorageTable";
const std::string kVersions2 = "AssetVersionsStorageTableV2";
const std::string kOldMetadata = "MetadataStorageTable";
const std::string kMetadata = "AssetFileMetadataStorageTableV2";
const std::string kAttributes = "FileAttributeStorageTableV2";
const std::string kObjects{tables::kObjectsTable};
const std::string kObjectVersions{tables::kObjectVersionsTable};

// What stands before the folders of a bucket's assets: "" or "scans/".
std::string PrefixOf(const Item& bucket) {
  std::string_view text = bucket.Text("baseAssetsPrefix");
  if (text.starts_with('/')) text.remove_prefix(1);
  std::string prefix(text);
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  return prefix;
}

bool IsFull(const DocumentPage& page, std::size_t limit) {
  return page.assets.size() + page.files.size() >= limit || page.bytes >= kPageBytes;
}

std::size_t SizeOf(const std::vector<MetadataField>& fields) {
  std::size_t bytes = 0;
  for (const auto& field : fields) bytes += items::ItemSize(Item{{field.key, field.value}});
  return bytes;
}

// Whose an object is, by the marks that uploads leave; else by the name of its folder.
bool BelongsTo(const ObjectVersion& object, std::string_view database, std::string_view asset,
               std::string_view folder) {
  if (object.user_metadata) {
    const auto marked = [&](const char* name) {
      const auto at = object.user_metadata->find(name);
      return at == object.user_metadata->end() ? std::string_view() : std::string_view(at->second);
    };
    const auto of_database = marked("databaseid"), of_asset = marked("assetid");
    if (!of_database.empty() && !of_asset.empty())
      return PlainDatabase(of_database) == database && of_asset == asset;
  }
  folder.remove_suffix(1);
  return folder.substr(folder.rfind('/') + 1) == asset;  // npos + 1 is 0
}

}  // namespace

struct DocumentReader::Asset {
  const Item& item;
  const Item& bucket;
  std::string database, id;  // the database is plain
  bool archived = false;
  std::string folder;  // "scans/amphora/"
};

std::vector<std::string> TablesFor(tables::DataVersion version) {
  std::vector<std::string> names = {kAssets, kBuckets};
  if (version >= k23) {
    names.push_back(kLinks);
    names.push_back(version >= k25 ? kVersions2 : kVersions1);
  }
  if (version >= k24) {
    names.push_back(kMetadata);
    names.push_back(kAttributes);
  } else {
    names.push_back(kOldMetadata);
  }
  std::ranges::sort(names);
  return names;
}

boost::json::object ToJson(const Place& place) {
  return {{"scan", Base64Encode(place.scan)},
          {"row", place.row},
          {"key", place.key},
          {"end", place.done}};
}

Place PlaceFrom(const boost::json::object& object) {
  const auto* done = object.if_contains("end");
  return {.scan = Base64Decode(TextOf(object, "scan")).value_or(""),
          .row = NumberOf(object, "row"),
          .key = TextOf(object, "key"),
          .done = done != nullptr && done->is_bool() && done->get_bool()};
}

Status DocumentReader::Load(OpContext& op, const std::string& scan) {
  if (loaded_ && scan_ == scan) return Ok();
  TRY(auto page, source_.Scan(op, kAssets, {}, scan, kAssetsAtOnce));
  rows_ = std::move(page.items);
  next_scan_ = std::move(page.next);
  scan_ = scan;
  loaded_ = true;
  return Ok();
}

Result<DocumentPage> DocumentReader::Next(OpContext& op, const Place& place, std::size_t limit) {
  DocumentPage page;
  page.next = place;
  Place& at = page.next;
  while (!at.done && !IsFull(page, limit)) {
    TRY_OK(op.Check());
    TRY_OK(Load(op, at.scan));
    if (at.row >= rows_.size()) {
      at = {.scan = next_scan_, .row = 0, .key = {}, .done = next_scan_.empty()};
      continue;
    }
    const Item& row = rows_[at.row];
    TRY(const Item* bucket, Bucket(op, row.Text("bucketId")));
    if (bucket == nullptr) {
      ++page.without_bucket;
      ++at.row;
      continue;
    }
    const std::string_view database = row.Text("databaseId");
    const Value* location = row.Find("assetLocation");
    const bool located = location != nullptr && location->is(items::Kind::kM);
    Asset asset{.item = row,
                .bucket = *bucket,
                .database = std::string(PlainDatabase(database)),
                .id = std::string(row.Text("assetId")),
                .archived = database != PlainDatabase(database),
                .folder = std::string(located ? location->map().Text("Key") : "")};
    if (!asset.folder.empty() && !asset.folder.ends_with('/')) asset.folder += '/';
    if (at.key.empty() && part_ != Part::kFiles) TRY_OK(AddAsset(op, asset, page));
    bool more = false;
    if (part_ != Part::kAssets) {
      TRY(more, AddFiles(op, asset, limit, page));
    }
    if (more) continue;
    at.key.clear();
    ++at.row;
  }
  return page;
}

Result<const Item*> DocumentReader::Bucket(OpContext& op, std::string_view id) {
  if (id.empty()) return nullptr;
  auto known = buckets_.find(id);
  if (known == buckets_.end()) {
    items::QueryRequest request;
    request.table = kBuckets;
    request.partition = Value::S(std::string(id));
    request.limit = 1;
    TRY(auto page, source_.Query(op, request));
    std::optional<Item> found;
    if (!page.items.empty()) found = std::move(page.items.front());
    known = buckets_.emplace(std::string(id), std::move(found)).first;
  }
  return known->second ? &*known->second : nullptr;
}

// ---- Assets
// ---------------------------------------------------------------------------------------

Status DocumentReader::AddAsset(OpContext& op, const Asset& asset, DocumentPage& page) {
  AssetRecords records;
  records.asset = &asset.item;
  records.bucket = &asset.bucket;
  std::optional<Item> version;
  if (version_ >= k23) {
    TRY(version, VersionOf(op, asset.item));
    const std::string pair = fmt::format("{}:{}", asset.database, asset.id);
    TRY(records.children, HasLink(op, "fromAssetGSI", pair, "parentChild"));
    TRY(records.parents, HasLink(op, "toAssetGSI", pair, "parentChild"));
    TRY(const bool from, HasLink(op, "fromAssetGSI", pair, "related"));
    TRY(const bool to, HasLink(op, "toAssetGSI", pair, "related"));
    records.related = from || to;
  }
  if (version) records.version = &*version;
  TRY(records.metadata, MetadataOfAsset(op, asset.item));
  page.bytes += SizeOf(records.metadata);
  page.assets.push_back(AssetDocument(version_, records));
  return Ok();
}

Result<bool> DocumentReader::HasLink(OpContext& op, std::string_view index,
                                     const std::string& asset, std::string_view type) {
  items::QueryRequest request;
  request.table = kLinks;
  request.index = index;
  request.partition = Value::S(asset);
  do {
    TRY(auto page, source_.Query(op, request));
    if (std::ranges::any_of(
            page.items, [&](const Item& link) { return link.Text("relationshipType") == type; }))
      return true;
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return false;
}

Result<std::optional<Item>> DocumentReader::VersionOf(OpContext& op, const Item& asset) {
  const std::string_view version = asset.Text("currentVersionId"), id = asset.Text("assetId");
  if (version.empty() || id.empty()) return std::optional<Item>();
  Item key;
  if (version_ >= k25)
    key = {{"databaseId:assetId",
            Value::S(fmt::format("{}:{}", PlainDatabase(asset.Text("databaseId")), id))},
           {"assetVersionId", Value::S(std::string(version))}};
  else
    key = {{"assetId", Value::S(std::string(id))},
           {"assetVersionId", Value::S(std::string(version))}};
  auto row = source_.Get(op, version_ >= k25 ? kVersions2 : kVersions1, key);
  if (row.ok()) return std::optional(*std::move(row));
  if (row.error().code == Code::kNotFound) return std::optional<Item>();
  return std::move(row).error();
}

// ---- Metadata
// ---------------------------------------------------------------------------------------

Status DocumentReader::AddOldRow(OpContext& op, std::string_view database, std::string key,
                                 std::vector<MetadataField>& fields) {
  auto row = source_.Get(
      op, kOldMetadata,
      Item{{"databaseId", Value::S(std::string(database))}, {"assetId", Value::S(std::move(key))}});
  if (!row.ok()) return row.error().code == Code::kNotFound ? Ok() : Status(row.error());
  for (auto& field : FieldsOfRow(*row))
    if (std::ranges::find(fields, field.key, &MetadataField::key) == fields.end())
      fields.push_back(std::move(field));
  return Ok();
}

Result<std::vector<MetadataField>> DocumentReader::RowsAt(OpContext& op, std::string_view table,
                                                          std::string_view prefix,
                                                          std::string place) {
  std::vector<MetadataField> fields;
  const std::string key = fmt::format("{}Key", prefix), value = fmt::format("{}Value", prefix),
                    type = fmt::format("{}ValueType", prefix);
  items::QueryRequest request;
  request.table = table;
  request.index = "DatabaseIdAssetIdFilePathIndex";
  request.partition = Value::S(std::move(place));
  do {
    TRY(auto page, source_.Query(op, request));
    for (const Item& row : page.items)
      fields.push_back({.key = std::string(row.Text(key)),
                        .value = Value::S(std::string(row.Text(value))),
                        .type = std::string(row.Text(type))});
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return fields;
}

// Of archived assets, too, it is kept under the plain database.
Result<std::vector<MetadataField>> DocumentReader::MetadataOfAsset(OpContext& op,
                                                                   const Item& asset) {
  const std::string_view database = PlainDatabase(asset.Text("databaseId"));
  std::string id(asset.Text("assetId"));
  if (version_ >= k24)
    return RowsAt(op, kMetadata, "metadata", fmt::format("{}:{}:/", database, id));
  std::vector<MetadataField> fields;
  TRY_OK(AddOldRow(op, database, std::move(id), fields));
  return fields;
}

// 2.3 looks for "/asset/path" alone; its web application writes the bucket's prefix in front, too
// (M23-5).
Result<std::vector<MetadataField>> DocumentReader::MetadataOfFile(OpContext& op, const Asset& asset,
                                                                  std::string_view key,
                                                                  std::string_view path) {
  if (version_ >= k24)
    return RowsAt(op, kMetadata, "metadata",
                  fmt::format("{}:{}:{}", asset.database, asset.id, path));
  std::vector<MetadataField> fields;
  const std::string own = fmt::format("/{}{}", asset.id, path);
  std::string whole = fmt::format("/{}", key);
  TRY_OK(AddOldRow(op, asset.database, own, fields));
  if (whole != own) TRY_OK(AddOldRow(op, asset.database, std::move(whole), fields));
  return fields;
}

// ---- Files
// ---------------------------------------------------------------------------------------

// Of an active and an archived asset of the same ids, the files are the active one's.
Result<bool> DocumentReader::OwnsFiles(OpContext& op, const Asset& asset) {
  if (asset.folder.empty()) return false;
  if (!asset.archived) return true;
  const auto active = source_.Get(
      op, kAssets, Item{{"databaseId", Value::S(asset.database)}, {"assetId", Value::S(asset.id)}});
  if (active.ok()) return false;
  if (active.error().code == Code::kNotFound) return true;
  return active.error();
}

// Whether there is more.
Result<bool> DocumentReader::AddFiles(OpContext& op, const Asset& asset, std::size_t limit,
                                      DocumentPage& page) {
  if (page.next.key.empty()) {
    TRY(const bool owns, OwnsFiles(op, asset));
    if (!owns) return false;
  }
  const std::string prefix = PrefixOf(asset.bucket);
  items::QueryRequest request;
  request.table = kObjects;
  request.partition = Value::S(std::string(asset.bucket.Text("bucketName")));
  request.limit = kObjectsAtOnce;
  // Behind the last key, as far as keys begin with the folder.
  std::string end = asset.folder;
  end.back() = '/' + 1;
  request.sort = items::SortCondition::Between(
      Value::S(page.next.key.empty() ? asset.folder : page.next.key), Value::S(std::move(end)));
  do {
    TRY(auto found, source_.Query(op, request));
    for (const Item& row : found.items) {
      const std::string_view key = row.Text("key");
      if (key == page.next.key || !key.starts_with(asset.folder)) continue;
      page.next.key = key;
      ++page.objects;
      const std::string_view behind = key.starts_with(prefix) ? key.substr(prefix.size()) : key;
      if (!IsIndexed(version_, key, behind)) continue;
      TRY(auto record, objects::ObjectFromItem(row));
      std::optional<ObjectVersion> content = record.newest;
      const bool deleted = record.newest.is_delete_marker;
      if (deleted) {
        TRY(content, ContentBelow(op, record.newest));
      }
      if (!content || !BelongsTo(*content, asset.database, asset.id, asset.folder)) continue;
      TRY_OK(AddFile(op, asset, *content, deleted, page));
      if (IsFull(page, limit)) return true;
    }
    request.after = std::move(found.next);
    TRY_OK(op.Check());
  } while (!request.after.empty());
  return false;
}

Result<std::optional<ObjectVersion>> DocumentReader::ContentBelow(OpContext& op,
                                                                  const ObjectVersion& marker) {
  items::QueryRequest request;
  request.table = kObjectVersions;
  request.partition = Value::S(tables::ObjectPath(marker.bucket, marker.key));
  request.descending = true;
  request.limit = 10;
  do {
    TRY(auto page, source_.Query(op, request));
    for (const Item& row : page.items) {
      TRY(auto version, objects::VersionFromItem(row));
      if (!version.is_delete_marker) return std::optional(std::move(version));
    }
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return std::optional<ObjectVersion>();
}

Result<std::string> DocumentReader::PreviewOf(OpContext& op, const ObjectVersion& object) {
  items::QueryRequest request;
  request.table = kObjects;
  request.partition = Value::S(object.bucket);
  request.sort = items::SortCondition::BeginsWith(Value::S(object.key + ".previewFile."));
  do {
    TRY(auto page, source_.Query(op, request));
    for (const Item& row : page.items) {
      TRY(const auto record, objects::ObjectFromItem(row));
      if (!record.newest.is_delete_marker) return record.newest.key;
    }
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return std::string();
}

Status DocumentReader::AddFile(OpContext& op, const Asset& asset, const ObjectVersion& object,
                               bool archived, DocumentPage& page) {
  FileRecords records;
  records.asset = &asset.item;
  records.bucket = &asset.bucket;
  records.object = &object;
  records.archived = archived || asset.archived;
  records.path = "/" + object.key.substr(asset.folder.size());
  TRY(records.metadata, MetadataOfFile(op, asset, object.key, records.path));
  if (version_ >= k24) {
    TRY(records.attributes,
        RowsAt(op, kAttributes, "attribute",
               fmt::format("{}:{}:{}", asset.database, asset.id, records.path)));
  }
  if (version_ >= k25) {
    TRY(records.preview_key, PreviewOf(op, object));
  }
  page.bytes += SizeOf(records.metadata) + SizeOf(records.attributes);
  page.files.push_back(FileDocument(version_, records));
  return Ok();
}

}  // namespace vams::migrate::index
