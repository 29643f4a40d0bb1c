// Records of who is told of changes of an asset.  Internal to catalog and to whoever sends mail.
// Spec: api-metadata.md section 14.1, data-model.md section 4.17.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "items/store.h"

namespace vams::catalog {

inline const std::string kSubscriptionsTable = "SubscriptionsStorageTable";

items::Item SubscriptionKey(std::string_view event, std::string_view entity,
                            std::string_view entity_id);
// Of the only event there is: a change of an asset.
items::Item AssetSubscriptionKey(std::string_view asset_id);

// As stored, in order.
std::vector<std::string> SubscribersOf(const items::Item& row);

// Nothing without a record.
Result<std::optional<items::Item>> FindSubscription(OpContext& op, items::ItemSource& source,
                                                    const items::Item& key);

// A subscription names an asset without its database.  Of several assets with that id it means an
// active one before an archived one, then one with a topic, then the first by database; an archived
// one only if there is no active one.
Result<std::optional<Asset>> SubscribedAsset(OpContext& op, items::ItemSource& source,
                                             std::string_view asset_id);
// Whether changes of it are told.
bool HasTopic(const Asset& asset);
inline const std::string kTopic = "snsTopic";
std::string TopicOf(const Asset& asset);

// The address that mail for a subscriber goes to: the one of the profile, else the subscriber
// itself if it is an address; nothing if it is none.
Result<std::optional<std::string>> AddressOfSubscriber(OpContext& op, items::ItemSource& source,
                                                       std::string_view subscriber);

}  // namespace vams::catalog
