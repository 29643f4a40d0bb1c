#include "indexing/follow.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>

#include "indexing/faulty_index_test.h"
#include "indexing/follow_support_test.h"
#include "tables/system_tables.h"
#include "testing/faulty_store.h"

namespace vams::indexing::test {
namespace {

using items::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A stack with the asset "gantry" and its file, both shown.
class FollowTest : public ::testing::Test {
 protected:
  FollowTest() {
    bench.MakeAsset("gantry", {.tags = {"steel"}, .type = ".glb"});
    bench.PutFile("gantry", "a.glb", "mesh");
    bench.ExpectFollowed({kGantry, kFile});
  }

  static inline const std::string kGantry = "harbor#gantry";
  static inline const std::string kFile = "harbor#gantry#/a.glb";

  FollowBench bench;
};

// ---- Assets (section 7.2).

TEST_F(FollowTest, ANewAssetAppearsAndADeletedOneGoesWithItsFiles) {
  bench.MakeAsset("crane");
  bench.PutFile("crane", "jib.stl", "x");
  bench.ExpectFollowed({kGantry, kFile, "harbor#crane", "harbor#crane#/jib.stl"});

  Must(bench.assets.Delete(bench.op, bench.caller, kDatabase, "crane"));

  bench.ExpectFollowed({kGantry, kFile});
}

TEST_F(FollowTest, RenamingAnAssetAndItsTagsReachItsFiles) {
  Must(bench.assets.Update(bench.op, bench.caller, kDatabase, "gantry",
                           {.name = "Gantry 13", .tags = std::vector<std::string>{}}));

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kFile, "str_assetname"), "Gantry 13");
  EXPECT_EQ(bench.Field(kFile, "list_tags"), Json("[]"));
  EXPECT_THAT(bench.Found(kFile).access.tags, IsEmpty());
}

TEST_F(FollowTest, TheTypeOfAnAssetReachesTheAccessClassOfItsFiles) {
  bench.SetOfAsset("gantry", "assetType", Value::S("folder"));

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Found(kFile).access.asset_type, "folder");
}

TEST_F(FollowTest, ADescriptionLeavesTheFilesAlone) {
  Must(bench.assets.Update(bench.op, bench.caller, kDatabase, "gantry", {.description = "West"}));

  const auto step = Must(bench.follower.Step(bench.op, bench.index));

  EXPECT_EQ(step.put, 1u);
  EXPECT_EQ(bench.Field(kGantry, "str_description"), "West");
}

TEST_F(FollowTest, MetadataAtTheRootIsTheAssets) {
  bench.PutRow("gantry", "/", "maker", "Ironworks");
  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kGantry, "MD_"), Json(R"({"maker": "Ironworks"})"));

  bench.DeleteRow("gantry", "/", "maker");
  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kGantry, "MD_"), "absent");
}

// Upstream skips the removal of a link, because its record names no asset any more.
TEST_F(FollowTest, LinksChangeBothEndsWhenTheyComeAndWhenTheyGo) {
  bench.MakeAsset("crane");
  const std::string link = bench.Link("gantry", "crane", true);
  bench.Follow();
  bench.ExpectTrue();
  EXPECT_EQ(bench.Field(kGantry, "bool_has_asset_children"), true);
  EXPECT_EQ(bench.Field("harbor#crane", "bool_has_asset_parents"), true);

  Must(bench.links.Delete(bench.op, bench.caller, link));

  bench.Follow();
  bench.ExpectTrue();
  EXPECT_EQ(bench.Field(kGantry, "bool_has_asset_children"), false);
  EXPECT_EQ(bench.Field("harbor#crane", "bool_has_asset_parents"), false);
}

TEST_F(FollowTest, ALinkGoesWithTheAssetAtItsOtherEnd) {
  bench.MakeAsset("crane");
  bench.Link("gantry", "crane", false);
  bench.Follow();

  Must(bench.assets.Delete(bench.op, bench.caller, kDatabase, "crane"));

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kGantry, "bool_has_assets_related"), false);
}

TEST_F(FollowTest, ArchivingAnAssetArchivesItsFilesAndUnarchivingBringsThemBack) {
  bench.PutRow("gantry", "/", "maker", "Ironworks");
  Must(bench.assets.Archive(bench.op, bench.caller, kDatabase, "gantry", {}));
  bench.ExpectFollowed({"harbor#deleted#gantry", kFile});
  EXPECT_EQ(bench.Field("harbor#deleted#gantry", "MD_"), Json(R"({"maker": "Ironworks"})"));
  EXPECT_EQ(bench.Field("harbor#deleted#gantry", "str_asset_version_id"), "0");
  EXPECT_TRUE(bench.Found(kFile).archived);

  Must(bench.assets.Unarchive(bench.op, bench.caller, kDatabase, "gantry", {}));

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_FALSE(bench.Found(kFile).archived);
}

TEST_F(FollowTest, AnArchivedAssetThatIsDeletedLeavesNothing) {
  Must(bench.assets.Archive(bench.op, bench.caller, kDatabase, "gantry", {}));
  bench.Follow();

  Must(bench.assets.Delete(bench.op, bench.caller, kDatabase, "gantry"));

  bench.ExpectFollowed({});
}

TEST_F(FollowTest, VersionsAndTheirAliasesAreShown) {
  Must(bench.versions.Create(bench.op, bench.caller, {kDatabase, "gantry"},
                             {.latest = true, .files = {}, .comment = "As built", .alias = ""}));
  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kGantry, "str_asset_version_id"), "1");

  Must(bench.versions.Update(bench.op, bench.caller, {kDatabase, "gantry"}, "1",
                             {.comment = {}, .alias = "RC1"}));

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kGantry, "str_asset_version_id"), "v1 (RC1)");
}

// The documents of assets whose bucket record was missing appear with it.
TEST_F(FollowTest, ABucketRecordThatComesLaterBringsItsAssets) {
  const std::string bucket = "8f7c5a50-0000-4000-8000-000000000001";
  bench.SetOfAsset("gantry", "bucketId", Value::S(bucket));
  bench.ExpectFollowed({});

  bench.PutItem(catalog::kBucketsTable, {{"bucketId", Value::S(bucket)},
                                         {"bucketName:baseAssetsPrefix", Value::S("vault:late/")},
                                         {"bucketName", Value::S("vault")},
                                         {"baseAssetsPrefix", Value::S("/")}});

  bench.ExpectFollowed({kGantry, kFile});
}

TEST_F(FollowTest, WhatIsNoPartOfDocumentsWritesNone) {
  bench.PutItem(std::string(tables::kNamesTable),
                {{"scope", Value::S("a")}, {"name", Value::S("b")}});

  const auto step = Must(bench.follower.Step(bench.op, bench.index));

  EXPECT_EQ(step.put + step.removed, 0u);
  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), Must(bench.items().LastChange(bench.op)));
}

// ---- Files (section 7.3).

TEST_F(FollowTest, AnotherVersionOfAFileIsShown) {
  const auto put = bench.PutFile("gantry", "a.glb", "longer mesh");

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kFile, "num_filesize"), 11);
  EXPECT_EQ(bench.Field(kFile, "str_s3_version_id"), boost::json::value(put.version_id));
}

TEST_F(FollowTest, AnArchivedFileStaysWithWhatItWasAndComesBack) {
  Must(bench.files.Archive(bench.op, bench.caller, {kDatabase, "gantry"}, "/a.glb", false));
  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_TRUE(bench.Found(kFile).archived);
  EXPECT_EQ(bench.Field(kFile, "num_filesize"), 4);

  // Upstream takes the removal of the marker for that of the file.
  Must(bench.files.Unarchive(bench.op, bench.caller, {kDatabase, "gantry"}, "/a.glb"));

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_FALSE(bench.Found(kFile).archived);
}

// Upstream removes the document of a live file then.
TEST_F(FollowTest, RemovingAnOldVersionLeavesTheFile) {
  const auto place = bench.Place("gantry");
  bench.PutFile("gantry", "a.glb", "longer mesh");
  const auto versions =
      Must(catalog::VersionsOf(bench.op, bench.objects(), place.ObjectAt("a.glb")));
  objects::ObjectChanges changes;
  changes.Add(objects::DeleteVersionChange{place.ObjectAt("a.glb"), versions.back().version_id});
  Must(bench.objects().Commit(bench.op, changes, {}));

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kFile, "num_filesize"), 11);
}

TEST_F(FollowTest, ADeletedFileGoes) {
  Must(bench.files.Delete(bench.op, bench.caller, {kDatabase, "gantry"}, "/a.glb", false, true));

  bench.ExpectFollowed({kGantry});
}

TEST_F(FollowTest, AMovedFileTakesItsRowsAlong) {
  bench.PutRow("gantry", "/a.glb", "maker", "Ironworks");
  bench.Follow();

  Must(bench.files.Move(bench.op, bench.caller, {kDatabase, "gantry"}, "/a.glb", "/old/b.glb"));

  // What was there before is archived.
  bench.ExpectFollowed({kGantry, kFile, "harbor#gantry#/old/b.glb"});
  EXPECT_TRUE(bench.Found(kFile).archived);
  EXPECT_EQ(bench.Field(kFile, "MD_"), "absent");
  EXPECT_EQ(bench.Field("harbor#gantry#/old/b.glb", "MD_").at("maker"), "Ironworks");
}

TEST_F(FollowTest, RowsOfAFileAreFollowed) {
  bench.PutRow("gantry", "/a.glb", "maker", "Ironworks");
  bench.PutRow("gantry", "/a.glb", "points", "12", "string", catalog::MetadataKind::kAttribute);
  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kFile, "MD_"), Json(R"({"maker": "Ironworks"})"));
  EXPECT_EQ(bench.Field(kFile, "AB_"), Json(R"({"points": 12})"));

  bench.DeleteRow("gantry", "/a.glb", "maker");
  bench.DeleteRow("gantry", "/a.glb", "points", catalog::MetadataKind::kAttribute);

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kFile, "MD_"), "absent");
  EXPECT_EQ(bench.Field(kFile, "AB_"), "absent");
}

TEST_F(FollowTest, RowsOfFoldersOfAbsentFilesAndOfBrokenPathsMakeNothing) {
  for (const char* path : {"/none.glb", "/scan/", "a.glb", ""})
    bench.PutRow("gantry", path, "maker", "Ironworks");
  bench.PutRow("absent", "/a.glb", "maker", "Ironworks");
  bench.PutRow("absent", "/", "maker", "Ironworks");

  bench.ExpectFollowed({kGantry, kFile});
}

TEST_F(FollowTest, APreviewChangesItsFile) {
  bench.PutFile("gantry", "a.glb.previewFile.png", "picture");
  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kFile, "str_previewfilekey"), "gantry/a.glb.previewFile.png");

  bench.DeleteFile("gantry", "a.glb.previewFile.png");

  bench.ExpectFollowed({kGantry, kFile});
  EXPECT_EQ(bench.Field(kFile, "str_previewfilekey"), "");
}

TEST_F(FollowTest, APreviewWithoutItsFileMakesNothing) {
  bench.PutFile("gantry", "none.glb.previewFile.png", "picture");

  bench.ExpectFollowed({kGantry, kFile});
}

// Objects that a listing brought, or another program wrote.
TEST_F(FollowTest, FilesWithoutOwnerMarksComeAndGo) {
  const auto place = bench.Place("gantry");
  Must(bench.objects().PutBytes(bench.op, place.ObjectAt("b.glb"), "x"));
  bench.ExpectFollowed({kGantry, kFile, "harbor#gantry#/b.glb"});

  Must(bench.objects().Delete(bench.op, place.ObjectAt("b.glb")));
  bench.ExpectFollowed({kGantry, kFile, "harbor#gantry#/b.glb"});
  EXPECT_TRUE(bench.Found("harbor#gantry#/b.glb").archived);

  Must(bench.assets.Delete(bench.op, bench.caller, kDatabase, "gantry"));
  bench.ExpectFollowed({});
}

TEST_F(FollowTest, AnObjectThatChangesItsOwnerChangesItsDocument) {
  const auto crane = bench.MakeAsset("crane");
  const auto gantry = bench.Place("gantry");
  Must(bench.objects().PutBytes(bench.op, gantry.ObjectAt("a.glb"), "x",
                                catalog::OwnedBy(crane.asset)));

  bench.ExpectFollowed({kGantry, "harbor#crane"});
}

// From releases whose ids were unique in a database alone: two assets with one folder.
TEST_F(FollowTest, NamesakesShareAFolderAndMarksTellTheirFilesApart) {
  bench.AddDatabase("museum", bench.bucket_id);
  bench.MakeAsset("gantry", {.database = "museum"});
  bench.PutFile("gantry", "m.glb", "x", {}, "museum");
  Must(bench.objects().PutBytes(bench.op, bench.Place("gantry").ObjectAt("both.glb"), "x"));
  bench.ExpectFollowed({kGantry, kFile, "harbor#gantry#/both.glb", "museum#gantry",
                        "museum#gantry#/m.glb", "museum#gantry#/both.glb"});

  bench.Commit(
      {items::Write::Delete(catalog::kAssetsTable, catalog::AssetKey(kDatabase, "gantry"))});

  bench.ExpectFollowed({"museum#gantry", "museum#gantry#/m.glb", "museum#gantry#/both.glb"});
}

// ---- Records that change under their files.

TEST_F(FollowTest, AnAssetThatLiesElsewhereLeavesItsFolder) {
  const auto before = bench.Place("gantry");
  bench.SetOfAsset("gantry", "assetLocation", Value::M({{"Key", Value::S("new/gantry/")}}));
  Must(bench.objects().PutBytes(bench.op, bench.Place("gantry").ObjectAt("b.glb"), "x",
                                catalog::OwnedBy(before.asset)));

  bench.ExpectFollowed({kGantry, "harbor#gantry#/b.glb"});
}

TEST_F(FollowTest, ARecordThatGoesWithoutItsObjectsTakesTheDocumentsAlong) {
  bench.Commit(
      {items::Write::Delete(catalog::kAssetsTable, catalog::AssetKey(kDatabase, "gantry"))});

  bench.ExpectFollowed({});
}

// The page of the log ends between the objects and the record, so that an object's asset is gone
// when its removal is read.
TEST_F(FollowTest, ADeletionIsFollowedWhereverPagesEnd) {
  for (const std::size_t page : {1, 2, 3, 7}) {
    for (const bool archived : {false, true}) {
      SCOPED_TRACE(fmt::format("pages of {}, archived: {}", page, archived));
      FollowBench small;
      Follower follower(small.items(), {.changes = page});
      small.MakeAsset("gantry");
      small.PutFile("gantry", "a.glb", "mesh");
      small.PutFile("gantry", "scan/b.e57", "dots");
      Must(small.objects().PutBytes(small.op, small.Place("gantry").ObjectAt("c.glb"), "unmarked"));
      if (archived) Must(small.assets.Archive(small.op, small.caller, kDatabase, "gantry", {}));
      small.Follow();
      ASSERT_THAT(small.Ids(), SizeIs(4));
      Must(small.assets.Delete(small.op, small.caller, kDatabase, "gantry"));

      while (Must(follower.Step(small.op, small.index)).more) {
      }

      EXPECT_THAT(small.Ids(), IsEmpty());
    }
  }
}

// ---- Changes without images.

// Gives every change as bulk work logs them: with keys alone.
class Imageless final : public catalog::test::HookedStore {
 public:
  explicit Imageless(items::ItemStore& inner) : HookedStore(inner, true) {}
  Result<items::ChangePage> ReadChanges(OpContext& op, items::Position from,
                                        std::size_t limit) override {
    TRY(auto page, HookedStore::ReadChanges(op, from, limit));
    for (auto& change : page.changes) {
      change.before.reset();
      change.after.reset();
      change.has_images = false;
    }
    return page;
  }
};

TEST_F(FollowTest, ChangesWithoutImagesAreFollowedByTheirKeys) {
  Imageless store(bench.items());
  Follower follower(store);
  const auto follow = [&] {
    while (Must(follower.Step(bench.op, bench.index)).more) {
    }
    bench.ExpectTrue();
  };
  bench.MakeAsset("crane");
  bench.PutFile("crane", "jib.stl", "x");
  bench.Link("gantry", "crane", true);
  bench.PutRow("gantry", "/a.glb", "maker", "Ironworks");
  bench.PutFile("gantry", "a.glb.previewFile.png", "picture");
  follow();
  EXPECT_THAT(bench.Ids(), SizeIs(4));

  Must(bench.assets.Update(bench.op, bench.caller, kDatabase, "gantry", {.name = "Gantry 13"}));
  Must(bench.files.Move(bench.op, bench.caller, {kDatabase, "crane"}, "/jib.stl", "/arm.stl"));
  follow();
  EXPECT_EQ(bench.Field(kFile, "str_assetname"), "Gantry 13");

  Must(bench.assets.Archive(bench.op, bench.caller, kDatabase, "crane", {}));
  follow();
  Must(bench.assets.Delete(bench.op, bench.caller, kDatabase, "crane"));
  Must(bench.files.Delete(bench.op, bench.caller, {kDatabase, "gantry"}, "/a.glb", false, true));
  while (Must(follower.Step(bench.op, bench.index)).more) {
  }
  EXPECT_EQ(bench.Ids(), std::set<std::string>{kGantry});
}

// ---- Many files.

// What an index was given: how many writes at once, and with which position.
class Recording final : public ForwardingIndex {
 public:
  using ForwardingIndex::ForwardingIndex;
  Status Apply(OpContext& op, std::span<const search::Write> writes,
               search::Position position) override {
    pieces.emplace_back(writes.size(), position);
    return ForwardingIndex::Apply(op, writes, position);
  }
  std::vector<std::pair<std::size_t, search::Position>> pieces;
};

TEST_F(FollowTest, ManyFilesComeInPiecesAndThePositionWithTheLast) {
  constexpr int kFiles = 90;
  constexpr FollowOptions kSmall{.changes = 1000, .piece = 20, .files_at_once = 1000};
  for (int i = 0; i < kFiles; ++i) bench.PutFile("gantry", fmt::format("part-{:02}.glb", i), "x");
  bench.Follow();
  Follower follower(bench.items(), kSmall);
  Recording recording(bench.index);
  const auto before = Must(bench.index.GetPosition(bench.op));
  Must(bench.assets.Update(bench.op, bench.caller, kDatabase, "gantry", {.name = "Gantry 13"}));

  // All at once: as many as that are no reason for more steps.
  const auto step = Must(follower.Step(bench.op, recording));

  EXPECT_FALSE(step.more);
  EXPECT_EQ(step.put, kFiles + 2u);
  EXPECT_EQ(recording.pieces.back().second, step.position);
  bench.ExpectTrue();

  // In steps: the position moves with the last one.
  recording.pieces.clear();
  Follower slow(bench.items(), {.changes = 1000, .piece = 20, .files_at_once = 40});
  Must(bench.assets.Update(bench.op, bench.caller, kDatabase, "gantry", {.name = "Gantry 14"}));
  int steps = 0;
  for (bool more = true; more; ++steps) more = Must(slow.Step(bench.op, recording)).more;

  EXPECT_GE(steps, 5);
  ASSERT_GE(recording.pieces.size(), 5u);
  for (std::size_t i = 0; i < recording.pieces.size(); ++i) {
    EXPECT_LE(recording.pieces[i].first, 22u);
    EXPECT_EQ(recording.pieces[i].second, i + 1 < recording.pieces.size()
                                              ? step.position
                                              : Must(bench.items().LastChange(bench.op)));
  }
  EXPECT_GT(step.position, before);
  bench.ExpectTrue();
}

TEST_F(FollowTest, OtherChangesAreShownWhileAnAssetOfManyFilesIsMadeAnew) {
  for (int i = 0; i < 90; ++i) bench.PutFile("gantry", fmt::format("part-{:02}.glb", i), "x");
  bench.MakeAsset("crane");
  bench.Follow();
  const auto before = Must(bench.index.GetPosition(bench.op));
  Follower follower(bench.items(), {.changes = 1000, .piece = 10, .files_at_once = 20});
  Must(bench.assets.Update(bench.op, bench.caller, kDatabase, "gantry", {.name = "Gantry 13"}));
  auto step = Must(follower.Step(bench.op, bench.index));
  EXPECT_TRUE(step.more);
  EXPECT_EQ(step.position, before);
  EXPECT_EQ(step.next, Must(bench.items().LastChange(bench.op)));

  // Before and behind the files that are done, and of another asset.
  bench.PutRow("crane", "/", "maker", "Ironworks");
  bench.PutRow("gantry", "/a.glb", "maker", "Ironworks");
  bench.PutRow("gantry", "/part-88.glb", "maker", "Ironworks");
  bench.PutFile("gantry", "part-89.glb", "longer");
  bench.DeleteFile("gantry", "part-87.glb");
  Must(bench.files.Delete(bench.op, bench.caller, {kDatabase, "gantry"}, "/part-86.glb", false,
                          true));
  step = Must(follower.Step(bench.op, bench.index));

  EXPECT_TRUE(step.more);
  EXPECT_EQ(bench.Field("harbor#crane", "MD_"), Json(R"({"maker": "Ironworks"})"));
  EXPECT_EQ(bench.Field(kFile, "MD_"), Json(R"({"maker": "Ironworks"})"));
  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), before);

  // The asset changes again, and then it goes.
  Must(bench.assets.Update(bench.op, bench.caller, kDatabase, "gantry", {.name = "Gantry 14"}));
  while (Must(follower.Step(bench.op, bench.index)).more) {
  }
  bench.ExpectTrue();
  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), Must(bench.items().LastChange(bench.op)));
  Must(bench.assets.Update(bench.op, bench.caller, kDatabase, "gantry", {.name = "Gantry 15"}));
  EXPECT_TRUE(Must(follower.Step(bench.op, bench.index)).more);
  Must(bench.assets.Delete(bench.op, bench.caller, kDatabase, "gantry"));
  while (Must(follower.Step(bench.op, bench.index)).more) {
  }
  bench.ExpectTrue();
  EXPECT_EQ(bench.Ids(), std::set<std::string>{"harbor#crane"});
}

// The log tells each of the files that archiving an asset archives, after its documents were all
// made anew because of the asset.
TEST_F(FollowTest, FilesThatWereMadeAnewWithTheirAssetAreNotMadeAgain) {
  constexpr int kFiles = 600;
  for (int i = 0; i < kFiles; ++i) bench.PutFile("gantry", fmt::format("part-{:04}.glb", i), "x");
  bench.Follow();
  Must(bench.assets.Archive(bench.op, bench.caller, kDatabase, "gantry", {}));

  std::uint64_t put = 0;
  for (bool more = true; more;) {
    const auto step = Must(bench.follower.Step(bench.op, bench.index));
    put += step.put;
    more = step.more;
  }

  EXPECT_LT(put, 2u * kFiles);
  bench.ExpectTrue();
}

// ---- Troubles.

TEST_F(FollowTest, ADamagedRecordIsTroubleAndStopsNothingElse) {
  const auto place = bench.Place("gantry");
  const auto key = objects::ObjectKey(kBucket, place.KeyOf("a.glb"));
  const auto whole = Must(bench.items().Get(bench.op, std::string(tables::kObjectsTable), key));
  items::Item broken = key;
  broken.Set("versionId", Value::S("v"));
  bench.PutItem(std::string(tables::kObjectsTable), broken);
  bench.MakeAsset("crane");

  const auto troubles = bench.FollowWithTroubles();

  ASSERT_THAT(troubles, SizeIs(1));
  EXPECT_EQ(troubles.front().id, kFile);
  EXPECT_EQ(troubles.front().error.code, Code::kCorrupt);
  EXPECT_EQ(bench.Ids(), (std::set<std::string>{kGantry, kFile, "harbor#crane"}));
  EXPECT_THAT(Must(bench.follower.Retry(bench.op, bench.index, troubles.front().ref)).troubles,
              SizeIs(1));

  bench.PutItem(std::string(tables::kObjectsTable), whole);
  EXPECT_THAT(Must(bench.follower.Retry(bench.op, bench.index, troubles.front().ref)).troubles,
              IsEmpty());
  bench.ExpectTrue();
}

TEST_F(FollowTest, ADocumentThatTheIndexRefusesIsTroubleAndStopsNothingElse) {
  Refusing refusing(bench.index);
  refusing.refused = "harbor#gantry#/b.glb";
  for (const char* path : {"b.glb", "c.glb", "d.glb"}) bench.PutFile("gantry", path, "x");

  const auto step = Must(bench.follower.Step(bench.op, refusing));

  ASSERT_THAT(step.troubles, SizeIs(1));
  EXPECT_EQ(step.troubles.front().id, "harbor#gantry#/b.glb");
  EXPECT_EQ(bench.Ids(), (std::set<std::string>{kGantry, kFile, "harbor#gantry#/c.glb",
                                                "harbor#gantry#/d.glb"}));
  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), step.position);
  refusing.refused.clear();
  EXPECT_THAT(Must(bench.follower.Retry(bench.op, refusing, step.troubles.front().ref)).troubles,
              IsEmpty());
  bench.ExpectTrue();
}

// Rows of one file that cannot be read.
class BrokenRows final : public catalog::test::HookedStore {
 public:
  explicit BrokenRows(items::ItemStore& inner) : HookedStore(inner, true) {}
  Result<items::Page> Query(OpContext& op, const items::QueryRequest& request) override {
    if (request.table == catalog::kFileMetadataTable && request.partition == Value::S(broken))
      return Error(Code::kCorrupt, "a row is damaged");
    return HookedStore::Query(op, request);
  }
  std::string broken;
};

TEST_F(FollowTest, RowsThatCannotBeReadAreTheTroubleOfTheirDocumentAlone) {
  BrokenRows store(bench.items());
  Follower follower(store);
  for (const char* path : {"/", "/a.glb", "/b.glb", "/c.glb"})
    bench.PutRow("gantry", path, "maker", "Ironworks");
  for (const char* path : {"b.glb", "c.glb"}) bench.PutFile("gantry", path, "x");
  store.broken = "harbor:gantry:/b.glb";

  auto step = Must(follower.Step(bench.op, bench.index));

  ASSERT_THAT(step.troubles, SizeIs(1));
  EXPECT_EQ(step.troubles.front().id, "harbor#gantry#/b.glb");
  EXPECT_EQ(bench.Field(kFile, "MD_"), Json(R"({"maker": "Ironworks"})"));
  EXPECT_EQ(bench.Ids(), (std::set<std::string>{kGantry, kFile, "harbor#gantry#/c.glb"}));

  bench.PutRow("gantry", "/", "maker", "Steelworks");
  bench.PutFile("gantry", "c.glb", "more");
  store.broken = "harbor:gantry:/";
  step = Must(follower.Step(bench.op, bench.index));

  ASSERT_THAT(step.troubles, SizeIs(1));
  EXPECT_EQ(step.troubles.front().id, kGantry);
  EXPECT_EQ(bench.Field("harbor#gantry#/c.glb", "num_filesize"), 4);
}

// Nothing is the trouble of a document where the index itself is.
TEST_F(FollowTest, AnIndexThatTakesNothingFailsTheStep) {
  class Broken final : public ForwardingIndex {
   public:
    using ForwardingIndex::ForwardingIndex;
    Status Apply(OpContext& /*op*/, std::span<const search::Write> /*writes*/,
                 search::Position /*position*/) override {
      return Error(Code::kInternal, "the disk is full");
    }
  };
  Broken broken(bench.index);
  const auto before = Must(bench.index.GetPosition(bench.op));
  bench.MakeAsset("crane");

  const auto step = bench.follower.Step(bench.op, broken);

  ASSERT_FALSE(step.ok());
  EXPECT_EQ(step.error().message, "the disk is full");
  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), before);
}

// Whichever call fails, the step fails or not, and doing it again ends with a true index.
TEST_F(FollowTest, WhateverCallFailsTheNextStepMakesUpForIt) {
  for (std::size_t n = 1;; ++n) {
    FollowBench fresh;
    fresh.MakeAsset("gantry");
    fresh.PutFile("gantry", "a.glb", "mesh");
    fresh.PutFile("gantry", "old.glb", "mesh");
    fresh.Follow();
    Must(fresh.files.Archive(fresh.op, fresh.caller, {kDatabase, "gantry"}, "/old.glb", false));
    Must(fresh.assets.Update(fresh.op, fresh.caller, kDatabase, "gantry", {.name = "Gantry 13"}));
    Must(fresh.files.Move(fresh.op, fresh.caller, {kDatabase, "gantry"}, "/a.glb", "/b.glb"));
    testing::FaultyStore faulty(fresh.items());
    faulty.FailCall(n, Code::kUnavailable, testing::FaultyStore::When::kBefore);
    Follower follower(faulty, {.changes = 1000, .piece = 1, .files_at_once = 1});

    bool failed = false;
    for (bool more = true; more && !failed;) {
      const auto step = follower.Step(fresh.op, fresh.index);
      failed = !step.ok();
      more = step.ok() && step->more;
    }

    if (!faulty.failed()) break;
    EXPECT_TRUE(failed) << "call " << n;
    faulty.Disarm();
    while (Must(follower.Step(fresh.op, fresh.index)).more) {
    }
    fresh.ExpectTrue();
  }
}

// ---- Places in the log.

TEST_F(FollowTest, ALogThatDoesNotReachBackOrNotUpToThePositionIsNotFound) {
  search::MemoryIndex ahead;
  Must(ahead.Apply(bench.op, {}, 1'000'000));
  const auto beyond = bench.follower.Step(bench.op, ahead);
  ASSERT_FALSE(beyond.ok());
  EXPECT_EQ(beyond.error().code, Code::kNotFound);

  Must(bench.items().TrimChanges(bench.op, Must(bench.items().LastChange(bench.op))));
  search::MemoryIndex behind;
  const auto trimmed = bench.follower.Step(bench.op, behind);

  ASSERT_FALSE(trimmed.ok());
  EXPECT_EQ(trimmed.error().code, Code::kNotFound);
}

TEST_F(FollowTest, ThePositionStaysWhereNothingIsAppliedIfSoWanted) {
  const auto before = Must(bench.index.GetPosition(bench.op));
  bench.PutItem(std::string(tables::kNamesTable),
                {{"scope", Value::S("a")}, {"name", Value::S("b")}});

  const auto step =
      Must(bench.follower.StepFrom(bench.op, bench.index, before, Follower::Move::kWithDocuments));

  EXPECT_GT(step.position, before);
  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), before);
}

TEST_F(FollowTest, FollowingFromEarlierDoesNotTakeThePositionBack) {
  const auto before = Must(bench.index.GetPosition(bench.op));

  const auto step = Must(bench.follower.StepFrom(bench.op, bench.index, 0));

  EXPECT_GT(step.changes, 0u);
  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), before);
  bench.ExpectTrue();
}

}  // namespace
}  // namespace vams::indexing::test
