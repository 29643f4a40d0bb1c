#include <fmt/format.h>

#include <algorithm>

#include "items/codec.h"
#include "items/memory/state.h"
#include "items/number.h"

namespace vams::items::memory {

std::string OrderedBytes(const Value& value) {
  return value.is(Kind::kN) ? OrderedNumber(value.text()) : value.text();
}

OrderedKey OrderedKeyOf(const TableSpec& spec, const Item& item) {
  OrderedKey key;
  key.partition = OrderedBytes(*item.Find(spec.partition.name));
  if (!spec.sort.empty()) key.sort = OrderedBytes(*item.Find(spec.sort.name));
  return key;
}

namespace {

Error NoTable(std::string_view name) {
  return Error(Code::kNotFound, fmt::format("there is no table \"{}\"", name));
}

Status CheckLimit(std::size_t limit) {
  if (limit == 0)
    return Error(Code::kInvalid, "a page of 0 items was asked for; ask for at least 1");
  return Ok();
}

}  // namespace

Result<const Table*> FindTable(const State& state, std::string_view name) {
  const auto at = state.tables.find(name);
  if (at == state.tables.end()) return NoTable(name);
  return &at->second;
}

Result<Table*> FindTable(State& state, std::string_view name) {
  const auto at = state.tables.find(name);
  if (at == state.tables.end()) return NoTable(name);
  return &at->second;
}

const Item* FindItem(const Table& table, const OrderedKey& key) {
  const auto at = table.rows.find(key);
  return at == table.rows.end() ? nullptr : &at->second;
}

Result<std::vector<std::optional<Item>>> BatchGet(const State& state, std::string_view name,
                                                  std::span<const Item> keys) {
  TRY(const Table* table, FindTable(state, name));
  std::vector<std::optional<Item>> found;
  for (std::size_t i = 0; i < keys.size(); ++i) {
    if (auto checked = CheckKey(table->spec, keys[i]); !checked.ok())
      return std::move(checked).error().At(static_cast<int>(i));
    const Item* item = FindItem(*table, OrderedKeyOf(table->spec, keys[i]));
    found.push_back(item == nullptr ? std::nullopt : std::optional(*item));
  }
  return found;
}

namespace {

// What a query looks at: the table, or one of its indexes.
struct View {
  const TableSpec& spec;
  const IndexSpec* index;  // nullptr: the table

  const KeyAttribute& partition() const { return index ? index->partition : spec.partition; }
  const KeyAttribute& sort() const { return index ? index->sort : spec.sort; }

  // The attributes that order the rows of one partition.
  std::vector<KeyAttribute> order() const {
    std::vector<KeyAttribute> keys;
    if (index != nullptr) keys = {index->sort, spec.partition};
    keys.push_back(spec.sort);
    std::erase_if(keys, [](const KeyAttribute& key) { return key.empty(); });
    return keys;
  }

  // The attributes that name a row: what a cursor holds.
  std::vector<KeyAttribute> identity() const {
    std::vector<KeyAttribute> keys = order();
    keys.push_back(partition());
    if (index == nullptr) return keys;
    keys.push_back(spec.partition);
    return keys;
  }

  // An item is in an index only if it has all of the index's key attributes.
  bool Holds(const Item& item) const {
    return item.Has(partition().name) && (sort().empty() || item.Has(sort().name));
  }

  Item Project(const Item& item) const {
    if (index == nullptr || index->projection == IndexSpec::Projection::kAll) return item;
    Item out;
    const auto keep = [&](std::string_view name) {
      if (const Value* value = item.Find(name)) out.Set(name, *value);
    };
    for (const auto& key : identity()) keep(key.name);
    if (index->projection == IndexSpec::Projection::kInclude)
      for (const auto& name : index->included) keep(name);
    return out;
  }

  std::vector<std::string> OrderOf(const Item& item) const {
    std::vector<std::string> out;
    for (const auto& key : order()) out.push_back(OrderedBytes(*item.Find(key.name)));
    return out;
  }
};

std::string Cursor(std::span<const KeyAttribute> identity, const Item& item) {
  Item key;
  for (const auto& attribute : identity) key.Set(attribute.name, *item.Find(attribute.name));
  return EncodeItem(key);
}

// The item a cursor stands for.  kInvalid unless it has exactly the attributes of `identity`.
Result<Item> ReadCursor(std::span<const KeyAttribute> identity, std::string_view cursor) {
  const Error bad(Code::kInvalid,
                  "the cursor does not belong to this request; start again without one");
  const auto key = DecodeItem(cursor);
  if (!key.ok()) return bad;
  for (const auto& [name, value] : *key) {
    const auto at = std::find_if(identity.begin(), identity.end(),
                                 [&](const auto& k) { return k.name == name; });
    if (at == identity.end() || value.kind() != at->kind || value.text().empty()) return bad;
  }
  for (const auto& attribute : identity)
    if (!key->Has(attribute.name)) return bad;
  return *key;
}

Status CheckQueryValue(const KeyAttribute& key, const Value& value) {
  if (value.kind() != key.kind)
    return Error(Code::kInvalid, fmt::format("key \"{}\" is of type {}; it was asked for as {}",
                                             key.name, KindName(key.kind), KindName(value.kind())));
  if (value.text().empty())
    return Error(Code::kInvalid, fmt::format("key \"{}\" is never empty; give a value", key.name));
  return Ok();
}

using SortOp = SortCondition::Op;

Status CheckSort(const KeyAttribute& sort, const SortCondition& condition) {
  if (condition.op == SortOp::kAny) return Ok();
  if (sort.empty())
    return Error(Code::kInvalid, "there is no sort key to restrict; leave the condition out");
  TRY_OK(CheckQueryValue(sort, condition.value));
  if (condition.op == SortOp::kBeginsWith && sort.kind == Kind::kN)
    return Error(Code::kInvalid, fmt::format("number key \"{}\" has no prefixes", sort.name));
  if (condition.op != SortOp::kBetween) return Ok();
  TRY_OK(CheckQueryValue(sort, condition.upper));
  if (OrderedBytes(condition.upper) < OrderedBytes(condition.value))
    return Error(Code::kInvalid,
                 fmt::format("the upper bound for \"{}\" is below the lower one", sort.name));
  return Ok();
}

bool SortHolds(const SortCondition& condition, const Value* value) {
  if (condition.op == SortOp::kAny) return true;
  const std::string have = OrderedBytes(*value);
  const std::string want = OrderedBytes(condition.value);
  switch (condition.op) {
    case SortOp::kAny:
      return true;
    case SortOp::kEqual:
      return have == want;
    case SortOp::kLess:
      return have < want;
    case SortOp::kLessEqual:
      return have <= want;
    case SortOp::kGreater:
      return have > want;
    case SortOp::kGreaterEqual:
      return have >= want;
    case SortOp::kBetween:
      return want <= have && have <= OrderedBytes(condition.upper);
    case SortOp::kBeginsWith:
      return have.starts_with(want);
  }
  return false;
}

Result<View> ViewOf(const Table& table, std::string_view index) {
  if (index.empty()) return View{table.spec, nullptr};
  const IndexSpec* found = table.spec.FindIndex(index);
  if (found == nullptr)
    return Error(Code::kNotFound,
                 fmt::format("table {} has no index \"{}\"", table.spec.name, index));
  return View{table.spec, found};
}

}  // namespace

Result<Page> Query(const State& state, const QueryRequest& request) {
  TRY(const Table* table, FindTable(state, request.table));
  TRY(const View view, ViewOf(*table, request.index));
  TRY_OK(CheckLimit(request.limit));
  TRY_OK(CheckQueryValue(view.partition(), request.partition));
  TRY_OK(CheckSort(view.sort(), request.sort));
  const auto identity = view.identity();
  std::optional<std::vector<std::string>> after;
  if (!request.after.empty()) {
    TRY(const Item last, ReadCursor(identity, request.after));
    if (*last.Find(view.partition().name) != request.partition)
      return Error(Code::kInvalid, "the cursor belongs to another partition; start without one");
    after = view.OrderOf(last);
  }
  if (view.index != nullptr && table->load.has_value())
    return Error(Code::kUnavailable,
                 fmt::format("index {} of table {} is not there while bulk load \"{}\" is "
                             "unfinished; finish or abandon the load",
                             request.index, request.table, table->load->name));

  std::vector<std::pair<std::vector<std::string>, const Item*>> rows;
  for (const auto& [key, item] : table->rows) {
    if (!view.Holds(item) || *item.Find(view.partition().name) != request.partition) continue;
    if (!SortHolds(request.sort, item.Find(view.sort().name))) continue;
    auto order = view.OrderOf(item);
    if (after && (request.descending ? order >= *after : order <= *after)) continue;
    rows.emplace_back(std::move(order), &item);
  }
  std::sort(rows.begin(), rows.end());
  if (request.descending) std::reverse(rows.begin(), rows.end());

  Page page;
  for (const auto& [order, item] : rows) {
    if (page.items.size() == request.limit) {
      page.next = Cursor(identity, page.items.back());
      break;
    }
    page.items.push_back(view.Project(*item));
  }
  return page;
}

namespace {

// The rows from `from` up to, not including, `to`; open where there is no bound.
struct Bounds {
  std::optional<OrderedKey> from;
  std::optional<OrderedKey> to;
};

Segment EncodeBounds(const Bounds& bounds) {
  Item token;
  const auto set = [&](std::string_view name, const std::optional<OrderedKey>& bound) {
    if (bound) token.Set(name, Value::L({Value::B(bound->partition), Value::B(bound->sort)}));
  };
  set("from", bounds.from);
  set("to", bounds.to);
  return token.empty() ? Segment{} : Segment{EncodeItem(token)};
}

Result<Bounds> DecodeBounds(const Segment& segment) {
  const Error bad(Code::kInvalid,
                  "the segment does not come from this engine; split the scan again");
  Bounds bounds;
  if (segment.token.empty()) return bounds;
  const auto token = DecodeItem(segment.token);
  if (!token.ok() || token->empty()) return bad;
  for (const auto& [name, value] : *token) {
    if ((name != "from" && name != "to") || !value.is(Kind::kL) || value.list().size() != 2)
      return bad;
    const auto& parts = value.list();
    if (!parts[0].is(Kind::kB) || !parts[1].is(Kind::kB)) return bad;
    (name == "from" ? bounds.from : bounds.to) = OrderedKey{parts[0].text(), parts[1].text()};
  }
  return bounds;
}

std::vector<KeyAttribute> TableKey(const TableSpec& spec) {
  if (spec.sort.empty()) return {spec.partition};
  return {spec.partition, spec.sort};
}

}  // namespace

Result<std::vector<Segment>> SplitScan(const State& state, std::string_view name,
                                       std::size_t count) {
  TRY(const Table* table, FindTable(state, name));
  if (count == 0) return Error(Code::kInvalid, "a scan is split into at least 1 segment");
  const std::size_t segments = std::clamp<std::size_t>(table->rows.size(), 1, count);
  std::vector<Segment> out;
  Bounds bounds;
  auto row = table->rows.begin();
  std::size_t passed = 0;
  for (std::size_t i = 1; i < segments; ++i) {
    for (; passed < table->rows.size() * i / segments; ++passed) ++row;
    bounds.to = row->first;
    out.push_back(EncodeBounds(bounds));
    bounds.from = bounds.to;
  }
  bounds.to.reset();
  out.push_back(EncodeBounds(bounds));
  return out;
}

Result<Page> Scan(const State& state, std::string_view name, const Segment& segment,
                  std::string_view after, std::size_t limit) {
  TRY(const Table* table, FindTable(state, name));
  TRY_OK(CheckLimit(limit));
  TRY(const Bounds bounds, DecodeBounds(segment));
  const auto identity = TableKey(table->spec);
  auto row = bounds.from ? table->rows.lower_bound(*bounds.from) : table->rows.begin();
  if (!after.empty()) {
    TRY(const Item last, ReadCursor(identity, after));
    const OrderedKey key = OrderedKeyOf(table->spec, last);
    if (row != table->rows.end() && row->first <= key) row = table->rows.upper_bound(key);
  }
  Page page;
  for (; row != table->rows.end() && (!bounds.to || row->first < *bounds.to); ++row) {
    if (page.items.size() == limit) {
      page.next = Cursor(identity, page.items.back());
      break;
    }
    page.items.push_back(row->second);
  }
  return page;
}

Result<ChangePage> ReadChanges(const State& state, Position after, std::size_t limit) {
  TRY_OK(CheckLimit(limit));
  if (after < state.trimmed)
    return Error(Code::kNotFound,
                 fmt::format("changes behind position {} were trimmed away up to {}; start over "
                             "from a snapshot",
                             after, state.trimmed));
  ChangePage page{{}, after};
  for (Position p = after + 1; p <= state.last && page.changes.size() < limit; ++p) {
    page.changes.push_back(state.log[p - state.trimmed - 1]);
    page.next = p;
  }
  return page;
}

Status CheckIntegrity(const State& state) {
  const auto corrupt = [](std::string why) { return Error(Code::kCorrupt, std::move(why)); };
  for (const auto& [name, table] : state.tables) {
    for (const auto& [key, item] : table.rows) {
      if (auto checked = CheckItem(table.spec, item, kTraits.max_item_bytes); !checked.ok())
        return corrupt(fmt::format("table {} holds a bad item: {}", name, checked.error().message));
      if (key != OrderedKeyOf(table.spec, item))
        return corrupt(fmt::format("{} lies under another key",
                                   DescribeKey(table.spec, KeyOf(table.spec, item))));
    }
  }
  Position expected = state.trimmed;
  for (const auto& change : state.log)
    if (change.position != ++expected)
      return corrupt(
          fmt::format("the change log has {} in place of {}", change.position, expected));
  if (expected != state.last) return corrupt("the change log does not reach its end");
  for (const auto& [name, position] : state.consumers)
    if (position < state.trimmed || position > state.last)
      return corrupt(fmt::format("consumer {} stands outside the change log", name));
  return Ok();
}

}  // namespace vams::items::memory
