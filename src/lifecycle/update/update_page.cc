#include "lifecycle/update/update_page.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "migrate/report_page.h"

namespace vams::lifecycle {

namespace json = boost::json;
using migrate::Escaped;

namespace {

void AppendChanges(std::string& out, const diff::ChangeSet& changes) {
  out += "<h2>Change set</h2>";
  if (changes.empty()) {
    out += "<p>No resource changes.</p>";
    return;
  }
  out +=
      "<table><tr><th>Resource<th>Change<th>Before<th>After<th class=n>Rows<th class=n>Carried"
      "<th class=n>Lost<th>Carried by</tr>";
  for (const auto& change : changes.changes)
    out += fmt::format(
        "<tr><td>{}<td>{}<td>{}<td>{}<td class=n>{}<td class=n>{}<td class=\"n{}\">{}<td>{}</tr>",
        Escaped(change.resource()), NameOf(change.kind), Escaped(change.before),
        Escaped(change.after), migrate::Grouped(change.holds.rows),
        migrate::Grouped(change.carried.rows), change.loses_data() ? " bad" : "",
        migrate::Grouped(change.lost.rows), Escaped(change.carried_by));
  out += "</table>";
}

void AppendComparison(std::string& out, const json::object& comparison) {
  if (comparison.empty()) return;
  out += fmt::format(
      "<h2>Against rehearsal {}</h2><table><tr><th>Step<th class=n>Predicted<th class=n>Took</tr>",
      Escaped(TextOf(comparison, "rehearsal")));
  const auto line = [&](const std::string& name, const json::object& numbers) {
    const bool predicted = numbers.contains("predictedMillis");
    out += fmt::format(
        "<tr><td>{}<td class=n>{}<td class=n>{}</tr>", Escaped(name),
        predicted
            ? migrate::Seconds(static_cast<std::int64_t>(NumberOf(numbers, "predictedMillis")))
            : std::string("–"),
        migrate::Seconds(static_cast<std::int64_t>(NumberOf(numbers, "millis"))));
  };
  if (const auto* steps = comparison.if_contains("steps"); steps != nullptr && steps->is_array())
    for (const auto& step : steps->as_array())
      if (step.is_object()) line(TextOf(step.as_object(), "name"), step.as_object());
  line("all", comparison);
  out += fmt::format("</table><p>Item data: {} bytes predicted, {} bytes made.</p>",
                     migrate::Grouped(NumberOf(comparison, "predictedBytes")),
                     migrate::Grouped(NumberOf(comparison, "bytes")));
}

}  // namespace

std::string UpdatePage(const UpdateReport& report) {
  std::string out;
  if (!report.configuration.empty())
    out += fmt::format("<p>It gets the configuration of <code>{}</code>.</p>",
                       Escaped(TextOf(report.configuration, "file")));
  if (report.preflight) {
    out += ChecksPage("Preflight", report.preflight->checks);
    if (report.preflight->changes) AppendChanges(out, *report.preflight->changes);
  }
  if (report.migration)
    for (std::size_t i = 0; i < report.migration->legs.size(); ++i) {
      migrate::AppendLeg(out, report.migration->legs[i]);
      if (i < report.migration->verifications.size())
        migrate::AppendVerification(out, report.migration->legs[i].name,
                                    report.migration->verifications[i]);
    }
  out += ChecksPage("The service on the new generation", report.service);
  AppendComparison(out, report.comparison);
  return out;
}

json::object ToJson(const UpdateReport& report) {
  json::object object{{"stack", report.stack},
                      {"operation", report.operation},
                      {"kind", report.kind},
                      {"result", NameOf(report.result)},
                      {"nothingToDo", report.nothing_to_do},
                      {"message", report.message},
                      {"from", report.from.ToString()},
                      {"to", report.to.ToString()},
                      {"fromGeneration", report.from_generation},
                      {"generation", report.generation}};
  if (!report.backup.empty()) object["backup"] = report.backup;
  if (!report.configuration.empty()) object["configuration"] = report.configuration;
  if (!report.url.empty()) object["url"] = report.url;
  if (report.preflight) object["preflight"] = ToJson(*report.preflight);
  if (report.migration) object["migration"] = ToJson(*report.migration);
  object["service"] = ToJson(report.service);
  if (!report.comparison.empty()) object["comparison"] = report.comparison;
  json::array recovered;
  for (const auto& one : report.recovered)
    recovered.push_back({{"operation", one.id},
                         {"kind", one.kind},
                         {"result", NameOf(one.result)},
                         {"message", one.message}});
  if (!recovered.empty()) object["recovered"] = std::move(recovered);
  if (!report.report.empty()) object["report"] = report.report;
  return object;
}

}  // namespace vams::lifecycle
