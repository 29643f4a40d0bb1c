#include "base/contention.h"

#include <algorithm>
#include <chrono>
#include <functional>
#include <random>
#include <thread>

namespace vams {
namespace {

constexpr int kAtOnce = 3;
constexpr int kShortestMicros = 100;
constexpr int kLongestMicros = 20'000;

// Nothing depends on it but who comes first, so it need not be unpredictable.
std::minstd_rand& Dice() {
  thread_local std::minstd_rand dice(static_cast<std::minstd_rand::result_type>(
      std::hash<std::thread::id>()(std::this_thread::get_id())));
  return dice;
}

}  // namespace

bool Contention::Next() {
  if (left_ == 0) return false;
  --left_;
  if (begun_ >= kAtOnce) {
    const int doublings = std::min(begun_ - kAtOnce, 8);
    const int most = std::min(kShortestMicros << doublings, kLongestMicros);
    std::this_thread::sleep_for(
        std::chrono::microseconds(std::uniform_int_distribution<int>(0, most)(Dice())));
  }
  ++begun_;
  return true;
}

}  // namespace vams
