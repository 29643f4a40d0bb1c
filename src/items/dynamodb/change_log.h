// The change log as a table of ours: docs/formats/items-dynamodb.md.  Internal to items/dynamodb.
//
// Thread-safe.  Calls that take an OpContext block on the network.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "items/dynamodb/engine.h"
#include "items/store.h"

namespace vams::items::dynamodb {

// Creates the table and its state where they are absent; once per process.
Status EnsureLog(OpContext& op, Engine& engine);
// kNotSupported where the log is off.
Status NeedLog(const Engine& engine);

struct LogState {
  Position last = 0;
  Position trimmed = 0;   // what is up to here is gone
  Position swept = 0;     // and its entries are deleted up to here
  std::string consumers;  // a number that grows with every registration
};
Result<LogState> ReadLogState(OpContext& op, Engine& engine);

// One entry: the changes of one commit, which ends at the last one's position.
std::string EncodeChanges(std::span<const Change> changes);
// kCorrupt when the bytes are damaged.
Result<std::vector<Change>> DecodeChanges(std::string_view bytes);

// The entry as items of the log's table: one, or more where the images are large.
std::vector<Item> EntryItems(std::span<const Change> changes, std::string_view commit_id);
// Whether the entry that ends at `last` is that commit's.
Result<bool> IsCommit(OpContext& op, Engine& engine, Position last, std::string_view commit_id);

Item StateKey();
Item ConsumerKey(std::string_view name);
// Where a consumer stands; nothing if it is not registered.
Result<std::optional<Position>> ConsumerPosition(OpContext& op, Engine& engine,
                                                 std::string_view name);

Result<ChangePage> ReadChanges(OpContext& op, Engine& engine, Position after, std::size_t limit);
Status AddConsumer(OpContext& op, Engine& engine, std::string_view name, Position start);
Status AdvanceConsumer(OpContext& op, Engine& engine, const Advance& advance);
Status RemoveConsumer(OpContext& op, Engine& engine, std::string_view name);
Result<std::vector<Consumer>> ListConsumers(OpContext& op, Engine& engine);
Result<TrimResult> TrimChanges(OpContext& op, Engine& engine, Position to);
Status CheckLog(OpContext& op, Engine& engine);

// Unfinished bulk loads.
Result<std::optional<LoadState>> ReadLoad(OpContext& op, Engine& engine, std::string_view table);
Status WriteLoad(OpContext& op, Engine& engine, std::string_view table, const LoadState& load);
Status ForgetLoad(OpContext& op, Engine& engine, std::string_view table);

}  // namespace vams::items::dynamodb
