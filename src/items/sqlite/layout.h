// How a table of items lies in SQLite: key and index attributes as columns, the rest as one blob
// (docs/formats/items-sqlite.md).  Pure text and bytes, no I/O; immutable once made, so free to
// share between threads.
#pragma once

#include <boost/container/small_vector.hpp>
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
};

// An item split for storing.  Views point into the encoded item and into `numbers`.
struct SplitItem {
  boost::container::small_vector<std::optional<std::string_view>, 6>
      columns;  // as stored (OrderedNumber for N)
  std::string body;
  std::vector<std::string> numbers;
};

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
  std::string create;  // CREATE TABLE
  std::vector<std::string> create_indexes, drop_indexes;

  int ColumnOf(std::string_view attribute) const;
  int body_column() const { return static_cast<int>(columns.size()); }
  bool has_sort() const { return sort >= 0; }
};

Layout MakeLayout(const TableSpec& spec, std::int64_t id, bool loading);

// Splits an encoded item (codec.h) into columns and body.
Status Split(const Layout& layout, std::string_view encoded, SplitItem& out);

// Puts the current row of `statement` (selected with Layout::select) together again: appends the
// encoded item to `out`.
Status Join(const Layout& layout, const Statement& statement, std::string& out);

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
