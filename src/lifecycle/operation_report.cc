#include <fmt/format.h>

#include <boost/json.hpp>

#include "lifecycle/operation.h"
#include "migrate/report_page.h"

namespace vams::lifecycle {

namespace json = boost::json;
using migrate::Escaped;

namespace {

std::string ShownText(const json::value& value) {
  return value.is_string() ? std::string(value.as_string()) : json::serialize(value);
}

// Whatever a step found, as nested lists: reports of all kinds of operations read alike.
void AppendEvidence(std::string& out, const json::value& value) {
  if (const auto* object = value.if_object()) {
    out += "<ul>";
    for (const auto& member : *object) {
      out += fmt::format("<li>{}: ", Escaped(std::string_view(member.key())));
      AppendEvidence(out, member.value());
    }
    out += "</ul>";
  } else if (const auto* array = value.if_array()) {
    out += "<ul>";
    for (const auto& element : *array) {
      out += "<li>";
      AppendEvidence(out, element);
    }
    out += "</ul>";
  } else {
    out += fmt::format("<code>{}</code>", Escaped(ShownText(value)));
  }
}

bool IsGood(std::string_view state) { return state == "done" || state == "skipped"; }

std::string Page(const OperationRecord& record, const OperationEnd& end) {
  std::string out = migrate::PageHead(fmt::format("{} {}", record.kind, record.id),
                                      fmt::format("{} {}", record.kind, record.id), record.message);
  out += "<dl>";
  const auto fact = [&](std::string_view name, std::string_view value) {
    out += fmt::format("<dt>{}<dd>{}", name, Escaped(value));
  };
  out += fmt::format("<dt>Result<dd class={}>{}", IsGood(record.state) ? "good" : "bad",
                     Escaped(record.state));
  fact("By", record.by);
  fact("Began", record.started_at);
  fact("Ended", record.ended_at);
  fact("Took", migrate::Seconds(record.millis));
  fact("From generation", std::to_string(record.generation));
  out += "</dl><h2>Steps</h2><table><tr><th>Step<th>Result<th class=n>Time<th></tr>";
  for (const auto& step : record.steps) {
    out += fmt::format("<tr><td>{}<td class={}>{}<td class=n>{}<td>{}", Escaped(step.name),
                       IsGood(step.result) ? "good" : "bad", Escaped(step.result),
                       migrate::Seconds(step.millis), Escaped(step.message));
    if (!step.evidence.empty()) {
      out += "<details><summary>evidence</summary>";
      AppendEvidence(out, step.evidence);
      out += "</details>";
    }
    out += "</tr>";
  }
  out += "</table>" + end.page + "</html>\n";
  return out;
}

}  // namespace

Status WriteReports(const OperationRecord& record, const OperationEnd& end) {
  json::object report = ToJson(record);
  for (const auto& member : end.report) report[member.key()] = member.value();
  TRY_OK(files::WriteAtomically(record.report_json(), json::serialize(report) + "\n"));
  return files::WriteAtomically(record.report_html(), Page(record, end));
}

}  // namespace vams::lifecycle
