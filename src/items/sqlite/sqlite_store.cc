#include "items/sqlite/sqlite_store.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>

#include "items/codec.h"
#include "items/sqlite/store_impl.h"

namespace vams::items {

Result<std::unique_ptr<ItemStore>> OpenSqliteStore(const files::Path& path,
                                                   const SqliteOptions& options) {
  return sqlite::SqliteStore::Open(path, options);
}

namespace sqlite {

namespace {

constexpr std::int64_t kApplicationId = 0x56414d53;  // "VAMS"
constexpr std::int64_t kFormatVersion = 1;
// Connections of one snapshot: as many scanners can read it at once.
constexpr std::size_t kSnapshotReaders = 4;

constexpr char kSchema[] = R"sql(
  CREATE TABLE vams_meta (name TEXT PRIMARY KEY NOT NULL, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE vams_tables (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, spec TEXT NOT NULL, dropped INTEGER NOT NULL DEFAULT 0) STRICT;
  CREATE TABLE vams_changes (
    seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, tbl INTEGER NOT NULL, op INTEGER NOT NULL,
    key BLOB NOT NULL, before BLOB, after BLOB) STRICT;
  CREATE TABLE vams_consumers (name TEXT PRIMARY KEY NOT NULL, position INTEGER NOT NULL) STRICT, WITHOUT ROWID;
  CREATE TABLE vams_samples (
    tbl INTEGER NOT NULL, p BLOB NOT NULL, s BLOB NOT NULL, PRIMARY KEY (tbl, p, s)) STRICT, WITHOUT ROWID;
  CREATE TABLE vams_loads (
    tbl INTEGER PRIMARY KEY, name TEXT NOT NULL, log INTEGER NOT NULL, token BLOB, runs INTEGER NOT NULL DEFAULT 0,
    merged BLOB, written INTEGER NOT NULL DEFAULT 0) STRICT;
  INSERT INTO vams_meta VALUES ('log_floor', 0);
)sql";

// Creates or checks the file's own tables.
Status PrepareFile(Connection& connection, const files::Path& path, bool read_only) {
  if (!read_only) {
    // Must come before the first write; a page of this size holds several items.
    TRY_OK(connection.Exec("PRAGMA page_size=4096"));
    TRY_OK(connection.Exec("PRAGMA journal_mode=WAL"));
    TRY_OK(connection.Exec("PRAGMA synchronous=FULL"));
  }
  TRY(const auto application, connection.QueryInt("PRAGMA application_id"));
  TRY(const auto version, connection.QueryInt("PRAGMA user_version"));
  TRY(const auto objects, connection.QueryInt("SELECT count(*) FROM sqlite_master"));
  if (application == 0 && version == 0 && objects == 0 && !read_only) {
    return connection.Exec(
        fmt::format("BEGIN IMMEDIATE;{}PRAGMA application_id={};PRAGMA user_version={};COMMIT;",
                    kSchema, kApplicationId, kFormatVersion));
  }
  if (application == 0 && version == 0 && objects == 0)
    return Error(Code::kNotFound,
                 fmt::format("{} is empty: its creation was not completed; open it for writing to "
                             "complete it",
                             path.string()));
  if (application != kApplicationId)
    return Error(Code::kCorrupt,
                 fmt::format("{} is not an item store of vams; nothing was changed; check the path",
                             path.string()));
  if (version > kFormatVersion)
    return Error(
        Code::kNotSupported,
        fmt::format(
            "{} has format {}, this release reads up to {}; install the newer release that made it",
            path.string(), version, kFormatVersion));
  return Ok();
}

}  // namespace

class SqliteSnapshot final : public Reads<Snapshot> {
 public:
  SqliteSnapshot(std::shared_ptr<const TableMap> tables,
                 std::vector<std::unique_ptr<Connection>> connections)
      : tables_(std::move(tables)), pool_(std::move(connections)) {}

 protected:
  std::shared_ptr<const TableMap> CurrentTables() const override { return tables_; }
  ConnectionPool& pool() override { return pool_; }

 private:
  const std::shared_ptr<const TableMap> tables_;
  ConnectionPool pool_;
};

SqliteStore::SqliteStore(const files::Path& path, const SqliteOptions& options)
    : path_(path),
      clock_(options.clock != nullptr ? *options.clock : SystemClock()),
      pool_(path, std::max<std::size_t>(1, options.readers)) {}

SqliteStore::~SqliteStore() = default;

Result<std::unique_ptr<ItemStore>> SqliteStore::Open(const files::Path& path,
                                                     const SqliteOptions& options) {
  std::unique_ptr<SqliteStore> store(new SqliteStore(path, options));
  if (!options.read_only) {
    auto lock =
        files::FileLock::Acquire(path.string() + "-lock", fmt::format("process {}", ::getpid()));
    if (!lock.ok()) {
      if (lock.error().code != Code::kConflict) return std::move(lock).error();
      return Error(
          Code::kConflict,
          fmt::format("{} is in use by {}; stop that process, or use a command that only reads",
                      path.string(), lock.error().message));
    }
    store->lock_ = *std::move(lock);
  }
  TRY_OK(store->Start(options.read_only));
  return std::unique_ptr<ItemStore>(std::move(store));
}

Status SqliteStore::Start(bool read_only) {
  std::error_code ec;
  if (read_only && !std::filesystem::exists(path_, ec))
    return Error(Code::kNotFound, fmt::format("there is no item store at {}", path_.string()));
  TRY(auto connection, Connection::Open(path_, read_only ? Connection::Mode::kReadOnly
                                                         : Connection::Mode::kReadWrite));
  TRY_OK(PrepareFile(*connection, path_, read_only));
  TRY_OK(LoadCatalog(*connection));
  TRY(const auto last, LastPosition(*connection));
  tail_.Start(last);
  if (read_only) return Ok();
  TRY(writer_, Writer::Open(path_, {.begin = [this] { tail_.Begin(); },
                                    .rollback = [this] { tail_.Rollback(); }}));
  return Ok();
}

Status SqliteStore::CheckWritable() const {
  if (writer_ != nullptr) return Ok();
  return Error(Code::kNotSupported, fmt::format("{} was opened for reading only", path_.string()));
}

Status SqliteStore::LoadCatalog(Connection& connection) {
  auto tables = std::make_shared<TableMap>();
  TRY(auto statement,
      connection.Prepare("SELECT t.id, t.spec, l.tbl IS NOT NULL FROM vams_tables t "
                         "LEFT JOIN vams_loads l ON l.tbl = t.id WHERE t.dropped = 0"));
  for (;;) {
    TRY(const bool row, statement.Step());
    if (!row) break;
    TRY(auto spec, DecodeTableSpec(statement.Bytes(1)));
    auto layout =
        std::make_shared<Layout>(MakeLayout(spec, statement.Int(0), statement.Int(2) != 0));
    tables->emplace(spec.name, std::move(layout));
  }
  catalog_.Replace(std::move(tables));
  return Ok();
}

Status SqliteStore::CreateTables(OpContext& op, std::span<const TableSpec> specs) {
  TRY_OK(CheckWritable());
  const std::lock_guard guard(schema_mutex_);
  const auto current = catalog_.tables();
  auto tables = std::make_shared<TableMap>(*current);
  std::vector<const TableSpec*> missing;
  for (const auto& spec : specs) {
    TRY_OK(CheckTableSpec(spec));
    const auto same = std::find_if(tables->begin(), tables->end(), [&](const auto& entry) {
      return entry.first.size() == spec.name.size() &&
             sqlite3_stricmp(entry.first.c_str(), spec.name.c_str()) == 0;
    });
    if (same == tables->end()) {
      missing.push_back(&spec);
      tables->emplace(spec.name, std::make_shared<Layout>(MakeLayout(spec, 0, false)));
    } else if (!(same->second->spec == spec)) {
      return Error(
          Code::kConflict,
          fmt::format("table \"{}\" cannot be created: \"{}\" exists with other keys or indexes",
                      spec.name, same->first));
    }
  }
  if (missing.empty()) return Ok();
  TRY_OK(writer_->Run(op, [&](Connection& connection) -> Status {
    for (const TableSpec* spec : missing) {
      TRY(auto insert, connection.Prepare("INSERT INTO vams_tables (name, spec) VALUES (?, ?)"));
      const std::string text = EncodeTableSpec(*spec);
      insert.BindText(1, spec->name);
      insert.BindText(2, text);
      TRY_OK(insert.Run());
      auto layout = std::make_shared<Layout>(
          MakeLayout(*spec, sqlite3_last_insert_rowid(connection.raw()), false));
      TRY_OK(connection.Exec(layout->create));
      for (const auto& sql : layout->create_indexes) TRY_OK(connection.Exec(sql));
      (*tables)[spec->name] = std::move(layout);
    }
    return Ok();
  }));
  catalog_.Replace(std::move(tables));
  return Ok();
}

Status SqliteStore::DropTable(OpContext& op, std::string_view table) {
  TRY_OK(CheckWritable());
  const std::lock_guard guard(schema_mutex_);
  auto tables = std::make_shared<TableMap>(*catalog_.tables());
  TRY(const LayoutPtr layout, FindLayout(*tables, table));
  {
    const std::lock_guard loaders(loaders_mutex_);
    if (loaders_.contains(table))
      return Error(
          Code::kConflict,
          fmt::format("table \"{}\" is being loaded; finish or abandon that first", table));
  }
  TRY_OK(writer_->Run(op, [&](Connection& connection) -> Status {
    for (const char* sql :
         {"UPDATE vams_tables SET dropped = 1 WHERE id = ?",
          "DELETE FROM vams_samples WHERE tbl = ?", "DELETE FROM vams_loads WHERE tbl = ?"}) {
      TRY(auto statement, connection.Prepare(sql));
      statement.Bind(1, layout->id);
      TRY_OK(statement.Run());
    }
    return connection.Exec("DROP TABLE " + layout->table);
  }));
  tables->erase(tables->find(table));
  catalog_.Replace(std::move(tables));
  return files::RemoveTree(BulkFolder(*layout));
}

Result<std::unique_ptr<Snapshot>> SqliteStore::OpenSnapshot(OpContext& op) {
  TRY_OK(op.Check());
  std::vector<std::unique_ptr<Connection>> connections;
  for (std::size_t i = 0; i < kSnapshotReaders; ++i) {
    TRY(auto connection, OpenForReading(path_));
    connections.push_back(std::move(connection));
  }
  std::shared_ptr<const TableMap> tables;
  const auto begin = [&]() -> Status {
    for (const auto& connection : connections) {
      TRY_OK(connection->Exec("BEGIN"));
      // The view is fixed by the first read, not by BEGIN.
      TRY([[maybe_unused]] const auto any, connection->QueryInt("SELECT count(*) FROM vams_meta"));
    }
    tables = catalog_.tables();
    return Ok();
  };
  // A table between its transaction and its entry in the catalogue would be half there.
  const std::lock_guard guard(schema_mutex_);
  TRY_OK(writer_ != nullptr ? writer_->WhileQuiet(begin) : begin());
  return std::unique_ptr<Snapshot>(
      std::make_unique<SqliteSnapshot>(std::move(tables), std::move(connections)));
}

Result<std::unique_ptr<BulkLoader>> SqliteStore::OpenBulkLoad(OpContext& op, std::string_view table,
                                                              const BulkOptions& options) {
  TRY_OK(CheckWritable());
  TRY_OK(op.Check());
  TRY(const LayoutPtr layout, FindLayout(*catalog_.tables(), table));
  {
    const std::lock_guard lock(loaders_mutex_);
    if (!loaders_.emplace(table, true).second)
      return Error(
          Code::kConflict,
          fmt::format("table \"{}\" is being loaded already; wait for that to finish", table));
  }
  auto loader = OpenLoader(*this, op, layout, options);
  if (!loader.ok()) LoaderClosed(table);
  return loader;
}

void SqliteStore::LoaderClosed(std::string_view table) {
  const std::lock_guard lock(loaders_mutex_);
  if (const auto found = loaders_.find(table); found != loaders_.end()) loaders_.erase(found);
}

files::Path SqliteStore::BulkFolder(const Layout& layout) const {
  return files::Path(path_.string() + "-bulk") / std::to_string(layout.id);
}

Status SqliteStore::SetLoading(std::string_view table, bool loading) {
  const std::lock_guard guard(schema_mutex_);
  auto tables = std::make_shared<TableMap>(*catalog_.tables());
  const auto found = tables->find(table);
  if (found == tables->end()) return Ok();
  auto layout = std::make_shared<Layout>(*found->second);
  layout->loading = loading;
  found->second = std::move(layout);
  catalog_.Replace(std::move(tables));
  return Ok();
}

namespace {

// Each of the threads that sort takes as much memory as the page cache may have, so that is made
// less meanwhile: the sum stays what a migration has (lifecycle.md section 9), and runs of half the
// length cost nothing that can be measured.
Status CreateIndexes(Connection& connection, const Layout& layout) {
  if (layout.create_indexes.empty()) return Ok();
  TRY(const auto cache, connection.QueryInt("PRAGMA cache_size"));
  TRY_OK(connection.Exec("PRAGMA cache_size=-16384"));
  Status created = Ok();
  for (const auto& sql : layout.create_indexes)
    if (created.ok()) created = connection.Exec(sql);
  TRY_OK(connection.Exec(fmt::format("PRAGMA cache_size={}", cache)));
  return created;
}

}  // namespace

Status SqliteStore::FinishLoad(OpContext& op, const Layout& layout) {
  TRY_OK(writer_->Run(op, [&](Connection& connection) -> Status {
    TRY_OK(CreateIndexes(connection, layout));
    TRY(auto forget, connection.Prepare("DELETE FROM vams_loads WHERE tbl = ?"));
    forget.Bind(1, layout.id);
    return forget.Run();
  }));
  TRY_OK(SetLoading(layout.spec.name, false));
  return files::RemoveTree(BulkFolder(layout));
}

Status SqliteStore::AbandonBulkLoad(OpContext& op, std::string_view table) {
  TRY_OK(CheckWritable());
  TRY(const LayoutPtr layout, FindLayout(*catalog_.tables(), table));
  {
    const std::lock_guard lock(loaders_mutex_);
    if (loaders_.contains(table))
      return Error(
          Code::kConflict,
          fmt::format("table \"{}\" is being loaded by this process; stop that first", table));
  }
  if (!layout->loading)
    return Error(Code::kNotFound, fmt::format("table \"{}\" has no unfinished load", table));
  return FinishLoad(op, *layout);
}

}  // namespace sqlite
}  // namespace vams::items
