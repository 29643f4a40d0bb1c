// The one place that writes a SQLite store: a writer thread with a prioritised queue, group commit,
// time slices for bulk work, and checkpoints on a connection of their own.
//
// Why it looks like this (docs/performance.md, "Item store"): every transaction takes all waiting
// interactive tasks, so that they share one fsync.  Bulk work runs in short slices that stop as
// soon as an interactive task arrives; that task then joins the same transaction.  With nobody else
// at work the caller runs its task itself, which saves two thread switches.
//
// Thread-safe.  Run blocks until the transaction is durable.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/op_context.h"
#include "items/sqlite/connection.h"

namespace vams::items::sqlite {

// Rows to be written when nobody interactive is waiting.
class BulkJob {
 public:
  virtual ~BulkJob() = default;
  // Whether rows are ready.  Called with the writer's lock held: must not block.
  virtual bool Ready() const = 0;
  // Inside a transaction: writes ready rows until there are none or `stop` says so; asks it often.
  virtual Status Step(Connection& connection, const std::function<bool()>& stop) = 0;
  // What the Steps since the last call wrote is durable, or undone because of the error.
  virtual void Committed(const Status& status) = 0;
};

class Writer {
 public:
  // A task changes nothing when it fails, unless SQLite itself failed: then the whole transaction
  // is undone and every task in it gets that error.
  using Task = std::function<Status(Connection&)>;

  struct Hooks {
    // Called inside the writer around transactions, to keep what lives in memory in step.
    std::function<void()> begin, rollback;
  };

  static Result<std::unique_ptr<Writer>> Open(const files::Path& path, Hooks hooks);
  ~Writer();

  // Runs the task in a transaction, together with others.
  Status Run(OpContext& op, Task task);
  // Runs `body` while no transaction is open and none can start: for opening consistent views.
  Status WhileQuiet(const std::function<Status()>& body);

  void AddJob(BulkJob* job);
  // Returns when the job is not being stepped any more.
  void RemoveJob(BulkJob* job);
  // New rows are ready.
  void Notify();

  // Moves everything from the log file into the database file (also done on destruction).
  Status Checkpoint();

 private:
  struct Pending {
    const Task* task;
    Status status;
  };
  struct Group {
    std::vector<Pending*> members;
    std::atomic<std::uint32_t> done{0};
  };
  using Clock = std::chrono::steady_clock;
  using Lock = std::unique_lock<std::mutex>;

  Writer(std::unique_ptr<Connection> connection, std::unique_ptr<Connection> checkpoints,
         Hooks hooks);

  void WriterLoop();
  void CheckpointLoop();
  bool HasWork() const;
  BulkJob* ReadyJob() const;
  // Takes what waits, runs one transaction, answers.  Called with the lock held and busy_ set.
  void Transact(Lock& lock);
  Status RunGroup(Group& group);
  Status RunSlice(BulkJob& job, std::vector<std::shared_ptr<Group>>& groups);
  void FinishCheckpoint();
  std::size_t CheckpointThreshold() const;

  const std::unique_ptr<Connection> connection_;   // used by whoever set busy_
  const std::unique_ptr<Connection> checkpoints_;  // used by the checkpoint thread
  const Hooks hooks_;

  std::mutex mutex_;  // guards what follows, never held over I/O
  std::condition_variable wake_, quiet_, checkpoint_wake_;
  std::shared_ptr<Group> open_;
  std::vector<BulkJob*> jobs_;
  BulkJob* stepping_ = nullptr;
  bool busy_ = false;
  int quiet_requests_ = 0;  // WhileQuiet callers waiting: no new transaction starts before them
  bool stop_ = false;
  bool checkpointing_ = false;
  bool finish_requested_ = false;
  Clock::time_point last_interactive_{};

  std::atomic<std::size_t> waiting_{0};    // tasks in open_
  std::atomic<std::size_t> wal_pages_{0};  // in the log file after the last commit
  std::size_t wal_pages_at_checkpoint_ = 0;

  std::thread writer_, checkpointer_;
};

}  // namespace vams::items::sqlite
