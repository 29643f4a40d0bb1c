// Md5Thread takes a digest on a thread of its own, beside whoever writes the same bytes and takes
// the other digest: MD5 is the slowest part of an upload.  Internal to objects.
//
// One owner, who calls; blocks only in WaitFor and Finish.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>

#include "base/hash.h"

namespace vams::objects::local {

class Md5Thread {
 public:
  // Without a thread where the system gives none: then Update does the work.
  Md5Thread();
  ~Md5Thread();
  Md5Thread(const Md5Thread&) = delete;
  Md5Thread& operator=(const Md5Thread&) = delete;

  // `chunk` stays as it is until WaitFor says that so many are done.
  void Update(std::string_view chunk);
  // Returns when the first `chunks` chunks are part of the digest.
  void WaitFor(std::size_t chunks);
  // The raw digest of all chunks.
  std::string Finish();

 private:
  void Run();

  Hasher md5_{HashKind::kMd5};  // the thread's until it ends
  std::mutex mutex_;            // guards what follows up to the thread
  std::condition_variable changed_;
  std::deque<std::string_view> waiting_;
  std::size_t done_ = 0;
  std::size_t given_ = 0;
  bool ending_ = false;
  std::thread thread_;
};

}  // namespace vams::objects::local
