#include "indexing/indexer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <functional>
#include <thread>

#include "files/files.h"
#include "indexing/faulty_index_test.h"
#include "indexing/follow_support_test.h"
#include "items/sqlite/sqlite_store.h"
#include "objects/object_version.h"
#include "search/xapian/xapian_index.h"
#include "tables/system_tables.h"

namespace vams::indexing::test {
namespace {

using items::Value;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

const IndexerOptions kQuick{.poll = milliseconds(1),
                            .first_retry = milliseconds(1),
                            .longest_retry = milliseconds(4),
                            .settle = milliseconds(1),
                            .advance = milliseconds(1)};

// Waits for what another thread does.  The limit is for a test that hangs, not for a slow machine.
void Until(const std::function<bool()>& true_at_last) {
  const auto limit = std::chrono::steady_clock::now() + std::chrono::minutes(5);
  while (!true_at_last()) {
    if (std::chrono::steady_clock::now() > limit) {
      ADD_FAILURE() << "it never came";
      std::abort();
    }
    std::this_thread::sleep_for(milliseconds(1));
  }
}

search::Position ConsumerOf(OpContext& op, items::ItemStore& store) {
  for (const auto& consumer : Must(store.Consumers(op)))
    if (consumer.name == kConsumer) return consumer.position;
  ADD_FAILURE() << "no consumer";
  return 0;
}

class IndexerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Indexer> Started(search::Index& index) {
    auto indexer = std::make_unique<Indexer>(bench.stores(), index, metrics, kQuick);
    Must(indexer->Start(bench.op));
    return indexer;
  }
  // Puts everything into a new generation, as the Reindexer does.
  void Rebuild(search::Index& index, Indexer& indexer) {
    auto builder =
        Must(index.StartBuild(bench.op, {.position = Must(bench.items().LastChange(bench.op))}));
    auto segment = Must(builder->OpenSegment(bench.op, "all"));
    for (const auto& [id, document] : bench.Scratch())
      Must(segment->Add(bench.op, std::span(&document, 1)));
    Must(segment->Close(bench.op));
    Must(builder->Finish(bench.op));
    const Indexer::Pause pause(indexer);
    Follower follower(bench.items());
    while (Must(follower.Step(bench.op, *builder)).more) {
    }
    Must(builder->Swap(bench.op));
  }

  FollowBench bench;
  Metrics metrics;
};

// ---- Following.

TEST_F(IndexerTest, OnAStoreWithoutAssetsItFollowsAtOnce) {
  const auto indexer = Started(bench.index);
  EXPECT_FALSE(indexer->status().needs_reindex);

  bench.MakeAsset("gantry");
  bench.PutFile("gantry", "a.glb", "mesh");
  Must(indexer->CatchUp(bench.op));

  bench.ExpectTrue();
  EXPECT_EQ(bench.Ids(), (std::set<std::string>{"harbor#gantry", "harbor#gantry#/a.glb"}));
  const auto status = indexer->status();
  EXPECT_EQ(status.position, Must(bench.items().LastChange(bench.op)));
  EXPECT_GT(status.applied, 0u);
  EXPECT_EQ(status.problem, "");
  Until([&] { return indexer->status().behind_millis == 0; });
}

TEST_F(IndexerTest, NobodyWhoWritesOrWaitsIsInAnothersWay) {
  const auto indexer = Started(bench.index);
  for (const char* id : {"one", "two", "three"}) bench.MakeAsset(id);
  std::vector<std::thread> threads;
  for (const std::string id : {"one", "two", "three"})
    threads.emplace_back([&, id] {
      OpContext op;
      for (int i = 0; i < 40; ++i) {
        const items::Write writes[] = {
            catalog::PutMetadata({kDatabase, id}, {.kind = catalog::MetadataKind::kMetadata,
                                                   .path = "/",
                                                   .key = fmt::format("key{}", i),
                                                   .value = "x",
                                                   .type = "string"})};
        Must(bench.items().Commit(op, writes));
        if (i % 10 == 0) Must(indexer->CatchUp(op));
        (void)indexer->status();
        (void)metrics.Text();
      }
    });
  for (auto& thread : threads) thread.join();

  Must(indexer->CatchUp(bench.op));

  bench.ExpectTrue();
  EXPECT_EQ(bench.Field("harbor#two", "MD_").as_object().size(), 40u);
}

TEST_F(IndexerTest, TheConsumerFollowsBehindTheIndex) {
  const auto indexer = Started(bench.index);
  bench.MakeAsset("gantry");
  const auto last = Must(bench.items().LastChange(bench.op));

  Until([&] { return ConsumerOf(bench.op, bench.items()) >= last; });

  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), last);
  EXPECT_EQ(Must(bench.items().TrimChanges(bench.op, last)).trimmed_to, last);
}

TEST_F(IndexerTest, ChangesThatAreNoPartOfDocumentsMoveThePositionsAsWell) {
  const auto indexer = Started(bench.index);
  bench.PutItem(std::string(tables::kNamesTable),
                {{"scope", Value::S("a")}, {"name", Value::S("b")}});
  const auto last = Must(bench.items().LastChange(bench.op));

  Until([&] { return ConsumerOf(bench.op, bench.items()) >= last; });

  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), last);
}

TEST_F(IndexerTest, MetricsTellWhereItIs) {
  const auto indexer = Started(bench.index);
  bench.MakeAsset("gantry");
  Must(indexer->CatchUp(bench.op));

  Until([&] { return metrics.Text().find("vams_search_lag_seconds 0\n") != std::string::npos; });
  const std::string text = metrics.Text();
  EXPECT_THAT(text, HasSubstr(fmt::format("vams_search_position {}\n",
                                          Must(bench.items().LastChange(bench.op)))));
  EXPECT_THAT(text, HasSubstr("vams_search_lag_changes 0\n"));
  EXPECT_THAT(text, HasSubstr("vams_search_troubles 0\n"));
  EXPECT_THAT(text, HasSubstr("vams_search_needs_reindex 0\n"));
  EXPECT_THAT(text, HasSubstr("vams_search_failures_total 0\n"));
  EXPECT_THAT(text, HasSubstr("vams_search_applied_changes_total"));
  EXPECT_THAT(text, HasSubstr("vams_search_writes_total{kind=\"put\"}"));
  EXPECT_THAT(text, HasSubstr("vams_search_documents{kind=\"asset\"}"));
}

// ---- What fails.

TEST_F(IndexerTest, ADocumentThatCannotBeIndexedIsToldAndTriedUntilItCan) {
  Refusing refusing(bench.index);
  refusing.Refuse("harbor#gantry");
  const auto indexer = Started(refusing);
  bench.MakeAsset("gantry");
  bench.MakeAsset("crane");
  const auto last = Must(bench.items().LastChange(bench.op));
  Must(indexer->CatchUp(bench.op));
  EXPECT_EQ(bench.Ids(), std::set<std::string>{"harbor#crane"});

  Until([&] {
    const auto status = indexer->status();
    return status.trouble_count == 1 && status.troubles.front().attempts >= 3;
  });
  const auto trouble = indexer->status().troubles.front();
  EXPECT_EQ(trouble.id, "harbor#gantry");
  EXPECT_EQ(trouble.message, "the index does not take this document");
  EXPECT_LT(ConsumerOf(bench.op, bench.items()), last);

  refusing.Refuse("");
  Until([&] { return indexer->status().trouble_count == 0; });
  bench.ExpectTrue();
  Until([&] { return ConsumerOf(bench.op, bench.items()) >= last; });
}

// The index's position is beyond it, and nothing changes any more: the consumer's place tells.
TEST_F(IndexerTest, WhatCouldNotBeIndexedIsTriedAfterARestart) {
  Refusing refusing(bench.index);
  refusing.Refuse("harbor#gantry");
  auto indexer = Started(refusing);
  bench.MakeAsset("gantry");
  bench.MakeAsset("crane");
  const auto last = Must(bench.items().LastChange(bench.op));
  Must(indexer->CatchUp(bench.op));
  Until([&] { return indexer->status().trouble_count == 1; });
  indexer.reset();
  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), last);
  EXPECT_THAT(Must(bench.items().TrimChanges(bench.op, last)).held_back_by, SizeIs(1));
  refusing.Refuse("");

  indexer = Started(refusing);

  Until([&] { return bench.Ids().size() == 2; });
  bench.ExpectTrue();
  EXPECT_EQ(Must(bench.index.GetPosition(bench.op)), last);
  Until([&] { return ConsumerOf(bench.op, bench.items()) >= last; });
}

TEST_F(IndexerTest, AnIndexThatCannotBeReachedIsAProblemUntilItCan) {
  Refusing refusing(bench.index);
  const auto indexer = Started(refusing);
  refusing.down = true;
  bench.MakeAsset("gantry");
  Until([&] { return !indexer->status().problem.empty(); });
  EXPECT_GT(indexer->status().behind_millis, 0);
  OpContext brief(OpContext::SteadyClock::now() + milliseconds(20));
  const Status waited = indexer->CatchUp(brief);
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().code, Code::kTimeout);
  EXPECT_THAT(waited.error().message, HasSubstr("the index cannot be reached"));

  refusing.down = false;

  Must(indexer->CatchUp(bench.op));
  bench.ExpectTrue();
  Until([&] { return indexer->status().problem.empty(); });
}

// ---- An index that has to be built anew.

TEST_F(IndexerTest, AFreshIndexOfAStoreWithAssetsWaitsUntilItIsBuilt) {
  bench.MakeAsset("gantry");
  const auto indexer = Started(bench.index);
  EXPECT_TRUE(indexer->status().needs_reindex);
  bench.MakeAsset("crane");
  const Status waited = indexer->CatchUp(bench.op);
  ASSERT_FALSE(waited.ok());
  EXPECT_EQ(waited.error().code, Code::kUnavailable);
  EXPECT_THAT(bench.Ids(), IsEmpty());

  Rebuild(bench.index, *indexer);

  bench.MakeAsset("bridge");
  Until([&] { return !indexer->status().needs_reindex; });
  Must(indexer->CatchUp(bench.op));
  bench.ExpectTrue();
  EXPECT_THAT(bench.Ids(), SizeIs(3));
}

TEST_F(IndexerTest, ALogThatWasTrimmedBehindTheIndexWaitsUntilItIsBuilt) {
  bench.MakeAsset("gantry");
  bench.Follow();
  bench.MakeAsset("crane");
  Must(bench.items().TrimChanges(bench.op, Must(bench.items().LastChange(bench.op))));

  const auto indexer = Started(bench.index);

  EXPECT_TRUE(indexer->status().needs_reindex);
  Rebuild(bench.index, *indexer);
  Until([&] { return !indexer->status().needs_reindex; });
  Must(indexer->CatchUp(bench.op));
  bench.ExpectTrue();
}

// The data was put back to an earlier state and the index was not: what it shows is not true.
TEST_F(IndexerTest, AnIndexAheadOfTheLogIsEmptiedAndWaitsUntilItIsBuilt) {
  bench.MakeAsset("gantry");
  bench.Follow();
  Must(bench.index.Apply(bench.op, {}, 1'000'000));

  const auto indexer = Started(bench.index);

  EXPECT_TRUE(indexer->status().needs_reindex);
  EXPECT_THAT(bench.Ids(), IsEmpty());
  Rebuild(bench.index, *indexer);
  Until([&] { return !indexer->status().needs_reindex; });
  bench.ExpectTrue();
}

// ---- Pausing.

// Counts calls that come while none may.
class Watched final : public ForwardingIndex {
 public:
  using ForwardingIndex::ForwardingIndex;
  Status Apply(OpContext& op, std::span<const search::Write> writes,
               search::Position position) override {
    if (forbidden) ++violations;
    Status done = ForwardingIndex::Apply(op, writes, position);
    if (forbidden) ++violations;
    return done;
  }
  std::atomic<bool> forbidden = false;
  std::atomic<int> violations = 0;
};

TEST_F(IndexerTest, NothingIsAppliedWhileItIsPaused) {
  Watched watched(bench.index);
  const auto indexer = Started(watched);
  bench.MakeAsset("gantry");
  std::thread writer([&] {
    OpContext op;
    for (int i = 0; i < 300; ++i) {
      const items::Write writes[] = {
          catalog::PutMetadata({kDatabase, "gantry"}, {.kind = catalog::MetadataKind::kMetadata,
                                                       .path = "/",
                                                       .key = "count",
                                                       .value = std::to_string(i),
                                                       .type = "string"})};
      Must(bench.items().Commit(op, writes));
    }
  });
  for (int i = 0; i < 50; ++i) {
    {
      const Indexer::Pause pause(*indexer);
      watched.forbidden = true;
      std::this_thread::yield();
      watched.forbidden = false;
    }
    Must(indexer->CatchUp(bench.op));
  }
  writer.join();
  Must(indexer->CatchUp(bench.op));

  EXPECT_EQ(watched.violations, 0);
  bench.ExpectTrue();
}

// ---- With the engines that last.

// Records as the catalog and the object store leave them, without the contents.
void PutPlainAsset(items::ItemStore& store, const std::string& bucket_id, int number, int files) {
  OpContext op;
  const std::string id = fmt::format("asset-{}", number);
  std::vector<items::Write> writes;
  items::Item asset = catalog::AssetKey(kDatabase, id);
  asset.Set("assetName", Value::S("Asset " + id));
  asset.Set("assetType", Value::S("folder"));
  asset.Set("bucketId", Value::S(bucket_id));
  asset.Set("assetLocation", Value::M({{"Key", Value::S(id + "/")}}));
  writes.push_back(items::Write::Put(catalog::kAssetsTable, std::move(asset)));
  for (int i = 0; i < files; ++i) {
    objects::ObjectRecord record;
    record.newest = {.bucket = kBucket,
                     .key = fmt::format("{}/part-{}.glb", id, i),
                     .version_id = "v1",
                     .sequence = 1,
                     .size = 12,
                     .user_metadata = {{{"assetid", id}, {"databaseid", kDatabase}}}};
    record.next = 2;
    record.versions = 1;
    writes.push_back(
        items::Write::Put(std::string(tables::kObjectsTable), objects::ObjectItem(record)));
  }
  Must(store.Commit(op, writes));
}

class DurableTest : public ::testing::Test {
 protected:
  DurableTest()
      : folder_(Must(
            files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-indexer"))) {
    const auto store = OpenItems();
    catalog::test::CreateAllTables(*store);
    const catalog::BucketSeed seeds[] = {{.name = kBucket, .prefix = "/", .versioned = true}};
    Must(catalog::SeedBuckets(op_, *store, random_, seeds));
    bucket_id_ = Must(catalog::ListBuckets(op_, *store, "", 10)).buckets.front().id;
  }

  std::unique_ptr<items::ItemStore> OpenItems() {
    return Must(items::OpenSqliteStore(folder_.path() / "items.db"));
  }
  std::unique_ptr<search::Index> OpenIndex() {
    return Must(search::OpenXapianIndex(folder_.path() / "search"));
  }

  files::TempFolder folder_;
  catalog::test::SeededRandom random_;
  OpContext op_;
  std::string bucket_id_;
};

// Follows what is in the folder to its end.
void FollowFolder(const files::Path& folder) {
  OpContext op;
  catalog::test::FixedClock clock;
  catalog::test::SeededRandom random;
  Metrics metrics;
  const auto store = Must(items::OpenSqliteStore(folder / "items.db"));
  const auto blobs = Must(objects::BlobStore::Open(folder / "blobs"));
  const auto objects =
      Must(objects::OpenLocalObjectStore(op, *store, *blobs, {.clock = &clock, .random = &random}));
  const auto index = Must(search::OpenXapianIndex(folder / "search"));
  Indexer indexer({*store, *objects, clock, random}, *index, metrics, kQuick);
  Must(indexer.Start(op));
  EXPECT_FALSE(indexer.status().needs_reindex);
  Must(indexer.CatchUp(op));
}

TEST_F(DurableTest, GoesOnWhereItStoodAfterARestart) {
  FollowFolder(folder_.path());
  PutPlainAsset(*OpenItems(), bucket_id_, 1, 3);
  FollowFolder(folder_.path());
  PutPlainAsset(*OpenItems(), bucket_id_, 2, 3);
  EXPECT_EQ(Indexed(op_, *OpenIndex()).size(), 4u);

  FollowFolder(folder_.path());

  const auto store = OpenItems();
  const auto index = OpenIndex();
  const auto should = FromScratch(op_, *store);
  EXPECT_EQ(should.size(), 8u);
  ExpectSame(Indexed(op_, *index), should);
  EXPECT_EQ(Must(index->GetPosition(op_)), Must(store->LastChange(op_)));
}

constexpr char kFolder[] = "VAMS_INDEXER_CRASH_FOLDER";

// Run by RunChild alone.
TEST(IndexerCrashChild, DISABLED_Follows) { FollowFolder(std::getenv(kFolder)); }

// Whether the child was killed.
bool RunChild(const files::Path& folder, const std::string& fault) {
  std::fflush(stdout);  // or the child prints it again
  const pid_t child = ::fork();
  if (child == 0) {
    ::setenv(kFolder, folder.c_str(), 1);
    ::setenv("VAMS_FAULT", fault.c_str(), 1);
    (void)!std::freopen("/dev/null", "w", stdout);
    ::execl("/proc/self/exe", "child", "--gtest_also_run_disabled_tests",
            "--gtest_filter=IndexerCrashChild.DISABLED_Follows", nullptr);
    ::_exit(127);
  }
  int status = 0;
  EXPECT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_TRUE(WIFSIGNALED(status) || WEXITSTATUS(status) == 0) << status;
  return WIFSIGNALED(status);
}

// Wherever the process dies: nothing that was applied is missing, and following once more ends as
// if nothing had happened.  An asset of more files than a piece makes several commits of one
// change.
TEST_F(DurableTest, KilledAtAnyPointItGoesOnAsIfNothingHadHappened) {
  FollowFolder(folder_.path());
  int number = 0;
  for (const char* fault :
       {"search.before_commit=kill", "search.after_commit=kill", "search.before_commit:2=kill",
        "search.after_commit:2=kill", "search.before_commit:3=kill"}) {
    SCOPED_TRACE(fault);
    PutPlainAsset(*OpenItems(), bucket_id_, ++number, 1200);
    PutPlainAsset(*OpenItems(), bucket_id_, ++number, 2);

    EXPECT_TRUE(RunChild(folder_.path(), fault));
    {
      const auto index = OpenIndex();
      EXPECT_THAT(Must(index->Check(op_)), IsEmpty());
    }
    FollowFolder(folder_.path());

    const auto index = OpenIndex();
    const auto store = OpenItems();
    ExpectSame(Indexed(op_, *index), FromScratch(op_, *store));
    EXPECT_EQ(Must(index->GetPosition(op_)), Must(store->LastChange(op_)));
  }
}

}  // namespace
}  // namespace vams::indexing::test
