#include "migrate/journal.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/json.h"

namespace vams::migrate {

namespace json = boost::json;

namespace {

constexpr std::size_t kMaxJournal = std::size_t{256} << 20;

struct Parsed {
  std::vector<json::object> entries;
  std::size_t good_bytes = 0;  // up to the end of the last whole line
};

Result<Parsed> Parse(const files::Path& path, std::string_view text) {
  Parsed parsed;
  for (std::size_t line = 1; parsed.good_bytes < text.size(); ++line) {
    const std::size_t end = text.find('\n', parsed.good_bytes);
    if (end == std::string_view::npos) break;  // cut off by a crash
    boost::system::error_code ec;
    json::value value = json::parse(text.substr(parsed.good_bytes, end - parsed.good_bytes), ec);
    if (ec || !value.is_object())
      return Error(Code::kCorrupt,
                   fmt::format("{} is damaged: line {} is no JSON object; what it tells of cannot "
                               "go on; cancel it and start again",
                               path.string(), line));
    parsed.entries.push_back(std::move(value.as_object()));
    parsed.good_bytes = end + 1;
  }
  return parsed;
}

}  // namespace

std::optional<Stage> StageOf(const std::vector<json::object>& entries) {
  for (auto entry = entries.rbegin(); entry != entries.rend(); ++entry)
    if (TextOf(*entry, "event") == "stage") {
      const auto stage = StageFrom(TextOf(*entry, "stage"));
      if (stage.ok()) return *stage;
    }
  return std::nullopt;
}

Result<std::vector<json::object>> Journal::Read(const files::Path& path) {
  auto text = files::ReadAll(path, kMaxJournal);
  if (!text.ok() && text.error().code == Code::kNotFound) return std::vector<json::object>();
  if (!text.ok()) return std::move(text).error();
  TRY(auto parsed, Parse(path, *text));
  return std::move(parsed.entries);
}

Result<Journal> Journal::Open(const files::Path& path, const Clock& clock) {
  auto text = files::ReadAll(path, kMaxJournal);
  if (!text.ok() && text.error().code != Code::kNotFound) return std::move(text).error();
  Parsed parsed;
  if (text.ok()) {
    TRY(parsed, Parse(path, *text));
  }
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  Journal journal(path, fd, clock);
  if (text.ok() && parsed.good_bytes < text->size() &&
      ::ftruncate(fd, static_cast<off_t>(parsed.good_bytes)) != 0)
    return files::ErrnoError("repair", path, errno);
  if (!text.ok()) TRY_OK(files::SyncFolder(path.parent_path()));
  journal.stage_ = StageOf(parsed.entries);
  journal.entries_ = std::move(parsed.entries);
  journal.bytes_ = parsed.good_bytes;
  return journal;
}

Journal::~Journal() {
  if (fd_ >= 0) ::close(fd_);
}

Journal::Journal(Journal&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      bytes_(other.bytes_),
      clock_(other.clock_),
      entries_(std::move(other.entries_)),
      stage_(other.stage_) {}

namespace {
json::object LineOf(const Clock& clock, std::string_view event, json::object entry) {
  json::object line{{"at", IsoMillis(clock.NowMillis())}, {"event", event}};
  for (auto& member : entry) line[member.key()] = std::move(member.value());
  return line;
}
}  // namespace

Status Journal::Write(std::string_view line, bool durably) {
  if (::write(fd_, line.data(), line.size()) != static_cast<ssize_t>(line.size()) ||
      (durably && ::fdatasync(fd_) != 0)) {
    const int error = errno == 0 ? ENOSPC : errno;
    // What follows must not be appended to half a line.
    (void)!::ftruncate(fd_, static_cast<off_t>(bytes_));
    return files::ErrnoError("write", path_, error);
  }
  bytes_ += line.size();
  return Ok();
}

Status Journal::Append(std::string_view event, json::object entry) {
  json::object line = LineOf(*clock_, event, std::move(entry));
  TRY_OK(Write(json::serialize(line) + "\n", true));
  entries_.push_back(std::move(line));
  return Ok();
}

Status Journal::Tell(std::string_view event, json::object entry) {
  return Write(json::serialize(LineOf(*clock_, event, std::move(entry))) + "\n", false);
}

Status Journal::MoveTo(Stage stage) {
  if (stage_ && !MayMove(*stage_, stage))
    return Error(Code::kConflict, fmt::format("a migration that is {} cannot become {}; nothing "
                                              "was changed",
                                              NameOf(*stage_), NameOf(stage)));
  TRY_OK(Append("stage", {{"stage", NameOf(stage)}}));
  stage_ = stage;
  return Ok();
}

const json::object* Journal::Last(std::string_view event, std::string_view leg,
                                  std::string_view phase) const {
  for (auto entry = entries_.rbegin(); entry != entries_.rend(); ++entry)
    if (TextOf(*entry, "event") == event && (leg.empty() || TextOf(*entry, "leg") == leg) &&
        (phase.empty() || TextOf(*entry, "phase") == phase))
      return &*entry;
  return nullptr;
}

}  // namespace vams::migrate
