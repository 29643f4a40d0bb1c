// What claims say about their holder.  Spec: api-auth.md section 2.1, permissions.md section 10.
#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <charconv>

#include "identity/external_provider.h"
#include "identity/jwt.h"
#include "identity/jwt_json.h"

namespace vams::identity {

namespace json = boost::json;

namespace {

// Acts for the system itself and never logs in (permissions.md section 8.1).  A provider may let
// people choose their names.

constexpr std::string_view kUserClaims[] = {"cognito:username", "username", "sub", "upn", "email"};

// Means of a login that are more than a password (RFC 8176 section 2), and what ADFS says.
constexpr std::string_view kSecondFactors[] = {
    "mfa", "otp", "hwk",  "sms",
    "sc",  "mca", "fido", "http://schemas.microsoft.com/claims/multipleauthn"};

// Grades of a login that stand for several factors: OpenID's EAP, PAPE, and Okta's.
constexpr std::string_view kStrongContexts[] = {
    "phr", "phrh", "urn:okta:loa:2fa:any",
    "http://schemas.openid.net/pape/policies/2007/06/multi-factor",
    "http://schemas.openid.net/pape/policies/2007/06/multi-factor-physical"};

std::string TextOf(const json::value& value) {
  if (const auto* text = value.if_string()) return std::string(*text);
  return json::serialize(value);
}

// A list of texts, or the JSON text of one: tokens of this product carry the second, providers that
// map claims freely the first.
std::optional<std::vector<std::string>> TextList(const json::value& value) {
  if (const auto* text = value.if_string()) {
    json::error_code ec;
    const auto parsed = json::parse(*text, ec);
    return ec || parsed.is_string() ? std::nullopt : TextList(parsed);
  }
  const auto* list = value.if_array();
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> texts;
  for (const auto& entry : *list) {
    if (!entry.is_string()) return std::nullopt;
    texts.emplace_back(entry.get_string());
  }
  return texts;
}

Result<std::string> UserOf(const json::object& claims) {
  if (const json::value* tokens = claims.if_contains("vams:tokens")) {
    auto names = TextList(*tokens);
    if (!names.has_value() || names->empty() || names->front().empty())
      return TokenRefused("vams:tokens is no list of texts with a user id in front");
    return std::move(names->front());
  }
  for (const auto name : kUserClaims) {
    const json::value* value = claims.if_contains(name);
    if (value == nullptr || !(value->is_string() || value->is_number())) continue;
    if (std::string user = TextOf(*value); !user.empty()) return user;
  }
  return std::string();
}

// Seconds, as a number or as text.
std::int64_t AuthTime(const json::object& claims) {
  if (const auto* text = FindText(claims, "auth_time")) {
    std::int64_t seconds = 0;
    const auto [end, ec] = std::from_chars(text->data(), text->data() + text->size(), seconds);
    return ec == std::errc() && end == text->data() + text->size()
               ? std::max<std::int64_t>(seconds, 0)
               : 0;
  }
  return TimeClaim(claims, "auth_time").value_or(0);
}

// Whether a claim that is a list of words, or one text with words between blanks, has the word.
bool HasWord(const json::object& claims, std::string_view claim, std::string_view word) {
  const json::value* value = claims.if_contains(claim);
  if (value == nullptr) return false;
  if (const auto* list = value->if_array())
    return std::ranges::any_of(
        *list, [&](const auto& entry) { return entry.is_string() && entry.get_string() == word; });
  if (!value->is_string()) return false;
  std::string_view rest = value->get_string();
  while (!rest.empty()) {
    const auto blank = std::min(rest.find(' '), rest.size());
    if (rest.substr(0, blank) == word) return true;
    rest.remove_prefix(std::min(blank + 1, rest.size()));
  }
  return false;
}

// Every word of the configured scope is in `scope` or `scp`.
bool HasScope(const json::object& claims, std::string_view wanted) {
  bool any = false;
  while (!wanted.empty()) {
    const auto blank = std::min(wanted.find(' '), wanted.size());
    const auto word = wanted.substr(0, blank);
    wanted.remove_prefix(std::min(blank + 1, wanted.size()));
    if (word.empty()) continue;
    if (!HasWord(claims, "scope", word) && !HasWord(claims, "scp", word)) return false;
    any = true;
  }
  return any;
}

}  // namespace

bool HasSecondFactor(const json::object& claims, std::string_view mfa_scope) {
  const auto names = [&](std::string_view claim, const auto& words) {
    return std::ranges::any_of(words, [&](auto word) { return HasWord(claims, claim, word); });
  };
  return names("amr", kSecondFactors) || names("acr", kStrongContexts) ||
         HasScope(claims, mfa_scope);
}

Result<Identity> IdentityOf(const json::object& claims, bool mfa) {
  Identity identity;
  TRY(identity.user, UserOf(claims));
  if (identity.user == kSystemUser) return TokenRefused("SYSTEM_USER cannot log in");
  if (const json::value* roles = claims.if_contains("vams:roles"))
    identity.role_claims = TextList(*roles).value_or(std::vector<std::string>());
  identity.mfa = mfa;
  if (const auto* email = FindText(claims, "email")) identity.email = *email;
  identity.auth_time = AuthTime(claims);
  identity.expires = TimeClaim(claims, "exp").value_or(0);
  for (const auto& claim : claims) identity.claims[claim.key()] = TextOf(claim.value());
  return identity;
}

}  // namespace vams::identity
