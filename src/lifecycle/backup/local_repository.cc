#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>

#include "lifecycle/backup/flock.h"
#include "lifecycle/backup/repository.h"

namespace vams::lifecycle::backup {

namespace {

namespace fs = std::filesystem;

class LocalHold final : public Repository::Hold {
 public:
  std::optional<files::FileLock> writing;
  std::optional<Flock> reading;
};

class LocalRepository final : public Repository {
 public:
  explicit LocalRepository(files::Path folder) : folder_(std::move(folder)) {}

  std::string Where(std::string_view name) const override {
    return name.empty() ? folder_.string() : (folder_ / name).string();
  }

  Result<std::unique_ptr<Hold>> Take(Purpose purpose, std::string_view doing) override {
    auto hold = std::make_unique<LocalHold>();
    if (purpose != Purpose::kRead) {
      TRY_OK(files::MakeFolders(folder_ / "packs"));
      TRY_OK(files::MakeFolders(folder_ / "backups"));
      TRY_OK(files::MakeFolders(Incoming()));
      auto lock = files::FileLock::Acquire(folder_ / "lock",
                                           fmt::format("\"{}\" (process {})", doing, ::getpid()));
      if (!lock.ok() && lock.error().code == Code::kConflict) return InUse(lock.error().message);
      TRY(auto held, std::move(lock));
      hold->writing.emplace(std::move(held));
      TRY_OK(RemoveLeftovers());
    }
    // Whoever writes removes nothing, and the lock above keeps those away who would.
    if (purpose == Purpose::kWrite) return std::unique_ptr<Hold>(std::move(hold));
    TRY(auto reading,
        Flock::Try(folder_ / "readers",
                   purpose == Purpose::kPrune ? Flock::Kind::kExclusive : Flock::Kind::kShared));
    if (!reading)
      return InUse(purpose == Purpose::kPrune ? "somebody who reads a backup"
                                              : "\"vams backup prune\"");
    hold->reading = std::move(reading);
    return std::unique_ptr<Hold>(std::move(hold));
  }

  Result<objects::StagedFile> Stage() override { return objects::StagedFile::Create(Incoming()); }

  Status Put(std::string_view name, objects::StagedFile file) override {
    const files::Path path = folder_ / name;
    std::error_code ec;
    if (fs::exists(path, ec))
      return Error(Code::kConflict,
                   fmt::format("{} is there already; nothing was written", path.string()));
    TRY_OK(file.RenameTo(path));
    return files::SyncFolder(path.parent_path());
  }

  Status Replace(std::string_view name, std::string_view bytes) override {
    return files::WriteAtomically(folder_ / name, bytes);
  }

  Result<std::string> Read(std::string_view name, std::uint64_t offset,
                           std::uint64_t length) override {
    const files::Path path = folder_ / name;
    const int fd = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
    if (fd < 0) return files::ErrnoError("read", path, errno);
    std::string bytes(length, '\0');
    std::size_t have = 0;
    while (have < bytes.size()) {
      const ssize_t n =
          ::pread(fd, bytes.data() + have, bytes.size() - have, static_cast<off_t>(offset + have));
      if (n < 0 && errno == EINTR) continue;
      if (n < 0) {
        const int error = errno;
        ::close(fd);
        return files::ErrnoError("read", path, error);
      }
      if (n == 0) break;
      have += static_cast<std::size_t>(n);
    }
    ::close(fd);
    bytes.resize(have);
    return bytes;
  }

  Result<std::uint64_t> Size(std::string_view name) override {
    const files::Path path = folder_ / name;
    struct stat info {};
    if (::stat(path.c_str(), &info) != 0) return files::ErrnoError("read", path, errno);
    return static_cast<std::uint64_t>(info.st_size);
  }

  Result<std::vector<StoredFile>> List(std::string_view folder) override {
    std::vector<StoredFile> found;
    std::error_code ec;
    fs::directory_iterator it(folder_ / folder, ec);
    if (ec == std::errc::no_such_file_or_directory) return found;
    for (const fs::directory_iterator end; !ec && it != end; it.increment(ec)) {
      std::error_code gone;
      const std::uint64_t size = it->file_size(gone);
      found.push_back({it->path().filename().string(), gone ? 0 : size});
    }
    if (ec) return files::ErrnoError("list", folder_ / folder, ec.value());
    std::ranges::sort(found, {}, &StoredFile::name);
    return found;
  }

  Status Delete(std::string_view name) override {
    const files::Path path = folder_ / name;
    if (::unlink(path.c_str()) != 0 && errno != ENOENT)
      return files::ErrnoError("remove", path, errno);
    return files::SyncFolder(path.parent_path());
  }

 private:
  files::Path Incoming() const { return folder_ / "incoming"; }

  Error InUse(std::string_view by) const {
    return Error(Code::kConflict,
                 fmt::format("the backups in {} are in use by {}; nothing was done; wait for that "
                             "to end",
                             folder_.string(), by));
  }

  // The caller holds the lock, so they are nobody's.
  Status RemoveLeftovers() const {
    std::error_code ec;
    fs::directory_iterator it(Incoming(), ec);
    for (const fs::directory_iterator end; !ec && it != end; it.increment(ec)) {
      std::error_code gone;
      fs::remove(it->path(), gone);
    }
    if (ec) return files::ErrnoError("list", Incoming(), ec.value());
    return Ok();
  }

  const files::Path folder_;
};

}  // namespace

Result<std::unique_ptr<Repository>> OpenRepository(const std::string& location) {
  if (location.contains("://"))
    return Error(Code::kNotSupported,
                 fmt::format("{} is no local folder, and this release keeps backups in local "
                             "folders only: it does not speak the S3 protocol yet; nothing was "
                             "done; name a folder in backup.repository or with --repository",
                             location));
  return std::unique_ptr<Repository>(std::make_unique<LocalRepository>(location));
}

}  // namespace vams::lifecycle::backup
