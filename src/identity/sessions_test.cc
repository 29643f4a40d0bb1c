#include "identity/sessions.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <latch>
#include <set>
#include <thread>

#include "identity/jwt.h"
#include "identity/sessions_test.h"
#include "testing/faulty_store.h"

namespace vams::identity {
namespace {

using test::CodeFor;
using test::CodeOf;
using test::Engine;
using test::kAddress;
using test::kOther;
using test::kPassword;
using test::Must;
using test::Server;
using test::World;

class SessionsTest : public ::testing::TestWithParam<Engine> {
 protected:
  World world_{GetParam()};
  Server server_{world_};
};
INSTANTIATE_TEST_SUITE_P(Engines, SessionsTest, ::testing::Values(Engine::kMemory, Engine::kSqlite),
                         test::EngineName);

// ---- Login -------------------------------------------------------------------------------------

TEST_P(SessionsTest, ALoginGivesTokensWithTheClaimsThatClientsRead) {
  server_.Add("ada");
  const std::int64_t now = world_.clock.NowMillis() / 1000;

  const Tokens tokens = server_.Login("ada");

  EXPECT_EQ(tokens.expires_in, 3600);
  const auto access = Must(ParseToken(tokens.access)).claims;
  const auto id = Must(ParseToken(tokens.id)).claims;
  const Account account = Must(server_.accounts.Get(world_.op, "ada"));
  for (const auto& claims : {access, id}) {
    EXPECT_EQ(claims.at("iss"), "https://vams.example.org");
    EXPECT_EQ(claims.at("sub"), boost::json::value(account.subject));
    EXPECT_EQ(claims.at("vams:tokens"), "[\"ada\"]");
    EXPECT_EQ(claims.at("vams:roles"), "[\"admin\",\"\\\"odd\\\" role\"]");
    EXPECT_EQ(claims.at("vams:externalAttributes"), "[]");
    EXPECT_EQ(claims.at("email"), "ada@example.org");
    EXPECT_EQ(claims.at("iat").as_int64(), now);
    EXPECT_EQ(claims.at("exp").as_int64(), now + 3600);
    EXPECT_EQ(claims.at("auth_time").as_int64(), now);
    EXPECT_EQ(claims.at("amr"), boost::json::value(boost::json::array{"pwd"}));
  }
  EXPECT_EQ(access.at("token_use"), "access");
  EXPECT_EQ(access.at("client_id"), "vams");
  EXPECT_EQ(access.at("username"), "ada");
  EXPECT_FALSE(access.contains("aud"));
  EXPECT_EQ(id.at("token_use"), "id");
  EXPECT_EQ(id.at("aud"), "vams");
  EXPECT_EQ(id.at("cognito:username"), "ada");
  EXPECT_EQ(access.at("origin_jti"), id.at("origin_jti"));
  EXPECT_NE(access.at("jti"), id.at("jti"));
}

TEST_P(SessionsTest, BothTokensTellWhoIsAsking) {
  server_.Add("ada");
  const Tokens tokens = server_.Login("ada");

  for (const auto& token : {tokens.access, tokens.id}) {
    const auto identity = Must(server_.sessions->Verify(world_.op, token));
    EXPECT_EQ(identity->user, "ada");
    EXPECT_EQ(identity->email, "ada@example.org");
    EXPECT_EQ(identity->role_claims, (std::vector<std::string>{"admin", "\"odd\" role"}));
    EXPECT_FALSE(identity->mfa);
    EXPECT_FALSE(identity->session.empty());
    EXPECT_EQ(Must(server_.sessions->Verify(world_.op, token)), identity);  // remembered
  }
  EXPECT_FALSE(server_.Verifies(tokens.refresh));
  EXPECT_FALSE(server_.Verifies(""));
}

TEST_P(SessionsTest, ATokenEndsAtItsSecondAlsoWhenItIsRemembered) {
  server_.Add("ada");
  const Tokens tokens = server_.Login("ada");

  world_.clock.Advance(3599);
  EXPECT_TRUE(server_.Verifies(tokens.access));
  world_.clock.Advance(1);

  const auto late = server_.sessions->Verify(world_.op, tokens.access);
  EXPECT_EQ(CodeOf(late), Code::kUnauthenticated);
  EXPECT_EQ(CodeOf(server_.sessions->Verify(world_.op, tokens.id)), Code::kUnauthenticated);
}

// A stranger must not learn who has an account, nor what is the matter with it.
TEST_P(SessionsTest, EveryRefusalReadsTheSame) {
  server_.Add("ada");
  server_.Add("off");
  Must(server_.accounts.SetEnabled(world_.op, "off", false));
  const auto late = Must(server_.accounts.Create(
      world_.op, {.user = "late", .email = "", .phone = "", .password = std::nullopt}));
  world_.clock.Advance(4 * 24 * 3600);

  std::set<std::string> texts;
  std::vector<std::string> reasons;
  const auto refuse = [&](std::string_view user, std::string_view password) {
    const auto refused = server_.TryLogin(user, password);
    EXPECT_EQ(CodeOf(refused), Code::kUnauthenticated);
    texts.insert(refused.error().message);
    EXPECT_FALSE(server_.LastEvent().ok);
    reasons.push_back(server_.LastEvent().reason);
  };
  refuse("ada", kOther);
  refuse("nobody", kPassword);
  refuse("off", kPassword);
  refuse("late", late.temporary_password);

  EXPECT_EQ(texts.size(), 1U);
  EXPECT_EQ(reasons, (std::vector<std::string>{"wrong password", "no such user", "account disabled",
                                               "temporary password expired"}));
}

// ---- Challenges --------------------------------------------------------------------------------

TEST_P(SessionsTest, ATemporaryPasswordLeadsToANewOne) {
  const auto created = Must(server_.accounts.Create(
      world_.op, {.user = "ada", .email = "", .phone = "", .password = std::nullopt}));

  const auto step = Must(server_.TryLogin("ada", created.temporary_password));
  EXPECT_FALSE(step.tokens);
  EXPECT_EQ(step.challenge, Challenge::kNewPasswordRequired);
  EXPECT_EQ(step.user, "ada");
  // What the policy refuses leaves the session good.
  auto& sessions = *server_.sessions;
  EXPECT_EQ(CodeOf(sessions.AnswerNewPassword(world_.op, step.session, "weak", kAddress)),
            Code::kInvalid);
  EXPECT_EQ(CodeOf(sessions.AnswerNewPassword(world_.op, step.session, created.temporary_password,
                                              kAddress)),
            Code::kInvalid);
  EXPECT_EQ(CodeOf(sessions.AnswerMfa(world_.op, step.session, "123456", kAddress)),
            Code::kUnauthenticated);
  const auto done = Must(sessions.AnswerNewPassword(world_.op, step.session, kPassword, kAddress));

  ASSERT_TRUE(done.tokens);
  EXPECT_TRUE(server_.Verifies(done.tokens->access));
  EXPECT_TRUE(server_.Refresh(done.tokens->refresh).ok());
  EXPECT_EQ(CodeOf(sessions.AnswerNewPassword(world_.op, step.session, kOther, kAddress)),
            Code::kUnauthenticated);
  EXPECT_TRUE(Must(server_.TryLogin("ada")).tokens.has_value());
}

// An old temporary password, or a challenge it led to, must be worth nothing after a reset.
TEST_P(SessionsTest, AChallengeEndsWithTheCredentialsItIsOf) {
  const auto created = Must(server_.accounts.Create(
      world_.op, {.user = "ada", .email = "", .phone = "", .password = std::nullopt}));
  const auto step = Must(server_.TryLogin("ada", created.temporary_password));

  const std::string temporary = Must(server_.accounts.Reset(world_.op, "ada"));

  EXPECT_EQ(
      CodeOf(server_.sessions->AnswerNewPassword(world_.op, step.session, kPassword, kAddress)),
      Code::kUnauthenticated);
  EXPECT_TRUE(server_.TryLogin("ada", temporary).ok());
}

TEST_P(SessionsTest, AChallengeEndsAfterItsTime) {
  const auto created = Must(server_.accounts.Create(
      world_.op, {.user = "ada", .email = "", .phone = "", .password = std::nullopt}));
  const auto step = Must(server_.TryLogin("ada", created.temporary_password));
  world_.clock.Advance(600);

  EXPECT_EQ(
      CodeOf(server_.sessions->AnswerNewPassword(world_.op, step.session, kPassword, kAddress)),
      Code::kUnauthenticated);
  for (const std::string& session : {std::string(), std::string("x"), std::string(9999, 'x')})
    EXPECT_EQ(CodeOf(server_.sessions->AnswerNewPassword(world_.op, session, kPassword, kAddress)),
              Code::kUnauthenticated);
}

TEST_P(SessionsTest, ASecondFactorIsAskedForAndShowsInTheToken) {
  server_.Add("ada");
  const auto [secret, recovery] = server_.Enrol("ada");

  const auto step = Must(server_.TryLogin("ada"));
  ASSERT_EQ(step.challenge, Challenge::kSoftwareTokenMfa);
  EXPECT_FALSE(step.tokens);
  EXPECT_EQ(CodeOf(server_.sessions->AnswerMfa(world_.op, step.session,
                                               test::WrongCodeFor(secret, world_.clock), kAddress)),
            Code::kUnauthenticated);
  EXPECT_EQ(server_.LastEvent().reason, "wrong code");
  const std::string code = CodeFor(secret, world_.clock);
  const auto done = Must(server_.sessions->AnswerMfa(world_.op, step.session, code, kAddress));

  ASSERT_TRUE(done.tokens);
  EXPECT_TRUE(Must(server_.sessions->Verify(world_.op, done.tokens->id))->mfa);
  const Tokens refreshed = Must(server_.Refresh(done.tokens->refresh));
  EXPECT_TRUE(Must(server_.sessions->Verify(world_.op, refreshed.access))->mfa);
  // Neither the session nor the code counts again.
  EXPECT_FALSE(
      server_.sessions->AnswerMfa(world_.op, step.session, recovery.front(), kAddress).ok());
  const auto again = Must(server_.TryLogin("ada"));
  EXPECT_FALSE(server_.sessions->AnswerMfa(world_.op, again.session, code, kAddress).ok());
  EXPECT_TRUE(
      server_.sessions->AnswerMfa(world_.op, again.session, recovery.front(), kAddress).ok());
}

// Whoever has only the password must not be able to change it.
TEST_P(SessionsTest, TheSecondFactorComesBeforeTheNewPassword) {
  server_.Add("ada");
  const auto [secret, recovery] = server_.Enrol("ada");
  Must(server_.accounts.SetPassword(world_.op, "ada", kOther, /*must_change=*/true));

  const auto step = Must(server_.TryLogin("ada", kOther));
  ASSERT_EQ(step.challenge, Challenge::kSoftwareTokenMfa);
  const auto next = Must(server_.sessions->AnswerMfa(world_.op, step.session,
                                                     CodeFor(secret, world_.clock), kAddress));
  ASSERT_EQ(next.challenge, Challenge::kNewPasswordRequired);
  EXPECT_FALSE(next.tokens);
  const auto done = Must(
      server_.sessions->AnswerNewPassword(world_.op, next.session, "Third-Password-9", kAddress));

  ASSERT_TRUE(done.tokens);
  EXPECT_TRUE(Must(server_.sessions->Verify(world_.op, done.tokens->access))->mfa);
}

TEST_P(SessionsTest, AChallengeTakesAFewWrongCodesOnly) {
  server_.Add("ada");
  const auto [secret, recovery] = server_.Enrol("ada");
  const auto step = Must(server_.TryLogin("ada"));
  const std::string wrong = test::WrongCodeFor(secret, world_.clock);

  // From different addresses, so that it is not the address that is stopped.
  for (int i = 0; i < 5; ++i)
    EXPECT_FALSE(
        server_.sessions->AnswerMfa(world_.op, step.session, wrong, fmt::format("10.0.0.{}", i))
            .ok());

  EXPECT_EQ(
      CodeOf(server_.sessions->AnswerMfa(world_.op, step.session, recovery.front(), "10.0.1.1")),
      Code::kUnauthenticated);
  EXPECT_EQ(server_.LastEvent().reason, "no such challenge");
}

// ---- Guessing ----------------------------------------------------------------------------------

TEST_P(SessionsTest, ALockedUserGetsOneAnswerWhateverThePassword) {
  server_.Add("ada");
  for (int i = 0; i < 5; ++i)
    EXPECT_EQ(CodeOf(server_.TryLogin("ada", kOther)), Code::kUnauthenticated);

  const auto right = server_.TryLogin("ada", kPassword);
  const auto wrong = server_.TryLogin("ada", kOther);

  EXPECT_EQ(CodeOf(right), Code::kUnavailable);
  EXPECT_EQ(right.error().message, wrong.error().message);
  EXPECT_EQ(right.error().details, "30");
  EXPECT_TRUE(server_.LastEvent().reason.starts_with("locked until "))
      << server_.LastEvent().reason;
  world_.clock.Advance(30);
  EXPECT_TRUE(server_.TryLogin("ada").ok());
}

// Or whoever is locked out could still keep all cores busy with hashes.
TEST_P(SessionsTest, WhileLockedNoPasswordIsLookedAt) {
  server_.Add("ada");
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(server_.TryLogin("ada", kOther).ok());
  const items::Write damage = items::Write::Update(
      std::string(tables::kAccountsTable), {{"userId", items::Value::S("ada")}},
      {{items::Mutation::Op::kSet, "passwordHash", items::Value::S("damaged")}});
  ASSERT_TRUE(world_.store->Commit(world_.op, std::span(&damage, 1)).ok());

  EXPECT_EQ(CodeOf(server_.TryLogin("ada")), Code::kUnavailable);
  world_.clock.Advance(30);
  EXPECT_EQ(CodeOf(server_.TryLogin("ada")), Code::kCorrupt);
}

TEST_P(SessionsTest, NobodyLearnsFromLocksWhoHasAnAccount) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(CodeOf(server_.TryLogin("nobody")), Code::kUnauthenticated);

  EXPECT_EQ(CodeOf(server_.TryLogin("nobody")), Code::kUnavailable);
}

// The password alone must not reset the count, or codes could be guessed without end.
TEST_P(SessionsTest, CodesAreGuessedNoFasterThanPasswords) {
  server_.Add("ada");
  const auto [secret, recovery] = server_.Enrol("ada");
  const std::string wrong = test::WrongCodeFor(secret, world_.clock);

  for (int i = 0; i < 5; ++i) {
    const auto step = Must(server_.TryLogin("ada"));
    EXPECT_EQ(CodeOf(server_.sessions->AnswerMfa(world_.op, step.session, wrong, kAddress)),
              Code::kUnauthenticated);
  }

  EXPECT_EQ(CodeOf(server_.TryLogin("ada")), Code::kUnavailable);
}

TEST_P(SessionsTest, ABurstOfGuessesIsCountedOneByOne) {
  server_.Add("ada");
  std::atomic<int> looked_at = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 16; ++i)
      threads.emplace_back([&] {
        OpContext op;
        const auto refused = server_.sessions->Login(op, "ada", kOther, kAddress);
        if (CodeOf(refused) == Code::kUnauthenticated) ++looked_at;
      });
  }

  EXPECT_EQ(looked_at, 5);
}

// ---- Refresh -----------------------------------------------------------------------------------

TEST_P(SessionsTest, ARefreshUsesUpItsToken) {
  server_.Add("ada");
  const Tokens first = server_.Login("ada");
  world_.clock.Advance(100);

  const Tokens second = Must(server_.Refresh(first.refresh));

  EXPECT_NE(second.refresh, first.refresh);
  EXPECT_TRUE(server_.Verifies(second.access));
  EXPECT_TRUE(server_.Verifies(second.id));
  EXPECT_TRUE(server_.Verifies(first.access));
  const auto claims = Must(ParseToken(second.access)).claims;
  EXPECT_EQ(claims.at("auth_time").as_int64(), world_.clock.NowMillis() / 1000 - 100);
  EXPECT_EQ(claims.at("iat").as_int64(), world_.clock.NowMillis() / 1000);
}

TEST_P(SessionsTest, AUsedTokenShownAgainEndsTheSession) {
  server_.Add("ada");
  const Tokens first = server_.Login("ada");
  const Tokens second = Must(server_.Refresh(first.refresh));
  world_.clock.Advance(11);
  ASSERT_TRUE(server_.Verifies(second.access));

  EXPECT_EQ(CodeOf(server_.Refresh(first.refresh)), Code::kUnauthenticated);

  EXPECT_TRUE(server_.LastEvent().reason.contains("reused")) << server_.LastEvent().reason;
  EXPECT_FALSE(server_.Verifies(second.access));
  EXPECT_FALSE(server_.Verifies(first.id));
  EXPECT_FALSE(server_.Refresh(second.refresh).ok());
}

TEST_P(SessionsTest, AnOlderTokenShownAgainEndsTheSessionAtOnce) {
  server_.Add("ada");
  const Tokens first = server_.Login("ada");
  const Tokens second = Must(server_.Refresh(first.refresh));
  const Tokens third = Must(server_.Refresh(second.refresh));

  EXPECT_FALSE(server_.Refresh(first.refresh).ok());

  EXPECT_FALSE(server_.Refresh(third.refresh).ok());
}

// The client sent its token and the connection broke before the answer came.
TEST_P(SessionsTest, ALostAnswerIsGivenOnceMore) {
  server_.Add("ada");
  const Tokens first = server_.Login("ada");
  const Tokens lost = Must(server_.Refresh(first.refresh));
  world_.clock.Advance(10);

  const Tokens again = Must(server_.Refresh(first.refresh));

  EXPECT_EQ(again.refresh, lost.refresh);
  const Tokens next = Must(server_.Refresh(again.refresh));
  EXPECT_TRUE(server_.Verifies(next.access));
}

TEST_P(SessionsTest, ALostAnswerIsNotGivenTwice) {
  server_.Add("ada");
  const Tokens first = server_.Login("ada");
  Must(server_.Refresh(first.refresh));
  const Tokens again = Must(server_.Refresh(first.refresh));

  EXPECT_FALSE(server_.Refresh(first.refresh).ok());
  EXPECT_FALSE(server_.Refresh(again.refresh).ok());
}

TEST_P(SessionsTest, ARefreshTokenCanBeKept) {
  server_.Add("ada");
  const Tokens first = server_.Login("ada");

  for (int i = 0; i < 3; ++i) {
    const Tokens tokens = Must(server_.Refresh(first.refresh, /*rotate=*/false));
    EXPECT_EQ(tokens.refresh, first.refresh);
    EXPECT_TRUE(server_.Verifies(tokens.access));
    world_.clock.Advance(3600);
  }
}

// Session ids stand in tokens that travel; they must not be enough to end a session.
TEST_P(SessionsTest, AMadeUpRefreshTokenEndsNothing) {
  server_.Add("ada");
  const Tokens tokens = server_.Login("ada");
  const std::string made_up = tokens.refresh.substr(0, tokens.refresh.rfind('.') + 1) +
                              Base64UrlEncode(std::string(32, 'x'));

  EXPECT_EQ(CodeOf(server_.Refresh(made_up)), Code::kUnauthenticated);
  for (const std::string& text :
       {std::string(), std::string("1"), std::string("1.."), tokens.access, tokens.refresh + ".x",
        tokens.refresh + "A", "2" + tokens.refresh.substr(1), std::string(100'000, '.')})
    EXPECT_EQ(CodeOf(server_.Refresh(text)), Code::kUnauthenticated);

  EXPECT_TRUE(server_.Verifies(tokens.access));
  EXPECT_TRUE(server_.Refresh(tokens.refresh).ok());
}

TEST_P(SessionsTest, ASessionEndsADayAfterTheLoginHoweverOftenItIsRefreshed) {
  server_.Add("ada");
  Tokens tokens = server_.Login("ada");
  for (int i = 0; i < 23; ++i) {
    world_.clock.Advance(3600);
    tokens = Must(server_.Refresh(tokens.refresh));
  }
  world_.clock.Advance(1800);
  tokens = Must(server_.Refresh(tokens.refresh));
  EXPECT_EQ(tokens.expires_in, 1800);
  world_.clock.Advance(1800);

  EXPECT_FALSE(server_.Refresh(tokens.refresh).ok());
  EXPECT_FALSE(server_.Verifies(tokens.access));
}

TEST_P(SessionsTest, TwoRefreshesAtOnceGetOneSuccessor) {
  server_.Add("ada");
  Tokens tokens = server_.Login("ada");
  for (int i = 0; i < 10; ++i) {
    std::vector<std::string> successors;
    std::mutex mutex;
    std::latch start(2);
    {
      std::vector<std::jthread> threads;
      for (int k = 0; k < 2; ++k)
        threads.emplace_back([&] {
          OpContext op;
          start.arrive_and_wait();
          const auto got = server_.sessions->Refresh(op, tokens.refresh, kAddress);
          const std::lock_guard lock(mutex);
          successors.push_back(got.ok() ? got->refresh : got.error().message);
        });
    }
    ASSERT_EQ(successors.size(), 2U);
    EXPECT_EQ(successors[0], successors[1]);
    tokens = Must(server_.Refresh(successors[0]));
  }
}

// ---- The end of sessions -----------------------------------------------------------------------

TEST_P(SessionsTest, ALogoutEndsTheSessionAndNoOther) {
  server_.Add("ada");
  const Tokens here = server_.Login("ada");
  const Tokens there = server_.Login("ada");
  const auto identity = Must(server_.sessions->Verify(world_.op, here.access));
  ASSERT_TRUE(server_.Verifies(here.id));
  ASSERT_TRUE(server_.Verifies(there.access));

  Must(server_.sessions->Logout(world_.op, *identity));

  EXPECT_FALSE(server_.Verifies(here.access));
  EXPECT_FALSE(server_.Verifies(here.id));
  EXPECT_FALSE(server_.Refresh(here.refresh).ok());
  EXPECT_TRUE(server_.Verifies(there.access));
  Must(server_.sessions->Logout(world_.op, *identity));
  EXPECT_EQ(CodeOf(server_.sessions->Logout(world_.op, Identity{})), Code::kInvalid);
}

TEST_P(SessionsTest, AllSessionsOfAUserEndTogether) {
  server_.Add("ada");
  server_.Add("bob");
  std::vector<Tokens> hers;
  for (int i = 0; i < 60; ++i) hers.push_back(server_.Login("ada"));
  const Tokens his = server_.Login("bob");
  for (const auto& tokens : hers) ASSERT_TRUE(server_.Verifies(tokens.access));

  Must(server_.sessions->EndAllOf(world_.op, "ada"));

  for (const auto& tokens : hers) {
    EXPECT_FALSE(server_.Verifies(tokens.access));
    EXPECT_FALSE(server_.Refresh(tokens.refresh).ok());
  }
  EXPECT_TRUE(server_.Verifies(his.access));
}

// Whatever makes older logins worthless does so at once, also for tokens that are remembered, and
// also when nobody ends the sessions by hand.
TEST_P(SessionsTest, LoginsEndWithTheirCredentials) {
  const auto check = [&](const std::string& user, const std::function<Status()>& change) {
    server_.Add(user);
    const Tokens tokens = server_.Login(user);
    ASSERT_TRUE(server_.Verifies(tokens.access));
    Must(change());
    EXPECT_FALSE(server_.Verifies(tokens.access)) << user;
    EXPECT_FALSE(server_.Verifies(tokens.id)) << user;
    EXPECT_FALSE(server_.Refresh(tokens.refresh).ok()) << user;
  };

  check("disabled", [&] { return server_.accounts.SetEnabled(world_.op, "disabled", false); });
  check("enabled", [&]() -> Status {
    TRY_OK(server_.accounts.SetEnabled(world_.op, "enabled", false));
    return server_.accounts.SetEnabled(world_.op, "enabled", true);
  });
  check("changed",
        [&] { return server_.accounts.SetPassword(world_.op, "changed", kOther, false); });
  check("reset", [&]() -> Status {
    TRY_OK(server_.accounts.Reset(world_.op, "reset"));
    return Ok();
  });
  check("removed", [&] { return server_.accounts.Remove(world_.op, "removed"); });
  check("anew", [&]() -> Status {
    TRY_OK(server_.accounts.Remove(world_.op, "anew"));
    server_.Add("anew");
    return Ok();
  });
}

// ---- Two processes -----------------------------------------------------------------------------

TEST_P(SessionsTest, AnotherProcessNoticesALogoutWithinSeconds) {
  server_.Add("ada");
  Server other(world_);
  const Tokens tokens = server_.Login("ada");
  ASSERT_TRUE(other.Verifies(tokens.access));

  Must(server_.sessions->EndAllOf(world_.op, "ada"));
  world_.clock.Advance(5);

  EXPECT_FALSE(other.Verifies(tokens.access));
}

TEST_P(SessionsTest, ProcessesThatStartAtOnceAgreeOnTheFirstKey) {
  World world(GetParam());
  world.key.reset();
  std::vector<std::string> sets;
  std::mutex mutex;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i)
      threads.emplace_back([&] {
        const Server mine(world);
        const std::lock_guard lock(mutex);
        sets.push_back(boost::json::serialize(mine.sessions->KeySet()));
      });
  }

  ASSERT_EQ(sets.size(), 3U);
  EXPECT_EQ(sets[0], sets[1]);
  EXPECT_EQ(sets[0], sets[2]);
}

// ---- Remembered tokens --------------------------------------------------------------------------

// A remembered token costs no look at the store.
TEST(SessionsVerify, AHitAsksNobody) {
  World world;
  Server sound(world);
  sound.Add("ada");
  testing::FaultyStore counting(*world.store);
  Server server(world, &counting);
  const Tokens tokens = server.Login("ada");
  ASSERT_TRUE(server.Verifies(tokens.access));
  const std::size_t calls = counting.calls();

  for (int i = 0; i < 100; ++i) EXPECT_TRUE(server.Verifies(tokens.access));

  EXPECT_EQ(counting.calls(), calls);
}

TEST(SessionsVerify, EveryThreadSeesALogout) {
  World world;
  Server server(world);
  server.Add("ada");
  const Tokens tokens = server.Login("ada");
  const auto identity = Must(server.sessions->Verify(world.op, tokens.access));
  std::atomic<bool> over = false;
  std::atomic<int> wrong = 0;
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 3; ++i)
      threads.emplace_back([&](const std::stop_token& stop) {
        while (!stop.stop_requested()) {
          OpContext op;
          const bool was_over = over;
          if (server.sessions->Verify(op, tokens.access).ok() && was_over) ++wrong;
          if (was_over) return;
        }
      });
    Must(server.sessions->Logout(world.op, *identity));
    over = true;
    threads.clear();
  }

  EXPECT_EQ(wrong, 0);
  EXPECT_FALSE(server.Verifies(tokens.access));
}

}  // namespace
}  // namespace vams::identity
