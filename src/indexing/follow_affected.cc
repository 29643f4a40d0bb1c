// Pass: what is affected.
#include <fmt/format.h>

#include <algorithm>
#include <optional>
#include <utility>

#include "catalog/asset_records.h"
#include "catalog/buckets.h"
#include "catalog/databases.h"
#include "catalog/link_records.h"
#include "catalog/records.h"
#include "indexing/document_parts.h"
#include "indexing/follow_pass.h"
#include "model/database.h"
#include "tables/system_tables.h"

namespace vams::indexing {

using items::Item;
using items::Value;
using search::Write;

namespace {}  // namespace

std::vector<std::pair<std::string_view, std::string_view>> FoldersOf(std::string_view key) {
  std::vector<std::pair<std::string_view, std::string_view>> folders;
  for (std::size_t at = 0, slash = key.find('/'); slash != key.npos;
       at = slash + 1, slash = key.find('/', at))
    if (slash > at) folders.emplace_back(key.substr(at, slash - at), key.substr(slash + 1));
  return folders;
}

Status Pass::AddLinks(OpContext& op, Affected& affected) {
  for (const std::string& id : affected.links) {
    TRY(const auto link, catalog::FindLink(op, store_, id));
    if (!link) continue;
    affected.assets.try_emplace({link->from.database_id, link->from.asset_id});
    affected.assets.try_emplace({link->to.database_id, link->to.asset_id});
  }
  return Ok();
}

// The place of a bucket stands in all documents.
Status Pass::AddBuckets(OpContext& op, Affected& affected) {
  for (const std::string& id : affected.buckets) {
    items::QueryRequest request;
    request.table = catalog::kAssetsTable;
    request.index = "BucketIdGSI";
    request.partition = Value::S(id);
    request.limit = catalog::kPageItems;
    do {
      TRY(const items::Page page, store_.Query(op, request));
      for (const Item& item : page.items)
        affected
            .assets[{std::string(model::PlainId(item.Text("databaseId"))),
                     std::string(item.Text("assetId"))}]
            .files = true;
      request.after = page.next;
    } while (!request.after.empty());
  }
  return Ok();
}

// Those that can be files, a preview as the file that it is of; with what their records say where
// the log did not.
Result<std::vector<Pass::Object>> Pass::ObjectsOf(OpContext& op, Affected& affected) {
  std::map<std::pair<std::string, std::string>, AffectedObject> files;
  for (auto& [name, object] : affected.objects) {
    const auto& [bucket, key] = name;
    const bool preview = catalog::IsPreviewKey(key);
    std::string base(catalog::BaseOfPreview(key));
    if (!IsIndexedKey(base)) continue;
    AffectedObject& file = files[{bucket, std::move(base)}];
    file.owners.merge(object.owners);
    file.unmarked |= object.unmarked;
    file.look |= object.look || preview;
    file.put_last = file.position == 0 ? object.put_last : file.put_last && object.put_last;
    file.position = std::max(file.position, object.position);
  }
  std::vector<Object> objects;
  std::vector<Item> keys;
  std::vector<std::size_t> looked;  // at the objects of the keys
  for (auto& [name, file] : files) {
    if (file.look || file.unmarked || file.owners.empty()) {
      looked.push_back(objects.size());
      keys.push_back(objects::ObjectKey(name.first, name.second));
    }
    objects.push_back({.bucket = name.first, .key = name.second, .affected = std::move(file)});
  }
  if (keys.empty()) return objects;
  TRY(const auto records, store_.BatchGet(op, std::string(tables::kObjectsTable), keys));
  for (std::size_t i = 0; i < looked.size(); ++i) {
    Object& object = objects[looked[i]];
    object.looked = true;
    object.there = records[i].has_value();
    // What a broken record says about its owner is not known: then its folders tell.
    const auto record =
        records[i] ? objects::ObjectFromItem(*records[i]) : Result<objects::ObjectRecord>(Error());
    const auto* metadata =
        record.ok() && record->newest.user_metadata ? &*record->newest.user_metadata : nullptr;
    const auto owner = metadata != nullptr ? OwnerMarks(*metadata) : std::nullopt;
    if (owner)
      object.affected.owners.insert(*owner);
    else
      object.affected.unmarked = true;
  }
  return objects;
}

Result<std::vector<AssetRef>> Pass::AssetsOfId(OpContext& op, const std::string& id) {
  if (const auto known = by_id_.find(id); known != by_id_.end()) return known->second;
  TRY(const auto assets, catalog::AssetsWithId(op, store_, id));
  std::vector<AssetRef>& refs = by_id_[id];
  for (const auto& asset : assets) refs.push_back(RefOf(asset));
  return refs;
}

// The object is gone, the asset that it was a file of as well, and nothing tells which one that
// was: a document that it may have had is removed from every database.
Status Pass::RemoveGuessed(OpContext& op, std::string_view asset_id, std::string_view path) {
  if (!databases_) {
    databases_.emplace();
    TRY_OK(catalog::ForEachItem(op, store_, catalog::kDatabasesTable, [&](const Item& item) {
      databases_->emplace_back(model::PlainId(item.Text("databaseId")));
    }));
  }
  for (const std::string& database : *databases_)
    writes_.push_back(
        Write::Remove(FileDocumentId({database, std::string(asset_id)}, fmt::format("/{}", path))));
  return FlushIfFull(op);
}

// An object without marks belongs to the asset whose folder it lies in.
Status Pass::AddOwners(OpContext& op, Object& object) {
  if (!object.affected.unmarked) return Ok();
  for (const auto& [folder, rest] : FoldersOf(object.key)) {
    TRY(const auto assets, AssetsOfId(op, std::string(folder)));
    object.affected.owners.insert(assets.begin(), assets.end());
    if (assets.empty() && object.looked && !object.there) TRY_OK(RemoveGuessed(op, folder, rest));
  }
  return Ok();
}

Status Pass::AddWork(OpContext& op, Affected& affected) {
  TRY_OK(AddLinks(op, affected));
  TRY_OK(AddBuckets(op, affected));
  for (auto& [ref, asset] : affected.assets) {
    Work& work = work_[ref];
    work.asset = true;
    work.files = asset.files;
    work.unknown = asset.unknown;
    work.folders = std::move(asset.folders);
  }
  for (const auto& [ref, paths] : affected.files)
    for (const auto& [path, position] : paths)
      if (!memory_.Covers(ref, path, position)) work_[ref].paths.insert(path);
  TRY(auto objects, ObjectsOf(op, affected));
  for (Object& object : objects) {
    TRY_OK(AddOwners(op, object));
    for (const AssetRef& owner : object.affected.owners) {
      if (object.affected.put_last &&
          memory_.CoversKey(owner, object.key, object.affected.position))
        continue;
      Work& work = work_[owner];
      // An asset's files lie in one bucket.
      if (!work.bucket.empty() && work.bucket != object.bucket) {
        TRY_OK(Do(op, owner, std::exchange(work, {})));
      }
      work.bucket = object.bucket;
      work.keys.insert(object.key);
    }
  }
  return Ok();
}

}  // namespace vams::indexing
