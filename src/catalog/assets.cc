#include "catalog/assets.h"

#include <algorithm>
#include <map>
#include <utility>

#include "catalog/assets_impl.h"
#include "catalog/notices.h"
#include "catalog/version_records.h"
#include "model/database.h"

namespace vams::catalog {

using access::Action;
using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

// In front of the store's cursor in the cursor of a list: which part of the list it belongs to.
constexpr char kActivePart = 'a';
constexpr char kArchivedPart = 'd';

AssetIds IdsOf(const Asset& asset) { return {asset.database_id, asset.id}; }

CurrentVersion CurrentOf(const Item& item) {
  return {.id = std::string(item.Text("assetVersionId")),
          .date = std::string(item.Text("dateCreated")),
          .comment = std::string(item.Text("comment")),
          .description = std::string(item.Text("description")),
          .created_by = std::string(item.Text("createdBy")),
          .alias = std::string(item.Text("versionAlias"))};
}

// What the caller may see of these records, with what is shown beside them.
Result<std::vector<AssetView>> ViewsOf(OpContext& op, items::ItemSource& source, Caller& caller,
                                       std::vector<Item> records) {
  std::vector<AssetView> views;
  std::vector<Item> version_keys;
  // Many assets, few buckets.
  std::map<std::string, std::string> bucket_names;
  for (Item& record : records) {
    AssetView view{.asset = AssetOf(std::move(record)), .bucket_name = {}, .version = {}};
    if (!caller.MaySee(ObjectOf(view.asset))) continue;
    const std::string& bucket_id = view.asset.bucket_id;
    auto known = bucket_names.find(bucket_id);
    if (known == bucket_names.end()) {
      TRY(const auto bucket, FindBucket(op, source, bucket_id));
      known = bucket_names.emplace(bucket_id, bucket ? bucket->name : "").first;
    }
    view.bucket_name = known->second;
    if (!view.asset.current_version.empty())
      version_keys.push_back(AssetVersionKey(IdsOf(view.asset), view.asset.current_version));
    views.push_back(std::move(view));
  }
  if (version_keys.empty()) return views;
  TRY(const auto versions, source.BatchGet(op, kAssetVersionsTable, version_keys));
  std::size_t at = 0;
  for (AssetView& view : views) {
    if (view.asset.current_version.empty()) continue;
    if (versions[at]) view.version = CurrentOf(*versions[at]);
    ++at;
  }
  return views;
}

// An `after` that was given for something else is the caller's mistake; the list says so.
Result<items::Page> PageOr(Result<items::Page> page, std::string_view complaint) {
  if (page.ok() || page.error().code != Code::kInvalid) return page;
  return Error(Code::kInvalid, std::string(complaint), page.error().message);
}

}  // namespace

// ---- Lists.

Result<AssetPage> Assets::List(OpContext& op, Caller& caller, std::string_view database_id,
                               bool archived_too, std::string_view after, std::size_t limit) {
  constexpr std::string_view kComplaint = "Error retrieving assets.";
  char part = kActivePart;
  if (!after.empty()) {
    part = after.front();
    after.remove_prefix(1);
    if (part != kActivePart && !(part == kArchivedPart && archived_too))
      return Error(Code::kInvalid, std::string(kComplaint), "a cursor of another list");
  }
  AssetPage assets;
  for (;;) {
    items::QueryRequest request;
    request.table = kAssetsTable;
    request.partition =
        Value::S(std::string(database_id)
                     .append(part == kArchivedPart ? model::kDeletedSuffix : std::string_view()));
    request.descending = true;
    request.limit = limit;
    request.after = after;
    TRY(items::Page page, PageOr(stores_.items.Query(op, request), kComplaint));
    limit -= std::min(limit, page.items.size());
    TRY(auto views, ViewsOf(op, stores_.items, caller, std::move(page.items)));
    std::ranges::move(views, std::back_inserter(assets.assets));
    if (!page.next.empty()) {
      assets.next = part + page.next;
      return assets;
    }
    if (part == kArchivedPart || !archived_too) return assets;
    // The archived ones begin on this page if there is room, else on the next.
    part = kArchivedPart;
    after = {};
    if (limit == 0) {
      assets.next = std::string(1, kArchivedPart);
      return assets;
    }
  }
}

Result<AssetPage> Assets::ListAll(OpContext& op, Caller& caller, bool archived,
                                  std::string_view after, std::size_t limit) {
  TRY(items::Page page, PageOr(stores_.items.Scan(op, kAssetsTable, {}, after, limit),
                               "Error retrieving all assets."));
  std::erase_if(page.items, [archived](const Item& item) {
    return item.Text("databaseId").ends_with(model::kDeletedSuffix) != archived;
  });
  TRY(auto views, ViewsOf(op, stores_.items, caller, std::move(page.items)));
  return AssetPage{.assets = std::move(views), .next = std::move(page.next)};
}

// ---- One asset.

Result<AssetView> Assets::Get(OpContext& op, Caller& caller, std::string_view database_id,
                              std::string_view asset_id, bool archived_too) {
  TRY(auto asset, FindAsset(op, stores_.items, database_id, asset_id));
  if (!asset && archived_too) {
    TRY(asset, FindArchivedAsset(op, stores_.items, database_id, asset_id));
  }
  if (!asset) return Error(Code::kNotFound, "Asset not found");
  TRY_OK(caller.Require(ObjectOf(*asset), Action::kGet));
  std::vector<Item> records;
  records.push_back(std::move(asset->item));
  TRY(auto views, ViewsOf(op, stores_.items, caller, std::move(records)));
  VAMS_CHECK(views.size() == 1);
  return std::move(views.front());
}

Status Assets::Update(OpContext& op, Caller& caller, std::string_view stored_database_id,
                      std::string_view asset_id, const model::AssetChange& change) {
  TRY(const auto asset, FindAsset(op, stores_.items, stored_database_id, asset_id));
  if (!asset) return AssetMissing();
  TRY_OK(caller.Require(ObjectOf(*asset), Action::kPut));
  std::vector<Mutation> mutations;
  const auto set = [&](std::string_view name, Value value) {
    mutations.push_back({Mutation::Op::kSet, std::string(name), std::move(value)});
  };
  if (change.name) set("assetName", Value::S(*change.name));
  if (change.description) set("description", Value::S(*change.description));
  if (change.distributable) set("isDistributable", Value::Bool(*change.distributable));
  if (change.tags) set("tags", TextList(*change.tags));
  std::vector<Write> writes{Write::Update(kAssetsTable, AssetKey(stored_database_id, asset_id),
                                          std::move(mutations), {Condition::Exists()})};
  TRY(auto notice,
      NoticeOf(op, stores_, *asset, {.kind = NoticeKind::kAssetChanged, .by = caller.user()}));
  if (notice) writes.push_back(*std::move(notice));
  const auto done = stores_.items.Commit(op, writes);
  if (done.ok()) return Ok();
  if (done.error().code == Code::kConflict) return AssetMissing();
  return done.error();
}

}  // namespace vams::catalog
