#include "config/report.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

namespace vams::config {

namespace json = boost::json;

namespace {

// One line of the text form.
struct Line {
  Location at;
  std::string path;
  std::string text;
};

std::string FieldText(const FieldReport& field) {
  switch (field.status) {
    case FieldStatus::kUsed: {
      std::string text = "used";
      if (field.origin != "file") text += fmt::format(", from {}", field.origin);
      if (!field.note.empty()) text += fmt::format(" ({})", field.note);
      return text;
    }
    case FieldStatus::kNew:
      return fmt::format("new (default {})", field.note);
    case FieldStatus::kNoMeaning:
      return fmt::format("accepted, no meaning here ({})", field.note);
    case FieldStatus::kUnknown: {
      std::string text = "unknown";
      if (!field.note.empty()) text += fmt::format(" (did you mean {}?)", field.note);
      if (field.origin != "file") text += fmt::format(", from {}", field.origin);
      return text;
    }
    case FieldStatus::kInvalid: {
      std::string text = fmt::format("invalid (expected {})", field.note);
      if (field.origin != "file") text += fmt::format(", from {}", field.origin);
      return text;
    }
  }
  return {};
}

void AppendSection(std::string& out, std::string_view title, const std::vector<Line>& lines) {
  if (lines.empty()) return;
  std::size_t path_width = 0;
  std::size_t line_width = 0;
  for (const Line& line : lines) {
    path_width = std::max(path_width, line.path.size());
    if (line.at.line > 0)
      line_width = std::max(line_width, fmt::formatted_size("{}", line.at.line));
  }
  // A few very long paths must not push every other text off the screen.
  path_width = std::min<std::size_t>(path_width, 64);
  out += fmt::format("\n{}\n", title);
  for (const Line& line : lines) {
    out += "  ";
    if (line_width > 0)
      out += line.at.line > 0 ? fmt::format("line {:>{}}  ", line.at.line, line_width)
                              : std::string(line_width + 7, ' ');
    out += fmt::format("{:<{}}  {}\n", line.path, path_width, line.text);
  }
}

std::string Plural(std::size_t count, std::string_view word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

std::vector<Line> LinesOf(const CheckReport& report, FieldStatus status) {
  std::vector<Line> lines;
  for (const FieldReport& field : report.fields)
    if (field.status == status) lines.push_back({field.at, field.path, FieldText(field)});
  return lines;
}

std::vector<Line> LinesOf(const CheckReport& report, Severity severity) {
  std::vector<Line> lines;
  for (const Violation& broken : report.violations)
    if (broken.severity == severity) lines.push_back({broken.at, broken.path, broken.message});
  return lines;
}

void Append(std::vector<Line>& lines, std::vector<Line> more) {
  lines.insert(lines.end(), std::make_move_iterator(more.begin()),
               std::make_move_iterator(more.end()));
}

std::size_t Count(const CheckReport& report, FieldStatus status) {
  return static_cast<std::size_t>(std::ranges::count(report.fields, status, &FieldReport::status));
}

std::size_t Count(const CheckReport& report, Severity severity) {
  return static_cast<std::size_t>(
      std::ranges::count(report.violations, severity, &Violation::severity));
}

std::vector<Line> ErrorsOf(const CheckReport& report) {
  std::vector<Line> lines = LinesOf(report, FieldStatus::kInvalid);
  Append(lines, LinesOf(report, Severity::kError));
  return lines;
}

}  // namespace

std::string_view StatusName(FieldStatus status) {
  switch (status) {
    case FieldStatus::kUsed:
      return "used";
    case FieldStatus::kNew:
      return "new";
    case FieldStatus::kNoMeaning:
      return "accepted";
    case FieldStatus::kUnknown:
      return "unknown";
    case FieldStatus::kInvalid:
      return "invalid";
  }
  return "invalid";
}

std::string_view SeverityName(Severity severity) {
  switch (severity) {
    case Severity::kNotice:
      return "notice";
    case Severity::kWarning:
      return "warning";
    case Severity::kError:
      return "error";
  }
  return "error";
}

int CheckReport::errors() const {
  return static_cast<int>(Count(*this, FieldStatus::kInvalid) + Count(*this, Severity::kError)) +
         (unreadable.empty() ? 0 : 1);
}

int CheckReport::warnings() const {
  return static_cast<int>(Count(*this, FieldStatus::kUnknown) + Count(*this, Severity::kWarning));
}

std::string RenderText(const CheckReport& report) {
  const std::string name = report.file.empty() ? "no configuration file" : report.file;
  if (!report.unreadable.empty()) return fmt::format("{}\n", report.unreadable);

  std::string out = fmt::format("{}: {}, {}; {} used, {} new, {} without meaning here\n", name,
                                Plural(static_cast<std::size_t>(report.errors()), "error"),
                                Plural(static_cast<std::size_t>(report.warnings()), "warning"),
                                Count(report, FieldStatus::kUsed), Count(report, FieldStatus::kNew),
                                Count(report, FieldStatus::kNoMeaning));
  AppendSection(out, "Errors (nothing starts or changes until they are mended)", ErrorsOf(report));
  std::vector<Line> warnings = LinesOf(report, FieldStatus::kUnknown);
  Append(warnings, LinesOf(report, Severity::kWarning));
  AppendSection(out, "Warnings", warnings);
  AppendSection(out, "Notes", LinesOf(report, Severity::kNotice));
  AppendSection(out, "Used", LinesOf(report, FieldStatus::kUsed));
  AppendSection(out, "New: not set, so the default counts", LinesOf(report, FieldStatus::kNew));
  AppendSection(out, "Accepted without meaning here", LinesOf(report, FieldStatus::kNoMeaning));
  return out;
}

json::object ReportJson(const CheckReport& report) {
  json::array fields;
  for (const FieldReport& field : report.fields) {
    json::object entry{{"path", field.path},
                       {"status", StatusName(field.status)},
                       {"origin", field.origin},
                       {"note", field.note}};
    if (field.at.line > 0) {
      entry["line"] = field.at.line;
      entry["column"] = field.at.column;
    }
    fields.push_back(std::move(entry));
  }
  json::array problems;
  for (const Violation& broken : report.violations) {
    json::object entry{{"rule", broken.rule},
                       {"severity", SeverityName(broken.severity)},
                       {"path", broken.path},
                       {"message", broken.message}};
    if (broken.at.line > 0) entry["line"] = broken.at.line;
    problems.push_back(std::move(entry));
  }
  if (!report.unreadable.empty())
    problems.push_back(json::object{
        {"rule", "readable"}, {"severity", "error"}, {"path", ""}, {"message", report.unreadable}});
  json::value file = nullptr;
  if (!report.file.empty()) file = report.file;
  return {{"file", std::move(file)},     {"ok", report.ok()},
          {"errors", report.errors()},   {"warnings", report.warnings()},
          {"fields", std::move(fields)}, {"problems", std::move(problems)}};
}

std::string ErrorLines(const CheckReport& report) {
  if (!report.unreadable.empty()) return report.unreadable;
  std::string out;
  for (const Line& line : ErrorsOf(report)) {
    if (!out.empty()) out += '\n';
    if (line.at.line > 0) out += fmt::format("line {}: ", line.at.line);
    if (!line.path.empty()) out += fmt::format("{}: ", line.path);
    out += line.text;
  }
  return out;
}

}  // namespace vams::config
