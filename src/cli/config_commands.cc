// vams config check|show
#include <fmt/format.h>

#include "cli/cli.h"
#include "lifecycle/backup/scheduler.h"

namespace vams::cli {

namespace {

// A file given by name, --config, or the configuration of the stack there is.
Result<config::Sources> SourcesOf(Context& context, const std::string& file) {
  if (!file.empty()) context.config_file = file;
  if (!context.config_file.empty()) return context.ConfigSources(nullptr);
  if (!context.stack.empty()) {
    TRY(const auto stack, context.Stack());
    return context.ConfigSources(&stack);
  }
  const auto only = context.Stack();
  return context.ConfigSources(only.ok() ? &*only : nullptr);
}

Result<int> Check(Context& context, const std::string& file) {
  TRY(const auto sources, SourcesOf(context, file));
  auto report = config::Check(sources);
  // What the configuration's own module cannot know.
  if (const auto config = config::Load(sources); config.ok() && !config->backup.schedule.empty())
    if (const auto schedule = lifecycle::backup::ParseSchedule(config->backup.schedule);
        !schedule.ok())
      report.violations.push_back({.rule = "backup-schedule",
                                   .severity = config::Severity::kError,
                                   .path = "backup.schedule",
                                   .at = {},
                                   .message = schedule.error().message});
  if (context.json)
    PrintJson(config::ReportJson(report));
  else
    fmt::print("{}", config::RenderText(report));
  return report.ok() ? kDone : kUsage;
}

Result<int> ShowConfig(Context& context, const std::string& file) {
  TRY(const auto sources, SourcesOf(context, file));
  TRY(const auto config, config::Load(sources));
  PrintJson(config::ConfigJson(config));
  return kDone;
}

}  // namespace

void AddConfigCommands(CLI::App& app, Context& context) {
  CLI::App* config = app.add_subcommand("config", "Check and show the configuration");
  config->require_subcommand(1);
  static std::string file;
  CLI::App* check = AddCommand(*config, context, "check", "Check a configuration field by field",
                               [&context] { return Check(context, file); });
  CLI::App* show = AddCommand(*config, context, "show", "Show the effective configuration as JSON",
                              [&context] { return ShowConfig(context, file); });
  for (CLI::App* command : {check, show}) {
    command->add_option("file", file, "The file (default: that of the stack, else none)");
    AddConfigOptions(*command, context);
  }
}

}  // namespace vams::cli
