// What the tests of the step 2.3 -> 2.4 share: small tables made by hand, both directions, round
// trips in both dialects.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <initializer_list>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "migrate/steps.h"
#include "migrate/steps/step_fixtures_test.h"

namespace vams::migrate::test::v24 {

using items::Item;
using items::Value;

inline constexpr auto kOld = "MetadataStorageTable";
inline constexpr auto kNew = "AssetFileMetadataStorageTableV2";
inline constexpr auto kAttribute = "FileAttributeStorageTableV2";
inline constexpr auto kAuth = "AuthEntitiesTable";
inline constexpr auto kConstraint = "ConstraintsStorageTable";
inline constexpr auto kOldSchema = "MetadataSchemaStorageTable";
inline constexpr auto kNewSchema = "MetadataSchemaStorageTableV2";

inline NaiveResult Up(const TableSet& set, const std::vector<Residue>& residue = {},
                      Dialect dialect = Dialect::kCorrected) {
  return RunNaive(Step23To24(), Direction::kUp, SettingsFor(dialect), set, residue);
}

inline NaiveResult Down(const TableSet& set, const std::vector<Residue>& residue = {},
                        Dialect dialect = Dialect::kCorrected) {
  return RunNaive(Step23To24(), Direction::kDown, SettingsFor(dialect), set, residue);
}

inline void AddAsset(TableSet& set, std::string_view database, std::string_view asset,
                     std::string_view bucket = "", std::string_view key = "") {
  Item item{{"assetId", Value::S(std::string(asset))},
            {"databaseId", Value::S(std::string(database))}};
  if (!bucket.empty()) item.Set("bucketId", Value::S(std::string(bucket)));
  if (!key.empty()) item.Set("assetLocation", Value::M({{"Key", Value::S(std::string(key))}}));
  Put(set, "AssetStorageTable", std::move(item));
}

inline void AddBucket(TableSet& set, std::string_view id, std::string_view prefix) {
  Put(set, "S3AssetBucketsStorageTable",
      {{"baseAssetsPrefix", Value::S(std::string(prefix))},
       {"bucketId", Value::S(std::string(id))},
       {"bucketName", Value::S("bucket-" + std::string(id))},
       {"bucketName:baseAssetsPrefix", Value::S(fmt::format("bucket-{}:{}", id, prefix))}});
}

inline void AddOld(TableSet& set, std::string_view database, std::string_view key,
                   std::initializer_list<std::pair<std::string_view, Value>> fields) {
  Item item{{"assetId", Value::S(std::string(key))},
            {"databaseId", Value::S(std::string(database))}};
  for (const auto& [name, value] : fields) item.Set(name, value);
  Put(set, kOld, std::move(item));
}

inline Item NewRecord(std::string_view key, std::string_view composite, std::string_view value,
                      std::string_view type = "string") {
  const std::size_t second = composite.find(':', composite.find(':') + 1);
  return {{"databaseId:assetId", Value::S(std::string(composite.substr(0, second)))},
          {"databaseId:assetId:filePath", Value::S(std::string(composite))},
          {"metadataKey", Value::S(std::string(key))},
          {"metadataValue", Value::S(std::string(value))},
          {"metadataValueType", Value::S(std::string(type))}};
}

// "composite key=value (type)", sorted.
inline std::multiset<std::string> Metadata(const TableSet& set) {
  std::multiset<std::string> all;
  if (!set.contains(kNew)) return all;
  for (const auto& [key, row] : set.at(kNew))
    all.insert(fmt::format("{} {}={} ({})", row.Text("databaseId:assetId:filePath"),
                           row.Text("metadataKey"), row.Text("metadataValue"),
                           row.Text("metadataValueType")));
  return all;
}

inline std::string OldRow(const TableSet& set, std::string_view database, std::string_view key) {
  return RowText(
      set, kOld,
      {{"assetId", Value::S(std::string(key))}, {"databaseId", Value::S(std::string(database))}});
}

using Texts = std::multiset<std::string>;

inline std::string Reasons(const std::vector<Output::Remark>& remarks) {
  std::string all;
  for (const auto& remark : remarks) all += remark.code + ": " + remark.text + "\n";
  return all;
}

inline bool Has(const std::vector<Output::Remark>& remarks, std::string_view code) {
  return std::any_of(remarks.begin(), remarks.end(),
                     [&](const auto& remark) { return remark.code == code; });
}

inline void ExpectRoundTrip(const TableSet& source) {
  for (const auto dialect : {Dialect::kCorrected, Dialect::kReference}) {
    const auto up = Up(source, {}, dialect);
    EXPECT_EQ(Differences(source, Down(up.tables, up.residue, dialect).tables), "")
        << NameOf(dialect);
  }
}

inline void ExpectRoundTripDown(const TableSet& source) {
  for (const auto dialect : {Dialect::kCorrected, Dialect::kReference}) {
    const auto down = Down(source, {}, dialect);
    EXPECT_EQ(Differences(source, Up(down.tables, down.residue, dialect).tables), "")
        << NameOf(dialect);
  }
}

}  // namespace vams::migrate::test::v24
