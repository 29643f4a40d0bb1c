// vams user add|list|disable|enable|reset-password|mfa-reset: accounts of a stack that is not being
// served; a server that runs has the same under /user/cognito.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "app/prepare.h"
#include "audit/audit_log.h"
#include "catalog/permissions.h"
#include "catalog/records.h"
#include "catalog/seed.h"
#include "cli/cli.h"
#include "identity/accounts.h"
#include "identity/sessions.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::cli {

namespace {

struct UserOptions {
  std::string user, email, phone;
  std::vector<std::string> roles;
};

// A stack's accounts under its lock, and the audit log that says what was done to them.
struct Opened {
  lifecycle::Stack stack;
  files::FileLock lock;
  std::unique_ptr<items::ItemStore> store;
  std::unique_ptr<audit::AuditLog> audit;
  OpContext op;
  std::unique_ptr<identity::Accounts> accounts;
  std::unique_ptr<catalog::Permissions> permissions;
};

Result<std::unique_ptr<Opened>> Open(Context& context, const char* doing) {
  TRY(auto stack, context.Stack());
  TRY(const auto sources, context.ConfigSources(&stack));
  TRY(const auto config, config::Load(sources));
  if (!config.auth.builtin_accounts)
    return Error(Code::kNotSupported,
                 fmt::format("stack \"{}\" takes its users from an external provider; there are no "
                             "accounts here, manage them at {}",
                             stack.name, config.auth.external.url));
  auto lock = lifecycle::LockStack(stack, doing, context.clock);
  if (!lock.ok() && lock.error().code == Code::kConflict) {
    Error error = std::move(lock).error();
    error.message += "; while it is served, manage its users through the server (/user/cognito)";
    return error;
  }
  TRY(auto held, std::move(lock));
  TRY(auto store, items::OpenSqliteStore(stack.current.items(), {.clock = &context.clock}));
  TRY(auto audit, audit::AuditLog::Open(stack.folder / "audit", context.clock));
  auto opened = std::make_unique<Opened>(std::move(stack), std::move(held), std::move(store),
                                         std::move(audit));
  TRY([[maybe_unused]] const auto seeded,
      catalog::SeedDefaults(opened->op, *opened->store,
                            {.admin_user = config.admin_user_id, .admin_email = config.admin_email},
                            context.clock));
  opened->accounts = std::make_unique<identity::Accounts>(
      *opened->store, context.clock, SystemRandom(), identity::AccountOptions{});
  opened->permissions =
      std::make_unique<catalog::Permissions>(*opened->store, context.clock, SystemRandom());
  return opened;
}

void Audited(Opened& opened, const char* type, boost::json::object payload) {
  audit::Event event;
  event.channel = audit::Channel::kAuthChanges;
  event.type = type;
  event.actor.user = "OPERATOR";
  event.payload = std::move(payload);
  opened.audit->Write(event);
}

// Every login of the user ends: what they hold was given to somebody who may be another now.
Status EndLogins(Context& context, Opened& opened, const std::string& user) {
  const auto no_roles = [](OpContext&, std::string_view) -> Result<std::vector<std::string>> {
    return std::vector<std::string>();
  };
  TRY(const auto sessions,
      identity::Sessions::Open(*opened.store, *opened.accounts, context.clock, SystemRandom(), {},
                               no_roles, [](const identity::LoginEvent&) {}));
  return sessions->EndAllOf(opened.op, user);
}

// Before anything is written: a new account's password is shown once, and must not get lost over a
// role that is none.
Status CheckRoles(Opened& opened, const std::vector<std::string>& roles) {
  for (const std::string& role : roles) {
    const auto found = opened.store->Get(opened.op, catalog::kRolesTable, catalog::RoleKey(role));
    if (found.ok()) continue;
    if (found.error().code != Code::kNotFound) return found.error();
    return Error(Code::kNotFound,
                 fmt::format("there is no role \"{}\"; nothing was changed; \"vams items scan {}\" "
                             "shows those that there are",
                             role, catalog::kRolesTable));
  }
  return Ok();
}

Result<int> Add(Context& context, const UserOptions& options) {
  TRY(const auto opened, Open(context, "vams user add"));
  TRY(const auto there, opened->accounts->Find(opened->op, options.user));
  if (there && options.roles.empty())
    return Error(Code::kConflict,
                 fmt::format("there is an account \"{0}\" already; nothing was changed; give it a "
                             "role with --role, or a new password with \"vams user "
                             "reset-password {0}\"",
                             options.user));
  TRY_OK(CheckRoles(*opened, options.roles));
  TRY(const auto roles, opened->permissions->RolesOf(opened->op, options.user));
  std::string password;
  if (!there) {
    if (options.email.empty())
      return Error(Code::kInvalid,
                   fmt::format("a new account needs an address; nothing was changed; say \"vams "
                               "user add {} --email ADDRESS\"",
                               options.user));
    TRY(const auto created,
        opened->accounts->Create(
            opened->op, {.user = options.user, .email = options.email, .phone = options.phone}));
    password = created.temporary_password;
    Audited(*opened, "cognitoUserCreate",
            {{"userId", options.user}, {"operation", "create"}, {"email", options.email}});
  }
  for (const std::string& role : options.roles) {
    if (std::ranges::find(roles, role) != roles.end()) continue;
    TRY_OK(opened->permissions->GiveRole(opened->op, options.user, role));
    Audited(*opened, "userRoleCreate",
            {{"userId", options.user}, {"operation", "create"}, {"roleNames", {role}}});
  }
  if (context.json) {
    boost::json::object answer{{"userId", options.user}, {"created", !there}};
    if (!password.empty()) answer["temporaryPassword"] = password;
    PrintJson(answer);
    return kDone;
  }
  if (!there)
    fmt::print("added \"{}\" with the password {} until the first sign-in; it is shown only now\n",
               options.user, password);
  if (!options.roles.empty())
    fmt::print("\"{}\" has the role{} {}\n", options.user, options.roles.size() == 1 ? "" : "s",
               fmt::join(options.roles, ", "));
  return kDone;
}

Result<int> ListUsers(Context& context) {
  TRY(const auto stack, context.Stack());
  // Beside a server that runs as well.
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  OpContext op;
  identity::Accounts accounts(*store, context.clock, SystemRandom(), {});
  catalog::Permissions permissions(*store, context.clock, SystemRandom());
  boost::json::array list;
  std::vector<std::vector<std::string>> rows{
      {"USER", "E-MAIL", "STATUS", "ENABLED", "SECOND FACTOR", "ROLES"}};
  constexpr std::size_t kPage = 500;
  std::string after;
  while (true) {
    TRY(const auto page, accounts.List(op, after, kPage));
    for (const auto& account : page) {
      TRY(const auto roles, permissions.RolesOf(op, account.user));
      rows.push_back({account.user, account.email, std::string(identity::Name(account.status)),
                      account.enabled ? "yes" : "no", account.totp ? "yes" : "no",
                      fmt::format("{}", fmt::join(roles, ", "))});
      list.push_back(
          boost::json::object{{"userId", account.user},
                              {"email", account.email},
                              {"userStatus", identity::Name(account.status)},
                              {"enabled", account.enabled},
                              {"mfaEnabled", account.totp},
                              {"roles", boost::json::array(roles.begin(), roles.end())}});
    }
    if (page.size() < kPage) break;
    after = page.back().user;
  }
  if (context.json)
    PrintJson({{"users", list}});
  else if (list.empty())
    fmt::print("no accounts; the first one is made when the stack is first served\n");
  else
    fmt::print("{}", Columns(rows));
  return kDone;
}

Result<int> SetEnabled(Context& context, const UserOptions& options, bool enabled) {
  TRY(const auto opened, Open(context, enabled ? "vams user enable" : "vams user disable"));
  TRY_OK(opened->accounts->SetEnabled(opened->op, options.user, enabled));
  if (!enabled) TRY_OK(EndLogins(context, *opened, options.user));
  Audited(*opened, "cognitoUserUpdate",
          {{"userId", options.user}, {"operation", "update"}, {"enabled", enabled}});
  if (context.json)
    PrintJson({{"userId", options.user}, {"enabled", enabled}});
  else
    fmt::print("\"{}\" {}\n", options.user,
               enabled ? "can sign in again" : "cannot sign in any more; every login has ended");
  return kDone;
}

Result<int> ResetPassword(Context& context, const UserOptions& options) {
  TRY(const auto opened, Open(context, "vams user reset-password"));
  TRY(const auto password, opened->accounts->Reset(opened->op, options.user));
  TRY_OK(EndLogins(context, *opened, options.user));
  Audited(*opened, "cognitoUserPasswordReset",
          {{"userId", options.user}, {"operation", "resetPassword"}});
  if (context.json)
    PrintJson({{"userId", options.user}, {"temporaryPassword", password}});
  else
    fmt::print(
        "\"{}\" has the password {} until the next sign-in, and no second factor; it is "
        "shown only now\n",
        options.user, password);
  return kDone;
}

Result<int> ResetMfa(Context& context, const UserOptions& options) {
  TRY(const auto opened, Open(context, "vams user mfa-reset"));
  TRY_OK(opened->accounts->RemoveTotp(opened->op, options.user));
  Audited(*opened, "cognitoUserUpdate",
          {{"userId", options.user}, {"operation", "update"}, {"mfaEnabled", false}});
  if (context.json)
    PrintJson({{"userId", options.user}, {"mfaEnabled", false}});
  else
    fmt::print("\"{}\" signs in without a second factor until a new one is enrolled\n",
               options.user);
  return kDone;
}

}  // namespace

void AddUserCommands(CLI::App& app, Context& context) {
  static UserOptions options;
  CLI::App* user = app.add_subcommand("user", "Accounts of a stack that is not being served");
  user->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, std::function<Result<int>()> run) {
    CLI::App* command = AddCommand(*user, context, name, what, std::move(run));
    command->add_option("user", options.user, "The user id")->required();
    return command;
  };
  CLI::App* made = add("add", "Add an account, or give roles to one",
                       [&context] { return Add(context, options); });
  made->add_option("--email", options.email, "Its address");
  made->add_option("--phone", options.phone, "Its telephone number, such as +12345678900");
  made->add_option("--role", options.roles, "A role it gets; may be given several times");
  AddCommand(*user, context, "list", "List the accounts",
             [&context] { return ListUsers(context); });
  add("disable", "End the user's logins and refuse new ones",
      [&context] { return SetEnabled(context, options, false); });
  add("enable", "Let the user sign in again",
      [&context] { return SetEnabled(context, options, true); });
  add("reset-password", "Give the user a temporary password and remove the second factor",
      [&context] { return ResetPassword(context, options); });
  add("mfa-reset", "Remove the user's second factor",
      [&context] { return ResetMfa(context, options); });
}

}  // namespace vams::cli
