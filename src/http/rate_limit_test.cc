#include "http/rate_limit.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <string>
#include <thread>
#include <vector>

namespace vams::http {
namespace {

using std::chrono::milliseconds;
using TimePoint = TokenBucket::TimePoint;

const TimePoint kStart = TimePoint(std::chrono::hours(1));

TEST(TokenBucket, LetsTheBurstThroughAndThenTheRate) {
  TokenBucket bucket(10, 3);
  EXPECT_EQ(bucket.RetryAfter(kStart), milliseconds(0));
  for (int i = 0; i < 3; ++i) EXPECT_TRUE(bucket.TryTake(kStart)) << i;
  EXPECT_FALSE(bucket.TryTake(kStart));
  EXPECT_EQ(bucket.RetryAfter(kStart), milliseconds(100));
  EXPECT_EQ(bucket.RetryAfter(kStart + milliseconds(99)), milliseconds(1));
  EXPECT_FALSE(bucket.TryTake(kStart + milliseconds(99)));
  EXPECT_TRUE(bucket.TryTake(kStart + milliseconds(100)));
  EXPECT_FALSE(bucket.TryTake(kStart + milliseconds(100)));
}

TEST(TokenBucket, HoldsNoMoreThanTheBurstAfterALongPause) {
  TokenBucket bucket(1000, 2);
  const TimePoint later = kStart + std::chrono::hours(24);
  EXPECT_TRUE(bucket.TryTake(kStart));
  EXPECT_TRUE(bucket.TryTake(later));
  EXPECT_TRUE(bucket.TryTake(later));
  EXPECT_FALSE(bucket.TryTake(later));
}

// Threads read the clock before they come to the bucket, so times arrive out of order.
TEST(TokenBucket, GivesNothingAwayWhenTimeGoesBack) {
  TokenBucket bucket(1, 1);
  EXPECT_TRUE(bucket.TryTake(kStart + std::chrono::seconds(10)));
  EXPECT_FALSE(bucket.TryTake(kStart));
  EXPECT_FALSE(bucket.TryTake(kStart + std::chrono::seconds(10)));
  EXPECT_TRUE(bucket.TryTake(kStart + std::chrono::seconds(11)));
}

TEST(TokenBucket, TakesExtremeSettings) {
  TokenBucket never(1e-12, 0);
  EXPECT_TRUE(never.TryTake(kStart));
  EXPECT_FALSE(never.TryTake(kStart + std::chrono::hours(1000)));
  TokenBucket huge(1e-9, 1e30);
  for (int i = 0; i < 2; ++i) EXPECT_TRUE(huge.TryTake(kStart));
  TokenBucket fast(1e12, 1);
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(fast.TryTake(kStart));
}

TEST(TokenBucket, LetsExactlyTheBurstThroughWhenManyThreadsTake) {
  TokenBucket bucket(1, 500);
  std::atomic<int> taken = 0;
  {
    std::vector<std::jthread> threads;
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 300; ++i)
          if (bucket.TryTake(kStart)) ++taken;
      });
  }
  EXPECT_EQ(taken, 500);
}

TEST(RetryAfterSeconds, RoundsUp) {
  EXPECT_EQ(RetryAfterSeconds(milliseconds(0)), 1);
  EXPECT_EQ(RetryAfterSeconds(milliseconds(1000)), 1);
  EXPECT_EQ(RetryAfterSeconds(milliseconds(1001)), 2);
}

TEST(KeyedLimiter, LimitsEachKeyForItself) {
  KeyedLimiter limiter({.per_second = 1, .burst = 2});
  EXPECT_TRUE(limiter.TryTake("a", kStart));
  EXPECT_TRUE(limiter.TryTake("a", kStart));
  EXPECT_FALSE(limiter.TryTake("a", kStart));
  EXPECT_TRUE(limiter.TryTake("b", kStart));
  EXPECT_EQ(limiter.RetryAfter("a", kStart), milliseconds(1000));
  EXPECT_EQ(limiter.RetryAfter("b", kStart), milliseconds(0));
  EXPECT_EQ(limiter.RetryAfter("never seen", kStart), milliseconds(0));
  EXPECT_TRUE(limiter.TryTake("a", kStart + std::chrono::seconds(1)));
}

TEST(KeyedLimiter, TellsLongKeysApart) {
  KeyedLimiter limiter({.per_second = 1, .burst = 1});
  const std::string prefix(100'000, 'k');
  EXPECT_TRUE(limiter.TryTake(prefix + "1", kStart));
  EXPECT_FALSE(limiter.TryTake(prefix + "1", kStart));
  EXPECT_TRUE(limiter.TryTake(prefix + "2", kStart));
}

TEST(KeyedLimiter, StaysSmallUnderAFloodOfKeys) {
  KeyedLimiter limiter({.per_second = 1, .burst = 1, .max_keys = 1600});
  for (int i = 0; i < 50'000; ++i) EXPECT_TRUE(limiter.TryTake("key" + std::to_string(i), kStart));
  EXPECT_LE(limiter.size(), 1600U);
  EXPECT_GT(limiter.size(), 1500U);
}

// Somebody who floods with fresh keys must not wash away his own exhausted bucket, as long as there
// are fuller ones to forget.
TEST(KeyedLimiter, ForgetsTheFullestBucketsFirst) {
  KeyedLimiter limiter({.per_second = 1, .burst = 100, .max_keys = 16 * 8});
  for (int i = 0; i < 100; ++i) EXPECT_TRUE(limiter.TryTake("exhausted", kStart));
  for (int i = 0; i < 5'000; ++i) limiter.TryTake("key" + std::to_string(i), kStart);
  EXPECT_FALSE(limiter.TryTake("exhausted", kStart));
}

TEST(KeyedLimiter, KeepsTheLimitOfEachKeyWhenManyThreadsTake) {
  KeyedLimiter limiter({.per_second = 1, .burst = 50});
  constexpr int kKeys = 20;
  std::atomic<int> taken[kKeys] = {};
  {
    std::vector<std::jthread> threads;
    for (unsigned t = 0; t < 4; ++t)
      threads.emplace_back([&, t] {
        std::mt19937 random(t);  // seeds 0 to 3
        for (int i = 0; i < 10'000; ++i) {
          const unsigned key = random() % kKeys;
          if (limiter.TryTake(std::to_string(key), kStart)) ++taken[key];
        }
      });
  }
  for (const auto& count : taken) EXPECT_EQ(count, 50);
}

}  // namespace
}  // namespace vams::http
