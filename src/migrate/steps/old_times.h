// The forms of time in old data: ISO 8601 as upstream's releases print it, and the long form of
// 2.1 ("March 09 2025 - 10:00:00").  For migration steps.  Spec: data-model.md section 1, "Dates".
//
// Pure functions; thread-safe; no I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace vams::migrate {

// "2025-03-01T10:00:00.123000" and `zone` behind it; without a fraction on a full second.
std::string IsoTime(std::int64_t millis, std::string_view zone = {});

// "March 09 2025 - 10:00:00" as "2025-03-09T10:00:00"; nothing for what is no such time.
std::optional<std::string> IsoFromLongDate(std::string_view text);

// The way back; a fraction of a second is cut off.  Nothing for what is no ISO time, or one of
// another zone than UTC.
std::optional<std::string> LongDateFromIso(std::string_view text);

// Seconds since 1970 as a canonical number ("1741600000.25") of an ISO time with or without zone.
std::optional<std::string> EpochSecondsFromIso(std::string_view text);

}  // namespace vams::migrate
