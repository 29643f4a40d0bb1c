#include "http/range.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <limits>
#include <optional>

#include "http/field_text.h"
#include "http/message.h"

namespace vams::http {

namespace {

using Kind = RangeRequest::Kind;

// A position too large for the type is larger than any body, too.
std::optional<std::uint64_t> ParsePosition(std::string_view text) {
  if (text.empty() || !std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; }))
    return std::nullopt;
  std::uint64_t value = 0;
  const auto parsed = std::from_chars(text.data(), text.data() + text.size(), value);
  if (parsed.ec == std::errc::result_out_of_range) return std::numeric_limits<std::uint64_t>::max();
  return value;
}

RangeRequest ParseOne(std::string_view text, std::uint64_t size) {
  const auto dash = text.find('-');
  if (dash == std::string_view::npos) return {};
  const std::string_view before = text.substr(0, dash);
  const std::string_view after = text.substr(dash + 1);
  if (before.empty()) {
    const auto suffix = ParsePosition(after);
    if (!suffix) return {};
    if (*suffix == 0) return {.kind = Kind::kUnsatisfiable};
    // The end of an empty body is the body, and Content-Range could not express it.
    if (size == 0) return {};
    const std::uint64_t length = std::min(*suffix, size);
    return {.kind = Kind::kPart, .first = size - length, .length = length};
  }
  const auto first = ParsePosition(before);
  const auto last =
      after.empty() ? std::numeric_limits<std::uint64_t>::max() : ParsePosition(after);
  if (!first || !last || *last < *first) return {};
  if (*first >= size) return {.kind = Kind::kUnsatisfiable};
  return {.kind = Kind::kPart, .first = *first, .length = std::min(*last, size - 1) - *first + 1};
}

}  // namespace

RangeRequest ParseRange(std::string_view field, std::uint64_t size) {
  const auto equals = field.find('=');
  if (equals == std::string_view::npos) return {};
  if (!EqualsIgnoreCase(TrimField(field.substr(0, equals)), "bytes")) return {};
  std::string_view rest = field.substr(equals + 1);
  std::optional<std::string_view> only;
  while (!rest.empty()) {
    const std::string_view element = NextFieldPart(rest, ',');
    if (element.empty()) continue;
    if (only) return {.kind = Kind::kSeveral};
    only = element;
  }
  return only ? ParseOne(*only, size) : RangeRequest();
}

std::string ContentRange(const RangeRequest& part, std::uint64_t size) {
  return fmt::format("bytes {}-{}/{}", part.first, part.first + part.length - 1, size);
}

std::string ContentRangeOfNone(std::uint64_t size) { return fmt::format("bytes */{}", size); }

}  // namespace vams::http
