// Subscriptions to changes of assets: what requests about them say, and what of that is malformed.
// Spec: api-metadata.md sections 14.2 to 14.4.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>
#include <vector>

#include "model/names.h"

namespace vams::model {

// The only event and the only kind of thing that somebody can be told of.
inline constexpr std::string_view kAssetChangeEvent = "Asset Version Change";
inline constexpr std::string_view kAssetEntity = "Asset";

struct Subscription {
  std::string event, entity, entity_id;
  std::vector<std::string> subscribers;  // user ids and addresses, one at least
};

// The first complaint, in the order in which clients know them: what is missing or empty, then the
// named validators.  Whether there is such an event is not looked at.
Complaint ReadSubscription(const boost::json::object& body, Subscription& subscription);

struct SubscriptionQuestion {
  std::string user, asset_id;
};
Complaint ReadSubscriptionQuestion(const boost::json::object& body, SubscriptionQuestion& question);

}  // namespace vams::model
