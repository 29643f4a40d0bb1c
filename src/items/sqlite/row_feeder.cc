#include "items/sqlite/row_feeder.h"

#include <algorithm>
#include <array>

#include "base/fault_point.h"
#include "items/codec.h"

namespace vams::items::sqlite {

namespace {

// Rows handed to the writer at a time, and how many such batches may wait: bounds the memory.
constexpr std::size_t kBatchRows = 512;
constexpr std::size_t kBatchBytes = std::size_t{1} << 20;
constexpr std::size_t kWaitingBatches = 8;
// The writer starts when so many wait: each of its transactions costs a sync, however short.
constexpr std::size_t kStartBatches = 4;

}  // namespace

std::string MergedKey(const Record& key) {
  std::string merged;
  AppendVarint(merged, key.partition.size());
  merged += key.partition;
  merged += key.sort;
  return merged;
}

Record FromMergedKey(std::string_view merged) {
  std::uint64_t size = 0;
  ReadVarint(merged, size);
  return {merged.substr(0, size), merged.substr(size), {}};
}

RowFeeder::RowFeeder(SqliteStore& store, LayoutPtr layout, BulkLog log)
    : store_(store), layout_(std::move(layout)), log_(log) {
  store_.writer().AddJob(this);
}

RowFeeder::~RowFeeder() { store_.writer().RemoveJob(this); }

// ---- The loading thread
// ---------------------------------------------------------------------------

Status RowFeeder::Add(OpContext& op, std::string_view encoded) {
  if (filling_ == nullptr) filling_ = std::make_unique<Batch>(*layout_);
  Batch& batch = *filling_;
  TRY_OK(batch.rows.Add(encoded));
  if (log_ == BulkLog::kImages) {
    batch.images.append(encoded);
    batch.image_ends.push_back(batch.images.size());
  }
  const bool full =
      batch.rows.size() == kBatchRows || batch.rows.bytes() + batch.images.size() >= kBatchBytes;
  return full ? Pass(op) : Ok();
}

// Gives the batch to the writer; waits for room.
Status RowFeeder::Pass(OpContext& op) {
  if (filling_ == nullptr || filling_->rows.size() == 0) return op.Check();
  {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return waiting_.size() < kWaitingBatches || !failed_.ok(); });
    if (!failed_.ok()) return failed_;
    waiting_.push_back(std::move(filling_));
    if (waiting_.size() >= kStartBatches) flowing_ = true;
    if (!spare_.empty()) {
      filling_ = std::move(spare_.back());
      spare_.pop_back();
    }
  }
  store_.writer().Notify();
  return op.Check();
}

Status RowFeeder::Drain(OpContext& op) {
  TRY_OK(Pass(op));
  std::unique_lock lock(mutex_);
  flowing_ = true;
  lock.unlock();
  store_.writer().Notify();
  lock.lock();
  room_.wait(lock, [&] { return (waiting_.empty() && uncommitted_ == 0) || !failed_.ok(); });
  return failed_;
}

// ---- The writer
// -----------------------------------------------------------------------------------

bool RowFeeder::Ready() const {
  const std::lock_guard lock(mutex_);
  return failed_.ok() && flowing_ && !waiting_.empty();
}

Status RowFeeder::Step(Connection& connection, const std::function<bool()>& stop) {
  for (bool more = true; more;) {
    Batch* batch = nullptr;
    {
      const std::lock_guard lock(mutex_);
      flowing_ = flowing_ && !waiting_.empty();
      if (waiting_.empty()) break;
      batch = waiting_.front().get();
    }
    while (more && batch->done < batch->rows.size()) {
      TRY_OK(InsertRows(connection, *batch));
      more = !stop();
    }
    if (batch->done == 0) continue;
    last_key_ =
        MergedKey({batch->rows.Partition(batch->done - 1), batch->rows.Sort(batch->done - 1), {}});
    if (batch->done < batch->rows.size()) continue;
    batch->rows.Clear();
    batch->images.clear();
    batch->image_ends.clear();
    batch->done = 0;
    const std::lock_guard lock(mutex_);
    spare_.push_back(std::move(waiting_.front()));
    waiting_.pop_front();
    ++uncommitted_;
    room_.notify_all();
  }
  return written_now_ == 0 ? Ok() : Mark(connection);
}

Status RowFeeder::Mark(Connection& connection) {
  VAMS_POINT("items.bulk.slice");
  TRY(auto mark,
      connection.Prepare("UPDATE vams_loads SET merged = ?, written = written + ? WHERE tbl = ?"));
  mark.BindBlob(1, last_key_);
  mark.Bind(2, static_cast<std::int64_t>(written_now_));
  mark.Bind(3, layout_->id);
  return mark.Run();
}

void RowFeeder::Committed(const Status& status) {
  const std::lock_guard lock(mutex_);
  written_now_ = 0;
  uncommitted_ = 0;
  if (!status.ok() && failed_.ok()) failed_ = status;
  room_.notify_all();
}

// The next kInsertRows rows with one statement, or row by row where that cannot be.
Status RowFeeder::InsertRows(Connection& connection, Batch& batch) {
  const std::size_t end = std::min(batch.done + kInsertRows, batch.rows.size());
  if (end - batch.done == kInsertRows) {
    TRY(auto insert, connection.Prepare(layout_->insert_rows));
    int at = 1;
    for (std::size_t row = batch.done; row < end; ++row)
      for (int field = 0; field <= layout_->body_column(); ++field)
        batch.rows.Bind(insert, at++, row, field);
    const int rc = insert.StepCode();
    insert.Reset();
    if (rc == SQLITE_DONE) {
      for (std::size_t row = batch.done; row < end; ++row)
        TRY_OK(AddSample(connection, *layout_, batch.rows.Partition(row), batch.rows.Sort(row)));
      TRY_OK(LogRows(connection, batch));
      batch.done = end;
      written_now_ += kInsertRows;
      return Ok();
    }
    // A key that is there already undoes the whole statement, and nothing else.
    if ((rc & 0xff) != SQLITE_CONSTRAINT) return SqliteError(connection.raw(), rc, "write");
  }
  while (batch.done < end) TRY_OK(InsertOne(connection, batch));
  return Ok();
}

Status RowFeeder::InsertOne(Connection& connection, Batch& batch) {
  const std::string_view partition = batch.rows.Partition(batch.done);
  const std::string_view sort = batch.rows.Sort(batch.done);
  std::optional<std::string> before;
  {
    std::string current;
    TRY(const bool exists,
        GetEncoded(connection, *layout_, {std::string(partition), std::string(sort)}, current));
    if (exists) before = std::move(current);
  }
  TRY_OK(StoreRow(connection, *layout_, batch.rows, batch.done, before));
  TRY_OK(LogOne(connection, batch, before));
  ++batch.done;
  ++written_now_;
  return Ok();
}

Status RowFeeder::LogRows(Connection& connection, const Batch& batch) {
  if (log_ == BulkLog::kNone) return Ok();
  std::array<std::size_t, kInsertRows> ends;
  keys_.clear();
  for (std::size_t i = 0; i < ends.size(); ++i) {
    AppendKey(*layout_, batch.rows.Partition(batch.done + i), batch.rows.Sort(batch.done + i),
              keys_);
    ends[i] = keys_.size();
  }
  std::array<PutEntry, kInsertRows> puts;
  for (std::size_t i = 0, from = 0; i < puts.size(); from = ends[i++]) {
    puts[i].key = std::string_view(keys_).substr(from, ends[i] - from);
    if (log_ == BulkLog::kImages) puts[i].after = batch.Image(batch.done + i);
  }
  return AppendPuts(connection, store_.tail(), store_.clock().NowMillis(), layout_->id, puts);
}

Status RowFeeder::LogOne(Connection& connection, const Batch& batch,
                         const std::optional<std::string>& before) {
  if (log_ == BulkLog::kNone) return Ok();
  keys_.clear();
  AppendKey(*layout_, batch.rows.Partition(batch.done), batch.rows.Sort(batch.done), keys_);
  LogEntry entry{.table_id = layout_->id, .keys_only = log_ == BulkLog::kKeys, .key = keys_};
  if (before) entry.before = *before;
  if (log_ == BulkLog::kImages) entry.after = batch.Image(batch.done);
  return AppendChange(connection, store_.tail(), store_.clock().NowMillis(), entry);
}

}  // namespace vams::items::sqlite
