#include "items/sqlite/writer.h"

#include <fmt/format.h>
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>

#include "base/fault_point.h"
#include "base/log.h"

namespace vams::items::sqlite {

namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

// Measured: longer slices and larger logs raise the interactive p99, shorter ones cost bulk
// throughput.
constexpr microseconds kSlice{300};
constexpr microseconds kRest{300};
// With nobody interactive about, slices may be long; the first one to arrive waits for one commit
// of it.
constexpr milliseconds kIdleSlice{20};
constexpr milliseconds kInteractiveMemory{50};
constexpr std::size_t kCheckpointPages = 16000;
constexpr std::size_t kCheckpointPagesInBulk = 500;
constexpr std::size_t kCheckpointPagesInIdleBulk = 8000;

// std::atomic::wait spins and yields before it sleeps, which many waiting clients pay for with the
// writer's core.
void SleepUntilDone(std::atomic<std::uint32_t>& done) {
  static_assert(sizeof done == sizeof(std::uint32_t));
  while (done.load(std::memory_order_acquire) == 0)
    ::syscall(SYS_futex, &done, FUTEX_WAIT_PRIVATE, 0, nullptr, nullptr, 0);
}
void WakeAll(std::atomic<std::uint32_t>& done) {
  done.store(1, std::memory_order_release);
  ::syscall(SYS_futex, &done, FUTEX_WAKE_PRIVATE, INT_MAX, nullptr, nullptr, 0);
}

Status Configure(Connection& connection) {
  TRY_OK(connection.Exec("PRAGMA synchronous=FULL"));
  TRY_OK(connection.Exec("PRAGMA wal_autocheckpoint=0"));
  // Overwriting deleted content costs a third of the speed of updates and protects nothing here.
  TRY_OK(connection.Exec("PRAGMA secure_delete=OFF"));
  TRY_OK(connection.Exec("PRAGMA temp_store=FILE"));
  // Building an index sorts; a second thread sorts while the first reads.
  TRY_OK(connection.Exec("PRAGMA threads=2"));
  TRY_OK(connection.Exec("PRAGMA cache_size=-32768"));
  // A log file that keeps its size is overwritten in place; growing it would make every commit
  // slower.
  int persist = 1;
  sqlite3_file_control(connection.raw(), "main", SQLITE_FCNTL_PERSIST_WAL, &persist);
  return Ok();
}

// A passive checkpoint syncs the database file only if it reached the end of the log; left undone,
// the sync lands on the next one, inside the writer.
void SyncDatabaseFile(sqlite3* db) {
  sqlite3_file* file = nullptr;
  if (sqlite3_file_control(db, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
      file != nullptr && file->pMethods != nullptr)
    file->pMethods->xSync(file, SQLITE_SYNC_NORMAL);
}

}  // namespace

Result<std::unique_ptr<Writer>> Writer::Open(const files::Path& path, Hooks hooks) {
  TRY(auto connection, Connection::Open(path, Connection::Mode::kReadWrite));
  TRY(auto checkpoints, Connection::Open(path, Connection::Mode::kReadWrite));
  TRY_OK(Configure(*connection));
  TRY_OK(Configure(*checkpoints));
  return std::unique_ptr<Writer>(
      new Writer(std::move(connection), std::move(checkpoints), std::move(hooks)));
}

Writer::Writer(std::unique_ptr<Connection> connection, std::unique_ptr<Connection> checkpoints,
               Hooks hooks)
    : connection_(std::move(connection)),
      checkpoints_(std::move(checkpoints)),
      hooks_(std::move(hooks)),
      open_(std::make_shared<Group>()) {
  sqlite3_wal_hook(
      connection_->raw(),
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Writer*>(self)->wal_pages_.store(static_cast<std::size_t>(pages),
                                                     std::memory_order_relaxed);
        return SQLITE_OK;
      },
      this);
  writer_ = std::thread([this] { WriterLoop(); });
  checkpointer_ = std::thread([this] { CheckpointLoop(); });
}

Writer::~Writer() {
  {
    const Lock lock(mutex_);
    stop_ = true;
  }
  wake_.notify_all();
  checkpoint_wake_.notify_all();
  writer_.join();
  checkpointer_.join();
  if (const auto status = Checkpoint(); !status.ok()) LogWarning(status.error().message);
}

Status Writer::Checkpoint() {
  const int rc = sqlite3_wal_checkpoint_v2(connection_->raw(), nullptr, SQLITE_CHECKPOINT_PASSIVE,
                                           nullptr, nullptr);
  return rc == SQLITE_OK
             ? Ok()
             : Status(SqliteError(connection_->raw(), rc, "move committed changes into"));
}

Status Writer::Run(OpContext& op, Task task) {
  TRY_OK(op.Check());
  Pending pending{&task, Ok()};
  Lock lock(mutex_);
  const std::shared_ptr<Group> group = open_;
  group->members.push_back(&pending);
  waiting_.fetch_add(1, std::memory_order_relaxed);
  if (!busy_ && quiet_requests_ == 0 && jobs_.empty() && !finish_requested_ &&
      group->members.size() == 1) {
    busy_ = true;
    Transact(lock);
    busy_ = false;
    quiet_.notify_all();
    if (HasWork()) wake_.notify_one();
    return std::move(pending.status);
  }
  if (!busy_) wake_.notify_one();
  lock.unlock();
  SleepUntilDone(group->done);
  return std::move(pending.status);
}

Status Writer::WhileQuiet(const std::function<Status()>& body) {
  Lock lock(mutex_);
  ++quiet_requests_;
  quiet_.wait(lock, [&] { return !busy_; });
  --quiet_requests_;
  busy_ = true;
  lock.unlock();
  Status status = body();
  lock.lock();
  busy_ = false;
  quiet_.notify_all();
  if (HasWork()) wake_.notify_one();
  return status;
}

void Writer::AddJob(BulkJob* job) {
  const Lock lock(mutex_);
  jobs_.push_back(job);
  wake_.notify_one();
}

void Writer::RemoveJob(BulkJob* job) {
  Lock lock(mutex_);
  std::erase(jobs_, job);
  quiet_.wait(lock, [&] { return stepping_ != job; });
}

void Writer::Notify() {
  const Lock lock(mutex_);
  if (!busy_) wake_.notify_one();
}

BulkJob* Writer::ReadyJob() const {
  if (checkpointing_) return nullptr;
  const auto found =
      std::find_if(jobs_.begin(), jobs_.end(), [](const BulkJob* j) { return j->Ready(); });
  return found == jobs_.end() ? nullptr : *found;
}

bool Writer::HasWork() const {
  return !open_->members.empty() || finish_requested_ || ReadyJob() != nullptr;
}

void Writer::WriterLoop() {
  Lock lock(mutex_);
  for (;;) {
    wake_.wait(lock, [&] { return !busy_ && quiet_requests_ == 0 && (stop_ || HasWork()); });
    if (stop_ && !HasWork()) return;
    busy_ = true;
    if (finish_requested_) {
      finish_requested_ = false;
      lock.unlock();
      FinishCheckpoint();
      lock.lock();
    }
    const bool bulk = ReadyJob() != nullptr;
    if (bulk || !open_->members.empty()) Transact(lock);
    busy_ = false;
    quiet_.notify_all();
    if (stop_ && open_->members.empty()) return;
    // Bulk work rests between slices while somebody interactive is about, so that their commits
    // find the disk free; an arriving task cuts the rest short.
    if (bulk && Clock::now() - last_interactive_ < kInteractiveMemory)
      wake_.wait_for(lock, kRest, [&] { return stop_ || (!busy_ && !open_->members.empty()); });
  }
}

void Writer::Transact(Lock& lock) {
  std::vector<std::shared_ptr<Group>> groups;
  const auto take = [&] {
    if (open_->members.empty()) return;
    groups.push_back(std::exchange(open_, std::make_shared<Group>()));
    waiting_.store(0, std::memory_order_relaxed);
    last_interactive_ = Clock::now();
  };
  take();
  BulkJob* job = ReadyJob();
  stepping_ = job;
  lock.unlock();

  if (hooks_.begin) hooks_.begin();
  Status status = connection_->Run("BEGIN IMMEDIATE");
  if (status.ok() && !groups.empty()) status = RunGroup(*groups.front());
  if (status.ok() && job != nullptr) status = RunSlice(*job, groups);
  if (status.ok()) status = connection_->Run("COMMIT");
  if (!status.ok()) {
    if (sqlite3_get_autocommit(connection_->raw()) == 0) (void)connection_->Exec("ROLLBACK");
    if (hooks_.rollback) hooks_.rollback();
  }
  if (job != nullptr) job->Committed(status);
  for (const auto& group : groups) {
    if (!status.ok())
      for (Pending* p : group->members) p->status = status;
    // A waiter may free its Pending as soon as it wakes; the group itself is shared.
    WakeAll(group->done);
  }
  lock.lock();
  stepping_ = nullptr;
  // Another job's turn next time.
  if (job != nullptr && jobs_.size() > 1)
    std::rotate(jobs_.begin(), jobs_.begin() + 1, jobs_.end());
  const std::size_t pages = wal_pages_.load(std::memory_order_relaxed);
  if (pages < wal_pages_at_checkpoint_) wal_pages_at_checkpoint_ = 0;  // the log started over
  if (!checkpointing_ && pages - wal_pages_at_checkpoint_ >= CheckpointThreshold()) {
    checkpointing_ = true;
    // The new pass asks for its own finish; at the same time, each would find the other in the way.
    finish_requested_ = false;
    wal_pages_at_checkpoint_ = pages;
    checkpoint_wake_.notify_one();
  }
}

// Runs the tasks; an error means that the whole transaction must go.
Status Writer::RunGroup(Group& group) {
  for (Pending* pending : group.members) {
    const auto before = sqlite3_total_changes(connection_->raw());
    try {
      pending->status = (*pending->task)(*connection_);
    } catch (const std::exception& e) {
      pending->status =
          Error(Code::kInternal, "a write failed unexpectedly; nothing was changed", e.what());
    }
    if (!pending->status.ok() && (sqlite3_total_changes(connection_->raw()) != before ||
                                  sqlite3_get_autocommit(connection_->raw()) != 0))
      return pending->status;
  }
  return Ok();
}

Status Writer::RunSlice(BulkJob& job, std::vector<std::shared_ptr<Group>>& groups) {
  const auto start = Clock::now();
  Clock::time_point last;
  {
    const Lock lock(mutex_);
    last = last_interactive_;
  }
  const Clock::duration slice =
      start - last < kInteractiveMemory ? Clock::duration(kSlice) : Clock::duration(kIdleSlice);
  const auto stop = [&] {
    return waiting_.load(std::memory_order_relaxed) > 0 || Clock::now() - start >= slice;
  };
  TRY_OK(job.Step(*connection_, stop));
  // Whoever arrived during the slice shares its fsync.
  std::shared_ptr<Group> arrived;
  {
    const Lock lock(mutex_);
    if (!open_->members.empty()) {
      arrived = std::exchange(open_, std::make_shared<Group>());
      waiting_.store(0, std::memory_order_relaxed);
      last_interactive_ = Clock::now();
    }
  }
  if (arrived != nullptr) {
    groups.push_back(arrived);
    TRY_OK(RunGroup(*arrived));
  }
  return Ok();
}

std::size_t Writer::CheckpointThreshold() const {
  if (jobs_.empty()) return kCheckpointPages;
  return Clock::now() - last_interactive_ < kInteractiveMemory ? kCheckpointPagesInBulk
                                                               : kCheckpointPagesInIdleBulk;
}

// The log starts over only when a checkpoint has reached its very end, which the background pass
// never does under load: what it left is little, so it is done here between two transactions.
void Writer::FinishCheckpoint() {
  if (const auto status = Checkpoint(); !status.ok()) LogWarning(status.error().message);
}

void Writer::CheckpointLoop() {
  Lock lock(mutex_);
  for (;;) {
    checkpoint_wake_.wait(lock, [&] { return stop_ || checkpointing_; });
    if (stop_) return;
    lock.unlock();
    const int rc = sqlite3_wal_checkpoint_v2(checkpoints_->raw(), nullptr,
                                             SQLITE_CHECKPOINT_PASSIVE, nullptr, nullptr);
    if (rc == SQLITE_OK)
      SyncDatabaseFile(checkpoints_->raw());
    else if (rc != SQLITE_BUSY)
      LogWarning(SqliteError(checkpoints_->raw(), rc, "move committed changes into").message);
    lock.lock();
    checkpointing_ = false;
    finish_requested_ = rc == SQLITE_OK;
    if (!busy_) wake_.notify_one();
  }
}

}  // namespace vams::items::sqlite
