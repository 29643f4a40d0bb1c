#include "lifecycle/spool.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include <cstring>
#include <utility>

namespace vams::lifecycle {

namespace {
constexpr std::size_t kBufferBytes = std::size_t{1} << 20;
}

Spool::Spool(Spool&& other) noexcept
    : folder_(std::move(other.folder_)),
      buffer_(std::move(other.buffer_)),
      items_(other.items_),
      file_bytes_(other.file_bytes_),
      fd_(std::exchange(other.fd_, -1)) {}

Spool::~Spool() {
  if (fd_ >= 0) ::close(fd_);
}

Status Spool::Add(std::string_view encoded) {
  const auto size = static_cast<std::uint32_t>(encoded.size());
  char head[sizeof size];
  std::memcpy(head, &size, sizeof size);
  buffer_.append(head, sizeof head);
  buffer_.append(encoded);
  ++items_;
  return buffer_.size() < kBufferBytes ? Ok() : Flush();
}

Status Spool::Settle() {
  if (fd_ >= 0) TRY_OK(Flush());
  buffer_.shrink_to_fit();
  return Ok();
}

Status Spool::Flush() {
  if (fd_ < 0) {
    std::string name = (folder_ / ".spool.XXXXXX").string();
    fd_ = ::mkostemp(name.data(), O_CLOEXEC);
    if (fd_ < 0) return files::ErrnoError("create", name, errno);
    // Without a name it cannot outlive the process.
    ::unlink(name.c_str());
  }
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t n = ::write(fd_, rest.data(), rest.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return files::ErrnoError("write a temporary file in", folder_, errno);
    rest.remove_prefix(static_cast<std::size_t>(n));
  }
  file_bytes_ += buffer_.size();
  buffer_.clear();
  return Ok();
}

Status Spool::ForEach(const std::function<Status(std::string_view)>& visit) {
  // Whole records are handed out of `pending`; what is cut off at its end waits for the next piece.
  std::string pending;
  const auto drain = [&]() -> Status {
    std::string_view rest = pending;
    for (std::uint32_t size = 0; rest.size() >= sizeof size;) {
      std::memcpy(&size, rest.data(), sizeof size);
      if (rest.size() < sizeof size + size) break;
      TRY_OK(visit(rest.substr(sizeof size, size)));
      rest.remove_prefix(sizeof size + size);
    }
    pending.erase(0, pending.size() - rest.size());
    return Ok();
  };
  for (std::uint64_t at = 0; at < file_bytes_;) {
    const std::size_t have = pending.size();
    pending.resize(have + kBufferBytes);
    const ssize_t n = ::pread(fd_, pending.data() + have, kBufferBytes, static_cast<off_t>(at));
    if (n <= 0) return files::ErrnoError("read a temporary file in", folder_, n < 0 ? errno : EIO);
    pending.resize(have + static_cast<std::size_t>(n));
    at += static_cast<std::uint64_t>(n);
    TRY_OK(drain());
  }
  pending += buffer_;
  return drain();
}

}  // namespace vams::lifecycle
