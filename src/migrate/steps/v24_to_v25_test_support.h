// What the tests of the step 2.4 -> 2.5 and of the repair share: small data sets in words.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/naive_engine_test.h"
#include "migrate/steps.h"
#include "migrate/steps/v24_to_v25.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"

namespace vams::migrate::test {

inline Settings SettingsOf(Dialect dialect) {
  return {.dialect = dialect, .run_id = "run-1", .run_millis = 1'750'000'000'000};
}

inline void AddAsset(TableSet& set, std::string_view database, std::string_view id,
                     std::string_view current, std::string_view bucket = "b1") {
  Put(set, v25::kAssets,
      Json(fmt::format(R"({{"databaseId":{{"S":"{}"}},"assetId":{{"S":"{}"}},)"
                       R"("currentVersionId":{{"S":"{}"}},"bucketId":{{"S":"{}"}}}})",
                       database, id, current, bucket)));
}

inline items::Item Version1(std::string_view id, std::string_view version, bool current) {
  return Json(
      fmt::format(R"({{"assetId":{{"S":"{}"}},"assetVersionId":{{"S":"{}"}},)"
                  R"("comment":{{"S":"Revision {}"}},"isCurrentVersion":{{"BOOL":{}}},)"
                  R"("dateCreated":{{"S":"2025-01-0{}"}},"specifiedPipelines":{{"L":[]}}}})",
                  id, version, version, current, version.substr(0, 1)));
}

inline items::Item Version2(std::string_view database, std::string_view id,
                            std::string_view version, bool current) {
  auto row = Version1(id, version, current);
  row.Set("databaseId", items::Value::S(std::string(database)));
  row.Set("databaseId:assetId", items::Value::S(fmt::format("{}:{}", database, id)));
  return row;
}

inline items::Item File1(std::string_view version_key, std::string_view file,
                         std::string_view object_version = "ov") {
  return Json(fmt::format(R"({{"assetId:assetVersionId":{{"S":"{}"}},"fileKey":{{"S":"{}"}},)"
                          R"("versionId":{{"S":"{}"}},"size":{{"N":"7"}},"etag":{{"S":"e7"}}}})",
                          version_key, file, object_version));
}

inline items::Item File2(std::string_view database, std::string_view id, std::string_view version,
                         std::string_view file, std::string_view object_version = "ov") {
  auto row = File1("x", file, object_version);
  row.Remove("assetId:assetVersionId");
  row.Set("databaseId:assetId", items::Value::S(fmt::format("{}:{}", database, id)));
  row.Set("databaseId:assetId:assetVersionId",
          items::Value::S(fmt::format("{}:{}:{}", database, id, version)));
  return row;
}

inline items::Item Snapshot(std::string_view key, std::string_view asset_key = "") {
  auto row = Json(fmt::format(R"({{"databaseId:assetId:assetVersionId":{{"S":"{}"}},)"
                              R"("type:filePath:metadataKey":{{"S":"metadata:/:owner"}},)"
                              R"("metadataValue":{{"S":"x"}}}})",
                              key));
  if (!asset_key.empty()) row.Set("databaseId:assetId", items::Value::S(std::string(asset_key)));
  return row;
}

inline void AddBucket(TableSet& set, std::string_view id, std::string_view name,
                      std::string_view prefix) {
  Put(set, v25::kBuckets,
      Json(fmt::format(R"({{"bucketId":{{"S":"{}"}},"bucketName":{{"S":"{}"}},)"
                       R"("baseAssetsPrefix":{{"S":"{}"}},)"
                       R"("bucketName:baseAssetsPrefix":{{"S":"{}:{}"}}}})",
                       id, name, prefix, name, prefix)));
}

inline void AddObject(TableSet& set, std::string_view bucket, std::string_view key,
                      std::string_view version_id) {
  objects::ObjectVersion version;
  version.bucket = bucket;
  version.key = key;
  version.version_id = version_id;
  version.sequence = 1;
  version.size = 7;
  version.etag = "e7";
  Put(set, tables::kObjectVersionsTable, objects::VersionItem(version));
  Put(set, tables::kObjectsTable,
      objects::ObjectItem({.newest = version, .next = 2, .versions = 1}));
}

inline const items::Item* FindRow(const TableSet& set, std::string_view table, items::Item key) {
  const auto rows = set.find(std::string(table));
  if (rows == set.end()) return nullptr;
  const auto row = rows->second.find(items::EncodeItem(key));
  return row == rows->second.end() ? nullptr : &row->second;
}

inline const items::Item* FindVersion2(const TableSet& set, std::string_view asset_key,
                                       std::string_view version) {
  return FindRow(set, v25::kVersions2,
                 {{"databaseId:assetId", items::Value::S(std::string(asset_key))},
                  {"assetVersionId", items::Value::S(std::string(version))}});
}

inline const items::Item* FindVersion1(const TableSet& set, std::string_view id,
                                       std::string_view version) {
  return FindRow(set, v25::kVersions1,
                 {{"assetId", items::Value::S(std::string(id))},
                  {"assetVersionId", items::Value::S(std::string(version))}});
}

// The keys of a table, "partition|sort" in order.
inline std::vector<std::string> KeysOf(const TableSet& set, std::string_view table) {
  std::vector<std::string> keys;
  const auto& spec = Spec(table);
  if (!set.contains(std::string(table))) return keys;
  for (const auto& [encoded, item] : set.at(std::string(table)))
    keys.push_back(fmt::format("{}|{}", item.Text(spec.partition.name), item.Text(spec.sort.name)));
  std::ranges::sort(keys);
  return keys;
}

// "code table partition|sort" of remarks, in order.
inline std::vector<std::string> Listed(const std::vector<Output::Remark>& remarks) {
  std::vector<std::string> lines;
  for (const auto& remark : remarks) {
    const auto& spec = Spec(remark.table);
    lines.push_back(fmt::format("{} {}|{}", remark.code, remark.record.Text(spec.partition.name),
                                remark.record.Text(spec.sort.name)));
  }
  std::ranges::sort(lines);
  return lines;
}

inline std::size_t CountOf(const std::vector<Output::Remark>& remarks, std::string_view code) {
  return static_cast<std::size_t>(
      std::ranges::count(remarks, code, [](const auto& r) { return std::string_view(r.code); }));
}

// The step, up and down.
inline NaiveResult Up(const TableSet& set, Settings settings,
                      const std::vector<Residue>& residue = {}) {
  return RunNaive(Step24To25(), Direction::kUp, settings, set, residue);
}
inline NaiveResult Up(const TableSet& set) { return Up(set, SettingsOf(Dialect::kCorrected)); }
inline NaiveResult Down(const TableSet& set, const std::vector<Residue>& residue = {}) {
  return RunNaive(Step24To25(), Direction::kDown, SettingsOf(Dialect::kCorrected), set, residue);
}

inline TableSet Yard() {
  TableSet set;
  AddAsset(set, "harbor-yard", "crane", "2");
  AddAsset(set, "harbor-yard#deleted", "hook", "1");
  AddAsset(set, "museum_scans", "Ångström-Büste 3", "1");
  AddAsset(set, "bridge-lab", "pier scan, west", "2");
  return set;
}

// The folder with the files that tests compare with, beside or above the current folder.
inline std::filesystem::path TestData() {
  for (auto at = std::filesystem::current_path();; at = at.parent_path()) {
    if (auto folder = at / "src/migrate/steps/testdata"; std::filesystem::exists(folder))
      return folder;
    if (at == at.root_path()) throw std::runtime_error("no testdata at or above this folder");
  }
}

// Compares with a file of ours; writes it when VAMS_UPDATE_TESTDATA is set.
inline void ExpectTestData(std::string_view name, const std::string& text) {
  const auto path = TestData() / name;
  if (std::getenv("VAMS_UPDATE_TESTDATA") != nullptr) std::ofstream(path) << text;
  std::ifstream in(path);
  std::stringstream content;
  content << in.rdbuf();
  EXPECT_EQ(content.str(), text) << path << "; set VAMS_UPDATE_TESTDATA=1 to accept it";
}

}  // namespace vams::migrate::test
