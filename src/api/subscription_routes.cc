// Subscriptions to changes of assets, and the pages behind the links of mails.
// Spec: api-metadata.md section 14, rulings R9 and R10.
#include <boost/json.hpp>
#include <utility>

#include "api/answers.h"
#include "api/paging.h"
#include "api/routes.h"
#include "api/subscription_pages.h"
#include "base/json.h"
#include "model/subscription.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::string_view kList = "subscriptions";

// Texts without upstream's prefix; what else goes wrong is answered as usual.
Result<http::Response> SubscriptionRefused(Call& call, const Error& error) {
  if (error.code != Code::kNotFound && error.code != Code::kConflict &&
      error.code != Code::kInvalid)
    return error;
  call.Because(std::string(CodeName(error.code)));
  return Refuse(400, error.message);
}

Parsed<model::Subscription> ReadSubscription(const Call& call) {
  auto body = Body(call);
  if (!body) return std::unexpected(std::move(body).error());
  model::Subscription subscription;
  if (auto fine = Check(model::ReadSubscription(*body, subscription)); !fine)
    return std::unexpected(std::move(fine).error());
  return subscription;
}

// ---- The list and its changes.

Result<http::Response> ListSubscriptions(Call& call) {
  const auto asked = AskedPage(call.request, kList);
  if (!asked) return Refuse(400, "Invalid pagination token");
  TRY(const auto page,
      call.s.asset.subscriptions.List(call.op, call.caller(), asked->after, asked->size));
  json::array items;
  for (const catalog::SubscriptionView& view : page.subscriptions)
    items.push_back({{"eventName", view.event},
                     {"entityName", view.entity},
                     {"entityId", view.entity_id},
                     {"subscribers", Texts(view.subscribers)},
                     {"entityValue", TextOrNull(view.asset_name)},
                     {"databaseId", TextOrNull(view.database_id)}});
  json::object message{{"Items", std::move(items)}};
  if (!page.next.empty()) message["NextToken"] = NextToken(kList, page.next);
  return Answer(json::object{{"message", std::move(message)}});
}

using Change = Status (catalog::Subscriptions::*)(OpContext&, catalog::Caller&,
                                                  const model::Subscription&);

Result<http::Response> ChangeSubscription(Call& call, Change change, std::string_view verb) {
  PARSE(const auto subscription, ReadSubscription(call));
  const Status done = (call.s.asset.subscriptions.*change)(call.op, call.caller(), subscription);
  if (!done.ok()) return SubscriptionRefused(call, done.error());
  call.Audit(audit::Channel::kActions, std::string("subscription").append(verb),
             {{"eventName", subscription.event},
              {"entityName", subscription.entity},
              {"entityId", subscription.entity_id},
              {"subscribers", Texts(subscription.subscribers)}});
  return Answer(json::object{{"message", "success"}});
}

Result<http::Response> AddSubscription(Call& call) {
  return ChangeSubscription(call, &catalog::Subscriptions::Add, "Create");
}

Result<http::Response> ReplaceSubscription(Call& call) {
  return ChangeSubscription(call, &catalog::Subscriptions::Replace, "Update");
}

Result<http::Response> RemoveSubscription(Call& call) {
  return ChangeSubscription(call, &catalog::Subscriptions::Remove, "Delete");
}

Result<http::Response> Unsubscribe(Call& call) {
  return ChangeSubscription(call, &catalog::Subscriptions::Unsubscribe, "Unsubscribe");
}

Result<http::Response> CheckSubscription(Call& call) {
  PARSE(const auto body, Body(call));
  model::SubscriptionQuestion question;
  PARSE_OK(Check(model::ReadSubscriptionQuestion(body, question)));
  TRY(const bool subscribed,
      call.s.asset.subscriptions.IsSubscribed(call.op, call.caller(), question));
  return Answer(json::object{{"message", subscribed ? "success" : "Subscription doesn't exists."}});
}

// ---- Links in mails.

std::string StackOf(const Call& call) { return "VAMS (" + call.s.settings.stack_name + ")"; }

std::string TokenOfLink(const Call& call) {
  return std::string(call.request.FindQuery("token").value_or(""));
}

Result<http::Response> ShowConfirmation(Call& call) {
  const std::string token = TokenOfLink(call);
  TRY(const auto state, call.s.asset.subscriptions.LookAtConfirmation(call.op, token));
  return ConfirmationPage(state, StackOf(call), token);
}

Result<http::Response> Confirm(Call& call) {
  TRY(const auto confirmed, call.s.asset.subscriptions.Confirm(call.op, TokenOfLink(call)));
  if (confirmed.state == catalog::LinkState::kGood)
    call.Audit(audit::Channel::kActions, "subscriptionConfirm", {{"address", confirmed.address}});
  return ConfirmedPage(confirmed.state, StackOf(call));
}

Result<http::Response> ShowUnsubscribe(Call& call) {
  const std::string token = TokenOfLink(call);
  TRY(const auto link, call.s.asset.subscriptions.LookAtUnsubscribe(call.op, token));
  if (!link) return UnknownUnsubscribePage(StackOf(call));
  return UnsubscribePage(*link, StackOf(call), token);
}

Result<http::Response> UnsubscribeByLink(Call& call) {
  TRY(const auto link, call.s.asset.subscriptions.LookAtUnsubscribe(call.op, TokenOfLink(call)));
  if (!link) return UnknownUnsubscribePage(StackOf(call));
  TRY_OK(call.s.asset.subscriptions.UnsubscribeByLink(call.op, *link));
  call.Audit(audit::Channel::kActions, "subscriptionUnsubscribeByLink",
             {{"address", link->address}, {"entityId", link->asset_id}});
  return UnsubscribedPage(*link, StackOf(call));
}

}  // namespace

void AddSubscriptionRoutes(Gate& gate) {
  using http::Verb;
  RouteGroup routes(gate, {.tag = "subscriptions"});
  routes.Add(Verb::kGet, "/subscriptions", "listSubscriptions",
             "Who is told of changes of which assets", ListSubscriptions);
  routes.Add(Verb::kPost, "/subscriptions", "createSubscription",
             "Tell somebody of changes of an asset", AddSubscription);
  routes.Add(Verb::kPut, "/subscriptions", "updateSubscription",
             "Replace the list of those who are told", ReplaceSubscription);
  routes.Add(Verb::kDelete, "/subscriptions", "deleteSubscription",
             "Tell nobody of changes of an asset any more", RemoveSubscription);
  routes.Add(Verb::kDelete, "/unsubscribe", "unsubscribe", "Tell somebody no longer", Unsubscribe);
  RouteGroup asking(gate, {.tag = "subscriptions", .reads = true});
  asking.Add(Verb::kPost, "/check-subscription", "checkSubscription",
             "Whether somebody is told of changes of an asset", CheckSubscription);

  RouteGroup links(gate, {.guard = Guard::kPublic, .tag = "subscriptions"});
  links.Add(Verb::kGet, "/subscriptions/confirm", "showConfirmation",
            "The page behind the link that confirms an address", ShowConfirmation);
  links.Add(Verb::kPost, "/subscriptions/confirm", "confirmAddress", "Confirm an address", Confirm);
  links.Add(Verb::kGet, "/subscriptions/unsubscribe", "showUnsubscribe",
            "The page behind the link of a mail that ends a subscription", ShowUnsubscribe);
  links.Add(Verb::kPost, "/subscriptions/unsubscribe", "unsubscribeByLink",
            "End a subscription by the link of a mail", UnsubscribeByLink);
}

}  // namespace vams::api
