#include <gtest/gtest.h>

#include <algorithm>

#include "catalog/asset_files_test.h"

namespace vams::catalog {
namespace {

using namespace test;  // NOLINT
using ::testing::Test;

using Texts = std::vector<std::string>;

const Fails kRefused{Code::kInvalid, "Not authorized to perform this operation on the asset"};

class ChangeTest : public Test {
 protected:
  ChangeTest() { bench.MakeAsset("gantry"); }

  objects::VersionInfo Head(std::string_view path) {
    return Must(bench.objects().Head(bench.op, bench.Place("gantry").ObjectAt(path)));
  }
  std::string TypeOf(std::string_view asset) {
    return std::string(bench.StoredAsset(asset)->Text("assetType"));
  }

  AssetBench bench;
  AssetFiles files{bench.stores()};
  Caller caller = MayAssets({"POST"});  // all of these operations are POST for the rules
  Caller reader = MayAssets({"GET", "PUT", "DELETE"});
};

// ---- Folders.

using FolderTest = ChangeTest;

TEST_F(FolderTest, IsAnEmptyObjectOfTheAsset) {
  Must(files.CreateFolder(bench.op, caller, kGantry, "/scan/2026/"));
  Must(files.CreateFolder(bench.op, caller, kGantry, "scan/2026/"));

  EXPECT_EQ(bench.Histories("gantry/s"), (Texts{"gantry/scan/2026/: 0 bytes, 0 bytes"}));
  const auto folder = Head("scan/2026/");
  EXPECT_EQ(folder.metadata.user,
            (objects::UserMetadata{{"databaseid", kDatabase}, {"assetid", "gantry"}}));
  EXPECT_EQ(TypeOf("gantry"), "none") << "folders are no files";
}

TEST_F(FolderTest, RefusesReadersAndKeysThatAreTooLong) {
  EXPECT_EQ(Failure(files.CreateFolder(bench.op, reader, kGantry, "a/")), kRefused);
  EXPECT_FALSE(files.CreateFolder(bench.op, caller, kGantry, std::string(1024, 'x') + "/").ok());
  EXPECT_EQ(bench.LiveKeys("gantry/"), (Texts{"gantry/"}));
}

// ---- Move.

using MoveTest = ChangeTest;

TEST_F(MoveTest, TakesEverythingThatFollowsTheFile) {
  bench.PutFile("gantry", "scan/east.e57", "old");
  bench.PutFile("gantry", "scan/east.e57", "dots", Typed("lod1"));
  bench.PutFile("gantry", "scan/east.e57.previewFile.png", "picture");
  bench.PutFile("gantry", "scan/east.e572", "another file");
  PutDerived(bench, "gantry/scan/east.e57/preview/PotreeViewer/octree.bin");
  PutDerived(bench, "gantry/scan/east.e572/preview/x");
  PutRow(bench, "/scan/east.e57", "phase", "built");
  PutRow(bench, "/scan/east.e57", "unit", "m", MetadataKind::kAttribute);
  PutRow(bench, "/scan/east.e572", "phase", "of another");

  const auto change =
      Must(files.Move(bench.op, caller, kGantry, "/scan/east.e57", "/archive/e.e57"));

  EXPECT_EQ(change.affected,
            (Texts{"/scan/east.e57", "/archive/e.e57", "/scan/east.e57.previewFile.png",
                   "/archive/e.e57.previewFile.png"}));
  EXPECT_EQ(change.previews, 1U);
  EXPECT_EQ(change.records, 2U);
  EXPECT_EQ(bench.FileContent("gantry", "archive/e.e57"), "dots");
  EXPECT_EQ(Head("archive/e.e57").metadata.user.at(kPrimaryTypeMetadata), "lod1");
  EXPECT_EQ(Head("archive/e.e57").metadata.user.at(kAssetIdMetadata), "gantry");
  EXPECT_EQ(bench.FileContent("gantry", "archive/e.e57.previewFile.png"), "picture");
  EXPECT_EQ(bench.Histories("gantry/scan/east.e57"),
            (Texts{"gantry/scan/east.e57: marker, 4 bytes, 3 bytes",
                   "gantry/scan/east.e57.previewFile.png: marker, 7 bytes",
                   "gantry/scan/east.e572: 12 bytes"}))
      << "earlier versions stay where they were";
  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/archive/e.e57/preview/PotreeViewer/octree.bin",
                                       "gantry/scan/east.e572/preview/x"}));
  EXPECT_EQ(RowsOf(bench),
            (Texts{"attribute /archive/e.e57 unit=m", "metadata /archive/e.e57 phase=built",
                   "metadata /scan/east.e572 phase=of another"}));
  EXPECT_EQ(TypeOf("gantry"), "folder");
}

TEST_F(MoveTest, MergesRecordsThatTheDestinationHas) {
  bench.PutFile("gantry", "a", "x");
  PutRow(bench, "/a", "same", "1");
  PutRow(bench, "/a", "other", "2");
  PutRow(bench, "/b", "same", "1");
  PutRow(bench, "/b", "other", "1");

  const auto change = Must(files.Move(bench.op, caller, kGantry, "a", "b"));

  EXPECT_EQ(change.records, 1U);
  const auto rows = RowsOf(bench);
  ASSERT_EQ(rows.size(), 3U);
  EXPECT_EQ(rows[0], "metadata /b other=1");
  EXPECT_TRUE(rows[1].starts_with("metadata /b other_copy_") && rows[1].ends_with("=2")) << rows[1];
  EXPECT_EQ(rows[2], "metadata /b same=1");
}

// Nothing is written because the destination has it all: what was the source's goes all the same.
TEST_F(MoveTest, LeavesNoRecordsBehindWhereNothingWasWritten) {
  bench.PutFile("gantry", "a", "x");
  PutRow(bench, "/a", "same", "1");
  PutRow(bench, "/b", "same", "1");

  EXPECT_EQ(Must(files.Move(bench.op, caller, kGantry, "a", "b")).records, 0U);

  EXPECT_EQ(RowsOf(bench), (Texts{"metadata /b same=1"}));
}

TEST_F(MoveTest, ClearsDerivedDataOfAnEarlierFile) {
  bench.PutFile("gantry", "a", "x");
  PutDerived(bench, "gantry/a/preview/1");
  PutDerived(bench, "gantry/b/preview/2");

  Must(files.Move(bench.op, caller, kGantry, "a", "b"));

  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/b/preview/1"}));
}

TEST_F(MoveTest, IntoAPathBelowItsOwn) {
  bench.PutFile("gantry", "a", "x");
  PutDerived(bench, "gantry/a/preview/1");

  Must(files.Move(bench.op, caller, kGantry, "a", "a/preview/a"));

  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/a/preview/a/preview/1"}));
  EXPECT_EQ(bench.LiveKeys("gantry/a"), (Texts{"gantry/a/preview/a"}));
}

TEST_F(MoveTest, RefusesWhatCannotBeMoved) {
  bench.PutFile("gantry", "a", "x");
  bench.PutFile("gantry", "a.previewFile.png", "x");
  bench.PutFile("gantry", "folder/", "");
  bench.PutFile("gantry", "live", "x");
  bench.PutFile("gantry", "gone", "x");
  bench.DeleteFile("gantry", "gone");
  const auto before = bench.Everything();
  const auto refusal = [&](std::string_view from, std::string_view to) {
    return Failure(files.Move(bench.op, caller, kGantry, from, to)).second;
  };

  EXPECT_EQ(refusal("/a", "gantry/a"), "Source and destination paths must be different");
  const std::string preview =
      "Cannot directly move or rename preview files. Move or rename the base file instead.";
  EXPECT_EQ(refusal("a.previewFile.png", "b"), preview);
  EXPECT_EQ(refusal("a", "b.previewFile.png"), preview);
  EXPECT_EQ(refusal("none", "b"), "Source file not found.");
  EXPECT_EQ(refusal("gone", "b"), "Cannot move or rename archived file. Unarchive it first.");
  EXPECT_EQ(refusal("a", "live"), "Destination file already exists.");
  EXPECT_EQ(refusal("a", "gone"), "Destination file already exists (including archived versions).");
  EXPECT_TRUE(refusal("folder/", "b/").starts_with("Folders cannot be moved"));
  EXPECT_TRUE(refusal("a", "b/").starts_with("The destination path ends with a slash"));
  EXPECT_EQ(Failure(files.Move(bench.op, reader, kGantry, "a", "b")), kRefused);
  EXPECT_EQ(bench.Everything(), before);
}

// ---- Copy.

class CopyTest : public ChangeTest {
 protected:
  CopyTest() {
    bench.AddBucket("yard-bucket");
    bench.AddDatabase("yard", bench.AddBucket("yard-bucket"));
    bench.MakeAsset("crane");
    bench.MakeAsset("gantry", {.database = "yard"});
  }
  Caller both = MayAssets({"GET", "POST"});
};

TEST_F(CopyTest, WithinAnAsset) {
  bench.PutFile("gantry", "a.glb", "model", Typed("primary"));
  bench.PutFile("gantry", "a.glb.previewFile.png", "picture");
  PutDerived(bench, "gantry/a.glb/preview/1");
  PutRow(bench, "/a.glb", "phase", "built");

  const auto change =
      Must(files.Copy(bench.op, both, kGantry, "/a.glb", {"/b.glb", std::nullopt, std::nullopt}));

  EXPECT_EQ(change.affected, (Texts{"/b.glb", "/b.glb.previewFile.png"}));
  EXPECT_EQ(change.previews, 1U);
  EXPECT_EQ(change.records, 1U);
  EXPECT_EQ(
      bench.Histories("gantry/"),
      (Texts{"gantry/: 0 bytes", "gantry/a.glb: 5 bytes", "gantry/a.glb.previewFile.png: 7 bytes",
             "gantry/b.glb: 5 bytes", "gantry/b.glb.previewFile.png: 7 bytes"}));
  EXPECT_EQ(Head("b.glb").metadata.user.at(kPrimaryTypeMetadata), "primary");
  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/a.glb/preview/1", "gantry/b.glb/preview/1"}));
  EXPECT_EQ(RowsOf(bench), (Texts{"metadata /a.glb phase=built", "metadata /b.glb phase=built"}));
}

TEST_F(CopyTest, ToAnotherAssetGetsItsOwner) {
  bench.PutFile("gantry", "a.glb", "model", Typed("primary"));
  PutRow(bench, "/a.glb", "phase", "built");

  Must(files.Copy(bench.op, both, kGantry, "a.glb", {"a.glb", std::nullopt, "crane"}));

  const auto copy = Must(bench.objects().Head(bench.op, {kBucket, "crane/a.glb"}));
  EXPECT_EQ(copy.metadata.user,
            (objects::UserMetadata{
                {"databaseid", kDatabase}, {"assetid", "crane"}, {"vams-primarytype", "primary"}}));
  EXPECT_EQ(RowsOf(bench, {kDatabase, "crane"}), (Texts{"metadata /a.glb phase=built"}));
  EXPECT_EQ(RowsOf(bench), (Texts{"metadata /a.glb phase=built"}));
  EXPECT_EQ(TypeOf("crane"), ".glb");
  EXPECT_EQ(TypeOf("gantry"), "none") << "of the asset that changed alone";
}

// The same asset id in a database with another bucket: the same key there.
TEST_F(CopyTest, ToAnotherDatabaseAndBucket) {
  bench.PutFile("gantry", "a.glb", "model");
  PutDerived(bench, "gantry/a.glb/preview/1");

  const auto change =
      Must(files.Copy(bench.op, both, kGantry, "a.glb", {"a.glb", "yard", std::nullopt}));

  EXPECT_EQ(change.affected, (Texts{"a.glb"}));
  EXPECT_EQ(bench.FileContent("gantry", "a.glb", "yard"), "model");
  const auto copy = Must(bench.objects().Head(bench.op, {"yard-bucket", "gantry/a.glb"}));
  EXPECT_EQ(copy.metadata.user.at("databaseid"), "yard");
  EXPECT_EQ(copy.metadata.user.at("assetid"), "gantry");
  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/a.glb/preview/1"}));
}

TEST_F(CopyTest, OnTopOfAnArchivedFile) {
  bench.PutFile("gantry", "a", "new");
  bench.PutFile("gantry", "b", "was there");
  bench.DeleteFile("gantry", "b");

  Must(files.Copy(bench.op, both, kGantry, "a", {"b", std::nullopt, std::nullopt}));

  EXPECT_EQ(bench.Histories("gantry/b"), (Texts{"gantry/b: 3 bytes, marker, 9 bytes"}));
}

TEST_F(CopyTest, RefusesWhatCannotBeCopied) {
  bench.PutFile("gantry", "a", "x");
  bench.PutFile("gantry", "live", "x");
  bench.PutFile("gantry", "gone", "x");
  bench.DeleteFile("gantry", "gone");
  bench.PutFile("gantry", "folder/", "");
  const auto before = bench.Everything();
  const auto refusal = [&](std::string_view from, CopyTarget to) {
    return Failure(files.Copy(bench.op, both, kGantry, from, to)).second;
  };

  EXPECT_EQ(refusal("a", {"/gantry/a", std::nullopt, "gantry"}),
            "Source and destination paths must be different for copy operation");
  EXPECT_EQ(refusal("a.previewFile.png", {"b", {}, {}}),
            "Cannot directly copy preview files. Copy the base file instead.");
  EXPECT_EQ(refusal("a", {"b.previewFile.png", {}, {}}),
            "Cannot directly copy preview files. Copy the base file instead.");
  EXPECT_EQ(refusal("none", {"b", {}, {}}), "Source file not found.");
  EXPECT_EQ(refusal("gone", {"b", {}, {}}), "Source file not found.");
  EXPECT_EQ(refusal("a", {"live", {}, {}}), "Destination file already exists.");
  EXPECT_EQ(refusal("a", {"b", {}, "no such asset"}), "Asset not found in database.");
  EXPECT_EQ(refusal("a", {"b", "nowhere", {}}), "Asset not found in database.");
  EXPECT_TRUE(refusal("folder/", {"b/", {}, {}}).starts_with("Folders cannot be"));
  EXPECT_TRUE(refusal("a", {"b/", {}, {}}).starts_with("The destination path ends"));
  EXPECT_EQ(bench.Everything(), before);
}

TEST_F(CopyTest, ReadsThereAndWritesHere) {
  bench.PutFile("gantry", "a", "x");
  Caller no_source =
      CallerWith({UserRule("r", "asset", Where("databaseId", "equals", "yard"), {"GET", "POST"})});
  Caller no_target =
      CallerWith({UserRule("r", "asset", Where("databaseId", "contains", ".*"), {"GET"}),
                  UserRule("w", "asset", Where("databaseId", "equals", kDatabase), {"POST"})});

  EXPECT_EQ(Failure(files.Copy(bench.op, no_source, kGantry, "a", {"b", "yard", {}})), kRefused);
  EXPECT_EQ(Failure(files.Copy(bench.op, no_target, kGantry, "a", {"b", "yard", {}})),
            Fails(Code::kInvalid, "Not authorized to write to destination asset"));
  EXPECT_EQ(no_target.denials().size(), 1U);
  Must(files.Copy(bench.op, no_target, kGantry, "a", {"b", {}, {}}));
}

// ---- Archive and back.

using ArchiveTest = ChangeTest;

TEST_F(ArchiveTest, TakesPreviewsAlongAndNothingElse) {
  bench.PutFile("gantry", "a", "x");
  bench.PutFile("gantry", "a.previewFile.png", "x");
  bench.PutFile("gantry", "ab", "x");
  PutDerived(bench, "gantry/a/preview/1");
  PutRow(bench, "/a", "phase", "built");

  const auto change = Must(files.Archive(bench.op, caller, kGantry, "a", false));

  EXPECT_EQ(change.affected, (Texts{"/a.previewFile.png", "/a"}));
  EXPECT_EQ(change.files, 2U);
  EXPECT_EQ(bench.Histories("gantry/a"),
            (Texts{"gantry/a: marker, 1 bytes", "gantry/a.previewFile.png: marker, 1 bytes",
                   "gantry/ab: 1 bytes"}));
  EXPECT_EQ(DerivedKeys(bench).size(), 1U);
  EXPECT_EQ(RowsOf(bench).size(), 1U);
}

TEST_F(ArchiveTest, APreviewAlone) {
  bench.PutFile("gantry", "a", "x");
  bench.PutFile("gantry", "a.previewFile.png", "x");

  const auto change = Must(files.Archive(bench.op, caller, kGantry, "/a.previewFile.png", false));

  EXPECT_EQ(change.affected, (Texts{"/a.previewFile.png"}));
  EXPECT_EQ(bench.LiveKeys("gantry/a"), (Texts{"gantry/a"}));
}

TEST_F(ArchiveTest, EverythingUnderATextPrefix) {
  bench.PutFile("gantry", "scan/", "");
  bench.PutFile("gantry", "scan/a", "x");
  bench.PutFile("gantry", "scan/a.previewFile.png", "x");
  bench.PutFile("gantry", "scanner", "x");
  bench.PutFile("gantry", "other", "x");

  const auto change = Must(files.Archive(bench.op, caller, kGantry, "/scan", true));

  EXPECT_EQ(change.files, 4U);
  EXPECT_EQ(change.affected, (Texts{"scan/", "scan/a", "scan/a.previewFile.png", "scanner"}));
  EXPECT_EQ(bench.LiveKeys("gantry/"), (Texts{"gantry/", "gantry/other"}));
}

TEST_F(ArchiveTest, RefusesWhatCannotBeArchived) {
  bench.PutFile("gantry", "gone", "x");
  bench.DeleteFile("gantry", "gone");
  const auto refusal = [&](std::string_view path, bool prefix) {
    return Failure(files.Archive(bench.op, caller, kGantry, path, prefix)).second;
  };

  for (const bool prefix : {false, true})
    for (const std::string_view root : {"/", "gantry/", "/gantry/"})
      EXPECT_EQ(refusal(root, prefix), "Cannot archive the top-level asset folder");
  EXPECT_EQ(refusal("none", false), "File not found.");
  EXPECT_EQ(refusal("gone", false), "File is already archived.");
  EXPECT_EQ(refusal("gone", true), "No files found under prefix.");
  EXPECT_EQ(Failure(files.Archive(bench.op, reader, kGantry, "a", false)), kRefused);
}

TEST_F(ArchiveTest, BackComesTheNewestContentAndItsPreviews) {
  bench.PutFile("gantry", "a", "old");
  bench.PutFile("gantry", "a", "newest", Typed("lod1"));
  bench.PutFile("gantry", "a.previewFile.jpg", "1");
  bench.PutFile("gantry", "a.previewFile.png", "1");
  bench.PutFile("gantry", "a.previewFile.png", "22");
  bench.PutFile("gantry", "a.previewFile.svg", "live and with a marker below");
  bench.DeleteFile("gantry", "a.previewFile.svg");
  bench.PutFile("gantry", "a.previewFile.svg", "333");
  bench.DeleteFile("gantry", "a.previewFile.jpg");
  bench.DeleteFile("gantry", "a.previewFile.png");
  bench.DeleteFile("gantry", "a");

  const auto change = Must(files.Unarchive(bench.op, caller, kGantry, "/a"));

  EXPECT_EQ(change.affected, (Texts{"/a", "/a.previewFile.jpg", "/a.previewFile.png"}));
  EXPECT_EQ(change.previews, 2U);
  EXPECT_EQ(bench.FileContent("gantry", "a"), "newest");
  EXPECT_EQ(Head("a").metadata.user.at(kPrimaryTypeMetadata), "lod1");
  EXPECT_EQ(bench.Histories("gantry/a"),
            (Texts{"gantry/a: 6 bytes, marker, 6 bytes, 3 bytes",
                   "gantry/a.previewFile.jpg: 1 bytes, marker, 1 bytes",
                   "gantry/a.previewFile.png: 2 bytes, marker, 2 bytes, 1 bytes",
                   "gantry/a.previewFile.svg: 3 bytes, marker, 28 bytes"}));
}

TEST_F(ArchiveTest, RefusesToBringBackWhatIsNotArchived) {
  bench.PutFile("gantry", "live", "x");
  const auto lost = bench.PutFile("gantry", "lost", "x");
  bench.DeleteFile("gantry", "lost");
  Must(bench.objects().DeleteVersion(bench.op, lost.object, lost.version_id));
  const auto refusal = [&](std::string_view path) {
    return Failure(files.Unarchive(bench.op, caller, kGantry, path)).second;
  };

  EXPECT_EQ(refusal("none"), "File not found.");
  EXPECT_EQ(refusal("live"), "File is not archived.");
  EXPECT_EQ(refusal("lost"), "Could not find a previous version for file.");
  EXPECT_EQ(Failure(files.Unarchive(bench.op, reader, kGantry, "live")), kRefused);
}

// ---- Delete for good.

using DeleteTest = ChangeTest;

TEST_F(DeleteTest, RemovesEverythingOfTheFile) {
  bench.PutFile("gantry", "a", "1");
  bench.PutFile("gantry", "a", "2");
  bench.DeleteFile("gantry", "a");
  bench.PutFile("gantry", "a.previewFile.png", "1");
  bench.DeleteFile("gantry", "a.previewFile.png");
  bench.PutFile("gantry", "ab", "1");
  PutDerived(bench, "gantry/a/preview/1");
  PutDerived(bench, "gantry/ab/preview/1");
  PutRow(bench, "/a", "phase", "built");
  PutRow(bench, "/a", "unit", "m", MetadataKind::kAttribute);
  PutRow(bench, "/ab", "phase", "built");
  PutSnapshot(bench, "0", "a", "v");

  const auto change = Must(files.Delete(bench.op, caller, kGantry, "/a", false, true));

  EXPECT_EQ(change.files, 2U);
  EXPECT_EQ(change.affected, (Texts{"/a.previewFile.png", "/a"}));
  EXPECT_EQ(bench.Histories("gantry/a"), (Texts{"gantry/ab: 1 bytes"}));
  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/ab/preview/1"}));
  EXPECT_EQ(RowsOf(bench), (Texts{"metadata /ab phase=built"}));
  EXPECT_EQ(bench.Rows(kFileVersionsTable).size(), 1U) << "versions of the asset keep their rows";
}

TEST_F(DeleteTest, APrefixTakesWhatBelongsToItsFilesAlone) {
  bench.PutFile("gantry", "scan/", "");
  bench.PutFile("gantry", "scan/a", "x");
  bench.PutFile("gantry", "scan/b", "x");
  bench.DeleteFile("gantry", "scan/b");
  bench.PutFile("gantry", "scan", "a file whose derived data begins like the prefix");
  PutDerived(bench, "gantry/scan/a/preview/1");
  PutDerived(bench, "gantry/scan/b/preview/1");
  PutDerived(bench, "gantry/scan/preview/1");
  PutRow(bench, "/scan/a", "phase", "built");
  PutRow(bench, "/scan", "phase", "built");
  PutRow(bench, "/", "phase", "of the asset");

  // Everything below "scan/": the folder's marker is one of them.
  const auto change = Must(files.Delete(bench.op, caller, kGantry, "/scan/a", true, true));
  EXPECT_EQ(change.affected, (Texts{"scan/a"}));
  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/scan/b/preview/1", "gantry/scan/preview/1"}));

  EXPECT_EQ(Failure(files.Delete(bench.op, caller, kGantry, "/scan/p", true, true)).second,
            "No files found under prefix.")
      << "derived data is no file";
  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/scan/b/preview/1", "gantry/scan/preview/1"}));

  const auto rest = Must(files.Delete(bench.op, caller, kGantry, "/scan/b", true, true));
  EXPECT_EQ(rest.affected, (Texts{"scan/b"}));
  EXPECT_EQ(bench.LiveKeys("gantry/"), (Texts{"gantry/", "gantry/scan", "gantry/scan/"}));
  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/scan/preview/1"}));
  EXPECT_EQ(RowsOf(bench), (Texts{"metadata / phase=of the asset", "metadata /scan phase=built"}));
}

TEST_F(DeleteTest, AFolderMarkerAloneLeavesItsFiles) {
  bench.PutFile("gantry", "scan/", "");
  bench.PutFile("gantry", "scan/a", "x");
  PutDerived(bench, "gantry/scan/a/preview/1");

  Must(files.Delete(bench.op, caller, kGantry, "/scan/", false, true));

  EXPECT_EQ(bench.LiveKeys("gantry/"), (Texts{"gantry/", "gantry/scan/a"}));
  EXPECT_EQ(DerivedKeys(bench).size(), 1U);
}

TEST_F(DeleteTest, RefusesWhatCannotBeDeleted) {
  bench.PutFile("gantry", "a", "x");
  bench.PutFile("gantry", "a.previewFile.png", "x");
  const auto before = bench.Everything();
  const auto refusal = [&](std::string_view path, bool prefix, bool confirmed = true) {
    return Failure(files.Delete(bench.op, caller, kGantry, path, prefix, confirmed)).second;
  };

  EXPECT_EQ(refusal("a", false, false),
            "Permanent deletion requires confirmation. Set confirmPermanentDelete to true.");
  EXPECT_EQ(refusal("/", true), "Cannot delete the top-level asset folder");
  EXPECT_EQ(refusal("gantry/", false), "Cannot delete the top-level asset folder");
  EXPECT_EQ(refusal("none", false), "File not found.");
  EXPECT_EQ(refusal("none", true), "No files found under prefix.");
  EXPECT_EQ(refusal("a.previewFile.png", false),
            "Cannot directly delete preview files. Delete the base file instead.");
  EXPECT_EQ(Failure(files.Delete(bench.op, reader, kGantry, "a", false, true)), kRefused);
  EXPECT_EQ(bench.Everything(), before);
}

// ---- Versions and types.

using RevertTest = ChangeTest;

TEST_F(RevertTest, PutsAnEarlierVersionOnTop) {
  const auto first = bench.PutFile("gantry", "a", "first", Typed("lod1"));
  bench.PutFile("gantry", "a", "second");
  PutDerived(bench, "gantry/a/preview/1");
  PutDerived(bench, "gantry/ab/preview/1");

  const auto made = Must(files.Revert(bench.op, caller, kGantry, "/a", first.version_id));

  EXPECT_EQ(Head("a").version_id, made);
  EXPECT_EQ(bench.FileContent("gantry", "a"), "first");
  EXPECT_EQ(Head("a").metadata.user.at(kPrimaryTypeMetadata), "lod1");
  EXPECT_EQ(bench.Histories("gantry/a"), (Texts{"gantry/a: 5 bytes, 6 bytes, 5 bytes"}));
  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/ab/preview/1"}));
}

TEST_F(RevertTest, MakesAnArchivedFileLive) {
  const auto only = bench.PutFile("gantry", "a", "first");
  bench.DeleteFile("gantry", "a");

  Must(files.Revert(bench.op, caller, kGantry, "/a", only.version_id));

  EXPECT_EQ(bench.Histories("gantry/a"), (Texts{"gantry/a: 5 bytes, marker, 5 bytes"}));
}

TEST_F(RevertTest, RefusesWhatIsNoEarlierVersion) {
  bench.PutFile("gantry", "a", "first");
  bench.DeleteFile("gantry", "a");
  const auto place = bench.Place("gantry");
  const std::string marker =
      Must(VersionsOf(bench.op, bench.objects(), place.ObjectAt("a"))).front().version_id;
  const auto refusal = [&](std::string_view path, const std::string& version) {
    return Failure(files.Revert(bench.op, caller, kGantry, path, version)).second;
  };

  EXPECT_EQ(refusal("a", marker), "Cannot revert to archived version.");
  bench.PutFile("gantry", "a", "second");
  EXPECT_EQ(refusal("a", marker), "Cannot revert to archived version.");
  EXPECT_EQ(refusal("a", Head("a").version_id), "Version is already the current version");
  EXPECT_EQ(refusal("a", "no such version"), "Version not found for file");
  EXPECT_EQ(refusal("a", ""), "Version not found for file");
  EXPECT_EQ(refusal("none", marker), "File not found.");
  EXPECT_EQ(Failure(files.Revert(bench.op, reader, kGantry, "a", marker)), kRefused);
}

using TypeTest = ChangeTest;

TEST_F(TypeTest, IsANewVersionWithTheSameContentAndMetadata) {
  objects::ObjectMetadata metadata{.content_type = "model/gltf-binary",
                                   .user = {{"station", "east"}}};
  bench.PutFile("gantry", "a.glb", "model", metadata);

  const auto made = Must(files.SetPrimaryType(bench.op, caller, kGantry, "/a.glb", "lod1"));

  const auto head = Head("a.glb");
  EXPECT_EQ(head.version_id, made);
  EXPECT_EQ(head.metadata.content_type, "model/gltf-binary");
  EXPECT_EQ(head.metadata.user, (objects::UserMetadata{{"assetid", "gantry"},
                                                       {"databaseid", kDatabase},
                                                       {"station", "east"},
                                                       {"vams-primarytype", "lod1"}}));
  EXPECT_EQ(bench.Histories("gantry/a"), (Texts{"gantry/a.glb: 5 bytes, 5 bytes"}));

  Must(files.SetPrimaryType(bench.op, caller, kGantry, "/a.glb", ""));
  EXPECT_FALSE(Head("a.glb").metadata.user.contains("vams-primarytype"));
}

TEST_F(TypeTest, RefusesWhatIsNotLive) {
  bench.PutFile("gantry", "gone", "x");
  bench.DeleteFile("gantry", "gone");

  EXPECT_EQ(Failure(files.SetPrimaryType(bench.op, caller, kGantry, "none", "lod1")),
            Fails(Code::kNotFound, "File not found"));
  EXPECT_EQ(Failure(files.SetPrimaryType(bench.op, caller, kGantry, "gone", "lod1")),
            Fails(Code::kInvalid, "Cannot set primary type on archived file"));
  EXPECT_EQ(Failure(files.SetPrimaryType(bench.op, reader, kGantry, "gone", "lod1")), kRefused);
}

// ---- What is derived.

using DerivedTest = ChangeTest;

TEST_F(DerivedTest, PreviewOfTheAssetGoesWithItsRecord) {
  const std::string key = "previews/gantry/cover.png";
  Must(bench.objects().PutBytes(bench.op, {kBucket, key}, "1"));
  Must(bench.objects().PutBytes(bench.op, {kBucket, key}, "2"));
  items::Item asset = *bench.StoredAsset("gantry");
  asset.Set("previewLocation", items::Value::M({{"Key", items::Value::S(key)}}));
  bench.PutItem(kAssetsTable, asset);

  Must(files.DeletePreview(bench.op, caller, kGantry));

  EXPECT_EQ(bench.Histories("previews/"), Texts());
  EXPECT_FALSE(bench.StoredAsset("gantry")->Has("previewLocation"));
  EXPECT_EQ(Failure(files.DeletePreview(bench.op, caller, kGantry)),
            Fails(Code::kNotFound, "Asset gantry does not have a preview file"));
  EXPECT_EQ(Failure(files.DeletePreview(bench.op, reader, kGantry)), kRefused);
}

TEST_F(DerivedTest, CountsWhatIsRemoved) {
  PutDerived(bench, "gantry/a/preview/1");
  PutDerived(bench, "gantry/a/pipelines/2");
  PutDerived(bench, "gantry/ab/preview/1");

  EXPECT_EQ(Must(files.DeleteAuxiliary(bench.op, caller, kGantry, "/a")), 2U);

  EXPECT_EQ(DerivedKeys(bench), (Texts{"gantry/ab/preview/1"}));
  EXPECT_EQ(Failure(files.DeleteAuxiliary(bench.op, caller, kGantry, "/a")),
            Fails(Code::kNotFound, "No auxiliary files found under prefix"));
  EXPECT_EQ(Failure(files.DeleteAuxiliary(bench.op, reader, kGantry, "/ab")), kRefused);
}

// ---- Names.

// An asset whose own name looks like that of a preview has files all the same.
TEST_F(ChangeTest, AssetCalledLikeAPreview) {
  bench.MakeAsset("x.previewFile.png");
  bench.PutFile("x.previewFile.png", "a", "1");
  const AssetFiles::Ref asset{kDatabase, "x.previewFile.png"};
  Caller all = MayAssets();

  Must(files.Move(bench.op, all, asset, "a", "b"));
  Must(files.Copy(bench.op, all, asset, "b", {"c", {}, {}}));
  Must(files.Delete(bench.op, all, asset, "b", false, true));

  EXPECT_EQ(PathsOf(Must(files.List(bench.op, all, asset, {})).files), (Texts{"/", "/c"}));
}

TEST_F(ChangeTest, NamesAreTextAndNothingElse) {
  const Texts names = {"../up",
                       "a//b",
                       " lead",
                       "trail ",
                       "dots...",
                       "plus+%2F#?&=",
                       "Case",
                       "case",
                       "e\u0301.glb",
                       "\u00e9.glb",
                       "\U0001F3D7.glb",
                       "tab\tand\nline",
                       "nul\\path",
                       std::string(255, 'n'),
                       std::string(1024 - std::string("gantry/").size(), 'k')};
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    bench.PutFile("gantry", name, "content of " + name);
  }
  Caller all = MayAssets();
  const auto listed = Must(files.List(bench.op, all, kGantry, {.limit = 1000})).files;
  EXPECT_EQ(listed.size(), names.size() + 1);
  for (const std::string& name : names) {
    SCOPED_TRACE(name);
    EXPECT_EQ(Must(files.Info(bench.op, all, kGantry, name, true)).file.path, "/" + name);
    Must(files.Archive(bench.op, all, kGantry, name, false));
    Must(files.Unarchive(bench.op, all, kGantry, name));
    EXPECT_EQ(bench.FileContent("gantry", name), "content of " + name);
    Must(files.Move(bench.op, all, kGantry, name, "moved"));
    Must(files.Copy(bench.op, all, kGantry, "moved", {name, {}, {}}));
    EXPECT_EQ(bench.FileContent("gantry", name), "content of " + name);
    Must(files.Delete(bench.op, all, kGantry, "moved", false, true));
  }
  for (const std::string& name : names)
    EXPECT_EQ(bench.FileContent("gantry", name), "content of " + name) << name;
}

}  // namespace
}  // namespace vams::catalog
