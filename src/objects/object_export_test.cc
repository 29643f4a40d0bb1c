#include "objects/object_export.h"

#include <algorithm>

#include "items/sqlite/sqlite_store.h"
#include "objects/object_import.h"
#include "objects/object_records.h"
#include "objects/test_support.h"
#include "testing/fixtures.h"

namespace vams::objects {
namespace {

using test::Must;
using test::Put;
using test::Sha;
using test::Slurp;

class ObjectExportTest : public ::testing::Test {
 protected:
  void Import(items::ItemStore& store, const files::Path& listing, std::uint64_t bulk_from = 5000) {
    ObjectImporter importer(store, *blobs_, {.bulk_from = bulk_from});
    Must(importer.AddListing(op_, listing, ""));
    EXPECT_EQ(importer.report().problem_count, 0u);
  }
  std::string Export(items::ItemStore& store) {
    Must(WriteListing(op_, store, temp_.path() / "out.json"));
    return Slurp(temp_.path() / "out.json");
  }
  // A present object whatever its key.
  void Object(std::string key, std::string_view content, std::string bucket = "plant") {
    ObjectVersion version = test::Version(std::move(key), "v", content.size());
    version.bucket = std::move(bucket);
    version.state = ObjectVersion::State::kPresent;
    version.sha256 = Must(blobs_->AddBytes(content)).sha256;
    Add(std::move(version));
  }
  void Add(ObjectVersion version) {
    Must(MakeObjectTables(op_, *store_));
    Must(CommitChanges(op_, *store_, {{version.bucket, version.key, std::nullopt, {version}}},
                       [](const Committed&) {}));
  }
  files::Path Out() const { return temp_.path() / "out"; }

  OpContext op_;
  const files::TempFolder temp_ = test::MakeTemp();
  const std::unique_ptr<items::ItemStore> store_ = items::MemoryStore::Create();
  const std::unique_ptr<BlobStore> blobs_ =
      Must(BlobStore::Open(temp_.path() / "blobs", {.pack_below = 0}));
};

TEST_F(ObjectExportTest, EveryFixtureComesOutByteForByte) {
  const auto fixtures = testing::FixtureFolder();
  if (!fixtures) GTEST_SKIP() << "the fixtures are not here";
  for (const auto* line : {"v2.1", "v2.2", "v2.3", "v2.4"}) {
    for (const std::uint64_t bulk_from : {1, 5000}) {
      const auto listing = *fixtures / "dynamodb" / line / "_s3-objects.json";
      const auto store =
          Must(items::OpenSqliteStore(temp_.path() / fmt::format("{}{}", line, bulk_from)));

      Import(*store, listing, bulk_from);

      EXPECT_EQ(Export(*store), Slurp(listing)) << line;
    }
  }
}

TEST_F(ObjectExportTest, HistoriesComeBackAsTheyWere) {
  const std::string text = R"([
 {
  "bucket": "depot",
  "key": "ü \"1:2\"\\\u0001\n",
  "size": 3,
  "versionId": "v1",
  "metadata": {
   "databaseid": "db",
   "assetid": "as",
   "uploadid": "u",
   "vams-primarytype": "lod1"
  },
  "etag": "900150983cd24fb0d6963f7d28e17f72",
  "lastModified": "2024-05-14T11:14:20.608Z"
 },
 {
  "bucket": "plant",
  "key": "a",
  "versionId": "d3",
  "lastModified": "2024-05-14T11:14:20.608Z",
  "isDeleteMarker": true
 },
 {
  "bucket": "plant",
  "key": "a",
  "size": 2,
  "versionId": "v2",
  "isLatest": false
 },
 {
  "bucket": "plant",
  "key": "a",
  "versionId": "d1",
  "isLatest": false,
  "isDeleteMarker": true
 }
]
)";

  Import(*store_, Put(temp_.path() / "in.json", text));

  EXPECT_EQ(Export(*store_), text);
  const auto counts = Must(CountObjects(op_, *store_));
  EXPECT_EQ(counts.objects, 1u);
  EXPECT_EQ(counts.versions, 4u);
  EXPECT_EQ(counts.delete_markers, 2u);
  EXPECT_EQ(counts.absent, 2u);
  EXPECT_EQ(counts.absent_bytes, 5u);
}

TEST_F(ObjectExportTest, NoObjectsAreAnEmptyList) {
  Must(MakeObjectTables(op_, *store_));

  EXPECT_EQ(Export(*store_), "[]\n");
  Import(*store_, temp_.path() / "out.json");
}

TEST_F(ObjectExportTest, CopiesCurrentObjects) {
  Object("a/ü 1:2.glb", "hello");
  Object("dir/", "");
  Object("dir/x", "x", "depot");
  Add(test::Version("absent", "v", 5));
  ObjectVersion deleted = test::Version("deleted", "d", 0);
  deleted.is_delete_marker = true;
  Add(deleted);

  const auto report = Must(CopyObjects(op_, *store_, *blobs_, Out()));

  EXPECT_EQ(report.copied, 3u);
  EXPECT_EQ(report.bytes, 6u);
  EXPECT_EQ(report.absent, 1u);
  EXPECT_EQ(report.problem_count, 0u);
  EXPECT_EQ(Slurp(Out() / "plant/a/ü 1:2.glb"), "hello");
  EXPECT_TRUE(std::filesystem::is_directory(Out() / "plant/dir"));
  EXPECT_EQ(Slurp(Out() / "depot/dir/x"), "x");
  EXPECT_EQ(test::FilesIn(Out()), 2u);
}

TEST_F(ObjectExportTest, JoinsTheBlobsOfAVersion) {
  ObjectVersion version = test::Version("parts", "v", 7);
  version.state = ObjectVersion::State::kPresent;
  for (const std::string_view part : {"con", "tent"})
    version.blobs.push_back({Must(blobs_->AddBytes(part)).sha256, part.size()});
  Add(version);

  Must(CopyObjects(op_, *store_, *blobs_, Out()));

  EXPECT_EQ(Slurp(Out() / "plant/parts"), "content");
}

// Keys are data from elsewhere: none of them may name a file outside of its bucket's folder.
TEST_F(ObjectExportTest, NoKeyLeadsOutOfTheFolder) {
  const std::vector<std::string> bad = {"../out of it",
                                        "a/../../x",
                                        "..",
                                        ".",
                                        "./x",
                                        "/etc/x",
                                        "a//b",
                                        std::string("nul\0x", 5),
                                        std::string(256, 'k'),
                                        "file/below",
                                        "through/it"};
  for (const auto& key : bad) Object(key, "bad");
  Object("x", "bad", "..");
  Object("file", "good");
  const std::string longest = fmt::format("{0}/{0}/{0}/{1}/{2}", std::string(255, 'k'),
                                          std::string(200, 'l'), std::string(55, 'm'));
  ASSERT_EQ(longest.size(), 1024u);
  Object(longest, "good");
  std::filesystem::create_directories(Out() / "plant");
  std::filesystem::create_directories(temp_.path() / "elsewhere");
  std::filesystem::create_directory_symlink(temp_.path() / "elsewhere", Out() / "plant/through");

  const auto report = Must(CopyObjects(op_, *store_, *blobs_, Out()));

  EXPECT_EQ(report.copied, 2u);
  EXPECT_EQ(report.problem_count, bad.size() + 1);
  for (const auto& key : bad)
    EXPECT_TRUE(std::ranges::any_of(report.problems, [&](const auto& problem) {
      return problem.starts_with("plant/" + key + " is not copied");
    })) << key;
  EXPECT_EQ(test::FilesIn(Out()), 2u);
  EXPECT_TRUE(std::filesystem::is_empty(temp_.path() / "elsewhere"));
  EXPECT_FALSE(std::filesystem::exists(temp_.path() / "out of it"));
}

TEST_F(ObjectExportTest, DamagedAndMissingContentIsNamedAndTheRestCopied) {
  Object("damaged", "content");
  Object("missing", "gone");
  Object("whole", "x");
  const auto path = Must(blobs_->PathOf(Sha("content")));
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  Put(path, "c0ntent");
  std::filesystem::remove(Must(blobs_->PathOf(Sha("gone"))));

  const auto report = Must(CopyObjects(op_, *store_, *blobs_, Out()));

  EXPECT_EQ(report.copied, 1u);
  ASSERT_EQ(report.problem_count, 2u);
  EXPECT_NE(report.problems[0].find(Sha("content")), std::string::npos) << report.problems[0];
  EXPECT_EQ(test::FilesIn(Out()), 1u);
}

// What export wrote, import takes: records and bytes.
TEST_F(ObjectExportTest, ExportedObjectsComeBack) {
  Object("a/b", "hello");
  Object("c/", "");
  Object("d", "x", "depot");
  const std::string listing = Export(*store_);
  Must(CopyObjects(op_, *store_, *blobs_, Out()));
  const auto other = items::MemoryStore::Create();
  const auto blobs = Must(BlobStore::Open(temp_.path() / "other"));
  ObjectImporter importer(*other, *blobs);

  Must(importer.AddListing(op_, temp_.path() / "out.json", ""));
  Must(importer.AddFolder(op_, Out(), ""));

  EXPECT_EQ(importer.report().filled, 3u);
  EXPECT_EQ(Must(CountObjects(op_, *other)).absent, 0u);
  EXPECT_EQ(Export(*other), listing);
}

}  // namespace
}  // namespace vams::objects
