#include "tables/physical_names.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "tables/tables.h"

namespace vams::tables {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Pair;
using ::testing::SizeIs;
using ::testing::UnorderedElementsAre;

constexpr std::string_view kStack =
    "vams-core-prod-us-east-1-StorageResourcesBuilderNestedStackStorageRes-1NBV8K2Q0ZQWE-";

std::string Plain(std::string_view canonical) {
  std::string plain(canonical);
  std::erase(plain, '.');
  return plain;
}

// As CloudFormation would name the table of a storage stack.
std::string Generated(std::string_view canonical, std::string_view hash = "0A1B2C3D",
                      std::string_view suffix = "1XK9Q2M4T7LPA") {
  return fmt::format("{}{}{}-{}", kStack, Plain(canonical), hash, suffix);
}

Mapping Map(std::vector<std::string> physical, std::map<std::string, std::string> given = {}) {
  auto mapping = MapNames(physical, given);
  EXPECT_TRUE(mapping.ok()) << mapping.error().message;
  return std::move(mapping).value_or(Mapping{});
}

std::string MapError(std::vector<std::string> physical, std::map<std::string, std::string> given) {
  const auto mapping = MapNames(physical, given);
  EXPECT_FALSE(mapping.ok());
  if (mapping.ok()) return {};
  EXPECT_EQ(mapping.error().code, Code::kInvalid);
  return mapping.error().message;
}

TEST(PhysicalNames, EveryTableIsFoundInAllThreeForms) {
  for (const auto canonical : AllTableNames()) {
    EXPECT_EQ(CanonicalOf(canonical), canonical);
    EXPECT_EQ(CanonicalOf(Plain(canonical)), canonical);
    EXPECT_EQ(CanonicalOf(Generated(canonical)), canonical);
    EXPECT_EQ(CanonicalOf(Plain(canonical) + "FFFFFFFF"), canonical) << "a logical id alone";
  }
}

// Names contain each other in four families; one letter too much or too little must match nothing.
TEST(PhysicalNames, NamesThatContainEachOtherAreNeverConfused) {
  const std::pair<const char*, const char*> families[] = {
      {"AssetVersionsStorageTable", "AssetVersionsStorageTableV2"},
      {"AssetFileVersionsStorageTable", "AssetFileVersionsStorageTableV2"},
      {"MetadataStorageTable", "AssetFileMetadataStorageTableV2"},
      {"MetadataStorageTable", "DatabaseMetadataStorageTableV2"},
      {"MetadataSchemaStorageTable", "MetadataSchemaStorageTableV2"},
      {"AssetLinksStorageTable", "AssetLinksStorageTableV2.2"},
      {"WorkflowExecutionStorageTable", "WorkflowExecutionsStorageTable"},
  };
  for (const auto& [one, other] : families) {
    const auto mapping = Map({Generated(one), Generated(other)});
    EXPECT_THAT(mapping.physical_of,
                UnorderedElementsAre(Pair(one, Generated(one)), Pair(other, Generated(other))));
    EXPECT_TRUE(mapping.RequireComplete().ok());
  }
}

TEST(PhysicalNames, WhatOnlyResemblesALogicalIdIsNotMatched) {
  const std::string plain = "AssetStorageTable";
  for (const std::string& name : {
           std::string(kStack) + plain + "-1XK9Q2M4T7LPA",           // no hash
           std::string(kStack) + plain + "0A1B2C3-1XK9Q2M4T7LPA",    // seven digits
           std::string(kStack) + plain + "0A1B2C3D4-1XK9Q2M4T7LPA",  // nine
           std::string(kStack) + plain + "0A1B2C3G-1XK9Q2M4T7LPA",   // no hexadecimal digit
           std::string(kStack) + plain + "V30A1B2C3D-1XK9Q2M4T7LPA",
           std::string(kStack) + "My" + plain + "0A1B2C3D-1XK9Q2M4T7LPA",
           std::string(kStack) + plain + "0A1B2C3D-restored",
           std::string(kStack) + plain + "0A1B2C3D-1XK9Q2M4T7LPA-copy",
           std::string(kStack) + plain + "0A1B2C3D-",
           "prod-" + plain,
           plain + "2",
           std::string("assetstoragetable"),
           std::string(),
       })
    EXPECT_EQ(CanonicalOf(name), "") << name;
}

TEST(PhysicalNames, GeneratedSuffixesOfBothKindsAreKnown) {
  EXPECT_EQ(CanonicalOf(Generated("TagStorageTable", "DEADBEEF", "ABC123")), "TagStorageTable");
  EXPECT_EQ(CanonicalOf(Generated("TagStorageTable", "DEADBEEF", "kX82hsKJ2hds")),
            "TagStorageTable");
}

// Random mutations of generated names: whatever still maps must map to the name that its logical
// id spells exactly.
TEST(PhysicalNames, AnyMatchSpellsTheWholeName) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const auto names = AllTableNames();
  for (int i = 0; i < 20000; ++i) {
    std::string name = Generated(names[random() % names.size()]);
    const std::size_t at = kStack.size() + random() % (name.size() - kStack.size());
    if (random() % 2 == 0)
      name.erase(at, 1 + random() % 3);
    else
      name.insert(at, 1, "-V2AF9s."[random() % 8]);
    const std::string_view canonical = CanonicalOf(name);
    if (canonical.empty()) continue;
    const std::size_t found = name.rfind("-" + Plain(canonical));
    ASSERT_NE(found, std::string::npos) << name << " -> " << canonical;
    const std::string rest = name.substr(found + 1 + Plain(canonical).size());
    EXPECT_TRUE(rest.size() == 8 || (rest.size() > 8 && rest[8] == '-')) << name;
  }
}

TEST(PhysicalNames, TwoTablesOfOneNameAreReportedAndNotMapped) {
  const std::string a = Generated("TagStorageTable", "AAAAAAAA");
  const std::string b = Generated("TagStorageTable", "BBBBBBBB");

  const auto mapping = Map({b, a, "AssetStorageTable"});

  ASSERT_THAT(mapping.clashes, SizeIs(1));
  EXPECT_EQ(mapping.clashes[0].canonical, "TagStorageTable");
  EXPECT_THAT(mapping.clashes[0].physical, ElementsAre(a, b));
  EXPECT_THAT(mapping.physical_of,
              UnorderedElementsAre(Pair("AssetStorageTable", "AssetStorageTable")));
  const auto status = mapping.RequireComplete();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message, HasSubstr("--map " + a + "=TagStorageTable"));
}

TEST(PhysicalNames, UnmatchedNamesComeWithCandidates) {
  const auto mapping = Map({"prod-AssetVersionsStorageTableV2", "AssetStorageTabel", "orders"});

  ASSERT_THAT(mapping.unmatched, SizeIs(3));
  ASSERT_FALSE(mapping.unmatched[0].candidates.empty());
  EXPECT_EQ(mapping.unmatched[0].candidates.front(), "AssetVersionsStorageTableV2");
  ASSERT_FALSE(mapping.unmatched[1].candidates.empty());
  EXPECT_EQ(mapping.unmatched[1].candidates.front(), "AssetStorageTable");
  EXPECT_THAT(mapping.unmatched[2].candidates, IsEmpty());
  const auto status = mapping.RequireComplete();
  ASSERT_FALSE(status.ok());
  EXPECT_THAT(status.error().message,
              HasSubstr("--map prod-AssetVersionsStorageTableV2=AssetVersionsStorageTableV2"));
  EXPECT_THAT(status.error().message, HasSubstr("orders is like no table's name"));
}

TEST(PhysicalNames, ExplicitMappingWinsOverTheForm) {
  const std::string generated = Generated("TagStorageTable");

  const auto mapping = Map({generated, "restored-tags"}, {{"restored-tags", "TagStorageTable"}});

  EXPECT_THAT(mapping.physical_of, UnorderedElementsAre(Pair("TagStorageTable", "restored-tags")));
  EXPECT_THAT(mapping.passed_over, ElementsAre(generated));
  EXPECT_TRUE(mapping.RequireComplete().ok());
}

TEST(PhysicalNames, ExplicitMappingSettlesAClashAndMayContradictTheForm) {
  const std::string a = Generated("TagStorageTable", "AAAAAAAA");
  const std::string b = Generated("TagStorageTable", "BBBBBBBB");

  const auto settled = Map({a, b}, {{b, "TagStorageTable"}});
  const auto contrary = Map({a}, {{a, "AssetLinksStorageTableV22"}});

  EXPECT_THAT(settled.physical_of, UnorderedElementsAre(Pair("TagStorageTable", b)));
  EXPECT_THAT(settled.clashes, IsEmpty());
  EXPECT_THAT(contrary.physical_of, UnorderedElementsAre(Pair("AssetLinksStorageTableV2.2", a)));
}

TEST(PhysicalNames, BadExplicitMappingsAreRefusedWithTheirReason) {
  EXPECT_THAT(MapError({"a"}, {{"a", "AssetStorageTabel"}}),
              HasSubstr("did you mean AssetStorageTable?"));
  EXPECT_THAT(MapError({"a"}, {{"a", ""}}), HasSubstr("is no table of any data version"));
  EXPECT_THAT(MapError({"a"}, {{"b", "TagStorageTable"}}), HasSubstr("there is no table \"b\""));
  EXPECT_THAT(MapError({"a", "b"}, {{"a", "TagStorageTable"}, {"b", "TagStorageTable"}}),
              HasSubstr("gives TagStorageTable twice, as a and as b"));
}

TEST(PhysicalNames, NothingGivesAnEmptyCompleteMapping) {
  const auto mapping = Map({});

  EXPECT_THAT(mapping.physical_of, IsEmpty());
  EXPECT_TRUE(mapping.RequireComplete().ok());
}

}  // namespace
}  // namespace vams::tables
