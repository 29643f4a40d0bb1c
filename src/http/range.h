// The Range field: which part of a body of known length is asked for.
// For conditional.h, which most callers want, and for handlers with bodies of their own.
//
// Thread-safe (no shared state).  Nothing here blocks.  RFC 9110 sections 14.1 and 14.2.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vams::http {

struct RangeRequest {
  enum class Kind : std::uint8_t {
    kWhole,          // no range in a form this server knows: send everything
    kPart,           // `first` and `length`
    kUnsatisfiable,  // 416: it begins behind the end
    kSeveral,        // 416: several ranges, which this server does not send
  };
  Kind kind = Kind::kWhole;
  std::uint64_t first = 0;
  std::uint64_t length = 0;  // at least 1 in a part
};

// `field` is the value of Range, such as "bytes=0-499" or "bytes=-500".
RangeRequest ParseRange(std::string_view field, std::uint64_t size);

// Values of Content-Range: "bytes 0-499/1234" and "bytes */1234".
std::string ContentRange(const RangeRequest& part, std::uint64_t size);
std::string ContentRangeOfNone(std::uint64_t size);

}  // namespace vams::http
