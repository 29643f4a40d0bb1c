// The rules a configuration has to keep that no single field can: config.md, "Rules checked".
// Private to the module.  Looks at the files the configuration names (stat only).
#pragma once

#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "config/config.h"
#include "config/report.h"

namespace vams::config {

struct RuleInput {
  const Config& config;
  const std::map<std::string, std::string>& environment;
  // Where the file has the field, if it does.
  std::function<Location(std::string_view path)> where;
  // True if any source set the field (to something but null).
  std::function<bool(std::string_view path)> is_set;
  // engines.search names an engine although app.openSearch switches search off.
  bool search_overruled = false;
};

std::vector<Violation> CheckRules(const RuleInput& input);

}  // namespace vams::config
