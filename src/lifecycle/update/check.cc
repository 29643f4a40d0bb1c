#include "lifecycle/update/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "migrate/report_page.h"

namespace vams::lifecycle {

namespace json = boost::json;

std::string_view NameOf(CheckResult result) {
  switch (result) {
    case CheckResult::kOk:
      return "ok";
    case CheckResult::kWarning:
      return "warning";
    case CheckResult::kRefused:
      return "refused";
  }
  return "refused";
}

CheckResult WorstOf(const std::vector<Check>& checks) {
  CheckResult worst = CheckResult::kOk;
  for (const auto& check : checks) worst = std::max(worst, check.result);
  return worst;
}

std::string RefusalsOf(const std::vector<Check>& checks) {
  std::string text;
  for (const auto& check : checks) {
    if (!check.refused()) continue;
    if (!text.empty()) text += "; ";
    text += check.name + ": " + check.summary;
    if (!check.way_out.empty()) text += "; " + check.way_out;
  }
  return text;
}

json::object ToJson(const Check& check) {
  json::object object{{"name", check.name},
                      {"result", NameOf(check.result)},
                      {"summary", check.summary},
                      {"millis", check.millis},
                      {"evidence", check.evidence}};
  if (!check.way_out.empty()) object["wayOut"] = check.way_out;
  return object;
}

json::array ToJson(const std::vector<Check>& checks) {
  json::array list;
  for (const auto& check : checks) list.push_back(ToJson(check));
  return list;
}

std::string ChecksPage(std::string_view title, const std::vector<Check>& checks) {
  using migrate::Escaped;
  if (checks.empty()) return {};
  std::string out =
      fmt::format("<h2>{}</h2><table><tr><th>Check<th>Result<th>Finding</tr>", Escaped(title));
  for (const auto& check : checks) {
    out += fmt::format("<tr><td>{}<td class={}>{}<td>{}", Escaped(check.name),
                       check.result == CheckResult::kOk ? "good" : "bad", NameOf(check.result),
                       Escaped(check.summary));
    if (!check.way_out.empty()) out += fmt::format("<br>{}", Escaped(check.way_out));
    if (!check.evidence.empty())
      out += fmt::format("<details><summary>evidence</summary><pre>{}</pre></details>",
                         Escaped(json::serialize(check.evidence)));
    out += "</tr>";
  }
  return out + "</table>";
}

std::string ChecksText(const std::vector<Check>& checks) {
  std::size_t width = 0;
  for (const auto& check : checks) width = std::max(width, check.name.size());
  std::string out;
  for (const auto& check : checks) {
    out +=
        fmt::format("{:<{}}  {:<7}  {}\n", check.name, width, NameOf(check.result), check.summary);
    if (!check.way_out.empty() && check.result != CheckResult::kOk)
      out += fmt::format("{:<{}}           {}\n", "", width, check.way_out);
  }
  return out;
}

}  // namespace vams::lifecycle
