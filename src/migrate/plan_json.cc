#include "migrate/plan_json.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "migrate/journal.h"
#include "migrate/leg.h"

namespace vams::migrate {

namespace json = boost::json;

namespace {

Result<Leg> LegFrom(std::string_view name) {
  std::vector<const Step*> steps = AllSteps();
  for (const auto version : tables::AllVersions())
    if (const auto* repair = RepairStep(version); repair != nullptr) steps.push_back(repair);
  for (const auto* step : steps)
    for (const auto direction : {Direction::kUp, Direction::kDown})
      if (const Leg leg{.step = step, .direction = direction}; NameOf(leg) == name) return leg;
  return Error(Code::kNotSupported,
               fmt::format("a migration has the step \"{}\", which this release does not know; "
                           "install the release that began it",
                           name));
}

}  // namespace

json::object ToJson(const Settings& settings) {
  json::object owners;
  for (const auto& [record, database] : settings.owners) owners[record] = database;
  return {{"dialect", NameOf(settings.dialect)},
          {"runId", settings.run_id},
          {"runMillis", settings.run_millis},
          {"owners", std::move(owners)},
          {"quarantineAmbiguous", settings.quarantine_ambiguous},
          {"assetBucket", settings.asset_bucket},
          {"baseAssetsPrefix", settings.base_assets_prefix},
          {"referenceAuthor", settings.reference_author}};
}

Settings SettingsFrom(const json::object& object) {
  Settings settings;
  if (TextOf(object, "dialect") == NameOf(Dialect::kReference))
    settings.dialect = Dialect::kReference;
  settings.run_id = TextOf(object, "runId");
  settings.run_millis = static_cast<std::int64_t>(NumberOf(object, "runMillis"));
  if (const auto* owners = object.if_contains("owners"); owners != nullptr && owners->is_object())
    for (const auto& owner : owners->get_object())
      if (owner.value().is_string())
        settings.owners[std::string(owner.key())] = owner.value().get_string();
  const json::value* ambiguous = object.if_contains("quarantineAmbiguous");
  settings.quarantine_ambiguous =
      ambiguous != nullptr && ambiguous->is_bool() && ambiguous->get_bool();
  settings.asset_bucket = TextOf(object, "assetBucket");
  settings.base_assets_prefix = TextOf(object, "baseAssetsPrefix");
  settings.reference_author = TextOf(object, "referenceAuthor");
  return settings;
}

json::array PathJson(const std::vector<Leg>& path) {
  json::array names;
  for (const auto& leg : path) names.emplace_back(NameOf(leg));
  return names;
}

Result<std::vector<Leg>> PathFrom(const json::object& object) {
  std::vector<Leg> path;
  if (const auto* names = object.if_contains("path"); names != nullptr && names->is_array())
    for (const auto& name : names->get_array())
      if (name.is_string()) {
        TRY(path.emplace_back(), LegFrom(name.get_string()));
      }
  return path;
}

json::object WithoutRun(json::object plan) {
  auto& settings = plan.at("settings").as_object();
  settings.erase("runId");
  settings.erase("runMillis");
  return plan;
}

}  // namespace vams::migrate
