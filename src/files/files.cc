#include "files/files.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>

#include "base/file_descriptor.h"

namespace vams::files {

namespace {

Status WriteFully(int fd, std::string_view bytes, const Path& path) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoError("write", path, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(n));
  }
  return Ok();
}

}  // namespace

Error ErrnoError(std::string_view doing, const Path& path, int error_number) {
  Code code = Code::kInternal;
  const char* hint = "";
  switch (error_number) {
    case ENOENT:
      code = Code::kNotFound;
      break;
    case EACCES:
    case EPERM:
    case EROFS:
      code = Code::kDenied;
      hint = "; make it accessible to this user or choose another place";
      break;
    case ENOTDIR:
      code = Code::kInvalid;
      hint = "; a part of that path is a file: choose another place";
      break;
    case ENOSPC:
    case EDQUOT:
      code = Code::kUnavailable;
      hint = "; free some space and try again";
      break;
    default:
      break;
  }
  return Error(code, fmt::format("cannot {} {}: {}{}", doing, path.string(),
                                 ::strerror(error_number), hint));
}

Result<std::string> ReadAll(const Path& path, std::size_t limit) {
  const FileDescriptor fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (fd.get() < 0) return ErrnoError("open", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return ErrnoError("read", path, errno);
  if (S_ISDIR(info.st_mode)) return ErrnoError("read", path, EISDIR);
  std::string out;
  out.reserve(static_cast<std::size_t>(info.st_size));
  char buffer[65536];
  for (;;) {
    const ssize_t n = ::read(fd.get(), buffer, sizeof buffer);
    if (n < 0) {
      if (errno == EINTR) continue;
      return ErrnoError("read", path, errno);
    }
    if (n == 0) return out;
    out.append(buffer, static_cast<std::size_t>(n));
    if (out.size() > limit)
      return Error(Code::kTooLarge,
                   fmt::format("{} is larger than {} bytes", path.string(), limit));
  }
}

Status WriteAtomically(const Path& path, std::string_view bytes, unsigned mode) {
  std::string temp = path.string() + ".XXXXXX";
  FileDescriptor fd(::mkostemp(temp.data(), O_CLOEXEC));
  if (fd.get() < 0) return ErrnoError("create", path, errno);
  const auto fail = [&](Error e) {
    ::unlink(temp.c_str());
    return e;
  };
  if (auto s = WriteFully(fd.get(), bytes, path); !s.ok()) return fail(s.error());
  if (::fchmod(fd.get(), mode) != 0 || ::fsync(fd.get()) != 0)
    return fail(ErrnoError("write", path, errno));
  if (::rename(temp.c_str(), path.c_str()) != 0) return fail(ErrnoError("replace", path, errno));
  return SyncFolder(path.parent_path());
}

Status MakeFolders(const Path& path) {
  std::error_code ec;
  if (std::filesystem::is_directory(path, ec)) return Ok();
  if (path.has_parent_path() && path.parent_path() != path) TRY_OK(MakeFolders(path.parent_path()));
  if (::mkdir(path.c_str(), 0777) != 0 && errno != EEXIST)
    return ErrnoError("create folder", path, errno);
  if (!std::filesystem::is_directory(path, ec)) return ErrnoError("create folder", path, ENOTDIR);
  return SyncFolder(path.parent_path());
}

Status SyncFolder(const Path& folder) {
  const Path target = folder.empty() ? Path(".") : folder;
  const FileDescriptor fd(::open(target.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (fd.get() < 0) return ErrnoError("open folder", target, errno);
  if (::fsync(fd.get()) != 0) return ErrnoError("sync folder", target, errno);
  return Ok();
}

Status RenameDurably(const Path& from, const Path& to) {
  if (::rename(from.c_str(), to.c_str()) != 0) return ErrnoError("rename to", to, errno);
  TRY_OK(SyncFolder(to.parent_path()));
  if (from.parent_path() != to.parent_path()) return SyncFolder(from.parent_path());
  return Ok();
}

Status RemoveTree(const Path& path) {
  std::error_code ec;
  std::filesystem::remove_all(path, ec);
  if (ec) return ErrnoError("remove", path, ec.value());
  return Ok();
}

Result<FileLock> FileLock::Acquire(const Path& path, std::string_view note) {
  FileDescriptor fd(::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644));
  if (fd.get() < 0) return ErrnoError("open lock", path, errno);
  if (::flock(fd.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return ErrnoError("lock", path, errno);
    char holder[512];
    const ssize_t n = ::pread(fd.get(), holder, sizeof holder, 0);
    return Error(Code::kConflict, n > 0 ? std::string(holder, static_cast<std::size_t>(n))
                                        : std::string("an unnamed process"));
  }
  if (::ftruncate(fd.get(), 0) != 0) return ErrnoError("write lock", path, errno);
  TRY_OK(WriteFully(fd.get(), note, path));
  return FileLock(fd.Release());
}

FileLock::~FileLock() {
  if (fd_ >= 0) ::close(fd_);
}
FileLock::FileLock(FileLock&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
FileLock& FileLock::operator=(FileLock&& other) noexcept {
  std::swap(fd_, other.fd_);
  return *this;
}

Result<TempFolder> TempFolder::Create(const Path& parent, std::string_view prefix) {
  std::string name = (parent / fmt::format("{}.XXXXXX", prefix)).string();
  if (::mkdtemp(name.data()) == nullptr) return ErrnoError("create folder", name, errno);
  return TempFolder(Path(name));
}

TempFolder::~TempFolder() {
  if (!path_.empty()) (void)RemoveTree(path_);
}

Path TempFolder::Release() { return std::exchange(path_, {}); }

}  // namespace vams::files
