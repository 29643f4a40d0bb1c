// Built-in accounts: who may log in, with which password and second factor.  In the system table
// sys.accounts, so that they survive migrations and are part of backups.  Spec: api-auth.md
// sections 2.1 and 10.
//
// Thread-safe.  Calls block on the item store, and those that look at a password on its hash (tens
// of milliseconds of one core and `memory_bytes`; at most `parallel_hashes` at a time).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::identity {

// As clients read them (userStatus).
enum class AccountStatus : std::uint8_t { kForceChangePassword, kConfirmed, kResetRequired };
std::string_view Name(AccountStatus status);  // "FORCE_CHANGE_PASSWORD"

struct Account {
  std::string user;
  std::string subject;  // a UUID: the `sub` of tokens
  std::string email;
  std::string phone;  // empty: none
  AccountStatus status = AccountStatus::kForceChangePassword;
  bool enabled = true;
  bool totp = false;  // a second factor is enrolled
  std::int64_t created_millis = 0;
  std::int64_t modified_millis = 0;
  // Raised by every change after which older logins count no more: password, reset, disabling,
  // enabling.
  std::int64_t credentials = 0;
};

// argon2id's work.  The defaults are for servers; tests take less.
struct HashWork {
  std::uint64_t operations = 2;
  std::size_t memory_bytes = std::size_t{64} << 20;
  std::size_t parallel_hashes = 2;
};

struct AccountOptions {
  HashWork work;
  std::int64_t temporary_password_seconds = 3 * 24 * 3600;
  // For the authenticator app: "vams (plant)".
  std::string totp_issuer = "vams";
};

// Why a password or a code was not taken.  The wire shows most of them as one and the same answer;
// audit lines tell them apart (ruling 12).
enum class LoginFailure : std::uint8_t {
  kNone,
  kNoSuchUser,
  kWrongPassword,
  kDisabled,
  kTemporaryPasswordExpired,
  kWrongCode,
};

struct PasswordCheck {
  LoginFailure failure = LoginFailure::kNone;
  Account account;  // when failure is kNone
};

// What a second factor's enrolment shows once.
struct TotpEnrolment {
  std::string secret_base32;
  std::string uri;  // otpauth://totp/…
};

// What must happen together with a change of an account, or not at all.
struct Together {
  std::vector<items::Write> writes;  // of other tables
  // If given: kConflict unless it is still the account it was, with the same credentials.
  const Account* as_seen = nullptr;
};

class Accounts {
 public:
  Accounts(items::ItemStore& store, const Clock& clock, Random& random, AccountOptions options);
  ~Accounts();

  // kNotFound; kConflict if it exists; kInvalid for SYSTEM_USER or a malformed id, e-mail, phone or
  // password that the policy refuses (at least 8 characters with lower, upper, digit and symbol,
  // not containing the user id, at most 256 bytes).
  Result<Account> Get(OpContext& op, std::string_view user);
  Result<std::optional<Account>> Find(OpContext& op, std::string_view user);
  // By user id; `after` is the last one of the page before, or empty.
  Result<std::vector<Account>> List(OpContext& op, std::string_view after, std::size_t limit);

  struct NewAccount {
    std::string user, email, phone;
    // Nothing: a temporary one is made.  A temporary password must be changed at the first login.
    std::optional<std::string> password;
    bool must_change = true;
  };
  struct Created {
    Account account;
    std::string temporary_password;  // shown once; empty if one was given
  };
  Result<Created> Create(OpContext& op, const NewAccount& account);
  Status Update(OpContext& op, std::string_view user, const std::optional<std::string>& email,
                const std::optional<std::string>& phone);
  Status SetEnabled(OpContext& op, std::string_view user, bool enabled);
  Status Remove(OpContext& op, std::string_view user);

  // An administrator's reset: a new temporary password (returned), the second factor is gone.
  Result<std::string> Reset(OpContext& op, std::string_view user);
  // By the user, or by the operator with a password at hand.  kInvalid also for the temporary
  // password again where it has to be changed.  kConflict when a condition of `together` fails.
  Status SetPassword(OpContext& op, std::string_view user, std::string_view password,
                     bool must_change, const Together& together = {});

  // Takes as long for a user who does not exist.  Does not count failures: the caller does
  // (Throttle).
  Result<PasswordCheck> CheckPassword(OpContext& op, std::string_view user,
                                      std::string_view password);

  // Second factor (RFC 6238: SHA-1, 6 digits, 30 s, one step either side; a code is good once).
  // Enrolment begins with a secret and counts once a code of it was shown.
  Result<TotpEnrolment> BeginTotp(OpContext& op, std::string_view user);
  // kDenied for a wrong code; kConflict if none was begun.  Returns ten recovery codes, shown once.
  Result<std::vector<std::string>> FinishTotp(OpContext& op, std::string_view user,
                                              std::string_view code);
  Status RemoveTotp(OpContext& op, std::string_view user);
  // A code of the app, or a recovery code, which is then used up.  Nothing of `together` happens
  // for a wrong one; kConflict when one of its conditions fails, and then the code stays good.
  Result<bool> CheckTotp(OpContext& op, std::string_view user, std::string_view code,
                         const Together& together = {});

  // Fails its commit unless the account is still the one it was, enabled, with the same
  // credentials.
  static items::Write StillStands(const Account& account);
  // Goes up with every change made through this object after which older logins count no more:
  // what was remembered about an account must then be looked at again.
  std::uint64_t changes() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

// "Password policy" alone; kInvalid names every rule that is not met.
Status CheckPasswordPolicy(std::string_view user, std::string_view password);
// 16 characters that fulfil the policy.
std::string MakeTemporaryPassword(std::string_view user, Random& random);

}  // namespace vams::identity
