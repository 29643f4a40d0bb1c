// Speed of the checks of metadata against schemas: docs/performance.md, "Metadata".  `make bench`
// runs it.
#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <vector>

#include "model/effective_schema.h"

namespace vams::model {
namespace {

// Numbers, lists of ten, texts that depend on the field before, by turns.
MetadataSchema SchemaOf(int fields) {
  MetadataSchema schema{.id = "bench", .database_id = "plant", .name = "bench"};
  for (int i = 0; i < fields; ++i) {
    SchemaField field{.key = fmt::format("measured value {}", i), .required = i % 2 == 0};
    field.sequence = i;
    if (i % 3 == 0) field.type = ValueType::kNumber;
    if (i % 3 == 1) {
      field.type = ValueType::kInlineControlledList;
      field.list.emplace();
      for (int entry = 0; entry < 10; ++entry)
        field.list->push_back(fmt::format("state {}", entry));
    }
    if (i % 3 == 2) field.depends_on = {{fmt::format("measured value {}", i - 1)}};
    schema.fields.push_back(std::move(field));
  }
  return schema;
}

// As many of the fields as there are, then keys outside.
std::vector<MetadataItem> ItemsFor(const MetadataSchema& schema, int items) {
  std::vector<MetadataItem> all;
  for (int i = 0; i < items; ++i) {
    const auto at = static_cast<std::size_t>(i);
    if (at >= schema.fields.size()) {
      all.push_back({.key = fmt::format("note {}", i), .value = "seen"});
      continue;
    }
    const SchemaField& field = schema.fields[at];
    all.push_back(
        {.key = field.key, .value = field.list ? field.list->back() : "12.5", .type = field.type});
  }
  return all;
}

// Items and fields.  Everything that is sent is stored already, which is the longest check.
void BM_CheckWrite(benchmark::State& state) {
  const MetadataSchema one = SchemaOf(static_cast<int>(state.range(1)));
  const EffectiveSchema schema(SchemaEntity::kAsset, {&one, 1}, "");
  const auto items = ItemsFor(one, static_cast<int>(state.range(0)));
  for (auto _ : state) {
    const auto complaint = schema.CheckWrite(SchemaWrite::kCreate, items, items, false);
    if (complaint) state.SkipWithError(complaint->c_str());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_CheckWrite)->Args({50, 50})->Args({500, 100})->Unit(benchmark::kMicrosecond);

// From what is stored to the merged fields.
void BM_MakeSchema(benchmark::State& state) {
  MetadataSchema one = SchemaOf(static_cast<int>(state.range(0)));
  const std::string stored = StoredFields(one.fields);
  for (auto _ : state) {
    one.fields = FieldsOf(stored);
    benchmark::DoNotOptimize(EffectiveSchema(SchemaEntity::kAsset, {&one, 1}, "").fields().data());
  }
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(BM_MakeSchema)->Arg(50)->Arg(100)->Unit(benchmark::kMicrosecond);

void BM_Show(benchmark::State& state) {
  const MetadataSchema one = SchemaOf(50);
  const EffectiveSchema schema(SchemaEntity::kAsset, {&one, 1}, "");
  const auto items = ItemsFor(one, static_cast<int>(state.range(0)));
  for (auto _ : state)
    benchmark::DoNotOptimize(schema.Show(items, OutsideOrder::kDescending).data());
}
BENCHMARK(BM_Show)->Arg(50)->Arg(500)->Unit(benchmark::kMicrosecond);

}  // namespace
}  // namespace vams::model
