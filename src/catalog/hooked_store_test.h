// An item store that calls a test back when it is read or written, so that a test can put a change
// between two reads of the code under test.  Thread-safe as the store and the hook are.
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "items/store.h"

namespace vams::catalog::test {

class HookedStore : public items::ItemStore {
 public:
  // Called with the name of the call, before or after it; an error fails the call.
  using Hook = std::function<Status(std::string_view call)>;

  // `most_writes`: of one commit, more are refused; 0: no limit.
  HookedStore(items::ItemStore& inner, bool snapshots, std::size_t most_writes = 0)
      : inner_(inner), traits_(inner.traits()) {
    traits_.snapshots = snapshots;
    traits_.max_commit_writes = most_writes;
  }

  Hook before = [](std::string_view) { return Ok(); };
  Hook after = [](std::string_view) { return Ok(); };

  const items::Traits& traits() const override { return traits_; }
  Result<std::vector<items::TableSpec>> Tables(OpContext& op) override { return inner_.Tables(op); }
  Result<items::TableSpec> Table(OpContext& op, std::string_view table) override {
    return inner_.Table(op, table);
  }
  Result<items::Item> Get(OpContext& op, std::string_view table, const items::Item& key) override {
    return Call("Get", [&] { return inner_.Get(op, table, key); });
  }
  Result<std::vector<std::optional<items::Item>>> BatchGet(
      OpContext& op, std::string_view table, std::span<const items::Item> keys) override {
    return Call("BatchGet", [&] { return inner_.BatchGet(op, table, keys); });
  }
  Result<items::Page> Query(OpContext& op, const items::QueryRequest& request) override {
    return Call("Query", [&] { return inner_.Query(op, request); });
  }
  Result<std::vector<items::Segment>> SplitScan(OpContext& op, std::string_view table,
                                                std::size_t count) override {
    return inner_.SplitScan(op, table, count);
  }
  Result<items::Page> Scan(OpContext& op, std::string_view table, const items::Segment& segment,
                           std::string_view from, std::size_t limit) override {
    return Call("Scan", [&] { return inner_.Scan(op, table, segment, from, limit); });
  }
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table,
                                  const items::Segment& segment, std::string_view from,
                                  std::size_t limit, const EncodedVisitor& visit) override {
    return inner_.ScanEncoded(op, table, segment, from, limit, visit);
  }
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) override {
    return inner_.Count(op, table);
  }
  Result<items::Position> LastChange(OpContext& op) override { return inner_.LastChange(op); }
  Status CreateTables(OpContext& op, std::span<const items::TableSpec> specs) override {
    return inner_.CreateTables(op, specs);
  }
  Status DropTable(OpContext& op, std::string_view table) override {
    return inner_.DropTable(op, table);
  }
  Result<items::CommitResult> Commit(OpContext& op, std::span<const items::Write> writes,
                                     const std::optional<items::Advance>& advance) override {
    if (traits_.max_commit_writes != 0 && writes.size() > traits_.max_commit_writes)
      return Error(Code::kTooLarge, "too many writes for one commit");
    return Call("Commit", [&] { return inner_.Commit(op, writes, advance); });
  }
  Result<std::size_t> Expire(OpContext& op, std::string_view table, std::int64_t now_seconds,
                             std::size_t limit) override {
    return inner_.Expire(op, table, now_seconds, limit);
  }
  Result<std::unique_ptr<items::Snapshot>> OpenSnapshot(OpContext& op) override {
    return Call("OpenSnapshot", [&] { return inner_.OpenSnapshot(op); });
  }
  Result<std::unique_ptr<items::BulkLoader>> OpenBulkLoad(
      OpContext& op, std::string_view table, const items::BulkOptions& options) override {
    return inner_.OpenBulkLoad(op, table, options);
  }
  Status AbandonBulkLoad(OpContext& op, std::string_view table) override {
    return inner_.AbandonBulkLoad(op, table);
  }
  Result<items::ChangePage> ReadChanges(OpContext& op, items::Position from,
                                        std::size_t limit) override {
    return inner_.ReadChanges(op, from, limit);
  }
  Status AddConsumer(OpContext& op, std::string_view name, items::Position start) override {
    return inner_.AddConsumer(op, name, start);
  }
  Status AdvanceConsumer(OpContext& op, const items::Advance& advance) override {
    return inner_.AdvanceConsumer(op, advance);
  }
  Status RemoveConsumer(OpContext& op, std::string_view name) override {
    return inner_.RemoveConsumer(op, name);
  }
  Result<std::vector<items::Consumer>> Consumers(OpContext& op) override {
    return inner_.Consumers(op);
  }
  Result<items::TrimResult> TrimChanges(OpContext& op, items::Position to) override {
    return inner_.TrimChanges(op, to);
  }
  Status CheckIntegrity(OpContext& op) override { return inner_.CheckIntegrity(op); }

 private:
  template <typename Work>
  std::invoke_result_t<Work> Call(std::string_view name, Work work) {
    TRY_OK(before(name));
    auto result = work();
    TRY_OK(after(name));
    return result;
  }

  items::ItemStore& inner_;
  items::Traits traits_;
};

}  // namespace vams::catalog::test
