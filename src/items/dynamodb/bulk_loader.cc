// Bulk loads: without a log entry through the batch writer, else in commits of full size.
#include <fmt/format.h>

#include <unordered_map>

#include "items/codec.h"
#include "items/dynamodb/batch_writer.h"
#include "items/dynamodb/change_log.h"
#include "items/dynamodb/engine.h"

namespace vams::items::dynamodb {

namespace {

// Of one logged commit; its images come on top.
constexpr std::size_t kCommitBytes = 400 * 1024;

class DynamoBulkLoader final : public BulkLoader {
 public:
  DynamoBulkLoader(std::shared_ptr<Engine> engine, TableRef table, const BulkOptions& options,
                   std::optional<std::string> resumed_from)
      : engine_(std::move(engine)),
        table_(std::move(table)),
        options_(options),
        resumed_from_(std::move(resumed_from)),
        writer_(engine_, table_) {}

  ~DynamoBulkLoader() override {
    const std::lock_guard lock(engine_->loads_mutex);
    const auto at = engine_->loads.find(table_->spec.name);
    if (at != engine_->loads.end() && !finished_) at->second.owned = false;
  }

  std::optional<std::string> resumed_from() const override { return resumed_from_; }

  Status Add(OpContext& op, const Item& item) override {
    TRY_OK(CheckUsable(op));
    if (auto checked = CheckItem(table_->spec, item, engine_->traits().max_item_bytes);
        !checked.ok()) {
      Error error =
          std::move(checked).error().With(DescribeKey(table_->spec, KeyOf(table_->spec, item)));
      const auto& tell = engine_->options().on_refused;
      if (!tell) return error;
      tell(table_->spec.name, item, error);
      return Ok();
    }
    std::string key = EncodeItem(KeyOf(table_->spec, item));
    if (options_.log == BulkLog::kNone) {
      return writer_.Put(op, std::move(key), item);
    }
    return AddLogged(op, std::move(key), item);
  }

  Status AddEncoded(OpContext& op, std::string_view encoded) override {
    TRY(const Item item, DecodeItem(encoded));
    return Add(op, item);
  }

  Status Checkpoint(OpContext& op, std::string_view token) override {
    TRY_OK(CheckUsable(op));
    TRY_OK(WriteAll(op));
    LoadState load{.name = options_.name, .token = std::string(token), .owned = true};
    if (engine_->HasLog()) TRY_OK(WriteLoad(op, *engine_, table_->spec.name, load));
    const std::lock_guard lock(engine_->loads_mutex);
    engine_->loads[table_->spec.name] = std::move(load);
    return Ok();
  }

  Result<std::uint64_t> Finish(OpContext& op) override {
    TRY_OK(CheckUsable(op));
    TRY_OK(WriteAll(op));
    if (engine_->HasLog()) TRY_OK(ForgetLoad(op, *engine_, table_->spec.name));
    finished_ = true;
    const std::lock_guard lock(engine_->loads_mutex);
    if (const auto at = engine_->loads.find(table_->spec.name); at != engine_->loads.end())
      engine_->loads.erase(at);
    return writer_.written() + committed_;
  }

 private:
  Status CheckUsable(OpContext& op) const {
    TRY_OK(op.Check());
    if (finished_) return Error(Code::kInvalid, "the bulk load is finished; open another one");
    return Ok();
  }

  Status WriteAll(OpContext& op) {
    if (options_.log == BulkLog::kNone) return writer_.Flush(op);
    return CommitPending(op);
  }

  Status AddLogged(OpContext& op, std::string key, const Item& item) {
    if (const auto at = place_.find(key); at != place_.end()) {
      writes_[at->second].item = item;
      return Ok();
    }
    const std::size_t size = ItemSize(item);
    if (writes_.size() == engine_->traits().max_commit_writes || bytes_ + size > kCommitBytes)
      TRY_OK(CommitPending(op));
    place_.emplace(std::move(key), writes_.size());
    writes_.push_back(Write::Put(table_->spec.name, item));
    bytes_ += size;
    return Ok();
  }

  Status CommitPending(OpContext& op) {
    if (writes_.empty()) return Ok();
    TRY_OK(Commit(op, *engine_, writes_, std::nullopt, options_.log));
    committed_ += writes_.size();
    writes_.clear();
    place_.clear();
    bytes_ = 0;
    return Ok();
  }

  const std::shared_ptr<Engine> engine_;
  const TableRef table_;
  const BulkOptions options_;
  const std::optional<std::string> resumed_from_;
  BatchWriter writer_;
  // Of logged loads:
  std::vector<Write> writes_;
  std::unordered_map<std::string, std::size_t> place_;  // of a key in writes_
  std::size_t bytes_ = 0;
  std::uint64_t committed_ = 0;
  bool finished_ = false;
};

Error Busy(std::string_view table, const LoadState& load) {
  return Error(Code::kConflict,
               fmt::format("table {} has the {} bulk load \"{}\"; finish or abandon that first",
                           table, load.owned ? "running" : "unfinished", load.name));
}

}  // namespace

Result<std::unique_ptr<BulkLoader>> OpenBulkLoad(OpContext& op, std::shared_ptr<Engine> engine,
                                                 std::string_view name,
                                                 const BulkOptions& options) {
  TRY(auto table, engine->Table(op, name));
  if (options.log != BulkLog::kNone) TRY_OK(NeedLog(*engine));
  std::optional<LoadState> known;
  {
    const std::lock_guard lock(engine->loads_mutex);
    const auto at = engine->loads.find(name);
    if (at != engine->loads.end()) {
      if (at->second.owned || at->second.name != options.name) return Busy(name, at->second);
      known = at->second;
    }
    // Taken, so that nobody else opens it while the log is asked.
    engine->loads[std::string(name)] = LoadState{
        .name = options.name, .token = known ? known->token : std::nullopt, .owned = true};
  }
  const auto give_back = [&](std::optional<LoadState> state) {
    const std::lock_guard lock(engine->loads_mutex);
    if (state)
      engine->loads[std::string(name)] = *std::move(state);
    else
      engine->loads.erase(engine->loads.find(name));
  };
  LoadState load{.name = options.name, .token = known ? known->token : std::nullopt, .owned = true};
  if (engine->HasLog() && !known) {
    auto stored = ReadLoad(op, *engine, name);
    if (!stored.ok() || (*stored && (*stored)->name != options.name)) {
      give_back(std::nullopt);
      if (!stored.ok()) return std::move(stored).error();
      return Busy(name, **stored);
    }
    if (*stored) load.token = (*stored)->token;
    if (!*stored) {
      if (auto written = WriteLoad(op, *engine, name, load); !written.ok()) {
        give_back(std::nullopt);
        return std::move(written).error();
      }
    }
  }
  give_back(load);
  return std::make_unique<DynamoBulkLoader>(std::move(engine), std::move(table), options,
                                            load.token);
}

Status AbandonBulkLoad(OpContext& op, Engine& engine, std::string_view name) {
  TRY_OK(engine.Table(op, name));
  bool found = false;
  {
    const std::lock_guard lock(engine.loads_mutex);
    const auto at = engine.loads.find(name);
    if (at != engine.loads.end() && at->second.owned)
      return Error(Code::kConflict,
                   fmt::format("bulk load \"{}\" of table {} is running; stop it first",
                               at->second.name, name));
    found = at != engine.loads.end();
  }
  if (engine.HasLog()) {
    TRY(const auto stored, ReadLoad(op, engine, name));
    found = found || stored.has_value();
    if (stored) TRY_OK(ForgetLoad(op, engine, name));
  }
  if (!found)
    return Error(Code::kNotFound, fmt::format("table {} has no unfinished bulk load", name));
  const std::lock_guard lock(engine.loads_mutex);
  if (const auto at = engine.loads.find(name); at != engine.loads.end()) engine.loads.erase(at);
  return Ok();
}

Status DeleteItems(OpContext& op, Engine& engine, const TableRef& table,
                   std::span<const Item> keys) {
  if (keys.empty()) return Ok();
  // The writer must not outlive the call, so it borrows the engine.
  BatchWriter writer(std::shared_ptr<Engine>(std::shared_ptr<Engine>(), &engine), table);
  for (const auto& key : keys) TRY_OK(writer.Delete(op, EncodeItem(key), key));
  return writer.Flush(op);
}

}  // namespace vams::items::dynamodb
