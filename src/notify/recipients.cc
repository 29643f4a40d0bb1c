#include "notify/recipients.h"

#include <algorithm>
#include <utility>

#include "catalog/caller.h"
#include "catalog/subscription_records.h"

namespace vams::notify {

const Recipient* FollowedAsset::Find(std::string_view address) const {
  const auto found = std::ranges::find(recipients, address, &Recipient::address);
  return found == recipients.end() ? nullptr : &*found;
}

Result<const FollowedAsset*> Recipients::Of(OpContext& op, const std::string& asset) {
  const auto known = known_.find(asset);
  if (known != known_.end()) return &known->second;
  TRY(auto looked_up, Look(op, asset));
  return &known_.emplace(asset, std::move(looked_up)).first->second;
}

// Somebody whom the stack knows as a user gets only what they may read, by whatever role they have.
// An address that is nobody's user id is outside: whoever subscribed it wanted it to be told.
Result<bool> Recipients::MaySee(OpContext& op, const std::string& subscriber,
                                const catalog::Asset& asset) {
  TRY(const auto profile, permissions_.FindProfile(op, subscriber));
  if (!profile) {
    TRY(const auto roles, permissions_.RolesOf(op, subscriber));
    if (roles.empty()) return true;
  }
  if (active_) {
    TRY(const bool active, active_(op, subscriber));
    if (!active) return false;
  }
  TRY(const auto policy, permissions_.PolicyFor(op, subscriber, /*mfa=*/true));
  return policy->Decide(catalog::ObjectOf(asset), access::Action::kGet).allowed;
}

Result<FollowedAsset> Recipients::Look(OpContext& op, const std::string& asset) {
  FollowedAsset followed;
  const std::size_t colon = asset.find(':');
  if (colon == asset.npos) return followed;
  const std::string database_id = asset.substr(0, colon);
  const std::string asset_id = asset.substr(colon + 1);
  TRY(followed.asset, catalog::FindAsset(op, items_, database_id, asset_id));
  if (!followed.asset) {
    TRY(followed.asset, catalog::FindArchivedAsset(op, items_, database_id, asset_id));
  }
  if (!followed.asset || !catalog::HasTopic(*followed.asset)) return followed;
  TRY(const auto row,
      catalog::FindSubscription(op, items_, catalog::AssetSubscriptionKey(asset_id)));
  if (!row) return followed;
  for (const std::string& subscriber : catalog::SubscribersOf(*row)) {
    TRY(auto to, catalog::AddressOfSubscriber(op, items_, subscriber));
    if (!to) continue;
    std::string address = catalog::MailAddresses::NameOf(*to);
    if (followed.Find(address) != nullptr) continue;
    TRY(const bool allowed, MaySee(op, subscriber, *followed.asset));
    if (!allowed) continue;
    TRY(const bool confirmed, addresses_.IsConfirmed(op, address));
    followed.recipients.push_back({std::move(address), *std::move(to), confirmed});
  }
  return followed;
}

}  // namespace vams::notify
