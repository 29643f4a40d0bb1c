// The change log: order, images, consumers, trimming, exactly-once processing; and expiry, which
// writes to it.
#include <algorithm>

#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

using Op = Mutation::Op;

Item Flat(std::string_view id, std::int64_t v) { return Item{{"id", S(id)}, {"v", N(v)}}; }
Item FlatKey(std::string_view id) { return Item{{"id", S(id)}}; }

TEST_P(ItemStoreConformance, EveryWriteIsLoggedWithItsImages) {
  NEEDS_LOG();
  Create({PartsTable()});
  const Item key = PartKey("a", "1");
  const Item one = Part("a", "1", {{"v", N(1)}, {"owner", S("ann")}, {"rank", N(7)}});
  const Item two = Part("a", "1", {{"w", Value::SS({"x"})}});
  const Item three = Part("a", "1", {{"w", Value::SS({"x"})}, {"v", N(3)}});
  clock.Set(1'000);
  Put("parts", one);
  clock.Set(2'000);
  Put("parts", two);
  Must(Commit({Write::Update("parts", key, {{Op::kSet, "v", N(3)}})}));
  clock.Set(3'000);
  Delete("parts", key);

  const auto changes = ChangesAfter(0);

  ASSERT_EQ(changes.size(), 4u);
  const std::vector<std::optional<Item>> images{std::nullopt, one, two, three, std::nullopt};
  const std::vector<std::int64_t> times{1'000, 2'000, 2'000, 3'000};
  for (std::size_t i = 0; i < 4; ++i) {
    EXPECT_EQ(changes[i].position, i + 1);
    EXPECT_EQ(changes[i].table, "parts");
    EXPECT_EQ(changes[i].key, key);
    EXPECT_EQ(changes[i].op, i == 3 ? Change::Op::kDelete : Change::Op::kPut);
    EXPECT_TRUE(changes[i].has_images);
    EXPECT_EQ(changes[i].before, images[i]);
    EXPECT_EQ(changes[i].after, images[i + 1]);
    EXPECT_EQ(changes[i].at_millis, times[i]);
  }
}

TEST_P(ItemStoreConformance, UpdateThatCreatesIsLoggedWithoutABeforeImage) {
  NEEDS_LOG();
  Create({FlatTable()});

  Must(Commit({Write::Update("flat", FlatKey("a"), {{Op::kAdd, "v", N(1)}})}));

  const auto changes = ChangesAfter(0);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].before, std::nullopt);
  EXPECT_EQ(changes[0].after, Flat("a", 1));
}

TEST_P(ItemStoreConformance, PutOfAnEqualItemIsLogged) {
  NEEDS_LOG();
  Create({FlatTable()});
  Put("flat", Flat("a", 1));

  const auto result = Must(Commit({Write::Put("flat", Flat("a", 1))}));

  EXPECT_EQ(result.position, 2u);
  const auto changes = ChangesAfter(1);
  ASSERT_EQ(changes.size(), 1u);
  EXPECT_EQ(changes[0].before, changes[0].after);
}

TEST_P(ItemStoreConformance, ChangesOfACommitAreInTheOrderOfItsWrites) {
  NEEDS_LOG();
  Create({FlatTable("one"), FlatTable("two")});
  Put("one", Flat("gone", 0));

  const auto result = Must(Commit(
      {Write::Put("two", Flat("z", 1)), Write::Delete("one", FlatKey("gone")),
       Write::Delete("one", FlatKey("never")), Write::Put("one", Flat("a", 2)),
       Write::Check("one", FlatKey("q"), {Condition::Absent()}), Write::Put("two", Flat("b", 3))}));

  const auto changes = ChangesAfter(1);
  ASSERT_EQ(changes.size(), 4u);
  EXPECT_EQ(Texts({changes[0].key, changes[1].key, changes[2].key, changes[3].key}, "id"),
            "z gone a b");
  EXPECT_EQ(changes[3].table, "two");
  EXPECT_EQ(changes[3].position, result.position);
  EXPECT_EQ(result.position, LastChange());
}

TEST_P(ItemStoreConformance, RefusedCommitsLeaveNoGapInTheLog) {
  NEEDS_LOG();
  Create({FlatTable()});
  Put("flat", Flat("a", 1));

  EXPECT_CODE(kConflict, Commit({Write::Put("flat", Flat("b", 1)),
                                 Write::Put("flat", Flat("a", 2), {Condition::Absent()})}));
  Put("flat", Flat("c", 1));

  const auto changes = ChangesAfter(0);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[1].position, 2u);
  EXPECT_EQ(changes[1].key, FlatKey("c"));
}

TEST_P(ItemStoreConformance, ChangesComeInPages) {
  NEEDS_LOG();
  Create({FlatTable()});
  for (int i = 0; i < 10; ++i) Put("flat", Flat("a", i));

  for (const std::size_t limit : {1, 3, 10, 11}) {
    Position after = 0;
    std::vector<Position> seen;
    for (;;) {
      const auto page = Must(store().ReadChanges(op, after, limit));
      EXPECT_LE(page.changes.size(), limit);
      for (const auto& change : page.changes) seen.push_back(change.position);
      if (page.changes.empty()) {
        EXPECT_EQ(page.next, after);
        break;
      }
      EXPECT_EQ(page.next, page.changes.back().position);
      after = page.next;
    }
    EXPECT_EQ(seen, (std::vector<Position>{1, 2, 3, 4, 5, 6, 7, 8, 9, 10})) << limit;
  }
  EXPECT_EQ(Must(store().ReadChanges(op, 10, 5)).next, 10u);
}

// ---- Consumers
// -------------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, ConsumersAreRegisteredMovedAndForgotten) {
  NEEDS_LOG();
  Create({FlatTable()});
  for (int i = 0; i < 5; ++i) Put("flat", Flat("a", i));

  Must(store().AddConsumer(op, "search", 0));
  Must(store().AddConsumer(op, "mail", 3));
  Must(store().AdvanceConsumer(op, {"search", 4}));
  Must(store().AdvanceConsumer(op, {"search", 4}));
  Must(store().AdvanceConsumer(op, {"mail", 5}));

  auto consumers = Must(store().Consumers(op));
  std::sort(consumers.begin(), consumers.end(),
            [](const auto& a, const auto& b) { return a.name < b.name; });
  ASSERT_EQ(consumers.size(), 2u);
  EXPECT_EQ(consumers[0].name, "mail");
  EXPECT_EQ(consumers[0].position, 5u);
  EXPECT_EQ(consumers[1].name, "search");
  EXPECT_EQ(consumers[1].position, 4u);
  Must(store().RemoveConsumer(op, "mail"));
  EXPECT_EQ(Must(store().Consumers(op)).size(), 1u);
}

TEST_P(ItemStoreConformance, ConsumersAreNotRegisteredTwiceOrMovedBackOrPastTheEnd) {
  NEEDS_LOG();
  Create({FlatTable()});
  for (int i = 0; i < 5; ++i) Put("flat", Flat("a", i));
  Must(store().AddConsumer(op, "search", 3));

  EXPECT_CODE(kConflict, store().AddConsumer(op, "search", 3));
  EXPECT_CODE(kConflict, store().AdvanceConsumer(op, {"search", 2}));
  EXPECT_CODE(kConflict, store().AdvanceConsumer(op, {"search", 6}));
  EXPECT_CODE(kNotFound, store().AdvanceConsumer(op, {"nobody", 3}));
  EXPECT_CODE(kNotFound, store().RemoveConsumer(op, "nobody"));
  EXPECT_CODE(kInvalid, store().AddConsumer(op, "early bird", 6));

  const auto consumers = Must(store().Consumers(op));
  ASSERT_EQ(consumers.size(), 1u);
  EXPECT_EQ(consumers[0].position, 3u);
}

TEST_P(ItemStoreConformance, AdvanceMovesTheConsumerTogetherWithTheWrites) {
  NEEDS_LOG();
  Create({FlatTable()});
  for (int i = 0; i < 5; ++i) Put("flat", Flat("a", i));
  Must(store().AddConsumer(op, "search", 0));
  const auto position = [&] { return Must(store().Consumers(op)).at(0).position; };

  const auto result = Must(Commit({Write::Put("flat", Flat("b", 1))}, Advance{"search", 3}));
  EXPECT_EQ(result.position, 6u);
  EXPECT_EQ(position(), 3u);

  const auto alone = Must(Commit({}, Advance{"search", 4}));
  EXPECT_EQ(alone.position, 6u);
  EXPECT_EQ(position(), 4u);
}

TEST_P(ItemStoreConformance, NeitherWritesNorAdvanceHappenWhenOneIsRefused) {
  NEEDS_LOG();
  Create({FlatTable()});
  for (int i = 0; i < 5; ++i) Put("flat", Flat("a", i));
  Must(store().AddConsumer(op, "search", 3));
  const std::vector write{Write::Put("flat", Flat("b", 1))};

  EXPECT_CODE(kConflict, store().Commit(op, write, Advance{"search", 2}));
  EXPECT_CODE(kConflict, store().Commit(op, write, Advance{"search", 6}));
  EXPECT_CODE(kNotFound, store().Commit(op, write, Advance{"nobody", 3}));
  EXPECT_FALSE(Find("flat", FlatKey("b")).has_value());
  EXPECT_EQ(LastChange(), 5u);

  const auto refused =
      Commit({Write::Put("flat", Flat("b", 1), {Condition::Exists()})}, Advance{"search", 4});
  ASSERT_TRUE(HasCode(refused, Code::kConflict));
  EXPECT_EQ(refused.error().index, 0);
  EXPECT_CODE(kInvalid, Commit({Write::Put("flat", Item{{"v", N(1)}})}, Advance{"search", 4}));
  EXPECT_EQ(Must(store().Consumers(op)).at(0).position, 3u);
}

TEST_P(ItemStoreConformance, ConsumerThatDiesBetweenStepsProcessesEveryChangeOnce) {
  NEEDS_LOG();
  // A consumer counts what it has seen in an item of its own.  It remembers nothing: each step
  // starts from the stored position, and every third step is lost before its commit.
  Create({FlatTable("source"), FlatTable("counts")});
  Must(store().AddConsumer(op, "counter", 0));
  for (int i = 0; i < 40; ++i) Put("source", Flat("s" + std::to_string(i % 7), i));
  for (int step = 0; step < 200; ++step) {
    const Position from = Must(store().Consumers(op)).at(0).position;
    const auto page = Must(store().ReadChanges(op, from, 4));
    if (page.changes.empty()) break;
    std::int64_t seen = 0;
    for (const auto& change : page.changes) seen += change.table == "source" ? 1 : 0;
    if (step % 3 == 2) continue;
    Must(Commit({Write::Update("counts", FlatKey("all"), {{Op::kAdd, "v", N(seen)}})},
                Advance{"counter", page.next}));
    // Its own writes are changes too; counting them would never end.
    if (seen == 0) break;
  }

  EXPECT_EQ(Find("counts", FlatKey("all")), Flat("all", 40));
}

// ---- Trimming
// --------------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, TrimmedChangesAreGoneAndTheRestStays) {
  NEEDS_LOG();
  Create({FlatTable()});
  for (int i = 1; i <= 10; ++i) Put("flat", Flat("a", i));

  const auto result = Must(store().TrimChanges(op, 4));

  EXPECT_EQ(result.trimmed_to, 4u);
  EXPECT_TRUE(result.held_back_by.empty());
  EXPECT_CODE(kNotFound, store().ReadChanges(op, 0, 10));
  EXPECT_CODE(kNotFound, store().ReadChanges(op, 3, 10));
  const auto rest = ChangesAfter(4);
  ASSERT_EQ(rest.size(), 6u);
  EXPECT_EQ(rest.front().position, 5u);
  EXPECT_EQ(rest.front().before, Flat("a", 4));
  EXPECT_EQ(LastChange(), 10u);
  EXPECT_EQ(Must(store().Count(op, "flat")), 1u);
}

TEST_P(ItemStoreConformance, TrimNeverGoesBackOrPastTheEnd) {
  NEEDS_LOG();
  Create({FlatTable()});
  for (int i = 1; i <= 5; ++i) Put("flat", Flat("a", i));

  EXPECT_EQ(Must(store().TrimChanges(op, 0)).trimmed_to, 0u);
  EXPECT_EQ(Must(store().TrimChanges(op, 3)).trimmed_to, 3u);
  EXPECT_EQ(Must(store().TrimChanges(op, 1)).trimmed_to, 3u);
  EXPECT_EQ(ChangesAfter(3).size(), 2u);
  EXPECT_EQ(Must(store().TrimChanges(op, 100)).trimmed_to, 5u);
  EXPECT_EQ(LastChange(), 5u);
  EXPECT_TRUE(ChangesAfter(5).empty());

  EXPECT_EQ(Must(Commit({Write::Put("flat", Flat("a", 6))})).position, 6u);
  ASSERT_EQ(ChangesAfter(5).size(), 1u);
  EXPECT_EQ(ChangesAfter(5)[0].position, 6u);
}

TEST_P(ItemStoreConformance, TrimStopsAtConsumersAndNamesThem) {
  NEEDS_LOG();
  Create({FlatTable()});
  for (int i = 1; i <= 10; ++i) Put("flat", Flat("a", i));
  Must(store().AddConsumer(op, "slow", 3));
  Must(store().AddConsumer(op, "medium", 6));
  Must(store().AddConsumer(op, "done", 10));

  auto held = Must(store().TrimChanges(op, 8));
  std::sort(held.held_back_by.begin(), held.held_back_by.end());
  EXPECT_EQ(held.trimmed_to, 3u);
  EXPECT_EQ(held.held_back_by, (std::vector<std::string>{"medium", "slow"}));

  Must(store().AdvanceConsumer(op, {"slow", 10}));
  held = Must(store().TrimChanges(op, 8));
  EXPECT_EQ(held.trimmed_to, 6u);
  EXPECT_EQ(held.held_back_by, std::vector<std::string>{"medium"});

  Must(store().RemoveConsumer(op, "medium"));
  held = Must(store().TrimChanges(op, 100));
  EXPECT_EQ(held.trimmed_to, 10u);
  EXPECT_TRUE(held.held_back_by.empty());
}

TEST_P(ItemStoreConformance, ConsumerCannotStartWhereChangesAreGone) {
  NEEDS_LOG();
  Create({FlatTable()});
  for (int i = 1; i <= 5; ++i) Put("flat", Flat("a", i));
  Must(store().TrimChanges(op, 3));

  EXPECT_CODE(kInvalid, store().AddConsumer(op, "late", 2));
  EXPECT_TRUE(store().AddConsumer(op, "late", 3).ok());
}

// ---- Expiry
// ----------------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, ExpireDeletesWhatIsDueAndLogsIt) {
  NEEDS_TIME_TO_LIVE();
  Create({PartsTable()});
  const Item due = Part("a", "due", {{"expires", N(100)}});
  Put("parts", due);
  Put("parts", Part("a", "past", {{"expires", N(-5)}}));
  Put("parts", Part("a", "future", {{"expires", N(101)}}));
  Put("parts", Part("a", "fraction", {{"expires", Number("100.5")}}));
  Put("parts", Part("a", "never"));
  Put("parts", Part("a", "text", {{"expires", S("50")}}));
  EXPECT_EQ(Must(store().Count(op, "parts")), 6u);

  EXPECT_EQ(Must(store().Expire(op, "parts", 100, 1000)), 2u);

  EXPECT_EQ(Texts(ScanAll(store(), "parts"), "s"), "fraction future never text");
  if (!traits().change_log) return;
  const auto changes = ChangesAfter(6);
  ASSERT_EQ(changes.size(), 2u);
  for (const auto& change : changes) {
    EXPECT_EQ(change.op, Change::Op::kDelete);
    EXPECT_EQ(change.after, std::nullopt);
    ASSERT_TRUE(change.before.has_value());
    EXPECT_EQ(KeyOf(PartsTable(), *change.before), change.key);
  }
  EXPECT_EQ(Must(store().Expire(op, "parts", 100, 1000)), 0u);
}

TEST_P(ItemStoreConformance, ExpireStopsAtItsLimit) {
  NEEDS_TIME_TO_LIVE();
  Create({PartsTable()});
  for (int i = 0; i < 10; ++i) Put("parts", Part("a", std::to_string(i), {{"expires", N(i)}}));

  EXPECT_EQ(Must(store().Expire(op, "parts", 100, 4)), 4u);
  EXPECT_EQ(Must(store().Count(op, "parts")), 6u);
  EXPECT_EQ(Must(store().Expire(op, "parts", 100, 100)), 6u);
  EXPECT_EQ(Must(store().Count(op, "parts")), 0u);
}

TEST_P(ItemStoreConformance, ExpireFollowsChangesOfTheAttribute) {
  NEEDS_TIME_TO_LIVE();
  Create({PartsTable()});
  Put("parts", Part("a", "prolonged", {{"expires", N(10)}}));
  Put("parts", Part("a", "spared", {{"expires", N(10)}}));
  Put("parts", Part("a", "shortened", {{"expires", N(1000)}}));
  const auto update = [&](std::string_view s, Mutation mutation) {
    Must(Commit({Write::Update("parts", PartKey("a", s), {std::move(mutation)})}));
  };
  update("prolonged", {Op::kAdd, "expires", N(100)});
  update("spared", {Op::kRemove, "expires", {}});
  update("shortened", {Op::kSet, "expires", N(5)});

  EXPECT_EQ(Must(store().Expire(op, "parts", 50, 100)), 1u);

  EXPECT_EQ(Texts(ScanAll(store(), "parts"), "s"), "prolonged spared");
}

TEST_P(ItemStoreConformance, ReadsDoNotHideWhatIsMerelyDue) {
  Create({PartsTable()});
  Put("parts", Part("a", "1", {{"expires", N(1)}, {"color", S("red")}}));

  EXPECT_TRUE(Find("parts", PartKey("a", "1")).has_value());
  EXPECT_EQ(QueryAll(store(), Ask("parts", "byColor", S("red"))).size(), 1u);
}

TEST_P(ItemStoreConformance, ExpireNeedsATimeToLiveAttribute) {
  Create({FlatTable()});

  EXPECT_CODE(kInvalid, store().Expire(op, "flat", 100, 10));
}

}  // namespace
}  // namespace vams::items::conformance
