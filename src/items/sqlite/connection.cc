#include "items/sqlite/connection.h"

#include <errno.h>
#include <fmt/format.h>

namespace vams::items::sqlite {

namespace {

// SQLite calls it an I/O error when a quota is used up, or when the disk has no room for the index
// of the log file; to whoever has to act on it, both are a full disk.
bool IsDiskFull(sqlite3* db, int rc) {
  if ((rc & 0xff) == SQLITE_FULL) return true;
  if ((rc & 0xff) != SQLITE_IOERR || db == nullptr) return false;
  const int system_error = sqlite3_system_errno(db);
  return system_error == ENOSPC || system_error == EDQUOT ||
         sqlite3_extended_errcode(db) == SQLITE_IOERR_SHMSIZE;
}

}  // namespace

Error SqliteError(sqlite3* db, int rc, std::string_view doing) {
  const char* file = db == nullptr ? nullptr : sqlite3_db_filename(db, "main");
  const std::string where = file == nullptr || *file == 0 ? "the item store" : file;
  const std::string details =
      fmt::format("sqlite {} ({}): {}", rc, db == nullptr ? 0 : sqlite3_extended_errcode(db),
                  db == nullptr ? sqlite3_errstr(rc) : sqlite3_errmsg(db));
  switch (IsDiskFull(db, rc) ? SQLITE_FULL : rc & 0xff) {
    case SQLITE_FULL:
      return Error(
          Code::kUnavailable,
          fmt::format(
              "cannot {} {}: the disk is full; nothing was changed; free some space and try again",
              doing, where),
          details);
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_AUTH:
      return Error(
          Code::kDenied,
          fmt::format(
              "cannot {} {}: it is not writable for this user; nothing was changed; check the "
              "permissions of the file and its folder",
              doing, where),
          details);
    case SQLITE_CANTOPEN:
      return Error(Code::kDenied,
                   fmt::format("cannot {} {}: the file cannot be opened or created; check that its "
                               "folder exists and "
                               "that this user may write there",
                               doing, where),
                   details);
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return Error(
          Code::kUnavailable,
          fmt::format(
              "cannot {} {}: another program holds it locked; nothing was changed; close that "
              "program (perhaps a sqlite3 shell in a transaction) and try again",
              doing, where),
          details);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Error(
          Code::kCorrupt,
          fmt::format("cannot {} {}: the file is damaged; leave it as it is and restore a backup",
                      doing, where),
          details);
    case SQLITE_IOERR:
      return Error(
          Code::kUnavailable,
          fmt::format(
              "cannot {} {}: the disk reported an error; nothing was changed; check the disk",
              doing, where),
          details);
    case SQLITE_INTERRUPT:
      return Error(Code::kCancelled, fmt::format("{} was cancelled", doing), details);
    case SQLITE_TOOBIG:
      return Error(Code::kTooLarge, fmt::format("cannot {} {}: a value is too large", doing, where),
                   details);
    default:
      return Error(Code::kInternal, fmt::format("cannot {} {}", doing, where), details);
  }
}

Result<bool> Statement::Step() {
  const int rc = sqlite3_step(stmt_);
  if (rc == SQLITE_ROW) return true;
  if (rc == SQLITE_DONE) return false;
  return SqliteError(db_, rc, "use");
}

Status Statement::Run() {
  TRY([[maybe_unused]] const bool row, Step());
  Reset();
  return Ok();
}

Result<std::unique_ptr<Connection>> Connection::Open(const files::Path& path, Mode mode) {
  sqlite3* db = nullptr;
  const int flags =
      SQLITE_OPEN_NOMUTEX |
      (mode == Mode::kReadOnly ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE);
  const int rc = sqlite3_open_v2(path.c_str(), &db, flags, nullptr);
  std::unique_ptr<Connection> connection(new Connection(db));
  if (rc != SQLITE_OK) {
    // sqlite3_db_filename is not set yet, so the path goes in front.
    return SqliteError(db, rc, "open").With(path.string());
  }
  sqlite3_busy_timeout(db, 5000);
  sqlite3_extended_result_codes(db, 0);
  return connection;
}

Connection::~Connection() {
  for (const auto& [sql, statement] : statements_) sqlite3_finalize(statement);
  sqlite3_close(db_);
}

Status Connection::Exec(const std::string& sql) {
  const int rc = sqlite3_exec(db_, sql.c_str(), nullptr, nullptr, nullptr);
  if (rc != SQLITE_OK) return SqliteError(db_, rc, "use");
  return Ok();
}

Result<Statement> Connection::Prepare(std::string_view sql) {
  if (const auto found = statements_.find(sql); found != statements_.end())
    return Statement(db_, found->second);
  sqlite3_stmt* statement = nullptr;
  const int rc = sqlite3_prepare_v3(db_, sql.data(), static_cast<int>(sql.size()),
                                    SQLITE_PREPARE_PERSISTENT, &statement, nullptr);
  if (rc != SQLITE_OK) return SqliteError(db_, rc, "read");
  statements_.emplace(sql, statement);
  return Statement(db_, statement);
}

Status Connection::Run(std::string_view sql) {
  TRY(auto statement, Prepare(sql));
  return statement.Run();
}

Result<std::int64_t> Connection::QueryInt(std::string_view sql) {
  TRY(auto statement, Prepare(sql));
  TRY(const bool row, statement.Step());
  if (!row)
    return Error(Code::kInternal, "a query of the item store gave no row", std::string(sql));
  return statement.Int(0);
}

}  // namespace vams::items::sqlite
