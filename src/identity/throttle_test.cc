#include "identity/throttle.h"

#include <gtest/gtest.h>

#include <thread>

#include "identity/accounts_test.h"

namespace vams::identity {
namespace {

using test::CodeOf;
using test::Engine;
using test::Must;
using test::World;

class ThrottleTest : public ::testing::TestWithParam<Engine> {
 protected:
  // Makes an attempt that fails, unless it has to wait: then for how long.
  std::int64_t Attempt(std::string_view user, std::string_view address) {
    const auto attempt = Must(throttle_.Look(world_.op, user, address));
    if (attempt.wait_seconds > 0) return attempt.wait_seconds;
    Must(throttle_.Fail(world_.op, attempt));
    return 0;
  }
  std::int64_t Wait(std::string_view user, std::string_view address) {
    return Must(throttle_.Look(world_.op, user, address)).wait_seconds;
  }
  void Succeed(std::string_view user, std::string_view address) {
    const auto attempt = Must(throttle_.Look(world_.op, user, address));
    const auto committed = world_.store->Commit(world_.op, throttle_.Forget(attempt));
    ASSERT_TRUE(committed.ok()) << committed.error().message;
  }

  World world_{GetParam()};
  Throttle throttle_{*world_.store, world_.clock, ThrottleOptions{}};
};
INSTANTIATE_TEST_SUITE_P(Engines, ThrottleTest, ::testing::Values(Engine::kMemory, Engine::kSqlite),
                         test::EngineName);

TEST_P(ThrottleTest, AGuesserWaitsTwiceAsLongEveryTime) {
  for (int i = 0; i < 5; ++i) EXPECT_EQ(Attempt("ada", "10.0.0.1"), 0) << i;

  std::int64_t expected = 30;
  for (int i = 0; i < 12; ++i) {
    EXPECT_EQ(Wait("ada", "10.0.0.1"), expected);
    world_.clock.Advance(expected - 1);
    EXPECT_EQ(Wait("ada", "10.0.0.1"), 1);
    world_.clock.Advance(1);
    EXPECT_EQ(Attempt("ada", "10.0.0.1"), 0);
    expected = std::min<std::int64_t>(expected * 2, 3600);
  }
}

// Asking again while locked must not make the wait longer, or a client that retries by itself
// would never get in.
TEST_P(ThrottleTest, WaitingCountsNothing) {
  for (int i = 0; i < 5; ++i) Attempt("ada", "10.0.0.1");

  for (int i = 0; i < 50; ++i) EXPECT_EQ(Attempt("ada", "10.0.0.1"), 30);
}

TEST_P(ThrottleTest, OneGuesserStopsNobodyElse) {
  for (int i = 0; i < 5; ++i) Attempt("ada", "10.0.0.1");

  EXPECT_EQ(Wait("ada", "10.0.0.1"), 30);
  EXPECT_EQ(Wait("ada", "10.0.0.2"), 0);
  EXPECT_EQ(Wait("bob", "10.0.0.1"), 0);
}

TEST_P(ThrottleTest, AnAddressThatTriesManyUsersWaits) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(Attempt(fmt::format("user{}", i), "10.0.0.1"), 0) << i;

  EXPECT_EQ(Wait("anybody", "10.0.0.1"), 30);
  EXPECT_EQ(Wait("anybody", "10.0.0.2"), 0);
}

// The attack: many addresses take turns at one user, so that the user can never get in.
TEST_P(ThrottleTest, ManyAddressesCannotLockOutAUserForGood) {
  Succeed("ada", "192.0.2.1");
  int refused = 0;
  for (int i = 0; i < 200; ++i) {
    const auto wait = Attempt("ada", fmt::format("10.0.0.{}", i));
    EXPECT_LE(wait, 300);
    refused += wait > 0 ? 1 : 0;
    world_.clock.Advance(60);
  }

  EXPECT_GT(refused, 100);
  ASSERT_GT(Wait("ada", "198.51.100.1"), 0);  // an address that is not known
  EXPECT_EQ(Wait("ada", "192.0.2.1"), 0);     // where the user has logged in before
  EXPECT_EQ(Wait("bob", "10.0.0.1"), 0);
}

TEST_P(ThrottleTest, ACompletedLoginForgetsAllFailures) {
  for (int i = 0; i < 4; ++i) Attempt("ada", "10.0.0.1");
  Succeed("ada", "10.0.0.1");

  for (int i = 0; i < 5; ++i) EXPECT_EQ(Attempt("ada", "10.0.0.1"), 0) << i;
  EXPECT_EQ(Wait("ada", "10.0.0.1"), 30);
}

TEST_P(ThrottleTest, FailuresOfLongAgoDoNotCount) {
  for (int i = 0; i < 4; ++i) Attempt("ada", "10.0.0.1");
  world_.clock.Advance(3600);

  // Although nothing has removed the records yet.
  for (int i = 0; i < 4; ++i) EXPECT_EQ(Attempt("ada", "10.0.0.1"), 0) << i;
  EXPECT_EQ(Wait("ada", "10.0.0.1"), 0);
}

TEST_P(ThrottleTest, NoFailureIsLostToAnother) {
  Throttle other(*world_.store, world_.clock, ThrottleOptions{.free_failures = 1000});
  {
    std::vector<std::jthread> threads;
    for (int i = 0; i < 4; ++i)
      threads.emplace_back([&] {
        OpContext op;
        for (int k = 0; k < 5; ++k) {
          const auto attempt = Must(other.Look(op, "ada", "10.0.0.1"));
          Must(other.Fail(op, attempt));
        }
      });
  }

  const auto attempt = Must(other.Look(world_.op, "ada", "10.0.0.1"));
  EXPECT_EQ(attempt.failures[0], 20);
  EXPECT_EQ(attempt.failures[1], 20);
  EXPECT_EQ(attempt.failures[2], 20);
}

TEST_P(ThrottleTest, AttemptsAtOneUserTakeTurns) {
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      OpContext op;
      for (int k = 0; k < 20; ++k) {
        const auto turn = Must(throttle_.TakeTurn(op, "ada"));
        const int now = ++inside;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        std::this_thread::yield();
        --inside;
      }
    });
  threads.clear();

  EXPECT_EQ(most, 1);
}

TEST_P(ThrottleTest, AWaitForATurnEndsWithTheOperation) {
  const auto turn = Must(throttle_.TakeTurn(world_.op, "ada"));
  OpContext soon(OpContext::SteadyClock::now() + std::chrono::milliseconds(30));

  EXPECT_EQ(CodeOf(throttle_.TakeTurn(soon, "ada")), Code::kTimeout);
  EXPECT_TRUE(throttle_.TakeTurn(world_.op, "bob").ok());
}

// People type their password where the user id belongs.
TEST_P(ThrottleTest, WhatWasTypedAsTheUserIdIsNotStored) {
  Attempt("Correct-Horse-7", "10.0.0.1");
  Attempt("ada\xff", std::string(3000, 'x'));

  EXPECT_FALSE(world_.Everything().contains("Correct-Horse-7"));
}

TEST(ThrottledAddress, IsWhatAHostCannotChoose) {
  EXPECT_EQ(ThrottledAddress("10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(ThrottledAddress("::ffff:10.0.0.1"), "10.0.0.1");
  EXPECT_EQ(ThrottledAddress("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
  EXPECT_EQ(ThrottledAddress("2001:0DB8:1:2::7"), "2001:db8:1:2::/64");
  EXPECT_EQ(ThrottledAddress("::1"), "::/64");
  EXPECT_EQ(ThrottledAddress(""), "none");
  EXPECT_EQ(ThrottledAddress("unix:/run/x").size(), 64U);
}

}  // namespace
}  // namespace vams::identity
