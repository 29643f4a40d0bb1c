#include "api/auth_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>
#include <string>
#include <utility>

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::string_view kWrongRefresh =
    "the refresh token is unknown, used up or expired; log in again";
constexpr std::string_view kPublishedFor = "public, max-age=300";
constexpr model::TextRule kLoginText = {.required = true, .min = 1, .max = 256};

Result<http::Response> Login(Call& call) {
  PARSE(const auto body, LoginBody(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  const std::string user = reader.Text("userId", kLoginText);
  const std::string password = reader.Text("password", kLoginText);
  PARSE_OK(Check(problems, "LoginRequestModel"));
  const auto step = SessionsOf(call).Login(call.op, user, password, call.request.client);
  if (!step.ok()) return RefuseLogin(step.error(), kWrongLogin);
  return Answer(LoginJson(*step));
}

Result<http::Response> AnswerChallenge(Call& call) {
  PARSE(const auto body, LoginBody(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  const std::string session = reader.Text("session", {.required = true, .min = 1});
  model::TextRule optional = kLoginText;
  optional.required = false;
  const auto password = reader.OptionalText("newPassword", optional);
  const auto code = reader.OptionalText("mfaCode", optional);
  if (problems.empty() && password.has_value() == code.has_value())
    problems.Add("__root__", "Exactly one of newPassword and mfaCode must be provided");
  PARSE_OK(Check(problems, "ChallengeRequestModel"));
  identity::Sessions& sessions = SessionsOf(call);
  const auto step =
      password ? sessions.AnswerNewPassword(call.op, session, *password, call.request.client)
               : sessions.AnswerMfa(call.op, session, *code, call.request.client);
  if (!step.ok()) return RefuseLogin(step.error(), step.error().message);
  return Answer(LoginJson(*step));
}

Result<http::Response> Refresh(Call& call) {
  PARSE(const auto body, LoginBody(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  const std::string token = reader.Text("refreshToken", {.required = true, .min = 1});
  PARSE_OK(Check(problems, "RefreshRequestModel"));
  const auto tokens = SessionsOf(call).Refresh(call.op, token, call.request.client);
  if (!tokens.ok()) return RefuseLogin(tokens.error(), kWrongRefresh);
  return Answer(TokensJson(*tokens));
}

Result<http::Response> Logout(Call& call) {
  const identity::Identity& who = call.caller().identity();
  if (!who.api_key.empty()) {
    call.Because("refused: an API key has no session");
    return Refuse(403, "Not Authorized");
  }
  TRY_OK(SessionsOf(call).Logout(call.op, who));
  return Answer(json::object{{"message", "Logged out"}});
}

http::Response Published(const json::object& object) {
  http::Response response = http::Json(object);
  response.headers.Set("cache-control", kPublishedFor);
  return response;
}

}  // namespace

void AddAuthRoutes(Gate& gate, const Services& services) {
  if (services.sessions == nullptr) return;
  RouteGroup open(gate, {.guard = Guard::kPublic, .tag = "login"});
  RouteGroup own(gate, {.guard = Guard::kToken, .tag = "login"});
  open.Add(http::Verb::kPost, "/auth/login", "login",
           "Log in with user id and password: tokens, or a challenge", Login);
  open.Add(http::Verb::kPost, "/auth/challenge", "answerChallenge",
           "Answer a challenge of a login with a new password or a code", AnswerChallenge);
  open.Add(http::Verb::kPost, "/auth/refresh", "refreshTokens",
           "New tokens for a refresh token, which is then used up", Refresh);
  own.Add(http::Verb::kPost, "/auth/logout", "logout",
          "End the session; all of its tokens are refused from now on", Logout);
  open.Add(
      http::Verb::kGet, "/.well-known/jwks.json", "getKeySet", "The keys that verify tokens",
      [](Call& call) -> Result<http::Response> { return Published(SessionsOf(call).KeySet()); });
  open.Add(
      http::Verb::kGet, "/.well-known/openid-configuration", "getDiscovery",
      "The discovery document of the built-in identity provider",
      [](Call& call) -> Result<http::Response> { return Published(SessionsOf(call).Discovery()); });
}

identity::LoginObserver AuditLogins(audit::AuditLog& log) {
  return [&log](const identity::LoginEvent& event) {
    audit::Event line;
    // With a challenge still to answer nobody is authenticated yet.
    const bool challenged = event.ok && !event.reason.empty();
    line.channel = audit::Channel::kAuthentication;
    line.outcome = event.ok && !challenged;
    // A name that nobody has is a password in the wrong field now and then.
    if (event.reason == "no such user")
      line.actor.user = event.user.substr(0, 2) + "...";
    else if (!event.user.empty())
      line.actor.user = event.user;
    line.actor.mfa = event.mfa;
    line.payload = {{"operation", event.what}};
    if (!event.address.empty()) line.payload["sourceIp"] = event.address;
    line.payload["failureReason"] = nullptr;
    if (!event.reason.empty())
      line.payload[challenged ? "challenge" : "failureReason"] = event.reason;
    log.Write(line);
  };
}

Parsed<json::object> LoginBody(const Call& call) {
  if (call.request.body.size() > kLoginBodyLimit)
    return std::unexpected(
        Refuse(413, fmt::format("the body has more than {} bytes, which no request to this path "
                                "needs; send less",
                                kLoginBodyLimit)));
  return Body(call);
}

identity::Sessions& SessionsOf(const Call& call) {
  VAMS_CHECK(call.s.sessions != nullptr);
  return *call.s.sessions;
}

identity::Accounts& AccountsOf(const Call& call) {
  VAMS_CHECK(call.s.accounts != nullptr);
  return *call.s.accounts;
}

std::optional<std::int64_t> LockedFor(const Error& error) {
  if (error.code != Code::kUnavailable) return std::nullopt;
  std::int64_t seconds = 0;
  const char* const end = error.details.data() + error.details.size();
  const auto [at, failure] = std::from_chars(error.details.data(), end, seconds);
  if (failure != std::errc() || at != end || seconds < 0) return std::nullopt;
  return std::max<std::int64_t>(seconds, 1);
}

http::Response RefuseLogin(const Error& error, std::string_view unauthenticated) {
  if (error.code == Code::kUnauthenticated) return Refuse(401, unauthenticated);
  if (error.code == Code::kInvalid) return Refuse(400, error.message);
  const auto locked = LockedFor(error);
  if (!locked) return RefuseError(error);
  http::Response response = Refuse(429, error.message);
  response.headers.Set("retry-after", std::to_string(*locked));
  return response;
}

json::object TokensJson(const identity::Tokens& tokens) {
  return {{"accessToken", tokens.access},
          {"idToken", tokens.id},
          {"refreshToken", tokens.refresh},
          {"tokenType", "Bearer"},
          {"expiresIn", tokens.expires_in}};
}

json::object LoginJson(const identity::LoginStep& step) {
  if (step.tokens) return TokensJson(*step.tokens);
  VAMS_CHECK(step.challenge.has_value());
  return {{"challenge", identity::Name(*step.challenge)}, {"session", step.session}};
}

}  // namespace vams::api
