// ISO 8601 times as clients may give them for the end of a key (decision A3).
#include <chrono>

#include "base/ascii.h"
#include "identity/api_keys.h"

namespace vams::identity {

namespace {

// Reads from the front of a text; every step fails for good once one has failed.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool StartsWithDigit() const { return !rest_.empty() && IsDigit(rest_.front()); }

  bool Take(char c) {
    if (!rest_.starts_with(c)) return false;
    rest_.remove_prefix(1);
    return true;
  }
  bool TakeAnyOf(std::string_view characters) {
    if (rest_.empty() || !characters.contains(rest_.front())) return false;
    rest_.remove_prefix(1);
    return true;
  }
  // Exactly that many digits, up to `most`.
  std::optional<int> Number(std::size_t digits, int most) {
    if (rest_.size() < digits) return std::nullopt;
    int number = 0;
    for (const char c : rest_.substr(0, digits)) {
      if (!IsDigit(c)) return std::nullopt;
      number = number * 10 + (c - '0');
    }
    rest_.remove_prefix(digits);
    return number <= most ? std::optional(number) : std::nullopt;
  }
  // At least one digit of a second's fraction, as milliseconds; what is finer is cut off.
  std::optional<int> Fraction() {
    if (!StartsWithDigit()) return std::nullopt;
    int millis = 0;
    for (int place = 100; StartsWithDigit(); place /= 10) {
      millis += (rest_.front() - '0') * place;
      rest_.remove_prefix(1);
    }
    return millis;
  }

 private:
  std::string_view rest_;
};

// 2026-12-31 or 20261231, as days since 1970.
std::optional<std::int64_t> ReadDate(Reader& in) {
  const auto year = in.Number(4, 9999);
  const bool dashes = in.Take('-');
  const auto month = in.Number(2, 12);
  if (dashes && !in.Take('-')) return std::nullopt;
  const auto day = in.Number(2, 31);
  if (!year || *year == 0 || !month || !day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;
  return std::chrono::sys_days(date).time_since_epoch().count();
}

// 23, 23:59, 2359, 23:59:58.5, 235958,5: milliseconds.
std::optional<std::int64_t> ReadTime(Reader& in) {
  const auto hours = in.Number(2, 23);
  if (!hours) return std::nullopt;
  std::int64_t millis = std::int64_t{*hours} * 3'600'000;
  const bool colons = in.Take(':');
  if (!colons && !in.StartsWithDigit()) return millis;
  const auto minutes = in.Number(2, 59);
  if (!minutes) return std::nullopt;
  millis += std::int64_t{*minutes} * 60'000;
  if (colons ? !in.Take(':') : !in.StartsWithDigit()) return millis;
  const auto seconds = in.Number(2, 59);
  if (!seconds) return std::nullopt;
  millis += std::int64_t{*seconds} * 1000;
  if (!in.TakeAnyOf(".,")) return millis;
  const auto fraction = in.Fraction();
  if (!fraction) return std::nullopt;
  return millis + *fraction;
}

}  // namespace

std::optional<std::int64_t> ParseExpiry(std::string_view text) {
  constexpr std::int64_t kDayMillis = 86'400'000;
  Reader in(text);
  const auto days = ReadDate(in);
  if (!days) return std::nullopt;
  std::int64_t millis = *days * kDayMillis;
  if (in.done()) return millis;

  if (!in.TakeAnyOf("Tt ")) return std::nullopt;
  const auto time = ReadTime(in);
  if (!time) return std::nullopt;
  millis += *time;
  if (in.TakeAnyOf("Zz")) return in.done() ? std::optional(millis) : std::nullopt;
  const bool east = in.Take('+');
  if (east || in.Take('-')) {
    const auto offset = ReadTime(in);
    if (!offset) return std::nullopt;
    millis += east ? -*offset : *offset;
  }
  return in.done() ? std::optional(millis) : std::nullopt;
}

}  // namespace vams::identity
