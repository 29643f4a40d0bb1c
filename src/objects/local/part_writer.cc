#include "objects/local/part_writer.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include <cstdlib>
#include <new>

namespace vams::objects::local {

ChunkBuffer::ChunkBuffer(std::size_t size)
    : bytes_(static_cast<char*>(std::aligned_alloc(PartWriter::kAlignment, size))) {
  if (bytes_ == nullptr) throw std::bad_alloc();
}

void ChunkBuffer::Free::operator()(char* bytes) const { std::free(bytes); }

PartWriter::PartWriter(StagedFile& file, bool large) : file_(file) {
  // A sealed file is not written as it came.
  if (!large || file.sealed()) return;
  direct_ = ::open(file.path().c_str(), O_WRONLY | O_CLOEXEC | O_DIRECT);
  if (direct_ < 0) return;  // this file system cannot: through the page cache, then
  plain_ = ::open(file.path().c_str(), O_WRONLY | O_CLOEXEC);
  if (plain_ >= 0) return;
  ::close(direct_);
  direct_ = -1;
}

PartWriter::~PartWriter() {
  if (direct_ < 0) return;
  ::close(direct_);
  ::close(plain_);
}

Status PartWriter::WriteAt(int fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::pwrite(fd, bytes.data(), bytes.size(), static_cast<off_t>(at_));
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return files::ErrnoError("write", file_.path(), errno);
    at_ += static_cast<std::uint64_t>(n);
    bytes.remove_prefix(static_cast<std::size_t>(n));
    // A write that was cut short, by a disk that is nearly full: the rest may begin anywhere.
    if (static_cast<std::size_t>(n) % kAlignment != 0) fd = plain_;
  }
  return Ok();
}

Status PartWriter::Write(std::string_view chunk) {
  if (direct_ < 0) return file_.Write(chunk);
  const std::size_t end = chunk.size() / kAlignment * kAlignment;
  TRY_OK(WriteAt(direct_, chunk.substr(0, end)));
  return WriteAt(plain_, chunk.substr(end));
}

}  // namespace vams::objects::local
