// What versions hold, changing them, and going back to one.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "catalog/asset_versions.h"
#include "catalog/asset_versions_support_test.h"

namespace vams::catalog::test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

// ---- What versions hold.

TEST_F(AssetVersionsTest, GetTellsWhatHasBecomeOfTheFiles) {
  bench.PutFile("gantry", "archived.e57", "1");
  bench.PutFile("gantry", "changed.e57", "2");
  bench.PutFile("gantry", "deleted.e57", "3");
  bench.PutFile("gantry", "live.e57", "4");
  bench.PutFile("gantry", "marked.e57", "5");
  Create();
  bench.DeleteFile("gantry", "archived.e57");
  bench.PutFile("gantry", "changed.e57", "22");
  Remove("deleted.e57");
  // Its version is gone, a marker is left.
  const auto marked = bench.Place("gantry").ObjectAt("marked.e57");
  const auto content = Must(bench.objects().Head(bench.op, marked)).version_id;
  Must(bench.objects().Delete(bench.op, marked));
  Must(bench.objects().DeleteVersion(bench.op, marked, content));

  const auto details = Must(versions.Get(bench.op, caller, kVersioned, "1"));

  std::vector<std::string> told;
  for (const FileOfVersion& file : details.files)
    told.push_back(file.file.path + (file.deleted ? " deleted" : "") +
                   (file.latest_archived ? " archived" : ""));
  EXPECT_THAT(told, ElementsAre("archived.e57 archived", "changed.e57", "deleted.e57 deleted",
                                "live.e57", "marked.e57 deleted archived"));
  EXPECT_EQ(details.version.comment, "As built");
  EXPECT_EQ(Failure(versions.Get(bench.op, caller, kVersioned, "77")),
            Fails(Code::kNotFound, "Version not found"));
  Caller nobody = MayAssets({"POST"});
  EXPECT_EQ(Failure(versions.Get(bench.op, nobody, kVersioned, "1")).first, Code::kInvalid);
}

// Many files are not looked up one by one; what is told is the same.  Some have no version at all,
// some keys lie between, and the listing takes several pages.
TEST_F(AssetVersionsTest, ManyFilesAreToldAsFewAre) {
  constexpr int kFiles = 700;
  const auto name = [](int i) { return "f" + std::to_string(1000 + i); };
  for (int i = 0; i < kFiles; ++i) bench.PutFile("gantry", name(i), std::to_string(i));
  Create();
  for (int i = 0; i < kFiles; ++i) {
    if (i % 7 == 0) bench.DeleteFile("gantry", name(i));
    if (i % 5 == 0) bench.PutFile("gantry", name(i) + "-between", "x");
    if (i % 3 == 0) bench.PutFile("gantry", name(i), "again");
    if (i % 11 == 0 || i == kFiles - 1) Remove(name(i));
  }

  const auto details = Must(versions.Get(bench.op, caller, kVersioned, "1"));

  ASSERT_EQ(details.files.size(), static_cast<std::size_t>(kFiles));
  for (int i = 0; i < kFiles; ++i) {
    const FileOfVersion& file = details.files[static_cast<std::size_t>(i)];
    const bool removed = i % 11 == 0 || i == kFiles - 1;
    EXPECT_EQ(file.file.path, name(i));
    EXPECT_EQ(file.deleted, removed) << name(i);
    EXPECT_EQ(file.latest_archived, !removed && i % 7 == 0 && i % 3 != 0) << name(i);
  }
}

// ---- Changing versions.

TEST_F(AssetVersionsTest, UpdateChangesWhatIsNamed) {
  Create({.latest = true, .files = {}, .comment = "one", .alias = "RC1"});

  Must(versions.Update(bench.op, caller, kVersioned, "1", {.comment = "two", .alias = {}}));
  auto version = Must(GetVersion(bench.op, bench.items(), kVersioned, "1"));
  EXPECT_EQ(version.comment, "two");
  EXPECT_EQ(version.alias, "RC1");
  Must(versions.Update(bench.op, caller, kVersioned, "1", {.comment = {}, .alias = ""}));
  version = Must(GetVersion(bench.op, bench.items(), kVersioned, "1"));
  EXPECT_EQ(version.comment, "two");
  EXPECT_EQ(version.alias, std::nullopt);

  EXPECT_EQ(
      Failure(versions.Update(bench.op, caller, kVersioned, "77", {.comment = "x", .alias = {}})),
      Fails(Code::kNotFound, "Asset version '77' not found for asset"));
  Caller creator = MayAssets({"POST", "GET"});
  EXPECT_EQ(
      Failure(versions.Update(bench.op, creator, kVersioned, "1", {.comment = "x", .alias = {}}))
          .first,
      Code::kInvalid);
}

TEST_F(AssetVersionsTest, TheCurrentVersionCannotBeArchived) {
  Create();
  EXPECT_EQ(Failure(versions.SetArchived(bench.op, caller, kVersioned, "1", true)),
            Fails(Code::kConflict,
                  "Cannot archive the current version. Set a different version as current first."));
  Must(versions.SetArchived(bench.op, caller, kVersioned, "1", false));
  Must(versions.SetArchived(bench.op, caller, kVersioned, "0", true));
  Must(versions.SetArchived(bench.op, caller, kVersioned, "0", true));
  EXPECT_TRUE(Must(GetVersion(bench.op, bench.items(), kVersioned, "0")).archived);
  Must(versions.SetArchived(bench.op, caller, kVersioned, "0", false));
  EXPECT_FALSE(Must(GetVersion(bench.op, bench.items(), kVersioned, "0")).archived);
  EXPECT_EQ(Failure(versions.SetArchived(bench.op, caller, kVersioned, "77", true)),
            Fails(Code::kNotFound, "Asset version '77' not found for asset"));
}

// ---- Going back.

TEST_F(AssetVersionsTest, RevertPutsTheFilesOnTopAndMakesAVersionOfThem) {
  bench.PutFile("gantry", "a.e57", "old");
  bench.PutFile("gantry", "archived.e57", "hidden");
  bench.PutFile("gantry", "deleted.e57", "lost", {.content_type = "", .user = {}});
  Create();
  bench.PutFile("gantry", "a.e57", "new");
  bench.DeleteFile("gantry", "archived.e57");
  Remove("deleted.e57");
  bench.PutFile("gantry", "later.e57", "later");
  bench.clock.now += 60'000;

  const auto made = Revert("1");

  EXPECT_EQ(made.id, "2");
  EXPECT_EQ(made.files, 2u);
  EXPECT_THAT(made.skipped, ElementsAre("deleted.e57"));
  EXPECT_EQ(bench.FileContent("gantry", "a.e57"), "old");
  EXPECT_EQ(bench.FileContent("gantry", "archived.e57"), "hidden");
  EXPECT_EQ(bench.FileContent("gantry", "later.e57"), "later");
  EXPECT_THAT(Files("2"), ElementsAre("a.e57=old", "archived.e57=hidden"));
  const auto version = Must(GetVersion(bench.op, bench.items(), kVersioned, "2"));
  EXPECT_EQ(version.comment, "[REVERTED FROM v1] back");
  EXPECT_EQ(version.alias, std::nullopt);
  EXPECT_EQ(CurrentId(), "2");
  EXPECT_THAT(MarkedCurrent(), ElementsAre("2"));
  // The snapshot names the versions that were made, not those that were copied.
  const auto rows = Must(FileRowsOf(bench.op, bench.items(), kVersioned, "2"));
  ASSERT_EQ(rows.size(), 2u);
  const auto now = Must(bench.objects().Head(bench.op, bench.Place("gantry").ObjectAt("a.e57")));
  EXPECT_EQ(rows[0].version_id, now.version_id);
  EXPECT_EQ(rows[0].size, 3u);
  EXPECT_EQ(rows[0].etag, now.etag);
  EXPECT_EQ(rows[0].last_modified, "2025-03-01T10:01:00.123000");
  EXPECT_EQ(bench.Histories("gantry/a.e57"),
            (std::vector<std::string>{"gantry/a.e57: 3 bytes, 3 bytes, 3 bytes"}));
  EXPECT_EQ(bench.StoredAsset("gantry")->Text("assetType"), "folder");
}

TEST_F(AssetVersionsTest, RevertedFilesKeepTheirMetadataAndCarryTheirOwner) {
  const AssetPlace place = bench.Place("gantry");
  // As another program put it there: with a type, without an owner.
  const auto put = Must(bench.objects().PutBytes(
      bench.op, place.ObjectAt("a.e57"), "dots",
      {.content_type = "model/e57", .user = {{kPrimaryTypeMetadata, "lod1"}}}));
  Create(Of({{"a.e57", put.version_id}}));
  bench.PutFile("gantry", "a.e57", "new");

  Revert("1");

  const auto info = Must(bench.objects().Head(bench.op, place.ObjectAt("a.e57")));
  EXPECT_EQ(info.metadata.content_type, "model/e57");
  EXPECT_EQ(info.metadata.user, (objects::UserMetadata{{kAssetIdMetadata, "gantry"},
                                                       {kDatabaseIdMetadata, "harbor"},
                                                       {kPrimaryTypeMetadata, "lod1"}}));
}

TEST_F(AssetVersionsTest, RevertToNothingChangesNoFile) {
  bench.PutFile("gantry", "a.e57", "a");
  const auto before = bench.Histories();

  const auto made = Revert("0");

  EXPECT_EQ(made.id, "1");
  EXPECT_EQ(made.files, 0u);
  EXPECT_THAT(Files("1"), IsEmpty());
  EXPECT_EQ(bench.Histories(), before);
  EXPECT_EQ(Failure(versions.Revert(bench.op, caller, kVersioned, "77", {.comment = "x"})),
            Fails(Code::kNotFound, "Version not found"));
}

// What viewers made of a file is of its newest version; for few files it is looked for file by
// file, for many in one go.
TEST_F(AssetVersionsTest, RevertRemovesWhatWasDerivedFromItsFiles) {
  const std::string derived = bench.stores().auxiliary_bucket;
  const auto put = [&](const std::string& key) {
    Must(bench.objects().PutBytes(bench.op, {derived, key}, "tile"));
  };
  for (const int files : {1, 120}) {
    std::vector<model::VersionedFile> named;
    for (int i = 0; i < files; ++i) {
      const std::string path = "f" + std::to_string(i);
      named.push_back({path, bench.PutFile("gantry", path, "x").version_id});
      put("gantry/" + path + "/preview/tiles/0");
    }
    put("gantry/other/preview/tiles/0");
    put("gantry/f0-not/preview/tiles/0");
    const auto made = Create(Of(named));

    Revert(made.id);

    EXPECT_EQ(
        bench.LiveKeys("", derived),
        (std::vector<std::string>{"gantry/f0-not/preview/tiles/0", "gantry/other/preview/tiles/0"}))
        << files;
  }
}

TEST_F(AssetVersionsTest, MetadataStaysUnlessItsReversionIsAskedFor) {
  bench.PutFile("gantry", "a.e57", "a");
  Describe("/a.e57", "colour", "red");
  Create();
  Describe("/a.e57", "colour", "blue");

  Revert("1");

  EXPECT_THAT(LiveMetadata(), ElementsAre("metadata /a.e57 colour=blue"));
  EXPECT_THAT(Metadata("2"), ElementsAre("metadata /a.e57 colour=blue"));
}

// All metadata of the asset and its files goes, that of files which do not come back as well: the
// state is the snapshot's.
TEST_F(AssetVersionsTest, RevertedMetadataIsThatOfTheSnapshot) {
  bench.PutFile("gantry", "a.e57", "a");
  bench.PutFile("gantry", "deleted.e57", "d");
  Describe("/", "phase", "as-built");
  Describe("/a.e57", "colour", "red");
  Describe("/a.e57", "points", "12", MetadataKind::kAttribute);
  Describe("/deleted.e57", "colour", "grey");
  Create();
  Remove("deleted.e57");
  bench.PutFile("gantry", "later.e57", "l");
  Describe("/", "phase", "planned");
  Describe("/", "extra", "x");
  Describe("/a.e57", "points", "13", MetadataKind::kAttribute);
  Describe("/later.e57", "colour", "blue");
  Describe("/later.e57", "points", "1", MetadataKind::kAttribute);

  Revert("1", true);

  const std::vector<std::string> snapshot{"attribute /a.e57 points=12", "metadata / phase=as-built",
                                          "metadata /a.e57 colour=red"};
  EXPECT_EQ(LiveMetadata(), snapshot);
  EXPECT_EQ(Metadata("2"), snapshot);
}

TEST_F(AssetVersionsTest, AVersionWithoutMetadataLeavesThatOfTodayAlone) {
  bench.PutFile("gantry", "a.e57", "a");
  Create();
  Describe("/a.e57", "colour", "red");

  Revert("1", true);

  EXPECT_THAT(LiveMetadata(), ElementsAre("metadata /a.e57 colour=red"));
}

// The version to be copied is deleted for good between looking and copying.
TEST_F(AssetVersionsTest, FilesDeletedWhileGoingBackAreSkipped) {
  bench.PutFile("gantry", "a.e57", "a");
  bench.PutFile("gantry", "b.e57", "b");
  Create();
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetVersions slow(view.stores);
  hooked.before = Once("Commit", [&] { Remove("a.e57"); });

  const auto made = Must(slow.Revert(bench.op, caller, kVersioned, "1", {.comment = "back"}));

  EXPECT_EQ(made.files, 1u);
  EXPECT_THAT(made.skipped, ElementsAre("a.e57"));
  EXPECT_THAT(Files("2"), ElementsAre("b.e57=b"));
  EXPECT_EQ(bench.FileContent("gantry", "a.e57"), std::nullopt);
}

// Somebody else changes a row that is to be replaced: the revert has to look at it again.
TEST_F(AssetVersionsTest, MetadataChangedWhileGoingBackIsSeen) {
  bench.PutFile("gantry", "a.e57", "a");
  Describe("/a.e57", "colour", "red");
  Create();
  Describe("/a.e57", "colour", "blue");
  HookedStore hooked(bench.items(), true);
  const auto view = bench.Through(hooked);
  AssetVersions slow(view.stores);
  int commits = 0;
  const auto change = Once("Commit", [&] { Describe("/a.e57", "colour", "green"); });
  hooked.before = [&](std::string_view call) {
    if (call == "Commit") ++commits;
    return change(call);
  };

  Must(slow.Revert(bench.op, caller, kVersioned, "1", {.comment = "back", .metadata = true}));

  EXPECT_EQ(commits, 3) << "one refused, one for the version, one for the asset's type";
  EXPECT_THAT(LiveMetadata(), ElementsAre("metadata /a.e57 colour=red"));
}

// ---- Failures.

std::vector<std::string> StateOf(AssetBench& bench) {
  std::vector<std::string> state = bench.Histories();
  for (const AssetVersion& version : Must(VersionsOf(bench.op, bench.items(), kVersioned))) {
    state.push_back("version " + version.id + (version.marked_current ? " current" : ""));
    for (const FileVersion& file :
         Must(FileRowsOf(bench.op, bench.items(), kVersioned, version.id)))
      state.push_back(
          file.path + "=" +
          bench.Content(bench.Place("gantry").ObjectAt(file.path), file.version_id).value_or(""));
    for (const MetadataRow& row :
         Must(MetadataRowsOf(bench.op, bench.items(), kVersioned, version.id)))
      state.push_back(row.path + " " + row.key + "=" + row.value);
  }
  for (const MetadataRow& row : Must(MetadataOfAsset(bench.op, bench.items(), kVersioned)))
    state.push_back("now " + row.path + " " + row.key + "=" + row.value);
  state.emplace_back(bench.StoredAsset("gantry")->Text("currentVersionId"));
  return state;
}

void Prepare(AssetBench& bench) {
  bench.MakeAsset("gantry");
  bench.PutFile("gantry", "a.e57", "a");
  bench.PutFile("gantry", "b.e57", "b");
  const auto describe = [&](const std::string& value) {
    const items::Write writes[] = {PutMetadata(
        kVersioned, {.path = "/a.e57", .key = "colour", .value = value, .type = "string"})};
    Must(bench.items().Commit(bench.op, writes));
  };
  describe("red");
  Caller caller = MayAssets();
  AssetVersions versions(bench.stores());
  Must(versions.Create(bench.op, caller, kVersioned, kLatest));
  bench.PutFile("gantry", "a.e57", "new");
  describe("blue");
}

TEST(AssetVersionsFaults, AVersionIsMadeWholeOrNotAtAll) {
  ExpectAllOrNothing(
      Prepare,
      [](AssetBench& bench, const Stores& stores) {
        Caller caller = MayAssets();
        AssetVersions versions(stores);
        (void)versions.Create(bench.op, caller, kVersioned, kLatest);
      },
      StateOf);
}

TEST(AssetVersionsFaults, GoingBackIsDoneWholeOrNotAtAll) {
  ExpectAllOrNothing(
      Prepare,
      [](AssetBench& bench, const Stores& stores) {
        Caller caller = MayAssets();
        AssetVersions versions(stores);
        (void)versions.Revert(bench.op, caller, kVersioned, "1",
                              {.comment = "x", .metadata = true});
      },
      StateOf);
}

}  // namespace
}  // namespace vams::catalog::test
