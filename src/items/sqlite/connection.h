// One SQLite connection with a cache of prepared statements; errors as values.  For this engine
// only. Not thread-safe: one user at a time.  Every call may block on disk.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "base/result.h"
#include "files/files.h"

namespace vams::items::sqlite {

// The Error for a SQLite result code: full disk, no permission, damage and contention keep apart.
Error SqliteError(sqlite3* db, int rc, std::string_view doing);

// A prepared statement borrowed from its connection's cache; it is reset when it goes out of scope.
class Statement {
 public:
  Statement(sqlite3* db, sqlite3_stmt* stmt) : db_(db), stmt_(stmt) {}
  Statement(Statement&& other) noexcept
      : db_(other.db_), stmt_(std::exchange(other.stmt_, nullptr)) {}
  Statement& operator=(Statement&&) = delete;
  ~Statement() { Reset(); }

  // Parameters count from 1.  Text and blobs must live until Reset.
  void Bind(int at, std::int64_t value) { sqlite3_bind_int64(stmt_, at, value); }
  void BindText(int at, std::string_view v) {
    sqlite3_bind_text(stmt_, at, v.data() == nullptr ? "" : v.data(), static_cast<int>(v.size()),
                      SQLITE_STATIC);
  }
  void BindBlob(int at, std::string_view v) {
    sqlite3_bind_blob(stmt_, at, v.data() == nullptr ? "" : v.data(), static_cast<int>(v.size()),
                      SQLITE_STATIC);
  }
  void BindNull(int at) { sqlite3_bind_null(stmt_, at); }

  // True if there is a row.
  Result<bool> Step();
  // For statements without rows.
  Status Run();
  // The plain result code of a step, for callers that treat SQLITE_CONSTRAINT apart.
  int StepCode() { return sqlite3_step(stmt_); }
  void Reset() {
    if (stmt_ != nullptr) sqlite3_reset(stmt_);
  }

  // Columns count from 0; views live until the next Step or Reset.
  std::int64_t Int(int column) const { return sqlite3_column_int64(stmt_, column); }
  bool IsNull(int column) const { return sqlite3_column_type(stmt_, column) == SQLITE_NULL; }
  std::string_view Bytes(int column) const {
    // sqlite3_column_blob gives a text's bytes as they are stored (UTF-8), without a conversion.
    const void* data = sqlite3_column_blob(stmt_, column);
    return {static_cast<const char*>(data),
            static_cast<std::size_t>(sqlite3_column_bytes(stmt_, column))};
  }
  // False for NULL.  Finds the column once, where IsNull and Bytes find it three times: it counts
  // in scans.  The value needs no protection, because a connection has one user at a time.
  bool Read(int column, std::string_view& bytes) const {
    sqlite3_value* value = sqlite3_column_value(stmt_, column);
    const auto* data = static_cast<const char*>(sqlite3_value_blob(value));
    if (data == nullptr && sqlite3_value_type(value) == SQLITE_NULL) return false;
    bytes = {data, static_cast<std::size_t>(sqlite3_value_bytes(value))};
    return true;
  }
  sqlite3* db() const { return db_; }

 private:
  sqlite3* db_;
  sqlite3_stmt* stmt_;
};

class Connection {
 public:
  enum class Mode { kReadWrite, kReadOnly };

  static Result<std::unique_ptr<Connection>> Open(const files::Path& path, Mode mode);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  sqlite3* raw() const { return db_; }
  // Runs statements without parameters or rows of interest.
  Status Exec(const std::string& sql);
  // The same for one statement that runs often.
  Status Run(std::string_view sql);
  // From the cache, compiled at first use.
  Result<Statement> Prepare(std::string_view sql);
  // The first column of the first row, as a number.
  Result<std::int64_t> QueryInt(std::string_view sql);
  Error LastError(std::string_view doing) const {
    return SqliteError(db_, sqlite3_errcode(db_), doing);
  }

 private:
  explicit Connection(sqlite3* db) : db_(db) {}

  struct Hash {
    using is_transparent = void;
    std::size_t operator()(std::string_view s) const { return std::hash<std::string_view>()(s); }
  };

  sqlite3* db_;
  std::unordered_map<std::string, sqlite3_stmt*, Hash, std::equal_to<>> statements_;
};

}  // namespace vams::items::sqlite
