#include "migrate/steps.h"

#include <fmt/format.h>

namespace vams::migrate {

std::vector<const Step*> AllSteps() {
  return {&Step21To22(), &Step22To23(), &Step23To24(), &Step24To25()};
}

tables::DataVersion Leg::from() const {
  return direction == Direction::kUp ? step->from() : step->to();
}

tables::DataVersion Leg::to() const {
  return direction == Direction::kUp ? step->to() : step->from();
}

Result<std::vector<Leg>> PathBetween(tables::DataVersion from, tables::DataVersion to) {
  const auto steps = AllSteps();
  std::vector<Leg> path;
  tables::DataVersion at = from;
  while (at != to) {
    const Direction direction = at < to ? Direction::kUp : Direction::kDown;
    const Step* next = nullptr;
    for (const Step* step : steps)
      if ((direction == Direction::kUp ? step->from() : step->to()) == at) next = step;
    if (next == nullptr)
      return Error(
          Code::kNotSupported,
          fmt::format("there is no migration from data version {} to {}; this release migrates "
                      "between {} and {}, both included",
                      from.ToString(), to.ToString(), steps.front()->from().ToString(),
                      steps.back()->to().ToString()));
    path.push_back({next, direction});
    at = path.back().to();
  }
  return path;
}

}  // namespace vams::migrate
