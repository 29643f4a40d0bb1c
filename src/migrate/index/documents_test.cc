// The search documents of each release, from the same things as its tables hold them.
#include "migrate/index/documents.h"

#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <map>

#include "migrate/index/index_set_test.h"
#include "migrate/index/reader.h"

namespace vams::migrate::index::test {
namespace {

namespace json = boost::json;
using Names = std::vector<std::string>;

struct Documents {
  std::map<std::string, json::object> assets, files;
  std::uint64_t pages = 0, without_bucket = 0;
};

Documents Read(const TableSet& set, tables::DataVersion version, std::size_t page_size = 1000,
               Part part = Part::kBoth) {
  OpContext op;
  const auto store = migrate::test::StoreOf(set, version);
  Documents all;
  Place place;
  while (!place.done) {
    // As after a crash: nothing is known but the place.
    DocumentReader reader(*store, version, part);
    const auto page = Must(reader.Next(op, PlaceFrom(ToJson(place)), page_size));
    for (const auto& document : page.assets)
      EXPECT_TRUE(all.assets.emplace(document.id, document.source).second) << document.id;
    for (const auto& document : page.files)
      EXPECT_TRUE(all.files.emplace(document.id, document.source).second) << document.id;
    all.without_bucket += page.without_bucket;
    ++all.pages;
    place = page.next;
  }
  return all;
}

Names Ids(const std::map<std::string, json::object>& documents) {
  Names ids;
  for (const auto& [id, source] : documents) ids.push_back(id);
  return ids;
}

void ExpectJson(const json::object& actual, std::string_view expected) {
  EXPECT_EQ(json::parse(json::serialize(actual)), json::parse(expected)) << json::serialize(actual);
}

TEST(SearchDocuments, Of24HaveFlatObjects) {
  const auto documents = Read(SmallSet(), {2, 4});

  EXPECT_EQ(Ids(documents.assets),
            (Names{"museum#bust", "yard#crane", "yard#deleted#hook", "yard#leg"}));
  EXPECT_EQ(Ids(documents.files),
            (Names{"museum#bust#/bust.e57", "yard#crane#/Crane.GLB", "yard#crane#/docs/LICENSE",
                   "yard#crane#/old.step", "yard#crane#/workspace/x.txt", "yard#hook#/hook.stl"}));
  ExpectJson(documents.assets.at("yard#crane"), R"({
    "str_databaseid": "yard", "str_assetid": "crane", "str_assetname": "The crane",
    "str_description": "Made of steel", "str_assettype": "folder", "str_bucketid": "b1",
    "str_bucketname": "yard-assets", "str_bucketprefix": "/", "bool_isdistributable": true,
    "list_tags": ["span", "steel"], "str_asset_version_id": "3",
    "date_asset_version_createdate": "2025-01-14T10:03:00.000103",
    "str_asset_version_comment": "Third", "bool_has_asset_children": true,
    "bool_has_asset_parents": false, "bool_has_assets_related": true, "bool_archived": false,
    "MD_": {"Serial No": "007", "capacity": 40.5}})");
  ExpectJson(documents.files.at("yard#crane#/Crane.GLB"), R"({
    "str_key": "/Crane.GLB", "str_databaseid": "yard", "str_assetid": "crane",
    "str_assetname": "The crane", "str_bucketid": "b1", "str_bucketname": "yard-assets",
    "str_bucketprefix": "/", "str_fileext": "glb", "num_filesize": 1234,
    "date_lastmodified": "2025-03-10T09:46:40+00:00", "str_etag": "e7",
    "str_s3_version_id": "v1", "list_tags": ["span", "steel"], "bool_archived": false,
    "MD_": {"points": 12, "s3_scanner": "Mk 2", "s3_vams-primarytype": "primary"},
    "AB_": {"Polygons": 120345}})");
}

TEST(SearchDocuments, OfArchivedThingsSaySo) {
  const auto documents = Read(SmallSet(), {2, 4});

  const auto& hook = documents.assets.at("yard#deleted#hook");
  EXPECT_EQ(hook.at("str_databaseid"), "yard");
  EXPECT_EQ(hook.at("bool_archived"), true);
  EXPECT_EQ(hook.at("MD_").as_object().at("load"), "heavy");
  EXPECT_EQ(documents.files.at("yard#hook#/hook.stl").at("bool_archived"), true);
  const auto& deleted = documents.files.at("yard#crane#/old.step");
  EXPECT_EQ(deleted.at("bool_archived"), true);
  EXPECT_EQ(deleted.at("str_s3_version_id"), "v1") << "of the newest that is no delete marker";
  EXPECT_FALSE(documents.files.at("yard#crane#/docs/LICENSE").contains("str_fileext"));
}

TEST(SearchDocuments, Of25AddPlacesPreviewsAndAliases) {
  const auto documents = Read(SmallSet(), {2, 5});

  const auto& crane = documents.assets.at("yard#crane");
  EXPECT_EQ(crane.at("str_asset_version_id"), "v3 (final)");
  EXPECT_EQ(crane.at("str_assetlocationkey"), "crane/");
  EXPECT_EQ(crane.at("str_previewfilekey"), "");
  EXPECT_EQ(documents.files.at("yard#crane#/Crane.GLB").at("str_previewfilekey"),
            "crane/Crane.GLB.previewFile.png");
  EXPECT_FALSE(documents.files.contains("yard#crane#/workspace/x.txt"));
}

TEST(SearchDocuments, Of23HaveAFieldForEachKeyAndKindOfValue) {
  const auto documents = Read(SmallSet(), {2, 3});

  auto crane = documents.assets.at("yard#crane");
  json::object metadata;
  for (const auto& member : crane)
    if (member.key().starts_with("MD_")) metadata[member.key()] = member.value();
  ExpectJson(metadata, R"({
    "MD_str_serial_no": "007", "MD_num_capacity": 40.5, "MD_bool_certified": true,
    "MD_list_codes": ["A1", "B2"], "MD_date_built": "2024-05-01", "MD_num_gre": 12,
    "MD_str_field_3d": "yes", "MD_gp_location": {"lon": 9.96, "lat": 53.54},
    "MD_gs_location": {"type": "polygon", "coordinates": [[[9,53],[10,53],[10,54],[9,53]]]}})");
  EXPECT_EQ(crane.at("str_asset_version_comment"), "Third");
  EXPECT_FALSE(crane.contains("str_previewfilekey"));
  const auto& file = documents.files.at("yard#crane#/Crane.GLB");
  EXPECT_EQ(file.at("MD_num_points"), 12);
  EXPECT_EQ(file.at("MD_str_s3_scanner"), "Mk 2");
  // M23-5: the row that the web application wrote under the whole key.
  EXPECT_EQ(documents.files.at("museum#bust#/bust.e57").at("MD_num_stations"), 14);
}

TEST(SearchDocuments, Of22AreInOneIndexUnderShortIds) {
  const auto documents = Read(SmallSet(), {2, 2});

  EXPECT_EQ(Ids(documents.assets), (Names{"bust", "crane", "hook", "leg"}));
  EXPECT_EQ(Ids(documents.files).front(), "crane/Crane.GLB");
  const auto& crane = documents.assets.at("crane");
  EXPECT_EQ(crane.at("_rectype"), "asset");
  EXPECT_EQ(crane.at("str_serial_no"), "007");
  EXPECT_EQ(crane.at("num_capacity"), 40.5);
  EXPECT_TRUE(crane.contains("gp_location"));
  EXPECT_EQ(documents.assets.at("hook").at("str_databaseid"), "yard#deleted");
  const auto& file = documents.files.at("crane/Crane.GLB");
  EXPECT_EQ(file.at("_rectype"), "s3object");
  EXPECT_EQ(file.at("str_key"), "crane/Crane.GLB");
  EXPECT_EQ(file.at("num_points"), 12);
}

TEST(SearchDocuments, OddLocationsAndDatesStayTexts) {
  const std::pair<std::string, std::string> odd[] = {
      {R"({"loc":[200,53],"polygons":{"type":"FeatureCollection","features":[]}})", "MD_str_x"},
      {R"({"loc":"here"})", "MD_str_x"},
      {"{not json}", "MD_str_x"},
      {"2024-13-45", "MD_str_x"},
      {"2024-05-01T10:00", "MD_str_x"},
      {"1e5", "MD_str_x"},
      {"nan", "MD_str_x"},
      {"-3", "MD_num_x"}};
  for (const auto& [text, field] : odd) {
    const items::Item asset = Json(R"({"databaseId":{"S":"d"},"assetId":{"S":"a"}})");
    const items::Item bucket = Json(R"({"bucketId":{"S":"b"}})");
    AssetRecords records{.asset = &asset, .bucket = &bucket};
    records.metadata = {{.key = "x", .value = items::Value::S(text), .type = {}}};

    const auto document = AssetDocument({2, 3}, records);

    EXPECT_TRUE(document.source.contains(field)) << text << json::serialize(document.source);
    EXPECT_FALSE(document.source.contains("MD_gp_x")) << text;
  }
}

TEST(SearchDocuments, AreTheSameInPagesOfAnySize) {
  const auto set = SmallSet(20);
  const auto whole = Read(set, {2, 4});

  for (const std::size_t size : {1U, 2U, 3U, 7U}) {
    const auto pages = Read(set, {2, 4}, size);

    EXPECT_GT(pages.pages, 20 / size);
    EXPECT_EQ(pages.assets, whole.assets);
    EXPECT_EQ(pages.files, whole.files);
  }
  EXPECT_EQ(whole.files.size(), 26u);
}

TEST(SearchDocuments, OneKindAloneIsThatKind) {
  const auto assets = Read(SmallSet(), {2, 4}, 3, Part::kAssets);
  const auto files = Read(SmallSet(), {2, 4}, 3, Part::kFiles);

  EXPECT_EQ(assets.assets.size(), 4u);
  EXPECT_TRUE(assets.files.empty());
  EXPECT_TRUE(files.assets.empty());
  EXPECT_EQ(files.files.size(), 6u);
}

TEST(SearchDocuments, FilesOfAnArchivedAssetWhoseIdIsTakenAreTheNewOnes) {
  auto set = SmallSet();
  AddAsset(set, "yard", "hook", "hook/");

  const auto documents = Read(set, {2, 4});

  EXPECT_EQ(documents.assets.size(), 5u);
  EXPECT_EQ(documents.files.at("yard#hook#/hook.stl").at("bool_archived"), false);
}

TEST(SearchDocuments, AssetsWithoutABucketAreCountedAndHaveNone) {
  auto set = SmallSet();
  AddAsset(set, "yard", "lost", "lost/", "b9");

  const auto documents = Read(set, {2, 4});

  EXPECT_EQ(documents.without_bucket, 1u);
  EXPECT_EQ(documents.assets.size(), 4u);
}

}  // namespace
}  // namespace vams::migrate::index::test
