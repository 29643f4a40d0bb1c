// vams rollback
#include <fmt/format.h>

#include <cstdio>

#include "app/backups.h"
#include "app/prepare.h"
#include "app/release.h"
#include "app/settings.h"
#include "cli/cli.h"
#include "cli/stoppable.h"
#include "cli/update_commands_server.h"
#include "cli/update_commands_text.h"
#include "lifecycle/rollback/rollback.h"
#include "net/http_client.h"

namespace vams::cli {

namespace {

struct RollbackOptions {
  std::uint64_t to = 0;
  bool discard_writes = false, verify_all = false;
  int threads = 2;
};

Result<lifecycle::StackConfig> ConfigOf(const Context& context, const lifecycle::Stack& stack) {
  TRY(const auto sources, context.ConfigSources(&stack));
  lifecycle::StackConfig read;
  TRY(read.config, config::Load(sources));
  read.encryption = app::EncryptionOf(read.config);
  read.own_bucket = app::OwnBucketOf(read.config, stack.name);
  return read;
}

int ExitOfResult(lifecycle::OperationResult result) {
  switch (result) {
    case lifecycle::OperationResult::kDone:
      return kDone;
    case lifecycle::OperationResult::kRolledBack:
      return kRolledBack;
    case lifecycle::OperationResult::kRefused:
      return kRefused;
    case lifecycle::OperationResult::kInterrupted:
      return kInterrupted;
    default:
      return kFailed;
  }
}

Result<lifecycle::RollbackReport> RollBack(const Context& context,
                                           const lifecycle::StackRegistry& registry,
                                           const lifecycle::RollbackRequest& request) {
  OpContext op;
  const Stoppable stoppable(op);
  ProgressLine line(context);
  net::HttpClient transport(net::HttpClientOptions{.ca_bundle = {}, .any_certificate = true});
  const lifecycle::UpdateSetting setting{
      .registry = registry,
      .clock = context.clock,
      .random = SystemRandom(),
      .op = op,
      .transport = transport,
      .release = app::Release(),
      .config_of = [&](const lifecycle::Stack& of) { return ConfigOf(context, of); },
      .serve = [](const lifecycle::StackRegistry& in,
                  const lifecycle::Stack& of) { return ServeTemporarily(in, of, true); },
      .on_step =
          [&](const lifecycle::OperationStep& step) {
            if (context.json || step.result == "running") return;
            fmt::print("{}", StepText(step));
            std::fflush(stdout);
          },
      .on_progress =
          [&](const lifecycle::OperationProgress& progress) {
            line.Show(progress.phase, progress.done);
          }};
  return lifecycle::RollBackStack(setting, request);
}

Result<int> Run(const Context& context, const RollbackOptions& options) {
  TRY(const auto registry, context.Registry());
  lifecycle::RollbackRequest request;
  TRY(request.stack, context.StackName());
  const auto by = context.environment.find("VAMS_OPERATION_BY");
  request.by = by == context.environment.end() ? lifecycle::ProcessUser() : by->second;
  if (options.to != 0) request.to = options.to;
  request.discard_writes = options.discard_writes;
  request.verify_all = options.verify_all;
  request.threads = options.threads;
  auto report = RollBack(context, registry, request);
  if (!report.ok()) return std::move(report).error();
  fmt::print(context.json ? stderr : stdout, "{}", lifecycle::RecoveredText(report->recovered));
  const int exit = ExitOfResult(report->result);
  if (context.json)
    PrintJson(lifecycle::ToJson(*report));
  else if (exit == kDone)
    fmt::print("{}", lifecycle::RollbackText(*report));
  if (exit != kDone) fmt::print(stderr, "vams: {}\n", report->message);
  return exit;
}

}  // namespace

void AddRollbackCommand(CLI::App& app, Context& context) {
  static RollbackOptions options;
  CLI::App* rollback = AddCommand(app, context, "rollback",
                                  "Go back to the generation before, with what was written",
                                  [&context] { return Run(context, options); });
  rollback->add_option("--to", options.to, "The generation to go back to (default: the one before)")
      ->type_name("GENERATION");
  rollback->add_flag("--discard-writes", options.discard_writes,
                     "Go back to it as it was; what was written since stays in the generation that "
                     "serves now, until that is pruned");
  rollback->add_flag("--verify-all", options.verify_all,
                     "Digest the whole result, however large it is");
  rollback->add_option("--threads", options.threads, "How many threads (default: 2)")
      ->check(CLI::Range(1, 64));
}

}  // namespace vams::cli
