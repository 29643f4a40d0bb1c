// vams: the server and its command line in one program.
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "app/release.h"
#include "base/log.h"
#include "cli/cli.h"

extern char** environ;

namespace vams::cli {
namespace {

std::map<std::string, std::string> Environment() {
  std::map<std::string, std::string> variables;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    if (const auto equals = text.find('='); equals != text.npos)
      variables.emplace(text.substr(0, equals), text.substr(equals + 1));
  }
  return variables;
}

void PrintVersion(bool json) {
  if (json) return PrintJson(app::ReleaseJson());
  const auto list = [](const std::vector<tables::DataVersion>& versions) {
    std::vector<std::string> texts;
    for (const auto v : versions) texts.push_back(v.ToString());
    return texts.empty() ? std::string("none in this release")
                         : fmt::format("{}", fmt::join(texts, ", "));
  };
  fmt::print("vams {}\n{}", app::Release(),
             Columns({{"serves data version", app::ServedDataVersion().ToString()},
                      {"migrates from", list(app::MigratesFrom())},
                      {"imports and exports", list(app::Imports())}}));
}

int Report(const Error& error, bool json) {
  if (json) PrintJson({{"error", {{"code", CodeName(error.code)}, {"message", error.message}}}});
  fmt::print(stderr, "vams: {}\n", error.message);
  if (!error.details.empty()) fmt::print(stderr, "  ({})\n", error.details);
  return ExitOf(error.code);
}

// The deepest command that was named, for pointing at its help.
const CLI::App* Named(const CLI::App& app) {
  const CLI::App* at = &app;
  while (!at->get_subcommands().empty()) at = at->get_subcommands().front();
  return at;
}

std::string PathOf(const CLI::App* command) {
  std::string path = command->get_name();
  for (const CLI::App* up = command->get_parent(); up != nullptr; up = up->get_parent())
    path = up->get_name() + " " + path;
  return path;
}

int Main(int argc, char** argv) {
  Context context;
  context.environment = Environment();
  CLI::App app("Visual Asset Management System", "vams");
  app.set_help_flag("-h,--help", "Show this help");
  bool version = false;
  app.add_flag("--version", version, "Show release and data versions");
  app.add_flag("--json", context.json, "Print one JSON document");
  // Where upstream's client has it; client commands take it behind their name as well.
  app.add_option("--profile", context.profile, "The server and login of client commands")
      ->type_name("NAME");
  app.require_subcommand(0, 1);
  AddServeCommands(app, context);
  AddMaintenanceCommands(app, context);
  AddDemoCommands(app, context);
  AddUserCommands(app, context);
  AddAccessCommands(app, context);
  AddStackCommands(app, context);
  AddImportCommand(app, context);
  AddExportCommand(app, context);
  AddMigrateCommands(app, context);
  AddItemsCommands(app, context);
  AddObjectsCommands(app, context);
  AddConfigCommands(app, context);
  AddAuditCommands(app, context);
  AddAuthCommands(app, context);
  AddDatabaseCommands(app, context);
  AddAssetsCommands(app, context);
  AddAssetVersionCommands(app, context);
  AddAssetLinksCommands(app, context);
  AddFileCommands(app, context);
  AddMetadataCommands(app, context);
  AddMetadataSchemaCommands(app, context);
  AddTagCommands(app, context);
  AddCommentCommands(app, context);
  AddSubscriptionCommands(app, context);
  AddSearchCommands(app, context);
  AddReindexCommands(app, context);
  AddBackupCommands(app, context);
  AddUpdateCommands(app, context);
  AddRollbackCommand(app, context);
  AddDiffCommand(app, context);
  AddChangelogCommand(app, context);
  AddAbCommands(app, context);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp& help) {
    fmt::print("{}", Named(app)->help());
    return kDone;
  } catch (const CLI::ParseError& e) {
    // A program that asked upstream's way for JSON gets some.
    if (std::find(argv, argv + argc, std::string_view("--json-output")) != argv + argc)
      PrintJson({{"error", e.what()}, {"error_type", "usage"}});
    fmt::print(stderr, "vams: {}; nothing was done; see \"{} --help\"\n", e.what(),
               PathOf(Named(app)));
    return kUsage;
  }
  if (version) {
    PrintVersion(context.json);
    return kDone;
  }
  if (!context.run) {
    fmt::print("{}", Named(app)->help());
    return Named(app) == &app ? static_cast<int>(kDone) : static_cast<int>(kUsage);
  }
  auto result = context.run();
  return result.ok() ? *result : Report(result.error(), context.json);
}

}  // namespace
}  // namespace vams::cli

int main(int argc, char** argv) {
  try {
    const int code = vams::cli::Main(argc, argv);
    return std::fflush(stdout) == 0 ? code : static_cast<int>(vams::cli::kFailed);
  } catch (const std::exception& e) {
    vams::LogError(fmt::format("unexpected failure: {}", e.what()));
    return vams::cli::kFailed;
  }
}
