#include "objects/local/md5_thread.h"

#include <system_error>

namespace vams::objects::local {

Md5Thread::Md5Thread() {
  try {
    thread_ = std::thread([this] { Run(); });
  } catch (const std::system_error&) {
    // Too many threads: slower, but right.
  }
}

Md5Thread::~Md5Thread() {
  if (!thread_.joinable()) return;
  {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    ending_ = true;
  }
  changed_.notify_all();
  thread_.join();
}

void Md5Thread::Update(std::string_view chunk) {
  if (!thread_.joinable()) {
    md5_.Update(chunk);
    return;
  }
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(chunk);
    ++given_;
  }
  changed_.notify_all();
}

void Md5Thread::WaitFor(std::size_t chunks) {
  if (!thread_.joinable()) return;
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return done_ >= chunks; });
}

std::string Md5Thread::Finish() {
  WaitFor(given_);
  if (thread_.joinable()) {
    {
      const std::lock_guard lock(mutex_);
      ending_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  return md5_.Finish();
}

void Md5Thread::Run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [&] { return ending_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::string_view chunk = waiting_.front();
    waiting_.pop_front();
    lock.unlock();
    md5_.Update(chunk);
    lock.lock();
    ++done_;
    changed_.notify_all();
  }
}

}  // namespace vams::objects::local
