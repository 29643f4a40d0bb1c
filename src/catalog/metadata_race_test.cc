// Metadata while others work, and while the item store fails: two writers together never break what
// each of them alone keeps to, no row comes to what is no longer there, and none is left behind by
// what takes rows along.
#include <gtest/gtest.h>

#include <atomic>
#include <functional>
#include <thread>

#include "catalog/asset_marks.h"
#include "catalog/asset_versions.h"
#include "catalog/databases.h"
#include "catalog/metadata_support_test.h"

namespace vams::catalog {
namespace {

using namespace test;  // NOLINT

const AssetIds kGantryIds{kDatabase, "gantry"};
const AssetFiles::Ref kGantryRef{kDatabase, "gantry"};
constexpr std::string_view kBoomPath = "/cad/boom.glb";

class MetadataRaceTest : public MetadataTest {
 protected:
  // `act` happens before the commit of the operation under test, which works through `view`.
  void Meanwhile(std::function<void()> act) {
    hooked.before = [act = std::move(act), this](std::string_view call) -> Status {
      if (call == "Commit" && ++commits == 1) act();
      return Ok();
    };
  }
  Result<MetadataChange> SlowCreate(const MetadataEntity& entity,
                                    std::vector<model::MetadataItem> items) {
    return slow.Create(bench.op, caller, entity, {.items = std::move(items)});
  }

  HookedStore hooked{bench.items(), true};
  AssetBench::View view = bench.Through(hooked);
  Metadata slow{view.stores};
  int commits = 0;  // that were tried
};

// ---- Two writers.

TEST_F(MetadataRaceTest, BothWritersKeysAreThere) {
  Meanwhile([&] { Create(kGantryAsset, {Field("theirs", "1"), Field("same", "theirs")}); });

  Must(SlowCreate(kGantryAsset, {Field("mine", "1"), Field("same", "mine")}));

  EXPECT_EQ(Stored(kGantryAsset), (Texts{"mine=1", "same=mine", "theirs=1"}));
  EXPECT_EQ(commits, 2);
}

TEST_F(MetadataRaceTest, TheLimitHoldsForBothTogether) {
  const auto link = MetadataEntity::OfLink(Link());
  for (const auto& entity : {kHarbor, kGantryAsset, kBoom, kBoomAttributes, link}) {
    Create(entity, Fields("k", 0, 499));
    commits = 0;
    Meanwhile([&] { Create(entity, {Field("theirs", "1")}); });

    EXPECT_EQ(Failure(SlowCreate(entity, {Field("mine", "1")})).first, Code::kInvalid);

    EXPECT_EQ(List(entity).records.size(), 500U);
  }
}

TEST_F(MetadataRaceTest, WhatADependencyNeedsIsNotDeletedUnderIt) {
  model::SchemaField unit = SchemaText("unit");
  unit.depends_on = {"mass"};
  PutSchema("s", {unit, SchemaText("mass")});
  Create(kGantryAsset, {Field("mass", "5")});
  Meanwhile([&] { Create(kGantryAsset, {Field("unit", "t")}); });

  EXPECT_EQ(Failure(slow.Delete(bench.op, caller, kGantryAsset, {.keys = {"mass"}})).first,
            Code::kInvalid);

  EXPECT_EQ(Stored(kGantryAsset), (Texts{"mass=5", "unit=t"}));
}

TEST_F(MetadataRaceTest, ReplacingAlsoReplacesWhatCameMeanwhile) {
  Create(kGantryAsset, {Field("a", "1")});
  Meanwhile([&] { Create(kGantryAsset, {Field("theirs", "1")}); });

  const auto change = Must(slow.Update(bench.op, caller, kGantryAsset,
                                       {.items = {Field("b", "1")}, .replace_all = true}));

  EXPECT_EQ(change.removed, 2U);
  EXPECT_EQ(Stored(kGantryAsset), Texts{"b=1"});
}

TEST_F(MetadataRaceTest, AttributesAndMetadataOfAFileAreBothKept) {
  Meanwhile([&] { Create(kBoomAttributes, {Field("a", "1")}); });

  Must(SlowCreate(kBoom, {Field("a", "2")}));

  EXPECT_EQ(Stored(kBoom), Texts{"a=2"});
  EXPECT_EQ(Stored(kBoomAttributes), Texts{"a=1"});
}

TEST_F(MetadataRaceTest, WritersToDifferentFilesAreNotInEachOthersWay) {
  // One of these has another stripe than the boom; in both directions nobody begins anew.
  bench.PutFile("gantry", "cad/hook.glb", "mesh");
  const auto hook = MetadataEntity::OfFile(kDatabase, "gantry", "/cad/hook.glb");
  MetadataStripes one, other;
  one.Add(kBoom.path);
  other.Add(hook.path);
  ASSERT_NE(one.Raised()[0].attribute, other.Raised()[0].attribute);
  Meanwhile([&] { Create(hook, {Field("a", "1")}); });

  Must(SlowCreate(kBoom, {Field("a", "1")}));

  EXPECT_EQ(commits, 1);
}

TEST_F(MetadataRaceTest, GivesUpWhenOthersNeverStop) {
  int round = 0;
  hooked.before = [&](std::string_view call) -> Status {
    if (call == "Commit") Create(kGantryAsset, {Field("theirs", std::to_string(++round))});
    return Ok();
  };

  EXPECT_EQ(Failure(SlowCreate(kGantryAsset, {Field("mine", "1")})).first, Code::kUnavailable);

  EXPECT_EQ(Stored(kGantryAsset), Texts{"theirs=" + std::to_string(round)});
  EXPECT_LE(round, 300);
}

// Threads that write until the entity is full: it never gets fuller, and what they were told is
// true.
TEST_F(MetadataRaceTest, ManyWritersFillAnEntity) {
  Create(kGantryAsset, Fields("old", 0, 400));
  std::atomic<int> written{0};
  const auto work = [&](int writer) {
    OpContext op;
    Caller own = MayAssets();
    Metadata shared(bench.stores());
    for (int i = 0; i < 50;) {
      const auto done = shared.Create(
          op, own, kGantryAsset,
          {.items = {Field("w" + std::to_string(writer) + "-" + std::to_string(i), "x")}});
      if (!done.ok() && done.error().code == Code::kUnavailable) continue;
      if (done.ok()) ++written;
      ++i;
    }
  };

  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) threads.emplace_back(work, i);
  for (std::thread& thread : threads) thread.join();

  EXPECT_EQ(written, 100);
  EXPECT_EQ(List(kGantryAsset).records.size(), 500U);
}

// ---- What it belongs to goes.

TEST_F(MetadataRaceTest, AnArchivedAssetGetsNothing) {
  for (const auto& entity : {kGantryAsset, kBoom, kBoomAttributes}) {
    commits = 0;
    Meanwhile(
        [&] { Must(Assets(bench.stores()).Archive(bench.op, caller, kDatabase, "gantry", {})); });

    EXPECT_EQ(Failure(SlowCreate(entity, {Field("a", "1")})),
              Fails(Code::kNotFound, "Asset not found"));

    EXPECT_TRUE(bench.Rows(kFileMetadataTable).empty());
    EXPECT_TRUE(bench.Rows(kFileAttributesTable).empty());
    Must(Assets(bench.stores()).Unarchive(bench.op, caller, kDatabase, "gantry", {}));
  }
}

TEST_F(MetadataRaceTest, AFileThatGoesGetsNothing) {
  AssetFiles files(bench.stores());
  const std::function<void()> ways[] = {
      [&] { Must(files.Archive(bench.op, caller, kGantryRef, kBoomPath, false)); },
      [&] { Must(files.Delete(bench.op, caller, kGantryRef, kBoomPath, false, true)); },
      [&] { Must(files.Delete(bench.op, caller, kGantryRef, "/cad/", true, true)); },
      [&] { Must(files.Move(bench.op, caller, kGantryRef, kBoomPath, "/cad/new.glb")); }};
  for (const auto& way : ways) {
    commits = 0;
    Meanwhile(way);

    EXPECT_EQ(Failure(SlowCreate(kBoom, {Field("a", "1")})),
              Fails(Code::kNotFound, "File not found in S3"));

    EXPECT_TRUE(bench.Rows(kFileMetadataTable).empty());
    // For the next way.
    bench.PutFile("gantry", "cad/boom.glb", "mesh");
  }
}

TEST_F(MetadataRaceTest, AnArchivedDatabaseGetsNothing) {
  bench.AddDatabase("empty", bench.bucket_id);
  const auto empty = MetadataEntity::OfDatabase("empty");
  Meanwhile(
      [&] { Must(Databases(bench.items(), bench.clock).Archive(bench.op, caller, "empty")); });

  EXPECT_EQ(Failure(SlowCreate(empty, {Field("a", "1")})),
            Fails(Code::kNotFound, "Database not found"));

  EXPECT_TRUE(bench.Rows("DatabaseMetadataStorageTableV2").empty());
}

TEST_F(MetadataRaceTest, ALinkThatGoesGetsNothing) {
  const std::string id = Link();
  const auto link = MetadataEntity::OfLink(id);
  Meanwhile(
      [&] { Must(Assets(bench.stores()).Archive(bench.op, caller, kDatabase, "crane", {})); });
  EXPECT_EQ(Failure(SlowCreate(link, {Field("a", "1")})),
            Fails(Code::kNotFound, "Asset not found"));
  Must(Assets(bench.stores()).Unarchive(bench.op, caller, kDatabase, "crane", {}));

  commits = 0;
  Meanwhile([&] { Must(AssetLinks(bench.stores()).Delete(bench.op, caller, id)); });
  EXPECT_EQ(Failure(SlowCreate(link, {Field("a", "1")})),
            Fails(Code::kNotFound, "Asset link not found"));

  EXPECT_TRUE(bench.Rows("AssetLinksMetadataStorageTable").empty());
}

// ---- What takes rows along, while somebody writes some.

class CarryTest : public MetadataRaceTest {
 protected:
  CarryTest() { Create(kBoom, {Field("old", "1")}); }
  // Somebody writes a new key and changes an old one.
  void WrittenMeanwhile() {
    Meanwhile([&] {
      Create(kBoom, {Field("new", "1"), Field("old", "2")});
      Create(kBoomAttributes, {Field("attribute", "1")});
    });
  }
  // All rows of the files: "/cad/boom.glb old=1".
  Texts FileRows(const std::string& asset = "gantry") {
    Texts texts;
    for (const MetadataRow& row :
         Must(MetadataOfAsset(bench.op, bench.items(), {kDatabase, asset})))
      if (row.path != "/") texts.push_back(row.path + " " + row.key + "=" + row.value);
    std::ranges::sort(texts);
    return texts;
  }

  AssetFiles files{view.stores};
};

TEST_F(CarryTest, AMoveTakesIt) {
  WrittenMeanwhile();

  Must(files.Move(bench.op, caller, kGantryRef, kBoomPath, "/cad/new.glb"));

  EXPECT_EQ(FileRows(),
            (Texts{"/cad/new.glb attribute=1", "/cad/new.glb new=1", "/cad/new.glb old=2"}));
}

TEST_F(CarryTest, ACopyIsOfOneMoment) {
  for (const std::string asset : {"gantry", "crane"}) {
    commits = 0;
    Replace(kBoom, {Field("old", "1")});
    WrittenMeanwhile();

    Must(files.Copy(bench.op, caller, kGantryRef, kBoomPath, {"/copy.glb", {}, asset}));

    Texts copied = FileRows(asset);
    std::erase_if(copied, [](const std::string& row) { return !row.starts_with("/copy.glb"); });
    EXPECT_EQ(copied, (Texts{"/copy.glb attribute=1", "/copy.glb new=1", "/copy.glb old=2"}));
  }
}

TEST_F(CarryTest, ADeletionTakesIt) {
  WrittenMeanwhile();

  Must(files.Delete(bench.op, caller, kGantryRef, kBoomPath, false, true));

  EXPECT_EQ(FileRows(), Texts());
}

TEST_F(CarryTest, ADeletionOfAFolderTakesIt) {
  Create(kGantryAsset, {Field("of the asset", "1")});
  WrittenMeanwhile();

  Must(files.Delete(bench.op, caller, kGantryRef, "/cad/", true, true));

  EXPECT_EQ(FileRows(), Texts());
  EXPECT_EQ(Stored(kGantryAsset), Texts{"of the asset=1"});
}

TEST_F(CarryTest, GoingBackLeavesNothingThatIsNotOfTheVersion) {
  AssetVersions versions(view.stores);
  Must(versions.Create(bench.op, caller, kGantryIds,
                       {.latest = true, .files = {}, .comment = "c", .alias = ""}));
  Create(kBoom, {Field("later", "1")});
  commits = 0;
  WrittenMeanwhile();

  Must(versions.Revert(bench.op, caller, kGantryIds, "1", {.comment = "c", .metadata = true}));

  EXPECT_EQ(FileRows(), Texts{"/cad/boom.glb old=1"});
}

TEST_F(CarryTest, AVersionIsOfOneMoment) {
  AssetVersions versions(view.stores);
  WrittenMeanwhile();

  Must(versions.Create(bench.op, caller, kGantryIds,
                       {.latest = true, .files = {}, .comment = "c", .alias = ""}));

  EXPECT_EQ(Shown(kBoom, "1"), (Texts{"new=1", "old=2"}));
}

TEST_F(CarryTest, ADeletedAssetLeavesNothing) {
  const auto link = MetadataEntity::OfLink(Link());
  Meanwhile([&] {
    Create(kBoom, {Field("new", "1")});
    Create(kGantryAsset, {Field("new", "1")});
    Create(link, {Field("new", "1")});
  });

  Must(Assets(view.stores).Delete(bench.op, caller, kDatabase, "gantry"));

  EXPECT_TRUE(bench.Rows(kFileMetadataTable).empty());
  EXPECT_TRUE(bench.Rows("AssetLinksMetadataStorageTable").empty());
  for (const auto& marks : bench.Rows("sys.asset-marks"))
    EXPECT_NE(marks.Text("asset"), "link/" + link.link_id);
}

TEST_F(CarryTest, ADeletedAssetLeavesNothingOfItsLinks) {
  const auto link = MetadataEntity::OfLink(Link());
  Meanwhile([&] { Create(link, {Field("new", "1")}); });

  Must(Assets(view.stores).Delete(bench.op, caller, kDatabase, "crane"));

  EXPECT_TRUE(bench.Rows("AssetLinksMetadataStorageTable").empty());
}

TEST_F(CarryTest, ADeletedLinkLeavesNothing) {
  const auto link = MetadataEntity::OfLink(Link());
  Meanwhile([&] { Create(link, {Field("new", "1")}); });

  Must(AssetLinks(view.stores).Delete(bench.op, caller, link.link_id));

  EXPECT_TRUE(bench.Rows("AssetLinksMetadataStorageTable").empty());
}

// ---- Faults: each call of the item store fails in turn.

struct Write {
  const char* name;
  std::function<void(Metadata&, OpContext&, Caller&, const MetadataEntity&)> run;
};

class MetadataFaultTest : public ::testing::TestWithParam<Write> {};

TEST_P(MetadataFaultTest, LeavesAllOfTheOldOrAllOfTheNew) {
  ExpectAllOrNothing(
      [](AssetBench& bench) {
        bench.MakeAsset("gantry");
        bench.PutFile("gantry", "cad/boom.glb", "mesh");
        Caller caller = MayAssets();
        Must(Metadata(bench.stores())
                 .Create(bench.op, caller, kBoom, {.items = Fields("old", 0, 5)}));
      },
      [](AssetBench& bench, const Stores& stores) {
        Metadata metadata(stores);
        Caller caller = MayAssets();
        GetParam().run(metadata, bench.op, caller, kBoom);
      },
      [](AssetBench& bench) {
        Texts texts;
        for (const MetadataRow& row :
             Must(MetadataOfAsset(bench.op, bench.items(), {kDatabase, "gantry"})))
          texts.push_back(row.key + "=" + row.value);
        return texts;
      });
}

INSTANTIATE_TEST_SUITE_P(
    Every, MetadataFaultTest,
    ::testing::Values(
        Write{"Create",
              [](auto& metadata, auto& op, auto& caller, auto& entity) {
                (void)metadata.Create(op, caller, entity, {.items = Fields("new", 0, 5)});
              }},
        Write{"Update",
              [](auto& metadata, auto& op, auto& caller, auto& entity) {
                (void)metadata.Update(
                    op, caller, entity,
                    {.items = {Field("old0", "x"), Field("old1", "y")}, .replace_all = false});
              }},
        Write{"Replace",
              [](auto& metadata, auto& op, auto& caller, auto& entity) {
                (void)metadata.Update(
                    op, caller, entity,
                    {.items = {Field("old0", "x"), Field("new", "y")}, .replace_all = true});
              }},
        Write{"Delete",
              [](auto& metadata, auto& op, auto& caller, auto& entity) {
                (void)metadata.Delete(op, caller, entity, {.keys = {"old0", "old3", "ghost"}});
              }}),
    [](const auto& write) { return write.param.name; });

}  // namespace
}  // namespace vams::catalog
