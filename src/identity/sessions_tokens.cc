#include "identity/sessions_tokens.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>

namespace vams::identity {

namespace json = boost::json;

namespace {

// Roles in a token are for audit lines only; past this many bytes the rest is left out, so that the
// token stays far below what is taken.
constexpr std::size_t kMaxRolesBytes = 6 * 1024;

std::string TextList(const std::vector<std::string>& texts, std::size_t max_bytes) {
  json::array list;
  std::size_t bytes = 0;
  for (const auto& text : texts) {
    bytes += text.size() + 3;
    if (bytes > max_bytes) break;
    list.emplace_back(text);
  }
  return json::serialize(list);
}

}  // namespace

Result<Tokens> MakeTokens(const TokenFacts& facts, const SessionOptions& options,
                          const KeyRing& ring, Random& random) {
  const Account& account = facts.account;
  const std::int64_t expires = std::min(facts.now + options.token_seconds, facts.session.expires);
  json::array methods{"pwd"};
  if (facts.session.mfa) methods.emplace_back("otp");
  const json::object common = {
      {"iss", options.issuer},
      {"sub", account.subject},
      {"origin_jti", facts.session.id},
      {"auth_time", facts.session.auth_time},
      {"iat", facts.now},
      {"exp", expires},
      {"amr", methods},
      {"email", account.email},
      {"vams:tokens", TextList({account.user}, kMaxTokenBytes)},
      {"vams:roles", TextList(facts.roles, kMaxRolesBytes)},
      {"vams:externalAttributes", "[]"},
  };
  json::object access = common;
  access["token_use"] = "access";
  access["client_id"] = options.client_id;
  access["username"] = account.user;
  access["jti"] = NewUuid(random);
  json::object id = common;
  id["token_use"] = "id";
  id["aud"] = options.client_id;
  id["cognito:username"] = account.user;
  id["jti"] = NewUuid(random);

  const RsaKey& key = ring.keys.at(ring.current);
  Tokens tokens;
  TRY(tokens.access, MakeToken(key, ring.current, access));
  TRY(tokens.id, MakeToken(key, ring.current, id));
  tokens.expires_in = expires - facts.now;
  return tokens;
}

// There is no authorization endpoint: logins go through POST /auth/login.  Verifiers need the
// issuer, the keys and the algorithm.
json::object DiscoveryJson(const SessionOptions& options) {
  return {{"issuer", options.issuer},
          {"jwks_uri", options.issuer + "/.well-known/jwks.json"},
          {"response_types_supported", json::array{"token", "id_token"}},
          {"subject_types_supported", json::array{"public"}},
          {"id_token_signing_alg_values_supported", json::array{"RS256"}},
          {"claims_supported",
           json::array{"sub", "iss", "aud", "client_id", "exp", "iat", "auth_time", "amr", "jti",
                       "origin_jti", "token_use", "email", "username", "cognito:username",
                       "vams:tokens", "vams:roles", "vams:externalAttributes"}}};
}

}  // namespace vams::identity
