// Reading: single items, batches, queries, scans.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <set>

#include "items/codec.h"
#include "items/dynamodb/engine.h"
#include "items/dynamodb/expression.h"
#include "items/dynamodb/json_slice.h"
#include "items/number.h"

namespace vams::items::dynamodb {

namespace {

constexpr std::size_t kMaxBatchKeys = 100;

Error Unreadable(Error error) {
  return Error(Code::kCorrupt,
               "the server answered with an item that cannot be read; check that it speaks the "
               "DynamoDB protocol",
               std::move(error.message));
}

Result<Item> ReadItem(std::string_view json) {
  auto item = aws::ParseItem(json);
  if (!item.ok()) return Unreadable(std::move(item).error());
  return item;
}

Status CheckLimit(std::size_t limit) {
  if (limit == 0)
    return Error(Code::kInvalid, "a page of 0 items was asked for; ask for at least 1");
  return Ok();
}

std::size_t ServerLimit(std::size_t limit) { return std::min<std::size_t>(limit, 1'000'000'000); }

// ---- Cursors: the last evaluated key, encoded

std::vector<KeyAttribute> TableKey(const TableSpec& spec) {
  if (spec.sort.empty()) return {spec.partition};
  return {spec.partition, spec.sort};
}

std::vector<KeyAttribute> IndexKey(const TableSpec& spec, const IndexSpec* index) {
  auto keys = TableKey(spec);
  if (index == nullptr) return keys;
  for (const auto* key : {&index->partition, &index->sort})
    if (!key->empty() && std::find(keys.begin(), keys.end(), *key) == keys.end())
      keys.push_back(*key);
  return keys;
}

// kInvalid unless the cursor has exactly the attributes of `keys`.
Result<Item> ReadCursor(std::span<const KeyAttribute> keys, std::string_view cursor) {
  const Error bad(Code::kInvalid,
                  "the cursor does not belong to this request; start again without one");
  auto key = DecodeItem(cursor);
  if (!key.ok() || key->size() != keys.size()) return bad;
  for (const auto& attribute : keys) {
    const Value* value = key->Find(attribute.name);
    if (value == nullptr || value->kind() != attribute.kind || value->text().empty()) return bad;
  }
  return key;
}

// ---- Checks of queries

Status CheckQueryValue(const KeyAttribute& key, const Value& value) {
  if (value.kind() != key.kind)
    return Error(Code::kInvalid, fmt::format("key \"{}\" is of type {}; it was asked for as {}",
                                             key.name, KindName(key.kind), KindName(value.kind())));
  if (value.text().empty())
    return Error(Code::kInvalid, fmt::format("key \"{}\" is never empty; give a value", key.name));
  return Ok();
}

Status CheckSort(const KeyAttribute& sort, const SortCondition& condition) {
  using Op = SortCondition::Op;
  if (condition.op == Op::kAny) return Ok();
  if (sort.empty())
    return Error(Code::kInvalid, "there is no sort key to restrict; leave the condition out");
  TRY_OK(CheckQueryValue(sort, condition.value));
  if (condition.op == Op::kBeginsWith && sort.kind == Kind::kN)
    return Error(Code::kInvalid, fmt::format("number key \"{}\" has no prefixes", sort.name));
  if (condition.op != Op::kBetween) return Ok();
  TRY_OK(CheckQueryValue(sort, condition.upper));
  const bool upside_down = sort.kind == Kind::kN
                               ? CompareNumbers(condition.upper.text(), condition.value.text()) < 0
                               : condition.upper.text() < condition.value.text();
  if (upside_down)
    return Error(Code::kInvalid,
                 fmt::format("the upper bound for \"{}\" is below the lower one", sort.name));
  return Ok();
}

// ---- Capacity

std::string CapacityOption(Engine& engine) {
  return engine.read_budget().limited() ? ",\"ReturnConsumedCapacity\":\"TOTAL\"" : "";
}

void PayForRead(Engine& engine, const JsonMembers& answer) {
  if (!engine.read_budget().limited()) return;
  const auto capacity = SliceObject(FindMember(answer, "ConsumedCapacity"));
  if (!capacity.ok()) return;
  engine.read_budget().Pay(JsonNumber(FindMember(*capacity, "CapacityUnits")).value_or(1));
}

struct ScanAnswer {
  std::string body;
  JsonMembers members;
};

struct SegmentNumber {
  std::size_t segment = 0;
  std::size_t total = 0;  // 0: the whole table
};

Result<SegmentNumber> ReadSegment(const Segment& segment) {
  SegmentNumber out;
  if (segment.token.empty()) return out;
  const std::string_view text = segment.token;
  const char* end = text.data() + text.size();
  const auto first = std::from_chars(text.data(), end, out.segment);
  if (first.ec == std::errc() && first.ptr != end && *first.ptr == '/') {
    const auto second = std::from_chars(first.ptr + 1, end, out.total);
    if (second.ec == std::errc() && second.ptr == end && out.segment < out.total) return out;
  }
  return Error(Code::kInvalid, "the segment does not come from this engine; split the scan again");
}

// One page of a scan; `more` is inserted into the request.
Result<ScanAnswer> ScanPage(OpContext& op, Engine& engine, const TableInfo& table,
                            const SegmentNumber& segment, const std::optional<Item>& after,
                            std::string_view more) {
  TRY_OK(engine.read_budget().Wait(op));
  std::string body = fmt::format("{{\"TableName\":\"{}\",\"ConsistentRead\":true{}{}",
                                 table.physical, more, CapacityOption(engine));
  if (segment.total > 0)
    body += fmt::format(",\"Segment\":{},\"TotalSegments\":{}", segment.segment, segment.total);
  if (after) body += ",\"ExclusiveStartKey\":" + aws::ToJson(*after);
  body += '}';
  ScanAnswer out;
  auto answer = engine.client().Call(op, "Scan", body);
  if (!answer.ok()) return engine.Explain(std::move(answer).error(), table);
  out.body = *std::move(answer);
  TRY(out.members, SliceObject(out.body));
  PayForRead(engine, out.members);
  return out;
}

Result<std::optional<Item>> LastKey(const JsonMembers& members) {
  const auto last = FindMember(members, "LastEvaluatedKey");
  if (last.empty() || last == "null") return std::optional<Item>();
  TRY(Item key, ReadItem(last));
  return std::optional(std::move(key));
}

// ---- Batches

// The body of one BatchGetItem, by physical table.
std::string BatchGetJson(const std::map<std::string, std::vector<std::string>>& keys) {
  std::string body = "{\"RequestItems\":{";
  const char* comma = "";
  for (const auto& [table, list] : keys) {
    body += fmt::format("{}{}:{{\"ConsistentRead\":true,\"Keys\":[{}]}}", comma, Quoted(table),
                        fmt::join(list, ","));
    comma = ",";
  }
  return body + "}}";
}

// Found items by physical table and encoded key.
using Found = std::map<std::string, std::map<std::string, Item>, std::less<>>;

Status TakeBatchAnswer(std::string_view answer,
                       const std::map<std::string, TableRef, std::less<>>& tables, Found& found,
                       std::map<std::string, std::vector<std::string>>& left) {
  TRY(const auto members, SliceObject(answer));
  TRY(const auto responses, SliceObject(FindMember(members, "Responses")));
  for (const auto& [physical, list] : responses) {
    const auto table = tables.find(physical);
    if (table == tables.end())
      return Error(Code::kCorrupt, "the server answered for a table that was not asked for");
    TRY(const auto elements, SliceArray(list));
    for (const auto element : elements) {
      TRY(Item item, ReadItem(element));
      std::string key = EncodeItem(KeyOf(table->second->spec, item));
      found[std::string(physical)].insert_or_assign(std::move(key), std::move(item));
    }
  }
  left.clear();
  const auto unprocessed = FindMember(members, "UnprocessedKeys");
  if (unprocessed.empty() || unprocessed == "null") return Ok();
  TRY(const auto waiting, SliceObject(unprocessed));
  for (const auto& [physical, request] : waiting) {
    TRY(const auto fields, SliceObject(request));
    TRY(const auto elements, SliceArray(FindMember(fields, "Keys")));
    for (const auto element : elements) left[std::string(physical)].emplace_back(element);
  }
  return Ok();
}

// Until everything is answered or the budget of retries is used up.
Status FetchBatch(OpContext& op, Engine& engine,
                  const std::map<std::string, TableRef, std::less<>>& tables,
                  std::map<std::string, std::vector<std::string>> keys, Found& found) {
  auto& client = engine.client();
  net::Backoff backoff(client.options().retry, client.timer(), client.random());
  while (!keys.empty()) {
    auto answer = client.Call(op, "BatchGetItem", BatchGetJson(keys));
    if (!answer.ok()) {
      if (tables.size() == 1)
        return engine.Explain(std::move(answer).error(), *tables.begin()->second);
      for (const auto& [physical, table] : tables)
        if (answer.error().code == Code::kNotFound) engine.Forget(table->spec.name);
      return std::move(answer).error();
    }
    std::size_t before = 0, after = 0;
    for (const auto& [table, list] : keys) before += list.size();
    TRY_OK(TakeBatchAnswer(*answer, tables, found, keys));
    for (const auto& [table, list] : keys) after += list.size();
    if (keys.empty()) break;
    // Large items do not fit into one answer; going on at once is right then.
    if (after < before) continue;
    TRY(const bool again, backoff.Wait(op));
    if (!again)
      return Error(Code::kUnavailable,
                   "DynamoDB throttles reads of single items; repeat later, or raise the capacity "
                   "of the table");
  }
  return Ok();
}

}  // namespace

Result<std::optional<Item>> GetItem(OpContext& op, Engine& engine, const TableInfo& table,
                                    const Item& key) {
  auto answer = engine.client().Call(
      op, "GetItem",
      fmt::format("{{\"TableName\":\"{}\",\"ConsistentRead\":true,\"Key\":{}}}", table.physical,
                  aws::ToJson(key)));
  if (!answer.ok()) return engine.Explain(std::move(answer).error(), table);
  TRY(const auto members, SliceObject(*answer));
  const auto found = FindMember(members, "Item");
  if (found.empty() || found == "null") return std::optional<Item>();
  TRY(Item item, ReadItem(found));
  return std::optional(std::move(item));
}

Result<std::vector<std::optional<Item>>> GetItems(OpContext& op, Engine& engine,
                                                  std::span<const ItemName> names) {
  if (names.size() == 1) {
    TRY(auto item, GetItem(op, engine, *names[0].table, names[0].key));
    return std::vector{std::move(item)};
  }
  std::map<std::string, TableRef, std::less<>> tables;
  std::map<std::string, std::vector<std::string>> keys;
  std::set<std::pair<std::string, std::string>> asked;
  Found found;
  std::size_t waiting = 0;
  for (const auto& name : names) {
    const auto& physical = name.table->physical;
    if (!asked.emplace(physical, EncodeItem(name.key)).second) continue;
    tables[physical] = name.table;
    keys[physical].push_back(aws::ToJson(name.key));
    if (++waiting == kMaxBatchKeys) {
      TRY_OK(FetchBatch(op, engine, tables, std::exchange(keys, {}), found));
      waiting = 0;
    }
  }
  TRY_OK(FetchBatch(op, engine, tables, std::move(keys), found));
  std::vector<std::optional<Item>> out;
  for (const auto& name : names) {
    const auto& of_table = found[name.table->physical];
    const auto at = of_table.find(EncodeItem(name.key));
    out.push_back(at == of_table.end() ? std::nullopt : std::optional(at->second));
  }
  return out;
}

Result<RawPage> RawQuery(OpContext& op, Engine& engine, const TableInfo& table,
                         const QueryRequest& request, const std::optional<Item>& after) {
  const IndexSpec* index = request.index.empty() ? nullptr : table.spec.FindIndex(request.index);
  Placeholders placeholders;
  const std::string condition =
      KeyConditionText(placeholders, index ? index->partition : table.spec.partition,
                       index ? index->sort : table.spec.sort, request);
  std::string body = fmt::format(
      "{{\"TableName\":\"{}\",\"KeyConditionExpression\":\"{}\"{},\"Limit\":{},"
      "\"ScanIndexForward\":{},\"ConsistentRead\":{}{}",
      table.physical, condition, placeholders.Json(), ServerLimit(request.limit),
      !request.descending, index == nullptr || index->local, CapacityOption(engine));
  if (index != nullptr) body += fmt::format(",\"IndexName\":{}", Quoted(request.index));
  if (after) body += ",\"ExclusiveStartKey\":" + aws::ToJson(*after);
  body += '}';
  TRY_OK(engine.read_budget().Wait(op));
  auto answer = engine.client().Call(op, "Query", body);
  if (!answer.ok()) return engine.Explain(std::move(answer).error(), table);
  TRY(const auto members, SliceObject(*answer));
  PayForRead(engine, members);
  TRY(const auto elements, SliceArray(FindMember(members, "Items")));
  RawPage page;
  for (const auto element : elements) {
    TRY(Item item, ReadItem(element));
    page.items.push_back(std::move(item));
  }
  TRY(page.last, LastKey(members));
  return page;
}

Result<Page> Query(OpContext& op, Engine& engine, const QueryRequest& request) {
  TRY(const auto table, engine.Table(op, request.table));
  const auto& spec = table->spec;
  const IndexSpec* index = nullptr;
  if (!request.index.empty()) {
    index = spec.FindIndex(request.index);
    if (index == nullptr)
      return Error(Code::kNotFound,
                   fmt::format("table {} has no index \"{}\"", spec.name, request.index));
  }
  const auto& partition = index ? index->partition : spec.partition;
  TRY_OK(CheckLimit(request.limit));
  TRY_OK(CheckQueryValue(partition, request.partition));
  TRY_OK(CheckSort(index ? index->sort : spec.sort, request.sort));
  std::optional<Item> after;
  if (!request.after.empty()) {
    TRY(after, ReadCursor(IndexKey(spec, index), request.after));
    if (*after->Find(partition.name) != request.partition)
      return Error(Code::kInvalid, "the cursor belongs to another partition; start without one");
  }
  TRY(auto raw, RawQuery(op, engine, *table, request, after));
  return Page{std::move(raw.items), raw.last ? EncodeItem(*raw.last) : std::string()};
}

Result<std::vector<Segment>> SplitScan(OpContext& op, Engine& engine, std::string_view table,
                                       std::size_t count) {
  TRY_OK(engine.Table(op, table));
  if (count == 0) return Error(Code::kInvalid, "a scan is split into at least 1 segment");
  constexpr std::size_t kMaxSegments = 1'000'000;
  count = std::min(count, kMaxSegments);
  std::vector<Segment> out;
  for (std::size_t i = 0; i < count; ++i) out.push_back({fmt::format("{}/{}", i, count)});
  return out;
}

Result<std::string> ScanEncoded(OpContext& op, Engine& engine, std::string_view name,
                                const Segment& segment, std::string_view after, std::size_t limit,
                                const ItemSource::EncodedVisitor& visit) {
  TRY(const auto table, engine.Table(op, name));
  TRY_OK(CheckLimit(limit));
  TRY(const auto number, ReadSegment(segment));
  std::optional<Item> start;
  if (!after.empty()) {
    TRY(start, ReadCursor(TableKey(table->spec), after));
  }
  TRY(const auto page, ScanPage(op, engine, *table, number, start,
                                fmt::format(",\"Limit\":{}", ServerLimit(limit))));
  TRY(const auto elements, SliceArray(FindMember(page.members, "Items")));
  aws::JsonItemParser parser;
  for (const auto element : elements) {
    auto encoded = parser.EncodeMap(element);
    if (!encoded.ok()) return Unreadable(std::move(encoded).error());
    TRY_OK(visit(*encoded));
  }
  TRY(const auto last, LastKey(page.members));
  return last ? EncodeItem(*last) : std::string();
}

Result<std::uint64_t> Count(OpContext& op, Engine& engine, std::string_view name) {
  TRY(const auto table, engine.Table(op, name));
  std::uint64_t count = 0;
  std::optional<Item> after;
  do {
    TRY(const auto page, ScanPage(op, engine, *table, {}, after, ",\"Select\":\"COUNT\""));
    const auto counted = JsonNumber(FindMember(page.members, "Count"));
    if (!counted) return Error(Code::kCorrupt, "the server answered a count without a number");
    count += static_cast<std::uint64_t>(*counted);
    TRY(after, LastKey(page.members));
  } while (after);
  return count;
}

Result<std::vector<Item>> FindDue(OpContext& op, Engine& engine, const TableInfo& table,
                                  std::int64_t now_seconds, std::size_t limit) {
  Placeholders placeholders;
  std::string projection = placeholders.Name(table.spec.ttl_attribute);
  const std::string filter =
      fmt::format("{} <= {}", projection, placeholders.Value(Value::N(now_seconds)));
  for (const auto& key : TableKey(table.spec)) projection += ", " + placeholders.Name(key.name);
  const std::string more =
      fmt::format(",\"FilterExpression\":\"{}\",\"ProjectionExpression\":\"{}\"{}", filter,
                  projection, placeholders.Json());
  std::vector<Item> due;
  std::optional<Item> after;
  do {
    TRY(const auto page, ScanPage(op, engine, table, {}, after, more));
    TRY(const auto elements, SliceArray(FindMember(page.members, "Items")));
    for (const auto element : elements) {
      TRY(Item item, ReadItem(element));
      if (due.size() < limit) due.push_back(std::move(item));
    }
    TRY(after, LastKey(page.members));
  } while (after && due.size() < limit);
  return due;
}

}  // namespace vams::items::dynamodb
