#include "items/sqlite/reads.h"

#include <fmt/format.h>

#include <algorithm>

#include "items/codec.h"

namespace vams::items::sqlite {

namespace {

// A page stops here whatever its limit, so that large items do not fill memory.
constexpr std::size_t kPageBytes = std::size_t{4} << 20;

Error BadCursor() {
  return Error(Code::kInvalid, "the cursor is not one this table gave; start again without it");
}

// The key parts that a cursor or segment bound names.
Result<StoredKeyParts> PartsOfCursor(const Layout& layout, std::string_view encoded) {
  auto key = DecodeItem(encoded);
  if (!key.ok()) return BadCursor();
  const Item table_key = KeyOf(layout.spec, *key);
  if (!CheckKey(layout.spec, table_key).ok()) return BadCursor();
  return PartsOf(layout, table_key);
}

const Column& ColumnFor(const Layout& layout, const KeyAttribute& key) {
  return layout.columns[static_cast<std::size_t>(layout.ColumnOf(key.name))];
}

// The smallest byte string greater than every string with this prefix; nothing if there is none.
std::optional<std::string> BehindPrefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::nullopt;
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

// SQL conditions and what they bind, in order.
struct Where {
  struct Bound {
    Kind kind;
    std::string stored;
  };
  std::string sql;
  std::vector<Bound> bound;

  void Add(std::string_view condition) {
    sql += sql.empty() ? " WHERE " : " AND ";
    sql += condition;
  }
  void Compare(const Column& column, std::string_view op, std::string stored) {
    Add(fmt::format("{} {} ?", column.name, op));
    bound.push_back({column.kind, std::move(stored)});
  }
  // (a, b, …) op (?, ?, …)
  void CompareRow(std::span<const Column* const> columns, std::string_view op,
                  std::vector<std::string> stored) {
    std::string names, marks;
    for (std::size_t i = 0; i < columns.size(); ++i) {
      names += (i ? ", " : "") + columns[i]->name;
      marks += i ? ", ?" : "?";
      bound.push_back({columns[i]->kind, std::move(stored[i])});
    }
    Add(fmt::format("({}) {} ({})", names, op, marks));
  }
  void BindTo(Statement& statement) const {
    for (std::size_t i = 0; i < bound.size(); ++i)
      BindKey(statement, static_cast<int>(i) + 1, bound[i].kind, bound[i].stored);
  }
};

Status CheckQueryValue(const KeyAttribute& key, const Value& value) {
  if (value.kind() != key.kind)
    return Error(
        Code::kInvalid,
        fmt::format("key \"{}\" is of type {}, so it cannot be compared with a value of type {}",
                    key.name, KindName(key.kind), KindName(value.kind())));
  if (value.text().empty())
    return Error(Code::kInvalid, fmt::format("key \"{}\" is never empty; give a value", key.name));
  return Ok();
}

Status AddSortCondition(const KeyAttribute& key, const Column& column, const SortCondition& sort,
                        Where& where) {
  using Op = SortCondition::Op;
  if (sort.op == Op::kAny) return Ok();
  TRY_OK(CheckQueryValue(key, sort.value));
  std::string value = StoredKey(sort.value);
  switch (sort.op) {
    case Op::kAny:
      break;
    case Op::kEqual:
      where.Compare(column, "=", std::move(value));
      break;
    case Op::kLess:
      where.Compare(column, "<", std::move(value));
      break;
    case Op::kLessEqual:
      where.Compare(column, "<=", std::move(value));
      break;
    case Op::kGreater:
      where.Compare(column, ">", std::move(value));
      break;
    case Op::kGreaterEqual:
      where.Compare(column, ">=", std::move(value));
      break;
    case Op::kBetween:
      TRY_OK(CheckQueryValue(key, sort.upper));
      if (StoredKey(sort.upper) < value)
        return Error(Code::kInvalid,
                     fmt::format("the upper bound for \"{}\" is below the lower one", key.name));
      where.Compare(column, ">=", std::move(value));
      where.Compare(column, "<=", StoredKey(sort.upper));
      break;
    case Op::kBeginsWith: {
      if (key.kind == Kind::kN)
        return Error(Code::kInvalid, "begins_with needs a text or binary sort key");
      auto behind = BehindPrefix(value);
      where.Compare(column, ">=", std::move(value));
      if (behind) where.Compare(column, "<", *std::move(behind));
      break;
    }
  }
  return Ok();
}

void Project(const TableSpec& spec, const IndexSpec& index, Item& item) {
  if (index.projection == IndexSpec::Projection::kAll) return;
  Item kept;
  for (const auto& [name, value] : item) {
    const bool key = name == spec.partition.name || name == spec.sort.name ||
                     name == index.partition.name || name == index.sort.name;
    const bool included =
        index.projection == IndexSpec::Projection::kInclude &&
        std::find(index.included.begin(), index.included.end(), name) != index.included.end();
    if (key || included) kept.AppendSorted(name, value);
  }
  item = std::move(kept);
}

// What a cursor must name to continue behind an item: the table key and the index key.
Item CursorKey(const TableSpec& spec, const IndexSpec* index, const Item& item) {
  Item key = KeyOf(spec, item);
  if (index != nullptr)
    for (const auto* k : {&index->partition, &index->sort})
      if (!k->empty())
        if (const Value* v = item.Find(k->name)) key.Set(k->name, *v);
  return key;
}

// The order of a query's answer, behind the partition key.
std::vector<const Column*> OrderColumns(const Layout& layout, const IndexSpec* index) {
  std::vector<const Column*> order;
  // A column that is named a second time would make SQLite sort what the index has in order.
  const auto add = [&](const Column& column) {
    if (std::find(order.begin(), order.end(), &column) == order.end()) order.push_back(&column);
  };
  if (index != nullptr) {
    if (!index->sort.empty()) add(ColumnFor(layout, index->sort));
    add(layout.columns[static_cast<std::size_t>(layout.partition)]);
  }
  if (layout.has_sort()) add(layout.columns[static_cast<std::size_t>(layout.sort)]);
  return order;
}

struct Bounds {
  std::string low, high;  // encoded keys: low < item <= high; empty is open
};

std::string EncodeSegment(const Bounds& b) {
  if (b.low.empty() && b.high.empty()) return {};
  std::string token;
  AppendVarint(token, b.low.size());
  token += b.low;
  token += b.high;
  return token;
}

Result<Bounds> DecodeSegment(const Segment& segment) {
  if (segment.token.empty()) return Bounds{};
  std::string_view rest = segment.token;
  std::uint64_t size = 0;
  if (!ReadVarint(rest, size) || size > rest.size())
    return Error(Code::kInvalid,
                 "the scan segment is not one this store gave; split the table again");
  return Bounds{std::string(rest.substr(0, size)), std::string(rest.substr(size))};
}

}  // namespace

StoredKeyParts PartsOf(const Layout& layout, const Item& key) {
  StoredKeyParts parts;
  parts.partition = StoredKey(*key.Find(layout.spec.partition.name));
  if (layout.has_sort()) parts.sort = StoredKey(*key.Find(layout.spec.sort.name));
  return parts;
}

namespace {

// Finds the row of a key.
Result<Statement> GetRow(Connection& connection, const Layout& layout, const StoredKeyParts& key,
                         bool& found) {
  TRY(auto statement, connection.Prepare(layout.get));
  BindKey(statement, layout.partition + 1, layout.spec.partition.kind, key.partition);
  if (layout.has_sort()) BindKey(statement, layout.sort + 1, layout.spec.sort.kind, key.sort);
  TRY(found, statement.Step());
  return statement;
}

}  // namespace

Result<bool> GetEncoded(Connection& connection, const Layout& layout, const StoredKeyParts& key,
                        std::string& out) {
  bool found = false;
  TRY(const auto row, GetRow(connection, layout, key, found));
  if (found) TRY_OK(Join(layout, row, out));
  return found;
}

Result<std::optional<Item>> GetItem(Connection& connection, const Layout& layout,
                                    const StoredKeyParts& key) {
  bool found = false;
  TRY(const auto row, GetRow(connection, layout, key, found));
  if (!found) return std::optional<Item>();
  std::size_t bytes = 0;
  TRY(auto item, DecodeRow(layout, row, bytes));
  return std::optional<Item>(std::move(item));
}

Result<Page> QueryPage(Connection& connection, const Layout& layout, const QueryRequest& request) {
  if (request.limit == 0) return Error(Code::kInvalid, "the limit of a query must be at least 1");
  const IndexSpec* index = nullptr;
  if (!request.index.empty()) {
    index = layout.spec.FindIndex(request.index);
    if (index == nullptr)
      return Error(Code::kNotFound,
                   fmt::format("table {} has no index \"{}\"", layout.spec.name, request.index));
    if (layout.loading)
      return Error(Code::kUnavailable,
                   fmt::format("the indexes of {} are being rebuilt after a bulk load; try again "
                               "when it has finished",
                               layout.spec.name));
  }
  const KeyAttribute& partition = index != nullptr ? index->partition : layout.spec.partition;
  const KeyAttribute& sort = index != nullptr ? index->sort : layout.spec.sort;
  TRY_OK(CheckQueryValue(partition, request.partition));
  if (sort.empty() && request.sort.op != SortCondition::Op::kAny)
    return Error(Code::kInvalid, "there is no sort key to compare with");

  Where where;
  where.Compare(ColumnFor(layout, partition), "=", StoredKey(request.partition));
  if (index != nullptr && !sort.empty()) where.Add(ColumnFor(layout, sort).name + " IS NOT NULL");
  if (!sort.empty()) TRY_OK(AddSortCondition(sort, ColumnFor(layout, sort), request.sort, where));
  const auto order = OrderColumns(layout, index);
  if (!request.after.empty()) {
    auto cursor = DecodeItem(request.after);
    if (!cursor.ok() || !(CursorKey(layout.spec, index, *cursor) == *cursor)) return BadCursor();
    const Value* within = cursor->Find(partition.name);
    if (within == nullptr || !(*within == request.partition)) return BadCursor();
    std::vector<std::string> stored;
    for (const Column* column : order) {
      const Value* value = cursor->Find(column->attribute);
      if (value == nullptr || value->kind() != column->kind) return BadCursor();
      stored.push_back(StoredKey(*value));
    }
    // Without anything to order by there is one item at most, and it has been given.
    if (order.empty()) return Page{};
    where.CompareRow(order, request.descending ? "<" : ">", std::move(stored));
  }
  std::string sql = layout.select + where.sql;
  for (std::size_t i = 0; i < order.size(); ++i)
    sql += fmt::format("{}{}{}", i == 0 ? " ORDER BY " : ", ", order[i]->name,
                       request.descending ? " DESC" : "");
  sql += " LIMIT ?";

  TRY(auto statement, connection.Prepare(sql));
  where.BindTo(statement);
  statement.Bind(static_cast<int>(where.bound.size()) + 1,
                 static_cast<std::int64_t>(request.limit) + 1);
  Page page;
  std::string last;
  std::size_t bytes = 0;
  for (;;) {
    TRY(const bool row, statement.Step());
    if (!row) return page;
    if (page.items.size() == request.limit || bytes >= kPageBytes) {
      page.next = last;
      return page;
    }
    TRY(auto item, DecodeRow(layout, statement, bytes));
    // Only the last item's key is needed, and which one is last shows when the next row comes.
    if (page.items.size() + 1 == request.limit || bytes >= kPageBytes)
      last = EncodeItem(CursorKey(layout.spec, index, item));
    if (index != nullptr) Project(layout.spec, *index, item);
    page.items.push_back(std::move(item));
  }
}

Result<std::vector<Segment>> SplitTable(Connection& connection, const Layout& layout,
                                        std::size_t count) {
  std::vector<std::string> sampled;
  TRY(auto statement,
      connection.Prepare("SELECT p, s FROM vams_samples WHERE tbl = ? ORDER BY p, s"));
  statement.Bind(1, layout.id);
  for (;;) {
    TRY(const bool row, statement.Step());
    if (!row) break;
    Item key;
    TRY(auto partition, KeyFromStored(layout.spec.partition.kind, statement.Bytes(0)));
    key.Set(layout.spec.partition.name, std::move(partition));
    if (layout.has_sort()) {
      TRY(auto sort, KeyFromStored(layout.spec.sort.kind, statement.Bytes(1)));
      key.Set(layout.spec.sort.name, std::move(sort));
    }
    sampled.push_back(EncodeItem(key));
  }
  // Few samples give uneven segments, which are still right.
  count = std::max<std::size_t>(1, std::min(count, sampled.size() + 1));
  std::vector<Segment> segments;
  Bounds bounds;
  for (std::size_t i = 1; i <= count; ++i) {
    bounds.high = i == count ? std::string() : sampled[i * sampled.size() / count];
    segments.push_back({EncodeSegment(bounds)});
    bounds.low = bounds.high;
  }
  return segments;
}

namespace {

// Walks one page of a segment: `visit` gets each row's statement and gives the size of its item.
// Returns the cursor for the next page.
template <typename Visit>
Result<std::string> ScanRows(Connection& connection, const Layout& layout, const Segment& segment,
                             std::string_view after, std::size_t limit, const Visit& visit) {
  if (limit == 0) return Error(Code::kInvalid, "the limit of a scan must be at least 1");
  TRY(const Bounds bounds, DecodeSegment(segment));
  std::vector<const Column*> order{&layout.columns[static_cast<std::size_t>(layout.partition)]};
  if (layout.has_sort()) order.push_back(&layout.columns[static_cast<std::size_t>(layout.sort)]);
  Where where;
  const auto bound = [&](std::string_view op, std::string_view encoded) -> Status {
    TRY(auto parts, PartsOfCursor(layout, encoded));
    std::vector<std::string> stored{std::move(parts.partition)};
    if (layout.has_sort()) stored.push_back(std::move(parts.sort));
    where.CompareRow(order, op, std::move(stored));
    return Ok();
  };
  if (!after.empty())
    TRY_OK(bound(">", after));
  else if (!bounds.low.empty())
    TRY_OK(bound(">", bounds.low));
  if (!bounds.high.empty()) TRY_OK(bound("<=", bounds.high));

  std::string sql = layout.select + where.sql + " ORDER BY " + order[0]->name;
  if (layout.has_sort()) sql += ", " + order[1]->name;
  TRY(auto statement, connection.Prepare(sql));
  where.BindTo(statement);
  std::string cursor;
  std::size_t bytes = 0;
  for (std::size_t visited = 0;;) {
    TRY(const bool row, statement.Step());
    if (!row) return std::string();
    if (!cursor.empty()) return cursor;
    TRY(const std::size_t size, visit(std::as_const(statement)));
    bytes += size;
    // Whether this was the last row shows when the next one comes, and then its key is gone.
    if (++visited == limit || bytes >= kPageBytes)
      AppendKey(layout, statement.Bytes(layout.partition),
                layout.has_sort() ? statement.Bytes(layout.sort) : std::string_view(), cursor);
  }
}

}  // namespace

Result<std::string> ScanPage(Connection& connection, const Layout& layout, const Segment& segment,
                             std::string_view after, std::size_t limit,
                             const ItemSource::EncodedVisitor& visit) {
  std::string buffer;
  return ScanRows(connection, layout, segment, after, limit,
                  [&](const Statement& row) -> Result<std::size_t> {
                    buffer.clear();
                    TRY_OK(Join(layout, row, buffer));
                    TRY_OK(visit(buffer));
                    return buffer.size();
                  });
}

Result<Page> ScanItems(Connection& connection, const Layout& layout, const Segment& segment,
                       std::string_view after, std::size_t limit) {
  Page page;
  page.items.reserve(std::min<std::size_t>(limit, 1000));
  TRY(page.next, ScanRows(connection, layout, segment, after, limit,
                          [&](const Statement& row) -> Result<std::size_t> {
                            std::size_t size = 0;
                            TRY(auto item, DecodeRow(layout, row, size));
                            page.items.push_back(std::move(item));
                            return size;
                          }));
  return page;
}

Result<Position> LogFloor(Connection& connection) {
  TRY(const auto floor,
      connection.QueryInt("SELECT value FROM vams_meta WHERE name = 'log_floor'"));
  return static_cast<Position>(floor);
}

Result<Position> LastPosition(Connection& connection) {
  TRY(const auto last,
      connection.QueryInt("SELECT coalesce((SELECT max(seq) FROM vams_changes), "
                          "(SELECT value FROM vams_meta WHERE name = 'log_floor'))"));
  return static_cast<Position>(last);
}

template <typename Base>
Result<Item> Reads<Base>::Get(OpContext& op, std::string_view table, const Item& key) {
  TRY_OK(op.Check());
  TRY(const auto layout, FindLayout(*CurrentTables(), table));
  TRY_OK(CheckKey(layout->spec, key));
  TRY(auto connection, pool().Borrow());
  TRY(auto item, GetItem(*connection, *layout, PartsOf(*layout, key)));
  if (!item)
    return Error(Code::kNotFound, fmt::format("{} does not exist", DescribeKey(layout->spec, key)));
  return *std::move(item);
}

template <typename Base>
Result<std::vector<std::optional<Item>>> Reads<Base>::BatchGet(OpContext& op,
                                                               std::string_view table,
                                                               std::span<const Item> keys) {
  TRY_OK(op.Check());
  TRY(const auto layout, FindLayout(*CurrentTables(), table));
  TRY(auto connection, pool().Borrow());
  std::vector<std::optional<Item>> items;
  items.reserve(keys.size());
  for (const auto& key : keys) {
    if (auto status = CheckKey(layout->spec, key); !status.ok())
      return std::move(status).error().At(static_cast<int>(items.size()));
    TRY(auto item, GetItem(*connection, *layout, PartsOf(*layout, key)));
    items.push_back(std::move(item));
  }
  return items;
}

template <typename Base>
Result<Page> Reads<Base>::Query(OpContext& op, const QueryRequest& request) {
  TRY_OK(op.Check());
  TRY(const auto layout, FindLayout(*CurrentTables(), request.table));
  TRY(auto connection, pool().Borrow());
  return QueryPage(*connection, *layout, request);
}

template <typename Base>
Result<std::vector<Segment>> Reads<Base>::SplitScan(OpContext& op, std::string_view table,
                                                    std::size_t count) {
  TRY_OK(op.Check());
  TRY(const auto layout, FindLayout(*CurrentTables(), table));
  TRY(auto connection, pool().Borrow());
  return SplitTable(*connection, *layout, count);
}

template <typename Base>
Result<Page> Reads<Base>::Scan(OpContext& op, std::string_view table, const Segment& segment,
                               std::string_view after, std::size_t limit) {
  TRY_OK(op.Check());
  TRY(const auto layout, FindLayout(*CurrentTables(), table));
  TRY(auto connection, pool().Borrow());
  return ScanItems(*connection, *layout, segment, after, limit);
}

template <typename Base>
Result<std::string> Reads<Base>::ScanEncoded(OpContext& op, std::string_view table,
                                             const Segment& segment, std::string_view after,
                                             std::size_t limit,
                                             const ItemSource::EncodedVisitor& visit) {
  TRY_OK(op.Check());
  TRY(const auto layout, FindLayout(*CurrentTables(), table));
  TRY(auto connection, pool().Borrow());
  return ScanPage(*connection, *layout, segment, after, limit, visit);
}

template <typename Base>
Result<std::uint64_t> Reads<Base>::Count(OpContext& op, std::string_view table) {
  TRY_OK(op.Check());
  TRY(const auto layout, FindLayout(*CurrentTables(), table));
  TRY(auto connection, pool().Borrow());
  TRY(const auto count, connection->QueryInt("SELECT count(*) FROM " + layout->table));
  return static_cast<std::uint64_t>(count);
}

template <typename Base>
Result<Position> Reads<Base>::LastChange(OpContext& op) {
  TRY_OK(op.Check());
  TRY(auto connection, pool().Borrow());
  return LastPosition(*connection);
}

template class Reads<ItemStore>;
template class Reads<Snapshot>;

}  // namespace vams::items::sqlite
