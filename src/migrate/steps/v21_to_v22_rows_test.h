// What the tests of single records of step 2.1 -> 2.2 share: small worlds, runs, comparisons, the
// assets of the examples in migrations.md 3.7.
#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/steps.h"
#include "migrate/steps/step_fixtures_test.h"

namespace vams::migrate::test::v22 {

using items::Item;
using items::Value;

inline constexpr std::string_view kAssets = "AssetStorageTable";
inline constexpr std::string_view kVersions = "AssetVersionsStorageTable";
inline constexpr std::string_view kFiles = "AssetFileVersionsStorageTable";
inline constexpr std::string_view kDatabases = "DatabaseStorageTable";
inline constexpr std::string_view kBuckets = "S3AssetBucketsStorageTable";
inline constexpr std::string_view kComments = "CommentStorageTable";
inline constexpr std::string_view kOldLinks = "AssetLinksStorageTable";
inline constexpr std::string_view kLinks = "AssetLinksStorageTableV2.2";
inline constexpr std::string_view kMetadata = "MetadataStorageTable";
inline const std::string kTime = IsoTime(kRunMillis);

inline void PutBucket(TableSet& set, std::string_view id, std::string_view name,
                      std::string_view prefix) {
  Put(set, kBuckets,
      Item{{"bucketId", Value::S(std::string(id))},
           {"bucketName", Value::S(std::string(name))},
           {"baseAssetsPrefix", Value::S(std::string(prefix))},
           {"bucketName:baseAssetsPrefix", Value::S(fmt::format("{}:{}", name, prefix))}});
}

inline TableSet World() {
  TableSet set;
  PutBucket(set, "b1", "yard", "/");
  return set;
}

inline TableSet With(std::string_view table, std::initializer_list<std::string_view> rows,
                     TableSet set = World()) {
  for (const auto row : rows) Put(set, table, Json(row));
  return set;
}

inline NaiveResult Up(const TableSet& source, Dialect dialect = Dialect::kCorrected,
                      const std::vector<Residue>& residue = {}) {
  return RunNaive(Step21To22(), Direction::kUp, SettingsFor(dialect), source, residue);
}

inline NaiveResult Down(const TableSet& source, const std::vector<Residue>& residue = {},
                        Dialect dialect = Dialect::kCorrected) {
  return RunNaive(Step21To22(), Direction::kDown, SettingsFor(dialect), source, residue);
}

inline void ExpectBack(const TableSet& source, Dialect dialect = Dialect::kCorrected) {
  const auto up = Up(source, dialect);
  EXPECT_EQ("", Differences(source, Down(up.tables, up.residue, dialect).tables));
}

// Tables by name, each with its rows, in key order.
inline void ExpectTable(const TableSet& set, std::string_view table,
                        std::initializer_list<std::string> rows) {
  TableSet expected, actual;
  expected[std::string(table)];
  for (const auto& row : rows) {
    std::string text = row;
    for (std::size_t at; (at = text.find("@T")) != text.npos;) text.replace(at, 2, kTime);
    Put(expected, table, Json(text));
  }
  if (set.contains(std::string(table))) actual[std::string(table)] = set.at(std::string(table));
  EXPECT_EQ("", Differences(expected, actual));
}

inline objects::ObjectVersion Version(std::string key, std::string id, std::uint64_t size = 1) {
  objects::ObjectVersion version;
  version.bucket = "yard";
  version.key = std::move(key);
  version.version_id = std::move(id);
  version.size = size;
  version.etag = "e-" + version.version_id;
  version.last_modified_millis = 1736766000000;  // 2025-01-13T11:00:00Z
  return version;
}

inline objects::ObjectVersion Marker(std::string key, std::string id) {
  auto version = Version(std::move(key), std::move(id));
  version.is_delete_marker = true;
  return version;
}

inline constexpr std::string_view kCrane =
    R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"crane"},"assetName":{"S":"Crane"},"assetLocation":{"M":{"Key":{"S":"crane/"}}},"isMultiFile":{"BOOL":true},"pipelineId":{"S":""},"executionId":{"S":""},"specifiedPipelines":{"L":[]},"currentVersion":{"M":{"Version":{"S":"2"},"Comment":{"S":"rev 2"},"S3Version":{"S":"v-b"},"DateModified":{"S":"January 02 2025 - 10:00:00"},"description":{"S":"d2"},"specifiedPipelines":{"L":[{"S":"p"}]}}},"versions":{"L":[{"M":{"Version":{"S":"1"},"Comment":{"S":"rev 1"}}}]}})";
inline constexpr std::string_view kLeg =
    R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"leg"},"assetType":{"S":".glb"},"assetLocation":{"M":{"Key":{"S":"leg/leg.glb"},"Bucket":{"S":"old"}}},"currentVersion":{"M":{"Version":{"S":"1"}}}})";
inline constexpr std::string_view kRelief =
    R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"relief"},"assetLocation":{"M":{"Key":{"S":"relief/r.obj"}}}})";
inline constexpr std::string_view kTruss =
    R"({"databaseId":{"S":"bridge-lab"},"assetId":{"S":"truss"},"versions":{"L":[{"M":{"Version":{"S":"1"},"Comment":{"S":"first"}}},{"M":{"Version":{"S":"11"},"Comment":{"S":"latest"}}}]}})";
inline constexpr std::string_view kNoNumber =
    R"({"databaseId":{"S":"dd"},"assetId":{"S":"x"},"currentVersion":{"M":{"Comment":{"S":"c"}}},"versions":{"L":[{"M":{"Version":{"S":"3"}}}]}})";
inline constexpr std::string_view kUnicode =
    R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"Ångström-Büste 3"},"weight":{"N":"12.5"},"thumb":{"B":"AAEC"},"loan":{"M":{"to":{"S":"東京"},"until":{"NULL":true}}},"description":{"S":""},"currentVersion":{"M":{"Version":{"S":"1"}}}})";
inline constexpr std::string_view kSingle =
    R"({"databaseId":{"S":"dd"},"assetId":{"S":"leg"},"assetType":{"S":".GLB"},"isMultiFile":{"BOOL":false},"assetLocation":{"M":{"Key":{"S":"leg/sub/leg.GLB"}}},"currentVersion":{"M":{"Version":{"S":"3"},"S3Version":{"S":"v3"},"DateModified":{"S":"January 03 2025 - 10:00:00"}}},"versions":{"L":[{"M":{"Version":{"S":"1"},"S3Version":{"S":"v1"},"DateModified":{"S":"January 01 2025 - 10:00:00"}}},{"M":{"Version":{"S":"2"},"S3Version":{"S":""},"DateModified":{"S":"long ago"}}}]}})";

}  // namespace vams::migrate::test::v22
