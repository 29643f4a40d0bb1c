#include "identity/accounts.h"

#include <fmt/format.h>
#include <sodium.h>

#include <algorithm>
#include <atomic>
#include <map>
#include <utility>

#include "base/contention.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "base/log.h"
#include "identity/accounts_record.h"
#include "identity/identity.h"
#include "identity/password.h"
#include "identity/totp.h"
#include "model/names.h"
#include "tables/system_tables.h"

namespace vams::identity {

namespace {

using items::Condition;
using items::Value;
using items::Write;

const std::string kAccounts{tables::kAccountsTable};
constexpr std::size_t kPage = 1000;
constexpr std::size_t kRecoveryCodes = 10;
// Each time somebody else's commit came between; more in a row means something is wrong.
// A real principal with the administrator's rights that nobody may be: permissions.md section 8.1.

bool IsUserId(std::string_view user) { return !model::CheckUserId("userId", user); }

bool IsSystemUser(std::string_view user) {
  return std::ranges::equal(
      user, kSystemUser, {}, [](char c) { return c >= 'a' && c <= 'z' ? c - 'a' + 'A' : c + 0; },
      [](char c) { return c + 0; });
}

Status Accept(const model::Complaint& complaint) {
  if (!complaint) return Ok();
  return Error(Code::kInvalid, *complaint);
}

Status CheckUser(std::string_view user) {
  TRY_OK(Accept(model::CheckUserId("userId", user)));
  if (IsSystemUser(user))
    return Error(Code::kInvalid, fmt::format("{} belongs to the server itself and cannot log in; "
                                             "choose another user id",
                                             kSystemUser));
  return Ok();
}

// Empty is none, and allowed for both.
Status CheckContact(std::string_view email, std::string_view phone) {
  if (!email.empty()) TRY_OK(Accept(model::CheckEmail("email", email)));
  if (!phone.empty()) TRY_OK(Accept(model::CheckPhone("phone", phone)));
  return Ok();
}

Error NoAccount(std::string_view user) {
  return Error(Code::kNotFound, fmt::format("there is no account \"{}\"; check the user id", user));
}

// The subject makes the same code of two accounts two digests.
std::string RecoveryDigest(const Account& account, std::string_view code) {
  return HexEncode(Sha256(fmt::format("{}:{}", account.subject, code)));
}

bool SameCredentials(const Account& a, const Account& b) {
  return a.subject == b.subject && a.credentials == b.credentials;
}

}  // namespace

struct Accounts::Impl {
  Impl(items::ItemStore& s, const Clock& c, Random& r, AccountOptions o)
      : store(s), clock(c), random(r), options(std::move(o)), hasher(options.work) {}

  Result<std::optional<AccountRecord>> Find(OpContext& op, std::string_view user) {
    // A text that can be no user id may be no legal key either.
    if (!IsUserId(user)) return std::optional<AccountRecord>();
    auto item = store.Get(op, kAccounts, AccountKey(user));
    if (!item.ok() && item.error().code == Code::kNotFound) return std::optional<AccountRecord>();
    TRY(const auto found, std::move(item));
    TRY(auto record, AccountFromItem(found));
    return std::optional(std::move(record));
  }
  Result<AccountRecord> Get(OpContext& op, std::string_view user) {
    TRY(auto record, Find(op, user));
    if (!record) return NoAccount(user);
    return *std::move(record);
  }

  // Reads the account, lets `change` alter it, and commits; again when somebody else was faster.
  // `change` returns false to leave all as it is; so does this.
  template <typename Change>
  Result<bool> Apply(OpContext& op, std::string_view user, const Together& together,
                     const Change& change) {
    for (Contention contention; contention.Next();) {
      TRY(AccountRecord record, Get(op, user));
      if (together.as_seen != nullptr && !SameCredentials(record.account, *together.as_seen))
        return Error(Code::kConflict,
                     fmt::format("the account \"{}\" was changed meanwhile, so nothing was done; "
                                 "log in again",
                                 user));
      const std::int64_t revision = record.revision;
      const std::int64_t credentials = record.account.credentials;
      TRY(const bool wanted, change(record));
      if (!wanted) return false;
      record.revision = revision + 1;
      record.account.modified_millis = clock.NowMillis();
      std::vector<Write> writes;
      writes.push_back(
          Write::Put(kAccounts, AccountItem(record),
                     {Condition::Equals("revision", Value::N(revision)),
                      Condition::Equals("subject", Value::S(record.account.subject))}));
      std::ranges::copy(together.writes, std::back_inserter(writes));
      auto committed = store.Commit(op, writes);
      // An error does not tell that nothing happened.
      if (record.account.credentials != credentials) changes.fetch_add(1);
      if (committed.ok()) return true;
      if (committed.error().code != Code::kConflict || committed.error().index > 0)
        return std::move(committed).error();
    }
    return Error(Code::kUnavailable,
                 fmt::format("the account \"{}\" is being changed by others all the time, so "
                             "nothing was done; try again",
                             user));
  }
  template <typename Change>
  Status Must(OpContext& op, std::string_view user, const Change& change) {
    TRY_OK(Apply(op, user, {}, change));
    return Ok();
  }

  std::int64_t TemporaryUntil() const {
    return clock.NowMillis() + options.temporary_password_seconds * 1000;
  }

  // So that a later login costs what the configuration says.  The login does not depend on it.
  void Rehash(OpContext& op, const AccountRecord& record, std::string_view password) {
    auto hash = hasher.Hash(op, password);
    Status done = Ok();
    if (hash.ok())
      done = Must(op, record.account.user, [&](AccountRecord& now) -> Result<bool> {
        if (now.password_hash != record.password_hash) return false;
        now.password_hash = *hash;
        return true;
      });
    else
      done = std::move(hash).error();
    if (!done.ok())
      LogWarning(fmt::format("the password hash of account \"{}\" was not renewed: {}",
                             record.account.user, done.error().message));
  }

  items::ItemStore& store;
  const Clock& clock;
  Random& random;
  const AccountOptions options;
  PasswordHasher hasher;
  std::atomic<std::uint64_t> changes = 0;
};

Accounts::Accounts(items::ItemStore& store, const Clock& clock, Random& random,
                   AccountOptions options)
    : impl_(std::make_unique<Impl>(store, clock, random, std::move(options))) {}

Accounts::~Accounts() = default;

std::uint64_t Accounts::changes() const { return impl_->changes.load(); }

Write Accounts::StillStands(const Account& account) {
  return Write::Check(kAccounts, AccountKey(account.user),
                      {Condition::Equals("subject", Value::S(account.subject)),
                       Condition::Equals("credentials", Value::N(account.credentials)),
                       Condition::Equals("enabled", Value::Bool(true))});
}

// ---- Administration ----------------------------------------------------------------------------

Result<Account> Accounts::Get(OpContext& op, std::string_view user) {
  TRY(auto record, impl_->Get(op, user));
  return std::move(record.account);
}

Result<std::optional<Account>> Accounts::Find(OpContext& op, std::string_view user) {
  TRY(auto record, impl_->Find(op, user));
  if (!record) return std::optional<Account>();
  return std::optional(std::move(record->account));
}

Result<std::vector<Account>> Accounts::List(OpContext& op, std::string_view after,
                                            std::size_t limit) {
  // The table has no order on every engine, so all of it is read and the first ones are kept.
  std::map<std::string, Account, std::less<>> first;
  std::string cursor;
  do {
    TRY(const auto page, impl_->store.Scan(op, kAccounts, {}, cursor, kPage));
    for (const auto& item : page.items) {
      if (item.Text("userId") <= after) continue;
      TRY(auto record, AccountFromItem(item));
      std::string user = record.account.user;
      first.emplace(std::move(user), std::move(record.account));
      if (first.size() > limit) first.erase(std::prev(first.end()));
    }
    cursor = page.next;
  } while (!cursor.empty());
  std::vector<Account> accounts;
  accounts.reserve(first.size());
  for (auto& [user, account] : first) accounts.push_back(std::move(account));
  return accounts;
}

Result<Accounts::Created> Accounts::Create(OpContext& op, const NewAccount& account) {
  TRY_OK(CheckUser(account.user));
  TRY_OK(CheckContact(account.email, account.phone));
  Created created;
  if (account.password) {
    TRY_OK(CheckPasswordPolicy(account.user, *account.password));
  } else {
    created.temporary_password = MakeTemporaryPassword(account.user, impl_->random);
  }
  const bool must_change = account.must_change || !account.password;
  AccountRecord record;
  TRY(record.password_hash,
      impl_->hasher.Hash(op, account.password ? std::string_view(*account.password)
                                              : std::string_view(created.temporary_password)));
  if (must_change) record.temporary_until = impl_->TemporaryUntil();
  record.revision = 1;
  record.account = {
      .user = account.user,
      .subject = NewUuid(impl_->random),
      .email = account.email,
      .phone = account.phone,
      .status = must_change ? AccountStatus::kForceChangePassword : AccountStatus::kConfirmed,
      .created_millis = impl_->clock.NowMillis(),
      .modified_millis = impl_->clock.NowMillis(),
      .credentials = 1};
  const Write put = Write::Put(kAccounts, AccountItem(record), {Condition::Absent()});
  if (auto committed = impl_->store.Commit(op, std::span(&put, 1)); !committed.ok()) {
    if (committed.error().code == Code::kConflict)
      return Error(Code::kConflict, fmt::format("the account \"{}\" exists already; choose another "
                                                "user id, or change that account",
                                                account.user));
    return std::move(committed).error();
  }
  created.account = std::move(record.account);
  return created;
}

Status Accounts::Update(OpContext& op, std::string_view user,
                        const std::optional<std::string>& email,
                        const std::optional<std::string>& phone) {
  TRY_OK(CheckContact(email.value_or(""), phone.value_or("")));
  return impl_->Must(op, user, [&](AccountRecord& record) -> Result<bool> {
    if (email) record.account.email = *email;
    if (phone) record.account.phone = *phone;
    return email || phone;
  });
}

Status Accounts::SetEnabled(OpContext& op, std::string_view user, bool enabled) {
  return impl_->Must(op, user, [&](AccountRecord& record) -> Result<bool> {
    if (record.account.enabled == enabled) return false;
    record.account.enabled = enabled;
    ++record.account.credentials;
    return true;
  });
}

Status Accounts::Remove(OpContext& op, std::string_view user) {
  if (!IsUserId(user)) return NoAccount(user);
  const Write removal = Write::Delete(kAccounts, AccountKey(user), {Condition::Exists()});
  auto committed = impl_->store.Commit(op, std::span(&removal, 1));
  impl_->changes.fetch_add(1);
  if (committed.ok()) return Ok();
  if (committed.error().code == Code::kConflict) return NoAccount(user);
  return std::move(committed).error();
}

// ---- Passwords ---------------------------------------------------------------------------------

Result<std::string> Accounts::Reset(OpContext& op, std::string_view user) {
  TRY_OK(impl_->Get(op, user));
  std::string password = MakeTemporaryPassword(user, impl_->random);
  TRY(const std::string hash, impl_->hasher.Hash(op, password));
  TRY_OK(impl_->Must(op, user, [&](AccountRecord& record) -> Result<bool> {
    record.password_hash = hash;
    record.temporary_until = impl_->TemporaryUntil();
    record.account.status = AccountStatus::kForceChangePassword;
    record.totp_secret.clear();
    record.totp_pending.clear();
    record.totp_last_step = 0;
    record.recovery_codes.clear();
    ++record.account.credentials;
    return true;
  }));
  return password;
}

Status Accounts::SetPassword(OpContext& op, std::string_view user, std::string_view password,
                             bool must_change, const Together& together) {
  TRY_OK(CheckPasswordPolicy(user, password));
  TRY_OK(impl_->Get(op, user));
  TRY(const std::string hash, impl_->hasher.Hash(op, password));
  TRY_OK(impl_->Apply(op, user, together, [&](AccountRecord& record) -> Result<bool> {
    if (!must_change && record.account.status != AccountStatus::kConfirmed) {
      TRY(const bool same, impl_->hasher.Matches(op, password, record.password_hash));
      if (same)
        return Error(Code::kInvalid,
                     "the new password is the temporary one, which has to be changed; choose "
                     "another one");
    }
    record.password_hash = hash;
    record.temporary_until.reset();
    if (must_change) record.temporary_until = impl_->TemporaryUntil();
    record.account.status =
        must_change ? AccountStatus::kForceChangePassword : AccountStatus::kConfirmed;
    ++record.account.credentials;
    return true;
  }));
  return Ok();
}

Result<PasswordCheck> Accounts::CheckPassword(OpContext& op, std::string_view user,
                                              std::string_view password) {
  TRY(const auto record, impl_->Find(op, user));
  // No password is that long; hashing megabytes would be a gift to whoever sends them.
  const bool too_long = password.size() > kMaxPasswordBytes;
  const std::string& stored = record && !too_long ? record->password_hash : impl_->hasher.dummy();
  TRY(const bool same, impl_->hasher.Matches(op, password.substr(0, kMaxPasswordBytes), stored));
  PasswordCheck check;
  if (!record)
    check.failure = LoginFailure::kNoSuchUser;
  else if (!same)
    check.failure = LoginFailure::kWrongPassword;
  else if (!record->account.enabled)
    check.failure = LoginFailure::kDisabled;
  else if (record->temporary_until && impl_->clock.NowMillis() >= *record->temporary_until)
    check.failure = LoginFailure::kTemporaryPasswordExpired;
  if (check.failure != LoginFailure::kNone) return check;
  check.account = record->account;
  if (impl_->hasher.NeedsRehash(stored)) impl_->Rehash(op, *record, password);
  return check;
}

// ---- Second factor -----------------------------------------------------------------------------

Result<TotpEnrolment> Accounts::BeginTotp(OpContext& op, std::string_view user) {
  std::string secret(kTotpSecretBytes, '\0');
  impl_->random.Fill(secret.data(), secret.size());
  TRY_OK(impl_->Must(op, user, [&](AccountRecord& record) -> Result<bool> {
    record.totp_pending = secret;
    return true;
  }));
  TotpEnrolment enrolment;
  enrolment.secret_base32 = Base32Encode(secret);
  enrolment.uri = TotpUri(impl_->options.totp_issuer, user, enrolment.secret_base32);
  sodium_memzero(secret.data(), secret.size());
  return enrolment;
}

Result<std::vector<std::string>> Accounts::FinishTotp(OpContext& op, std::string_view user,
                                                      std::string_view code) {
  std::vector<std::string> codes;
  while (codes.size() < kRecoveryCodes) codes.push_back(MakeRecoveryCode(impl_->random));
  TRY_OK(impl_->Must(op, user, [&](AccountRecord& record) -> Result<bool> {
    if (record.totp_pending.empty())
      return Error(Code::kConflict,
                   "no enrolment of a second factor is under way; begin one and scan its code");
    const auto step =
        MatchTotp(record.totp_pending, code, impl_->clock.NowMillis() / 1000, /*last_used=*/-1);
    if (!step)
      return Error(Code::kDenied,
                   "the code is not the one of the authenticator app, so the second factor is not "
                   "in use; check the clock of the device and enter the code it shows now");
    record.totp_secret = std::exchange(record.totp_pending, {});
    record.totp_last_step = *step;
    record.recovery_codes.clear();
    for (const auto& one : codes)
      record.recovery_codes.push_back(RecoveryDigest(record.account, one));
    return true;
  }));
  return codes;
}

Status Accounts::RemoveTotp(OpContext& op, std::string_view user) {
  return impl_->Must(op, user, [&](AccountRecord& record) -> Result<bool> {
    if (record.totp_secret.empty() && record.totp_pending.empty()) return false;
    record.totp_secret.clear();
    record.totp_pending.clear();
    record.totp_last_step = 0;
    record.recovery_codes.clear();
    return true;
  });
}

Result<bool> Accounts::CheckTotp(OpContext& op, std::string_view user, std::string_view code,
                                 const Together& together) {
  // Apps show codes in two groups of three.
  std::string digits(code.substr(0, kMaxPasswordBytes));
  std::erase(digits, ' ');
  return impl_->Apply(op, user, together, [&](AccountRecord& record) -> Result<bool> {
    if (record.totp_secret.empty() || !record.account.enabled) return false;
    if (const auto step = MatchTotp(record.totp_secret, digits, impl_->clock.NowMillis() / 1000,
                                    record.totp_last_step)) {
      record.totp_last_step = *step;
      return true;
    }
    const auto recovery = RecoveryCodeForm(digits);
    if (!recovery) return false;
    return std::erase(record.recovery_codes, RecoveryDigest(record.account, *recovery)) > 0;
  });
}

}  // namespace vams::identity
