// Contents from one side to the other, on several threads.
#include <atomic>
#include <mutex>
#include <thread>

#include "lifecycle/ab/follower.h"

namespace vams::lifecycle::ab {

namespace {

constexpr std::size_t kThreads = 4;
constexpr std::size_t kBatchContents = 64;
constexpr std::uint64_t kBatchBytes = std::uint64_t{64} << 20;

class Fetcher {
 public:
  Fetcher(OpContext& op, Source& source, const std::vector<std::string>& missing,
          objects::BlobStore& to)
      : op_(op), source_(source), missing_(missing), to_(to) {}

  void Work() {
    const Status worked = Loop();
    if (worked.ok()) return;
    const std::lock_guard lock(mutex_);
    if (failure_.ok()) failure_ = worked;
    stopped_ = true;
  }

  bool Done() const { return stopped_ || done_ >= missing_.size(); }
  std::uint64_t done() const { return done_; }

  Result<std::vector<std::string>> Absent() {
    const std::lock_guard lock(mutex_);
    if (!failure_.ok()) return failure_.error();
    return std::move(absent_);
  }

 private:
  Status Loop() {
    objects::BlobBatch batch(to_);
    for (;;) {
      const std::size_t next = next_++;
      if (next >= missing_.size() || stopped_) return batch.Commit();
      TRY_OK(op_.Check());
      TRY(const bool there, source_.Content(op_, missing_[next], to_, batch));
      if (!there) {
        const std::lock_guard lock(mutex_);
        absent_.push_back(missing_[next]);
      }
      if (batch.count() >= kBatchContents || batch.bytes() >= kBatchBytes) TRY_OK(batch.Commit());
      ++done_;
    }
  }

  OpContext& op_;
  Source& source_;
  const std::vector<std::string>& missing_;
  objects::BlobStore& to_;
  std::atomic<std::size_t> next_ = 0, done_ = 0;
  std::atomic<bool> stopped_ = false;
  std::mutex mutex_;  // guards what follows
  std::vector<std::string> absent_;
  Status failure_ = Ok();
};

}  // namespace

Result<std::vector<std::string>> FetchContents(
    OpContext& op, Source& source, const std::vector<std::string>& missing, objects::BlobStore& to,
    const std::function<void(std::uint64_t done)>& progress) {
  Fetcher fetcher(op, source, missing, to);
  if (missing.size() <= 1) {
    fetcher.Work();
  } else {
    std::vector<std::jthread> threads;
    for (std::size_t i = 0; i < std::min(kThreads, missing.size()); ++i)
      threads.emplace_back([&] { fetcher.Work(); });
    while (!fetcher.Done()) {
      progress(fetcher.done());
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  }
  progress(fetcher.done());
  return fetcher.Absent();
}

}  // namespace vams::lifecycle::ab
