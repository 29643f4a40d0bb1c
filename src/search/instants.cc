#include "search/instants.h"

#include <charconv>
#include <chrono>

namespace vams::search {
namespace {

constexpr std::int64_t kSecond = 1000;
constexpr std::int64_t kMinute = 60 * kSecond;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

// Takes a text apart from its beginning.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly `digits` digits of a number up to `most`.
  std::optional<int> Number(std::size_t digits, int most) {
    if (rest_.size() < digits) return std::nullopt;
    int value = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (c < '0' || c > '9') return std::nullopt;
      value = value * 10 + (c - '0');
    }
    if (value > most) return std::nullopt;
    rest_.remove_prefix(digits);
    return value;
  }
  std::size_t Digits() const {
    const std::size_t end = rest_.find_first_not_of("0123456789");
    return end == std::string_view::npos ? rest_.size() : end;
  }
  // A number without bound; nothing if there is none or it does not fit.
  std::optional<std::int64_t> Whole() {
    std::int64_t value = 0;
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc()) return std::nullopt;
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  void Skip(std::size_t count) { rest_.remove_prefix(count); }
  char Peek() const { return rest_.empty() ? '\0' : rest_.front(); }

 private:
  std::string_view rest_;
};

// What follows the date: hours to fractions, then the zone.  `span` shrinks to what was given.
bool ReadTime(Reader& reader, std::int64_t& at, std::int64_t& span) {
  const auto hour = reader.Number(2, 23);
  if (!hour) return false;
  at += *hour * kHour;
  span = kHour;
  if (reader.Take(':')) {
    const auto minute = reader.Number(2, 59);
    if (!minute) return false;
    at += *minute * kMinute;
    span = kMinute;
    if (reader.Take(':')) {
      const auto second = reader.Number(2, 59);
      if (!second) return false;
      at += *second * kSecond;
      span = kSecond;
      if (reader.Take('.')) {
        const std::size_t digits = reader.Digits();
        if (digits == 0 || digits > 9) return false;
        int millis = 0;
        for (std::size_t i = 0; i < 3; ++i)
          millis = millis * 10 + (i < digits ? reader.Number(1, 9).value_or(0) : 0);
        if (digits > 3) reader.Skip(digits - 3);
        at += millis;
        span = 1;
      }
    }
  }
  if (reader.Take('Z') || reader.done()) return true;
  const bool west = reader.Peek() == '-';
  if (!reader.Take('-') && !reader.Take('+')) return false;
  const auto hours = reader.Number(2, 18);
  (void)reader.Take(':');
  const auto minutes = reader.Number(2, 59);
  if (!hours || !minutes) return false;
  const std::int64_t offset = *hours * kHour + *minutes * kMinute;
  at += west ? offset : -offset;
  return true;
}

std::int64_t MillisOf(std::chrono::year_month_day date) {
  return std::chrono::sys_days(date).time_since_epoch().count() * kDay;
}

std::int64_t UnitMillis(char unit) {
  switch (unit) {
    case 's':
      return kSecond;
    case 'm':
      return kMinute;
    case 'h':
    case 'H':
      return kHour;
    case 'd':
      return kDay;
    case 'w':
      return 7 * kDay;
    case 'M':
      return 30 * kDay;
    case 'y':
      return 365 * kDay;
    default:
      return 0;
  }
}

}  // namespace

std::optional<Instants> ParseInstants(std::string_view text) {
  using namespace std::chrono;
  Reader reader(text);
  if (text.starts_with('-') || reader.Digits() > 4) {
    const auto millis = reader.Whole();
    // Far enough for any clock, near enough for sums.
    if (!millis || !reader.done() || *millis < -(1LL << 53) || *millis > (1LL << 53))
      return std::nullopt;
    return Instants{*millis, *millis};
  }
  const auto y = reader.Number(4, 9999);
  if (!y) return std::nullopt;
  if (reader.done())
    return Instants{MillisOf(year{*y} / January / 1), MillisOf(year{*y + 1} / January / 1) - 1};
  if (!reader.Take('-')) return std::nullopt;
  const auto m = reader.Number(2, 12);
  if (!m || *m == 0) return std::nullopt;
  const year_month month = year{*y} / *m;
  if (reader.done()) return Instants{MillisOf(month / 1), MillisOf((month + months{1}) / 1) - 1};
  if (!reader.Take('-')) return std::nullopt;
  const auto d = reader.Number(2, 31);
  if (!d) return std::nullopt;
  const year_month_day date = month / *d;
  if (!date.ok()) return std::nullopt;
  std::int64_t at = MillisOf(date);
  std::int64_t span = kDay;
  if (reader.Take('T') || reader.Take('t') || reader.Take(' ')) {
    if (!ReadTime(reader, at, span)) return std::nullopt;
  }
  if (!reader.done()) return std::nullopt;
  return Instants{at, at + span - 1};
}

std::optional<Instants> ParseInstants(std::string_view text, std::int64_t now) {
  if (!text.starts_with("now")) return ParseInstants(text);
  std::string_view rest = text.substr(3);
  for (int parts = 0; !rest.empty(); ++parts) {
    if (parts == 8) return std::nullopt;
    const bool minus = rest.front() == '-';
    if (!minus && rest.front() != '+') return std::nullopt;
    rest.remove_prefix(1);
    Reader reader(rest);
    const std::size_t digits = reader.Digits();
    if (digits == 0 || digits > 6) return std::nullopt;
    const auto count = reader.Whole();
    const std::int64_t unit = UnitMillis(reader.Peek());
    if (!count || unit == 0) return std::nullopt;
    now += (minus ? -1 : 1) * *count * unit;
    rest.remove_prefix(digits + 1);
  }
  return Instants{now, now};
}

}  // namespace vams::search
