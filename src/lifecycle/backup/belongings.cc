#include "lifecycle/backup/belongings.h"

#include <fmt/format.h>

#include <algorithm>

#include "items/codec.h"
#include "tables/system_tables.h"

namespace vams::lifecycle::backup {

using items::Item;

namespace {

constexpr std::size_t kPage = 2000;
constexpr std::string_view kDeleted = "#deleted";

// How the rows of a table say what they belong to.
enum class By : std::uint8_t {
  kDatabase,       // an attribute with the id of the database; only if all of it is restored
  kAsset,          // attributes with the ids of database and asset
  kPair,           // an attribute that begins with "database:asset"
  kSchema,         // an attribute that begins with "database:"; only if all of it is restored
  kAssetAlone,     // an attribute with the id of the asset, whatever its database
  kSubscription,   // "Asset#asset"
  kLink,           // the id of a link
  kObject,         // bucket and key
  kObjectVersion,  // "bucket/key"
  kMarks,          // "database:asset", "database/database", "link/link"
};

struct Rule {
  std::string_view table;
  By by;
  std::string_view attribute;
};

constexpr Rule kRules[] = {
    {kDatabases, By::kDatabase, "databaseId"},
    {"DatabaseMetadataStorageTableV2", By::kDatabase, "databaseId"},
    {"MetadataSchemaStorageTableV2", By::kSchema, "databaseId:metadataEntityType"},
    {"PipelineStorageTable", By::kDatabase, "databaseId"},
    {"WorkflowStorageTable", By::kDatabase, "databaseId"},
    {kAssets, By::kAsset, "databaseId"},
    {"AssetVersionsStorageTableV2", By::kPair, "databaseId:assetId"},
    {"AssetFileVersionsStorageTableV2", By::kPair, "databaseId:assetId:assetVersionId"},
    {"AssetFileMetadataVersionsStorageTable", By::kPair, "databaseId:assetId:assetVersionId"},
    {"AssetFileMetadataStorageTableV2", By::kPair, "databaseId:assetId:filePath"},
    {"FileAttributeStorageTableV2", By::kPair, "databaseId:assetId:filePath"},
    {"WorkflowExecutionsStorageTable", By::kAsset, "databaseId"},
    {"CommentStorageTable", By::kAssetAlone, "assetId"},
    {"SubscriptionsStorageTable", By::kSubscription, "entityName_entityId"},
    {kLinks, By::kLink, "assetLinkId"},
    {"AssetLinksMetadataStorageTable", By::kLink, "assetLinkId"},
    {tables::kObjectsTable, By::kObject, "bucket"},
    {tables::kObjectVersionsTable, By::kObjectVersion, "object"},
    {tables::kAssetMarksTable, By::kMarks, "asset"},
    {tables::kArchivedObjectsTable, By::kMarks, "asset"},
};

std::string Plain(std::string_view database) {
  if (database.ends_with(kDeleted)) database.remove_suffix(kDeleted.size());
  return std::string(database);
}

std::string KeyIn(const Item& item, std::string_view attribute) {
  const auto* location = item.Find(attribute);
  if (location == nullptr || location->kind() != items::Kind::kM) return {};
  return std::string(location->map().Text("Key"));
}

Status VisitAll(OpContext& op, items::ItemSource& source, std::string_view table,
                const std::function<Status(Item item)>& visit) {
  std::string after;
  do {
    TRY_OK(op.Check());
    auto page = source.Scan(op, table, {}, after, kPage);
    // A store that never had anything of the kind.
    if (!page.ok() && page.error().code == Code::kNotFound) return Ok();
    if (!page.ok()) return std::move(page).error();
    for (auto& item : page->items) TRY_OK(visit(std::move(item)));
    after = std::move(page->next);
  } while (!after.empty());
  return Ok();
}

}  // namespace

const std::vector<std::string_view>& Belongings::Tables() {
  static const std::vector<std::string_view> names = [] {
    std::vector<std::string_view> all;
    for (const auto& rule : kRules) all.push_back(rule.table);
    return all;
  }();
  return names;
}

std::pair<std::string, std::string> Belongings::EndsOf(const Item& link) {
  const auto end = [&](std::string_view database, std::string_view asset) {
    return fmt::format("{}:{}", Plain(link.Text(database)), link.Text(asset));
  };
  return {end("fromAssetDatabaseId", "fromAssetId"), end("toAssetDatabaseId", "toAssetId")};
}

Result<Belongings> Belongings::Of(OpContext& op, items::ItemSource& source, const Part& part) {
  Belongings belongings(part);
  TRY_OK(VisitAll(op, source, kDatabases, [&](const Item& item) {
    if (Plain(item.Text("databaseId")) == part.database) {
      belongings.has_database_ = true;
      if (part.asset.empty() && !item.Text("defaultBucketId").empty())
        belongings.bucket_ids_.emplace(item.Text("defaultBucketId"));
    }
    return Ok();
  }));
  TRY_OK(belongings.ReadAssets(op, source));
  TRY_OK(belongings.ReadLinks(op, source));
  return belongings;
}

Result<std::map<std::string, std::string>> Belongings::ReadBuckets(OpContext& op,
                                                                   items::ItemSource& source) {
  std::map<std::string, std::string> names;
  TRY_OK(VisitAll(op, source, kBuckets, [&](const Item& item) {
    names.emplace(item.Text("bucketId"), item.Text("bucketName"));
    return Ok();
  }));
  return names;
}

Status Belongings::ReadAssets(OpContext& op, items::ItemSource& source) {
  TRY(const auto buckets, ReadBuckets(op, source));
  return VisitAll(op, source, kAssets, [&](const Item& item) {
    const std::string database = Plain(item.Text("databaseId"));
    const std::string id(item.Text("assetId"));
    std::string location = KeyIn(item, "assetLocation");
    if (!location.empty() && !location.ends_with('/')) location += '/';
    const auto bucket = buckets.find(std::string(item.Text("bucketId")));
    const std::string place = bucket == buckets.end() || location.empty()
                                  ? std::string()
                                  : fmt::format("{}/{}", bucket->second, location);
    all_assets_.insert(fmt::format("{}:{}", database, id));
    if (database != part_.database || (!part_.asset.empty() && id != part_.asset)) {
      if (database != part_.database) ids_of_others_.insert(id);
      if (!place.empty()) places_of_others_.emplace(place, fmt::format("{}/{}", database, id));
      return Ok();
    }
    assets_.insert(id);
    known_.insert(id);
    if (!item.Text("bucketId").empty()) bucket_ids_.emplace(item.Text("bucketId"));
    if (place.empty()) return Ok();
    places_.insert(place);
    roots_.insert(location);
    if (const auto preview = KeyIn(item, "previewLocation"); !preview.empty())
      previews_.insert(fmt::format("{}/{}", bucket->second, preview));
    return Ok();
  });
}

Status Belongings::ReadLinks(OpContext& op, items::ItemSource& source) {
  return VisitAll(op, source, kLinks, [&](const Item& item) {
    const auto [from, to] = EndsOf(item);
    if (HasPair(from) || HasPair(to)) links_.emplace(item.Text("assetLinkId"));
    return Ok();
  });
}

void Belongings::Adopt(const Belongings& other) {
  known_.insert(other.known_.begin(), other.known_.end());
  places_.insert(other.places_.begin(), other.places_.end());
  roots_.insert(other.roots_.begin(), other.roots_.end());
  links_.insert(other.links_.begin(), other.links_.end());
  previews_.insert(other.previews_.begin(), other.previews_.end());
}

bool Belongings::HasAsset(std::string_view database, std::string_view asset) const {
  return all_assets_.contains(fmt::format("{}:{}", database, asset));
}

// "database:asset", and whatever follows behind another colon.
bool Belongings::HasPair(std::string_view composite) const {
  const auto first = composite.find(':');
  if (first == std::string_view::npos || Plain(composite.substr(0, first)) != part_.database)
    return false;
  if (part_.asset.empty()) return true;
  const auto rest = composite.substr(first + 1);
  return rest.starts_with(part_.asset) &&
         (rest.size() == part_.asset.size() || rest[part_.asset.size()] == ':');
}

bool Belongings::HasObject(std::string_view bucket, std::string_view key) const {
  const std::string path = fmt::format("{}/{}", bucket, key);
  if (previews_.contains(path)) return true;
  // What was derived of files lies under the same keys in a bucket of its own.
  const bool derived = bucket.ends_with("-auxiliary");
  for (auto slash = key.find('/'); slash != std::string_view::npos;
       slash = key.find('/', slash + 1))
    if (derived ? roots_.contains(key.substr(0, slash + 1))
                : places_.contains(path.substr(0, bucket.size() + 1 + slash + 1)))
      return true;
  return false;
}

bool Belongings::Has(std::string_view table, const Item& item) const {
  const auto rule = std::ranges::find(kRules, table, &Rule::table);
  if (rule == std::end(kRules)) return false;
  const std::string_view value = item.Text(rule->attribute);
  const bool whole = part_.asset.empty();
  switch (rule->by) {
    case By::kDatabase:
      return whole && Plain(value) == part_.database;
    case By::kAsset:
      return Plain(value) == part_.database && (whole || item.Text("assetId") == part_.asset);
    case By::kPair:
      return HasPair(value);
    case By::kSchema:
      return whole && Plain(value.substr(0, value.find(':'))) == part_.database;
    case By::kAssetAlone: {
      const std::string id = Plain(value);
      return known_.contains(id) && !shared_.contains(id);
    }
    case By::kSubscription: {
      constexpr std::string_view kAsset = "Asset#";
      if (!value.starts_with(kAsset)) return false;
      const std::string id(value.substr(kAsset.size()));
      return known_.contains(id) && !shared_.contains(id);
    }
    case By::kLink:
      return links_.contains(std::string(value));
    case By::kObject:
      return HasObject(value, item.Text("key"));
    case By::kObjectVersion: {
      const auto slash = value.find('/');
      return slash != std::string_view::npos &&
             HasObject(value.substr(0, slash), value.substr(slash + 1));
    }
    case By::kMarks:
      if (value.starts_with("database/")) return whole && value.substr(9) == part_.database;
      if (value.starts_with("link/")) return links_.contains(std::string(value.substr(5)));
      return HasPair(value);
  }
  return false;
}

Status VisitBelongings(OpContext& op, items::ItemSource& source, const Belongings& belongings,
                       std::string_view table, const std::function<Status(Item item)>& visit) {
  return VisitAll(op, source, table, [&](Item item) -> Status {
    return belongings.Has(table, item) ? visit(std::move(item)) : Ok();
  });
}

}  // namespace vams::lifecycle::backup
