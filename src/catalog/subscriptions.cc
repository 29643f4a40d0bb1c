#include "catalog/subscriptions.h"
#include "base/contention.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <utility>

#include "catalog/assets_impl.h"
#include "catalog/records.h"
#include "catalog/subscription_records.h"

namespace vams::catalog {

using access::Action;
using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

// Of several who change one list, one gets through each time; the request's deadline ends it before
// this.
constexpr int kSubscribeAttempts = 1'000;
// An error that no caller sees: something is no longer as it was read.
constexpr int kOvertaken = 1'000'000;
constexpr char kEntityEnd = '#';

Error NoSubscription() { return {Code::kNotFound, "Subscription does not exists for eventName."}; }

// Tries until it is done, or fails for another reason than that others were faster.
template <typename Work>
Status UntilNobodyElse(OpContext& op, const Work& work) {
  for (Contention contention(kSubscribeAttempts); contention.Next();) {
    TRY_OK(op.Check());
    Status done = work();
    if (done.ok() || done.error().index != kOvertaken) return done;
  }
  return Error(Code::kUnavailable,
               "the subscription is being changed by others all the time, so nothing was changed; "
               "try again");
}

// What the rules see of the asset; one that is gone has empty fields.
access::Object Seen(const std::optional<Asset>& asset) {
  return asset ? ObjectOf(*asset) : AssetObject("", "", "", {});
}

// The row is as it was read, or still absent.
Condition Unchanged(const std::optional<Item>& row) {
  if (!row) return Condition::Absent();
  const Value* subscribers = row->Find("subscribers");
  return subscribers == nullptr ? Condition::Lacks("subscribers")
                                : Condition::Equals("subscribers", *subscribers);
}

std::vector<Condition> UnchangedRow(const std::optional<Item>& row) {
  std::vector<Condition> conditions{Unchanged(row)};
  if (row) conditions.push_back(Condition::Exists());
  return conditions;
}

Write PutRow(const Item& key, const std::optional<Item>& row,
             const std::vector<std::string>& subscribers) {
  Item item = row ? *row : key;
  item.Set("subscribers", TextList(subscribers));
  return Write::Put(kSubscriptionsTable, std::move(item), UnchangedRow(row));
}

// The asset is there, and its topic is what it was read to be.
std::vector<Condition> SameTopic(const Asset& asset) {
  const Value* topic = asset.item.Find(kTopic);
  return {Condition::Exists(),
          topic == nullptr ? Condition::Lacks(kTopic) : Condition::Equals(kTopic, *topic)};
}

Write AttachTopic(const Asset& asset) {
  const Item key = AssetKey(asset.stored_database_id(), asset.id);
  if (HasTopic(asset)) return Write::Check(kAssetsTable, key, SameTopic(asset));
  return Write::Update(kAssetsTable, key, {{Mutation::Op::kSet, kTopic, Value::S(TopicOf(asset))}},
                       SameTopic(asset));
}

bool Holds(const std::vector<std::string>& list, const std::string& text) {
  return std::ranges::find(list, text) != list.end();
}

// Those of `list` that are not in `other`.
std::vector<std::string> Without(const std::vector<std::string>& list,
                                 const std::vector<std::string>& other) {
  std::vector<std::string> left;
  std::ranges::copy_if(list, std::back_inserter(left),
                       [&](const std::string& one) { return !Holds(other, one); });
  return left;
}

SubscriptionView ViewOf(const Item& row) {
  const std::string_view name = row.Text("entityName_entityId");
  const std::size_t end = name.find(kEntityEnd);
  return {.event = std::string(row.Text("eventName")),
          .entity = std::string(name.substr(0, end)),
          .entity_id = end == name.npos ? std::string() : std::string(name.substr(end + 1)),
          .subscribers = SubscribersOf(row),
          .asset_name = {},
          .database_id = {}};
}

}  // namespace

// What the requests that change a subscription look at first.
struct Subscriptions::Opened {
  std::optional<Asset> asset;
  Item key;
  std::optional<Item> row;
  std::vector<std::string> subscribers;
};

Result<Subscriptions::Opened> Subscriptions::Open(OpContext& op, Caller& caller,
                                                  const model::Subscription& subscription) {
  Opened opened;
  TRY(opened.asset, SubscribedAsset(op, stores_.items, subscription.entity_id));
  TRY_OK(caller.Require(Seen(opened.asset), Action::kPost));
  opened.key = SubscriptionKey(subscription.event, subscription.entity, subscription.entity_id);
  TRY(opened.row, FindSubscription(op, stores_.items, opened.key));
  if (opened.row) opened.subscribers = SubscribersOf(*opened.row);
  return opened;
}

Result<std::vector<std::string>> Subscriptions::AddressesOf(
    OpContext& op, const std::vector<std::string>& subscribers) {
  std::vector<std::string> addresses;
  for (const std::string& subscriber : subscribers) {
    TRY(auto address, AddressOfSubscriber(op, stores_.items, subscriber));
    if (!address)
      return Error(Code::kInvalid,
                   fmt::format("User {} has no e-mail address in the profile and is none; nothing "
                               "was changed. Store an address in the profile first.",
                               subscriber));
    addresses.push_back(*std::move(address));
  }
  return addresses;
}

Status Subscriptions::Commit(OpContext& op, const std::vector<Write>& writes) {
  auto done = stores_.items.Commit(op, writes);
  if (done.ok()) return Ok();
  Error error = std::move(done).error();
  if (error.code == Code::kConflict) error.index = kOvertaken;
  return error;
}

// ---- Reading.

Result<SubscriptionPage> Subscriptions::List(OpContext& op, Caller& caller, std::string_view after,
                                             std::size_t limit) {
  TRY(const auto page, stores_.items.Scan(op, kSubscriptionsTable, {}, after, limit));
  SubscriptionPage listed{.subscriptions = {}, .next = page.next};
  for (const Item& row : page.items) {
    SubscriptionView view = ViewOf(row);
    TRY(const auto asset, SubscribedAsset(op, stores_.items, view.entity_id));
    if (!caller.MaySee(Seen(asset))) continue;
    if (asset) {
      view.asset_name = asset->name;
      view.database_id = asset->stored_database_id();
    }
    listed.subscriptions.push_back(std::move(view));
  }
  return listed;
}

Result<bool> Subscriptions::IsSubscribed(OpContext& op, Caller& caller,
                                         const model::SubscriptionQuestion& question) {
  TRY(const auto asset, SubscribedAsset(op, stores_.items, question.asset_id));
  TRY_OK(caller.Require(Seen(asset), Action::kGet));
  TRY(const auto row, FindSubscription(op, stores_.items, AssetSubscriptionKey(question.asset_id)));
  return row && Holds(SubscribersOf(*row), question.user);
}

// ---- Changing.

namespace {

Status CheckEntity(const model::Subscription& subscription) {
  if (subscription.entity == model::kAssetEntity) return Ok();
  return Error(Code::kInvalid, fmt::format("entityName is invalid. Only {} can be subscribed to.",
                                           model::kAssetEntity));
}

Error AssetGone() { return {Code::kNotFound, "Asset not found"}; }

}  // namespace

Status Subscriptions::TryAdd(OpContext& op, Caller& caller,
                             const model::Subscription& subscription) {
  TRY(auto opened, Open(op, caller, subscription));
  if (!opened.asset) return AssetGone();
  if (subscription.event != model::kAssetChangeEvent)
    return Error(Code::kInvalid, fmt::format("eventName is invalid. The only event is {}.",
                                             model::kAssetChangeEvent));
  TRY(const auto addresses, AddressesOf(op, subscription.subscribers));
  for (const std::string& subscriber : subscription.subscribers)
    if (Holds(opened.subscribers, subscriber))
      return Error(
          Code::kConflict,
          fmt::format("Subscription already exists for {}. Nobody was added.", subscriber));
  TRY(auto writes, addresses_.WritesToAsk(op, addresses));
  opened.subscribers.insert(opened.subscribers.end(), subscription.subscribers.begin(),
                            subscription.subscribers.end());
  writes.push_back(PutRow(opened.key, opened.row, opened.subscribers));
  writes.push_back(AttachTopic(*opened.asset));
  return Commit(op, writes);
}

Status Subscriptions::Add(OpContext& op, Caller& caller, const model::Subscription& subscription) {
  TRY_OK(CheckEntity(subscription));
  return UntilNobodyElse(op, [&] { return TryAdd(op, caller, subscription); });
}

Status Subscriptions::TryReplace(OpContext& op, Caller& caller,
                                 const model::Subscription& subscription) {
  TRY(const auto opened, Open(op, caller, subscription));
  if (!opened.asset) return AssetGone();
  if (!opened.row) return NoSubscription();
  const auto added = Without(subscription.subscribers, opened.subscribers);
  TRY(const auto addresses, AddressesOf(op, added));
  TRY([[maybe_unused]] const auto gone,
      AddressesOf(op, Without(opened.subscribers, subscription.subscribers)));
  TRY(auto writes, addresses_.WritesToAsk(op, addresses));
  writes.push_back(PutRow(opened.key, opened.row, subscription.subscribers));
  writes.push_back(AttachTopic(*opened.asset));
  return Commit(op, writes);
}

Status Subscriptions::Replace(OpContext& op, Caller& caller,
                              const model::Subscription& subscription) {
  TRY_OK(CheckEntity(subscription));
  return UntilNobodyElse(op, [&] { return TryReplace(op, caller, subscription); });
}

Status Subscriptions::TryRemove(OpContext& op, Caller& caller,
                                const model::Subscription& subscription) {
  TRY(const auto opened, Open(op, caller, subscription));
  if (!opened.asset) return AssetGone();
  if (!opened.row) return NoSubscription();
  std::vector<Write> writes{
      Write::Delete(kSubscriptionsTable, opened.key, UnchangedRow(opened.row))};
  const Asset& asset = *opened.asset;
  const Item key = AssetKey(asset.stored_database_id(), asset.id);
  writes.push_back(
      Write::Update(kAssetsTable, key, {{Mutation::Op::kRemove, kTopic, {}}}, SameTopic(asset)));
  return Commit(op, writes);
}

Status Subscriptions::Remove(OpContext& op, Caller& caller,
                             const model::Subscription& subscription) {
  TRY_OK(CheckEntity(subscription));
  return UntilNobodyElse(op, [&] { return TryRemove(op, caller, subscription); });
}

Status Subscriptions::TryUnsubscribe(OpContext& op, Caller& caller,
                                     const model::Subscription& subscription) {
  TRY(auto opened, Open(op, caller, subscription));
  const auto found = std::ranges::find(opened.subscribers, subscription.subscribers.front());
  if (!opened.row || found == opened.subscribers.end()) return NoSubscription();
  opened.subscribers.erase(found);
  return Commit(op, {PutRow(opened.key, opened.row, opened.subscribers)});
}

Status Subscriptions::Unsubscribe(OpContext& op, Caller& caller,
                                  const model::Subscription& subscription) {
  return UntilNobodyElse(op, [&] { return TryUnsubscribe(op, caller, subscription); });
}

// ---- By link.

Status Subscriptions::TryTakeOff(OpContext& op, const Item& key, std::string_view address) {
  TRY(const auto row, FindSubscription(op, stores_.items, key));
  if (!row) return Ok();
  const std::vector<std::string> subscribers = SubscribersOf(*row);
  std::vector<std::string> left;
  for (const std::string& subscriber : subscribers) {
    TRY(const auto theirs, AddressOfSubscriber(op, stores_.items, subscriber));
    if (!theirs || MailAddresses::NameOf(*theirs) != address) left.push_back(subscriber);
  }
  if (left.size() == subscribers.size()) return Ok();
  return Commit(op, {PutRow(key, row, left)});
}

Status Subscriptions::UnsubscribeByLink(OpContext& op, const UnsubscribeLink& link) {
  std::vector<Item> keys;
  if (link.asset_id == kEveryAsset) {
    TRY_OK(ForEachItem(op, stores_.items, kSubscriptionsTable, [&](const Item& row) {
      keys.push_back(
          {{"entityName_entityId", Value::S(std::string(row.Text("entityName_entityId")))},
           {"eventName", Value::S(std::string(row.Text("eventName")))}});
    }));
  } else {
    keys.push_back(AssetSubscriptionKey(link.asset_id));
  }
  for (const Item& key : keys)
    TRY_OK(UntilNobodyElse(op, [&] { return TryTakeOff(op, key, link.address); }));
  return Ok();
}

}  // namespace vams::catalog
