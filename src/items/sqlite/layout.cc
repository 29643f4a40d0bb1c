#include "items/sqlite/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/container/small_vector.hpp>
#include <map>
#include <set>

#include "base/ascii.h"
#include "base/hash.h"
#include "items/codec.h"
#include "items/number.h"

namespace vams::items::sqlite {

namespace {

constexpr std::uint64_t kSampleMask = 1023;
// Item tables have few columns; what is kept for each of a row's lies on the stack up to here.
constexpr std::size_t kUsualColumns = 8;

std::string Head(std::string_view attribute, Kind kind) {
  std::string head;
  AppendVarint(head, attribute.size());
  head += attribute;
  head += kind == Kind::kS   ? '\1'
          : kind == Kind::kN ? '\2'
                             : '\3';  // docs/formats/item-encoding.md
  return head;
}

// SQLite compares column names without regard to case, attributes do not: a clash gets a suffix.
std::vector<Column> MakeColumns(const TableSpec& spec) {
  std::map<std::string, Kind> attributes;
  const auto add = [&](const KeyAttribute& key) {
    if (!key.empty()) attributes[key.name] = key.kind;
  };
  add(spec.partition);
  add(spec.sort);
  for (const auto& index : spec.indexes) {
    add(index.partition);
    add(index.sort);
  }
  if (!spec.ttl_attribute.empty()) attributes[spec.ttl_attribute] = Kind::kN;

  std::vector<Column> columns;
  std::set<std::string> used{"body"};
  for (const auto& [attribute, kind] : attributes) {
    std::string name = attribute;
    while (!used.insert(Lower(name)).second) name += '~';
    columns.push_back({attribute, kind, Quoted(name), Head(attribute, kind)});
  }
  return columns;
}

std::string_view SqlType(Kind kind) { return kind == Kind::kS ? "TEXT" : "BLOB"; }

void MakeIndexes(Layout& layout) {
  const auto column = [&](const KeyAttribute& key) {
    return layout.columns[static_cast<std::size_t>(layout.ColumnOf(key.name))].name;
  };
  const auto add = [&](std::string_view name, const std::vector<std::string>& keys) {
    const std::string quoted = Quoted(fmt::format("{}|{}", layout.spec.name, name));
    std::vector<std::string> present;
    for (const auto& key : keys) present.push_back(key + " IS NOT NULL");
    layout.create_indexes.push_back(fmt::format("CREATE INDEX IF NOT EXISTS {} ON {} ({}) WHERE {}",
                                                quoted, layout.table, fmt::join(keys, ", "),
                                                fmt::join(present, " AND ")));
    layout.drop_indexes.push_back(fmt::format("DROP INDEX IF EXISTS {}", quoted));
  };
  for (const auto& index : layout.spec.indexes) {
    std::vector<std::string> keys{column(index.partition)};
    if (!index.sort.empty()) keys.push_back(column(index.sort));
    add(index.name, keys);
  }
  // Index names cannot contain '|', so this one cannot clash.
  if (layout.ttl >= 0) add("|ttl", {layout.columns[static_cast<std::size_t>(layout.ttl)].name});
}

// The attribute of a column as it stands in an encoded item.
void AppendColumn(std::string& out, const Column& column, std::string_view stored) {
  out.append(column.head);
  std::string text;
  if (column.kind == Kind::kN) {
    auto number = FromOrderedNumber(stored);
    text = number.ok() ? *std::move(number) : "0";
    stored = text;
  }
  AppendVarint(out, stored.size());
  out.append(stored);
}

}  // namespace

std::string Quoted(std::string_view name) {
  std::string out = "\"";
  for (const char c : name) {
    if (c == '"') out += '"';
    out += c;
  }
  return out + '"';
}

int Layout::ColumnOf(std::string_view attribute) const {
  for (std::size_t i = 0; i < columns.size(); ++i)
    if (columns[i].attribute == attribute) return static_cast<int>(i);
  return -1;
}

Layout MakeLayout(const TableSpec& spec, std::int64_t id, bool loading) {
  Layout l;
  l.id = id;
  l.spec = spec;
  l.table = Quoted(spec.name);
  l.loading = loading;
  l.columns = MakeColumns(spec);
  l.partition = l.ColumnOf(spec.partition.name);
  if (!spec.sort.empty()) l.sort = l.ColumnOf(spec.sort.name);
  if (!spec.ttl_attribute.empty()) l.ttl = l.ColumnOf(spec.ttl_attribute);

  std::vector<std::string> names, definitions, marks, sets;
  for (std::size_t i = 0; i < l.columns.size(); ++i) {
    const auto& c = l.columns[i];
    const bool key = static_cast<int>(i) == l.partition || static_cast<int>(i) == l.sort;
    names.push_back(c.name);
    definitions.push_back(fmt::format("{} {}{}", c.name, SqlType(c.kind), key ? " NOT NULL" : ""));
    marks.push_back(fmt::format("?{}", i + 1));
    if (!key) sets.push_back(fmt::format("{} = ?{}", c.name, i + 1));
  }
  const std::size_t body = l.columns.size() + 1;
  names.push_back("body");
  definitions.push_back("body BLOB NOT NULL");
  marks.push_back(fmt::format("?{}", body));
  sets.push_back(fmt::format("body = ?{}", body));

  const auto& pk = l.columns[static_cast<std::size_t>(l.partition)].name;
  std::string keys = pk;
  std::string where = fmt::format("{} = ?{}", pk, l.partition + 1);
  if (l.has_sort()) {
    const auto& sk = l.columns[static_cast<std::size_t>(l.sort)].name;
    keys += ", " + sk;
    where += fmt::format(" AND {} = ?{}", sk, l.sort + 1);
  }
  l.create = fmt::format("CREATE TABLE {} ({}, PRIMARY KEY ({})) STRICT, WITHOUT ROWID", l.table,
                         fmt::join(definitions, ", "), keys);
  l.select = fmt::format("SELECT {} FROM {}", fmt::join(names, ", "), l.table);
  l.get = fmt::format("{} WHERE {}", l.select, where);
  l.insert = fmt::format("INSERT INTO {} ({}) VALUES ({})", l.table, fmt::join(names, ", "),
                         fmt::join(marks, ", "));
  // Parameters without numbers go on counting from row to row.
  const std::string row_marks =
      fmt::format("({})", fmt::join(std::vector<std::string_view>(body, "?"), ", "));
  l.insert_rows =
      fmt::format("INSERT INTO {} ({}) VALUES {}", l.table, fmt::join(names, ", "),
                  fmt::join(std::vector<std::string_view>(kInsertRows, row_marks), ", "));
  l.update = fmt::format("UPDATE {} SET {} WHERE {}", l.table, fmt::join(sets, ", "), where);
  l.update_body = fmt::format("UPDATE {} SET body = ?{} WHERE {}", l.table, body, where);
  l.erase = fmt::format("DELETE FROM {} WHERE {}", l.table, where);
  MakeIndexes(l);
  return l;
}

namespace {

// S, N or B: the text of an encoded value.
std::string_view TextOf(std::string_view encoded) {
  encoded.remove_prefix(1);
  std::uint64_t size = 0;
  ReadVarint(encoded, size);
  return encoded;
}

}  // namespace

Status FindKey(const Layout& layout, std::string_view encoded, KeyParts& key) {
  const auto& spec = layout.spec;
  key.partition = key.sort = {};
  TRY(auto reader, ItemReader::Open(encoded));
  const auto take = [](const ItemReader::Entry& entry, std::string& number) {
    const std::string_view text = TextOf(entry.encoded);
    if (entry.kind != Kind::kN) return text;
    number = OrderedNumber(text);
    return std::string_view(number);
  };
  for (ItemReader::Entry entry;;) {
    TRY(const bool more, reader.Next(entry));
    if (!more) return Ok();
    if (entry.kind == spec.partition.kind && entry.name == spec.partition.name)
      key.partition = take(entry, key.numbers[0]);
    else if (layout.has_sort() && entry.kind == spec.sort.kind && entry.name == spec.sort.name)
      key.sort = take(entry, key.numbers[1]);
  }
}

void SplitRows::Clear() {
  bytes_.clear();
  fields_.clear();
}

Status SplitRows::Add(std::string_view encoded) {
  TRY(auto reader, ItemReader::Open(encoded));
  const std::uint64_t total = reader.remaining();
  const std::size_t first = fields_.size();
  const std::size_t start = bytes_.size();
  const auto undo = [&](Error error) {
    fields_.resize(first);
    bytes_.resize(start);
    return error;
  };
  fields_.resize(first + width());
  const auto add = [&](std::size_t field, std::string_view value) {
    fields_[first + field] = {static_cast<std::uint32_t>(bytes_.size()),
                              static_cast<std::uint32_t>(value.size())};
    bytes_.append(value);
  };
  // The columns are stored as they come; what stays in the body is noted, as runs between them.
  boost::container::small_vector<std::string_view, kUsualColumns + 1> runs;
  const char* run = reader.rest().data();
  const char* end = run;
  std::uint64_t in_columns = 0;
  auto next = layout_.columns.begin();
  for (ItemReader::Entry entry;;) {
    auto more = reader.Next(entry);
    if (!more.ok()) return undo(std::move(more).error());
    if (!*more) break;
    while (next != layout_.columns.end() && next->attribute < entry.name) ++next;
    const char* behind = reader.rest().data();
    if (next != layout_.columns.end() && next->attribute == entry.name &&
        next->kind == entry.kind) {
      const std::string_view value = TextOf(entry.encoded);
      const auto column = static_cast<std::size_t>(next - layout_.columns.begin());
      if (entry.kind == Kind::kN)
        add(column, OrderedNumber(value));
      else
        add(column, value);
      ++in_columns;
      if (run != end) runs.emplace_back(run, end);
      run = behind;
    }
    end = behind;
  }
  if (run != end) runs.emplace_back(run, end);
  const std::size_t body = bytes_.size();
  bytes_.push_back(encoded.front());
  AppendVarint(bytes_, total - in_columns);
  for (const auto bytes : runs) bytes_.append(bytes);
  fields_.back() = {static_cast<std::uint32_t>(body),
                    static_cast<std::uint32_t>(bytes_.size() - body)};
  return Ok();
}

void SplitRows::Bind(Statement& statement, int at, std::size_t row, int field) const {
  if (IsNull(row, field))
    statement.BindNull(at);
  else if (field == layout_.body_column())
    statement.BindBlob(at, Get(row, field));
  else
    BindKey(statement, at, layout_.columns[static_cast<std::size_t>(field)].kind, Get(row, field));
}

Status Join(const Layout& layout, const Statement& statement, std::string& out) {
  struct Present {
    const Column* column;
    std::string_view stored;
  };
  boost::container::small_vector<Present, kUsualColumns> present;
  std::size_t size = 0;
  std::string_view stored;
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    if (!statement.Read(static_cast<int>(i), stored)) continue;
    present.push_back({&layout.columns[i], stored});
    size += layout.columns[i].head.size() + stored.size() + 10;
  }
  const std::string_view body = statement.Bytes(layout.body_column());
  TRY(auto reader, ItemReader::Open(body));

  out.reserve(out.size() + size + body.size() + 10);
  out.push_back(body.front());
  AppendVarint(out, reader.remaining() + present.size());
  // Body attributes are copied in runs between the columns that come before them.
  auto next = present.begin();
  const char* run = reader.rest().data();
  const char* end = run;
  ItemReader::Entry entry;
  while (next != present.end()) {
    TRY(const bool more, reader.Next(entry));
    if (!more) break;
    if (next->column->attribute < entry.name) {
      out.append(run, static_cast<std::size_t>(end - run));
      run = end;
      for (; next != present.end() && next->column->attribute < entry.name; ++next)
        AppendColumn(out, *next->column, next->stored);
    }
    end = reader.rest().data();
  }
  // Behind the last column nothing needs looking at: the rest is copied whole.
  out.append(run, static_cast<std::size_t>(body.data() + body.size() - run));
  for (; next != present.end(); ++next) AppendColumn(out, *next->column, next->stored);
  return Ok();
}

Result<Item> DecodeRow(const Layout& layout, const Statement& statement, std::size_t& bytes) {
  boost::container::small_vector<TextAttribute, kUsualColumns> apart;
  boost::container::small_vector<std::string, kUsualColumns> numbers;
  numbers.reserve(layout.columns.size());  // `apart` points into it
  std::string_view stored;
  for (std::size_t i = 0; i < layout.columns.size(); ++i) {
    if (!statement.Read(static_cast<int>(i), stored)) continue;
    bytes += stored.size();
    const Column& column = layout.columns[i];
    if (column.kind == Kind::kN) {
      TRY(auto number, FromOrderedNumber(stored));
      stored = numbers.emplace_back(std::move(number));
    }
    apart.push_back({column.attribute, column.kind, stored});
  }
  const std::string_view body = statement.Bytes(layout.body_column());
  bytes += body.size();
  return DecodeItem(body, apart);
}

void AppendKey(const Layout& layout, std::string_view partition, std::string_view sort,
               std::string& out) {
  const auto append = [&](int column, std::string_view stored) {
    AppendColumn(out, layout.columns[static_cast<std::size_t>(column)], stored);
  };
  out.push_back(1);
  AppendVarint(out, layout.has_sort() ? 2 : 1);
  // Columns are in name order, as attributes must be.
  if (layout.has_sort() && layout.sort < layout.partition) append(layout.sort, sort);
  append(layout.partition, partition);
  if (layout.has_sort() && layout.sort > layout.partition) append(layout.sort, sort);
}

std::string StoredKey(const Value& value) {
  return value.is(Kind::kN) ? OrderedNumber(value.text()) : value.text();
}

void BindKey(Statement& statement, int at, Kind kind, std::string_view stored) {
  if (kind == Kind::kS)
    statement.BindText(at, stored);
  else
    statement.BindBlob(at, stored);
}

Result<Value> KeyFromStored(Kind kind, std::string_view stored) {
  if (kind == Kind::kS) return Value::S(std::string(stored));
  if (kind == Kind::kB) return Value::B(std::string(stored));
  TRY(auto number, FromOrderedNumber(stored));
  return Value::N(std::move(number));
}

bool IsSampled(std::string_view partition, std::string_view sort) {
  return ((StableHash(partition) * 31 + StableHash(sort)) & kSampleMask) == 0;
}

}  // namespace vams::items::sqlite
