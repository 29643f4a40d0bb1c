// ChunkThread hands chunks of a content to a function on a thread of its own, in their order:
// several of them digest and write the same bytes at the same time.  Internal to objects.
//
// One owner, who calls; blocks only in WaitFor and Finish, and in Give as long as there is no
// thread.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <string_view>
#include <thread>

#include "base/result.h"

namespace vams::objects::local {

class ChunkThread {
 public:
  using Work = std::function<Status(std::string_view chunk)>;

  // The first chunks are worked on where they are given: a short content is not worth a thread.
  // Where the system gives none, all of them are.
  explicit ChunkThread(Work work) : work_(std::move(work)) {}
  // Drops the chunks that wait.
  ~ChunkThread();
  ChunkThread(const ChunkThread&) = delete;
  ChunkThread& operator=(const ChunkThread&) = delete;

  // `chunk` stays as it is until WaitFor says that so many are done.  After an error of the work
  // the chunks behind are only counted.
  void Give(std::string_view chunk);
  // Returns when the first `chunks` chunks are done; the first error of any so far.
  Status WaitFor(std::size_t chunks);
  Status Finish() { return WaitFor(given_); }

 private:
  void Run();
  bool Start();

  const Work work_;
  std::size_t given_ = 0;  // the owner's
  bool alone_ = false;     // the owner's: the system gave no thread
  std::mutex mutex_;       // guards what follows up to the thread
  std::condition_variable changed_;
  std::deque<std::string_view> waiting_;
  std::size_t done_ = 0;
  Status status_;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace vams::objects::local
