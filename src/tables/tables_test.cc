#include "tables/tables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "items/codec.h"
#include "tables/fixture_rows_test.h"

namespace vams::tables {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

constexpr DataVersion k21{2, 1};
constexpr DataVersion k22{2, 2};
constexpr DataVersion k24{2, 4};
constexpr DataVersion k25{2, 5};

TEST(DataVersion, ParsesAndPrints) {
  for (const char* text : {"2.1", "2.5", "3.0", "10.12"}) {
    const auto version = DataVersion::Parse(text);
    ASSERT_TRUE(version.ok()) << text;
    EXPECT_EQ(version->ToString(), text);
  }
  EXPECT_EQ(*DataVersion::Parse("2.4"), k24);
}

TEST(DataVersion, RefusesTextThatIsNoVersion) {
  for (const char* text : {"", "2", "2.", ".4", "v2.4", "2.4.1", "2.04", "02.4", "2.-4", "2. 4",
                           "2.4 ", "2.256", "two"})
    EXPECT_EQ(DataVersion::Parse(text).error().code, Code::kInvalid) << text;
}

TEST(DataVersion, OrdersByNumberNotByText) {
  EXPECT_LT(*DataVersion::Parse("2.9"), *DataVersion::Parse("2.10"));
  EXPECT_LT(*DataVersion::Parse("2.10"), *DataVersion::Parse("3.0"));
}

TEST(DataVersion, UnknownVersionIsRefusedWithTheKnownOnes) {
  const auto version = DataVersion::ParseKnown("2.9");

  ASSERT_FALSE(version.ok());
  EXPECT_EQ(version.error().code, Code::kInvalid);
  EXPECT_THAT(version.error().message, HasSubstr("2.1, 2.2, 2.3, 2.4, 2.5"));
}

TEST(DataVersion, ListIsAscendingAndEndsWithTheNewest) {
  const auto all = AllVersions();

  EXPECT_TRUE(std::ranges::is_sorted(all));
  EXPECT_EQ(all.front(), kOldest);
  EXPECT_EQ(all.back(), kNewest);
  EXPECT_EQ(kNewest, k25);
}

TEST(Tables, EveryVersionHasItsNumberOfTables) {
  std::vector<std::size_t> counts;
  for (const DataVersion version : AllVersions()) counts.push_back(TablesOf(version).size());

  EXPECT_THAT(counts, ElementsAre(17, 23, 23, 29, 32));
  EXPECT_TRUE(TablesOf({2, 0}).empty());
}

// Find uses binary search, so the order of the rows is part of their correctness.
TEST(Tables, AreSortedByNameWithoutRepetition) {
  for (const DataVersion version : AllVersions()) {
    const auto tables = TablesOf(version);
    EXPECT_EQ(std::ranges::adjacent_find(tables, std::ranges::greater_equal{}, &TableDef::name),
              tables.end());
    for (const TableDef& table : tables) {
      EXPECT_EQ(FindTable(version, table.name), &table);
      EXPECT_EQ(std::ranges::adjacent_find(table.attributes, std::ranges::greater_equal{},
                                           &AttributeDef::name),
                table.attributes.end())
          << table.name;
    }
  }
}

TEST(Tables, SpecsAreLegalAndKeysAreKnownAttributes) {
  for (const DataVersion version : AllVersions())
    for (const TableDef& table : TablesOf(version)) {
      const auto status = items::CheckTableSpec(SpecOf(table));
      EXPECT_TRUE(status.ok()) << status.error().message;
      EXPECT_NE(table.FindAttribute(table.partition), nullptr) << table.name;
      if (!table.sort.empty()) {
        EXPECT_NE(table.FindAttribute(table.sort), nullptr) << table.name;
      }
      for (const IndexDef& index : table.indexes)
        for (const auto key : {index.partition, index.sort})
          // No writer ever stores metadataEntityType: its index is empty in every release.
          EXPECT_TRUE(key.empty() || key == "metadataEntityType" ||
                      table.FindAttribute(key) != nullptr)
              << table.name << " " << index.name;
    }
}

TEST(Tables, FindTableKnowsWhichVersionHasIt) {
  EXPECT_EQ(FindTable(k24, "AssetVersionsStorageTableV2"), nullptr);
  EXPECT_NE(FindTable(k25, "AssetVersionsStorageTableV2"), nullptr);
  EXPECT_EQ(FindTable(k22, "JobStorageTable"), nullptr);
  EXPECT_NE(FindTableInAny("JobStorageTable"), nullptr);
  EXPECT_EQ(FindTableInAny("AssetVersionsStorageTableV3"), nullptr);
  EXPECT_EQ(AllTableNames().size(), 34U);
}

TEST(Tables, DeprecatedTablesAreNotInUse) {
  const auto deprecated = [](DataVersion version) {
    std::vector<std::string_view> names;
    for (const TableDef& table : TablesOf(version))
      if (!table.in_use) names.push_back(table.name);
    return names;
  };

  EXPECT_THAT(deprecated(k21), UnorderedElementsAre("JobStorageTable"));
  EXPECT_THAT(deprecated(k22), UnorderedElementsAre("AssetLinksStorageTable"));
  EXPECT_THAT(deprecated(k24),
              UnorderedElementsAre("AssetLinksStorageTable", "MetadataStorageTable",
                                   "MetadataSchemaStorageTable"));
  EXPECT_THAT(deprecated(k25),
              UnorderedElementsAre("AssetLinksStorageTable", "MetadataStorageTable",
                                   "MetadataSchemaStorageTable", "AssetVersionsStorageTable",
                                   "AssetFileVersionsStorageTable"));
}

TEST(Tables, AttributesComeAndGoWithTheVersions) {
  const TableDef* before = FindTable(k21, "AssetStorageTable");
  const TableDef* after = FindTable(k22, "AssetStorageTable");

  EXPECT_NE(before->FindAttribute("currentVersion"), nullptr);
  EXPECT_EQ(before->FindAttribute("bucketId"), nullptr);
  EXPECT_EQ(after->FindAttribute("currentVersion"), nullptr);
  EXPECT_NE(after->FindAttribute("bucketId"), nullptr);
  const auto* count = FindTable(k24, "DatabaseStorageTable")->FindAttribute("assetCount");
  EXPECT_TRUE(count->kinds.Has(items::Kind::kN));
  EXPECT_TRUE(count->kinds.Has(items::Kind::kS));
  EXPECT_FALSE(count->kinds.Has(items::Kind::kBool));
}

TEST(Tables, SpecOfUnknownTableIsNotFound) {
  EXPECT_EQ(SpecOf("ApiKeyStorageTable", k24).error().code, Code::kNotFound);
  EXPECT_EQ(SpecOf("ApiKeyStorageTable", k25)->indexes.size(), 2U);
}

// ---- Against the definitions that come with the fixtures
// -------------------------------------------

using TablesFixtureTest = FixtureTest;

std::string Text(const boost::json::value& value) {
  return value.is_null() ? std::string() : std::string(value.as_string());
}

// One table as text, the same from both sides.
std::string Shape(std::string_view partition, std::string_view sort, std::string_view stream,
                  std::vector<std::string> indexes) {
  std::ranges::sort(indexes);
  std::string shape =
      "(" + std::string(partition) + ", " + std::string(sort) + ") stream=" + std::string(stream);
  for (const auto& index : indexes) shape += " " + index;
  return shape;
}

std::string IndexShape(std::string_view kind, std::string_view name, std::string_view partition,
                       std::string_view sort, std::string_view projection) {
  return std::string(kind) + ":" + std::string(name) + "(" + std::string(partition) + ", " +
         std::string(sort) + ")" + std::string(projection);
}

std::map<std::string, std::string> ShapesOfFile(const files::Path& path) {
  const auto text = files::ReadAll(path);
  EXPECT_TRUE(text.ok()) << path;
  std::map<std::string, std::string> shapes;
  const auto json = boost::json::parse(*text);
  for (const auto& [name, table] : json.as_object()) {
    std::vector<std::string> indexes;
    const std::string partition = Text(table.at("partitionKey"));
    for (const auto& [index, spec] : table.at("globalSecondaryIndexes").as_object())
      indexes.push_back(IndexShape("GSI", index, Text(spec.at("partitionKey")),
                                   Text(spec.at("sortKey")), Text(spec.at("projection"))));
    // A local index shares the table's partition key, whether or not the file repeats it.
    for (const auto& [index, spec] : table.at("localSecondaryIndexes").as_object()) {
      if (const auto* own = spec.as_object().if_contains("partitionKey")) {
        EXPECT_EQ(Text(*own), partition) << name;
      }
      indexes.push_back(IndexShape("LSI", index, partition, Text(spec.at("sortKey")),
                                   Text(spec.at("projection"))));
    }
    shapes[std::string(name)] =
        Shape(partition, Text(table.at("sortKey")), Text(table.at("stream")), std::move(indexes));
  }
  return shapes;
}

std::map<std::string, std::string> ShapesOfVersion(DataVersion version) {
  std::map<std::string, std::string> shapes;
  for (const TableDef& table : TablesOf(version)) {
    const items::TableSpec spec = SpecOf(table);
    std::vector<std::string> indexes;
    for (const auto& index : spec.indexes) {
      EXPECT_EQ(index.projection, items::IndexSpec::Projection::kAll);
      indexes.push_back(IndexShape(index.local ? "LSI" : "GSI", index.name, index.partition.name,
                                   index.sort.name, "ALL"));
    }
    shapes[spec.name] =
        Shape(spec.partition.name, spec.sort.name,
              table.stream == StreamView::kNewImage ? "NEW_IMAGE" : "", std::move(indexes));
  }
  return shapes;
}

TEST_F(TablesFixtureTest, DefinitionsEqualTheRecordedOnesInBothDirections) {
  for (const DataVersion version : AllVersions())
    EXPECT_EQ(ShapesOfVersion(version),
              ShapesOfFile(root_ / ("v" + version.ToString()) / "_tables.json"))
        << version.ToString();
}

// Attributes in the sets which no release writes: they are there to show that unknown ones survive.
const std::set<std::string_view> kForeign = {"reviewScore", "reviewers", "thumbnail", "reviewedBy",
                                             "revision"};

// The attribute lists must describe what is really stored: every attribute of the input sets is
// listed with its kind for its version, or is one of the foreign ones.
TEST_F(TablesFixtureTest, StoredAttributesAreListedWithTheirKinds) {
  for (const char* line : {"2.1", "2.2", "2.3", "2.4"}) {
    RowSet rows;
    AddRows(rows, root_ / ("v" + std::string(line)));
    const DataVersion version = *DataVersion::Parse(line);
    for (const auto& [name, encoded_rows] : rows) {
      const TableDef* table = FindTable(version, name);
      ASSERT_NE(table, nullptr) << name;
      for (const auto& encoded : encoded_rows) {
        const auto item = items::DecodeItem(encoded);
        ASSERT_TRUE(item.ok());
        for (const auto& [attribute, value] : *item) {
          const AttributeDef* def = table->FindAttribute(attribute);
          if (def == nullptr) {
            EXPECT_TRUE(name == "MetadataStorageTable" || kForeign.contains(attribute))
                << line << " " << name << " " << attribute;
            continue;
          }
          EXPECT_TRUE(def->kinds.Has(value.kind()))
              << line << " " << name << " " << attribute << " " << items::KindName(value.kind());
        }
      }
    }
  }
}

}  // namespace
}  // namespace vams::tables
