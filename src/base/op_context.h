// OpContext travels with every blocking call: how long it may take, whether the caller still
// wants it, and which request it belongs to.
// Thread rule: one operation owns it; Cancel may be called from any thread.
#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "base/result.h"

namespace vams {

class OpContext {
 public:
  using SteadyClock = std::chrono::steady_clock;

  OpContext() = default;
  explicit OpContext(SteadyClock::time_point deadline) : deadline_(deadline) {}
  OpContext(const OpContext&) = delete;
  OpContext& operator=(const OpContext&) = delete;

  void Cancel() { cancelled_.store(true, std::memory_order_relaxed); }
  bool cancelled() const { return cancelled_.load(std::memory_order_relaxed); }
  SteadyClock::time_point deadline() const { return deadline_; }

  // kCancelled or kTimeout once the work is no longer wanted.
  Status Check() const {
    if (cancelled()) return Error(Code::kCancelled, "the operation was cancelled");
    if (deadline_ != SteadyClock::time_point::max() && SteadyClock::now() >= deadline_)
      return Error(Code::kTimeout, "the operation took longer than its time limit");
    return Ok();
  }

  std::string request_id;

 private:
  SteadyClock::time_point deadline_ = SteadyClock::time_point::max();
  std::atomic<bool> cancelled_ = false;
};

}  // namespace vams
