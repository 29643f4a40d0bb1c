// Dates and times as documents hold them and as filters name them.
// Thread rule: pure functions.  Nothing blocks.  Spec: search.md sections 4.3, 5.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vams::search {

// From the first to the last millisecond since 1970 that a text stands for.
struct Instants {
  std::int64_t first = 0;
  std::int64_t last = 0;

  bool operator==(const Instants&) const = default;
};

// "2024", "2024-05", "2024-05-01", "2024-05-01T10", "…T10:00", "…:00", "….123456", each of those
// with a time optionally followed by Z or +02:00, else in UTC; or milliseconds since 1970, in five
// and more digits.  A blank may stand for the T.
std::optional<Instants> ParseInstants(std::string_view text);

// The same, and "now", "now-7d", "now+1M" relative to `now` (units s m h H d w M y; a month counts
// as 30 days, a year as 365), at most eight parts.
std::optional<Instants> ParseInstants(std::string_view text, std::int64_t now);

}  // namespace vams::search
