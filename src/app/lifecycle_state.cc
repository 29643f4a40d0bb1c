#include "app/lifecycle_state.h"

#include <boost/json.hpp>

#include "app/release.h"
#include "lifecycle/ab/state.h"
#include "lifecycle/manage_socket.h"
#include "migrate/steps.h"

namespace vams::app {

namespace json = boost::json;

namespace {

// From the data that is served to every newer version that this release knows.
json::array PathsFrom(tables::DataVersion from) {
  json::array paths;
  for (const auto to : tables::AllVersions()) {
    if (to <= from) continue;
    const auto legs = migrate::PathBetween(from, to);
    if (!legs.ok()) continue;
    json::array steps;
    for (const migrate::Leg& leg : *legs)
      steps.push_back(json::object{{"from", leg.from().ToString()}, {"to", leg.to().ToString()}});
    paths.push_back(json::object{
        {"from", from.ToString()}, {"to", to.ToString()}, {"steps", std::move(steps)}});
  }
  return paths;
}

}  // namespace

json::object StateJson(const lifecycle::Stack& stack, const lifecycle::ServedState& state) {
  json::object object = lifecycle::ToJson(state);
  object["stack"] = stack.name;
  object["servesDataVersion"] = ServedDataVersion().ToString();
  object["paths"] = PathsFrom(state.data_version);
  // <home>/stacks/<name>
  const lifecycle::StackRegistry registry(stack.folder.parent_path().parent_path(), SystemClock());
  json::array generations;
  if (const auto found = registry.Generations(stack); found.ok())
    for (const lifecycle::Generation& generation : *found)
      generations.push_back(json::object{{"number", generation.number},
                                         {"dataVersion", generation.data_version.ToString()},
                                         {"createdAt", generation.created_at},
                                         {"origin", generation.origin},
                                         {"serving", generation.number == state.generation}});
  object["generations"] = std::move(generations);
  return object;
}

Result<json::object> AbJson(const lifecycle::Stack& stack) {
  TRY(const auto state, lifecycle::ab::ReadState(stack));
  if (!state) return json::object{{"role", nullptr}};
  json::object object = lifecycle::ab::ToJson(*state);
  // Where a key lies is the operator's own business.
  if (json::value* peer = object.if_contains("peer"); peer != nullptr && peer->is_object())
    peer->as_object().erase("keyFile");
  TRY(const auto progress, lifecycle::ab::ReadProgress(stack));
  object["progress"] = nullptr;
  if (progress) object["progress"] = lifecycle::ab::ToJson(*progress);
  return object;
}

}  // namespace vams::app
