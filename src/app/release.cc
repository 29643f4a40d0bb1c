#include "app/release.h"

#include <boost/json.hpp>

#include "migrate/steps.h"

namespace vams::app {

namespace {
boost::json::array VersionTexts(const std::vector<tables::DataVersion>& versions) {
  boost::json::array texts;
  for (const auto version : versions) texts.push_back(boost::json::string(version.ToString()));
  return texts;
}
}  // namespace

std::string Release() { return VAMS_RELEASE; }

tables::DataVersion ServedDataVersion() { return tables::kNewest; }

std::vector<tables::DataVersion> MigratesFrom() {
  std::vector<tables::DataVersion> versions;
  for (const auto* step : migrate::AllSteps()) versions.push_back(step->from());
  return versions;
}

std::vector<tables::DataVersion> Imports() {
  const auto all = tables::AllVersions();
  return {all.begin(), all.end()};
}

boost::json::object ReleaseJson() {
  return {{"release", Release()},
          {"dataVersion", ServedDataVersion().ToString()},
          {"migratesFrom", VersionTexts(MigratesFrom())},
          {"imports", VersionTexts(Imports())}};
}

}  // namespace vams::app
