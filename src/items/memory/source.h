// The reading half of the memory engine, shared by the store and its snapshots: each call looks at
// one state under its lock.  For memory_store only.
//
// Thread-safe.  Waits only for other calls on the same state.
#pragma once

#include <memory>
#include <mutex>
#include <utility>

#include "items/codec.h"
#include "items/memory/state.h"

namespace vams::items::memory {

struct Shared {
  std::mutex mutex;
  State state;  // guarded by mutex
};

// Implements ItemSource for `Contract`: ItemStore or Snapshot.
template <typename Contract>
class SourceOver : public Contract {
 public:
  explicit SourceOver(std::shared_ptr<Shared> shared) : shared_(std::move(shared)) {}

  Result<std::vector<TableSpec>> Tables(OpContext& op) override {
    return Locked(op, [](const State& state) -> Result<std::vector<TableSpec>> {
      std::vector<TableSpec> specs;
      for (const auto& [name, table] : state.tables) specs.push_back(table.spec);
      return specs;
    });
  }
  Result<TableSpec> Table(OpContext& op, std::string_view table) override {
    return Locked(op, [&](const State& state) -> Result<TableSpec> {
      TRY(const auto* found, FindTable(state, table));
      return found->spec;
    });
  }
  Result<Item> Get(OpContext& op, std::string_view table, const Item& key) override {
    return Locked(op, [&](const State& state) -> Result<Item> {
      TRY(const auto* found, FindTable(state, table));
      TRY_OK(CheckKey(found->spec, key));
      const Item* item = FindItem(*found, OrderedKeyOf(found->spec, key));
      if (item == nullptr)
        return Error(Code::kNotFound, "there is no item " + DescribeKey(found->spec, key));
      return *item;
    });
  }
  Result<std::vector<std::optional<Item>>> BatchGet(OpContext& op, std::string_view table,
                                                    std::span<const Item> keys) override {
    return Locked(op, [&](const State& state) { return memory::BatchGet(state, table, keys); });
  }
  Result<Page> Query(OpContext& op, const QueryRequest& request) override {
    return Locked(op, [&](const State& state) { return memory::Query(state, request); });
  }
  Result<std::vector<Segment>> SplitScan(OpContext& op, std::string_view table,
                                         std::size_t count) override {
    return Locked(op, [&](const State& state) { return memory::SplitScan(state, table, count); });
  }
  Result<Page> Scan(OpContext& op, std::string_view table, const Segment& segment,
                    std::string_view after, std::size_t limit) override {
    return Locked(
        op, [&](const State& state) { return memory::Scan(state, table, segment, after, limit); });
  }
  // The visitor runs outside the lock, on copies: it may call the store.
  Result<std::string> ScanEncoded(OpContext& op, std::string_view table, const Segment& segment,
                                  std::string_view after, std::size_t limit,
                                  const ItemSource::EncodedVisitor& visit) override {
    TRY(const Page page, Scan(op, table, segment, after, limit));
    for (const Item& item : page.items) TRY_OK(visit(EncodeItem(item)));
    return page.next;
  }
  Result<std::uint64_t> Count(OpContext& op, std::string_view table) override {
    return Locked(op, [&](const State& state) -> Result<std::uint64_t> {
      TRY(const auto* found, FindTable(state, table));
      return found->rows.size();
    });
  }
  Result<Position> LastChange(OpContext& op) override {
    return Locked(op, [](const State& state) -> Result<Position> { return state.last; });
  }

 protected:
  const std::shared_ptr<Shared>& shared() const { return shared_; }

  // `work(State&)` alone with the state, unless the operation is no longer wanted.
  template <typename Work>
  auto Locked(OpContext& op, Work work) -> std::invoke_result_t<Work, State&> {
    TRY_OK(op.Check());
    const std::lock_guard lock(shared_->mutex);
    return work(shared_->state);
  }

 private:
  const std::shared_ptr<Shared> shared_;
};

}  // namespace vams::items::memory
