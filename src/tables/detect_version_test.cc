#include "tables/detect_version.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "items/codec.h"
#include "tables/fixture_rows_test.h"
#include "tables/tables.h"

namespace vams::tables {
namespace {

using items::Item;
using items::Value;
using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::SizeIs;

constexpr DataVersion k21{2, 1};
constexpr DataVersion k22{2, 2};
constexpr DataVersion k23{2, 3};
constexpr DataVersion k24{2, 4};
constexpr DataVersion k25{2, 5};

Value S(std::string_view text) { return Value::S(std::string(text)); }

// A detector with the rows of a test written short.
class Data {
 public:
  Data& Tables(DataVersion version) {
    for (const TableDef& table : TablesOf(version)) detector_.SeeTable(table.name, true);
    return *this;
  }
  Data& Row(std::string_view table, const Item& item) {
    detector_.See(table, items::EncodeItem(item));
    return *this;
  }
  Data& OldAsset(std::string_view id) {
    return Row("AssetStorageTable",
               {{"assetId", S(id)}, {"databaseId", S("yard")}, {"currentVersion", Value::M({})}});
  }
  Data& NewAsset(std::string_view id) {
    return Row("AssetStorageTable",
               {{"assetId", S(id)}, {"databaseId", S("yard")}, {"bucketId", S("b1")}});
  }
  Data& Version(std::string_view id) {
    return Row("AssetVersionsStorageTable", {{"assetId", S(id)}, {"assetVersionId", S("1")}});
  }
  Data& VersionV2(std::string_view id) {
    return Row("AssetVersionsStorageTableV2",
               {{"databaseId:assetId", S(id)}, {"assetVersionId", S("1")}});
  }
  Data& OldMetadata(std::string_view id) {
    return Row("MetadataStorageTable",
               {{"databaseId", S("yard")}, {"assetId", S(id)}, {"serial", S("7")}});
  }

  Detection Finish() const { return detector_.Finish(); }
  VersionDetector& detector() { return detector_; }

 private:
  VersionDetector detector_;
};

const Evidence* Find(const Detection& detection, std::string_view name) {
  for (const auto& e : detection.evidence)
    if (e.name == name) return &e;
  return nullptr;
}

std::string Shown(const Detection& detection) {
  return detection.version ? detection.version->ToString() : "contradiction";
}

#define EXPECT_DETECTED(detection, wanted) \
  EXPECT_EQ(Shown(detection), (wanted).ToString()) << Describe(detection)

// ---- The recorded sets
// -----------------------------------------------------------------------------

class DetectFixtureTest : public FixtureTest {
 protected:
  Detection Detect(std::initializer_list<std::string_view> folders) {
    RowSet rows;
    for (const auto folder : folders) AddRows(rows, root_ / folder);
    VersionDetector detector;
    for (const auto& [table, encoded_rows] : rows) {
      detector.SeeTable(table, true);
      for (const auto& encoded : encoded_rows) detector.See(table, encoded);
    }
    return detector.Finish();
  }
};

TEST_F(DetectFixtureTest, InputSetsAreWhatTheirFolderSays) {
  EXPECT_DETECTED(Detect({"v2.1"}), k21);
  EXPECT_DETECTED(Detect({"v2.2"}), k22);
  EXPECT_DETECTED(Detect({"v2.3"}), k23);
  EXPECT_DETECTED(Detect({"v2.4"}), k24);
}

// The state in which every migration starts: the newer release is deployed, its rows are there, the
// data is still old.
TEST_F(DetectFixtureTest, RowsOfANewerDeploymentAreNoEvidence) {
  EXPECT_DETECTED(Detect({"v2.1", "seed/v2.2"}), k21);
  EXPECT_DETECTED(Detect({"v2.2", "seed/v2.3"}), k22);
  EXPECT_DETECTED(Detect({"v2.3", "seed/v2.4"}), k23);
  EXPECT_DETECTED(Detect({"v2.4", "seed/v2.5"}), k24);
  EXPECT_DETECTED(Detect({"v2.1", "seed/v2.2", "seed/v2.3", "seed/v2.4", "seed/v2.5"}), k21);
  EXPECT_DETECTED(Detect({"v2.2", "seed/v2.3", "seed/v2.4", "seed/v2.5"}), k22);
  EXPECT_DETECTED(Detect({"v2.3", "seed/v2.4", "seed/v2.5"}), k23);
}

TEST_F(DetectFixtureTest, MigratedSetsAreTheVersionTheyWereMigratedTo) {
  EXPECT_DETECTED(Detect({"expected/v2.1_to_v2.2"}), k22);
  EXPECT_DETECTED(Detect({"expected/v2.2_to_v2.3"}), k23);
  EXPECT_DETECTED(Detect({"expected/v2.3_to_v2.4"}), k24);
  EXPECT_DETECTED(Detect({"expected/v2.4_to_v2.5"}), k25);
}

TEST_F(DetectFixtureTest, OnlyTheRightVersionCanBeDeclared) {
  const std::pair<const char*, DataVersion> sets[] = {
      {"v2.1", k21}, {"v2.3", k23}, {"v2.4", k24}, {"expected/v2.4_to_v2.5", k25}};
  for (const auto& [folder, version] : sets)
    for (const DataVersion declared : AllVersions())
      EXPECT_EQ(Reconcile(Detect({folder}), declared).ok(), declared == version)
          << folder << " as " << declared.ToString();
}

TEST_F(DetectFixtureTest, SetOf22MayBeDeclaredAs23ButNotMore) {
  const Detection detection = Detect({"v2.2"});

  EXPECT_TRUE(Reconcile(detection, k22).ok());
  EXPECT_TRUE(Reconcile(detection, k23).ok());
  EXPECT_FALSE(Reconcile(detection, k21).ok());
  EXPECT_FALSE(Reconcile(detection, k24).ok());
  EXPECT_THAT(detection.notes, Contains(HasSubstr("2.2 and 2.3 have the same tables")));
}

TEST_F(DetectFixtureTest, EvidenceIsCountedExactly) {
  const Detection detection = Detect({"v2.2", "seed/v2.4"});

  ASSERT_NE(Find(detection, "asset-names-bucket"), nullptr);
  EXPECT_EQ(Find(detection, "asset-names-bucket")->count, 14U);
  EXPECT_EQ(Find(detection, "asset-names-bucket")->samples.size(), 3U);
  EXPECT_EQ(Find(detection, "asset-versions")->count, 41U);
  EXPECT_EQ(detection.deployment_rows.at("ConstraintsStorageTable"), 15U);
  EXPECT_EQ(detection.unreadable_rows, 0U);
  EXPECT_EQ(Find(Detect({"expected/v2.2_to_v2.3"}), "metadata-touched")->count, 32U);
}

// Old assets over a newer set: what an interrupted step 2.1 to 2.2 leaves.
TEST_F(DetectFixtureTest, SetsOfTwoVersionsTogetherAreAContradiction) {
  EXPECT_TRUE(Detect({"v2.1", "v2.2"}).contradictory());
  EXPECT_TRUE(Detect({"v2.1", "expected/v2.4_to_v2.5"}).contradictory());
}

// ---- Contradictions
// --------------------------------------------------------------------------------

TEST(DetectVersion, AssetsOfBothShapesContradictEachOther) {
  const Detection detection = Data().OldAsset("crane").NewAsset("leg").NewAsset("hook").Finish();

  ASSERT_TRUE(detection.contradictory());
  EXPECT_FALSE(detection.version.has_value());
  ASSERT_THAT(detection.conflicts, SizeIs(1));
  EXPECT_EQ(detection.evidence[detection.conflicts[0].first].name, "asset-embeds-versions");
  EXPECT_EQ(detection.evidence[detection.conflicts[0].second].name, "asset-names-bucket");
  const auto version = VersionOf(detection);
  ASSERT_FALSE(version.ok());
  EXPECT_EQ(version.error().code, Code::kConflict);
  EXPECT_THAT(version.error().message, HasSubstr("1 row with the versions"));
  EXPECT_THAT(version.error().message, HasSubstr("yard | crane"));
  EXPECT_THAT(version.error().message, HasSubstr("2 rows with a bucket"));
  for (const DataVersion declared : AllVersions())
    EXPECT_FALSE(Reconcile(detection, declared).ok()) << declared.ToString();
}

// One row of the old shape among very many of the new one decides, wherever it stands.
TEST(DetectVersion, OneContraryRowAmongManyIsFound) {
  const unsigned seed = std::random_device()();
  SCOPED_TRACE(fmt::format("seed {}", seed));
  std::mt19937 random(seed);
  const int at = static_cast<int>(random() % 20000);
  Data data;

  for (int i = 0; i < 20000; ++i) i == at ? data.OldAsset("odd") : data.NewAsset("a");
  const Detection detection = data.Finish();

  EXPECT_TRUE(detection.contradictory());
  EXPECT_EQ(Find(detection, "asset-names-bucket")->count, 19999U);
  EXPECT_THAT(Find(detection, "asset-embeds-versions")->samples, ElementsAre("yard | odd"));
}

TEST(DetectVersion, HistoryInsideAnAssetThatHasABucketIsAContradiction) {
  const Detection detection = Data()
                                  .Row("AssetStorageTable", {{"assetId", S("a")},
                                                             {"databaseId", S("d")},
                                                             {"bucketId", S("b")},
                                                             {"versions", Value::L({})}})
                                  .Finish();

  EXPECT_TRUE(detection.contradictory());
}

TEST(DetectVersion, VersionRowsBesideOldAssetsAreAnInterruptedStep) {
  EXPECT_TRUE(Data().OldAsset("a").Version("a").Finish().contradictory());
}

// ---- What is missing
// -------------------------------------------------------------------------------

TEST(DetectVersion, VersionsThatWereNotCarriedKeepTheDataAt24) {
  const Detection detection = Data().Tables(k25).NewAsset("a").Version("a").Finish();

  EXPECT_NE(Find(detection, "versions-not-carried"), nullptr);
  EXPECT_FALSE(Reconcile(detection, k25).ok());
  EXPECT_TRUE(Reconcile(detection, k24).ok());
}

TEST(DetectVersion, LeftBehindVersionsAreLegalOnceTheyWereCarried) {
  const Detection detection =
      Data().NewAsset("a").Version("a").Version("ghost").VersionV2("yard:a").Finish();

  EXPECT_DETECTED(detection, k25);
}

TEST(DetectVersion, OldVersionsWithoutAnyAssetSayNothingAboutTheirSuccessors) {
  const Detection detection = Data().Version("gone").Finish();

  EXPECT_EQ(Find(detection, "versions-not-carried"), nullptr);
  EXPECT_TRUE(Reconcile(detection, k25).ok());
}

// Step 2.3 to 2.4 broke off between its constraints and its metadata.
TEST(DetectVersion, CarriedConstraintsBesideMetadataThatWasNotAreAContradiction) {
  Data data;
  data.NewAsset("a").OldMetadata("a").Row(
      "ConstraintsStorageTable",
      {{"constraintId", S("yard#group#ops")}, {"createdBy", S("MIGRATION")}});

  const Detection detection = data.Finish();

  EXPECT_TRUE(detection.contradictory());
  EXPECT_THAT(VersionOf(detection).error().message, HasSubstr("declare the version, 2.4 or later"));
  EXPECT_TRUE(Reconcile(detection, k24).ok()) << "the metadata may have been deleted on purpose";
  EXPECT_FALSE(Reconcile(detection, k23).ok()) << "2.3 cannot hold such constraints";
}

TEST(DetectVersion, MetadataWithoutFieldsNeedNotBeCarried) {
  const Detection detection =
      Data()
          .NewAsset("a")
          .Row("MetadataStorageTable", {{"databaseId", S("yard")},
                                        {"assetId", S("a")},
                                        {"_asset_table_updated", S("2025-03-27T03:00:00+00:00")},
                                        {"empty", S("")}})
          .Finish();

  EXPECT_EQ(Find(detection, "metadata-not-carried"), nullptr);
  EXPECT_DETECTED(detection, k23);
}

// Reading a metadata row stops early; capital letters sort before the marker, small ones behind it.
TEST(DetectVersion, TouchMarkerIsSeenAmongFieldsOfAnySpelling) {
  for (const char* field : {"Serial", "serial", "_Serial"}) {
    Item row{{"databaseId", S("yard")}, {"assetId", S("a")}, {"_asset_table_updated", S("T")}};
    row.Set(field, S("7"));
    row.Set("zone", S("north"));

    const Detection detection = Data().NewAsset("a").Row("MetadataStorageTable", row).Finish();

    EXPECT_NE(Find(detection, "metadata-touched"), nullptr) << field;
    EXPECT_NE(Find(detection, "metadata-not-carried"), nullptr) << field;
  }
}

TEST(DetectVersion, OwnConstraintsInTheOldTableAreToBeCarriedAndDefaultsAreNot) {
  const auto row = [](std::string_view id) {
    return Item{{"entityType", S("constraint")},
                {"sk", S(fmt::format("constraint#{}", id))},
                {"constraintId", S(id)}};
  };

  const Detection own = Data().Row("AuthEntitiesTable", row("initial_admin")).Finish();
  const Detection defaults =
      Data().Row("AuthEntitiesTable", row("initial_admin_allow_all_tags")).Finish();

  EXPECT_NE(Find(own, "constraints-not-carried"), nullptr);
  EXPECT_THAT(defaults.evidence, IsEmpty());
}

// ---- Attributes
// ------------------------------------------------------------------------------------

TEST(DetectVersion, WhatOnly23WritesTells23From22) {
  const auto with = [](std::string_view table, const Item& row) {
    return Data().NewAsset("a").Row(table, row).Finish();
  };

  EXPECT_DETECTED(Data().NewAsset("a").Finish(), k22);
  EXPECT_DETECTED(with("AssetLinksStorageTableV2.2",
                       {{"assetLinkId", S("l")}, {"assetLinkAliasId", S("left")}}),
                  k23);
  EXPECT_DETECTED(
      with("WorkflowStorageTable",
           {{"databaseId", S("d")}, {"workflowId", S("w")}, {"dateModified", S("\"…\"")}}),
      k23);
  EXPECT_DETECTED(
      with("AssetLinksMetadataStorageTable",
           {{"assetLinkId", S("l")}, {"metadataKey", S("k")}, {"metadataValueType", S("wxyz")}}),
      k23);
  EXPECT_DETECTED(
      with("AssetLinksMetadataStorageTable",
           {{"assetLinkId", S("l")}, {"metadataKey", S("k")}, {"metadataValueType", S("xyz")}}),
      k22);
  EXPECT_DETECTED(with("MetadataStorageTable", {{"databaseId", S("d")},
                                                {"assetId", S("a")},
                                                {"_asset_table_updated", Value::N(1741600000)}}),
                  k22);
}

TEST(DetectVersion, WorkflowsThatADeploymentRegistersAreNoEvidence) {
  const Detection detection = Data()
                                  .NewAsset("a")
                                  .Row("WorkflowStorageTable", {{"databaseId", S("GLOBAL")},
                                                                {"workflowId", S("thumbs")},
                                                                {"dateModified", S("x")},
                                                                {"modifiedBy", S("y")}})
                                  .Finish();

  EXPECT_DETECTED(detection, k22);
  EXPECT_EQ(detection.deployment_rows.at("WorkflowStorageTable"), 1U);
}

// 2.4 was deployed and used before its step ran: the rows of 2.3 still decide, because unknown
// attributes are legal and the step has not carried the metadata.
TEST(DetectVersion, AttributesYieldToWhatWasNotCarried) {
  Data data;
  data.NewAsset("a").OldMetadata("a").Row("WorkflowStorageTable",
                                          {{"databaseId", S("d")},
                                           {"workflowId", S("w")},
                                           {"dateModified", S("x")},
                                           {"autoTriggerOnFileExtensionsUpload", S(".glb")}});

  const Detection detection = data.Finish();

  EXPECT_DETECTED(detection, k23);
  EXPECT_TRUE(Find(detection, "workflow-trigger")->outweighed);
  EXPECT_FALSE(Find(detection, "workflow-modified")->outweighed);
  EXPECT_THAT(detection.notes, Contains(HasSubstr("autoTriggerOnFileExtensionsUpload")));
}

TEST(DetectVersion, RestoredTablesOf21DoNotPullNewerDataBack) {
  const Detection detection =
      Data()
          .NewAsset("a")
          .Row("WorkflowExecutionStorageTable", {{"pk", S("a-w")}, {"sk", S("e1")}})
          .Finish();

  EXPECT_DETECTED(detection, k22);
  EXPECT_TRUE(Find(detection, "executions-2.1")->outweighed);
  EXPECT_DETECTED(
      Data().Row("WorkflowExecutionStorageTable", {{"pk", S("a-w")}, {"sk", S("e1")}}).Finish(),
      k21);
}

TEST(DetectVersion, EditedDefaultsAreStillDefaultsButMigratedOnesAreNot) {
  const auto constraint = [](std::string_view author) {
    return Item{{"constraintId", S("initial_admin_allow_all_tags#group#admin")},
                {"createdBy", S(author)}};
  };

  EXPECT_THAT(Data().Row("ConstraintsStorageTable", constraint("SYSTEM")).Finish().evidence,
              IsEmpty());
  EXPECT_DETECTED(Data().Row("ConstraintsStorageTable", constraint("MIGRATION")).Finish(), k24);
}

TEST(DetectVersion, LeftoversOfAReindexAreNoMetadata) {
  const auto key = [](std::string_view metadata_key) {
    return Item{{"metadataKey", S(metadata_key)}, {"databaseId:assetId:filePath", S("d:a:/")}};
  };
  Data data;
  data.NewAsset("a").Row("AssetFileMetadataStorageTableV2", key("REINDEX_METADATA_RECORD"));

  EXPECT_DETECTED(data.Finish(), k22);
  EXPECT_DETECTED(data.Row("AssetFileMetadataStorageTableV2", key("serial")).Finish(), k24);
}

TEST(DetectVersion, SignInsAndRolesOfANewerReleaseAreNoEvidence) {
  const Detection detection =
      Data()
          .OldAsset("a")
          .Row("UserStorageTable", {{"userId", S("mara")}})
          .Row("UserRolesStorageTable", {{"userId", S("SYSTEM_USER")}, {"roleName", S("admin")}})
          .Row("RolesStorageTable", {{"roleName", S("admin")},
                                     {"id", S("initial_admin_role_creation")},
                                     {"mfaRequired", Value::Bool(false)}})
          .Row("S3AssetBucketsStorageTable", {{"bucketId", S("b")}})
          .Finish();

  EXPECT_DETECTED(detection, k21);
  EXPECT_THAT(detection.evidence, SizeIs(1));
}

// ---- Empty sets and odd input
// ----------------------------------------------------------------------

TEST(DetectVersion, EmptySetIsToldByItsTables) {
  for (const DataVersion version : {k21, k24, k25}) {
    const Detection detection = Data().Tables(version).Finish();
    EXPECT_DETECTED(detection, version);
    EXPECT_TRUE(detection.from_tables_only);
    EXPECT_THAT(Describe(detection), HasSubstr("(from tables only)"));
  }
}

TEST(DetectVersion, EmptySetOf22Or23IsTheNewerOfTheTwo) {
  const Detection detection = Data().Tables(k22).Finish();

  EXPECT_DETECTED(detection, k23);
  EXPECT_TRUE(detection.from_tables_only);
  EXPECT_TRUE(Reconcile(detection, k22).ok());
}

TEST(DetectVersion, EmptySetWithoutDeprecatedTablesStillFits) {
  VersionDetector detector;
  for (const TableDef& table : TablesOf(k24)) detector.SeeTable(table.name, table.in_use);

  EXPECT_DETECTED(detector.Finish(), k24);
}

TEST(DetectVersion, NothingAtAllIsTheNewest) {
  const Detection detection = VersionDetector().Finish();

  EXPECT_DETECTED(detection, kNewest);
  EXPECT_TRUE(detection.from_tables_only);
}

TEST(DetectVersion, RowsThatTellNothingGiveTheLowestThatTheTablesAllow) {
  const Item tag{{"tagName", S("span")}, {"tagTypeName", S("use")}};

  EXPECT_DETECTED(Data().Row("TagStorageTable", tag).Finish(), k21);
  EXPECT_DETECTED(Data().Tables(k22).Row("TagStorageTable", tag).Finish(), k22);
  EXPECT_DETECTED(Data().Tables(k25).Row("TagStorageTable", tag).Finish(), k25);
}

TEST(DetectVersion, SystemTablesAndUnknownTablesArePassedOver) {
  Data data;
  data.Row("sys.objects", {{"bucket", S("b")}, {"key", S("k")}}).Row("Orders", {{"id", S("1")}});
  data.detector().SeeTable("sys.objects", true);

  const Detection detection = data.Tables(k24).Finish();

  EXPECT_DETECTED(detection, k24);
  EXPECT_TRUE(detection.from_tables_only);
}

TEST(DetectVersion, DamagedRowsAreCountedAndDecideNothing) {
  Data data;
  std::string damaged = items::EncodeItem({{"assetId", S("a")}, {"currentVersion", Value::M({})}});
  damaged.resize(damaged.size() - 1);
  data.NewAsset("a").detector().See("AssetStorageTable", damaged);

  const Detection detection = data.Finish();

  EXPECT_DETECTED(detection, k22);
  EXPECT_EQ(detection.unreadable_rows, 1U);
  EXPECT_THAT(detection.notes, Contains(HasSubstr("1 row could not be read")));
}

TEST(DetectVersion, RowsAddedAfterAFirstResultCount) {
  Data data;
  data.NewAsset("a");
  EXPECT_DETECTED(data.Finish(), k22);

  data.VersionV2("yard:a");

  EXPECT_DETECTED(data.Finish(), k25);
}

TEST(Reconcile, RefusalListsTheEvidence) {
  const auto status = Reconcile(Data().NewAsset("crane").Finish(), k21);

  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kConflict);
  EXPECT_THAT(status.error().message, HasSubstr("declared as version 2.1"));
  EXPECT_THAT(status.error().message, HasSubstr("2.2 or later: AssetStorageTable: 1 row"));
  EXPECT_THAT(status.error().message, HasSubstr("yard | crane"));
}

TEST(Reconcile, UnknownVersionIsInvalid) {
  EXPECT_EQ(Reconcile(Data().NewAsset("a").Finish(), {9, 9}).error().code, Code::kInvalid);
}

TEST(Describe, SaysWhatDecidedAndWhatDidNot) {
  const std::string text =
      Describe(Data()
                   .NewAsset("crane")
                   .Row("AppFeatureEnabledStorageTable", {{"featureName", S("CLOUDFRONTDEPLOY")}})
                   .Finish());

  EXPECT_THAT(text, HasSubstr("data version 2.2\n  2.2 or later: AssetStorageTable: 1 row with"));
  EXPECT_THAT(text, HasSubstr("no evidence: AppFeatureEnabledStorageTable: 1 row that"));
  EXPECT_THAT(text, Not(HasSubstr("CLOUDFRONTDEPLOY")));
}

}  // namespace
}  // namespace vams::tables
