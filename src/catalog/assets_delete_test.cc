// Deleting an asset for good: nothing that belongs to it is left, nothing that belongs to others
// goes, not even while others write.
#include <gmock/gmock.h>

#include "catalog/asset_edit.h"
#include "catalog/asset_marks.h"
#include "catalog/asset_support_test.h"
#include "catalog/assets.h"
#include "catalog/link_records.h"
#include "catalog/metadata_records.h"
#include "catalog/uploads.h"
#include "tables/system_tables.h"

namespace vams::catalog::test {

using items::Item;
using items::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

namespace {

const std::string kComments = "CommentStorageTable";
const std::string kSubscriptions = "SubscriptionsStorageTable";

Item Comment(const std::string& asset, const std::string& id) {
  return {{"assetId", Value::S(asset)},
          {"assetVersionId:commentId", Value::S("0:" + id)},
          {"commentBody", Value::S("<p>Check the weld</p>")}};
}
Item Subscription(const std::string& asset) {
  return {{"entityName_entityId", Value::S("Asset#" + asset)},
          {"eventName", Value::S("Asset Version Change")},
          {"subscribers", Value::L({Value::S("mara")})}};
}
Item UploadRow(const std::string& id, const std::string& database, const std::string& asset) {
  return {
      {"assetId", Value::S(asset)}, {"databaseId", Value::S(database)}, {"uploadId", Value::S(id)}};
}

}  // namespace

class AssetsDeleteTest : public ::testing::Test {
 protected:
  // An asset with everything that an asset can have.
  static void Fill(AssetBench& bench, const std::string& id) {
    OpContext& op = bench.op;
    const AssetIds ids{kDatabase, id};
    const AssetPlace place = bench.MakeAsset(id);
    for (const char* content : {"one", "three"}) bench.PutFile(id, "a.e57", content);
    bench.PutFile(id, "gone.glb", "gone");
    bench.DeleteFile(id, "gone.glb");
    const auto put = [&](const std::string& bucket, const std::string& key) {
      Must(bench.objects().PutBytes(op, {bucket, key}, "bytes"));
    };
    put(kBucket, "previews/" + id + "/cover.png");
    put(kBucket, "temp-uploads/" + id + "/staged.e57");
    put("auxiliary", id + "/a.e57/preview/PotreeViewer/r.bin");
    Item record = *bench.StoredAsset(id);
    record.Set("previewLocation", Value::M({{"Key", Value::S("previews/" + id + "/cover.png")}}));
    bench.PutItem(kAssetsTable, std::move(record));
    for (const MetadataKind kind : {MetadataKind::kMetadata, MetadataKind::kAttribute}) {
      const MetadataRow row{
          .kind = kind, .path = "/a.e57", .key = "phase", .value = "built", .type = "string"};
      const items::Write writes[] = {
          PutMetadata(ids, row), PutMetadataVersion(ids, "0", row, "2025"),
          PutFileVersion(ids, "0",
                         {.path = std::string(MetadataKindName(kind)) + ".e57",
                          .version_id = "v",
                          .size = 3,
                          .last_modified = {},
                          .etag = {}},
                         "2025")};
      Must(bench.items().Commit(op, writes));
    }
    bench.PutItem(kComments, Comment(id, "x1"));
    bench.PutItem(kComments, Comment(id + "#deleted", "x2"));
    bench.PutItem(kSubscriptions, Subscription(id));
    bench.PutItem(kUploadsTable, UploadRow("y-" + id, kDatabase, id));
    Must(bench.objects().CreateUpload(op, place.ObjectAt("begun.e57"), OwnedBy(place.asset)));
  }
  static void Link(AssetBench& bench, const std::string& from, const std::string& to,
                   LinkType type) {
    const std::string id = from + "-" + to;
    bench.PutItem(kLinksTable, LinkItem({.id = id,
                                         .from = {kDatabase, from},
                                         .to = {kDatabase, to},
                                         .type = type,
                                         .alias = {},
                                         .tags = {}}));
    bench.PutItem(kLinkMetadataTable, Item{{"assetLinkId", Value::S(id)},
                                           {"metadataKey", Value::S("Rotation")},
                                           {"metadataValue", Value::S("{}")}});
  }

  Status Delete(const std::string& id = "gantry") {
    return assets.Delete(op, caller, kDatabase, id);
  }
  std::size_t OpenUploads() {
    return Must(bench.objects().ListUploads(op, {.bucket = kBucket})).uploads.size();
  }

  AssetBench bench;
  OpContext& op = bench.op;
  Assets assets{bench.stores()};
  Caller caller = MayAssets();
};

TEST_F(AssetsDeleteTest, NothingIsLeftBehind) {
  bench.MakeAsset("crane");
  bench.PutFile("crane", "x.e57", "x");
  Dump before = bench.Everything();
  Fill(bench, "gantry");
  Link(bench, "gantry", "crane", LinkType::kParentChild);
  Link(bench, "crane", "gantry", LinkType::kRelated);

  Must(Delete());

  Dump after = bench.Everything();
  // What the store remembers of an upload that was aborted goes by itself.
  EXPECT_EQ(OpenUploads(), 0U);
  for (const std::string_view table : {tables::kUploadsTable, tables::kUploadPartsTable}) {
    before.erase(std::string(table));
    after.erase(std::string(table));
  }
  EXPECT_EQ(before, after);
}

TEST_F(AssetsDeleteTest, AnArchivedAssetGoesAsWell) {
  const Dump before = bench.Everything();
  bench.MakeAsset("gantry");
  bench.PutFile("gantry", "a.e57", "one");
  Must(assets.Archive(op, caller, kDatabase, "gantry", {}));

  Must(Delete());

  EXPECT_EQ(bench.Everything(), before);
  EXPECT_EQ(bench.AssetCount(), "0");
}

TEST_F(AssetsDeleteTest, TheIdIsFreeAgain) {
  Fill(bench, "gantry");
  Must(Delete());

  Must(assets.Create(op, caller,
                     {.database_id = kDatabase,
                      .id = "gantry",
                      .name = "Again",
                      .description = "A new one",
                      .distributable = true}));

  EXPECT_THAT(bench.Histories(), ElementsAre("gantry/: 0 bytes"));
  EXPECT_EQ(bench.AssetCount(), "1");
}

TEST_F(AssetsDeleteTest, WhatBelongsToOthersStays) {
  Fill(bench, "gantry");
  Fill(bench, "gantry-2");  // begins alike
  bench.AddDatabase("depot", bench.AddBucket("store"));
  bench.MakeAsset("gantry", {.database = "depot"});
  bench.PutFile("gantry", "d.e57", "depot", {}, "depot");
  bench.PutItem(kUploadsTable, UploadRow("y-depot", "depot", "gantry"));
  const auto other = bench.Histories("gantry-2/");
  ASSERT_FALSE(other.empty());

  Must(Delete());

  EXPECT_EQ(bench.Histories("gantry-2/"), other);
  EXPECT_EQ(bench.FileContent("gantry", "d.e57", "depot"), "depot");
  EXPECT_EQ(bench.Rows(kAssetsTable).size(), 2U);
  EXPECT_EQ(bench.Rows(kAssetVersionsTable).size(), 2U);
  EXPECT_EQ(bench.Rows(kUploadsTable).size(), 2U);
  EXPECT_EQ(bench.AssetCount(), "1");
  EXPECT_EQ(bench.AssetCount("depot"), "1");
  EXPECT_EQ(OpenUploads(), 1U);
  // They know no database, and the other one has the id still.
  EXPECT_EQ(bench.Rows(kComments).size(), 4U);
  EXPECT_EQ(bench.Rows(kSubscriptions).size(), 2U);
  EXPECT_THAT(bench.Histories("gantry/", "auxiliary"), ::testing::SizeIs(1));

  Must(assets.Delete(op, caller, "depot", "gantry"));

  EXPECT_EQ(bench.Rows(kComments).size(), 2U);
  EXPECT_EQ(bench.Rows(kSubscriptions).size(), 1U);
  EXPECT_THAT(bench.Histories("gantry/", "auxiliary"), IsEmpty());
}

TEST_F(AssetsDeleteTest, WhoIsRefusedAndWhy) {
  bench.MakeAsset("gantry");
  const Fails missing{Code::kNotFound, "Asset not found in database"};
  EXPECT_EQ(Failure(Delete("absent")), missing);
  Caller writer = MayAssets({"GET", "PUT", "POST"});
  EXPECT_EQ(Failure(assets.Delete(op, writer, kDatabase, "gantry")),
            (Fails{Code::kDenied, "Not Authorized"}));
  EXPECT_TRUE(bench.StoredAsset("gantry"));
  Must(Delete());
  EXPECT_EQ(Failure(Delete()), missing);
}

// Whoever may delete the active one only must not take the archived one along.
TEST_F(AssetsDeleteTest, BothRecordsOfAnIdNeedTheRight) {
  bench.MakeAsset("gantry");
  Item twin = *bench.StoredAsset("gantry");
  twin.Set("databaseId", Value::S("harbor#deleted"));
  twin.Set("assetName", Value::S("Secret"));
  bench.PutItem(kAssetsTable, std::move(twin));
  Caller some = MayAssetsWith("assetName", "Gantry 12");

  EXPECT_EQ(Failure(assets.Delete(op, some, kDatabase, "gantry")).first, Code::kDenied);
  EXPECT_EQ(bench.Rows(kAssetsTable).size(), 2U);

  Must(Delete());
  EXPECT_THAT(bench.Rows(kAssetsTable), IsEmpty());
}

TEST_F(AssetsDeleteTest, ARecordThatNamesNoPlaceCanGo) {
  bench.PutItem(kAssetsTable, Item{{"assetId", Value::S("broken")},
                                   {"bucketId", Value::S("gone")},
                                   {"databaseId", Value::S(kDatabase)}});
  Must(Delete("broken"));
  EXPECT_THAT(bench.Rows(kAssetsTable), IsEmpty());
}

// ---- Others at the same time.

TEST_F(AssetsDeleteTest, AFileThatIsUploadedMeanwhileGoesToo) {
  bench.MakeAsset("gantry");
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] {
    const Stores stores = bench.stores();
    const AssetPlace place = bench.Place("gantry");
    AssetEdit edit(stores, place);
    edit.objects().Add(
        objects::PutChange{place.ObjectAt("late.glb"),
                           Must(bench.objects().Stage(op, objects::SourceOf("new"), {})),
                           OwnedBy(place.asset),
                           {}});
    Must(edit.Commit(op));
  });

  Must(Assets(view.stores).Delete(op, caller, kDatabase, "gantry"));

  EXPECT_THAT(bench.Histories(), IsEmpty());
  EXPECT_THAT(bench.Rows(std::string(tables::kAssetMarksTable)), IsEmpty());
}

TEST_F(AssetsDeleteTest, AnAssetThatIsArchivedMeanwhileGoesAllTheSame) {
  Fill(bench, "gantry");
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before =
      Once("Commit", [&] { Must(assets.Archive(op, caller, kDatabase, "gantry", {})); });

  Must(Assets(view.stores).Delete(op, caller, kDatabase, "gantry"));

  EXPECT_THAT(bench.Histories(), IsEmpty());
  EXPECT_THAT(bench.Rows(kAssetsTable), IsEmpty());
  EXPECT_EQ(bench.AssetCount(), "0");
}

TEST_F(AssetsDeleteTest, DeletingIsAllOrNothing) {
  ExpectAllOrNothing(
      [](AssetBench& stack) {
        Fill(stack, "gantry");
        stack.MakeAsset("crane");
        Link(stack, "gantry", "crane", LinkType::kParentChild);
      },
      [](AssetBench& stack, const Stores& stores) {
        Caller anyone = MayAssets();
        (void)Assets(stores).Delete(stack.op, anyone, kDatabase, "gantry");
      },
      [](AssetBench& stack) {
        auto state = stack.Histories();
        state.push_back(stack.AssetCount());
        for (const auto& [table, rows] : stack.Everything())
          if (table != tables::kUploadsTable && table != tables::kObjectVersionsTable)
            state.push_back(table + " " + std::to_string(rows.size()));
        return state;
      });
}

}  // namespace vams::catalog::test
