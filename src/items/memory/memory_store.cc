#include "items/memory/memory_store.h"

#include <fmt/format.h>

namespace vams::items {

using memory::Load;
using memory::OrderedKey;
using memory::Rows;
using memory::Shared;
using memory::State;

namespace {

class MemorySnapshot final : public memory::SourceOver<Snapshot> {
 public:
  using SourceOver::SourceOver;
};

// The load that `id` names, if the table still has it.
Result<Load*> FindLoad(State& state, std::string_view table, std::uint64_t id) {
  const auto at = state.tables.find(table);
  if (at == state.tables.end() || !at->second.load || at->second.load->id != id)
    return Error(Code::kNotFound,
                 fmt::format("the bulk load of table {} is gone: the table was dropped", table));
  return &*at->second.load;
}

class MemoryBulkLoader final : public BulkLoader {
 public:
  MemoryBulkLoader(std::shared_ptr<Shared> shared, const Clock& clock, TableSpec spec,
                   const BulkOptions& options, const Load& load)
      : shared_(std::move(shared)),
        clock_(clock),
        spec_(std::move(spec)),
        options_(options),
        id_(load.id),
        resumed_from_(load.token),
        last_(load.last) {}

  ~MemoryBulkLoader() override {
    const std::lock_guard lock(shared_->mutex);
    const auto load = FindLoad(shared_->state, spec_.name, id_);
    if (load.ok()) (*load)->owned = false;
  }

  std::optional<std::string> resumed_from() const override { return resumed_from_; }

  Status Add(OpContext& op, const Item& item) override {
    TRY_OK(CheckUsable(op));
    if (auto checked = CheckItem(spec_, item, memory::kTraits.max_item_bytes); !checked.ok())
      return std::move(checked).error().With(DescribeKey(spec_, KeyOf(spec_, item)));
    OrderedKey key = memory::OrderedKeyOf(spec_, item);
    if (options_.sorted && last_ && key <= *last_)
      return Error(Code::kInvalid,
                   fmt::format("{} does not come behind the item before it, as a sorted load "
                               "promises; it was not added",
                               DescribeKey(spec_, KeyOf(spec_, item))));
    last_ = key;
    pending_.insert_or_assign(std::move(key), item);
    return Ok();
  }

  Status AddEncoded(OpContext& op, std::string_view encoded) override {
    TRY(const Item item, DecodeItem(encoded));
    return Add(op, item);
  }

  Status Checkpoint(OpContext& op, std::string_view token) override {
    TRY_OK(CheckUsable(op));
    const std::lock_guard lock(shared_->mutex);
    TRY(Load * load, FindLoad(shared_->state, spec_.name, id_));
    Flush(*load);
    load->token = std::string(token);
    load->last = last_;
    return Ok();
  }

  Result<std::uint64_t> Finish(OpContext& op) override {
    TRY_OK(CheckUsable(op));
    const std::lock_guard lock(shared_->mutex);
    TRY(Load * load, FindLoad(shared_->state, spec_.name, id_));
    Flush(*load);
    Rows rows = std::move(load->rows);
    const std::uint64_t written = rows.size();
    auto& table = shared_->state.tables.find(spec_.name)->second;
    table.load.reset();
    ApplyLoad(shared_->state, table, std::move(rows), options_.log, clock_.NowMillis());
    finished_ = true;
    return written;
  }

 private:
  Status CheckUsable(OpContext& op) const {
    TRY_OK(op.Check());
    if (finished_) return Error(Code::kInvalid, "the bulk load is finished; open another one");
    return Ok();
  }

  void Flush(Load& load) {
    for (auto& [key, item] : pending_) load.rows.insert_or_assign(key, std::move(item));
    pending_.clear();
  }

  const std::shared_ptr<Shared> shared_;
  const Clock& clock_;
  const TableSpec spec_;
  const BulkOptions options_;
  const std::uint64_t id_;
  const std::optional<std::string> resumed_from_;
  std::optional<OrderedKey> last_;
  Rows pending_;  // since the last checkpoint
  bool finished_ = false;
};

}  // namespace

MemoryStore::MemoryStore(const Clock& clock)
    : SourceOver(std::make_shared<Shared>()), clock_(clock) {}

std::unique_ptr<MemoryStore> MemoryStore::Create(const Clock& clock) {
  return std::unique_ptr<MemoryStore>(new MemoryStore(clock));
}

const Traits& MemoryStore::traits() const { return memory::kTraits; }

Status MemoryStore::CreateTables(OpContext& op, std::span<const TableSpec> specs) {
  return Locked(op, [&](State& state) { return memory::CreateTables(state, specs); });
}

Status MemoryStore::DropTable(OpContext& op, std::string_view table) {
  return Locked(op, [&](State& state) -> Status {
    TRY_OK(memory::FindTable(state, table));
    state.tables.erase(state.tables.find(table));
    return Ok();
  });
}

Result<CommitResult> MemoryStore::Commit(OpContext& op, std::span<const Write> writes,
                                         const std::optional<Advance>& advance) {
  return Locked(
      op, [&](State& state) { return memory::Commit(state, writes, advance, clock_.NowMillis()); });
}

Result<std::size_t> MemoryStore::Expire(OpContext& op, std::string_view table,
                                        std::int64_t now_seconds, std::size_t limit) {
  return Locked(op, [&](State& state) {
    return memory::Expire(state, table, now_seconds, limit, clock_.NowMillis());
  });
}

Result<std::unique_ptr<Snapshot>> MemoryStore::OpenSnapshot(OpContext& op) {
  return Locked(op, [](State& state) -> Result<std::unique_ptr<Snapshot>> {
    auto copy = std::make_shared<Shared>();
    copy->state = state;
    return std::make_unique<MemorySnapshot>(std::move(copy));
  });
}

Result<std::unique_ptr<BulkLoader>> MemoryStore::OpenBulkLoad(OpContext& op, std::string_view name,
                                                              const BulkOptions& options) {
  return Locked(op, [&](State& state) -> Result<std::unique_ptr<BulkLoader>> {
    TRY(memory::Table * table, memory::FindTable(state, name));
    auto& load = table->load;
    if (load && (load->owned || load->name != options.name))
      return Error(Code::kConflict,
                   fmt::format("table {} has the {} bulk load \"{}\"; finish or abandon that first",
                               name, load->owned ? "running" : "unfinished", load->name));
    if (!load) {
      load.emplace();
      load->id = state.next_load++;
      load->name = options.name;
    }
    load->owned = true;
    return std::make_unique<MemoryBulkLoader>(shared(), clock_, table->spec, options, *load);
  });
}

Status MemoryStore::AbandonBulkLoad(OpContext& op, std::string_view name) {
  return Locked(op, [&](State& state) -> Status {
    TRY(memory::Table * table, memory::FindTable(state, name));
    if (!table->load)
      return Error(Code::kNotFound, fmt::format("table {} has no unfinished bulk load", name));
    if (table->load->owned)
      return Error(Code::kConflict,
                   fmt::format("bulk load \"{}\" of table {} is running; stop it first",
                               table->load->name, name));
    table->load.reset();
    return Ok();
  });
}

Result<ChangePage> MemoryStore::ReadChanges(OpContext& op, Position after, std::size_t limit) {
  return Locked(op, [&](State& state) { return memory::ReadChanges(state, after, limit); });
}

Status MemoryStore::AddConsumer(OpContext& op, std::string_view name, Position start) {
  return Locked(op, [&](State& state) { return memory::AddConsumer(state, name, start); });
}

Status MemoryStore::AdvanceConsumer(OpContext& op, const Advance& advance) {
  return Locked(op, [&](State& state) { return memory::AdvanceConsumer(state, advance); });
}

Status MemoryStore::RemoveConsumer(OpContext& op, std::string_view name) {
  return Locked(op, [&](State& state) -> Status {
    const auto at = state.consumers.find(name);
    if (at == state.consumers.end())
      return Error(Code::kNotFound, fmt::format("there is no consumer \"{}\"", name));
    state.consumers.erase(at);
    return Ok();
  });
}

Result<std::vector<Consumer>> MemoryStore::Consumers(OpContext& op) {
  return Locked(op, [](State& state) -> Result<std::vector<Consumer>> {
    std::vector<Consumer> out;
    for (const auto& [name, position] : state.consumers) out.push_back({name, position});
    return out;
  });
}

Result<TrimResult> MemoryStore::TrimChanges(OpContext& op, Position to) {
  return Locked(op, [&](State& state) { return memory::TrimChanges(state, to); });
}

Status MemoryStore::CheckIntegrity(OpContext& op) {
  return Locked(op, [](State& state) { return memory::CheckIntegrity(state); });
}

}  // namespace vams::items
