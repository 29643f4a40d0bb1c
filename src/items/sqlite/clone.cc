#include "items/sqlite/clone.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include "items/sqlite/connection.h"

namespace vams::items {

namespace {

constexpr int kPagesAtOnce = 4096;  // 16 MiB, between two looks at the caller's patience

Status CopyPages(OpContext& op, sqlite3* from, const files::Path& to) {
  sqlite3* db = nullptr;
  int rc = sqlite3_open_v2(to.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  struct Closer {
    sqlite3* db;
    ~Closer() { sqlite3_close(db); }
  } closer{db};
  if (rc != SQLITE_OK) return sqlite::SqliteError(db, rc, "create " + to.string());
  // The file is thrown away after a crash, so it needs no journal; it is synced at the end.
  sqlite3_exec(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
  sqlite3_backup* backup = sqlite3_backup_init(db, "main", from, "main");
  if (backup == nullptr)
    return sqlite::SqliteError(db, sqlite3_errcode(db), "copy to " + to.string());
  Status patience = Ok();
  do {
    rc = sqlite3_backup_step(backup, kPagesAtOnce);
    patience = op.Check();
  } while (rc == SQLITE_OK && patience.ok());
  const int finished = sqlite3_backup_finish(backup);
  if (!patience.ok()) return patience;
  if (rc != SQLITE_DONE) return sqlite::SqliteError(db, rc, "copy to " + to.string());
  if (finished != SQLITE_OK) return sqlite::SqliteError(db, finished, "copy to " + to.string());
  return Ok();
}

Status Sync(const files::Path& path) {
  const int fd = ::open(path.c_str(), O_RDWR | O_CLOEXEC);
  if (fd < 0) return files::ErrnoError("open", path, errno);
  const bool synced = ::fsync(fd) == 0;
  const int error = errno;
  ::close(fd);
  if (!synced) return files::ErrnoError("write", path, error);
  return files::SyncFolder(path.parent_path());
}

}  // namespace

Status CloneSqliteStore(OpContext& op, const files::Path& from, const files::Path& to) {
  std::error_code ec;
  if (std::filesystem::exists(to, ec))
    return Error(
        Code::kConflict,
        fmt::format("{} exists already; nothing was copied; remove it first", to.string()));
  TRY(const auto source, sqlite::Connection::Open(from, sqlite::Connection::Mode::kReadOnly));
  // One read transaction over all steps: without it, the copy would begin anew whenever somebody
  // writes between two of them, and never end while the store is busy.
  TRY_OK(source->Exec("BEGIN"));
  TRY([[maybe_unused]] const auto any, source->QueryInt("SELECT count(*) FROM sqlite_master"));
  auto copied = CopyPages(op, source->raw(), to);
  if (copied.ok()) copied = Sync(to);
  if (!copied.ok()) std::filesystem::remove(to, ec);
  return copied;
}

Status SealSqliteStore(const files::Path& path) {
  {
    TRY(const auto connection,
        sqlite::Connection::Open(path, sqlite::Connection::Mode::kReadWrite));
    TRY_OK(connection->Exec("PRAGMA synchronous=FULL; PRAGMA busy_timeout=1000"));
    int pages_left = 0, pages_done = 0;
    const int rc = sqlite3_wal_checkpoint_v2(connection->raw(), nullptr, SQLITE_CHECKPOINT_TRUNCATE,
                                             &pages_left, &pages_done);
    if (rc == SQLITE_BUSY || rc == SQLITE_LOCKED || (rc == SQLITE_OK && pages_left > 0))
      return Error(Code::kConflict,
                   fmt::format("{} is open elsewhere, so its log could not be taken in; nothing "
                               "was lost; stop who uses it and try again",
                               path.string()));
    if (rc != SQLITE_OK)
      return sqlite::SqliteError(connection->raw(), rc, "write " + path.string());
  }
  for (const char* suffix : {"-wal", "-shm", "-lock"})
    TRY_OK(files::RemoveTree(path.string() + suffix));
  return files::SyncFolder(path.parent_path());
}

Status RemoveSqliteStore(const files::Path& path) {
  for (const char* suffix : {"", "-wal", "-shm", "-lock", "-bulk"})
    TRY_OK(files::RemoveTree(path.string() + suffix));
  return Ok();
}

}  // namespace vams::items
