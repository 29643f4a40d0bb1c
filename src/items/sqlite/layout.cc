#include "items/sqlite/layout.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <map>
#include <set>

#include "base/hash.h"
#include "items/codec.h"
#include "items/number.h"

namespace vams::items::sqlite {

namespace {

constexpr std::uint64_t kSampleMask = 1023;

std::string Lower(std::string_view text) {
  std::string out(text);
  std::transform(out.begin(), out.end(), out.begin(),
                 [](unsigned char c) { return std::tolower(c); });
  return out;
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
    columns.push_back({attribute, kind, Quoted(name)});
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

void AppendColumnValue(std::string& out, const Column& column, std::string_view stored) {
  switch (column.kind) {
    case Kind::kN: {
      auto number = FromOrderedNumber(stored);
      return AppendValue(out, Value::N(number.ok() ? *std::move(number) : "0"));
    }
    case Kind::kS:
      out.push_back(1);
      break;
    default:
      out.push_back(3);
      break;
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
  l.update = fmt::format("UPDATE {} SET {} WHERE {}", l.table, fmt::join(sets, ", "), where);
  l.update_body = fmt::format("UPDATE {} SET body = ?{} WHERE {}", l.table, body, where);
  l.erase = fmt::format("DELETE FROM {} WHERE {}", l.table, where);
  MakeIndexes(l);
  return l;
}

Status Split(const Layout& layout, std::string_view encoded, SplitItem& out) {
  out.columns.assign(layout.columns.size(), std::nullopt);
  out.numbers.clear();
  out.numbers.reserve(layout.columns.size());
  out.body.clear();
  TRY(auto reader, ItemReader::Open(encoded));
  const std::uint64_t total = reader.remaining();
  std::uint64_t in_columns = 0;
  std::size_t next_column = 0;
  // The attribute count goes in front, and is known only at the end: its place is kept as wide as
  // the item's.
  out.body.reserve(encoded.size());
  out.body.push_back(encoded.front());
  AppendVarint(out.body, total);
  const std::size_t head = out.body.size();
  // What stays in the body is copied in runs between the attributes that become columns.
  const char* run = nullptr;
  const char* run_end = nullptr;
  ItemReader::Entry entry;
  for (;;) {
    TRY(const bool more, reader.Next(entry));
    if (!more) break;
    while (next_column < layout.columns.size() &&
           layout.columns[next_column].attribute < entry.name)
      ++next_column;
    const char* value_end = entry.encoded.data() + entry.encoded.size();
    if (next_column < layout.columns.size() &&
        layout.columns[next_column].attribute == entry.name &&
        layout.columns[next_column].kind == entry.kind) {
      std::string_view value = entry.encoded.substr(1);
      std::uint64_t size = 0;
      ReadVarint(value, size);
      if (entry.kind == Kind::kN) {
        out.numbers.push_back(OrderedNumber(value));
        value = out.numbers.back();
      }
      out.columns[next_column] = value;
      ++in_columns;
      if (run != nullptr) out.body.append(run, static_cast<std::size_t>(run_end - run));
      run = nullptr;
    } else {
      if (run == nullptr) {
        // The attribute starts with the varint of its name's length, right before the name.
        run = entry.name.data() - 1;
        for (std::size_t n = entry.name.size(); n >= 0x80; n >>= 7) --run;
      }
      run_end = value_end;
    }
  }
  if (run != nullptr) out.body.append(run, static_cast<std::size_t>(run_end - run));
  std::string count;
  AppendVarint(count, total - in_columns);
  out.body.replace(1, head - 1, count);
  return Ok();
}

Status Join(const Layout& layout, const Statement& statement, std::string& out) {
  const std::string_view body = statement.Bytes(layout.body_column());
  TRY(auto reader, ItemReader::Open(body));
  struct Present {
    const Column* column;
    std::string_view stored;
  };
  Present present[64];
  std::size_t count = 0;
  for (std::size_t i = 0; i < layout.columns.size() && count < std::size(present); ++i)
    if (!statement.IsNull(static_cast<int>(i)))
      present[count++] = {&layout.columns[i], statement.Bytes(static_cast<int>(i))};

  out.reserve(out.size() + body.size() + 64 + count * 64);
  out.push_back(body.front());
  AppendVarint(out, reader.remaining() + count);
  std::size_t next = 0;
  const auto emit = [&] {
    const auto& name = present[next].column->attribute;
    AppendVarint(out, name.size());
    out.append(name);
    AppendColumnValue(out, *present[next].column, present[next].stored);
    ++next;
  };
  // Body attributes are copied in runs between the columns that come before them.
  std::string_view entry_bytes = body.substr(1);
  std::uint64_t body_count = 0;
  ReadVarint(entry_bytes, body_count);
  const char* run = entry_bytes.data();
  const char* end = run;
  ItemReader::Entry entry;
  for (;;) {
    TRY(const bool more, reader.Next(entry));
    if (!more) break;
    if (next < count && present[next].column->attribute < entry.name) {
      out.append(run, static_cast<std::size_t>(end - run));
      run = end;
      while (next < count && present[next].column->attribute < entry.name) emit();
    }
    end = entry.encoded.data() + entry.encoded.size();
    // Behind the last column nothing needs looking at: the rest is copied whole.
    if (next == count) {
      end = body.data() + body.size();
      break;
    }
  }
  out.append(run, static_cast<std::size_t>(end - run));
  while (next < count) emit();
  return Ok();
}

void AppendKey(const Layout& layout, std::string_view partition, std::string_view sort,
               std::string& out) {
  const auto append = [&](int column, std::string_view stored) {
    const auto& c = layout.columns[static_cast<std::size_t>(column)];
    AppendVarint(out, c.attribute.size());
    out.append(c.attribute);
    AppendColumnValue(out, c, stored);
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
