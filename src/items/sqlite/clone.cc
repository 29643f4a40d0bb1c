#include "items/sqlite/clone.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "items/sqlite/connection.h"
#include "items/sqlite/layout.h"

namespace vams::items {

namespace {

constexpr int kPagesAtOnce = 4096;  // 16 MiB, between two looks at the caller's patience

struct Closer {
  void operator()(sqlite3* db) const { sqlite3_close(db); }
};
using Database = std::unique_ptr<sqlite3, Closer>;

Result<Database> Create(const files::Path& path) {
  sqlite3* db = nullptr;
  const int rc =
      sqlite3_open_v2(path.c_str(), &db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, nullptr);
  Database created(db);
  if (rc != SQLITE_OK) return sqlite::SqliteError(db, rc, "create " + path.string());
  // The file is thrown away after a crash, so it needs no journal; it is synced at the end.
  sqlite3_exec(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF", nullptr, nullptr, nullptr);
  return created;
}

Status CopyPages(OpContext& op, sqlite3* from, const files::Path& to) {
  TRY(const Database created, Create(to));
  sqlite3* const db = created.get();
  int rc = SQLITE_OK;
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

// A row for each item table: its id, and whether it is one of `without` (?1, a JSON list).
constexpr char kWanted[] =
    "SELECT id FROM vams_tables WHERE dropped = 0 AND name IN "
    "(SELECT value FROM json_each(?1))";

std::string JsonList(std::span<const std::string> texts) {
  return boost::json::serialize(boost::json::array(texts.begin(), texts.end()));
}

// Whether most of the rows are in these tables, by the samples that are kept for scans.
Result<bool> HoldMostRows(sqlite::Connection& connection, std::span<const std::string> tables) {
  if (tables.empty()) return false;
  TRY(auto count,
      connection.Prepare(fmt::format(
          "SELECT count(*), count(*) FILTER (WHERE tbl IN ({})) FROM vams_samples", kWanted)));
  const std::string list = JsonList(tables);
  count.BindText(1, list);
  TRY([[maybe_unused]] const bool row, count.Step());
  return count.Int(1) > 0 && 2 * count.Int(1) >= count.Int(0);
}

// The definitions of all tables, and the rows of those that are not among `without`.
class TableCopy {
 public:
  TableCopy(OpContext& op, sqlite3* db) : op_(op), db_(db) {
    sqlite3_progress_handler(db_, 100'000, &TableCopy::OnProgress, this);
  }

  Status Run(const files::Path& from, std::span<const std::string> without) {
    TRY_OK(Exec("PRAGMA page_size=4096"));
    TRY_OK(Exec("ATTACH ?1 AS source", from.string()));
    // Its first reading fixes what is copied.
    TRY_OK(Exec("BEGIN"));
    std::vector<std::pair<std::string, std::string>> tables;  // name, SQL
    std::vector<std::string> indexes;
    TRY_OK(
        Each("SELECT type, name, sql FROM source.sqlite_master WHERE sql IS NOT NULL "
             "AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY rowid",
             [&](sqlite3_stmt* row) {
               if (Text(row, 0) == "table")
                 tables.emplace_back(Text(row, 1), Text(row, 2));
               else
                 indexes.push_back(Text(row, 2));
             }));
    for (const auto& [name, sql] : tables) TRY_OK(Exec(sql));
    // With the indexes in place, those are copied too and not sorted anew.
    for (const auto& sql : indexes) TRY_OK(Exec(sql));
    for (const auto& [name, sql] : tables)
      if (std::ranges::find(without, name) == without.end())
        TRY_OK(Exec(
            fmt::format("INSERT INTO main.{0} SELECT * FROM source.{0}", sqlite::Quoted(name))));
    const std::string list = JsonList(without);
    for (const char* table : {"vams_samples", "vams_loads"})
      TRY_OK(Exec(fmt::format("DELETE FROM main.{} WHERE tbl IN ({})", table, kWanted), list));
    for (const char* name : {"application_id", "user_version"}) {
      std::int64_t value = 0;
      TRY_OK(Each(fmt::format("PRAGMA source.{}", name),
                  [&](sqlite3_stmt* row) { value = sqlite3_column_int64(row, 0); }));
      TRY_OK(Exec(fmt::format("PRAGMA main.{}={}", name, value)));
    }
    return Exec("COMMIT");
  }

 private:
  static int OnProgress(void* copy) {
    auto& self = *static_cast<TableCopy*>(copy);
    self.patience_ = self.op_.Check();
    return self.patience_.ok() ? 0 : 1;
  }
  static std::string Text(sqlite3_stmt* row, int column) {
    return reinterpret_cast<const char*>(sqlite3_column_text(row, column));
  }

  Status Each(const std::string& sql, const std::function<void(sqlite3_stmt*)>& visit,
              const std::string& argument = {}) {
    TRY_OK(op_.Check());
    sqlite3_stmt* statement = nullptr;
    int rc = sqlite3_prepare_v2(db_, sql.c_str(), -1, &statement, nullptr);
    if (rc == SQLITE_OK && !argument.empty())
      sqlite3_bind_text(statement, 1, argument.data(), static_cast<int>(argument.size()),
                        SQLITE_STATIC);
    while (rc == SQLITE_OK || rc == SQLITE_ROW)
      if (rc = sqlite3_step(statement); rc == SQLITE_ROW) visit(statement);
    const Error error = sqlite::SqliteError(db_, rc, "copy tables");
    sqlite3_finalize(statement);
    if (!patience_.ok()) return patience_;
    return rc == SQLITE_DONE ? Ok() : Status(error);
  }
  Status Exec(const std::string& sql, const std::string& argument = {}) {
    return Each(
        sql, [](sqlite3_stmt*) {}, argument);
  }

  OpContext& op_;
  sqlite3* const db_;
  Status patience_;
};

Status CopyTables(OpContext& op, const files::Path& from, const files::Path& to,
                  std::span<const std::string> without) {
  TRY(const Database created, Create(to));
  return TableCopy(op, created.get()).Run(from, without);
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

Status CloneSqliteStore(OpContext& op, const files::Path& from, const files::Path& to,
                        std::span<const std::string> without) {
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
  TRY(const bool by_table, HoldMostRows(*source, without));
  auto copied = by_table ? CopyTables(op, from, to, without) : CopyPages(op, source->raw(), to);
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
