// Step 2.1 -> 2.2 record by record: the examples of migrations.md 3.7 in both dialects, files, and
// asset ids in several databases.  Odd data and writes after the migration: v21_to_v22_odd_test.cc.
#include <gtest/gtest.h>

#include "migrate/steps/v21_to_v22_rows_test.h"

namespace vams::migrate {
namespace {

using namespace test::v22;  // NOLINT: the helpers are these tests' own
using test::Json;
using test::Put;
using test::RowText;
using test::TableSet;

// ---- The examples, reference

TEST(Step21To22Rows, ReferenceRepeatsTheAssetExamples) {
  const auto source = With(kAssets, {kCrane, kLeg, kRelief, kTruss, kNoNumber, kUnicode});

  const auto up = Up(source, Dialect::kReference);

  ExpectTable(
      up.tables, kAssets,
      {R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"crane"},"assetName":{"S":"Crane"},"assetLocation":{"M":{"Key":{"S":"crane/"}}},"bucketId":{"S":"b1"},"currentVersionId":{"S":"2"}})",
       R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"leg"},"assetType":{"S":".glb"},"assetLocation":{"M":{"Key":{"S":"leg/"}}},"bucketId":{"S":"b1"},"currentVersionId":{"S":"1"}})",
       R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"relief"},"assetLocation":{"M":{"Key":{"S":"relief/"}}},"bucketId":{"S":"b1"},"currentVersionId":{"S":"0"}})",
       R"({"databaseId":{"S":"bridge-lab"},"assetId":{"S":"truss"},"bucketId":{"S":"b1"},"currentVersionId":{"S":"1"}})",
       R"({"databaseId":{"S":"dd"},"assetId":{"S":"x"},"bucketId":{"S":"b1"},"currentVersionId":{"S":"3"}})",
       R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"Ångström-Büste 3"},"weight":{"N":"12.5"},"thumb":{"B":"AAEC"},"loan":{"M":{"to":{"S":"東京"},"until":{"NULL":true}}},"description":{"S":""},"bucketId":{"S":"b1"},"currentVersionId":{"S":"1"}})"});
  ExpectTable(
      up.tables, kVersions,
      {R"({"assetId":{"S":"crane"},"assetVersionId":{"S":"2"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"rev 2"},"description":{"S":"d2"},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[{"S":"p"}]}})",
       R"({"assetId":{"S":"leg"},"assetVersionId":{"S":"1"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"Asset migration - Version 1"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"relief"},"assetVersionId":{"S":"0"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"Initial asset creation - Migration generated version"},"description":{"S":""},"createdBy":{"S":"system-migration"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"truss"},"assetVersionId":{"S":"1"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"first"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"x"},"assetVersionId":{"S":"0"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"c"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"Ångström-Büste 3"},"assetVersionId":{"S":"1"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"Asset migration - Version 1"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})"});
  EXPECT_TRUE(up.remarks.defects.empty());
  ExpectBack(source, Dialect::kReference);
}

// Example 7: bridge-lab is scanned after museum_scans, so its comment stays.
TEST(Step21To22Rows, ReferenceLetsTheAssetScannedLastWin) {
  const auto up = Up(
      With(
          kAssets,
          {R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"shared-model"},"currentVersion":{"M":{"Version":{"S":"1"},"Comment":{"S":"museum"}}}})",
           R"({"databaseId":{"S":"bridge-lab"},"assetId":{"S":"shared-model"},"currentVersion":{"M":{"Version":{"S":"1"},"Comment":{"S":"bridge"}}}})"}),
      Dialect::kReference);

  ASSERT_EQ(1u, up.tables.at(std::string(kVersions)).size());
  EXPECT_EQ("bridge", up.tables.at(std::string(kVersions)).begin()->second.Text("comment"));
}

// Example 8.
TEST(Step21To22Rows, ReferenceDestroysOnItsSecondRun) {
  const auto once = Up(With(kAssets, {kCrane}), Dialect::kReference);

  const auto twice = Up(once.tables, Dialect::kReference);

  const auto& versions = twice.tables.at(std::string(kVersions));
  EXPECT_EQ(2u, versions.size());
  for (const auto& [key, row] : versions) EXPECT_TRUE(row.Find("isCurrentVersion")->boolean());
  EXPECT_EQ("0", twice.tables.at(std::string(kAssets)).begin()->second.Text("currentVersionId"));
}

// Examples 9, 10 and 11.
TableSet SmallTables() {
  auto set = With(kAssets, {kCrane, kLeg});
  set = With(
      kDatabases,
      {R"({"databaseId":{"S":"old-yard#deleted"},"assetCount":{"S":"0"},"dateCreated":{"S":"\"January 04 2025 - 08:00:00\""}})",
       R"({"databaseId":{"S":"chosen"},"defaultBucketId":{"S":"other"}})"},
      std::move(set));
  set = With(
      kComments,
      {R"({"assetId":{"S":"crane"},"assetVersionId:commentId":{"S":"1:x9"},"commentBody":{"S":"<p>hi</p>"}})",
       R"({"assetId":{"S":"ghost"},"assetVersionId:commentId":{"S":"1:x1"}})",
       R"({"assetId":{"S":"crane#deleted"},"assetVersionId:commentId":{"S":"1:x2"}})",
       R"({"assetId":{"S":"crane"},"assetVersionId:commentId":{"S":"no colon"}})"},
      std::move(set));
  return With(
      kOldLinks,
      {R"({"assetIdFrom":{"S":"crane"},"assetIdTo":{"S":"leg"},"relationId":{"S":"r1"},"relationshipType":{"S":"parent-child"}})",
       R"({"assetIdFrom":{"S":"leg"},"assetIdTo":{"S":"crane"}})",
       R"({"assetIdFrom":{"S":"ghost"},"assetIdTo":{"S":"crane"},"relationId":{"S":"r2"},"relationshipType":{"S":"related"}})"},
      std::move(set));
}

constexpr std::string_view kLinkR1 =
    R"({"assetLinkId":{"S":"r1"},"fromAssetDatabaseId:fromAssetId":{"S":"harbor-yard:crane"},"fromAssetDatabaseId":{"S":"harbor-yard"},"fromAssetId":{"S":"crane"},"toAssetDatabaseId:toAssetId":{"S":"harbor-yard:leg"},"toAssetDatabaseId":{"S":"harbor-yard"},"toAssetId":{"S":"leg"},"relationshipType":{"S":"parentChild"},"tags":{"L":[]}})";

TEST(Step21To22Rows, ReferenceRepeatsTheExamplesOfSmallTables) {
  const auto source = SmallTables();

  const auto up = Up(source, Dialect::kReference);

  ExpectTable(
      up.tables, kDatabases,
      {R"({"databaseId":{"S":"old-yard#deleted"},"assetCount":{"S":"0"},"dateCreated":{"S":"\"January 04 2025 - 08:00:00\""},"defaultBucketId":{"S":"b1"}})",
       R"({"databaseId":{"S":"chosen"},"defaultBucketId":{"S":"b1"}})"});
  ExpectTable(
      up.tables, kComments,
      {R"({"assetId":{"S":"crane"},"assetVersionId:commentId":{"S":"2:x9"},"commentBody":{"S":"<p>hi</p>"}})",
       R"({"assetId":{"S":"ghost"},"assetVersionId:commentId":{"S":"1:x1"}})",
       R"({"assetId":{"S":"crane#deleted"},"assetVersionId:commentId":{"S":"1:x2"}})",
       R"({"assetId":{"S":"crane"},"assetVersionId:commentId":{"S":"no colon"}})"});
  ExpectTable(up.tables, kLinks, {std::string(kLinkR1)});
  EXPECT_EQ(source.at(std::string(kOldLinks)), up.tables.at(std::string(kOldLinks)));
  ExpectBack(source, Dialect::kReference);
}

// ---- The same, corrected

TEST(Step21To22Rows, KeepsEveryStoredVersion) {
  const auto source = With(kAssets, {kCrane, kLeg, kRelief, kTruss, kNoNumber, kUnicode});

  const auto up = Up(source);

  ExpectTable(
      up.tables, kVersions,
      {R"({"assetId":{"S":"crane"},"assetVersionId":{"S":"1"},"isCurrentVersion":{"BOOL":false},"dateCreated":{"S":"@T"},"comment":{"S":"rev 1"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"crane"},"assetVersionId":{"S":"2"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"2025-01-02T10:00:00"},"comment":{"S":"rev 2"},"description":{"S":"d2"},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[{"S":"p"}]}})",
       R"({"assetId":{"S":"leg"},"assetVersionId":{"S":"1"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"Version 1"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"relief"},"assetVersionId":{"S":"0"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"Initial asset creation - Migration generated version"},"description":{"S":""},"createdBy":{"S":"system-migration"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"truss"},"assetVersionId":{"S":"1"},"isCurrentVersion":{"BOOL":false},"dateCreated":{"S":"@T"},"comment":{"S":"first"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"truss"},"assetVersionId":{"S":"11"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"latest"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"x"},"assetVersionId":{"S":"3"},"isCurrentVersion":{"BOOL":false},"dateCreated":{"S":"@T"},"comment":{"S":"Version 3"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"x"},"assetVersionId":{"S":"4"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"c"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"Ångström-Büste 3"},"assetVersionId":{"S":"1"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"@T"},"comment":{"S":"Version 1"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})"});
  ExpectTable(
      up.tables, kAssets,
      {R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"crane"},"assetName":{"S":"Crane"},"assetType":{"S":"folder"},"assetLocation":{"M":{"Key":{"S":"crane/"}}},"bucketId":{"S":"b1"},"currentVersionId":{"S":"2"}})",
       R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"leg"},"assetType":{"S":".glb"},"assetLocation":{"M":{"Key":{"S":"leg/"}}},"bucketId":{"S":"b1"},"currentVersionId":{"S":"1"}})",
       R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"relief"},"assetType":{"S":".obj"},"assetLocation":{"M":{"Key":{"S":"relief/"}}},"bucketId":{"S":"b1"},"currentVersionId":{"S":"0"}})",
       R"({"databaseId":{"S":"bridge-lab"},"assetId":{"S":"truss"},"assetLocation":{"M":{"Key":{"S":"truss/"}}},"bucketId":{"S":"b1"},"currentVersionId":{"S":"11"}})",
       R"({"databaseId":{"S":"dd"},"assetId":{"S":"x"},"assetLocation":{"M":{"Key":{"S":"x/"}}},"bucketId":{"S":"b1"},"currentVersionId":{"S":"4"}})",
       R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"Ångström-Büste 3"},"assetLocation":{"M":{"Key":{"S":"Ångström-Büste 3/"}}},"weight":{"N":"12.5"},"thumb":{"B":"AAEC"},"loan":{"M":{"to":{"S":"東京"},"until":{"NULL":true}}},"description":{"S":""},"bucketId":{"S":"b1"},"currentVersionId":{"S":"1"}})"});
  ExpectBack(source);
}

TEST(Step21To22Rows, SmallTablesKeepWhatTheyHave) {
  const auto source = SmallTables();

  const auto up = Up(source);

  ExpectTable(
      up.tables, kDatabases,
      {R"({"databaseId":{"S":"old-yard#deleted"},"assetCount":{"S":"0"},"dateCreated":{"S":"\"January 04 2025 - 08:00:00\""},"defaultBucketId":{"S":"b1"}})",
       R"({"databaseId":{"S":"chosen"},"defaultBucketId":{"S":"other"}})"});
  ExpectTable(
      up.tables, kComments,
      {R"({"assetId":{"S":"crane"},"assetVersionId:commentId":{"S":"1:x9"},"commentBody":{"S":"<p>hi</p>"}})",
       R"({"assetId":{"S":"ghost"},"assetVersionId:commentId":{"S":"1:x1"}})",
       R"({"assetId":{"S":"crane#deleted"},"assetVersionId:commentId":{"S":"1:x2"}})"});
  // The link without an id gets one that every run makes up alike.
  ASSERT_EQ(2u, up.tables.at(std::string(kLinks)).size());
  EXPECT_EQ(items::aws::ToJson(Json(kLinkR1)),
            RowText(up.tables, kLinks, Item{{"assetLinkId", Value::S("r1")}}));
  EXPECT_EQ(
      (std::multiset<std::string>{
          R"(D-9 AssetLinksStorageTable {"assetIdFrom":{"S":"ghost"},"assetIdTo":{"S":"crane"}})",
          R"(D-9 CommentStorageTable {"assetId":{"S":"crane"},"assetVersionId:commentId":{"S":"no colon"}})"}),
      test::Codes(up.remarks.quarantined));
  ExpectBack(source);
}

// Each defect of migrations.md 3.5 that a record can show.
TEST(Step21To22Rows, TellsTheDefectsOfTheScript) {
  const auto up =
      Up(With(kMetadata,
              {R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"crane/a.glb"},"x":{"S":""}})"},
              With(kAssets, {kNoNumber}, SmallTables())));

  std::multiset<std::string> codes;
  for (const auto& defect : up.remarks.defects)
    codes.insert(fmt::format("{} {}", defect.code, defect.table));
  EXPECT_EQ(
      (std::multiset<std::string>{"M12-1 AssetStorageTable", "M12-1 AssetStorageTable",
                                  "M12-1 AssetStorageTable", "M12-1 CommentStorageTable",
                                  "M12-14 AssetLinksStorageTable", "M12-14 AssetLinksStorageTable",
                                  "M12-3 AssetStorageTable", "M12-5 AssetStorageTable",
                                  "M12-7 AssetStorageTable", "M12-8 MetadataStorageTable"}),
      codes);
}

// ---- Files

TEST(Step21To22Rows, FileRowsComeFromObjectVersionsAndTheListing) {
  auto source = With(kAssets, {kSingle});
  test::PutVersions(source, {Version("leg/sub/leg.GLB", "v1", 11), Version("leg/sub/leg.GLB", "vx"),
                             Version("leg/sub/leg.GLB", "v3", 33)});

  const auto up = Up(source);

  ExpectTable(
      up.tables, kFiles,
      {R"({"assetId:assetVersionId":{"S":"leg:1"},"fileKey":{"S":"sub/leg.GLB"},"versionId":{"S":"v1"},"size":{"N":"11"},"etag":{"S":"e-v1"},"lastModified":{"S":"2025-01-13T11:00:00+00:00"},"createdAt":{"S":"2025-01-01T10:00:00"}})",
       R"({"assetId:assetVersionId":{"S":"leg:3"},"fileKey":{"S":"sub/leg.GLB"},"versionId":{"S":"v3"},"size":{"N":"33"},"etag":{"S":"e-v3"},"lastModified":{"S":"2025-01-13T11:00:00+00:00"},"createdAt":{"S":"2025-01-03T10:00:00"}})"});
  const Item version2{{"assetId", Value::S("leg")}, {"assetVersionId", Value::S("2")}};
  EXPECT_NE(std::string::npos, RowText(up.tables, kVersions, version2).find("long ago"));
  ASSERT_EQ(1u, up.remarks.notes.size());  // version 2 names no object version
  EXPECT_NE(std::string::npos, up.remarks.notes[0].text.find("version 2"));
  EXPECT_EQ(".glb", up.tables.at(std::string(kAssets)).begin()->second.Text("assetType"));
  ExpectBack(source);
  // Without residue the object versions are still known.
  const auto down = Down(up.tables);
  const Item& asset = down.tables.at(std::string(kAssets)).begin()->second;
  EXPECT_EQ("v3", asset.Find("currentVersion")->map().Text("S3Version"));
  EXPECT_EQ("v1", asset.Find("versions")->list()[0].map().Text("S3Version"));
  EXPECT_EQ("leg/sub/leg.GLB", asset.Find("assetLocation")->map().Text("Key"));
  EXPECT_EQ("January 03 2025 - 10:00:00", asset.Find("currentVersion")->map().Text("DateModified"));
}

TEST(Step21To22Rows, FilesUnknownToTheListingKeepTheirVersionId) {
  auto source = With(kAssets, {kSingle});
  test::PutVersions(source, {Version("other/thing", "v9")});

  const auto up = Up(source);

  ExpectTable(
      up.tables, kFiles,
      {R"({"assetId:assetVersionId":{"S":"leg:1"},"fileKey":{"S":"sub/leg.GLB"},"versionId":{"S":"v1"},"size":{"NULL":true},"etag":{"NULL":true},"lastModified":{"NULL":true},"createdAt":{"S":"2025-01-01T10:00:00"}})",
       R"({"assetId:assetVersionId":{"S":"leg:3"},"fileKey":{"S":"sub/leg.GLB"},"versionId":{"S":"v3"},"size":{"NULL":true},"etag":{"NULL":true},"lastModified":{"NULL":true},"createdAt":{"S":"2025-01-03T10:00:00"}})"});
  EXPECT_EQ(2u, up.remarks.notes.size());  // versions 1 and 3 together, version 2
  EXPECT_EQ("none", up.tables.at(std::string(kAssets)).begin()->second.Text("assetType"));
  ExpectBack(source);
}

TEST(Step21To22Rows, TheCurrentVersionOfAFolderHasTheFilesOfTheFolder) {
  auto source = With(kAssets, {kCrane});  // version 2 names object version v-b
  test::PutVersions(source, {Version("crane/", "folder")});
  test::PutVersions(source, {Version("crane/a.glb", "v-a")});
  test::PutVersions(source, {Version("crane/b.glb", "v-b", 7), Version("crane/b.glb", "v-c")});
  test::PutVersions(source, {Version("crane/gone.glb", "v-d"), Marker("crane/gone.glb", "v-e")});
  test::PutVersions(source, {Version("crane2/other.glb", "v-f")});

  const auto up = Up(source);

  std::string files;
  for (const auto& [key, row] : up.tables.at(std::string(kFiles)))
    files += fmt::format("{} {} {}\n", row.Text("assetId:assetVersionId"), row.Text("fileKey"),
                         row.Text("versionId"));
  EXPECT_EQ("crane:2 a.glb v-a\ncrane:2 b.glb v-b\n", files);
  ExpectBack(source);
}

TEST(Step21To22Rows, ArchivedAssetsKeepTheirLastFilesAndType) {
  auto source = With(
      kAssets,
      {R"({"databaseId":{"S":"dd#deleted"},"assetId":{"S":"hook"},"assetType":{"S":".step"},"isMultiFile":{"BOOL":false},"assetLocation":{"M":{"Key":{"S":"hook/hook.step"}}},"currentVersion":{"M":{"Version":{"S":"1"},"S3Version":{"S":""}}}})"});
  test::PutVersions(source, {Version("hook/hook.step", "v1"), Marker("hook/hook.step", "v2")});

  const auto up = Up(source);

  const auto& files = up.tables.at(std::string(kFiles));
  ASSERT_EQ(1u, files.size());
  EXPECT_EQ("v1", files.begin()->second.Text("versionId"));
  EXPECT_EQ(".step", up.tables.at(std::string(kAssets)).begin()->second.Text("assetType"));
  ExpectBack(source);
}

// ---- Asset ids in several databases

constexpr std::string_view kSharedA =
    R"({"databaseId":{"S":"aa"},"assetId":{"S":"s"},"isMultiFile":{"BOOL":false},"assetLocation":{"M":{"Key":{"S":"s/a.obj"}}},"currentVersion":{"M":{"Version":{"S":"1"},"Comment":{"S":"a1"},"S3Version":{"S":"va1"}}}})";
constexpr std::string_view kSharedB =
    R"({"databaseId":{"S":"bb"},"assetId":{"S":"s"},"isMultiFile":{"BOOL":false},"assetLocation":{"M":{"Key":{"S":"s/b.obj"}}},"currentVersion":{"M":{"Version":{"S":"2"},"Comment":{"S":"b2"},"S3Version":{"S":"vb2"}}},"versions":{"L":[{"M":{"Version":{"S":"1"},"Comment":{"S":"b1"},"S3Version":{"S":"vb1"}}}]}})";

TEST(Step21To22Rows, AssetsOfOneIdKeepApartAsFarAsVersionsCan) {
  const auto source = With(kAssets, {kSharedA, kSharedB});

  const auto up = Up(source);

  std::string versions;
  for (const auto& [key, row] : up.tables.at(std::string(kVersions)))
    versions += fmt::format("{} {} {}\n", row.Text("assetVersionId"), row.Text("comment"),
                            row.Text("databaseId"));
  EXPECT_EQ("1 a1 aa\n2 b2 bb\n", versions);
  EXPECT_EQ(
      (std::multiset<std::string>{
          R"(D-3 AssetFileVersionsStorageTable {"assetId:assetVersionId":{"S":"s:1"},"fileKey":{"S":"b.obj"}})",
          R"(D-3 AssetVersionsStorageTable {"assetId":{"S":"s"},"assetVersionId":{"S":"1"}})"}),
      test::Codes(up.remarks.quarantined));
  EXPECT_EQ("b1", up.remarks.quarantined[0].record.Text("comment"));
  EXPECT_EQ("bb", up.remarks.quarantined[0].record.Text("databaseId"));
  ExpectBack(source);
}

TEST(Step21To22Rows, EqualVersionsOfOneIdShareTheirRow) {
  constexpr std::string_view kVersion =
      R"("assetId":{"S":"s"},"currentVersion":{"M":{"Version":{"S":"1"},"DateModified":{"S":"January 01 2025 - 10:00:00"}}}})";
  const auto source =
      With(kAssets, {fmt::format(R"({{"databaseId":{{"S":"aa"}},{})", kVersion),
                     fmt::format(R"({{"databaseId":{{"S":"aa#deleted"}},{})", kVersion)});

  const auto up = Up(source);

  ExpectTable(
      up.tables, kVersions,
      {R"({"assetId":{"S":"s"},"assetVersionId":{"S":"1"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"2025-01-01T10:00:00"},"comment":{"S":"Version 1"},"description":{"S":""},"createdBy":{"S":"system"},"specifiedPipelines":{"L":[]}})"});
  EXPECT_TRUE(up.remarks.quarantined.empty());
  ExpectBack(source);
}

// A version made in 2.2 after the migration must not make the other asset forget its own.
TEST(Step21To22Rows, NewVersionOfASharedIdIsCarriedDown) {
  const auto source = With(kAssets, {kSharedA, kSharedB});
  auto up = Up(source);
  Put(up.tables, kVersions,
      Json(
          R"({"assetId":{"S":"s"},"assetVersionId":{"S":"3"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"2025-06-01T10:00:00.5"},"comment":{"S":"b3"},"description":{"S":""},"createdBy":{"S":"lee"}})"));
  Put(up.tables, kFiles,
      Json(
          R"({"assetId:assetVersionId":{"S":"s:3"},"fileKey":{"S":"/b.obj"},"versionId":{"S":"vb3"}})"));
  for (auto& [key, row] : up.tables.at(std::string(kAssets)))
    if (row.Text("databaseId") == "bb") row.Set("currentVersionId", Value::S("3"));

  const auto down = Down(up.tables, up.residue);

  const auto& assets = down.tables.at(std::string(kAssets));
  for (const auto& [key, asset] : assets) {
    if (asset.Text("databaseId") == "aa") {
      EXPECT_EQ(items::aws::ToJson(Json(kSharedA)), items::aws::ToJson(asset));
      continue;
    }
    const Item& current = asset.Find("currentVersion")->map();
    EXPECT_EQ("3", current.Text("Version"));
    EXPECT_EQ("lee", current.Text("CreatedBy"));
    EXPECT_EQ("June 01 2025 - 10:00:00", current.Text("DateModified"));
  }
}

}  // namespace
}  // namespace vams::migrate
