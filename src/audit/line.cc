#include "audit/line.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <boost/json.hpp>
#include <charconv>
#include <filesystem>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"

namespace vams::audit {

namespace {

constexpr std::size_t kBlock = std::size_t{256} << 10;
constexpr std::size_t kColumns = 6;

bool AreDigits(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= '0' && c <= '9'; });
}

// As "2025-03-01"; whether the month has that many days matters to nobody here.
bool IsDay(std::string_view text) {
  if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
  const auto month = text.substr(5, 2), day = text.substr(8, 2);
  return AreDigits(text.substr(0, 4)) && AreDigits(month) && AreDigits(day) && month >= "01" &&
         month <= "12" && day >= "01" && day <= "31";
}

bool IsTime(std::string_view text) {
  constexpr std::string_view kShape = "0000-00-00T00:00:00.000Z";
  if (text.size() != kShape.size() || !IsDay(text.substr(0, 10))) return false;
  for (std::size_t i = 10; i < kShape.size(); ++i)
    if (kShape[i] == '0' ? !AreDigits(text.substr(i, 1)) : text[i] != kShape[i]) return false;
  return true;
}

// Reads up to `count` bytes at `offset`; fewer only at the end of the file.
Result<std::string> ReadAt(int fd, const files::Path& path, std::uint64_t offset,
                           std::size_t count) {
  std::string bytes(count, '\0');
  std::size_t have = 0;
  while (have < count) {
    const ssize_t n =
        ::pread(fd, bytes.data() + have, count - have, static_cast<off_t>(offset + have));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return files::ErrnoError("read", path, errno);
    if (n == 0) break;
    have += static_cast<std::size_t>(n);
  }
  bytes.resize(have);
  return bytes;
}

}  // namespace

std::string NoDigest() { return std::string(kDigestDigits, '0'); }

std::string DigestOf(std::string_view line) { return HexEncode(Sha256(line)); }

bool IsDigest(std::string_view text) {
  return text.size() == kDigestDigits && std::ranges::all_of(text, [](char c) {
           return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
         });
}

std::optional<std::uint64_t> ParseSequence(std::string_view text) {
  std::uint64_t number = 0;
  const char* end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, number);
  // 18 digits leave room for counting on.
  if (error != std::errc() || stopped != end || text.empty() || text.size() > 18 || text[0] == '0')
    return std::nullopt;
  return number;
}

std::optional<Line> ParseLine(std::string_view text) {
  std::array<std::string_view, kColumns> columns;
  for (std::size_t i = 0; i < kColumns; ++i) {
    const auto tab = text.find('\t');
    if ((tab == text.npos) != (i + 1 == kColumns)) return std::nullopt;
    columns[i] = text.substr(0, tab);
    if (tab != text.npos) text.remove_prefix(tab + 1);
  }
  const auto sequence = ParseSequence(columns[0]);
  if (!sequence || !IsTime(columns[1]) || !IsDigest(columns[2])) return std::nullopt;
  return Line{*sequence, columns[1], columns[2], columns[3], columns[4], columns[5]};
}

std::string_view UserOf(std::string_view text) {
  constexpr std::string_view kMark = "] [user: ";
  const auto begin = text.find(kMark);
  if (begin == text.npos) return {};
  const auto end = text.find(']', begin + kMark.size());
  return text.substr(begin + kMark.size(), end - begin - kMark.size());
}

std::optional<Channel> ChannelOf(std::string_view text) {
  if (!text.starts_with('[')) return std::nullopt;
  return ChannelFromTag(text.substr(1, text.find(']') - 1));
}

std::optional<boost::json::object> OwnPayload(std::string_view text, std::string_view type) {
  std::string start = "[ACTIONS][type: ";
  start += type;
  start += "] [user: ";
  start += kOwnUser;
  start += "] [roles: []] [mfaEnabled: False] ";
  constexpr std::string_view kEnd = " --- [event: {}]";
  if (!text.starts_with(start) || !text.ends_with(kEnd) || text.size() < start.size() + kEnd.size())
    return std::nullopt;
  text = text.substr(start.size(), text.size() - start.size() - kEnd.size());
  boost::system::error_code error;
  auto value = boost::json::parse(text, error);
  if (error || !value.is_object()) return std::nullopt;
  return std::move(value.as_object());
}

std::string DayFile(std::string_view day) {
  std::string path(day.substr(0, 10));
  std::ranges::replace(path, '-', '/');
  return path + ".log";
}

std::optional<std::string> DayOf(std::string_view relative) {
  if (!relative.ends_with(".log")) return std::nullopt;
  std::string day(relative.substr(0, relative.size() - 4));
  if (day.find('-') != day.npos) return std::nullopt;
  std::ranges::replace(day, '/', '-');
  return IsDay(day) ? std::optional(day) : std::nullopt;
}

Result<DayFiles> ListDays(const files::Path& folder) {
  DayFiles found;
  std::error_code error;
  if (!std::filesystem::exists(folder, error)) return found;
  const std::string prefix = folder.string() + "/";
  std::filesystem::recursive_directory_iterator entries(folder, error), end;
  for (; !error && entries != end; entries.increment(error)) {
    std::error_code ignored;
    const std::string relative = entries->path().string().substr(prefix.size());
    const bool is_folder = entries->is_directory(ignored) && !entries->is_symlink(ignored);
    if (is_folder) {
      if (relative == "torn") entries.disable_recursion_pending();
      continue;
    }
    if (relative == "head" || relative == "lock") continue;
    auto day = DayOf(relative);
    if (day)
      found.days.push_back(*std::move(day));
    else
      found.strays.push_back(relative);
  }
  if (error) return files::ErrnoError("list", folder, error.value());
  std::ranges::sort(found.days);
  std::ranges::sort(found.strays);
  return found;
}

Result<LineReader> LineReader::Open(const files::Path& path, std::uint64_t offset) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  return LineReader(path, fd, offset);
}

LineReader::~LineReader() {
  if (fd_ >= 0) ::close(fd_);
}

LineReader::LineReader(LineReader&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      offset_(other.offset_),
      read_(other.read_),
      buffer_(std::move(other.buffer_)),
      used_(other.used_),
      searched_(other.searched_) {}

Result<std::optional<std::string_view>> LineReader::Next() {
  for (;;) {
    if (const auto end = buffer_.find('\n', std::max(used_, searched_)); end != buffer_.npos) {
      const auto line = std::string_view(buffer_).substr(used_, end - used_);
      used_ = searched_ = end + 1;
      offset_ += line.size() + 1;
      return std::optional(line);
    }
    buffer_.erase(0, used_);
    used_ = 0;
    searched_ = buffer_.size();
    TRY(const auto more, ReadAt(fd_, path_, read_, kBlock));
    if (more.empty()) return std::optional<std::string_view>();
    read_ += more.size();
    buffer_ += more;
  }
}

Result<Tail> ReadTail(const files::Path& path) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  struct stat info {};
  if (::fstat(fd, &info) != 0) {
    const int error = errno;
    ::close(fd);
    return files::ErrnoError("read", path, error);
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  // Twice as much each time, until two line ends are in it or the file begins.
  for (std::uint64_t count = std::min<std::uint64_t>(kBlock, size);;
       count = std::min(count * 2, size)) {
    auto bytes = ReadAt(fd, path, size - count, count);
    if (!bytes.ok() || bytes->size() != count) {
      ::close(fd);
      if (!bytes.ok()) return std::move(bytes).error();
      return Error(Code::kUnavailable, path.string() + " became shorter while it was read");
    }
    const auto last = bytes->rfind('\n');
    const auto before =
        last == 0 || last == bytes->npos ? bytes->npos : bytes->rfind('\n', last - 1);
    if (before == bytes->npos && count < size) continue;
    ::close(fd);
    Tail tail;
    const std::size_t begin = before == bytes->npos ? 0 : before + 1;
    if (last != bytes->npos) tail.last_line = bytes->substr(begin, last - begin);
    tail.torn = bytes->substr(last == bytes->npos ? 0 : last + 1);
    tail.size = size - tail.torn.size();
    return tail;
  }
}

Status ForEachLine(const files::Path& folder, std::string_view since,
                   const std::function<bool(std::string_view, const Line&)>& see) {
  TRY(const auto files, ListDays(folder));
  // A clock that was set back leaves lines of an earlier day in a later file, never the reverse.
  for (const auto& day : files.days) {
    if (!since.empty() && day < since.substr(0, 10)) continue;
    TRY(auto reader, LineReader::Open(folder / DayFile(day)));
    for (;;) {
      TRY(const auto text, reader.Next());
      if (!text) break;
      const auto line = ParseLine(*text);
      if (!line || (!since.empty() && line->time < since)) continue;
      if (!see(*text, *line)) return Ok();
    }
  }
  return Ok();
}

}  // namespace vams::audit
