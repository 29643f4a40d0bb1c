// Waiting between attempts: exponential backoff with full jitter inside a budget of time, so that
// many clients of an overloaded server do not come back at the same moment.  Time and chance are
// passed in, so that tests do not sleep.
//
//   Backoff backoff(policy, timer, random);
//   for (;;) {
//     auto answer = Attempt();
//     if (answer.ok() || !answer.error().retryable) return answer;
//     TRY(const bool again, backoff.Wait(op));
//     if (!again) return answer;
//   }
#pragma once

#include <chrono>
#include <cstdint>

#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"

namespace vams::net {

// A clock that can be waited on.  Thread-safe.
class Timer {
 public:
  using TimePoint = std::chrono::steady_clock::time_point;
  virtual ~Timer() = default;
  virtual TimePoint Now() = 0;
  // kCancelled or kTimeout as soon as the operation is no longer wanted.
  virtual Status Sleep(OpContext& op, std::chrono::milliseconds time) = 0;
};

// The machine's; lives as long as the program.
Timer& SystemTimer();

struct RetryPolicy {
  std::chrono::milliseconds base{50};        // the first wait is between 0 and this
  std::chrono::milliseconds longest{5'000};  // no single wait is longer
  std::chrono::milliseconds budget{60'000};  // no attempt begins later than this
  int max_attempts = 0;                      // 0: as many as the budget allows
};

// One operation's waits.  Not thread-safe.
class Backoff {
 public:
  Backoff(const RetryPolicy& policy, Timer& timer, Random& random);

  // Waits before the next attempt.  False, at once, when there is to be none.
  Result<bool> Wait(OpContext& op);
  int attempts() const { return attempts_; }  // begun so far, the first one included

 private:
  const RetryPolicy policy_;
  Timer& timer_;
  Random& random_;
  const Timer::TimePoint start_;
  int attempts_ = 1;
};

// Even over 0 to `most`, both included.
std::uint64_t RandomUpTo(Random& random, std::uint64_t most);

}  // namespace vams::net
