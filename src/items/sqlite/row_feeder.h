// Brings the sorted rows of a bulk load to the writer: the loading thread splits them into batches,
// the writer moves them into the table and the change log.  Internal to this folder.
//
// Add and Drain belong to the loading thread and block while the writer is behind.
#pragma once

#include <condition_variable>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "items/sqlite/run_file.h"
#include "items/sqlite/store_impl.h"

namespace vams::items::sqlite {

// A key as vams_loads.merged keeps it, and back.
std::string MergedKey(const Record& key);
Record FromMergedKey(std::string_view merged);

class RowFeeder final : public BulkJob {
 public:
  RowFeeder(SqliteStore& store, LayoutPtr layout, BulkLog log);
  ~RowFeeder() override;

  // Takes a row that comes behind all before it.
  Status Add(OpContext& op, std::string_view encoded);
  // Waits until everything added is durable.
  Status Drain(OpContext& op);

  bool Ready() const override;
  Status Step(Connection& connection, const std::function<bool()>& stop) override;
  void Committed(const Status& status) override;

 private:
  struct Batch {
    explicit Batch(const Layout& layout) : rows(layout) {}
    SplitRows rows;
    std::string images;  // encoded items, if the log wants them
    std::vector<std::size_t> image_ends;
    std::size_t done = 0;

    std::string_view Image(std::size_t row) const {
      const std::size_t from = row == 0 ? 0 : image_ends[row - 1];
      return std::string_view(images).substr(from, image_ends[row] - from);
    }
  };

  Status Pass(OpContext& op);
  // The writer's side: each writes from batch.done on and moves it.
  Status InsertRows(Connection& connection, Batch& batch);
  Status InsertOne(Connection& connection, Batch& batch);
  Status LogRows(Connection& connection, const Batch& batch);
  Status LogOne(Connection& connection, const Batch& batch,
                const std::optional<std::string>& before);
  Status Mark(Connection& connection);

  SqliteStore& store_;
  const LayoutPtr layout_;
  const BulkLog log_;
  std::unique_ptr<Batch> filling_;  // used by the loading thread

  // Used by the writer only.
  std::string last_key_, keys_;
  std::size_t written_now_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  std::condition_variable room_;
  std::deque<std::unique_ptr<Batch>> waiting_;
  std::vector<std::unique_ptr<Batch>> spare_;
  bool flowing_ = false;         // enough was waiting, and the rest has not run out since
  std::size_t uncommitted_ = 0;  // batches inserted by the open transaction
  Status failed_ = Ok();
};

}  // namespace vams::items::sqlite
