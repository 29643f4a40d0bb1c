// The SQLite engine's ItemStore and Snapshot.  Internal to this folder.
// Thread-safe.
#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <span>

#include "items/sqlite/catalog.h"
#include "items/sqlite/reads.h"
#include "items/sqlite/sqlite_store.h"
#include "items/sqlite/writer.h"

namespace vams::items::sqlite {

// The change log's end, as the writer knows it.  Used only inside the writer.
class LogTail {
 public:
  Position last() const { return last_; }
  Position Next() { return ++last_; }
  void Start(Position last) { last_ = begin_ = last; }
  void Begin() { begin_ = last_; }
  void Rollback() { last_ = begin_; }

 private:
  Position last_ = 0, begin_ = 0;
};

// Writes one change-log entry.  Images may be absent.
struct LogEntry {
  std::int64_t table_id = 0;
  bool erased = false;
  bool keys_only = false;
  std::string_view key;                                     // encoded key attributes
  std::optional<std::string_view> before = {}, after = {};  // encoded items
};
Status AppendChange(Connection& connection, LogTail& tail, std::int64_t at_millis,
                    const LogEntry& entry);

// Writes the entries of kInsertRows rows that were put where there was none.  Empty images are
// none.
struct PutEntry {
  std::string_view key, after;
};
Status AppendPuts(Connection& connection, LogTail& tail, std::int64_t at_millis,
                  std::int64_t table_id, std::span<const PutEntry, kInsertRows> puts);

// Stores one of `rows` in place of `before`, an encoded item (nothing: no row yet), and keeps the
// sample.
Status StoreRow(Connection& connection, const Layout& layout, const SplitRows& rows,
                std::size_t row, const std::optional<std::string>& before);
// Keeps the sampled keys in step with a row that came or went.
Status AddSample(Connection& connection, const Layout& layout, std::string_view partition,
                 std::string_view sort);

class SqliteStore final : public Reads<ItemStore> {
 public:
  static Result<std::unique_ptr<ItemStore>> Open(const files::Path& path,
                                                 const SqliteOptions& options);
  ~SqliteStore() override;

  const Traits& traits() const override { return traits_; }
  Status CreateTables(OpContext& op, std::span<const TableSpec> specs) override;
  Status DropTable(OpContext& op, std::string_view table) override;
  Result<CommitResult> Commit(OpContext& op, std::span<const Write> writes,
                              const std::optional<Advance>& advance) override;
  Result<std::size_t> Expire(OpContext& op, std::string_view table, std::int64_t now_seconds,
                             std::size_t limit) override;
  Result<std::unique_ptr<Snapshot>> OpenSnapshot(OpContext& op) override;
  Result<std::unique_ptr<BulkLoader>> OpenBulkLoad(OpContext& op, std::string_view table,
                                                   const BulkOptions& options) override;
  Status AbandonBulkLoad(OpContext& op, std::string_view table) override;
  Result<ChangePage> ReadChanges(OpContext& op, Position after, std::size_t limit) override;
  Status AddConsumer(OpContext& op, std::string_view name, Position start) override;
  Status AdvanceConsumer(OpContext& op, const Advance& advance) override;
  Status RemoveConsumer(OpContext& op, std::string_view name) override;
  Result<std::vector<Consumer>> Consumers(OpContext& op) override;
  Result<TrimResult> TrimChanges(OpContext& op, Position to) override;
  Status CheckIntegrity(OpContext& op) override;

  // For the bulk loader.
  Writer& writer() { return *writer_; }
  LogTail& tail() { return tail_; }
  const Clock& clock() const { return clock_; }
  files::Path BulkFolder(const Layout& layout) const;
  Status SetLoading(std::string_view table, bool loading);
  void LoaderClosed(std::string_view table);
  // Builds the table's indexes and forgets the load.
  Status FinishLoad(OpContext& op, const Layout& layout);

 protected:
  std::shared_ptr<const TableMap> CurrentTables() const override { return catalog_.tables(); }
  ConnectionPool& pool() override { return pool_; }

 private:
  SqliteStore(const files::Path& path, const SqliteOptions& options);
  Status Start(bool read_only);
  Status LoadCatalog(Connection& connection);
  Status CheckWritable() const;

  const files::Path path_;
  const Clock& clock_;
  const Traits traits_;
  std::optional<files::FileLock> lock_;
  Catalog catalog_;
  ConnectionPool pool_;
  LogTail tail_;
  std::mutex schema_mutex_;                           // one change of the catalogue at a time
  std::mutex loaders_mutex_;                          // guards loaders_
  std::map<std::string, bool, std::less<>> loaders_;  // tables with a live BulkLoader
  std::unique_ptr<Writer> writer_;                    // last: it stops before the rest goes
};

Result<std::unique_ptr<BulkLoader>> OpenLoader(SqliteStore& store, OpContext& op, LayoutPtr layout,
                                               const BulkOptions& options);

// "sorted run" files of the loads of a store lie in a folder beside it.
Status CheckTableRows(OpContext& op, Connection& connection, const Layout& layout);

}  // namespace vams::items::sqlite
