#include "folders/folder_keeper.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

#include "catalog/change_events.h"
#include "folders/folder_watch.h"

namespace vams::folders {

namespace {

using Clock = std::chrono::steady_clock;
constexpr std::chrono::milliseconds kRetry{10'000};  // after a failure
constexpr int kRestFactor = 10;  // between passes over the whole folder, in times of a pass
constexpr std::size_t kEventsAtOnce = 1000;

}  // namespace

struct FolderKeeper::Impl {
  Impl(const catalog::Stores& the_stores, files::Path folder, catalog::Bucket bucket,
       SyncOptions sync_options, KeeperOptions the_options)
      : stores(the_stores),
        options(std::move(the_options)),
        sync(the_stores, std::move(folder), std::move(bucket), std::move(sync_options)) {}

  void Run();
  // How long nothing has to be done.
  Result<Clock::duration> Round();
  Status LookAtEvents();
  Status Reconcile();
  void Tell(const SyncReport& report);

  const catalog::Stores stores;
  const KeeperOptions options;
  FolderSync sync;
  std::mutex watch_mutex;  // held to change `watch`, and by others than `thread`
  std::unique_ptr<FolderWatch> watch;
  std::optional<files::FileLock> turn;
  std::optional<catalog::ChangeFeed> feed;
  Clock::time_point due;         // of the next pass over the whole folder
  Clock::time_point not_before;  // passes leave most of the time to others
  OpContext op;
  std::atomic<bool> stopping = false;  // set under stop_mutex
  std::mutex stop_mutex;
  std::condition_variable stop_asked;
  std::thread thread;
};

void FolderKeeper::Impl::Tell(const SyncReport& report) {
  if (options.on_report && (report.changed_something() || report.problem_count > 0))
    options.on_report(report);
}

Status FolderKeeper::Impl::Reconcile() {
  const Clock::time_point begin = Clock::now();
  TRY(const SyncReport report, sync.Reconcile(op));
  Tell(report);
  const Clock::duration took = Clock::now() - begin;
  due =
      Clock::now() + (report.postponed > 0
                          ? std::max<Clock::duration>(options.look_every, took * kRestFactor)
                          : std::max<Clock::duration>(options.reconcile_every, took * kRestFactor));
  return Ok();
}

// What the API changed in the bucket goes out key by key.
Status FolderKeeper::Impl::LookAtEvents() {
  for (bool more = true; more && !stopping;) {
    TRY(const auto batch, feed->Read(op, kEventsAtOnce));
    std::vector<std::string> keys;
    for (const catalog::ChangeEvent& event : batch.events)
      if (event.bucket == sync.bucket().name) keys.push_back(event.key);
    if (!keys.empty()) {
      TRY(const SyncReport report, sync.Sync(op, keys));
      Tell(report);
      if (report.postponed > 0) due = std::min(due, Clock::now() + options.look_every);
    }
    TRY_OK(feed->Done(op, batch));
    more = batch.more;
  }
  return Ok();
}

Result<Clock::duration> FolderKeeper::Impl::Round() {
  if (!turn) {
    auto acquired = files::FileLock::Acquire(options.lock_file, "synchronises a folder");
    if (!acquired.ok() && acquired.error().code == Code::kConflict)
      return Clock::duration(options.look_every);
    TRY(turn, std::move(acquired));
  }
  if (watch == nullptr) {
    TRY(auto opened, FolderWatch::Open(sync.folder()));
    const std::lock_guard lock(watch_mutex);
    watch = std::move(opened);
    due = Clock::now();
  }
  if (!feed) {
    TRY(feed, catalog::ChangeFeed::Open(op, stores.items, "folders." + sync.bucket().id,
                                        catalog::ChangeFeed::Start::kNow));
    due = Clock::now();
  }
  if (const Status looked = LookAtEvents(); !looked.ok()) {
    if (looked.error().code != Code::kNotFound) return looked.error();
    // The log does not reach back that far any more: everything is looked at.
    TRY_OK(feed->Restart(op));
    due = Clock::now();
  }
  if (Clock::now() >= std::max(due, not_before)) TRY_OK(Reconcile());
  return Clock::duration(options.look_every);
}

void FolderKeeper::Impl::Run() {
  bool failing = false;
  while (!stopping) {
    const auto rest = Round();
    if (!rest.ok() && !stopping) {
      // Once for every time that it begins.
      if (!failing && options.on_failure) options.on_failure(rest.error());
      failing = true;
    } else {
      failing = false;
    }
    const auto time = std::chrono::duration_cast<std::chrono::milliseconds>(
        rest.ok() ? *rest : Clock::duration(kRetry));
    if (stopping) return;
    if (watch == nullptr) {
      std::unique_lock waiting(stop_mutex);
      stop_asked.wait_for(waiting, time, [this] { return stopping.load(); });
      continue;
    }
    const auto changed = watch->Wait(time);
    // A folder that changed is looked at when it has come to rest for a moment.
    if (changed.ok() && *changed) due = std::min(due, Clock::now() + options.look_every);
    if (!changed.ok()) {
      const std::lock_guard lock(watch_mutex);
      watch.reset();
    }
  }
}

FolderKeeper::FolderKeeper(const catalog::Stores& stores, files::Path folder,
                           catalog::Bucket bucket, SyncOptions sync, KeeperOptions options)
    : impl_(std::make_unique<Impl>(stores, std::move(folder), std::move(bucket), std::move(sync),
                                   std::move(options))) {
  impl_->thread = std::thread([impl = impl_.get()] { impl->Run(); });
}

FolderKeeper::~FolderKeeper() {
  {
    const std::lock_guard lock(impl_->stop_mutex);
    impl_->stopping = true;
  }
  impl_->stop_asked.notify_all();
  impl_->op.Cancel();
  {
    const std::lock_guard lock(impl_->watch_mutex);
    if (impl_->watch != nullptr) impl_->watch->Wake();
  }
  impl_->thread.join();
}

}  // namespace vams::folders
