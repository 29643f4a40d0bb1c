#include "cli/auth_login.h"

#include <fmt/format.h>

#include <charconv>

#include "identity/api_keys.h"

namespace vams::cli {

namespace json = boost::json;

namespace {

// The API that this client was made for, and the oldest that it understands.
constexpr std::string_view kApiVersion = "2.5.1";
constexpr std::pair<int, int> kOldestApi{2, 2};

constexpr int kTries = 3;  // of a person at one sign-in

constexpr const char* kHowPassword =
    "set VAMS_PASSWORD, or give it as a line of standard input with --password-stdin";
constexpr const char* kHowLine =
    "give it as a further line of standard input with --password-stdin";
constexpr const char* kHowToken =
    "set VAMS_TOKEN, or give it as a line of standard input with --token-stdin";

std::string_view HostOf(std::string_view url) {
  url = url.substr(url.find("://") + 3);
  return url.substr(0, url.find_first_of(url.starts_with('[') ? "]/" : ":/"));
}

bool IsPlainAndFar(std::string_view url) {
  if (!url.starts_with("http://")) return false;
  const auto host = HostOf(url);
  return host != "localhost" && !host.starts_with("127.") && !host.starts_with("[::1");
}

// "2.5.1" -> 2, 5; nothing for anything that is no dotted number.
std::optional<std::pair<int, int>> ParseVersion(std::string_view text) {
  std::pair<int, int> version{0, 0};
  const char* const end = text.data() + text.size();
  const auto [dot, first] = std::from_chars(text.data(), end, version.first);
  if (first != std::errc() || dot == end || *dot != '.') return std::nullopt;
  const auto [rest, second] = std::from_chars(dot + 1, end, version.second);
  if (second != std::errc() || (rest != end && *rest != '.')) return std::nullopt;
  return version;
}

Error NoVamsServer(const RestClient& client) {
  return Error(Code::kNotSupported,
               fmt::format("{} answers, but not as a VAMS server does (GET /api/version); nothing "
                           "secret was sent and nothing was stored; check the address",
                           client.url()),
               client.status() >= 300 ? fmt::format("HTTP {}", client.status()) : std::string());
}

Status CheckVersion(RestClient& client) {
  const auto answer = client.CallWithoutToken("GET", "/api/version");
  if (!answer.ok() && client.status() == 0) return answer.error();
  const std::string text = answer.ok() ? TextOf(*answer, "version") : std::string();
  const auto version = ParseVersion(text);
  if (!version) return NoVamsServer(client);
  if (*version < kOldestApi)
    return Error(Code::kNotSupported,
                 fmt::format("{} speaks version {} of the API, and this client understands {}.{} "
                             "and later; nothing was stored; use a client of the server's age, or "
                             "update the server",
                             client.url(), text, kOldestApi.first, kOldestApi.second));
  if (text != kApiVersion)
    fmt::print(stderr,
               "warning: {} speaks version {} of the API, this client {}; commands may behave "
               "differently\n",
               client.url(), text, kApiVersion);
  return Ok();
}

// What the server says of itself.  Its API's address may differ from the one that was typed.
Result<json::object> Discover(RestClient& client, const std::string& typed) {
  TRY_OK(CheckVersion(client));
  TRY(const auto config, client.CallWithoutToken("GET", "/api/amplify-config"));
  const std::string api = TextOf(config, "api");
  const bool absolute = api.starts_with("https://") || api.starts_with("http://");
  if (!absolute) return NoVamsServer(client);
  // A server behind a proxy that ends TLS may not know that it does; what was encrypted stays so.
  if (typed.starts_with("https://") && !api.starts_with("https://")) return config.get_object();
  client.UseServer(api);
  return config.get_object();
}

Result<std::string> ServerOf(const Context& context, const RestClient& client,
                             const LoginOptions& options) {
  std::string url = options.url.empty() ? client.url() : options.url;
  if (url.empty())
    return Error(Code::kInvalid,
                 fmt::format("profile \"{}\" knows no server yet; name it with --url, such as "
                             "--url https://assets.plant.example",
                             context.profile.empty() ? "default" : context.profile));
  if ((!url.starts_with("https://") && !url.starts_with("http://")) || HostOf(url).empty())
    return Error(
        Code::kInvalid,
        fmt::format("\"{}\" is no server's address; begin it with https:// or http://", url));
  while (url.ends_with('/')) url.pop_back();
  if (IsPlainAndFar(url))
    fmt::print(stderr,
               "warning: {} is not encrypted, so everyone on the way can read the password; use "
               "https:// where the server offers it\n",
               url);
  return url;
}

Result<std::int64_t> ParseExpiry(const std::string& text, std::int64_t now) {
  const bool relative = text.starts_with('+');
  const char* const begin = text.data() + (relative ? 1 : 0);
  const char* const end = text.data() + text.size();
  std::int64_t number = 0;
  const auto [at, failure] = std::from_chars(begin, end, number);
  if (failure == std::errc() && at == end && number >= 0 && number < (std::int64_t{1} << 40))
    return relative ? now + number : number;
  // ISO 8601 as the server itself reads it for keys.
  if (const auto time = identity::ParseExpiry(text)) return *time / 1000;
  return Error(Code::kInvalid,
               fmt::format("\"{}\" is no time; give seconds since 1970, +SECONDS from now, or a "
                           "time of UTC such as 2027-03-01T10:00:00Z",
                           text));
}

Result<Login> WithPassword(const Context& context, RestClient& client, const LoginOptions& options,
                           const Answers& answers) {
  std::string password = context.Variable("VAMS_PASSWORD");
  if (password.empty() || options.password_stdin) {
    TRY(password, answers.Secret(fmt::format("password of {}", options.user), kHowPassword));
  }
  const json::object body{{"userId", options.user}, {"password", password}};
  auto answer = client.CallWithoutToken("POST", "/auth/login", &body);
  if (!answer.ok() && answer.error().code == Code::kNotFound)
    return Error(
        Code::kNotSupported,
        fmt::format("{} has no accounts of its own; nobody was signed in; use a token of "
                    "its identity provider or an API key: \"vams auth login --user-id ID\"",
                    client.url()));
  if (!answer.ok()) return std::move(answer).error();
  return AnswerChallenges(context, client, *std::move(answer), options.user, answers);
}

Result<Login> WithToken(const Context& context, RestClient& client, const LoginOptions& options) {
  Login login{.user = options.token_user, .access_token = options.token, .is_override = true};
  if (login.access_token.empty() && !options.token_stdin)
    login.access_token = context.Variable("VAMS_TOKEN");
  if (login.access_token.empty()) {
    TRY(login.access_token,
        Answers(options.token_stdin)
            .Secret(fmt::format("API key or token of {}", login.user), kHowToken));
  }
  const std::int64_t now = context.clock.NowMillis() / 1000;
  if (!options.expires_at.empty()) {
    TRY(login.expires_at, ParseExpiry(options.expires_at, now));
  }
  client.UseLogin(login);
  const auto known =
      client.Call("GET", "/auth/loginProfile/" + net::PercentEncode(options.token_user));
  if (known.ok()) return login;
  if (known.error().code == Code::kDenied)
    return Error(Code::kDenied,
                 fmt::format("the token is not that of \"{}\"; nothing was stored; give the user "
                             "id that the API key acts for",
                             options.token_user));
  if (known.error().code == Code::kUnauthenticated)
    return Error(Code::kUnauthenticated,
                 fmt::format("{} does not accept this token: it is unknown, disabled or expired, "
                             "or this machine's address is not allowed; nothing was stored",
                             client.url()));
  return known.error();
}

// One answer to one challenge.
Result<json::object> Answer(const std::string& challenge, const Answers& answers) {
  if (challenge == "NEW_PASSWORD_REQUIRED") {
    TRY(const auto password, answers.NewSecret("new password", kHowLine));
    return json::object{{"newPassword", password}};
  }
  if (challenge == "SOFTWARE_TOKEN_MFA") {
    TRY(const auto code, answers.Secret("code of the authenticator app", kHowLine));
    return json::object{{"mfaCode", code}};
  }
  return Error(Code::kNotSupported,
               fmt::format("the server asks for \"{}\", which this client does not know; nobody "
                           "was signed in; update the client",
                           challenge));
}

}  // namespace

Result<Login> AnswerChallenges(const Context& context, RestClient& client, json::value answer,
                               const std::string& user, const Answers& answers) {
  int refused = 0;
  while (true) {
    const std::string challenge = TextOf(answer, "challenge");
    if (challenge.empty()) return ReadTokens(answer, user, context.clock.NowMillis() / 1000);
    if (challenge == "NEW_PASSWORD_REQUIRED" && answers.typed() && refused == 0)
      fmt::print(stderr, "the password was good for this once; choose your own\n");
    TRY(auto body, Answer(challenge, answers));
    body["session"] = TextOf(answer, "session");
    auto next = client.CallWithoutToken("POST", "/auth/challenge", &body);
    if (next.ok()) {
      answer = *std::move(next);
      continue;
    }
    // A weak password or a mistyped code; the server ends the login itself after too many.
    const bool again = next.error().code == Code::kInvalid ||
                       (challenge == "SOFTWARE_TOKEN_MFA" && client.status() == 401);
    if (!answers.typed() || !again || ++refused == kTries) return std::move(next).error();
    fmt::print(stderr, "{}\n", next.error().message);
  }
}

Result<int> SignIn(Context& context, RestClient& client, const LoginOptions& options) {
  if (options.user.empty() == options.token_user.empty())
    return Error(Code::kInvalid,
                 "say who signs in: --user ID with a password, or --user-id ID with an API key or "
                 "a token");
  TRY(const auto url, ServerOf(context, client, options));
  client.UseServer(url);
  TRY(const auto config, Discover(client, url));
  const Answers answers(options.password_stdin);
  TRY(const auto login, options.user.empty() ? WithToken(context, client, options)
                                             : WithPassword(context, client, options, answers));
  Profile& profile = client.profile();
  {
    TRY(const auto lock, profile.Lock());
    TRY_OK(profile.SaveServer(url, client.url(), config, context.clock));
    TRY_OK(profile.SaveLogin(login));
  }
  client.UseLogin(login);
  // Upstream's client does the same: the server then knows the user's address, and commands know
  // what the server can do.
  for (const auto& path :
       {"/auth/loginProfile/" + net::PercentEncode(login.user), std::string("/secure-config")}) {
    const auto known = client.Call("GET", path);
    if (!known.ok())
      fmt::print(stderr, "warning: signed in, but GET {} failed: {}\n", path,
                 known.error().message);
    else if (path == "/secure-config" && known->is_object())
      TRY_OK(profile.SaveFeatures(known->get_object(), context.clock));
  }
  if (context.json)
    PrintJson({{"success", true},
               {"profile", profile.name()},
               {"api_url", client.url()},
               {"user_id", login.user},
               {"authentication_type", login.is_override ? "override" : "password"}});
  else
    fmt::print("signed in to {} as \"{}\" (profile \"{}\")\n", client.url(), login.user,
               profile.name());
  return kDone;
}

}  // namespace vams::cli
