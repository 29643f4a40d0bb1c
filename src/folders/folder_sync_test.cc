#include "folders/folder_sync.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "catalog/asset_support_test.h"
#include "catalog/change_events.h"
#include "folders/folder_keeper.h"
#include "folders/folder_watch.h"

namespace vams::folders {
namespace {

namespace fs = std::filesystem;
using catalog::test::AssetBench;
using catalog::test::Must;

// ---- Decide

constexpr FileStamp kSeen{.mtime_nanos = 1, .size = 2, .inode = 3};
constexpr FileStamp kOther{.mtime_nanos = 9, .size = 2, .inode = 3};
const InStep kInStep{.stamp = kSeen, .version_id = "v1", .etag = "e1"};

TEST(Decide, DoesNothingWhereBothSidesAreAsTheyWere) {
  EXPECT_EQ(Decide({}, {}, {}), SyncStep::kNothing);
  EXPECT_EQ(Decide(kSeen, kInStep, LiveObject{"v1", "e1"}), SyncStep::kNothing);
}

TEST(Decide, CarriesTheChangeOfOneSideOver) {
  EXPECT_EQ(Decide(kSeen, {}, {}), SyncStep::kTakeIn);
  EXPECT_EQ(Decide({}, {}, LiveObject{"v1", "e1"}), SyncStep::kWriteOut);
  EXPECT_EQ(Decide(kOther, kInStep, LiveObject{"v1", "e1"}), SyncStep::kCompare);
  EXPECT_EQ(Decide(kSeen, kInStep, LiveObject{"v2", "e2"}), SyncStep::kWriteOut);
  EXPECT_EQ(Decide(kSeen, kInStep, LiveObject{"v2", "e1"}), SyncStep::kRemember);
  EXPECT_EQ(Decide({}, kInStep, LiveObject{"v1", "e1"}), SyncStep::kMarkDeleted);
  EXPECT_EQ(Decide(kSeen, kInStep, {}), SyncStep::kRemoveOut);
  EXPECT_EQ(Decide({}, kInStep, {}), SyncStep::kForget);
}

TEST(Decide, NeverLosesAContentWhenBothSidesChanged) {
  EXPECT_EQ(Decide(kSeen, {}, LiveObject{"v1", "e1"}), SyncStep::kCompare);
  EXPECT_EQ(Decide(kOther, kInStep, LiveObject{"v2", "e2"}), SyncStep::kCompare);
  EXPECT_EQ(Decide({}, kInStep, LiveObject{"v2", "e2"}), SyncStep::kWriteOut);
  EXPECT_EQ(Decide(kOther, kInStep, {}), SyncStep::kTakeIn);
}

// ---- WhyNoPath

TEST(WhyNoPath, KeepsKeysInsideTheFolder) {
  for (const char* key : {"a/b.glb", "a/b c/d+.e57", "ä/模型.glb", "a/..b", "a/b."})
    EXPECT_EQ(WhyNoPath(key), std::nullopt) << key;
  for (const char* key : {"", "/", "../a", "a/../b", "a/./b", "a//b", "/a", "a/\n", "a/.vams-1"})
    EXPECT_TRUE(WhyNoPath(key)) << key;
  EXPECT_TRUE(WhyNoPath("a/" + std::string(256, 'x')));
  EXPECT_TRUE(WhyNoPath("a/\xff"));
}

TEST(BucketNameOf, IsANameThatEveryStoreTakesAndNoOtherFolderHas) {
  const std::string name = BucketNameOf("/srv/My Share/models");
  EXPECT_EQ(name.substr(0, name.size() - 8), "folder-srv-my-share-models-");
  EXPECT_NE(name, BucketNameOf("/srv/my share/models"));
  EXPECT_EQ(BucketNameOf("/" + std::string(300, 'x')).size(), 63U);
  EXPECT_EQ(BucketNameOf("/").substr(0, 7), "folder-");
}

TEST(FolderOf, IsThePathOfALocation) {
  EXPECT_EQ(FolderOf("file:///srv/share/"), fs::path("/srv/share/"));
  EXPECT_EQ(FolderOf("my-bucket"), std::nullopt);
  EXPECT_EQ(FolderOf("file://share"), std::nullopt);
}

// ---- FolderSync

class FolderSyncTest : public ::testing::Test {
 protected:
  FolderSyncTest()
      : folder_(Must(files::TempFolder::Create(fs::temp_directory_path(), "vams-share"))) {
    bench_.AddBucket(name(), prefix_);
    for (const auto& bucket :
         Must(catalog::ListBuckets(bench_.op, bench_.items(), "", 100)).buckets)
      if (bucket.name == name()) bucket_ = bucket;
    bench_.AddDatabase("shares", bucket_.id);
  }

  std::string name() const { return BucketNameOf(folder_.path()); }
  SyncReport Sync() {
    // Files are as old as they like: the clock of the bench is not theirs.
    FolderSync sync(bench_.stores(), folder_.path(), bucket_,
                    {.sync_database = "shares", .quiet_millis = 0});
    return Must(sync.Reconcile(bench_.op));
  }
  void Write(const std::string& key, std::string_view text) {
    const fs::path path = folder_.path() / key;
    fs::create_directories(path.parent_path());
    std::ofstream(path, std::ios::binary) << text;
  }
  std::optional<std::string> Read(const std::string& key) {
    auto text = files::ReadAll(folder_.path() / key);
    if (!text.ok()) return std::nullopt;
    return *std::move(text);
  }
  std::optional<std::string> Object(const std::string& key) {
    return bench_.Content({name(), key});
  }
  void PutObject(const std::string& key, std::string_view text) {
    Must(bench_.objects().PutBytes(bench_.op, {name(), key}, text));
  }
  std::size_t Versions(const std::string& key) {
    return Must(catalog::VersionsOf(bench_.op, bench_.objects(), {name(), key})).size();
  }

  AssetBench bench_;
  files::TempFolder folder_;
  files::TempFolder lock_ =
      Must(files::TempFolder::Create(fs::temp_directory_path(), "vams-keeper"));
  std::string prefix_ = "/";
  catalog::Bucket bucket_;
};

TEST_F(FolderSyncTest, AFolderOfFilesBecomesAnAssetWithItsFiles) {
  Write("gantry/scan/east.e57", "points");
  Write("gantry/notes.txt", "text");

  const SyncReport report = Sync();

  EXPECT_EQ(report.taken_in, 2U);
  EXPECT_EQ(report.problem_count, 0U);
  EXPECT_EQ(Object("gantry/scan/east.e57"), "points");
  const auto asset = Must(catalog::FindAsset(bench_.op, bench_.items(), "shares", "gantry"));
  ASSERT_TRUE(asset);
  EXPECT_EQ(asset->name, "gantry");
  EXPECT_EQ(asset->description, "Auto-created asset for gantry");
  EXPECT_TRUE(asset->distributable);
  EXPECT_EQ(asset->type, "folder");
  EXPECT_EQ(asset->location, "gantry/");
  EXPECT_EQ(bench_.AssetCount("shares"), "1");
  const auto info = Must(bench_.objects().Head(bench_.op, {name(), "gantry/notes.txt"}));
  EXPECT_EQ(info.metadata.user.at("databaseid"), "shares");
  EXPECT_EQ(info.metadata.user.at("assetid"), "gantry");
}

TEST_F(FolderSyncTest, ASecondPassDoesNothing) {
  Write("gantry/a.glb", "one");
  Sync();

  const SyncReport report = Sync();

  EXPECT_FALSE(report.changed_something());
  EXPECT_EQ(Versions("gantry/a.glb"), 1U);
}

TEST_F(FolderSyncTest, AChangedFileIsANewVersionAndTheOldOneStays) {
  Write("gantry/a.glb", "one");
  Sync();
  Write("gantry/a.glb", "two!");

  EXPECT_EQ(Sync().taken_in, 1U);

  EXPECT_EQ(Object("gantry/a.glb"), "two!");
  EXPECT_EQ(Versions("gantry/a.glb"), 2U);
}

TEST_F(FolderSyncTest, ATouchedFileIsNoNewVersion) {
  Write("gantry/a.glb", "one");
  Sync();
  fs::last_write_time(folder_.path() / "gantry/a.glb", fs::file_time_type::clock::now());

  EXPECT_FALSE(Sync().changed_something());

  EXPECT_EQ(Versions("gantry/a.glb"), 1U);
}

TEST_F(FolderSyncTest, ARemovedFileIsArchivedNotLost) {
  Write("gantry/a.glb", "one");
  Sync();
  fs::remove(folder_.path() / "gantry/a.glb");

  EXPECT_EQ(Sync().marked_deleted, 1U);

  EXPECT_EQ(Object("gantry/a.glb"), std::nullopt);
  EXPECT_EQ(Versions("gantry/a.glb"), 2U);
  EXPECT_FALSE(Sync().changed_something());
}

TEST_F(FolderSyncTest, WhatTheBucketGetsIsWrittenToTheFolder) {
  Write("gantry/a.glb", "one");
  Sync();
  PutObject("gantry/deep/down/new.stl", "solid");
  PutObject("gantry/a.glb", "newer");

  EXPECT_EQ(Sync().written_out, 2U);

  EXPECT_EQ(Read("gantry/deep/down/new.stl"), "solid");
  EXPECT_EQ(Read("gantry/a.glb"), "newer");
  EXPECT_FALSE(Sync().changed_something());
}

TEST_F(FolderSyncTest, WhatTheBucketArchivesLeavesTheFolder) {
  Write("gantry/sub/a.glb", "one");
  Write("gantry/b.glb", "stays");
  Sync();
  Must(bench_.objects().Delete(bench_.op, {name(), "gantry/sub/a.glb"}));

  EXPECT_EQ(Sync().removed_out, 1U);

  EXPECT_EQ(Read("gantry/sub/a.glb"), std::nullopt);
  EXPECT_FALSE(fs::exists(folder_.path() / "gantry/sub"));
  EXPECT_EQ(Read("gantry/b.glb"), "stays");
}

TEST_F(FolderSyncTest, WhenBothSidesChangedTheFileIsNewestAndTheOtherIsKept) {
  Write("gantry/a.glb", "one");
  Sync();
  PutObject("gantry/a.glb", "from the server");
  Write("gantry/a.glb", "from the studio");

  Sync();

  EXPECT_EQ(Object("gantry/a.glb"), "from the studio");
  EXPECT_EQ(Read("gantry/a.glb"), "from the studio");
  EXPECT_EQ(Versions("gantry/a.glb"), 3U);
}

TEST_F(FolderSyncTest, AShareThatIsNotMountedIsNotAnEmptyShare) {
  Write("gantry/a.glb", "one");
  Sync();
  fs::remove_all(folder_.path());
  fs::create_directory(folder_.path());

  FolderSync sync(bench_.stores(), folder_.path(), bucket_,
                  {.sync_database = "shares", .quiet_millis = 0});
  const auto report = sync.Reconcile(bench_.op);

  ASSERT_FALSE(report.ok());
  EXPECT_EQ(report.error().code, Code::kUnavailable);
  EXPECT_NE(report.error().message.find("is the share mounted?"), std::string::npos);
  EXPECT_EQ(Object("gantry/a.glb"), "one");
}

TEST_F(FolderSyncTest, LinksAreNotFollowedIntoOrOutOfTheFolder) {
  auto elsewhere = Must(files::TempFolder::Create(fs::temp_directory_path(), "vams-else"));
  std::ofstream(elsewhere.path() / "secret.txt") << "secret";
  Write("gantry/a.glb", "one");
  fs::create_directory_symlink(elsewhere.path(), folder_.path() / "gantry/link");
  fs::create_symlink(elsewhere.path() / "secret.txt", folder_.path() / "gantry/secret.txt");
  Sync();
  PutObject("gantry/link/planted.txt", "planted");

  const SyncReport report = Sync();

  EXPECT_EQ(Object("gantry/link/secret.txt"), std::nullopt);
  EXPECT_EQ(Object("gantry/secret.txt"), std::nullopt);
  EXPECT_FALSE(fs::exists(elsewhere.path() / "planted.txt"));
  EXPECT_EQ(report.problem_count, 1U);
}

TEST_F(FolderSyncTest, WhatHasNoPlaceOnTheOtherSideIsToldAndLeavesTheRestAlone) {
  Write("loose.glb", "no asset's");
  Write("previews/x.png", "reserved");
  Write("gantry/a.glb", "one");
  Write("gantry/\xff.glb", "no text");
  Sync();
  PutObject("gantry/../../evil", "outside");

  const SyncReport report = Sync();

  EXPECT_EQ(Object("gantry/a.glb"), "one");
  EXPECT_FALSE(fs::exists(folder_.path().parent_path() / "evil"));
  EXPECT_EQ(report.problem_count, 4U) << ::testing::PrintToString(report.problems);
  EXPECT_EQ(Object("previews/x.png"), std::nullopt);
}

TEST_F(FolderSyncTest, AFileThatIsStillBeingWrittenWaits) {
  Write("gantry/a.glb", "half");
  bench_.clock.now = std::chrono::duration_cast<std::chrono::milliseconds>(
                         std::chrono::system_clock::now().time_since_epoch())
                         .count();
  FolderSync sync(bench_.stores(), folder_.path(), bucket_,
                  {.sync_database = "shares", .quiet_millis = 60'000});

  const SyncReport first = Must(sync.Reconcile(bench_.op));
  bench_.clock.now += 120'000;
  const SyncReport second = Must(sync.Reconcile(bench_.op));

  EXPECT_EQ(first.postponed, 1U);
  EXPECT_EQ(first.taken_in, 0U);
  EXPECT_EQ(second.taken_in, 1U);
}

TEST_F(FolderSyncTest, AnArchivedAssetIsLeftAlone) {
  Write("gantry/a.glb", "one");
  Sync();
  // As archiving does it: the files marked, the record moved.
  Must(bench_.objects().Delete(bench_.op, {name(), "gantry/a.glb"}));
  items::Item record = *bench_.StoredAsset("gantry", "shares");
  record.Set("databaseId", items::Value::S("shares#deleted"));
  const items::Write writes[] = {
      items::Write::Delete(catalog::kAssetsTable, catalog::AssetKey("shares", "gantry")),
      items::Write::Put(catalog::kAssetsTable, record)};
  Must(bench_.items().Commit(bench_.op, writes));
  Sync();
  Write("gantry/new.glb", "two");

  const SyncReport report = Sync();

  EXPECT_EQ(report.taken_in, 0U);
  EXPECT_EQ(report.problem_count, 1U);
  EXPECT_EQ(Object("gantry/new.glb"), std::nullopt);
}

TEST_F(FolderSyncTest, AnotherAssetOfThatIdIsNotMixedUpWithTheFolder) {
  bench_.MakeAsset("gantry", {.database = "shares"});
  // Its files lie in the folder's bucket, because the database's do; now in another one.
  items::Item record = *bench_.StoredAsset("gantry", "shares");
  record.Set("bucketId", items::Value::S(bench_.bucket_id));
  bench_.PutItem(catalog::kAssetsTable, record);
  Write("gantry/a.glb", "one");

  const SyncReport report = Sync();

  EXPECT_EQ(report.taken_in, 0U);
  ASSERT_EQ(report.problem_count, 1U);
  EXPECT_NE(report.problems[0].find("has another asset gantry"), std::string::npos)
      << report.problems[0];
}

TEST_F(FolderSyncTest, ManyFilesComeInCommitsOfManyAndAllAreThere) {
  for (int i = 0; i < 1203; ++i) Write("big/f" + std::to_string(i) + ".bin", std::to_string(i));

  const SyncReport report = Sync();

  EXPECT_EQ(report.taken_in, 1203U);
  EXPECT_EQ(Object("big/f1202.bin"), "1202");
  EXPECT_FALSE(Sync().changed_something());
}

TEST_F(FolderSyncTest, SyncOfOneKeyLeavesTheOthers) {
  Write("gantry/a.glb", "one");
  Write("gantry/b.glb", "two");
  FolderSync sync(bench_.stores(), folder_.path(), bucket_,
                  {.sync_database = "shares", .quiet_millis = 0});

  const SyncReport report = Must(sync.Sync(bench_.op, {"gantry/b.glb"}));

  EXPECT_EQ(report.taken_in, 1U);
  EXPECT_EQ(Object("gantry/a.glb"), std::nullopt);
  EXPECT_EQ(Object("gantry/b.glb"), "two");
}

// ---- FolderKeeper

template <typename Condition>
bool Within(std::chrono::seconds time, const Condition& condition) {
  const auto end = std::chrono::steady_clock::now() + time;
  while (std::chrono::steady_clock::now() < end) {
    if (condition()) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return condition();
}

TEST_F(FolderSyncTest, AKeeperCarriesChangesBothWaysByItself) {
  Write("gantry/a.glb", "one");
  const KeeperOptions options{.lock_file = lock_.path() / "lock",
                              .look_every = std::chrono::milliseconds(20),
                              .reconcile_every = std::chrono::hours(1),
                              .on_report = {},
                              .on_failure = {}};
  FolderKeeper keeper(bench_.stores(), folder_.path(), bucket_,
                      {.sync_database = "shares", .quiet_millis = 0}, options);

  EXPECT_TRUE(Within(std::chrono::seconds(20), [&] { return Object("gantry/a.glb") == "one"; }));
  Write("gantry/sub/b.glb", "two");
  EXPECT_TRUE(
      Within(std::chrono::seconds(20), [&] { return Object("gantry/sub/b.glb") == "two"; }));
  PutObject("gantry/c.glb", "three");
  EXPECT_TRUE(Within(std::chrono::seconds(20), [&] { return Read("gantry/c.glb") == "three"; }));
}

TEST_F(FolderSyncTest, AKeeperTellsOnceThatTheFolderIsGone) {
  fs::remove_all(folder_.path());
  std::atomic<int> failures = 0;
  const KeeperOptions options{.lock_file = lock_.path() / "lock",
                              .look_every = std::chrono::milliseconds(1),
                              .reconcile_every = std::chrono::hours(1),
                              .on_report = {},
                              .on_failure = [&](const Error&) { ++failures; }};
  {
    FolderKeeper keeper(bench_.stores(), folder_.path(), bucket_, {.sync_database = "shares"},
                        options);
    EXPECT_TRUE(Within(std::chrono::seconds(20), [&] { return failures > 0; }));
  }
  EXPECT_EQ(failures, 1);
}

TEST(FolderWatch, TellsOfChangesInFoldersThatCameLater) {
  auto folder = Must(files::TempFolder::Create(fs::temp_directory_path(), "vams-watch"));
  const auto watch = Must(FolderWatch::Open(folder.path()));
  EXPECT_FALSE(Must(watch->Wait(std::chrono::milliseconds(0))));
  fs::create_directories(folder.path() / "a/b");
  EXPECT_TRUE(Must(watch->Wait(std::chrono::seconds(20))));
  Must(watch->Wait(std::chrono::milliseconds(0)));

  std::ofstream(folder.path() / "a/b/c.txt") << "x";

  EXPECT_TRUE(Must(watch->Wait(std::chrono::seconds(20))));
  EXPECT_TRUE(watch->complete());
}

}  // namespace
}  // namespace vams::folders
