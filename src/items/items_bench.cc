// Speed of the embedded item store: docs/performance.md, "Item store".  Items of about 350 bytes
// with twelve attributes and one secondary index, as the asset version tables have.  `make bench`
// runs it.
#include <benchmark/benchmark.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sqlite3.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <thread>

#include "files/files.h"
#include "items/codec.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::items {
namespace {

using SteadyClock = std::chrono::steady_clock;

double Seconds(SteadyClock::duration d) { return std::chrono::duration<double>(d).count(); }

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// Benchmarks need a real disk: a RAM disk would flatter every sync.
files::TempFolder BenchFolder() {
  const char* place = std::getenv("VAMS_BENCH_DIR");
  return Must(files::TempFolder::Create(place != nullptr ? place : ".", "bench"));
}

double PeakMiB() {
  std::ifstream status("/proc/self/status");
  std::string line;
  while (std::getline(status, line))
    if (line.starts_with("VmHWM:")) return std::atof(line.c_str() + 6) / 1024;
  return 0;
}
void ResetPeak() { std::ofstream("/proc/self/clear_refs") << "5"; }

TableSpec VersionsTable(std::string name = "versions", bool with_index = true) {
  TableSpec spec{
      .name = std::move(name), .partition = {"databaseId:assetId"}, .sort = {"assetVersionId"}};
  if (with_index)
    spec.indexes.push_back({.name = "byBucket", .partition = {"bucketId"}, .sort = {"assetId"}});
  return spec;
}

Item MakeItem(std::uint64_t n) {
  const std::string asset =
      fmt::format("x{:08x}-7c11-4d0a-9a10-{:012}", n * 2654435761U % 0xffffffff, n / 10);
  const std::string database = fmt::format("database-{:03}", n % 97);
  Item item;
  item.Set("assetId", Value::S(asset));
  item.Set("assetVersionId", Value::S(std::to_string(n % 10)));
  item.Set("bucketId",
           Value::S(fmt::format("{:08x}-1d7a-4f0e-9a55-2f2c7a1e0b01", n * 40503 % 1000)));
  item.Set("comment", Value::S(fmt::format("Revision {}", n)));
  item.Set("createdBy", Value::S("dana@yard.example"));
  item.Set("databaseId", Value::S(database));
  item.Set("databaseId:assetId", Value::S(database + ":" + asset));
  item.Set("dateCreated", Value::S("2025-01-14T10:03:00.000103"));
  item.Set("description", Value::S("Model revision of a part somewhere in the yard"));
  item.Set("isCurrentVersion", Value::Bool(n % 10 == 9));
  item.Set("size", Value::N(static_cast<std::int64_t>(n * 977)));
  item.Set("specifiedPipelines", Value::L({}));
  return item;
}

// How fast the disk is now: 12 KiB overwrites with fdatasync.  Below 8000/s, or with a p99 over 1
// ms, the other numbers of a run say nothing about the code.
void Calibrate(benchmark::State& state) {
  const auto folder = BenchFolder();
  const int fd = ::open((folder.path() / "calibrate").c_str(), O_RDWR | O_CREAT, 0600);
  const std::string block(12288, 'x');
  for (int i = 0; i < 64; ++i) (void)!::pwrite(fd, block.data(), block.size(), i * 12288L);
  ::fsync(fd);
  std::vector<double> latencies;
  std::int64_t n = 0;
  for (auto _ : state) {
    const auto start = SteadyClock::now();
    (void)!::pwrite(fd, block.data(), block.size(), n++ % 64 * 12288L);
    ::fdatasync(fd);
    latencies.push_back(Seconds(SteadyClock::now() - start) * 1e3);
  }
  ::close(fd);
  std::sort(latencies.begin(), latencies.end());
  state.counters["p99_ms"] = latencies[latencies.size() * 99 / 100];
  state.SetItemsProcessed(n);
}
BENCHMARK(Calibrate)->Iterations(8000)->UseRealTime();

// The encoded items of the load benchmarks, in random key order, made outside the measured time.
const std::vector<std::string>& EncodedItems(std::size_t count) {
  static std::vector<std::string> items;
  while (items.size() < count) items.push_back(EncodeItem(MakeItem(items.size())));
  return items;
}

// The same in key order, as a scan of another store gives them.
const std::vector<std::string>& SortedItems(std::size_t count) {
  static const std::vector<std::string> sorted = [count] {
    std::vector<std::pair<std::string, std::size_t>> keys;
    for (std::size_t i = 0; i < count; ++i) {
      const Item item = MakeItem(i);
      keys.emplace_back(std::string(item.Text("databaseId:assetId")) + '\0' +
                            std::string(item.Text("assetVersionId")),
                        i);
    }
    std::sort(keys.begin(), keys.end());
    std::vector<std::string> items;
    for (const auto& key : keys) items.push_back(EncodedItems(count)[key.second]);
    return items;
  }();
  return sorted;
}

void BulkLoad(benchmark::State& state, BulkLog log, bool sorted) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto& items = sorted ? SortedItems(count) : EncodedItems(count);
  for (auto _ : state) {
    const auto folder = BenchFolder();
    OpContext op;
    auto store = Must(OpenSqliteStore(folder.path() / "items.db"));
    const std::vector specs{VersionsTable()};
    Must(store->CreateTables(op, specs));
    const auto start = SteadyClock::now();
    auto load = Must(store->OpenBulkLoad(op, "versions", {.log = log, .sorted = sorted}));
    for (std::size_t i = 0; i < count; ++i) Must(load->AddEncoded(op, items[i]));
    Must(load->Finish(op));
    state.SetIterationTime(Seconds(SteadyClock::now() - start));
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
}
void BulkLoadSettings(benchmark::internal::Benchmark* b) {
  b->Arg(1000000)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);
}
BENCHMARK_CAPTURE(BulkLoad, sorted_no_log, BulkLog::kNone, true)->Apply(BulkLoadSettings);
BENCHMARK_CAPTURE(BulkLoad, sorted_key_log, BulkLog::kKeys, true)->Apply(BulkLoadSettings);
BENCHMARK_CAPTURE(BulkLoad, sorted_image_log, BulkLog::kImages, true)->Apply(BulkLoadSettings);
BENCHMARK_CAPTURE(BulkLoad, shuffled_no_log, BulkLog::kNone, false)->Apply(BulkLoadSettings);

// The peer: the same rows by hand with SQLite alone, in the same random order, index from the
// start.
void PlainSqliteInserts(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  const auto& items = EncodedItems(count);
  for (auto _ : state) {
    const auto folder = BenchFolder();
    sqlite3* db = nullptr;
    sqlite3_open((folder.path() / "plain.db").c_str(), &db);
    sqlite3_exec(db,
                 "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; CREATE TABLE t (p TEXT, s "
                 "TEXT, b TEXT, a TEXT, "
                 "body BLOB, PRIMARY KEY (p, s)) WITHOUT ROWID; CREATE INDEX i ON t (b, a)",
                 nullptr, nullptr, nullptr);
    sqlite3_stmt* insert = nullptr;
    sqlite3_prepare_v2(db, "INSERT INTO t VALUES (?, ?, ?, ?, ?)", -1, &insert, nullptr);
    const auto start = SteadyClock::now();
    for (std::size_t i = 0; i < count; ++i) {
      if (i % 8192 == 0)
        sqlite3_exec(db, i == 0 ? "BEGIN" : "COMMIT; BEGIN", nullptr, nullptr, nullptr);
      const Item item = MakeItem(i);
      int at = 1;
      for (const char* name : {"databaseId:assetId", "assetVersionId", "bucketId", "assetId"}) {
        const auto text = item.Text(name);
        sqlite3_bind_text(insert, at++, text.data(), static_cast<int>(text.size()),
                          SQLITE_TRANSIENT);
      }
      sqlite3_bind_blob(insert, at, items[i].data(), static_cast<int>(items[i].size()),
                        SQLITE_STATIC);
      sqlite3_step(insert);
      sqlite3_reset(insert);
    }
    sqlite3_exec(db, "COMMIT", nullptr, nullptr, nullptr);
    state.SetIterationTime(Seconds(SteadyClock::now() - start));
    sqlite3_finalize(insert);
    sqlite3_close(db);
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(count) * state.iterations());
}
BENCHMARK(PlainSqliteInserts)
    ->Arg(200000)
    ->Iterations(1)
    ->UseManualTime()
    ->Unit(benchmark::kMillisecond);

// A store with a million items, shared by the reading benchmarks.
struct Filled {
  files::TempFolder folder = BenchFolder();
  std::unique_ptr<ItemStore> store;
  std::size_t count = 1000000;

  Filled() {
    OpContext op;
    store = Must(OpenSqliteStore(folder.path() / "items.db"));
    const std::vector specs{VersionsTable()};
    Must(store->CreateTables(op, specs));
    auto load = Must(store->OpenBulkLoad(op, "versions", {}));
    for (std::size_t i = 0; i < count; ++i) Must(load->Add(op, MakeItem(i)));
    Must(load->Finish(op));
  }
};
Filled& Shared() {
  static Filled filled;  // removes its folder at exit
  return filled;
}

template <typename Body>
void InThreads(std::size_t count, const Body& body) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < count; ++i) threads.emplace_back([&body, i] { body(i); });
  for (auto& t : threads) t.join();
}

void DecodedScan(benchmark::State& state) {
  auto& filled = Shared();
  OpContext op;
  const auto threads = static_cast<std::size_t>(state.range(0));
  std::atomic<std::int64_t> seen = 0;
  for (auto _ : state) {
    const auto segments = Must(filled.store->SplitScan(op, "versions", threads));
    InThreads(segments.size(), [&](std::size_t i) {
      OpContext mine;
      std::string after;
      do {
        const Page page = Must(filled.store->Scan(mine, "versions", segments[i], after, 1000));
        seen += static_cast<std::int64_t>(page.items.size());
        after = page.next;
      } while (!after.empty());
    });
  }
  state.SetItemsProcessed(seen);
}
BENCHMARK(DecodedScan)->Arg(1)->Arg(2)->Iterations(2)->UseRealTime()->Unit(benchmark::kMillisecond);

void EncodedScan(benchmark::State& state) {
  auto& filled = Shared();
  OpContext op;
  std::int64_t seen = 0;
  for (auto _ : state) {
    std::string after;
    do {
      after =
          Must(filled.store->ScanEncoded(op, "versions", {}, after, 10000, [&](std::string_view) {
            ++seen;
            return Ok();
          }));
    } while (!after.empty());
  }
  state.SetItemsProcessed(seen);
}
BENCHMARK(EncodedScan)->Iterations(2)->UseRealTime()->Unit(benchmark::kMillisecond);

void RandomGet(benchmark::State& state) {
  auto& filled = Shared();
  const auto threads = static_cast<std::size_t>(state.range(0));
  constexpr std::size_t kGets = 200000;
  // Made before: making an item to take its key from costs half as much as getting it.
  std::vector<Item> keys;
  std::mt19937_64 random(1);
  const TableSpec spec = VersionsTable();
  for (std::size_t i = 0; i < kGets; ++i)
    keys.push_back(KeyOf(spec, MakeItem(random() % filled.count)));
  for (auto _ : state) {
    InThreads(threads, [&](std::size_t t) {
      OpContext op;
      for (std::size_t i = t; i < kGets; i += threads)
        benchmark::DoNotOptimize(Must(filled.store->Get(op, "versions", keys[i])));
    });
  }
  state.SetItemsProcessed(static_cast<std::int64_t>(kGets) * state.iterations());
}
BENCHMARK(RandomGet)->Arg(1)->Arg(2)->Iterations(1)->UseRealTime()->Unit(benchmark::kMillisecond);

void DurableCommits(benchmark::State& state) {
  const auto clients = static_cast<std::size_t>(state.range(0));
  const std::size_t commits = clients == 1 ? 10000 : 60000;
  const auto folder = BenchFolder();
  OpContext setup;
  auto store = Must(OpenSqliteStore(folder.path() / "items.db"));
  const std::vector specs{VersionsTable()};
  Must(store->CreateTables(setup, specs));
  std::vector<std::vector<double>> latencies(clients);
  for (auto _ : state) {
    InThreads(clients, [&](std::size_t c) {
      OpContext op;
      for (std::size_t i = 0; i < commits / clients; ++i) {
        const std::vector writes{Write::Put("versions", MakeItem(i * clients + c))};
        const auto start = SteadyClock::now();
        Must(store->Commit(op, writes));
        latencies[c].push_back(Seconds(SteadyClock::now() - start) * 1e3);
      }
    });
  }
  std::vector<double> all;
  for (const auto& l : latencies) all.insert(all.end(), l.begin(), l.end());
  std::sort(all.begin(), all.end());
  state.counters["p50_ms"] = all[all.size() / 2];
  state.counters["p99_ms"] = all[all.size() * 99 / 100];
  state.counters["max_ms"] = all.back();
  state.SetItemsProcessed(static_cast<std::int64_t>(all.size()));
}
BENCHMARK(DurableCommits)
    ->Arg(1)
    ->Arg(8)
    ->Arg(64)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

// Interactive commits at 300 a second, due times fixed in advance, while one table is copied into
// another.
void CommitsDuringBulkCopy(benchmark::State& state) {
  constexpr double kRate = 300;
  const auto& items = EncodedItems(1000000);
  const auto folder = BenchFolder();
  OpContext op;
  auto store = Must(OpenSqliteStore(folder.path() / "items.db"));
  const std::vector specs{VersionsTable("live"), VersionsTable("copy", false)};
  Must(store->CreateTables(op, specs));
  std::vector<double> latencies;
  double bulk_seconds = 0;
  for (auto _ : state) {
    auto load = Must(store->OpenBulkLoad(op, "copy", {.sort_memory = std::size_t{2} << 30}));
    for (const auto& item : items) Must(load->AddEncoded(op, item));
    std::atomic<bool> done = false;
    std::thread client([&] {
      OpContext mine;
      const auto start = SteadyClock::now();
      for (std::size_t i = 0; !done; ++i) {
        const auto due = start + std::chrono::duration_cast<SteadyClock::duration>(
                                     std::chrono::duration<double>(i / kRate));
        std::this_thread::sleep_until(due);
        const std::vector writes{Write::Put("live", MakeItem(i))};
        Must(store->Commit(mine, writes));
        latencies.push_back(Seconds(SteadyClock::now() - due) * 1e3);
      }
    });
    const auto start = SteadyClock::now();
    Must(load->Finish(op));
    bulk_seconds = Seconds(SteadyClock::now() - start);
    done = true;
    client.join();
    state.SetIterationTime(bulk_seconds);
  }
  std::sort(latencies.begin(), latencies.end());
  state.counters["p50_ms"] = latencies[latencies.size() / 2];
  state.counters["p99_ms"] = latencies[latencies.size() * 99 / 100];
  state.counters["max_ms"] = latencies.back();
  state.counters["bulk_rows_per_s"] = static_cast<double>(items.size()) / bulk_seconds;
}
BENCHMARK(CommitsDuringBulkCopy)->Iterations(1)->UseManualTime()->Unit(benchmark::kMillisecond);

// Memory of a load must not grow with the number of items.
void BulkLoadMemory(benchmark::State& state) {
  const auto count = static_cast<std::size_t>(state.range(0));
  for (auto _ : state) {
    const auto folder = BenchFolder();
    OpContext op;
    auto store = Must(OpenSqliteStore(folder.path() / "items.db"));
    const std::vector specs{VersionsTable()};
    Must(store->CreateTables(op, specs));
    ResetPeak();
    auto load = Must(store->OpenBulkLoad(op, "versions", {}));
    for (std::size_t i = 0; i < count; ++i) Must(load->Add(op, MakeItem(i)));
    Must(load->Finish(op));
  }
  state.counters["peak_MiB"] = PeakMiB();
  state.SetItemsProcessed(static_cast<std::int64_t>(count));
}
BENCHMARK(BulkLoadMemory)
    ->Arg(1000000)
    ->Arg(10000000)
    ->Iterations(1)
    ->UseRealTime()
    ->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::items
