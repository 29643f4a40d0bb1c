#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "base/fault_point.h"
#include "base/file_descriptor.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/connection.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/stacks/clone.h"
#include "lifecycle/stacks/share_file.h"

namespace vams::lifecycle {

namespace {

// The store and its log file, under a read transaction.  Between the two the log may grow, and
// pages of it may be moved into the store; but it does not begin anew, or if it does, nothing is
// moved any more.  So each of them as it was at one moment, the store first, is together what a
// power failure in between would have left, and opening it ends the work.
Result<bool> ShareStore(const files::Path& from, const files::Path& to, const FileSharer& share) {
  TRY(const auto source,
      items::sqlite::Connection::Open(from, items::sqlite::Connection::Mode::kReadOnly));
  TRY_OK(source->Exec("BEGIN"));
  TRY([[maybe_unused]] const auto any, source->QueryInt("SELECT count(*) FROM sqlite_master"));
  TRY(const bool shared, share(from, to));
  if (!shared) return false;
  const files::Path log = from.string() + "-wal";
  std::error_code ec;
  if (std::filesystem::exists(log, ec)) {
    TRY(const bool log_shared, share(log, to.string() + "-wal"));
    if (!log_shared) return false;
  }
  return true;
}

}  // namespace

Result<bool> Reflink(const files::Path& from, const files::Path& to) {
  const FileDescriptor source(::open(from.c_str(), O_RDONLY | O_CLOEXEC));
  if (source.get() < 0) return files::ErrnoError("open", from, errno);
  const FileDescriptor target(::open(to.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (target.get() < 0) return files::ErrnoError("create", to, errno);
  if (::ioctl(target.get(), FICLONE, source.get()) == 0) {
    if (::fsync(target.get()) == 0) return true;
    return files::ErrnoError("write", to, errno);
  }
  // Not every file system says "not supported" in the same words; whatever it is, copying tells.
  ::unlink(to.c_str());
  return false;
}

Result<bool> CloneItemsBy(OpContext& op, const files::Path& from, const files::Path& to,
                          const FileSharer& share) {
  std::error_code ec;
  // Copying says what is wrong with either.
  if (!std::filesystem::exists(to, ec) && std::filesystem::exists(from, ec)) {
    auto shared = ShareStore(from, to, share);
    if (!shared.ok() || !*shared) TRY_OK(items::RemoveSqliteStore(to));
    if (!shared.ok()) return shared;
    if (*shared) {
      TRY_OK(files::SyncFolder(to.parent_path()));
      // Takes the log in, as after a crash.
      TRY([[maybe_unused]] const auto opened, items::OpenSqliteStore(to));
      return true;
    }
  }
  VAMS_POINT("lifecycle.clone.before_pages");
  TRY_OK(items::CloneSqliteStore(op, from, to));
  return false;
}

Result<bool> CloneItems(OpContext& op, const files::Path& from, const files::Path& to) {
  return CloneItemsBy(op, from, to, Reflink);
}

}  // namespace vams::lifecycle
