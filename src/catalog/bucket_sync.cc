#include "catalog/bucket_sync.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>
#include <vector>

#include "base/contention.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "catalog/asset_counts.h"
#include "catalog/assets_impl.h"
#include "catalog/databases.h"
#include "catalog/records.h"
#include "model/names.h"

namespace vams::catalog {

using items::Condition;
using items::Item;
using items::Value;
using items::Write;

namespace {

// How often the making of an asset is tried while others make it too.
constexpr std::string_view kMaker = "system";

// The id of the database that is made for a bucket which no database keeps its files in.
std::string OwnDatabaseId(const Bucket& bucket, std::string_view sync_database) {
  std::string prefix = BasePrefix(bucket);
  if (prefix.ends_with('/')) prefix.pop_back();
  const std::string place = fmt::format("{}:{}", bucket.name, prefix.empty() ? "root" : prefix);
  return fmt::format("{}-{}", sync_database, HexEncode(Md5(place)).substr(0, 8));
}

// Active databases whose files go to this bucket and prefix, by id.
Result<std::vector<std::string>> DatabasesOf(OpContext& op, items::ItemSource& source,
                                             const Bucket& bucket) {
  std::vector<std::string> ids;
  TRY_OK(ForEachItem(op, source, kDatabasesTable, [&](const Item& item) {
    const std::string_view id = item.Text("databaseId");
    if (id.ends_with(model::kDeletedSuffix) || item.Text("defaultBucketId") != bucket.id) return;
    ids.emplace_back(id);
  }));
  std::ranges::sort(ids);
  return ids;
}

Item NewDatabaseItem(const std::string& id, const Bucket& bucket, std::int64_t now) {
  return {{"assetCount", Value::N(std::int64_t{0})},
          {"databaseId", Value::S(id)},
          {"dateCreated", Value::S(LongDate(now))},
          {"defaultBucketId", Value::S(bucket.id)},
          {"description", Value::S("Auto-created database for bucket " + bucket.id)},
          {"restrictFileUploadsToExtensions", Value::S("")},
          {"restrictMetadataOutsideSchemas", Value::Bool(false)}};
}

// The database for a new asset; made if there is none.
Result<std::string> DatabaseFor(OpContext& op, const Stores& stores, const Bucket& bucket,
                                std::string_view sync_database) {
  TRY(const auto ids, DatabasesOf(op, stores.items, bucket));
  if (std::ranges::find(ids, sync_database) != ids.end()) return std::string(sync_database);
  if (!ids.empty()) return ids.front();
  const std::string own = OwnDatabaseId(bucket, sync_database);
  const Item keys[] = {{{"databaseId", Value::S(own)}},
                       {{"databaseId", Value::S(own + std::string(model::kDeletedSuffix))}}};
  TRY(const auto there, stores.items.BatchGet(op, kDatabasesTable, keys));
  if (there[0]) return own;
  if (there[1])
    return Error(Code::kDenied,
                 fmt::format("database {} is archived, so no asset is made in it", own));
  const Write writes[] = {Write::Put(kDatabasesTable,
                                     NewDatabaseItem(own, bucket, stores.clock.NowMillis()),
                                     {Condition::Absent()})};
  const auto made = stores.items.Commit(op, writes);
  if (!made.ok() && made.error().code != Code::kConflict) return made.error();
  return own;
}

// Active or archived, whose files lie in this bucket.
Result<std::optional<Asset>> FindInBucket(OpContext& op, items::ItemSource& source,
                                          const Bucket& bucket, std::string_view asset_id) {
  items::QueryRequest request;
  request.table = kAssetsTable;
  request.index = "BucketIdGSI";
  request.partition = Value::S(bucket.id);
  request.sort =
      items::SortCondition::Is(items::SortCondition::Op::kEqual, Value::S(std::string(asset_id)));
  std::optional<Asset> archived;
  do {
    TRY(items::Page page, source.Query(op, request));
    for (Item& item : page.items) {
      Asset asset = AssetOf(std::move(item));
      if (!asset.archived) return std::optional(std::move(asset));
      archived = std::move(asset);
    }
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return archived;
}

}  // namespace

std::string SyncedAssetId(const Bucket& bucket, std::string_view key, std::string* why) {
  const std::string base = BasePrefix(bucket);
  if (!key.starts_with(base)) {
    *why = "it is outside the bucket's prefix";
    return {};
  }
  key.remove_prefix(base.size());
  const std::size_t slash = key.find('/');
  if (slash == key.npos) {
    *why = "it lies in no folder of an asset";
    return {};
  }
  std::string id(key.substr(0, slash));
  if (IsReservedFolder(id)) {
    *why = fmt::format("\"{}\" is a reserved name", id);
    return {};
  }
  if (model::CheckAssetId("assetId", id)) {
    *why = fmt::format("\"{}\" cannot be the id of an asset", id);
    return {};
  }
  return id;
}

Result<AssetPlace> SyncedAsset(OpContext& op, const Stores& stores, const Bucket& bucket,
                               std::string_view sync_database, std::string_view asset_id) {
  const std::string id(asset_id);
  for (Contention contention; contention.Next();) {
    TRY(auto asset, FindInBucket(op, stores.items, bucket, id));
    if (asset && asset->archived)
      return Error(Code::kDenied,
                   fmt::format("asset {} is archived in database {}", id, asset->database_id));
    if (asset) return PlaceOf(op, stores.items, *std::move(asset));
    TRY(const std::string database, DatabaseFor(op, stores, bucket, sync_database));
    TRY(const auto active, FindAsset(op, stores.items, database, id));
    TRY(const auto archived, FindArchivedAsset(op, stores.items, database, id));
    if (active || archived)
      return Error(
          Code::kDenied,
          fmt::format("database {} has another asset {}, whose files lie elsewhere", database, id));
    const model::NewAsset wanted{.database_id = database,
                                 .id = id,
                                 .name = id,
                                 .description = "Auto-created asset for " + id};
    const std::string marker = BasePrefix(bucket) + id + "/";
    const Item record = NewAssetRecord(wanted, bucket, marker);
    std::vector<Write> writes = NewAssetWrites(wanted, record, std::string(kMaker),
                                               IsoMicrosNoZone(stores.clock.NowMillis()));
    TRY(const auto count, CountOneMore(op, stores.items, database));
    if (!count) continue;  // archived or deleted since
    writes.push_back(*count);
    objects::ObjectChanges changes;
    TRY(const auto marked, LiveObjects(op, stores.objects, bucket.name, marker));
    if (std::ranges::none_of(
            marked, [&](const objects::VersionInfo& info) { return info.object.key == marker; })) {
      TRY(auto empty, stores.objects.Stage(op, objects::SourceOf(""), {}));
      changes.Add(objects::PutChange{
          {bucket.name, marker}, std::move(empty), OwnedBy(AssetOf(record)), {}});
    }
    const auto done = stores.objects.Commit(op, changes, writes);
    if (!done.ok() && done.error().code != Code::kConflict) return done.error();
  }
  return Error(
      Code::kUnavailable,
      fmt::format("asset {} is being changed by others all the time; it is tried again", id));
}

}  // namespace vams::catalog
