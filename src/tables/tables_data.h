// The rows behind tables.h: one per table, with the versions each part of it exists in.  For
// tables.cc only.  Constant data.  Spec: data-model.md sections 2 and 4.
#pragma once

#include <span>
#include <string_view>

#include "tables/data_version.h"
#include "tables/tables.h"

namespace vams::tables::internal {

struct IndexRow {
  std::string_view name;
  std::string_view partition;
  std::string_view sort;  // empty: none
  VersionRange present;
  bool local = false;
};

struct TableRow {
  std::string_view name;
  std::string_view partition;
  std::string_view sort;  // empty: none
  VersionRange present;
  VersionRange in_use;  // otherwise kept only as a source of migrations
  VersionRange stream;  // empty: never
  std::span<const IndexRow> indexes;
  std::span<const AttributeDef> attributes;
};

std::span<const TableRow> TableRows();  // by name

}  // namespace vams::tables::internal
