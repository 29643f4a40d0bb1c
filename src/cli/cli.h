// What the commands of `vams` share: options, output, errors, exit codes (lifecycle.md section 4).
// One thread.
#pragma once

#include <CLI/CLI.hpp>
#include <boost/json.hpp>
#include <functional>
#include <map>
#include <optional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "lifecycle/stack.h"

namespace vams::cli {

// Exit codes of operator commands.
enum Exit : int {
  kDone = 0,
  kFailed = 1,      // and nothing changed
  kUsage = 2,       // or the configuration is wrong
  kRolledBack = 3,  // failed, and the stack is as it was
  kRefused = 4,
  kInterrupted = 5,  // but resumable
  kDifferent = 6,
};

// The operator side of the error table.
int ExitOf(Code code);

// Exit codes of commands that talk to a server, where they differ (cli.md section 2.3).
enum ClientExit : int {
  kNotSignedIn = 4,
  kForbidden = 5,
  kNotThere = 6,
};

// The client side of the error table.
int ClientExitOf(Code code);

// The state of one invocation.  Commands add themselves with their options; the one that was named
// sets `run`.
struct Context {
  std::map<std::string, std::string> environment;
  const Clock& clock = SystemClock();

  // Of the environment; empty if it is not set.
  std::string Variable(const std::string& name) const;

  // Options that every command has.
  std::string home, stack;
  bool json = false;
  bool yes = false;
  // Options of those that read a configuration.
  std::string config_file;
  std::vector<std::string> sets;
  // Of those that talk to a server.
  std::string profile;

  std::function<Result<int>()> run;

  Result<lifecycle::StackRegistry> Registry() const;
  // --stack; else the only stack; else app.baseStackName of --config.  kInvalid with what there is.
  Result<std::string> StackName() const;
  Result<lifecycle::Stack> Stack() const;
  // What the configuration is made of: the file given, or that of the stack.
  Result<config::Sources> ConfigSources(const lifecycle::Stack* stack) const;
  Result<std::optional<std::string>> ConfigText() const;
};

// Adds a command with the common options; `run` is called when it is the one named.
CLI::App* AddCommand(CLI::App& parent, Context& context, const std::string& name,
                     const std::string& what, std::function<Result<int>()> run);
// --config and --set.
void AddConfigOptions(CLI::App& command, Context& context);

void AddStackCommands(CLI::App& app, Context& context);
void AddImportCommand(CLI::App& app, Context& context);
void AddExportCommand(CLI::App& app, Context& context);
void AddItemsCommands(CLI::App& app, Context& context);
void AddObjectsCommands(CLI::App& app, Context& context);
void AddMigrateCommands(CLI::App& app, Context& context);
void AddConfigCommands(CLI::App& app, Context& context);
void AddServeCommands(CLI::App& app, Context& context);
void AddMaintenanceCommands(CLI::App& app, Context& context);
void AddDemoCommands(CLI::App& app, Context& context);
void AddUserCommands(CLI::App& app, Context& context);
void AddAccessCommands(CLI::App& app, Context& context);
void AddAuditCommands(CLI::App& app, Context& context);
void AddAuthCommands(CLI::App& app, Context& context);
void AddDatabaseCommands(CLI::App& app, Context& context);
void AddAssetsCommands(CLI::App& app, Context& context);
void AddAssetVersionCommands(CLI::App& app, Context& context);
void AddAssetLinksCommands(CLI::App& app, Context& context);
void AddFileCommands(CLI::App& app, Context& context);
void AddMetadataCommands(CLI::App& app, Context& context);
void AddMetadataSchemaCommands(CLI::App& app, Context& context);
void AddTagCommands(CLI::App& app, Context& context);
void AddCommentCommands(CLI::App& app, Context& context);
void AddSubscriptionCommands(CLI::App& app, Context& context);
void AddSearchCommands(CLI::App& app, Context& context);
void AddReindexCommands(CLI::App& app, Context& context);
void AddBackupCommands(CLI::App& app, Context& context);
void AddRollbackCommand(CLI::App& app, Context& context);
void AddUpdateCommands(CLI::App& app, Context& context);
void AddDiffCommand(CLI::App& app, Context& context);
void AddChangelogCommand(CLI::App& app, Context& context);
void AddAbCommands(CLI::App& app, Context& context);

// Progress of long work on standard error: one line that is rewritten on a terminal, lines now and
// then otherwise.
class ProgressLine {
 public:
  explicit ProgressLine(const Context& context);
  ~ProgressLine();
  void Show(std::string_view phase, std::uint64_t rows);

 private:
  const bool terminal_;
  bool shown_ = false;
  std::int64_t last_millis_ = 0;
};

// Columns aligned by their widest cell; the last one is not padded.
std::string Columns(const std::vector<std::vector<std::string>>& rows);
void PrintJson(const boost::json::value& value);
// 1234567 -> "1,234,567"
std::string Thousands(std::uint64_t number);
// "1,234 files", "1 file".
std::string Counted(std::uint64_t number, std::string_view what);
// "1 row", "1,234 rows"
std::string Rows(std::uint64_t number);

}  // namespace vams::cli
