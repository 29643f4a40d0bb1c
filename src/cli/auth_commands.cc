// vams auth login|status|whoami|refresh|logout|password|mfa enroll|mfa remove: the login that the
// client commands use, and the own account (cli.md section 3.2).
#include <fmt/format.h>
#include <fmt/ranges.h>

#include "cli/auth_login.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

struct AuthOptions {
  LoginOptions login;
  bool password_stdin = false;
  bool code_stdin = false;
};

constexpr const char* kHowOtherwise = "give it as a line of standard input with --password-stdin";
constexpr const char* kHowCode = "give it as a line of standard input with --code-stdin";

std::string Kind(const RestClient& client) {
  if (client.login_of_environment()) return "environment";
  return client.login()->is_override ? "override" : "password";
}

json::object StatusJson(const Context& context, RestClient& client) {
  json::object object{{"success", true},
                      {"profile", client.profile().name()},
                      {"api_url", nullptr},
                      {"authenticated", client.login().has_value()}};
  if (!client.url().empty()) object["api_url"] = client.url();
  if (!client.login()) return object;
  const Login& login = *client.login();
  const std::int64_t now = context.clock.NowMillis() / 1000;
  const bool refreshable = !login.is_override && !login.refresh_token.empty();
  object["authenticated"] = refreshable || !login.expires_at || *login.expires_at > now;
  object["authentication_type"] = Kind(client);
  object["user_id"] = nullptr;
  if (!login.user.empty()) object["user_id"] = login.user;
  object["has_expiration"] = login.expires_at.has_value();
  object["is_expired"] = login.expires_at && *login.expires_at <= now;
  object["expires_at"] = nullptr;
  object["expires_in"] = nullptr;
  if (login.expires_at) {
    object["expires_at"] = *login.expires_at;
    object["expires_in"] = std::max<std::int64_t>(*login.expires_at - now, 0);
  }
  object["refresh_supported"] = refreshable;
  object["saved_credentials"] = false;
  return object;
}

// No request, and exit status 0 in every state, as upstream's client.
Result<int> ShowStatus(const Context& context, RestClient& client) {
  const json::object status = StatusJson(context, client);
  if (context.json) {
    PrintJson(status);
    return kDone;
  }
  if (!client.login()) {
    fmt::print("profile \"{}\" is not signed in{}\n", client.profile().name(),
               client.url().empty() ? "" : " to " + client.url());
    return kDone;
  }
  const Login& login = *client.login();
  const std::string until =
      login.expires_at ? IsoMillis(*login.expires_at * 1000).substr(0, 19) + "Z" : "not said";
  const bool expired = status.at("is_expired").get_bool();
  std::string token = expired ? "expired at " + until : "good until " + until;
  if (!login.expires_at) token = "does not say when it expires";
  if (status.at("refresh_supported").get_bool()) token += ", then refreshed by itself";
  fmt::print("{}",
             Columns({{"profile", client.profile().name()},
                      {"server", client.url()},
                      {"user", login.user.empty() ? "not known" : login.user},
                      {"signed in with", login.is_override ? "an API key or token" : "a password"},
                      {"token", token}}));
  return kDone;
}

Result<int> WhoAmI(const Context& context, RestClient& client) {
  // An API key acts for a user without having the account.
  const bool has_account = client.login() && !client.login()->is_override;
  json::object answer;
  if (has_account) {
    TRY(const auto account, client.Call("GET", "/auth/account"));
    if (account.is_object()) answer = account.get_object();
  } else {
    const json::object none{{"routes", json::array()}};
    TRY(const auto routes, client.Call("POST", "/auth/routes", &none));
    answer = {{"userId", TextOf(routes, "email")}};
  }
  answer["api_url"] = client.url();
  if (context.json) {
    PrintJson(answer);
    return kDone;
  }
  std::vector<std::vector<std::string>> rows{{"user", TextOf(answer, "userId")},
                                             {"server", client.url()}};
  if (has_account) {
    rows.push_back({"e-mail", TextOf(answer, "email")});
    const json::value* mfa = answer.if_contains("mfaEnabled");
    const bool on = mfa != nullptr && mfa->is_bool() && mfa->get_bool();
    rows.push_back({"second factor", on ? "on" : "off"});
  }
  fmt::print("{}", Columns(rows));
  return kDone;
}

Result<int> RefreshLogin(const Context& context, RestClient& client) {
  TRY_OK(client.Refresh());
  if (context.json)
    PrintJson(StatusJson(context, client));
  else
    fmt::print("refreshed the login of \"{}\" (profile \"{}\")\n", client.login()->user,
               client.profile().name());
  return kDone;
}

Result<int> SignOut(const Context& context, RestClient& client) {
  Profile& profile = client.profile();
  if (!profile.login()) {
    if (context.json)
      PrintJson({{"success", true}, {"profile", profile.name()}});
    else
      fmt::print("profile \"{}\" was not signed in\n", profile.name());
    return kDone;
  }
  // Whatever the server says: who signs out must not stay signed in here.
  std::string not_told;
  if (!profile.login()->is_override && !client.login_of_environment()) {
    const auto told = client.Call("POST", "/auth/logout");
    if (!told.ok() && told.error().code != Code::kUnauthenticated) not_told = told.error().message;
  }
  TRY_OK(profile.RemoveLogin());
  if (!not_told.empty())
    fmt::print(stderr,
               "warning: the login was removed here, but the server could not be told and keeps it "
               "until it expires: {}\n",
               not_told);
  if (context.json)
    PrintJson({{"success", true}, {"profile", profile.name()}});
  else
    fmt::print("signed out (profile \"{}\")\n", profile.name());
  return kDone;
}

// The own account, which neither an API key nor a token from elsewhere has.
Status NeedsAccount(const RestClient& client) {
  if (!client.login() || !client.login()->is_override) return Ok();
  return Error(Code::kNotSupported,
               "an API key or a token from elsewhere has no password and no second factor; nothing "
               "was changed; sign in with \"vams auth login --user ID\" first");
}

Result<int> ChangePassword(const Context& context, RestClient& client, const AuthOptions& options) {
  TRY_OK(NeedsAccount(client));
  // Before anything is typed.
  TRY_OK(client.Call("GET", "/auth/account"));
  const std::string user = client.login()->user;
  const Answers answers(options.password_stdin);
  TRY(const auto old, answers.Secret(fmt::format("present password of {}", user), kHowOtherwise));
  TRY(const auto wanted, answers.NewSecret("new password", kHowOtherwise));
  const json::object body{{"password", old}, {"newPassword", wanted}};
  TRY(auto answer, client.Call("POST", "/auth/password", &body));
  // Every session has ended, this one included.
  const bool again = !TextOf(answer, "accessToken").empty() || !TextOf(answer, "challenge").empty();
  bool signed_in = false;
  if (again) {
    auto login = AnswerChallenges(context, client, std::move(answer), user, answers);
    if (login.ok()) {
      TRY_OK(client.profile().SaveLogin(*login));
      signed_in = true;
    } else {
      fmt::print(stderr, "warning: {}\n", login.error().message);
    }
  }
  if (!signed_in) TRY_OK(client.profile().RemoveLogin());
  if (context.json)
    PrintJson({{"success", true}, {"user_id", user}, {"authenticated", signed_in}});
  else
    fmt::print("changed the password of \"{}\"; every other login has ended{}\n", user,
               signed_in ? "" : ", and this one too: sign in with \"vams auth login\"");
  return kDone;
}

Result<int> EnrollMfa(const Context& context, RestClient& client, const AuthOptions& options) {
  TRY_OK(NeedsAccount(client));
  TRY(const auto begun, client.Call("POST", "/auth/mfa"));
  if (context.json)
    PrintJson({{"secret", TextOf(begun, "secret")}, {"uri", TextOf(begun, "uri")}});
  else
    fmt::print(
        "add this to an authenticator app, by hand or by its address:\n  secret   {}\n"
        "  address  {}\n",
        TextOf(begun, "secret"), TextOf(begun, "uri"));
  std::fflush(stdout);
  const Answers answers(options.code_stdin);
  while (true) {
    TRY(const auto code, answers.Secret("code that the app shows", kHowCode));
    const json::object body{{"code", code}};
    const auto done = client.Call("POST", "/auth/mfa/confirm", &body);
    if (!done.ok() && done.error().code == Code::kInvalid && answers.typed()) {
      fmt::print(stderr, "{}\n", done.error().message);
      continue;
    }
    if (!done.ok()) return done.error();
    if (context.json) {
      PrintJson(*done);
      return kDone;
    }
    fmt::print(
        "the second factor is on; each of these codes replaces the app once, and they are "
        "shown only now:\n");
    if (const json::object* object = done->if_object(); object != nullptr)
      if (const json::value* codes = object->if_contains("recoveryCodes");
          codes != nullptr && codes->is_array())
        for (const json::value& one : codes->get_array())
          if (one.is_string()) fmt::print("  {}\n", std::string_view(one.get_string()));
    return kDone;
  }
}

Result<int> RemoveMfa(const Context& context, RestClient& client, const AuthOptions& options) {
  TRY_OK(NeedsAccount(client));
  TRY_OK(client.Call("GET", "/auth/account"));
  const Answers answers(options.password_stdin);
  TRY(const auto password,
      answers.Secret(fmt::format("password of {}", client.login()->user), kHowOtherwise));
  const json::object body{{"password", password}};
  TRY_OK(client.Call("DELETE", "/auth/mfa", &body));
  if (context.json)
    PrintJson({{"success", true}, {"mfaEnabled", false}});
  else
    fmt::print("the second factor is off\n");
  return kDone;
}

void AddLogin(CLI::App& auth, Context& context, LoginOptions& options) {
  CLI::App* login = AddClientCommand(
      auth, context, "login", "Sign in to a server, with a password or with an API key",
      [&](RestClient& client) { return SignIn(context, client, options); });
  login->add_option("--url", options.url, "The server (default: VAMS_API_URL, else the profile's)");
  login->add_option("-u,--user,--username", options.user, "Sign in with this user's password")
      ->type_name("ID");
  login->add_flag("--password-stdin", options.password_stdin,
                  "Password, and what else is asked, are lines of standard input");
  login
      ->add_option("--user-id", options.token_user,
                   "Sign in with an API key, or a token from elsewhere, of this user")
      ->type_name("ID");
  login
      ->add_option("--token-override", options.token,
                   "The key or token (default: VAMS_TOKEN, else asked for)")
      ->type_name("TOKEN");
  login->add_flag("--token-stdin", options.token_stdin, "It is a line of standard input");
  login
      ->add_option("--expires-at", options.expires_at,
                   "When it expires: seconds since 1970, ISO 8601, or +SECONDS")
      ->type_name("TIME");
}

}  // namespace

void AddAuthCommands(CLI::App& app, Context& context) {
  static AuthOptions options;
  CLI::App* auth = app.add_subcommand("auth", "Sign in to a server, and the own account");
  auth->require_subcommand(1);
  AddLogin(*auth, context, options.login);
  AddClientCommand(*auth, context, "status", "Show the login, without asking the server",
                   [&](RestClient& client) { return ShowStatus(context, client); });
  AddClientCommand(*auth, context, "whoami", "Ask the server who one is to it",
                   [&](RestClient& client) { return WhoAmI(context, client); });
  AddClientCommand(*auth, context, "refresh", "Get new tokens now; commands do it when needed",
                   [&](RestClient& client) { return RefreshLogin(context, client); });
  AddClientCommand(*auth, context, "logout", "End the login, here and on the server",
                   [&](RestClient& client) { return SignOut(context, client); });
  CLI::App* password = AddClientCommand(
      *auth, context, "password", "Change the own password; every other login ends",
      [&](RestClient& client) { return ChangePassword(context, client, options); });
  CLI::App* mfa = auth->add_subcommand("mfa", "The second factor of the own account");
  mfa->require_subcommand(1);
  CLI::App* enroll =
      AddClientCommand(*mfa, context, "enroll", "Turn it on with an authenticator app (TOTP)",
                       [&](RestClient& client) { return EnrollMfa(context, client, options); });
  enroll->add_flag("--code-stdin", options.code_stdin, "The code is a line of standard input");
  CLI::App* remove =
      AddClientCommand(*mfa, context, "remove", "Turn it off, with the password",
                       [&](RestClient& client) { return RemoveMfa(context, client, options); });
  for (CLI::App* command : {password, remove})
    command->add_flag("--password-stdin", options.password_stdin,
                      "What is asked are lines of standard input");
}

}  // namespace vams::cli
