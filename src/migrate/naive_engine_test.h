// The migration engine as plainly as it can be written: everything in maps, one thread, no files.
// The oracle of the real engine's tests, and the way to test a step by itself.
// Spec: step.h says what a phase means; this executes it.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "items/aws/dynamodb_json.h"
#include "items/codec.h"
#include "items/memory/memory_store.h"
#include "migrate/step.h"
#include "migrate/unit.h"
#include "tables/system_tables.h"
#include "tables/tables.h"
#include "testing/fixtures.h"

namespace vams::migrate::test {

// Items by encoded key, by canonical table name.
using Rows = std::map<std::string, items::Item>;
using TableSet = std::map<std::string, Rows>;

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) throw std::runtime_error(result.error().message + " " + result.error().details);
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

inline const items::TableSpec& Spec(std::string_view table) {
  const auto* spec = SpecFor(table, tables::kNewest);
  if (spec == nullptr) throw std::runtime_error("unknown table " + std::string(table));
  return *spec;
}

inline void Put(TableSet& set, std::string_view table, items::Item item) {
  auto key = items::EncodeItem(items::KeyOf(Spec(table), item));
  set[std::string(table)][std::move(key)] = std::move(item);
}

// One item as DynamoDB JSON, without the "Item" around it.
inline items::Item Json(std::string_view text) { return Must(items::aws::ParseItem(text)); }

// Adds the tables of a fixture folder, such as "v2.3" or "seed/v2.4"; later rows win.
inline void AddFixture(TableSet& set, std::string_view folder) {
  const auto root = testing::FixtureFolder();
  ASSERT_TRUE(root.has_value()) << "no fixtures; set VAMS_FIXTURES to their folder";
  const auto path = *root / "dynamodb" / folder;
  ASSERT_TRUE(std::filesystem::is_directory(path)) << path;
  for (const auto& entry : std::filesystem::directory_iterator(path)) {
    const std::string name = entry.path().stem().string();
    if (entry.path().extension() != ".json" || name.starts_with('_')) continue;
    set[name];
    std::ifstream in(entry.path());
    for (std::string line; std::getline(in, line);)
      Put(set, name, Must(items::DecodeItem(Must(items::aws::EncodeFromLine(line)))));
  }
}

struct NaiveResult {
  TableSet tables;
  std::vector<Residue> residue;
  Output remarks;  // all of them; `puts` is empty
};

inline std::unique_ptr<items::MemoryStore> StoreOf(const TableSet& set,
                                                   tables::DataVersion version) {
  auto store = items::MemoryStore::Create();
  OpContext op;
  for (const auto& [table, rows] : set) {
    const auto* spec = SpecFor(table, version);
    Must(store->CreateTables(op, std::span(spec, 1)));
    for (const auto& [key, item] : rows) {
      const items::Write write = items::Write::Put(table, item);
      (void)Must(store->Commit(op, std::span(&write, 1)));
    }
  }
  return store;
}

inline std::unique_ptr<items::MemoryStore> LookupsOver(const std::vector<LookupSpec>& lookups,
                                                       const TableSet& set) {
  auto store = items::MemoryStore::Create();
  OpContext op;
  for (const auto& lookup : lookups) {
    items::TableSpec spec{.name = lookup.name,
                          .partition = {lookup.partition, items::Kind::kS},
                          .sort = {lookup.sort, items::Kind::kS}};
    Must(store->CreateTables(op, std::span(&spec, 1)));
    if (!set.contains(lookup.table)) continue;
    for (const auto& [key, item] : set.at(lookup.table)) {
      if (item.Text(lookup.partition).empty() || item.Text(lookup.sort).empty()) continue;
      if (!item.Text(lookup.partition).contains(lookup.mark)) continue;
      const items::Write write = items::Write::Put(lookup.name, item);
      (void)Must(store->Commit(op, std::span(&write, 1)));
    }
  }
  return store;
}

inline void Append(std::vector<Output::Remark>& to, const std::vector<Output::Remark>& more) {
  to.insert(to.end(), more.begin(), more.end());
}

// Takes a step over whole tables.  `residue`: what the opposite direction left (empty: none).
// Every record the naive engine writes for a key twice is a failed test.
inline NaiveResult RunNaive(const Step& step, Direction direction, const Settings& settings,
                            const TableSet& source, const std::vector<Residue>& residue = {}) {
  const TablePair versions = direction == Direction::kUp ? TablePair{step.from(), step.to()}
                                                         : TablePair{step.to(), step.from()};
  std::map<std::pair<std::string, std::string>, const Residue*> lost;
  for (const auto& r : residue) lost[{r.table, items::EncodeItem(r.key)}] = &r;
  const FindResidue find = [&](std::string_view table,
                               const items::Item& key) -> Result<std::optional<Residue>> {
    const auto found = lost.find({std::string(table), items::EncodeItem(key)});
    if (found == lost.end()) return std::optional<Residue>();
    return std::optional<Residue>(*found->second);
  };

  NaiveResult result;
  OpContext op;
  const auto store = StoreOf(source, versions.source);
  std::set<std::string, std::less<>> read, written;
  for (const Phase* phase : step.Phases(settings.dialect)) {
    const PhaseInfo& info = phase->info();
    const auto lookups = LookupsOver(LookupsOf(info, direction), source);
    State state(op, *store, lookups.get());
    const Context cx{settings, state};
    for (const auto table : WritesOf(info, direction)) {
      EXPECT_TRUE(written.emplace(table).second) << table << " is written by two phases";
      result.tables[std::string(table)];
    }
    std::vector<Unit> units;
    std::map<std::string, Unit> groups;
    for (const auto table : ReadsOf(info, direction)) {
      read.emplace(table);
      if (!source.contains(std::string(table))) continue;
      for (const auto& [key, item] : source.at(std::string(table))) {
        Record record{table, item};
        if (!items::IsSystemTable(table) && tables::FindTable(versions.source, table) == nullptr)
          result.residue.push_back({.kind = Residue::Kind::kWhole,
                                    .table = std::string(table),
                                    .key = items::KeyOf(Spec(table), item),
                                    .original = item});
        auto group = Must(phase->GroupOf(direction, record, cx));
        if (!group) {
          units.push_back({.group = {}, .records = {std::move(record)}});
          continue;
        }
        groups[*group].group = *group;
        groups[*group].records.push_back(std::move(record));
      }
    }
    for (auto& [name, unit] : groups) units.push_back(std::move(unit));
    for (const auto& unit : units) {
      auto made = Must(TransformUnit(*phase, direction, versions, unit, cx, find));
      for (auto& put : made.output.puts) {
        auto& rows = result.tables[std::string(put.table)];
        auto key = items::EncodeItem(items::KeyOf(Spec(put.table), put.item));
        EXPECT_FALSE(rows.contains(key)) << "two units made " << items::aws::ToJson(put.item);
        rows[std::move(key)] = std::move(put.item);
      }
      result.residue.insert(result.residue.end(), made.residue.begin(), made.residue.end());
      Append(result.remarks.quarantined, made.output.quarantined);
      Append(result.remarks.ambiguous, made.output.ambiguous);
      Append(result.remarks.notes, made.output.notes);
      Append(result.remarks.defects, made.output.defects);
    }
  }
  for (const auto& [table, rows] : source) {
    if (written.contains(table)) continue;
    const bool of_source = tables::FindTable(versions.source, table) != nullptr;
    const bool of_destination = tables::FindTable(versions.destination, table) != nullptr;
    if (of_destination || !of_source) {
      result.tables[table] = rows;
    } else if (!read.contains(table)) {
      for (const auto& [key, item] : rows)
        result.residue.push_back({.kind = Residue::Kind::kWhole,
                                  .table = table,
                                  .key = items::KeyOf(Spec(table), item),
                                  .original = item});
    }
  }
  for (const auto& r : residue) {
    if (r.kind != Residue::Kind::kWhole) continue;
    result.tables[r.table].try_emplace(items::EncodeItem(r.key), r.original);
  }
  return result;
}

// What differs between two table sets, one line a record: "Table - {json}" is missing, "+" is too
// much.  Empty tables do not count.
inline std::string Differences(const TableSet& expected, const TableSet& actual) {
  std::string text;
  std::set<std::string> names;
  for (const auto& [table, rows] : expected) names.insert(table);
  for (const auto& [table, rows] : actual) names.insert(table);
  static const Rows kNone;
  for (const auto& name : names) {
    const Rows& want = expected.contains(name) ? expected.at(name) : kNone;
    const Rows& have = actual.contains(name) ? actual.at(name) : kNone;
    for (const auto& [key, item] : want)
      if (!have.contains(key) || !(have.at(key) == item))
        text += fmt::format("{} - {}\n", name, items::aws::ToJson(item));
    for (const auto& [key, item] : have)
      if (!want.contains(key) || !(want.at(key) == item))
        text += fmt::format("{} + {}\n", name, items::aws::ToJson(item));
  }
  return text;
}

}  // namespace vams::migrate::test
