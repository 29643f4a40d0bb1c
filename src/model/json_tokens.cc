#include "model/json_tokens.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <limits>

#include "base/ascii.h"
#include "model/names.h"

namespace vams::model {

namespace {

// -1 for what is no hexadecimal digit.
int HexDigit(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// Of four digits that were checked.
char32_t HexUnit(std::string_view digits) {
  char32_t unit = 0;
  for (const char c : digits.substr(0, 4)) unit = unit * 16 + static_cast<char32_t>(HexDigit(c));
  return unit;
}

// Surrogates are written like every other code point.
void AppendCodePoint(std::string& out, char32_t c) {
  const auto tail = [&](int shift) {
    out.push_back(static_cast<char>(0x80U | ((c >> shift) & 0x3FU)));
  };
  if (c < 0x80) {
    out.push_back(static_cast<char>(c));
  } else if (c < 0x800) {
    out.push_back(static_cast<char>(0xC0U | (c >> 6)));
    tail(0);
  } else if (c < 0x1'0000) {
    out.push_back(static_cast<char>(0xE0U | (c >> 12)));
    tail(6);
    tail(0);
  } else {
    out.push_back(static_cast<char>(0xF0U | (c >> 18)));
    tail(12);
    tail(6);
    tail(0);
  }
}

char SingleEscape(char c) {
  switch (c) {
    case 'b':
      return '\b';
    case 'f':
      return '\f';
    case 'n':
      return '\n';
    case 'r':
      return '\r';
    case 't':
      return '\t';
    default:
      return c;  // a quote, a slash, a backslash
  }
}

// Whether a number too large or too small for a double is the latter: the power of ten of its first
// digit that is no zero tells.
bool IsTiny(std::string_view raw) {
  const std::size_t e = raw.find_first_of("eE");
  const std::string_view digits = raw.substr(0, e);
  std::int64_t power = 0;
  if (e != raw.npos) {
    std::string_view text = raw.substr(e + 1);
    if (text.starts_with('+')) text.remove_prefix(1);
    if (std::from_chars(text.data(), text.data() + text.size(), power).ec != std::errc())
      return text.starts_with('-');
  }
  const std::size_t point = std::min(digits.find('.'), digits.size());
  const std::size_t first = digits.find_first_of("123456789");
  if (first == digits.npos) return true;
  const auto place = static_cast<std::int64_t>(point) - static_cast<std::int64_t>(first);
  // The exponent of a text of less than a gigabyte fits many times over.
  return power < -place;
}

}  // namespace

double JsonNumber(std::string_view raw) {
  double number = 0;
  if (std::from_chars(raw.data(), raw.data() + raw.size(), number).ec == std::errc()) return number;
  const double sign = raw.starts_with('-') ? -1 : 1;
  return sign * (IsTiny(raw) ? 0.0 : std::numeric_limits<double>::infinity());
}

std::string JsonTokens::Problem() const {
  return fmt::format("not JSON: {} at character {}", problem_, Length(text_.substr(0, at_)) + 1);
}

JsonToken JsonTokens::Fail(const char* what) {
  problem_ = what;
  failed_ = true;
  return JsonToken::kBad;
}

void JsonTokens::SkipBlanks() {
  while (at_ < text_.size() &&
         (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\n' || text_[at_] == '\r'))
    ++at_;
}

JsonToken JsonTokens::Next() {
  if (failed_) return JsonToken::kBad;
  SkipBlanks();
  if (depth_ == 0 && expect_ == Expect::kCommaOrEnd)
    return at_ == text_.size() ? JsonToken::kEnd : Fail("there is more after the value");
  if (at_ == text_.size()) return Fail("the text ends too early");
  if (expect_ == Expect::kCommaOrEnd) {
    if (text_[at_] == '}' || text_[at_] == ']') return Close(text_[at_]);
    if (text_[at_] != ',') return Fail("a comma is missing");
    ++at_;
    SkipBlanks();
    expect_ = objects_[depth_ - 1] ? Expect::kKey : Expect::kValue;
  } else if (expect_ == Expect::kColon) {
    if (text_[at_] != ':') return Fail("a colon is missing");
    ++at_;
    SkipBlanks();
    expect_ = Expect::kValue;
  }
  if (at_ == text_.size()) return Fail("the text ends too early");
  const char first = text_[at_];
  if (expect_ == Expect::kKeyOrEnd || expect_ == Expect::kKey) {
    if (first == '}' && expect_ == Expect::kKeyOrEnd) return Close(first);
    if (first != '"') return Fail("a member's name in double quotes is missing");
    return String(JsonToken::kKey);
  }
  if (first == ']' && expect_ == Expect::kValueOrEnd) return Close(first);
  return Value(first);
}

JsonToken JsonTokens::AfterValue(JsonToken token) {
  expect_ = Expect::kCommaOrEnd;
  return token;
}

JsonToken JsonTokens::Value(char first) {
  switch (first) {
    case '{':
      return Open(true);
    case '[':
      return Open(false);
    case '"':
      return String(JsonToken::kString);
    case 't':
      return Literal("true", JsonToken::kTrue);
    case 'f':
      return Literal("false", JsonToken::kFalse);
    case 'n':
      return Literal("null", JsonToken::kNull);
    case 'N':
      return Literal("NaN", JsonToken::kNonFinite);
    case 'I':
      return Literal("Infinity", JsonToken::kNonFinite);
    default:
      break;
  }
  if (text_.substr(at_).starts_with("-I")) return Literal("-Infinity", JsonToken::kNonFinite);
  if (first == '-' || IsDigit(first)) return Number();
  return Fail("a value is missing");
}

JsonToken JsonTokens::Open(bool object) {
  if (depth_ == kDeepest) return Fail("more levels of objects and arrays than are read");
  objects_[depth_++] = object;
  ++at_;
  expect_ = object ? Expect::kKeyOrEnd : Expect::kValueOrEnd;
  return object ? JsonToken::kBeginObject : JsonToken::kBeginArray;
}

JsonToken JsonTokens::Close(char bracket) {
  const bool object = objects_[depth_ - 1];
  if ((bracket == '}') != object) return Fail("the wrong bracket");
  --depth_;
  ++at_;
  return AfterValue(object ? JsonToken::kEndObject : JsonToken::kEndArray);
}

JsonToken JsonTokens::Literal(std::string_view word, JsonToken token) {
  if (!text_.substr(at_).starts_with(word)) return Fail("an unknown word");
  raw_ = text_.substr(at_, word.size());
  at_ += word.size();
  return AfterValue(token);
}

JsonToken JsonTokens::Number() {
  const std::size_t begin = at_;
  const auto digits = [&] {
    const std::size_t first = at_;
    while (at_ < text_.size() && IsDigit(text_[at_])) ++at_;
    return at_ - first;
  };
  const auto next_is = [&](char c) { return at_ < text_.size() && text_[at_] == c; };
  if (next_is('-')) ++at_;
  const bool zero = next_is('0');
  const std::size_t whole = digits();
  if (whole == 0 || (zero && whole > 1)) return Fail("a malformed number");
  if (next_is('.')) {
    ++at_;
    if (digits() == 0) return Fail("a malformed number");
  }
  if (next_is('e') || next_is('E')) {
    ++at_;
    if (next_is('+') || next_is('-')) ++at_;
    if (digits() == 0) return Fail("a malformed number");
  }
  raw_ = text_.substr(begin, at_ - begin);
  return AfterValue(JsonToken::kNumber);
}

JsonToken JsonTokens::String(JsonToken token) {
  const std::size_t begin = ++at_;
  escaped_ = false;
  for (;;) {
    if (at_ == text_.size()) return Fail("a text without its closing quote");
    const char c = text_[at_];
    if (c == '"') break;
    if (static_cast<unsigned char>(c) < 0x20) return Fail("a control character in a text");
    if (c == '\\') {
      escaped_ = true;
      if (!Escape()) return Fail("an unknown escape");
    } else {
      ++at_;
    }
  }
  raw_ = text_.substr(begin, at_++ - begin);
  if (token != JsonToken::kKey) return AfterValue(token);
  expect_ = Expect::kColon;
  return token;
}

// Behind the whole escape; false, and in front of it, for what is none.
bool JsonTokens::Escape() {
  const std::string_view rest = text_.substr(at_ + 1);
  if (rest.empty()) return false;
  if (rest.front() != 'u') {
    at_ += 2;
    return std::string_view("\"\\/bfnrt").find(rest.front()) != std::string_view::npos;
  }
  if (rest.size() < 5 ||
      !std::ranges::all_of(rest.substr(1, 4), [](char c) { return HexDigit(c) >= 0; }))
    return false;
  at_ += 6;
  return true;
}

std::string JsonTokens::Unescaped() const {
  std::string out;
  out.reserve(raw_.size());
  for (std::size_t i = 0; i < raw_.size(); ++i) {
    if (raw_[i] != '\\') {
      out.push_back(raw_[i]);
      continue;
    }
    if (raw_[++i] != 'u') {
      out.push_back(SingleEscape(raw_[i]));
      continue;
    }
    char32_t c = HexUnit(raw_.substr(i + 1));
    i += 4;
    if (c >= 0xD800 && c < 0xDC00 && raw_.substr(i + 1).starts_with("\\u")) {
      const char32_t low = HexUnit(raw_.substr(i + 3));
      if (low >= 0xDC00 && low < 0xE000) {
        c = 0x1'0000 + ((c - 0xD800) << 10) + (low - 0xDC00);
        i += 6;
      }
    }
    AppendCodePoint(out, c);
  }
  return out;
}

bool JsonTokens::Is(std::string_view plain) const {
  return escaped_ ? Unescaped() == plain : raw_ == plain;
}

}  // namespace vams::model
