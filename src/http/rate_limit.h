// Rate limits by token buckets: one for everybody (TokenBucket), one for each caller or address
// (KeyedLimiter).  For the server and for the endpoints.
//
// Thread-safe.  Nothing here blocks for longer than a short lock.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

namespace vams::http {

// Lets `per_second` requests through on average and up to `burst` at once after a pause.  It keeps
// one number, the time at which the bucket is full again, so that taking is a single exchange.
class TokenBucket {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;

  // `per_second` must be positive; a burst below one counts as one.  Starts full.
  TokenBucket(double per_second, double burst);

  // False when no token is left.  A `now` that lies before an earlier one is harmless.
  bool TryTake(TimePoint now);

  // How long until a token is there; zero if there is one, else at least a millisecond.
  std::chrono::milliseconds RetryAfter(TimePoint now) const;

 private:
  const std::int64_t interval_;   // nanoseconds for one token
  const std::int64_t tolerance_;  // nanoseconds in which the whole burst but one token fills up
  std::atomic<std::int64_t> full_at_;  // nanoseconds of the steady clock
};

// One bucket for each key.  Memory is bounded: past `max_keys` the bucket that is nearest to full,
// and so forgets least, among a few of its shard makes room.
class KeyedLimiter {
 public:
  using TimePoint = TokenBucket::TimePoint;

  struct Options {
    double per_second = 10;
    double burst = 20;
    std::size_t max_keys = 65'536;
  };

  explicit KeyedLimiter(const Options& options);
  ~KeyedLimiter();
  KeyedLimiter(const KeyedLimiter&) = delete;
  KeyedLimiter& operator=(const KeyedLimiter&) = delete;

  bool TryTake(std::string_view key, TimePoint now);
  // Zero for a key that is not known.
  std::chrono::milliseconds RetryAfter(std::string_view key, TimePoint now) const;

  // Buckets kept at the moment, for metrics and tests.
  std::size_t size() const;

 private:
  struct Shard;
  Shard& ShardOf(std::string_view key) const;

  const std::int64_t interval_;  // as in TokenBucket
  const std::int64_t tolerance_;
  const std::size_t keys_per_shard_;
  const std::unique_ptr<Shard[]> shards_;
};

// The value of Retry-After: whole seconds, rounded up, at least 1.
std::int64_t RetryAfterSeconds(std::chrono::milliseconds wait);

}  // namespace vams::http
