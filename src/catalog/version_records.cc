#include "catalog/version_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <functional>
#include <set>
#include <tuple>

#include "catalog/asset_records.h"
#include "catalog/records.h"

namespace vams::catalog {

using items::Item;
using items::Kind;
using items::Value;
using items::Write;

namespace {

constexpr std::string_view kPair = "databaseId:assetId";
constexpr std::string_view kVersionPartition = "databaseId:assetId:assetVersionId";
constexpr std::string_view kFileKey = "fileKey";
constexpr std::string_view kMetadataSort = "type:filePath:metadataKey";
constexpr std::string_view kByAsset = "databaseIdAssetIdIndex";
constexpr std::int64_t kMostVersions = 1'000'000'000'000'000;

std::string Pair(const AssetIds& asset) { return PairOf(asset.database_id, asset.asset_id); }

std::string PartitionOf(const AssetIds& asset, std::string_view version_id) {
  return fmt::format("{}:{}", Pair(asset), version_id);
}

bool Flag(const Item& item, std::string_view name) {
  const Value* value = item.Find(name);
  return value != nullptr && value->is(Kind::kBool) && value->boolean();
}

AssetVersion VersionOf(const Item& item) {
  AssetVersion version{.id = std::string(item.Text("assetVersionId")),
                       .created_at = std::string(item.Text("dateCreated")),
                       .created_by = std::string(item.Text("createdBy")),
                       .comment = std::string(item.Text("comment")),
                       .description = std::string(item.Text("description")),
                       .alias = TextIfAny(item, "versionAlias"),
                       .archived = Flag(item, "isArchived"),
                       .marked_current = Flag(item, "isCurrentVersion")};
  if (version.alias && version.alias->empty()) version.alias.reset();
  return version;
}

std::string_view WithoutSlashes(std::string_view path) {
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return path;
}

Item FileKey(const AssetIds& asset, std::string_view version_id, std::string path) {
  return {{std::string(kVersionPartition), Value::S(PartitionOf(asset, version_id))},
          {std::string(kFileKey), Value::S(std::move(path))}};
}

// A path as the sort key of metadata of a version has it.  There a colon ends it, so that those in
// it are written as newlines, which no path of metadata has: else "c" of "/a:b" and "b:c" of "/a"
// would be one row.
std::string SortPath(std::string_view path) {
  std::string written(path);
  std::ranges::replace(written, ':', '\n');
  return written;
}

// "metadata:/scan/a.e57:phase".  The key may hold colons, and in rows of others the path as well;
// the key stands in the row a second time.
MetadataRow MetadataOf(const Item& item) {
  std::string_view place = item.Text(kMetadataSort);
  MetadataRow row;
  row.key = item.Text("metadataKey");
  row.value = item.Text("metadataValue");
  row.type = item.Text("metadataValueType");
  const std::string_view kind = place.substr(0, place.find(':'));
  row.kind = kind == MetadataKindName(MetadataKind::kAttribute) ? MetadataKind::kAttribute
                                                                : MetadataKind::kMetadata;
  place.remove_prefix(std::min(kind.size() + 1, place.size()));
  const std::string tail = ":" + row.key;
  if (place.ends_with(tail)) {
    place.remove_suffix(tail.size());
  } else {
    const std::size_t colon = place.find(':');
    if (row.key.empty() && colon != place.npos) row.key = place.substr(colon + 1);
    place = place.substr(0, colon);
  }
  row.path = place;
  std::ranges::replace(row.path, '\n', ':');
  return row;
}

// Of the table itself, or of an index.
Status Each(OpContext& op, items::ItemSource& source, const std::string& table,
            std::string_view index, std::string partition,
            const std::function<void(Item item)>& visit) {
  items::QueryRequest request;
  request.table = table;
  request.index = index;
  request.partition = Value::S(std::move(partition));
  request.limit = kPageItems;
  do {
    TRY(items::Page page, source.Query(op, request));
    for (Item& item : page.items) visit(std::move(item));
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return Ok();
}

// Deletes what belongs to the versions in one of the two tables of snapshots.  Rows of early
// releases are not in the index, and rows without a version are in nothing else.
Status DeleteSnapshots(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                       const std::vector<AssetVersion>& versions, const std::string& table,
                       std::string_view sort, std::vector<Write>& writes) {
  const auto remove = [&](const Item& item) {
    writes.push_back(Write::Delete(
        table,
        {{std::string(kVersionPartition), Value::S(std::string(item.Text(kVersionPartition)))},
         {std::string(sort), Value::S(std::string(item.Text(sort)))}}));
  };
  std::set<std::string, std::less<>> seen;
  for (const AssetVersion& version : versions) {
    std::string partition = PartitionOf(asset, version.id);
    seen.insert(partition);
    TRY_OK(Each(op, source, table, "", std::move(partition), remove));
  }
  return Each(op, source, table, kByAsset, Pair(asset), [&](const Item& item) {
    if (!seen.contains(item.Text(kVersionPartition))) remove(item);
  });
}

}  // namespace

FileVersion FileVersionOf(const Item& item) {
  FileVersion file{.path = std::string(WithoutSlashes(item.Text(kFileKey))),
                   .version_id = std::string(item.Text("versionId")),
                   .size = std::nullopt,
                   .last_modified = TextIfAny(item, "lastModified"),
                   .etag = TextIfAny(item, "etag")};
  if (const Value* size = item.Find("size"); size != nullptr && size->is(Kind::kN)) {
    std::uint64_t number = 0;
    const std::string& text = size->text();
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && end == text.data() + text.size()) file.size = number;
  }
  return file;
}

// ---- Versions.

std::optional<std::int64_t> VersionNumber(std::string_view id) {
  std::string digits(id);
  std::erase_if(digits, [](char c) { return c == 'v' || c == 'V'; });
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), number);
  if (error != std::errc() || end != digits.data() + digits.size()) return std::nullopt;
  // Nobody counted that far; what is no count has no successor either.
  if (number < 0 || number > kMostVersions) return std::nullopt;
  return number;
}

Result<std::optional<AssetVersion>> FindVersion(OpContext& op, items::ItemSource& source,
                                                const AssetIds& asset, std::string_view id) {
  // What cannot be a key is the id of no version.
  if (id.empty() || id.size() > kMaxSortBytes) return std::optional<AssetVersion>();
  const Item keys[] = {AssetVersionKey(asset, id)};
  TRY(const auto found, source.BatchGet(op, kAssetVersionsTable, keys));
  std::optional<AssetVersion> version;
  if (found.front()) version = VersionOf(*found.front());
  return version;
}

Result<std::vector<AssetVersion>> VersionsOf(OpContext& op, items::ItemSource& source,
                                             const AssetIds& asset) {
  std::vector<AssetVersion> versions;
  TRY_OK(Each(op, source, kAssetVersionsTable, "", Pair(asset),
              [&](const Item& item) { versions.push_back(VersionOf(item)); }));
  // Stable, so that ids of equal numbers ("3" and "v3") keep the order of their texts.
  std::ranges::stable_sort(versions, std::greater(), [](const AssetVersion& version) {
    return VersionNumber(version.id).value_or(-1);
  });
  return versions;
}

Error NoAssetVersion(std::string_view id) {
  return {Code::kNotFound, fmt::format("Asset version '{}' not found for asset", id)};
}

Result<AssetVersion> GetVersion(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                std::string_view id) {
  TRY(auto version, FindVersion(op, source, asset, id));
  if (!version) return NoAssetVersion(id);
  return *std::move(version);
}

Result<AssetVersion> ResolveAlias(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                  std::string_view alias) {
  TRY(auto versions, VersionsOf(op, source, asset));
  if (versions.empty()) return Error(Code::kNotFound, "No asset versions found for asset");
  std::erase_if(versions,
                [&](const AssetVersion& version) { return version.alias.value_or("") != alias; });
  if (versions.empty() || alias.empty())
    return Error(Code::kNotFound, fmt::format("No asset version found with alias '{}'", alias));
  if (versions.size() > 1)
    return Error(Code::kConflict,
                 fmt::format("Ambiguous alias '{}': multiple versions share this alias", alias));
  return std::move(versions.front());
}

// ---- Files of versions.

Result<std::vector<FileVersion>> FileRowsOf(OpContext& op, items::ItemSource& source,
                                            const AssetIds& asset, std::string_view version_id) {
  std::vector<FileVersion> files;
  TRY_OK(Each(op, source, kFileVersionsTable, "", PartitionOf(asset, version_id),
              [&](const Item& item) { files.push_back(FileVersionOf(item)); }));
  // Rows with a slash in front came first.  Of two forms of one path the one without counts, as in
  // FileRowOf.
  if (!std::ranges::is_sorted(files, std::less_equal(), &FileVersion::path)) {
    std::ranges::reverse(files);
    std::ranges::stable_sort(files, {}, &FileVersion::path);
    const auto twice = std::ranges::unique(files, {}, &FileVersion::path);
    files.erase(twice.begin(), twice.end());
  }
  return files;
}

Result<std::uint64_t> CountFileRows(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                    std::string_view version_id) {
  std::uint64_t count = 0;
  TRY_OK(Each(op, source, kFileVersionsTable, "", PartitionOf(asset, version_id),
              [&](const Item&) { ++count; }));
  return count;
}

Result<std::optional<FileVersion>> FileRowOf(OpContext& op, items::ItemSource& source,
                                             const AssetIds& asset, std::string_view version_id,
                                             std::string_view path) {
  const std::string bare(WithoutSlashes(path));
  if (bare.empty() || bare.size() >= kMaxSortBytes) return std::optional<FileVersion>();
  const Item keys[] = {FileKey(asset, version_id, bare), FileKey(asset, version_id, "/" + bare)};
  TRY(const auto found, source.BatchGet(op, kFileVersionsTable, keys));
  std::optional<FileVersion> file;
  for (const auto& item : found)
    if (item && !file) file = FileVersionOf(*item);
  return file;
}

Result<FileVersion> ResolveFile(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                std::string_view version_id, std::string_view path) {
  TRY_OK(GetVersion(op, source, asset, version_id));
  TRY(auto file, FileRowOf(op, source, asset, version_id, path));
  if (!file) {
    items::QueryRequest any;
    any.table = kFileVersionsTable;
    any.partition = Value::S(PartitionOf(asset, version_id));
    any.limit = 1;
    TRY(const auto page, source.Query(op, any));
    return Error(Code::kNotFound,
                 page.items.empty()
                     ? fmt::format("No files found in asset version '{}'", version_id)
                     : fmt::format("File not found in asset version '{}'", version_id));
  }
  if (file->version_id.empty())
    return Error(Code::kNotFound,
                 fmt::format("No version ID recorded for file in asset version '{}'", version_id));
  return *std::move(file);
}

Result<std::vector<std::pair<AssetVersion, FileVersion>>> VersionsWithFile(
    OpContext& op, items::ItemSource& source, const AssetIds& asset, std::string_view path) {
  std::vector<std::pair<AssetVersion, FileVersion>> holding;
  const std::string bare(WithoutSlashes(path));
  if (bare.empty() || bare.size() >= kMaxSortBytes) return holding;
  TRY(auto versions, VersionsOf(op, source, asset));
  std::ranges::reverse(versions);
  std::vector<Item> keys;
  for (const AssetVersion& version : versions) {
    keys.push_back(FileKey(asset, version.id, bare));
    keys.push_back(FileKey(asset, version.id, "/" + bare));
  }
  if (keys.empty()) return holding;
  TRY(const auto found, source.BatchGet(op, kFileVersionsTable, keys));
  for (std::size_t i = 0; i < versions.size(); ++i) {
    const auto& item = found[2 * i] ? found[2 * i] : found[2 * i + 1];
    if (item) holding.emplace_back(std::move(versions[i]), FileVersionOf(*item));
  }
  return holding;
}

// ---- Metadata of versions.

Result<std::vector<MetadataRow>> MetadataRowsOf(OpContext& op, items::ItemSource& source,
                                                const AssetIds& asset,
                                                std::string_view version_id) {
  std::vector<MetadataRow> rows;
  TRY_OK(Each(op, source, kMetadataVersionsTable, "", PartitionOf(asset, version_id),
              [&](const Item& item) { rows.push_back(MetadataOf(item)); }));
  std::ranges::sort(rows, {}, [](const MetadataRow& row) {
    return std::tuple(MetadataKindName(row.kind), std::string_view(row.path),
                      std::string_view(row.key));
  });
  return rows;
}

Result<std::optional<std::vector<MetadataRow>>> MetadataRowsAt(
    OpContext& op, items::ItemSource& source, const AssetIds& asset, std::string_view version_id,
    MetadataKind kind, std::string_view path) {
  std::vector<MetadataRow> rows;
  items::QueryRequest request;
  request.table = kMetadataVersionsTable;
  request.partition = Value::S(PartitionOf(asset, version_id));
  // As it is written here, and by others.
  for (const std::string& written : std::set{SortPath(path), std::string(path)}) {
    std::string begin = fmt::format("{}:{}:", MetadataKindName(kind), written);
    if (begin.size() > kMaxSortBytes) continue;
    request.sort = items::SortCondition::BeginsWith(Value::S(std::move(begin)));
    do {
      TRY(const items::Page page, source.Query(op, request));
      for (const Item& item : page.items) {
        MetadataRow row = MetadataOf(item);
        // Of others, "/a:b" begins like "/a".
        if (row.kind == kind && row.path == path) rows.push_back(std::move(row));
      }
      request.after = page.next;
    } while (!request.after.empty());
  }
  std::ranges::sort(rows, {}, &MetadataRow::key);
  if (!rows.empty()) return std::optional(std::move(rows));
  request.sort = {};
  request.limit = 1;
  TRY(const items::Page any, source.Query(op, request));
  if (any.items.empty()) return std::optional<std::vector<MetadataRow>>();
  return std::optional(std::move(rows));
}

// ---- Writing.

Item AssetVersionKey(const AssetIds& asset, std::string_view id) {
  return {{std::string(kPair), Value::S(Pair(asset))},
          {"assetVersionId", Value::S(std::string(id))}};
}

Item AssetVersionItem(const AssetIds& asset, const AssetVersion& version) {
  Item item = AssetVersionKey(asset, version.id);
  item.Set("databaseId", Value::S(asset.database_id));
  item.Set("assetId", Value::S(asset.asset_id));
  item.Set("dateCreated", Value::S(version.created_at));
  item.Set("createdBy", Value::S(version.created_by));
  item.Set("comment", Value::S(version.comment));
  item.Set("description", Value::S(version.description));
  item.Set("versionAlias", Value::S(version.alias.value_or("")));
  item.Set("isArchived", Value::Bool(version.archived));
  item.Set("isCurrentVersion", Value::Bool(version.marked_current));
  return item;
}

Write PutFileVersion(const AssetIds& asset, std::string_view version_id, const FileVersion& file,
                     const std::string& created_at) {
  Item item = FileKey(asset, version_id, file.path);
  item.Set(kPair, Value::S(Pair(asset)));
  item.Set("versionId", Value::S(file.version_id));
  item.Set("size", file.size ? Value::N(static_cast<std::int64_t>(*file.size)) : Value::Null());
  item.Set("lastModified", TextOrNull(file.last_modified));
  item.Set("etag", TextOrNull(file.etag));
  item.Set("createdAt", Value::S(created_at));
  return Write::Put(kFileVersionsTable, std::move(item));
}

Write PutMetadataVersion(const AssetIds& asset, std::string_view version_id, const MetadataRow& row,
                         const std::string& created_at) {
  Item item{
      {std::string(kVersionPartition), Value::S(PartitionOf(asset, version_id))},
      {std::string(kMetadataSort),
       Value::S(fmt::format("{}:{}:{}", MetadataKindName(row.kind), SortPath(row.path), row.key))}};
  item.Set(kPair, Value::S(Pair(asset)));
  item.Set("metadataKey", Value::S(row.key));
  item.Set("metadataValue", Value::S(row.value));
  item.Set("metadataValueType", Value::S(row.type));
  item.Set("createdAt", Value::S(created_at));
  return Write::Put(kMetadataVersionsTable, std::move(item));
}

Result<std::vector<Write>> DeletionsOfVersions(OpContext& op, items::ItemSource& source,
                                               const AssetIds& asset) {
  TRY(const auto versions, VersionsOf(op, source, asset));
  std::vector<Write> writes;
  for (const AssetVersion& version : versions)
    writes.push_back(Write::Delete(kAssetVersionsTable, AssetVersionKey(asset, version.id)));
  TRY_OK(DeleteSnapshots(op, source, asset, versions, kFileVersionsTable, kFileKey, writes));
  TRY_OK(
      DeleteSnapshots(op, source, asset, versions, kMetadataVersionsTable, kMetadataSort, writes));
  return writes;
}

}  // namespace vams::catalog
