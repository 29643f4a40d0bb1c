// Archiving an asset and bringing it back: which files are hidden and which come back, that the
// record moves as it is, and that nothing which others write at the same time is left behind.
#include <gmock/gmock.h>

#include "catalog/asset_edit.h"
#include "catalog/asset_marks.h"
#include "catalog/asset_support_test.h"
#include "catalog/assets.h"
#include "tables/system_tables.h"

namespace vams::catalog::test {

using items::Item;
using items::Value;
using ::testing::ElementsAre;
using testing::FaultyStore;
using ::testing::IsEmpty;

class AssetsArchiveTest : public ::testing::Test {
 protected:
  // An asset with two files, one of which has two versions, one that was archived by itself, and a
  // preview.
  static void MakeGantry(AssetBench& bench) {
    bench.MakeAsset("gantry");
    bench.PutFile("gantry", "a.e57", "one");
    bench.PutFile("gantry", "a.e57", "three");
    bench.PutFile("gantry", "scan/b.glb", "two2");
    bench.PutFile("gantry", "old.glb", "old");
    bench.DeleteFile("gantry", "old.glb");
    Must(bench.objects().PutBytes(bench.op, {kBucket, "previews/gantry/cover.png"}, "png"));
    Item record = *bench.StoredAsset("gantry");
    record.Set("previewLocation", Value::M({{"Key", Value::S("previews/gantry/cover.png")}}));
    record.Set("assetType", Value::S("folder"));
    bench.PutItem(kAssetsTable, std::move(record));
    bench.MakeAsset("other");
    bench.PutFile("other", "x.e57", "x");
  }
  AssetsArchiveTest() { MakeGantry(bench); }

  Status Archive(std::optional<std::string> reason = {}) {
    return assets.Archive(op, caller, kDatabase, "gantry", reason);
  }
  Status Unarchive(std::optional<std::string> reason = {}) {
    return assets.Unarchive(op, caller, kDatabase, "gantry", reason);
  }
  std::size_t RowsOf(std::string_view table) { return bench.Rows(std::string(table)).size(); }

  // A file that an upload completes.
  void Upload(std::string_view path) {
    const Stores stores = bench.stores();
    const AssetPlace place = bench.Place("gantry");
    AssetEdit edit(stores, place);
    edit.objects().Add(
        objects::PutChange{place.ObjectAt(path),
                           Must(bench.objects().Stage(op, objects::SourceOf("new"), {})),
                           OwnedBy(place.asset),
                           {}});
    Must(edit.Commit(op));
  }

  const std::vector<std::string> live_files = {"gantry/",           "gantry/a.e57",
                                               "gantry/scan/b.glb", "other/",
                                               "other/x.e57",       "previews/gantry/cover.png"};
  AssetBench bench;
  OpContext& op = bench.op;
  Assets assets{bench.stores()};
  Caller caller = MayAssets();
};

TEST_F(AssetsArchiveTest, ArchivingHidesTheFilesAndMovesTheRecord) {
  Item wanted = *bench.StoredAsset("gantry");

  Must(Archive("superseded"));

  EXPECT_THAT(bench.LiveKeys(), ElementsAre("other/", "other/x.e57"));
  EXPECT_THAT(bench.Histories(),
              ElementsAre("gantry/: marker, 0 bytes", "gantry/a.e57: marker, 5 bytes, 3 bytes",
                          "gantry/old.glb: marker, 3 bytes", "gantry/scan/b.glb: marker, 4 bytes",
                          "other/: 0 bytes", "other/x.e57: 1 bytes",
                          "previews/gantry/cover.png: marker, 3 bytes"));
  EXPECT_FALSE(bench.StoredAsset("gantry"));
  wanted.Set("databaseId", Value::S("harbor#deleted"));
  wanted.Set("status", Value::S("archived"));
  wanted.Set("archivedAt", Value::S("2025-03-01T10:00:00.123000"));
  wanted.Set("archivedBy", Value::S("tester"));
  wanted.Set("archivedReason", Value::S("superseded"));
  EXPECT_EQ(*bench.StoredAsset("gantry", "harbor#deleted"), wanted);
  EXPECT_EQ(bench.AssetCount(), "1");
  EXPECT_EQ(bench.Rows(kAssetVersionsTable).size(), 2U);
}

TEST_F(AssetsArchiveTest, UnarchivingBringsBackWhatArchivingHidAndNothingElse) {
  const auto before = bench.Histories();
  Item wanted = *bench.StoredAsset("gantry");
  Must(Archive("superseded"));
  bench.clock.now += 1000;

  Must(Unarchive("needed again"));

  EXPECT_EQ(bench.LiveKeys(), live_files);
  EXPECT_EQ(bench.Histories(), before);
  EXPECT_EQ(bench.FileContent("gantry", "a.e57"), "three");
  wanted.Set("unarchivedAt", Value::S("2025-03-01T10:00:01.123000"));
  wanted.Set("unarchivedBy", Value::S("tester"));
  wanted.Set("unarchivedReason", Value::S("needed again"));
  EXPECT_EQ(*bench.StoredAsset("gantry"), wanted);
  EXPECT_FALSE(bench.StoredAsset("gantry", "harbor#deleted"));
  EXPECT_EQ(bench.AssetCount(), "2");
  EXPECT_EQ(RowsOf(tables::kArchivedObjectsTable), 0U);
}

TEST_F(AssetsArchiveTest, ReasonsAreThoseOfTheLastTime) {
  Must(Archive("first"));
  Must(Unarchive("back"));
  Must(Archive());
  EXPECT_FALSE(bench.StoredAsset("gantry", "harbor#deleted")->Has("archivedReason"));
  Must(Unarchive());
  EXPECT_FALSE(bench.StoredAsset("gantry")->Has("unarchivedReason"));
  EXPECT_EQ(bench.LiveKeys(), live_files);
}

// An asset of which every file had been archived by itself: there is nothing to remember, and that
// is not the same as not remembering.
TEST_F(AssetsArchiveTest, AnAssetWithoutLiveFilesComesBackWithoutAny) {
  Must(Archive());
  Must(Unarchive());
  for (const char* path : {"", "a.e57", "scan/b.glb"}) bench.DeleteFile("gantry", path);
  Must(bench.objects().Delete(op, {kBucket, "previews/gantry/cover.png"}));

  Must(Archive());
  Must(Unarchive());

  EXPECT_THAT(bench.LiveKeys(), ElementsAre("other/", "other/x.e57"));
}

// Imported data says nothing about which files were archived with the asset: all come back, as
// upstream does it, and the type follows.
TEST_F(AssetsArchiveTest, AllFilesOfAnImportedAssetComeBack) {
  Must(Archive());
  Item record = *bench.StoredAsset("gantry", "harbor#deleted");
  record.Set("archivedAt", Value::S("2024-01-01T00:00:00"));
  record.Set("assetType", Value::S(".e57"));
  bench.PutItem(kAssetsTable, std::move(record));

  Must(Unarchive());

  EXPECT_EQ(bench.FileContent("gantry", "old.glb"), "old");
  EXPECT_EQ(bench.Place("gantry").asset.type, "folder");
  EXPECT_EQ(RowsOf(tables::kArchivedObjectsTable), 0U);
}

TEST_F(AssetsArchiveTest, WhoIsRefusedAndWhy) {
  Caller reader = MayAssets({"GET", "POST"});
  const Fails denied{Code::kDenied, "Not Authorized"};
  EXPECT_EQ(Failure(assets.Archive(op, reader, kDatabase, "gantry", {})), denied);
  EXPECT_EQ(Failure(assets.Archive(op, caller, kDatabase, "absent", {})),
            (Fails{Code::kNotFound, "Asset not found in database"}));
  EXPECT_EQ(Failure(assets.Unarchive(op, caller, kDatabase, "absent", {})),
            (Fails{Code::kNotFound, "Asset not found"}));
  EXPECT_EQ(
      Failure(Unarchive()),
      (Fails{Code::kConflict, "Asset is not archived. Only archived assets can be unarchived."}));

  Must(Archive());

  EXPECT_EQ(Failure(Archive()), (Fails{Code::kConflict, "Asset gantry is already archived"}));
  EXPECT_EQ(Failure(assets.Archive(op, reader, kDatabase, "gantry", {})), denied);
  EXPECT_EQ(Failure(assets.Unarchive(op, reader, kDatabase, "gantry", {})), denied);
  Item record = *bench.StoredAsset("gantry", "harbor#deleted");
  record.Remove("status");
  bench.PutItem(kAssetsTable, std::move(record));
  EXPECT_EQ(Failure(Unarchive()),
            (Fails{Code::kConflict, "Asset is not in a valid archived state. Cannot unarchive."}));
}

TEST_F(AssetsArchiveTest, AnAssetStaysArchivedAsLongAsItsDatabaseIs) {
  Must(Archive());
  Must(assets.Archive(op, caller, kDatabase, "other", {}));
  Databases databases(bench.items(), bench.clock);
  Must(databases.Archive(op, caller, kDatabase));

  const auto [code, message] = Failure(Unarchive());
  EXPECT_EQ(code, Code::kConflict);
  EXPECT_THAT(message, ::testing::HasSubstr("Create the database again"));

  bench.AddDatabase(kDatabase, bench.bucket_id);
  Must(Unarchive());
  EXPECT_EQ(bench.AssetCount(), "1");
}

// An active and an archived record of one id are both there in some imported data; the active one
// is never overwritten.
TEST_F(AssetsArchiveTest, UnarchivingNeverOverwritesAnActiveAsset) {
  Item twin = *bench.StoredAsset("gantry");
  twin.Set("databaseId", Value::S("harbor#deleted"));
  twin.Set("status", Value::S("archived"));
  bench.PutItem(kAssetsTable, std::move(twin));

  EXPECT_EQ(Failure(Unarchive()).first, Code::kConflict);
  EXPECT_TRUE(bench.StoredAsset("gantry", "harbor#deleted"));
}

// ---- Others at the same time.

TEST_F(AssetsArchiveTest, AFileThatIsUploadedMeanwhileIsArchivedToo) {
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] { Upload("late.glb"); });

  Must(Assets(view.stores).Archive(op, caller, kDatabase, "gantry", {}));

  EXPECT_THAT(bench.LiveKeys("gantry"), IsEmpty());
  Must(Unarchive());
  EXPECT_EQ(bench.FileContent("gantry", "late.glb"), "new");
}

TEST_F(AssetsArchiveTest, AChangeOfTheRecordMeanwhileIsKept) {
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] {
    Must(assets.Update(op, caller, kDatabase, "gantry",
                       {.name = "Renamed", .description = {}, .distributable = {}, .tags = {}}));
  });
  Must(Assets(view.stores).Archive(op, caller, kDatabase, "gantry", {}));
  EXPECT_EQ(bench.StoredAsset("gantry", "harbor#deleted")->Text("assetName"), "Renamed");

  hooked.before = Once("Commit", [&] {
    Item record = *bench.StoredAsset("gantry", "harbor#deleted");
    record.Set("unarchivedReason", Value::S("long ago"));
    record.Set("description", Value::S("Late"));
    bench.PutItem(kAssetsTable, std::move(record));
  });
  Must(Assets(view.stores).Unarchive(op, caller, kDatabase, "gantry", {}));
  EXPECT_EQ(bench.StoredAsset("gantry")->Text("description"), "Late");
}

TEST_F(AssetsArchiveTest, OfTwoWhoArchiveOneIsTold) {
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] { Must(Archive("first")); });

  EXPECT_EQ(Failure(Assets(view.stores).Archive(op, caller, kDatabase, "gantry", "second")).second,
            "Asset gantry is already archived");

  EXPECT_EQ(bench.StoredAsset("gantry", "harbor#deleted")->Text("archivedReason"), "first");
  EXPECT_EQ(bench.AssetCount(), "1");
}

TEST_F(AssetsArchiveTest, AnUploadIntoAnAssetThatIsArchivedMeanwhileFails) {
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  const AssetPlace place = bench.Place("gantry");
  AssetEdit edit(view.stores, place);
  edit.objects().Add(objects::DeleteChange{place.ObjectAt("a.e57")});
  hooked.before = Once("Commit", [&] { Must(Archive()); });

  EXPECT_EQ(Failure(edit.Commit(op)), (Fails{Code::kNotFound, "Asset not found in database."}));
}

TEST_F(AssetsArchiveTest, WhoNeverComesThroughIsTold) {
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  int uploads = 0;
  hooked.before = [&](std::string_view call) {
    if (call == "Commit") Upload("late-" + std::to_string(uploads++));
    return Ok();
  };

  EXPECT_EQ(Failure(Assets(view.stores).Archive(op, caller, kDatabase, "gantry", {})).first,
            Code::kUnavailable);
  EXPECT_TRUE(bench.StoredAsset("gantry"));
}

// ---- Interrupted.

std::vector<std::string> StateOf(AssetBench& bench) {
  auto state = bench.Histories();
  state.push_back("assets: " + bench.AssetCount());
  for (const char* database : {"harbor", "harbor#deleted"})
    if (bench.StoredAsset("gantry", database)) state.push_back(database);
  state.push_back(std::to_string(bench.Rows(std::string(tables::kArchivedObjectsTable)).size()));
  return state;
}

TEST_F(AssetsArchiveTest, ArchivingIsAllOrNothing) {
  ExpectAllOrNothing(
      MakeGantry,
      [](AssetBench& stack, const Stores& stores) {
        Caller anyone = MayAssets();
        (void)Assets(stores).Archive(stack.op, anyone, kDatabase, "gantry", {});
      },
      StateOf);
}

TEST_F(AssetsArchiveTest, UnarchivingIsAllOrNothing) {
  ExpectAllOrNothing(
      [](AssetBench& stack) {
        MakeGantry(stack);
        Caller anyone = MayAssets();
        Must(Assets(stack.stores()).Archive(stack.op, anyone, kDatabase, "gantry", {}));
      },
      [](AssetBench& stack, const Stores& stores) {
        Caller anyone = MayAssets();
        (void)Assets(stores).Unarchive(stack.op, anyone, kDatabase, "gantry", {});
      },
      StateOf);
}

TEST_F(AssetsArchiveTest, ManyFilesAreOneCommit) {
  constexpr std::size_t kFiles = 1001;  // more than a page of a listing
  objects::ObjectChanges changes;
  const AssetPlace place = bench.Place("gantry");
  const auto content = Must(bench.objects().Stage(op, objects::SourceOf("x"), {}));
  for (std::size_t i = 0; i < kFiles; ++i)
    changes.Add(objects::PutChange{
        place.ObjectAt("many/" + std::to_string(i)), content, OwnedBy(place.asset), {}});
  Must(bench.objects().Commit(op, changes));
  FaultyStore counting(bench.items());
  const auto view = bench.Through(counting);

  Must(Assets(view.stores).Archive(op, caller, kDatabase, "gantry", {}));

  const auto requests = counting.requests();
  EXPECT_EQ(std::ranges::count_if(
                requests, [](const std::string& line) { return line.starts_with("Commit"); }),
            1);
  EXPECT_THAT(bench.LiveKeys("gantry"), IsEmpty());
  Must(Unarchive());
  EXPECT_EQ(bench.LiveKeys("gantry").size(), kFiles + 3);
}

}  // namespace vams::catalog::test
