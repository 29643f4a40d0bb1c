// Batches of transformed records on their way from the threads that read to the one that loads:
// bounded in bytes, closed from either end.  Thread-safe.  Internal to migrate.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/outcome.h"

namespace vams::migrate {

// What one page of one input became.
struct Batch {
  struct Row {
    std::uint32_t sink = 0;
    std::uint32_t size = 0;
  };
  std::size_t input = 0;
  std::string after;  // where the input goes on
  bool last = false;  // the input is done
  std::string bytes;  // the encoded rows, one behind the other
  std::vector<Row> rows;
  std::vector<Digest> read, put;  // by table, in the order of the phase
  PhaseOutcome outcome;           // the rest

  void Add(std::size_t sink, std::string_view encoded) {
    rows.push_back({static_cast<std::uint32_t>(sink), static_cast<std::uint32_t>(encoded.size())});
    bytes += encoded;
  }
};

class BatchQueue {
 public:
  BatchQueue(std::size_t max_bytes, int producers) : max_bytes_(max_bytes), producers_(producers) {}

  // False when the consumer has given up.
  bool Push(Batch batch) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return stopped_ || bytes_ < max_bytes_; });
    if (stopped_) return false;
    bytes_ += batch.bytes.size();
    batches_.push_back(std::move(batch));
    filled_.notify_one();
    return true;
  }
  // A producer is done; the first error counts.
  void Done(Status status) {
    const std::scoped_lock lock(mutex_);
    --producers_;
    if (!status.ok() && status_.ok()) {
      status_ = std::move(status);
      stopped_ = true;
      room_.notify_all();
    }
    filled_.notify_one();
  }
  // Nothing when all producers are done; the first error of a producer.
  Result<std::optional<Batch>> Pop() {
    std::unique_lock lock(mutex_);
    filled_.wait(lock, [&] { return !batches_.empty() || producers_ == 0 || !status_.ok(); });
    if (!status_.ok()) return status_.error();
    if (batches_.empty()) return std::optional<Batch>();
    Batch batch = std::move(batches_.front());
    batches_.pop_front();
    bytes_ -= batch.bytes.size();
    room_.notify_one();
    return std::optional<Batch>(std::move(batch));
  }
  // The consumer gives up.
  void Stop() {
    const std::scoped_lock lock(mutex_);
    stopped_ = true;
    room_.notify_all();
  }

 private:
  const std::size_t max_bytes_;
  std::mutex mutex_;
  std::condition_variable room_, filled_;
  std::deque<Batch> batches_;
  std::size_t bytes_ = 0;
  int producers_;
  bool stopped_ = false;
  Status status_;
};

}  // namespace vams::migrate
