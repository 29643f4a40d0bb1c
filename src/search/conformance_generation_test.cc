// Building a generation beside the serving one, and everything at once: searches, writes, a swap.
#include <atomic>
#include <chrono>
#include <string>
#include <thread>

#include "search/conformance.h"

namespace vams::search::conformance {
namespace {

Document Named(std::string_view id, std::string_view name) {
  return Asset("db", id, {{"str_assetname", name}});
}

void Fill(Builder& builder, std::string name, const std::vector<Document>& documents) {
  OpContext op;
  auto segment = Must(builder.OpenSegment(op, std::move(name)));
  for (const Document& document : documents) Must(segment->Add(op, std::span(&document, 1)));
  Must(segment->Close(op));
}

}  // namespace

TEST_P(IndexConformance, OldGenerationServesUntilTheSwap) {
  Put({Named("a", "old"), Named("b", "old")});
  const std::string before = Must(index().Count(op)).generation;
  auto builder = Must(index().StartBuild(op, {.position = position}));
  Fill(*builder, "2", {Named("c", "fresh")});
  Fill(*builder, "1", {Named("a", "fresh"), File("db", "a", "/x")});

  EXPECT_FALSE(builder->finished());
  Must(builder->Finish(op));
  EXPECT_TRUE(builder->finished());
  EXPECT_EQ(Found({}), IdSet({"db#a", "db#b"}));
  EXPECT_EQ(FoundByText("fresh"), IdSet());
  EXPECT_EQ(AllIds(*builder).size(), 3u);
  EXPECT_EQ(Must(builder->Count(op)).files, 1u);
  EXPECT_EQ(Must(builder->Find(op, "db#a"))->asset_name, "fresh");
  EXPECT_EQ(Must(builder->GetPosition(op)), position);
  EXPECT_TRUE(Must(builder->Check(op)).empty());
  Must(builder->Swap(op));

  EXPECT_EQ(Found({}), IdSet({"db#a", "db#c", "db#a#/x"}));
  EXPECT_EQ(FoundByText("old"), IdSet());
  EXPECT_EQ(FoundByText("fresh"), IdSet({"db#a", "db#c"}));
  EXPECT_NE(Must(index().Count(op)).generation, before);
  EXPECT_EQ(Must(index().GetPosition(op)), position);
  EXPECT_TRUE(Must(index().Check(op)).empty());
  Put({Named("d", "later")});
  EXPECT_EQ(FoundByText("later"), IdSet({"db#d"}));
  EXPECT_CODE(kNotFound, index().ResumeBuild(op));
}

TEST_P(IndexConformance, ANewGenerationCatchesUpBeforeItServes) {
  Put({Named("a", "one"), Named("b", "one")});
  auto builder = Must(index().StartBuild(op, {.position = position}));
  Fill(*builder, "s", {Named("a", "one"), Named("b", "one")});
  const std::vector<Write> change = {Write::Remove("db#a"), Write::Put(Named("b", "two"))};
  Must(index().Apply(op, change, ++position));
  Must(builder->Finish(op));

  EXPECT_CODE(kConflict, builder->Swap(op));
  EXPECT_EQ(FoundByText("two"), IdSet({"db#b"}));
  Must(builder->Apply(op, change, position));
  EXPECT_EQ(AllIds(*builder), AllIds(index()));
  Must(builder->Swap(op));

  EXPECT_EQ(FoundByText("two"), IdSet({"db#b"}));
  EXPECT_EQ(Found({}), IdSet({"db#b"}));
}

TEST_P(IndexConformance, ABuildOfOneKindTakesOverTheOther) {
  Put({Named("a", "old"), File("db", "a", "/old"), File("db", "a", "/kept")});
  auto builder = Must(index().StartBuild(op, {.kinds = KindSet::kAssets, .position = position}));
  Fill(*builder, "s", {Named("n", "fresh")});
  Must(builder->Finish(op));
  Must(builder->Swap(op));

  EXPECT_EQ(Found({}), IdSet({"db#n", "db#a#/old", "db#a#/kept"}));
  EXPECT_EQ(FoundByText("kept"), IdSet({"db#a#/kept"}));
  EXPECT_EQ(FoundByText("fresh"), IdSet({"db#n"}));
}

TEST_P(IndexConformance, AnEmptyBuildIsAnEmptyIndex) {
  Put({Named("a", "old")});
  auto builder = Must(index().StartBuild(op, {.position = position}));
  Must(builder->Finish(op));
  Must(builder->Swap(op));

  EXPECT_EQ(Found({}), IdSet());
  Put({Named("b", "x")});
  EXPECT_EQ(Found({}), IdSet({"db#b"}));
}

TEST_P(IndexConformance, BuildsComeOneAtATimeAndInOrder) {
  auto builder = Must(index().StartBuild(op, {}));
  EXPECT_CODE(kConflict, index().StartBuild(op, {}));
  EXPECT_CODE(kConflict, index().ResumeBuild(op));
  EXPECT_CODE(kConflict, builder->Swap(op));
  EXPECT_CODE(kConflict, builder->Apply(op, {}, 1));
  EXPECT_CODE(kConflict, builder->Count(op));
  auto open = Must(builder->OpenSegment(op, "s"));
  EXPECT_CODE(kConflict, builder->OpenSegment(op, "s"));
  Must(open->Close(op));
  EXPECT_CODE(kConflict, builder->OpenSegment(op, "s"));
  EXPECT_CODE(kInvalid, builder->OpenSegment(op, std::string(513, 's')));
  open.reset();
  Must(builder->Finish(op));
  EXPECT_CODE(kConflict, builder->OpenSegment(op, "t"));

  Must(builder->Drop(op));
  builder.reset();
  EXPECT_CODE(kNotFound, index().ResumeBuild(op));
  Must(index().StartBuild(op, {}));
}

TEST_P(IndexConformance, AnInterruptedBuildIsResumedWithoutItsOpenSegments) {
  Put({Named("a", "old")});
  const BuildOptions options{.kinds = KindSet::kAssets, .position = position};
  auto builder = Must(index().StartBuild(op, options));
  Fill(*builder, "done/\xc3\xa9", {Named("x", "fresh")});
  auto open = Must(builder->OpenSegment(op, "half"));
  const std::vector<Document> lost = {Named("y", "lost")};
  Must(open->Add(op, lost));
  open.reset();
  builder.reset();
  if (persists() && traits().resumes_builds) Reopen();
  EXPECT_EQ(Found({}), IdSet({"db#a"}));

  builder = Must(index().ResumeBuild(op));
  EXPECT_EQ(Must(builder->ClosedSegments(op)), Ids({"done/\xc3\xa9"}));
  EXPECT_EQ(builder->options().position, options.position);
  EXPECT_EQ(builder->options().kinds, options.kinds);
  Fill(*builder, "half", {Named("z", "fresh")});
  Must(builder->Finish(op));
  builder.reset();
  if (persists() && traits().resumes_builds) Reopen();
  builder = Must(index().ResumeBuild(op));
  EXPECT_TRUE(builder->finished());
  Must(builder->Swap(op));

  EXPECT_EQ(FoundByText("fresh"), IdSet({"db#x", "db#z"}));
  EXPECT_EQ(Found({}), IdSet({"db#x", "db#z"}));
  if (persists()) {
    Reopen();
    EXPECT_EQ(Found({}), IdSet({"db#x", "db#z"}));
  }
}

TEST_P(IndexConformance, StartingAnewDropsWhatWasLeft) {
  auto builder = Must(index().StartBuild(op, {}));
  Fill(*builder, "s", {Named("a", "old")});
  builder.reset();

  builder = Must(index().StartBuild(op, {.position = 9}));
  EXPECT_TRUE(Must(builder->ClosedSegments(op)).empty());
  Must(builder->Finish(op));
  EXPECT_EQ(Must(builder->Count(op)).assets, 0u);
  EXPECT_EQ(Must(builder->GetPosition(op)), 9u);
}

TEST_P(IndexConformance, SegmentsAreFilledSideBySide) {
  auto builder = Must(index().StartBuild(op, {}));
  constexpr int kWorkers = 3;
  constexpr int kEach = 40;
  std::vector<std::thread> workers;
  for (int w = 0; w < kWorkers; ++w)
    workers.emplace_back([&, w] {
      std::vector<Document> documents;
      for (int i = 0; i < kEach; ++i)
        documents.push_back(Named(std::to_string(w * kEach + i), "pump"));
      Fill(*builder, "segment" + std::to_string(w), documents);
    });
  for (auto& worker : workers) worker.join();
  Must(builder->Finish(op));
  Must(builder->Swap(op));

  EXPECT_EQ(FoundByText("pump").size(), static_cast<std::size_t>(kWorkers * kEach));
  EXPECT_EQ(AllIds(index()).size(), static_cast<std::size_t>(kWorkers * kEach));
}

// Every commit writes the same number into all of its documents and into the position: a search
// that sees two numbers, or a number and another position, saw half of a commit.
TEST_P(IndexConformance, SearchesSeeWholeCommitsWhileOthersWriteAndSwap) {
  constexpr int kDocuments = 6;
  const auto commit = [](std::uint64_t number) {
    std::vector<Document> documents;
    for (int i = 0; i < kDocuments; ++i)
      documents.push_back(
          Asset("db", std::to_string(i), {{"str_assetname", "pump"}, {"num_filesize", number}}));
    return documents;
  };
  Put(commit(1));
  std::atomic<bool> done = false;
  std::atomic<int> searches = 0;
  const auto search = [&] {
    OpContext mine;
    const Rules rules("all", [](const AccessClass&) { return AccessFilter::Verdict::kAllow; });
    Request request{.text = ParseText("pump", true, Stemming::kNone), .access = &rules};
    request.facets = {"str_databaseid"};
    while (!done) {
      const auto answer = index().Search(mine, request);
      ASSERT_TRUE(answer.ok()) << answer.error().message << " " << answer.error().details;
      ASSERT_EQ(answer->hits.size(), static_cast<std::size_t>(kDocuments));
      ASSERT_EQ(answer->total, static_cast<std::uint64_t>(kDocuments));
      ASSERT_EQ(answer->facets.at(0).buckets.at(0).count, static_cast<std::uint64_t>(kDocuments));
      for (const Hit& hit : answer->hits) {
        const auto number = hit.document.source.at("num_filesize").to_number<std::uint64_t>();
        if (traits().position_in_commit) {
          ASSERT_EQ(number, answer->position);
        }
      }
      ++searches;
    }
  };
  std::thread first(search);
  std::thread second(search);
  for (std::uint64_t number = 2; number <= 24; ++number) {
    Put(commit(number));
    if (number % 8 != 0) continue;
    auto builder = Must(index().StartBuild(op, {.position = position}));
    Fill(*builder, "s", commit(number));
    Must(builder->Finish(op));
    Must(builder->Swap(op));
  }
  while (searches < 10 && !HasFailure()) std::this_thread::yield();
  done = true;
  first.join();
  second.join();

  EXPECT_EQ(Must(index().GetPosition(op)), 24u);
}

}  // namespace vams::search::conformance
