// Makes the backups of a served stack when they are due, and removes old ones.  For the process
// that serves the stack.  Spec: config.md backup.schedule; guide: docs/operations/backup.md.
//
// A thread of its own; the destructor cancels what runs and waits for it.
#pragma once

#include <condition_variable>
#include <mutex>
#include <thread>

#include "lifecycle/backup/backup.h"

namespace vams::lifecycle::backup {

// When backups are due: every so often after the last one, or once a day at a time in UTC.
struct Schedule {
  std::int64_t every_millis = 0;
  std::optional<std::int64_t> minute_of_day;

  // The first time at which one is due, if the last one was made then (nothing: never).
  std::int64_t DueAfter(std::optional<std::int64_t> last_millis, std::int64_t now_millis) const;
};

// "hourly", "daily", "weekly", "6h", "30m", "2d", "03:30".  kInvalid, naming backup.schedule.
Result<Schedule> ParseSchedule(const std::string& text);

struct SchedulerOptions {
  Schedule schedule;
  std::string folder;  // Location::folder
  objects::EncryptionChoice encryption;
  std::uint64_t keep = 7;
};

class Scheduler {
 public:
  Scheduler(Stack stack, SchedulerOptions options, const Clock& clock, Random& random);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

 private:
  void Work();
  // When the next is due; makes it if that is now.
  Result<std::int64_t> Once(OpContext& op);
  Status BackUp(const Setting& setting);
  Status PruneOld(const Setting& setting);

  const Stack stack_;
  const SchedulerOptions options_;
  const Clock& clock_;
  Random& random_;
  const std::int64_t started_millis_;
  std::mutex mutex_;  // guards what follows
  std::condition_variable stop_asked_;
  bool stopping_ = false;
  OpContext* running_ = nullptr;
  std::thread thread_;
};

}  // namespace vams::lifecycle::backup
