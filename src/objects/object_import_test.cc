#include "objects/object_import.h"

#include <algorithm>

#include "items/sqlite/sqlite_store.h"
#include "objects/listing.h"
#include "objects/object_export.h"
#include "objects/object_records.h"
#include "objects/test_support.h"
#include "tables/system_tables.h"
#include "testing/faulty_store.h"
#include "testing/fixtures.h"

namespace vams::objects {
namespace {

using test::Must;
using test::Put;
using test::Sha;
using test::Slurp;
using testing::FaultyStore;

constexpr std::uint64_t kNever = ~std::uint64_t{0};

// Every record of both tables, one line each.
std::string Dump(items::ItemSource& source) {
  OpContext op;
  std::string out;
  for (const auto bucket : {"depot", "plant"}) {
    Must(VisitBucket(op, source, bucket, [&](const ObjectRecord& record) -> Status {
      TRY(const auto versions, ReadVersions(op, source, record));
      EXPECT_EQ(static_cast<std::int64_t>(versions.size()), record.versions);
      EXPECT_EQ(versions.front(), record.newest);
      out += fmt::format("{}/{} next {}:", record.newest.bucket, record.newest.key, record.next);
      for (const auto& version : versions)
        out += fmt::format(" {}={}{}{}", version.sequence, version.version_id,
                           version.is_delete_marker ? "!" : "",
                           version.present() ? "+" + version.sha256.substr(0, 6) : "");
      out += "\n";
      return Ok();
    }));
  }
  return out;
}

std::string Entry(std::string_view key, std::string_view id, std::size_t size,
                  std::string_view more = "") {
  return fmt::format(R"({{"bucket": "plant", "key": "{}", "size": {}, "versionId": "{}"{}}})", key,
                     size, id, more);
}

class ObjectImportTest : public ::testing::Test {
 protected:
  files::Path Listing(std::string_view entries) {
    return Put(temp_.path() / "list.json", fmt::format("[{}]", entries));
  }
  files::Path Files() const { return temp_.path() / "files"; }
  void File(std::string_view name, std::string_view content) { Put(Files() / name, content); }

  ImportReport AddListing(std::string_view entries, ImportOptions options = {}) {
    ObjectImporter importer(*store_, *blobs_, std::move(options));
    Must(importer.AddListing(op_, Listing(entries), ""));
    return importer.report();
  }
  ImportReport AddFolder(std::string_view bucket = "plant", ImportOptions options = {}) {
    ObjectImporter importer(*store_, *blobs_, std::move(options));
    Must(importer.AddFolder(op_, Files(), bucket));
    return importer.report();
  }
  std::string Short(std::string_view content) { return Sha(content).substr(0, 6); }

  OpContext op_;
  const files::TempFolder temp_ = test::MakeTemp();
  const std::unique_ptr<items::ItemStore> store_ = items::MemoryStore::Create();
  const std::unique_ptr<BlobStore> blobs_ = Must(BlobStore::Open(temp_.path() / "blobs"));
};

TEST_F(ObjectImportTest, ListedVersionsAreRecordedOldestFirstAndAbsent) {
  const auto report =
      AddListing(Entry("a", "v2", 5) + "," + Entry("a", "v1", 4) + "," +
                 R"({"bucket": "plant", "key": "b", "versionId": "d", "isDeleteMarker": true})");

  EXPECT_EQ(report.listed, 3u);
  EXPECT_EQ(report.added, 3u);
  EXPECT_TRUE(report.problems.empty());
  EXPECT_EQ(Dump(*store_), "plant/a next 3: 2=v2 1=v1\nplant/b next 2: 1=d!\n");
}

TEST_F(ObjectImportTest, TheSameListingAgainChangesNothing) {
  const std::string entries =
      Entry("a", "v2", 5, R"(, "metadata": {}, "etag": "x-2")") + "," + Entry("a", "v1", 4);
  AddListing(entries);
  const auto before = Must(store_->LastChange(op_));

  const auto report = AddListing(entries);

  EXPECT_EQ(report.listed, 2u);
  EXPECT_FALSE(report.changed());
  EXPECT_EQ(report.problem_count, 0u);
  EXPECT_EQ(Must(store_->LastChange(op_)), before);
}

TEST_F(ObjectImportTest, ALaterListingAddsNewVersionsAndWhatWasNotKnown) {
  AddListing(Entry("a", "v1", 4));

  const auto report =
      AddListing(Entry("a", "v2", 5) + "," + Entry("a", "v1", 4, R"(, "etag": "x-2")"));

  EXPECT_EQ(report.added, 1u);
  EXPECT_EQ(report.updated, 1u);
  EXPECT_EQ(Dump(*store_), "plant/a next 3: 2=v2 1=v1\n");
  const auto versions = Must(ReadVersions(
      op_, *store_, *Must(ReadRecords(op_, *store_, std::vector<ObjectName>{{"plant", "a"}}))[0]));
  EXPECT_EQ(versions[1].etag, "x-2");
}

// What is recorded was perhaps answered to somebody, so a listing that says otherwise is not
// believed.
TEST_F(ObjectImportTest, AListingThatContradictsTheRecordsIsAProblem) {
  const std::string etag_a = test::Md5Hex("a"), etag_b = test::Md5Hex("b");
  AddListing(Entry("a", "v1", 4, fmt::format(R"(, "etag": "{}")", etag_a)) + "," +
             Entry("b", "w", 1));
  const auto before = Dump(*store_);

  const auto size = AddListing(Entry("a", "v1", 5));
  const auto etag = AddListing(Entry("a", "v1", 4, fmt::format(R"(, "etag": "{}")", etag_b)));
  const auto older = AddListing(Entry("a", "v1", 4) + "," + Entry("a", "v0", 4));
  const auto marker =
      AddListing(R"({"bucket": "plant", "key": "b", "versionId": "w", "isDeleteMarker": true})");

  for (const auto* report : {&size, &etag, &older, &marker}) {
    EXPECT_FALSE(report->changed());
    ASSERT_EQ(report->problem_count, 1u);
    EXPECT_NE(report->problems[0].find("plant/"), std::string::npos) << report->problems[0];
  }
  EXPECT_EQ(Dump(*store_), before);
}

// Somebody worked with the imported data; a listing made before that must not bring back old state.
TEST_F(ObjectImportTest, VersionsOlderThanTheNewestRecordedAreLeftOut) {
  AddListing(Entry("a", "local", 4, R"(, "lastModified": "2024-05-14T00:00:00.000Z")"));

  const auto report =
      AddListing(Entry("a", "v2", 4, R"(, "lastModified": "2024-05-13T00:00:00.000Z")"));

  EXPECT_FALSE(report.changed());
  EXPECT_EQ(report.problem_count, 1u);
}

TEST_F(ObjectImportTest, ADamagedListingChangesNothing) {
  ObjectImporter importer(*store_, *blobs_);
  const auto status = importer.AddListing(op_, Listing(Entry("a", "v", 1) + ", {\"key\": 1}"), "");

  EXPECT_FALSE(status.ok());
  EXPECT_EQ(Must(store_->Tables(op_)).size(), 0u);
}

TEST_F(ObjectImportTest, BulkAndCommitsMakeTheSameRecords) {
  std::string entries;
  for (int i = 0; i < 300; ++i)
    entries += (i == 0 ? "" : ",") + Entry(fmt::format("k{:03}", i), "v2", 5) + "," +
               Entry(fmt::format("k{:03}", i), "v1", 4);
  const auto commits = AddListing(entries, {.bulk_from = kNever});
  const auto other = items::MemoryStore::Create();
  ObjectImporter bulk(*other, *blobs_, {.bulk_from = 1});

  Must(bulk.AddListing(op_, temp_.path() / "list.json", ""));

  EXPECT_EQ(commits.added, 600u);
  EXPECT_EQ(bulk.report().added, 600u);
  EXPECT_EQ(Dump(*other), Dump(*store_));
  EXPECT_EQ(Must(other->LastChange(op_)), 0u);  // that was in bulk
  EXPECT_NE(Must(store_->LastChange(op_)), 0u);
}

TEST_F(ObjectImportTest, StaysWithinTheLimitsOfACommit) {
  test::LimitedStore limited(*store_, 10, 4000);
  std::string entries;
  for (int i = 0; i < 40; ++i) entries += Entry(fmt::format("k{:02}", i), "v", 5) + ",";
  for (int i = 100; i > 0; --i)
    entries += Entry("many", fmt::format("v{:03}", i), 5) + (i > 1 ? "," : "");
  ObjectImporter importer(limited, *blobs_, {.bulk_from = kNever});

  Must(importer.AddListing(op_, Listing(entries), ""));

  EXPECT_EQ(importer.report().added, 140u);
  EXPECT_GT(limited.commits, 15u);
  const auto record =
      *Must(ReadRecords(op_, *store_, std::vector<ObjectName>{{"plant", "many"}}))[0];
  EXPECT_EQ(record.versions, 100);
  EXPECT_EQ(record.newest.version_id, "v100");
  const auto versions = Must(ReadVersions(op_, *store_, record));
  for (int i = 0; i < 100; ++i) EXPECT_EQ(versions[i].version_id, fmt::format("v{:03}", 100 - i));
}

// ---- Folders ----

TEST_F(ObjectImportTest, FilesFillTheNewestListedVersions) {
  AddListing(Entry("a/ü 1:2.glb", "v2", 5) + "," + Entry("a/ü 1:2.glb", "v1", 5) + "," +
             Entry("dir/", "m", 0));
  File("a/ü 1:2.glb", "hello");
  std::filesystem::create_directories(Files() / "dir");

  const auto report = AddFolder();

  EXPECT_EQ(report.files, 1u);
  EXPECT_EQ(report.filled, 2u);
  EXPECT_EQ(report.bytes, 5u);
  EXPECT_EQ(report.problem_count, 0u) << report.problems[0];
  EXPECT_EQ(Dump(*store_),
            fmt::format("plant/a/ü 1:2.glb next 4: 2=v2+{} 1=v1\nplant/dir/ next 3: 1=m+{}\n",
                        Short("hello"), Short("")));
  EXPECT_TRUE(Must(blobs_->Has(Sha("hello"))));
}

TEST_F(ObjectImportTest, TheSameFolderAgainChangesNothing) {
  AddListing(Entry("a", "v1", 5));
  File("a", "hello");
  AddFolder();
  const auto before = Must(store_->LastChange(op_));

  const auto report = AddFolder();

  EXPECT_EQ(report.files, 1u);
  EXPECT_FALSE(report.changed());
  EXPECT_EQ(report.problem_count, 0u);
  EXPECT_EQ(Must(store_->LastChange(op_)), before);
}

TEST_F(ObjectImportTest, WhatDoesNotMatchIsAProblemAndChangesNothing) {
  const auto etag = fmt::format(R"(, "etag": "{}")", test::Md5Hex("hello"));
  AddListing(Entry("size", "v", 4) + "," + Entry("md5", "v", 5, etag) + "," +
             Entry("here", "v", 5) + "," +
             R"({"bucket": "plant", "key": "gone", "versionId": "d", "isDeleteMarker": true})");
  File("here", "hello");
  AddFolder();
  const auto before = Dump(*store_);
  for (const auto* name : {"size", "md5", "here", "gone", "not listed"}) File(name, "jello");

  const auto report = AddFolder();

  EXPECT_FALSE(report.changed());
  EXPECT_EQ(report.problem_count, 5u);
  for (const auto* name : {"size", "md5", "here", "gone", "not listed"})
    EXPECT_TRUE(std::ranges::any_of(report.problems, [&](const auto& problem) {
      return problem.starts_with(fmt::format("plant/{} ", name));
    })) << name;
  EXPECT_EQ(Dump(*store_), before);
  EXPECT_FALSE(Must(blobs_->Has(Sha("jello"))));
}

// Buckets with KMS keys have ETags of 32 digits that are no digests.
TEST_F(ObjectImportTest, EtagsAreNotComparedWhenTheyAreNoDigests) {
  AddListing(Entry("kms", "v", 5, fmt::format(R"(, "etag": "{}")", test::Md5Hex("other"))) + "," +
             Entry("parts", "v", 5, fmt::format(R"(, "etag": "{}-3")", test::Md5Hex("other"))));
  File("parts", "hello");
  EXPECT_EQ(AddFolder().filled, 1u);
  File("kms", "hello");

  EXPECT_EQ(AddFolder().problem_count, 1u);
  EXPECT_EQ(AddFolder("plant", {.etags_are_md5 = false}).filled, 1u);
}

TEST_F(ObjectImportTest, ADeletedObjectsLastContentIsFilled) {
  AddListing(R"({"bucket": "plant", "key": "a", "versionId": "d", "isDeleteMarker": true},)" +
             Entry("a", "v1", 5, R"(, "isLatest": false)"));
  File("a", "hello");

  EXPECT_EQ(AddFolder().filled, 1u);

  EXPECT_EQ(Dump(*store_), fmt::format("plant/a next 4: 2=d! 1=v1+{}\n", Short("hello")));
}

TEST_F(ObjectImportTest, FilesOfAnUnlistedBucketBecomeObjects) {
  File("plant/a", "hello");
  File("depot/b/c", "x");
  File("stray", "x");

  const auto report = AddFolder("");
  const auto again = AddFolder("");

  EXPECT_EQ(report.created, 2u);
  EXPECT_EQ(report.problem_count, 1u);
  EXPECT_FALSE(again.changed());
  EXPECT_EQ(Dump(*store_), fmt::format("depot/b/c next 2: 1=null+{}\nplant/a next 2: 1=null+{}\n",
                                       Short("x"), Short("hello")));
  File("plant/more", "y");
  EXPECT_EQ(AddFolder("").created, 1u);
}

// The listing may come after the files: its versions are added, and then filled.
TEST_F(ObjectImportTest, AListingMayFollowTheFiles) {
  File("a", "hello");
  AddFolder();

  AddListing(Entry("a", "v1", 5, R"(, "lastModified": "2001-01-01T00:00:00Z")"));
  const auto report = AddFolder();

  EXPECT_EQ(report.filled, 1u);
  EXPECT_EQ(Dump(*store_), fmt::format("plant/a next 4: 2=v1+{0} 1=null+{0}\n", Short("hello")));
}

TEST_F(ObjectImportTest, AListingWithoutIdsIsAboutTheNewestVersion) {
  AddListing(Entry("a", "v2", 5) + "," + Entry("a", "v1", 4));
  const auto list =
      Put(temp_.path() / "v2.json", R"({"Contents": [{"Key": "a", "Size": 5, "ETag": "x-1"}]})");
  ObjectImporter importer(*store_, *blobs_);

  Must(importer.AddListing(op_, list, "plant"));

  EXPECT_EQ(importer.report().added, 0u);
  EXPECT_EQ(importer.report().updated, 1u);
  EXPECT_EQ(importer.report().problem_count, 0u);
}

TEST_F(ObjectImportTest, OddFilesAreNamed) {
  File("\xff name", "x");
  File(std::string(250, 'a') + "/" + std::string(250, 'b') + "/" + std::string(250, 'c') + "/" +
           std::string(250, 'd') + "/" + std::string(250, 'e'),
       "x");
  File("real", "x");
  std::filesystem::create_symlink("real", Files() / "link");

  const auto report = AddFolder();

  EXPECT_EQ(report.created, 1u);
  EXPECT_EQ(report.problem_count, 3u);
}

TEST_F(ObjectImportTest, AMissingFolderIsAnError) {
  ObjectImporter importer(*store_, *blobs_);

  EXPECT_EQ(importer.AddFolder(op_, temp_.path() / "nothing", "plant").error().code,
            Code::kNotFound);
  EXPECT_EQ(importer.AddFolder(op_, temp_.path() / "nothing", "").error().code, Code::kNotFound);
}

// A writer that is faster makes the commit fail; the importer reads again and finds nothing to
// fill.
TEST_F(ObjectImportTest, AConflictIsReadAgain) {
  AddListing(Entry("a", "v1", 5));
  File("a", "hello");
  std::size_t conflicts = 0;
  for (std::size_t n = 1; n < 12; ++n) {
    const auto store = items::MemoryStore::Create();
    FaultyStore racing(*store);
    ObjectImporter setup(*store, *blobs_);
    Must(setup.AddListing(op_, temp_.path() / "list.json", ""));
    racing.FailCall(n, Code::kConflict, FaultyStore::When::kAfter);
    ObjectImporter importer(racing, *blobs_);
    const auto status = importer.AddFolder(op_, Files(), "plant");
    if (racing.failed() && racing.requests()[n - 1].starts_with("Commit")) {
      ++conflicts;
      EXPECT_TRUE(status.ok()) << test::MessageOf(status);
      EXPECT_EQ(Dump(*store), fmt::format("plant/a next 3: 1=v1+{}\n", Short("hello")));
    }
  }
  EXPECT_EQ(conflicts, 1u);
}

// ---- Faults ----

// Whatever call fails, before or after its effect: importing again brings everything to its end.
TEST_F(ObjectImportTest, EveryInterruptionIsMadeGoodByTheNextImport) {
  std::string entries;
  for (int i = 0; i < 30; ++i)
    entries += (i == 0 ? "" : ",") + Entry(fmt::format("k{:02}", i), "v2", 5) + "," +
               Entry(fmt::format("k{:02}", i), "v1", 4);
  const auto list = Listing(entries);
  File("k07", "hello");
  const auto work = [&](items::ItemStore& store, std::uint64_t bulk_from) -> Status {
    ObjectImporter importer(store, *blobs_, {.bulk_from = bulk_from});
    TRY_OK(importer.AddListing(op_, list, ""));
    return importer.AddFolder(op_, Files(), "plant");
  };
  Must(work(*store_, kNever));
  const std::string expected = Dump(*store_);
  for (const std::uint64_t bulk_from : {std::uint64_t{1}, kNever}) {
    for (const auto when : {FaultyStore::When::kBefore, FaultyStore::When::kAfter}) {
      for (std::size_t n = 1;; ++n) {
        const auto store = items::MemoryStore::Create();
        FaultyStore faulty(*store);
        faulty.FailCall(n, Code::kUnavailable, when);
        const auto first = work(faulty, bulk_from);
        if (!faulty.failed()) break;

        const auto second = work(*store, bulk_from);

        ASSERT_TRUE(second.ok()) << n << " " << faulty.requests()[n - 1] << test::MessageOf(second);
        ASSERT_EQ(Dump(*store), expected) << n << " " << faulty.requests()[n - 1];
        ASSERT_EQ(Must(CountObjects(op_, *store)).versions, 60u) << n;
      }
    }
  }
}

// A process that dies in a bulk import leaves its loads open; the next import starts over.
TEST_F(ObjectImportTest, ABulkImportThatDiedIsStartedOver) {
  auto path = temp_.path() / "items.db";
  auto store = Must(items::OpenSqliteStore(path));
  Must(MakeObjectTables(op_, *store));
  {
    const std::string objects{tables::kObjectsTable}, versions{tables::kObjectVersionsTable};
    auto first = Must(store->OpenBulkLoad(op_, objects, {.name = "objects-import"}));
    Must(first->Checkpoint(op_, "begun"));
    auto second = Must(store->OpenBulkLoad(op_, versions, {.name = "objects-import"}));
    ObjectVersion left = test::Version("left over", "v", 1);
    left.sequence = 1;
    Must(second->Add(op_, VersionItem(left)));
    Must(second->Finish(op_));
  }
  store.reset();
  store = Must(items::OpenSqliteStore(path));
  ObjectImporter importer(*store, *blobs_, {.bulk_from = 1});

  Must(importer.AddListing(op_, Listing(Entry("a", "v1", 5)), ""));

  EXPECT_EQ(Must(CountObjects(op_, *store)).versions, 1u);
  EXPECT_EQ(Dump(*store), "plant/a next 2: 1=v1\n");
  Must(store->CheckIntegrity(op_));
}

// Another load of these tables is somebody's unfinished work.
TEST_F(ObjectImportTest, AForeignBulkLoadIsLeftAlone) {
  Must(MakeObjectTables(op_, *store_));
  const auto loader = Must(store_->OpenBulkLoad(op_, tables::kObjectsTable, {.name = "restore"}));
  ObjectImporter importer(*store_, *blobs_);

  EXPECT_EQ(importer.AddListing(op_, Listing(Entry("a", "v1", 5)), "").error().code,
            Code::kConflict);
}

TEST_F(ObjectImportTest, ProgressIsTold) {
  int calls = 0;
  AddListing(Entry("a", "v1", 5), {.on_progress = [&](const ImportReport& report) {
               ++calls;
               EXPECT_EQ(report.added, 1u);
             }});

  EXPECT_EQ(calls, 1);
}

}  // namespace
}  // namespace vams::objects
