// Conditional requests and parts of bodies: If-Match, If-None-Match, If-Modified-Since,
// If-Unmodified-Since, If-Range and Range, in the order of RFC 9110 section 13.2.2.  For static
// files and for handlers that answer with objects.
//
// Thread-safe (no shared state).  Nothing here blocks.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace vams::http {

// What the client may compare with.
struct Validators {
  std::string_view etag;                      // with its quotes, W/ in front if weak; or empty
  std::optional<std::int64_t> last_modified;  // seconds since 1970-01-01 UTC
  bool exists = true;  // false: the request is about to create the thing; `*` then matches nothing
};

enum class Conditions : std::uint8_t {
  kGoOn,
  kNotModified,  // 304
  kFailed,       // 412: nothing may be changed or sent
};

// The four conditions on the whole request.  A date that cannot be read is ignored.
Conditions CheckConditions(const Request& request, const Validators& validators);

// Whether Range counts: there is no If-Range, or it names exactly this form (strong comparison of
// tags; the same date).
bool IfRangeHolds(const Request& request, const Validators& validators);

// Turns the whole answer to a GET or HEAD (status 200, ETag and Last-Modified set by the handler)
// into 304, 412, 416 or 206 where the request asks for it; otherwise it stays as it is.  Takes
// parts of `body`, of `file`, and of a stream of known length that gives parts; other streams are
// sent whole.  The members that are not
// of the answer's text, such as `caller`, are kept.  Call it before the answer is compressed.
void ApplyConditionsAndRange(const Request& request, Response& full);

// The tag of the gzip form of what `tag` names: "abc" is "abc-gzip".  A weak tag stays itself.
std::string TagOfGzip(std::string_view tag);

// IMF-fixdate (RFC 9110 section 5.6.7): "Sun, 06 Nov 1994 08:49:37 GMT".
std::string HttpDate(std::int64_t millis_since_epoch);
// Seconds since 1970-01-01 UTC of any of the three forms of RFC 9110 section 5.6.7.
std::optional<std::int64_t> ParseHttpDate(std::string_view text);

}  // namespace vams::http
