// Creating assets.  Spec: api-assets.md sections 2.2 and 4.2.
#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "catalog/asset_counts.h"
#include "catalog/asset_edit.h"
#include "catalog/asset_marks.h"
#include "catalog/assets.h"
#include "catalog/assets_impl.h"
#include "catalog/databases.h"
#include "catalog/records.h"
#include "catalog/tag_records.h"
#include "catalog/version_records.h"
#include "model/database.h"

namespace vams::catalog {

using access::Action;
using items::Condition;
using items::Item;
using items::Value;
using items::Write;

namespace {

// The bucket that new assets of the database go to.  kNotFound.
Result<Bucket> BucketForNew(OpContext& op, items::ItemSource& source,
                            std::string_view database_id) {
  const Item keys[] = {{{"databaseId", Value::S(std::string(database_id))}}};
  TRY(const auto found, source.BatchGet(op, kDatabasesTable, keys));
  std::optional<Bucket> bucket;
  if (found.front()) {
    TRY(bucket, FindBucket(op, source, found.front()->Text("defaultBucketId")));
  }
  if (!bucket || bucket->prefix.empty())
    return Error(Code::kNotFound, "Error getting database default bucket details.");
  return *std::move(bucket);
}

// Where a new asset's files will lie.
struct NewPlace {
  std::string key;                  // of the folder
  bool adopted = false;             // is there already
  std::optional<AssetMarks> marks;  // of an adopted one: no other was adopted since
};

Result<NewPlace> OwnFolder(OpContext& op, objects::ObjectStore& objects, const Bucket& bucket,
                           const std::string& asset_id) {
  NewPlace place{.key = BasePrefix(bucket) + asset_id + "/", .adopted = false, .marks = {}};
  TRY(const auto page, objects.List(op, {.bucket = bucket.name, .prefix = place.key, .limit = 1}));
  if (!page.objects.empty())
    return Error(Code::kConflict,
                 "Asset identifier is not unique for the given S3 bucket location");
  return place;
}

// Whether files of one folder are files of the other too.
bool Overlap(const std::string& folder, const std::string& other) {
  return folder.starts_with(other) || other.starts_with(folder);
}

// Whether an asset, active or archived, has files at or under the folder, or the folder is in its
// own.
Result<bool> BelongsToAsset(OpContext& op, items::ItemSource& source, const std::string& bucket,
                            const std::string& folder) {
  BucketPage buckets;
  do {
    TRY(buckets, ListBuckets(op, source, buckets.next, 1000));
    for (const Bucket& record : buckets.buckets) {
      if (record.name != bucket) continue;
      items::QueryRequest request;
      request.table = kAssetsTable;
      request.index = "BucketIdGSI";
      request.partition = Value::S(record.id);
      do {
        TRY(items::Page page, source.Query(op, request));
        for (Item& item : page.items) {
          const Asset asset = AssetOf(std::move(item));
          if (!asset.location.empty() && Overlap(folder, asset.location)) return true;
        }
        request.after = std::move(page.next);
      } while (!request.after.empty());
    }
  } while (!buckets.next.empty());
  return false;
}

// An existing key becomes the asset's folder.  Not one that holds files of another asset: whoever
// may create assets could read them all, and deleting either asset would take them from the other.
Result<NewPlace> Adopt(OpContext& op, const Stores& stores, const Bucket& bucket,
                       std::string_view wanted) {
  const std::string base = BasePrefix(bucket);
  if (wanted.starts_with('/')) wanted.remove_prefix(1);
  NewPlace place{.key = std::string(wanted), .adopted = true, .marks = {}};
  if (!place.key.starts_with(base)) place.key.insert(0, base);
  bool there = !place.key.empty();
  if (there) {
    const auto found = stores.objects.Head(op, {bucket.name, place.key});
    if (!found.ok() && found.error().code != Code::kNotFound &&
        found.error().code != Code::kInvalid && found.error().code != Code::kTooLarge)
      return found.error();
    there = found.ok();
  }
  if (!there)
    return Error(Code::kNotFound,
                 "The specified bucketExistingKey does not exist in the asset's database default "
                 "S3 bucket");
  const std::string folder = IsFolderKey(place.key) ? place.key : place.key + "/";
  TRY(place.marks, ReadMarks(op, stores.items, "adopt:" + bucket.name));
  TRY(const bool taken, BelongsToAsset(op, stores.items, bucket.name, folder));
  const std::string_view inside =
      std::string_view(folder).substr(std::min(base.size(), folder.size()));
  if (taken || inside.empty() || IsReservedFolder(inside.substr(0, inside.find('/'))))
    return Error(Code::kConflict,
                 "The specified bucketExistingKey cannot become the folder of an asset, because it "
                 "holds files of another asset or of the system; name another key");
  return place;
}

Item VersionZero(const model::NewAsset& asset, const std::string& user, std::string now) {
  Item item =
      AssetVersionItem({asset.database_id, asset.id},
                       {.id = "0",
                        .created_at = std::move(now),
                        .created_by = user,
                        .comment = "Initial asset creation - Version 0 (No Files, No Metadata)",
                        .description = asset.description,
                        .alias = {},
                        .archived = false,
                        .marked_current = true});
  // Those of the first version are absent, as in the records of every release.
  item.Remove("versionAlias");
  item.Remove("isArchived");
  return item;
}

}  // namespace

Item NewAssetRecord(const model::NewAsset& asset, const Bucket& bucket, const std::string& key) {
  Item item = AssetKey(asset.database_id, asset.id);
  item.Set("assetName", Value::S(asset.name));
  item.Set("description", Value::S(asset.description));
  item.Set("isDistributable", Value::Bool(asset.distributable));
  item.Set("tags", TextList(asset.tags));
  item.Set("assetType", Value::S("none"));
  item.Set("bucketId", Value::S(bucket.id));
  item.Set("assetLocation", Value::M({{"Key", Value::S(key)}}));
  item.Set("currentVersionId", Value::S("0"));
  item.Set("snsTopic", Value::S(fmt::format("AssetTopic{}-{}", asset.database_id, asset.id)));
  return item;
}

std::vector<Write> NewAssetWrites(const model::NewAsset& asset, const Item& record,
                                  const std::string& user, std::string now) {
  return {Write::Put(kAssetsTable, record, {Condition::Absent()}),
          Write::Check(kAssetsTable,
                       AssetKey(asset.database_id + std::string(model::kDeletedSuffix), asset.id),
                       {Condition::Absent()}),
          Write::Put(kAssetVersionsTable, VersionZero(asset, user, std::move(now)))};
}

namespace {

Status CheckIdIsFree(OpContext& op, items::ItemSource& source, const model::NewAsset& asset) {
  TRY(const auto active, FindAsset(op, source, asset.database_id, asset.id));
  TRY(const auto archived, FindArchivedAsset(op, source, asset.database_id, asset.id));
  if (active || archived)
    return Error(Code::kConflict, "Asset with specified ID already exists",
                 active ? "" : "an archived asset has it");
  return Ok();
}

// False: others changed something that was looked at.
Result<bool> TryCreate(OpContext& op, const Stores& stores, const std::string& user,
                       const model::NewAsset& asset) {
  TRY_OK(CheckIdIsFree(op, stores.items, asset));
  TRY(const auto count, CountOneMore(op, stores.items, asset.database_id));
  if (!count) return Error(Code::kNotFound, "VAMS General Error: Database does not exist");
  TRY_OK(CheckTagsOfNewAsset(op, stores.items, asset.tags));
  TRY(const Bucket bucket, BucketForNew(op, stores.items, asset.database_id));
  TRY(const NewPlace place, asset.existing_key ? Adopt(op, stores, bucket, *asset.existing_key)
                                               : OwnFolder(op, stores.objects, bucket, asset.id));
  const Item record = NewAssetRecord(asset, bucket, place.key);
  std::vector<Write> writes =
      NewAssetWrites(asset, record, user, IsoMicrosNoZone(stores.clock.NowMillis()));
  writes.push_back(*count);
  if (place.marks) writes.push_back(Touch(place.marks->asset, {}, {Unedited(*place.marks)}));
  objects::ObjectChanges changes;
  if (!place.adopted) {
    TRY(auto empty, stores.objects.Stage(op, objects::SourceOf(""), {}));
    changes.Add(objects::PutChange{{bucket.name, place.key},
                                   std::move(empty),
                                   OwnedBy(AssetOf(record)),
                                   objects::PutCondition::Absent()});
  }
  const auto done = stores.objects.Commit(op, changes, writes);
  if (!done.ok()) {
    if (done.error().code == Code::kConflict) return false;
    return done.error();
  }
  if (place.adopted) {
    TRY([[maybe_unused]] const auto type,
        SettleAssetType(op, stores, {.asset = AssetOf(record), .bucket = bucket}));
  }
  return true;
}

}  // namespace

Result<std::string> Assets::Create(OpContext& op, Caller& caller, const model::NewAsset& asset) {
  TRY_OK(caller.Require(AssetObject(asset.database_id, asset.name, "", asset.tags), Action::kPut));
  model::NewAsset made = asset;
  if (made.id.empty()) made.id = "x" + NewUuid(stores_.random);
  TRY_OK(UntilDone("created", [&] { return TryCreate(op, stores_, caller.user(), made); }));
  return made.id;
}

}  // namespace vams::catalog
