#include "indexing/reindexer.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "files/files.h"
#include "indexing/faulty_index_test.h"
#include "indexing/follow_support_test.h"
#include "indexing/hooked_index_test.h"
#include "indexing/indexer.h"
#include "objects/object_version.h"
#include "search/xapian/xapian_index.h"
#include "tables/system_tables.h"

namespace vams::indexing::test {
namespace {

using items::Value;
using search::KindSet;
using std::chrono::milliseconds;
using ::testing::HasSubstr;
using Phase = ReindexProgress::Phase;

// ---- The bench: the same tests with each engine.

enum class Engine : std::uint8_t { kMemory, kXapian };

class ReindexerTest : public ::testing::TestWithParam<Engine> {
 protected:
  ReindexerTest()
      : folder_(Must(
            files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-reindexer"))) {
    Open();
  }

  void Open() {
    index.reset();
    engine_.reset();
    if (GetParam() == Engine::kMemory)
      engine_ = std::make_unique<search::MemoryIndex>();
    else
      engine_ = Must(search::OpenXapianIndex(folder_.path() / "search"));
    index = std::make_unique<HookedIndex>(*engine_);
  }

  // Assets "a0", "a1", … with two files each.
  void Fill(int assets) {
    for (int i = 0; i < assets; ++i) {
      const std::string id = fmt::format("a{}", i);
      bench.MakeAsset(id, {.name = fmt::format("Pump {}", i), .tags = {"steel"}});
      bench.PutFile(id, "scan/one.e57", "one");
      bench.PutFile(id, "two.glb", "two");
    }
  }
  std::unique_ptr<Reindexer> Make(Indexer* indexer = nullptr, std::string release = "1.0") {
    return std::make_unique<Reindexer>(bench.stores(), *index, indexer, metrics,
                                       ReindexerSetup{.release = std::move(release),
                                                      .on_swapped = [this](KindSet) { ++swaps; },
                                                      .on_phase =
                                                          [this](Phase phase) {
                                                            if (on_phase) on_phase(phase);
                                                          }});
  }
  std::unique_ptr<Indexer> Followed() {
    auto indexer = std::make_unique<Indexer>(bench.stores(), *index, metrics,
                                             IndexerOptions{.poll = milliseconds(1),
                                                            .first_retry = milliseconds(1),
                                                            .longest_retry = milliseconds(4),
                                                            .settle = milliseconds(1),
                                                            .advance = milliseconds(1)});
    Must(indexer->Start(bench.op));
    return indexer;
  }
  boost::json::object MustRun(const ReindexOptions& options = {}) {
    return Must(Make()->Run(bench.op, options));
  }
  void ExpectTrue() { ExpectSame(Indexed(bench.op, *index), bench.Scratch()); }
  bool HoldsLog() {
    for (const auto& consumer : Must(bench.items().Consumers(bench.op)))
      if (consumer.name == kRebuildConsumer) return true;
    return false;
  }
  bool HasBuild() { return index->ResumeBuild(bench.op).ok(); }
  std::uint64_t Found() {
    OpContext op;
    return Must(index->Search(op, {.include_archived = true})).total;
  }
  // A document that nothing in the store is behind.
  void PutStale() {
    search::Document document = Indexed(bench.op, *index).at("harbor#a0");
    document.id = "harbor#gone";
    const search::Write writes[] = {search::Write::Put(std::move(document))};
    Must(index->Apply(bench.op, writes, Must(index->GetPosition(bench.op))));
  }

  FollowBench bench;
  Metrics metrics;
  std::unique_ptr<HookedIndex> index;
  std::function<void(Phase)> on_phase;
  std::atomic<int> swaps = 0;

 private:
  files::TempFolder folder_;
  std::unique_ptr<search::Index> engine_;
};

INSTANTIATE_TEST_SUITE_P(Engines, ReindexerTest,
                         ::testing::Values(Engine::kMemory, Engine::kXapian),
                         [](const auto& engine) {
                           return engine.param == Engine::kMemory ? "Memory" : "Xapian";
                         });

std::int64_t Number(const boost::json::object& results, std::string_view of,
                    std::string_view name) {
  return results.at(of).as_object().at(name).to_number<std::int64_t>();
}

// ---- A build.

TEST_P(ReindexerTest, BuildsWhatTheStoreHoldsAndTellsIt) {
  Fill(7);
  bench.PutRow("a1", "/", "colour", "blue");
  Must(bench.assets.Archive(bench.op, bench.caller, kDatabase, "a6", {}));

  const auto results = MustRun({.workers = 3});

  ExpectTrue();
  EXPECT_EQ(Number(results, "assets", "success_count"), 7);
  EXPECT_EQ(Number(results, "assets", "failed_count"), 0);
  EXPECT_EQ(Number(results, "files", "total_count"), 14);
  EXPECT_EQ(Number(results, "files", "buckets_processed"), 1);
  EXPECT_GE(Number(results, "files", "objects_scanned"), 14);
  EXPECT_FALSE(results.contains("clear_indexes"));
  EXPECT_EQ(swaps, 1);
  EXPECT_FALSE(HoldsLog());
  EXPECT_FALSE(HasBuild());
  EXPECT_EQ(Must(index->GetPosition(bench.op)), Must(bench.items().LastChange(bench.op)));
  const std::string told = metrics.Text();
  EXPECT_THAT(told, HasSubstr("vams_search_reindex_running 0"));
  EXPECT_THAT(told, HasSubstr("vams_search_reindex_runs_total{result=\"done\"} 1"));
}

TEST_P(ReindexerTest, AnEmptyStoreGivesAnEmptyIndex) {
  const auto results = MustRun();

  EXPECT_EQ(Number(results, "assets", "total_count"), 0);
  EXPECT_EQ(Found(), 0u);
}

TEST_P(ReindexerTest, WhatChangesDuringEachPhaseIsInTheIndex) {
  Fill(6);
  MustRun();
  int changes = 0;
  on_phase = [&](Phase) {
    const std::string id = fmt::format("new{}", changes);
    bench.MakeAsset(id);
    bench.PutFile(id, "x.glb", "x");
    bench.PutRow("a0", "/", fmt::format("key{}", changes), "x");
    bench.DeleteFile(fmt::format("a{}", changes), "two.glb");
    ++changes;
  };

  MustRun();

  EXPECT_EQ(changes, 5);
  ExpectTrue();
}

// Searches see the old index or the new one, and what was written to either.
TEST_P(ReindexerTest, UnderConcurrentWritesItIsTrueAndSearchesNeverSeeLess) {
  Fill(10);
  MustRun();
  const std::uint64_t least = Found();
  ASSERT_EQ(least, 30u);
  const auto indexer = Followed();
  std::atomic<bool> stop = false;
  std::atomic<int> searches = 0;
  std::thread searcher([&] {
    while (!stop) {
      EXPECT_GE(Found(), least);
      ++searches;
    }
  });
  std::thread writer([&] {
    OpContext op;
    for (int i = 0; !stop && i < 20'000; ++i) {
      const items::Write writes[] = {catalog::PutMetadata({kDatabase, fmt::format("a{}", i % 10)},
                                                          {.kind = catalog::MetadataKind::kMetadata,
                                                           .path = i % 3 == 0 ? "/two.glb" : "/",
                                                           .key = fmt::format("key{}", i % 7),
                                                           .value = fmt::format("v{}", i),
                                                           .type = "string"})};
      Must(bench.items().Commit(op, writes));
    }
  });

  const auto reindexer = Make(indexer.get());
  OpContext op;
  for (int run = 0; run < 3; ++run) {
    const auto done = reindexer->Run(op, {.workers = 2, .low_priority = true});
    EXPECT_TRUE(done.ok()) << done.error().message;
  }
  stop = true;
  writer.join();
  searcher.join();

  Must(indexer->CatchUp(bench.op));
  ExpectTrue();
  EXPECT_GT(searches, 0);
}

TEST_P(ReindexerTest, AnIndexerThatNeedsItGoesOnAfterwards) {
  Fill(3);
  const auto indexer = Followed();
  ASSERT_TRUE(indexer->status().needs_reindex);
  const auto reindexer = Make(indexer.get());

  Must(reindexer->Run(bench.op, {}));
  bench.MakeAsset("later");
  // It looks now and then.
  while (indexer->status().needs_reindex) std::this_thread::yield();
  Must(indexer->CatchUp(bench.op));

  EXPECT_FALSE(indexer->status().needs_reindex);
  ExpectTrue();
}

// ---- Interruptions.

TEST_P(ReindexerTest, AnInterruptedBuildGoesOnWithoutItsClosedParts) {
  Fill(16);
  {
    OpContext op;
    index->hooks.part_closed = [&] { op.Cancel(); };
    const auto run = Make()->Run(op, {.workers = 4});
    ASSERT_FALSE(run.ok());
    EXPECT_EQ(run.error().code, Code::kCancelled);
    EXPECT_THAT(run.error().message, HasSubstr("the next reindex goes on from here"));
  }
  index->hooks.part_closed = nullptr;
  EXPECT_EQ(Found(), 0u);
  EXPECT_TRUE(HoldsLog());
  const auto closed = [&] {
    const auto build = Must(index->ResumeBuild(bench.op));
    int parts = 0;
    for (const auto& name : Must(build->ClosedSegments(bench.op)))
      parts += name.starts_with("part");
    return parts;
  }();
  ASSERT_GE(closed, 1);
  bench.MakeAsset("between");
  bench.DeleteFile("a3", "two.glb");
  if (GetParam() == Engine::kXapian) Open();  // as another process finds it
  index->hooks.parts_opened = 0;

  const auto reindexer = Make();
  const auto results = Must(reindexer->Run(bench.op, {.workers = 4}));

  EXPECT_EQ(index->hooks.parts_opened, 4 - closed);
  EXPECT_TRUE(reindexer->progress().resumed);
  EXPECT_EQ(Number(results, "assets", "success_count"), 17);
  ExpectTrue();
  EXPECT_FALSE(HoldsLog());
}

TEST_P(ReindexerTest, ResumeInterruptedGoesOnOrForgets) {
  Fill(4);
  EXPECT_FALSE(Must(Make()->ResumeInterrupted(bench.op, {})));
  Must(bench.items().AddConsumer(bench.op, kRebuildConsumer, 1));
  EXPECT_FALSE(Must(Make()->ResumeInterrupted(bench.op, {})));
  EXPECT_FALSE(HoldsLog());
  {
    OpContext op;
    on_phase = [&](Phase phase) {
      if (phase == Phase::kProving) op.Cancel();
    };
    ASSERT_FALSE(Make()->Run(op, {}).ok());
  }
  std::atomic<bool> proved = false;
  on_phase = [&](Phase phase) { proved = proved || phase == Phase::kProving; };

  auto reindexer = Make();
  EXPECT_TRUE(Must(reindexer->ResumeInterrupted(bench.op, {})));
  while (reindexer->progress().running()) std::this_thread::yield();

  EXPECT_EQ(reindexer->progress().phase, Phase::kDone) << reindexer->progress().error;
  EXPECT_TRUE(proved);
  ExpectTrue();
}

TEST_P(ReindexerTest, AnotherReleaseBeginsAnew) {
  Fill(4);
  {
    OpContext op;
    index->hooks.part_closed = [&] { op.Cancel(); };
    ASSERT_FALSE(Make()->Run(op, {.workers = 2}).ok());
  }
  index->hooks.part_closed = nullptr;

  const auto reindexer = Make(nullptr, "2.0");
  Must(reindexer->Run(bench.op, {.workers = 2}));

  EXPECT_FALSE(reindexer->progress().resumed);
  ExpectTrue();
}

// The interrupted run had emptied the assets too, so files alone would leave the index without
// them.
TEST_P(ReindexerTest, AnInterruptedBuildOfBothIsNotGoneOnWithByHalves) {
  Fill(4);
  MustRun();
  {
    OpContext op;
    on_phase = [&](Phase phase) {
      if (phase == Phase::kMerging) op.Cancel();
    };
    ASSERT_FALSE(Make()->Run(op, {.clear = true}).ok());
  }
  on_phase = nullptr;

  MustRun({.kinds = KindSet::kFiles});

  ExpectTrue();
}

TEST_P(ReindexerTest, CancelDropsTheBuildAndLeavesTheOldIndex) {
  Fill(4);
  MustRun();
  const auto before = Must(index->Count(bench.op)).generation;
  for (const Phase at :
       {Phase::kReading, Phase::kMerging, Phase::kCatchingUp, Phase::kProving, Phase::kSwapping}) {
    SCOPED_TRACE(PhaseName(at));
    const auto reindexer = Make();
    EXPECT_FALSE(reindexer->Cancel());
    on_phase = [&](Phase phase) {
      if (phase == at) {
        EXPECT_TRUE(reindexer->Cancel());
      }
    };
    OpContext op;

    const auto run = reindexer->Run(op, {});

    ASSERT_FALSE(run.ok());
    EXPECT_EQ(run.error().code, Code::kCancelled);
    EXPECT_THAT(run.error().message, HasSubstr("the old index serves on"));
    EXPECT_EQ(reindexer->progress().phase, Phase::kCancelled);
    EXPECT_FALSE(HasBuild());
    EXPECT_FALSE(HoldsLog());
  }
  EXPECT_EQ(Must(index->Count(bench.op)).generation, before);
  EXPECT_EQ(Found(), 12u);
}

// a run that is asked for again while one is under way neither begins nor clears.
TEST_P(ReindexerTest, ASecondRunIsRefusedAndTouchesNothing) {
  Fill(4);
  MustRun();
  const auto reindexer = Make();
  std::string first;
  on_phase = [&](Phase phase) {
    if (phase != Phase::kReading) return;
    first = reindexer->progress().id;
    const auto second = reindexer->Start({.clear = true});
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Code::kConflict);
    EXPECT_THAT(second.error().message, HasSubstr(first));
    EXPECT_EQ(Found(), 12u);
  };

  Must(reindexer->Run(bench.op, {}));

  EXPECT_EQ(reindexer->progress().id, first);
  EXPECT_EQ(index->clears, 0);
  ExpectTrue();
}

TEST_P(ReindexerTest, TheDestructorInterruptsAndTheNextOneResumes) {
  Fill(4);
  auto reindexer = Make();
  std::atomic<bool> there = false, go = false;
  on_phase = [&](Phase phase) {
    if (phase != Phase::kMerging) return;
    there = true;
    while (!go) std::this_thread::yield();
  };
  Must(reindexer->Start({}));
  while (!there) std::this_thread::yield();
  std::thread ends([&] { reindexer.reset(); });
  go = true;
  ends.join();
  on_phase = nullptr;

  // The run may have been past its last checkpoint.
  if (swaps == 0) {
    EXPECT_TRUE(HasBuild());
  }
  MustRun();
  ExpectTrue();
}

// ---- Proof.

class SpoiledTest : public ReindexerTest {
 protected:
  // Runs with documents that are spoilt on their way into the build, and expects nothing of it.
  void ExpectRefused(HookedSegment::Spoil spoil, std::string_view named) {
    Fill(5);
    MustRun();
    const auto before = Indexed(bench.op, *index);
    index->hooks.spoil = std::move(spoil);
    const auto reindexer = Make();

    const auto run = reindexer->Run(bench.op, {});

    ASSERT_FALSE(run.ok());
    EXPECT_EQ(run.error().code, Code::kCorrupt);
    EXPECT_THAT(run.error().message, HasSubstr(std::string(named)));
    EXPECT_THAT(run.error().message, HasSubstr("the old index serves on"));
    // a failure is told as one.
    EXPECT_EQ(reindexer->progress().phase, Phase::kFailed);
    EXPECT_EQ(reindexer->progress().error, run.error().message);
    EXPECT_TRUE(reindexer->progress().results.empty());
    ExpectSame(Indexed(bench.op, *index), before);
    EXPECT_FALSE(HasBuild());
    EXPECT_FALSE(HoldsLog());
  }
};

INSTANTIATE_TEST_SUITE_P(Engines, SpoiledTest, ::testing::Values(Engine::kMemory, Engine::kXapian),
                         [](const auto& engine) {
                           return engine.param == Engine::kMemory ? "Memory" : "Xapian";
                         });

TEST_P(SpoiledTest, AMissingDocumentFailsTheProof) {
  ExpectRefused(
      [](std::vector<search::Document>& documents) {
        std::erase_if(documents, [](const auto& document) { return document.id == "harbor#a3"; });
      },
      "harbor#a3");
}

TEST_P(SpoiledTest, AnotherDocumentFailsTheProof) {
  ExpectRefused(
      [](std::vector<search::Document>& documents) {
        for (auto& document : documents)
          if (document.id == "harbor#a2#/two.glb") document.source["str_fileext"] = "obj";
      },
      "harbor#a2#/two.glb");
}

TEST_P(SpoiledTest, ADocumentOfNothingFailsTheProof) {
  ExpectRefused(
      [](std::vector<search::Document>& documents) {
        const auto one =
            std::ranges::find(documents, "harbor#a0", [](const auto& d) { return d.id; });
        if (one == documents.end()) return;
        search::Document extra = *one;
        extra.id = "harbor#nobody";
        documents.push_back(std::move(extra));
      },
      "harbor#nobody");
}

// ---- Options.

TEST_P(ReindexerTest, OneKindIsBuiltAndTheOtherStays) {
  Fill(4);
  MustRun();
  PutStale();
  bench.PutRow("a1", "/", "colour", "blue");

  const auto files = MustRun({.kinds = KindSet::kFiles});

  EXPECT_FALSE(files.contains("assets"));
  EXPECT_EQ(Number(files, "files", "success_count"), 8);
  EXPECT_TRUE(Indexed(bench.op, *index).contains("harbor#gone"));

  const auto assets = MustRun({.kinds = KindSet::kAssets});

  EXPECT_FALSE(assets.contains("files"));
  EXPECT_EQ(Number(assets, "assets", "success_count"), 4);
  ExpectTrue();
}

TEST_P(ReindexerTest, OneKindOfAnIndexThatIsNotThereBecomesBoth) {
  Fill(3);

  const auto results = MustRun({.kinds = KindSet::kFiles});

  EXPECT_TRUE(results.contains("assets"));
  ExpectTrue();
}

TEST_P(ReindexerTest, ADryRunCountsAndWritesNothing) {
  Fill(5);
  const auto before = Must(bench.items().LastChange(bench.op));

  const auto results = MustRun({.clear = true, .dry_run = true});

  EXPECT_EQ(Number(results, "assets", "total_count"), 5);
  EXPECT_EQ(Number(results, "assets", "success_count"), 0);
  EXPECT_EQ(Number(results, "files", "total_count"), 10);
  EXPECT_EQ(Found(), 0u);
  EXPECT_EQ(index->clears, 0);
  EXPECT_FALSE(HasBuild());
  EXPECT_EQ(Must(bench.items().LastChange(bench.op)), before);
}

TEST_P(ReindexerTest, ALimitRefreshesInPlaceAndLeavesTheIndexComplete) {
  Fill(5);
  MustRun();
  const auto generation = Must(index->Count(bench.op)).generation;

  const auto results = MustRun({.limit = 2});

  EXPECT_EQ(Number(results, "assets", "success_count"), 2);
  EXPECT_EQ(Number(results, "files", "success_count"), 2);
  EXPECT_EQ(Must(index->Count(bench.op)).generation, generation);
  ExpectTrue();
  const auto both = Make()->Run(bench.op, {.clear = true, .limit = 2});
  ASSERT_FALSE(both.ok());
  EXPECT_EQ(both.error().code, Code::kInvalid);
  ExpectTrue();
}

TEST_P(ReindexerTest, ClearingEmptiesFirstAndAFailureToDoesNotStopTheRun) {
  Fill(4);
  MustRun();
  std::uint64_t during = 99;
  on_phase = [&](Phase phase) {
    if (phase == Phase::kMerging) during = Found();
  };

  const auto cleared = MustRun({.clear = true});

  EXPECT_EQ(during, 0u);
  const auto& told = cleared.at("clear_indexes").as_object();
  EXPECT_EQ(told.at("asset_index").at("deleted_count").to_number<int>(), 4);
  EXPECT_EQ(told.at("file_index").at("deleted_count").to_number<int>(), 8);
  EXPECT_TRUE(told.at("file_index").at("success").as_bool());
  ExpectTrue();

  index->refuse_clear = true;
  const auto refused = MustRun({.clear = true});

  EXPECT_FALSE(refused.at("clear_indexes").at("asset_index").at("success").as_bool());
  EXPECT_THAT(std::string(refused.at("clear_indexes_error").as_string()),
              HasSubstr("clearing does not work"));
  EXPECT_EQ(during, 12u);
  ExpectTrue();
}

// ---- What went wrong upstream.

// what could not be indexed is not counted as indexed.
TEST_P(ReindexerTest, WhatCannotBeMadeIsToldAndNotCountedAsSuccess) {
  Fill(3);
  const auto place = bench.Place("a1");
  items::Item broken = objects::ObjectKey(kBucket, place.KeyOf("two.glb"));
  broken.Set("versionId", Value::S("v"));
  bench.PutItem(std::string(tables::kObjectsTable), std::move(broken));

  const auto results = MustRun();

  EXPECT_EQ(Number(results, "files", "success_count"), 5);
  EXPECT_EQ(Number(results, "files", "failed_count"), 1);
  EXPECT_EQ(Number(results, "files", "total_count"), 6);
  const auto& errors = results.at("files").at("errors").as_array();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_THAT(std::string(errors.front().as_string()), HasSubstr("harbor#a1#/two.glb"));
  EXPECT_EQ(Found(), 8u);
}

// a run writes nothing into the store, so that an interrupted one leaves nothing there.
TEST_P(ReindexerTest, NoRunWritesIntoTheStore) {
  Fill(3);
  const auto before = Must(bench.items().LastChange(bench.op));
  OpContext op;
  on_phase = [&](Phase phase) {
    if (phase == Phase::kMerging) op.Cancel();
  };
  ASSERT_FALSE(Make()->Run(op, {}).ok());
  on_phase = nullptr;

  MustRun();

  EXPECT_EQ(Must(bench.items().LastChange(bench.op)), before);
}

// objects without marks of their owner are files all the same.
TEST_P(ReindexerTest, ObjectsWithoutMarksAreIndexed) {
  Fill(1);
  Must(bench.objects().PutBytes(bench.op, bench.Place("a0").ObjectAt("plain.glb"), "x"));

  MustRun();

  EXPECT_TRUE(Indexed(bench.op, *index).contains("harbor#a0#/plain.glb"));
}

// an asset may have more files than any page of anything.
TEST_P(ReindexerTest, ManyFilesOfOneAssetAreAllIndexed) {
  bench.MakeAsset("big");
  for (int i = 0; i < 1203; ++i) bench.PutFile("big", fmt::format("f{:04}.glb", i), "x");

  const auto results = MustRun();

  EXPECT_EQ(Number(results, "files", "success_count"), 1203);
  EXPECT_EQ(Found(), 1204u);
}

// documents of what is there no more go without clearing.
TEST_P(ReindexerTest, StaleDocumentsGoWithoutClearing) {
  Fill(2);
  MustRun();
  PutStale();
  ASSERT_EQ(Found(), 7u);

  MustRun();

  EXPECT_EQ(Found(), 6u);
  ExpectTrue();
}

// two records that would give the same document do not spoil those around them.
TEST_P(ReindexerTest, AnArchivedNamesakeSpoilsNothing) {
  Fill(3);
  Must(bench.assets.Archive(bench.op, bench.caller, kDatabase, "a1", {}));
  bench.MakeAsset("a1", {.name = "Another"});

  const auto results = MustRun({.workers = 3});

  EXPECT_EQ(Number(results, "assets", "success_count"), 4);
  EXPECT_EQ(Number(results, "files", "success_count"), 6);
  ExpectTrue();
}

}  // namespace
}  // namespace vams::indexing::test
