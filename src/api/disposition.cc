#include "api/disposition.h"

#include <fmt/format.h>

namespace vams::api {

namespace {

constexpr std::size_t kLongestName = 255;

// What RFC 8187 lets stand in an extended value.
bool IsPlain(unsigned char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return c != 0 && std::string_view("!#$&+-.^_`|~").find(static_cast<char>(c)) != std::string::npos;
}

// Inside quotes without an escape, which readers of this field take differently; a percent sign
// some of them decode.
bool IsSafeInQuotes(unsigned char c) {
  return c >= 0x20 && c < 0x7F && c != '"' && c != '\\' && c != '%';
}

}  // namespace

std::string DispositionOf(std::string_view type, std::string_view key) {
  const std::string_view name = key.substr(key.rfind('/') + 1);  // npos + 1 is 0
  if (name.empty() || name.size() > kLongestName) return std::string(type);
  std::string quoted, extended;
  bool whole = true;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    const bool safe = IsSafeInQuotes(byte);
    whole = whole && safe;
    // One mark for a character, not for each of its bytes.
    if (safe)
      quoted += c;
    else if ((byte & 0xC0U) != 0x80U)
      quoted += '_';
    if (IsPlain(byte))
      extended += c;
    else
      extended += fmt::format("%{:02X}", byte);
  }
  std::string field = fmt::format("{}; filename=\"{}\"", type, quoted);
  if (!whole) field += "; filename*=UTF-8''" + extended;
  return field;
}

}  // namespace vams::api
