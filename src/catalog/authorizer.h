// Authorizer keeps the compiled policies of callers: the rules of all are loaded once for each
// change, a caller's policy is compiled from them when the caller first comes.  Internal to
// catalog; Permissions is its face.  Spec: permissions.md sections 1.2, 9 and 12.
//
// What it promises:
//  - A call that begins after Invalidate returned gives a policy of what was stored then or later,
//    at most 60 s old (what other machines change is seen within that time).
//  - A policy that was compiled from what was read before an Invalidate is never given to a call
//    that begins after it: every policy carries the number of invalidations before its reading.
//  - One load of the rules at a time; who comes meanwhile waits for it.
//
// Thread-safe.  Does not block for a known caller, else on the item store.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "access/constraint.h"
#include "access/policy.h"
#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

class Authorizer {
 public:
  using PolicyPtr = std::shared_ptr<const access::Policy>;

  static constexpr std::int64_t kMaxAgeMillis = 60'000;
  static constexpr std::size_t kMaxPolicies = 10'000;

  Authorizer(items::ItemStore& store, const Clock& clock) : store_(store), clock_(clock) {}

  // The store's error when the roles or the rules cannot be read; nothing is kept then.
  Result<PolicyPtr> PolicyFor(OpContext& op, std::string_view user, bool mfa);

  // To be called behind every change, whether it succeeded, failed, or nobody knows.
  void Invalidate() { generation_.fetch_add(1, std::memory_order_acq_rel); }
  // The same, and gives the memory back.
  void Forget();

  // Policies kept, outdated ones among them.
  std::size_t size() const;

 private:
  // What every policy is made of, as it was at one time.
  struct Rules {
    std::uint64_t generation = 0;  // read after that many invalidations
    std::int64_t read_at = 0;      // the reading began
    std::vector<access::Constraint> constraints;
    std::unordered_set<std::string> usable_without_mfa;  // roles
  };
  using RulesPtr = std::shared_ptr<const Rules>;

  struct KeyView {
    std::string_view user;
    bool mfa;
  };
  struct Key {
    std::string user;
    bool mfa;
    operator KeyView() const { return {user, mfa}; }  // NOLINT: a key is its view
  };
  struct KeyHash {
    using is_transparent = void;
    std::size_t operator()(KeyView key) const {
      return std::hash<std::string_view>()(key.user) * 2 + (key.mfa ? 1 : 0);
    }
  };
  struct KeyEqual {
    using is_transparent = void;
    bool operator()(KeyView a, KeyView b) const { return a.mfa == b.mfa && a.user == b.user; }
  };
  struct Entry {
    PolicyPtr policy;
    std::uint64_t generation = 0;
    std::int64_t read_at = 0;
    std::uint64_t used = 0;  // the shard's tick of the last use
  };
  static constexpr std::size_t kShards = 64;
  static constexpr std::size_t kPerShard = kMaxPolicies / kShards;
  struct alignas(64) Shard {
    mutable std::mutex mutex;  // guards what follows
    std::unordered_map<Key, Entry, KeyHash, KeyEqual> entries;
    std::uint64_t tick = 0;
  };

  bool Fresh(std::uint64_t generation, std::int64_t read_at, std::int64_t now) const {
    return generation == generation_.load(std::memory_order_acquire) && now >= read_at &&
           now - read_at < kMaxAgeMillis;
  }
  Shard& ShardOf(KeyView key) {
    // Bits that the map of the shard does not lean on.
    return shards_[(KeyHash()(key) >> 20) % kShards];
  }
  PolicyPtr Find(KeyView key);
  void Keep(KeyView key, const PolicyPtr& policy, const Rules& rules);
  static void MakeRoom(Shard& shard);

  Result<RulesPtr> CurrentRules(OpContext& op);
  Result<RulesPtr> LoadRules(OpContext& op);
  Rules BeginReading() const;
  static Status ReadRules(OpContext& op, items::ItemSource& source, bool still, Rules& rules);
  Result<PolicyPtr> CompileAtOneTime(OpContext& op, std::string_view user, bool mfa);
  static Result<PolicyPtr> Compile(OpContext& op, items::ItemSource& source, const Rules& rules,
                                   std::string_view user, bool mfa);

  items::ItemStore& store_;
  const Clock& clock_;
  std::atomic<std::uint64_t> generation_ = 0;
  Shard shards_[kShards];

  // A load of the rules that others wait for.
  struct Load {
    std::uint64_t generation = 0;
    std::optional<Result<RulesPtr>> result;  // when it has ended
  };
  std::mutex rules_mutex_;  // guards what follows; not held while loading
  std::condition_variable load_ended_;
  std::shared_ptr<Load> load_;  // the one under way
  RulesPtr rules_;
};

}  // namespace vams::catalog
