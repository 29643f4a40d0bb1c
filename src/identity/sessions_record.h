// The records of logins: sessions, challenges, and the texts that clients hold for them.  For
// sessions.cc.  Format: docs/formats/system-tables.md.  Plain values, pure functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "identity/sessions.h"
#include "items/value.h"

namespace vams::identity {

// Whose login it is: the account as it was then.
struct LoginOf {
  std::string user;
  std::string subject;
  std::int64_t credentials = 0;
};
LoginOf LoginAs(const Account& account);
// Whether the login counts for the account as it is now.
bool Counts(const LoginOf& login, const Account& account);

struct SessionRecord {
  LoginOf login;
  std::string id;
  bool mfa = false;
  std::int64_t auth_time = 0;  // seconds
  std::string refresh;         // digest of the token that is good now
  std::string nonce;           // empty: never refreshed
  std::int64_t refreshed_at = 0;
  bool repeated = false;
  std::vector<std::string> used;  // digests, oldest first
  std::int64_t expires = 0;       // seconds
};

items::Item SessionKey(std::string_view user, std::string_view session);
items::Item SessionItem(const SessionRecord& record);
Result<SessionRecord> SessionFromItem(const items::Item& item);

struct ChallengeRecord {
  std::string digest;  // of the text that the client holds
  LoginOf login;
  Challenge challenge = Challenge::kNewPasswordRequired;
  bool mfa = false;
  std::int64_t wrong = 0;
  std::int64_t expires = 0;  // seconds
};

items::Item ChallengeKey(std::string_view digest);
items::Item ChallengeItem(const ChallengeRecord& record);
Result<ChallengeRecord> ChallengeFromItem(const items::Item& item);

// What a client holds to get new tokens: which session, and 256 random bits.  Its text is
// "1.<user>.<session>.<secret>", each base64url, but opaque to clients.
struct RefreshToken {
  std::string user;
  std::string session;
  std::string secret;

  static RefreshToken New(std::string_view user, std::string_view session, Random& random);
  static std::optional<RefreshToken> Parse(std::string_view text);
  std::string Text() const;
  std::string Digest() const;  // what is stored
  // The one that comes after it, by the session's new nonce.
  RefreshToken Next(std::string_view nonce) const;
};

// 256 random bits as base64url; and the digest of such a text, hexadecimal.
std::string NewSecretText(Random& random);
std::string SecretDigest(std::string_view text);
// Raw random bytes.
std::string NewSecret(Random& random);

}  // namespace vams::identity
