#include "catalog/search_access.h"

#include <algorithm>
#include <utility>

#include "base/hash.h"
#include "catalog/asset_records.h"
#include "catalog/databases.h"
#include "catalog/records.h"
#include "model/database.h"

namespace vams::catalog {

using access::Action;
using access::Field;
using access::Outlook;

namespace {

// How long a list is believed that nothing tells to be outdated.
constexpr std::int64_t kMaxAgeMillis = 1000;

constexpr Field kName[] = {Field::kAssetName};
constexpr Field kAllButDatabase[] = {Field::kAssetName, Field::kAssetType, Field::kTags};

access::Object ObjectOf(const search::AccessClass& access, std::string_view asset_name) {
  return AssetObject(access.database, asset_name, access.asset_type, access.tags);
}

Outlook OutlookOf(const access::Policy& policy, std::string_view database) {
  return policy.Foresee(AssetObject(database, "", "", {}), Action::kGet, kAllButDatabase);
}

}  // namespace

// ---- Databases

Result<std::shared_ptr<const LiveDatabases>> LiveDatabaseList::Get(OpContext& op) {
  const std::int64_t now = clock_.NowMillis();
  // Before the list is read, so that what changes meanwhile is seen by the next request.
  TRY(const items::Position position, items_.LastChange(op));
  {
    const std::lock_guard lock(mutex_);
    const bool fresh = items_.traits().change_log
                           ? position == position_
                           : now >= read_at_ && now - read_at_ < kMaxAgeMillis;
    if (list_ != nullptr && fresh) return list_;
  }
  auto list = std::make_shared<LiveDatabases>();
  TRY_OK(ForEachItem(op, items_, kDatabasesTable, [&](const items::Item& item) {
    std::string id(item.Text("databaseId"));
    if (!id.ends_with(model::kDeletedSuffix)) list->ids.push_back(std::move(id));
  }));
  std::ranges::sort(list->ids);
  Hasher hasher(HashKind::kSha256);
  for (const std::string& id : list->ids) {
    hasher.Update(id);
    hasher.Update(std::string_view("\0", 1));  // ids have none
  }
  list->digest = hasher.Finish();
  const std::lock_guard lock(mutex_);
  if (list_ == nullptr || position >= position_) {
    list_ = list;
    position_ = position;
    read_at_ = now;
  }
  return list;
}

// ---- Rules

PolicyAccess::PolicyAccess(const access::Policy& policy, std::shared_ptr<const LiveDatabases> live)
    : policy_(policy),
      live_(std::move(live)),
      key_(policy.Fingerprint(access::ObjectType::kAsset, Action::kGet) + live_->digest) {}

PolicyAccess::Verdict PolicyAccess::Decide(const search::AccessClass& access) const {
  if (!std::ranges::binary_search(live_->ids, access.database)) return Verdict::kDeny;
  switch (policy_.Foresee(ObjectOf(access, ""), Action::kGet, kName)) {
    case Outlook::kAllowed:
      return Verdict::kAllow;
    case Outlook::kOpen:
      return Verdict::kByName;
    case Outlook::kDenied:
      break;
  }
  return Verdict::kDeny;
}

bool PolicyAccess::DecideName(const search::AccessClass& access,
                              std::string_view asset_name) const {
  return policy_.Allows(ObjectOf(access, asset_name), Action::kGet);
}

std::optional<std::vector<std::string>> PolicyAccess::databases() const {
  std::vector<std::string> readable;
  for (const std::string& id : live_->ids)
    if (OutlookOf(policy_, id) != Outlook::kDenied) readable.push_back(id);
  return readable;
}

bool PolicyAccess::DecidedByDatabase() const {
  return std::ranges::none_of(
      live_->ids, [&](const std::string& id) { return OutlookOf(policy_, id) == Outlook::kOpen; });
}

}  // namespace vams::catalog
