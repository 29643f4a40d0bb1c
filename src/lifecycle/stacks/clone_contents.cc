// The blob folder of a clone: docs/formats/blobs.md, "Clones".
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <vector>

#include "base/fault_point.h"
#include "lifecycle/stacks/clone.h"
#include "lifecycle/stacks/share_file.h"
#include "objects/pack_file.h"

namespace vams::lifecycle {

namespace {

namespace fs = std::filesystem;

constexpr unsigned kThreads = 2;
constexpr std::uint64_t kTellEvery = 1024;
constexpr std::size_t kChunk = std::size_t{1} << 20;

class Cloner {
 public:
  Cloner(OpContext& op, const files::Path& from, const files::Path& to,
         const OnCloneProgress& progress)
      : op_(op), from_(from), to_(to), progress_(progress) {}

  Result<ClonedContents> Run() {
    std::error_code ec;
    TRY_OK(files::MakeFolders(to_));
    TRY_OK(CheckSameDevice());
    if (fs::exists(from_ / "format", ec)) {
      TRY(const auto format, files::ReadAll(from_ / "format"));
      TRY_OK(files::WriteAtomically(to_ / "format", format));
    }
    TRY_OK(Packs());
    TRY_OK(Shards());
    VAMS_POINT("lifecycle.clone.before_sync");
    TRY_OK(Sync());
    return done_;
  }

 private:
  Status CheckSameDevice() const {
    struct stat a {
    }, b{};
    if (::stat(from_.c_str(), &a) != 0) return files::ErrnoError("read", from_, errno);
    if (::stat(to_.c_str(), &b) != 0) return files::ErrnoError("read", to_, errno);
    if (a.st_dev == b.st_dev) return Ok();
    return Error(
        Code::kNotSupported,
        fmt::format("the contents in {} and the clone in {} are on different file systems, so "
                    "they cannot be shared; nothing was made; make the clone on the file system "
                    "of the contents, or restore a backup as another stack, which copies them",
                    from_.string(), to_.string()));
  }

  // A file that is still written, or has more names than the file system allows.
  Status Copy(const files::Path& from, const files::Path& to) {
    TRY(const bool shared, Reflink(from, to));
    if (!shared) TRY_OK(CopyBytes(from, to));
    // A blob's time tells its age.
    struct stat info {};
    if (::stat(from.c_str(), &info) != 0) return files::ErrnoError("read", from, errno);
    const timespec times[] = {info.st_atim, info.st_mtim};
    if (::utimensat(AT_FDCWD, to.c_str(), times, 0) != 0 ||
        ::chmod(to.c_str(), info.st_mode & 07777) != 0)
      return files::ErrnoError("write", to, errno);
    std::error_code ec;
    const std::lock_guard lock(mutex_);
    ++done_.copied_files;
    done_.copied_bytes += fs::file_size(to, ec);
    return Ok();
  }

  static Status CopyBytes(const files::Path& from, const files::Path& to) {
    const int in = ::open(from.c_str(), O_RDONLY | O_CLOEXEC);
    if (in < 0) return files::ErrnoError("open", from, errno);
    const int out = ::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (out < 0) {
      const int error = errno;
      ::close(in);
      return files::ErrnoError("create", to, error);
    }
    ssize_t count = 0;
    do {
      count = ::copy_file_range(in, nullptr, out, nullptr, kChunk, 0);
    } while (count > 0);
    const bool copied = count == 0 && ::fsync(out) == 0;
    const int error = errno;
    ::close(in);
    ::close(out);
    return copied ? Ok() : Status(files::ErrnoError("write", to, error));
  }

  Status LinkOrCopy(const files::Path& from, const files::Path& to) {
    if (::link(from.c_str(), to.c_str()) == 0) {
      std::error_code ec;
      const std::lock_guard lock(mutex_);
      ++done_.linked_files;
      done_.linked_bytes += fs::file_size(to, ec);
      return Ok();
    }
    const int error = errno;
    if (error == EMLINK) return Copy(from, to);
    if (error == EPERM || error == EACCES)
      return Error(Code::kDenied,
                   fmt::format("{} cannot be shared with {}: the file is of another user; nothing "
                               "was made; run this as the user the stack is served by",
                               from.string(), to.string()));
    return files::ErrnoError("link", from, error);
  }

  // A pack with an index is never written again, so both may have it.  Any other has a writer,
  // which must be one stack's alone.
  Status Packs() {
    std::error_code ec;
    if (!fs::exists(from_ / "packs", ec)) return Ok();
    TRY_OK(files::MakeFolders(to_ / "packs"));
    std::vector<files::Path> packs;
    fs::directory_iterator it(from_ / "packs", ec);
    for (const fs::directory_iterator end; !ec && it != end; it.increment(ec))
      if (it->path().extension() == ".pack") packs.push_back(it->path());
    if (ec) return files::ErrnoError("list", from_ / "packs", ec.value());
    for (const auto& pack : packs) {
      TRY_OK(op_.Check());
      const auto name = pack.filename();
      const auto index = objects::IndexOf(pack);
      if (fs::exists(index, ec)) {
        TRY_OK(LinkOrCopy(index, to_ / "packs" / index.filename()));
        TRY_OK(LinkOrCopy(pack, to_ / "packs" / name));
      } else {
        TRY_OK(Copy(pack, to_ / "packs" / name));
      }
    }
    return Ok();
  }

  // Contents in files of their own: ab/cd/<digest>.
  Status Shards() {
    std::vector<files::Path> shards;
    std::error_code ec;
    fs::directory_iterator it(from_, ec);
    for (const fs::directory_iterator end; !ec && it != end; it.increment(ec))
      if (it->path().filename().string().size() == 2) shards.push_back(it->path());
    if (ec) return files::ErrnoError("list", from_, ec.value());
    std::sort(shards.begin(), shards.end());
    std::atomic<std::size_t> next = 0;
    std::vector<Status> results(kThreads, Ok());
    const auto work = [&](Status& result) {
      for (std::size_t i = next++; i < shards.size() && result.ok(); i = next++)
        result = Shard(shards[i]);
      if (!result.ok()) next = shards.size();
    };
    std::vector<std::thread> threads;
    for (unsigned t = 1; t < kThreads; ++t) threads.emplace_back(work, std::ref(results[t]));
    work(results[0]);
    for (auto& thread : threads) thread.join();
    for (auto& result : results) TRY_OK(std::move(result));
    return Ok();
  }

  Status Shard(const files::Path& shard) {
    std::error_code ec;
    const files::Path to = to_ / shard.filename();
    fs::create_directory(to, ec);
    if (ec) return files::ErrnoError("create folder", to, ec.value());
    files::Path inner;
    fs::recursive_directory_iterator it(shard, ec);
    for (const fs::recursive_directory_iterator end; !ec && it != end; it.increment(ec)) {
      if (it.depth() == 0) {
        inner = to / it->path().filename();
        fs::create_directory(inner, ec);
        if (ec) return files::ErrnoError("create folder", inner, ec.value());
        continue;
      }
      TRY_OK(op_.Check());
      TRY_OK(LinkOrCopy(it->path(), inner / it->path().filename()));
      Tell();
    }
    return ec ? Status(files::ErrnoError("list", shard, ec.value())) : Ok();
  }

  void Tell() {
    const std::lock_guard lock(mutex_);
    const std::uint64_t files = done_.linked_files + done_.copied_files;
    if (files % kTellEvery == 0 && progress_) progress_("contents", files);
  }

  // One sync for all names.
  Status Sync() const {
    const int fd = ::open(to_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return files::ErrnoError("open", to_, errno);
    const bool synced = ::syncfs(fd) == 0;
    const int error = errno;
    ::close(fd);
    return synced ? Ok() : Status(files::ErrnoError("write", to_, error));
  }

  OpContext& op_;
  const files::Path from_, to_;
  const OnCloneProgress& progress_;
  std::mutex mutex_;  // guards done_, and keeps calls of progress_ apart
  ClonedContents done_;
};

}  // namespace

Result<ClonedContents> CloneContents(OpContext& op, const files::Path& from, const files::Path& to,
                                     const OnCloneProgress& progress) {
  return Cloner(op, from, to, progress).Run();
}

}  // namespace vams::lifecycle
