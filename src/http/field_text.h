// Splitting of header field values into list elements and parameters (RFC 9110 section 5.6).
// Private to the module.  Pure; thread-safe.
#pragma once

#include <string_view>

namespace vams::http {

inline std::string_view TrimField(std::string_view text) {
  const auto first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

// The trimmed text up to the next `separator`; both are taken off `rest`.
inline std::string_view NextFieldPart(std::string_view& rest, char separator) {
  const auto end = rest.find(separator);
  const std::string_view part = rest.substr(0, end);
  rest = end == std::string_view::npos ? std::string_view() : rest.substr(end + 1);
  return TrimField(part);
}

}  // namespace vams::http
