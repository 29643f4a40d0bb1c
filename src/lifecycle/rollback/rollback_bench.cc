// Going back from 2.5 to 2.4: right after the update, and after some thousands of writes.
// VAMS_BENCH_ROWS (default 20,000; 1,000,000 is the size of lifecycle.md section 9) sets the number
// of version rows, of file rows and of objects; VAMS_BENCH_WRITES (default 1,000; 10,000) that of
// writes; VAMS_BENCH_DIR the folder.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <chrono>
#include <cstdlib>

#include "items/sqlite/sqlite_store.h"
#include "lifecycle/migrate_stack.h"
#include "lifecycle/rollback/rollback.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::lifecycle {

namespace {

using items::Item;
using items::Value;
using items::Write;

constexpr std::uint64_t kVersionsPerAsset = 10;
constexpr std::uint64_t kDatabases = 100;

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* text = std::getenv(name);
  return text != nullptr ? std::strtoull(text, nullptr, 10) : otherwise;
}

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    fmt::print(stderr, "{}\n", result.error().message);
    std::abort();
  }
  if constexpr (!std::is_void_v<T>) return *std::move(result);
}

Value S(std::string text) { return Value::S(std::move(text)); }

std::string AssetId(std::uint64_t asset) {
  // Spread over the key space as generated ids are, but repeatable.
  const std::uint64_t mixed = asset * 0x9E3779B97F4A7C15ULL;
  return fmt::format("x{:08x}-0000-4000-8000-{:012x}", mixed >> 32, asset);
}
std::string DatabaseId(std::uint64_t asset) {
  return fmt::format("plant-{:03}", asset % kDatabases);
}

Item AssetRow(std::uint64_t asset, std::uint64_t current, std::string description) {
  return {{"assetId", S(AssetId(asset))},
          {"assetLocation", Value::M(Item{{"Key", S(AssetId(asset) + "/")}})},
          {"assetName", S(fmt::format("Pump {}", asset))},
          {"assetType", S(".glb")},
          {"bucketId", S("b1")},
          {"currentVersionId", S(std::to_string(current))},
          {"databaseId", S(DatabaseId(asset))},
          {"description", S(std::move(description))},
          {"isDistributable", Value::Bool(true)},
          {"tags", Value::L({S("steel"), S("pump")})}};
}

Item VersionRow(std::uint64_t asset, std::uint64_t version, bool newer, std::string comment) {
  Item row{{"assetId", S(AssetId(asset))},
           {"assetVersionId", S(std::to_string(version))},
           {"comment", S(std::move(comment))},
           {"createdBy", S("dana@yard.example")},
           {"dateCreated", S("2025-01-14T10:03:00.000103")},
           {"description", S("Model of the feed pump with its base frame and the motor")},
           {"isCurrentVersion", Value::Bool(version + 1 == kVersionsPerAsset)},
           {"specifiedPipelines", Value::L({})}};
  if (!newer) return row;
  row.Set("databaseId", S(DatabaseId(asset)));
  row.Set("databaseId:assetId", S(fmt::format("{}:{}", DatabaseId(asset), AssetId(asset))));
  return row;
}

Item FileRow(std::uint64_t asset, std::uint64_t version, bool newer, std::string path) {
  Item row{{"createdAt", S("2025-01-13T12:00:00.000003")},
           {"etag", S("d2ce182097fca751126fadd95824388f")},
           {"fileKey", S(std::move(path))},
           {"lastModified", S("2025-01-13T11:00:00+00:00")},
           {"size", Value::N(static_cast<std::int64_t>(1000 + asset))},
           {"versionId", S(fmt::format("{:032x}", asset * 31 + version))}};
  if (!newer) {
    row.Set("assetId:assetVersionId", S(fmt::format("{}:{}", AssetId(asset), version)));
    return row;
  }
  row.Set("databaseId:assetId", S(fmt::format("{}:{}", DatabaseId(asset), AssetId(asset))));
  row.Set("databaseId:assetId:assetVersionId",
          S(fmt::format("{}:{}:{}", DatabaseId(asset), AssetId(asset), version)));
  return row;
}

void Load(OpContext& op, items::ItemStore& store, std::string_view table, std::uint64_t count,
          const auto& make) {
  const auto loader = Must(store.OpenBulkLoad(op, table, {}));
  for (std::uint64_t i = 0; i < count; ++i) Must(loader->Add(op, make(i)));
  Must(loader->Finish(op));
}

// A stack of data version 2.4 as large as asked for, updated to 2.5.
class Bench {
 public:
  Bench() : folder_(Must(files::TempFolder::Create(Folder(), "vams-bench-rollback"))) {
    Make();
    Update();
  }

  void Update() {
    MigrateOptions options;
    (void)Must(RunMigration(registry_, "bench", options, clock_, op_, {}));
  }

  // As many single commits as a busy day: edits of assets and versions, new versions and files.
  void WriteSome(std::uint64_t writes) {
    const auto stack = Must(registry_.Get("bench"));
    const auto store = Must(items::OpenSqliteStore(stack.current.items()));
    const std::uint64_t assets = rows_ / kVersionsPerAsset;
    for (std::uint64_t i = 0; i < writes; ++i) {
      const std::uint64_t asset = (i * 7919) % assets;
      std::vector<Write> commit;
      switch (i % 5) {
        case 0:
          commit.push_back(
              Write::Put("AssetStorageTable", AssetRow(asset, kVersionsPerAsset - 1, "Edited")));
          break;
        case 1:
          commit.push_back(Write::Put("AssetVersionsStorageTableV2",
                                      VersionRow(asset, i % kVersionsPerAsset, true, "Edited")));
          break;
        case 2:
          commit.push_back(
              Write::Put("AssetFileVersionsStorageTableV2",
                         FileRow(asset, i % kVersionsPerAsset, true, "models/added.glb")));
          break;
        case 3:
          commit.push_back(Write::Put(
              "AssetFileMetadataStorageTableV2",
              {{"databaseId:assetId", S(fmt::format("{}:{}", DatabaseId(asset), AssetId(asset)))},
               {"databaseId:assetId:filePath",
                S(fmt::format("{}:{}:/", DatabaseId(asset), AssetId(asset)))},
               {"metadataKey", S("weight")},
               {"metadataValue", S(std::to_string(i))},
               {"metadataValueType", S("number")}}));
          break;
        default:
          commit.push_back(Write::Put("AssetVersionsStorageTableV2",
                                      VersionRow(asset, kVersionsPerAsset, true, "New")));
          commit.push_back(Write::Put("AssetStorageTable",
                                      AssetRow(asset, kVersionsPerAsset, "With a new version")));
      }
      (void)Must(store->Commit(op_, commit));
    }
  }

  RollbackReport RollBack() {
    RollbackRequest request;
    request.stack = "bench";
    const UpdateSetting setting{
        .registry = registry_,
        .clock = clock_,
        .random = SystemRandom(),
        .op = op_,
        .transport = nobody_,
        .release = "bench",
        .config_of = [](const Stack&) -> Result<StackConfig> { return StackConfig(); },
        .serve = {},
        .on_step = {},
        .on_progress = {}};
    auto report = Must(RollBackStack(setting, request));
    for (const auto& step : report.steps)
      fmt::print(stderr, "  {}: {} ms\n", step.name, step.millis);
    if (report.result != OperationResult::kDone) {
      fmt::print(stderr, "{}\n", report.message);
      std::abort();
    }
    return report;
  }

 private:
  class Nobody final : public net::Transport {
   public:
    Result<net::HttpResponse> Send(OpContext&, const net::HttpRequest&, bool*) override {
      return Error(Code::kUnavailable, "nobody is there");
    }
  };

  static files::Path Folder() {
    const char* folder = std::getenv("VAMS_BENCH_DIR");
    return folder != nullptr ? files::Path(folder) : std::filesystem::temp_directory_path();
  }

  void Make() {
    auto builder = Must(GenerationBuilder::ForNewStack(registry_, "bench", std::nullopt));
    {
      const auto store = Must(items::OpenSqliteStore(builder.items()));
      Must(store->CreateTables(op_, TablesOfGeneration({2, 4})));
      Load(op_, *store, "AssetStorageTable", rows_ / kVersionsPerAsset, [](std::uint64_t i) {
        return AssetRow(i, kVersionsPerAsset - 1, "Feed pump of the cooling circuit");
      });
      Load(op_, *store, "AssetVersionsStorageTable", rows_, [](std::uint64_t i) {
        return VersionRow(i / kVersionsPerAsset, i % kVersionsPerAsset, false,
                          "Revision after the inspection");
      });
      Load(op_, *store, "AssetFileVersionsStorageTable", rows_, [](std::uint64_t i) {
        return FileRow(i / kVersionsPerAsset, i % kVersionsPerAsset, false, "models/pump.glb");
      });
      const auto object = [](std::uint64_t i) {
        objects::ObjectVersion version;
        version.bucket = "yard";
        version.key =
            fmt::format("{}/models/{}.glb", AssetId(i / kVersionsPerAsset), i % kVersionsPerAsset);
        version.version_id = fmt::format("{:032x}", i);
        version.sequence = 1;
        version.size = 1000 + i;
        version.user_metadata.emplace();
        return version;
      };
      Load(op_, *store, tables::kObjectsTable, rows_, [&](std::uint64_t i) {
        return objects::ObjectItem({.newest = object(i), .next = 2, .versions = 1});
      });
      Load(op_, *store, tables::kObjectVersionsTable, rows_,
           [&](std::uint64_t i) { return objects::VersionItem(object(i)); });
    }
    (void)Must(builder.Publish({2, 4}, {{"kind", "create"}},
                               {{"AssetVersionsStorageTable", rows_},
                                {"AssetFileVersionsStorageTable", rows_},
                                {"AssetStorageTable", rows_ / kVersionsPerAsset}}));
  }

  const std::uint64_t rows_ = FromEnvironment("VAMS_BENCH_ROWS", 20'000);
  files::TempFolder folder_;
  const Clock& clock_ = SystemClock();
  StackRegistry registry_{folder_.path(), clock_};
  OpContext op_;
  Nobody nobody_;
};

void Measure(benchmark::State& state, std::uint64_t writes) {
  Bench bench;
  if (writes > 0) bench.WriteSome(writes);
  for (auto _ : state) {
    const auto start = std::chrono::steady_clock::now();
    const auto report = bench.RollBack();
    state.SetIterationTime(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
    state.counters["changes"] = static_cast<double>(report.changes);
    state.counters["rows"] =
        report.hops.empty() ? 0 : static_cast<double>(report.hops.front().carried.rows());
  }
}

void RightAfter(benchmark::State& state) { Measure(state, 0); }
BENCHMARK(RightAfter)
    ->Name("RollbackRightAfter")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

void AfterWrites(benchmark::State& state) {
  Measure(state, FromEnvironment("VAMS_BENCH_WRITES", 1'000));
}
BENCHMARK(AfterWrites)
    ->Name("RollbackAfterWrites")
    ->UseManualTime()
    ->Iterations(1)
    ->Unit(benchmark::kSecond);

}  // namespace

}  // namespace vams::lifecycle
