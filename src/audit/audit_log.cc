#include "audit/audit_log.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <condition_variable>
#include <exception>
#include <limits>
#include <mutex>
#include <optional>
#include <stop_token>
#include <thread>
#include <utility>

#include "audit/allowed_counts.h"
#include "audit/head.h"
#include "audit/line.h"
#include "audit/mask.h"
#include "base/fault_point.h"
#include "base/file_descriptor.h"
#include "base/log.h"

namespace vams::audit {

namespace json = boost::json;

namespace {

constexpr std::size_t kLongestRequestId = 128;
constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kDay = 24 * 60 * kMinute;

std::string RequestIdColumn(std::string_view id) {
  if (id.empty()) return "-";
  std::string out(id.substr(0, kLongestRequestId));
  for (char& c : out) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       c == '.' || c == '_' || c == ':' || c == '-';
    if (!plain) c = '_';
  }
  return out;
}

std::string ReasonColumn(std::string_view reason) {
  if (reason.empty()) return "-";
  std::string out;
  AppendJsonText(out, MaskText(reason));
  return out;
}

// A record about the log itself.  Its members are our own: nothing to mask, and masking would not
// leave verification what it needs.
std::string OwnText(std::string_view type, const json::object& payload) {
  return fmt::format(
      "[ACTIONS][type: {}] [user: {}] [roles: []] [mfaEnabled: False] {} --- "
      "[event: {{}}]",
      type, kOwnUser, json::serialize(payload));
}

json::value HeadJson(const Head& head) {
  if (head.presence == Head::Presence::kAbsent) return "absent";
  if (head.presence == Head::Presence::kDamaged) return "damaged";
  return json::object{{"state", head.clean ? "shut" : "open"},
                      {"sequence", head.sequence},
                      {"digest", head.digest},
                      {"durableSequence", head.durable_sequence},
                      {"durableDigest", head.durable_digest},
                      {"boot", head.boot}};
}

// The sequence of the last line of a file in which that line is damaged: each line that is none
// takes the number after the one before.
Result<std::uint64_t> CountedSequence(const files::Path& path) {
  std::uint64_t sequence = 0;
  TRY(auto reader, LineReader::Open(path));
  for (;;) {
    TRY(const auto text, reader.Next());
    if (!text) return sequence;
    const auto line = ParseLine(*text);
    sequence = line ? line->sequence : sequence + 1;
  }
}

// Where a log ends, as Open finds it.
struct End {
  std::string day;  // of the newest file; empty: there is none
  std::uint64_t sequence = 0;
  std::string digest = NoDigest();
  std::uint64_t size = 0;  // of the newest file without what is torn
  std::string torn;
};

Result<End> FindEnd(const files::Path& folder) {
  TRY(const auto files, ListDays(folder));
  End end;
  for (auto day = files.days.rbegin(); day != files.days.rend(); ++day) {
    const files::Path path = folder / DayFile(*day);
    TRY(auto tail, ReadTail(path));
    if (end.day.empty()) {
      end.day = *day;
      end.size = tail.size;
      end.torn = std::move(tail.torn);
    }
    if (tail.size == 0) continue;  // a file whose first line never came
    end.digest = DigestOf(tail.last_line);
    if (const auto line = ParseLine(tail.last_line)) {
      end.sequence = line->sequence;
    } else {
      TRY(end.sequence, CountedSequence(path));
    }
    break;
  }
  return end;
}

}  // namespace

class AuditLog::Impl {
 public:
  Impl(files::Path folder, const Clock& clock, Options options)
      : folder_(std::move(folder)), clock_(clock), options_(options), boot_(BootId()) {}
  ~Impl();

  Status Start();
  void Write(std::string_view text, std::string_view request_id, std::string_view reason);
  void NoteLost(std::string_view cause);
  void CountAllowed(std::string_view user, std::string_view route_id, const Actor& actor,
                    std::string_view path_pattern, std::string_view action) {
    counts_.Add(user, route_id, actor, path_pattern, action, clock_.NowMillis() / kMinute);
  }
  Status Flush();
  Result<std::size_t> RemoveOldDays(int days);
  Counters counters() const {
    const std::lock_guard lock(mutex_);
    return counters_;
  }

 private:
  struct Lost {
    std::uint64_t count = 0;
    std::string from, until, cause;
  };

  Status Resume(End end);
  Result<json::object> MoveTornAside(const End& end);
  void Run(const std::stop_token& stop);
  void WriteCounts(std::int64_t before_minute);
  Status Sync();
  Status SyncNow();
  void Complain(std::string_view what, const Error& error);

  // The caller holds mutex_.
  Status AppendAll(std::string_view text, std::string_view request_id, std::string_view reason);
  Status Append(std::string_view text, std::string_view request_id, std::string_view reason);
  Status OpenDay(const std::string& day);
  Status WriteHead(bool clean);
  void CountLost(const Error& error);

  const files::Path folder_;
  const Clock& clock_;
  const Options options_;
  const std::string boot_;
  std::optional<files::FileLock> lock_;
  AllowedCounts counts_;

  // One removal, one sync at a time; taken before mutex_, in this order.
  std::mutex removal_mutex_;
  std::mutex sync_mutex_;

  mutable std::mutex mutex_;  // guards all below
  std::shared_ptr<const FileDescriptor> file_;
  std::shared_ptr<const FileDescriptor> head_;
  std::string day_;         // of file_
  std::uint64_t size_ = 0;  // of file_
  bool torn_ = false;       // file_ may be longer than size_
  bool head_trimmed_ = false;
  std::string resumed_;         // the first record of this process, until it is written
  std::uint64_t sequence_ = 0;  // of the last line
  std::string digest_ = NoDigest();
  std::uint64_t durable_sequence_ = 0;
  std::string durable_digest_ = NoDigest();
  Lost lost_;
  Counters counters_;
  std::optional<Error> unflushed_;  // the newest failure since the last Flush
  std::int64_t complained_at_ = std::numeric_limits<std::int64_t>::min();

  std::mutex wake_mutex_;
  std::condition_variable_any wake_;
  std::jthread worker_;  // last: it uses everything above
};

Status AuditLog::Impl::Start() {
  TRY_OK(files::MakeFolders(folder_));
  auto lock = files::FileLock::Acquire(
      folder_ / "lock",
      fmt::format("process {}, since {}", ::getpid(), IsoMillis(clock_.NowMillis())));
  if (!lock.ok()) {
    if (lock.error().code != Code::kConflict) return std::move(lock).error();
    return Error(Code::kConflict,
                 fmt::format("the audit log {} is being written by another process ({}); nothing "
                             "was done; wait for it or stop it",
                             folder_.string(), lock.error().message));
  }
  lock_ = *std::move(lock);
  TRY(auto end, FindEnd(folder_));
  TRY_OK(Resume(std::move(end)));
  std::optional<Error> failed;
  {
    const std::lock_guard guard(mutex_);
    if (auto written = AppendAll("", "", ""); !written.ok()) {
      counters_.last_error = written.error().message;
      failed = std::move(written).error();
    }
  }
  if (failed) Complain("the audit log cannot be written now", *failed);
  worker_ = std::jthread([this](const std::stop_token& stop) { Run(stop); });
  return Ok();
}

// Goes on at the end that was found.  What is not as a writer left it becomes the first record.
Status AuditLog::Impl::Resume(End end) {
  TRY(const auto head, ReadHead(folder_));
  const bool fresh = head.presence == Head::Presence::kAbsent && end.day.empty();
  const bool in_order = head.good() && head.clean && head.sequence == end.sequence &&
                        head.digest == end.digest && end.torn.empty();
  const std::lock_guard lock(mutex_);
  sequence_ = end.sequence;
  digest_ = end.digest;
  if (head.good() && head.durable_sequence <= end.sequence) {
    durable_sequence_ = head.durable_sequence;
    durable_digest_ = head.durable_digest;
  }
  if (!fresh && !in_order) {
    json::object payload{{"head", HeadJson(head)},
                         {"found", {{"sequence", end.sequence}, {"digest", end.digest}}},
                         {"boot", boot_}};
    if (!end.torn.empty()) {
      TRY(payload["torn"], MoveTornAside(end));
    }
    resumed_ = OwnText(kResumed, payload);
  }
  if (!end.day.empty()) TRY_OK(OpenDay(end.day));
  const files::Path path = folder_ / "head";
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0640);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  head_ = std::make_shared<const FileDescriptor>(fd);
  // The head as found stays until the record that quotes it is written, which Start tries next.
  if (!resumed_.empty()) return Ok();
  TRY_OK(WriteHead(false));
  // Else a stop of the machine could leave lines behind a head that says "shut".
  if (::fsync(fd) != 0) return files::ErrnoError("write", path, errno);
  return files::SyncFolder(folder_);
}

Result<json::object> AuditLog::Impl::MoveTornAside(const End& end) {
  std::string time = IsoMillis(clock_.NowMillis());
  std::erase_if(time, [](char c) { return c == ':' || c == '-' || c == '.'; });
  const std::string name = fmt::format("torn/{}-{}.part", end.sequence + 1, time);
  TRY_OK(files::MakeFolders(folder_ / "torn"));
  TRY_OK(files::WriteAtomically(folder_ / name, end.torn, 0640));
  const files::Path path = folder_ / DayFile(end.day);
  if (::truncate(path.c_str(), static_cast<off_t>(end.size)) != 0)
    return files::ErrnoError("repair", path, errno);
  return json::object{{"file", name}, {"bytes", end.torn.size()}, {"digest", DigestOf(end.torn)}};
}

AuditLog::Impl::~Impl() {
  if (worker_.joinable()) {
    worker_.request_stop();
    worker_.join();
  }
  if (head_ == nullptr) return;  // Start failed
  WriteCounts(std::numeric_limits<std::int64_t>::max());
  (void)Sync();
  std::uint64_t lost = 0;
  {
    const std::lock_guard lock(mutex_);
    if (lost_.count > 0) (void)AppendAll("", "", "");
    lost = lost_.count;
  }
  if (lost > 0)
    LogError(
        fmt::format("{} audit events are lost: the log could not be written until its end ({})",
                    lost, counters().last_error));
  if (!SyncNow().ok()) return;  // stays "open": the next writer says so
  const std::lock_guard lock(mutex_);
  if (resumed_.empty() && WriteHead(true).ok()) (void)::fdatasync(head_->get());
}

void AuditLog::Impl::Run(const std::stop_token& stop) {
  std::unique_lock lock(wake_mutex_);
  while (!stop.stop_requested()) {
    wake_.wait_for(lock, stop, options_.sync_every, [] { return false; });
    if (stop.stop_requested()) return;
    try {
      WriteCounts(clock_.NowMillis() / kMinute);
      (void)Sync();
    } catch (const std::exception& e) {
      NoteLost(e.what());
    }
  }
}

void AuditLog::Impl::WriteCounts(std::int64_t before_minute) {
  for (auto& count : counts_.Take(before_minute)) {
    // 2025-03-01T10:00Z
    const std::string minute = IsoMillis(count.minute * kMinute).substr(0, 16) + "Z";
    Write(
        TextOf({.channel = Channel::kAuthorization,
                .outcome = true,
                .actor = std::move(count.actor),
                .payload =
                    {{"action", count.action},
                     {"obj", {{"object__type", "api"}, {"route__path", count.path_pattern}}},
                     {"aggregated",
                      {{"routeId", count.route_id}, {"minute", minute}, {"count", count.count}}}}}),
        "", "");
  }
}

void AuditLog::Impl::Write(std::string_view text, std::string_view request_id,
                           std::string_view reason) {
  const std::string id = RequestIdColumn(request_id);
  const std::string why = ReasonColumn(reason);
  std::optional<Error> failed;
  {
    const std::lock_guard lock(mutex_);
    if (auto status = AppendAll(text, id, why); !status.ok()) {
      CountLost(status.error());
      failed = std::move(status).error();
    }
  }
  if (failed) Complain("an audit event is lost", *failed);
}

void AuditLog::Impl::NoteLost(std::string_view cause) {
  const Error error(Code::kInternal, std::string(cause));
  {
    const std::lock_guard lock(mutex_);
    CountLost(error);
  }
  Complain("an audit event is lost", error);
}

void AuditLog::Impl::CountLost(const Error& error) {
  const std::string now = IsoMillis(clock_.NowMillis());
  if (lost_.count++ == 0) {
    lost_.from = now;
    lost_.cause = error.message;
  }
  lost_.until = now;
  ++counters_.failed_writes;
  counters_.last_error = error.message;
  unflushed_ = error;
}

// Once a minute; the counters tell the rest.
void AuditLog::Impl::Complain(std::string_view what, const Error& error) {
  {
    const std::lock_guard lock(mutex_);
    const std::int64_t now = clock_.NowMillis();
    if (complained_at_ != std::numeric_limits<std::int64_t>::min() &&
        now - complained_at_ < kMinute)
      return;
    complained_at_ = now;
  }
  LogError(fmt::format("{}: {}; requests go on, and more of this is not said for a minute", what,
                       error.message));
}

// The record, behind those about the log itself that are due.  An empty text is none.
Status AuditLog::Impl::AppendAll(std::string_view text, std::string_view request_id,
                                 std::string_view reason) {
  if (!resumed_.empty()) {
    TRY_OK(Append(resumed_, "-", "\"log resumed after an interruption\""));
    resumed_.clear();
  }
  if (lost_.count > 0) {
    TRY_OK(Append(OwnText(kLost, {{"count", lost_.count},
                                  {"from", lost_.from},
                                  {"until", lost_.until},
                                  {"cause", lost_.cause}}),
                  "-", "\"events could not be written\""));
    lost_ = {};
  }
  return text.empty() ? Ok() : Append(text, request_id, reason);
}

Status AuditLog::Impl::Append(std::string_view text, std::string_view request_id,
                              std::string_view reason) {
  VAMS_POINT("audit.before_line");
  const std::string time = IsoMillis(clock_.NowMillis());
  if (const auto day = time.substr(0, 10); file_ == nullptr || day > day_) TRY_OK(OpenDay(day));
  const files::Path path = folder_ / DayFile(day_);
  const auto cut_back = [&] {
    torn_ = ::ftruncate(file_->get(), static_cast<off_t>(size_)) != 0;
    return !torn_;
  };
  if (torn_ && !cut_back()) return files::ErrnoError("repair", path, errno);
  std::string line;
  line.reserve(text.size() + 256);
  fmt::format_to(std::back_inserter(line), "{}\t{}\t{}\t{}\t{}\t{}", sequence_ + 1, time, digest_,
                 request_id, text, reason);
  std::string digest = DigestOf(line);
  line += '\n';
  ssize_t written;
  do written = ::write(file_->get(), line.data(), line.size());
  while (written < 0 && errno == EINTR);
  if (written != static_cast<ssize_t>(line.size())) {
    // Only a full disk writes a part.
    const int error = written < 0 ? errno : ENOSPC;
    (void)cut_back();
    return files::ErrnoError("write", path, error);
  }
  ++sequence_;
  digest_ = std::move(digest);
  size_ += line.size();
  ++counters_.lines;
  // The line counts already: a head that stays behind is mended by the next one.
  if (auto status = WriteHead(false); !status.ok()) {
    ++counters_.failed_syncs;
    counters_.last_error = status.error().message;
    unflushed_ = std::move(status).error();
  }
  return Ok();
}

// Makes the file of this day the newest one.  After an error the one before still is.
Status AuditLog::Impl::OpenDay(const std::string& day) {
  const files::Path path = folder_ / DayFile(day);
  TRY_OK(files::MakeFolders(path.parent_path()));
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0640);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  auto opened = std::make_shared<const FileDescriptor>(fd);
  struct stat info {};
  if (::fstat(fd, &info) != 0) return files::ErrnoError("open", path, errno);
  TRY_OK(files::SyncFolder(path.parent_path()));
  if (file_ != nullptr) {
    const files::Path before = folder_ / DayFile(day_);
    if (torn_ && ::ftruncate(file_->get(), static_cast<off_t>(size_)) != 0)
      return files::ErrnoError("repair", before, errno);
    if (::fdatasync(file_->get()) != 0) return files::ErrnoError("sync", before, errno);
  }
  file_ = std::move(opened);
  day_ = day;
  size_ = static_cast<std::uint64_t>(info.st_size);
  torn_ = false;
  return Ok();
}

Status AuditLog::Impl::WriteHead(bool clean) {
  VAMS_POINT("audit.before_head");
  const std::string text = HeadText({.presence = Head::Presence::kGood,
                                     .clean = clean,
                                     .sequence = sequence_,
                                     .digest = digest_,
                                     .durable_sequence = durable_sequence_,
                                     .durable_digest = durable_digest_,
                                     .boot = boot_});
  const auto size = static_cast<ssize_t>(text.size());
  if (::pwrite(head_->get(), text.data(), text.size(), 0) != size)
    return files::ErrnoError("write", folder_ / "head", errno == 0 ? ENOSPC : errno);
  // At first something of another length may stand there.
  if (!head_trimmed_ && ::ftruncate(head_->get(), size) != 0)
    return files::ErrnoError("write", folder_ / "head", errno);
  head_trimmed_ = true;
  return Ok();
}

Status AuditLog::Impl::Sync() {
  auto status = SyncNow();
  if (status.ok()) return status;
  {
    const std::lock_guard lock(mutex_);
    ++counters_.failed_syncs;
    counters_.last_error = status.error().message;
    unflushed_ = status.error();
  }
  Complain("the audit log may lose its newest lines if the machine stops", status.error());
  return status;
}

Status AuditLog::Impl::SyncNow() {
  const std::lock_guard one_at_a_time(sync_mutex_);
  std::shared_ptr<const FileDescriptor> file;
  std::uint64_t sequence;
  std::string digest, day;
  {
    const std::lock_guard lock(mutex_);
    if (file_ == nullptr || !resumed_.empty() || sequence_ == durable_sequence_) return Ok();
    file = file_;
    sequence = sequence_;
    digest = digest_;
    day = day_;
  }
  if (::fdatasync(file->get()) != 0)
    return files::ErrnoError("sync", folder_ / DayFile(day), errno);
  {
    const std::lock_guard lock(mutex_);
    durable_sequence_ = sequence;
    durable_digest_ = std::move(digest);
    TRY_OK(WriteHead(false));
  }
  if (::fdatasync(head_->get()) != 0) return files::ErrnoError("sync", folder_ / "head", errno);
  return Ok();
}

Status AuditLog::Impl::Flush() {
  WriteCounts(std::numeric_limits<std::int64_t>::max());
  auto status = Sync();
  const std::lock_guard lock(mutex_);
  if (auto failed = std::exchange(unflushed_, std::nullopt); failed && status.ok())
    return *std::move(failed);
  return status;
}

Result<std::size_t> AuditLog::Impl::RemoveOldDays(int days) {
  const std::lock_guard one_at_a_time(removal_mutex_);
  const std::string oldest_kept =
      IsoMillis(clock_.NowMillis() - static_cast<std::int64_t>(days) * kDay).substr(0, 10);
  TRY(const auto files, ListDays(folder_));
  std::vector<std::string> old;
  json::array list;
  for (const auto& day : files.days) {
    if (day >= oldest_kept || day == files.days.back()) break;
    TRY(const auto tail, ReadTail(folder_ / DayFile(day)));
    const auto line = ParseLine(tail.last_line);
    list.push_back({{"file", DayFile(day)},
                    {"lastSequence", line ? line->sequence : 0},
                    {"lastDigest", DigestOf(tail.last_line)}});
    old.push_back(day);
  }
  if (old.empty()) return std::size_t{0};
  {
    const std::lock_guard lock(mutex_);
    TRY_OK(AppendAll(OwnText(kDaysRemoved, {{"days", std::move(list)}}), "-",
                     "\"older than the time they are kept\""));
  }
  TRY_OK(Sync());
  VAMS_POINT("audit.before_removal");
  for (const auto& day : old) {
    const files::Path path = folder_ / DayFile(day);
    if (::unlink(path.c_str()) != 0) return files::ErrnoError("remove", path, errno);
    // Folders that are not empty stay.
    (void)::rmdir(path.parent_path().c_str());
    (void)::rmdir(path.parent_path().parent_path().c_str());
  }
  return old.size();
}

AuditLog::AuditLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AuditLog::~AuditLog() = default;

Result<std::unique_ptr<AuditLog>> AuditLog::Open(const files::Path& folder, const Clock& clock,
                                                 Options options) {
  auto impl = std::make_unique<Impl>(folder, clock, options);
  TRY_OK(impl->Start());
  return std::unique_ptr<AuditLog>(new AuditLog(std::move(impl)));
}

void AuditLog::Write(const Event& event) {
  try {
    impl_->Write(TextOf(event), event.request_id, event.reason);
  } catch (const std::exception& e) {
    impl_->NoteLost(e.what());
  }
}

void AuditLog::CountAllowed(std::string_view user, std::string_view route_id, const Actor& actor,
                            std::string_view path_pattern, std::string_view action) {
  try {
    impl_->CountAllowed(user, route_id, actor, path_pattern, action);
  } catch (const std::exception& e) {
    impl_->NoteLost(e.what());
  }
}

Status AuditLog::Flush() { return impl_->Flush(); }
Result<std::size_t> AuditLog::RemoveOldDays(int days) { return impl_->RemoveOldDays(days); }
Counters AuditLog::counters() const { return impl_->counters(); }

}  // namespace vams::audit
