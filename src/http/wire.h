// The text of HTTP/1.1 that is ours to write and split: heads of answers, dates, targets.
// Private to the module.  Pure; thread-safe but for DateText and RequestIds.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/random.h"
#include "http/message.h"

namespace vams::http {

// HttpDate of now, made once a second.  One thread.
class DateText {
 public:
  const std::string& Now(const Clock& clock);

 private:
  std::int64_t second_ = -1;
  std::string text_;
};

// 32 hexadecimal digits, unique among all ids of this and, as surely as 64 random bits are, of any
// other process.  They follow from one another: names, not secrets.  One thread.
class RequestIds {
 public:
  explicit RequestIds(Random& random);
  std::string Next();

 private:
  std::string prefix_;
  std::uint64_t next_;
};

// Path and query of a target in origin form or absolute form (RFC 9112 section 3.2).
std::pair<std::string_view, std::string_view> SplitTarget(std::string_view target);

// What a client that waits for it sends its body upon.
inline constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

// 1xx, 204 and 304 have none (RFC 9110 section 6.4.1).
bool MayHaveBody(int status);

// False if the status is not a final one, or a header field holds a line break or another control
// character: whoever chose that value could write headers or bodies of their own.
bool CanBeSent(const Response& response);
bool CanBeSent(const Headers& headers);

enum class Persistence : std::uint8_t { kClose, kKeepAlive, kKeepAliveHttp10 };
// How the client finds the end of the body: there is none, after `length` bytes, by chunks, or at
// the end of the connection (RFC 9112 section 6.3).
enum class Framing : std::uint8_t { kNone, kLength, kChunked, kUntilClose };

// What the server adds to a handler's head.
struct HeadFrame {
  Persistence persistence = Persistence::kClose;
  Framing framing = Framing::kNone;
  std::uint64_t length = 0;  // kLength only
  std::string_view request_id;
  std::string_view date;
  const Headers& common;  // for every answer, unless its handler set the same field
};

// Appends status line and header fields with the empty line after them.  The fields that frame the
// message or identify it are the server's: what a handler says of them is left out.
void AppendHead(std::string& out, const Response& response, const HeadFrame& frame);

}  // namespace vams::http
