#include "lifecycle/backup/flock.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <chrono>
#include <thread>

namespace vams::lifecycle::backup {

namespace {
constexpr std::chrono::milliseconds kPoll{50};
}

Result<std::optional<Flock>> Flock::Try(const files::Path& path, Kind kind) {
  int fd = ::open(path.c_str(), O_RDONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0 && (errno == EROFS || errno == EACCES) && kind == Kind::kShared) {
    fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0 && (errno == ENOENT || errno == EACCES)) return std::optional<Flock>(Flock(-1));
  }
  if (fd < 0) return files::ErrnoError("open lock", path, errno);
  Flock held(fd);
  if (::flock(fd, (kind == Kind::kShared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0)
    return std::optional<Flock>(std::move(held));
  if (errno == EWOULDBLOCK) return std::optional<Flock>();
  return files::ErrnoError("lock", path, errno);
}

Result<Flock> Flock::Wait(OpContext& op, const files::Path& path, Kind kind) {
  for (;;) {
    TRY(auto held, Try(path, kind));
    if (held) return *std::move(held);
    TRY_OK(op.Check());
    std::this_thread::sleep_for(kPoll);
  }
}

Flock::~Flock() {
  if (fd_ >= 0) ::close(fd_);
}

}  // namespace vams::lifecycle::backup
