// Bulk loads: what is there afterwards, resuming, abandoning, what is logged and refused.
#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

Item Row(int i, std::string_view note = "loaded") {
  return Part(fmt::format("p{:02}", i % 17), fmt::format("s{:05}", i),
              {{"owner", S(fmt::format("o{}", i % 5))}, {"rank", N(i % 7)}, {"note", S(note)}});
}

std::vector<Item> Rows(int from, int to, std::string_view note = "loaded") {
  std::vector<Item> rows;
  for (int i = from; i < to; ++i) rows.push_back(Row(i, note));
  return rows;
}

std::vector<Item> InKeyOrder(std::vector<Item> rows) {
  std::sort(rows.begin(), rows.end(), [](const Item& a, const Item& b) {
    return std::pair(a.Text("p"), a.Text("s")) < std::pair(b.Text("p"), b.Text("s"));
  });
  return rows;
}

std::vector<Item> Shuffled(std::vector<Item> rows, std::uint32_t seed) {
  std::shuffle(rows.begin(), rows.end(), std::mt19937(seed));
  return rows;
}

BulkOptions Options(BulkLog log = BulkLog::kNone) {
  BulkOptions options;
  options.log = log;
  // Small enough that engines which sort in runs make several.
  options.sort_memory = 64 * 1024;
  return options;
}

void AddAll(BulkLoader& loader, const std::vector<Item>& rows) {
  OpContext op;
  for (const auto& row : rows) Must(loader.Add(op, row));
}

// Every index answers, and with what the table holds.
void ExpectIndexesMatch(ItemStore& store) {
  OpContext op;
  const auto rows = ScanAll(store, "parts");
  std::size_t owned = 0;
  for (int i = 0; i < 5; ++i) {
    const Value owner = S(fmt::format("o{}", i));
    auto found = QueryAll(store, Ask("parts", "byOwner", owner));
    owned += found.size();
    for (const auto& item : found) EXPECT_EQ(*item.Find("owner"), owner);
    std::vector<Item> expected;
    for (const auto& row : rows)
      if (row.Has("owner") && *row.Find("owner") == owner) expected.push_back(row);
    EXPECT_EQ(InKeyOrder(found), expected);
  }
  EXPECT_EQ(owned, rows.size());
  EXPECT_TRUE(store.CheckIntegrity(op).ok());
}

TEST_P(ItemStoreConformance, BulkLoadFillsAnEmptyTable) {
  Create({PartsTable()});
  const auto rows = Rows(0, 3000);
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    EXPECT_EQ(loader->resumed_from(), std::nullopt);
    AddAll(*loader, Shuffled(rows, 1));
    EXPECT_EQ(Must(loader->Finish(op)), 3000u);
  }

  EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder(rows));
  EXPECT_EQ(Must(store().Count(op, "parts")), 3000u);
  EXPECT_EQ(Find("parts", KeyOf(PartsTable(), rows[1234])), rows[1234]);
  ExpectIndexesMatch(store());
}

TEST_P(ItemStoreConformance, BulkLoadedTableTakesWritesAfterwards) {
  Create({PartsTable()});
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    AddAll(*loader, Rows(0, 100));
    Must(loader->Finish(op));
  }

  Put("parts", Row(5, "changed"));
  Delete("parts", KeyOf(PartsTable(), Row(6)));
  Put("parts", Row(100, "new"));

  EXPECT_EQ(Must(store().Count(op, "parts")), 100u);
  EXPECT_EQ(Find("parts", KeyOf(PartsTable(), Row(5))), Row(5, "changed"));
  ExpectIndexesMatch(store());
}

TEST_P(ItemStoreConformance, BulkLoadOfNothingLeavesTheTableAsItWas) {
  NEEDS_LOG();
  Create({PartsTable()});
  PutAll("parts", Rows(0, 10));
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options(BulkLog::kImages)));
    EXPECT_EQ(Must(loader->Finish(op)), 0u);
  }

  EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder(Rows(0, 10)));
  ExpectIndexesMatch(store());
}

TEST_P(ItemStoreConformance, LastOfEqualKeysStaysInABulkLoad) {
  Create({PartsTable()});
  std::vector<Item> rows;
  for (int round = 0; round < 4; ++round)
    for (const auto& row : Shuffled(Rows(0, 700, fmt::format("round {}", round)), 2))
      rows.push_back(row);
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    AddAll(*loader, rows);
    const auto written = Must(loader->Finish(op));
    if (traits().bulk_isolated) {
      EXPECT_EQ(written, 700u);
    }
  }

  EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder(Rows(0, 700, "round 3")));
}

TEST_P(ItemStoreConformance, BulkLoadReplacesRowsOfTheSameKeyOnly) {
  Create({PartsTable()});
  auto old = Rows(0, 60, "old");
  for (auto& row : old) row.Set("owner", S("o9"));
  PutAll("parts", old);
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    AddAll(*loader, Rows(30, 90, "new"));
    EXPECT_EQ(Must(loader->Finish(op)), 60u);
  }

  std::vector<Item> expected(old.begin(), old.begin() + 30);
  for (const auto& row : Rows(30, 90, "new")) expected.push_back(row);
  EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder(expected));
  EXPECT_EQ(QueryAll(store(), Ask("parts", "byOwner", S("o9"))).size(), 30u);
}

TEST_P(ItemStoreConformance, EncodedItemsLoadLikeItems) {
  Create({PartsTable()});
  const auto rows = Rows(0, 500);
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    for (const auto& row : Shuffled(rows, 3)) Must(loader->AddEncoded(op, EncodeItem(row)));
    EXPECT_EQ(Must(loader->Finish(op)), 500u);
  }

  EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder(rows));
  ExpectIndexesMatch(store());
}

TEST_P(ItemStoreConformance, BulkLoadRefusesBadItemsNamesThemAndGoesOn) {
  Create({PartsTable()});
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    Must(loader->Add(op, Row(1)));
    EXPECT_CODE(kInvalid, loader->Add(op, Item{{"p", S("a")}}));
    EXPECT_CODE(kInvalid, loader->AddEncoded(op, EncodeItem(Item{{"s", S("a")}})));
    EXPECT_CODE(kInvalid, loader->Add(op, Part("a", "1", {{"set", Value::SS({})}})));
    const auto refused = loader->Add(op, Part("culprit", "sought", {{"rank", S("text")}}));
    ASSERT_TRUE(HasCode(refused, Code::kInvalid));
    EXPECT_NE(refused.error().message.find("culprit"), std::string::npos)
        << refused.error().message;
    EXPECT_NE(refused.error().message.find("sought"), std::string::npos) << refused.error().message;
    Must(loader->Add(op, Row(2)));
    EXPECT_EQ(Must(loader->Finish(op)), 2u);
  }

  EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder({Row(1), Row(2)}));
}

TEST_P(ItemStoreConformance, TableOfAnUnfinishedLoadIsReadByKeyButNotByIndex) {
  Create({PartsTable(), FlatTable()});
  PutAll("parts", Rows(0, 20, "old"));
  auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
  AddAll(*loader, Rows(100, 120));

  if (traits().bulk_isolated) {
    EXPECT_CODE(kUnavailable, store().Query(op, Ask("parts", "byOwner", S("o1"))));
    EXPECT_CODE(kUnavailable, store().Query(op, Ask("parts", "byTag", S("p01"))));
  }
  EXPECT_EQ(Find("parts", KeyOf(PartsTable(), Row(3))), Row(3, "old"));
  EXPECT_GE(ScanAll(store(), "parts").size(), 20u);
  EXPECT_GE(QueryAll(store(), Ask("parts", "", S("p01"))).size(), 2u);

  loader.reset();
  if (traits().bulk_isolated) {
    EXPECT_CODE(kUnavailable, store().Query(op, Ask("parts", "byOwner", S("o1"))));
  }
  loader = Must(store().OpenBulkLoad(op, "parts", Options()));
  Must(loader->Finish(op));
  EXPECT_TRUE(store().Query(op, Ask("parts", "byOwner", S("o1"))).ok());
}

// ---- One load at a time, resuming, abandoning
// ------------------------------------------------------

TEST_P(ItemStoreConformance, ATableHasOneLoadAtATime) {
  Create({PartsTable(), FlatTable()});
  auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
  auto other_name = Options();
  other_name.name = "other";

  EXPECT_CODE(kConflict, store().OpenBulkLoad(op, "parts", Options()));
  EXPECT_CODE(kConflict, store().OpenBulkLoad(op, "parts", other_name));
  EXPECT_TRUE(store().OpenBulkLoad(op, "flat", Options()).ok());

  loader.reset();
  EXPECT_CODE(kConflict, store().OpenBulkLoad(op, "parts", other_name));
  loader = Must(store().OpenBulkLoad(op, "parts", Options()));
  Must(loader->Finish(op));
  loader.reset();
  EXPECT_TRUE(store().OpenBulkLoad(op, "parts", other_name).ok());
}

TEST_P(ItemStoreConformance, LoadGoesOnBehindItsLastCheckpoint) {
  Create({PartsTable()});
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    AddAll(*loader, Shuffled(Rows(0, 500), 4));
    Must(loader->Checkpoint(op, "first"));
    AddAll(*loader, Shuffled(Rows(500, 1000), 5));
    Must(loader->Checkpoint(op, "up to 1000"));
    AddAll(*loader, Rows(1000, 1100, "lost"));
  }
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    EXPECT_EQ(loader->resumed_from(), "up to 1000");
    // What was lost stays lost, unless the engine may have kept it: then it is added again.
    const int from = traits().bulk_isolated ? 1050 : 1000;
    AddAll(*loader, Rows(from, 1500));
    const auto written = Must(loader->Finish(op));
    if (traits().bulk_isolated) {
      EXPECT_EQ(written, 1450u);
    }
  }

  auto expected = Rows(0, 1000);
  for (const auto& row : Rows(traits().bulk_isolated ? 1050 : 1000, 1500)) expected.push_back(row);
  EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder(expected));
  ExpectIndexesMatch(store());
}

TEST_P(ItemStoreConformance, LoadWithoutCheckpointStartsOver) {
  Create({PartsTable()});
  { AddAll(*Must(store().OpenBulkLoad(op, "parts", Options())), Rows(0, 50, "lost")); }
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    EXPECT_EQ(loader->resumed_from(), std::nullopt);
    AddAll(*loader, Rows(10, 20));
    EXPECT_EQ(Must(loader->Finish(op)), 10u);
  }

  if (traits().bulk_isolated) {
    EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder(Rows(10, 20)));
  }
  EXPECT_EQ(Find("parts", KeyOf(PartsTable(), Row(15))), Row(15));
}

TEST_P(ItemStoreConformance, LaterItemsReplaceThoseBeforeTheCheckpoint) {
  Create({PartsTable()});
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    AddAll(*loader, Rows(0, 40, "before"));
    Must(loader->Checkpoint(op, ""));
  }
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    EXPECT_EQ(loader->resumed_from(), "");
    AddAll(*loader, Rows(20, 60, "after"));
    const auto written = Must(loader->Finish(op));
    if (traits().bulk_isolated) {
      EXPECT_EQ(written, 60u);
    }
  }

  auto expected = Rows(0, 20, "before");
  for (const auto& row : Rows(20, 60, "after")) expected.push_back(row);
  EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder(expected));
}

TEST_P(ItemStoreConformance, FinishedLoadIsNotResumed) {
  Create({PartsTable()});
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    AddAll(*loader, Rows(0, 10));
    Must(loader->Checkpoint(op, "token"));
    Must(loader->Finish(op));
  }
  auto again = Must(store().OpenBulkLoad(op, "parts", Options()));

  EXPECT_EQ(again->resumed_from(), std::nullopt);
  EXPECT_EQ(Must(again->Finish(op)), 0u);
  EXPECT_EQ(Must(store().Count(op, "parts")), 10u);
}

TEST_P(ItemStoreConformance, AbandonedLoadIsForgottenAndTheIndexesAnswerAgain) {
  Create({PartsTable()});
  PutAll("parts", Rows(0, 30, "old"));
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    AddAll(*loader, Rows(100, 400));
    Must(loader->Checkpoint(op, "token"));
    EXPECT_CODE(kConflict, store().AbandonBulkLoad(op, "parts"));
  }

  Must(store().AbandonBulkLoad(op, "parts"));

  EXPECT_EQ(Find("parts", KeyOf(PartsTable(), Row(7))), Row(7, "old"));
  ExpectIndexesMatch(store());
  EXPECT_CODE(kNotFound, store().AbandonBulkLoad(op, "parts"));
  auto other = Options();
  other.name = "other";
  auto loader = Must(store().OpenBulkLoad(op, "parts", other));
  EXPECT_EQ(loader->resumed_from(), std::nullopt);
  AddAll(*loader, {Row(500)});
  EXPECT_EQ(Must(loader->Finish(op)), 1u);
}

TEST_P(ItemStoreConformance, DropTableForgetsItsUnfinishedLoad) {
  Create({PartsTable()});
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
    AddAll(*loader, Rows(0, 100));
    Must(loader->Checkpoint(op, "token"));
  }

  Must(store().DropTable(op, "parts"));
  Create({PartsTable()});

  EXPECT_TRUE(QueryAll(store(), Ask("parts", "byOwner", S("o1"))).empty());
  auto loader = Must(store().OpenBulkLoad(op, "parts", Options()));
  EXPECT_EQ(loader->resumed_from(), std::nullopt);
  EXPECT_EQ(Must(loader->Finish(op)), 0u);
  EXPECT_EQ(Must(store().Count(op, "parts")), 0u);
}

// ---- Sorted loads
// ----------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, SortedLoadTakesWhatAScanGives) {
  auto copy = PartsTable();
  copy.name = "copies";
  Create({PartsTable(), copy});
  PutAll("parts", Shuffled(Rows(0, 1500), 6));
  auto options = Options();
  options.sorted = true;
  {
    auto loader = Must(store().OpenBulkLoad(op, "copies", options));
    std::string after;
    do {
      after = Must(store().ScanEncoded(op, "parts", {}, after, 200, [&](std::string_view encoded) {
        return loader->AddEncoded(op, encoded);
      }));
    } while (!after.empty());
    EXPECT_EQ(Must(loader->Finish(op)), 1500u);
  }

  EXPECT_EQ(ScanAll(store(), "copies"), ScanAll(store(), "parts"));
  EXPECT_EQ(QueryAll(store(), Ask("copies", "byOwner", S("o1"))),
            QueryAll(store(), Ask("parts", "byOwner", S("o1"))));
}

TEST_P(ItemStoreConformance, SortedLoadRefusesItemsThatDoNotAscend) {
  Create({PartsTable()});
  auto options = Options();
  options.sorted = true;
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", options));
    Must(loader->Add(op, Part("b", "2")));
    if (!traits().bulk_isolated) GTEST_SKIP() << "loads take any order";
    EXPECT_CODE(kInvalid, loader->Add(op, Part("b", "1")));
    EXPECT_CODE(kInvalid, loader->Add(op, Part("a", "9")));
    Must(loader->Add(op, Part("b", "3")));
    Must(loader->Add(op, Part("c", "1")));
    EXPECT_EQ(Must(loader->Finish(op)), 3u);
  }

  EXPECT_EQ(Texts(ScanAll(store(), "parts"), "s"), "2 3 1");
}

TEST_P(ItemStoreConformance, SortedLoadOrdersNumbersByValue) {
  TableSpec spec{.name = "numbers",
                 .partition = {"n", Kind::kN},
                 .sort = {},
                 .indexes = {},
                 .ttl_attribute = ""};
  Create({spec});
  auto options = Options();
  options.sorted = true;
  auto loader = Must(store().OpenBulkLoad(op, "numbers", options));
  for (const auto* n : {"-10", "-9", "-0.5", "0", "0.1", "9", "10", "1e100"})
    EXPECT_TRUE(loader->Add(op, Item{{"n", Number(n)}}).ok()) << n;

  if (traits().bulk_isolated) {
    EXPECT_CODE(kInvalid, loader->Add(op, Item{{"n", N(11)}}));
  }
  EXPECT_EQ(Must(loader->Finish(op)), 8u);
}

TEST_P(ItemStoreConformance, SortedLoadIsResumed) {
  Create({PartsTable()});
  auto options = Options();
  options.sorted = true;
  const auto rows = InKeyOrder(Rows(0, 1200));
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", options));
    AddAll(*loader, {rows.begin(), rows.begin() + 700});
    Must(loader->Checkpoint(op, "700"));
    AddAll(*loader, {rows.begin() + 700, rows.begin() + 900});
  }
  {
    auto loader = Must(store().OpenBulkLoad(op, "parts", options));
    EXPECT_EQ(loader->resumed_from(), "700");
    AddAll(*loader, {rows.begin() + 700, rows.end()});
    const auto written = Must(loader->Finish(op));
    if (traits().bulk_isolated) {
      EXPECT_EQ(written, 1200u);
    }
  }

  EXPECT_EQ(ScanAll(store(), "parts"), rows);
  ExpectIndexesMatch(store());
}

// ---- What is logged
// --------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, BulkLoadLogsAsMuchAsAsked) {
  NEEDS_LOG();
  for (const BulkLog log : {BulkLog::kNone, BulkLog::kKeys, BulkLog::kImages}) {
    Create({PartsTable()});
    PutAll("parts", Rows(0, 10, "old"));
    const Position before = LastChange();
    clock.Set(5'000);
    {
      auto loader = Must(store().OpenBulkLoad(op, "parts", Options(log)));
      AddAll(*loader, Rows(5, 15, "twice"));
      AddAll(*loader, Shuffled(Rows(5, 15, "new"), 7));
      Must(loader->Finish(op));
    }

    auto changes = ChangesAfter(before);
    ASSERT_EQ(changes.size(), log == BulkLog::kNone ? 0u : 10u);
    EXPECT_EQ(LastChange(), before + changes.size());
    std::sort(changes.begin(), changes.end(),
              [](const Change& a, const Change& b) { return a.key.Text("s") < b.key.Text("s"); });
    for (std::size_t i = 0; i < changes.size(); ++i) {
      const auto& change = changes[i];
      const int row = 5 + static_cast<int>(i);
      EXPECT_EQ(change.key, KeyOf(PartsTable(), Row(row)));
      EXPECT_EQ(change.table, "parts");
      EXPECT_EQ(change.op, Change::Op::kPut);
      EXPECT_EQ(change.at_millis, 5'000);
      EXPECT_EQ(change.has_images, log == BulkLog::kImages);
      if (log == BulkLog::kImages) {
        EXPECT_EQ(change.before, row < 10 ? std::optional(Row(row, "old")) : std::nullopt);
        EXPECT_EQ(change.after, Row(row, "new"));
      } else {
        EXPECT_EQ(change.before, std::nullopt);
        EXPECT_EQ(change.after, std::nullopt);
      }
    }
    Must(store().DropTable(op, "parts"));
  }
}

// Engines write many rows at once: one that is there already, anywhere among them, must neither be
// lost nor take its neighbours with it, and the log must tell the two kinds apart.
TEST_P(ItemStoreConformance, BulkLoadAmongRowsOfTheSameKeysLogsEveryRow) {
  NEEDS_LOG();
  for (const BulkLog log : {BulkLog::kKeys, BulkLog::kImages}) {
    Create({PartsTable()});
    std::vector<Item> old;
    for (int i = 0; i < 1000; i += 97) old.push_back(Row(i, "old"));
    PutAll("parts", old);
    const Position before = LastChange();
    {
      auto loader = Must(store().OpenBulkLoad(op, "parts", Options(log)));
      AddAll(*loader, Rows(0, 1000));
      EXPECT_EQ(Must(loader->Finish(op)), 1000u);
    }

    EXPECT_EQ(ScanAll(store(), "parts"), InKeyOrder(Rows(0, 1000)));
    ExpectIndexesMatch(store());
    std::vector<Item> keys, replaced, written;
    for (const auto& change : ChangesAfter(before)) {
      EXPECT_EQ(change.has_images, log == BulkLog::kImages);
      keys.push_back(change.key);
      if (change.before) replaced.push_back(*change.before);
      if (change.after) written.push_back(*change.after);
    }
    std::vector<Item> expected;
    for (const auto& row : Rows(0, 1000)) expected.push_back(KeyOf(PartsTable(), row));
    EXPECT_EQ(InKeyOrder(keys), InKeyOrder(expected));
    if (log == BulkLog::kImages) {
      EXPECT_EQ(InKeyOrder(replaced), InKeyOrder(old));
      EXPECT_EQ(InKeyOrder(written), InKeyOrder(Rows(0, 1000)));
    } else {
      EXPECT_TRUE(replaced.empty());
      EXPECT_TRUE(written.empty());
    }
    Must(store().DropTable(op, "parts"));
  }
}

}  // namespace
}  // namespace vams::items::conformance
