#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "catalog/asset_files_test.h"

namespace vams::catalog {
namespace {

using namespace test;  // NOLINT
using ::testing::Test;

using Paths = std::vector<std::string>;

class ListTest : public Test {
 protected:
  ListTest() { bench.MakeAsset("gantry"); }

  FilePage List(FileListRequest request) {
    return Must(files.List(bench.op, caller, kGantry, request));
  }
  // All pages, with the number of them.
  std::vector<FileItem> ListAll(FileListRequest request, int* pages = nullptr) {
    std::vector<FileItem> all;
    do {
      auto page = List(request);
      std::ranges::move(page.files, std::back_inserter(all));
      request.after = page.next;
      if (pages != nullptr) ++*pages;
    } while (!request.after.empty());
    return all;
  }

  AssetBench bench;
  AssetFiles files{bench.stores()};
  Caller caller = MayAssets({"GET"});
};

TEST_F(ListTest, TellsEverythingAboutEachLiveFile) {
  const auto scan = bench.PutFile("gantry", "scan/east.e57", "dots!", Typed("lod1"));
  bench.PutFile("gantry", "scan/east.e57.previewFile.png", "picture");
  bench.PutFile("gantry", "scan/east.e57.previewFile.txt", "no picture");
  bench.PutFile("gantry", "gone.e57", "x");
  bench.DeleteFile("gantry", "gone.e57");

  const auto page = List({});

  EXPECT_EQ(page.next, "");
  ASSERT_EQ(PathsOf(page.files), (Paths{"/", "/scan/east.e57"}));
  const FileItem& root = page.files[0];
  EXPECT_EQ(root.name, "");
  EXPECT_EQ(root.key, "gantry/");
  EXPECT_TRUE(root.folder);
  EXPECT_EQ(root.size, std::nullopt);
  EXPECT_EQ(root.mismatch, false);
  const FileItem& file = page.files[1];
  EXPECT_EQ(file.name, "east.e57");
  EXPECT_EQ(file.key, "gantry/scan/east.e57");
  EXPECT_FALSE(file.folder);
  EXPECT_EQ(file.size, 5U);
  EXPECT_EQ(file.modified, "2025-03-01T10:00:00+00:00");
  EXPECT_EQ(file.version_id, scan.version_id);
  EXPECT_FALSE(file.archived);
  EXPECT_EQ(file.mismatch, true);
  EXPECT_FALSE(file.permanently_deleted);
  EXPECT_EQ(file.primary_type, "lod1");
  EXPECT_EQ(file.preview, "/scan/east.e57.previewFile.png");
}

TEST_F(ListTest, BasicLeavesOutWhatTheStoreKnows) {
  bench.PutFile("gantry", "a.e57", "dots", Typed("lod1"));
  bench.PutFile("gantry", "a.e57.previewFile.png", "picture");

  const auto page = List({.basic = true});

  ASSERT_EQ(PathsOf(page.files), (Paths{"/", "/a.e57"}));
  EXPECT_EQ(page.files[1].size, 4U);
  EXPECT_EQ(page.files[1].version_id, std::nullopt);
  EXPECT_EQ(page.files[1].primary_type, std::nullopt);
  EXPECT_EQ(page.files[1].preview, "");
  EXPECT_EQ(page.files[1].mismatch, false);
}

TEST_F(ListTest, GoesOnPageByPage) {
  Paths expected{"/"};
  for (int i = 0; i < 7; ++i) {
    const std::string path = "part-" + std::to_string(i);
    bench.PutFile("gantry", path, "x");
    expected.push_back("/" + path);
  }

  int pages = 0;
  const auto all = ListAll({.limit = 3}, &pages);

  EXPECT_EQ(PathsOf(all), expected);
  EXPECT_EQ(pages, 3);
}

TEST_F(ListTest, RefusesCursorsOfNobodyAndOfOtherLists) {
  bench.PutFile("gantry", "a", "x");
  const std::string live = List({.limit = 1}).next;
  const std::string archived = List({.limit = 1, .archived = true}).next;
  ASSERT_NE(live, "");
  ASSERT_NE(archived, "");
  const Fails refused{Code::kInvalid, "Error listing files."};

  EXPECT_EQ(Failure(files.List(bench.op, caller, kGantry, {.after = archived})), refused);
  EXPECT_EQ(Failure(files.List(bench.op, caller, kGantry, {.after = live, .archived = true})),
            refused);
  for (const std::string after : {"l", "lnobody", "x", "a", "a5", "a5:", "a9:x", "anobody"})
    for (const bool also_archived : {false, true})
      EXPECT_EQ(Failure(files.List(bench.op, caller, kGantry,
                                   {.after = after, .archived = also_archived})),
                refused)
          << after;
}

TEST_F(ListTest, PrefixIsTextAndPathsStayThoseOfTheAsset) {
  bench.PutFile("gantry", "scan/a", "x");
  bench.PutFile("gantry", "scanner", "x");
  bench.PutFile("gantry", "other", "x");

  EXPECT_EQ(PathsOf(List({.prefix = "/scan"}).files), (Paths{"/scan/a", "/scanner"}));
  EXPECT_EQ(PathsOf(List({.prefix = "scan/"}).files), (Paths{"/scan/a"}));
  EXPECT_EQ(PathsOf(List({.prefix = "/scan", .archived = true}).files),
            (Paths{"/scan/a", "/scanner"}));
}

TEST_F(ListTest, IsTheSameUnderABasePrefix) {
  AssetBench deep("vault/in/");
  deep.MakeAsset("gantry");
  deep.PutFile("gantry", "scan/a.e57", "dots");
  AssetFiles there(deep.stores());

  const auto page = Must(there.List(deep.op, caller, kGantry, {}));

  ASSERT_EQ(PathsOf(page.files), (Paths{"/", "/scan/a.e57"}));
  EXPECT_EQ(page.files[1].key, "vault/in/gantry/scan/a.e57");
}

TEST_F(ListTest, ComparesWithTheCurrentVersionOfTheAsset) {
  const auto same = bench.PutFile("gantry", "same", "x");
  const auto slashed = bench.PutFile("gantry", "slashed", "x");
  const auto newer = bench.PutFile("gantry", "newer", "x");
  bench.PutFile("gantry", "newer", "y");
  bench.PutFile("gantry", "unknown", "x");
  AddVersion(bench, "1", true);
  PutSnapshot(bench, "1", "same", same.version_id);
  PutSnapshot(bench, "1", "newer", newer.version_id);
  // As releases before stored what a client had named with a slash.
  bench.PutItem(kFileVersionsTable,
                {{"databaseId:assetId:assetVersionId", items::Value::S("harbor:gantry:1")},
                 {"fileKey", items::Value::S("/slashed")},
                 {"versionId", items::Value::S(slashed.version_id)}});

  const auto page = List({});

  ASSERT_EQ(PathsOf(page.files), (Paths{"/", "/newer", "/same", "/slashed", "/unknown"}));
  EXPECT_EQ(page.files[1].mismatch, true);
  EXPECT_EQ(page.files[2].mismatch, false);
  EXPECT_EQ(page.files[3].mismatch, false);
  EXPECT_EQ(page.files[4].mismatch, true);
}

// The version has far more files between the first and the last of the page than the page has.
TEST_F(ListTest, ComparesWithAVersionOfManyMoreFiles) {
  AddVersion(bench, "1", true);
  const auto first = bench.PutFile("gantry", "a", "x");
  const auto last = bench.PutFile("gantry", "z", "x");
  PutSnapshot(bench, "1", "a", first.version_id);
  PutSnapshot(bench, "1", "z", last.version_id);
  for (int i = 0; i < 20; ++i) PutSnapshot(bench, "1", "m" + std::to_string(i), "v");

  const auto page = List({});

  ASSERT_EQ(PathsOf(page.files), (Paths{"/", "/a", "/z"}));
  EXPECT_EQ(page.files[1].mismatch, false);
  EXPECT_EQ(page.files[2].mismatch, false);
}

TEST_F(ListTest, NeverReadsFileByFile) {
  for (int i = 0; i < 200; ++i) {
    const std::string path = "part-" + std::to_string(i);
    const auto made = bench.PutFile("gantry", path, "x");
    PutSnapshot(bench, "0", path, made.version_id);
  }
  testing::FaultyStore counted(bench.items());
  const auto view = bench.Through(counted);
  AssetFiles over(view.stores);
  const std::size_t before = counted.calls();

  const auto page = Must(over.List(bench.op, caller, kGantry, {.limit = 1000}));

  EXPECT_EQ(page.files.size(), 201U);
  EXPECT_LE(counted.calls() - before, 8U);
}

TEST_F(ListTest, FilterKeepsWhatDoesNotPassFromBeingAPreviewToo) {
  bench.PutFile("gantry", "a.glb", "x", Typed("primary"));
  bench.PutFile("gantry", "a.glb.previewFile.png", "x");
  bench.PutFile("gantry", "b.E57", "x");
  bench.PutFile("gantry", "folder/", "");
  const auto place = bench.Place("gantry");
  const auto listed = [&](const FileFilter& filter) {
    return Must(LiveFiles(bench.op, bench.stores(), place, {}, filter)).files;
  };

  const auto models = listed({.folders = false, .extensions = {".glb", ".e57"}});
  const auto pictured = listed({.folders = true, .extensions = {".glb", ".png"}});
  const auto primary = listed({.folders = false, .primary_only = true});

  EXPECT_EQ(PathsOf(models), (Paths{"/a.glb", "/b.E57"}));
  EXPECT_EQ(models[0].preview, "");
  EXPECT_EQ(PathsOf(pictured), (Paths{"/", "/a.glb", "/folder/"}));
  EXPECT_EQ(pictured[1].preview, "/a.glb.previewFile.png");
  EXPECT_EQ(PathsOf(primary), (Paths{"/a.glb"}));
}

TEST_F(ListTest, AsksForPermission) {
  Caller nobody = Nobody();
  Caller writer = MayAssets({"POST"});
  const Fails refused{Code::kInvalid, "Not authorized to perform this operation on the asset"};

  EXPECT_EQ(Failure(files.List(bench.op, nobody, kGantry, {})), refused);
  EXPECT_EQ(Failure(files.List(bench.op, writer, kGantry, {})), refused);
  EXPECT_EQ(Failure(files.List(bench.op, caller, {kDatabase, "crane"}, {})),
            Fails(Code::kNotFound, "Asset not found in database."));
  EXPECT_EQ(nobody.denials().size(), 1U);
}

// ---- With what is archived.

TEST_F(ListTest, ArchivedFilesStandAmongTheOthersEachOnce) {
  bench.PutFile("gantry", "a", "1");
  bench.PutFile("gantry", "b", "1");
  bench.PutFile("gantry", "b", "22", Typed("lod2"));
  bench.DeleteFile("gantry", "b");
  const auto marker = Must(bench.objects().ListVersions(
      bench.op, {.bucket = kBucket, .prefix = {}, .key = "gantry/b", .cursor = {}, .limit = 1}));
  // Archived and back: it is live, though its history has a marker.
  bench.PutFile("gantry", "c", "1");
  bench.DeleteFile("gantry", "c");
  const auto back = bench.PutFile("gantry", "c", "1");
  bench.PutFile("gantry", "c.previewFile.png", "1");
  bench.PutFile("gantry", "old/", "");
  bench.DeleteFile("gantry", "old/");

  for (const std::size_t limit : {1, 2, 3, 100}) {
    const auto all = ListAll({.limit = limit, .archived = true});

    ASSERT_EQ(PathsOf(all), (Paths{"/", "/a", "/b", "/c", "/old/"})) << limit;
    EXPECT_FALSE(all[1].archived);
    EXPECT_TRUE(all[2].archived);
    EXPECT_EQ(all[2].size, 2U);
    EXPECT_EQ(all[2].version_id, marker.versions.front().version_id);
    EXPECT_EQ(all[2].mismatch, true);
    EXPECT_EQ(all[2].primary_type, "lod2");
    EXPECT_FALSE(all[3].archived);
    EXPECT_EQ(all[3].version_id, back.version_id);
    EXPECT_TRUE(all[4].archived);
    EXPECT_TRUE(all[4].folder);
    EXPECT_EQ(all[4].size, std::nullopt);
    EXPECT_EQ(all[4].mismatch, false);
  }
  EXPECT_EQ(List({.archived = true}).files[3].preview, "/c.previewFile.png");
  EXPECT_EQ(List({.archived = true, .basic = true}).files[2].version_id, std::nullopt);
}

// The history of one file is longer than a page of the store, and its content is behind the page.
TEST_F(ListTest, ArchivedFileWithAHistoryOfManyPages) {
  bench.PutFile("gantry", "long", "old content");
  for (int i = 0; i < 120; ++i) {
    bench.PutFile("gantry", "long", std::to_string(i));
    if (i == 60) {
      const auto place = bench.Place("gantry");
      for (const auto& version :
           Must(VersionsOf(bench.op, bench.objects(), place.ObjectAt("long"))))
        if (version.size != 11)
          Must(bench.objects().DeleteVersion(bench.op, version.object, version.version_id));
    }
  }
  bench.DeleteFile("gantry", "long");
  bench.PutFile("gantry", "next", "x");

  for (const std::size_t limit : {1, 2, 100}) {
    const auto all = ListAll({.limit = limit, .archived = true});

    ASSERT_EQ(PathsOf(all), (Paths{"/", "/long", "/next"})) << limit;
    EXPECT_TRUE(all[1].archived);
    EXPECT_EQ(all[1].size, 3U);
  }
}

TEST_F(ListTest, ArchivedListIsTheSameInPagesOfAnySize) {
  const unsigned seed = 20260304;
  SCOPED_TRACE(seed);
  std::mt19937 engine(seed);
  std::set<std::string> paths;
  for (int i = 0; i < 120; ++i) {
    std::string path = "f" + std::to_string(engine() % 40);
    if (engine() % 5 == 0) path += ".previewFile.png";
    if (engine() % 3 == 0)
      bench.DeleteFile("gantry", path);
    else
      bench.PutFile("gantry", path, std::to_string(i));
    paths.insert(std::move(path));
  }

  const auto whole = ListAll({.limit = 1000, .archived = true});
  for (const std::size_t limit : {1, 7, 30}) {
    const auto all = ListAll({.limit = limit, .archived = true});
    ASSERT_EQ(PathsOf(all), PathsOf(whole));
    for (std::size_t i = 0; i < all.size(); ++i) {
      EXPECT_EQ(all[i].archived, whole[i].archived);
      EXPECT_EQ(all[i].version_id, whole[i].version_id);
    }
  }
  Paths live;
  for (const FileItem& file : whole)
    if (!file.archived) live.push_back(file.path);
  EXPECT_EQ(live, PathsOf(ListAll({.limit = 1000})));
}

// ---- As of a version.

class OfVersionTest : public ListTest {
 protected:
  OfVersionTest() {
    AddVersion(bench, "1", false);
    AddVersion(bench, "2", true);
    kept = bench.PutFile("gantry", "kept", "four", Typed("lod1")).version_id;
    changed = bench.PutFile("gantry", "changed", "first", Typed("lod3")).version_id;
    bench.PutFile("gantry", "changed", "second one");
    archived = bench.PutFile("gantry", "archived", "archived").version_id;
    bench.DeleteFile("gantry", "archived");
    picture = bench.PutFile("gantry", "kept.previewFile.png", "picture").version_id;
    bench.PutFile("gantry", "later", "x");
    PutSnapshot(bench, "1", "kept", kept, 4);
    PutSnapshot(bench, "1", "changed", changed, 5);
    PutSnapshot(bench, "1", "archived", archived, 8);
    PutSnapshot(bench, "1", "deleted", "no longer there", 99);
    PutSnapshot(bench, "1", "kept.previewFile.png", picture, 7);
    PutSnapshot(bench, "2", "kept", kept, 4);
  }

  std::string kept, changed, archived, picture;
};

TEST_F(OfVersionTest, JoinsTheSnapshotWithTheStore) {
  const auto all = ListAll({.asset_version = "1"});

  ASSERT_EQ(PathsOf(all), (Paths{"/archived", "/changed", "/deleted", "/kept"}));
  EXPECT_TRUE(all[0].archived);
  EXPECT_EQ(all[0].version_id, archived);
  EXPECT_EQ(all[0].size, 8U);
  EXPECT_FALSE(all[0].permanently_deleted);
  EXPECT_EQ(all[0].mismatch, true);
  EXPECT_EQ(all[1].version_id, changed);
  EXPECT_EQ(all[1].size, 5U) << "of that version, not of the current one";
  EXPECT_EQ(all[1].primary_type, "lod3");
  EXPECT_FALSE(all[1].archived);
  EXPECT_TRUE(all[2].permanently_deleted);
  EXPECT_FALSE(all[2].archived);
  EXPECT_EQ(all[2].size, 99U);
  EXPECT_EQ(all[2].modified, "2025-02-01T08:00:00+00:00");
  EXPECT_EQ(all[3].primary_type, "lod1");
  EXPECT_EQ(all[3].preview, "/kept.previewFile.png");
  EXPECT_EQ(all[3].mismatch, false);
  EXPECT_EQ(all[3].modified, "2025-03-01T10:00:00+00:00");
}

TEST_F(OfVersionTest, BasicIsTheSnapshotAlone) {
  const auto page = List({.basic = true, .asset_version = "1"});

  EXPECT_EQ(page.next, "");
  ASSERT_EQ(PathsOf(page.files), (Paths{"/archived", "/changed", "/deleted", "/kept"}));
  EXPECT_EQ(page.files[1].size, 5U);
  EXPECT_EQ(page.files[1].version_id, changed);
  EXPECT_EQ(page.files[1].mismatch, std::nullopt);
  EXPECT_EQ(page.files[1].modified, "2025-02-01T08:00:00+00:00");
  EXPECT_FALSE(page.files[2].permanently_deleted);
  EXPECT_EQ(page.files[3].preview, "/kept.previewFile.png");
}

TEST_F(OfVersionTest, GoesPageByPageAndBeyondAThousandFiles) {
  AddVersion(bench, "3", false);
  // Live files that the version does not know surround those that it has.
  for (int i = 0; i < 1200; ++i)
    Must(bench.objects().PutBytes(bench.op, {kBucket, "gantry/p" + std::to_string(10000 + 10 * i)},
                                  "x"));
  Paths expected;
  for (int i = 0; i < 1200; i += 2) {
    const std::string path = "p" + std::to_string(10000 + 10 * i);
    const auto head = Must(bench.objects().Head(bench.op, {kBucket, "gantry/" + path}));
    PutSnapshot(bench, "3", path, head.version_id, 1);
    expected.push_back("/" + path);
  }

  for (const std::size_t limit : {250, 1000}) {
    const auto all = ListAll({.limit = limit, .asset_version = "3"});
    EXPECT_EQ(PathsOf(all), expected);
    EXPECT_TRUE(std::ranges::none_of(
        all, [](const FileItem& file) { return file.archived || file.permanently_deleted; }));
  }
}

// Between two files of the version lie more live ones than are passed over.
TEST_F(OfVersionTest, FindsFilesFarApart) {
  AddVersion(bench, "3", false);
  const auto last = bench.PutFile("gantry", "z", "x").version_id;
  PutSnapshot(bench, "3", "changed", changed);
  PutSnapshot(bench, "3", "z", last);
  for (int i = 0; i < 3100; ++i)
    Must(bench.objects().PutBytes(bench.op, {kBucket, "gantry/m" + std::to_string(i)}, "x"));

  const auto all = ListAll({.asset_version = "3"});

  ASSERT_EQ(PathsOf(all), (Paths{"/changed", "/z"}));
  EXPECT_FALSE(all[1].archived);
  EXPECT_EQ(all[1].version_id, last);
}

TEST_F(OfVersionTest, TakesRowsWithASlashInFront) {
  bench.PutItem(kFileVersionsTable,
                {{"databaseId:assetId:assetVersionId", items::Value::S("harbor:gantry:1")},
                 {"fileKey", items::Value::S("/kept too")},
                 {"versionId", items::Value::S(kept)}});

  EXPECT_EQ(PathsOf(ListAll({.prefix = "kept", .asset_version = "1"})),
            (Paths{"/kept", "/kept too"}));
  EXPECT_EQ(PathsOf(ListAll({.prefix = "/kept", .basic = true, .asset_version = "1"})),
            (Paths{"/kept", "/kept too"}));
  EXPECT_EQ(ListAll({.asset_version = "1"}).size(), 5U);
}

TEST_F(OfVersionTest, RefusesVersionsThatAreNotThere) {
  const Fails unknown{Code::kNotFound, "Asset version '77' not found for asset"};

  EXPECT_EQ(Failure(files.List(bench.op, caller, kGantry, {.asset_version = "77"})), unknown);
  EXPECT_EQ(Failure(files.List(bench.op, caller, kGantry, {.basic = true, .asset_version = "77"})),
            unknown);
  EXPECT_EQ(Failure(files.List(bench.op, caller, kGantry, {.after = "vx", .asset_version = "1"})),
            Fails(Code::kInvalid, "Error listing files."));
}

// ---- One file.

class InfoTest : public ListTest {
 protected:
  FileInfo Info(std::string_view path, bool versions = false) {
    return Must(files.Info(bench.op, caller, kGantry, path, versions));
  }
};

TEST_F(InfoTest, TellsEverythingAboutALiveFile) {
  bench.PutFile("gantry", "scan/east.e57", "dots", Typed("lod1"));
  bench.PutFile("gantry", "scan/east.e57.previewFile.gif", "picture");
  bench.PutFile("gantry", "scan/east.e57.previewFile.png", "picture");

  for (const std::string_view path :
       {"scan/east.e57", "/scan/east.e57", "gantry/scan/east.e57", "/gantry/scan/east.e57"}) {
    const auto info = Info(path);
    EXPECT_EQ(info.file.name, "east.e57");
    EXPECT_EQ(info.file.key, "gantry/scan/east.e57");
    EXPECT_EQ(info.file.path, "/scan/east.e57");
    EXPECT_EQ(info.file.size, 4U);
    EXPECT_EQ(info.file.modified, "2025-03-01T10:00:00+00:00");
    EXPECT_EQ(info.etag, "e9c6cfa16d8958cb7752450883950ab8");
    EXPECT_EQ(info.content_type, "binary/octet-stream");
    EXPECT_FALSE(info.file.archived);
    EXPECT_EQ(info.file.primary_type, "lod1");
    EXPECT_EQ(info.file.preview, "/scan/east.e57.previewFile.gif");
    EXPECT_EQ(info.versions, std::nullopt);
  }
  EXPECT_EQ(Info("scan/east.e57.previewFile.png").file.preview, "");
}

TEST_F(InfoTest, ListsVersionsWithTheAssetVersionsThatHaveThem) {
  const auto first = bench.PutFile("gantry", "a", "1");
  bench.DeleteFile("gantry", "a");
  const auto second = bench.PutFile("gantry", "a", "22");
  const auto third = bench.PutFile("gantry", "a", "333");
  AddVersion(bench, "2", false, "RC1");
  AddVersion(bench, "3", false, {}, true);
  AddVersion(bench, "10", true);
  PutSnapshot(bench, "2", "a", first.version_id);
  PutSnapshot(bench, "3", "a", first.version_id);
  PutSnapshot(bench, "10", "a", first.version_id);
  bench.PutItem(kFileVersionsTable,
                {{"databaseId:assetId:assetVersionId", items::Value::S("harbor:gantry:0")},
                 {"fileKey", items::Value::S("/a")},
                 {"versionId", items::Value::S(second.version_id)}});

  const auto versions = *Info("/a", true).versions;

  ASSERT_EQ(versions.size(), 3U) << "without the marker";
  EXPECT_EQ(versions[0].version_id, third.version_id);
  EXPECT_TRUE(versions[0].latest);
  EXPECT_EQ(versions[0].size, 3U);
  EXPECT_TRUE(versions[0].asset_versions.empty());
  EXPECT_TRUE(versions[0].mismatch);
  EXPECT_FALSE(versions[1].latest);
  ASSERT_EQ(versions[1].asset_versions.size(), 1U);
  EXPECT_EQ(versions[1].asset_versions[0].label, "v0");
  EXPECT_FALSE(versions[2].mismatch);
  ASSERT_EQ(versions[2].asset_versions.size(), 2U);
  EXPECT_EQ(versions[2].asset_versions[0].id, "2");
  EXPECT_EQ(versions[2].asset_versions[0].label, "v2 (RC1)");
  EXPECT_EQ(versions[2].asset_versions[1].label, "v10");
}

TEST_F(InfoTest, ShowsAnArchivedFileByItsNewestContent) {
  bench.PutFile("gantry", "a", "1");
  bench.PutFile("gantry", "a", "22");
  bench.PutFile("gantry", "a.previewFile.png", "22");
  bench.DeleteFile("gantry", "a");

  const auto info = Info("/a", true);

  EXPECT_TRUE(info.file.archived);
  EXPECT_EQ(info.file.size, 2U);
  EXPECT_EQ(info.content_type, std::nullopt);
  EXPECT_EQ(info.etag, "b6d767d2f8ed5d21a44b0e5886680cb9");
  EXPECT_EQ(info.file.preview, "");
  ASSERT_EQ(info.versions->size(), 3U);
  EXPECT_TRUE((*info.versions)[0].archived);
  EXPECT_TRUE((*info.versions)[0].latest);
  EXPECT_EQ((*info.versions)[0].size, 0U);
  EXPECT_EQ((*info.versions)[0].etag, std::nullopt);
}

TEST_F(InfoTest, ShowsAHundredVersionsAtMost) {
  for (int i = 0; i < 103; ++i) bench.PutFile("gantry", "a", std::to_string(i));

  EXPECT_EQ(Info("a", true).versions->size(), 100U);
}

TEST_F(InfoTest, ShowsFolders) {
  bench.PutFile("gantry", "scan/", "");

  const auto info = Info("/scan/", true);
  const auto root = Info("/");

  EXPECT_TRUE(info.file.folder);
  EXPECT_EQ(info.file.name, "");
  EXPECT_EQ(info.file.size, 0U);
  EXPECT_EQ(info.file.primary_type, std::nullopt);
  ASSERT_EQ(info.versions->size(), 1U);
  EXPECT_FALSE((*info.versions)[0].mismatch);
  EXPECT_EQ(root.file.key, "gantry/");
  EXPECT_EQ(root.file.path, "/");
}

TEST_F(InfoTest, RefusesWhatIsNotThere) {
  bench.PutFile("gantry", "scan/a", "x");
  Caller nobody = Nobody();

  for (const std::string_view path : {"b", "scan", "scan/", "scan/a/"})
    EXPECT_EQ(Failure(files.Info(bench.op, caller, kGantry, path, true)),
              Fails(Code::kNotFound, "File not found."))
        << path;
  EXPECT_EQ(Failure(files.Info(bench.op, nobody, kGantry, "scan/a", true)),
            Fails(Code::kInvalid, "Not authorized to perform this operation on the asset"));
}

}  // namespace
}  // namespace vams::catalog
