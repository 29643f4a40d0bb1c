// How fast search documents are made from a store, and how soon a change is found: a library of
// 20,000 assets with 80,000 files and their metadata in SQLite, the index in Xapian.  `make bench`
// runs it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <map>
#include <mutex>
#include <random>
#include <thread>

#include "indexing/documents.h"
#include "indexing/indexer.h"
#include "indexing/library_bench.h"

namespace vams::indexing::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr int kAssets = 20'000;

Library& TheLibrary() {
  static Library library(kAssets);
  static const bool filled = (library.Fill(), true);
  (void)filled;
  return library;
}

// One thread, from a snapshot, as a reindex reads.
void BM_MakeDocuments(benchmark::State& state) {
  Library& library = TheLibrary();
  OpContext op;
  const auto snapshot = Must(library.items().OpenSnapshot(op));
  DocumentMaker maker(*snapshot);
  std::string after;
  std::int64_t made = 0;
  for (auto _ : state) {
    auto page = Must(snapshot->Scan(op, catalog::kAssetsTable, {}, after, 500));
    for (auto& item : page.items) {
      auto reader = Must(maker.Read(op, catalog::AssetOf(std::move(item)), true));
      benchmark::DoNotOptimize(Must(reader.MakeAsset(op)));
      ++made;
      while (!reader.files_done())
        made += static_cast<std::int64_t>(Must(reader.NextFiles(op, 500)).documents.size());
    }
    after = page.next;  // and from the beginning at the end
  }
  state.SetItemsProcessed(made);
}
BENCHMARK(BM_MakeDocuments)->Unit(benchmark::kMillisecond)->MinTime(3);

// When a commit returned, until the index showed it.
class Visible {
 public:
  explicit Visible(search::Index& index) : index_(index), watcher_([this] { Watch(); }) {}
  ~Visible() {
    done_ = true;
    watcher_.join();
  }
  void Committed(items::Position position) {
    const auto now = SteadyClock::now();
    const std::lock_guard lock(mutex_);
    waiting_.emplace(position, now);
  }
  bool all() {
    const std::lock_guard lock(mutex_);
    return waiting_.empty();
  }
  // In milliseconds, in order.
  std::vector<double> Take() {
    const std::lock_guard lock(mutex_);
    std::ranges::sort(took_);
    return std::exchange(took_, {});
  }

 private:
  void Watch() {
    OpContext op;
    while (!done_) {
      const auto position = Must(index_.GetPosition(op));
      const auto now = SteadyClock::now();
      {
        const std::lock_guard lock(mutex_);
        while (!waiting_.empty() && waiting_.begin()->first <= position) {
          const auto took = std::max(now - waiting_.begin()->second, SteadyClock::duration(0));
          took_.push_back(std::chrono::duration<double, std::milli>(took).count());
          waiting_.erase(waiting_.begin());
        }
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
  }

  search::Index& index_;
  std::mutex mutex_;  // guards what follows
  std::map<items::Position, SteadyClock::time_point> waiting_;
  std::vector<double> took_;
  std::atomic<bool> done_ = false;
  std::thread watcher_;
};

// One of the writers: a description of an asset and a row of a file in turn, each a commit of its
// own, so many a second.
void Update(Visible& visible, int per_second, int count, std::uint32_t seed) {
  items::ItemStore& items = TheLibrary().items();
  OpContext op;
  std::mt19937 random(seed);
  const auto step = std::chrono::nanoseconds(1'000'000'000 / per_second);
  auto next = SteadyClock::now();
  for (int i = 0; i < count; ++i) {
    const std::string id = AssetId(static_cast<int>(random() % kAssets));
    const Write write =
        i % 2 == 0
            ? Write::Update(catalog::kAssetsTable, catalog::AssetKey(kDatabase, id),
                            {{items::Mutation::Op::kSet, "description",
                              Value::S(fmt::format("Changed {} times", i))}})
            : catalog::PutMetadata({kDatabase, id}, {.kind = catalog::MetadataKind::kMetadata,
                                                     .path = "/scan/part-1.e57",
                                                     .key = "checked",
                                                     .value = std::to_string(i),
                                                     .type = "string"});
    visible.Committed(Must(items.Commit(op, std::span(&write, 1))).position);
    next += step;
    std::this_thread::sleep_until(next);
  }
}

// From a commit until it is found, at so many updates a second by eight writers.
void BM_Visible(benchmark::State& state) {
  constexpr int kWriters = 8;
  constexpr int kSeconds = 8;
  Library& library = TheLibrary();
  OpContext op;
  Metrics metrics;
  Indexer indexer(library.stores(), library.index(), metrics);
  Must(indexer.Start(op));
  Must(indexer.CatchUp(op));
  const int rate = static_cast<int>(state.range(0));
  for (auto _ : state) {
    Visible visible(library.index());
    std::vector<std::thread> writers;
    for (int i = 0; i < kWriters; ++i)
      writers.emplace_back(Update, std::ref(visible), rate / kWriters, rate / kWriters * kSeconds,
                           42 + i);
    for (auto& writer : writers) writer.join();
    while (!visible.all()) std::this_thread::sleep_for(std::chrono::milliseconds(1));
    const auto took = visible.Take();
    state.counters["p50_ms"] = took[took.size() / 2];
    state.counters["p99_ms"] = took[took.size() * 99 / 100];
    state.counters["max_ms"] = took.back();
  }
  state.SetItemsProcessed(rate / kWriters * kWriters * kSeconds *
                          static_cast<std::int64_t>(state.iterations()));
}
BENCHMARK(BM_Visible)
    ->Arg(40)
    ->Arg(1000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::indexing::bench
