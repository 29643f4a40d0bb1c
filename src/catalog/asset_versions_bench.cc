// What a version of an asset with 100,000 files costs: making it, what others wait for meanwhile,
// counting its files, reading it, and going back to it.  `make bench` runs it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <thread>

#include "catalog/asset_links.h"
#include "catalog/asset_versions.h"
#include "files/files.h"
#include "items/sqlite/sqlite_store.h"
#include "objects/blob_store.h"
#include "objects/local/local_store.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::catalog {
namespace {

using items::Value;
using items::Write;

constexpr int kFiles = 100'000;
constexpr int kPerCommit = 20'000;
const AssetIds kGantry{"harbor", "gantry"};

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{} {}\n", result.error().message, result.error().details);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Caller Anybody() {
  auto identity = std::make_shared<identity::Identity>();
  identity->user = "bench";
  access::Constraint constraint;
  constraint.id = constraint.name = constraint.description = "everything";
  constraint.object_type = "asset";
  constraint.criteria_and = {{"databaseId", "contains", {".*"}, false, {}}};
  for (const char* action : {"GET", "PUT", "POST", "DELETE"})
    constraint.users.push_back({"bench", action, "allow", {}});
  const std::vector constraints{constraint};
  return {std::move(identity), std::make_shared<const access::Policy>(
                                   access::Policy::Compile("bench", {}, constraints))};
}

double PeakMegabytes() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<double>(usage.ru_maxrss) / 1024;
}

items::Item AssetNumber(const std::string& id) {
  return {{"assetId", Value::S(id)},
          {"assetLocation", Value::M({{"Key", Value::S(id + "/")}})},
          {"assetName", Value::S(id)},
          {"bucketId", Value::S("bucket")},
          {"currentVersionId", Value::S("0")},
          {"databaseId", Value::S("harbor")}};
}

class Stack {
 public:
  Stack()
      : folder_(Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "bench"))),
        items_(Must(items::OpenSqliteStore(folder_.path() / "items.db"))) {
    std::vector<items::TableSpec> specs;
    for (const auto& table : tables::TablesOf(tables::kNewest)) specs.push_back(SpecOf(table));
    Must(items_->CreateTables(op, specs));
    Must(items_->CreateTables(op, tables::SystemTables()));
    blobs_ = Must(objects::BlobStore::Open(folder_.path() / "blobs"));
    objects_ = Must(objects::OpenLocalObjectStore(op, *items_, *blobs_));
    const Write records[] = {
        Write::Put(kAssetsTable, AssetNumber("gantry")),
        Write::Put(kBucketsTable, {{"baseAssetsPrefix", Value::S("/")},
                                   {"bucketId", Value::S("bucket")},
                                   {"bucketName", Value::S("vault")},
                                   {"bucketName:baseAssetsPrefix", Value::S("vault:/")}})};
    Must(items_->Commit(op, records));
    for (int i = 0; i < kFiles; i += kPerCommit) AddFiles(i);
  }

  Stores stores() { return {*items_, *objects_, SystemClock(), SystemRandom()}; }
  OpContext op;

 private:
  void AddFiles(int from) {
    std::vector<Write> writes;
    for (int i = from; i < from + kPerCommit; ++i) {
      objects::ObjectVersion version;
      version.bucket = "vault";
      version.key = fmt::format("gantry/hall {:02}/part-{:07}.glb", i / 5'000, i);
      version.version_id = fmt::format("{:032x}", i);
      version.sequence = 1;
      version.state = objects::ObjectVersion::State::kPresent;
      version.size = 4096;
      version.etag = fmt::format("{:032x}", i);
      version.last_modified_millis = 1'740'823'200'000 + i;
      version.content_type = "binary/octet-stream";
      version.user_metadata =
          objects::UserMetadata{{"databaseid", "harbor"}, {"assetid", "gantry"}};
      version.sha256 = fmt::format("{:064x}", i);
      writes.push_back(Write::Put(std::string(tables::kObjectVersionsTable), VersionItem(version)));
      writes.push_back(Write::Put(std::string(tables::kObjectsTable),
                                  ObjectItem(objects::ObjectRecord{version, 2, 1})));
    }
    Must(items_->Commit(op, writes));
  }

  files::TempFolder folder_;
  std::unique_ptr<items::ItemStore> items_;
  std::unique_ptr<objects::BlobStore> blobs_;
  std::unique_ptr<objects::ObjectStore> objects_;
};

Stack& TheStack() {
  static Stack stack;
  return stack;
}

// Somebody else who writes a small record over and over, and how long they had to wait at most.
class Bystander {
 public:
  explicit Bystander(items::ItemStore& items)
      : thread_([this, &items] {
          OpContext op;
          for (std::int64_t i = 0; !done_; ++i) {
            const auto begin = std::chrono::steady_clock::now();
            const Write writes[] = {Write::Put(
                std::string(tables::kSeedsTable),
                {{"key", Value::S("k")}, {"n", Value::N(i)}, {"table", Value::S("bench")}})};
            Must(items.Commit(op, writes));
            const std::chrono::duration<double, std::milli> took =
                std::chrono::steady_clock::now() - begin;
            longest_ = std::max(longest_, took.count());
          }
        }) {}
  double Longest() {
    done_ = true;
    thread_.join();
    return longest_;
  }

 private:
  std::atomic<bool> done_ = false;
  double longest_ = 0;
  std::thread thread_;
};

// Version 1, also where only some of the benchmarks run.
void NeedVersion(Stack& stack) {
  AssetVersions versions(stack.stores());
  Caller caller = Anybody();
  if (!versions.Get(stack.op, caller, kGantry, "1").ok())
    Must(versions.Create(stack.op, caller, kGantry,
                         {.latest = true, .files = {}, .comment = "all", .alias = ""}));
}

void BM_CreateVersion(benchmark::State& state) {
  Stack& stack = TheStack();
  AssetVersions versions(stack.stores());
  Caller caller = Anybody();
  const double before = PeakMegabytes();
  double waited = 0;
  for ([[maybe_unused]] auto _ : state) {
    Bystander bystander(stack.stores().items);
    const auto made = Must(versions.Create(
        stack.op, caller, kGantry, {.latest = true, .files = {}, .comment = "all", .alias = ""}));
    if (made.files != kFiles) std::abort();
    waited = std::max(waited, bystander.Longest());
  }
  state.counters["bystander_ms"] = waited;
  state.counters["peak_MB_more"] = PeakMegabytes() - before;
}
BENCHMARK(BM_CreateVersion)->Unit(benchmark::kMillisecond)->Iterations(3);

void BM_ListUncounted(benchmark::State& state) {
  Stack& stack = TheStack();
  Caller caller = Anybody();
  for ([[maybe_unused]] auto _ : state) {
    AssetVersions versions(stack.stores());
    benchmark::DoNotOptimize(Must(versions.List(stack.op, caller, kGantry, true, "", 1)));
  }
}
BENCHMARK(BM_ListUncounted)->Unit(benchmark::kMillisecond)->Iterations(3);

void BM_ListCounted(benchmark::State& state) {
  Stack& stack = TheStack();
  AssetVersions versions(stack.stores());
  Caller caller = Anybody();
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(Must(versions.List(stack.op, caller, kGantry, true, "", 1000)));
}
BENCHMARK(BM_ListCounted)->Unit(benchmark::kMillisecond)->Iterations(100);

void BM_GetVersion(benchmark::State& state) {
  Stack& stack = TheStack();
  NeedVersion(stack);
  AssetVersions versions(stack.stores());
  Caller caller = Anybody();
  for ([[maybe_unused]] auto _ : state)
    benchmark::DoNotOptimize(Must(versions.Get(stack.op, caller, kGantry, "1")));
}
BENCHMARK(BM_GetVersion)->Unit(benchmark::kMillisecond)->Iterations(3);

void BM_RevertVersion(benchmark::State& state) {
  Stack& stack = TheStack();
  NeedVersion(stack);
  AssetVersions versions(stack.stores());
  Caller caller = Anybody();
  const double before = PeakMegabytes();
  double waited = 0;
  for ([[maybe_unused]] auto _ : state) {
    Bystander bystander(stack.stores().items);
    Must(versions.Revert(stack.op, caller, kGantry, "1", {.comment = "back", .metadata = true}));
    waited = std::max(waited, bystander.Longest());
  }
  state.counters["bystander_ms"] = waited;
  state.counters["peak_MB_more"] = PeakMegabytes() - before;
}
BENCHMARK(BM_RevertVersion)->Unit(benchmark::kMillisecond)->Iterations(1);

// Children for parents of their own, by several threads at once: all of them change one record.
void BM_CreateLinks(benchmark::State& state) {
  Stack& stack = TheStack();
  AssetLinks links(stack.stores());
  const auto threads = static_cast<int>(state.range(0));
  constexpr int kEach = 200;
  static int round = 0;
  for ([[maybe_unused]] auto _ : state) {
    state.PauseTiming();
    ++round;
    std::vector<Write> assets;
    for (int i = 0; i < threads * (kEach + 1); ++i)
      assets.push_back(Write::Put(kAssetsTable, AssetNumber(fmt::format("part-{}-{}", round, i))));
    Must(stack.stores().items.Commit(stack.op, assets));
    state.ResumeTiming();
    std::vector<std::thread> workers;
    for (int t = 0; t < threads; ++t)
      workers.emplace_back([&, t] {
        OpContext op;
        Caller caller = Anybody();
        const auto name = [&](int i) {
          return fmt::format("part-{}-{}", round, t * (kEach + 1) + i);
        };
        for (int i = 1; i <= kEach; ++i)
          Must(links.Create(op, caller,
                            {.from_database = "harbor",
                             .from_asset = name(0),
                             .to_database = "harbor",
                             .to_asset = name(i),
                             .parent_child = true,
                             .alias = "",
                             .tags = {}}));
      });
    for (std::thread& worker : workers) worker.join();
  }
  state.SetItemsProcessed(state.iterations() * threads * kEach);
}
BENCHMARK(BM_CreateLinks)
    ->Arg(1)
    ->Arg(8)
    ->Arg(32)
    ->Unit(benchmark::kMillisecond)
    ->Iterations(1)
    ->UseRealTime();

}  // namespace
}  // namespace vams::catalog
