#include "objects/staged_file.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>

#include "objects/encryption.h"

namespace vams::objects {

using files::ErrnoError;

namespace {
// What is sealed and written at a time.
constexpr std::size_t kSealAtOnce = std::size_t{1} << 20;
}  // namespace

StagedFile::StagedFile(files::Path path, int fd, std::unique_ptr<Sealer> sealer)
    : path_(std::move(path)), fd_(fd), sealer_(std::move(sealer)) {}

StagedFile::StagedFile(StagedFile&& other) noexcept
    : path_(std::exchange(other.path_, {})),
      fd_(std::exchange(other.fd_, -1)),
      sealer_(std::move(other.sealer_)),
      chunks_(std::move(other.chunks_)) {}

Result<StagedFile> StagedFile::Create(const files::Path& folder) { return Create(folder, nullptr); }

Result<StagedFile> StagedFile::Create(const files::Path& folder, std::unique_ptr<Sealer> sealer) {
  std::string name = (folder / ".vams-XXXXXX").string();
  const int fd = ::mkostemp(name.data(), O_CLOEXEC);
  if (fd < 0) return ErrnoError("create a file in", folder, errno);
  StagedFile file(files::Path(name), fd, std::move(sealer));
  // The header's place; it is written when the digest is known.
  if (file.sealed()) TRY_OK(file.WriteRaw(std::string(kSealHeader, '\0')));
  return file;
}

StagedFile::~StagedFile() {
  if (fd_ >= 0) ::close(fd_);
  if (!path_.empty()) ::unlink(path_.c_str());
}

Status StagedFile::Write(std::string_view bytes) {
  if (!sealed()) return WriteRaw(bytes);
  while (!bytes.empty()) {
    chunks_.clear();
    sealer_->Update(bytes.substr(0, kSealAtOnce), chunks_);
    bytes.remove_prefix(std::min(bytes.size(), kSealAtOnce));
    TRY_OK(WriteRaw(chunks_));
  }
  return Ok();
}

Status StagedFile::Seal(const std::array<char, 32>& digest) {
  if (!sealed()) return Ok();
  chunks_.clear();
  sealer_->Finish(chunks_);
  TRY_OK(WriteRaw(chunks_));
  if (::lseek(fd_, 0, SEEK_SET) != 0) return ErrnoError("write", path_, errno);
  return WriteRaw(sealer_->Header(digest));
}

Status StagedFile::WriteRaw(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return ErrnoError("write", path_, errno);
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok();
}

Status StagedFile::Sync() {
  if (::fsync(fd_) != 0) return ErrnoError("write", path_, errno);
  return Ok();
}

Status StagedFile::Close(unsigned mode) {
  if (::fchmod(fd_, mode) != 0) return ErrnoError("write", path_, errno);
  if (::close(std::exchange(fd_, -1)) != 0) return ErrnoError("write", path_, errno);
  return Ok();
}

Status StagedFile::RenameTo(const files::Path& path) {
  if (::rename(path_.c_str(), path.c_str()) != 0) return ErrnoError("create", path, errno);
  path_.clear();
  return Ok();
}

namespace {
Status OpenAndSync(const files::Path& path, int (*sync)(int)) {
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (fd < 0) return ErrnoError("open", path, errno);
  const int result = sync(fd);
  const int error = errno;
  ::close(fd);
  if (result != 0) return ErrnoError("sync", path, error);
  return Ok();
}
}  // namespace

Status SyncFile(const files::Path& path) { return OpenAndSync(path, ::fsync); }
Status SyncFileSystem(const files::Path& folder) { return OpenAndSync(folder, ::syncfs); }

Result<InputStream> InputStream::Open(const files::Path& path) {
  // Without O_NONBLOCK, opening a FIFO would wait for a writer that never comes.
  const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
  if (fd < 0 && errno == ELOOP)
    return Error(Code::kInvalid,
                 fmt::format("{} is a symbolic link; put the file itself there", path.string()));
  if (fd < 0) return ErrnoError("open", path, errno);
  struct stat info {};
  InputStream stream(path, fd, 0);
  if (::fstat(fd, &info) != 0) return ErrnoError("read", path, errno);
  if (!S_ISREG(info.st_mode))
    return Error(Code::kInvalid, fmt::format("{} is not a regular file", path.string()));
  stream.size_ = static_cast<std::uint64_t>(info.st_size);
  return stream;
}

InputStream::~InputStream() {
  if (fd_ >= 0) ::close(fd_);
}

Result<std::size_t> InputStream::Read(char* to, std::size_t size) {
  for (;;) {
    const ssize_t n = ::read(fd_, to, size);
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return ErrnoError("read", path_, errno);
  }
}

Result<std::size_t> InputStream::ReadAt(std::uint64_t offset, char* to, std::size_t size) const {
  for (;;) {
    const ssize_t n = ::pread(fd_, to, size, static_cast<off_t>(offset));
    if (n >= 0) return static_cast<std::size_t>(n);
    if (errno != EINTR) return ErrnoError("read", path_, errno);
  }
}

}  // namespace vams::objects
