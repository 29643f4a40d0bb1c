#include "objects/local/chunk_thread.h"

#include <system_error>

namespace vams::objects::local {

namespace {
constexpr std::size_t kWithoutThread = 3;  // chunks
}  // namespace

ChunkThread::~ChunkThread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

// Whether there is a thread.
bool ChunkThread::Start() {
  if (thread_.joinable()) return true;
  if (alone_ || given_ <= kWithoutThread) return false;
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    alone_ = true;  // too many threads: slower, but right
  }
  return !alone_;
}

void ChunkThread::Give(std::string_view chunk) {
  ++given_;
  if (!Start()) {
    if (status_.ok()) status_ = work_(chunk);
    ++done_;
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(chunk);
  }
  changed_.notify_all();
}

Status ChunkThread::WaitFor(std::size_t chunks) {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ >= chunks; });
  return status_;
}

void ChunkThread::Run() {
  std::unique_lock lock(mutex_);
  while (true) {
    changed_.wait(lock, [this] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::string_view chunk = waiting_.front();
    waiting_.pop_front();
    const bool wanted = status_.ok();
    lock.unlock();
    Status status = wanted ? work_(chunk) : Ok();
    lock.lock();
    if (!status.ok()) status_ = std::move(status);
    ++done_;
    changed_.notify_all();
  }
}

}  // namespace vams::objects::local
