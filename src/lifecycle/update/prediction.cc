#include "lifecycle/update/prediction.h"

#include <boost/json.hpp>

#include "base/json.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

std::uint64_t ItemBytes(const Generation& generation) {
  std::error_code ec;
  const auto bytes = std::filesystem::file_size(generation.items(), ec);
  return ec ? 0 : bytes;
}

}  // namespace

json::object PredictionOf(const OperationRecord& rehearsal, std::string_view from,
                          std::string_view to, const Generation& made) {
  json::array steps;
  std::int64_t millis = 0;
  for (const auto& step : rehearsal.steps) {
    // Copying the stack is the rehearsal's own.
    if (step.result != "done" || step.name == "clone") continue;
    steps.push_back({{"name", step.name}, {"millis", step.millis}});
    millis += step.millis;
  }
  return {{"from", from},
          {"to", to},
          {"generation", rehearsal.generation},
          {"steps", std::move(steps)},
          {"millis", millis},
          {"bytes", ItemBytes(made)}};
}

json::object CompareWithPrediction(const Stack& stack, const OperationRecord& update,
                                   std::string_view from, std::string_view to,
                                   const Generation* made) {
  const auto operations = Operations(stack);
  if (!operations.ok()) return {};
  const OperationRecord* rehearsal = nullptr;
  const json::object* prediction = nullptr;
  for (const auto& operation : *operations) {
    const auto* fact = operation.kind == "rehearse" ? operation.Fact("prediction") : nullptr;
    if (fact == nullptr || TextOf(*fact, "from") != from || TextOf(*fact, "to") != to) continue;
    rehearsal = &operation;
    prediction = fact;
  }
  if (prediction == nullptr) return {};
  json::array steps;
  std::int64_t millis = 0;
  const auto* predicted = prediction->if_contains("steps");
  for (const auto& step : update.steps) {
    if (step.result != "done" && step.result != "failed") continue;
    json::object line{{"name", step.name}, {"millis", step.millis}};
    millis += step.millis;
    if (predicted != nullptr && predicted->is_array())
      for (const auto& of : predicted->as_array())
        if (of.is_object() && TextOf(of.as_object(), "name") == step.name)
          line["predictedMillis"] = NumberOf(of.as_object(), "millis");
    steps.push_back(std::move(line));
  }
  json::object compared{{"rehearsal", rehearsal->id},
                        {"steps", std::move(steps)},
                        {"predictedMillis", NumberOf(*prediction, "millis")},
                        {"millis", millis},
                        {"predictedBytes", NumberOf(*prediction, "bytes")}};
  if (made != nullptr) compared["bytes"] = ItemBytes(*made);
  return compared;
}

}  // namespace vams::lifecycle
