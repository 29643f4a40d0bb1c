// The lines of the log and its day files: docs/formats/audit-log.md.  Inside this module and for
// `vams audit show`.
//
// Thread rule: a LineReader belongs to one thread; the rest has no state.  Blocks on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/event.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::audit {

inline constexpr std::size_t kDigestDigits = 64;
// What the first line of a log carries as the digest of the line before.
std::string NoDigest();
// SHA-256 of a line without its end, hexadecimal.
std::string DigestOf(std::string_view line);
bool IsDigest(std::string_view text);

// The columns of a line.
struct Line {
  std::uint64_t sequence = 0;
  std::string_view time;
  std::string_view before;  // digest
  std::string_view request_id;
  std::string_view text;
  std::string_view reason;
};

// Nothing if the text is not exactly six columns, the first three well-formed.
std::optional<Line> ParseLine(std::string_view text);
// Decimal without leading zeros, greater than 0.
std::optional<std::uint64_t> ParseSequence(std::string_view text);

// "[user: x]" of a record, still escaped; empty if there is none.
std::string_view UserOf(std::string_view text);
std::optional<Channel> ChannelOf(std::string_view text);
// The payload of a line about the log itself (type `type`); nothing for all others.
std::optional<boost::json::object> OwnPayload(std::string_view text, std::string_view type);

inline constexpr std::string_view kOwnUser = "SYSTEM_AUDIT_LOG";
inline constexpr std::string_view kResumed = "auditLogResumed";
inline constexpr std::string_view kLost = "auditEventsLost";
inline constexpr std::string_view kDaysRemoved = "auditDaysRemoved";

// "2025-03-01" of the time 2025-03-01T…; "2025/03/01.log" and back.
std::string DayFile(std::string_view day);
std::optional<std::string> DayOf(std::string_view relative);

struct DayFiles {
  std::vector<std::string> days;    // "2025-03-01", oldest first
  std::vector<std::string> strays;  // relative paths of what does not belong there
};
// Empty if there is no folder.
Result<DayFiles> ListDays(const files::Path& folder);

// Reads whole lines of a file, from an offset on; what is appended meanwhile is found by going on.
class LineReader {
 public:
  static Result<LineReader> Open(const files::Path& path, std::uint64_t offset = 0);
  ~LineReader();
  LineReader(LineReader&& other) noexcept;
  LineReader& operator=(LineReader&&) = delete;

  // The next line without its end, valid until the next call; nothing at the end of what is there.
  Result<std::optional<std::string_view>> Next();
  // Behind the last line returned.
  std::uint64_t offset() const { return offset_; }
  // What stands behind it, which is no line (yet).
  std::string_view rest() const { return std::string_view(buffer_).substr(used_); }

 private:
  LineReader(files::Path path, int fd, std::uint64_t offset)
      : path_(std::move(path)), fd_(fd), offset_(offset), read_(offset) {}

  files::Path path_;
  int fd_ = -1;
  std::uint64_t offset_ = 0;
  std::uint64_t read_ = 0;  // of the file
  std::string buffer_;
  std::size_t used_ = 0;
  std::size_t searched_ = 0;  // of the buffer: no line ends before
};

struct Tail {
  std::uint64_t size = 0;  // of the file up to the end of its last line
  std::string last_line;   // empty if there is none
  std::string torn;        // what stands behind it
};
Result<Tail> ReadTail(const files::Path& path);

// Calls `see` for every line that can be read, oldest first, beginning with the file of `since`
// ("2025-03-01…", or empty), until it returns false.  Lines that are none are left out.
Status ForEachLine(const files::Path& folder, std::string_view since,
                   const std::function<bool(std::string_view whole, const Line&)>& see);

}  // namespace vams::audit
