// How fast bulk work may go: a budget of capacity units a second, and the number of calls at a
// time, found out from what the service throttles.  Internal to items/dynamodb.
//
// Thread-safe.  Units waits (on the timer it was given).
#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>

#include "net/retry.h"

namespace vams::items::dynamodb {

// A token bucket that goes into debt: a call is let through while the balance is positive and paid
// for afterwards, because only the answer tells what it has cost.  Holds at most one second's
// units.
class UnitBudget {
 public:
  // `per_second` 0: no limit.
  UnitBudget(double per_second, net::Timer& timer)
      : rate_(per_second), timer_(timer), balance_(per_second), at_(timer.Now()) {}

  // Waits until the debts are paid.
  Status Wait(OpContext& op);
  void Pay(double units);
  bool limited() const { return rate_ > 0; }

 private:
  void Refill();  // with the lock held

  const double rate_;
  net::Timer& timer_;
  std::mutex mutex_;
  double balance_;            // guarded by mutex_
  net::Timer::TimePoint at_;  // guarded by mutex_
};

// Additive increase, multiplicative decrease of the calls in flight.
class Window {
 public:
  explicit Window(std::size_t most) : most_(std::max<std::size_t>(most, 1)), size_(Start(most_)) {}

  std::size_t size() const {
    const std::lock_guard lock(mutex_);
    return static_cast<std::size_t>(size_);
  }
  // One more for every window of calls that went well; half of it when one was throttled.
  void Succeeded();
  void Throttled();

 private:
  static double Start(std::size_t most) { return static_cast<double>((most + 1) / 2); }

  const std::size_t most_;
  mutable std::mutex mutex_;
  double size_;  // guarded by mutex_
};

}  // namespace vams::items::dynamodb
