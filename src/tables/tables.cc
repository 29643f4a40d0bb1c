#include "tables/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "tables/tables_data.h"

namespace vams::tables {

namespace {

TableDef TableIn(const internal::TableRow& row, DataVersion version) {
  TableDef table;
  table.name = row.name;
  table.partition = row.partition;
  table.sort = row.sort;
  for (const auto& index : row.indexes)
    if (index.present.Has(version))
      table.indexes.push_back({index.name, index.partition, index.sort, index.local});
  table.stream = row.stream.Has(version) ? StreamView::kNewImage : StreamView::kNone;
  table.in_use = row.in_use.Has(version);
  for (const auto& attribute : row.attributes)
    if (attribute.present.Has(version)) table.attributes.push_back(attribute);
  std::ranges::sort(table.attributes, {}, &AttributeDef::name);
  return table;
}

// One vector per element of AllVersions().
const std::vector<std::vector<TableDef>>& Built() {
  static const auto built = [] {
    std::vector<std::vector<TableDef>> all;
    for (const DataVersion version : AllVersions()) {
      auto& tables = all.emplace_back();
      for (const auto& row : internal::TableRows())
        if (row.present.Has(version)) tables.push_back(TableIn(row, version));
    }
    return all;
  }();
  return built;
}

items::KeyAttribute Key(std::string_view name) { return {std::string(name), items::Kind::kS}; }

}  // namespace

const AttributeDef* TableDef::FindAttribute(std::string_view attribute) const {
  const auto found = std::ranges::lower_bound(attributes, attribute, {}, &AttributeDef::name);
  return found != attributes.end() && found->name == attribute ? &*found : nullptr;
}

std::span<const TableDef> TablesOf(DataVersion version) {
  const auto versions = AllVersions();
  const auto found = std::ranges::find(versions, version);
  if (found == versions.end()) return {};
  return Built()[static_cast<std::size_t>(found - versions.begin())];
}

const TableDef* FindTable(DataVersion version, std::string_view canonical) {
  const auto tables = TablesOf(version);
  const auto found = std::ranges::lower_bound(tables, canonical, {}, &TableDef::name);
  return found != tables.end() && found->name == canonical ? &*found : nullptr;
}

const TableDef* FindTableInAny(std::string_view canonical) {
  const auto versions = AllVersions();
  for (auto version = versions.rbegin(); version != versions.rend(); ++version)
    if (const TableDef* table = FindTable(*version, canonical)) return table;
  return nullptr;
}

std::span<const std::string_view> AllTableNames() {
  static const auto names = [] {
    std::vector<std::string_view> all;
    for (const auto& row : internal::TableRows()) all.push_back(row.name);
    return all;
  }();
  return names;
}

items::TableSpec SpecOf(const TableDef& table) {
  items::TableSpec spec;
  spec.name = std::string(table.name);
  spec.partition = Key(table.partition);
  if (!table.sort.empty()) spec.sort = Key(table.sort);
  for (const auto& index : table.indexes) {
    auto& out = spec.indexes.emplace_back();
    out.name = std::string(index.name);
    out.partition = Key(index.partition);
    if (!index.sort.empty()) out.sort = Key(index.sort);
    out.local = index.local;
  }
  return spec;
}

Result<items::TableSpec> SpecOf(std::string_view canonical, DataVersion version) {
  const TableDef* table = FindTable(version, canonical);
  if (table == nullptr)
    return Error(Code::kNotFound,
                 fmt::format("data version {} has no table \"{}\"", version.ToString(), canonical));
  return SpecOf(*table);
}

}  // namespace vams::tables
