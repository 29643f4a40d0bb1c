// Every table of every data version as plain data: names, keys, indexes, streams, known attributes.
// For engines, imports, migrations and checks.  Spec: data-model.md sections 2 and 4.
//
// Thread-safe (constant data, built on first use).  No I/O.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "items/table_spec.h"
#include "items/value.h"
#include "tables/data_version.h"

namespace vams::tables {

// A set of items::Kind.
class KindSet {
 public:
  constexpr KindSet() = default;
  constexpr KindSet(items::Kind kind)  // NOLINT: a kind is a set of one
      : bits_(static_cast<std::uint16_t>(1U << static_cast<unsigned>(kind))) {}

  constexpr bool Has(items::Kind kind) const { return (bits_ & KindSet(kind).bits_) != 0; }
  friend constexpr KindSet operator|(KindSet a, KindSet b) {
    KindSet both;
    both.bits_ = static_cast<std::uint16_t>(a.bits_ | b.bits_);
    return both;
  }
  friend constexpr bool operator==(KindSet, KindSet) = default;

 private:
  std::uint16_t bits_ = 0;
};

// An attribute that some release writes.  What is not listed is legal all the same: clients may
// store attributes of their own, and every step carries them over.
struct AttributeDef {
  std::string_view name;
  KindSet kinds;
  VersionRange present;
};

struct IndexDef {
  std::string_view name;
  std::string_view partition;  // of kind S, like every key
  std::string_view sort;       // empty: none
  bool local = false;
};

// What a stream of changes shows of an item.
enum class StreamView : std::uint8_t { kNone, kNewImage };

// A table as it is in one data version.  Views point to constant data.
struct TableDef {
  std::string_view name;          // canonical
  std::string_view partition;     // of kind S
  std::string_view sort;          // of kind S; empty: none
  std::vector<IndexDef> indexes;  // all project every attribute
  StreamView stream = StreamView::kNone;
  bool in_use = true;  // else deprecated: kept, but no release of this line reads it
  std::vector<AttributeDef> attributes;  // by name, keys included

  // nullptr if no release of this line writes such an attribute.
  const AttributeDef* FindAttribute(std::string_view attribute) const;
};

// The tables of a version by name (bytes); none for an unknown version.
std::span<const TableDef> TablesOf(DataVersion version);

// nullptr if that version has no such table.
const TableDef* FindTable(DataVersion version, std::string_view canonical);
// The table as the newest version that has it defines it; nullptr if none has.
const TableDef* FindTableInAny(std::string_view canonical);

// The canonical names of all versions together, by name.
std::span<const std::string_view> AllTableNames();

// The same for an engine.
items::TableSpec SpecOf(const TableDef& table);
// kNotFound if that version has no such table.
Result<items::TableSpec> SpecOf(std::string_view canonical, DataVersion version);

}  // namespace vams::tables
