// What a table is: its keys, its indexes and its time-to-live attribute.  Plain data.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "items/value.h"

namespace vams::items {

// A key attribute: kS, kN or kB.
struct KeyAttribute {
  std::string name;
  Kind kind = Kind::kS;
  bool empty() const { return name.empty(); }
  friend bool operator==(const KeyAttribute&, const KeyAttribute&) = default;
};

struct IndexSpec {
  enum class Projection : std::uint8_t { kAll, kKeysOnly, kInclude };

  std::string name;
  KeyAttribute partition;
  KeyAttribute sort;  // empty: none
  Projection projection = Projection::kAll;
  std::vector<std::string> included;  // with kInclude
  bool local = false;                 // shares the table's partition key
  friend bool operator==(const IndexSpec&, const IndexSpec&) = default;
};

// An item appears in an index only if it has all of the index's key attributes.
struct TableSpec {
  std::string name;  // [A-Za-z0-9_.-]{3,255}
  KeyAttribute partition;
  KeyAttribute sort;  // empty: none
  std::vector<IndexSpec> indexes;
  std::string ttl_attribute;  // N, epoch seconds; empty: none

  const IndexSpec* FindIndex(std::string_view index) const;
  friend bool operator==(const TableSpec&, const TableSpec&) = default;
};

// kInvalid with the reason.
Status CheckTableSpec(const TableSpec& spec);

// Tables named "sys.…" belong to the product, not to the data set: they are carried over unchanged
// by migrations and left out of exports and digests (design.md section 4).
inline bool IsSystemTable(std::string_view name) { return name.starts_with("sys."); }

// The partition and sort key attributes of `item`, as an item.
Item KeyOf(const TableSpec& spec, const Item& item);

// What every engine must refuse before writing: missing or wrongly typed key or index key
// attributes, empty keys, keys over 2048 (partition) or 1024 (sort) bytes, text that is not UTF-8,
// sets that are empty, maps nested too deep, items over `max_item_bytes`.
Status CheckItem(const TableSpec& spec, const Item& item, std::size_t max_item_bytes);
// `key` has exactly the key attributes of the table, with their types.
Status CheckKey(const TableSpec& spec, const Item& key);

// "AssetStorageTable {databaseId: plant, assetId: pump}", shortened, for messages.
std::string DescribeKey(const TableSpec& spec, const Item& key);

// For the catalogue of an engine.
std::string EncodeTableSpec(const TableSpec& spec);  // JSON text
Result<TableSpec> DecodeTableSpec(std::string_view json);

}  // namespace vams::items
