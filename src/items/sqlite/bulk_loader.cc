// Bulk loads: sort in runs, merge in key order, insert in slices through the writer, build indexes
// last.
//
// A load has a row in vams_loads from its beginning to its end.  That row holds what a resumed load
// needs: the caller's token and the number of runs that were durable with it, and how far the merge
// has come.
#include <fmt/format.h>

#include <condition_variable>
#include <deque>
#include <mutex>

#include "base/fault_point.h"
#include "items/codec.h"
#include "items/sqlite/run_file.h"
#include "items/sqlite/store_impl.h"

namespace vams::items::sqlite {

namespace {

// Rows handed to the writer at a time, and how many such batches may wait: bounds the memory.
constexpr std::size_t kBatchRows = 512;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::size_t kWaitingBatches = 8;
// The interactive queue is looked at this often.
constexpr int kRowsBetweenLooks = 16;

// The split's views point into `encoded`, which therefore must keep its place when the row is
// moved.
struct Row {
  std::string encoded;
  SplitItem split;

  static Result<Row> Make(const Layout& layout, std::string_view encoded) {
    Row row;
    row.encoded.reserve(std::max<std::size_t>(encoded.size(), 64));  // past the small-string buffer
    row.encoded.assign(encoded);
    TRY_OK(Split(layout, row.encoded, row.split));
    return row;
  }
};

struct Batch {
  std::vector<Row> rows;
  std::size_t bytes = 0;
  std::size_t done = 0;
};

// A key as vams_loads.merged keeps it, and back.
std::string MergedKey(std::string_view partition, std::string_view sort) {
  std::string key;
  AppendVarint(key, partition.size());
  key += partition;
  key += sort;
  return key;
}

Record FromMergedKey(std::string_view merged) {
  std::uint64_t size = 0;
  ReadVarint(merged, size);
  return {merged.substr(0, size), merged.substr(size), {}};
}

// Feeds sorted rows of one table to the writer.
class RowFeeder final : public BulkJob {
 public:
  RowFeeder(SqliteStore& store, LayoutPtr layout, BulkLog log)
      : store_(store), layout_(std::move(layout)), log_(log) {
    store_.writer().AddJob(this);
  }
  ~RowFeeder() override { store_.writer().RemoveJob(this); }

  // Waits for room.
  Status Add(OpContext& op, Batch batch) {
    {
      std::unique_lock lock(mutex_);
      room_.wait(lock, [&] { return waiting_.size() < kWaitingBatches || !failed_.ok(); });
      if (!failed_.ok()) return failed_;
      waiting_.push_back(std::move(batch));
    }
    store_.writer().Notify();
    return op.Check();
  }

  // Waits until everything added is durable.
  Status Drain() {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return (waiting_.empty() && uncommitted_ == 0) || !failed_.ok(); });
    return failed_;
  }

  bool Ready() const override {
    const std::lock_guard lock(mutex_);
    return failed_.ok() && !waiting_.empty();
  }

  Status Step(Connection& connection, const std::function<bool()>& stop) override {
    TRY(auto insert, connection.Prepare(layout_->insert));
    for (bool more = true; more;) {
      Batch* batch = nullptr;
      {
        const std::lock_guard lock(mutex_);
        if (waiting_.empty()) break;
        batch = &waiting_.front();  // a deque's elements stay where they are
      }
      for (int since_look = 0; batch->done < batch->rows.size();) {
        TRY_OK(Insert(connection, insert, batch->rows[batch->done]));
        ++batch->done;
        ++written_now_;
        if (++since_look == kRowsBetweenLooks) {
          since_look = 0;
          if (stop()) {
            more = false;
            break;
          }
        }
      }
      if (batch->done == batch->rows.size()) {
        last_key_ = KeyOfRow(batch->rows.back());
        const std::lock_guard lock(mutex_);
        waiting_.pop_front();
        ++uncommitted_;
        room_.notify_all();
      } else if (batch->done > 0) {
        last_key_ = KeyOfRow(batch->rows[batch->done - 1]);
      }
    }
    if (written_now_ == 0) return Ok();
    VAMS_POINT("items.bulk.slice");
    TRY(auto mark, connection.Prepare(
                       "UPDATE vams_loads SET merged = ?, written = written + ? WHERE tbl = ?"));
    mark.BindBlob(1, last_key_);
    mark.Bind(2, static_cast<std::int64_t>(written_now_));
    mark.Bind(3, layout_->id);
    return mark.Run();
  }

  void Committed(const Status& status) override {
    const std::lock_guard lock(mutex_);
    written_now_ = 0;
    uncommitted_ = 0;
    if (!status.ok() && failed_.ok()) failed_ = status;
    room_.notify_all();
  }

 private:
  std::string KeyOfRow(const Row& row) const {
    const auto parts = PartsOfRow(row);
    return MergedKey(parts.partition, parts.sort);
  }

  Status Insert(Connection& connection, Statement& statement, const Row& row) {
    std::optional<std::string> before;
    for (std::size_t i = 0; i < layout_->columns.size(); ++i) {
      if (row.split.columns[i])
        BindKey(statement, static_cast<int>(i) + 1, layout_->columns[i].kind,
                *row.split.columns[i]);
      else
        statement.BindNull(static_cast<int>(i) + 1);
    }
    statement.BindBlob(layout_->body_column() + 1, row.split.body);
    const int rc = statement.StepCode();
    statement.Reset();
    const auto parts = PartsOfRow(row);
    if (rc == SQLITE_DONE) {
      TRY_OK(AddSample(connection, *layout_, parts.partition, parts.sort));
      return Log(connection, row, before);
    }
    // There is a row of this key already.
    if ((rc & 0xff) != SQLITE_CONSTRAINT) return SqliteError(connection.raw(), rc, "write");
    std::string current;
    TRY(const bool exists,
        GetEncoded(connection, *layout_, {std::string(parts.partition), std::string(parts.sort)},
                   current));
    if (exists) before = std::move(current);
    SplitItem scratch;
    TRY_OK(StoreRow(connection, *layout_, row.encoded, before, scratch));
    return Log(connection, row, before);
  }

  Record PartsOfRow(const Row& row) const {
    Record parts;
    parts.partition = *row.split.columns[static_cast<std::size_t>(layout_->partition)];
    if (layout_->has_sort())
      parts.sort = *row.split.columns[static_cast<std::size_t>(layout_->sort)];
    return parts;
  }

  Status Log(Connection& connection, const Row& row, const std::optional<std::string>& before) {
    if (log_ == BulkLog::kNone) return Ok();
    const auto parts = PartsOfRow(row);
    key_.clear();
    AppendKey(*layout_, parts.partition, parts.sort, key_);
    LogEntry entry{.table_id = layout_->id, .keys_only = log_ == BulkLog::kKeys, .key = key_};
    if (before) entry.before = *before;
    entry.after = row.encoded;
    return AppendChange(connection, store_.tail(), store_.clock().NowMillis(), entry);
  }

  SqliteStore& store_;
  const LayoutPtr layout_;
  const BulkLog log_;

  // Used by the writer only.
  std::string last_key_, key_;
  std::size_t written_now_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable room_;
  std::deque<Batch> waiting_;
  std::size_t uncommitted_ = 0;  // batches inserted by the open transaction
  Status failed_ = Ok();
};

class Loader final : public BulkLoader {
 public:
  Loader(SqliteStore& store, LayoutPtr layout, const BulkOptions& options)
      : store_(store),
        layout_(std::move(layout)),
        options_(options),
        buffer_(options.sort_memory + (std::size_t{1} << 20)) {}
  ~Loader() override {
    feeder_.reset();
    store_.LoaderClosed(layout_->spec.name);
  }

  Status Start(OpContext& op);

  std::optional<std::string> resumed_from() const override { return token_; }
  Status Add(OpContext& op, const Item& item) override {
    if (auto status = CheckItem(layout_->spec, item, store_.traits().max_item_bytes); !status.ok())
      return std::move(status).error().With(DescribeKey(layout_->spec, KeyOf(layout_->spec, item)));
    return Push(op, EncodeItem(item));
  }
  Status AddEncoded(OpContext& op, std::string_view encoded) override {
    // The checks of a whole item need it decoded; this path is for bytes that were checked already,
    // so only what the table itself relies on is looked at.
    return Push(op, encoded);
  }
  Status Checkpoint(OpContext& op, std::string_view token) override;
  Result<std::uint64_t> Finish(OpContext& op) override;

 private:
  Status Push(OpContext& op, std::string_view encoded);
  Status PushSorted(OpContext& op, std::string_view encoded, const Record& key);
  Status Emit(OpContext& op, std::string_view encoded, const Record& key);
  Status FlushBatch(OpContext& op);
  Status WriteBuffer();
  files::Path RunPath(std::size_t number) const {
    return folder_ / fmt::format("run-{:06}", number);
  }
  Status Feed(OpContext& op, RecordSource& source);
  void OpenFeeder();
  Status CheckSplit(const SplitItem& split) const;

  SqliteStore& store_;
  const LayoutPtr layout_;
  const BulkOptions options_;
  files::Path folder_;
  std::optional<std::string> token_;
  std::string skip_to_;   // a resumed load: rows up to this key are in the table already
  std::string last_key_;  // of a sorted load
  std::size_t runs_ = 0;
  bool finished_ = false;
  RecordBuffer buffer_;
  SplitItem split_;
  Batch batch_;
  std::unique_ptr<RowFeeder> feeder_;
};

Status Loader::Start(OpContext& op) {
  folder_ = store_.BulkFolder(*layout_);
  TRY_OK(store_.writer().Run(op, [&](Connection& connection) -> Status {
    TRY(auto find,
        connection.Prepare("SELECT name, token, runs, merged FROM vams_loads WHERE tbl = ?"));
    find.Bind(1, layout_->id);
    TRY(const bool resumed, find.Step());
    if (resumed) {
      if (find.Bytes(0) != options_.name)
        return Error(
            Code::kConflict,
            fmt::format("table \"{}\" has the unfinished load \"{}\"; resume or abandon it first",
                        layout_->spec.name, find.Bytes(0)));
      if (!find.IsNull(1)) token_ = std::string(find.Bytes(1));
      runs_ = static_cast<std::size_t>(find.Int(2));
      if (!find.IsNull(3)) skip_to_ = std::string(find.Bytes(3));
      find.Reset();
    } else {
      find.Reset();
      TRY(auto insert,
          connection.Prepare("INSERT INTO vams_loads (tbl, name, log) VALUES (?, ?, ?)"));
      insert.Bind(1, layout_->id);
      insert.BindText(2, options_.name);
      insert.Bind(3, static_cast<std::int64_t>(options_.log));
      TRY_OK(insert.Run());
      for (const auto& sql : layout_->drop_indexes) TRY_OK(connection.Exec(sql));
    }
    return Ok();
  }));
  TRY_OK(store_.SetLoading(layout_->spec.name, true));
  TRY_OK(files::MakeFolders(folder_));
  // Runs behind the last checkpoint belong to items that will be added again.
  std::error_code ec;
  for (std::size_t i = runs_; std::filesystem::exists(RunPath(i), ec); ++i)
    TRY_OK(files::RemoveTree(RunPath(i)));
  return Ok();
}

Status Loader::CheckSplit(const SplitItem& split) const {
  const auto check = [&](int column, std::size_t max) -> Status {
    const auto& value = split.columns[static_cast<std::size_t>(column)];
    const auto& name = layout_->columns[static_cast<std::size_t>(column)].attribute;
    if (!value || value->empty())
      return Error(
          Code::kInvalid,
          fmt::format("table {}: key attribute \"{}\" is missing, empty or of the wrong type",
                      layout_->spec.name, name));
    if (value->size() > max)
      return Error(
          Code::kTooLarge,
          fmt::format("table {}: key attribute \"{}\" has {} bytes; at most {} are allowed",
                      layout_->spec.name, name, value->size(), max));
    return Ok();
  };
  TRY_OK(check(layout_->partition, 2048));
  return layout_->has_sort() ? check(layout_->sort, 1024) : Ok();
}

Status Loader::Push(OpContext& op, std::string_view encoded) {
  VAMS_CHECK(!finished_);
  TRY_OK(Split(*layout_, encoded, split_));
  TRY_OK(CheckSplit(split_));
  Record record{*split_.columns[static_cast<std::size_t>(layout_->partition)], {}, encoded};
  if (layout_->has_sort()) record.sort = *split_.columns[static_cast<std::size_t>(layout_->sort)];
  if (options_.sorted) return PushSorted(op, encoded, record);
  buffer_.Add(record);
  return buffer_.bytes() < options_.sort_memory ? Ok() : WriteBuffer();
}

void Loader::OpenFeeder() {
  if (feeder_ == nullptr) feeder_ = std::make_unique<RowFeeder>(store_, layout_, options_.log);
}

Status Loader::PushSorted(OpContext& op, std::string_view encoded, const Record& key) {
  if (!last_key_.empty() && CompareKeys(key, FromMergedKey(last_key_)) <= 0)
    return Error(
        Code::kInvalid,
        fmt::format("table {}: a sorted load was given a key that does not come behind the one "
                    "before; load it unsorted",
                    layout_->spec.name));
  last_key_ = MergedKey(key.partition, key.sort);
  return Emit(op, encoded, key);
}

// Passes a row on to the writer, unless an earlier attempt of this load has written it.
Status Loader::Emit(OpContext& op, std::string_view encoded, const Record& key) {
  if (!skip_to_.empty()) {
    if (CompareKeys(key, FromMergedKey(skip_to_)) <= 0) return Ok();
    skip_to_.clear();
  }
  TRY(auto row, Row::Make(*layout_, encoded));
  batch_.bytes += row.encoded.size();
  batch_.rows.push_back(std::move(row));
  if (batch_.rows.size() < kBatchRows && batch_.bytes < kBatchBytes) return Ok();
  return FlushBatch(op);
}

Status Loader::FlushBatch(OpContext& op) {
  if (batch_.rows.empty()) return Ok();
  OpenFeeder();
  return feeder_->Add(op, std::exchange(batch_, Batch{}));
}

Status Loader::WriteBuffer() {
  if (buffer_.empty()) return Ok();
  const auto sorted = buffer_.Sorted();
  TRY_OK(WriteRun(RunPath(runs_), *sorted));
  VAMS_POINT("items.bulk.run_written");
  ++runs_;
  buffer_.Clear();
  return Ok();
}

Status Loader::Checkpoint(OpContext& op, std::string_view token) {
  if (options_.sorted) {
    TRY_OK(FlushBatch(op));
    if (feeder_ != nullptr) TRY_OK(feeder_->Drain());
  } else {
    TRY_OK(WriteBuffer());
  }
  return store_.writer().Run(op, [&](Connection& connection) -> Status {
    TRY(auto mark, connection.Prepare("UPDATE vams_loads SET token = ?, runs = ? WHERE tbl = ?"));
    mark.BindBlob(1, token);
    mark.Bind(2, static_cast<std::int64_t>(runs_));
    mark.Bind(3, layout_->id);
    return mark.Run();
  });
}

Status Loader::Feed(OpContext& op, RecordSource& source) {
  Record record;
  for (;;) {
    TRY(const bool more, source.Next(record));
    if (!more) return FlushBatch(op);
    TRY_OK(Emit(op, record.encoded, record));
  }
}

Result<std::uint64_t> Loader::Finish(OpContext& op) {
  VAMS_CHECK(!finished_);
  finished_ = true;
  if (options_.sorted) {
    TRY_OK(FlushBatch(op));
  } else {
    std::vector<std::unique_ptr<RecordSource>> sources;
    for (std::size_t i = 0; i < runs_; ++i) {
      TRY(auto run, OpenRun(RunPath(i)));
      sources.push_back(std::move(run));
    }
    if (!buffer_.empty()) sources.push_back(buffer_.Sorted());
    if (!sources.empty()) {
      const auto merged = Merge(std::move(sources));
      TRY_OK(Feed(op, *merged));
    }
  }
  if (feeder_ != nullptr) TRY_OK(feeder_->Drain());
  feeder_.reset();
  buffer_ = RecordBuffer(0);
  VAMS_POINT("items.bulk.merged");
  std::uint64_t written = 0;
  TRY_OK(store_.writer().Run(op, [&](Connection& connection) -> Status {
    TRY(auto find, connection.Prepare("SELECT written FROM vams_loads WHERE tbl = ?"));
    find.Bind(1, layout_->id);
    TRY([[maybe_unused]] const bool row, find.Step());
    written = static_cast<std::uint64_t>(find.Int(0));
    return Ok();
  }));
  TRY_OK(store_.FinishLoad(op, *layout_));
  return written;
}

}  // namespace

Result<std::unique_ptr<BulkLoader>> OpenLoader(SqliteStore& store, OpContext& op, LayoutPtr layout,
                                               const BulkOptions& options) {
  auto loader = std::make_unique<Loader>(store, std::move(layout), options);
  TRY_OK(loader->Start(op));
  return std::unique_ptr<BulkLoader>(std::move(loader));
}

}  // namespace vams::items::sqlite
