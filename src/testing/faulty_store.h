// FaultyStore passes every call on to another item store, counts and records it, and makes the n-th
// call fail: before it reaches the store, or after it has taken effect there, which is what a lost
// answer looks like.  A loop over n visits every way in which a piece of work can be interrupted:
//
//   for (std::size_t n = 1;; ++n) {
//     FaultyStore store(inner);
//     store.FailCall(n, Code::kUnavailable, FaultyStore::When::kAfter);
//     Work(store);
//     if (!store.failed()) break;  // n is behind the last call
//     … the state must be legal, and doing the work again must bring it to its end …
//   }
//
// Calls on its snapshots and bulk loaders count too (not their destruction, nor the accessors
// traits and resumed_from).  Thread-safe as far as the store is.  Blocks when the store does.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "items/store.h"

namespace vams::testing {

class FaultyStore final : public items::ItemStore {
 public:
  enum class When : std::uint8_t { kBefore, kAfter };

  // `inner` must outlive this store and the snapshots and loaders it hands out.
  explicit FaultyStore(items::ItemStore& inner);
  ~FaultyStore() override;

  // Makes the n-th call from the beginning fail (1 is the first); replaces an earlier order.
  void FailCall(std::size_t n, Code code, When when);
  // No call fails any more.
  void Disarm();
  // Whether the call to fail has come.
  bool failed() const;
  // Calls so far.
  std::size_t calls() const;
  // What was asked, one line a call: "Get parts {p: \"a\"}".
  std::vector<std::string> requests() const;

  const items::Traits& traits() const override;
  Result<std::vector<items::TableSpec>> Tables(OpContext& op) override;
  Result<items::TableSpec> Table(OpContext& op, std::string_view table) override;
  Result<items::Item> Get(OpContext& op, std::string_view table, const items::Item& key) override;
  Result<std::vector<std::optional<items::Item>>> BatchGet(
      OpContext& op, std::string_view table, std::span<const items::Item> keys) override;
  Result<items::Page> Query(OpContext& op, const items::QueryRequest& request) override;
  Result<std::vector<items::Segment>> SplitScan(OpContext& op, std::string_view table,
                                                std::size_t count) override;
  Result<items::Page> Scan(OpContext& op, std::string_view table, const items::Segment& segment,
                           std::string_view after, std::size_t limit) override;
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table,
                                  const items::Segment& segment, std::string_view after,
                                  std::size_t limit, const EncodedVisitor& visit) override;
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) override;
  Result<items::Position> LastChange(OpContext& op) override;

  Status CreateTables(OpContext& op, std::span<const items::TableSpec> specs) override;
  Status DropTable(OpContext& op, std::string_view table) override;
  Result<items::CommitResult> Commit(
      OpContext& op, std::span<const items::Write> writes,
      const std::optional<items::Advance>& advance = std::nullopt) override;
  Result<std::size_t> Expire(OpContext& op, std::string_view table, std::int64_t now_seconds,
                             std::size_t limit) override;
  Result<std::unique_ptr<items::Snapshot>> OpenSnapshot(OpContext& op) override;
  Result<std::unique_ptr<items::BulkLoader>> OpenBulkLoad(
      OpContext& op, std::string_view table, const items::BulkOptions& options) override;
  Status AbandonBulkLoad(OpContext& op, std::string_view table) override;
  Result<items::ChangePage> ReadChanges(OpContext& op, items::Position after,
                                        std::size_t limit) override;
  Status AddConsumer(OpContext& op, std::string_view name, items::Position start) override;
  Status AdvanceConsumer(OpContext& op, const items::Advance& advance) override;
  Status RemoveConsumer(OpContext& op, std::string_view name) override;
  Result<std::vector<items::Consumer>> Consumers(OpContext& op) override;
  Result<items::TrimResult> TrimChanges(OpContext& op, items::Position to) override;
  Status CheckIntegrity(OpContext& op) override;

  // When the next call fails; shared with snapshots and loaders.  Opaque.
  class Plan;

 private:
  items::ItemStore& inner_;
  const std::shared_ptr<Plan> plan_;
};

}  // namespace vams::testing
