#include "folders/folder_tree.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <system_error>
#include <utility>

#include "base/encoding.h"
#include "base/file_descriptor.h"

namespace vams::folders {

namespace {

constexpr std::size_t kMaxNameBytes = 255;
constexpr std::size_t kBufferBytes = std::size_t{1} << 20;

FileStamp StampOf(const struct stat& info) {
  return {.mtime_nanos = std::int64_t{info.st_mtim.tv_sec} * 1'000'000'000 + info.st_mtim.tv_nsec,
          .size = static_cast<std::uint64_t>(info.st_size),
          .inode = static_cast<std::uint64_t>(info.st_ino)};
}

std::string Escaped(std::string_view name) {
  std::string text;
  for (const char c : name) {
    const auto byte = static_cast<unsigned char>(c);
    text += byte >= 0x20 && byte < 0x7f ? std::string(1, c) : fmt::format("\\x{:02x}", byte);
  }
  return text;
}

struct CloseDir {
  void operator()(DIR* dir) const { ::closedir(dir); }
};
using Dir = std::unique_ptr<DIR, CloseDir>;

// The folder of a key ("" or with "/" at its end), reached step by step and through no link: on the
// way out of the root there is nothing that somebody could have put there.  -1 if there is none;
// with `make` it is made, durably.
Result<FileDescriptor> OpenFolder(const files::Path& root, std::string_view at, bool make) {
  constexpr int kFlags = O_RDONLY | O_DIRECTORY | O_CLOEXEC;
  FileDescriptor folder(::open(root.c_str(), kFlags));
  if (folder.get() < 0) return files::ErrnoError("open folder", root, errno);
  while (!at.empty()) {
    const std::size_t slash = at.find('/');
    const std::string name(at.substr(0, slash));
    at.remove_prefix(slash == at.npos ? at.size() : slash + 1);
    if (make && ::mkdirat(folder.get(), name.c_str(), 0777) == 0)
      ::fsync(folder.get());
    else if (make && errno != EEXIST)
      return files::ErrnoError("make folder", root / name, errno);
    FileDescriptor next(::openat(folder.get(), name.c_str(), kFlags | O_NOFOLLOW));
    if (next.get() < 0) {
      const bool none = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
      if (none && !make) return FileDescriptor(-1);
      return files::ErrnoError("open folder", root / name, errno);
    }
    folder = std::move(next);
  }
  return folder;
}

// A file's folder and its name there.
struct Place {
  FileDescriptor folder;
  std::string name;
};
Result<Place> OpenPlace(const files::Path& root, std::string_view key, bool make) {
  const std::size_t slash = key.rfind('/');
  const std::size_t name = slash == key.npos ? 0 : slash + 1;
  TRY(auto folder, OpenFolder(root, key.substr(0, name), make));
  return Place{.folder = std::move(folder), .name = std::string(key.substr(name))};
}

Result<std::optional<FileStamp>> StampAt(const Place& place, const files::Path& path) {
  struct stat info {};
  if (place.folder.get() < 0) return std::optional<FileStamp>();
  if (::fstatat(place.folder.get(), place.name.c_str(), &info, AT_SYMLINK_NOFOLLOW) != 0) {
    if (errno == ENOENT || errno == ENOTDIR) return std::optional<FileStamp>();
    return files::ErrnoError("look at", path, errno);
  }
  if (!S_ISREG(info.st_mode)) return std::optional<FileStamp>();
  return std::optional(StampOf(info));
}

// An entry of a folder that is a plain file or a folder.
struct Entry {
  std::string name;
  bool folder = false;
  FileStamp stamp;
};

// Entries that vanish meanwhile are left out.  A folder that is gone has none.
Result<std::vector<Entry>> EntriesOf(const files::Path& root, const std::string& at,
                                     const std::function<void(std::string)>* odd) {
  std::vector<Entry> entries;
  const files::Path path = root / files::Path(at);
  TRY(FileDescriptor fd, OpenFolder(root, at, false));
  if (fd.get() < 0) return entries;
  const int dir_fd = fd.get();
  Dir dir(::fdopendir(fd.Release()));
  if (dir == nullptr) return files::ErrnoError("read folder", path, errno);
  for (;;) {
    errno = 0;
    const dirent* entry = ::readdir(dir.get());
    if (entry == nullptr) {
      if (errno != 0) return files::ErrnoError("read folder", path, errno);
      return entries;
    }
    const std::string_view name = entry->d_name;
    if (name == "." || name == ".." || name.starts_with(kOwnPrefix)) continue;
    struct stat info {};
    if (::fstatat(dir_fd, entry->d_name, &info, AT_SYMLINK_NOFOLLOW) != 0) {
      if (errno == ENOENT) continue;
      return files::ErrnoError("look at", path / entry->d_name, errno);
    }
    if (!S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode)) continue;
    if (!IsUtf8(name)) {
      if (odd != nullptr) (*odd)(Escaped((path / entry->d_name).string()));
      continue;
    }
    entries.push_back({std::string(name), S_ISDIR(info.st_mode), StampOf(info)});
  }
}

Status WriteAll(int fd, const files::Path& path, const FolderTree::Source& source) {
  std::vector<char> buffer(kBufferBytes);
  for (;;) {
    TRY(const std::size_t got, source(buffer.data(), buffer.size()));
    if (got == 0) return Ok();
    for (std::size_t at = 0; at < got;) {
      const ssize_t wrote = ::write(fd, buffer.data() + at, got - at);
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote < 0) return files::ErrnoError("write", path, errno);
      at += static_cast<std::size_t>(wrote);
    }
  }
}

}  // namespace

std::optional<std::string> WhyNoPath(std::string_view key) {
  if (key.ends_with('/')) key.remove_suffix(1);
  if (!IsUtf8(key)) return "it is no UTF-8";
  for (;;) {
    const std::size_t slash = key.find('/');
    const std::string_view segment = key.substr(0, slash);
    if (segment.empty() || segment == "." || segment == "..")
      return fmt::format("a part of it is \"{}\"", segment);
    if (segment.size() > kMaxNameBytes)
      return fmt::format("a part of it is longer than {} bytes", kMaxNameBytes);
    if (segment.starts_with(kOwnPrefix))
      return fmt::format("names that begin with \"{}\" are reserved", kOwnPrefix);
    if (std::ranges::any_of(segment, [](char c) { return static_cast<unsigned char>(c) < 0x20; }))
      return "it has control characters";
    if (slash == key.npos) return std::nullopt;
    key.remove_prefix(slash + 1);
  }
}

// ---- OpenFile

OpenFile::~OpenFile() {
  if (fd_ >= 0) ::close(fd_);
}

OpenFile::OpenFile(OpenFile&& other) noexcept
    : fd_(std::exchange(other.fd_, -1)), stamp_(other.stamp_) {}

bool OpenFile::Unchanged() const {
  struct stat info {};
  return ::fstat(fd_, &info) == 0 && StampOf(info) == stamp_;
}

Result<std::size_t> OpenFile::ReadAt(std::uint64_t offset, char* to, std::size_t size) const {
  std::size_t done = 0;
  while (done < size) {
    const ssize_t got = ::pread(fd_, to + done, size - done, static_cast<off_t>(offset + done));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0)
      return Error(Code::kUnavailable, fmt::format("cannot read a file of the folder: {}",
                                                   std::generic_category().message(errno)));
    if (got == 0) break;
    done += static_cast<std::size_t>(got);
  }
  return done;
}

// ---- FolderTree

Result<FolderTree> FolderTree::Open(const files::Path& root) {
  struct stat info {};
  if (::stat(root.c_str(), &info) != 0) return files::ErrnoError("open folder", root, errno);
  if (!S_ISDIR(info.st_mode))
    return Error(Code::kInvalid, fmt::format("{} is no folder", root.string()));
  return FolderTree(root);
}

Result<std::vector<std::string>> FolderTree::Folders(const std::string& at,
                                                     std::vector<std::string>* files) const {
  TRY(const auto entries, EntriesOf(root_, at, nullptr));
  std::vector<std::string> names;
  for (const Entry& entry : entries) {
    if (entry.folder)
      names.push_back(entry.name);
    else if (files != nullptr)
      files->push_back(at + entry.name);
  }
  std::ranges::sort(names);
  return names;
}

Status FolderTree::Visit(OpContext& op, const std::string& at, const Visitor& visit,
                         const std::function<void(std::string)>& odd) const {
  std::vector<std::string> folders{at};
  while (!folders.empty()) {
    TRY_OK(op.Check());
    const std::string folder = std::move(folders.back());
    folders.pop_back();
    TRY(const auto entries, EntriesOf(root_, folder, &odd));
    for (const Entry& entry : entries) {
      if (entry.folder)
        folders.push_back(folder + entry.name + "/");
      else
        TRY_OK(visit(folder + entry.name, entry.stamp));
    }
  }
  return Ok();
}

Result<std::optional<FileStamp>> FolderTree::Find(const std::string& key) const {
  TRY(const Place place, OpenPlace(root_, key, false));
  return StampAt(place, PathOf(key));
}

Result<OpenFile> FolderTree::OpenForReading(const std::string& key) const {
  const files::Path path = PathOf(key);
  TRY(const Place place, OpenPlace(root_, key, false));
  if (place.folder.get() < 0) return files::ErrnoError("open", path, ENOENT);
  // Without waiting for the other end of a pipe that took the file's place.
  FileDescriptor fd(::openat(place.folder.get(), place.name.c_str(),
                             O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (fd.get() < 0) return files::ErrnoError("open", path, errno);
  struct stat info {};
  if (::fstat(fd.get(), &info) != 0) return files::ErrnoError("look at", path, errno);
  if (!S_ISREG(info.st_mode))
    return Error(Code::kNotFound, fmt::format("{} is no plain file", path.string()));
  return OpenFile(fd.Release(), StampOf(info));
}

Result<FileStamp> FolderTree::Write(const std::string& key,
                                    const std::optional<FileStamp>& expected,
                                    const Source& source) const {
  static std::atomic<unsigned> counter = 0;
  const files::Path path = PathOf(key);
  TRY(const Place place, OpenPlace(root_, key, true));
  const int folder = place.folder.get();
  const std::string name = fmt::format("{}{}-{}", kOwnPrefix, ::getpid(), ++counter);
  FileDescriptor fd(
      ::openat(folder, name.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666));
  if (fd.get() < 0) return files::ErrnoError("make a file beside", path, errno);
  const auto give_up = [&](Error error) {
    ::unlinkat(folder, name.c_str(), 0);
    return error;
  };
  struct stat info {};
  if (Status written = WriteAll(fd.get(), path, source); !written.ok())
    return give_up(std::move(written).error());
  if (::fsync(fd.get()) != 0 || ::fstat(fd.get(), &info) != 0)
    return give_up(files::ErrnoError("write", path, errno));
  auto there = StampAt(place, path);
  if (!there.ok()) return give_up(std::move(there).error());
  if (*there != expected)
    return give_up({Code::kConflict, fmt::format("{} was changed meanwhile", path.string())});
  // Where nothing was: what comes into being in this moment must not be replaced.
  if (::renameat2(folder, name.c_str(), folder, place.name.c_str(),
                  expected ? 0U : RENAME_NOREPLACE) != 0) {
    if (errno == EEXIST)
      return give_up({Code::kConflict, fmt::format("{} was made meanwhile", path.string())});
    return give_up(files::ErrnoError("rename to", path, errno));
  }
  if (::fsync(folder) != 0) return files::ErrnoError("sync the folder of", path, errno);
  return StampOf(info);
}

Status FolderTree::Remove(const std::string& key, const FileStamp& expected) const {
  const files::Path path = PathOf(key);
  TRY(const Place place, OpenPlace(root_, key, false));
  TRY(const auto there, StampAt(place, path));
  if (!there) return Ok();
  if (*there != expected)
    return Error(Code::kConflict, fmt::format("{} was changed meanwhile", path.string()));
  if (::unlinkat(place.folder.get(), place.name.c_str(), 0) != 0 && errno != ENOENT)
    return files::ErrnoError("remove", path, errno);
  // Folders that have become empty, except that of the asset.
  std::string_view at = std::string_view(key).substr(0, key.rfind('/'));
  while (at.find('/') != at.npos) {
    TRY(const Place empty, OpenPlace(root_, at, false));
    if (empty.folder.get() < 0 ||
        ::unlinkat(empty.folder.get(), empty.name.c_str(), AT_REMOVEDIR) != 0)
      break;
    at = at.substr(0, at.rfind('/'));
  }
  return Ok();
}

Status FolderTree::MakeFolder(const std::string& key) const {
  TRY([[maybe_unused]] const auto folder, OpenFolder(root_, key, true));
  return Ok();
}

}  // namespace vams::folders
