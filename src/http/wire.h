// The text of HTTP/1.1 that is ours to write and split: heads of answers, dates, targets.
// Private to the module.  Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "http/message.h"

namespace vams::http {

// IMF-fixdate (RFC 9110 section 5.6.7).
std::string HttpDate(std::int64_t millis_since_epoch);

// Path and query of a target in origin form or absolute form (RFC 9112 section 3.2).
std::pair<std::string_view, std::string_view> SplitTarget(std::string_view target);

// 1xx, 204 and 304 have none (RFC 9110 section 6.4.1).
bool MayHaveBody(int status);

// False if the status is not a final one, or a header field holds a line break or another control
// character: whoever chose that value could write headers or bodies of their own.
bool CanBeSent(const Response& response);

enum class Persistence : std::uint8_t { kClose, kKeepAlive, kKeepAliveHttp10 };

// Status line and header fields with the empty line after them.  The fields that frame the message
// or identify it are the server's: what a handler says of them is left out.
std::string HeadText(const Response& response, Persistence persistence, std::string_view request_id,
                     std::int64_t now_millis);

}  // namespace vams::http
