// Advisory locks that several may share, held until destruction or the process's death.  For
// whoever keeps a collection of blobs or a pruning of backups away for a while.
//
// One owner per object.  Wait blocks until the others let go.
#pragma once

#include <optional>
#include <utility>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::lifecycle::backup {

class Flock {
 public:
  enum class Kind : std::uint8_t { kShared, kExclusive };

  // Nothing while somebody else holds it in a way that excludes this one.  A file that can be made
  // by nobody, on a disk that is mounted for reading only, needs no shared lock.
  static Result<std::optional<Flock>> Try(const files::Path& path, Kind kind);
  static Result<Flock> Wait(OpContext& op, const files::Path& path, Kind kind);
  ~Flock();
  Flock(Flock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Flock& operator=(Flock&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }

 private:
  explicit Flock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace vams::lifecycle::backup
