#include "api/cognito_users_routes.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "access/defaults.h"
#include "api/auth_routes.h"
#include "api/paging.h"
#include "base/log.h"

namespace vams::api {

namespace json = boost::json;

namespace {

// An operation's message and what follows it: that the password was mailed, in upstream's words,
// and then nobody else sees it.  Where there is no mail or it did not go out, whoever made the
// password is the only one who can pass it on, and the unmodified client shows the message alone.
struct Handover {
  std::string message;
  std::optional<std::string> shown;  // the password
};
Handover HandOver(Call& call, const Services::PasswordMail& mail, std::string message,
                  std::string_view sent) {
  std::string_view why = "There is no mail server";
  if (call.s.mail_password && !mail.to.empty()) {
    const Status done = call.s.mail_password(call.op, mail);
    if (done.ok()) return {.message = message.append(" ").append(sent), .shown = {}};
    LogWarning(fmt::format("request {}: a temporary password could not be mailed: {}",
                           call.request.request_id, done.error().message));
    why = "The mail could not be sent";
  }
  return {.message = fmt::format("{} {}: hand over this temporary password yourself, it is shown "
                                 "only now: {}",
                                 message, why, mail.password),
          .shown = mail.password};
}

constexpr std::size_t kLargestPage = 60;
constexpr model::TextRule kPhoneText = {.required = false, .min = 10, .max = 20};

// What the wire says of one operation's failures; it hides the cause, which the audit log gets.
struct Refusals {
  std::string_view invalid;
  std::string_view other;
};
constexpr Refusals kCreating = {"Invalid user parameters", "Error creating user"};
constexpr Refusals kUpdating = {"Invalid update parameters", "Error updating user"};
constexpr Refusals kDeleting = {"Error deleting user", "Error deleting user"};
constexpr Refusals kResetting = {"Invalid reset parameters", "Error resetting password"};
constexpr Refusals kListing = {"Error listing users", "Error listing users"};

http::Response RefuseUser(Call& call, const Error& error, const Refusals& texts) {
  call.Because(fmt::format("{}: {}", CodeName(error.code), error.message));
  switch (error.code) {
    case Code::kNotFound:
      return RefuseGeneral("User not found");
    case Code::kInvalid:
      return RefuseGeneral(texts.invalid);
    // Clients repeat these by themselves.
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kCancelled:
      return RefuseError(error);
    default:
      LogError(fmt::format("request {}: {}: {}: {} ({})", call.request.request_id, texts.other,
                           CodeName(error.code), error.message, error.details));
      return RefuseGeneral(texts.other);
  }
}

// 2025-03-01T10:00:00.123000+00:00
std::string Date(std::int64_t millis) { return Timestamp(millis) + "+00:00"; }

json::object UserJson(const identity::Account& account) {
  json::object user{{"userId", account.user},
                    {"email", account.email},
                    {"phone", nullptr},
                    {"userStatus", identity::Name(account.status)},
                    {"enabled", account.enabled},
                    {"userCreateDate", Date(account.created_millis)},
                    {"userLastModifiedDate", Date(account.modified_millis)},
                    {"mfaEnabled", account.totp}};
  if (!account.phone.empty()) user["phone"] = account.phone;
  return user;
}

json::object UserDone(const Call& call, std::string_view user, std::string_view operation,
                      std::string message) {
  return {{"success", true},
          {"message", std::move(message)},
          {"userId", user},
          {"operation", operation},
          {"timestamp", Timestamp(call.s.clock.NowMillis())}};
}

Parsed<std::string> UserOf(const Call& call) {
  const std::string& user = call.request.Parameter("userId");
  if (auto fine = Check(model::CheckUserId("userId", user)); !fine)
    return std::unexpected(std::move(fine).error());
  return user;
}

std::optional<std::string> ReadPhone(model::ObjectReader& reader) {
  model::Problems& problems = reader.problems();
  const bool fine_so_far = problems.empty();
  auto phone = reader.OptionalText("phone", kPhoneText);
  if (phone && fine_so_far && problems.empty()) problems.Add(model::CheckPhone("phone", *phone));
  return phone;
}

json::value OrNull(const std::optional<std::string>& text) {
  return text ? json::value(*text) : json::value(nullptr);
}

Result<http::Response> ListUsers(Call& call) {
  std::size_t size = kLargestPage;
  for (const std::string_view name : {"pageSize", "maxItems"})
    size = std::min(size, FindNumber(call.request, name).value_or(kLargestPage));
  std::string after;
  if (const auto token = call.request.FindQuery("startingToken"); token && !token->empty()) {
    auto place = PlaceOf(*token);
    if (!place) {
      call.Because("invalid: a startingToken that no list gave");
      return RefuseGeneral("Error listing users");
    }
    after = *std::move(place);
  }
  // One more tells whether there is another page.
  auto accounts = AccountsOf(call).List(call.op, after, size + 1);
  if (!accounts.ok()) return RefuseUser(call, accounts.error(), kListing);
  const bool more = accounts->size() > size;
  if (more) accounts->resize(size);
  json::array users;
  for (const auto& account : *accounts) users.push_back(UserJson(account));
  json::object answer;
  if (more) answer["NextToken"] = TokenOf(accounts->back().user);
  answer["users"] = users;
  answer["Items"] = std::move(users);  // where the stock command looks for them (decision A4)
  return Answer(answer);
}

Result<http::Response> CreateUser(Call& call) {
  PARSE(const auto body, Body(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  identity::Accounts::NewAccount account;
  account.user = reader.Text("userId");
  account.email = reader.Text("email");
  if (problems.empty()) {
    problems.Add(model::CheckUserId("userId", account.user));
    problems.Add(model::CheckEmail("email", account.email));
  }
  const auto phone = ReadPhone(reader);
  PARSE_OK(Check(problems, "CreateCognitoUserRequestModel"));
  account.phone = phone.value_or("");
  if (account.user == access::kSystemUser) {
    call.Because("refused: the system's own user cannot log in");
    return RefuseGeneral(kCreating.invalid);
  }
  const auto created = AccountsOf(call).Create(call.op, account);
  if (!created.ok() && created.error().code == Code::kConflict) {
    call.Because("conflict: there is such an account");
    return RefuseGeneral("User already exists");
  }
  if (!created.ok()) return RefuseUser(call, created.error(), kCreating);
  call.Audit(audit::Channel::kAuthChanges, "cognitoUserCreate",
             {{"userId", account.user},
              {"operation", "create"},
              {"email", account.email},
              {"phone", OrNull(phone)}});
  const Handover handover =
      HandOver(call, {account.user, account.email, created->temporary_password},
               fmt::format("User {} created successfully.", account.user),
               "A welcome email with temporary password has been sent to their email.");
  json::object answer = UserDone(call, account.user, "create", handover.message);
  if (handover.shown) answer["temporaryPassword"] = *handover.shown;
  return Answer(answer);
}

struct UserChange {
  std::optional<std::string> email, phone;
  std::optional<bool> enabled;
};

Parsed<UserChange> ReadUserChange(const Call& call) {
  auto body = Body(call);
  if (!body) return std::unexpected(std::move(body).error());
  model::Problems problems;
  model::ObjectReader reader(*body, problems);
  UserChange change;
  change.email = reader.OptionalText("email", {.required = false});
  change.enabled = reader.OptionalBool("enabled");
  if (change.email && problems.empty()) problems.Add(model::CheckEmail("email", *change.email));
  change.phone = ReadPhone(reader);
  if (problems.empty() && !change.email && !change.phone && !change.enabled)
    problems.Add("__root__", "At least one field (email or phone) must be provided for update");
  if (auto fine = Check(problems, "UpdateCognitoUserRequestModel"); !fine)
    return std::unexpected(std::move(fine).error());
  return change;
}

Status Apply(const Call& call, const std::string& user, const UserChange& change) {
  identity::Accounts& accounts = AccountsOf(call);
  // First, because it says who does not exist and what is invalid before anything is changed.
  if (change.email || change.phone)
    TRY_OK(accounts.Update(call.op, user, change.email, change.phone));
  if (!change.enabled) return Ok();
  TRY_OK(accounts.SetEnabled(call.op, user, *change.enabled));
  return *change.enabled ? Ok() : SessionsOf(call).EndAllOf(call.op, user);
}

Result<http::Response> UpdateUser(Call& call) {
  PARSE(const auto user, UserOf(call));
  PARSE(const auto change, ReadUserChange(call));
  const auto applied = Apply(call, user, change);
  if (!applied.ok()) return RefuseUser(call, applied.error(), kUpdating);
  json::object payload{{"userId", user},
                       {"operation", "update"},
                       {"email", OrNull(change.email)},
                       {"phone", OrNull(change.phone)}};
  if (change.enabled) payload["enabled"] = *change.enabled;
  call.Audit(audit::Channel::kAuthChanges, "cognitoUserUpdate", std::move(payload));
  return Answer(UserDone(call, user, "update", fmt::format("User {} updated successfully", user)));
}

// Disabled first, so that no login can slip in between the end of the sessions and of the account;
// whatever fails on the way, the same request can be made again.
Status Remove(const Call& call, const std::string& user) {
  identity::Accounts& accounts = AccountsOf(call);
  TRY_OK(accounts.SetEnabled(call.op, user, false));
  TRY_OK(SessionsOf(call).EndAllOf(call.op, user));
  return accounts.Remove(call.op, user);
}

Result<http::Response> DeleteUser(Call& call) {
  PARSE(const auto user, UserOf(call));
  const auto removed = Remove(call, user);
  if (!removed.ok()) return RefuseUser(call, removed.error(), kDeleting);
  call.Audit(audit::Channel::kAuthChanges, "cognitoUserDelete",
             {{"userId", user}, {"operation", "delete"}});
  return Answer(UserDone(call, user, "delete", fmt::format("User {} deleted successfully", user)));
}

Result<http::Response> ResetPassword(Call& call) {
  PARSE(const auto user, UserOf(call));
  PARSE(const auto body, OptionalBody(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  if (!reader.OptionalBool("confirmReset").value_or(true))
    problems.Add("__root__", "confirmReset must be true to reset password");
  PARSE_OK(Check(problems, "ResetPasswordRequestModel"));
  const auto password = AccountsOf(call).Reset(call.op, user);
  if (!password.ok()) return RefuseUser(call, password.error(), kResetting);
  const auto ended = SessionsOf(call).EndAllOf(call.op, user);
  if (!ended.ok()) return RefuseUser(call, ended.error(), kResetting);
  call.Audit(audit::Channel::kAuthChanges, "cognitoUserPasswordReset",
             {{"userId", user}, {"operation", "resetPassword"}});
  const auto account = AccountsOf(call).Find(call.op, user);
  const std::string to = account.ok() && *account ? (*account)->email : std::string();
  const Handover handover = HandOver(call, {user, to, *password},
                                     fmt::format("Password reset successfully for user {}.", user),
                                     "A new temporary password has been sent to their email.");
  json::object answer = UserDone(call, user, "resetPassword", handover.message);
  if (handover.shown) answer["temporaryPassword"] = *handover.shown;
  return Answer(answer);
}

Result<http::Response> NotAvailable(Call& call) {
  call.Because("refused: there are no built-in accounts");
  return RefuseGeneral("Cognito user management is not available");
}

}  // namespace

void AddCognitoUsersRoutes(Gate& gate, const Services& services) {
  // Without accounts the answer comes before the caller's roles are looked at.
  const bool there = services.accounts != nullptr && services.sessions != nullptr;
  RouteGroup users(gate, {.guard = there ? Guard::kRole : Guard::kToken, .tag = "users"});
  const auto or_not = [there](Endpoint handle) { return there ? std::move(handle) : NotAvailable; };
  const std::string all = "/user/cognito";
  const std::string one = "/user/cognito/{userId}";
  users.Add(http::Verb::kGet, all, "listUsers", "Login users by user id", or_not(ListUsers));
  users.Add(http::Verb::kPost, all, "createUser",
            "Create a login user; the temporary password is shown once", or_not(CreateUser));
  users.Add(http::Verb::kPut, one, "updateUser",
            "Change e-mail, phone or whether a user may log in", or_not(UpdateUser));
  users.Add(http::Verb::kDelete, one, "deleteUser",
            "Delete a login user and end the user's sessions", or_not(DeleteUser));
  users.Add(http::Verb::kPost, one + "/resetPassword", "resetUserPassword",
            "A new temporary password, shown once; the second factor and all sessions end",
            or_not(ResetPassword));
}

}  // namespace vams::api
