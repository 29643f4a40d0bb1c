// What detection adds to a scan, per row, for the largest tables.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "items/codec.h"
#include "tables/detect_version.h"

namespace vams::tables {
namespace {

using items::Item;
using items::Value;

void Measure(benchmark::State& state, std::string_view table, const Item& item) {
  const std::string encoded = items::EncodeItem(item);
  VersionDetector detector;
  for (auto _ : state) detector.See(table, encoded);
  benchmark::DoNotOptimize(detector.Finish());
  state.SetItemsProcessed(state.iterations());
}

void BM_AssetRows(benchmark::State& state) {
  Measure(state, "AssetStorageTable",
          {{"assetId", Value::S("x3b0a6f2e-7c11-4d0a-9a10-0c5d1e2f3a03")},
           {"assetLocation", Value::M({{"Key", Value::S("scans/amphora_07/")}})},
           {"assetName", Value::S("Amphora 07")},
           {"assetType", Value::S("folder")},
           {"bucketId", Value::S("c7e41a88-6a0b-4a8f-8f0d-8b9d5a3e0b02")},
           {"currentVersionId", Value::S("3")},
           {"databaseId", Value::S("museum_scans")},
           {"description", Value::S("Model of Amphora 07")},
           {"isDistributable", Value::Bool(true)},
           {"tags", Value::L({Value::S("ceramic")})}});
}
BENCHMARK(BM_AssetRows);

void BM_MetadataRows(benchmark::State& state) {
  Item item{{"databaseId", Value::S("bridge-lab")}, {"assetId", Value::S("/truss-A/a.usdz")}};
  for (int i = 0; i < 20; ++i)
    item.Set("field_" + std::to_string(i), Value::S("some value of a field"));
  Measure(state, "MetadataStorageTable", item);
}
BENCHMARK(BM_MetadataRows);

void BM_VersionRows(benchmark::State& state) {
  Measure(state, "AssetVersionsStorageTable",
          {{"assetId", Value::S("truss-A")},
           {"assetVersionId", Value::S("11")},
           {"comment", Value::S("Revision 11")},
           {"isCurrentVersion", Value::Bool(true)}});
}
BENCHMARK(BM_VersionRows);

}  // namespace
}  // namespace vams::tables
