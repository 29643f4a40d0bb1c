// Speed of checking metadata values, one of each type as clients write them: docs/performance.md.
// `make bench` runs it.
#include <benchmark/benchmark.h>

#include <string_view>

#include "model/metadata_value.h"

namespace vams::model {
namespace {

void Check(benchmark::State& state, ValueType type, std::string_view value) {
  for (auto _ : state) {
    benchmark::DoNotOptimize(value);
    auto complaint = CheckValue(type, value);
    if (complaint) {
      state.SkipWithError(complaint->c_str());
      return;
    }
    benchmark::DoNotOptimize(complaint);
  }
  state.SetItemsProcessed(state.iterations());
}

BENCHMARK_CAPTURE(Check, String, ValueType::kString, "Bay 7 / north rack");
BENCHMARK_CAPTURE(Check, Number, ValueType::kNumber, "-1250.75e3");
BENCHMARK_CAPTURE(Check, Boolean, ValueType::kBoolean, "true");
BENCHMARK_CAPTURE(Check, Date, ValueType::kDate, "2031-04-05T06:07:08.123+05:30");
BENCHMARK_CAPTURE(Check, Xyz, ValueType::kXyz, R"({"x":1.25,"y":-2.5,"z":0.0})");
BENCHMARK_CAPTURE(Check, Wxyz, ValueType::kWxyz, R"({"w":1,"x":0,"y":0,"z":0})");
BENCHMARK_CAPTURE(Check, Matrix4x4, ValueType::kMatrix4x4,
                  "[[1,0,0,12.5],[0,1,0,-3.25],[0,0,1,0.125],[0,0,0,1]]");
BENCHMARK_CAPTURE(Check, Geopoint, ValueType::kGeopoint,
                  R"({"type":"Point","coordinates":[151.2093,-33.8688]})");
BENCHMARK_CAPTURE(Check, Geojson, ValueType::kGeojson,
                  R"({"type":"Feature","geometry":{"type":"Polygon","coordinates":)"
                  R"([[[0,0],[4.5,0],[4.5,3.25],[0,3.25],[0,0]]]},"properties":{"n":"dock"}})");
BENCHMARK_CAPTURE(Check, Lla, ValueType::kLla, R"({"lat":60.1699,"long":24.9384,"alt":12})");
BENCHMARK_CAPTURE(Check, Json, ValueType::kJson,
                  R"({"vendor":"Kone","loads":[1250,2500.5],"approved":true,"note":null})");

}  // namespace
}  // namespace vams::model
