#include "items/number.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"

namespace vams::items {

namespace {

constexpr int kMaxDigits = 38;
constexpr int kMaxExponent = 125;   // of the first digit
constexpr int kMinExponent = -130;  // of the first digit

// value = ±0.d1d2d3… × 10^point, d1 and the last digit not zero; no digits for zero.
struct Decimal {
  bool negative = false;
  std::string digits;
  int point = 0;
};

void Trim(Decimal& d) {
  const auto first = d.digits.find_first_not_of('0');
  if (first == d.digits.npos) {
    d = Decimal{};
    return;
  }
  d.point -= static_cast<int>(first);
  d.digits.erase(0, first);
  d.digits.erase(d.digits.find_last_not_of('0') + 1);
}

Status CheckRange(const Decimal& d, std::string_view shown) {
  if (d.digits.empty()) return Ok();
  if (d.digits.size() > kMaxDigits)
    return Error(Code::kTooLarge,
                 fmt::format("number {} has {} significant digits; at most {} are kept",
                             shown.substr(0, 60), d.digits.size(), kMaxDigits));
  if (d.point - 1 > kMaxExponent || d.point - 1 < kMinExponent)
    return Error(Code::kTooLarge, fmt::format("number {} is outside the range 1E-130 to 9.9E+125",
                                              shown.substr(0, 60)));
  return Ok();
}

// Precondition: canonical text.
Decimal Parse(std::string_view text) {
  Decimal d;
  if (text.starts_with('-')) {
    d.negative = true;
    text.remove_prefix(1);
  }
  const auto dot = text.find('.');
  d.point = static_cast<int>(dot == text.npos ? text.size() : dot);
  d.digits.reserve(text.size());
  for (const char c : text)
    if (c != '.') d.digits.push_back(c);
  Trim(d);
  return d;
}

std::string Format(const Decimal& d) {
  if (d.digits.empty()) return "0";
  std::string out;
  if (d.negative) out.push_back('-');
  const int count = static_cast<int>(d.digits.size());
  if (d.point <= 0) {
    out.append("0.").append(static_cast<std::size_t>(-d.point), '0').append(d.digits);
  } else if (d.point >= count) {
    out.append(d.digits).append(static_cast<std::size_t>(d.point - count), '0');
  } else {
    out.append(d.digits, 0, static_cast<std::size_t>(d.point)).push_back('.');
    out.append(d.digits, static_cast<std::size_t>(d.point));
  }
  return out;
}

int CompareMagnitude(const Decimal& a, const Decimal& b) {
  if (a.digits.empty() || b.digits.empty())
    return static_cast<int>(!a.digits.empty()) - static_cast<int>(!b.digits.empty());
  if (a.point != b.point) return a.point < b.point ? -1 : 1;
  const int c = a.digits.compare(b.digits);
  return c < 0 ? -1 : c > 0 ? 1 : 0;
}

// Digit strings aligned to the same number of places before and after the point.
void Align(Decimal& a, Decimal& b) {
  const int point = std::max(a.point, b.point);
  for (Decimal* d : {&a, &b}) {
    d->digits.insert(0, static_cast<std::size_t>(point - d->point), '0');
    d->point = point;
  }
  const auto size = std::max(a.digits.size(), b.digits.size());
  a.digits.resize(size, '0');
  b.digits.resize(size, '0');
}

}  // namespace

Result<std::string> CanonicalNumber(std::string_view text) {
  // The common case is a short plain integer that is canonical already.
  if (!text.empty() && text.size() <= 18 && text[0] != '0' &&
      std::all_of(text.begin(), text.end(), IsDigit))
    return std::string(text);

  const auto bad = [&] {
    return Error(Code::kInvalid, fmt::format("\"{}\" is not a number", text.substr(0, 60)));
  };
  Decimal d;
  std::size_t i = 0;
  if (i < text.size() && (text[i] == '-' || text[i] == '+')) d.negative = text[i++] == '-';
  const std::size_t start = i;
  while (i < text.size() && IsDigit(text[i])) d.digits.push_back(text[i++]);
  d.point = static_cast<int>(i - start);
  std::size_t count = i - start;
  if (i < text.size() && text[i] == '.') {
    const std::size_t fraction = ++i;
    while (i < text.size() && IsDigit(text[i])) d.digits.push_back(text[i++]);
    count += i - fraction;
  }
  if (count == 0 || count > 1000) return bad();
  if (i < text.size() && (text[i] == 'e' || text[i] == 'E')) {
    ++i;
    const bool down = i < text.size() && text[i] == '-';
    if (i < text.size() && (text[i] == '-' || text[i] == '+')) ++i;
    const std::size_t digits = i;
    int exponent = 0;
    while (i < text.size() && IsDigit(text[i]))
      exponent = std::min(exponent * 10 + (text[i++] - '0'), 100000);
    if (i == digits) return bad();
    d.point += down ? -exponent : exponent;
  }
  if (i != text.size()) return bad();
  Trim(d);
  TRY_OK(CheckRange(d, text));
  return Format(d);
}

std::size_t SignificantDigits(std::string_view canonical) { return Parse(canonical).digits.size(); }

int CompareNumbers(std::string_view x, std::string_view y) {
  const Decimal a = Parse(x), b = Parse(y);
  if (a.negative != b.negative) return a.negative ? -1 : 1;
  const int c = CompareMagnitude(a, b);
  return a.negative ? -c : c;
}

Result<std::string> AddNumbers(std::string_view x, std::string_view y) {
  Decimal a = Parse(x), b = Parse(y);
  if (a.digits.empty()) return std::string(y);
  if (b.digits.empty()) return std::string(x);
  if (CompareMagnitude(a, b) < 0) std::swap(a, b);
  Align(a, b);
  Decimal sum{a.negative, a.digits, a.point};
  const bool subtract = a.negative != b.negative;
  int carry = 0;
  for (std::size_t k = sum.digits.size(); k-- > 0;) {
    int d = (a.digits[k] - '0') + (subtract ? -(b.digits[k] - '0') : b.digits[k] - '0') + carry;
    carry = d < 0 ? -1 : d > 9 ? 1 : 0;
    d -= carry * 10;
    sum.digits[k] = static_cast<char>('0' + d);
  }
  if (carry > 0) {
    sum.digits.insert(sum.digits.begin(), '1');
    ++sum.point;
  }
  Trim(sum);
  TRY_OK(CheckRange(sum, Format(sum)));
  return Format(sum);
}

// Positive: 0x80, exponent + 1000 (2 bytes), one byte a digit + 1, 0x00.  Zero: 0x40.
// Negative: 0x20, then the complement of what the positive number would have.
std::string OrderedNumber(std::string_view canonical) {
  const Decimal d = Parse(canonical);
  if (d.digits.empty()) return std::string(1, '\x40');
  std::string out(1, d.negative ? '\x20' : '\x80');
  const int exponent = d.point + 1000;
  out.push_back(static_cast<char>(exponent >> 8));
  out.push_back(static_cast<char>(exponent & 0xff));
  for (const char c : d.digits) out.push_back(static_cast<char>(c - '0' + 1));
  out.push_back('\0');
  if (d.negative)
    for (std::size_t i = 1; i < out.size(); ++i) out[i] = static_cast<char>(~out[i]);
  return out;
}

Result<std::string> FromOrderedNumber(std::string_view bytes) {
  const auto bad = [] { return Error(Code::kCorrupt, "a stored number key is damaged"); };
  if (bytes == "\x40") return std::string("0");
  if (bytes.size() < 5 || (bytes[0] != '\x20' && bytes[0] != '\x80')) return bad();
  Decimal d;
  d.negative = bytes[0] == '\x20';
  const auto at = [&](std::size_t i) {
    const auto c = static_cast<unsigned char>(bytes[i]);
    return d.negative ? 0xff - c : static_cast<int>(c);
  };
  d.point = (at(1) << 8 | at(2)) - 1000;
  for (std::size_t i = 3; i + 1 < bytes.size(); ++i) {
    if (at(i) < 1 || at(i) > 10) return bad();
    d.digits.push_back(static_cast<char>('0' + at(i) - 1));
  }
  if (at(bytes.size() - 1) != 0) return bad();
  // A zero at either end is damage too: OrderedNumber writes none.
  if (d.digits.front() == '0' || d.digits.back() == '0') return bad();
  if (!CheckRange(d, "").ok()) return bad();
  return Format(d);
}

}  // namespace vams::items
