#include "api/identity_protocol.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <utility>

#include "api/account_routes.h"
#include "api/auth_routes.h"
#include "base/log.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::string_view kContentType = "application/x-amz-json-1.1";
constexpr std::string_view kService = "AWSCognitoIdentityProviderService.";

constexpr std::string_view kInvalidParameter = "InvalidParameterException";
constexpr std::string_view kNotAuthorized = "NotAuthorizedException";

http::Response Reply(int status, const json::object& body) {
  http::Response response = Answer(status, body);
  response.headers.Set("content-type", kContentType);
  return response;
}

http::Response Fault(std::string_view type, std::string_view message, int status = 400) {
  return Reply(status, {{"__type", type}, {"message", message}});
}

// A text member that has to be there.
Parsed<std::string> Need(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_string() || value->get_string().empty())
    return std::unexpected(
        Fault(kInvalidParameter, fmt::format("the request needs a text \"{}\"", name)));
  return std::string(value->get_string());
}

Parsed<json::object> NeedObject(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr || !value->is_object())
    return std::unexpected(
        Fault(kInvalidParameter, fmt::format("the request needs an object \"{}\"", name)));
  return value->get_object();
}

Parsed<void> CheckClient(const Call& call, const json::object& body) {
  auto client = Need(body, "ClientId");
  if (!client) return std::unexpected(std::move(client).error());
  if (*client == call.s.settings.client_id) return {};
  return std::unexpected(Fault("ResourceNotFoundException",
                               "there is no such app client; use the cognitoAppClientId that "
                               "/api/amplify-config names"));
}

// Failures of logins and of the caller's account, in this protocol's words.
http::Response FaultOf(Call& call, const Error& error, std::string_view unauthenticated) {
  call.Because(fmt::format("{}: {}", CodeName(error.code), error.message));
  if (LockedFor(error)) return Fault("TooManyRequestsException", error.message);
  switch (error.code) {
    case Code::kUnauthenticated:
    case Code::kNotFound:
      return Fault(kNotAuthorized, unauthenticated);
    case Code::kInvalid:
      return Fault("InvalidPasswordException", error.message);
    default:
      LogError(fmt::format("request {}: identity protocol: {}: {} ({})", call.request.request_id,
                           CodeName(error.code), error.message, error.details));
      return Fault("InternalErrorException", "the server could not do this now; try again later",
                   500);
  }
}

// Whose access token it is; id tokens and API keys do not count.
Parsed<std::shared_ptr<const identity::Identity>> Holder(Call& call, const json::object& body) {
  auto token = Need(body, "AccessToken");
  if (!token) return std::unexpected(std::move(token).error());
  constexpr std::string_view kBad = "the access token is invalid, expired or revoked";
  auto who = SessionsOf(call).Verify(call.op, *token);
  if (!who.ok()) return std::unexpected(FaultOf(call, who.error(), kBad));
  const json::value* use = (*who)->claims.if_contains("token_use");
  if (use == nullptr || *use != "access") {
    call.Because("refused: no access token");
    return std::unexpected(Fault(kNotAuthorized, kBad));
  }
  return *std::move(who);
}

http::Response StepReply(const identity::LoginStep& step, bool with_refresh = true) {
  if (step.tokens) {
    json::object result{{"AccessToken", step.tokens->access},
                        {"IdToken", step.tokens->id},
                        {"TokenType", "Bearer"},
                        {"ExpiresIn", step.tokens->expires_in}};
    if (with_refresh) result["RefreshToken"] = step.tokens->refresh;
    return Reply(200, {{"AuthenticationResult", std::move(result)},
                       {"ChallengeParameters", json::object()}});
  }
  json::object parameters{{"USER_ID_FOR_SRP", step.user}};
  if (step.challenge == identity::Challenge::kNewPasswordRequired) {
    // Objects as text, as the protocol has them.
    parameters["requiredAttributes"] = "[]";
    parameters["userAttributes"] = "{}";
  }
  return Reply(200, {{"ChallengeName", identity::Name(*step.challenge)},
                     {"Session", step.session},
                     {"ChallengeParameters", std::move(parameters)}});
}

http::Response StepReply(Call& call, const Result<identity::LoginStep>& step,
                         std::string_view unauthenticated) {
  if (!step.ok()) return FaultOf(call, step.error(), unauthenticated);
  return StepReply(*step);
}

Result<http::Response> InitiateAuth(Call& call, const json::object& body) {
  PARSE_OK(CheckClient(call, body));
  PARSE(const auto flow, Need(body, "AuthFlow"));
  identity::Sessions& sessions = SessionsOf(call);
  if (flow == "USER_PASSWORD_AUTH") {
    PARSE(const auto parameters, NeedObject(body, "AuthParameters"));
    PARSE(const auto user, Need(parameters, "USERNAME"));
    PARSE(const auto password, Need(parameters, "PASSWORD"));
    return StepReply(call, sessions.Login(call.op, user, password, call.request.client),
                     kWrongLogin);
  }
  if (flow == "REFRESH_TOKEN_AUTH" || flow == "REFRESH_TOKEN") {
    PARSE(const auto parameters, NeedObject(body, "AuthParameters"));
    PARSE(const auto token, Need(parameters, "REFRESH_TOKEN"));
    auto tokens = sessions.Refresh(call.op, token, call.request.client, /*rotate=*/false);
    if (!tokens.ok())
      return FaultOf(call, tokens.error(), "the refresh token is invalid, expired or revoked");
    identity::LoginStep step;
    step.tokens = *std::move(tokens);
    return StepReply(step, /*with_refresh=*/false);
  }
  return Fault(kInvalidParameter,
               "this authentication flow is not offered; use USER_PASSWORD_AUTH");
}

Result<http::Response> RespondToAuthChallenge(Call& call, const json::object& body) {
  PARSE_OK(CheckClient(call, body));
  PARSE(const auto name, Need(body, "ChallengeName"));
  const bool password = name == "NEW_PASSWORD_REQUIRED";
  if (!password && name != "SOFTWARE_TOKEN_MFA")
    return Fault(kInvalidParameter,
                 "this challenge is not offered; NEW_PASSWORD_REQUIRED and SOFTWARE_TOKEN_MFA are");
  PARSE(const auto session, Need(body, "Session"));
  PARSE(const auto responses, NeedObject(body, "ChallengeResponses"));
  PARSE(const auto answer, Need(responses, password ? "NEW_PASSWORD" : "SOFTWARE_TOKEN_MFA_CODE"));
  identity::Sessions& sessions = SessionsOf(call);
  const auto step = password
                        ? sessions.AnswerNewPassword(call.op, session, answer, call.request.client)
                        : sessions.AnswerMfa(call.op, session, answer, call.request.client);
  return StepReply(call, step, step.ok() ? "" : step.error().message);
}

Result<http::Response> GetUser(Call& call, const json::object& body) {
  PARSE(const auto who, Holder(call, body));
  const auto account = AccountsOf(call).Get(call.op, who->user);
  if (!account.ok()) return FaultOf(call, account.error(), "there is no such user any more");
  const auto attribute = [](std::string_view name, std::string_view value) {
    return json::object{{"Name", name}, {"Value", value}};
  };
  json::array attributes{attribute("sub", account->subject), attribute("email", account->email)};
  if (!account->phone.empty()) attributes.push_back(attribute("phone_number", account->phone));
  json::object answer{{"Username", account->user}, {"UserAttributes", std::move(attributes)}};
  if (account->totp) {
    answer["UserMFASettingList"] = json::array{"SOFTWARE_TOKEN_MFA"};
    answer["PreferredMfaSetting"] = "SOFTWARE_TOKEN_MFA";
  }
  return Reply(200, answer);
}

// Ends all sessions, the one of this access token too.
Result<http::Response> ChangeOwnPassword(Call& call, const json::object& body) {
  PARSE(const auto who, Holder(call, body));
  PARSE(const auto old_password, Need(body, "PreviousPassword"));
  PARSE(const auto new_password, Need(body, "ProposedPassword"));
  const auto changed = ChangePassword(call, *who, old_password, new_password);
  if (!changed.ok()) return FaultOf(call, changed.error(), kWrongLogin);
  return Reply(200, {});
}

Result<http::Response> GlobalSignOut(Call& call, const json::object& body) {
  PARSE(const auto who, Holder(call, body));
  const auto ended = SessionsOf(call).EndAllOf(call.op, who->user);
  if (!ended.ok()) return FaultOf(call, ended.error(), "");
  AuditAccount(call, "accountSignOut", who->user, "globalSignOut");
  return Reply(200, {});
}

// Ends the session of a refresh token.  One that is worth nothing already is as good as revoked
// (RFC 7009 section 2.2).
Result<http::Response> RevokeToken(Call& call, const json::object& body) {
  PARSE_OK(CheckClient(call, body));
  PARSE(const auto token, Need(body, "Token"));
  identity::Sessions& sessions = SessionsOf(call);
  const auto tokens = sessions.Refresh(call.op, token, call.request.client, /*rotate=*/false);
  if (!tokens.ok()) {
    if (tokens.error().code == Code::kUnauthenticated) return Reply(200, {});
    return FaultOf(call, tokens.error(), "");
  }
  const auto who = sessions.Verify(call.op, tokens->access);
  const Status ended = who.ok() ? sessions.Logout(call.op, **who) : Status(who.error());
  if (!ended.ok()) return FaultOf(call, ended.error(), "the token could not be revoked");
  return Reply(200, {});
}

Result<http::Response> AssociateSoftwareToken(Call& call, const json::object& body) {
  PARSE(const auto who, Holder(call, body));
  identity::Accounts& accounts = AccountsOf(call);
  const auto account = accounts.Get(call.op, who->user);
  if (!account.ok()) return FaultOf(call, account.error(), "there is no such user any more");
  // As POST /auth/mfa: a stolen token must not do to put another authenticator in its place.
  if (account->totp)
    return Fault(kNotAuthorized,
                 "a second factor is in use already; remove it with the password first");
  const auto enrolment = accounts.BeginTotp(call.op, who->user);
  if (!enrolment.ok()) return FaultOf(call, enrolment.error(), "");
  return Reply(200, {{"SecretCode", enrolment->secret_base32}});
}

// Turns the second factor on: there is no preference to set afterwards.  The recovery codes are an
// addition to the protocol; clients that drop them leave the user to an administrator's reset.
Result<http::Response> VerifySoftwareToken(Call& call, const json::object& body) {
  PARSE(const auto who, Holder(call, body));
  PARSE(const auto code, Need(body, "UserCode"));
  const auto recovery = AccountsOf(call).FinishTotp(call.op, who->user, code);
  if (!recovery.ok()) {
    const Error& error = recovery.error();
    if (error.code != Code::kDenied && error.code != Code::kConflict)
      return FaultOf(call, error, "there is no such user any more");
    call.Because(std::string(CodeName(error.code)));
    return Fault("EnableSoftwareTokenMFAException", error.message);
  }
  AuditAccount(call, "accountMfaEnable", who->user, "enableMfa");
  return Reply(200, {{"Status", "SUCCESS"},
                     {"RecoveryCodes", json::array(recovery->begin(), recovery->end())}});
}

Result<http::Response> ForgotPassword(Call&, const json::object&) {
  return Fault(kNotAuthorized,
               "passwords are not reset by their users here; ask an administrator for a new one");
}

using ProtocolOperation = Result<http::Response> (*)(Call&, const json::object&);
constexpr auto kProtocolOperations = std::to_array<std::pair<std::string_view, ProtocolOperation>>({
    {"AssociateSoftwareToken", AssociateSoftwareToken},
    {"ChangePassword", ChangeOwnPassword},
    {"ConfirmForgotPassword", ForgotPassword},
    {"ForgotPassword", ForgotPassword},
    {"GetUser", GetUser},
    {"GlobalSignOut", GlobalSignOut},
    {"InitiateAuth", InitiateAuth},
    {"RespondToAuthChallenge", RespondToAuthChallenge},
    {"RevokeToken", RevokeToken},
    {"VerifySoftwareToken", VerifySoftwareToken},
});

Result<http::Response> Dispatch(Call& call) {
  const auto target = call.request.headers.Find("x-amz-target");
  if (!target) return Refuse(404, "Not Found");
  const std::string_view name =
      target->starts_with(kService) ? target->substr(kService.size()) : std::string_view();
  const auto found = std::ranges::find(kProtocolOperations, name,
                                       &std::pair<std::string_view, ProtocolOperation>::first);
  if (found == kProtocolOperations.end())
    return Fault("UnknownOperationException", "there is no such operation here");
  if (call.request.body.size() > kLoginBodyLimit)
    return Fault("RequestEntityTooLargeException", "no request of this protocol is that long", 413);
  boost::system::error_code error;
  const json::value body = json::parse(call.request.body, error);
  if (error || !body.is_object())
    return Fault("SerializationException", "the body is no JSON object");
  return found->second(call, body.get_object());
}

Result<http::Response> Serve(Call& call) {
  auto response = Dispatch(call);
  if (response.ok()) response->headers.Set("x-amzn-requestid", call.request.request_id);
  return response;
}

}  // namespace

void AddIdentityProtocol(Gate& gate, const Services& services) {
  if (!services.settings.identity_protocol || services.accounts == nullptr ||
      services.sessions == nullptr)
    return;
  gate.Add({.verb = http::Verb::kPost,
            .path = "/",
            .id = "identityProtocol",
            .guard = Guard::kPublic,
            .tag = "login",
            .summary = "The identity-provider protocol that stock clients log in with",
            .handle = Serve});
}

}  // namespace vams::api
