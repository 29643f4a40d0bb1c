#include "indexing/documents.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "indexing/follow_support_test.h"
#include "search/typed_value.h"
#include "tables/system_tables.h"
#include "testing/faulty_store.h"

namespace vams::indexing::test {
namespace {

using items::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

class DocumentsTest : public ::testing::Test {
 protected:
  search::Document Made(const std::string& id) {
    const Documents all = bench.Scratch();
    const auto found = all.find(id);
    if (found != all.end()) return found->second;
    ADD_FAILURE() << "no document " << id;
    return {};
  }
  std::set<std::string> Ids() {
    std::set<std::string> ids;
    for (const auto& [id, document] : bench.Scratch()) ids.insert(id);
    return ids;
  }

  FollowBench bench;
};

// ---- Assets.

TEST_F(DocumentsTest, AnAssetHasEveryFieldOfTheSpecification) {
  bench.MakeAsset("gantry", {.name = "Gantry 12",
                             .description = "Quay gantry, east",
                             .tags = {"steel", "crane"},
                             .type = ".glb"});
  bench.SetOfAsset("gantry", "previewLocation",
                   Value::M({{"Key", Value::S("previews/gantry/front.png")}}));
  bench.PutRow("gantry", "/", "maker", "Ironworks");

  const auto document = Made("harbor#gantry");

  boost::json::value should = Json(R"json({
      "str_databaseid": "harbor", "str_assetid": "gantry", "str_assetname": "Gantry 12",
      "str_description": "Quay gantry, east", "str_assettype": ".glb",
      "str_bucketname": "vault", "str_bucketprefix": "/",
      "bool_isdistributable": true, "list_tags": ["steel", "crane"],
      "str_asset_version_id": "0",
      "date_asset_version_createdate": "2025-03-01T10:00:00.123000",
      "str_asset_version_comment":
          "Initial asset creation - Version 0 (No Files, No Metadata)",
      "str_assetlocationkey": "gantry/", "str_previewfilekey": "previews/gantry/front.png",
      "bool_has_asset_children": false, "bool_has_asset_parents": false,
      "bool_has_assets_related": false, "bool_archived": false,
      "MD_": {"maker": "Ironworks"}})json");
  should.as_object()["str_bucketid"] = bench.bucket_id;
  EXPECT_EQ(boost::json::value(document.source), should) << boost::json::serialize(document.source);
  EXPECT_EQ(document.kind, search::Kind::kAsset);
  EXPECT_EQ(document.access.database, "harbor");
  EXPECT_EQ(document.access.asset_type, ".glb");
  EXPECT_THAT(document.access.tags, ElementsAre("crane", "steel"));
  EXPECT_EQ(document.asset_name, "Gantry 12");
  EXPECT_FALSE(document.archived);
}

TEST_F(DocumentsTest, WhatAnAssetLacksIsNullOrAbsentAsTheSpecificationSays) {
  bench.PutItem(catalog::kAssetsTable, {{"assetId", Value::S("bare")},
                                        {"bucketId", Value::S(bench.bucket_id)},
                                        {"databaseId", Value::S("harbor")}});

  const auto source = Made("harbor#bare").source;

  for (const char* null : {"str_assetname", "str_description", "str_assettype"})
    EXPECT_TRUE(source.at(null).is_null()) << null;
  for (const char* absent : {"MD_", "str_asset_version_id", "date_asset_version_createdate",
                             "str_asset_version_comment"})
    EXPECT_FALSE(source.contains(absent)) << absent;
  EXPECT_EQ(source.at("str_assetlocationkey"), "");
  EXPECT_EQ(source.at("str_previewfilekey"), "");
  EXPECT_EQ(source.at("list_tags"), boost::json::array());
  EXPECT_EQ(source.at("bool_isdistributable"), false);
}

TEST_F(DocumentsTest, RecordsOfEarlyReleasesAreShownAsTheyAre) {
  bench.MakeAsset("gantry");
  bench.SetOfAsset("gantry", "assetLocation", Value::M({{"Key", Value::S("gantry/a.glb")}}));
  bench.Commit({items::Write::Update(
      catalog::kAssetVersionsTable, catalog::AssetVersionKey({kDatabase, "gantry"}, "0"),
      {{items::Mutation::Op::kSet, "dateCreated", Value::S("March 09 2025 - 10:00:00")}})});

  const auto source = Made("harbor#gantry").source;

  EXPECT_EQ(source.at("str_assetlocationkey"), "gantry/a.glb");
  EXPECT_FALSE(source.contains("date_asset_version_createdate"));
}

TEST_F(DocumentsTest, AVersionWithAnAliasIsShownWithIt) {
  bench.MakeAsset("gantry");
  const auto made = Must(
      bench.versions.Create(bench.op, bench.caller, {kDatabase, "gantry"},
                            {.latest = true, .files = {}, .comment = "As built", .alias = "RC1"}));
  ASSERT_EQ(made.id, "1");

  EXPECT_EQ(Made("harbor#gantry").source.at("str_asset_version_id"), "v1 (RC1)");
  EXPECT_EQ(Made("harbor#gantry").source.at("str_asset_version_comment"), "As built");
}

TEST_F(DocumentsTest, LinksSetTheFlagsOfBothEnds) {
  for (const char* id : {"parent", "child", "friend-a", "friend-b", "alone"}) bench.MakeAsset(id);
  bench.Link("parent", "child", true);
  bench.Link("friend-a", "friend-b", false);
  const Documents all = bench.Scratch();

  const auto flags = [&](const std::string& id) {
    const auto& source = all.at("harbor#" + id).source;
    std::string text;
    for (const char* flag :
         {"bool_has_asset_children", "bool_has_asset_parents", "bool_has_assets_related"})
      text += source.at(flag).as_bool() ? "1" : "0";
    return text;
  };
  EXPECT_EQ(flags("parent"), "100");
  EXPECT_EQ(flags("child"), "010");
  EXPECT_EQ(flags("friend-a"), "001");
  EXPECT_EQ(flags("friend-b"), "001");
  EXPECT_EQ(flags("alone"), "000");
}

// Upstream looks these up under the id with the suffix, where there are none.
TEST_F(DocumentsTest, AnArchivedAssetKeepsItsMetadataAndVersion) {
  bench.MakeAsset("gantry");
  bench.PutRow("gantry", "/", "maker", "Ironworks");
  Must(bench.assets.Archive(bench.op, bench.caller, kDatabase, "gantry", {}));

  const auto document = Made("harbor#deleted#gantry");

  EXPECT_TRUE(document.archived);
  EXPECT_EQ(document.source.at("bool_archived"), true);
  EXPECT_EQ(document.source.at("str_databaseid"), "harbor");
  EXPECT_EQ(document.access.database, "harbor");
  EXPECT_EQ(document.source.at("str_asset_version_id"), "0");
  EXPECT_EQ(document.source.at("MD_"), Json(R"({"maker": "Ironworks"})"));
}

TEST_F(DocumentsTest, AnAssetWithoutItsBucketRecordHasNoDocuments) {
  bench.MakeAsset("gantry");
  bench.PutFile("gantry", "a.glb", "mesh");
  bench.SetOfAsset("gantry", "bucketId", Value::S("nowhere"));

  EXPECT_THAT(bench.Scratch(), IsEmpty());
}

TEST_F(DocumentsTest, MetadataIsTypedAndTheMarkerAndEmptyValuesAreLeftOut) {
  bench.MakeAsset("gantry");
  bench.PutRow("gantry", "/", "mass", "12.5", "number");
  bench.PutRow("gantry", "/", "code", "007", "number");
  bench.PutRow("gantry", "/", "certified", "true", "boolean");
  bench.PutRow("gantry", "/", "empty", "");
  bench.PutRow("gantry", "/", std::string(search::kReindexMarker), "now");
  bench.PutRow("gantry", "/", "Location", R"({"lat":53.5,"long":9.9,"alt":3})", "lla");

  const auto document = Made("harbor#gantry");

  EXPECT_EQ(document.source.at("MD_"), Json(R"({"mass": 12.5, "code": "007", "certified": true,
                     "Location": "{\"lat\":53.5,\"long\":9.9,\"alt\":3}"})"))
      << boost::json::serialize(document.source.at("MD_"));
  ASSERT_TRUE(document.place);
  EXPECT_EQ(document.place->south, 53.5);
  EXPECT_EQ(document.place->west, 9.9);
}

// ---- Files.

TEST_F(DocumentsTest, AFileHasEveryFieldOfTheSpecification) {
  bench.MakeAsset("gantry", {.name = "Gantry 12", .tags = {"steel"}, .type = "folder"});
  const auto put = bench.PutFile("gantry", "scan/East.E57", "dots",
                                 {.content_type = "",
                                  .user = {{"vams-primarytype", "primary"},
                                           {"vams-internal", "x"},
                                           {"uploadid", "u-1"},
                                           {"operator", "dana"}}});
  bench.PutFile("gantry", "scan/East.E57.previewFile.png", "picture");
  bench.PutRow("gantry", "/scan/East.E57", "stations", "14", "number");
  bench.PutRow("gantry", "/scan/East.E57", "points", "120345", "string",
               catalog::MetadataKind::kAttribute);

  const auto document = Made("harbor#gantry#/scan/East.E57");

  boost::json::value should = Json(R"({
      "str_key": "/scan/East.E57", "str_databaseid": "harbor", "str_assetid": "gantry",
      "str_assetname": "Gantry 12", "str_bucketname": "vault", "str_bucketprefix": "/",
      "str_fileext": "e57", "num_filesize": 4,
      "date_lastmodified": "2025-03-01T10:00:00+00:00",
      "str_previewfilekey": "gantry/scan/East.E57.previewFile.png",
      "list_tags": ["steel"], "bool_archived": false,
      "MD_": {"stations": 14, "s3_vams-primarytype": "primary", "s3_operator": "dana"},
      "AB_": {"points": 120345}})");
  should.as_object()["str_bucketid"] = bench.bucket_id;
  should.as_object()["str_etag"] = put.etag;
  should.as_object()["str_s3_version_id"] = put.version_id;
  EXPECT_EQ(boost::json::value(document.source), should) << boost::json::serialize(document.source);
  EXPECT_EQ(document.kind, search::Kind::kFile);
  // Its source does not show the asset's type, which permissions ask for.
  EXPECT_EQ(document.access.asset_type, "folder");
  EXPECT_THAT(document.access.tags, ElementsAre("steel"));
  EXPECT_EQ(document.asset_name, "Gantry 12");
}

TEST_F(DocumentsTest, AnArchivedFileShowsItsNewestContent) {
  bench.MakeAsset("gantry");
  bench.PutFile("gantry", "a.glb", "old");
  const auto newest = bench.PutFile("gantry", "a.glb", "newest");
  bench.DeleteFile("gantry", "a.glb");

  const auto document = Made("harbor#gantry#/a.glb");

  EXPECT_TRUE(document.archived);
  EXPECT_EQ(document.source.at("num_filesize"), 6);
  EXPECT_EQ(document.source.at("str_s3_version_id"), boost::json::value(newest.version_id));
}

TEST_F(DocumentsTest, AFileUnderSeveralDeleteMarkersIsFoundAndOneOfMarkersAloneIsNone) {
  const auto place = bench.MakeAsset("gantry");
  bench.PutFile("gantry", "a.glb", "content");
  bench.DeleteFile("gantry", "a.glb");
  bench.PutFile("gantry", "a.glb", "more content");
  const auto marker = Must(bench.objects().Delete(bench.op, place.ObjectAt("a.glb")));
  ASSERT_TRUE(marker);
  // The content between the two markers goes for good.
  const auto versions =
      Must(catalog::VersionsOf(bench.op, bench.objects(), place.ObjectAt("a.glb")));
  ASSERT_EQ(versions.size(), 4u);
  objects::ObjectChanges between;
  between.Add(objects::DeleteVersionChange{place.ObjectAt("a.glb"), versions[1].version_id});
  Must(bench.objects().Commit(bench.op, between, {}));
  EXPECT_EQ(Made("harbor#gantry#/a.glb").source.at("num_filesize"), 7);

  objects::ObjectChanges first;
  first.Add(objects::DeleteVersionChange{place.ObjectAt("a.glb"), versions[3].version_id});
  Must(bench.objects().Commit(bench.op, first, {}));

  EXPECT_THAT(Ids(), ElementsAre("harbor#gantry"));
}

TEST_F(DocumentsTest, FilesOfAnArchivedAssetAreArchived) {
  bench.MakeAsset("gantry");
  bench.PutFile("gantry", "a.glb", "mesh");
  bench.PutRow("gantry", "/a.glb", "maker", "Ironworks");
  Must(bench.assets.Archive(bench.op, bench.caller, kDatabase, "gantry", {}));

  const auto document = Made("harbor#gantry#/a.glb");

  EXPECT_TRUE(document.archived);
  EXPECT_EQ(document.source.at("str_databaseid"), "harbor");
  EXPECT_EQ(document.source.at("MD_").at("maker"), "Ironworks");
}

TEST_F(DocumentsTest, FilesWithoutExtensionAreIndexed) {
  bench.MakeAsset("gantry");
  for (const char* path : {"LICENSE", "v1.2/README", "trailing."})
    bench.PutFile("gantry", path, "x");

  for (const char* path : {"LICENSE", "v1.2/README", "trailing."})
    EXPECT_FALSE(Made(std::string("harbor#gantry#/") + path).source.contains("str_fileext"))
        << path;
}

TEST_F(DocumentsTest, WorkInProgressPreviewsFoldersAndLongKeysAreLeftOut) {
  bench.MakeAsset("gantry");
  const std::string long_name = std::string(250, 'n') + ".glb";  // 261 characters with the folder
  // As many characters as are allowed, of two bytes each.
  std::string wide;
  for (int i = 0; i < 245; ++i) wide += "ä";
  wide += ".glb";
  for (const std::string& path :
       {std::string("kept/a.glb"), std::string("kept/"), std::string("pipelines/b.glb"),
        std::string("x/previews/c.glb"), std::string("workspace-3/d.glb"),
        std::string("temp-uploads/e.glb"), std::string("preview.png"),
        std::string("kept/a.glb.previewFile.png"), long_name, wide})
    bench.PutFile("gantry", path, "x");

  EXPECT_THAT(Ids(),
              ElementsAre("harbor#gantry", "harbor#gantry#/kept/a.glb", "harbor#gantry#/" + wide));
}

// A preview's key stands behind keys of other files that begin with the base file's, and the file
// itself may be on another page.
TEST_F(DocumentsTest, PreviewsAreFoundBehindOtherFilesAndPages) {
  bench.MakeAsset("gantry");
  for (const char* path :
       {"a", "a b", "a-1", "a-1.previewFile.jpg", "a-2", "a.previewFile.png", "a.previewFile.svg",
        "a.q", "b", "b.previewFile.gif", "c.glb", "c.glb.previewFile.png"})
    bench.PutFile("gantry", path, "x");
  bench.DeleteFile("gantry", "b.previewFile.gif");  // archived: no preview any more

  const Documents whole = bench.Scratch();

  const auto preview = [&](const std::string& path) {
    return std::string(
        whole.at("harbor#gantry#/" + path).source.at("str_previewfilekey").as_string());
  };
  EXPECT_EQ(preview("a"), "gantry/a.previewFile.png");
  EXPECT_EQ(preview("a b"), "");
  EXPECT_EQ(preview("a-1"), "gantry/a-1.previewFile.jpg");
  EXPECT_EQ(preview("a-2"), "");
  EXPECT_EQ(preview("a.q"), "");
  EXPECT_EQ(preview("b"), "");
  EXPECT_EQ(preview("c.glb"), "gantry/c.glb.previewFile.png");
  for (const std::size_t page : {1, 2, 3, 5, 7})
    ExpectSame(FromScratch(bench.op, bench.items(), page), whole);
}

TEST_F(DocumentsTest, OwnerMarksDecideAndWithoutThemTheFolderDoes) {
  const auto gantry = bench.MakeAsset("gantry");
  bench.MakeAsset("crane");
  const auto put = [&](const std::string& path, objects::UserMetadata marks) {
    Must(bench.objects().PutBytes(bench.op, gantry.ObjectAt(path), "x",
                                  {.content_type = "", .user = std::move(marks)}));
  };
  put("unmarked.glb", {});
  put("half.glb", {{"assetid", "crane"}});
  put("suffixed.glb", {{"assetid", "gantry"}, {"databaseid", "harbor#deleted"}});
  put("others.glb", {{"assetid", "crane"}, {"databaseid", "harbor"}});

  EXPECT_THAT(Ids(), ElementsAre("harbor#crane", "harbor#gantry", "harbor#gantry#/half.glb",
                                 "harbor#gantry#/suffixed.glb", "harbor#gantry#/unmarked.glb"));
}

TEST_F(DocumentsTest, AFolderWithAnotherNameNeedsMarks) {
  const auto place = bench.MakeAsset("gantry");
  bench.SetOfAsset("gantry", "assetLocation", Value::M({{"Key", Value::S("elsewhere/scan/")}}));
  const auto moved = bench.Place("gantry");
  Must(bench.objects().PutBytes(bench.op, moved.ObjectAt("a.glb"), "x",
                                catalog::OwnedBy(moved.asset)));
  Must(bench.objects().PutBytes(bench.op, moved.ObjectAt("b.glb"), "x"));

  EXPECT_THAT(Ids(), ElementsAre("harbor#gantry", "harbor#gantry#/a.glb"));
}

TEST_F(DocumentsTest, ThePrefixOfTheBucketIsNoPartOfThePath) {
  FollowBench prefixed("scans/");
  prefixed.MakeAsset("gantry");
  prefixed.PutFile("gantry", "a.glb", "x");

  const auto all = prefixed.Scratch();

  ASSERT_TRUE(all.contains("harbor#gantry#/a.glb"));
  EXPECT_EQ(all.at("harbor#gantry#/a.glb").source.at("str_bucketprefix"), "scans/");
  EXPECT_EQ(all.at("harbor#gantry").source.at("str_assetlocationkey"), "scans/gantry/");
}

TEST_F(DocumentsTest, FilesAreTheActiveOnesWhereAnArchivedAssetHasTheSameId) {
  bench.MakeAsset("gantry");
  bench.PutFile("gantry", "a.glb", "x");
  auto record = *bench.StoredAsset("gantry");
  record.Set("databaseId", Value::S("harbor#deleted"));
  bench.PutItem(catalog::kAssetsTable, std::move(record));

  const auto all = bench.Scratch();

  EXPECT_THAT(Ids(), ElementsAre("harbor#deleted#gantry", "harbor#gantry", "harbor#gantry#/a.glb"));
  EXPECT_FALSE(all.at("harbor#gantry#/a.glb").archived);
}

// One damaged record must not hide the others, and must be told.
TEST_F(DocumentsTest, ADamagedRecordFailsAlone) {
  const auto place = bench.MakeAsset("gantry");
  for (const char* path : {"a.glb", "b.glb", "c.glb"}) bench.PutFile("gantry", path, "x");
  items::Item broken = objects::ObjectKey(kBucket, place.KeyOf("b.glb"));
  broken.Set("versionId", Value::S("v"));
  bench.PutItem(std::string(tables::kObjectsTable), std::move(broken));
  DocumentMaker maker(bench.items());
  auto reader = Must(maker.Read(bench.op, place.asset, true));

  const auto page = Must(reader.NextFiles(bench.op, 100));

  EXPECT_EQ(page.documents.size(), 2u);
  ASSERT_EQ(page.failures.size(), 1u);
  EXPECT_EQ(page.failures.front().id, "harbor#gantry#/b.glb");
  EXPECT_EQ(page.failures.front().error.code, Code::kCorrupt);
}

// ---- What it costs.

// Many files with rows of metadata of their own, some archived: a handful of calls, not one a file.
TEST_F(DocumentsTest, ManyFilesCostFewCalls) {
  constexpr int kFiles = 400;
  const auto place = bench.MakeAsset("gantry");
  for (int i = 0; i < kFiles; ++i) {
    const std::string path = fmt::format("part-{:04}.glb", i);
    bench.PutFile("gantry", path, "x");
    bench.PutRow("gantry", "/" + path, "number", std::to_string(i), "number");
    if (i % 3 == 0) bench.DeleteFile("gantry", path);
  }
  testing::FaultyStore counted(bench.items());

  const auto all = FromScratch(bench.op, counted, 200);

  EXPECT_EQ(all.size(), kFiles + 1u);
  EXPECT_LT(counted.calls(), 25u);
  EXPECT_EQ(all.at("harbor#gantry#/part-0123.glb").source.at("MD_").at("number"), 123);
}

// More rows than are held at once are asked for by key, and where there are many keys by file; the
// documents are the same.
TEST_F(DocumentsTest, VeryManyRowsAreReadPageByPage) {
  constexpr std::size_t kFiles = 40;
  for (const std::size_t keys : {8, 70}) {
    SCOPED_TRACE(keys);
    FollowBench large;
    large.MakeAsset("gantry");
    const std::string value((std::size_t{20} << 20) / kFiles / keys, 'v');
    for (std::size_t i = 0; i < kFiles; ++i) {
      const std::string path = fmt::format("part-{:02}.glb", i);
      large.PutFile("gantry", path, "x");
      std::vector<items::Write> rows;
      for (std::size_t key = 0; key < keys; ++key)
        rows.push_back(catalog::PutMetadata(
            {kDatabase, "gantry"}, {.kind = key % 2 == 0 ? catalog::MetadataKind::kMetadata
                                                         : catalog::MetadataKind::kAttribute,
                                    .path = "/" + path,
                                    .key = fmt::format("k{}", key),
                                    .value = fmt::format("{} of {} {}", key, i, value),
                                    .type = "string"}));
      large.Commit(std::move(rows));
    }
    large.PutRow("gantry", "/", "maker", "Ironworks");
    testing::FaultyStore counted(large.items());

    const auto whole = FromScratch(large.op, counted);

    EXPECT_EQ(counted.calls() < kFiles, keys == 8) << counted.calls();
    EXPECT_EQ(whole.at("harbor#gantry#/part-01.glb").source.at("MD_").as_object().size(), keys / 2);
    EXPECT_EQ(whole.at("harbor#gantry#/part-01.glb").source.at("AB_").as_object().size(), keys / 2);
    EXPECT_EQ(whole.at("harbor#gantry").source.at("MD_").at("maker"), "Ironworks");
    ExpectSame(FromScratch(large.op, large.items(), 7), whole);
  }
}

}  // namespace
}  // namespace vams::indexing::test
