#include "migrate/remote/lock.h"

#include <gtest/gtest.h>

#include "migrate/remote/remote_target_test.h"
#include "testing/faulty_store.h"

namespace vams::migrate::remote::test {
namespace {

using testing::FaultyStore;

const LockOptions kDana{.who = "dana", .doing = "a run", .create_table = true, .beat = {}};
const LockOptions kEve{.who = "eve", .doing = "another run", .create_table = true, .beat = {}};

TEST(MigrationLock, ASecondOperatorIsToldWhoHoldsItAndSinceWhen) {
  OpContext op;
  TestClock clock;
  const auto store = items::MemoryStore::Create();
  const auto lock = Must(MigrationLock::Acquire(op, *store, kDana, clock));
  clock.Pass(std::chrono::seconds(30));

  const auto second = MigrationLock::Acquire(op, *store, kEve, clock);

  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kConflict);
  EXPECT_NE(second.error().message.find("dana on "), std::string::npos) << second.error().message;
  EXPECT_NE(second.error().message.find("since 2025-06-15T15:06:40.000Z"), std::string::npos)
      << second.error().message;
  EXPECT_TRUE(lock->Held().ok());
}

TEST(MigrationLock, IsFreeAfterItsRelease) {
  OpContext op;
  TestClock clock;
  const auto store = items::MemoryStore::Create();
  { const auto lock = Must(MigrationLock::Acquire(op, *store, kDana, clock)); }

  const auto second = MigrationLock::Acquire(op, *store, kEve, clock);

  EXPECT_TRUE(second.ok());
}

// The first process hangs for two minutes, loses the lock, and comes back.
TEST(MigrationLock, ALockWithoutASignOfLifeIsTakenOverAndItsOwnerNotices) {
  OpContext op;
  TestClock clock;
  const auto store = items::MemoryStore::Create();
  const auto first = Must(MigrationLock::Acquire(op, *store, kDana, clock));
  clock.Pass(kLockDead);
  EXPECT_FALSE(MigrationLock::Acquire(op, *store, kEve, clock).ok()) << "not older than that";
  ASSERT_TRUE(first->Beat(op).ok());
  clock.Pass(kLockDead);
  EXPECT_FALSE(MigrationLock::Acquire(op, *store, kEve, clock).ok()) << "it was renewed";
  clock.Pass(std::chrono::milliseconds(1));

  const auto second = Must(MigrationLock::Acquire(op, *store, kEve, clock));

  EXPECT_NE(second->taken_from().find("dana"), std::string::npos);
  EXPECT_EQ(first->Beat(op).error().code, Code::kConflict);
  EXPECT_EQ(first->Held().error().code, Code::kConflict);
  EXPECT_TRUE(first->Release(op).ok());
  EXPECT_TRUE(second->Beat(op).ok()) << "the first must not have released it";
}

TEST(MigrationLock, AHeartbeatInTheFutureIsAlive) {
  OpContext op;
  TestClock clock;
  const auto store = items::MemoryStore::Create();
  const auto first = Must(MigrationLock::Acquire(op, *store, kDana, clock));
  clock.Pass(-std::chrono::hours(5));

  EXPECT_EQ(MigrationLock::Acquire(op, *store, kEve, clock).error().code, Code::kConflict);
}

TEST(MigrationLock, WithoutItsTableAndTheRightToCreateItSaysSo) {
  OpContext op;
  TestClock clock;
  const auto store = items::MemoryStore::Create();
  LockOptions options = kDana;
  options.create_table = false;

  const auto lock = MigrationLock::Acquire(op, *store, options, clock);

  ASSERT_FALSE(lock.ok());
  EXPECT_EQ(lock.error().code, Code::kNotFound);
  EXPECT_NE(lock.error().message.find("--no-lock"), std::string::npos);
}

// An answer that gets lost must neither leave a lock that nobody knows of nor take one away.
TEST(MigrationLock, EveryFailureLeavesItTakenOrFreeAndSaysWhich) {
  OpContext op;
  for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter})
    for (std::size_t n = 1;; ++n) {
      TestClock clock;
      const auto inner = items::MemoryStore::Create();
      FaultyStore store(*inner);
      store.FailCall(n, Code::kUnavailable, when);
      auto lock = MigrationLock::Acquire(op, store, kDana, clock);
      if (!store.failed()) {
        EXPECT_GT(n, 3u);
        break;
      }
      if (lock.ok()) {
        EXPECT_EQ(MigrationLock::Acquire(op, *inner, kEve, clock).error().code, Code::kConflict);
        lock->reset();
      }
      clock.Pass(kLockDead + std::chrono::seconds(1));
      EXPECT_TRUE(MigrationLock::Acquire(op, *inner, kEve, clock).ok()) << n;
    }
}

}  // namespace
}  // namespace vams::migrate::remote::test
