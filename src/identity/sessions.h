// Logins: challenges on the way in, tokens, refresh with reuse detection, logout, and the keys that
// sign tokens.  Spec: api-auth.md sections 2 and 13.
//
// Thread-safe.  Calls block on the item store, and logins on a password's hash; Verify does not for
// a token that it has seen, but for one look at the store every `session_recheck_seconds`.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "identity/accounts.h"
#include "identity/identity.h"
#include "items/store.h"

namespace vams::identity {

struct SessionOptions {
  std::string issuer;                        // the `iss` of tokens: a URL without a trailing slash
  std::string client_id = "vams";            // `aud` of id tokens, `client_id` of access tokens
  std::int64_t token_seconds = 3600;         // access and id token
  std::int64_t refresh_seconds = 24 * 3600;  // from the login, however often it is refreshed
  std::int64_t challenge_seconds = 600;
  std::int64_t key_rotation_seconds = 90LL * 24 * 3600;
  // Failures of a user at one address after which both together have to wait; doubled with every
  // further one.  Four times as many for an address over all users, and for a user over all
  // addresses (throttle.h).
  int free_failures = 5;
  std::int64_t first_lockout_seconds = 30;
  std::int64_t longest_lockout_seconds = 3600;
  // Of a user over all addresses, which is short so that nobody can lock out somebody else.
  std::int64_t longest_user_lockout_seconds = 300;
  // How long a verified token is believed before the store is asked whether its session still
  // stands.  What this process itself ends, it knows at once.
  std::int64_t session_recheck_seconds = 5;
};

struct Tokens {
  std::string access;
  std::string id;
  std::string refresh;
  std::int64_t expires_in = 0;  // seconds, of the first two
};

enum class Challenge : std::uint8_t { kNewPasswordRequired, kSoftwareTokenMfa };
std::string_view Name(Challenge challenge);  // "NEW_PASSWORD_REQUIRED"

// Either tokens, or a challenge with the session that the answer must bring.
struct LoginStep {
  std::optional<Tokens> tokens;
  std::optional<Challenge> challenge;
  std::string session;
  std::string user;
};

// What the caller writes to the audit log; every call that can fail reports through it.
struct LoginEvent {
  std::string what;  // "login", "challenge", "refresh", "logout", "keyRotation"
  std::string user;  // as given
  std::string address;
  bool ok = false;
  bool mfa = false;
  // On failure: "wrong password", "locked until …", "refresh token reused: …".  On success: the
  // name of the challenge that comes next, if one does.
  std::string reason;
};
using LoginObserver = std::function<void(const LoginEvent&)>;

class Sessions {
 public:
  // Reads the signing keys, and makes the first.  `roles_of` gives the role names for vams:roles.
  using RolesOf =
      std::function<Result<std::vector<std::string>>(OpContext&, std::string_view user)>;
  static Result<std::unique_ptr<Sessions>> Open(items::ItemStore& store, Accounts& accounts,
                                                const Clock& clock, Random& random,
                                                SessionOptions options, RolesOf roles_of,
                                                LoginObserver observe);
  virtual ~Sessions() = default;

  // kUnauthenticated with one and the same text whatever was wrong; kUnavailable with "try again in
  // N seconds" when the user or the address is locked out (Error::details holds N).
  virtual Result<LoginStep> Login(OpContext& op, std::string_view user, std::string_view password,
                                  std::string_view address) = 0;
  // kUnauthenticated for an unknown, used or expired session (start again) or a wrong code (the
  // session stays good for a few more); kInvalid for a password that the policy refuses (stays
  // good).
  virtual Result<LoginStep> AnswerNewPassword(OpContext& op, std::string_view session,
                                              std::string_view password,
                                              std::string_view address) = 0;
  virtual Result<LoginStep> AnswerMfa(OpContext& op, std::string_view session,
                                      std::string_view code, std::string_view address) = 0;
  // New tokens and a new refresh token; the old one is used up.  The session still ends
  // `refresh_seconds` after the login.  Presenting a used token again ends the whole session
  // (kUnauthenticated), but for one repetition within 10 s of the refresh: its answer was lost, so
  // it gets the same new refresh token again.  `rotate` false keeps the old one (the
  // identity-provider subset).
  virtual Result<Tokens> Refresh(OpContext& op, std::string_view refresh_token,
                                 std::string_view address, bool rotate = true) = 0;
  // The session's tokens, all of them, are worth nothing from now on.  kInvalid for a caller
  // without a session of this server (an API key, an external token).
  virtual Status Logout(OpContext& op, const Identity& who) = 0;
  // Every session of a user.  A reset, a new password, a disabling or a removal ends them by
  // itself; this also removes their records.
  virtual Status EndAllOf(OpContext& op, std::string_view user) = 0;

  // Whose token it is.  kUnauthenticated, with the reason in `details`.  The signature is checked
  // once and remembered until the token expires or its session ends (bounded memory).
  virtual Result<std::shared_ptr<const Identity>> Verify(OpContext& op, std::string_view token) = 0;

  // The published keys and the discovery document.
  virtual boost::json::object KeySet() const = 0;
  virtual boost::json::object Discovery() const = 0;
  // A new signing key now; the old one verifies until the last token it signed has expired.
  virtual Status RotateKeys(OpContext& op) = 0;
  // Rotates when due, removes expired sessions, challenges and failure counts.  Now and then.
  virtual Status Maintain(OpContext& op) = 0;
};

}  // namespace vams::identity
