#include "net/retry.h"

#include <algorithm>
#include <thread>

namespace vams::net {

namespace {

using std::chrono::milliseconds;

class MachineTimer final : public Timer {
 public:
  TimePoint Now() override { return std::chrono::steady_clock::now(); }

  Status Sleep(OpContext& op, milliseconds time) override {
    // In slices, because a cancelled operation wakes nobody up.
    const auto end = Now() + time;
    for (;;) {
      TRY_OK(op.Check());
      const auto left = end - Now();
      if (left <= TimePoint::duration::zero()) return Ok();
      std::this_thread::sleep_for(std::min<TimePoint::duration>(left, milliseconds(100)));
    }
  }
};

}  // namespace

Timer& SystemTimer() {
  static MachineTimer timer;
  return timer;
}

std::uint64_t RandomUpTo(Random& random, std::uint64_t most) {
  std::uint64_t bits = 0;
  random.Fill(&bits, sizeof bits);
  return most == UINT64_MAX ? bits : bits % (most + 1);
}

Backoff::Backoff(const RetryPolicy& policy, Timer& timer, Random& random)
    : policy_(policy), timer_(timer), random_(random), start_(timer.Now()) {}

Result<bool> Backoff::Wait(OpContext& op) {
  TRY_OK(op.Check());
  if (policy_.max_attempts > 0 && attempts_ >= policy_.max_attempts) return false;
  const int doublings = std::min(attempts_ - 1, 20);
  const auto ceiling = std::min(policy_.longest, policy_.base * (std::int64_t{1} << doublings));
  const milliseconds wait(static_cast<std::int64_t>(
      RandomUpTo(random_, static_cast<std::uint64_t>(std::max<std::int64_t>(ceiling.count(), 0)))));
  const auto next = timer_.Now() + wait;
  if (next - start_ > policy_.budget || next > op.deadline()) return false;
  TRY_OK(timer_.Sleep(op, wait));
  ++attempts_;
  return true;
}

}  // namespace vams::net
