#include "api/account_routes.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <utility>

#include "api/auth_routes.h"
#include "base/log.h"

namespace vams::api {

namespace json = boost::json;

namespace {

constexpr std::string_view kWrongPassword = "the password is wrong";
constexpr model::TextRule kSecretText = {.required = true, .min = 1, .max = 256};

// A body of these endpoints with one password or code in it.
Parsed<std::string> OneText(const Call& call, std::string_view name, std::string_view model) {
  auto body = LoginBody(call);
  if (!body) return std::unexpected(std::move(body).error());
  model::Problems problems;
  model::ObjectReader reader(*body, problems);
  std::string text = reader.Text(name, kSecretText);
  if (auto fine = Check(problems, model); !fine) return std::unexpected(std::move(fine).error());
  return text;
}

// A wrong password is the request's fault here, not that of the token: 401 would end the client's
// session.
http::Response RefusePassword(Call& call, const Error& error) {
  if (error.code != Code::kUnauthenticated) return RefuseLogin(error, kWrongPassword);
  call.Because("refused: wrong password");
  return Refuse(400, kWrongPassword);
}

Result<http::Response> GetAccount(Call& call) {
  TRY(const auto account, AccountsOf(call).Get(call.op, call.user()));
  json::object answer{{"userId", account.user},
                      {"email", account.email},
                      {"phone", nullptr},
                      {"mfaEnabled", account.totp},
                      {"status", identity::Name(account.status)}};
  if (!account.phone.empty()) answer["phone"] = account.phone;
  return Answer(answer);
}

// The caller's session ends with all others, because its tokens may be what was stolen; the answer
// brings a new one, or its challenge if there is a second factor.
Result<http::Response> PostPassword(Call& call) {
  PARSE(const auto body, LoginBody(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  const std::string password = reader.Text("password", kSecretText);
  const std::string wanted = reader.Text("newPassword", kSecretText);
  PARSE_OK(Check(problems, "ChangePasswordRequestModel"));
  const auto changed = ChangePassword(call, call.caller().identity(), password, wanted);
  if (!changed.ok()) return RefusePassword(call, changed.error());
  json::object answer{{"success", true}, {"message", "Password changed"}};
  const auto step = SessionsOf(call).Login(call.op, call.user(), wanted, call.request.client);
  if (!step.ok()) {
    answer["message"] = "Password changed; log in with the new one";
    return Answer(answer);
  }
  for (auto& member : LoginJson(*step)) answer[member.key()] = std::move(member.value());
  return Answer(answer);
}

Result<http::Response> BeginMfa(Call& call) {
  TRY(const auto account, AccountsOf(call).Get(call.op, call.user()));
  // Else a stolen token would do to put another's authenticator in the place of the owner's.
  if (account.totp) {
    call.Because("refused: a second factor is enrolled");
    return Refuse(400,
                  "a second factor is in use already; remove it with the password (DELETE "
                  "/auth/mfa), then enrol the new one");
  }
  TRY(const auto enrolment, AccountsOf(call).BeginTotp(call.op, call.user()));
  return Answer(json::object{{"secret", enrolment.secret_base32}, {"uri", enrolment.uri}});
}

Result<http::Response> ConfirmMfa(Call& call) {
  PARSE(const auto code, OneText(call, "code", "ConfirmMfaRequestModel"));
  const auto recovery = AccountsOf(call).FinishTotp(call.op, call.user(), code);
  if (!recovery.ok()) {
    const Error& error = recovery.error();
    if (error.code != Code::kDenied && error.code != Code::kConflict) return RefuseError(error);
    call.Because(std::string(CodeName(error.code)));
    return Refuse(400, error.message);
  }
  AuditAccount(call, "accountMfaEnable", call.user(), "enableMfa");
  return Answer(json::object{{"recoveryCodes", json::array(recovery->begin(), recovery->end())}});
}

Result<http::Response> DeleteMfa(Call& call) {
  PARSE(const auto password, OneText(call, "password", "RemoveMfaRequestModel"));
  const auto proved = ProvePassword(call, call.caller().identity(), password);
  if (!proved.ok()) return RefusePassword(call, proved.error());
  TRY_OK(AccountsOf(call).RemoveTotp(call.op, call.user()));
  AuditAccount(call, "accountMfaDisable", call.user(), "disableMfa");
  return Answer(json::object{{"success", true}, {"message", "The second factor was removed"}});
}

// Only for whoever logged in.
Endpoint OwnAccount(Endpoint handle) {
  return [handle = std::move(handle)](Call& call) -> Result<http::Response> {
    if (!call.caller().identity().api_key.empty()) {
      call.Because("refused: an API key has no account");
      return Refuse(403, "Not Authorized");
    }
    return handle(call);
  };
}

}  // namespace

void AddAccountRoutes(Gate& gate, const Services& services) {
  if (services.accounts == nullptr || services.sessions == nullptr) return;
  RouteGroup own(gate, {.guard = Guard::kToken, .tag = "account"});
  own.Add(http::Verb::kGet, "/auth/account", "getAccount", "The caller's own account",
          OwnAccount(GetAccount));
  own.Add(http::Verb::kPost, "/auth/password", "changePassword",
          "Change the own password; ends all sessions and begins a new one",
          OwnAccount(PostPassword));
  own.Add(http::Verb::kPost, "/auth/mfa", "beginMfa", "Begin to enrol a second factor",
          OwnAccount(BeginMfa));
  own.Add(http::Verb::kPost, "/auth/mfa/confirm", "confirmMfa",
          "Finish the enrolment with a code; shows the recovery codes once",
          OwnAccount(ConfirmMfa));
  own.Add(http::Verb::kDelete, "/auth/mfa", "removeMfa", "Remove the own second factor",
          OwnAccount(DeleteMfa));
}

Status ProvePassword(Call& call, const identity::Identity& who, std::string_view password) {
  identity::Sessions& sessions = SessionsOf(call);
  TRY(const auto step, sessions.Login(call.op, who.user, password, call.request.client));
  if (!step.tokens) return Ok();  // nobody knows this challenge, and it expires
  TRY(const auto made, sessions.Verify(call.op, step.tokens->access));
  return sessions.Logout(call.op, *made);
}

Status ChangePassword(Call& call, const identity::Identity& who, std::string_view password,
                      std::string_view new_password) {
  // Before the old one is proved: what is refused anyway should not cost a guess.
  TRY_OK(identity::CheckPasswordPolicy(who.user, new_password));
  if (new_password == password)
    return Error(Code::kInvalid, "the new password is the old one; choose another");
  TRY_OK(ProvePassword(call, who, password));
  TRY_OK(AccountsOf(call).SetPassword(call.op, who.user, new_password, /*must_change=*/false));
  AuditAccount(call, "accountPasswordChange", who.user, "changePassword");
  // Older logins count no more already; what stays behind is only their records, until they expire.
  if (const auto ended = SessionsOf(call).EndAllOf(call.op, who.user); !ended.ok())
    LogWarning(
        fmt::format("request {}: records of sessions before a changed password stay: {} ({})",
                    call.request.request_id, ended.error().message, ended.error().details));
  return Ok();
}

void AuditAccount(Call& call, std::string type, std::string_view user, std::string_view operation) {
  call.Audit(audit::Channel::kAuthChanges, std::move(type),
             {{"userId", user}, {"operation", operation}});
}

}  // namespace vams::api
