#include "http/access_log.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <condition_variable>
#include <mutex>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>

#include "base/clock.h"
#include "base/encoding.h"
#include "base/file_descriptor.h"
#include "base/log.h"

namespace vams::http {

namespace {

using SteadyClock = std::chrono::steady_clock;

// A full disk makes every write fail; the server's own log then says so this often.
constexpr std::chrono::seconds kComplainEvery{10};

std::string ErrnoText(int number) { return std::generic_category().message(number); }

// The well-formed character at the front of `text`; empty if there is none.
std::string_view Utf8Character(std::string_view text) {
  for (std::size_t length = 1; length <= std::min<std::size_t>(text.size(), 4); ++length)
    if (IsUtf8(text.substr(0, length))) return text.substr(0, length);
  return {};
}

void AppendJsonCharacter(std::string& out, char c) {
  if (c == '"' || c == '\\')
    out.append(1, '\\').append(1, c);
  else if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f)
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
  else
    out += c;
}

bool IsPlain(char c) { return c >= 0x20 && c < 0x7f && c != '"' && c != '\\'; }

// Every byte of a client's text may be anything.
void AppendJsonText(std::string& out, std::string_view text) {
  out += '"';
  if (std::ranges::all_of(text, IsPlain)) {  // nearly always
    out += text;
    text = {};
  }
  while (!text.empty()) {
    const std::string_view character = Utf8Character(text);
    for (const char c : character) AppendJsonCharacter(out, c);
    if (character.empty()) out += "\\ufffd";
    text.remove_prefix(std::max<std::size_t>(character.size(), 1));
  }
  out += '"';
}

void AppendTime(std::string& out, std::int64_t millis) {
  // The text of a second is worth keeping: thousands of requests share it.
  thread_local std::int64_t last_second = -1;
  thread_local std::string last_text;
  const std::int64_t second = millis / 1000;
  if (second != last_second || last_text.empty()) {
    last_text = IsoMillis(second * 1000).substr(0, 20);  // with the dot
    last_second = second;
  }
  const std::int64_t rest = millis % 1000;
  const char digits[] = {static_cast<char>('0' + rest / 100),
                         static_cast<char>('0' + rest / 10 % 10),
                         static_cast<char>('0' + rest % 10), 'Z'};
  out.append(last_text).append(digits, sizeof(digits));
}

std::uint64_t CountLines(std::string_view text) {
  return static_cast<std::uint64_t>(std::ranges::count(text, '\n'));
}

void AppendLine(std::string& out, const AccessRecord& record) {
  const auto text = [&](std::string_view key, std::string_view value) {
    out += key;
    AppendJsonText(out, value);
  };
  const auto number = [&](std::string_view key, auto value) {
    out += key;
    out += fmt::format_int(value).c_str();
  };
  out += "{\"time\":\"";
  AppendTime(out, std::max<std::int64_t>(record.time_millis, 0));
  text("\",\"requestId\":", record.request_id);
  text(",\"client\":", record.client);
  text(",\"method\":", record.method);
  text(",\"path\":", record.path);
  text(",\"route\":", record.route_id);
  number(",\"status\":", record.status);
  number(",\"bytesReceived\":", record.bytes_received);
  number(",\"bytesSent\":", record.bytes_sent);
  number(",\"durationUs\":", record.duration_us);
  text(",\"caller\":", record.caller);
  out += "}\n";
}

}  // namespace

std::string AccessLine(const AccessRecord& record) {
  std::string line;
  AppendLine(line, record);
  return line;
}

class AccessLog::Impl {
 public:
  Impl(std::filesystem::path path, const Options& options)
      : path_(std::move(path)), options_(options) {}

  Status Open() {
    file_ = FileDescriptor(::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    struct stat status = {};
    if (!file_.valid() || ::fstat(file_.get(), &status) != 0)
      return Error(Code::kUnavailable,
                   fmt::format("cannot open the access log {}: {}; choose a path that the server "
                               "may write",
                               path_.string(), ErrnoText(errno)));
    size_ = static_cast<std::uint64_t>(status.st_size);
    // A crash may have cut the last line.
    char last = '\n';
    if (size_ > 0 && ::pread(file_.get(), &last, 1, status.st_size - 1) == 1) torn_ = last != '\n';
    return Ok();
  }

  void StartThread() {
    thread_ = std::thread([this] { Run(); });
  }

  void Write(const AccessRecord& record) {
    thread_local std::string line;  // keeps its memory
    line.clear();
    AppendLine(line, record);
    std::unique_lock lock(mutex_);
    if (closing_ || pending_.size() + line.size() > options_.buffer_limit) {
      dropped_.fetch_add(1, std::memory_order_relaxed);
      return;
    }
    const std::size_t before = pending_.size();
    pending_ += line;
    ++accepted_;
    lock.unlock();
    // The thread waits for the first line, and then for many.
    if (before == 0 || (before < options_.write_at && before + line.size() >= options_.write_at))
      wake_.notify_one();
  }

  void Flush() {
    std::unique_lock lock(mutex_);
    const std::uint64_t target = accepted_;
    urgent_ = true;
    wake_.notify_one();
    written_.wait(lock, [&] { return done_ >= target; });
  }

  void Close() {
    {
      const std::scoped_lock lock(mutex_);
      closing_ = true;
    }
    wake_.notify_one();
    if (thread_.joinable()) thread_.join();
  }

  std::uint64_t dropped() const { return dropped_.load(std::memory_order_relaxed); }

 private:
  void Run() {
    std::string batch;
    std::unique_lock lock(mutex_);
    while (true) {
      wake_.wait(lock, [&] { return !pending_.empty() || closing_ || urgent_; });
      wake_.wait_for(lock, options_.write_every,
                     [&] { return pending_.size() >= options_.write_at || closing_ || urgent_; });
      urgent_ = false;
      if (pending_.empty() && closing_) break;
      batch.clear();
      batch.swap(pending_);
      const std::uint64_t upto = accepted_;
      lock.unlock();
      WriteBatch(batch);
      Complain(false);
      lock.lock();
      done_ = upto;
      written_.notify_all();
    }
    lock.unlock();
    Complain(true);
  }

  // Rotation falls between lines.
  void WriteBatch(std::string_view batch) {
    while (!batch.empty()) {
      std::size_t length = batch.size();
      if (size_ + length > options_.rotate_at) {
        const std::uint64_t room = options_.rotate_at - std::min(size_, options_.rotate_at);
        const auto last = room == 0 ? std::string_view::npos : batch.rfind('\n', room - 1);
        if (last != std::string_view::npos) {
          length = last + 1;
        } else if (size_ > 0) {
          Rotate();
          continue;
        } else {
          length = batch.find('\n') + 1;  // a line longer than a whole file
        }
      }
      WriteLines(batch.substr(0, length));
      batch.remove_prefix(length);
    }
  }

  void WriteLines(std::string_view lines) {
    if (torn_ && !WriteAll("\n")) return Lose(lines);
    torn_ = false;
    std::string_view rest = lines;
    if (WriteAll(rest)) return;
    // `rest` begins in the middle of a line unless nothing of it was written.
    torn_ = rest.size() != lines.size() && lines[lines.size() - rest.size() - 1] != '\n';
    Lose(rest);
  }

  // Takes off `rest` what was written.
  bool WriteAll(std::string_view& rest) {
    while (!rest.empty()) {
      const ssize_t wrote = ::write(file_.get(), rest.data(), rest.size());
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) {
        last_errno_ = wrote < 0 ? errno : EIO;
        return false;
      }
      size_ += static_cast<std::uint64_t>(wrote);
      rest.remove_prefix(static_cast<std::size_t>(wrote));
    }
    return true;
  }
  bool WriteAll(std::string_view&& text) { return WriteAll(text); }

  void Lose(std::string_view lines) {
    dropped_.fetch_add(CountLines(lines), std::memory_order_relaxed);
  }

  std::filesystem::path Numbered(int number) const {
    return fmt::format("{}.{}", path_.string(), number);
  }

  // When it fails, the file goes on, and the next attempt comes after as many bytes again: one that
  // repeats at once would push the older files out.
  void Rotate() {
    size_ = 0;
    for (int number = options_.keep; number > 1; --number) {
      const auto from = Numbered(number - 1);
      if (::rename(from.c_str(), Numbered(number).c_str()) != 0 && errno != ENOENT)
        return RotationFailed(errno);
    }
    const auto first = Numbered(1);
    // Absent: somebody else has moved it away.
    if (::rename(path_.c_str(), first.c_str()) != 0 && errno != ENOENT)
      return RotationFailed(errno);
    FileDescriptor next(::open(path_.c_str(), O_RDWR | O_APPEND | O_CREAT | O_CLOEXEC, 0640));
    if (!next.valid()) {
      const int cause = errno;
      ::rename(first.c_str(), path_.c_str());
      return RotationFailed(cause);
    }
    file_ = std::move(next);
    torn_ = false;
  }

  void RotationFailed(int number) {
    LogWarning(fmt::format("the access log {} cannot be rotated: {}; it grows until that is mended",
                           path_.string(), ErrnoText(number)));
  }

  void Complain(bool at_end) {
    const std::uint64_t lost = dropped();
    const auto now = SteadyClock::now();
    if (lost == complained_ || (!at_end && now < next_complaint_)) return;
    LogWarning(fmt::format(
        "requests missing in the access log {}: {} ({} since the start), because "
        "{}",
        path_.string(), lost - complained_, lost,
        last_errno_ != 0 ? ErrnoText(last_errno_) : "the disk is slower than the requests come"));
    complained_ = lost;
    last_errno_ = 0;
    next_complaint_ = now + kComplainEvery;
  }

  const std::filesystem::path path_;
  const Options options_;
  std::thread thread_;
  std::atomic<std::uint64_t> dropped_ = 0;

  std::mutex mutex_;  // guards the next group
  std::condition_variable wake_;
  std::condition_variable written_;
  std::string pending_;
  std::uint64_t accepted_ = 0;  // lines put into `pending_` so far
  std::uint64_t done_ = 0;      // of these, lines that are dealt with
  bool urgent_ = false;
  bool closing_ = false;

  // Only the thread, once it runs.
  FileDescriptor file_;
  std::uint64_t size_ = 0;
  bool torn_ = false;  // the file ends within a line
  int last_errno_ = 0;
  std::uint64_t complained_ = 0;
  SteadyClock::time_point next_complaint_;
};

AccessLog::AccessLog(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
AccessLog::~AccessLog() { Close(); }

Result<std::unique_ptr<AccessLog>> AccessLog::Open(const std::filesystem::path& path,
                                                   const Options& options) {
  VAMS_CHECK(options.keep >= 1 && options.buffer_limit > 0);
  auto impl = std::make_unique<Impl>(path, options);
  TRY_OK(impl->Open());
  impl->StartThread();
  return std::unique_ptr<AccessLog>(new AccessLog(std::move(impl)));
}

void AccessLog::Write(const AccessRecord& record) { impl_->Write(record); }
void AccessLog::Flush() { impl_->Flush(); }
void AccessLog::Close() { impl_->Close(); }
std::uint64_t AccessLog::dropped() const { return impl_->dropped(); }

}  // namespace vams::http
