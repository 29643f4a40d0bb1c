#include "cli/update_commands_text.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "cli/cli.h"
#include "migrate/journal.h"
#include "migrate/report_page.h"

namespace vams::cli {

using lifecycle::OperationRecord;
using lifecycle::OperationStep;
using migrate::Seconds;

namespace {

constexpr std::size_t kMessage = 100;

std::string FirstLine(std::string text) {
  if (const auto line = text.find('\n'); line != std::string::npos) text.resize(line);
  if (text.size() <= kMessage) return text;
  text.resize(kMessage);
  // Not in the middle of a character.
  while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xC0) == 0x80) text.pop_back();
  return text + "…";
}

// What a line of another command than an operation says of itself.
std::string AboutLine(const boost::json::object& line) {
  std::string text = TextOf(line, "message");
  if (!text.empty()) return text;
  const std::string from = TextOf(line, "from"), to = TextOf(line, "to");
  if (!from.empty() && !to.empty()) return fmt::format("data version {} to {}", from, to);
  return TextOf(line, "backup");
}

// What differs in a configuration that an operation brings, a line; empty without one.
std::string ChangedText(const boost::json::object& configuration) {
  const auto* changed = configuration.if_contains("changed");
  if (changed == nullptr || !changed->is_array()) return {};
  std::vector<std::string> names;
  for (const auto& name : changed->as_array())
    if (name.is_string()) names.emplace_back(name.as_string());
  if (names.empty()) return "its configuration: no resource of it changes\n";
  return fmt::format("its configuration: {}\n", fmt::join(names, ", "));
}

}  // namespace

std::string StepText(const OperationStep& step) {
  std::string text = fmt::format("{:<16} {:<8}", step.name, step.result);
  if (step.result == "skipped")
    text += " " + step.message;
  else
    text += fmt::format(" {:>8}", Seconds(step.millis));
  return text + "\n";
}

std::string PreflightText(const lifecycle::Preflight& preflight) {
  std::string text = lifecycle::ChecksText(preflight.checks);
  if (!preflight.config_file.empty() && preflight.changes)
    text += lifecycle::diff::ToText(*preflight.changes);
  if (!preflight.passed()) return text;
  if (preflight.nothing_to_do())
    return text + fmt::format("stack \"{}\" is at data version {} already\n", preflight.stack,
                              preflight.from.ToString());
  if (!preflight.config_file.empty())
    text += fmt::format("stack \"{}\" can get the configuration of {}\n", preflight.stack,
                        preflight.config_file);
  if (preflight.from == preflight.to) return text;
  return text + fmt::format("stack \"{}\" can be updated from data version {} to {}\n",
                            preflight.stack, preflight.from.ToString(), preflight.to.ToString());
}

std::string UpdateText(const lifecycle::UpdateReport& report) {
  std::string text = report.message + "\n";
  text += ChangedText(report.configuration);
  if (!report.configuration.empty() && !report.url.empty())
    text += fmt::format("it answers at {}\n", report.url);
  if (!report.backup.empty())
    text += fmt::format("backup {} was made before it, and verified\n", report.backup);
  if (const auto& compared = report.comparison; !compared.empty())
    text += fmt::format(
        "rehearsal {} predicted {} and {} bytes of items; it took {} and made {} bytes\n",
        TextOf(compared, "rehearsal"),
        Seconds(static_cast<std::int64_t>(NumberOf(compared, "predictedMillis"))),
        Thousands(NumberOf(compared, "predictedBytes")),
        Seconds(static_cast<std::int64_t>(NumberOf(compared, "millis"))),
        Thousands(NumberOf(compared, "bytes")));
  if (!report.report.empty()) text += fmt::format("report: {}\n", report.report);
  return text;
}

std::string PruneText(const lifecycle::PruneStackReport& report, bool dry_run) {
  if (report.removed.empty())
    return fmt::format("nothing to remove: {} {} of stack \"{}\" stay\n", report.kept.size(),
                       report.kept.size() == 1 ? "generation" : "generations", report.stack);
  return fmt::format("{} generation {} of stack \"{}\"; {} bytes {}; generation {} stays\n",
                     dry_run ? "would remove" : "removed", fmt::join(report.removed, ", "),
                     report.stack, Thousands(report.freed_bytes),
                     dry_run ? "would be free" : "are free", fmt::join(report.kept, ", "));
}

std::string OperationText(const OperationRecord& record) {
  std::string text = Columns({{"operation", fmt::format("{} {}", record.kind, record.id)},
                              {"by", record.by},
                              {"began", record.started_at},
                              {"ended", record.ended() ? record.ended_at : std::string("not yet")},
                              {"result", record.state}});
  for (const auto& step : record.steps) {
    text += StepText(step);
    if (step.result == "failed") text += fmt::format("  {}\n", step.message);
  }
  if (record.progress)
    text += fmt::format("now: {} {}{}\n", record.progress->phase, Thousands(record.progress->done),
                        record.progress->total > 0
                            ? fmt::format(" of {}", Thousands(record.progress->total))
                            : std::string());
  if (!record.message.empty()) text += record.message + "\n";
  if (const auto* brought = record.Fact("configuration")) text += ChangedText(*brought);
  if (record.ended()) text += fmt::format("report: {}\n", record.report_html().string());
  return text;
}

std::string HistoryText(const std::string& stack, const std::vector<boost::json::object>& lines,
                        const std::vector<OperationRecord>& operations) {
  std::vector<std::vector<std::string>> rows{{"AT", "OPERATION", "ID", "BY", "RESULT", ""}};
  for (const auto& line : lines) {
    std::string id = TextOf(line, "id");
    if (id.empty() && !TextOf(line, "migration").empty()) id = "m" + TextOf(line, "migration");
    rows.push_back({TextOf(line, "at"), TextOf(line, "operation"), id, TextOf(line, "by"),
                    TextOf(line, "result"), FirstLine(AboutLine(line))});
  }
  for (const auto& operation : operations)
    if (!operation.ended())
      rows.push_back({operation.started_at, operation.kind, operation.id, operation.by,
                      operation.state,
                      operation.steps.empty() ? std::string() : operation.steps.back().name});
  if (rows.size() == 1) return fmt::format("nothing was done to stack \"{}\" yet\n", stack);
  return Columns(rows);
}

}  // namespace vams::cli
