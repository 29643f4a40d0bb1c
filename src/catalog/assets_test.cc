// Assets as a stack keeps them: what creating and changing them writes, what lists and answers
// show, who is refused, and that two who write at once lose nothing.
#include "catalog/assets.h"

#include <gmock/gmock.h>

#include "catalog/asset_counts.h"
#include "catalog/asset_support_test.h"

namespace vams::catalog::test {

using items::Item;
using items::Value;
using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::UnorderedElementsAre;

namespace {

model::NewAsset Gantry(std::string id = "gantry-12", std::string database = kDatabase) {
  return {.database_id = std::move(database),
          .id = std::move(id),
          .name = "Gantry 12",
          .description = "Quay gantry, east",
          .distributable = true};
}

Item Tag(const std::string& name, const std::string& type) {
  return {{"description", Value::S("of a test")},
          {"tagName", Value::S(name)},
          {"tagTypeName", Value::S(type)}};
}
Item TagType(const std::string& name, const std::string& required) {
  return {{"required", Value::S(required)}, {"tagTypeName", Value::S(name)}};
}

std::vector<std::string> Names(const AssetPage& page) {
  std::vector<std::string> names;
  for (const AssetView& view : page.assets)
    names.push_back(view.asset.stored_database_id() + "/" + view.asset.id);
  return names;
}

}  // namespace

class AssetsTest : public ::testing::Test {
 protected:
  Result<std::string> Create(const model::NewAsset& asset) {
    return assets.Create(op, caller, asset);
  }
  // Every page of a list, from the beginning to its end.
  std::vector<std::string> ListAll(bool archived, std::size_t limit) {
    return Pages([&](std::string_view after) {
      return assets.List(op, caller, kDatabase, archived, after, limit);
    });
  }
  template <typename Read>
  std::vector<std::string> Pages(const Read& read) {
    std::vector<std::string> all;
    std::string after;
    do {
      const AssetPage page = Must(read(after));
      std::ranges::move(Names(page), std::back_inserter(all));
      after = page.next;
    } while (!after.empty());
    return all;
  }
  void SetCount(Value count) {
    Item database =
        Must(bench.items().Get(op, kDatabasesTable, Item{{"databaseId", Value::S(kDatabase)}}));
    database.Set("assetCount", std::move(count));
    bench.PutItem(kDatabasesTable, std::move(database));
  }

  AssetBench bench;
  OpContext& op = bench.op;
  Assets assets{bench.stores()};
  Caller caller = MayAssets();
};

// ---- Creating.

TEST_F(AssetsTest, CreatingWritesTheRecordItsFirstVersionAndAFolder) {
  EXPECT_EQ(Must(Create(Gantry())), "gantry-12");

  EXPECT_EQ(*bench.StoredAsset("gantry-12"),
            (Item{{"assetId", Value::S("gantry-12")},
                  {"assetLocation", Value::M({{"Key", Value::S("gantry-12/")}})},
                  {"assetName", Value::S("Gantry 12")},
                  {"assetType", Value::S("none")},
                  {"bucketId", Value::S(bench.bucket_id)},
                  {"currentVersionId", Value::S("0")},
                  {"databaseId", Value::S("harbor")},
                  {"description", Value::S("Quay gantry, east")},
                  {"isDistributable", Value::Bool(true)},
                  {"snsTopic", Value::S("AssetTopicharbor-gantry-12")},
                  {"tags", Value::L({})}}));
  EXPECT_THAT(
      bench.Rows(kAssetVersionsTable),
      ElementsAre(
          Item{{"assetId", Value::S("gantry-12")},
               {"assetVersionId", Value::S("0")},
               {"comment", Value::S("Initial asset creation - Version 0 (No Files, No Metadata)")},
               {"createdBy", Value::S("tester")},
               {"databaseId", Value::S("harbor")},
               {"databaseId:assetId", Value::S("harbor:gantry-12")},
               {"dateCreated", Value::S("2025-03-01T10:00:00.123000")},
               {"description", Value::S("Quay gantry, east")},
               {"isCurrentVersion", Value::Bool(true)}}));
  EXPECT_EQ(bench.AssetCount(), "1");
  const auto marker = Must(bench.objects().Head(op, {kBucket, "gantry-12/"}));
  EXPECT_EQ(marker.size, 0U);
  EXPECT_EQ(marker.metadata.user,
            (objects::UserMetadata{{"assetid", "gantry-12"}, {"databaseid", "harbor"}}));
}

TEST_F(AssetsTest, AnAssetWithoutAnIdGetsOne) {
  model::NewAsset asset = Gantry("");

  const std::string one = Must(Create(asset));
  const std::string two = Must(Create(asset));

  EXPECT_THAT(one, ::testing::MatchesRegex(
                       "x[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
  EXPECT_NE(one, two);
  EXPECT_TRUE(bench.StoredAsset(one));
  EXPECT_EQ(bench.AssetCount(), "2");
}

TEST_F(AssetsTest, TheFolderLiesUnderTheBucketsPrefix) {
  AssetBench with_prefix("vault/in/");
  Assets made(with_prefix.stores());

  Must(made.Create(with_prefix.op, caller, Gantry()));

  EXPECT_THAT(with_prefix.LiveKeys(), ElementsAre("vault/in/gantry-12/"));
  EXPECT_EQ(with_prefix.Place("gantry-12").root(), "vault/in/gantry-12/");
}

TEST_F(AssetsTest, AnIdIsTakenOnceInADatabaseAlsoByAnArchivedAsset) {
  Must(Create(Gantry()));
  const Fails taken{Code::kConflict, "Asset with specified ID already exists"};
  EXPECT_EQ(Failure(Create(Gantry())), taken);

  Must(assets.Archive(op, caller, kDatabase, "gantry-12", {}));

  EXPECT_EQ(Failure(Create(Gantry())), taken);
  EXPECT_EQ(bench.AssetCount(), "0");
}

TEST_F(AssetsTest, TwoDatabasesOfOneFolderCannotHaveTheSameId) {
  bench.AddDatabase("yard", bench.bucket_id);
  bench.AddDatabase("depot", bench.AddBucket("store"));
  Must(Create(Gantry()));

  EXPECT_EQ(
      Failure(Create(Gantry("gantry-12", "yard"))),
      (Fails{Code::kConflict, "Asset identifier is not unique for the given S3 bucket location"}));
  EXPECT_EQ(Must(Create(Gantry("gantry-12", "depot"))), "gantry-12");
}

TEST_F(AssetsTest, OnlyAnActiveDatabaseTakesAssets) {
  const Fails none{Code::kNotFound, "VAMS General Error: Database does not exist"};
  EXPECT_EQ(Failure(Create(Gantry("a1", "nowhere"))), none);
  Databases databases(bench.items(), bench.clock);
  Must(databases.Archive(op, caller, kDatabase));

  EXPECT_EQ(Failure(Create(Gantry())), none);
  EXPECT_EQ(Failure(Create(Gantry("a1", kDatabase + "#deleted"))), none);
}

TEST_F(AssetsTest, ADatabaseWithoutItsBucketTakesNone) {
  Item database =
      Must(bench.items().Get(op, kDatabasesTable, Item{{"databaseId", Value::S(kDatabase)}}));
  database.Set("defaultBucketId", Value::S("gone"));
  bench.PutItem(kDatabasesTable, std::move(database));

  EXPECT_EQ(Failure(Create(Gantry())),
            (Fails{Code::kNotFound, "Error getting database default bucket details."}));
}

TEST_F(AssetsTest, TagsHaveToExistAndRequiredTypesToBeThere) {
  bench.PutItem("TagTypeStorageTable", TagType("phase", "True"));
  bench.PutItem("TagTypeStorageTable", TagType("owner's", "True"));
  bench.PutItem("TagTypeStorageTable", TagType("empty", "True"));
  bench.PutItem("TagTypeStorageTable", TagType("free", "False"));
  model::NewAsset asset = Gantry();
  Must(Create(Gantry("before")));  // types without tags ask for nothing
  bench.PutItem("TagStorageTable", Tag("built", "phase"));
  bench.PutItem("TagStorageTable", Tag("planned", "phase"));
  bench.PutItem("TagStorageTable", Tag("harbor board", "owner's"));
  bench.PutItem("TagStorageTable", Tag("blue", "free"));

  asset.tags = {"built", "red"};
  EXPECT_EQ(Failure(Create(asset)),
            (Fails{Code::kInvalid, "Invalid tags provided. Tags must exist in the system."}));
  asset.tags = {"blue"};
  EXPECT_EQ(Failure(Create(asset)),
            (Fails{Code::kInvalid,
                   "Asset Details are missing tags of required tag types: [\"owner's\", "
                   "'phase']"}));
  asset.tags = {"harbor board"};
  EXPECT_EQ(
      Failure(Create(asset)),
      (Fails{Code::kInvalid, "Asset Details are missing tags of required tag types: ['phase']"}));
  EXPECT_FALSE(bench.StoredAsset("gantry-12"));

  asset.tags = {"planned", "blue", "harbor board"};
  Must(Create(asset));
  EXPECT_THAT(bench.Place("gantry-12").asset.tags, ElementsAre("planned", "blue", "harbor board"));
}

TEST_F(AssetsTest, CreatingAsksForPutOnWhatTheAssetWillBe) {
  bench.PutItem("TagStorageTable", Tag("blue", "free"));
  model::NewAsset asset = Gantry();
  asset.tags = {"blue"};
  Caller reader = MayAssets({"GET", "POST", "DELETE"});
  EXPECT_EQ(Failure(assets.Create(op, reader, asset)).first, Code::kDenied);
  Caller by_name = MayAssetsWith("assetName", "Gantry 13");
  EXPECT_EQ(Failure(assets.Create(op, by_name, asset)).first, Code::kDenied);
  EXPECT_FALSE(bench.StoredAsset("gantry-12"));

  Caller by_tag = MayAssetsWith("tags", "blue", {"PUT"});
  Must(assets.Create(op, by_tag, asset));
}

TEST_F(AssetsTest, AnExistingKeyBecomesTheFolder) {
  for (const char* key : {"legacy/pier/", "legacy/pier/a.e57", "legacy/pier/b.e57"})
    Must(bench.objects().PutBytes(op, {kBucket, key}, "dots"));
  model::NewAsset asset = Gantry();
  asset.existing_key = "/legacy/pier/";

  Must(Create(asset));

  const AssetPlace place = bench.Place("gantry-12");
  EXPECT_EQ(place.root(), "legacy/pier/");
  EXPECT_EQ(place.asset.type, "folder");
  EXPECT_THAT(bench.LiveKeys(),
              ElementsAre("legacy/pier/", "legacy/pier/a.e57", "legacy/pier/b.e57"));
  EXPECT_EQ(bench.FileContent("gantry-12", "a.e57"), "dots");
}

TEST_F(AssetsTest, AnExistingKeyIsLookedForUnderThePrefix) {
  AssetBench with_prefix("vault/");
  Must(with_prefix.objects().PutBytes(op, {kBucket, "vault/legacy/"}, ""));
  Must(with_prefix.objects().PutBytes(op, {kBucket, "outside/"}, ""));
  Assets made(with_prefix.stores());
  model::NewAsset asset = Gantry();
  for (const char* absent : {"outside/", "legacy", "vault/", "/", "no such key"}) {
    asset.existing_key = absent;
    EXPECT_EQ(Failure(made.Create(op, caller, asset)),
              (Fails{Code::kNotFound,
                     "The specified bucketExistingKey does not exist in the asset's database "
                     "default S3 bucket"}))
        << absent;
  }
  asset.existing_key = "legacy/";
  Must(made.Create(op, caller, asset));
  EXPECT_EQ(with_prefix.Place("gantry-12").root(), "vault/legacy/");
}

// Or its creator could read and delete what belongs to others.
TEST_F(AssetsTest, NobodyAdoptsWhatBelongsToAnotherAsset) {
  bench.MakeAsset("crane");
  bench.PutFile("crane", "deep/a.e57", "dots");
  Must(bench.objects().PutBytes(op, {kBucket, "previews/"}, ""));
  Must(bench.objects().PutBytes(op, {kBucket, "previews/crane/"}, ""));
  model::NewAsset asset = Gantry();
  for (const char* key : {"crane/", "crane/deep/a.e57", "previews/", "previews/crane/"}) {
    asset.existing_key = key;
    const auto [code, message] = Failure(Create(asset));
    EXPECT_EQ(code, Code::kConflict) << key;
    EXPECT_THAT(message, ::testing::HasSubstr("files of another asset")) << key;
  }
  Must(assets.Archive(op, caller, kDatabase, "crane", {}));
  Must(bench.objects().PutBytes(op, {kBucket, "crane/deep/b.e57"}, "new"));
  asset.existing_key = "crane/deep/b.e57";
  EXPECT_EQ(Failure(Create(asset)).first, Code::kConflict);
}

TEST_F(AssetsTest, OfTwoWhoAdoptOverlappingKeysOneIsRefused) {
  for (const char* key : {"legacy/", "legacy/pier/"})
    Must(bench.objects().PutBytes(op, {kBucket, key}, ""));
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] {
    model::NewAsset first = Gantry("first");
    first.existing_key = "legacy/pier/";
    Must(Create(first));
  });
  model::NewAsset second = Gantry("second");
  second.existing_key = "legacy/";

  EXPECT_EQ(Failure(Assets(view.stores).Create(op, caller, second)).first, Code::kConflict);
  EXPECT_EQ(bench.AssetCount(), "1");
}

// ---- Creating while others write.

TEST_F(AssetsTest, OfTwoWhoCreateOneIdOneIsRefused) {
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  model::NewAsset mine = Gantry();
  mine.name = "Mine";
  hooked.before = Once("Commit", [&] { Must(Create(Gantry())); });

  EXPECT_EQ(Failure(Assets(view.stores).Create(op, caller, mine)),
            (Fails{Code::kConflict, "Asset with specified ID already exists"}));

  EXPECT_EQ(bench.Place("gantry-12").asset.name, "Gantry 12");
  EXPECT_EQ(bench.AssetCount(), "1");
}

TEST_F(AssetsTest, OfTwoDatabasesThatTakeOneFolderOneIsRefused) {
  bench.AddDatabase("yard", bench.bucket_id);
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] { Must(Create(Gantry())); });

  EXPECT_EQ(Failure(Assets(view.stores).Create(op, caller, Gantry("gantry-12", "yard"))).second,
            "Asset identifier is not unique for the given S3 bucket location");
  EXPECT_EQ(bench.AssetCount("yard"), "0");
}

TEST_F(AssetsTest, AnAssetIsNotCreatedInADatabaseThatIsArchivedMeanwhile) {
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] {
    Must(Databases(bench.items(), bench.clock).Archive(op, caller, kDatabase));
  });

  EXPECT_EQ(Failure(Assets(view.stores).Create(op, caller, Gantry())).first, Code::kNotFound);
  EXPECT_FALSE(bench.StoredAsset("gantry-12"));
  EXPECT_THAT(bench.LiveKeys(), IsEmpty());
}

TEST_F(AssetsTest, CreatingIsAllOrNothing) {
  ExpectAllOrNothing([](AssetBench& stack) { stack.MakeAsset("crane"); },
                     [](AssetBench& stack, const Stores& stores) {
                       Caller anyone = MayAssets();
                       (void)Assets(stores).Create(stack.op, anyone, Gantry());
                     },
                     [](AssetBench& stack) {
                       auto state = stack.Histories();
                       state.push_back(stack.AssetCount());
                       for (const std::string& table : {kAssetsTable, kAssetVersionsTable})
                         state.push_back(std::to_string(stack.Rows(table).size()));
                       return state;
                     });
}

// ---- The count of the database.

TEST_F(AssetsTest, ACountOfAnOlderReleaseIsMadeRight) {
  bench.MakeAsset("one");
  bench.MakeAsset("two");
  for (Value count : {Value::S("17"), Value::Null(), Value::N(std::int64_t{-3})}) {
    SetCount(count);
    const std::string id = Must(Create(Gantry("")));
    EXPECT_EQ(bench.AssetCount(), "3");
    Must(assets.Delete(op, caller, kDatabase, id));
    EXPECT_EQ(bench.AssetCount(), "2");
  }
  // No asset can be taken from none.
  SetCount(Value::N(std::int64_t{0}));
  Must(assets.Archive(op, caller, kDatabase, "one", {}));
  EXPECT_EQ(bench.AssetCount(), "1");
}

TEST_F(AssetsTest, AnAssetThatIsAddedWhileOthersAreCountedIsCountedToo) {
  bench.MakeAsset("one");
  SetCount(Value::S("17"));
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] { Must(Create(Gantry("two"))); });

  Must(Assets(view.stores).Create(op, caller, Gantry("three")));

  EXPECT_EQ(bench.AssetCount(), "3");
}

// ---- Lists.

TEST_F(AssetsTest, ADatabaseListsByDescendingIdTheArchivedOnesBehind) {
  for (const char* id : {"a1", "a2", "a3", "a4", "a5"}) bench.MakeAsset(id);
  Must(assets.Archive(op, caller, kDatabase, "a2", {}));
  Must(assets.Archive(op, caller, kDatabase, "a4", {}));
  const std::vector<std::string> active = {"harbor/a5", "harbor/a3", "harbor/a1"};
  std::vector<std::string> both = active;
  both.insert(both.end(), {"harbor#deleted/a4", "harbor#deleted/a2"});

  for (const std::size_t limit : {1, 2, 3, 4, 5, 100}) {
    EXPECT_EQ(ListAll(false, limit), active) << limit;
    EXPECT_EQ(ListAll(true, limit), both) << limit;
  }
  // Whoever reads one page only misses nothing that has room on it.
  EXPECT_EQ(Names(Must(assets.List(op, caller, kDatabase, true, "", 100))), both);
  EXPECT_THAT(Names(Must(assets.List(op, caller, "nowhere", true, "", 100))), IsEmpty());
}

TEST_F(AssetsTest, AllAssetsAreEitherTheActiveOrTheArchivedOnes) {
  bench.AddDatabase("depot", bench.AddBucket("store"));
  bench.MakeAsset("a1");
  bench.MakeAsset("a2");
  bench.MakeAsset("a1", {.database = "depot"});
  Must(assets.Archive(op, caller, kDatabase, "a2", {}));

  for (const std::size_t limit : {1, 2, 100}) {
    const auto all = [&](bool archived) {
      return Pages([&](std::string_view after) {
        return assets.ListAll(op, caller, archived, after, limit);
      });
    };
    EXPECT_THAT(all(false), UnorderedElementsAre("harbor/a1", "depot/a1"));
    EXPECT_THAT(all(true), ElementsAre("harbor#deleted/a2"));
  }
}

TEST_F(AssetsTest, ListsLeaveOutWhatTheCallerMayNotSee) {
  bench.MakeAsset("a1", {.name = "Mine"});
  bench.MakeAsset("a2");
  bench.MakeAsset("a3", {.name = "Mine"});
  Must(assets.Archive(op, caller, kDatabase, "a3", {}));
  Caller mine = MayAssetsWith("assetName", "Mine", {"GET"});

  EXPECT_THAT(Names(Must(assets.List(op, mine, kDatabase, true, "", 10))),
              ElementsAre("harbor/a1", "harbor#deleted/a3"));
  EXPECT_THAT(Names(Must(assets.ListAll(op, mine, false, "", 10))), ElementsAre("harbor/a1"));
  EXPECT_EQ(mine.denials().size(), 2U);
}

// Ruling 2: an asset stays under the rules of its database when it is archived.
TEST_F(AssetsTest, RulesSeeThePlainDatabaseOfAnArchivedAsset) {
  bench.MakeAsset("a1");
  Must(assets.Archive(op, caller, kDatabase, "a1", {}));
  Caller harbor = MayAssetsWith("databaseId", "harbor");
  Caller other = MayAssetsWith("databaseId", "harbor#deleted");

  EXPECT_EQ(Names(Must(assets.ListAll(op, harbor, true, "", 10))).size(), 1U);
  EXPECT_THAT(Names(Must(assets.ListAll(op, other, true, "", 10))), IsEmpty());
  EXPECT_TRUE(assets.Get(op, harbor, kDatabase, "a1", true).ok());
}

TEST_F(AssetsTest, ACursorOfAnotherListIsRefused) {
  for (const char* id : {"a1", "a2", "a3"}) bench.MakeAsset(id);
  const Fails bad{Code::kInvalid, "Error retrieving assets."};
  EXPECT_EQ(Failure(assets.List(op, caller, kDatabase, false, "x", 10)), bad);
  EXPECT_EQ(Failure(assets.List(op, caller, kDatabase, false, "anonsense", 10)), bad);
  EXPECT_EQ(Failure(assets.List(op, caller, kDatabase, false, "d", 10)), bad);
  EXPECT_EQ(Failure(assets.ListAll(op, caller, false, "nonsense", 10)),
            (Fails{Code::kInvalid, "Error retrieving all assets."}));
}

TEST_F(AssetsTest, AnAssetIsShownWithItsBucketAndItsCurrentVersion) {
  bench.MakeAsset("a1");
  AssetVersion version{.id = "3",
                       .created_at = "2026-03-04T09:15:31.204817",
                       .created_by = "ines@example.org",
                       .comment = "As built",
                       .description = "Quay gantry",
                       .alias = "RC1",
                       .archived = false,
                       .marked_current = true};
  bench.PutItem(kAssetVersionsTable, AssetVersionItem({kDatabase, "a1"}, version));
  Item record = *bench.StoredAsset("a1");
  record.Set("currentVersionId", Value::S("3"));
  bench.PutItem(kAssetsTable, record);

  for (const bool archived : {false, true}) {
    if (archived) Must(assets.Archive(op, caller, kDatabase, "a1", {}));
    const AssetView view = Must(assets.Get(op, caller, kDatabase, "a1", true));
    EXPECT_EQ(view.bucket_name, kBucket);
    ASSERT_TRUE(view.version);
    EXPECT_EQ(view.version->id, "3");
    EXPECT_EQ(view.version->date, "2026-03-04T09:15:31.204817");
    EXPECT_EQ(view.version->comment, "As built");
    EXPECT_EQ(view.version->description, "Quay gantry");
    EXPECT_EQ(view.version->created_by, "ines@example.org");
    EXPECT_EQ(view.version->alias, "RC1");
  }
}

// What imported data may look like: one broken record is no reason to show none.
TEST_F(AssetsTest, ABrokenRecordIsShownAsFarAsItGoes) {
  bench.MakeAsset("a1");
  bench.PutItem(kAssetsTable, Item{{"assetId", Value::S("a2")},
                                   {"bucketId", Value::S("gone")},
                                   {"currentVersionId", Value::S("7")},
                                   {"databaseId", Value::S(kDatabase)},
                                   {"description", Value::Null()},
                                   {"tags", Value::Null()}});

  const AssetPage page = Must(assets.List(op, caller, kDatabase, false, "", 10));

  ASSERT_THAT(Names(page), ElementsAre("harbor/a2", "harbor/a1"));
  EXPECT_EQ(page.assets[0].bucket_name, "");
  EXPECT_FALSE(page.assets[0].version);
  EXPECT_EQ(page.assets[1].bucket_name, kBucket);
  EXPECT_TRUE(page.assets[1].version);
}

// ---- One asset.

TEST_F(AssetsTest, GetFindsTheActiveOneFirst) {
  const Fails absent{Code::kNotFound, "Asset not found"};
  bench.MakeAsset("a1");
  Must(assets.Archive(op, caller, kDatabase, "a1", {}));
  EXPECT_EQ(Failure(assets.Get(op, caller, kDatabase, "a1", false)), absent);
  EXPECT_TRUE(Must(assets.Get(op, caller, kDatabase, "a1", true)).asset.archived);
  EXPECT_EQ(Failure(assets.Get(op, caller, kDatabase, "a2", true)), absent);
  Must(assets.Unarchive(op, caller, kDatabase, "a1", {}));
  EXPECT_FALSE(Must(assets.Get(op, caller, kDatabase, "a1", true)).asset.archived);
  Caller nobody = Nobody();
  EXPECT_EQ(Failure(assets.Get(op, nobody, kDatabase, "a1", true)),
            (Fails{Code::kDenied, "Not Authorized"}));
}

TEST_F(AssetsTest, AnUpdateChangesWhatItNames) {
  bench.MakeAsset("a1");
  Item wanted = *bench.StoredAsset("a1");

  Must(assets.Update(op, caller, kDatabase, "a1",
                     {.name = "New", .description = {}, .distributable = false, .tags = {}}));
  wanted.Set("assetName", Value::S("New"));
  wanted.Set("isDistributable", Value::Bool(false));
  EXPECT_EQ(*bench.StoredAsset("a1"), wanted);

  Must(assets.Update(op, caller, kDatabase, "a1",
                     {.name = {},
                      .description = "Changed",
                      .distributable = {},
                      .tags = std::vector<std::string>{"unknown"}}));
  wanted.Set("description", Value::S("Changed"));
  wanted.Set("tags", Value::L({Value::S("unknown")}));
  EXPECT_EQ(*bench.StoredAsset("a1"), wanted);
}

TEST_F(AssetsTest, AnArchivedAssetIsUpdatedByItsStoredId) {
  bench.MakeAsset("a1");
  Must(assets.Archive(op, caller, kDatabase, "a1", {}));
  const model::AssetChange change{
      .name = "New", .description = {}, .distributable = {}, .tags = {}};
  const Fails missing{Code::kNotFound, "Asset not found in database"};
  EXPECT_EQ(Failure(assets.Update(op, caller, kDatabase, "a1", change)), missing);

  Must(assets.Update(op, caller, "harbor#deleted", "a1", change));

  EXPECT_EQ(bench.StoredAsset("a1", "harbor#deleted")->Text("assetName"), "New");
  EXPECT_FALSE(bench.StoredAsset("a1"));
  EXPECT_EQ(Failure(assets.Update(op, caller, "harbor#deleted", "a2", change)), missing);
  Caller reader = MayAssets({"GET"});
  EXPECT_EQ(Failure(assets.Update(op, reader, "harbor#deleted", "a1", change)).first,
            Code::kDenied);
}

TEST_F(AssetsTest, AnUpdateDoesNotBringBackAnAssetThatWasDeletedMeanwhile) {
  bench.MakeAsset("a1");
  HookedStore hooked(bench.items(), false);
  const auto view = bench.Through(hooked);
  hooked.before = Once("Commit", [&] { Must(assets.Delete(op, caller, kDatabase, "a1")); });

  EXPECT_EQ(Failure(Assets(view.stores)
                        .Update(op, caller, kDatabase, "a1",
                                {.name = "N", .description = {}, .distributable = {}, .tags = {}})),
            (Fails{Code::kNotFound, "Asset not found in database"}));
  EXPECT_THAT(bench.Rows(kAssetsTable), IsEmpty());
}

}  // namespace vams::catalog::test
