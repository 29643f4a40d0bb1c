#include "items/dynamodb/throttle.h"

#include <cmath>

namespace vams::items::dynamodb {

void UnitBudget::Refill() {
  const auto now = timer_.Now();
  const double seconds = std::chrono::duration<double>(now - at_).count();
  at_ = now;
  balance_ = std::min(rate_, balance_ + seconds * rate_);
}

Status UnitBudget::Wait(OpContext& op) {
  if (!limited()) return Ok();
  for (;;) {
    double debt;
    {
      const std::lock_guard lock(mutex_);
      Refill();
      if (balance_ > 0) return Ok();
      debt = -balance_;
    }
    const double millis = std::ceil(debt / rate_ * 1000) + 1;
    TRY_OK(timer_.Sleep(op, std::chrono::milliseconds(static_cast<std::int64_t>(millis))));
  }
}

void UnitBudget::Pay(double units) {
  if (!limited()) return;
  const std::lock_guard lock(mutex_);
  Refill();
  balance_ -= units;
}

void Window::Succeeded() {
  const std::lock_guard lock(mutex_);
  size_ = std::min(static_cast<double>(most_), size_ + 1 / size_);
}

void Window::Throttled() {
  const std::lock_guard lock(mutex_);
  size_ = std::max(1.0, size_ / 2);
}

}  // namespace vams::items::dynamodb
