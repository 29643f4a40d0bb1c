// vams subscription list|add|set|remove|check (api-metadata.md section 14).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/client_input.h"
#include "cli/terminal.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct SubscriptionOptions {
  std::string event = "Asset Version Change", entity = "Asset", asset, user;
  std::vector<std::string> subscribers;
  bool all = false;
  Confirmation confirmation;
  JsonInput input;
};

// What the list answers, page by page.
Result<json::array> AllSubscriptions(RestClient& client) {
  json::array all;
  std::string token;
  do {
    TRY(const auto page, client.Call("GET", "/subscriptions" + Query({{"startingToken", token}})));
    const auto* object = page.if_object();
    const json::value* message = object == nullptr ? nullptr : object->if_contains("message");
    if (message == nullptr) break;
    for (const auto& one : ListOf(*message, "Items")) all.push_back(one);
    token = TextOf(*message, "NextToken");
  } while (!token.empty());
  return all;
}

Result<int> ListSubscriptions(RestClient& client, const SubscriptionOptions&) {
  if (client.quiet()) {
    TRY(const auto page, client.Call("GET", "/subscriptions"));
    PrintJson(page);
    return kDone;
  }
  TRY(const auto all, AllSubscriptions(client));
  std::vector<std::vector<std::string>> rows{{"EVENT", "ASSET", "NAME", "SUBSCRIBERS"}};
  for (const auto& one : all)
    rows.push_back({Printable(TextOf(one, "eventName")),
                    Printable(TextOf(one, "databaseId") + "/" + TextOf(one, "entityId")),
                    Printable(TextOf(one, "entityValue")), Joined(ListOf(one, "subscribers"))});
  fmt::print("{}", rows.size() == 1 ? "no subscriptions\n" : Columns(rows));
  return kDone;
}

Result<json::object> BodyOf(SubscriptionOptions& options) {
  TRY_OK(options.input.Read());
  options.input.Fill(options.asset, "entityId");
  options.input.Fill(options.subscribers, "subscribers");
  options.input.Fill(options.event, "eventName", true);
  options.input.Fill(options.entity, "entityName", true);
  TRY_OK(Need(options.asset, "--asset-id"));
  return json::object{
      {"eventName", options.event},
      {"entityName", options.entity},
      {"entityId", options.asset},
      {"subscribers", json::array(options.subscribers.begin(), options.subscribers.end())}};
}

// The server's word for everything that went well is "success".
Result<int> ShowDone(const RestClient& client, const json::value& answer, const std::string& what) {
  return Show(client, answer, [&](const json::value&) { fmt::print("{}\n", what); });
}

Result<int> Write(RestClient& client, SubscriptionOptions& options, const char* method) {
  TRY(const json::object body, BodyOf(options));
  if (options.subscribers.empty()) TRY_OK(Need("", "--subscribers"));
  TRY(const auto answer, client.Call(method, "/subscriptions", &body));
  return ShowDone(client, answer,
                  fmt::format("{}: {}", Printable(options.asset),
                              Printable(fmt::format("{}", fmt::join(options.subscribers, ", ")))));
}

Result<int> AddSubscription(RestClient& client, SubscriptionOptions& options) {
  return Write(client, options, "POST");
}
Result<int> ReplaceSubscribers(RestClient& client, SubscriptionOptions& options) {
  return Write(client, options, "PUT");
}

// Who is subscribed now; the call that takes all of them off wants to hear a name.
Result<json::array> SubscribersOf(RestClient& client, const SubscriptionOptions& options) {
  TRY(const auto all, AllSubscriptions(client));
  for (const auto& one : all)
    if (TextOf(one, "entityId") == options.asset && TextOf(one, "eventName") == options.event)
      return ListOf(one, "subscribers");
  return Error(Code::kNotFound,
               fmt::format("nobody is subscribed to {}; nothing was done", options.asset));
}

Result<int> RemoveSubscription(RestClient& client, SubscriptionOptions& options) {
  TRY(json::object body, BodyOf(options));
  if (options.all != options.subscribers.empty())
    return Error(Code::kInvalid,
                 "say who is to be removed with --subscribers, or everybody with --all, not both; "
                 "nothing was done");
  if (options.all) {
    TRY(const bool go,
        Confirmed(client, options.confirmation, false,
                  fmt::format("remove every subscriber of {}?", Printable(options.asset)), {}));
    if (!go) return kFailed;
    TRY(const json::array now, SubscribersOf(client, options));
    // The call wants a name even where the list is empty already.
    body["subscribers"] = now.empty() ? json::array{options.asset} : now;
    TRY(const auto answer, client.Call("DELETE", "/subscriptions", &body));
    return ShowDone(client, answer, fmt::format("{}: nobody", Printable(options.asset)));
  }
  json::value answer;
  // The server removes the first of a list only.
  for (const std::string& one : options.subscribers) {
    body["subscribers"] = json::array{json::string(one)};
    TRY(answer, client.Call("DELETE", "/unsubscribe", &body));
    if (!client.quiet()) fmt::print("{}: without {}\n", Printable(options.asset), Printable(one));
  }
  if (client.quiet()) PrintJson(answer);
  return kDone;
}

Result<int> CheckSubscription(RestClient& client, const SubscriptionOptions& options) {
  const json::object body{{"userId", options.user}, {"assetId", options.asset}};
  TRY(const auto answer, client.Call("POST", "/check-subscription", &body));
  return Show(client, answer, [&](const json::value& said) {
    const bool subscribed = TextOf(said, "message") == "success";
    fmt::print("{} is {}subscribed to {}\n", Printable(options.user), subscribed ? "" : "not ",
               Printable(options.asset));
  });
}

}  // namespace

void AddSubscriptionCommands(CLI::App& app, Context& context) {
  static SubscriptionOptions options;
  CLI::App* group = app.add_subcommand("subscription", "Who gets mail about changes of assets");
  group->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, auto run) {
    return AddClientCommand(*group, context, name, what,
                            [run](RestClient& client) { return run(client, options); });
  };
  const auto fields = [&](CLI::App* command, const char* who) {
    AddAssetOption(*command, options.asset);
    command->add_option("--subscribers", options.subscribers, who)
        ->type_name("USER")
        ->delimiter(',')
        ->allow_extra_args(false);
    command->add_option("--event-name", options.event, "What they hear of");
    command->add_option("--entity-name", options.entity, "What it happens to");
    options.input.AddOption(*command);
    Require(*command, {{&options.asset, "--asset-id"}}, &options.input);
  };
  add("list", "List the subscriptions", ListSubscriptions);
  fields(add("add", "Add subscribers", AddSubscription), "A user or an address; repeatable");
  fields(add("set", "Replace the subscribers", ReplaceSubscribers),
         "A user or an address; repeatable");
  CLI::App* remove = add("remove", "Remove subscribers", RemoveSubscription);
  fields(remove, "Who is to hear nothing more; repeatable");
  remove->add_flag("--all", options.all, "Everybody");
  options.confirmation.AddOptions(*remove, false);
  CLI::App* check = add("check", "Whether somebody is subscribed", CheckSubscription);
  AddAssetOption(*check, options.asset);
  check->add_option("--user-id", options.user, "The user")->type_name("ID");
  Require(*check, {{&options.asset, "--asset-id"}, {&options.user, "--user-id"}});
}

}  // namespace vams::cli
