#include "items/dynamodb/change_log.h"

#include <fmt/format.h>
#include <zlib.h>

#include <algorithm>

#include "items/codec.h"
#include "items/dynamodb/expression.h"

namespace vams::items::dynamodb {

namespace {

// An item holds 400 KB, keys and names included.
constexpr std::size_t kChunkBytes = 390'000;
constexpr std::size_t kCompressFrom = 512;
// A partition of the service takes 1000 writes a second; positions of one partition follow closely.
constexpr Position kPositionsPerPartition = 4096;
constexpr int kGapTries = 4;

std::string Partition(Position last) {
  return fmt::format("log/{:016}", last / kPositionsPerPartition);
}

// Behind every chunk of the entry that ends at `position`, before those of the next.
std::string Behind(Position position) { return fmt::format("{:020}~", position); }

Item LogKey(std::string_view p, std::string_view s) {
  return Item{{"p", Value::S(std::string(p))}, {"s", Value::S(std::string(s))}};
}

Value Number(Position position) { return Value::N(static_cast<std::int64_t>(position)); }

std::optional<Position> ReadPosition(const Item& item, std::string_view name) {
  const Value* value = item.Find(name);
  if (value == nullptr || !value->is(Kind::kN)) return std::nullopt;
  Position position = 0;
  for (const char c : value->text()) {
    if (c < '0' || c > '9') return std::nullopt;
    position = position * 10 + static_cast<Position>(c - '0');
  }
  return position;
}

Error DamagedLog(std::string_view what) {
  return Error(
      Code::kCorrupt,
      fmt::format("the change log's table is damaged: {}; restore it from a backup", what));
}

// ---- Entries

enum Flag : unsigned char { kDeletes = 1, kImages = 2, kBefore = 4, kAfter = 8 };

void AppendBlob(std::string& out, std::string_view bytes) {
  AppendVarint(out, bytes.size());
  out += bytes;
}

class EntryReader {
 public:
  explicit EntryReader(std::string_view bytes) : rest_(bytes) {}
  bool Number(std::uint64_t& value) { return ReadVarint(rest_, value); }
  bool Blob(std::string_view& out) {
    std::uint64_t size = 0;
    if (!ReadVarint(rest_, size) || size > rest_.size()) return false;
    out = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return true;
  }
  bool AtEnd() const { return rest_.empty(); }

 private:
  std::string_view rest_;
};

std::string Compressed(const std::string& bytes) {
  uLongf size = compressBound(bytes.size());
  std::string out(size, '\0');
  if (compress2(reinterpret_cast<Bytef*>(out.data()), &size,
                reinterpret_cast<const Bytef*>(bytes.data()), bytes.size(), 1) != Z_OK)
    return bytes;
  out.resize(size);
  return out;
}

Result<std::string> Inflated(std::string_view bytes, Position size) {
  constexpr Position kLargest = Position{64} << 20;
  if (size > kLargest) return DamagedLog("an entry is too large");
  std::string out(size, '\0');
  uLongf got = size;
  if (uncompress(reinterpret_cast<Bytef*>(out.data()), &got,
                 reinterpret_cast<const Bytef*>(bytes.data()), bytes.size()) != Z_OK ||
      got != size)
    return DamagedLog("an entry cannot be decompressed");
  return out;
}

// Puts the chunks of entries together that come one after the other.
class Assembler {
 public:
  // The changes of an entry when this was its last chunk, else none.
  Result<std::vector<Change>> Take(const Item& chunk) {
    const std::string_view sort = chunk.Text("s");
    const auto slash = sort.find('/');
    const auto count = ReadPosition(chunk, "n");
    const Value* bytes = chunk.Find("b");
    if (slash == std::string_view::npos || !count || bytes == nullptr || !bytes->is(Kind::kB))
      return DamagedLog("an entry lacks what it must have");
    if (sort.substr(0, slash) != entry_) {
      entry_ = std::string(sort.substr(0, slash));
      bytes_.clear();
      chunks_ = 0;
    }
    if (sort.substr(slash + 1) != fmt::format("{:03}", chunks_)) return std::vector<Change>();
    bytes_ += bytes->text();
    if (++chunks_ < *count) return std::vector<Change>();
    if (const auto size = ReadPosition(chunk, "z")) {
      TRY(bytes_, Inflated(bytes_, *size));
    }
    return DecodeChanges(bytes_);
  }

 private:
  std::string entry_;
  std::string bytes_;
  Position chunks_ = 0;
};

// Hands out the changes behind `after` in order until `take` is false or one is not there (yet).
template <typename Take>
Status WalkLog(OpContext& op, Engine& engine, Position after, Position last, std::size_t page_items,
               const Take& take) {
  Position expected = after + 1;
  Assembler assembler;
  for (Position at = after + 1; at / kPositionsPerPartition <= last / kPositionsPerPartition;
       at = (at / kPositionsPerPartition + 1) * kPositionsPerPartition) {
    QueryRequest request;
    request.partition = Value::S(Partition(at));
    request.sort = SortCondition::Is(SortCondition::Op::kGreater, Value::S(Behind(after)));
    request.limit = page_items;
    std::optional<Item> from;
    do {
      TRY(const auto page, RawQuery(op, engine, *engine.log_table(), request, from));
      for (const auto& chunk : page.items) {
        TRY(auto changes, assembler.Take(chunk));
        for (auto& change : changes) {
          if (change.position < expected) continue;
          if (change.position > expected) return Ok();  // a commit that is becoming visible
          ++expected;
          if (!take(std::move(change))) return Ok();
        }
      }
      from = page.last;
    } while (from);
  }
  return Ok();
}

// ---- Writing single items of the log's table

// An update of an item, with placeholders filled in.
std::string UpdateJson(Engine& engine, const Item& key, std::string_view update,
                       std::string_view condition, const Placeholders& placeholders) {
  return fmt::format(
      "\"TableName\":\"{}\",\"Key\":{},\"UpdateExpression\":\"{}\","
      "\"ConditionExpression\":\"{}\"{}",
      engine.log_table()->physical, aws::ToJson(key), update, condition, placeholders.Json());
}

Status PutLogItem(OpContext& op, Engine& engine, const Item& item) {
  TRY_OK(engine.client().Call(op, "PutItem",
                              fmt::format("{{\"TableName\":\"{}\",\"Item\":{}}}",
                                          engine.log_table()->physical, aws::ToJson(item))));
  return Ok();
}

Error NoConsumer(std::string_view name) {
  return Error(Code::kNotFound, fmt::format("there is no consumer \"{}\"", name));
}

}  // namespace

Status NeedLog(const Engine& engine) {
  if (engine.HasLog()) return Ok();
  return Error(Code::kNotSupported,
               "this DynamoDB store keeps no change log; switch it on in the configuration");
}

Item StateKey() { return LogKey("state", "log"); }
Item ConsumerKey(std::string_view name) { return LogKey("consumer", "c/" + std::string(name)); }

Status EnsureLog(OpContext& op, Engine& engine) {
  TRY_OK(NeedLog(engine));
  TRY_OK(op.Check());
  {
    const std::lock_guard lock(engine.log_mutex);
    if (engine.log_ready) return Ok();
  }
  const auto& table = engine.log_table()->spec;
  auto described = engine.Describe(op, table.name);
  if (!described.ok() && described.error().code == Code::kNotFound) {
    const auto created = CreateTable(op, engine, table, false);
    // Someone else may be faster.
    if (!created.ok() && created.error().code != Code::kConflict) return created;
  } else if (!described.ok()) {
    return std::move(described).error();
  } else if (described->spec.partition != table.partition || described->spec.sort != table.sort) {
    return Error(Code::kConflict,
                 fmt::format("table {} exists, but is no change log; choose another name for the "
                             "log's table",
                             engine.log_table()->physical));
  }
  TRY_OK(WaitUntilActive(op, engine, table.name));
  Item state = StateKey();
  for (const char* name : {"last", "trimmed", "swept", "consumers"}) state.Set(name, Number(0));
  const auto put =
      engine.client().Call(op, "PutItem",
                           fmt::format("{{\"TableName\":\"{}\",\"Item\":{},\"ConditionExpression\":"
                                       "\"attribute_not_exists(p)\"}}",
                                       engine.log_table()->physical, aws::ToJson(state)));
  if (!put.ok() && put.error().code != Code::kConflict) return put.error();
  const std::lock_guard lock(engine.log_mutex);
  engine.log_ready = true;
  return Ok();
}

Result<LogState> ReadLogState(OpContext& op, Engine& engine) {
  TRY(const auto item, GetItem(op, engine, *engine.log_table(), StateKey()));
  if (!item) return DamagedLog("its state is missing");
  const auto last = ReadPosition(*item, "last");
  const auto trimmed = ReadPosition(*item, "trimmed");
  const auto swept = ReadPosition(*item, "swept");
  const Value* consumers = item->Find("consumers");
  if (!last || !trimmed || !swept || consumers == nullptr || !consumers->is(Kind::kN))
    return DamagedLog("its state cannot be read");
  return LogState{*last, *trimmed, *swept, consumers->text()};
}

std::string EncodeChanges(std::span<const Change> changes) {
  std::string out;
  for (const auto& change : changes) {
    AppendVarint(out, change.position);
    AppendVarint(out, static_cast<std::uint64_t>(change.at_millis));
    AppendBlob(out, change.table);
    unsigned flags = change.op == Change::Op::kDelete ? kDeletes : 0;
    if (change.has_images) flags |= kImages;
    if (change.before) flags |= kBefore;
    if (change.after) flags |= kAfter;
    AppendVarint(out, flags);
    AppendBlob(out, EncodeItem(change.key));
    if (change.before) AppendBlob(out, EncodeItem(*change.before));
    if (change.after) AppendBlob(out, EncodeItem(*change.after));
  }
  return out;
}

Result<std::vector<Change>> DecodeChanges(std::string_view bytes) {
  EntryReader reader(bytes);
  std::vector<Change> changes;
  while (!reader.AtEnd()) {
    Change change;
    std::uint64_t millis = 0, flags = 0;
    std::string_view table, key;
    if (!reader.Number(change.position) || !reader.Number(millis) || !reader.Blob(table) ||
        !reader.Number(flags) || flags > 15 || !reader.Blob(key))
      return DamagedLog("an entry is cut off");
    change.at_millis = static_cast<std::int64_t>(millis);
    change.table = std::string(table);
    change.op = (flags & kDeletes) != 0 ? Change::Op::kDelete : Change::Op::kPut;
    change.has_images = (flags & kImages) != 0;
    TRY(change.key, DecodeItem(key));
    const auto image = [&](Flag flag, std::optional<Item>& to) -> Status {
      std::string_view encoded;
      if ((flags & flag) == 0) return Ok();
      if (!reader.Blob(encoded)) return DamagedLog("an entry is cut off");
      TRY(to, DecodeItem(encoded));
      return Ok();
    };
    TRY_OK(image(kBefore, change.before));
    TRY_OK(image(kAfter, change.after));
    changes.push_back(std::move(change));
  }
  return changes;
}

std::vector<Item> EntryItems(std::span<const Change> changes, std::string_view commit_id) {
  const std::string plain = EncodeChanges(changes);
  std::string bytes = plain;
  if (plain.size() >= kCompressFrom) bytes = Compressed(plain);
  const bool compressed = bytes.size() < plain.size();
  if (!compressed) bytes = plain;
  const Position last = changes.back().position;
  const std::size_t count = (bytes.size() + kChunkBytes - 1) / kChunkBytes;
  std::vector<Item> items;
  for (std::size_t i = 0; i < count; ++i) {
    Item item = LogKey(Partition(last), fmt::format("{:020}/{:03}", last, i));
    item.Set("b", Value::B(bytes.substr(i * kChunkBytes, kChunkBytes)));
    item.Set("n", Number(count));
    item.Set("c", Value::S(std::string(commit_id)));
    if (compressed) item.Set("z", Number(plain.size()));
    items.push_back(std::move(item));
  }
  return items;
}

Result<bool> IsCommit(OpContext& op, Engine& engine, Position last, std::string_view commit_id) {
  TRY(const auto item, GetItem(op, engine, *engine.log_table(),
                               LogKey(Partition(last), fmt::format("{:020}/000", last))));
  return item && item->Text("c") == commit_id;
}

Result<ChangePage> ReadChanges(OpContext& op, Engine& engine, Position after, std::size_t limit) {
  TRY_OK(EnsureLog(op, engine));
  if (limit == 0)
    return Error(Code::kInvalid, "a page of 0 changes was asked for; ask for at least 1");
  ChangePage page{{}, after};
  for (int tries = 0;; ++tries) {
    TRY(const auto state, ReadLogState(op, engine));
    if (after < state.trimmed)
      return Error(Code::kNotFound,
                   fmt::format("changes behind position {} were trimmed away up to {}; start over "
                               "from a snapshot",
                               after, state.trimmed));
    if (after >= state.last) return page;
    TRY_OK(WalkLog(op, engine, after, state.last, std::min<std::size_t>(limit, 100),
                   [&](Change change) {
                     page.next = change.position;
                     page.changes.push_back(std::move(change));
                     return page.changes.size() < limit;
                   }));
    if (!page.changes.empty()) return page;
    // What the state promises was not there: trimmed meanwhile, or half visible.
    if (tries == kGapTries)
      return DamagedLog(fmt::format("there is nothing behind position {}", after));
  }
}

Result<std::optional<Position>> ConsumerPosition(OpContext& op, Engine& engine,
                                                 std::string_view name) {
  TRY(const auto item, GetItem(op, engine, *engine.log_table(), ConsumerKey(name)));
  if (!item) return std::optional<Position>();
  const auto position = ReadPosition(*item, "position");
  if (!position) return DamagedLog("a consumer's position cannot be read");
  return position;
}

Status AddConsumer(OpContext& op, Engine& engine, std::string_view name, Position start) {
  TRY_OK(EnsureLog(op, engine));
  TRY(const auto pass, engine.commit_gate.Enter(op));
  auto& client = engine.client();
  net::Backoff backoff(client.options().retry, client.timer(), client.random());
  for (;;) {
    TRY(const auto existing, ConsumerPosition(op, engine, name));
    if (existing)
      return Error(Code::kConflict, fmt::format("consumer \"{}\" is registered already", name));
    TRY(const auto state, ReadLogState(op, engine));
    if (start < state.trimmed || start > state.last)
      return Error(Code::kInvalid, fmt::format("consumer \"{}\" cannot start at {}: the change "
                                               "log reaches from {} to {}",
                                               name, start, state.trimmed, state.last));
    Item consumer = ConsumerKey(name);
    consumer.Set("position", Number(start));
    // The count of registrations tells a trim that began before that it must look again.
    Placeholders placeholders;
    const std::string count = placeholders.Name("consumers");
    const std::string update = UpdateJson(
        engine, StateKey(), fmt::format("ADD {} {}", count, placeholders.Value(Number(1))),
        fmt::format("{} <= {}", placeholders.Name("trimmed"), placeholders.Value(Number(start))),
        placeholders);
    const std::vector<std::string> actions{
        fmt::format("{{\"Put\":{{\"TableName\":\"{}\",\"Item\":{},\"ConditionExpression\":"
                    "\"attribute_not_exists(p)\"}}}}",
                    engine.log_table()->physical, aws::ToJson(consumer)),
        fmt::format("{{\"Update\":{{{}}}}}", update)};
    TRY(auto transaction, Transact(op, engine, actions));
    if (transaction.done) return Ok();
    if (!transaction.again && transaction.error.code != Code::kConflict)
      return std::move(transaction.error);
    TRY(const bool again, backoff.Wait(op));
    if (!again) return std::move(transaction.error);
  }
}

Status AdvanceConsumer(OpContext& op, Engine& engine, const Advance& advance) {
  TRY_OK(EnsureLog(op, engine));
  TRY(const auto position, ConsumerPosition(op, engine, advance.consumer));
  if (!position) return NoConsumer(advance.consumer);
  TRY(const auto state, ReadLogState(op, engine));
  const auto conflict = [&](Position at) {
    return Error(Code::kConflict,
                 fmt::format("consumer \"{}\" at {} cannot move to {} in a log that ends at {}",
                             advance.consumer, at, advance.to, state.last));
  };
  if (advance.to < *position || advance.to > state.last) return conflict(*position);
  Placeholders placeholders;
  const std::string name = placeholders.Name("position");
  const std::string to = placeholders.Value(Number(advance.to));
  const auto moved = engine.client().Call(
      op, "UpdateItem",
      "{" +
          UpdateJson(engine, ConsumerKey(advance.consumer), fmt::format("SET {} = {}", name, to),
                     fmt::format("{} <= {}", name, to), placeholders) +
          "}");
  if (moved.ok()) return Ok();
  if (moved.error().code != Code::kConflict) return moved.error();
  TRY(const auto now, ConsumerPosition(op, engine, advance.consumer));
  return now ? conflict(*now) : NoConsumer(advance.consumer);
}

Status RemoveConsumer(OpContext& op, Engine& engine, std::string_view name) {
  TRY_OK(EnsureLog(op, engine));
  const auto removed = engine.client().Call(
      op, "DeleteItem",
      fmt::format("{{\"TableName\":\"{}\",\"Key\":{},\"ConditionExpression\":"
                  "\"attribute_exists(p)\"}}",
                  engine.log_table()->physical, aws::ToJson(ConsumerKey(name))));
  if (removed.ok()) return Ok();
  return removed.error().code == Code::kConflict ? NoConsumer(name) : removed.error();
}

Result<std::vector<Consumer>> ListConsumers(OpContext& op, Engine& engine) {
  std::vector<Consumer> out;
  if (!engine.HasLog()) return out;
  TRY_OK(EnsureLog(op, engine));
  QueryRequest request;
  request.partition = Value::S("consumer");
  std::optional<Item> after;
  do {
    TRY(const auto page, RawQuery(op, engine, *engine.log_table(), request, after));
    for (const auto& item : page.items) {
      const auto position = ReadPosition(item, "position");
      if (!position) return DamagedLog("a consumer's position cannot be read");
      out.push_back({std::string(item.Text("s").substr(2)), *position});
    }
    after = page.last;
  } while (after);
  return out;
}

namespace {

// Deletes the entries whose changes are all trimmed, and notes how far.
Status Sweep(OpContext& op, Engine& engine, const LogState& state) {
  for (Position at = state.swept + 1;
       at / kPositionsPerPartition <= state.trimmed / kPositionsPerPartition;
       at = (at / kPositionsPerPartition + 1) * kPositionsPerPartition) {
    QueryRequest request;
    request.partition = Value::S(Partition(at));
    request.sort = SortCondition::Is(SortCondition::Op::kLess, Value::S(Behind(state.trimmed)));
    std::optional<Item> after;
    do {
      TRY(const auto page, RawQuery(op, engine, *engine.log_table(), request, after));
      std::vector<Item> keys;
      for (const auto& item : page.items) keys.push_back(LogKey(item.Text("p"), item.Text("s")));
      TRY_OK(DeleteItems(op, engine, engine.log_table(), keys));
      after = page.last;
    } while (after);
  }
  Placeholders placeholders;
  const std::string swept = placeholders.Name("swept");
  const std::string to = placeholders.Value(Number(state.trimmed));
  const auto noted =
      engine.client().Call(op, "UpdateItem",
                           "{" +
                               UpdateJson(engine, StateKey(), fmt::format("SET {} = {}", swept, to),
                                          fmt::format("{} < {}", swept, to), placeholders) +
                               "}");
  if (!noted.ok() && noted.error().code != Code::kConflict) return noted.error();
  return Ok();
}

}  // namespace

Result<TrimResult> TrimChanges(OpContext& op, Engine& engine, Position to) {
  TRY_OK(EnsureLog(op, engine));
  auto& client = engine.client();
  net::Backoff backoff(client.options().retry, client.timer(), client.random());
  for (;;) {
    TRY(auto state, ReadLogState(op, engine));
    TRY(const auto consumers, ListConsumers(op, engine));
    TrimResult result;
    const Position asked = std::min(to, state.last);
    Position reached = asked;
    for (const auto& [name, position] : consumers) {
      if (position >= asked) continue;
      result.held_back_by.push_back(name);
      reached = std::min(reached, position);
    }
    result.trimmed_to = std::max(state.trimmed, reached);
    if (reached > state.trimmed) {
      Placeholders placeholders;
      const std::string trimmed = placeholders.Name("trimmed");
      const std::string update =
          fmt::format("SET {} = {}", trimmed, placeholders.Value(Number(reached)));
      const std::string condition = fmt::format(
          "{} = {} AND {} = {}", trimmed, placeholders.Value(Number(state.trimmed)),
          placeholders.Name("consumers"), placeholders.Value(Value::N(state.consumers)));
      const auto updated =
          client.Call(op, "UpdateItem",
                      "{" + UpdateJson(engine, StateKey(), update, condition, placeholders) + "}");
      if (!updated.ok()) {
        if (updated.error().code != Code::kConflict) return updated.error();
        TRY(const bool again, backoff.Wait(op));
        if (again) continue;
        return updated.error();
      }
      state.trimmed = reached;
    }
    if (state.swept < state.trimmed) TRY_OK(Sweep(op, engine, state));
    return result;
  }
}

Status CheckLog(OpContext& op, Engine& engine) {
  TRY_OK(EnsureLog(op, engine));
  TRY(const auto state, ReadLogState(op, engine));
  Position reached = state.trimmed;
  TRY_OK(WalkLog(op, engine, state.trimmed, state.last, 100, [&](const Change& change) {
    reached = change.position;
    return true;
  }));
  if (reached < state.last)
    return DamagedLog(fmt::format("it ends at {} instead of {}", reached, state.last));
  TRY(const auto consumers, ListConsumers(op, engine));
  for (const auto& consumer : consumers)
    if (consumer.position < state.trimmed)
      return DamagedLog(
          fmt::format("consumer \"{}\" stands where changes are gone", consumer.name));
  return Ok();
}

// ---- Bulk loads

Result<std::optional<LoadState>> ReadLoad(OpContext& op, Engine& engine, std::string_view table) {
  TRY_OK(EnsureLog(op, engine));
  TRY(const auto item, GetItem(op, engine, *engine.log_table(), LogKey("load", table)));
  if (!item) return std::optional<LoadState>();
  LoadState load{.name = std::string(item->Text("name"))};
  if (const Value* token = item->Find("token"); token != nullptr && token->is(Kind::kB))
    load.token = token->text();
  return std::optional(std::move(load));
}

Status WriteLoad(OpContext& op, Engine& engine, std::string_view table, const LoadState& load) {
  Item item = LogKey("load", table);
  item.Set("name", Value::S(load.name));
  if (load.token) item.Set("token", Value::B(*load.token));
  return PutLogItem(op, engine, item);
}

Status ForgetLoad(OpContext& op, Engine& engine, std::string_view table) {
  TRY_OK(EnsureLog(op, engine));
  TRY_OK(engine.client().Call(
      op, "DeleteItem",
      fmt::format("{{\"TableName\":\"{}\",\"Key\":{}}}", engine.log_table()->physical,
                  aws::ToJson(LogKey("load", table)))));
  return Ok();
}

}  // namespace vams::items::dynamodb
