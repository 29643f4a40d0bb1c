// Letters and digits of ASCII; other bytes (UTF-8 among them) stay as they are.  Unlike <cctype>
// these do not ask the locale.
//
// Pure functions.
#pragma once

#include <string>
#include <string_view>

namespace vams {

constexpr bool IsDigit(char c) { return c >= '0' && c <= '9'; }
constexpr bool IsUpper(char c) { return c >= 'A' && c <= 'Z'; }
constexpr bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
constexpr char LowerChar(char c) { return IsUpper(c) ? static_cast<char>(c - 'A' + 'a') : c; }

inline std::string Lower(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) c = LowerChar(c);
  return lower;
}

}  // namespace vams
