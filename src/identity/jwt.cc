#include "identity/jwt.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <cmath>

#include "base/encoding.h"
#include "identity/jwt_json.h"

namespace vams::identity {

namespace json = boost::json;

namespace {

// What clocks of servers may differ by.  Expiry has none: a token is dead at its very second.
constexpr std::int64_t kLeewaySeconds = 60;
constexpr std::int64_t kMostSeconds = std::int64_t{1} << 53;

// g++ 12 has no std::ranges::contains.
bool Contains(const auto& list, const auto& wanted) {
  return std::ranges::find(list, wanted) != std::ranges::end(list);
}

// Whether a JWK serves to verify RS256 signatures.  Members that are absent restrict nothing
// (RFC 7517 section 4).
bool IsForRs256(const json::object& jwk) {
  const auto is = [&](std::string_view name, std::string_view wanted) {
    const json::value* value = jwk.if_contains(name);
    return value == nullptr || (value->is_string() && value->get_string() == wanted);
  };
  if (!is("use", "sig") || !is("alg", "RS256")) return false;
  const json::value* operations = jwk.if_contains("key_ops");
  return operations == nullptr ||
         (operations->is_array() && Contains(operations->get_array(), json::value("verify")));
}

Status CheckTimes(const json::object& claims, std::int64_t now) {
  const auto expires = TimeClaim(claims, "exp");
  if (!expires.has_value()) return TokenRefused("exp is missing or no time");
  if (now >= *expires)
    return TokenRefused(fmt::format("expired at {}, and it is {}", *expires, now));
  for (const std::string_view name : {"nbf", "iat"}) {
    if (!claims.contains(name)) continue;
    const auto time = TimeClaim(claims, name);
    if (!time.has_value()) return TokenRefused(fmt::format("{} is no time", name));
    if (*time > now + kLeewaySeconds)
      return TokenRefused(fmt::format("{} {} is in the future of {}", name, *time, now));
  }
  return Ok();
}

Status CheckAudience(const json::object& claims, const std::string& audience) {
  const json::value* value = claims.if_contains("aud");
  if (value == nullptr) value = claims.if_contains("client_id");
  if (value == nullptr) return TokenRefused("neither aud nor client_id is there");
  if (const auto* list = value->if_array()) {
    if (!std::ranges::all_of(*list, [](const auto& entry) { return entry.is_string(); }))
      return TokenRefused("aud is no list of texts");
    if (Contains(*list, json::value(audience))) return Ok();
  } else if (value->is_string() && value->get_string() == audience) {
    return Ok();
  }
  return TokenRefused("it is for another audience");
}

}  // namespace

Error TokenRefused(std::string reason) {
  return Error(Code::kUnauthenticated, "the token is not valid; sign in again", std::move(reason));
}

Result<KeySet> ParseKeySet(std::string_view text) {
  const Error unfit(Code::kInvalid,
                    "the text is no JSON key set, so no token can be verified with it; publish an "
                    "object with a list \"keys\"");
  const auto document = ParseStrictObject(text);
  if (!document.has_value()) return unfit;
  const json::value* list = document->if_contains("keys");
  if (list == nullptr || !list->is_array()) return unfit;
  KeySet keys;
  for (const json::value& entry : list->get_array()) {
    const auto* jwk = entry.if_object();
    if (jwk == nullptr) return unfit;
    if (!IsForRs256(*jwk)) continue;
    const json::value* id = jwk->if_contains("kid");
    if (id != nullptr && !id->is_string()) continue;
    auto key = RsaKey::FromJwk(*jwk);
    if (key.ok()) keys.emplace(id == nullptr ? "" : id->get_string(), *std::move(key));
  }
  return keys;
}

json::object KeySetJson(const KeySet& keys) {
  json::array list;
  for (const auto& [id, key] : keys) list.emplace_back(key.PublicJwk(id));
  return {{"keys", std::move(list)}};
}

Result<ParsedToken> ParseToken(std::string_view token) {
  if (token.size() > kMaxTokenBytes)
    return TokenRefused(
        fmt::format("{} bytes, where {} are allowed", token.size(), kMaxTokenBytes));
  const auto first = token.find('.');
  const auto second = first == token.npos ? token.npos : token.find('.', first + 1);
  if (second == token.npos || token.find('.', second + 1) != token.npos)
    return TokenRefused("not three parts with dots between them");

  const auto header = Base64UrlDecode(token.substr(0, first));
  const auto claims = Base64UrlDecode(token.substr(first + 1, second - first - 1));
  auto signature = Base64UrlDecode(token.substr(second + 1));
  if (!header.has_value() || !claims.has_value() || !signature.has_value())
    return TokenRefused("a part is not base64url");
  auto header_json = ParseStrictObject(*header);
  auto claims_json = ParseStrictObject(*claims);
  if (!header_json.has_value() || !claims_json.has_value())
    return TokenRefused("header or claims are no strict JSON object");

  // The algorithm is ours to choose, not the token's: this is what keeps `none`, and HS256 with the
  // public key as its secret, out (RFC 8725 section 3.1).
  const auto* algorithm = FindText(*header_json, "alg");
  if (algorithm == nullptr || *algorithm != "RS256")
    return TokenRefused("the algorithm is not RS256");
  if (header_json->contains("crit")) return TokenRefused("it has critical headers");
  const json::value* key_id = header_json->if_contains("kid");
  if (key_id != nullptr && !key_id->is_string()) return TokenRefused("kid is no text");

  ParsedToken parsed;
  if (key_id != nullptr) parsed.key_id = key_id->get_string();
  parsed.header = *std::move(header_json);
  parsed.claims = *std::move(claims_json);
  parsed.signed_text = token.substr(0, second);
  parsed.signature = *std::move(signature);
  return parsed;
}

Result<std::string> MakeToken(const RsaKey& key, std::string_view key_id,
                              const json::object& claims) {
  const json::object header = {{"alg", "RS256"}, {"typ", "JWT"}, {"kid", key_id}};
  std::string token =
      Base64UrlEncode(json::serialize(header)) + "." + Base64UrlEncode(json::serialize(claims));
  TRY(const auto signature, key.SignRs256(token));
  token += ".";
  token += Base64UrlEncode(signature);
  if (token.size() > kMaxTokenBytes)
    return Error(Code::kTooLarge,
                 fmt::format("the token would have {} bytes and nobody would take it, because {} "
                             "are the limit; give the user fewer roles",
                             token.size(), kMaxTokenBytes));
  return token;
}

Status VerifyToken(const ParsedToken& token, const KeySet& keys, const TokenRules& rules) {
  auto key = keys.find(token.key_id);
  // A key need not be named where there is one only (OpenID Connect Core section 10.1).
  if (key == keys.end() && token.key_id.empty() && keys.size() == 1) key = keys.begin();
  if (key == keys.end()) {
    if (token.key_id.empty()) return TokenRefused("it names none of several keys");
    return Error(Code::kNotFound, "the token was signed with an unknown key; sign in again",
                 "no key has the token's kid");
  }
  if (!key->second.VerifyRs256(token.signed_text, token.signature))
    return TokenRefused("the signature is wrong");

  if (rules.issuer.empty() || rules.audience.empty())
    return TokenRefused("no issuer or no audience is configured");
  TRY_OK(CheckTimes(token.claims, rules.now_seconds));
  const auto* issuer = FindText(token.claims, "iss");
  if (issuer == nullptr || *issuer != rules.issuer) return TokenRefused("it is of another issuer");
  TRY_OK(CheckAudience(token.claims, rules.audience));
  if (!rules.token_uses.empty()) {
    const auto* use = FindText(token.claims, "token_use");
    if (use == nullptr || !Contains(rules.token_uses, std::string_view(*use)))
      return TokenRefused("token_use is none of those that are taken");
  }
  return Ok();
}

std::optional<std::int64_t> TimeClaim(const json::object& claims, std::string_view name) {
  const json::value* value = claims.if_contains(name);
  if (value == nullptr) return std::nullopt;
  if (const auto* number = value->if_int64())
    return *number >= 0 && *number <= kMostSeconds ? std::optional(*number) : std::nullopt;
  const auto* number = value->if_double();
  if (number == nullptr || !(*number >= 0) || *number > static_cast<double>(kMostSeconds))
    return std::nullopt;
  return static_cast<std::int64_t>(std::floor(*number));
}

std::string Base64UrlEncode(std::string_view bytes) {
  std::string text = Base64Encode(bytes);
  while (text.ends_with('=')) text.pop_back();
  std::ranges::replace(text, '+', '-');
  std::ranges::replace(text, '/', '_');
  return text;
}

std::optional<std::string> Base64UrlDecode(std::string_view text) {
  if (text.size() % 4 == 1 || text.find_first_of("+/=") != text.npos) return std::nullopt;
  std::string standard(text);
  std::ranges::replace(standard, '-', '+');
  std::ranges::replace(standard, '_', '/');
  standard.resize((standard.size() + 3) / 4 * 4, '=');
  return Base64Decode(standard);
}

}  // namespace vams::identity
