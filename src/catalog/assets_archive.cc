// Archiving assets and bringing them back.  Spec: api-assets.md sections 4.7 and 4.8.
#include <algorithm>
#include <array>
#include <utility>

#include "catalog/asset_counts.h"
#include "catalog/asset_edit.h"
#include "catalog/asset_marks.h"
#include "catalog/assets.h"
#include "catalog/assets_impl.h"
#include "catalog/notices.h"
#include "catalog/records.h"
#include "model/database.h"

namespace vams::catalog {

using access::Action;
using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;
using objects::VersionInfo;

namespace {

// The record is as it was read: nothing that others write into it meanwhile gets lost.
std::vector<Condition> Unchanged(const Item& record) {
  // What others may add to a record that lacks it.
  static constexpr std::array<std::string_view, 7> kOptional = {
      "archivedAt",   "previewLocation", "snsTopic",        "status",
      "unarchivedAt", "unarchivedBy",    "unarchivedReason"};
  std::vector<Condition> unchanged{Condition::Exists()};
  for (const auto& [name, value] : record)
    if (name != "databaseId" && name != "assetId")
      unchanged.push_back(Condition::Equals(name, value));
  for (const std::string_view name : kOptional)
    if (!record.Has(name)) unchanged.push_back(Condition::Lacks(std::string(name)));
  return unchanged;
}

// The record under its other id.
Item Moved(const Asset& asset) {
  Item item = asset.item;
  item.Set("databaseId",
           Value::S(asset.archived ? asset.database_id
                                   : asset.database_id + std::string(model::kDeletedSuffix)));
  return item;
}

Write DeleteRecord(const Asset& asset) {
  return Write::Delete(kAssetsTable, AssetKey(asset.stored_database_id(), asset.id),
                       Unchanged(asset.item));
}

// The asset's current objects, its preview among them.
Result<std::vector<std::string>> LiveKeys(OpContext& op, objects::ObjectStore& objects,
                                          const AssetPlace& place) {
  TRY(const auto live, LiveObjects(op, objects, place.bucket.name, place.root()));
  std::vector<std::string> keys;
  for (const VersionInfo& info : live) keys.push_back(info.object.key);
  const auto& preview = place.asset.preview;
  if (preview && !preview->starts_with(place.root())) {
    const auto found = objects.Head(op, place.Object(*preview));
    if (found.ok())
      keys.push_back(*preview);
    else if (found.error().code != Code::kNotFound)
      return found.error();
  }
  return keys;
}

// Removes the delete markers that hide objects of the asset: all of them, or those of `only`, which
// is sorted.
Status AddMarkers(OpContext& op, objects::ObjectStore& objects,
                  objects::ListVersionsRequest request, const std::vector<std::string>* only,
                  objects::ObjectChanges& changes) {
  do {
    TRY(auto page, objects.ListVersions(op, request));
    for (VersionInfo& version : page.versions) {
      if (!version.is_latest || !version.is_delete_marker) continue;
      if (only != nullptr && !std::ranges::binary_search(*only, version.object.key)) continue;
      changes.Add(
          objects::DeleteVersionChange{std::move(version.object), std::move(version.version_id)});
    }
    request.cursor = std::move(page.next);
  } while (!request.cursor.empty());
  return Ok();
}

struct ArchiveRequest {
  const Stores& stores;
  Caller& caller;
  std::string database_id;
  std::string asset_id;
  const std::optional<std::string>& reason;
};

// False: others changed something that was looked at.
Result<bool> TryArchive(OpContext& op, const ArchiveRequest& request) {
  const Stores& stores = request.stores;
  TRY(auto asset, FindAsset(op, stores.items, request.database_id, request.asset_id));
  if (!asset) {
    TRY(const auto archived,
        FindArchivedAsset(op, stores.items, request.database_id, request.asset_id));
    if (!archived) return AssetMissing();
    TRY_OK(request.caller.Require(ObjectOf(*archived), Action::kDelete));
    return Error(Code::kConflict, "Asset " + request.asset_id + " is already archived");
  }
  TRY_OK(request.caller.Require(ObjectOf(*asset), Action::kDelete));
  const std::string pair = PairOf(asset->database_id, asset->id);
  // Before the files are looked for, so that what is added meanwhile is noticed.
  TRY(const AssetMarks marks, ReadMarks(op, stores.items, pair));
  TRY(const auto place, PlaceOf(op, stores.items, *std::move(asset)));
  TRY(const auto keys, LiveKeys(op, stores.objects, place));
  TRY(const auto count, CountOneLess(op, stores.items, place.asset.database_id));

  const std::string now = IsoMicrosNoZone(stores.clock.NowMillis());
  Item record = Moved(place.asset);
  record.Set("status", Value::S("archived"));
  record.Set("archivedAt", Value::S(now));
  record.Set("archivedBy", Value::S(request.caller.user()));
  record.Remove("archivedReason");
  if (request.reason) record.Set("archivedReason", Value::S(*request.reason));
  // The two halves of the move next to each other: who follows the changes takes them for one.
  std::vector<Write> writes = {
      DeleteRecord(place.asset), Write::Put(kAssetsTable, std::move(record)),
      Touch(pair, {{Mutation::Op::kSet, "archivedAt", Value::S(now)}}, {Unedited(marks)})};
  if (count) writes.push_back(*count);
  objects::ObjectChanges changes;
  TRY(auto stale, ArchivedKeys(op, stores.items, pair));
  for (const std::string& key : keys) {
    changes.Add(objects::DeleteChange{place.Object(key)});
    writes.push_back(PutArchivedKey(pair, key));
  }
  std::vector<std::string> kept = keys;
  std::ranges::sort(kept);
  for (const std::string& key : stale)
    if (!std::ranges::binary_search(kept, key)) writes.push_back(DeleteArchivedKey(pair, key));
  TRY(auto notice, NoticeOf(op, stores, place.asset,
                            {.kind = NoticeKind::kAssetArchived, .by = request.caller.user()}));
  if (notice) writes.push_back(*std::move(notice));
  const auto done = stores.objects.Commit(op, changes, writes);
  if (done.ok()) return true;
  if (done.error().code == Code::kConflict) return false;
  return done.error();
}

Result<bool> TryUnarchive(OpContext& op, const ArchiveRequest& request) {
  const Stores& stores = request.stores;
  TRY(auto asset, FindArchivedAsset(op, stores.items, request.database_id, request.asset_id));
  TRY(const auto active, FindAsset(op, stores.items, request.database_id, request.asset_id));
  if (!asset && !active) return Error(Code::kNotFound, "Asset not found");
  TRY_OK(request.caller.Require(ObjectOf(active ? *active : *asset), Action::kPut));
  if (active)
    return Error(Code::kConflict, "Asset is not archived. Only archived assets can be unarchived.");
  if (asset->item.Text("status") != "archived")
    return Error(Code::kConflict, "Asset is not in a valid archived state. Cannot unarchive.");
  const std::string pair = PairOf(asset->database_id, asset->id);
  TRY(const AssetMarks marks, ReadMarks(op, stores.items, pair));
  TRY(const auto keys, ArchivedKeys(op, stores.items, pair));
  TRY(const auto place, PlaceOf(op, stores.items, *std::move(asset)));
  TRY(const auto count, CountOneMore(op, stores.items, place.asset.database_id));
  if (!count)
    return Error(Code::kConflict, "Database " + place.asset.database_id +
                                      " is archived, so its assets stay archived. Create the "
                                      "database again, then unarchive the asset.");

  objects::ObjectChanges changes;
  const bool recorded = marks.archived_at && marks.archived_at == place.asset.archived_at;
  const auto* only = recorded ? &keys : nullptr;
  TRY_OK(AddMarkers(op, stores.objects, {.bucket = place.bucket.name, .prefix = place.root()}, only,
                    changes));
  const auto& preview = place.asset.preview;
  if (preview && !preview->starts_with(place.root()))
    TRY_OK(AddMarkers(op, stores.objects, {.bucket = place.bucket.name, .key = *preview}, only,
                      changes));

  Item record = Moved(place.asset);
  for (const char* name :
       {"status", "archivedAt", "archivedBy", "archivedReason", "unarchivedReason"})
    record.Remove(name);
  record.Set("unarchivedAt", Value::S(IsoMicrosNoZone(stores.clock.NowMillis())));
  record.Set("unarchivedBy", Value::S(request.caller.user()));
  if (request.reason) record.Set("unarchivedReason", Value::S(*request.reason));
  std::vector<Write> writes = {
      DeleteRecord(place.asset), Write::Put(kAssetsTable, std::move(record), {Condition::Absent()}),
      Touch(pair, {{Mutation::Op::kRemove, "archivedAt", {}}}, {Unedited(marks)}), *count};
  for (const std::string& key : keys) writes.push_back(DeleteArchivedKey(pair, key));
  TRY(auto notice, NoticeOf(op, stores, place.asset,
                            {.kind = NoticeKind::kAssetUnarchived, .by = request.caller.user()}));
  if (notice) writes.push_back(*std::move(notice));
  const auto done = stores.objects.Commit(op, changes, writes);
  if (!done.ok()) {
    if (done.error().code == Code::kConflict) return false;
    return done.error();
  }
  if (!recorded) {
    // There may be more files than when the type was settled.
    TRY([[maybe_unused]] const auto type, SettleAssetType(op, stores, place));
  }
  return true;
}

}  // namespace

Status Assets::Archive(OpContext& op, Caller& caller, std::string_view database_id,
                       std::string_view asset_id, const std::optional<std::string>& reason) {
  const ArchiveRequest request{stores_, caller, std::string(database_id), std::string(asset_id),
                               reason};
  return UntilDone("archived", [&] { return TryArchive(op, request); });
}

Status Assets::Unarchive(OpContext& op, Caller& caller, std::string_view database_id,
                         std::string_view asset_id, const std::optional<std::string>& reason) {
  const ArchiveRequest request{stores_, caller, std::string(database_id), std::string(asset_id),
                               reason};
  return UntilDone("unarchived", [&] { return TryUnarchive(op, request); });
}

}  // namespace vams::catalog
