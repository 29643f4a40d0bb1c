// Step 2.1 -> 2.2 record by record: links, buckets, odd and large data, writes made in 2.2, and
// data that was never in 2.1.
#include <gtest/gtest.h>

#include "migrate/steps/v21_to_v22_rows_test.h"

namespace vams::migrate {
namespace {

using namespace test::v22;  // NOLINT: the helpers are these tests' own
using test::Json;
using test::Put;
using test::RowText;
using test::TableSet;

// ---- Links

TableSet LinkWorld(std::initializer_list<std::pair<std::string, std::string>> assets,
                   std::string from, std::string to) {
  TableSet set = World();
  for (const auto& [database, id] : assets)
    Put(set, kAssets, Item{{"databaseId", Value::S(database)}, {"assetId", Value::S(id)}});
  Put(set, kOldLinks,
      Item{{"assetIdFrom", Value::S(std::move(from))},
           {"assetIdTo", Value::S(std::move(to))},
           {"relationId", Value::S("r")},
           {"relationshipType", Value::S("child")}});
  return set;
}

std::string EndsOf(const test::NaiveResult& up) {
  const auto& links = up.tables.at(std::string(kLinks));
  if (links.size() != 1) return {};
  const Item& link = links.begin()->second;
  return fmt::format("{} {}", link.Text("fromAssetDatabaseId:fromAssetId"),
                     link.Text("toAssetDatabaseId:toAssetId"));
}

TEST(Step21To22Rows, LinksStayInsideADatabaseAndPreferLiveAssets) {
  const auto inside = LinkWorld({{"aa", "x"}, {"aa", "s"}, {"bb", "s"}}, "x", "s");
  EXPECT_EQ("aa:x aa:s", EndsOf(Up(inside)));
  ExpectBack(inside);
  EXPECT_EQ("aa:x aa:s",
            EndsOf(Up(LinkWorld({{"aa", "x"}, {"bb#deleted", "s"}, {"aa", "s"}}, "x", "s"))));
  const auto archived = Up(LinkWorld({{"aa", "x"}, {"bb#deleted", "s"}}, "x", "s"));
  EXPECT_EQ("aa:x bb:s", EndsOf(archived));
  EXPECT_TRUE(
      test::Codes(archived.remarks.defects)
          .contains(
              R"(M12-12 AssetLinksStorageTable {"assetIdFrom":{"S":"x"},"assetIdTo":{"S":"s"}})"));
}

TEST(Step21To22Rows, LinksBetweenSeveralDatabasesNeedTheirOwner) {
  const auto source = LinkWorld({{"cc", "x"}, {"aa", "s"}, {"bb", "s"}}, "x", "s");
  const auto up = Up(source);
  EXPECT_TRUE(up.tables.at(std::string(kLinks)).empty());
  EXPECT_EQ(1u, up.remarks.ambiguous.size());

  auto settings = test::SettingsFor(Dialect::kCorrected);
  settings.owners["s"] = "bb";
  EXPECT_EQ("cc:x bb:s", EndsOf(test::RunNaive(Step21To22(), Direction::kUp, settings, source)));
}

TEST(Step21To22Rows, LinksOf22AreCarriedDown) {
  auto up = Up(LinkWorld({{"aa", "x"}, {"aa", "s"}}, "x", "s"));
  Put(up.tables, kLinks,
      Json(
          R"({"assetLinkId":{"S":"new"},"fromAssetId":{"S":"s"},"toAssetId":{"S":"x"},"relationshipType":{"S":"parentChild"},"tags":{"L":[{"S":"t"}]}})"));

  auto down = Down(up.tables, up.residue);
  ExpectTable(
      down.tables, kOldLinks,
      {R"({"assetIdFrom":{"S":"x"},"assetIdTo":{"S":"s"},"relationId":{"S":"r"},"relationshipType":{"S":"child"}})",
       R"({"assetIdFrom":{"S":"s"},"assetIdTo":{"S":"x"},"relationId":{"S":"new"},"relationshipType":{"S":"parent-child"}})"});

  // A link deleted in 2.2 does not come back from the old table.
  up.tables[std::string(kLinks)].erase(items::EncodeItem(Item{{"assetLinkId", Value::S("r")}}));
  down = Down(up.tables, up.residue);
  ExpectTable(
      down.tables, kOldLinks,
      {R"({"assetIdFrom":{"S":"s"},"assetIdTo":{"S":"x"},"relationId":{"S":"new"},"relationshipType":{"S":"parent-child"}})"});
}

// ---- Metadata of files

TEST(Step21To22Rows, FileMetadataGetsTheSlashThat22LooksFor) {
  const auto source = With(
      kMetadata, {R"({"databaseId":{"S":"dd"},"assetId":{"S":"crane/a.glb"},"x":{"S":"1"}})",
                  R"({"databaseId":{"S":"dd"},"assetId":{"S":"crane"},"y":{"S":"2"}})",
                  R"({"databaseId":{"S":"dd"},"assetId":{"S":"crane/both.glb"},"z":{"S":"3"}})",
                  R"({"databaseId":{"S":"dd"},"assetId":{"S":"/crane/both.glb"},"z":{"S":"4"}})"});

  const auto up = Up(source);

  ExpectTable(up.tables, kMetadata,
              {R"({"databaseId":{"S":"dd"},"assetId":{"S":"/crane/a.glb"},"x":{"S":"1"}})",
               R"({"databaseId":{"S":"dd"},"assetId":{"S":"crane"},"y":{"S":"2"}})",
               R"({"databaseId":{"S":"dd"},"assetId":{"S":"crane/both.glb"},"z":{"S":"3"}})",
               R"({"databaseId":{"S":"dd"},"assetId":{"S":"/crane/both.glb"},"z":{"S":"4"}})"});
  EXPECT_EQ("", test::Differences(source, Down(up.tables).tables));  // even without residue
}

// ---- Buckets

TEST(Step21To22Rows, MakesTheBucketRowWhereNoDeploymentHasMadeOne) {
  TableSet source = With(kDatabases, {R"({"databaseId":{"S":"dd"}})"}, {});
  source = With(kAssets, {kSingle}, std::move(source));
  test::PutVersions(source, {Version("leg/sub/leg.GLB", "v3")});

  const auto up = Up(source);

  const auto& buckets = up.tables.at(std::string(kBuckets));
  ASSERT_EQ(1u, buckets.size());
  const Item& bucket = buckets.begin()->second;
  EXPECT_EQ("yard:/", bucket.Text("bucketName:baseAssetsPrefix"));
  const std::string id(bucket.Text("bucketId"));
  EXPECT_EQ(id, up.tables.at(std::string(kAssets)).begin()->second.Text("bucketId"));
  EXPECT_EQ(id, up.tables.at(std::string(kDatabases)).begin()->second.Text("defaultBucketId"));
  ExpectBack(source);
}

// RunNaive throws on the error of a phase.
std::string ErrorOf(const TableSet& source, const Settings& settings) {
  try {
    (void)test::RunNaive(Step21To22(), Direction::kUp, settings, source);
  } catch (const std::exception& error) {
    return error.what();
  }
  return {};
}

TEST(Step21To22Rows, NamesWhatIsMissingWhenTheBucketCannotBeTold) {
  auto settings = test::SettingsFor(Dialect::kCorrected);
  TableSet source = With(kDatabases, {R"({"databaseId":{"S":"dd"}})"}, {});
  EXPECT_NE(std::string::npos, ErrorOf(source, settings).find("no asset bucket is known"));

  auto listed = source;
  test::PutVersions(listed, {Version("a/b", "v")});
  auto other = Version("a/b", "v");
  other.bucket = "second";
  test::PutVersions(listed, {other});
  EXPECT_NE(std::string::npos,
            ErrorOf(listed, settings).find("several asset buckets are possible"));

  PutBucket(source, "b1", "yard", "/");
  settings.asset_bucket = "elsewhere";
  EXPECT_NE(std::string::npos, ErrorOf(source, settings).find("no row for bucket elsewhere"));
  settings.asset_bucket = "yard";
  EXPECT_EQ("", ErrorOf(source, settings));
}

TEST(Step21To22Rows, SeveralBucketsAreToldApartByTheListing) {
  TableSet source;
  PutBucket(source, "b1", "yard", "/");
  PutBucket(source, "b2", "arch", "scans/");
  PutBucket(source, "b3", "attic", "/");
  source = With(kAssets, {kSingle, kRelief, kTruss}, std::move(source));
  test::PutVersions(source, {Version("leg/sub/leg.GLB", "v3")});
  auto scan = Version("scans/relief/r.obj", "r1");
  scan.bucket = "arch";
  test::PutVersions(source, {scan});

  const auto up = Up(source);

  std::string placed;
  for (const auto& [key, asset] : up.tables.at(std::string(kAssets)))
    placed += fmt::format("{} {} {}\n", asset.Text("assetId"), asset.Text("bucketId"),
                          asset.Find("assetLocation")->map().Text("Key"));
  EXPECT_EQ("leg b1 leg/\nrelief b2 scans/relief/\n", placed);
  ASSERT_EQ(1u, up.remarks.ambiguous.size());
  EXPECT_EQ("truss", up.remarks.ambiguous[0].record.Text("assetId"));
}

// ---- Odd data

TEST(Step21To22Rows, OddHistoriesLoseNothing) {
  const auto source = With(
      kAssets,
      {// Numbers as N, missing and repeated ones, an entry that is no map, unknown attributes.
       R"({"databaseId":{"S":"dd"},"assetId":{"S":"odd"},"currentVersion":{"M":{"Version":{"N":"3"},"Comment":{"S":""},"rating":{"N":"5"},"CreatedBy":{"S":"zoë@x.example"}}},"versions":{"L":[{"M":{"Version":{"S":"1"}}},{"M":{"Comment":{"S":"no number"}}},{"S":"?"},{"M":{"Version":{"S":"3"},"Comment":{"S":"twice"}}}]}})",
       // Neither attribute has its kind; a location outside of the asset's folder.
       R"({"databaseId":{"S":"dd"},"assetId":{"S":"kinds"},"currentVersion":{"S":"1"},"versions":{"M":{}},"assetLocation":{"M":{"Key":{"S":"/shared/place/model.ifc"}}}})",
       R"({"databaseId":{"S":"dd"},"assetId":{"S":"named"},"currentVersion":{"M":{"Version":{"S":"final"}}}})"});

  const auto up = Up(source);

  std::string versions;
  for (const auto& [key, row] : up.tables.at(std::string(kVersions)))
    versions += fmt::format("{} {} \"{}\" {}\n", row.Text("assetId"), row.Text("assetVersionId"),
                            row.Text("comment"), row.Text("createdBy"));
  EXPECT_EQ(
      "odd 1 \"Version 1\" system\n"
      "odd 2 \"no number\" system\n"
      "odd 3 \"\" zoë@x.example\n"
      "kinds 0 \"Initial asset creation - Migration generated version\" system-migration\n"
      "named final \"Version final\" system\n",
      versions);
  const Item kinds{{"databaseId", Value::S("dd")}, {"assetId", Value::S("kinds")}};
  EXPECT_NE(std::string::npos, RowText(up.tables, kAssets, kinds).find("\"shared/place/\""));
  ExpectBack(source);
}

TEST(Step21To22Rows, LargeHistoriesBecomeSmallRows) {
  // Example 12: 390 KB of history.
  Value::List history;
  for (int i = 1; i < 900; ++i)
    history.push_back(Value::M(Item{{"Version", Value::S(std::to_string(i))},
                                    {"Comment", Value::S(std::string(410, 'c'))}}));
  auto source = World();
  Put(source, kAssets,
      Item{{"databaseId", Value::S("dd")},
           {"assetId", Value::S("big")},
           {"currentVersion", Value::M(Item{{"Version", Value::S("900")}})},
           {"versions", Value::L(std::move(history))}});

  const auto up = Up(source);

  EXPECT_EQ(900u, up.tables.at(std::string(kVersions)).size());
  EXPECT_TRUE(up.remarks.quarantined.empty());
  ExpectBack(source);
  // Without residue the old shape needs more room than there is: the oldest versions stay out.
  const auto down = Down(up.tables);
  const auto& folded = down.tables.at(std::string(kAssets)).begin()->second;
  const auto& kept = folded.Find("versions")->list();
  EXPECT_LT(kept.size(), 899u);
  EXPECT_GT(kept.size(), 600u);
  EXPECT_EQ("899", kept.back().map().Text("Version"));
  EXPECT_LE(items::ItemSize(folded), 400u * 1024);
  EXPECT_EQ(
      "", test::Differences(up.tables, Up(down.tables, Dialect::kCorrected, down.residue).tables));
}

TEST(Step21To22Rows, ARecordThatGrowsPastTheLimitIsPutAsideAlone) {
  auto source = With(kAssets, {kCrane});
  std::string text;
  while (text.size() < 409'550) text += "é";
  Put(source, kAssets,
      Item{{"databaseId", Value::S("dd")},
           {"assetId", Value::S("full")},
           {"description", Value::S(text)}});
  text.resize(390'000);
  Put(source, kAssets,
      Item{{"databaseId", Value::S("dd")},
           {"assetId", Value::S("large")},
           {"description", Value::S(text)}});

  const auto up = Up(source);

  EXPECT_EQ((std::multiset<std::string>{
                R"(too-large AssetStorageTable {"assetId":{"S":"full"},"databaseId":{"S":"dd"}})"}),
            test::Codes(up.remarks.quarantined));
  EXPECT_EQ(2u, up.tables.at(std::string(kAssets)).size());
  ExpectBack(source);
}

// ---- Writes made in 2.2

TEST(Step21To22Rows, WritesMadeIn22AreCarriedDown) {
  const auto source = With(kAssets, {kSingle, kCrane, kRelief});
  auto up = Up(source);
  // A new version, an edit, an archived asset, a deleted asset, a new one without files, a comment.
  Put(up.tables, kVersions,
      Json(
          R"({"assetId":{"S":"leg"},"assetVersionId":{"S":"4"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"2025-06-01T10:00:00.123456"},"comment":{"S":"fourth"},"description":{"S":"d"},"createdBy":{"S":"mara"},"specifiedPipelines":{"L":[]}})"));
  Put(up.tables, kFiles,
      Json(
          R"({"assetId:assetVersionId":{"S":"leg:4"},"fileKey":{"S":"/sub/leg.GLB"},"versionId":{"S":"v4"},"size":{"N":"4"}})"));
  auto& assets = up.tables[std::string(kAssets)];
  const auto key = [](std::string database, std::string id) {
    return items::EncodeItem(
        Item{{"assetId", Value::S(std::move(id))}, {"databaseId", Value::S(std::move(database))}});
  };
  assets.at(key("dd", "leg")).Set("currentVersionId", Value::S("4"));
  Item archived = assets.at(key("harbor-yard", "crane"));
  assets.erase(key("harbor-yard", "crane"));
  archived.Set("databaseId", Value::S("harbor-yard#deleted"));
  archived.Set("status", Value::S("archived"));
  archived.Set("archivedAt", Value::S("2025-06-01T10:00:00"));
  Put(up.tables, kAssets, archived);
  assets.erase(key("museum_scans", "relief"));
  up.tables[std::string(kVersions)].erase(
      items::EncodeItem(Item{{"assetId", Value::S("relief")}, {"assetVersionId", Value::S("0")}}));
  Put(up.tables, kAssets,
      Json(
          R"({"databaseId":{"S":"dd"},"assetId":{"S":"fresh"},"assetType":{"S":"none"},"assetLocation":{"M":{"Key":{"S":"fresh/"}}},"bucketId":{"S":"b1"},"currentVersionId":{"S":"0"}})"));
  Put(up.tables, kVersions,
      Json(
          R"({"assetId":{"S":"fresh"},"assetVersionId":{"S":"0"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"2025-06-02T10:00:00"},"comment":{"S":"c"},"description":{"S":""},"createdBy":{"S":"lee"}})"));
  Put(up.tables, kComments,
      Json(
          R"({"assetId":{"S":"leg"},"assetVersionId:commentId":{"S":"4:n"},"commentBody":{"S":"é"}})"));

  const auto down = Down(up.tables, up.residue);

  const auto& old = down.tables.at(std::string(kAssets));
  const Item& leg = old.at(key("dd", "leg"));
  const Item& current = leg.Find("currentVersion")->map();
  EXPECT_EQ("4", current.Text("Version"));
  EXPECT_EQ("v4", current.Text("S3Version"));
  EXPECT_EQ("mara", current.Text("CreatedBy"));
  EXPECT_EQ("June 01 2025 - 10:00:00", current.Text("DateModified"));
  ASSERT_EQ(3u, leg.Find("versions")->list().size());
  EXPECT_EQ("v3", leg.Find("versions")->list()[2].map().Text("S3Version"));
  EXPECT_FALSE(old.contains(key("harbor-yard", "crane")));
  const Item& crane = old.at(key("harbor-yard#deleted", "crane"));
  EXPECT_EQ("rev 2", crane.Find("currentVersion")->map().Text("Comment"));
  EXPECT_FALSE(crane.Has("status"));
  EXPECT_FALSE(crane.Has("bucketId"));
  EXPECT_FALSE(old.contains(key("museum_scans", "relief")));
  EXPECT_EQ("1", old.at(key("dd", "fresh")).Find("currentVersion")->map().Text("Version"));
  EXPECT_NE("", RowText(down.tables, kComments,
                        Item{{"assetId", Value::S("leg")},
                             {"assetVersionId:commentId", Value::S("4:n")}}));
}

// ---- The way down of data that was never in 2.1

TEST(Step21To22Rows, InverseMakesTheBestOldRecord) {
  TableSet source;
  PutBucket(source, "b2", "arch", "scans/");
  source = With(
      kAssets,
      {R"({"databaseId":{"S":"mm"},"assetId":{"S":"bust"},"assetType":{"S":".e57"},"assetLocation":{"M":{"Key":{"S":"scans/bust/"}}},"bucketId":{"S":"b2"},"currentVersionId":{"S":"10"},"status":{"S":"active"}})"},
      std::move(source));
  source = With(
      kVersions,
      {R"({"assetId":{"S":"bust"},"assetVersionId":{"S":"10"},"isCurrentVersion":{"BOOL":true},"dateCreated":{"S":"2025-01-14T10:03:00.000103"},"comment":{"S":"ten"},"description":{"S":"d"},"createdBy":{"S":"mara"},"specifiedPipelines":{"L":[]}})",
       R"({"assetId":{"S":"bust"},"assetVersionId":{"S":"9"},"isCurrentVersion":{"BOOL":false},"dateCreated":{"S":"2025-01-13T10:03:00+02:00"},"comment":{"S":"nine"},"description":{"S":""},"createdBy":{"S":"SYSTEM_USER"}})",
       R"({"assetId":{"S":"bust"},"assetVersionId":{"S":"0"},"isCurrentVersion":{"BOOL":false},"dateCreated":{"S":"2025-01-12T10:03:00"},"comment":{"S":""},"description":{"S":""},"createdBy":{"S":"system"}})"},
      std::move(source));
  source = With(
      kFiles,
      {R"({"assetId:assetVersionId":{"S":"bust:10"},"fileKey":{"S":"büste.e57"},"versionId":{"S":"v10"}})",
       R"({"assetId:assetVersionId":{"S":"bust:10"},"fileKey":{"S":"büste.e57.previewFile.png"},"versionId":{"S":"p10"}})",
       R"({"assetId:assetVersionId":{"S":"bust:9"},"fileKey":{"S":"/büste.e57"},"versionId":{"S":"v9"}})",
       R"({"assetId:assetVersionId":{"S":"no-colon-key"},"fileKey":{"S":"x"}})"},
      std::move(source));

  const auto down = Down(source);

  ExpectTable(
      down.tables, kAssets,
      {R"({"databaseId":{"S":"mm"},"assetId":{"S":"bust"},"assetType":{"S":".e57"},"assetLocation":{"M":{"Key":{"S":"bust/büste.e57"}}},"isMultiFile":{"BOOL":false},"pipelineId":{"S":""},"executionId":{"S":""},"specifiedPipelines":{"L":[]},"currentVersion":{"M":{"Version":{"S":"10"},"Comment":{"S":"ten"},"CreatedBy":{"S":"mara"},"DateModified":{"S":"January 14 2025 - 10:03:00"},"description":{"S":"d"},"S3Version":{"S":"v10"},"specifiedPipelines":{"L":[]}}},"versions":{"L":[{"M":{"Version":{"S":"0"},"Comment":{"S":""},"DateModified":{"S":"January 12 2025 - 10:03:00"},"description":{"S":""},"S3Version":{"S":""},"specifiedPipelines":{"L":[]}}},{"M":{"Version":{"S":"9"},"Comment":{"S":"nine"},"DateModified":{"S":"2025-01-13T10:03:00+02:00"},"description":{"S":""},"S3Version":{"S":"v9"},"specifiedPipelines":{"L":[]}}}]}})"});
  EXPECT_FALSE(down.tables.contains(std::string(kVersions)));
  const auto up = Up(down.tables, Dialect::kCorrected, down.residue);
  EXPECT_EQ("", test::Differences(source, up.tables));
}

}  // namespace
}  // namespace vams::migrate
