#include "catalog/subscription_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <tuple>
#include <utility>

#include "catalog/mail_items.h"
#include "catalog/records.h"
#include "model/names.h"
#include "model/subscription.h"

namespace vams::catalog {

using items::Item;
using items::Value;

Item SubscriptionKey(std::string_view event, std::string_view entity, std::string_view entity_id) {
  return {{"entityName_entityId", Value::S(fmt::format("{}#{}", entity, entity_id))},
          {"eventName", Value::S(std::string(event))}};
}

Item AssetSubscriptionKey(std::string_view asset_id) {
  return SubscriptionKey(model::kAssetChangeEvent, model::kAssetEntity, asset_id);
}

std::vector<std::string> SubscribersOf(const Item& row) { return TextsOf(row, "subscribers"); }

Result<std::optional<Item>> FindSubscription(OpContext& op, items::ItemSource& source,
                                             const Item& key) {
  TRY(auto found, source.BatchGet(op, kSubscriptionsTable, {&key, 1}));
  return std::move(found.front());
}

bool HasTopic(const Asset& asset) { return !asset.item.Text(kTopic).empty(); }

std::string TopicOf(const Asset& asset) {
  return fmt::format("AssetTopic{}-{}", asset.database_id, asset.id);
}

Result<std::optional<Asset>> SubscribedAsset(OpContext& op, items::ItemSource& source,
                                             std::string_view asset_id) {
  TRY(auto assets, AssetsWithId(op, source, asset_id));
  const auto rank = [](const Asset& asset) {
    return std::tuple(asset.archived, !HasTopic(asset), std::string_view(asset.database_id));
  };
  const auto first = std::ranges::min_element(assets, {}, rank);
  if (first == assets.end()) return std::optional<Asset>();
  return std::optional<Asset>(std::move(*first));
}

Result<std::optional<std::string>> AddressOfSubscriber(OpContext& op, items::ItemSource& source,
                                                       std::string_view subscriber) {
  const Item keys[] = {Item{{"userId", Value::S(std::string(subscriber))}}};
  TRY(const auto profile, source.BatchGet(op, kProfilesTable, keys));
  if (profile.front())
    if (const std::string_view email = profile.front()->Text("email"); !email.empty())
      return std::optional<std::string>(email);
  if (model::CheckEmail("subscriber", subscriber)) return std::optional<std::string>();
  return std::optional<std::string>(subscriber);
}

}  // namespace vams::catalog
