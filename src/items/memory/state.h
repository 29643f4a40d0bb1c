// The data of the memory engine and the pure functions over it: what reading and writing mean,
// without locks, disks or speed.  For memory_store.cc and source.h only.  Spec: items/store.h.
//
// Plain values; the caller guards them.  Nothing blocks.
#pragma once

#include <compare>
#include <deque>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "items/store.h"

namespace vams::items::memory {

// Key values as bytes whose order is the order of the values.
struct OrderedKey {
  std::string partition;
  std::string sort;  // empty where the table has no sort key
  friend auto operator<=>(const OrderedKey&, const OrderedKey&) = default;
};

using Rows = std::map<OrderedKey, Item>;

// An unfinished bulk load.
struct Load {
  std::uint64_t id = 0;
  std::string name;
  bool owned = true;  // a BulkLoader object lives
  // As of the last checkpoint.
  Rows rows;
  std::optional<std::string> token;
  std::optional<OrderedKey> last;
};

struct Table {
  TableSpec spec;
  Rows rows;
  std::optional<Load> load;
};

struct State {
  std::map<std::string, Table, std::less<>> tables;
  std::deque<Change> log;  // positions trimmed + 1 … last
  Position last = 0;
  Position trimmed = 0;
  std::map<std::string, Position, std::less<>> consumers;
  std::uint64_t next_load = 1;
};

inline constexpr Traits kTraits{.durable = false};

// The value's bytes as they stand in an OrderedKey.
std::string OrderedBytes(const Value& value);
// Precondition: `item` has the table's key attributes, with their types.
OrderedKey OrderedKeyOf(const TableSpec& spec, const Item& item);

// kNotFound if there is no such table.
Result<const Table*> FindTable(const State& state, std::string_view name);
Result<Table*> FindTable(State& state, std::string_view name);

// nullptr if there is no such item.
const Item* FindItem(const Table& table, const OrderedKey& key);

// ---- Reading (read.cc) ----

Result<std::vector<std::optional<Item>>> BatchGet(const State& state, std::string_view table,
                                                  std::span<const Item> keys);
Result<Page> Query(const State& state, const QueryRequest& request);
Result<std::vector<Segment>> SplitScan(const State& state, std::string_view table,
                                       std::size_t count);
Result<Page> Scan(const State& state, std::string_view table, const Segment& segment,
                  std::string_view after, std::size_t limit);
Result<ChangePage> ReadChanges(const State& state, Position after, std::size_t limit);
Status CheckIntegrity(const State& state);

// ---- Writing (write.cc) ----

Status CreateTables(State& state, std::span<const TableSpec> specs);
Result<CommitResult> Commit(State& state, std::span<const Write> writes,
                            const std::optional<Advance>& advance, std::int64_t now_millis);
Result<std::size_t> Expire(State& state, std::string_view table, std::int64_t now_seconds,
                           std::size_t limit, std::int64_t now_millis);
// Writes the rows of a finished load into the table.
void ApplyLoad(State& state, Table& table, Rows rows, BulkLog log, std::int64_t now_millis);

Status AddConsumer(State& state, std::string_view name, Position start);
Status AdvanceConsumer(State& state, const Advance& advance);
Result<TrimResult> TrimChanges(State& state, Position to);

}  // namespace vams::items::memory
