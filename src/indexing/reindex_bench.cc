// How long building the search index anew takes, from end to end: reading, merging, catching up,
// proof and swap, with two workers of low priority beside the index that serves.
// VAMS_BENCH_DOCUMENTS says of how many documents (100,000); `make bench` runs it.
#include <benchmark/benchmark.h>

#include <charconv>
#include <chrono>
#include <cstdlib>
#include <map>
#include <string_view>

#include "base/metrics.h"
#include "indexing/library_bench.h"
#include "indexing/reindexer.h"

namespace vams::indexing::bench {
namespace {

using SteadyClock = std::chrono::steady_clock;
using Phase = ReindexProgress::Phase;

int Documents() {
  int documents = 100'000;
  if (const char* given = std::getenv("VAMS_BENCH_DOCUMENTS"))
    std::from_chars(given, given + std::string_view(given).size(), documents);
  return documents;
}

void BM_Reindex(benchmark::State& state) {
  Library library(std::max(Documents() / (kFiles + 1), 1));
  Metrics metrics;
  std::map<Phase, double> seconds;
  Phase phase = Phase::kIdle;
  auto since = SteadyClock::now();
  const auto enter = [&](Phase next) {
    const auto now = SteadyClock::now();
    seconds[phase] += std::chrono::duration<double>(now - since).count();
    phase = next;
    since = now;
  };
  Reindexer reindexer(library.stores(), library.index(), nullptr, metrics,
                      {.release = "bench", .on_swapped = {}, .on_phase = enter});
  const ReindexOptions options{.workers = 2, .low_priority = true};
  OpContext op;
  Must(reindexer.Run(op, options));  // the one that serves
  seconds.clear();
  for (auto _ : state) {
    phase = Phase::kIdle;
    since = SteadyClock::now();
    Must(reindexer.Run(op, options));
    enter(Phase::kIdle);
  }
  const auto counts = Must(library.index().Count(op));
  state.SetItemsProcessed(static_cast<std::int64_t>(counts.assets + counts.files) *
                          state.iterations());
  for (const auto& [of, took] : seconds)
    if (of != Phase::kIdle)
      state.counters[std::string(PhaseName(of)) + "_s"] =
          took / static_cast<double>(state.iterations());
  state.counters["swap_ms"] = static_cast<double>(reindexer.progress().swap_micros) / 1000;
  state.counters["disk_bytes_per_document"] =
      static_cast<double>(counts.disk_bytes) / static_cast<double>(counts.assets + counts.files);
}
BENCHMARK(BM_Reindex)->Unit(benchmark::kSecond)->UseRealTime()->Iterations(1);

}  // namespace
}  // namespace vams::indexing::bench
