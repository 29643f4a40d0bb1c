// The report of a remote run for machines and people.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "migrate/remote/run.h"
#include "migrate/report_page.h"

namespace vams::migrate::remote {

namespace json = boost::json;

namespace {

void AppendList(std::string& out, std::string_view title, const std::vector<std::string>& texts) {
  if (texts.empty()) return;
  out += fmt::format("<h2>{}</h2><ul>", title);
  for (const auto& text : texts) out += fmt::format("<li>{}</li>", Escaped(text));
  out += "</ul>";
}

std::string_view Outcome(const RemoteReport& report) {
  if (report.nothing_to_do) return "nothing to do";
  if (report.dry_run) return "dry run: nothing was changed";
  if (report.interrupted) return "interrupted: the same command goes on";
  if (report.strict_stop) return "stopped before writing: records were quarantined";
  return report.reindex_failed ? "the data is migrated and proved; the reindex failed" : "complete";
}

json::object SearchJson(const RemoteReport& report) {
  json::array found;
  for (const auto& one : report.indexes)
    found.push_back(json::object{{"name", one.name},
                                 {"index", one.physical},
                                 {"is", index::Describe(one.recognised)},
                                 {"because", one.recognised.because},
                                 {"documents", one.documents}});
  json::object search{{"found", std::move(found)}};
  if (!report.search) return search;
  const auto& filled = *report.search;
  json::array refused;
  for (const auto& one : filled.refused)
    refused.push_back(json::object{{"id", one.id}, {"reason", one.reason}});
  search["filled"] = {{"assets", filled.assets},      {"files", filled.files},
                      {"proved", filled.proved},      {"changed", filled.changed},
                      {"shared", filled.shared},      {"removed", filled.removed},
                      {"others", filled.others},      {"withoutBucket", filled.without_bucket},
                      {"refused", std::move(refused)}};
  return search;
}

void AppendIndexes(std::string& out, const RemoteReport& report) {
  if (report.indexes.empty()) return;
  out +=
      "<h2>Search indexes at the beginning</h2><table><tr><th>Name<th>Index<th>What it is"
      "<th>Because<th class=n>Documents</tr>";
  for (const auto& one : report.indexes)
    out += fmt::format("<tr><td><code>{}</code><td><code>{}</code><td>{}<td>{}<td class=n>{}</tr>",
                       Escaped(one.name), Escaped(one.physical),
                       Escaped(index::Describe(one.recognised)), Escaped(one.recognised.because),
                       Grouped(one.documents));
  out += "</table>";
}

void AppendChanges(std::string& out, const RemoteReport& report) {
  if (report.changes.empty()) return;
  out += fmt::format(
      "<h2>{}</h2><table><tr><th>Table<th>Physical name<th class=n>Added<th class=n>Changed"
      "<th class=n>Removed<th class=n>Left in quarantine<th class=n>Rows then<th>Digest, {}</tr>",
      report.dry_run ? "What would be written" : "What was written",
      report.proved.empty() ? "expected" : "read again");
  for (const auto& [table, change] : report.changes) {
    std::string physical;
    for (const auto& named : report.tables)
      if (named.canonical == table) physical = named.physical;
    out += fmt::format(
        "<tr><td>{}<td><code>{}</code><td class=n>{}<td class=n>{}<td class=n>{}<td class=n>{}"
        "<td class=n>{}<td><code>{}</code></tr>",
        Escaped(table), Escaped(physical), Grouped(change.added), Grouped(change.changed),
        Grouped(change.removed), Grouped(change.kept), Grouped(change.after.count),
        ToHex(change.after));
  }
  out += "</table>";
}

}  // namespace

std::uint64_t RemoteReport::quarantined() const {
  std::uint64_t count = refused;
  for (const auto& leg : legs)
    for (const auto& phase : leg.phases) count += Total(phase.quarantined);
  return count;
}

json::object ToJson(const RemoteReport& report) {
  json::array legs_json, verifications, tables;
  for (const auto& leg : report.legs) legs_json.push_back(migrate::ToJson(leg));
  for (const auto& verification : report.verifications)
    verifications.push_back(migrate::ToJson(verification));
  for (const auto& table : report.tables)
    tables.push_back(
        json::object{{"table", table.canonical}, {"physical", table.physical}, {"key", table.key}});
  json::object read;
  for (const auto& [table, rows] : report.read) read[table] = rows;
  json::object object{{"migration", report.id},
                      {"kind", report.kind},
                      {"config", report.config},
                      {"from", report.from.ToString()},
                      {"to", report.to.ToString()},
                      {"dialect", NameOf(report.dialect)},
                      {"path", Texts(report.path)},
                      {"tables", std::move(tables)},
                      {"dryRun", report.dry_run},
                      {"nothingToDo", report.nothing_to_do},
                      {"resumed", report.resumed},
                      {"finished", report.finished},
                      {"rounds", report.rounds},
                      {"startedAt", report.started_at},
                      {"finishedAt", report.finished_at},
                      {"millis", report.millis},
                      {"read", std::move(read)},
                      {"quarantined", report.quarantined()},
                      {"refused", report.refused},
                      {"changes", ToJson(report.changes)},
                      {"proved", migrate::ToJson(report.proved)},
                      {"protections", Texts(report.protections)},
                      {"notices", Texts(report.notices)},
                      {"legs", std::move(legs_json)},
                      {"verifications", std::move(verifications)}};
  if (report.strict_stop) object["strictStop"] = true;
  if (!report.reindex.empty()) object["reindex"] = report.reindex;
  if (!report.indexes.empty() || report.search) object["search"] = SearchJson(report);
  if (report.reindex_failed) object["reindexFailed"] = report.reindex_failed->message;
  if (report.interrupted) object["interrupted"] = report.interrupted->message;
  if (!report.folder.empty()) object["folder"] = report.folder.string();
  return object;
}

std::string HtmlReport(const RemoteReport& report) {
  const std::string versions = fmt::format("{} → {}", report.from.ToString(), report.to.ToString());
  std::string out =
      PageHead(fmt::format("{} {}", report.config, versions),
               fmt::format("{}: data version {}", report.config, versions), Outcome(report));
  out += "<dl>";
  const auto fact = [&](std::string_view name, std::string_view value) {
    out += fmt::format("<dt>{}<dd>{}", name, Escaped(value));
  };
  fact("Operation", report.id.empty() ? report.kind : report.kind + " " + report.id);
  fact("Dialect", NameOf(report.dialect));
  fact("Began", report.started_at);
  fact("Ended", report.finished_at);
  fact("Took", Seconds(report.millis));
  if (report.rounds > 1) fact("Rounds", std::to_string(report.rounds));
  if (report.refused > 0) fact("Refused by the server", Grouped(report.refused));
  if (!report.reindex.empty()) fact("Reindex", report.reindex);
  if (report.reindex_failed) fact("Reindex", report.reindex_failed->message);
  if (report.interrupted) fact("Interrupted", report.interrupted->message);
  out += "</dl>";
  AppendChanges(out, report);
  AppendList(out, "How the tables can come back", report.protections);
  AppendIndexes(out, report);
  AppendList(out, "To be read by the operator", report.notices);
  for (std::size_t i = 0; i < report.legs.size(); ++i) {
    AppendLeg(out, report.legs[i]);
    if (i < report.verifications.size())
      AppendVerification(out, report.legs[i].name, report.verifications[i]);
  }
  return out + "</html>\n";
}

}  // namespace vams::migrate::remote
