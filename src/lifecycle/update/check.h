// What a check of an operation found: named, with its evidence and, when it does not pass, what
// would make it pass.  Of preflight, of the proof of the data, of the looks at the service.
// Plain values.  Spec: lifecycle.md section 5.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vams::lifecycle {

enum class CheckResult : std::uint8_t { kOk, kWarning, kRefused };
std::string_view NameOf(CheckResult result);  // "ok", "warning", "refused"

struct Check {
  std::string name;  // "disk space"
  CheckResult result = CheckResult::kOk;
  std::string summary;           // one sentence of what was found
  std::string way_out;           // what would make it pass; of a warning what may be done about it
  boost::json::object evidence;  // numbers, ids, lists
  std::int64_t millis = 0;

  bool refused() const { return result == CheckResult::kRefused; }
};

// kOk for none.
CheckResult WorstOf(const std::vector<Check>& checks);
// The refusals in one sentence each: "NAME: SUMMARY; WAY OUT".  Empty without any.
std::string RefusalsOf(const std::vector<Check>& checks);
boost::json::object ToJson(const Check& check);
boost::json::array ToJson(const std::vector<Check>& checks);
// A section of an HTML report.
std::string ChecksPage(std::string_view title, const std::vector<Check>& checks);
// Aligned lines for a terminal, each ending in a newline.
std::string ChecksText(const std::vector<Check>& checks);

}  // namespace vams::lifecycle
