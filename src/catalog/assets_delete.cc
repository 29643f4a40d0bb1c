// Deleting assets for good.  Spec: api-assets.md section 4.9.
#include <fmt/format.h>

#include <set>
#include <utility>

#include "catalog/asset_counts.h"
#include "catalog/asset_marks.h"
#include "catalog/assets.h"
#include "catalog/assets_impl.h"
#include "catalog/comments.h"
#include "catalog/link_records.h"
#include "catalog/metadata_records.h"
#include "catalog/records.h"
#include "catalog/subscription_records.h"
#include "catalog/uploads.h"
#include "catalog/version_records.h"
#include "model/database.h"

namespace vams::catalog {

using access::Action;
using items::Condition;
using items::Item;
using items::Value;
using items::Write;
using objects::VersionInfo;

namespace {

struct Doomed {
  std::string database_id, asset_id;
  std::optional<Asset> active, archived;

  std::string pair() const { return PairOf(database_id, asset_id); }
};

// Records of assets with this id in other databases.
Result<std::vector<Asset>> Namesakes(OpContext& op, items::ItemSource& source,
                                     const Doomed& doomed) {
  TRY(auto assets, AssetsWithId(op, source, doomed.asset_id));
  std::erase_if(assets,
                [&](const Asset& asset) { return asset.database_id == doomed.database_id; });
  return assets;
}

// ---- Records.

void Append(std::vector<Write> more, std::vector<Write>& writes) {
  std::ranges::move(more, std::back_inserter(writes));
}

// Comments, deleted ones too, and the subscriptions to new versions.
Status AddShared(OpContext& op, items::ItemSource& source, const std::string& asset_id,
                 std::vector<Write>& writes) {
  TRY(auto comments, DeletionsOfComments(op, source, asset_id));
  Append(std::move(comments), writes);
  writes.push_back(Write::Delete(kSubscriptionsTable, AssetSubscriptionKey(asset_id)));
  return Ok();
}

Status AddUploads(OpContext& op, items::ItemSource& source, const Doomed& doomed,
                  std::vector<Write>& writes) {
  items::QueryRequest request;
  request.table = kUploadsTable;
  request.index = "AssetIdGSI";
  request.partition = Value::S(doomed.asset_id);
  do {
    TRY(items::Page page, source.Query(op, request));
    for (const Item& upload : page.items)
      if (upload.Text("databaseId") == doomed.database_id)
        writes.push_back(Write::Delete(
            kUploadsTable, {{"assetId", Value::S(doomed.asset_id)},
                            {"uploadId", Value::S(std::string(upload.Text("uploadId")))}}));
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return Ok();
}

// The asset's own records: they have to be as they were found, active or archived or both.
void AddAssetRecords(const Doomed& doomed, std::vector<Write>& writes) {
  const auto add = [&](const std::optional<Asset>& asset, std::string_view suffix) {
    Item key = AssetKey(std::string(doomed.database_id).append(suffix), doomed.asset_id);
    writes.push_back(asset ? Write::Delete(kAssetsTable, std::move(key), {Condition::Exists()})
                           : Write::Check(kAssetsTable, std::move(key), {Condition::Absent()}));
  };
  add(doomed.active, "");
  add(doomed.archived, model::kDeletedSuffix);
}

Result<std::vector<Write>> DeletionsOfRecords(OpContext& op, items::ItemSource& source,
                                              const Doomed& doomed, bool shared,
                                              const AssetMarks& marks) {
  std::vector<Write> writes;
  AddAssetRecords(doomed, writes);
  writes.push_back(DropMarks(marks));
  TRY(const auto archived_keys, ArchivedKeys(op, source, doomed.pair()));
  for (const std::string& key : archived_keys)
    writes.push_back(DeleteArchivedKey(doomed.pair(), key));
  const MetadataOwner owner{doomed.database_id, doomed.asset_id};
  TRY(const auto rows, MetadataOfAsset(op, source, owner));
  for (const MetadataRow& row : rows) writes.push_back(DeleteMetadata(owner, row));
  TRY(auto versions, DeletionsOfVersions(op, source, owner));
  Append(std::move(versions), writes);
  TRY(auto links, DeletionsOfLinks(op, source, {doomed.database_id, doomed.asset_id}));
  Append(std::move(links), writes);
  TRY_OK(AddUploads(op, source, doomed, writes));
  if (!shared) TRY_OK(AddShared(op, source, doomed.asset_id, writes));
  if (doomed.active) {
    TRY(const auto count, CountOneLess(op, source, doomed.database_id));
    if (count) writes.push_back(*count);
  }
  return writes;
}

// ---- Objects.

// Names an object version, so that none is removed twice.
using VersionName = std::pair<objects::ObjectId, std::string>;

// Every version of what lies in the asset's folder, of its preview, and of what was staged for both
// but never became a file; and what was derived of its files, unless another asset has the same
// keys.
Status AddObjects(OpContext& op, const Stores& stores, const AssetPlace& place,
                  bool derived_is_shared, std::set<VersionName>& removed,
                  objects::ObjectChanges& changes) {
  const auto remove = [&](std::vector<VersionInfo> versions) {
    for (VersionInfo& version : versions)
      if (removed.emplace(version.object, version.version_id).second)
        changes.Add(
            objects::DeleteVersionChange{std::move(version.object), std::move(version.version_id)});
  };
  const std::string& bucket = place.bucket.name;
  const std::string base = BasePrefix(place.bucket);
  const std::string staging = base + "temp-uploads/";
  const std::string previews = fmt::format("{}previews/{}/", base, place.asset.id);
  for (const std::string& prefix : {place.root(), staging + place.root(), staging + previews}) {
    TRY(auto versions, AllVersions(op, stores.objects, bucket, prefix));
    remove(std::move(versions));
  }
  if (place.asset.preview) {
    TRY(auto versions, VersionsOf(op, stores.objects, place.Object(*place.asset.preview)));
    remove(std::move(versions));
  }
  if (derived_is_shared) return Ok();
  TRY(auto derived, AllVersions(op, stores.objects, stores.auxiliary_bucket, place.root()));
  remove(std::move(derived));
  return Ok();
}

// What was begun to be uploaded into the asset can go: it cannot be completed any more.  What is
// left here goes like every upload that is never completed.
void AbortUploads(OpContext& op, objects::ObjectStore& objects, const std::string& bucket,
                  const Doomed& doomed) {
  objects::ListUploadsRequest request{.bucket = bucket, .created_before_millis = {}, .cursor = {}};
  do {
    auto page = objects.ListUploads(op, request);
    if (!page.ok()) return;
    for (const objects::UploadInfo& upload : page->uploads) {
      const auto is = [&](const std::string& name, const std::string& value) {
        const auto found = upload.metadata.user.find(name);
        return found != upload.metadata.user.end() && found->second == value;
      };
      if (is(kDatabaseIdMetadata, doomed.database_id) && is(kAssetIdMetadata, doomed.asset_id))
        (void)objects.AbortUpload(op, upload.upload_id);
    }
    request.cursor = std::move(page->next);
  } while (!request.cursor.empty());
}

// ---- All of it.

// False: others changed something that was looked at.
Result<bool> TryDelete(OpContext& op, const Stores& stores, Caller& caller, Doomed& doomed) {
  TRY(doomed.active, FindAsset(op, stores.items, doomed.database_id, doomed.asset_id));
  TRY(doomed.archived, FindArchivedAsset(op, stores.items, doomed.database_id, doomed.asset_id));
  if (!doomed.active && !doomed.archived) return AssetMissing();
  for (const auto& asset : {doomed.active, doomed.archived})
    if (asset) TRY_OK(caller.Require(ObjectOf(*asset), Action::kDelete));
  // Before anything is looked for, so that what is added meanwhile is noticed.
  TRY(const AssetMarks marks, ReadMarks(op, stores.items, doomed.pair()));
  TRY(const auto namesakes, Namesakes(op, stores.items, doomed));
  TRY(auto writes, DeletionsOfRecords(op, stores.items, doomed, !namesakes.empty(), marks));
  // What is left to the namesake must not be left to nobody.
  if (!namesakes.empty())
    writes.push_back(Write::Check(
        kAssetsTable, AssetKey(namesakes.front().stored_database_id(), namesakes.front().id),
        {Condition::Exists()}));
  objects::ObjectChanges changes;
  std::set<VersionName> removed;
  std::set<std::string> buckets;
  for (const auto& asset : {doomed.active, doomed.archived}) {
    if (!asset) continue;
    const auto place = PlaceOf(op, stores.items, *asset);
    // A record that does not say where its files lie can go all the same.
    if (!place.ok() && place.error().code == Code::kNotFound) continue;
    if (!place.ok()) return place.error();
    const bool shared = std::ranges::any_of(
        namesakes, [&](const Asset& other) { return other.location == place->root(); });
    TRY_OK(AddObjects(op, stores, *place, shared, removed, changes));
    buckets.insert(place->bucket.name);
  }
  const auto done = stores.objects.Commit(op, changes, writes);
  if (!done.ok()) {
    if (done.error().code == Code::kConflict) return false;
    return done.error();
  }
  for (const std::string& bucket : buckets) AbortUploads(op, stores.objects, bucket, doomed);
  return true;
}

}  // namespace

Status Assets::Delete(OpContext& op, Caller& caller, std::string_view database_id,
                      std::string_view asset_id) {
  Doomed doomed{.database_id = std::string(database_id),
                .asset_id = std::string(asset_id),
                .active = {},
                .archived = {}};
  return UntilDone("deleted", [&] { return TryDelete(op, stores_, caller, doomed); });
}

}  // namespace vams::catalog
