// The signing keys, what logins leave in the store, and what happens when the store fails.
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "identity/jwt.h"
#include "identity/sessions.h"
#include "identity/sessions_test.h"
#include "testing/faulty_store.h"

namespace vams::identity {
namespace {

using test::CodeOf;
using test::Engine;
using test::kAddress;
using test::kOther;
using test::kPassword;
using test::Must;
using test::Server;
using test::World;

using When = testing::FaultyStore::When;

class SessionKeysTest : public ::testing::TestWithParam<Engine> {
 protected:
  World world_{GetParam()};
  Server server_{world_};
};
INSTANTIATE_TEST_SUITE_P(Engines, SessionKeysTest,
                         ::testing::Values(Engine::kMemory, Engine::kSqlite), test::EngineName);

// ---- Keys --------------------------------------------------------------------------------------

TEST_P(SessionKeysTest, AnOldKeyVerifiesUntilItsLastTokenHasExpired) {
  server_.Add("ada");
  const Tokens before = server_.Login("ada");

  Must(server_.sessions->RotateKeys(world_.op));
  const Tokens after = server_.Login("ada");

  const auto keys = Must(ParseKeySet(boost::json::serialize(server_.sessions->KeySet())));
  EXPECT_EQ(keys.size(), 2U);
  EXPECT_NE(Must(ParseToken(before.access)).key_id, Must(ParseToken(after.access)).key_id);
  EXPECT_TRUE(server_.Verifies(before.access));
  EXPECT_TRUE(server_.Verifies(after.access));
  world_.clock.Advance(3599);
  Must(server_.sessions->Maintain(world_.op));
  EXPECT_TRUE(server_.Verifies(before.id));
  world_.clock.Advance(600);
  Must(server_.sessions->Maintain(world_.op));
  EXPECT_EQ(Must(ParseKeySet(boost::json::serialize(server_.sessions->KeySet()))).size(), 1U);
}

TEST_P(SessionKeysTest, AKeyOfAnotherProcessIsLookedFor) {
  server_.Add("ada");
  Server other(world_);
  world_.clock.Advance(2);

  Must(server_.sessions->RotateKeys(world_.op));
  const Tokens tokens = server_.Login("ada");

  EXPECT_TRUE(other.Verifies(tokens.access));
}

TEST_P(SessionKeysTest, UpkeepChangesAnOldKeyAndRemovesWhatIsOver) {
  server_.Add("ada");
  server_.Login("ada");
  EXPECT_FALSE(server_.TryLogin("ada", kOther).ok());
  Must(server_.accounts.Create(
      world_.op, {.user = "new", .email = "", .phone = "", .password = std::string(kPassword)}));
  ASSERT_TRUE(Must(server_.TryLogin("new")).challenge);
  const auto count = [&](std::string_view table) {
    return Must(world_.store->Count(world_.op, table));
  };
  ASSERT_EQ(count(tables::kSessionsTable), 1U);
  ASSERT_EQ(count(tables::kChallengesTable), 1U);
  const std::string before = boost::json::serialize(server_.sessions->KeySet());

  world_.clock.Advance(89LL * 24 * 3600);
  Must(server_.sessions->Maintain(world_.op));
  EXPECT_EQ(count(tables::kSessionsTable), 0U);
  EXPECT_EQ(count(tables::kChallengesTable), 0U);
  EXPECT_EQ(count(tables::kLoginFailuresTable), 0U);
  EXPECT_EQ(boost::json::serialize(server_.sessions->KeySet()), before);
  world_.clock.Advance(24 * 3600);
  Must(server_.sessions->Maintain(world_.op));

  EXPECT_EQ(Must(ParseKeySet(boost::json::serialize(server_.sessions->KeySet()))).size(), 2U);
  EXPECT_EQ(server_.LastEvent().what, "keyRotation");
}

TEST_P(SessionKeysTest, StrangersCanCheckTokensWithWhatIsPublished) {
  server_.Add("ada");
  const Tokens tokens = server_.Login("ada");
  const auto discovery = server_.sessions->Discovery();
  const std::string published = boost::json::serialize(server_.sessions->KeySet());

  EXPECT_EQ(discovery.at("issuer"), "https://vams.example.org");
  EXPECT_EQ(discovery.at("jwks_uri"), "https://vams.example.org/.well-known/jwks.json");
  const auto parsed = Must(ParseToken(tokens.id));
  EXPECT_TRUE(VerifyToken(parsed, Must(ParseKeySet(published)),
                          {.issuer = "https://vams.example.org",
                           .audience = "vams",
                           .now_seconds = world_.clock.NowMillis() / 1000,
                           .token_uses = {"id"}})
                  .ok());
  EXPECT_FALSE(published.contains("\"d\""));  // the private exponent
}

TEST_P(SessionKeysTest, ATokenOfAnotherServerIsRefused) {
  World elsewhere;
  elsewhere.key = 1;
  Server other(elsewhere);
  other.Add("ada");
  server_.Add("ada");
  const Tokens tokens = other.Login("ada");

  const auto refused = server_.sessions->Verify(world_.op, tokens.access);
  EXPECT_EQ(CodeOf(refused), Code::kUnauthenticated);
  EXPECT_TRUE(refused.error().details.contains("kid")) << refused.error().details;
}

// ---- What is stored, and failures of the store -------------------------------------------------

TEST_P(SessionKeysTest, NothingStoredIsWorthAnythingToWhoeverReadsIt) {
  server_.Add("ada");
  const Tokens first = server_.Login("ada");
  const Tokens second = Must(server_.Refresh(first.refresh));
  const auto [secret, recovery] = server_.Enrol("ada");
  const auto step = Must(server_.TryLogin("ada"));

  const std::string all = world_.Everything();

  ASSERT_TRUE(all.contains("SOFTWARE_TOKEN_MFA"));
  std::vector<std::string> secrets = {
      std::string(kPassword), first.access,   first.id,    second.access,
      first.refresh,          second.refresh, step.session};
  for (const auto& refresh : {first.refresh, second.refresh}) {
    secrets.push_back(refresh.substr(refresh.rfind('.') + 1));
    secrets.push_back(*Base64UrlDecode(secrets.back()));
  }
  secrets.push_back(*Base64UrlDecode(step.session));
  for (const auto& one : secrets) EXPECT_FALSE(all.contains(one)) << one;
}

TEST(SessionsFaults, AfterAnyFailureALoginStillWorks) {
  for (const When when : {When::kBefore, When::kAfter}) {
    for (std::size_t n = 1;; ++n) {
      World world;
      Server sound(world);
      sound.Add("ada");
      const auto [secret, recovery] = sound.Enrol("ada");
      testing::FaultyStore faulty(*world.store);
      Server server(world, &faulty);
      const std::size_t opened = faulty.calls();
      faulty.FailCall(opened + n, Code::kUnavailable, when);

      // The whole life of a session; it stops where the store fails.
      const auto life = [&](std::string_view code) -> Status {
        TRY(const auto step, server.TryLogin("ada"));
        TRY(const auto done, server.sessions->AnswerMfa(world.op, step.session, code, kAddress));
        TRY(const auto tokens, server.Refresh(done.tokens->refresh));
        TRY(const auto identity, server.sessions->Verify(world.op, tokens.access));
        TRY_OK(server.sessions->Logout(world.op, *identity));
        // Even if the answer was lost, nobody may be let in by the token from then on.
        const auto after = server.sessions->Verify(world.op, tokens.access);
        EXPECT_FALSE(after.ok());
        if (!after.ok() && after.error().code != Code::kUnauthenticated) return after.error();
        return server.sessions->Maintain(world.op);
      };
      const Status first = life(recovery[0]);
      const bool failed = faulty.failed();
      faulty.Disarm();
      EXPECT_EQ(first.ok(), !failed) << "call " << n;
      const Status second = life(recovery[1]);
      EXPECT_TRUE(second.ok()) << "call " << n << ": " << second.error().message;
      if (!failed) break;
      ASSERT_LT(n, 100U);
    }
  }
}

TEST(SessionsFaults, ALostAnswerOfARefreshIsRepeated) {
  World world;
  Server sound(world);
  sound.Add("ada");
  testing::FaultyStore faulty(*world.store);
  Server server(world, &faulty);
  const Tokens tokens = server.Login("ada");

  // Session, account, commit: the commit takes effect and its answer is lost.
  faulty.FailCall(faulty.calls() + 3, Code::kUnavailable, When::kAfter);
  EXPECT_EQ(CodeOf(server.Refresh(tokens.refresh)), Code::kUnavailable);
  ASSERT_TRUE(faulty.failed());

  const Tokens again = Must(server.Refresh(tokens.refresh));
  EXPECT_TRUE(server.Refresh(again.refresh).ok());
}

TEST(SessionsFaults, AnInterruptedStartIsRepeated) {
  for (const When when : {When::kBefore, When::kAfter}) {
    for (std::size_t n = 1;; ++n) {
      World world;
      testing::FaultyStore faulty(*world.store);
      Accounts accounts = world.MakeAccounts();
      const auto open = [&] {
        return Sessions::Open(faulty, accounts, world.clock, world.random,
                              {.issuer = "https://vams.example.org"}, {}, {});
      };
      faulty.FailCall(n, Code::kUnavailable, when);
      const bool opened = open().ok();
      EXPECT_EQ(opened, !faulty.failed());
      if (!faulty.failed()) break;
      faulty.Disarm();
      EXPECT_TRUE(open().ok());
      ASSERT_LT(n, 20U);
    }
  }
}

// While the store does not answer, nothing that has to be looked at again is believed.
TEST(SessionsFaults, ATokenIsNotBelievedWhenItsSessionCannotBeLookedAt) {
  World world;
  Server sound(world);
  sound.Add("ada");
  testing::FaultyStore faulty(*world.store);
  Server server(world, &faulty);
  const Tokens tokens = server.Login("ada");
  ASSERT_TRUE(server.Verifies(tokens.access));
  world.clock.Advance(5);

  faulty.FailCall(faulty.calls() + 1, Code::kUnavailable, When::kBefore);

  EXPECT_EQ(CodeOf(server.sessions->Verify(world.op, tokens.access)), Code::kUnavailable);
  EXPECT_TRUE(server.Verifies(tokens.access));
}

}  // namespace
}  // namespace vams::identity
