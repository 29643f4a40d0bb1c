#include "migrate/steps/old_times.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>

#include "items/number.h"

namespace vams::migrate {

namespace {

constexpr std::array<std::string_view, 12> kMonths = {
    "January", "February", "March",     "April",   "May",      "June",
    "July",    "August",   "September", "October", "November", "December"};

struct Time {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;

  bool Valid() const {
    return std::chrono::year_month_day(std::chrono::year(year),
                                       std::chrono::month(static_cast<unsigned>(month)),
                                       std::chrono::day(static_cast<unsigned>(day)))
               .ok() &&
           hour < 24 && minute < 60 && second < 60;
  }
  std::int64_t Seconds() const {
    const std::chrono::sys_days days = std::chrono::year_month_day(
        std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
        std::chrono::day(static_cast<unsigned>(day)));
    return std::int64_t{days.time_since_epoch().count()} * 86400 + hour * 3600 + minute * 60 +
           second;
  }
};

// Takes a text apart from its beginning.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool Take(std::string_view wanted) {
    if (!rest_.starts_with(wanted)) return false;
    rest_.remove_prefix(wanted.size());
    return true;
  }
  // As many digits as there are, between `least` and `most`.
  bool Number(int least, int most, int& value) {
    value = 0;
    int digits = 0;
    for (; digits < most && !rest_.empty() && rest_[0] >= '0' && rest_[0] <= '9'; ++digits) {
      value = value * 10 + (rest_[0] - '0');
      rest_.remove_prefix(1);
    }
    return digits >= least;
  }
  bool Clock(Time& time) {
    return Number(2, 2, time.hour) && Take(":") && Number(2, 2, time.minute) && Take(":") &&
           Number(2, 2, time.second);
  }
  std::string_view Digits() {
    const std::size_t count = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    const std::string_view digits = rest_.substr(0, count);
    rest_.remove_prefix(count);
    return digits;
  }
  bool done() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

struct IsoParts {
  Time time;
  std::string_view fraction;  // digits
  int zone_minutes = 0;
};

std::optional<IsoParts> ReadIso(std::string_view text) {
  IsoParts parts;
  Time& time = parts.time;
  Reader in(text);
  if (!in.Number(4, 4, time.year) || !in.Take("-") || !in.Number(2, 2, time.month) ||
      !in.Take("-") || !in.Number(2, 2, time.day) || !in.Take("T") || !in.Clock(time) ||
      !time.Valid())
    return std::nullopt;
  if (in.Take(".")) {
    parts.fraction = in.Digits();
    if (parts.fraction.empty() || parts.fraction.size() > 9) return std::nullopt;
  }
  if (in.done() || (in.Take("Z") && in.done())) return parts;
  const int sign = in.Take("+") ? 1 : in.Take("-") ? -1 : 0;
  int hours = 0, minutes = 0;
  if (sign == 0 || !in.Number(2, 2, hours) || !in.Take(":") || !in.Number(2, 2, minutes) ||
      !in.done() || hours > 23 || minutes > 59)
    return std::nullopt;
  parts.zone_minutes = sign * (hours * 60 + minutes);
  return parts;
}

}  // namespace

std::string IsoTime(std::int64_t millis, std::string_view zone) {
  using namespace std::chrono;
  const sys_time<milliseconds> at{milliseconds(millis)};
  const auto day = floor<days>(at);
  const year_month_day date(day);
  const hh_mm_ss clock(at - day);
  std::string text =
      fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", static_cast<int>(date.year()),
                  static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                  clock.hours().count(), clock.minutes().count(), clock.seconds().count());
  if (const auto fraction = clock.subseconds().count(); fraction != 0)
    text += fmt::format(".{:03}000", fraction);
  return text.append(zone);
}

std::optional<std::string> IsoFromLongDate(std::string_view text) {
  Reader in(text);
  Time time;
  for (std::size_t i = 0; i < kMonths.size(); ++i)
    if (in.Take(kMonths[i])) {
      time.month = static_cast<int>(i) + 1;
      break;
    }
  if (time.month == 0 || !in.Take(" ") || !in.Number(1, 2, time.day) || !in.Take(" ") ||
      !in.Number(4, 4, time.year) || !in.Take(" - ") || !in.Clock(time) || !in.done() ||
      !time.Valid())
    return std::nullopt;
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}", time.year, time.month, time.day,
                     time.hour, time.minute, time.second);
}

std::optional<std::string> LongDateFromIso(std::string_view text) {
  const auto parts = ReadIso(text);
  if (!parts || parts->zone_minutes != 0) return std::nullopt;
  const Time& time = parts->time;
  return fmt::format("{} {:02} {:04} - {:02}:{:02}:{:02}",
                     kMonths[static_cast<std::size_t>(time.month - 1)], time.day, time.year,
                     time.hour, time.minute, time.second);
}

std::optional<std::string> EpochSecondsFromIso(std::string_view text) {
  const auto parts = ReadIso(text);
  if (!parts) return std::nullopt;
  const std::int64_t seconds = parts->time.Seconds() - std::int64_t{parts->zone_minutes} * 60;
  if (seconds < 0) return std::nullopt;
  auto number = items::CanonicalNumber(parts->fraction.empty()
                                           ? std::to_string(seconds)
                                           : fmt::format("{}.{}", seconds, parts->fraction));
  if (!number.ok()) return std::nullopt;
  return *std::move(number);
}

}  // namespace vams::migrate
