// DynamoDB JSON in and out, with Boost.JSON's parse to a tree beside it.  Lines are shaped like
// rows of a real export: 473 bytes on average, twelve attributes, not in order of their names.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <boost/json.hpp>
#include <string>
#include <vector>

#include "items/aws/dynamodb_json.h"
#include "items/codec.h"

namespace vams::items::aws {
namespace {

std::vector<std::string> MakeLines(bool sorted) {
  std::vector<std::string> lines;
  for (int i = 0; i < 1000; ++i) {
    std::string line = fmt::format(
        R"({{"Item":{{"databaseId":{{"S":"plant-{}"}},"assetId":{{"S":"pump-{:06}"}},)"
        R"("fileKey":{{"S":"pump-{:06}/geometry/housing part {}.glb"}},)"
        R"("description":{{"S":"Housing of pump {}, as scanned in the yard \"north\"; see drawing 7/{}"}},)"
        R"("size":{{"N":"{}"}},"createdAt":{{"S":"2025-03-27T03:00:00.{:06}+00:00"}},)"
        R"("isArchived":{{"BOOL":false}},"version":{{"N":"{}"}},"parent":{{"NULL":true}},)"
        R"("tags":{{"L":[{{"S":"steel"}},{{"S":"Ångström"}}]}},)"
        R"("location":{{"M":{{"Key":{{"S":"pump-{:06}/"}}}}}},"etag":{{"S":"{:032x}"}}}}}})",
        i % 7, i, i, i % 13, i, i, i * 7919, i, i % 5, i, i * 2654435761ULL);
    if (sorted) {
      auto encoded = EncodeFromLine(line);
      line = "{\"Item\":";
      if (!encoded.ok() || !AppendJson(line, *encoded).ok()) std::abort();
      line += "}";
    }
    lines.push_back(std::move(line));
  }
  return lines;
}

std::int64_t TotalBytes(const std::vector<std::string>& lines) {
  std::int64_t total = 0;
  for (const auto& line : lines) total += static_cast<std::int64_t>(line.size());
  return total;
}

void Count(benchmark::State& state, const std::vector<std::string>& lines) {
  state.SetBytesProcessed(state.iterations() * TotalBytes(lines));
  state.SetItemsProcessed(state.iterations() * static_cast<std::int64_t>(lines.size()));
  state.counters["bytes/line"] =
      static_cast<double>(TotalBytes(lines)) / static_cast<double>(lines.size());
}

void BM_DecodeToEncoded(benchmark::State& state) {
  const auto lines = MakeLines(state.range(0) != 0);
  JsonItemParser parser;
  for (auto _ : state)
    for (const auto& line : lines) {
      auto encoded = parser.EncodeLine(line);
      if (!encoded.ok()) state.SkipWithError(encoded.error().message.c_str());
      benchmark::DoNotOptimize(encoded->data());
    }
  Count(state, lines);
}
BENCHMARK(BM_DecodeToEncoded)->ArgName("sorted")->Arg(0)->Arg(1);

void BM_DecodeToItem(benchmark::State& state) {
  const auto lines = MakeLines(false);
  JsonItemParser parser;
  for (auto _ : state)
    for (const auto& line : lines) {
      auto encoded = parser.EncodeLine(line);
      if (!encoded.ok()) state.SkipWithError(encoded.error().message.c_str());
      auto item = DecodeItem(*encoded);
      benchmark::DoNotOptimize(item->size());
    }
  Count(state, lines);
}
BENCHMARK(BM_DecodeToItem);

void BM_BoostParse(benchmark::State& state) {
  const auto lines = MakeLines(false);
  for (auto _ : state)
    for (const auto& line : lines) {
      boost::json::error_code ec;
      auto value = boost::json::parse(line, ec);
      benchmark::DoNotOptimize(value);
    }
  Count(state, lines);
}
BENCHMARK(BM_BoostParse);

void BM_EncodedToJson(benchmark::State& state) {
  const auto lines = MakeLines(false);
  std::vector<std::string> encoded;
  for (const auto& line : lines) encoded.push_back(*EncodeFromLine(line));
  std::string out;
  for (auto _ : state)
    for (const auto& item : encoded) {
      out.assign("{\"Item\":");
      if (!AppendJson(out, item).ok()) state.SkipWithError("damaged");
      out.push_back('}');
      benchmark::DoNotOptimize(out.data());
    }
  Count(state, lines);
}
BENCHMARK(BM_EncodedToJson);

}  // namespace
}  // namespace vams::items::aws
