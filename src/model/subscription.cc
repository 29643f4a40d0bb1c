#include "model/subscription.h"

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <utility>

namespace vams::model {

namespace json = boost::json;

namespace {

using Check = Complaint (*)(std::string_view field, std::string_view value);

// Absent, null, an empty text and an empty list are all the same: nothing was said.
bool SaysNothing(const json::object& body, std::string_view name) {
  const json::value* value = body.if_contains(name);
  if (value == nullptr || value->is_null()) return true;
  if (const auto* text = value->if_string()) return text->empty();
  if (const auto* list = value->if_array()) return list->empty();
  return false;
}

Complaint FirstMissing(const json::object& body, std::initializer_list<std::string_view> names) {
  for (const std::string_view name : names)
    if (SaysNothing(body, name)) return fmt::format("{} is a required field.", name);
  return std::nullopt;
}

Complaint ReadText(const json::object& body, std::string_view name, Check check,
                   std::string& text) {
  const json::value& value = body.at(name);
  if (!value.is_string()) return fmt::format("{} is invalid. Must be a text.", name);
  text = value.get_string();
  if (auto complaint = CheckNotGlobal(name, text)) return complaint;
  return check(name, text);
}

Complaint ReadUsers(const json::object& body, std::string_view name,
                    std::vector<std::string>& users) {
  const json::value& value = body.at(name);
  if (!value.is_array()) return fmt::format("{} is invalid. Must be a list of user ids.", name);
  for (const json::value& element : value.get_array()) {
    if (!element.is_string())
      return fmt::format("{} is invalid. Every element must be a user id.", name);
    std::string user(element.get_string());
    if (auto complaint = CheckNotGlobal(name, user)) return complaint;
    if (auto complaint = CheckUserId(name, user)) return complaint;
    users.push_back(std::move(user));
  }
  return std::nullopt;
}

}  // namespace

Complaint ReadSubscription(const json::object& body, Subscription& subscription) {
  if (auto missing = FirstMissing(body, {"eventName", "entityName", "entityId", "subscribers"}))
    return missing;
  if (auto wrong = ReadText(body, "eventName", CheckObjectName, subscription.event)) return wrong;
  if (auto wrong = ReadText(body, "entityName", CheckObjectName, subscription.entity)) return wrong;
  if (auto wrong = ReadText(body, "entityId", CheckId, subscription.entity_id)) return wrong;
  return ReadUsers(body, "subscribers", subscription.subscribers);
}

Complaint ReadSubscriptionQuestion(const json::object& body, SubscriptionQuestion& question) {
  if (auto missing = FirstMissing(body, {"userId", "assetId"})) return missing;
  if (auto wrong = ReadText(body, "userId", CheckUserId, question.user)) return wrong;
  return ReadText(body, "assetId", CheckAssetId, question.asset_id);
}

}  // namespace vams::model
