// How a table of items lies in SQLite: key and index attributes as columns, the rest as one blob
// (docs/formats/items-sqlite.md).  Pure text and bytes, no I/O; immutable once made, so free to
// share between threads.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "items/sqlite/connection.h"
#include "items/table_spec.h"

namespace vams::items::sqlite {

struct Column {
  std::string attribute;
  Kind kind = Kind::kS;
  std::string name;  // quoted for SQL
  std::string head;  // what stands before the value in an encoded item: size and name, type byte
};

// A statement costs as much as the row it inserts, so many rows share one.
inline constexpr int kInsertRows = 16;

struct Layout {
  std::int64_t id = 0;
  TableSpec spec;
  std::string table;            // quoted
  std::vector<Column> columns;  // ascending by attribute name
  int partition = 0;            // into columns
  int sort = -1;
  int ttl = -1;
  bool loading = false;  // a bulk load is unfinished: the indexes are not there

  std::string select;  // "SELECT c…, body FROM t", followed by a WHERE
  std::string get, insert, update, update_body, erase;
  std::string insert_rows;  // kInsertRows rows at once, each with the parameters of `insert`
  std::string create;       // CREATE TABLE
  std::vector<std::string> create_indexes, drop_indexes;

  int ColumnOf(std::string_view attribute) const;
  int body_column() const { return static_cast<int>(columns.size()); }
  bool has_sort() const { return sort >= 0; }
};

Layout MakeLayout(const TableSpec& spec, std::int64_t id, bool loading);

// Items split for storing: each is a row of columns as they are stored (OrderedNumber for N) and
// the body behind them.  All lie in one piece of memory, which Clear keeps for the rows to come.
class SplitRows {
 public:
  explicit SplitRows(const Layout& layout) : layout_(layout) {}

  std::size_t size() const { return fields_.size() / width(); }
  std::size_t bytes() const { return bytes_.size(); }
  void Clear();
  // Splits an encoded item (codec.h) and adds it; kCorrupt adds nothing.
  Status Add(std::string_view encoded);

  // Fields count as columns do; views live until the next Add or Clear.
  bool IsNull(std::size_t row, int field) const { return At(row, field).size == kNull; }
  std::string_view Get(std::size_t row, int field) const {
    const Field& f = At(row, field);
    return f.size == kNull ? std::string_view() : std::string_view(bytes_.data() + f.at, f.size);
  }
  std::string_view Partition(std::size_t row) const { return Get(row, layout_.partition); }
  std::string_view Sort(std::size_t row) const {
    return layout_.has_sort() ? Get(row, layout_.sort) : std::string_view();
  }
  // Binds a field to parameter `at`.
  void Bind(Statement& statement, int at, std::size_t row, int field) const;

 private:
  static constexpr std::uint32_t kNull = 0xffffffff;
  struct Field {
    std::uint32_t at = 0;  // in bytes_
    std::uint32_t size = kNull;
  };
  std::size_t width() const { return layout_.columns.size() + 1; }
  const Field& At(std::size_t row, int field) const {
    return fields_[row * width() + static_cast<std::size_t>(field)];
  }

  const Layout& layout_;
  std::string bytes_;
  std::vector<Field> fields_;
};

// The key of an encoded item as stored; a part that is missing or of another kind is empty.  Views
// live as long as the item and `numbers`.
struct KeyParts {
  std::string_view partition, sort;
  std::string numbers[2];
};
// kCorrupt if any of the item's attributes is damaged.
Status FindKey(const Layout& layout, std::string_view encoded, KeyParts& key);

// Puts the current row of `statement` (selected with Layout::select) together again: appends the
// encoded item to `out`.
Status Join(const Layout& layout, const Statement& statement, std::string& out);

// The same row as an item, without putting its bytes together first.  Adds its size to `bytes`.
Result<Item> DecodeRow(const Layout& layout, const Statement& statement, std::size_t& bytes);

// Appends the encoded key (codec.h) that has these stored parts.
void AppendKey(const Layout& layout, std::string_view partition, std::string_view sort,
               std::string& out);

// A key value in its stored form, and binding it to a parameter of the column's kind.
std::string StoredKey(const Value& value);
void BindKey(Statement& statement, int at, Kind kind, std::string_view stored);
// The other way round.
Result<Value> KeyFromStored(Kind kind, std::string_view stored);

// Whether a key is one of those kept in the sample (one of 1024), from its stored parts.
bool IsSampled(std::string_view partition, std::string_view sort);

// "name" with quotes doubled.
std::string Quoted(std::string_view name);

}  // namespace vams::items::sqlite
