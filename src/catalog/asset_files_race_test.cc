// Operations on files while others work, and while the item store fails: nothing is lost, and
// nothing stays half done.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/contention.h"
#include "catalog/asset_files_test.h"

namespace vams::catalog {
namespace {

using namespace test;  // NOLINT
using ::testing::Test;

using Texts = std::vector<std::string>;

class RaceTest : public Test {
 protected:
  RaceTest() {
    bench.MakeAsset("gantry");
    bench.MakeAsset("crane");
  }

  // Files over a store in which `act` happens before the commit of the operation under test.
  void BeforeCommit(std::function<void()> act) { hooked.before = Once("Commit", std::move(act)); }

  AssetBench bench;
  HookedStore hooked{bench.items(), true};
  AssetBench::View view = bench.Through(hooked);
  AssetFiles files{view.stores};
  Caller caller = MayAssets();
};

TEST_F(RaceTest, MoveTakesAContentThatCameMeanwhile) {
  bench.PutFile("gantry", "a", "first");
  BeforeCommit([&] { bench.PutFile("gantry", "a", "second"); });

  Must(files.Move(bench.op, caller, kGantry, "a", "b"));

  EXPECT_EQ(bench.FileContent("gantry", "b"), "second");
  EXPECT_EQ(bench.Histories("gantry/a"), (Texts{"gantry/a: marker, 6 bytes, 5 bytes"}));
}

TEST_F(RaceTest, MoveNeverCoversAFileThatCameMeanwhile) {
  bench.PutFile("gantry", "a", "mine");
  BeforeCommit([&] { bench.PutFile("gantry", "b", "theirs"); });

  EXPECT_EQ(Failure(files.Move(bench.op, caller, kGantry, "a", "b")).second,
            "Destination file already exists.");

  EXPECT_EQ(bench.Histories("gantry/a"), (Texts{"gantry/a: 4 bytes"}));
  EXPECT_EQ(bench.Histories("gantry/b"), (Texts{"gantry/b: 6 bytes"}));
}

TEST_F(RaceTest, MoveOfAFileThatWasArchivedMeanwhile) {
  bench.PutFile("gantry", "a", "mine");
  BeforeCommit([&] { bench.DeleteFile("gantry", "a"); });

  EXPECT_EQ(Failure(files.Move(bench.op, caller, kGantry, "a", "b")).second,
            "Cannot move or rename archived file. Unarchive it first.");
  EXPECT_EQ(bench.LiveKeys("gantry/b"), Texts());
}

TEST_F(RaceTest, MoveTakesTheValueThatARecordGotMeanwhile) {
  bench.PutFile("gantry", "a", "x");
  PutRow(bench, "/a", "phase", "planned");
  BeforeCommit([&] {
    PutRow(bench, "/a", "phase", "built");
    PutRow(bench, "/b", "phase", "of the other");
  });

  Must(files.Move(bench.op, caller, kGantry, "a", "b"));

  const auto rows = RowsOf(bench);
  ASSERT_EQ(rows.size(), 2U);
  EXPECT_EQ(rows[0], "metadata /b phase=of the other");
  EXPECT_TRUE(rows[1].starts_with("metadata /b phase_copy_") && rows[1].ends_with("=built"));
}

TEST_F(RaceTest, NothingIsChangedInAnAssetThatIsGone) {
  bench.PutFile("gantry", "a", "x");
  const auto vanish = [&] {
    items::Item asset = *bench.StoredAsset("gantry");
    const items::Write writes[] = {
        items::Write::Delete(kAssetsTable, AssetKey(kDatabase, "gantry"))};
    Must(bench.items().Commit(bench.op, writes));
    asset.Set("databaseId", items::Value::S(kDatabase + "#deleted"));
    bench.PutItem(kAssetsTable, std::move(asset));
  };
  BeforeCommit(vanish);

  EXPECT_EQ(Failure(files.Archive(bench.op, caller, kGantry, "a", false)),
            Fails(Code::kNotFound, "Asset not found in database."));

  EXPECT_EQ(bench.Histories("gantry/a"), (Texts{"gantry/a: 1 bytes"}));
}

TEST_F(RaceTest, CopyIsOfTheVersionThatWasLookedAt) {
  bench.PutFile("gantry", "a", "first", Typed("lod1"));
  BeforeCommit([&] { bench.PutFile("gantry", "a", "second"); });

  Must(files.Copy(bench.op, caller, kGantry, "a", {"a", {}, "crane"}));

  EXPECT_EQ(bench.FileContent("crane", "a"), "first");
  EXPECT_EQ(bench.FileContent("gantry", "a"), "second");
}

TEST_F(RaceTest, CopyOfAVersionThatWasDeletedMeanwhileTakesTheNext) {
  const auto first = bench.PutFile("gantry", "a", "first");
  BeforeCommit([&] {
    bench.PutFile("gantry", "a", "second");
    Must(bench.objects().DeleteVersion(bench.op, first.object, first.version_id));
  });

  Must(files.Copy(bench.op, caller, kGantry, "a", {"a", {}, "crane"}));

  EXPECT_EQ(bench.FileContent("crane", "a"), "second");
}

TEST_F(RaceTest, CopyNeverCoversAFileThatCameMeanwhile) {
  bench.PutFile("gantry", "a", "mine");
  BeforeCommit([&] { bench.PutFile("crane", "a", "theirs"); });

  EXPECT_EQ(Failure(files.Copy(bench.op, caller, kGantry, "a", {"a", {}, "crane"})).second,
            "Destination file already exists.");
  EXPECT_EQ(bench.FileContent("crane", "a"), "theirs");
}

TEST_F(RaceTest, ArchivedByTwo) {
  bench.PutFile("gantry", "a", "x");
  BeforeCommit([&] { bench.DeleteFile("gantry", "a"); });

  EXPECT_EQ(Failure(files.Archive(bench.op, caller, kGantry, "a", false)).second,
            "File is already archived.");
  EXPECT_EQ(bench.Histories("gantry/a"), (Texts{"gantry/a: marker, 1 bytes"}));
}

TEST_F(RaceTest, UnarchiveNeverCoversAnUploadThatCameMeanwhile) {
  bench.PutFile("gantry", "a", "old");
  bench.DeleteFile("gantry", "a");
  BeforeCommit([&] { bench.PutFile("gantry", "a", "uploaded"); });

  EXPECT_EQ(Failure(files.Unarchive(bench.op, caller, kGantry, "a")).second,
            "File is not archived.");
  EXPECT_EQ(bench.FileContent("gantry", "a"), "uploaded");
}

TEST_F(RaceTest, DeletionLeavesAnUploadThatCameMeanwhile) {
  bench.PutFile("gantry", "a", "old");
  BeforeCommit([&] { bench.PutFile("gantry", "a", "uploaded"); });

  Must(files.Delete(bench.op, caller, kGantry, "a", false, true));

  EXPECT_EQ(bench.Histories("gantry/a"), (Texts{"gantry/a: 8 bytes"}));
}

TEST_F(RaceTest, TypeNeverCoversAnUploadThatCameMeanwhile) {
  bench.PutFile("gantry", "a", "old");
  BeforeCommit([&] { bench.PutFile("gantry", "a", "uploaded"); });

  Must(files.SetPrimaryType(bench.op, caller, kGantry, "a", "lod1"));

  EXPECT_EQ(bench.FileContent("gantry", "a"), "uploaded");
  const auto head = Must(bench.objects().Head(bench.op, {kBucket, "gantry/a"}));
  EXPECT_EQ(head.metadata.user.at(kPrimaryTypeMetadata), "lod1");
}

TEST_F(RaceTest, PreviewThatWasReplacedMeanwhileGoesToo) {
  const auto set = [&](const std::string& key) {
    Must(bench.objects().PutBytes(bench.op, {kBucket, key}, "picture"));
    items::Item asset = *bench.StoredAsset("gantry");
    asset.Set("previewLocation", items::Value::M({{"Key", items::Value::S(key)}}));
    bench.PutItem(kAssetsTable, std::move(asset));
  };
  set("previews/gantry/1.png");
  BeforeCommit([&] { set("previews/gantry/2.png"); });

  Must(files.DeletePreview(bench.op, caller, kGantry));

  EXPECT_FALSE(bench.StoredAsset("gantry")->Has("previewLocation"));
  EXPECT_EQ(bench.LiveKeys("previews/"), (Texts{"previews/gantry/1.png"}));
}

TEST_F(RaceTest, GivesUpWhenOthersNeverStop) {
  bench.PutFile("gantry", "a", "x");
  PutRow(bench, "/a", "phase", "0");
  int round = 0;
  hooked.before = [&](std::string_view call) {
    if (call == "Commit") PutRow(bench, "/a", "phase", std::to_string(++round));
    return Ok();
  };

  EXPECT_EQ(Failure(files.Move(bench.op, caller, kGantry, "a", "b")).first, Code::kUnavailable);

  EXPECT_EQ(bench.LiveKeys("gantry/a"), (Texts{"gantry/a"}));
  EXPECT_LE(round, Contention::kAttempts);
}

// Two threads move a file back and forth under each other's feet: it is at one place at last, with
// its record, whatever each of them was told.
TEST_F(RaceTest, TwoMoveTheSameFile) {
  bench.PutFile("gantry", "a0", "content");
  PutRow(bench, "/a0", "phase", "built");
  AssetFiles shared(bench.stores());
  std::atomic<int> moved{0};
  const auto work = [&](int first) {
    OpContext op;
    Caller own = MayAssets();
    for (int i = 0; i < 20; ++i) {
      const auto done = shared.Move(op, own, kGantry, "a" + std::to_string(moved.load()),
                                    "a" + std::to_string(100 * first + i + 1));
      if (done.ok()) moved = 100 * first + i + 1;
    }
  };

  std::thread one(work, 1);
  std::thread two(work, 2);
  one.join();
  two.join();

  const auto live = bench.LiveKeys("gantry/a");
  ASSERT_EQ(live.size(), 1U);
  EXPECT_EQ(RowsOf(bench), (Texts{"metadata /" + live[0].substr(7) + " phase=built"}));
}

// ---- Faults: each call of the item store fails in turn.

Texts StateOf(AssetBench& bench) {
  Texts state = bench.Histories();
  std::ranges::move(bench.Histories("", bench.stores().auxiliary_bucket),
                    std::back_inserter(state));
  std::ranges::move(RowsOf(bench), std::back_inserter(state));
  std::ranges::move(RowsOf(bench, {kDatabase, "crane"}), std::back_inserter(state));
  state.push_back(bench.StoredAsset("gantry")->Has("previewLocation") ? "preview" : "no preview");
  return state;
}

void Prepare(AssetBench& bench) {
  bench.MakeAsset("gantry");
  bench.MakeAsset("crane");
  bench.PutFile("gantry", "a", "old");
  bench.PutFile("gantry", "a", "newest");
  bench.PutFile("gantry", "a.previewFile.png", "picture");
  bench.PutFile("gantry", "gone", "x");
  bench.PutFile("gantry", "gone.previewFile.png", "x");
  bench.DeleteFile("gantry", "gone");
  bench.DeleteFile("gantry", "gone.previewFile.png");
  PutDerived(bench, "gantry/a/preview/1");
  PutRow(bench, "/a", "phase", "built");
  PutRow(bench, "/a", "unit", "m", MetadataKind::kAttribute);
  Must(bench.objects().PutBytes(bench.op, {kBucket, "previews/gantry/1.png"}, "picture"));
  items::Item asset = *bench.StoredAsset("gantry");
  asset.Set("previewLocation",
            items::Value::M({{"Key", items::Value::S("previews/gantry/1.png")}}));
  bench.PutItem(kAssetsTable, std::move(asset));
}

struct Operation {
  const char* name;
  std::function<bool(AssetFiles&, OpContext&, Caller&, AssetBench&)> run;
};

class FaultTest : public ::testing::TestWithParam<Operation> {};

TEST_P(FaultTest, LeavesTheOldStateOrTheNewOne) {
  ExpectAllOrNothing(
      Prepare,
      [](AssetBench& bench, const Stores& stores) {
        AssetFiles files(stores);
        Caller caller = MayAssets();
        (void)GetParam().run(files, bench.op, caller, bench);
      },
      StateOf);
}

INSTANTIATE_TEST_SUITE_P(
    Every, FaultTest,
    ::testing::Values(
        Operation{"Move", [](auto& files, auto& op, auto& caller,
                             auto&) { return files.Move(op, caller, kGantry, "a", "b").ok(); }},
        Operation{"Copy",
                  [](auto& files, auto& op, auto& caller, auto&) {
                    return files.Copy(op, caller, kGantry, "a", {"b", {}, "crane"}).ok();
                  }},
        Operation{"Archive",
                  [](auto& files, auto& op, auto& caller, auto&) {
                    return files.Archive(op, caller, kGantry, "a", false).ok();
                  }},
        Operation{"ArchivePrefix",
                  [](auto& files, auto& op, auto& caller, auto&) {
                    return files.Archive(op, caller, kGantry, "a", true).ok();
                  }},
        Operation{"Unarchive",
                  [](auto& files, auto& op, auto& caller, auto&) {
                    return files.Unarchive(op, caller, kGantry, "gone").ok();
                  }},
        Operation{"Delete",
                  [](auto& files, auto& op, auto& caller, auto&) {
                    return files.Delete(op, caller, kGantry, "a", false, true).ok();
                  }},
        Operation{"DeletePrefix",
                  [](auto& files, auto& op, auto& caller, auto&) {
                    return files.Delete(op, caller, kGantry, "a", true, true).ok();
                  }},
        Operation{"Revert",
                  [](auto& files, auto& op, auto& caller, AssetBench& bench) {
                    const auto versions = Must(
                        VersionsOf(bench.op, bench.objects(), bench.Place("gantry").ObjectAt("a")));
                    return files.Revert(op, caller, kGantry, "a", versions.back().version_id).ok();
                  }},
        Operation{
            "SetPrimaryType",
            [](auto& files, auto& op, auto& caller,
               auto&) { return files.SetPrimaryType(op, caller, kGantry, "a", "lod1").ok(); }},
        Operation{"DeletePreview",
                  [](auto& files, auto& op, auto& caller,
                     auto&) { return files.DeletePreview(op, caller, kGantry).ok(); }},
        Operation{"DeleteAuxiliary",
                  [](auto& files, auto& op, auto& caller,
                     auto&) { return files.DeleteAuxiliary(op, caller, kGantry, "a").ok(); }},
        Operation{"CreateFolder",
                  [](auto& files, auto& op, auto& caller,
                     auto&) { return files.CreateFolder(op, caller, kGantry, "folder/").ok(); }}),
    [](const auto& operation) { return operation.param.name; });

}  // namespace
}  // namespace vams::catalog
