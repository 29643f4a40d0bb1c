// Writes many items of one table with BatchWriteItem: 25 at a time, several calls in flight, as
// many as the service takes.  Internal to items/dynamodb.
//
// Not thread-safe: one owner; its threads are its own.  Add blocks while enough is on its way,
// Flush until everything is written.  Destruction drops what is not yet sent.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "items/dynamodb/engine.h"

namespace vams::items::dynamodb {

class BatchWriter {
 public:
  BatchWriter(std::shared_ptr<Engine> engine, TableRef table);
  ~BatchWriter();
  BatchWriter(const BatchWriter&) = delete;
  BatchWriter& operator=(const BatchWriter&) = delete;

  // Of equal keys the last added stays.  Errors are those of the writing so far; when one item was
  // refused and nobody is told (DynamoOptions::on_refused), the next call says it once.
  Status Put(OpContext& op, std::string key, const Item& item);
  Status Delete(OpContext& op, std::string key, const Item& item_key);
  Status Flush(OpContext& op);

  // Put and deleted so far; an item twice in one batch counts once.
  std::uint64_t written() const;
  void CountRefused(const Item& item, const Error& reason);

 private:
  struct Batch {
    std::vector<std::string> keys;      // encoded
    std::vector<std::string> requests;  // {"PutRequest":{"Item":{…}}}
    std::size_t bytes = 0;
  };

  Status Add(OpContext& op, std::string key, std::string request);
  Status Submit(OpContext& op);
  // With the lock held: waits until `ready`, a failure, or the end of the operation.
  template <typename Ready>
  Status Wait(OpContext& op, std::unique_lock<std::mutex>& lock, const Ready& ready);
  std::optional<Error> TakeProblem();  // with the lock held

  void Work();
  Status Write(std::vector<std::string> requests);
  // What was not written; empty when all was.  Nothing when the call is to be repeated whole.
  Result<std::optional<std::vector<std::string>>> WriteOnce(
      const std::vector<std::string>& requests, Error& last_error);
  void Refuse(const std::string& request, const Error& reason);

  const std::shared_ptr<Engine> engine_;
  const TableRef table_;
  Window window_;
  OpContext work_;  // of the threads

  Batch pending_;                                       // the owner's
  std::unordered_map<std::string, std::size_t> place_;  // of a key in pending_

  mutable std::mutex mutex_;
  std::condition_variable changed_;
  // All guarded by mutex_:
  std::deque<Batch> queue_;
  std::unordered_set<std::string> under_way_;  // keys queued or being written
  std::size_t running_ = 0;
  std::uint64_t written_ = 0;  // refused ones included
  std::uint64_t refused_ = 0;
  std::optional<Error> failure_;
  std::optional<Error> refusal_;
  bool stop_ = false;

  std::vector<std::thread> threads_;
};

}  // namespace vams::items::dynamodb
