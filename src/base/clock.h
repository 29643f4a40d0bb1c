// Time is passed in, so that tests own it.  Thread-safe.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

namespace vams {

class Clock {
 public:
  virtual ~Clock() = default;
  // Wall time, milliseconds since 1970-01-01 UTC.
  virtual std::int64_t NowMillis() const = 0;
};

// The machine's clock; lives as long as the program.
const Clock& SystemClock();

// Of the steady clock, for reports.
inline std::int64_t MillisSince(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::steady_clock::now() -
                                                               start)
      .count();
}

// 2025-03-01T10:00:00.123Z
std::string IsoMillis(std::int64_t millis_since_epoch);

}  // namespace vams
