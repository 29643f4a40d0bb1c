#include "model/iso_date.h"

#include <array>
#include <cstddef>
#include <optional>

namespace vams::model {

namespace {

// A place in the text, in which every Z reads as +00:00: that is what makes 2031-04-05Z a date,
// with the sign as the one character between the date and the time.
class Cursor {
 public:
  explicit Cursor(std::string_view text) : text_(text) {}

  bool AtEnd() const { return text_.empty(); }

  bool Take(char c) {
    if (AtEnd() || Peek() != c) return false;
    Advance();
    return true;
  }

  bool AtDigit() const { return !AtEnd() && Peek() >= '0' && Peek() <= '9'; }

  // A number of exactly so many digits.
  std::optional<int> Digits(int count) {
    int number = 0;
    for (; count > 0; --count) {
      if (!AtDigit()) return std::nullopt;
      number = number * 10 + (Peek() - '0');
      Advance();
    }
    return number;
  }

  // One or more of them, whatever they say.
  bool SkipDigits() {
    if (!AtDigit()) return false;
    while (AtDigit()) Advance();
    return true;
  }

  void SkipCharacter() {
    Advance();
    while (!AtEnd() && (static_cast<unsigned char>(Peek()) & 0xC0U) == 0x80U) Advance();
  }

 private:
  static constexpr std::string_view kZone = "+00:00";

  char Peek() const { return text_.front() == 'Z' ? kZone[in_zone_] : text_.front(); }

  void Advance() {
    if (text_.front() == 'Z' && ++in_zone_ < kZone.size()) return;
    in_zone_ = 0;
    text_.remove_prefix(1);
  }

  std::string_view text_;
  std::size_t in_zone_ = 0;
};

bool IsLeapYear(int year) { return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0); }

bool IsDay(int year, int month, int day) {
  static constexpr std::array<int, 12> kDays = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  if (year < 1 || month < 1 || month > 12 || day < 1) return false;
  const int leap = month == 2 && IsLeapYear(year) ? 1 : 0;
  return day <= kDays[static_cast<std::size_t>(month - 1)] + leap;
}

// Of the week that ISO 8601 counts; `day` from Monday, 1.
bool IsWeekDay(int year, int week, int day) {
  const auto last_weekday = [](int y) { return (y + y / 4 - y / 100 + y / 400) % 7; };
  constexpr int kWednesday = 3;
  constexpr int kThursday = 4;
  if (year < 1 || week < 1 || day < 1 || day > 7) return false;
  // The last week of the last year ends in the year 10000.
  if (year == 9999 && week == 52 && day > 5) return false;
  const bool long_year = last_weekday(year) == kThursday || last_weekday(year - 1) == kWednesday;
  return week <= (long_year ? 53 : 52);
}

bool Fraction(Cursor& at) {
  if (!at.Take('.') && !at.Take(',')) return true;
  return at.SkipDigits();
}

bool IsOffset(Cursor at) {
  constexpr int kDay = 24 * 60 * 60;
  if (!at.Take('+') && !at.Take('-')) return false;
  const auto hours = at.Digits(2);
  if (!hours) return false;
  std::optional<int> minutes = 0;
  std::optional<int> seconds = 0;
  if (at.Take(':')) {
    minutes = at.Digits(2);
    if (minutes && at.Take(':')) {
      seconds = at.Digits(2);
      if (!seconds || !Fraction(at)) return false;
    }
  } else if (at.AtDigit()) {
    minutes = at.Digits(2);
  }
  return minutes && at.AtEnd() && *hours * 3600 + *minutes * 60 + *seconds < kDay;
}

bool IsTime(Cursor at) {
  const auto below = [&](int limit) {
    const auto number = at.Digits(2);
    return number && *number < limit;
  };
  if (!below(24)) return false;
  const bool colons = at.Take(':');
  if (colons || at.AtDigit()) {
    if (!below(60)) return false;
    const bool seconds = colons ? at.Take(':') : at.AtDigit();
    if (seconds && (!below(60) || !Fraction(at))) return false;
  }
  return at.AtEnd() || IsOffset(at);
}

// What stands behind a date: nothing, or any character and a time.
bool IsRest(Cursor at) {
  if (at.AtEnd()) return true;
  at.SkipCharacter();
  return IsTime(at);
}

}  // namespace

bool IsIsoDate(std::string_view text) {
  Cursor at(text);
  const auto year = at.Digits(4);
  if (!year) return false;
  const bool dashes = at.Take('-');
  if (!at.Take('W')) {
    const auto month = at.Digits(2);
    if (!month || (dashes && !at.Take('-'))) return false;
    const auto day = at.Digits(2);
    return day && IsDay(*year, *month, *day) && IsRest(at);
  }
  const auto week = at.Digits(2);
  if (!week) return false;
  if (IsWeekDay(*year, *week, 1) && IsRest(at)) return true;
  if (dashes && !at.Take('-')) return false;
  const auto day = at.Digits(1);
  return day && IsWeekDay(*year, *week, *day) && IsRest(at);
}

}  // namespace vams::model
