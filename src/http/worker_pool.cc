#include "http/worker_pool.h"

#include <algorithm>
#include <utility>

namespace vams::http {

WorkerPool::WorkerPool(std::size_t threads, std::size_t queue_limit)
    : queue_limit_(queue_limit), idle_(threads) {
  threads_.reserve(threads);
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { Work(); });
}

WorkerPool::~WorkerPool() { Join(); }

bool WorkerPool::TryPost(std::function<void()> task) {
  if (!TryQueue(std::move(task))) return false;
  Wake();
  return true;
}

bool WorkerPool::TryQueue(std::function<void()> task) {
  const std::lock_guard lock(mutex_);
  // Each idle thread will take one of the queue at once, so those are not waiting.
  if (closed_ || queue_.size() >= idle_ + queue_limit_) return false;
  queue_.push_back(std::move(task));
  return true;
}

void WorkerPool::Wake() {
  std::size_t wanted = 0;
  {
    const std::lock_guard lock(mutex_);
    wanted = std::min(queue_.size(), sleeping_);
  }
  for (; wanted > 0; --wanted) wake_.notify_one();
}

void WorkerPool::Join() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  wake_.notify_all();
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

void WorkerPool::Work() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++sleeping_;
    wake_.wait(lock, [this] { return closed_ || !queue_.empty(); });
    --sleeping_;
    if (queue_.empty()) return;
    std::function<void()> task = std::move(queue_.front());
    queue_.pop_front();
    --idle_;
    lock.unlock();
    task();
    // What the task captured goes before the thread counts as idle again.
    task = nullptr;
    lock.lock();
    ++idle_;
  }
}

}  // namespace vams::http
