// The caller's own login profile.  Spec: api-auth.md section 5.
#include <boost/json.hpp>

#include "api/routes.h"

namespace vams::api {

namespace json = boost::json;

namespace {

http::Response ProfileAnswer(const catalog::Profile& profile) {
  json::object item{{"userId", profile.user}, {"email", profile.email}};
  if (!profile.created_on.empty()) item["createdOn"] = profile.created_on;
  return Answer(json::object{{"message", {{"Items", json::array{std::move(item)}}}}});
}

// 403 for anybody else's profile, administrators included.
Parsed<void> CheckOwn(Call& call) {
  const std::string& user = call.request.Parameter("userId");
  if (auto fine = Check(model::CheckUserId("userId", user)); !fine) return fine;
  if (user != call.user()) {
    call.Because("refused: another user's profile");
    return std::unexpected(Refuse(403, "Not Authorized"));
  }
  return {};
}

// The claim of the token wins, then the body; without either what is stored stays.
Result<catalog::Profile> Store(Call& call, const std::string& given) {
  TRY(auto stored, call.s.permissions.FindProfile(call.op, call.user()));
  catalog::Profile profile = stored.value_or(catalog::Profile{.user = call.user()});
  const std::string& claimed = call.caller().identity().email;
  if (!claimed.empty())
    profile.email = claimed;
  else if (!given.empty())
    profile.email = given;
  TRY_OK(call.s.permissions.PutProfile(call.op, profile));
  return profile;
}

void Audited(Call& call, std::string type, std::string_view operation) {
  call.Audit(audit::Channel::kAuthOther, std::move(type),
             {{"userId", call.user()}, {"operation", operation}, {"selfAccess", true}});
}

Result<http::Response> GetProfile(Call& call) {
  PARSE_OK(CheckOwn(call));
  TRY(const auto stored, call.s.permissions.FindProfile(call.op, call.user()));
  Audited(call, "userProfileGet", "get");
  if (stored) return ProfileAnswer(*stored);
  TRY(const auto made, Store(call, {}));
  return ProfileAnswer(made);
}

Result<http::Response> PostProfile(Call& call) {
  PARSE_OK(CheckOwn(call));
  PARSE(const auto body, OptionalBody(call));
  model::Problems problems;
  model::ObjectReader reader(body, problems);
  const auto email = reader.OptionalText("email", {.required = false});
  PARSE_OK(Check(problems, "LoginProfileModel"));
  if (email && !email->empty()) PARSE_OK(Check(model::CheckEmail("email", *email)));
  TRY(const auto profile, Store(call, email.value_or("")));
  Audited(call, "userProfileUpdate", "create_update");
  return ProfileAnswer(profile);
}

}  // namespace

void AddProfileRoutes(Gate& gate) {
  const std::string path = "/auth/loginProfile/{userId}";
  gate.Add({.verb = http::Verb::kGet,
            .path = path,
            .id = "getLoginProfile",
            .guard = Guard::kToken,
            .tag = "profile",
            .summary = "The caller's own profile",
            .handle = GetProfile});
  gate.Add({.verb = http::Verb::kPost,
            .path = path,
            .id = "updateLoginProfile",
            .guard = Guard::kToken,
            .tag = "profile",
            .summary = "Refresh the caller's own profile from the token",
            .handle = PostProfile});
}

}  // namespace vams::api
