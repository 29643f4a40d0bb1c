// The engine on tables of a million rows: 2.4 -> 2.5 with complete verification, and back.
// VAMS_BENCH_ROWS (default 1,000,000) sets the number of version rows; VAMS_BENCH_DIR the folder.
#include <benchmark/benchmark.h>
#include <fmt/format.h>
#include <malloc.h>

#include <cstdlib>
#include <fstream>
#include <string>

#include "items/codec.h"
#include "items/sqlite/sqlite_store.h"
#include "migrate/build.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate {

namespace {

using items::Item;
using items::Value;

constexpr std::uint64_t kVersionsPerAsset = 10;
constexpr std::uint64_t kDatabases = 100;

std::uint64_t Rows() {
  const char* rows = std::getenv("VAMS_BENCH_ROWS");
  return rows != nullptr ? std::strtoull(rows, nullptr, 10) : 1'000'000;
}

files::Path Folder() {
  const char* folder = std::getenv("VAMS_BENCH_DIR");
  return folder != nullptr ? files::Path(folder) : std::filesystem::temp_directory_path();
}

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", result.error().message);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

// The largest resident size so far, in MiB.
double PeakMiB() {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);)
    if (line.starts_with("VmHWM:")) return std::strtod(line.c_str() + 6, nullptr) / 1024;
  return 0;
}

// What making the data has left to the allocator is not the migration's.
void ResetPeak() {
  malloc_trim(0);
  std::ofstream("/proc/self/clear_refs") << "5";
}

std::string AssetId(std::uint64_t asset) {
  // Spread over the key space as generated ids are, but repeatable.
  const std::uint64_t mixed = asset * 0x9E3779B97F4A7C15ULL;
  return fmt::format("x{:08x}-0000-4000-8000-{:012x}", mixed >> 32, asset);
}

std::string DatabaseId(std::uint64_t asset) {
  return fmt::format("plant-{:03}", asset % kDatabases);
}

void Load(OpContext& op, items::ItemStore& store, const char* table, std::uint64_t count,
          const auto& make) {
  const auto loader = Must(store.OpenBulkLoad(op, table, {}));
  for (std::uint64_t i = 0; i < count; ++i) Must(loader->Add(op, make(i)));
  Must(loader->Finish(op));
}

// A store of data version 2.4: `rows` versions, as many file versions, a fifth as many snapshots.
void MakeSource(const files::Path& path, std::uint64_t rows) {
  OpContext op;
  const auto store = Must(items::OpenSqliteStore(path));
  std::vector<items::TableSpec> specs(tables::SystemTables().begin(), tables::SystemTables().end());
  for (const auto& table : tables::TablesOf({2, 4})) specs.push_back(tables::SpecOf(table));
  Must(store->CreateTables(op, specs));
  const auto s = [](std::string text) { return Value::S(std::move(text)); };
  Load(op, *store, "AssetStorageTable", rows / kVersionsPerAsset, [&](std::uint64_t i) {
    return Item{{"assetId", s(AssetId(i))},
                {"assetLocation", Value::M(Item{{"Key", s(AssetId(i) + "/")}})},
                {"assetName", s(fmt::format("Pump {}", i))},
                {"assetType", s(".glb")},
                {"bucketId", s("5b0f2c9e-1d7a-4f0e-9a55-2f2c7a1e0b01")},
                {"currentVersionId", s(std::to_string(kVersionsPerAsset - 1))},
                {"databaseId", s(DatabaseId(i))},
                {"description", s("Feed pump of the cooling circuit")},
                {"isDistributable", Value::Bool(true)},
                {"tags", Value::L({s("steel"), s("pump")})}};
  });
  Load(op, *store, "AssetVersionsStorageTable", rows, [&](std::uint64_t i) {
    const std::uint64_t asset = i / kVersionsPerAsset, version = i % kVersionsPerAsset;
    return Item{{"assetId", s(AssetId(asset))},
                {"assetVersionId", s(std::to_string(version))},
                {"comment", s(fmt::format("Revision {} after the inspection", version))},
                {"createdBy", s("dana@yard.example")},
                {"dateCreated", s("2025-01-14T10:03:00.000103")},
                {"description", s("Model of the feed pump with its base frame and the motor")},
                {"isCurrentVersion", Value::Bool(version == kVersionsPerAsset - 1)},
                {"specifiedPipelines", Value::L({})}};
  });
  Load(op, *store, "AssetFileVersionsStorageTable", rows, [&](std::uint64_t i) {
    const std::uint64_t asset = i / kVersionsPerAsset, version = i % kVersionsPerAsset;
    return Item{{"assetId:assetVersionId", s(fmt::format("{}:{}", AssetId(asset), version))},
                {"createdAt", s("2025-01-13T12:00:00.000003")},
                {"etag", s("d2ce182097fca751126fadd95824388f")},
                {"fileKey", s(fmt::format("models/pump-{}.glb", version))},
                {"lastModified", s("2025-01-13T11:00:00+00:00")},
                {"size", Value::N(static_cast<std::int64_t>(1000 + i))},
                {"versionId", s(fmt::format("{:032x}", i))}};
  });
  Load(op, *store, "AssetFileMetadataVersionsStorageTable", rows / 5, [&](std::uint64_t i) {
    const std::uint64_t asset = i / 2;
    return Item{{"createdAt", s("2025-04-10T01:00:00.000011")},
                {"databaseId:assetId:assetVersionId",
                 s(fmt::format("{}:{}:{}", DatabaseId(asset), AssetId(asset), 9))},
                {"metadataKey", s(fmt::format("key-{}", i % 2))},
                {"metadataValue", s("120345")},
                {"metadataValueType", s("string")},
                {"type:filePath:metadataKey", s(fmt::format("metadata:/:key-{}", i % 2))}};
  });
}

struct Run {
  double seconds = 0, verify_seconds = 0, records = 0, verified = 0;
};

Run RunOnce(const files::Path& source, const files::Path& work, Direction direction) {
  const Settings settings{.run_id = "bench", .run_millis = 1'740'823'200'000};
  OpContext op;
  const auto start = std::chrono::steady_clock::now();
  std::filesystem::create_directories(work);
  auto journal = Must(Journal::Open(work / "journal.jsonl", SystemClock()));
  Must(journal.MoveTo(Stage::kPlanned));
  const auto outcome = Must(Build(op, {.path = {{.step = &Step24To25(), .direction = direction}},
                                       .settings = settings,
                                       .source = source,
                                       .work = work,
                                       .journal = &journal}));
  Run run;
  run.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  for (const auto& phase : outcome.legs.front().phases) {
    fmt::print(stderr, "  {}: {} read, {} put, {} ms\n", phase.phase, Total(phase.read),
               Total(phase.put), phase.millis);
    run.records += static_cast<double>(Total(phase.read));
  }
  run.verify_seconds = static_cast<double>(outcome.verifications.front().millis) / 1000;
  run.verified = static_cast<double>(outcome.verifications.front().records);
  return run;
}

void Report(benchmark::State& state, const Run& run) {
  state.SetIterationTime(run.seconds);
  state.counters["records/s"] = run.records / run.seconds;
  state.counters["verified/s"] = run.verified / run.verify_seconds;
  state.counters["verify_s"] = run.verify_seconds;
  state.counters["peak_MiB"] = PeakMiB();
}

void Up(benchmark::State& state) {
  const auto folder = Must(files::TempFolder::Create(Folder(), "vams-bench-migrate"));
  MakeSource(folder.path() / "source.db", Rows());
  ResetPeak();
  for (auto _ : state)
    Report(state, RunOnce(folder.path() / "source.db", folder.path() / "up", Direction::kUp));
}
BENCHMARK(Up)->Name("Migrate24To25")->UseManualTime()->Iterations(1)->Unit(benchmark::kSecond);

void Down(benchmark::State& state) {
  const auto folder = Must(files::TempFolder::Create(Folder(), "vams-bench-migrate"));
  MakeSource(folder.path() / "source.db", Rows());
  RunOnce(folder.path() / "source.db", folder.path() / "up", Direction::kUp);
  ResetPeak();
  for (auto _ : state)
    Report(state,
           RunOnce(folder.path() / "up" / "stage-1.db", folder.path() / "down", Direction::kDown));
}
BENCHMARK(Down)->Name("Migrate25To24")->UseManualTime()->Iterations(1)->Unit(benchmark::kSecond);

}  // namespace

}  // namespace vams::migrate
