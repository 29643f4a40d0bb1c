#include "http/rate_limit.h"

#include <algorithm>
#include <limits>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/hash.h"
#include "base/result.h"

namespace vams::http {

namespace {

using Nanos = std::chrono::nanoseconds;

// About 30 years: sums of a clock's time and two of these stay far from overflow.
constexpr double kLongestNanos = 1e18;

std::int64_t NanosOf(TokenBucket::TimePoint time) {
  return std::chrono::duration_cast<Nanos>(time.time_since_epoch()).count();
}

std::int64_t Interval(double per_second) {
  VAMS_CHECK(per_second > 0);
  return static_cast<std::int64_t>(std::min(1e9 / per_second, kLongestNanos));
}

std::int64_t Tolerance(double per_second, double burst) {
  return static_cast<std::int64_t>(
      std::min((std::max(burst, 1.0) - 1) * 1e9 / per_second, kLongestNanos));
}

std::chrono::milliseconds WaitUntilToken(std::int64_t full_at, std::int64_t tolerance,
                                         std::int64_t now) {
  const std::int64_t wait = std::max(full_at, now) - now - tolerance;
  if (wait <= 0) return std::chrono::milliseconds::zero();
  return std::chrono::ceil<std::chrono::milliseconds>(Nanos(wait));
}

// Before every time a clock shows: full.
constexpr std::int64_t kAlwaysFull = std::numeric_limits<std::int64_t>::min();

}  // namespace

TokenBucket::TokenBucket(double per_second, double burst)
    : interval_(Interval(per_second)),
      tolerance_(Tolerance(per_second, burst)),
      full_at_(kAlwaysFull) {}

bool TokenBucket::TryTake(TimePoint now) {
  const std::int64_t now_nanos = NanosOf(now);
  std::int64_t full_at = full_at_.load(std::memory_order_relaxed);
  while (true) {
    const std::int64_t from = std::max(full_at, now_nanos);
    if (from - now_nanos > tolerance_) return false;
    // Nothing else is published with this number, so no ordering is needed.
    if (full_at_.compare_exchange_weak(full_at, from + interval_, std::memory_order_relaxed))
      return true;
  }
}

std::chrono::milliseconds TokenBucket::RetryAfter(TimePoint now) const {
  return WaitUntilToken(full_at_.load(std::memory_order_relaxed), tolerance_, NanosOf(now));
}

std::int64_t RetryAfterSeconds(std::chrono::milliseconds wait) {
  return std::max<std::int64_t>(std::chrono::ceil<std::chrono::seconds>(wait).count(), 1);
}

// ---- Keyed -------------------------------------------------------------------------------------

namespace {

constexpr std::size_t kShards = 16;
// How many buckets are looked at for the one that makes room.
constexpr std::size_t kCandidates = 8;
// A caller chooses some keys (the name at a login); longer ones are kept as their digest.
constexpr std::size_t kLongestKey = 128;

struct KeyHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
};

std::string_view Shortened(std::string_view key, std::string& digest) {
  if (key.size() <= kLongestKey) return key;
  digest = Sha256(key);
  return digest;
}

}  // namespace

struct KeyedLimiter::Shard {
  // The key's bucket is the time at which it is full, as in TokenBucket.
  using Map = std::unordered_map<std::string, std::int64_t, KeyHash, std::equal_to<>>;

  mutable std::mutex mutex;  // guards everything below
  Map full_at;
  std::vector<const Map::value_type*> slots;  // every entry once; a map's entries do not move
  std::size_t hand = 0;                       // where the search for room goes on

  std::int64_t& BucketOf(std::string_view key, std::size_t limit) {
    if (const auto found = full_at.find(key); found != full_at.end()) return found->second;
    std::size_t slot = slots.size();
    if (slot < limit) {
      slots.push_back(nullptr);
    } else {
      slot = Victim();
      full_at.erase(full_at.find(slots[slot]->first));
    }
    const auto added = full_at.emplace(std::string(key), kAlwaysFull).first;
    slots[slot] = &*added;
    return added->second;
  }

  std::size_t Victim() {
    std::size_t best = hand;
    for (std::size_t i = 1; i < std::min(kCandidates, slots.size()); ++i) {
      const std::size_t slot = (hand + i) % slots.size();
      if (slots[slot]->second < slots[best]->second) best = slot;
    }
    hand = (hand + kCandidates) % slots.size();
    return best;
  }
};

KeyedLimiter::KeyedLimiter(const Options& options)
    : interval_(Interval(options.per_second)),
      tolerance_(Tolerance(options.per_second, options.burst)),
      keys_per_shard_(std::max<std::size_t>(options.max_keys / kShards, 1)),
      shards_(std::make_unique<Shard[]>(kShards)) {}

KeyedLimiter::~KeyedLimiter() = default;

KeyedLimiter::Shard& KeyedLimiter::ShardOf(std::string_view key) const {
  // The map uses the low bits of std::hash.
  return shards_[StableHash(key) % kShards];
}

bool KeyedLimiter::TryTake(std::string_view key, TimePoint now) {
  std::string digest;
  key = Shortened(key, digest);
  const std::int64_t now_nanos = NanosOf(now);
  Shard& shard = ShardOf(key);
  const std::scoped_lock lock(shard.mutex);
  std::int64_t& full_at = shard.BucketOf(key, keys_per_shard_);
  const std::int64_t from = std::max(full_at, now_nanos);
  if (from - now_nanos > tolerance_) return false;
  full_at = from + interval_;
  return true;
}

std::chrono::milliseconds KeyedLimiter::RetryAfter(std::string_view key, TimePoint now) const {
  std::string digest;
  key = Shortened(key, digest);
  Shard& shard = ShardOf(key);
  const std::scoped_lock lock(shard.mutex);
  const auto found = shard.full_at.find(key);
  if (found == shard.full_at.end()) return std::chrono::milliseconds::zero();
  return WaitUntilToken(found->second, tolerance_, NanosOf(now));
}

std::size_t KeyedLimiter::size() const {
  std::size_t total = 0;
  for (std::size_t i = 0; i < kShards; ++i) {
    const std::scoped_lock lock(shards_[i].mutex);
    total += shards_[i].slots.size();
  }
  return total;
}

}  // namespace vams::http
