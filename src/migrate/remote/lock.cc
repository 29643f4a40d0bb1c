#include "migrate/remote/lock.h"

#include <fmt/format.h>
#include <unistd.h>

#include <array>

#include "base/log.h"
#include "base/random.h"

namespace vams::migrate::remote {

using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

constexpr std::string_view kName = "lock";  // the table's key
constexpr std::string_view kRow = "migration";

Item Key() { return {{std::string(kName), Value::S(std::string(kRow))}}; }

std::string HostName() {
  std::array<char, 256> name{};
  return ::gethostname(name.data(), name.size() - 1) == 0 ? name.data() : "an unknown host";
}

std::int64_t MillisOf(const Item& item, std::string_view name) {
  const Value* value = item.Find(name);
  return value != nullptr && value->is(items::Kind::kN)
             ? std::strtoll(value->text().c_str(), nullptr, 10)
             : 0;
}

std::string Describe(const Item& holder) {
  return fmt::format("{} on {} (process {}) since {}, doing: {}", holder.Text("who"),
                     holder.Text("host"), holder.Text("process"), holder.Text("since"),
                     holder.Text("doing"));
}

Status EnsureTable(OpContext& op, items::ItemStore& store, bool create) {
  const auto found = store.Table(op, kLockTable);
  if (found.ok()) return Ok();
  if (found.error().code != Code::kNotFound) return found.error();
  if (!create)
    return Error(Code::kNotFound,
                 fmt::format("the lock table {} does not exist; let it be created, or run with "
                             "--no-lock when nobody else can be migrating",
                             kLockTable));
  const auto spec = LockTable();
  auto created = store.CreateTables(op, std::span(&spec, 1));
  if (created.ok()) return Ok();
  // Somebody else may have been faster.
  if (store.Table(op, kLockTable).ok()) return Ok();
  return std::move(created).error().With(
      fmt::format("the lock table {} cannot be created (--no-lock goes without it)", kLockTable));
}

}  // namespace

items::TableSpec LockTable() {
  return {.name = std::string(kLockTable),
          .partition = {std::string(kName), items::Kind::kS},
          .sort = {},
          .indexes = {},
          .ttl_attribute = {}};
}

Result<std::unique_ptr<MigrationLock>> MigrationLock::Acquire(OpContext& op,
                                                              items::ItemStore& store,
                                                              const LockOptions& options,
                                                              const Clock& clock) {
  TRY_OK(EnsureTable(op, store, options.create_table));
  std::unique_ptr<MigrationLock> lock(new MigrationLock(store, clock, NewUuid(SystemRandom())));
  const std::int64_t now = clock.NowMillis();
  Item row = Key();
  row.Set("token", Value::S(lock->token_));
  row.Set("who", Value::S(options.who));
  row.Set("host", Value::S(HostName()));
  row.Set("process", Value::S(std::to_string(::getpid())));
  row.Set("doing", Value::S(options.doing));
  row.Set("since", Value::S(IsoMillis(now)));
  row.Set("heartbeat", Value::N(now));

  auto held = store.Get(op, kLockTable, Key());
  if (!held.ok() && held.error().code != Code::kNotFound) return std::move(held).error();
  std::vector<Condition> conditions = {Condition::Absent()};
  if (held.ok()) {
    const std::int64_t age = now - MillisOf(*held, "heartbeat");
    // A heartbeat in the future is of a clock that runs ahead of ours, and alive.
    if (age <= kLockDead.count())
      return Error(Code::kConflict,
                   fmt::format("another migration holds the lock: {}; its last sign of life is {} "
                               "seconds old; wait for it to end (a lock without a sign of life for "
                               "{} seconds is taken over)",
                               Describe(*held), std::max<std::int64_t>(0, age / 1000),
                               kLockDead.count() / 1000));
    conditions = {Condition::Equals("token", Value::S(std::string(held->Text("token")))),
                  Condition::Equals("heartbeat", Value::N(MillisOf(*held, "heartbeat")))};
    lock->taken_from_ = Describe(*held);
  }
  const Write put = Write::Put(std::string(kLockTable), row, std::move(conditions));
  if (auto written = store.Commit(op, std::span(&put, 1)); !written.ok()) {
    // An answer that was lost, or somebody who was faster: the row tells.
    const auto again = store.Get(op, kLockTable, Key());
    const bool ours = again.ok() && again->Text("token") == lock->token_;
    if (!ours && written.error().code == Code::kConflict)
      return Error(Code::kConflict, fmt::format("another migration was faster in taking the lock{}",
                                                again.ok() ? ": " + Describe(*again) : ""));
    if (!ours) {
      lock->released_ = true;
      return std::move(written).error().With("taking the lock");
    }
  }
  if (options.beat.count() > 0)
    lock->thread_ = std::thread([&l = *lock, every = options.beat] { l.KeepBeating(every); });
  return lock;
}

MigrationLock::~MigrationLock() {
  OpContext op(OpContext::SteadyClock::now() + std::chrono::seconds(10));
  if (const auto released = Release(op); !released.ok())
    LogWarning(
        fmt::format("the migration's lock could not be released: {}; it is taken over after "
                    "{} seconds",
                    released.error().message, kLockDead.count() / 1000));
}

Status MigrationLock::Held() const {
  if (!lost_) return Ok();
  return Error(Code::kConflict,
               "the migration's lock was taken over by somebody else, because this process had not "
               "renewed it in time; nothing more is written; run the command again");
}

Status MigrationLock::Beat(OpContext& op) {
  TRY_OK(Held());
  const Write write =
      Write::Update(std::string(kLockTable), Key(),
                    {{Mutation::Op::kSet, "heartbeat", Value::N(clock_.NowMillis())}},
                    {Condition::Equals("token", Value::S(token_))});
  auto written = store_.Commit(op, std::span(&write, 1));
  if (written.ok()) return Ok();
  if (written.error().code == Code::kConflict) {
    lost_ = true;
    return Held();
  }
  return std::move(written).error();
}

Status MigrationLock::Release(OpContext& op) {
  if (thread_.joinable()) {
    {
      const std::scoped_lock lock(mutex_);
      stop_ = true;
    }
    beat_op_.Cancel();
    wake_.notify_all();
    thread_.join();
  }
  if (released_ || lost_) return Ok();
  released_ = true;
  const Write write =
      Write::Delete(std::string(kLockTable), Key(), {Condition::Equals("token", Value::S(token_))});
  auto written = store_.Commit(op, std::span(&write, 1));
  if (!written.ok() && written.error().code != Code::kConflict) return std::move(written).error();
  return Ok();
}

void MigrationLock::KeepBeating(std::chrono::milliseconds every) {
  std::unique_lock lock(mutex_);
  while (!wake_.wait_for(lock, every, [&] { return stop_; })) {
    lock.unlock();
    if (const auto beat = Beat(beat_op_); !beat.ok() && !beat_op_.cancelled())
      LogWarning(fmt::format("renewing the migration's lock: {}", beat.error().message));
    lock.lock();
    if (lost_) return;
  }
}

}  // namespace vams::migrate::remote
