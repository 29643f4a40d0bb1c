#include "catalog/change_events.h"

#include <gtest/gtest.h>

#include "catalog/asset_support_test.h"
#include "catalog/assets.h"

namespace vams::catalog {
namespace {

using test::AssetBench;
using test::Must;
using Kind = ChangeEvent::Kind;

class ChangeEventsTest : public ::testing::Test {
 protected:
  ChangeFeed OpenFeed(const std::string& name = "reader") {
    return Must(ChangeFeed::Open(bench_.op, bench_.items(), name, ChangeFeed::Start::kNow));
  }
  // "fileCreated gantry/a.glb" of everything that is new to the feed.
  std::vector<std::string> Told(ChangeFeed& feed, std::size_t limit = 1000) {
    std::vector<std::string> told;
    for (bool more = true; more;) {
      const ChangeBatch batch = Must(feed.Read(bench_.op, limit));
      for (const ChangeEvent& event : batch.events)
        told.push_back(std::string(ChangeEventName(event.kind)) + " " +
                       (event.key.empty() ? event.database_id + ":" + event.asset_id : event.key));
      Must(feed.Done(bench_.op, batch));
      more = batch.more;
    }
    return told;
  }
  using Names = std::vector<std::string>;

  AssetBench bench_;
};

TEST_F(ChangeEventsTest, FilesAreCreatedChangedArchivedAndDeleted) {
  bench_.MakeAsset("gantry");
  ChangeFeed feed = OpenFeed();

  const auto first = bench_.PutFile("gantry", "a.glb", "one");
  EXPECT_EQ(Told(feed), Names{"fileCreated gantry/a.glb"});
  bench_.PutFile("gantry", "a.glb", "two");
  EXPECT_EQ(Told(feed), Names{"fileChanged gantry/a.glb"});
  bench_.DeleteFile("gantry", "a.glb");
  EXPECT_EQ(Told(feed), Names{"fileArchived gantry/a.glb"});
  bench_.PutFile("gantry", "a.glb", "three");
  EXPECT_EQ(Told(feed), Names{"fileCreated gantry/a.glb"});
  Must(bench_.objects().DeleteVersion(bench_.op, first.object, first.version_id));
  EXPECT_EQ(Told(feed), Names{}) << "an old version is not what is current";
  for (const auto& version : Must(VersionsOf(bench_.op, bench_.objects(), first.object)))
    Must(bench_.objects().DeleteVersion(bench_.op, version.object, version.version_id));
  const Names end = Told(feed);
  ASSERT_FALSE(end.empty());
  EXPECT_EQ(end.back(), "fileDeleted gantry/a.glb");
}

TEST_F(ChangeEventsTest, AFileTellsWhoseItIs) {
  bench_.MakeAsset("gantry");
  ChangeFeed feed = OpenFeed();
  const auto put = bench_.PutFile("gantry", "a.glb", "one");

  const ChangeBatch batch = Must(feed.Read(bench_.op, 10));

  ASSERT_EQ(batch.events.size(), 1U);
  EXPECT_EQ(batch.events[0].database_id, "harbor");
  EXPECT_EQ(batch.events[0].asset_id, "gantry");
  EXPECT_EQ(batch.events[0].bucket, "vault");
  EXPECT_EQ(batch.events[0].version_id, put.version_id);
}

TEST_F(ChangeEventsTest, AssetsAreCreatedChangedArchivedBroughtBackAndDeleted) {
  ChangeFeed feed = OpenFeed();
  Assets assets(bench_.stores());
  Caller caller = test::MayAssets();
  const auto of_assets = [&] {
    Names names = Told(feed);
    std::erase_if(names, [](const std::string& name) { return !name.starts_with("asset"); });
    return names;
  };

  Must(assets.Create(bench_.op, caller,
                     {.database_id = "harbor",
                      .id = "crane",
                      .name = "Crane",
                      .description = "A crane",
                      .distributable = true,
                      .tags = {},
                      .existing_key = {}}));
  EXPECT_EQ(of_assets(), Names{"assetCreated harbor:crane"});
  Must(assets.Update(bench_.op, caller, "harbor", "crane",
                     {.name = "New", .description = {}, .distributable = {}, .tags = {}}));
  EXPECT_EQ(of_assets(), Names{"assetChanged harbor:crane"});
  Must(assets.Archive(bench_.op, caller, "harbor", "crane", {}));
  EXPECT_EQ(of_assets(), Names{"assetArchived harbor:crane"});
  Must(assets.Unarchive(bench_.op, caller, "harbor", "crane", {}));
  EXPECT_EQ(of_assets(), Names{"assetUnarchived harbor:crane"});
  Must(assets.Delete(bench_.op, caller, "harbor", "crane"));
  EXPECT_EQ(of_assets(), Names{"assetDeleted harbor:crane"});
}

TEST_F(ChangeEventsTest, PagesOfAnySizeTellTheSame) {
  bench_.MakeAsset("gantry");
  ChangeFeed all = OpenFeed("all");
  Assets assets(bench_.stores());
  Caller caller = test::MayAssets();
  for (int i = 0; i < 7; ++i) bench_.PutFile("gantry", std::to_string(i) + ".glb", "x");
  Must(assets.Archive(bench_.op, caller, "harbor", "gantry", {}));
  Must(assets.Unarchive(bench_.op, caller, "harbor", "gantry", {}));
  const Names expected = Told(all);
  ASSERT_GE(expected.size(), 10U);

  for (std::size_t limit = 1; limit < 9; ++limit) {
    const std::string name = "by " + std::to_string(limit);
    ChangeFeed feed =
        Must(ChangeFeed::Open(bench_.op, bench_.items(), name, ChangeFeed::Start::kOldest));
    Names told = Told(feed, limit);
    told.erase(told.begin(),
               told.end() - static_cast<std::ptrdiff_t>(std::min(told.size(), expected.size())));
    EXPECT_EQ(told, expected) << "pages of " << limit;
  }
}

TEST_F(ChangeEventsTest, WhatAConsumerWroteAndWhereItIsAreOneCommit) {
  bench_.MakeAsset("gantry");
  ChangeFeed feed = OpenFeed();
  bench_.PutFile("gantry", "a.glb", "one");
  const ChangeBatch batch = Must(feed.Read(bench_.op, 10));
  const items::Item row{{"tagName", items::Value::S("seen")}};
  const items::Write impossible[] = {
      items::Write::Put("TagStorageTable", row, {items::Condition::Exists()})};
  const items::Write writes[] = {
      items::Write::Put("TagStorageTable", row, {items::Condition::Absent()})};

  EXPECT_FALSE(feed.Done(bench_.op, batch, impossible).ok());
  ChangeFeed again = OpenFeed();
  EXPECT_EQ(Must(again.Read(bench_.op, 10)).events, batch.events) << "it was not done";
  Must(again.Done(bench_.op, batch, writes));
  ChangeFeed after = OpenFeed();
  EXPECT_TRUE(Must(after.Read(bench_.op, 10)).events.empty());
}

TEST_F(ChangeEventsTest, AFeedThatFellBehindTheLogSaysSoAndStartsOver) {
  bench_.MakeAsset("gantry");
  ChangeFeed feed = OpenFeed();
  Must(bench_.items().RemoveConsumer(bench_.op, "reader"));
  bench_.PutFile("gantry", "a.glb", "one");
  Must(bench_.items().TrimChanges(bench_.op, Must(bench_.items().LastChange(bench_.op))));
  Must(bench_.items().AddConsumer(bench_.op, "reader", Must(bench_.items().LastChange(bench_.op))));

  const auto read = feed.Read(bench_.op, 10);

  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kNotFound);
  Must(feed.Restart(bench_.op));
  EXPECT_TRUE(Must(feed.Read(bench_.op, 10)).events.empty());
}

TEST(EventsOf, BulkWorkThatLoggedKeysOnlyIsToldAsATouch) {
  items::Change change;
  change.table = kAssetsTable;
  change.key = AssetKey("harbor#deleted", "gantry");
  change.has_images = false;
  std::size_t used = 0;
  const auto events = Must(EventsOf({&change, 1}, true, &used));
  ASSERT_EQ(events.size(), 1U);
  EXPECT_EQ(events[0].kind, Kind::kAssetTouched);
  EXPECT_EQ(events[0].database_id, "harbor");
  EXPECT_EQ(used, 1U);
}

}  // namespace
}  // namespace vams::catalog
