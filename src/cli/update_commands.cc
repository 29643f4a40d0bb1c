// vams preflight|rehearse|update|verify|history|prune
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

#include "app/backups.h"
#include "app/prepare.h"
#include "app/release.h"
#include "app/settings.h"
#include "cli/cli.h"
#include "cli/migrate_options.h"
#include "cli/stoppable.h"
#include "cli/update_commands_server.h"
#include "cli/update_commands_text.h"
#include "lifecycle/update/prune.h"
#include "lifecycle/update/update.h"
#include "lifecycle/update/verify.h"
#include "net/http_client.h"

namespace vams::cli {

namespace {

struct UpdateOptions {
  MigrateArguments migration;
  std::string approval = "destructive";
  std::vector<std::string> accept_loss;
  bool force = false, read_objects = false, dry_run = false;
  std::string operation;
  lifecycle::GenerationRules rules;
};

// That of the stack, which is not the one of --config.
Result<lifecycle::StackConfig> StoredConfigOf(const Context& context,
                                              const lifecycle::Stack& stack) {
  Context stored = context;
  stored.config_file.clear();
  TRY(const auto sources, stored.ConfigSources(&stack));
  lifecycle::StackConfig read;
  TRY(read.config, config::Load(sources));
  read.report = config::Check(sources);
  read.encryption = app::EncryptionOf(read.config);
  // <home>/stacks/<name>
  read.backup_folder = app::BackupFolderOf(read.config, stack.folder.parent_path().parent_path());
  read.own_bucket = app::OwnBucketOf(read.config, stack.name);
  return read;
}

// The server that starts a command says for whom.
std::string AskedBy(const Context& context) {
  const auto by = context.environment.find("VAMS_OPERATION_BY");
  return by == context.environment.end() ? lifecycle::ProcessUser() : by->second;
}

// What one command works with; its output on a terminal.
struct UpdateWork {
  explicit UpdateWork(const Context& the_context, const lifecycle::StackRegistry& registry)
      : context(the_context),
        stoppable(op),
        line(the_context),
        transport(net::HttpClientOptions{.ca_bundle = {}, .any_certificate = true}),
        setting{
            .registry = registry,
            .clock = the_context.clock,
            .random = SystemRandom(),
            .op = op,
            .transport = transport,
            .release = app::Release(),
            .config_of = [this](const lifecycle::Stack& of) { return StoredConfigOf(context, of); },
            .serve =
                [this](const lifecycle::StackRegistry& in, const lifecycle::Stack& stack) {
                  return ServeTemporarily(in, stack, password);
                },
            .on_step = [this](const lifecycle::OperationStep& step) { Show(step); },
            .on_progress =
                [this](const lifecycle::OperationProgress& progress) {
                  line.Show(progress.phase, progress.done);
                }} {}

  void Show(const lifecycle::OperationStep& step) {
    if (context.json || step.result == "running") return;
    fmt::print("{}", StepText(step));
    std::fflush(stdout);
  }

  // Of a stack that stays: that of a copy or of a generation that was left again is of no use.
  void ShowPassword() const { fmt::print(stderr, "{}", password); }

  const Context& context;
  std::string password;
  OpContext op;
  Stoppable stoppable;
  ProgressLine line;
  net::HttpClient transport;
  lifecycle::UpdateSetting setting;
};

bool Approve(const lifecycle::diff::ChangeSet& changes) {
  fmt::print(stderr, "{}Go on? [y/N] ", lifecycle::diff::ToText(changes));
  std::string answer;
  return std::getline(std::cin, answer) && (answer == "y" || answer == "yes");
}

Result<lifecycle::NewConfig> NewConfigOf(const Context& context) {
  TRY(const auto sources, context.ConfigSources(nullptr));
  TRY(auto config, lifecycle::ReadNewConfig(sources));
  TRY_OK(app::CheckBeforeCreate(config.config, context.environment, context.clock));
  TRY(const auto registry, context.Registry());
  config.backup_folder = app::BackupFolderOf(config.config, registry.home());
  return config;
}

Result<lifecycle::UpdateRequest> RequestOf(const Context& context, const UpdateOptions& options) {
  lifecycle::UpdateRequest request;
  TRY(request.stack, context.StackName());
  request.by = AskedBy(context);
  TRY(request.migration, MigrateOptionsOf(options.migration));
  TRY(request.approval, lifecycle::diff::ApprovalFrom(options.approval));
  request.approved = context.yes;
  request.accept_loss = {options.accept_loss.begin(), options.accept_loss.end()};
  request.force = options.force;
  if (!context.config_file.empty()) {
    TRY(request.config, NewConfigOf(context));
  }
  if (!context.json && ::isatty(0) == 1 && ::isatty(2) == 1) request.ask = Approve;
  return request;
}

int ExitOf(lifecycle::OperationResult result) {
  using lifecycle::OperationResult;
  switch (result) {
    case OperationResult::kDone:
    case OperationResult::kUndone:
      return kDone;
    case OperationResult::kFailed:
      return kFailed;
    case OperationResult::kRolledBack:
      return kRolledBack;
    case OperationResult::kRefused:
      return kRefused;
    case OperationResult::kInterrupted:
      return kInterrupted;
    case OperationResult::kDifferent:
      return kDifferent;
  }
  return kFailed;
}

void ShowRecovered(const Context& context, const std::vector<lifecycle::Recovered>& recovered) {
  fmt::print(context.json ? stderr : stdout, "{}", lifecycle::RecoveredText(recovered));
}

using UpdateOperation = Result<lifecycle::UpdateReport> (*)(const lifecycle::UpdateSetting&,
                                                            const lifecycle::UpdateRequest&);

Result<int> Operate(Context& context, const UpdateOptions& options, UpdateOperation operation) {
  TRY(const auto registry, context.Registry());
  TRY(const auto request, RequestOf(context, options));
  auto report = [&] {
    UpdateWork work(context, registry);
    auto made = operation(work.setting, request);
    if (made.ok() && made->result == lifecycle::OperationResult::kDone && made->kind == "update")
      work.ShowPassword();
    return made;
  }();
  if (!report.ok()) return std::move(report).error();
  ShowRecovered(context, report->recovered);
  const int exit = ExitOf(report->result);
  if (context.json)
    PrintJson(lifecycle::ToJson(*report));
  else if (exit == kDone)
    fmt::print("{}", UpdateText(*report));
  if (exit != kDone) fmt::print(stderr, "vams: {}\n", report->message);
  return exit;
}

Result<int> Preflight(Context& context, const UpdateOptions& options) {
  TRY(const auto registry, context.Registry());
  TRY(const auto request, RequestOf(context, options));
  auto preflight = [&] {
    UpdateWork work(context, registry);
    return lifecycle::RunPreflight(work.setting, request, [&](const lifecycle::Check& check) {
      work.line.Show("looked at " + check.name, 0);
    });
  }();
  if (!preflight.ok()) return std::move(preflight).error();
  if (context.json)
    PrintJson(lifecycle::ToJson(*preflight));
  else
    fmt::print("{}", PreflightText(*preflight));
  if (preflight->passed()) return kDone;
  fmt::print(stderr, "vams: {}\n", lifecycle::RefusalsOf(preflight->checks));
  return kRefused;
}

Result<int> Verify(Context& context, const UpdateOptions& options) {
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.StackName());
  auto report = [&] {
    UpdateWork work(context, registry);
    work.setting.on_step = {};
    auto verified = lifecycle::VerifyStack(work.setting,
                                           {.stack = stack,
                                            .by = AskedBy(context),
                                            .read_objects = options.read_objects,
                                            .threads = options.migration.threads},
                                           {});
    work.ShowPassword();
    return verified;
  }();
  if (!report.ok()) return std::move(report).error();
  ShowRecovered(context, report->recovered);
  if (context.json)
    PrintJson(lifecycle::ToJson(*report));
  else
    fmt::print("{}{}", lifecycle::ChecksText(report->data), lifecycle::ChecksText(report->service));
  const int exit = ExitOf(report->result);
  if (exit != kDone)
    fmt::print(stderr, "vams: {}\n", report->message);
  else if (!context.json)
    fmt::print("{}\n", report->message);
  return exit;
}

Result<int> History(Context& context, const UpdateOptions& options) {
  TRY(const auto stack, context.Stack());
  if (!options.operation.empty()) {
    TRY(const auto record, lifecycle::GetOperation(stack, options.operation));
    if (context.json)
      PrintJson(lifecycle::ToJson(record));
    else
      fmt::print("{}", OperationText(record));
    return kDone;
  }
  TRY(const auto lines, lifecycle::History(stack));
  TRY(const auto operations, lifecycle::Operations(stack));
  if (context.json) {
    boost::json::array history, list;
    for (const auto& line : lines) history.push_back(line);
    for (const auto& operation : operations) list.push_back(lifecycle::ToJson(operation));
    PrintJson({{"stack", stack.name}, {"history", history}, {"operations", list}});
    return kDone;
  }
  fmt::print("{}", HistoryText(stack.name, lines, operations));
  return kDone;
}

Result<int> Prune(Context& context, const UpdateOptions& options) {
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.StackName());
  auto report = [&] {
    UpdateWork work(context, registry);
    work.setting.on_step = {};
    return lifecycle::PruneStack(work.setting, stack, options.rules, options.dry_run,
                                 AskedBy(context));
  }();
  if (!report.ok()) return std::move(report).error();
  ShowRecovered(context, report->recovered);
  if (context.json)
    PrintJson({{"stack", report->stack},
               {"operation", report->operation},
               {"dryRun", options.dry_run},
               {"kept", boost::json::array(report->kept.begin(), report->kept.end())},
               {"removed", boost::json::array(report->removed.begin(), report->removed.end())},
               {"freedBytes", report->freed_bytes}});
  else
    fmt::print("{}", PruneText(*report, options.dry_run));
  return kDone;
}

void AddUpdateOptions(CLI::App& command, Context& context, UpdateOptions& options) {
  command
      .add_option("--config", context.config_file,
                  "Configuration that the stack gets (default: it keeps its own)")
      ->type_name("FILE");
  AddDecidingOptions(command, options.migration);
  AddDialectOptions(command, options.migration);
  AddChangingOptions(command, options.migration);
  command
      .add_option("--accept-loss", options.accept_loss,
                  "A resource whose data may be lost, as \"vams diff\" names it; repeatable")
      ->type_name("RESOURCE")
      ->allow_extra_args(false);
  command.add_flag("--force", options.force, "Go on in spite of running work");
}

}  // namespace

void AddUpdateCommands(CLI::App& app, Context& context) {
  static UpdateOptions options;
  CLI::App* preflight = AddCommand(app, context, "preflight", "Look whether a stack can be updated",
                                   [&context] { return Preflight(context, options); });
  CLI::App* rehearse =
      AddCommand(app, context, "rehearse", "Do a whole update on a copy that is thrown away",
                 [&context] { return Operate(context, options, lifecycle::RehearseUpdate); });
  CLI::App* update =
      AddCommand(app, context, "update", "Update a stack, prove it, or go back by itself",
                 [&context] { return Operate(context, options, lifecycle::UpdateStack); });
  for (CLI::App* command : {preflight, rehearse, update})
    AddUpdateOptions(*command, context, options);
  update
      ->add_option("--require-approval", options.approval,
                   "Which change sets need a yes: never, destructive (the default), always")
      ->type_name("WHEN");
  CLI::App* verify = AddCommand(app, context, "verify",
                                "Look whether the data and the service are as they should be",
                                [&context] { return Verify(context, options); });
  AddThreadsOption(*verify, options.migration);
  verify->add_flag("--read-data", options.read_objects,
                   "Read every byte of every object and compare its digest");
  CLI::App* history = AddCommand(app, context, "history", "List what was done to a stack",
                                 [&context] { return History(context, options); });
  history->add_option("operation", options.operation, "Show this one, step by step");
  CLI::App* prune = AddCommand(app, context, "prune", "Remove generations that no longer serve",
                               [&context] { return Prune(context, options); });
  prune->add_option("--keep", options.rules.keep,
                    "Keep the newest N beside the one that serves (default: 2)");
  prune->add_option("--keep-days", options.rules.days,
                    "Keep what served within so many days (default: 7)");
  prune->add_flag("--dry-run", options.dry_run, "Say what would be removed");
}

}  // namespace vams::cli
