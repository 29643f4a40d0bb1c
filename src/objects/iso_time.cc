#include "objects/iso_time.h"

#include <chrono>

namespace vams::objects {

namespace {

class Cursor {
 public:
  explicit Cursor(std::string_view text) : rest_(text) {}

  bool Take(char wanted) {
    if (rest_.empty() || rest_.front() != wanted) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` digits.
  bool Number(int digits, int& value) {
    value = 0;
    for (int i = 0; i < digits; ++i) {
      if (rest_.empty() || rest_.front() < '0' || rest_.front() > '9') return false;
      value = value * 10 + (rest_.front() - '0');
      rest_.remove_prefix(1);
    }
    return true;
  }
  // The digits of a fraction, as thousandths.
  bool Fraction(int& millis) {
    millis = 0;
    int scale = 100, digits = 0;
    for (int digit = 0; Number(1, digit); ++digits, scale /= 10) millis += digit * scale;
    return digits > 0;
  }
  bool empty() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

// "Z" or "+hh:mm", as minutes to take off.
bool ReadZone(Cursor& in, int& minutes) {
  minutes = 0;
  if (in.Take('Z')) return true;
  const int sign = in.Take('+') ? 1 : in.Take('-') ? -1 : 0;
  int hours = 0, rest = 0;
  if (sign == 0 || !in.Number(2, hours)) return false;
  in.Take(':');
  if (!in.Number(2, rest) || hours > 23 || rest > 59) return false;
  minutes = sign * (hours * 60 + rest);
  return true;
}

}  // namespace

std::optional<std::int64_t> ParseIsoTime(std::string_view text) {
  Cursor in(text);
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0, millis = 0, zone = 0;
  if (!in.Number(4, year) || !in.Take('-') || !in.Number(2, month) || !in.Take('-') ||
      !in.Number(2, day) || !in.Take('T') || !in.Number(2, hour) || !in.Take(':') ||
      !in.Number(2, minute) || !in.Take(':') || !in.Number(2, second))
    return std::nullopt;
  if (in.Take('.') && !in.Fraction(millis)) return std::nullopt;
  if (!ReadZone(in, zone) || !in.empty()) return std::nullopt;
  namespace c = std::chrono;
  const c::year_month_day date{c::year(year), c::month(static_cast<unsigned>(month)),
                               c::day(static_cast<unsigned>(day))};
  if (!date.ok() || hour > 23 || minute > 59 || second > 60) return std::nullopt;
  const auto minutes = c::hours(hour) + c::minutes(minute - zone);
  const auto time = c::sys_days(date) + minutes + c::seconds(second) + c::milliseconds(millis);
  return c::duration_cast<c::milliseconds>(time.time_since_epoch()).count();
}

}  // namespace vams::objects
