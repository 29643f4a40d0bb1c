// A fixed number of threads and a bounded queue.  For the server: a full queue is an answer (503),
// never a longer queue.
//
// Thread-safe.  Only Join blocks.
//
// A poster that has several tasks at hand queues them with TryQueue and calls Wake once: one thread
// switch for the lot instead of one each, which is what short tasks cost most.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace vams::http {

class WorkerPool {
 public:
  // `queue_limit` counts tasks that wait; those running are not among them.
  WorkerPool(std::size_t threads, std::size_t queue_limit);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  // False, and the task is dropped, if no thread is idle and the queue is full, or after Join.
  // A task must not throw.
  [[nodiscard]] bool TryPost(std::function<void()> task);

  // As TryPost, but a thread that sleeps may leave the task there until Wake.
  [[nodiscard]] bool TryQueue(std::function<void()> task);
  void Wake();

  // Runs what is queued, then ends the threads.  Idempotent; not from a task.
  void Join();

 private:
  void Work();

  const std::size_t queue_limit_;
  std::mutex mutex_;  // guards all below but threads_
  std::condition_variable wake_;
  std::deque<std::function<void()>> queue_;
  std::size_t idle_ = 0;      // threads that run no task
  std::size_t sleeping_ = 0;  // of them, those that wait for wake_
  bool closed_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace vams::http
