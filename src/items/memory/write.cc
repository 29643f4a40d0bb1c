#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "base/ascii.h"
#include "items/memory/state.h"
#include "items/number.h"

namespace vams::items::memory {

namespace {

// A write with its table found and its key in order.
struct Target {
  Table* table;
  OrderedKey key;
};

// Everything about one write that can be refused without looking at the data.
Result<Target> CheckWrite(State& state, const Write& write) {
  TRY(Table * table, FindTable(state, write.table));
  if (write.op == Write::Op::kPut)
    TRY_OK(CheckItem(table->spec, write.item, kTraits.max_item_bytes));
  else
    TRY_OK(CheckKey(table->spec, write.item));
  if (write.op == Write::Op::kUpdate) TRY_OK(CheckMutations(table->spec, write));
  return Target{table, OrderedKeyOf(table->spec, write.item)};
}

// What the item is after the write; nothing if it is then absent.
Result<std::optional<Item>> Outcome(const Write& write, const Target& target) {
  switch (write.op) {
    case Write::Op::kPut:
      return std::optional(write.item);
    case Write::Op::kUpdate: {
      const Item* current = FindItem(*target.table, target.key);
      TRY(Item item, ApplyMutations(current ? *current : write.item, write.mutations));
      TRY_OK(CheckItem(target.table->spec, item, kTraits.max_item_bytes));
      return std::optional(std::move(item));
    }
    case Write::Op::kDelete:
    case Write::Op::kCheck:
      break;
  }
  return std::optional<Item>();
}

// Replaces or removes a row, and appends the change to the log.
void Apply(State& state, Table& table, const OrderedKey& key, std::optional<Item> after,
           BulkLog log, std::int64_t now_millis) {
  const auto at = table.rows.find(key);
  Change change;
  change.at_millis = now_millis;
  change.table = table.spec.name;
  change.op = after ? Change::Op::kPut : Change::Op::kDelete;
  change.key = KeyOf(table.spec, after ? *after : at->second);
  change.has_images = log == BulkLog::kImages;
  if (change.has_images) {
    if (at != table.rows.end()) change.before = at->second;
    change.after = after;
  }
  if (after)
    table.rows.insert_or_assign(key, *std::move(after));
  else
    table.rows.erase(at);
  if (log == BulkLog::kNone) return;
  change.position = ++state.last;
  state.log.push_back(std::move(change));
}

Status CheckAdvance(const State& state, const Advance& advance) {
  const auto at = state.consumers.find(advance.consumer);
  if (at == state.consumers.end())
    return Error(Code::kNotFound, fmt::format("there is no consumer \"{}\" of the change log; "
                                              "nothing was written; register it first",
                                              advance.consumer));
  if (advance.to < at->second || advance.to > state.last)
    return Error(Code::kConflict,
                 fmt::format("consumer \"{}\" at {} cannot move to {} in a log that ends at {}; "
                             "nothing was written",
                             advance.consumer, at->second, advance.to, state.last));
  return Ok();
}

}  // namespace

Status CreateTables(State& state, std::span<const TableSpec> specs) {
  for (const auto& spec : specs) TRY_OK(CheckTableSpec(spec));
  // Names that differ only by case are one name to some engines, so they clash in all.
  std::map<std::string, const TableSpec*> known;
  for (const auto& [name, table] : state.tables) known[Lower(name)] = &table.spec;
  for (const auto& spec : specs) {
    const auto [at, is_new] = known.emplace(Lower(spec.name), &spec);
    if (!is_new && !(*at->second == spec))
      return Error(Code::kConflict,
                   fmt::format("table {} exists with another definition than the one asked for "
                               "{}; no table was created",
                               at->second->name, spec.name));
  }
  for (const auto& spec : specs) state.tables.try_emplace(spec.name).first->second.spec = spec;
  return Ok();
}

Result<CommitResult> Commit(State& state, std::span<const Write> writes,
                            const std::optional<Advance>& advance, std::int64_t now_millis) {
  const auto at = [](Error error, std::size_t i) {
    return std::move(error).At(static_cast<int>(i));
  };
  std::vector<Target> targets;
  std::set<std::pair<const Table*, OrderedKey>> named;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    auto target = CheckWrite(state, writes[i]);
    if (!target.ok()) return at(std::move(target).error(), i);
    if (!named.emplace(target->table, target->key).second)
      return at(
          Error(Code::kInvalid, fmt::format("two writes of one commit name {}",
                                            DescribeKey(target->table->spec, writes[i].item))),
          i);
    targets.push_back(*std::move(target));
  }
  for (std::size_t i = 0; i < writes.size(); ++i) {
    const Item* item = FindItem(*targets[i].table, targets[i].key);
    if (!ConditionsHold(writes[i].conditions, item))
      return ConditionFailed(targets[i].table->spec, writes[i], static_cast<int>(i),
                             item != nullptr);
  }
  if (advance) TRY_OK(CheckAdvance(state, *advance));
  std::vector<std::optional<Item>> outcomes;
  for (std::size_t i = 0; i < writes.size(); ++i) {
    auto outcome = Outcome(writes[i], targets[i]);
    if (!outcome.ok()) return at(std::move(outcome).error(), i);
    outcomes.push_back(*std::move(outcome));
  }

  for (std::size_t i = 0; i < writes.size(); ++i) {
    if (writes[i].op == Write::Op::kCheck) continue;
    auto& [table, key] = targets[i];
    if (!outcomes[i] && FindItem(*table, key) == nullptr) continue;
    Apply(state, *table, key, std::move(outcomes[i]), BulkLog::kImages, now_millis);
  }
  if (advance) state.consumers[advance->consumer] = advance->to;
  return CommitResult{state.last};
}

Result<std::size_t> Expire(State& state, std::string_view name, std::int64_t now_seconds,
                           std::size_t limit, std::int64_t now_millis) {
  TRY(Table * table, FindTable(state, name));
  if (table->spec.ttl_attribute.empty())
    return Error(Code::kInvalid, fmt::format("table {} has no time-to-live attribute", name));
  const std::string now = std::to_string(now_seconds);
  std::vector<std::pair<std::string, OrderedKey>> due;  // longest due first
  for (const auto& [key, item] : table->rows) {
    const Value* ttl = item.Find(table->spec.ttl_attribute);
    if (ttl != nullptr && ttl->is(Kind::kN) && CompareNumbers(ttl->text(), now) <= 0)
      due.emplace_back(OrderedNumber(ttl->text()), key);
  }
  std::sort(due.begin(), due.end());
  if (due.size() > limit) due.resize(limit);
  for (const auto& [ttl, key] : due)
    Apply(state, *table, key, std::nullopt, BulkLog::kImages, now_millis);
  return due.size();
}

void ApplyLoad(State& state, Table& table, Rows rows, BulkLog log, std::int64_t now_millis) {
  for (auto& [key, item] : rows) Apply(state, table, key, std::move(item), log, now_millis);
}

Status AddConsumer(State& state, std::string_view name, Position start) {
  if (state.consumers.contains(name))
    return Error(Code::kConflict, fmt::format("consumer \"{}\" is registered already", name));
  if (start < state.trimmed || start > state.last)
    return Error(Code::kInvalid, fmt::format("consumer \"{}\" cannot start at {}: the change log "
                                             "reaches from {} to {}",
                                             name, start, state.trimmed, state.last));
  state.consumers.emplace(name, start);
  return Ok();
}

Status AdvanceConsumer(State& state, const Advance& advance) {
  TRY_OK(CheckAdvance(state, advance));
  state.consumers[advance.consumer] = advance.to;
  return Ok();
}

Result<TrimResult> TrimChanges(State& state, Position to) {
  TrimResult result;
  const Position asked = std::min(to, state.last);
  Position reached = asked;
  for (const auto& [name, position] : state.consumers) {
    if (position >= asked) continue;
    result.held_back_by.push_back(name);
    reached = std::min(reached, position);
  }
  for (; state.trimmed < reached; ++state.trimmed) state.log.pop_front();
  result.trimmed_to = state.trimmed;
  return result;
}

}  // namespace vams::items::memory
