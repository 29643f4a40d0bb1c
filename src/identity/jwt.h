// JSON Web Tokens with RS256: making, taking apart and verifying them, and the key sets in which
// public keys are published (RFC 7515, 7517, 7518, 7519).  Spec: api-auth.md section 2.
//
// Thread rule: values and const functions may be shared between threads.  Nothing blocks; no I/O.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vams::identity {

// kUnauthenticated in words for the caller; `reason` is for the log.
Error TokenRefused(std::string reason);

// An RSA key; the private part only where it was made or read from its PEM form.
class RsaKey {
 public:
  // 2048 bits; takes some 100 ms.
  static Result<RsaKey> Generate();
  static Result<RsaKey> FromPrivatePem(std::string_view pem);
  // A key of a key set: {"kty":"RSA","n","e",…}.  kInvalid for other kinds, fewer than 2048 or more
  // than 8192 bits.
  static Result<RsaKey> FromJwk(const boost::json::object& jwk);

  RsaKey(const RsaKey&);
  RsaKey(RsaKey&&) noexcept;
  RsaKey& operator=(RsaKey&&) noexcept;
  ~RsaKey();

  std::string PrivatePem() const;  // a secret
  boost::json::object PublicJwk(std::string_view key_id) const;
  // The SHA-256 thumbprint (RFC 7638), base64url.
  std::string Thumbprint() const;

  Result<std::string> SignRs256(std::string_view text) const;
  bool VerifyRs256(std::string_view text, std::string_view signature) const;

 private:
  struct Impl;
  explicit RsaKey(std::shared_ptr<const Impl> impl);
  std::shared_ptr<const Impl> impl_;
};

// By key id.
using KeySet = std::map<std::string, RsaKey, std::less<>>;

// Keys of other kinds or uses are left out.  kInvalid if the text is no key set.
Result<KeySet> ParseKeySet(std::string_view json);
boost::json::object KeySetJson(const KeySet& keys);

// A token taken apart, not verified.
struct ParsedToken {
  boost::json::object header;
  boost::json::object claims;
  std::string signed_text;  // "<header>.<claims>"
  std::string signature;    // raw bytes
  std::string key_id;       // empty: none
};

inline constexpr std::size_t kMaxTokenBytes = 16 * 1024;

// kUnauthenticated for anything that is not three base64url parts of at most kMaxTokenBytes with
// JSON objects in the first two, an algorithm other than RS256, a critical header, or a member
// twice.
Result<ParsedToken> ParseToken(std::string_view token);

Result<std::string> MakeToken(const RsaKey& key, std::string_view key_id,
                              const boost::json::object& claims);

struct TokenRules {
  std::string issuer;
  // `aud` (text, or a list that holds it), else `client_id`, must equal it.
  std::string audience;
  std::int64_t now_seconds = 0;
  // Values of token_use that are taken; empty: the claim is not looked at.
  std::vector<std::string> token_uses;
};

// kUnauthenticated, with the reason for the log, unless the signature is that of the key named and
// the claims obey the rules: not expired (no leeway), nbf and iat not in the future (60 s leeway).
// kNotFound if the key set has no such key: the caller may fetch it anew.
Status VerifyToken(const ParsedToken& token, const KeySet& keys, const TokenRules& rules);

// A time claim (RFC 7519, NumericDate) in whole seconds, also where it is written as 1.7e9; a
// fraction is cut off.  Nothing if it is absent, no number, negative or past 2^53.
std::optional<std::int64_t> TimeClaim(const boost::json::object& claims, std::string_view name);

std::string Base64UrlEncode(std::string_view bytes);  // without padding
std::optional<std::string> Base64UrlDecode(std::string_view text);

}  // namespace vams::identity
