#include <gtest/gtest.h>

#include "migrate/steps.h"
#include "migrate/steps/step_fixtures_test.h"

namespace vams::migrate {
namespace {

using items::Item;
using items::Value;
using test::Json;
using test::Put;
using test::RunNaive;
using test::SettingsFor;
using test::TableSet;

constexpr std::string_view kMetadata = "MetadataStorageTable";
constexpr std::string_view kLinks = "AssetLinksStorageTableV2.2";
constexpr std::string_view kLinkMetadata = "AssetLinksMetadataStorageTable";
const std::string kTime = IsoTime(test::kRunMillis, "+00:00");

TableSet Input(std::string_view line, bool seed) {
  TableSet set;
  test::AddFixture(set, line);
  test::AddListing(set, line);
  if (seed) test::AddFixture(set, "seed/v2.3");
  return set;
}

class Step22To23Test : public ::testing::TestWithParam<Dialect> {
 protected:
  test::NaiveResult Up(const TableSet& source, const std::vector<Residue>& residue = {}) {
    return RunNaive(Step22To23(), Direction::kUp, SettingsFor(GetParam()), source, residue);
  }
  test::NaiveResult Down(const TableSet& source, const std::vector<Residue>& residue = {}) {
    return RunNaive(Step22To23(), Direction::kDown, SettingsFor(GetParam()), source, residue);
  }
};
INSTANTIATE_TEST_SUITE_P(Dialects, Step22To23Test,
                         ::testing::Values(Dialect::kCorrected, Dialect::kReference),
                         [](const auto& with) { return std::string(NameOf(with.param)); });

TEST(Step22To23, ReferenceEqualsTheRecordedResult) {
  const auto up =
      RunNaive(Step22To23(), Direction::kUp, SettingsFor(Dialect::kReference), Input("v2.2", true));

  EXPECT_EQ("", test::Differences(test::Expected("expected/v2.2_to_v2.3", kTime),
                                  test::WithoutSystem(up.tables)));
}

TEST(Step22To23, CorrectedDiffersFromTheReferenceInTheTouchesOnly) {
  const auto source = Input("v2.2", true);
  const auto up = RunNaive(Step22To23(), Direction::kUp, SettingsFor(Dialect::kCorrected), source);

  EXPECT_EQ("", test::Differences(source, up.tables));
  test::ExpectStored("2.2_to_2.3.corrected.txt",
                     test::Differences(test::Expected("expected/v2.2_to_v2.3", "@TIME@"),
                                       test::WithoutSystem(up.tables)));
  EXPECT_TRUE(up.remarks.quarantined.empty());
  EXPECT_TRUE(up.remarks.ambiguous.empty());
}

TEST_P(Step22To23Test, UpAndDownGivesTheOriginal) {
  for (const bool seed : {false, true}) {
    const auto source = Input("v2.2", seed);
    const auto up = Up(source);

    const auto down = Down(up.tables, up.residue);

    EXPECT_EQ("", test::Differences(source, down.tables)) << "seed: " << seed;
    const auto again = Up(down.tables, down.residue);
    EXPECT_EQ("", test::Differences(up.tables, again.tables)) << "seed: " << seed;
  }
}

TEST_P(Step22To23Test, DownAndUpGivesTheOriginal) {
  auto recorded = test::Expected("expected/v2.2_to_v2.3", kTime);
  test::AddListing(recorded, "v2.2");
  const auto down = Down(recorded);
  const auto up = Up(down.tables, down.residue);
  EXPECT_EQ("", test::Differences(recorded, up.tables));
}

// The reindexer of the reference touches everything again; apart from its marker nothing changes.
TableSet WithoutMarkers(TableSet set) {
  for (auto& [key, row] : set[std::string(kMetadata)]) row.Remove("_asset_table_updated");
  std::erase_if(set[std::string(kMetadata)],
                [](const auto& row) { return row.second.size() == 2; });
  return set;
}

TEST_P(Step22To23Test, DownAndUpGivesDataOfTheNextLine) {
  const auto source = Input("v2.3", true);
  const auto down = Down(source);
  const auto up = Up(down.tables, down.residue);
  if (GetParam() == Dialect::kCorrected)
    EXPECT_EQ("", test::Differences(source, up.tables));
  else
    EXPECT_EQ("", test::Differences(WithoutMarkers(source), WithoutMarkers(up.tables)));
  const auto down_again = Down(up.tables, up.residue);
  EXPECT_EQ("", test::Differences(down.tables, down_again.tables));
}

// migrations.md 4.5, example 1 to 4 read backwards.
TEST_P(Step22To23Test, InverseWithoutResidueLosesWhat22DoesNotKnow) {
  TableSet source;
  Put(source, kMetadata,
      Json(
          R"({"databaseId":{"S":"d"},"assetId":{"S":"leg"},"_asset_table_updated":{"S":"2025-03-10T09:46:40.25+00:00"}})"));
  Put(source, kMetadata,
      Json(
          R"({"databaseId":{"S":"d"},"assetId":{"S":"a"},"x":{"S":"1"},"_asset_table_updated":{"S":"2025-03-10T09:46:40.25+00:00"}})"));
  Put(source, kMetadata,
      Json(
          R"({"databaseId":{"S":"d"},"assetId":{"S":"b"},"x":{"S":""},"_asset_table_updated":{"S":"soon"}})"));
  Put(source, kMetadata,
      Json(R"({"databaseId":{"S":"d"},"assetId":{"S":"c"},"_metadata_last_updated":{"S":"t"}})"));
  Put(source, kLinks,
      Json(R"({"assetLinkId":{"S":"l1"},"assetLinkAliasId":{"S":"left"},"tags":{"L":[]}})"));
  for (const std::string type : {"wxyz", "matrix4x4", "geopoint", "geojson", "lla", "json", "xyz",
                                 "number", "boolean", "date", "string"})
    Put(source, kLinkMetadata,
        Item{{"assetLinkId", Value::S("l1")},
             {"metadataKey", Value::S(type)},
             {"metadataValue", Value::S("[é]")},
             {"metadataValueType", Value::S(type)}});

  const auto down = Down(source);

  TableSet expected;
  Put(expected, kMetadata,
      Json(
          R"({"databaseId":{"S":"d"},"assetId":{"S":"a"},"x":{"S":"1"},"_asset_table_updated":{"N":"1741600000.25"}})"));
  Put(expected, kMetadata, Json(R"({"databaseId":{"S":"d"},"assetId":{"S":"b"},"x":{"S":""}})"));
  Put(expected, kMetadata,
      Json(R"({"databaseId":{"S":"d"},"assetId":{"S":"c"},"_metadata_last_updated":{"S":"t"}})"));
  Put(expected, kLinks, Json(R"({"assetLinkId":{"S":"l1"},"tags":{"L":[]}})"));
  for (const std::string type : {"wxyz", "matrix4x4", "geopoint", "geojson", "lla", "json", "xyz",
                                 "number", "boolean", "date", "string"}) {
    const bool old = type == "xyz" || type == "number" || type == "boolean" || type == "date";
    Put(expected, kLinkMetadata,
        Item{{"assetLinkId", Value::S("l1")},
             {"metadataKey", Value::S(type)},
             {"metadataValue", Value::S("[é]")},
             {"metadataValueType", Value::S(old ? type : "string")}});
  }
  EXPECT_EQ("", test::Differences(expected, down.tables));
  EXPECT_EQ((std::multiset<std::string>{
                R"(alias AssetLinksStorageTableV2.2 {"assetLinkId":{"S":"l1"}})"}),
            test::Codes(down.remarks.notes));
}

TEST_P(Step22To23Test, WritesMadeIn23AreCarriedDown) {
  auto up = Up(Input("v2.2", true));
  auto& metadata = up.tables[std::string(kMetadata)];
  const auto key = [&](std::string_view database, std::string_view asset) {
    return items::EncodeItem(Item{{"assetId", Value::S(std::string(asset))},
                                  {"databaseId", Value::S(std::string(database))}});
  };
  // A touched row is edited, one is deleted, one is new, a stub gets a field.
  Item& edited = metadata.at(key("bridge-lab", "truss-B"));
  edited.Set("inspector", Value::S("東京"));
  metadata.erase(key("museum_scans", "amphora_07"));
  Put(up.tables, kMetadata,
      Json(R"({"databaseId":{"S":"bridge-lab"},"assetId":{"S":"new"},"size":{"N":"3"}})"));
  Item stub = metadata.contains(key("museum_scans", "relief_no_meta"))
                  ? metadata.at(key("museum_scans", "relief_no_meta"))
                  : Json(R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"relief_no_meta"}})");
  stub.Set("stone", Value::S("marble"));
  Put(up.tables, kMetadata, stub);

  const auto down = Down(up.tables, up.residue);

  TableSet expected = Input("v2.2", true);
  auto& rows = expected[std::string(kMetadata)];
  rows.at(key("bridge-lab", "truss-B")).Set("inspector", Value::S("東京"));
  rows.erase(key("museum_scans", "amphora_07"));
  Put(expected, kMetadata,
      Json(R"({"databaseId":{"S":"bridge-lab"},"assetId":{"S":"new"},"size":{"N":"3"}})"));
  Item kept = Json(
      R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"relief_no_meta"},"stone":{"S":"marble"}})");
  if (GetParam() == Dialect::kReference)
    kept.Set("_asset_table_updated", Value::N("1741600000.123"));
  Put(expected, kMetadata, kept);
  EXPECT_EQ("", test::Differences(expected, down.tables));
}

// ---- Examples of migrations.md 4.6, reference

objects::ObjectRecord Object(std::string bucket, std::string key, std::string database,
                             std::string asset) {
  objects::ObjectVersion version;
  version.bucket = std::move(bucket);
  version.key = std::move(key);
  version.version_id = "v";
  version.sequence = 1;
  version.user_metadata.emplace();
  if (!asset.empty()) *version.user_metadata = {{"assetid", asset}, {"databaseid", database}};
  return {.newest = std::move(version), .next = 2, .versions = 1};
}

TableSet Examples() {
  TableSet set;
  Put(set, "S3AssetBucketsStorageTable",
      Json(
          R"({"bucketId":{"S":"b1"},"bucketName:baseAssetsPrefix":{"S":"yard:/"},"bucketName":{"S":"yard"},"baseAssetsPrefix":{"S":"/"}})"));
  Put(set, "S3AssetBucketsStorageTable",
      Json(
          R"({"bucketId":{"S":"b2"},"bucketName:baseAssetsPrefix":{"S":"arch:scans/"},"bucketName":{"S":"arch"},"baseAssetsPrefix":{"S":"scans/"}})"));
  const auto asset = [&](std::string database, std::string id) {
    Put(set, "AssetStorageTable",
        Item{{"databaseId", Value::S(std::move(database))}, {"assetId", Value::S(std::move(id))}});
  };
  asset("harbor-yard", "crane");
  asset("harbor-yard", "leg");
  asset("harbor-yard#deleted", "hook");
  asset("d", "a");
  for (
      const char* row :
      {R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"crane"},"serial_no":{"S":"STS-0042"}})",
       R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"hook"},"capacity":{"S":"20"}})",
       R"({"databaseId":{"S":"d"},"assetId":{"S":"a"},"_asset_table_updated":{"N":"1741600000.25"},"x":{"S":"1"}})",
       R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"/crane/docs/load chart.pdf"},"pages":{"N":"12"}})",
       R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"/scans/amphora_07/model.bin"},"checksum":{"S":"a1b2"}})"})
    Put(set, kMetadata, Json(row));
  test::PutObject(set, Object("yard", "crane/docs/load chart.pdf", "harbor-yard", "crane"));
  test::PutObject(set, Object("arch", "scans/amphora_07/model.bin", "museum_scans", "amphora_07"));
  test::PutObject(set, Object("arch", "elsewhere/x.bin", "museum_scans", "amphora_07"));
  test::PutObject(set, Object("yard", "leg/gantry.glb", "", ""));
  test::PutObject(set, Object("yard", "empty/", "harbor-yard", "empty"));
  test::PutObject(set, Object("yard", "bust/büste.e57.previewFile.png", "d", "bust"));
  test::PutObject(set, Object("yard", "hook/preview_notes.txt", "harbor-yard", "hook"));
  test::PutObject(set, Object("yard", "outside/of.it", "d", "a"));
  auto gone = Object("yard", "crane/gone.glb", "harbor-yard", "crane");
  gone.newest.is_delete_marker = true;
  test::PutObject(set, gone);
  return set;
}

TEST(Step22To23, ReferenceRepeatsTheExamples) {
  const auto up =
      RunNaive(Step22To23(), Direction::kUp, SettingsFor(Dialect::kReference), Examples());

  TableSet expected = Examples();
  const auto put = [&](std::string_view row, bool touched) {
    Item item = Json(row);
    if (touched) item.Set("_asset_table_updated", Value::S(kTime));
    Put(expected, kMetadata, std::move(item));
  };
  put(R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"crane"},"serial_no":{"S":"STS-0042"}})",
      true);
  put(R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"leg"}})", true);
  put(R"({"databaseId":{"S":"harbor-yard#deleted"},"assetId":{"S":"hook"}})", true);
  put(R"({"databaseId":{"S":"d"},"assetId":{"S":"a"},"x":{"S":"1"}})", true);
  put(R"({"databaseId":{"S":"harbor-yard"},"assetId":{"S":"/crane/docs/load chart.pdf"},"pages":{"N":"12"}})",
      true);
  put(R"({"databaseId":{"S":"museum_scans"},"assetId":{"S":"/amphora_07/model.bin"}})", true);
  put(R"({"databaseId":{"S":"d"},"assetId":{"S":"/a/outside/of.it"}})", true);
  EXPECT_EQ("", test::Differences(expected, up.tables));
}

TEST(Step22To23, CorrectedTellsWhatTheScriptWouldHaveDone) {
  const auto up =
      RunNaive(Step22To23(), Direction::kUp, SettingsFor(Dialect::kCorrected), Examples());

  EXPECT_EQ("", test::Differences(Examples(), up.tables));
  EXPECT_EQ(
      (std::multiset<std::string>{
          R"(M23-4 MetadataStorageTable {"assetId":{"S":"a"},"databaseId":{"S":"d"}})",
          R"(M23-5 MetadataStorageTable {"assetId":{"S":"/scans/amphora_07/model.bin"},"databaseId":{"S":"museum_scans"}})"}),
      test::Codes(up.remarks.defects));
}

TEST_P(Step22To23Test, RowsAtTheSizeLimitAreKeptAndLargerOnesPutAside) {
  TableSet source;
  const auto row = [](std::string id, std::size_t size) {
    std::string text;
    while (text.size() < size) text += "é";
    return Item{{"databaseId", Value::S("d")},
                {"assetId", Value::S(std::move(id))},
                {"notes", Value::S(std::move(text))}};
  };
  Put(source, kMetadata, row("large", 390'000));
  Put(source, kMetadata, row("full", 409'560));
  for (const std::string id : {"large", "full"})
    Put(source, "AssetStorageTable",
        Item{{"databaseId", Value::S("d")}, {"assetId", Value::S(id)}});

  const auto up = Up(source);

  // Only the reference dialect lets rows grow.
  const std::size_t aside = GetParam() == Dialect::kReference ? 1 : 0;
  EXPECT_EQ(aside, up.remarks.quarantined.size());
  EXPECT_EQ(2 - aside, up.tables.at(std::string(kMetadata)).size());
  EXPECT_EQ("", test::Differences(source, Down(up.tables, up.residue).tables));
}

TEST(Step22To23, ChecksLinksAndTheirMetadata) {
  OpContext op;
  const auto store = test::StoreOf({}, {2, 3});
  State state(op, *store, nullptr);
  const auto settings = SettingsFor(Dialect::kCorrected);
  const Context cx{settings, state};
  const auto problems = [&](Direction direction, std::string_view table, std::string_view row) {
    return test::Must(Step22To23().CheckRecord(direction, {table, Json(row)}, cx)).size();
  };
  constexpr std::string_view kGood =
      R"({"assetLinkId":{"S":"l"},"fromAssetDatabaseId:fromAssetId":{"S":"d:a"},"fromAssetDatabaseId":{"S":"d"},"fromAssetId":{"S":"a"},"toAssetDatabaseId:toAssetId":{"S":"d:b"},"toAssetDatabaseId":{"S":"d"},"toAssetId":{"S":"b"}})";
  EXPECT_EQ(0u, problems(Direction::kUp, kLinks, kGood));
  EXPECT_EQ(2u, problems(Direction::kUp, kLinks, R"({"assetLinkId":{"S":"l"}})"));
  constexpr std::string_view kJson =
      R"({"assetLinkId":{"S":"l"},"metadataKey":{"S":"k"},"metadataValueType":{"S":"json"}})";
  EXPECT_EQ(0u, problems(Direction::kUp, kLinkMetadata, kJson));
  EXPECT_EQ(1u, problems(Direction::kDown, kLinkMetadata, kJson));
}

}  // namespace
}  // namespace vams::migrate
