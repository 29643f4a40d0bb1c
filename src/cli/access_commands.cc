// vams access explain, restore-admin: why a user may or may not do something; the way back in.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "access/defaults.h"
#include "access/policy.h"
#include "api/explain.h"
#include "audit/audit_log.h"
#include "catalog/permissions.h"
#include "catalog/seed.h"
#include "cli/cli.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::cli {

namespace {

struct AccessOptions {
  std::string user, object, action;
  bool mfa = false;
};

// {"object__type": …} as JSON, "/database/plant" for a path of the API, or
// "asset databaseId=plant-a tags=frozen,old".
Result<access::Object> ParseObject(const std::string& text) {
  if (text.starts_with('/')) return access::Object::Api(text);
  if (text.starts_with('{')) {
    boost::system::error_code error;
    const boost::json::value value = boost::json::parse(text, error);
    if (error || !value.is_object())
      return Error(Code::kInvalid, fmt::format("--object is no JSON object: {}", error.message()));
    return api::ReadObject(value.get_object());
  }
  boost::json::object object;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find(' ', at), text.size());
    const std::string word = text.substr(at, end - at);
    at = end + 1;
    if (word.empty()) continue;
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      object["object__type"] = word;
      continue;
    }
    const std::string name = word.substr(0, equals);
    const std::string value = word.substr(equals + 1);
    if (name != "tags") {
      object[name] = value;
      continue;
    }
    boost::json::array tags;
    for (std::size_t from = 0; from < value.size();) {
      const std::size_t comma = std::min(value.find(',', from), value.size());
      tags.push_back(boost::json::string(value.substr(from, comma - from)));
      from = comma + 1;
    }
    object["tags"] = std::move(tags);
  }
  return api::ReadObject(object);
}

Result<int> Explain(Context& context, const AccessOptions& options) {
  const auto action = access::FindAction(options.action);
  if (!action)
    return Error(Code::kInvalid,
                 fmt::format("\"{}\" is no action; say GET, PUT, POST or DELETE", options.action));
  TRY(const auto object, ParseObject(options.object));
  TRY(const auto stack, context.Stack());
  // Beside a server that runs as well.
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  OpContext op;
  catalog::Permissions permissions(*store, context.clock, SystemRandom());
  TRY(const auto policy, permissions.PolicyFor(op, options.user, options.mfa));
  const access::Explanation explanation = policy->Explain(object, *action);
  if (context.json) {
    boost::json::object answer = api::ExplanationJson(explanation);
    answer["userId"] = options.user;
    answer["roles"] = boost::json::array(policy->roles().begin(), policy->roles().end());
    PrintJson(answer);
    return explanation.decision.allowed ? kDone : kDifferent;
  }
  fmt::print("{}\n", explanation.text);
  for (const access::LineTrace& trace : explanation.lines) {
    fmt::print("  {} {} through {} (\"{}\"), {}: {}\n", trace.line.deny ? "deny" : "allow",
               trace.line.from, trace.line.constraint_id, trace.line.constraint_name,
               trace.line.all_of ? "all of" : "one of",
               trace.matches ? "matches" : "does not match");
    for (const access::CriterionTrace& criterion : trace.criteria)
      fmt::print("    {} {}\n",
                 criterion.skipped ? "skipped"
                 : criterion.holds ? "yes"
                                   : "no ",
                 criterion.text);
  }
  return explanation.decision.allowed ? kDone : kDifferent;
}

// What is left that denies the user something, for people to look at.
void PrintDenials(const access::Policy& policy) {
  std::string last;
  for (const access::Line& line : policy.lines()) {
    if (!line.deny || line.constraint_id == last) continue;
    last = line.constraint_id;
    fmt::print("constraint {} (\"{}\") still denies something through {}\n", line.constraint_id,
               line.constraint_name, line.from);
  }
}

Result<int> RestoreAdmin(Context& context, const AccessOptions& options) {
  TRY(const auto stack, context.Stack());
  TRY(const auto lock, lifecycle::LockStack(stack, "vams access restore-admin", context.clock));
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.clock = &context.clock}));
  TRY(const auto audit, audit::AuditLog::Open(stack.folder / "audit", context.clock));
  OpContext op;
  TRY_OK(catalog::RestoreAdministrator(op, *store, options.user, context.clock, SystemRandom()));
  audit::Event event;
  event.channel = audit::Channel::kAuthChanges;
  event.type = "administratorRestore";
  event.actor.user = "OPERATOR";
  event.payload = {{"userId", options.user}};
  audit->Write(event);
  if (context.json) {
    PrintJson({{"userId", options.user}, {"role", access::kAdminRole}});
    return kDone;
  }
  fmt::print("the role \"{0}\" and its constraints are as they were at first, and \"{1}\" has it\n",
             access::kAdminRole, options.user);
  catalog::Permissions permissions(*store, context.clock, SystemRandom());
  TRY(const auto policy, permissions.PolicyFor(op, options.user, false));
  PrintDenials(*policy);
  return kDone;
}

}  // namespace

void AddAccessCommands(CLI::App& app, Context& context) {
  static AccessOptions options;
  CLI::App* access = app.add_subcommand("access", "Permissions of a stack");
  access->require_subcommand(1);
  CLI::App* explain = AddCommand(*access, context, "explain",
                                 "Say why a user may do something (exit status 0) or may not (6)",
                                 [&context] { return Explain(context, options); });
  explain->add_option("--user", options.user, "The user id")->required();
  explain
      ->add_option("--object", options.object,
                   "What is asked for: an API path, \"asset databaseId=plant tags=a,b\", or JSON")
      ->required();
  explain->add_option("--action", options.action, "GET, PUT, POST or DELETE")->required();
  explain->add_flag("--mfa", options.mfa, "As a session with a second factor");
  CLI::App* restore = AddCommand(*access, context, "restore-admin",
                                 "Put the role of administrators back and give it to a user",
                                 [&context] { return RestoreAdmin(context, options); });
  restore->add_option("--user", options.user, "The user id")->required();
}

}  // namespace vams::cli
