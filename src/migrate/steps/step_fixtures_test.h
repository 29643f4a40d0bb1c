// What the tests of the steps up to 2.3 share: fixture sets with their object listing, expected
// sets with the run's time in them, comparison with a stored text.
#pragma once

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>

#include "migrate/naive_engine_test.h"
#include "migrate/steps/old_times.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"

namespace vams::migrate::test {

inline constexpr std::int64_t kRunMillis = 1741600000123;

inline Settings SettingsFor(Dialect dialect) {
  Settings settings;
  settings.dialect = dialect;
  settings.run_id = "a-run";
  settings.run_millis = kRunMillis;
  return settings;
}

inline void PutObject(TableSet& set, objects::ObjectRecord record) {
  Put(set, tables::kObjectsTable, objects::ObjectItem(record));
  Put(set, tables::kObjectVersionsTable, objects::VersionItem(record.newest));
}

// An object with its versions, oldest first; the last is the newest.
inline void PutVersions(TableSet& set, std::vector<objects::ObjectVersion> versions) {
  std::int64_t sequence = 0;
  for (auto& version : versions) {
    version.sequence = ++sequence;
    Put(set, tables::kObjectVersionsTable, objects::VersionItem(version));
  }
  Put(set, tables::kObjectsTable,
      objects::ObjectItem({.newest = versions.back(), .next = sequence + 1, .versions = sequence}));
}

// The rows of the system tables that an import of the folder's object listing makes.
inline void AddListing(TableSet& set, std::string_view folder) {
  const auto root = testing::FixtureFolder();
  ASSERT_TRUE(root.has_value());
  std::ifstream in(*root / "dynamodb" / folder / "_s3-objects.json");
  ASSERT_TRUE(in.is_open()) << folder;
  std::stringstream text;
  text << in.rdbuf();
  const auto listing = boost::json::parse(text.str());
  for (const auto& entry : listing.as_array()) {
    const auto& object = entry.as_object();
    const auto field = [&](std::string_view name) {
      return std::string(object.at(name).as_string());
    };
    objects::ObjectVersion version;
    version.bucket = field("bucket");
    version.key = field("key");
    version.version_id = field("versionId");
    version.sequence = 1;
    version.size = object.at("size").to_number<std::uint64_t>();
    version.user_metadata.emplace();
    for (const auto& [name, value] : object.at("metadata").as_object())
      (*version.user_metadata)[name] = value.as_string();
    PutObject(set, {.newest = std::move(version), .next = 2, .versions = 1});
  }
}

// A recorded result with the time of the run in its place.
inline TableSet Expected(std::string_view folder, std::string_view time) {
  TableSet recorded, set;
  AddFixture(recorded, folder);
  for (auto& [table, rows] : recorded)
    for (auto& [key, row] : rows) {
      items::Item item;
      for (const auto& attribute : row)
        item.Set(attribute.name,
                 attribute.value.is(items::Kind::kS) && attribute.value.text() == "@MIGRATION_TIME@"
                     ? items::Value::S(std::string(time))
                     : attribute.value);
      Put(set, table, std::move(item));
    }
  return set;
}

inline TableSet WithoutSystem(TableSet set) {
  std::erase_if(set, [](const auto& table) { return items::IsSystemTable(table.first); });
  return set;
}

// Compares with a file of testdata/, which is beside or above the current folder; writes it when
// VAMS_UPDATE_TESTDATA is set.
inline void ExpectStored(std::string_view name, const std::string& actual) {
  std::filesystem::path folder = std::filesystem::current_path();
  const std::filesystem::path data = "src/migrate/steps/testdata";
  while (!std::filesystem::exists(folder / data) && folder != folder.root_path())
    folder = folder.parent_path();
  const auto path = folder / data / name;
  if (std::getenv("VAMS_UPDATE_TESTDATA") != nullptr) std::ofstream(path) << actual;
  std::ifstream in(path);
  std::stringstream stored;
  stored << in.rdbuf();
  EXPECT_TRUE(stored.str() == actual)
      << path << " is not what the step does; VAMS_UPDATE_TESTDATA=1 rewrites it, then review it";
}

// Row of a table by its key attributes, as JSON; "" if there is none.
inline std::string RowText(const TableSet& set, std::string_view table, const items::Item& key) {
  const auto rows = set.find(std::string(table));
  if (rows == set.end()) return {};
  const auto row = rows->second.find(items::EncodeItem(items::KeyOf(Spec(table), key)));
  return row == rows->second.end() ? std::string() : items::aws::ToJson(row->second);
}

// "code table {key}" of every remark, sorted.
inline std::multiset<std::string> Codes(const std::vector<Output::Remark>& remarks) {
  std::multiset<std::string> codes;
  for (const auto& remark : remarks)
    codes.insert(fmt::format("{} {} {}", remark.code, remark.table,
                             items::aws::ToJson(items::KeyOf(Spec(remark.table), remark.record))));
  return codes;
}

}  // namespace vams::migrate::test
