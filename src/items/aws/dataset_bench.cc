// Whole files: reading an export and item lines, writing them with several compression levels.
// Bytes are those of the JSON text.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <cstdlib>
#include <string>
#include <vector>

#include "items/aws/dataset.h"
#include "items/aws/dynamodb_json.h"
#include "items/aws/export_writer.h"

namespace vams::items::aws {
namespace {

constexpr int kItems = 100000;

std::string EncodedItem(int i) {
  return *EncodeFromJson(fmt::format(
      R"({{"databaseId":{{"S":"plant-{}"}},"assetId":{{"S":"pump-{:06}"}},)"
      R"("fileKey":{{"S":"pump-{:06}/geometry/housing part {}.glb"}},)"
      R"("description":{{"S":"Housing of pump {}, as scanned in the yard; see drawing 7/{}"}},)"
      R"("size":{{"N":"{}"}},"createdAt":{{"S":"2025-03-27T03:00:00.{:06}+00:00"}},)"
      R"("isArchived":{{"BOOL":false}},"version":{{"N":"{}"}},"tags":{{"L":[{{"S":"steel"}}]}},)"
      R"("etag":{{"S":"{:032x}"}}}})",
      i % 7, i, i, i % 13, i, i, i * 7919, i, i % 5, static_cast<unsigned>(i) * 2654435761U));
}

const std::vector<std::string>& Items() {
  static const auto* items = [] {
    auto* made = new std::vector<std::string>;
    for (int i = 0; i < kItems; ++i) made->push_back(EncodedItem(i));
    return made;
  }();
  return *items;
}

ExportResult Write(const files::Path& folder, ExportFormat format, int level) {
  ExportOptions options;
  options.folder = folder;
  options.format = format;
  options.physical_name = "bench";
  options.canonical_name = "bench";
  options.compression_level = level;
  auto writer = ExportWriter::Open(options, SystemClock(), SystemRandom());
  if (!writer.ok()) std::abort();
  for (const auto& item : Items())
    if (!(*writer)->Add(item).ok()) std::abort();
  auto result = (*writer)->Finish();
  if (!result.ok()) std::abort();
  return *result;
}

files::TempFolder Temp() {
  return *files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-bench");
}

void Count(benchmark::State& state, const ExportResult& result) {
  state.SetBytesProcessed(state.iterations() * static_cast<std::int64_t>(result.json_bytes));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(result.items));
  state.counters["stored/json"] =
      static_cast<double>(result.stored_bytes) / static_cast<double>(result.json_bytes);
}

void BM_WriteExport(benchmark::State& state) {
  (void)Items();
  ExportResult result;
  for (auto _ : state) {
    const auto temp = Temp();
    result = Write(temp.path(), ExportFormat::kDynamoDb, static_cast<int>(state.range(0)));
  }
  Count(state, result);
}
BENCHMARK(BM_WriteExport)->ArgName("level")->Arg(1)->Arg(3)->Arg(6)->Unit(benchmark::kMillisecond);

void BM_WriteLines(benchmark::State& state) {
  (void)Items();
  ExportResult result;
  for (auto _ : state) {
    const auto temp = Temp();
    result = Write(temp.path(), ExportFormat::kLines, 0);
  }
  Count(state, result);
}
BENCHMARK(BM_WriteLines)->Unit(benchmark::kMillisecond);

void BM_Read(benchmark::State& state) {
  const auto temp = Temp();
  const auto format = state.range(0) != 0 ? ExportFormat::kDynamoDb : ExportFormat::kLines;
  const auto result = Write(temp.path(), format, 6);
  for (auto _ : state) {
    auto dataset = OpenDataset(temp.path());
    if (!dataset.ok()) std::abort();
    auto report = ReadTable(dataset->tables[0], {}, [](std::string_view encoded, const Origin&) {
      benchmark::DoNotOptimize(encoded.data());
      return Ok();
    });
    if (!report.ok()) state.SkipWithError(report.error().message.c_str());
  }
  Count(state, result);
}
BENCHMARK(BM_Read)->ArgName("gzip")->Arg(0)->Arg(1)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace vams::items::aws
