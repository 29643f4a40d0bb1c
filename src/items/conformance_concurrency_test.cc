// Many threads on one store.
#include <fmt/format.h>

#include <map>
#include <thread>

#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

constexpr int kThreads = 8;

std::int64_t IntegerOf(const Value& value) { return std::stoll(value.text()); }

// Runs `work(thread number)` on several threads; what one throws fails the test.
void OnThreads(int count, const std::function<void(int)>& work) {
  std::vector<std::string> failures(static_cast<std::size_t>(count));
  std::vector<std::thread> threads;
  for (int t = 0; t < count; ++t)
    threads.emplace_back([&, t] {
      try {
        work(t);
      } catch (const std::exception& e) {
        failures[static_cast<std::size_t>(t)] = e.what();
      }
    });
  for (auto& thread : threads) thread.join();
  for (const auto& failure : failures) EXPECT_EQ(failure, "");
}

Item CounterKey(int i) { return Item{{"id", S(fmt::format("counter{}", i))}}; }

TEST_P(ItemStoreConformance, ConditionalIncrementsOfManyThreadsAllCount) {
  constexpr int kCounters = 3, kEach = 40;
  Create({FlatTable()});
  for (int i = 0; i < kCounters; ++i) {
    Item zero = CounterKey(i);
    zero.Set("v", N(0));
    Put("flat", zero);
  }

  OnThreads(kThreads, [&](int thread) {
    OpContext mine;
    for (int i = 0, tries = 0; i < kEach; ++tries) {
      if (tries > 10'000) throw std::runtime_error("the increments do not get through");
      const Item key = CounterKey((thread + i) % kCounters);
      Item item = Must(store().Get(mine, "flat", key));
      const Value old = *item.Find("v");
      item.Set("v", N(IntegerOf(old) + 1));
      const std::vector writes{Write::Put("flat", item, {Condition::Equals("v", old)})};
      const auto result = store().Commit(mine, writes);
      if (result.ok())
        ++i;
      else if (result.error().code != Code::kConflict || result.error().index != 0)
        throw std::runtime_error(result.error().message);
    }
  });

  std::int64_t sum = 0;
  for (int i = 0; i < kCounters; ++i) sum += IntegerOf(*Find("flat", CounterKey(i))->Find("v"));
  EXPECT_EQ(sum, kThreads * kEach);
  if (!traits().change_log) return;
  // The log tells the same story: no gap, every entry starts from where the one before ended.
  const auto changes = ChangesAfter(0);
  ASSERT_EQ(changes.size(), static_cast<std::size_t>(kCounters + kThreads * kEach));
  std::map<std::string, Item> latest;
  for (std::size_t i = 0; i < changes.size(); ++i) {
    const auto& change = changes[i];
    EXPECT_EQ(change.position, i + 1);
    auto& last = latest[std::string(change.key.Text("id"))];
    if (change.before) {
      EXPECT_EQ(*change.before, last);
    }
    last = *change.after;
  }
}

TEST_P(ItemStoreConformance, UnconditionalAddsOfManyThreadsAllCount) {
  constexpr int kEach = 50;
  Create({FlatTable()});

  OnThreads(kThreads, [&](int) {
    OpContext mine;
    for (int i = 0; i < kEach; ++i) {
      const std::vector writes{
          Write::Update("flat", CounterKey(0), {{Mutation::Op::kAdd, "v", N(1)}})};
      Must(store().Commit(mine, writes));
    }
  });

  EXPECT_EQ(Find("flat", CounterKey(0))->Find("v")->text(), std::to_string(kThreads * kEach));
  if (traits().change_log) {
    EXPECT_EQ(LastChange(), static_cast<Position>(kThreads * kEach));
  }
}

TEST_P(ItemStoreConformance, OneOfManyCreatorsWins) {
  constexpr int kRounds = 20;
  Create({FlatTable()});
  std::vector<std::atomic<int>> wins(kRounds);

  OnThreads(kThreads, [&](int thread) {
    OpContext mine;
    for (int round = 0; round < kRounds; ++round) {
      Item item = CounterKey(round);
      item.Set("v", N(thread));
      const std::vector writes{Write::Put("flat", item, {Condition::Absent()})};
      if (store().Commit(mine, writes).ok()) ++wins[static_cast<std::size_t>(round)];
    }
  });

  for (const auto& win : wins) EXPECT_EQ(win.load(), 1);
}

TEST_P(ItemStoreConformance, SnapshotsSeeWholeCommitsWhileOthersWrite) {
  if (!store().traits().snapshots) GTEST_SKIP() << "no snapshots";
  // Amounts move between two tables; their sum is the same in every consistent view.
  Create({FlatTable("left"), FlatTable("right")});
  const auto amount = [](std::int64_t v) { return Item{{"id", S("x")}, {"v", N(v)}}; };
  Must(Commit({Write::Put("left", amount(1000)), Write::Put("right", amount(0))}));
  const Item key{{"id", S("x")}};

  OnThreads(4, [&](int thread) {
    OpContext mine;
    for (int i = 0; i < 30; ++i) {
      if (thread < 2) {
        const std::vector writes{Write::Update("left", key, {{Mutation::Op::kAdd, "v", N(-1)}}),
                                 Write::Update("right", key, {{Mutation::Op::kAdd, "v", N(1)}})};
        Must(store().Commit(mine, writes));
        continue;
      }
      auto snapshot = Must(store().OpenSnapshot(mine));
      const Position before = Must(snapshot->LastChange(mine));
      const auto left = IntegerOf(*Must(snapshot->Get(mine, "left", key)).Find("v"));
      const auto right = IntegerOf(*Must(snapshot->Get(mine, "right", key)).Find("v"));
      if (left + right != 1000 || before != Must(snapshot->LastChange(mine)) ||
          before != static_cast<Position>(2 + 2 * right))
        throw std::runtime_error(fmt::format("{} + {} at {}", left, right, before));
    }
  });

  EXPECT_EQ(Find("right", key), amount(60));
}

TEST_P(ItemStoreConformance, LogReadersMissNothingWhileOthersWrite) {
  NEEDS_LOG();
  constexpr int kEach = 40;
  Create({FlatTable()});
  std::atomic<int> writers = kThreads - 1;

  OnThreads(kThreads, [&](int thread) {
    OpContext mine;
    if (thread > 0) {
      struct Leaving {
        std::atomic<int>& writers;
        ~Leaving() { --writers; }
      } leaving{writers};
      for (int i = 0; i < kEach; ++i) {
        const std::vector writes{
            Write::Put("flat", Item{{"id", S(fmt::format("{}-{}", thread, i))}}),
            Write::Put("flat", Item{{"id", S(fmt::format("{}-{}-second", thread, i))}})};
        Must(store().Commit(mine, writes));
      }
      return;
    }
    Position after = 0;
    while (after < 2 * kEach * (kThreads - 1)) {
      const bool complete = writers == 0;  // asked before reading
      const auto page = Must(store().ReadChanges(mine, after, 7));
      for (const auto& change : page.changes)
        if (change.position != ++after)
          throw std::runtime_error(fmt::format("gap before {}", after));
      if (!page.changes.empty()) continue;
      if (complete) throw std::runtime_error(fmt::format("the log ends at {}", after));
      std::this_thread::yield();
    }
  });

  EXPECT_EQ(Must(store().Count(op, "flat")),
            static_cast<std::uint64_t>(2 * kEach * (kThreads - 1)));
}

TEST_P(ItemStoreConformance, WritesGoOnDuringABulkLoadOfAnotherTable) {
  Create({PartsTable(), FlatTable()});
  auto loader = Must(store().OpenBulkLoad(op, "parts", {}));

  OnThreads(3, [&](int thread) {
    OpContext mine;
    if (thread == 0) {
      for (int i = 0; i < 2000; ++i) Must(loader->Add(mine, Part("a", fmt::format("{:05}", i))));
      Must(loader->Finish(mine));
      return;
    }
    for (int i = 0; i < 50; ++i) {
      const std::vector writes{
          Write::Put("flat", Item{{"id", S(fmt::format("{}-{}", thread, i))}})};
      Must(store().Commit(mine, writes));
    }
  });

  EXPECT_EQ(Must(store().Count(op, "parts")), 2000u);
  EXPECT_EQ(Must(store().Count(op, "flat")), 100u);
}

}  // namespace
}  // namespace vams::items::conformance
