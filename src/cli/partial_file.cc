#include "cli/partial_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cctype>
#include <cstdio>

#include "base/encoding.h"
#include "base/hash.h"

namespace vams::cli {

namespace {

constexpr std::string_view kMark = ".vams-part-";
constexpr std::size_t kLongestEtag = 80;

std::string PrefixOf(const files::Path& target) {
  return std::string(kMark) + HexEncode(Sha256(target.filename().string())).substr(0, 16) + "-";
}

}  // namespace

files::Path PartialFile::PathOf(const files::Path& target, std::string_view etag) {
  std::string tag;
  for (const char c : etag.substr(0, kLongestEtag))
    tag += std::isalnum(static_cast<unsigned char>(c)) != 0 ? c : '-';
  return target.parent_path() / (PrefixOf(target) + tag);
}

std::optional<std::string> PartialFile::EtagIn(const files::Path& target, std::string_view name) {
  const std::string prefix = PrefixOf(target);
  if (!name.starts_with(prefix) || name.size() == prefix.size()) return std::nullopt;
  return std::string(name.substr(prefix.size()));
}

PartialFile::PartialFile(PartialFile&& other) noexcept
    : path_(std::move(other.path_)),
      fd_(std::exchange(other.fd_, -1)),
      size_(other.size_),
      disk_full_(other.disk_full_) {}

PartialFile::~PartialFile() {
  if (fd_ >= 0) ::close(fd_);
}

Result<PartialFile> PartialFile::Open(const files::Path& path, std::uint64_t keep) {
  std::error_code error;
  if (path.has_parent_path()) std::filesystem::create_directories(path.parent_path(), error);
  if (error) return files::ErrnoError("create", path.parent_path(), error.value());
  const int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (fd < 0) return files::ErrnoError("create", path, errno);
  PartialFile file(path, fd, keep);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0)
    return Error(Code::kConflict, "another process is fetching this file to the same place");
  // Whoever had it may have made it the target since it was opened here.
  struct stat locked {
  }, named{};
  if (::fstat(fd, &locked) != 0 || ::stat(path.c_str(), &named) != 0 ||
      locked.st_ino != named.st_ino)
    return Error(Code::kConflict, "another process has fetched this file to the same place");
  if (::ftruncate(fd, static_cast<off_t>(keep)) != 0)
    return files::ErrnoError("shorten", path, errno);
  if (::lseek(fd, 0, SEEK_END) < 0) return files::ErrnoError("write", path, errno);
  return file;
}

Status PartialFile::Write(std::string_view bytes) {
  while (!bytes.empty()) {
    const auto written = ::write(fd_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) {
      disk_full_ = errno == ENOSPC || errno == EDQUOT;
      return files::ErrnoError("write", path_, errno);
    }
    bytes.remove_prefix(static_cast<std::size_t>(written));
    size_ += static_cast<std::uint64_t>(written);
  }
  return Ok();
}

Result<std::size_t> PartialFile::ReadAt(char* to, std::size_t count, std::uint64_t at) const {
  ssize_t got = 0;
  do got = ::pread(fd_, to, count, static_cast<off_t>(at));
  while (got < 0 && errno == EINTR);
  if (got < 0) return files::ErrnoError("read", path_, errno);
  return static_cast<std::size_t>(got);
}

Status PartialFile::MoveTo(const files::Path& target, bool replace) {
  const unsigned flags = replace ? 0 : RENAME_NOREPLACE;
  if (::renameat2(AT_FDCWD, path_.c_str(), AT_FDCWD, target.c_str(), flags) == 0) return Ok();
  // Some file systems know no such renaming.
  if (!replace && errno == EINVAL && ::link(path_.c_str(), target.c_str()) == 0) {
    Remove();
    return Ok();
  }
  if (errno == EEXIST)
    return Error(Code::kConflict, "there is such a file already, and it was left as it is");
  return files::ErrnoError("write", target, errno);
}

void PartialFile::Remove() { ::unlink(path_.c_str()); }

}  // namespace vams::cli
