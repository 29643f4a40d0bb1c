#include "net/retry.h"

#include <gtest/gtest.h>

#include "net/test_support.h"

namespace vams::net {
namespace {

using std::chrono::milliseconds;

const RetryPolicy kPolicy{
    .base = milliseconds(100), .longest = milliseconds(1'000), .budget = milliseconds(10'000)};

TEST(Backoff, WaitsAtRandomUnderADoublingCeiling) {
  test::FakeTimer timer;
  test::SeededRandom random(7);
  OpContext op;
  Backoff backoff(kPolicy, timer, random);

  for (int i = 0; i < 8; ++i) ASSERT_TRUE(backoff.Wait(op).value());

  ASSERT_EQ(timer.sleeps().size(), 8u);
  std::int64_t ceiling = 100;
  bool differ = false;
  for (const auto sleep : timer.sleeps()) {
    EXPECT_GE(sleep.count(), 0);
    EXPECT_LE(sleep.count(), ceiling);
    differ = differ || sleep != timer.sleeps()[0];
    ceiling = std::min<std::int64_t>(ceiling * 2, 1'000);
  }
  EXPECT_TRUE(differ);
  EXPECT_EQ(backoff.attempts(), 9);
}

TEST(Backoff, BeginsNoAttemptBehindItsBudget) {
  test::FakeTimer timer;
  test::SeededRandom random(8);
  OpContext op;
  Backoff backoff(kPolicy, timer, random);
  const auto start = timer.Now();

  while (backoff.Wait(op).value()) EXPECT_LE(timer.Now() - start, kPolicy.budget);

  EXPECT_GT(backoff.attempts(), 10);
}

TEST(Backoff, StopsAtTheGreatestNumberOfAttempts) {
  test::FakeTimer timer;
  test::SeededRandom random(9);
  OpContext op;
  RetryPolicy policy = kPolicy;
  policy.max_attempts = 3;
  Backoff backoff(policy, timer, random);

  EXPECT_TRUE(backoff.Wait(op).value());
  EXPECT_TRUE(backoff.Wait(op).value());
  EXPECT_FALSE(backoff.Wait(op).value());
}

TEST(Backoff, DoesNotOutliveItsOperation) {
  test::FakeTimer timer;
  test::SeededRandom random(10);
  OpContext cancelled;
  cancelled.Cancel();

  EXPECT_EQ(Backoff(kPolicy, timer, random).Wait(cancelled).error().code, Code::kCancelled);
  EXPECT_TRUE(timer.sleeps().empty());
}

}  // namespace
}  // namespace vams::net
