#include "catalog/authorizer.h"

#include <algorithm>
#include <chrono>
#include <utility>

#include "catalog/constraint_records.h"
#include "catalog/records.h"

namespace vams::catalog {

using items::Item;

namespace {

// How often a policy is compiled anew because something changed meanwhile, before a snapshot of
// everything is taken for it alone.
constexpr int kOptimisticAttempts = 2;
// Of a call that the store could not answer just now (permissions.md section 9).
constexpr int kReadAttempts = 3;
// How often somebody who waits for another's load looks whether his own caller has given up.
constexpr std::chrono::milliseconds kPatience{50};
// A longer one cannot be a key of the user-roles table, so nobody can have given it anything.
constexpr std::size_t kMaxUserBytes = 2048;

bool OfTheCaller(Code code) { return code == Code::kCancelled || code == Code::kTimeout; }

template <typename Read>
auto Retried(OpContext& op, Read read) -> decltype(read()) {
  for (int attempt = 1;; ++attempt) {
    auto result = read();
    if (result.ok() || !result.error().retryable || attempt == kReadAttempts || !op.Check().ok())
      return result;
  }
}

}  // namespace

Result<Authorizer::PolicyPtr> Authorizer::PolicyFor(OpContext& op, std::string_view user,
                                                    bool mfa) {
  const KeyView key{user, mfa};
  if (PolicyPtr policy = Find(key)) return policy;
  for (int attempt = 0; attempt < kOptimisticAttempts; ++attempt) {
    TRY(const RulesPtr rules, CurrentRules(op));
    TRY(PolicyPtr policy, Retried(op, [&] { return Compile(op, store_, *rules, user, mfa); }));
    // The roles of the user were read behind the rules.  With a change in between, the two may
    // belong to different times, and give together what neither time gave.
    if (rules->generation != generation_.load(std::memory_order_acquire)) continue;
    Keep(key, policy, *rules);
    return policy;
  }
  return CompileAtOneTime(op, user, mfa);
}

Result<Authorizer::PolicyPtr> Authorizer::CompileAtOneTime(OpContext& op, std::string_view user,
                                                           bool mfa) {
  return Retried(op, [&]() -> Result<PolicyPtr> {
    Rules rules = BeginReading();
    if (!store_.traits().snapshots) {
      TRY_OK(ReadRules(op, store_, false, rules));
      return Compile(op, store_, rules, user, mfa);
    }
    TRY(const auto snapshot, store_.OpenSnapshot(op));
    TRY_OK(ReadRules(op, *snapshot, true, rules));
    return Compile(op, *snapshot, rules, user, mfa);
  });
}

Result<Authorizer::PolicyPtr> Authorizer::Compile(OpContext& op, items::ItemSource& source,
                                                  const Rules& rules, std::string_view user,
                                                  bool mfa) {
  std::vector<std::string> roles;
  if (user.empty() || user.size() > kMaxUserBytes)
    return std::make_shared<const access::Policy>(access::Policy::Compile(user, {}, {}));
  TRY_OK(ForEachOfPartition(op, source, kUserRolesTable, user, [&](const Item& item) {
    std::string role(item.Text("roleName"));
    if (mfa || rules.usable_without_mfa.contains(role)) roles.push_back(std::move(role));
  }));
  return std::make_shared<const access::Policy>(
      access::Policy::Compile(user, roles, rules.constraints));
}

// ---- Kept policies

Authorizer::PolicyPtr Authorizer::Find(KeyView key) {
  const std::int64_t now = clock_.NowMillis();
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  const auto found = shard.entries.find(key);
  if (found == shard.entries.end()) return nullptr;
  Entry& entry = found->second;
  if (!Fresh(entry.generation, entry.read_at, now)) return nullptr;
  entry.used = ++shard.tick;
  return entry.policy;
}

void Authorizer::Keep(KeyView key, const PolicyPtr& policy, const Rules& rules) {
  Shard& shard = ShardOf(key);
  const std::lock_guard lock(shard.mutex);
  if (rules.generation != generation_.load(std::memory_order_acquire)) return;
  auto found = shard.entries.find(key);
  if (found == shard.entries.end()) {
    MakeRoom(shard);
    found = shard.entries.emplace(Key{std::string(key.user), key.mfa}, Entry{}).first;
  }
  found->second = {policy, rules.generation, rules.read_at, ++shard.tick};
}

// Evicts what was not used for the longest time.
void Authorizer::MakeRoom(Shard& shard) {
  if (shard.entries.size() < kPerShard) return;
  const auto oldest = std::ranges::min_element(shard.entries, {},
                                               [](const auto& entry) { return entry.second.used; });
  shard.entries.erase(oldest);
}

void Authorizer::Forget() {
  Invalidate();
  for (Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    shard.entries.clear();
  }
  const std::lock_guard lock(rules_mutex_);
  rules_.reset();
}

std::size_t Authorizer::size() const {
  std::size_t size = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    size += shard.entries.size();
  }
  return size;
}

// ---- Rules

Result<Authorizer::RulesPtr> Authorizer::CurrentRules(OpContext& op) {
  const std::uint64_t wanted = generation_.load(std::memory_order_acquire);
  std::unique_lock lock(rules_mutex_);
  for (;;) {
    if (rules_ != nullptr && Fresh(rules_->generation, rules_->read_at, clock_.NowMillis()))
      return rules_;
    if (load_ == nullptr) break;
    const std::shared_ptr<Load> load = load_;
    while (!load->result) {
      TRY_OK(op.Check());
      load_ended_.wait_for(lock, kPatience);
    }
    const Result<RulesPtr>& result = *load->result;
    // A failure is everybody's (else all who wait would try in turn), unless it was that the other
    // one's caller gave up.
    if (result.ok() ? load->generation >= wanted : !OfTheCaller(result.error().code)) return result;
  }
  const auto load = std::make_shared<Load>();
  load->generation = generation_.load(std::memory_order_acquire);
  load_ = load;
  lock.unlock();
  Result<RulesPtr> result = Retried(op, [&] { return LoadRules(op); });
  lock.lock();
  load->result = result;
  if (result.ok() && result.value()->generation == generation_.load(std::memory_order_acquire))
    rules_ = *result;
  load_.reset();
  load_ended_.notify_all();
  return result;
}

Result<Authorizer::RulesPtr> Authorizer::LoadRules(OpContext& op) {
  auto rules = std::make_shared<Rules>(BeginReading());
  if (!store_.traits().snapshots) {
    TRY_OK(ReadRules(op, store_, false, *rules));
  } else {
    TRY(const auto snapshot, store_.OpenSnapshot(op));
    TRY_OK(ReadRules(op, *snapshot, true, *rules));
  }
  return RulesPtr(std::move(rules));
}

// Before anything is read, so that a change while it is read makes the rules outdated.
Authorizer::Rules Authorizer::BeginReading() const {
  Rules rules;
  rules.generation = generation_.load(std::memory_order_acquire);
  rules.read_at = clock_.NowMillis();
  return rules;
}

Status Authorizer::ReadRules(OpContext& op, items::ItemSource& source, bool still, Rules& rules) {
  TRY(std::vector<StoredConstraint> stored, ReadConstraints(op, source, still));
  for (StoredConstraint& constraint : stored)
    std::ranges::move(constraint.applied, std::back_inserter(rules.constraints));
  return ForEachItem(op, source, kRolesTable, [&](const Item& role) {
    if (UsableWithoutMfa(role)) rules.usable_without_mfa.emplace(role.Text("roleName"));
  });
}

}  // namespace vams::catalog
