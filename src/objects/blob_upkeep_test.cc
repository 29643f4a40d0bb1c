// Checking and collecting blobs: what is named, what stays, what a crash leaves.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <random>
#include <thread>

#include "objects/blob_test_support.h"
#include "objects/blob_upkeep.h"
#include "objects/object_records.h"
#include "tables/system_tables.h"

namespace vams::objects {
namespace {

using namespace std::chrono_literals;
using test::ContentOf;
using test::Must;
using test::PacksIn;
using test::Sha;
using ::testing::HasSubstr;
using ::testing::UnorderedElementsAre;

BlobStoreOptions Options(bool sealed, const Clock& clock) {
  BlobStoreOptions options{.pack_below = 100, .seal_at = 4000, .clock = &clock};
  if (sealed) options.key = test::TestKey();
  return options;
}

// With plain contents and with sealed ones (true).
class BlobUpkeepTest : public ::testing::TestWithParam<bool> {
 protected:
  files::Path Folder() const { return temp_.path() / "blobs"; }
  std::unique_ptr<BlobStore> Open() const {
    return Must(BlobStore::Open(Folder(), Options(GetParam(), clock_)));
  }
  std::string Add(const std::string& content, bool used) {
    const auto sha256 = Must(store_->AddBytes(content)).sha256;
    if (used) used_[sha256] = content.size();
    return sha256;
  }
  BlobReferenceSource Used() const {
    return [this](const BlobReferenceVisitor& visit) -> Status {
      for (const auto& [sha256, size] : used_) TRY_OK(visit(sha256, size));
      return Ok();
    };
  }
  // Findings as "kind digest-or-file".
  std::vector<std::string> Check(bool read_data = false) {
    std::vector<std::string> found;
    check_ = Must(BlobUpkeep::Check(op_, *store_, Used(), read_data, [&](const BlobFinding& f) {
      found.push_back(fmt::format("{} {}", KindName(f.kind), f.what));
    }));
    return found;
  }
  BlobCollection Collect(CollectOptions options = {}) {
    return Must(BlobUpkeep::Collect(op_, *store_, Used(), options));
  }
  bool Has(std::string_view content) const { return Must(store_->Has(Sha(content))); }

  const files::TempFolder temp_ = test::MakeTemp();
  mutable test::SetClock clock_;
  OpContext op_;
  std::map<std::string, std::uint64_t> used_;
  BlobCheck check_;
  std::unique_ptr<BlobStore> store_ = Open();
};

INSTANTIATE_TEST_SUITE_P(Contents, BlobUpkeepTest, ::testing::Bool(),
                         [](const auto& kind) { return kind.param ? "Sealed" : "Plain"; });

const std::string kLarge(200, 'L');

TEST_P(BlobUpkeepTest, ACleanFolderHasNoFindings) {
  Add("small", true);
  Add(kLarge, true);

  EXPECT_THAT(Check(true), ::testing::IsEmpty());
  EXPECT_TRUE(check_.clean());
  EXPECT_EQ(check_.blobs, 2u);
  EXPECT_EQ(check_.references, 2u);
  EXPECT_EQ(check_.packs, 1u);
}

TEST_P(BlobUpkeepTest, NamesWhatIsMissingExtraDamagedAndStray) {
  const auto file = Add(kLarge, true), packed = Add("packed", true), extra = Add("extra", false);
  const auto cut = Add(std::string(300, 'c'), true);
  used_[Sha("missing")] = 7;
  std::filesystem::permissions(Must(store_->PathOf(file)), std::filesystem::perms::owner_all);
  test::Overwrite(Must(store_->PathOf(file)), 5, "x");
  const auto at = test::StoredAt(Folder(), packed);
  test::Overwrite(at.file, at.offset, "X");
  std::filesystem::permissions(Must(store_->PathOf(cut)), std::filesystem::perms::owner_all);
  std::filesystem::resize_file(Must(store_->PathOf(cut)), 10);
  const auto stray = test::Put(Folder() / "ab" / "notes.txt", "x");
  clock_.Advance(1h);

  EXPECT_THAT(Check(), UnorderedElementsAre("missing " + Sha("missing"), "extra " + extra,
                                            "damaged " + cut, "stray " + stray.string()));
  EXPECT_THAT(Check(true), UnorderedElementsAre("missing " + Sha("missing"), "extra " + extra,
                                                "damaged " + cut, "damaged " + file,
                                                "damaged " + packed, "stray " + stray.string()));
  EXPECT_FALSE(check_.clean());
}

TEST_P(BlobUpkeepTest, NamesDamagedPacksAndIndexes) {
  for (int i = 0; i < 60; ++i) Add(fmt::format("content {}", i), true);
  const auto index = PacksIn(Folder(), ".index").at(0);
  test::Overwrite(index, 50, "damage");
  const auto at = test::StoredAt(Folder(), Sha("content 59"));
  Add("behind", true);
  test::Overwrite(at.file, at.offset - 10, "damage");

  EXPECT_THAT(Check(), UnorderedElementsAre("damaged-pack " + index.string(),
                                            "damaged-pack " + at.file.string()));
}

TEST_P(BlobUpkeepTest, CollectsWhatIsNotUsedAndOld) {
  const auto used_file = Add(kLarge, true), used_packed = Add("used", true);
  Add(std::string(300, 'd'), false);
  Add(std::string(90, 'd'), false);
  Add(std::string(80, 'd'), false);
  clock_.Advance(25h);
  Add("young", false);
  Add(std::string(400, 'y'), false);
  const auto before = test::FilesIn(Folder());

  const auto dry = Collect({.dry_run = true});
  EXPECT_EQ(test::FilesIn(Folder()), before);
  const auto done = Collect();

  EXPECT_EQ(dry.removed, 3u);
  EXPECT_EQ(dry.removed_bytes, 470u);
  EXPECT_EQ(done.removed, 3u);
  EXPECT_EQ(done.removed_bytes, 470u);
  EXPECT_EQ(done.packs_rewritten, 1u);
  EXPECT_FALSE(Has(std::string(300, 'd')));
  EXPECT_FALSE(Has(std::string(90, 'd')));
  EXPECT_FALSE(Has(std::string(80, 'd')));
  EXPECT_TRUE(Has("young"));
  EXPECT_TRUE(Has(std::string(400, 'y')));
  EXPECT_EQ(ContentOf(*store_, used_file), kLarge);
  EXPECT_EQ(ContentOf(*store_, used_packed), "used");
  store_ = Open();
  EXPECT_FALSE(Has(std::string(90, 'd')));
  EXPECT_EQ(ContentOf(*store_, used_packed), "used");
  EXPECT_EQ(ContentOf(*store_, Sha("young")), "young");
}

TEST_P(BlobUpkeepTest, UnusedContentsOfAPackThatIsMostlyUsedWait) {
  for (int i = 0; i < 9; ++i) Add(fmt::format("used {}", i), true);
  Add("unused", false);
  clock_.Advance(25h);

  const auto done = Collect();

  EXPECT_EQ(done.removed, 0u);
  EXPECT_EQ(done.waiting, 1u);
  EXPECT_TRUE(Has("unused"));
}

// The sequence that loses data in a naive collector: the references are read, then an upload finds
// its content in the store and writes nothing, then the collector removes it.
TEST_P(BlobUpkeepTest, WhatIsAddedAgainDuringACollectionStays) {
  Add(kLarge, false);
  Add("small", false);
  clock_.Advance(25h);

  const auto done = Must(BlobUpkeep::Collect(op_, *store_,
                                             [&](const BlobReferenceVisitor&) -> Status {
                                               Must(store_->AddBytes(kLarge));
                                               Must(store_->AddBytes("small"));
                                               return Ok();
                                             },
                                             {}));

  EXPECT_EQ(done.removed, 0u);
  EXPECT_EQ(ContentOf(*store_, Sha(kLarge)), kLarge);
  EXPECT_EQ(ContentOf(*store_, Sha("small")), "small");
}

// The same across a restart: the mark on disk is what is left of the re-use.
TEST_P(BlobUpkeepTest, AReuseSurvivesARestart) {
  Add("small", false);
  clock_.Advance(25h);
  Must(store_->AddBytes("small"));
  store_ = Open();

  EXPECT_EQ(Collect().removed, 0u);
  clock_.Advance(25h);
  EXPECT_EQ(Collect().removed, 1u);
  EXPECT_FALSE(Has("small"));
}

TEST_P(BlobUpkeepTest, IsRefusedWhileAnotherProcessWrites) {
  Add("mine", false);
  auto other = Open();
  Must(other->AddBytes("theirs"));
  clock_.Advance(25h);

  const auto refused = BlobUpkeep::Collect(op_, *store_, Used(), {});
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("nothing was collected"));
  EXPECT_TRUE(Has("mine"));
  other.reset();
  EXPECT_EQ(Collect().removed, 2u);
}

// A reader in another process knows where things lay before.
TEST_P(BlobUpkeepTest, AnotherProcessFindsWhatWasMoved) {
  const auto used = Add("used", true);
  for (int i = 0; i < 5; ++i) Add(fmt::format("unused {}", i), false);
  const auto reader = Open();
  EXPECT_EQ(ContentOf(*reader, used), "used");
  const auto opened = Must(reader->OpenForReading(used));
  clock_.Advance(25h);

  Collect();

  EXPECT_EQ(ContentOf(*reader, used), "used");
  EXPECT_FALSE(Must(reader->Has(Sha("unused 1"))));
  char bytes[4];
  EXPECT_EQ(Must(opened->ReadAt(0, bytes, 4)), 4u);
}

TEST_P(BlobUpkeepTest, ADamagedUsedContentKeepsItsPack) {
  const auto used = Add("used", true);
  for (int i = 0; i < 5; ++i) Add(fmt::format("unused {}", i), false);
  const auto at = test::StoredAt(Folder(), used);
  test::Overwrite(at.file, at.offset, "U");
  clock_.Advance(25h);

  const auto done = Collect();

  EXPECT_EQ(done.removed, 0u);
  ASSERT_EQ(done.problems.size(), 1u);
  EXPECT_THAT(done.problems[0], HasSubstr(used));
  EXPECT_TRUE(std::filesystem::exists(at.file));
}

TEST_P(BlobUpkeepTest, AnErrorOfTheReferencesRemovesNothing) {
  Add("small", false);
  Add(kLarge, false);
  clock_.Advance(25h);

  const auto failed = BlobUpkeep::Collect(
      op_, *store_,
      [](const BlobReferenceVisitor&) -> Status { return Error(Code::kUnavailable, "gone"); }, {});

  EXPECT_EQ(failed.error().code, Code::kUnavailable);
  EXPECT_TRUE(Has("small"));
  EXPECT_TRUE(Has(kLarge));
}

// Threads add contents, old and new ones, and commit their references, while collections with no
// grace but that of the clock's standing still run one after the other.
TEST_P(BlobUpkeepTest, CollectionsAndUploadsRunTogether) {
  constexpr unsigned kSeed = 5;
  RecordProperty("seed", kSeed);
  const auto content = [](unsigned n) {
    return fmt::format("{}{}", n, std::string(n % 3 == 0 ? 150 : n % 50, 'x'));
  };
  for (unsigned n = 0; n < 200; ++n) Must(store_->AddBytes(content(n)));
  clock_.Advance(2h);
  std::mutex mutex;
  std::map<std::string, std::uint64_t> committed;
  std::atomic<int> running = 4;
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(kSeed + t);
      for (int i = 0; i < 80; ++i) {
        const auto info = Must(store_->AddBytes(content(random() % 300)));
        const std::lock_guard lock(mutex);
        committed[info.sha256] = info.size;
      }
      --running;
    });
  const BlobReferenceSource references = [&](const BlobReferenceVisitor& visit) -> Status {
    const std::lock_guard lock(mutex);
    for (const auto& [sha256, size] : committed) TRY_OK(visit(sha256, size));
    return Ok();
  };
  do {
    Must(BlobUpkeep::Collect(op_, *store_, references, {.grace = 1h}));
  } while (running > 0);
  for (auto& thread : threads) thread.join();

  used_ = committed;
  EXPECT_THAT(Check(true), ::testing::Each(::testing::StartsWith("extra")));
  store_ = Open();
  EXPECT_THAT(Check(true), ::testing::Each(::testing::StartsWith("extra")));
}

// Random histories against a model: what is used is there, byte for byte, after every step; what
// is not used and old is gone once a second collection found nothing to do.
TEST_P(BlobUpkeepTest, RandomHistoriesKeepWhatIsUsed) {
  constexpr unsigned kSeed = 21;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  std::map<std::string, std::string> contents;  // used, by digest
  for (int step = 0; step < 300; ++step) {
    const unsigned what = random() % 10;
    if (what < 6) {
      const std::string bytes(random() % 130, static_cast<char>('a' + random() % 20));
      const auto sha256 = Add(bytes, random() % 2 == 0);
      if (used_.contains(sha256)) contents[sha256] = bytes;
    } else if (what < 8 && !used_.empty()) {
      const auto at = std::next(used_.begin(), static_cast<long>(random() % used_.size()));
      contents.erase(at->first);
      used_.erase(at);
    } else if (what == 8) {
      clock_.Advance(std::chrono::hours(random() % 30));
      if (random() % 2 == 0) store_ = Open();
    } else {
      Collect();
      for (const auto& [sha256, bytes] : contents)
        ASSERT_EQ(ContentOf(*store_, sha256), bytes) << "step " << step;
    }
  }
  used_.clear();
  clock_.Advance(48h);
  Collect();
  EXPECT_THAT(Check(true), ::testing::IsEmpty());
  EXPECT_EQ(check_.blobs, 0u);
}

// ---- References ----

TEST(BlobReferencesTest, ComeFromVersionsOfOneBlobAndOfMany) {
  OpContext op;
  const auto memory = items::MemoryStore::Create();
  items::ItemStore& store = *memory;
  Must(MakeObjectTables(op, store));
  ObjectVersion one = test::Version("one", "v1", 3), many = test::Version("many", "v1", 7);
  one.state = many.state = ObjectVersion::State::kPresent;
  one.sha256 = Sha("one");
  many.blobs = {{Sha("man"), 3}, {Sha("many"), 4}};
  one.sequence = many.sequence = 1;
  ObjectVersion absent = test::Version("absent", "v1", 5);
  absent.sequence = 1;
  const std::string table(tables::kObjectVersionsTable);
  for (const auto& version : {one, many, absent}) {
    const items::Write put = items::Write::Put(table, VersionItem(version));
    ASSERT_TRUE(store.Commit(op, {&put, 1}).ok());
  }
  const objects::BlobReferenceTable tables[] = {{.table = table}, {.table = "sys.none"}};
  std::map<std::string, std::uint64_t> found;
  const BlobReferenceVisitor visit = [&](std::string_view sha256, std::uint64_t size) {
    found.emplace(sha256, size);
    return Ok();
  };

  Must(VisitBlobReferences(op, store, tables, visit));

  EXPECT_THAT(found, UnorderedElementsAre(std::pair(Sha("one"), 3u), std::pair(Sha("man"), 3u),
                                          std::pair(Sha("many"), 4u)));
  // What cannot be read might refer to anything: it must not look as if it referred to nothing.
  items::Item damaged = VersionItem(one);
  damaged.Set("sha256", items::Value::S("damaged"));
  const items::Write put = items::Write::Put(table, std::move(damaged));
  ASSERT_TRUE(store.Commit(op, {&put, 1}).ok());
  EXPECT_EQ(VisitBlobReferences(op, store, tables, visit).error().code, Code::kCorrupt);
}

// ---- Crashes ----

constexpr char kCrashFolder[] = "VAMS_TEST_BLOBS";
constexpr char kCrashMillis[] = "VAMS_TEST_MILLIS";
constexpr char kCrashSealed[] = "VAMS_TEST_SEALED";

BlobReferenceSource UsedByCrashTest() {
  return [](const BlobReferenceVisitor& visit) -> Status {
    for (int i = 0; i < 60; i += 7) {
      const std::string content = fmt::format("content {}", i);
      TRY_OK(visit(Sha(content), content.size()));
    }
    return visit(Sha(kLarge), kLarge.size());
  };
}

Status WorkOfCrashTest(BlobStore& store, test::SetClock& clock) {
  for (int i = 0; i < 40; ++i) TRY_OK(store.AddBytes(fmt::format("new {}", i)));
  TRY_OK(store.AddBytes(std::string(500, 'n')));
  clock.Advance(25h);
  OpContext op;
  TRY_OK(BlobUpkeep::Collect(op, store, UsedByCrashTest(), {}));
  return Ok();
}

// Runs only as the child of the next test, which arms a point by the environment.
TEST(BlobCrashChild, DISABLED_Works) {
  test::SetClock clock;
  clock.Advance(std::chrono::milliseconds(std::atoll(std::getenv(kCrashMillis))) -
                std::chrono::milliseconds(clock.NowMillis()));
  const bool sealed = std::getenv(kCrashSealed) != nullptr;
  const auto store = Must(BlobStore::Open(std::getenv(kCrashFolder), Options(sealed, clock)));
  Must(WorkOfCrashTest(*store, clock));
}

// Whether the child was killed.
bool RunChild(const std::string& folder, bool sealed, std::int64_t millis,
              const std::string& fault) {
  std::fflush(stdout);  // or the child prints it again
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kCrashFolder, folder.c_str(), 1);
    ::setenv(kCrashMillis, std::to_string(millis).c_str(), 1);
    if (sealed) ::setenv(kCrashSealed, "1", 1);
    ::setenv("VAMS_FAULT", fault.c_str(), 1);
    (void)!std::freopen("/dev/null", "w", stdout);
    ::execl("/proc/self/exe", "child", "--gtest_also_run_disabled_tests",
            "--gtest_filter=BlobCrashChild.DISABLED_Works", nullptr);
    ::_exit(127);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << status;
  return WIFSIGNALED(status);
}

// A child is killed at every point on its way; afterwards everything used is whole, and the same
// work done again ends as if nothing had happened.
TEST_P(BlobUpkeepTest, KilledAtAnyPointNothingUsedIsLost) {
  for (const char* point :
       {"objects.packs.created", "objects.packs.before_write", "objects.packs.before_sync",
        "objects.packs.after_sync:30", "objects.packs.before_seal", "objects.packs.after_seal",
        "objects.packs.before_move", "objects.packs.before_unlink", "objects.packs.after_unlink",
        "objects.collect.before_unlink:2", "objects.blobs.before_rename",
        "objects.blobs.after_rename"}) {
    store_.reset();
    Must(files::RemoveTree(Folder()));
    store_ = Open();
    for (int i = 0; i < 60; ++i) Add(fmt::format("content {}", i), false);
    Add(kLarge, false);
    Add(std::string(300, 'g'), false);
    Add(std::string(301, 'g'), false);
    store_.reset();

    EXPECT_TRUE(RunChild(Folder(), GetParam(), clock_.NowMillis(), fmt::format("{}=kill", point)))
        << point << " was never reached";

    used_.clear();
    Must(UsedByCrashTest()([&](std::string_view sha256, std::uint64_t size) {
      used_[std::string(sha256)] = size;
      return Ok();
    }));
    store_ = Open();
    EXPECT_THAT(Check(true), ::testing::Each(::testing::StartsWith("extra"))) << point;
    Must(WorkOfCrashTest(*store_, clock_));
    clock_.Advance(25h);
    Collect();
    EXPECT_THAT(Check(true), ::testing::Each(::testing::StartsWith("extra"))) << point;
    for (const auto& index : PacksIn(Folder(), ".index"))
      EXPECT_TRUE(std::filesystem::exists(files::Path(index).replace_extension(".pack"))) << point;
  }
}

}  // namespace
}  // namespace vams::objects
