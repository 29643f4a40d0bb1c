#include "catalog/asset_versions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <set>
#include <thread>

#include "catalog/asset_versions_support_test.h"

namespace vams::catalog::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- Making versions.

TEST_F(AssetVersionsTest, LatestFilesAreTheLiveOnesWithoutFolders) {
  bench.PutFile("gantry", "scan/a.e57", "old");
  bench.PutFile("gantry", "scan/a.e57", "new");
  bench.PutFile("gantry", "scan/", "");
  bench.PutFile("gantry", "b.glb.previewFile.png", "picture");
  bench.PutFile("gantry", "b.glb", "model");
  bench.PutFile("gantry", "gone.txt", "archived");
  bench.DeleteFile("gantry", "gone.txt");

  const auto made = Create();

  EXPECT_EQ(made.id, "1");
  EXPECT_EQ(made.files, 3u);
  EXPECT_THAT(made.skipped, IsEmpty());
  EXPECT_THAT(Files("1"),
              ElementsAre("b.glb=model", "b.glb.previewFile.png=picture", "scan/a.e57=new"));
}

TEST_F(AssetVersionsTest, RecordsHaveTheFormOfTheDataModel) {
  const auto put = bench.PutFile("gantry", "a.e57", "dots");
  Describe("/", "phase", "as-built");

  Must(versions.Create(bench.op, caller, kVersioned,
                       {.latest = true, .files = {}, .comment = "As built", .alias = "RC1"}));

  using items::Value;
  const std::string now = "2025-03-01T10:00:00.123000";
  const auto versions_there = bench.Rows(kAssetVersionsTable);
  ASSERT_EQ(versions_there.size(), 2u);
  EXPECT_EQ(versions_there[1], (items::Item{{"assetId", Value::S("gantry")},
                                            {"assetVersionId", Value::S("1")},
                                            {"comment", Value::S("As built")},
                                            {"createdBy", Value::S("tester")},
                                            {"databaseId", Value::S("harbor")},
                                            {"databaseId:assetId", Value::S("harbor:gantry")},
                                            {"dateCreated", Value::S(now)},
                                            {"description", Value::S("Quay gantry, east")},
                                            {"isArchived", Value::Bool(false)},
                                            {"isCurrentVersion", Value::Bool(true)},
                                            {"versionAlias", Value::S("RC1")}}));
  EXPECT_THAT(
      bench.Rows(kFileVersionsTable),
      ElementsAre(items::Item{{"createdAt", Value::S(now)},
                              {"databaseId:assetId", Value::S("harbor:gantry")},
                              {"databaseId:assetId:assetVersionId", Value::S("harbor:gantry:1")},
                              {"etag", Value::S(put.etag)},
                              {"fileKey", Value::S("a.e57")},
                              {"lastModified", Value::S("2025-03-01T10:00:00+00:00")},
                              {"size", Value::N(4)},
                              {"versionId", Value::S(put.version_id)}}));
  EXPECT_THAT(
      bench.Rows(kMetadataVersionsTable),
      ElementsAre(items::Item{{"createdAt", Value::S(now)},
                              {"databaseId:assetId", Value::S("harbor:gantry")},
                              {"databaseId:assetId:assetVersionId", Value::S("harbor:gantry:1")},
                              {"metadataKey", Value::S("phase")},
                              {"metadataValue", Value::S("as-built")},
                              {"metadataValueType", Value::S("string")},
                              {"type:filePath:metadataKey", Value::S("metadata:/:phase")}}));
  EXPECT_EQ(CurrentId(), "1");
  EXPECT_THAT(MarkedCurrent(), ElementsAre("1"));
}

TEST_F(AssetVersionsTest, NamedVersionsMayBeOldOnesAndWhatIsNotThereIsSkipped) {
  const auto old = bench.PutFile("gantry", "a.e57", "old");
  bench.PutFile("gantry", "a.e57", "new");
  bench.PutFile("gantry", "b.e57", "b");
  const auto marker =
      Must(bench.objects().Delete(bench.op, bench.Place("gantry").ObjectAt("b.e57")))->version_id;

  const auto made = Create(Of({{"/a.e57", old.version_id},
                               {"b.e57", marker},
                               {"/c.e57", "nothing"},
                               {std::string(2000, 'x'), "nothing"},
                               {"/", old.version_id}}));

  EXPECT_EQ(made.files, 1u);
  EXPECT_THAT(made.skipped, ElementsAre("b.e57", "/c.e57", std::string(2000, 'x'), "/"));
  EXPECT_THAT(Files("1"), ElementsAre("a.e57=old"));
}

TEST_F(AssetVersionsTest, MetadataOfTheAssetAndOfVersionedFilesIsPartOfIt) {
  const auto a = bench.PutFile("gantry", "a.e57", "a");
  bench.PutFile("gantry", "b.e57", "b");
  Describe("/", "phase", "as-built");
  Describe("/a.e57", "colour", "red");
  Describe("/a.e57", "points", "12", MetadataKind::kAttribute);
  Describe("/b.e57", "colour", "blue");
  Describe("/gone.e57", "colour", "green");

  Create(Of({{"a.e57", a.version_id}}));

  EXPECT_THAT(Metadata("1"), ElementsAre("attribute /a.e57 points=12", "metadata / phase=as-built",
                                         "metadata /a.e57 colour=red"));
}

TEST_F(AssetVersionsTest, MetadataThatNoRecordCanHoldIsRefusedByName) {
  const std::string path(900, 'p');
  bench.PutFile("gantry", path, "deep");
  Describe("/" + path, std::string(200, 'k'), "v");

  const auto made = versions.Create(bench.op, caller, kVersioned, kLatest);

  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::kTooLarge);
  EXPECT_NE(made.error().message.find(std::string(200, 'k')), std::string::npos);
  EXPECT_EQ(CurrentId(), "0");
}

// Data of other programs: an id with a letter, an id that is no number, versions behind the current
// one.  Whatever is there, a new version never takes the place of an old one.
TEST_F(AssetVersionsTest, IdsGoOnBehindTheGreatestThatIsThere) {
  const auto set_current = [&](const std::string& id) {
    const items::Write writes[] = {items::Write::Update(
        kAssetsTable, AssetKey(kDatabase, "gantry"),
        {{items::Mutation::Op::kSet, "currentVersionId", items::Value::S(id)}})};
    Must(bench.items().Commit(bench.op, writes));
  };
  set_current("v7");
  EXPECT_EQ(Create().id, "8");
  set_current("newest");
  EXPECT_EQ(Create().id, "9");
  set_current("3");
  EXPECT_EQ(Create().id, "10");
  bench.PutItem(kAssetVersionsTable,
                AssetVersionItem(kVersioned, {.id = "40", .marked_current = true}));
  EXPECT_EQ(Create().id, "41");
  EXPECT_THAT(MarkedCurrent(), ElementsAre("41"));
}

TEST_F(AssetVersionsTest, RefusalsComeInTheirOrder) {
  Caller reader = MayAssets({"GET", "PUT", "DELETE"});
  const AssetIds absent{kDatabase, "absent"};
  EXPECT_EQ(Failure(versions.Create(bench.op, reader, absent, kLatest)),
            Fails(Code::kNotFound, "Asset not found in database"));
  EXPECT_EQ(Failure(versions.Create(bench.op, reader, kVersioned, kLatest)),
            Fails(Code::kInvalid, "Not authorized to perform this operation on the asset"));
  EXPECT_EQ(reader.denials().size(), 1u);
  EXPECT_EQ(CurrentId(), "0");
}

// ---- Others at the same time.

TEST_F(AssetVersionsTest, TwoAtOnceGetTwoIds) {
  bench.PutFile("gantry", "a.e57", "dots");
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetVersions slow(view.stores);
  hooked.before = Once("Commit", [&] { EXPECT_EQ(Create().id, "1"); });

  const auto made = Must(slow.Create(bench.op, caller, kVersioned, kLatest));

  EXPECT_EQ(made.id, "2");
  EXPECT_EQ(CurrentId(), "2");
  EXPECT_THAT(MarkedCurrent(), ElementsAre("2"));
  EXPECT_THAT(Files("1"), ElementsAre("a.e57=dots"));
  EXPECT_THAT(Files("2"), ElementsAre("a.e57=dots"));
}

// The file was listed, and is gone for good before the version is made: the version must not name
// it.
TEST_F(AssetVersionsTest, FilesDeletedWhileTheyAreListedAreNotPartOfIt) {
  bench.PutFile("gantry", "a.e57", "a");
  bench.PutFile("gantry", "b.e57", "b");
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetVersions slow(view.stores);
  hooked.before = Once("Commit", [&] { Remove("a.e57"); });

  const auto made = Must(slow.Create(bench.op, caller, kVersioned, kLatest));

  EXPECT_EQ(made.files, 1u);
  EXPECT_THAT(Files("1"), ElementsAre("b.e57=b"));
}

// Two files in one upload: both or none are part of the version, although the listing saw one.
TEST_F(AssetVersionsTest, WhatWasPutTogetherIsVersionedTogether) {
  bench.PutFile("gantry", "z.e57", "old");
  const auto put_both = [&] {
    const AssetPlace place = bench.Place("gantry");
    const Stores stores = bench.stores();
    AssetEdit edit(stores, place);
    for (const char* path : {"a.e57", "z.e57"})
      edit.objects().Add(
          objects::PutChange{place.ObjectAt(path),
                             Must(bench.objects().Stage(bench.op, objects::SourceOf("both"), {})),
                             {},
                             {}});
    Must(edit.Commit(bench.op));
  };
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetVersions slow(view.stores);
  hooked.before = Once("Commit", put_both);

  Must(slow.Create(bench.op, caller, kVersioned, kLatest));

  EXPECT_THAT(Files("1"), ElementsAre("a.e57=both", "z.e57=both"));
}

// Uploads that never pause do not keep a version from being made; it names what was listed.
TEST_F(AssetVersionsTest, EndlessUploadsDoNotPreventVersions) {
  bench.PutFile("gantry", "a.e57", "a");
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetVersions slow(view.stores);
  int uploads = 0;
  hooked.before = [&](std::string_view call) -> Status {
    if (call != "Commit") return Ok();
    const AssetPlace place = bench.Place("gantry");
    const Stores stores = bench.stores();
    AssetEdit edit(stores, place);
    edit.objects().Add(
        objects::PutChange{place.ObjectAt("upload-" + std::to_string(++uploads)),
                           Must(bench.objects().Stage(bench.op, objects::SourceOf("x"), {})),
                           {},
                           {}});
    Must(edit.Commit(bench.op));
    return Ok();
  };

  const auto made = Must(slow.Create(bench.op, caller, kVersioned, kLatest));

  EXPECT_EQ(made.id, "1");
  EXPECT_GE(uploads, 2);
  EXPECT_GE(made.files, 1u);
}

TEST_F(AssetVersionsTest, EndlessDeletionsEndInAClearAnswer) {
  bench.PutFile("gantry", "a.e57", "a");
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetVersions slow(view.stores);
  hooked.before = [&](std::string_view call) -> Status {
    if (call != "Commit") return Ok();
    bench.PutFile("gantry", "b.e57", "b");
    Remove("b.e57");
    return Ok();
  };

  const auto made = slow.Create(bench.op, caller, kVersioned, kLatest);

  ASSERT_FALSE(made.ok());
  EXPECT_EQ(made.error().code, Code::kUnavailable);
  EXPECT_THAT(bench.Rows(kFileVersionsTable), IsEmpty());
  EXPECT_EQ(CurrentId(), "0");
}

TEST_F(AssetVersionsTest, AnAssetThatGoesMeanwhileGetsNoVersion) {
  bench.PutFile("gantry", "a.e57", "a");
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetVersions slow(view.stores);
  hooked.before = Once("Commit", [&] {
    const items::Write writes[] = {
        items::Write::Delete(kAssetsTable, AssetKey(kDatabase, "gantry"))};
    Must(bench.items().Commit(bench.op, writes));
  });

  EXPECT_EQ(Failure(slow.Create(bench.op, caller, kVersioned, kLatest)),
            Fails(Code::kNotFound, "Asset not found in database"));
  EXPECT_THAT(bench.Rows(kFileVersionsTable), IsEmpty());
}

TEST_F(AssetVersionsTest, ManyAtOnceAreNumberedWithoutGaps) {
  constexpr int kThreads = 4;
  constexpr int kEach = 5;
  bench.PutFile("gantry", "a.e57", "a");
  std::mutex mutex;
  std::set<std::string> ids;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&] {
      OpContext op;
      Caller self = MayAssets();
      for (int i = 0; i < kEach; ++i) {
        const auto made = versions.Create(op, self, kVersioned, kLatest);
        ASSERT_TRUE(made.ok()) << made.error().message;
        const std::lock_guard lock(mutex);
        EXPECT_TRUE(ids.insert(made->id).second) << made->id << " was given twice";
      }
    });
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(ids.size(), static_cast<std::size_t>(kThreads * kEach));
  EXPECT_EQ(CurrentId(), std::to_string(kThreads * kEach));
  EXPECT_THAT(MarkedCurrent(), ElementsAre(CurrentId()));
}

// ---- Lists.

TEST_F(AssetVersionsTest, ListGoesByNumberOverAllPages) {
  bench.PutFile("gantry", "a.e57", "a");
  for (int i = 0; i < 11; ++i) Create();

  std::vector<std::string> ids;
  std::string after;
  do {
    const auto page = Must(versions.List(bench.op, caller, kVersioned, false, after, 5));
    EXPECT_LE(page.versions.size(), 5u);
    for (const auto& view : page.versions) {
      ids.push_back(view.version.id);
      EXPECT_EQ(view.current, view.version.id == "11");
      EXPECT_EQ(view.files, view.version.id == "0" ? 0u : 1u);
    }
    after = page.next;
  } while (!after.empty());

  EXPECT_THAT(ids, ElementsAre("11", "10", "9", "8", "7", "6", "5", "4", "3", "2", "1", "0"));
}

TEST_F(AssetVersionsTest, ArchivedOnesAreLeftOutBeforePagesAreMade) {
  for (int i = 0; i < 3; ++i) Create();
  Must(versions.SetArchived(bench.op, caller, kVersioned, "2", true));
  Must(versions.SetArchived(bench.op, caller, kVersioned, "0", true));

  const auto first = Must(versions.List(bench.op, caller, kVersioned, false, "", 2));
  const auto all = Must(versions.List(bench.op, caller, kVersioned, true, "", 1000));

  ASSERT_EQ(first.versions.size(), 2u);
  EXPECT_EQ(first.versions[1].version.id, "1");
  EXPECT_EQ(first.next, "") << "behind it are archived ones only";
  EXPECT_EQ(all.versions.size(), 4u);
  EXPECT_EQ(Failure(versions.List(bench.op, caller, kVersioned, true, "77", 10)),
            Fails(Code::kInvalid, "Invalid pagination token"));
}

// Records of a release without these attributes.
TEST_F(AssetVersionsTest, OldRecordsAreReadWithWhatTheyHave) {
  bench.PutItem(kAssetVersionsTable,
                items::Item{{"assetVersionId", items::Value::S("5")},
                            {"databaseId:assetId", items::Value::S("harbor:gantry")}});
  const auto page = Must(versions.List(bench.op, caller, kVersioned, false, "", 10));
  ASSERT_EQ(page.versions.size(), 2u);
  EXPECT_EQ(page.versions[0].version.id, "5");
  EXPECT_FALSE(page.versions[0].version.archived);
  EXPECT_EQ(page.versions[0].version.alias, std::nullopt);
  EXPECT_FALSE(page.versions[0].current);
  EXPECT_TRUE(page.versions[1].current);
}

// The counts are kept in memory; a second process has to come to the same ones.
TEST_F(AssetVersionsTest, CountsOfFilesAreThoseOfTheRows) {
  bench.PutFile("gantry", "a.e57", "a");
  bench.PutFile("gantry", "b.e57", "b");
  Create();
  AssetVersions other(bench.stores());
  EXPECT_EQ(Must(versions.List(bench.op, caller, kVersioned, false, "", 1)).versions[0].files, 2u);
  EXPECT_EQ(Must(other.List(bench.op, caller, kVersioned, false, "", 1)).versions[0].files, 2u);
}

}  // namespace
}  // namespace vams::catalog::test
