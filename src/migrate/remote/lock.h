// The lock of a migration on somebody else's tables: one row in a small table beside them,
// "<stack>-vams-migrations", put and kept under conditions.  Spec: lifecycle.md section 4,
// "AWS-shaped targets".
//
// Thread-safe.  Acquire, Beat and Release block on the store.  While it is held, a thread of its
// own renews the heartbeat.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

#include "base/clock.h"
#include "items/store.h"

namespace vams::migrate::remote {

// The name of ours; the caller's store gives it the physical one.
inline constexpr std::string_view kLockTable = "vams-migrations";
items::TableSpec LockTable();

// A lock whose heartbeat is older is of a process that died.
inline constexpr std::chrono::milliseconds kLockDead = std::chrono::minutes(2);

struct LockOptions {
  std::string who;    // the operator
  std::string doing;  // "vams migrate run --config x.json"
  bool create_table = true;
  std::chrono::milliseconds beat = std::chrono::seconds(20);  // 0: only when Beat is called
};

class MigrationLock {
 public:
  // kConflict when somebody else holds it: who, where, since when, and when it could be taken over.
  // kNotFound when there is no such table and it must not or cannot be created.  The store and the
  // clock must outlive the lock.
  static Result<std::unique_ptr<MigrationLock>> Acquire(OpContext& op, items::ItemStore& store,
                                                        const LockOptions& options,
                                                        const Clock& clock);
  // Releases it, if that has not been done; failures only leave a lock that dies by itself.
  ~MigrationLock();
  MigrationLock(const MigrationLock&) = delete;
  MigrationLock& operator=(const MigrationLock&) = delete;

  // kConflict when it is not ours any more: stop writing.
  Status Held() const;
  // Renews it now.
  Status Beat(OpContext& op);
  Status Release(OpContext& op);
  // Who held it before, when that owner had died; else empty.
  const std::string& taken_from() const { return taken_from_; }

 private:
  MigrationLock(items::ItemStore& store, const Clock& clock, std::string token)
      : store_(store), clock_(clock), token_(std::move(token)) {}
  void KeepBeating(std::chrono::milliseconds every);

  items::ItemStore& store_;
  const Clock& clock_;
  const std::string token_;  // ours alone
  std::string taken_from_;
  std::atomic<bool> lost_ = false;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stop_ = false;  // guarded by mutex_
  OpContext beat_op_;
  std::thread thread_;
  bool released_ = false;
};

}  // namespace vams::migrate::remote
