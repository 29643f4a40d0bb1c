// Times as S3 writes them.  Internal to objects.  Pure.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace vams::objects {

// "2024-05-14T11:14:20.608Z", "2024-05-14T11:14:20+02:00": milliseconds since 1970.  Nothing for
// what is no such time.  More than three digits of a second's fraction are cut off.
std::optional<std::int64_t> ParseIsoTime(std::string_view text);

}  // namespace vams::objects
