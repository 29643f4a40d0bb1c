#include "migrate/steps/v23_to_v24_values.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstddef>

#include "base/ascii.h"
#include "base/encoding.h"
#include "migrate/steps/v23_to_v24_json.h"

namespace vams::migrate::v23_to_v24 {

using items::Kind;
using items::Value;

namespace {

// Digits with single underscores between them, from the front; how many characters they are.
// False if underscores are misplaced.
bool TakeDigits(std::string_view& text, std::size_t& digits) {
  digits = 0;
  bool last_was_digit = false;
  while (!text.empty() && (IsDigit(text[0]) || text[0] == '_')) {
    if (text[0] == '_' && !last_was_digit) return false;
    last_was_digit = IsDigit(text[0]);
    if (last_was_digit) ++digits;
    text.remove_prefix(1);
  }
  return digits == 0 || last_was_digit;
}

// Exactly `count` digits from the front as a number, or -1.
int TakeNumber(std::string_view& text, std::size_t count) {
  if (text.size() < count || !std::all_of(text.begin(), text.begin() + count, IsDigit)) return -1;
  int number = 0;
  for (std::size_t i = 0; i < count; ++i) number = number * 10 + (text[i] - '0');
  text.remove_prefix(count);
  return number;
}

bool Take(std::string_view& text, char c) {
  if (text.empty() || text[0] != c) return false;
  text.remove_prefix(1);
  return true;
}

int WeeksOf(int year) {
  using std::chrono::Thursday, std::chrono::Wednesday;
  const std::chrono::year y(year);
  const std::chrono::weekday first(std::chrono::sys_days(y / 1 / 1));
  return first == Thursday || (first == Wednesday && y.is_leap()) ? 53 : 52;
}

bool IsDay(std::string_view text) {
  const int year = TakeNumber(text, 4);
  if (year < 1) return false;
  const bool dashes = Take(text, '-');
  if (Take(text, 'W')) {
    const int week = TakeNumber(text, 2);
    if (week < 1 || week > WeeksOf(year)) return false;
    if (text.empty()) return true;
    if (dashes != Take(text, '-')) return false;
    const int day = TakeNumber(text, 1);
    return day >= 1 && day <= 7 && text.empty();
  }
  const int month = TakeNumber(text, 2);
  if (dashes != Take(text, '-')) return false;
  const int day = TakeNumber(text, 2);
  if (month < 1 || day < 1 || !text.empty()) return false;
  return (std::chrono::year(year) / month / day).ok();
}

// HH, HH:MM, HHMM, HH:MM:SS, HHMMSS, the last two with a fraction.
bool IsClock(std::string_view text) {
  const int hour = TakeNumber(text, 2);
  if (hour < 0 || hour > 23) return false;
  if (text.empty()) return true;
  const bool colons = Take(text, ':');
  const int minute = TakeNumber(text, 2);
  if (minute < 0 || minute > 59) return false;
  if (text.empty()) return true;
  if (colons != Take(text, ':')) return false;
  const int second = TakeNumber(text, 2);
  if (second < 0 || second > 59) return false;
  if (text.empty()) return true;
  if (!Take(text, '.') && !Take(text, ',')) return false;
  return !text.empty() && std::all_of(text.begin(), text.end(), IsDigit);
}

bool IsTimeWithOffset(std::string_view text) {
  const std::size_t sign = text.find_first_of("+-");
  if (sign == std::string_view::npos) return IsClock(text);
  return IsClock(text.substr(0, sign)) && IsClock(text.substr(sign + 1));
}

bool Number(const boost::json::value* json, double low, double high) {
  if (json == nullptr) return false;
  if (json->is_bool()) return true;  // counts as 0 or 1, which is in every range
  if (!json->is_number()) return false;
  const double number = json->to_number<double>();
  return number >= low && number <= high;
}

constexpr double kAny = 1e308;

std::optional<boost::json::value> ParseJson(std::string_view text) {
  boost::system::error_code error;
  boost::json::parse_options options;
  options.max_depth = 512;
  auto json = boost::json::parse(boost::json::string_view(text.data(), text.size()), error,
                                 boost::json::storage_ptr(), options);
  if (error) return std::nullopt;
  return json;
}

// The shortest text that means the number.
std::string NumberText(const boost::json::value& json) {
  if (json.is_int64()) return fmt::format("{}", json.get_int64());
  if (json.is_uint64()) return fmt::format("{}", json.get_uint64());
  return fmt::format("{}", json.get_double());
}

}  // namespace

bool IsNumberText(std::string_view text) {
  text = Trim(text);
  if (!Take(text, '+')) (void)Take(text, '-');
  const std::string word = Lower(text);
  if (word == "inf" || word == "infinity" || word == "nan") return true;
  std::size_t whole = 0, fraction = 0, exponent = 0;
  if (!TakeDigits(text, whole)) return false;
  if (Take(text, '.') && !TakeDigits(text, fraction)) return false;
  if (whole + fraction == 0) return false;
  if (text.empty()) return true;
  if (!Take(text, 'e') && !Take(text, 'E')) return false;
  if (!Take(text, '+')) (void)Take(text, '-');
  return TakeDigits(text, exponent) && exponent > 0 && text.empty();
}

bool IsBooleanText(std::string_view text) {
  const std::string word = Lower(text);
  return word == "true" || word == "false";
}

bool IsDateText(std::string_view text) {
  std::string whole;
  for (const char c : text) {
    if (c == 'Z')
      whole += "+00:00";
    else
      whole += c;
  }
  const std::string_view all = whole;
  for (const std::size_t length : {7, 8, 10}) {
    if (all.size() < length || !IsDay(all.substr(0, length))) continue;
    std::string_view rest = all.substr(length);
    if (rest.empty() || rest == "+00:00") return true;
    // Any one character separates day and time.
    rest.remove_prefix(1);
    while (!rest.empty() && (static_cast<unsigned char>(rest[0]) & 0xc0) == 0x80)
      rest.remove_prefix(1);
    if (IsTimeWithOffset(rest)) return true;
  }
  return false;
}

bool IsLlaText(std::string_view text) {
  const auto json = ParseJson(text);
  if (!json || !json->is_object()) return false;
  const auto& object = json->get_object();
  return Number(object.if_contains("lat"), -90, 90) &&
         Number(object.if_contains("long"), -180, 180) &&
         Number(object.if_contains("alt"), -kAny, kAny);
}

std::optional<std::string> LlaFromLocation(std::string_view text) {
  const auto json = ParseJson(text);
  if (!json || !json->is_object()) return std::nullopt;
  const auto* loc = json->get_object().if_contains("loc");
  if (loc == nullptr || !loc->is_array()) return std::nullopt;
  const auto& numbers = loc->get_array();
  if (numbers.size() < 2 || numbers.size() > 3) return std::nullopt;
  for (const auto& number : numbers)
    if (!number.is_number()) return std::nullopt;
  if (!Number(&numbers[0], -180, 180) || !Number(&numbers[1], -90, 90)) return std::nullopt;
  return fmt::format("{{\"lat\":{},\"long\":{},\"alt\":{}}}", NumberText(numbers[1]),
                     NumberText(numbers[0]), numbers.size() == 3 ? NumberText(numbers[2]) : "0");
}

bool IsOfType(std::string_view text, const FieldType& field) {
  if (field.type == "number") return IsNumberText(text);
  if (field.type == "boolean") return IsBooleanText(text);
  if (field.type == "date") return IsDateText(text);
  if (field.type == "lla") return IsLlaText(text);
  if (field.type == "inline_controlled_list")
    return std::find(field.list.begin(), field.list.end(), text) != field.list.end();
  return true;
}

std::optional<TypedText> TypedByKind(const Value& value) {
  switch (value.kind()) {
    case Kind::kS:
      if (value.text().empty()) return std::nullopt;
      return TypedText{value.text(), "string"};
    case Kind::kN:
      return TypedText{value.text(), "number"};
    case Kind::kBool:
      return TypedText{value.boolean() ? "true" : "false", "boolean"};
    case Kind::kB:
      if (value.text().empty()) return std::nullopt;
      return TypedText{Base64Encode(value.text()), "string"};
    case Kind::kNull:
      return std::nullopt;
    case Kind::kM:
    case Kind::kL:
    case Kind::kSS:
    case Kind::kNS:
    case Kind::kBS:
      return TypedText{PlainJson(value), "json"};
  }
  return std::nullopt;
}

std::optional<TypedText> Typed(const Value& value, const FieldType* field) {
  auto typed = TypedByKind(value);
  if (!typed || field == nullptr) return typed;
  if (field->type == "lla") {
    if (auto lla = LlaFromLocation(typed->text)) return TypedText{*std::move(lla), "lla"};
  }
  if (IsOfType(typed->text, *field)) typed->type = field->type;
  return typed;
}

}  // namespace vams::migrate::v23_to_v24
