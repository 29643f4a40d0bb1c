#include "lifecycle/migration_report.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "migrate/report_page.h"

namespace vams::lifecycle {

namespace json = boost::json;
using migrate::AppendLeg;
using migrate::AppendVerification;
using migrate::Escaped;
using migrate::Grouped;
using migrate::Seconds;

std::string HtmlReport(const MigrationReport& report) {
  std::string out = migrate::PageHead(
      fmt::format("{} {} → {}", report.stack, report.from.ToString(), report.to.ToString()),
      fmt::format("{}: data version {} → {}", report.stack, report.from.ToString(),
                  report.to.ToString()),
      report.nothing_to_do ? "nothing to do"
      : report.dry_run     ? "dry run: nothing was changed"
                           : "complete");
  out += "<dl>";
  const auto fact = [&](std::string_view name, const std::string& value) {
    out += fmt::format("<dt>{}<dd>{}", name, Escaped(value));
  };
  fact("Operation", report.id.empty() ? report.kind : report.kind + " " + report.id);
  fact("Dialect", std::string(migrate::NameOf(report.dialect)));
  fact("From generation", std::to_string(report.source_generation));
  if (report.result_generation != 0)
    fact("To generation", std::to_string(report.result_generation));
  fact("Began", report.started_at);
  fact("Ended", report.finished_at);
  fact("Took", Seconds(report.millis));
  if (report.returned && report.returned->generation != 0)
    fact("Against generation " + std::to_string(report.returned->generation),
         fmt::format("{} changes made since; {} records more, {} changed, {} fewer",
                     Grouped(report.returned->writes), Grouped(report.returned->added),
                     Grouped(report.returned->changed), Grouped(report.returned->removed)));
  out += "</dl>";
  for (std::size_t i = 0; i < report.legs.size(); ++i) {
    AppendLeg(out, report.legs[i]);
    if (i < report.verifications.size())
      AppendVerification(out, report.legs[i].name, report.verifications[i]);
  }
  out += "</html>\n";
  return out;
}

json::object ToJson(const MigrationReport& report) {
  json::array path, legs, verifications;
  for (const auto& leg : report.path) path.emplace_back(leg);
  for (const auto& leg : report.legs) legs.push_back(migrate::ToJson(leg));
  for (const auto& verification : report.verifications)
    verifications.push_back(migrate::ToJson(verification));
  json::object object{{"stack", report.stack},
                      {"migration", report.id},
                      {"kind", report.kind},
                      {"from", report.from.ToString()},
                      {"to", report.to.ToString()},
                      {"dialect", migrate::NameOf(report.dialect)},
                      {"path", std::move(path)},
                      {"dryRun", report.dry_run},
                      {"nothingToDo", report.nothing_to_do},
                      {"resumed", report.resumed},
                      {"sourceGeneration", report.source_generation},
                      {"resultGeneration", report.result_generation},
                      {"startedAt", report.started_at},
                      {"finishedAt", report.finished_at},
                      {"millis", report.millis},
                      {"quarantined", report.quarantined()},
                      {"legs", std::move(legs)},
                      {"verifications", std::move(verifications)}};
  if (report.returned)
    object["returned"] = json::object{{"generation", report.returned->generation},
                                      {"writes", report.returned->writes},
                                      {"added", report.returned->added},
                                      {"changed", report.returned->changed},
                                      {"removed", report.returned->removed}};
  if (report.interrupted) object["interrupted"] = report.interrupted->message;
  if (!report.folder.empty()) object["folder"] = report.folder.string();
  return object;
}

Status WriteReports(const MigrationReport& report) {
  TRY_OK(files::WriteAtomically(report.folder / "report.json",
                                json::serialize(ToJson(report)) + "\n"));
  return files::WriteAtomically(report.folder / "report.html", HtmlReport(report));
}

}  // namespace vams::lifecycle
