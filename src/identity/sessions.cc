#include "identity/sessions.h"
#include "base/contention.h"

#include <fmt/format.h>

#include <algorithm>
#include <type_traits>
#include <utility>

#include "identity/sessions_keys.h"
#include "identity/sessions_record.h"
#include "identity/sessions_tokens.h"
#include "identity/sessions_verify.h"
#include "identity/throttle.h"
#include "tables/system_tables.h"

namespace vams::identity {

namespace {

using items::Condition;
using items::Mutation;
using items::Value;
using items::Write;

const std::string kSessions{tables::kSessionsTable};
const std::string kChallenges{tables::kChallengesTable};
constexpr std::int64_t kWrongCodesPerChallenge = 5;
constexpr std::int64_t kRepetitionMillis = 10'000;
constexpr std::size_t kUsedDigests = 100;
constexpr std::size_t kDeletesPerCommit = 25;
constexpr std::size_t kExpirePage = 1000;
constexpr std::size_t kMaxSessionText = 256;

std::string_view Reason(LoginFailure failure) {
  switch (failure) {
    case LoginFailure::kNone:
      return "";
    case LoginFailure::kNoSuchUser:
      return "no such user";
    case LoginFailure::kWrongPassword:
      return "wrong password";
    case LoginFailure::kDisabled:
      return "account disabled";
    case LoginFailure::kTemporaryPasswordExpired:
      return "temporary password expired";
    case LoginFailure::kWrongCode:
      return "wrong code";
  }
  return "";
}

// One text for every reason, so that nobody learns who has an account.
Error LoginRefused(std::string reason) {
  return Error(Code::kUnauthenticated,
               "the user id or the password is wrong, or the account cannot log in now; try again, "
               "or ask an administrator to reset the password",
               std::move(reason));
}
Error ChallengeRefused(std::string reason) {
  return Error(Code::kUnauthenticated,
               "this login was not completed in time or has been completed already; log in again",
               std::move(reason));
}
Error RefreshRefused(std::string reason) {
  return Error(Code::kUnauthenticated, "the refresh token is not accepted; log in again",
               std::move(reason));
}

class BuiltInSessions final : public Sessions {
 public:
  BuiltInSessions(items::ItemStore& store, Accounts& accounts, const Clock& clock, Random& random,
                  SessionOptions options, RolesOf roles_of, LoginObserver observe,
                  std::unique_ptr<SigningKeys> keys)
      : store_(store),
        accounts_(accounts),
        clock_(clock),
        random_(random),
        options_(std::move(options)),
        roles_of_(std::move(roles_of)),
        observe_(std::move(observe)),
        keys_(std::move(keys)),
        throttle_(store, clock,
                  {.free_failures = options_.free_failures,
                   .first_seconds = options_.first_lockout_seconds,
                   .longest_seconds = options_.longest_lockout_seconds,
                   .longest_user_seconds = options_.longest_user_lockout_seconds}),
        verifier_(store, accounts, clock, *keys_, options_) {}

  Result<LoginStep> Login(OpContext& op, std::string_view user, std::string_view password,
                          std::string_view address) override {
    LoginEvent event = EventOf("login", address);
    event.user = user;
    return Observed(event, DoLogin(op, user, password, address, event));
  }
  Result<LoginStep> AnswerNewPassword(OpContext& op, std::string_view session,
                                      std::string_view password,
                                      std::string_view address) override {
    LoginEvent event = EventOf("challenge", address);
    return Observed(event, DoNewPassword(op, session, password, address, event));
  }
  Result<LoginStep> AnswerMfa(OpContext& op, std::string_view session, std::string_view code,
                              std::string_view address) override {
    LoginEvent event = EventOf("challenge", address);
    return Observed(event, DoMfa(op, session, code, address, event));
  }
  Result<Tokens> Refresh(OpContext& op, std::string_view refresh_token, std::string_view address,
                         bool rotate) override {
    LoginEvent event = EventOf("refresh", address);
    return Observed(event, DoRefresh(op, refresh_token, rotate, event));
  }
  Status Logout(OpContext& op, const Identity& who) override {
    LoginEvent event = EventOf("logout", "");
    event.user = who.user;
    event.mfa = who.mfa;
    return Observed(event, DoLogout(op, who));
  }
  Status EndAllOf(OpContext& op, std::string_view user) override;
  Result<std::shared_ptr<const Identity>> Verify(OpContext& op, std::string_view token) override {
    return verifier_.Verify(op, token);
  }
  boost::json::object KeySet() const override { return KeySetJson(keys_->Ring()->keys); }
  boost::json::object Discovery() const override { return DiscoveryJson(options_); }
  Status RotateKeys(OpContext& op) override {
    LoginEvent event = EventOf("keyRotation", "");
    return Observed(event, keys_->Rotate(op));
  }
  Status Maintain(OpContext& op) override;

 private:
  // A login on its way to tokens: what its commit writes, and what the client then gets.
  struct Outcome {
    LoginStep step;
    std::vector<Write> writes;
    bool mfa = false;
  };
  struct Asked {
    ChallengeRecord challenge;
    Account account;
  };

  std::int64_t Seconds() const { return clock_.NowMillis() / 1000; }

  static LoginEvent EventOf(std::string_view what, std::string_view address) {
    LoginEvent event;
    event.what = what;
    event.address = address;
    return event;
  }
  // Reports a call's end to whoever writes the audit log.
  template <typename Answer>
  Answer Observed(LoginEvent& event, Answer result) {
    event.ok = result.ok();
    if (!result.ok() && event.reason.empty())
      event.reason =
          result.error().details.empty() ? result.error().message : result.error().details;
    if constexpr (std::is_same_v<Answer, Result<LoginStep>>)
      if (result.ok() && result->challenge) event.reason = Name(*result->challenge);
    if (observe_) observe_(event);
    return result;
  }

  Error Locked(const Throttle::Attempt& attempt, LoginEvent& event) const {
    event.reason =
        fmt::format("locked until {}", IsoMillis(clock_.NowMillis() + attempt.wait_seconds * 1000));
    return Error(Code::kUnavailable,
                 fmt::format("there were too many failed logins; try again in {} seconds",
                             attempt.wait_seconds),
                 fmt::format("{}", attempt.wait_seconds));
  }

  Result<LoginStep> DoLogin(OpContext& op, std::string_view user, std::string_view password,
                            std::string_view address, LoginEvent& event);
  Result<LoginStep> DoNewPassword(OpContext& op, std::string_view session,
                                  std::string_view password, std::string_view address,
                                  LoginEvent& event);
  Result<LoginStep> DoMfa(OpContext& op, std::string_view session, std::string_view code,
                          std::string_view address, LoginEvent& event);
  Result<Tokens> DoRefresh(OpContext& op, std::string_view text, bool rotate, LoginEvent& event);
  Status DoLogout(OpContext& op, const Identity& who);

  Outcome Ask(const Account& account, Challenge challenge, bool mfa);
  Result<Outcome> Start(OpContext& op, const Account& account, bool mfa,
                        const Throttle::Attempt& attempt);
  Result<Asked> Challenged(OpContext& op, std::string_view session, Challenge challenge,
                           LoginEvent& event);
  Error WrongCode(OpContext& op, const ChallengeRecord& challenge,
                  const Throttle::Attempt& attempt);
  Result<Tokens> TokensFor(OpContext& op, const Account& account, const SessionRecord& session);
  Status End(OpContext& op, std::string_view user, std::string_view session);

  items::ItemStore& store_;
  Accounts& accounts_;
  const Clock& clock_;
  Random& random_;
  const SessionOptions options_;
  const RolesOf roles_of_;
  const LoginObserver observe_;
  const std::unique_ptr<SigningKeys> keys_;
  Throttle throttle_;
  TokenVerifier verifier_;
};

// ---- On the way in -----------------------------------------------------------------------------

BuiltInSessions::Outcome BuiltInSessions::Ask(const Account& account, Challenge challenge,
                                              bool mfa) {
  const std::string text = NewSecretText(random_);
  const ChallengeRecord record{.digest = SecretDigest(text),
                               .login = LoginAs(account),
                               .challenge = challenge,
                               .mfa = mfa,
                               .wrong = 0,
                               .expires = Seconds() + options_.challenge_seconds};
  Outcome outcome;
  outcome.step = {
      .tokens = std::nullopt, .challenge = challenge, .session = text, .user = account.user};
  outcome.writes.push_back(Write::Put(kChallenges, ChallengeItem(record), {Condition::Absent()}));
  outcome.mfa = mfa;
  return outcome;
}

Result<Tokens> BuiltInSessions::TokensFor(OpContext& op, const Account& account,
                                          const SessionRecord& session) {
  TRY(const auto roles, roles_of_(op, account.user));
  TRY(const auto ring, keys_->ForSigning(op));
  return MakeTokens({account, session, roles, Seconds()}, options_, *ring, random_);
}

// The tokens are made before the commit that makes them worth something: a failure then leaves no
// session behind, and uses up no code.
Result<BuiltInSessions::Outcome> BuiltInSessions::Start(OpContext& op, const Account& account,
                                                        bool mfa,
                                                        const Throttle::Attempt& attempt) {
  SessionRecord session;
  session.login = LoginAs(account);
  session.id = NewUuid(random_);
  session.mfa = mfa;
  session.auth_time = Seconds();
  session.expires = Seconds() + options_.refresh_seconds;
  const auto refresh = RefreshToken::New(account.user, session.id, random_);
  session.refresh = refresh.Digest();
  Outcome outcome;
  outcome.step.user = account.user;
  TRY(outcome.step.tokens, TokensFor(op, account, session));
  outcome.step.tokens->refresh = refresh.Text();
  outcome.writes = throttle_.Forget(attempt);
  outcome.writes.push_back(Write::Put(kSessions, SessionItem(session), {Condition::Absent()}));
  outcome.mfa = mfa;
  return outcome;
}

Result<LoginStep> BuiltInSessions::DoLogin(OpContext& op, std::string_view user,
                                           std::string_view password, std::string_view address,
                                           LoginEvent& event) {
  TRY(const auto turn, throttle_.TakeTurn(op, user));
  TRY(const auto attempt, throttle_.Look(op, user, address));
  if (attempt.wait_seconds > 0) return Locked(attempt, event);
  TRY(const auto check, accounts_.CheckPassword(op, user, password));
  if (check.failure != LoginFailure::kNone) {
    TRY_OK(throttle_.Fail(op, attempt));
    return LoginRefused(std::string(Reason(check.failure)));
  }
  const Account& account = check.account;
  Outcome outcome;
  // The second factor first: whoever has only the password must not get to change it.
  if (account.totp) {
    outcome = Ask(account, Challenge::kSoftwareTokenMfa, false);
  } else if (account.status != AccountStatus::kConfirmed) {
    outcome = Ask(account, Challenge::kNewPasswordRequired, false);
  } else {
    TRY(outcome, Start(op, account, false, attempt));
  }
  outcome.writes.push_back(Accounts::StillStands(account));
  if (auto committed = store_.Commit(op, outcome.writes); !committed.ok()) {
    if (committed.error().code != Code::kConflict) return std::move(committed).error();
    return LoginRefused("the account was changed meanwhile");
  }
  return std::move(outcome.step);
}

// ---- Challenges --------------------------------------------------------------------------------

Result<BuiltInSessions::Asked> BuiltInSessions::Challenged(OpContext& op, std::string_view session,
                                                           Challenge challenge, LoginEvent& event) {
  if (session.size() > kMaxSessionText) return ChallengeRefused("no such challenge");
  auto item = store_.Get(op, kChallenges, ChallengeKey(SecretDigest(session)));
  if (!item.ok() && item.error().code == Code::kNotFound)
    return ChallengeRefused("no such challenge");
  TRY(const auto found, std::move(item));
  Asked asked;
  TRY(asked.challenge, ChallengeFromItem(found));
  event.user = asked.challenge.login.user;
  event.mfa = asked.challenge.mfa;
  if (asked.challenge.expires <= Seconds()) return ChallengeRefused("challenge expired");
  if (asked.challenge.challenge != challenge)
    return ChallengeRefused("an answer to another challenge");
  TRY(auto account, accounts_.Find(op, event.user));
  if (!account || !Counts(asked.challenge.login, *account))
    return ChallengeRefused("the account was changed meanwhile");
  asked.account = *std::move(account);
  return asked;
}

Result<LoginStep> BuiltInSessions::DoNewPassword(OpContext& op, std::string_view session,
                                                 std::string_view password,
                                                 std::string_view address, LoginEvent& event) {
  TRY(const Asked asked, Challenged(op, session, Challenge::kNewPasswordRequired, event));
  TRY(const auto attempt, throttle_.Look(op, asked.account.user, address));
  // The account as the change of its password leaves it: the session must be of that.
  Account changed = asked.account;
  ++changed.credentials;
  TRY(Outcome outcome, Start(op, changed, asked.challenge.mfa, attempt));
  outcome.writes.push_back(
      Write::Delete(kChallenges, ChallengeKey(asked.challenge.digest), {Condition::Exists()}));
  auto set =
      accounts_.SetPassword(op, changed.user, password, /*must_change=*/false,
                            {.writes = std::move(outcome.writes), .as_seen = &asked.account});
  if (!set.ok()) {
    if (set.error().code == Code::kConflict || set.error().code == Code::kNotFound)
      return ChallengeRefused("answered already, or the account was changed meanwhile");
    return std::move(set).error();
  }
  return std::move(outcome.step);
}

// Counts it, and says so; or why it could not be counted.
Error BuiltInSessions::WrongCode(OpContext& op, const ChallengeRecord& challenge,
                                 const Throttle::Attempt& attempt) {
  if (auto counted = throttle_.Fail(op, attempt); !counted.ok()) return std::move(counted).error();
  const Condition unchanged = Condition::Equals("wrong", Value::N(challenge.wrong));
  const Write write =
      challenge.wrong + 1 < kWrongCodesPerChallenge
          ? Write::Update(kChallenges, ChallengeKey(challenge.digest),
                          {{.op = Mutation::Op::kAdd, .attribute = "wrong", .value = Value::N(1)}},
                          {unchanged})
          : Write::Delete(kChallenges, ChallengeKey(challenge.digest), {unchanged});
  auto committed = store_.Commit(op, std::span(&write, 1));
  // Another process counted, or took the right code, at the same time.
  if (!committed.ok() && committed.error().code != Code::kConflict)
    return std::move(committed).error();
  return Error(
      Code::kUnauthenticated,
      "the code is not the right one; enter the code that the app shows now, or a recovery "
      "code",
      std::string(Reason(LoginFailure::kWrongCode)));
}

Result<LoginStep> BuiltInSessions::DoMfa(OpContext& op, std::string_view session,
                                         std::string_view code, std::string_view address,
                                         LoginEvent& event) {
  TRY(Asked asked, Challenged(op, session, Challenge::kSoftwareTokenMfa, event));
  TRY(const auto turn, throttle_.TakeTurn(op, asked.account.user));
  // Again, because the attempts before this one's turn may have changed it.
  TRY(asked, Challenged(op, session, Challenge::kSoftwareTokenMfa, event));
  TRY(const auto attempt, throttle_.Look(op, asked.account.user, address));
  if (attempt.wait_seconds > 0) return Locked(attempt, event);
  Outcome outcome;
  if (asked.account.status != AccountStatus::kConfirmed) {
    outcome = Ask(asked.account, Challenge::kNewPasswordRequired, /*mfa=*/true);
  } else {
    TRY(outcome, Start(op, asked.account, /*mfa=*/true, attempt));
  }
  outcome.writes.push_back(
      Write::Delete(kChallenges, ChallengeKey(asked.challenge.digest), {Condition::Exists()}));
  auto right = accounts_.CheckTotp(op, asked.account.user, code,
                                   {.writes = outcome.writes, .as_seen = &asked.account});
  if (!right.ok()) {
    if (right.error().code == Code::kConflict || right.error().code == Code::kNotFound)
      return ChallengeRefused("answered already, or the account was changed meanwhile");
    return std::move(right).error();
  }
  if (!*right) return WrongCode(op, asked.challenge, attempt);
  event.mfa = true;
  return std::move(outcome.step);
}

// ---- Refresh and logout ------------------------------------------------------------------------

Result<Tokens> BuiltInSessions::DoRefresh(OpContext& op, std::string_view text, bool rotate,
                                          LoginEvent& event) {
  const auto token = RefreshToken::Parse(text);
  if (!token) return RefreshRefused("malformed refresh token");
  event.user = token->user;
  const std::string digest = token->Digest();
  for (Contention contention; contention.Next();) {
    auto item = store_.Get(op, kSessions, SessionKey(token->user, token->session));
    if (!item.ok() && item.error().code == Code::kNotFound)
      return RefreshRefused("no such session");
    TRY(const auto found, std::move(item));
    TRY(SessionRecord session, SessionFromItem(found));
    event.mfa = session.mfa;
    if (session.expires <= Seconds()) return RefreshRefused("session expired");
    TRY(const auto account, accounts_.Find(op, token->user));
    if (!account || !Counts(session.login, *account))
      return RefreshRefused("the account was changed after the login");

    const Condition unchanged = Condition::Equals("refresh", Value::S(session.refresh));
    std::vector<Condition> conditions = {unchanged};
    RefreshToken next = *token;
    if (digest == session.refresh) {
      if (rotate) {
        session.nonce = NewSecret(random_);
        next = token->Next(session.nonce);
        session.used.push_back(std::exchange(session.refresh, next.Digest()));
        if (session.used.size() > kUsedDigests) session.used.erase(session.used.begin());
        session.refreshed_at = clock_.NowMillis();
        session.repeated = false;
      }
    } else if (std::ranges::find(session.used, digest) == session.used.end()) {
      // Never one of the login's own, or of long ago: nobody can end a session with a guess.
      return RefreshRefused("unknown refresh token");
    } else {
      const std::int64_t age = clock_.NowMillis() - session.refreshed_at;
      next = token->Next(session.nonce);
      if (digest != session.used.back() || session.repeated || age < 0 || age > kRepetitionMillis ||
          next.Digest() != session.refresh) {
        TRY_OK(End(op, token->user, token->session));
        return RefreshRefused("refresh token reused: the session was ended");
      }
      conditions.push_back(Condition::Equals("repeated", Value::Bool(false)));
      session.repeated = true;
    }

    TRY(Tokens tokens, TokensFor(op, *account, session));
    tokens.refresh = next.Text();
    if (digest == session.refresh) return tokens;  // kept, so nothing is to be written
    const Write writes[] = {Write::Put(kSessions, SessionItem(session), std::move(conditions)),
                            Accounts::StillStands(*account)};
    auto committed = store_.Commit(op, writes);
    if (committed.ok()) return tokens;
    if (committed.error().code != Code::kConflict) return std::move(committed).error();
  }
  return Error(Code::kUnavailable,
               "the session is being refreshed by too many at a time; try again");
}

Status BuiltInSessions::End(OpContext& op, std::string_view user, std::string_view session) {
  const Write removal = Write::Delete(kSessions, SessionKey(user, session));
  auto committed = store_.Commit(op, std::span(&removal, 1));
  // An error does not tell that nothing happened.
  verifier_.Ended(user);
  if (!committed.ok()) return std::move(committed).error();
  return Ok();
}

Status BuiltInSessions::DoLogout(OpContext& op, const Identity& who) {
  if (who.session.empty())
    return Error(Code::kInvalid,
                 "this caller has no session of this server, so there is nothing to end; remove "
                 "the API key, or log out at the identity provider");
  return End(op, who.user, who.session);
}

Status BuiltInSessions::EndAllOf(OpContext& op, std::string_view user) {
  LoginEvent event = EventOf("logout", "");
  event.user = user;
  const auto remove = [&]() -> Status {
    items::QueryRequest request;
    request.table = kSessions;
    request.partition = Value::S(std::string(user));
    request.limit = kDeletesPerCommit;
    do {
      TRY(const auto page, store_.Query(op, request));
      std::vector<Write> removals;
      for (const auto& item : page.items)
        removals.push_back(Write::Delete(kSessions, SessionKey(user, item.Text("sessionId"))));
      if (!removals.empty()) TRY_OK(store_.Commit(op, removals));
      request.after = page.next;
    } while (!request.after.empty());
    return Ok();
  };
  Status done = user.empty() ? Ok() : remove();
  verifier_.Ended(user);
  return Observed(event, std::move(done));
}

// ---- Upkeep ------------------------------------------------------------------------------------

Status BuiltInSessions::Maintain(OpContext& op) {
  TRY(const auto ring, keys_->ForSigning(op));
  if (clock_.NowMillis() - ring->current_created >= options_.key_rotation_seconds * 1000)
    TRY_OK(RotateKeys(op));
  TRY_OK(keys_->Tidy(op));
  for (const auto table :
       {tables::kSessionsTable, tables::kChallengesTable, tables::kLoginFailuresTable}) {
    std::size_t removed = 0;
    do {
      TRY(removed, store_.Expire(op, table, Seconds(), kExpirePage));
    } while (removed == kExpirePage);
  }
  return Ok();
}

}  // namespace

Result<std::unique_ptr<Sessions>> Sessions::Open(items::ItemStore& store, Accounts& accounts,
                                                 const Clock& clock, Random& random,
                                                 SessionOptions options, RolesOf roles_of,
                                                 LoginObserver observe) {
  OpContext op;
  TRY(auto keys, SigningKeys::Open(op, store, clock, options.token_seconds));
  return std::unique_ptr<Sessions>(
      std::make_unique<BuiltInSessions>(store, accounts, clock, random, std::move(options),
                                        std::move(roles_of), std::move(observe), std::move(keys)));
}

}  // namespace vams::identity
