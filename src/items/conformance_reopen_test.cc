// What survives closing and opening; only for engines that persist.
#include <fmt/format.h>

#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

#define NEEDS_REOPEN() \
  if (!persists()) GTEST_SKIP() << "this engine keeps nothing"

std::vector<Item> Rows(int from, int to) {
  std::vector<Item> rows;
  for (int i = from; i < to; ++i)
    rows.push_back(
        Part("p", fmt::format("{:05}", i),
             {{"owner", S("o")}, {"rank", N(i)}, {"blob", B(Raw("\0\xff"))}, {"expires", N(i)}}));
  return rows;
}

TEST_P(ItemStoreConformance, TablesItemsAndIndexesSurviveReopening) {
  NEEDS_TIME_TO_LIVE();
  NEEDS_REOPEN();
  Create({PartsTable(), KeyedTable(Kind::kN), FlatTable("gone")});
  const auto rows = Rows(0, 50);
  PutAll("parts", rows);
  Put("keyed",
      Item{{"p", S("a")}, {"k", Number("-1.5")}, {"group", S("g")}, {"v", Number("1e100")}});
  Must(store().DropTable(op, "gone"));

  Reopen();

  EXPECT_EQ(Plain(Must(store().Tables(op))),
            (std::vector{Plain(KeyedTable(Kind::kN)), Plain(PartsTable())}));
  EXPECT_EQ(ScanAll(store(), "parts"), rows);
  EXPECT_EQ(QueryAll(store(), Ask("parts", "byOwner", S("o"))), rows);
  EXPECT_EQ(QueryAll(store(), Ask("keyed", "mirror", S("g"))).size(), 1u);
  EXPECT_EQ(Must(store().Expire(op, "parts", 9, 100)), 10u);
  EXPECT_TRUE(store().CheckIntegrity(op).ok());
  EXPECT_CODE(kConflict, store().CreateTables(op, std::vector{FlatTable("PARTS")}));
}

TEST_P(ItemStoreConformance, CursorsAndSegmentsSurviveReopening) {
  NEEDS_REOPEN();
  Create({PartsTable()});
  const auto rows = Rows(0, 2000);
  PutAll("parts", rows);
  auto request = Ask("parts", "byOwner", S("o"));
  request.limit = 700;
  request.after = Must(store().Query(op, request)).next;
  const auto segments = Must(store().SplitScan(op, "parts", 3));

  Reopen();

  EXPECT_EQ(QueryAll(store(), request), (std::vector<Item>{rows.begin() + 700, rows.end()}));
  std::size_t covered = 0;
  for (const auto& segment : segments) covered += ScanSegment(store(), "parts", segment).size();
  EXPECT_EQ(covered, rows.size());
}

TEST_P(ItemStoreConformance, ChangeLogSurvivesReopening) {
  NEEDS_LOG();
  NEEDS_REOPEN();
  Create({PartsTable(), FlatTable("dropped")});
  PutAll("parts", Rows(0, 10));
  Put("dropped", Item{{"id", S("x")}});
  Must(store().DropTable(op, "dropped"));
  const auto before = ChangesAfter(0);

  Reopen();

  EXPECT_EQ(LastChange(), 11u);
  const auto after = ChangesAfter(0);
  ASSERT_EQ(after.size(), before.size());
  for (std::size_t i = 0; i < after.size(); ++i) {
    EXPECT_EQ(Show(after[i]), Show(before[i]));
    EXPECT_EQ(after[i].at_millis, before[i].at_millis);
  }
  Put("parts", Part("a", "next"));
  EXPECT_EQ(LastChange(), 12u);
}

TEST_P(ItemStoreConformance, ConsumersAndTrimmedFloorSurviveReopening) {
  NEEDS_LOG();
  NEEDS_REOPEN();
  Create({PartsTable()});
  PutAll("parts", Rows(0, 10));
  Must(store().AddConsumer(op, "search", 0));
  Must(Commit({}, Advance{"search", 6}));
  Must(store().TrimChanges(op, 5));

  Reopen();

  const auto consumers = Must(store().Consumers(op));
  ASSERT_EQ(consumers.size(), 1u);
  EXPECT_EQ(consumers[0].name, "search");
  EXPECT_EQ(consumers[0].position, 6u);
  EXPECT_CODE(kNotFound, store().ReadChanges(op, 4, 10));
  EXPECT_EQ(ChangesAfter(5).size(), 5u);
  EXPECT_EQ(Must(store().TrimChanges(op, 100)).trimmed_to, 6u);
}

TEST_P(ItemStoreConformance, PositionsGoOnAfterReopeningAWhollyTrimmedLog) {
  NEEDS_LOG();
  NEEDS_REOPEN();
  Create({PartsTable()});
  PutAll("parts", Rows(0, 10));
  Must(store().TrimChanges(op, 10));

  Reopen();

  EXPECT_EQ(LastChange(), 10u);
  EXPECT_TRUE(ChangesAfter(10).empty());
  Put("parts", Part("a", "next"));
  EXPECT_EQ(ChangesAfter(10).at(0).position, 11u);
}

TEST_P(ItemStoreConformance, UnfinishedLoadSurvivesReopening) {
  NEEDS_LOG();
  NEEDS_REOPEN();
  Create({PartsTable(), FlatTable()});
  PutAll("parts", Rows(0, 5));
  BulkOptions options;
  options.log = BulkLog::kKeys;
  options.sort_memory = 64 * 1024;
  const auto rows = Rows(0, 1500);
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", options));
    for (int i = 0; i < 1000; ++i) Must(loader->Add(op, rows[static_cast<std::size_t>(i)]));
    Must(loader->Checkpoint(op, Raw("token\0\xff")));
    for (int i = 1000; i < 1100; ++i) Must(loader->Add(op, rows[static_cast<std::size_t>(i)]));
  }

  Reopen();

  if (traits().bulk_isolated) {
    EXPECT_CODE(kUnavailable, store().Query(op, Ask("parts", "byOwner", S("o"))));
  }
  auto other = options;
  other.name = "other";
  EXPECT_CODE(kConflict, store().OpenBulkLoad(op, "parts", other));
  auto loader = Must(store().OpenBulkLoad(op, "parts", options));
  EXPECT_EQ(loader->resumed_from(), Raw("token\0\xff"));
  for (int i = 1000; i < 1500; ++i) Must(loader->Add(op, rows[static_cast<std::size_t>(i)]));
  const auto written = Must(loader->Finish(op));
  if (traits().bulk_isolated) {
    EXPECT_EQ(written, 1500u);
  }
  loader.reset();

  Reopen();

  EXPECT_EQ(ScanAll(store(), "parts"), rows);
  EXPECT_EQ(QueryAll(store(), Ask("parts", "byOwner", S("o"))), rows);
  if (traits().bulk_isolated) {
    EXPECT_EQ(ChangesAfter(5).size(), 1500u);
  }
  EXPECT_TRUE(store().CheckIntegrity(op).ok());
}

TEST_P(ItemStoreConformance, AbandonedLoadStaysForgottenAfterReopening) {
  NEEDS_LOG();
  NEEDS_REOPEN();
  Create({PartsTable()});
  PutAll("parts", Rows(0, 5));
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", {}));
    Must(loader->Add(op, Part("new", "1")));
    Must(loader->Checkpoint(op, "token"));
  }
  Reopen();
  Must(store().AbandonBulkLoad(op, "parts"));

  Reopen();

  if (traits().bulk_isolated) {
    EXPECT_EQ(QueryAll(store(), Ask("parts", "byOwner", S("o"))), Rows(0, 5));
  }
  EXPECT_EQ(Must(store().OpenBulkLoad(op, "parts", {}))->resumed_from(), std::nullopt);
}

}  // namespace
}  // namespace vams::items::conformance
