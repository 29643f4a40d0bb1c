// vams migrate plan|run|verify|reverse|repair|cancel|reindex|policy
#include <fmt/format.h>

#include "cli/cli.h"
#include "cli/migrate_aws.h"
#include "cli/migrate_options.h"
#include "cli/migrate_text.h"
#include "cli/stoppable.h"
#include "lifecycle/migrate_stack.h"

namespace vams::cli {

namespace {

struct MigrateOptions {
  MigrateArguments migration;
  bool dry_run = false;
  AwsArguments aws;
};

Result<lifecycle::MigrateOptions> OptionsOf(const MigrateOptions& options) {
  TRY(auto request, MigrateOptionsOf(options.migration));
  request.dry_run = options.dry_run;
  if (const auto prefix = options.aws.texts.find("base_assets_prefix");
      prefix != options.aws.texts.end())
    request.base_assets_prefix = prefix->second;
  return request;
}

// MigrateOptions that a stack has no use for would otherwise be taken and forgotten.
Status RefuseAwsOptions(const MigrateOptions& options) {
  const AwsArguments& aws = options.aws;
  const bool only_prefix =
      aws.texts.empty() || (aws.texts.size() == 1 && aws.texts.contains("base_assets_prefix"));
  const bool given = !aws.profile.empty() || !aws.region.empty() || !aws.endpoint.empty() ||
                     !aws.work_dir.empty() || !aws.tables.empty() || !aws.listings.empty() ||
                     aws.no_lock || aws.no_create_lock_table || aws.skip_backup || aws.again ||
                     aws.max_wcu != 0 || aws.max_rcu != 0 || aws.delete_old_data || aws.clear_v2 ||
                     aws.clear_indexes || aws.opensearch.given() || aws.limit || aws.batch_size ||
                     !only_prefix;
  if (!given) return Ok();
  return Error(Code::kInvalid,
               "an option was given that is for the tables of an AWS VAMS; nothing was done; add "
               "--config FILE, or leave it out (the help lists them under \"With --config\")");
}

// The commands on tables that a configuration of upstream names.
Result<int> OnAws(Context& context, const MigrateOptions& options, AwsOperation operation) {
  if (!context.stack.empty())
    return Error(
        Code::kInvalid,
        "--stack is of a self-hosted stack and --config of tables in AWS; give one of them");
  if (!options.migration.to.empty())
    return Error(Code::kInvalid,
                 "--to is of a self-hosted stack; a configuration says its step itself");
  TRY(const auto request, OptionsOf(options));
  AwsArguments arguments = options.aws;
  arguments.dry_run = request.dry_run;
  arguments.strict = request.strict;
  arguments.quarantine_ambiguous = request.quarantine_ambiguous;
  arguments.dialect = request.dialect;
  arguments.owners = request.owners;
  arguments.threads = request.threads;
  return MigrateAws(context, arguments, operation);
}

int PrintReport(const Context& context, const lifecycle::MigrationReport& report) {
  if (context.json)
    PrintJson(lifecycle::ToJson(report));
  else
    fmt::print("{}", ReportText(report));
  if (report.interrupted) {
    fmt::print(stderr, "vams: {}\n", report.interrupted->message);
    return kInterrupted;
  }
  if (report.strict_stop) {
    fmt::print(stderr,
               "vams: {} quarantined, and --strict wants none; the stack was not changed; "
               "look at them with \"vams migrate plan\", then run again without --strict\n",
               Records(report.quarantined()));
    return kDifferent;
  }
  return kDone;
}

using MigrateOperation = Result<lifecycle::MigrationReport> (*)(const lifecycle::StackRegistry&,
                                                                const std::string&,
                                                                const lifecycle::MigrateOptions&,
                                                                const Clock&, OpContext&,
                                                                const migrate::OnProgress&);

Result<int> Operate(Context& context, const MigrateOptions& options, MigrateOperation operation,
                    AwsOperation on_aws) {
  if (!context.config_file.empty()) return OnAws(context, options, on_aws);
  TRY_OK(RefuseAwsOptions(options));
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.StackName());
  TRY(const auto request, OptionsOf(options));
  OpContext op;
  Result<lifecycle::MigrationReport> report = [&] {
    const Stoppable stoppable(op);
    MigrationProgress progress(context);
    return operation(registry, stack, request, context.clock, op,
                     [&](const migrate::Progress& p) { progress.Show(p); });
  }();
  if (!report.ok()) return std::move(report).error();
  return PrintReport(context, *report);
}

Result<int> Plan(Context& context, const MigrateOptions& options) {
  if (!context.config_file.empty()) return OnAws(context, options, AwsOperation::kPlan);
  TRY_OK(RefuseAwsOptions(options));
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.StackName());
  TRY(const auto request, OptionsOf(options));
  OpContext op;
  Result<lifecycle::MigrationEstimate> estimate = [&] {
    const Stoppable stoppable(op);
    MigrationProgress progress(context);
    return lifecycle::PlanMigration(registry, stack, request, context.clock, op,
                                    [&](const migrate::Progress& p) { progress.Show(p); });
  }();
  if (!estimate.ok()) return std::move(estimate).error();
  if (context.json)
    PrintJson(EstimateJson(*estimate));
  else
    fmt::print("{}", EstimateText(*estimate));
  return kDone;
}

Result<int> Verify(Context& context, const MigrateOptions& options) {
  if (!context.config_file.empty()) return OnAws(context, options, AwsOperation::kVerify);
  TRY_OK(RefuseAwsOptions(options));
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.StackName());
  OpContext op;
  Result<lifecycle::MigrationProof> proof = [&] {
    const Stoppable stoppable(op);
    MigrationProgress progress(context);
    return lifecycle::VerifyMigration(registry, stack, options.migration.threads, context.clock, op,
                                      [&](const migrate::Progress& p) { progress.Show(p); });
  }();
  if (!proof.ok()) return std::move(proof).error();
  if (context.json)
    PrintJson(ProofJson(*proof));
  else
    fmt::print("{}", ProofText(*proof));
  return proof->failures.empty() ? kDone : kDifferent;
}

Result<int> Cancel(Context& context, const MigrateOptions& options) {
  if (!context.config_file.empty()) return OnAws(context, options, AwsOperation::kCancel);
  TRY_OK(RefuseAwsOptions(options));
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.StackName());
  TRY(const auto record, lifecycle::CancelMigration(registry, stack, context.clock));
  if (context.json)
    PrintJson({{"stack", stack}, {"migration", record.id}, {"stage", "cancelled"}});
  else
    fmt::print(
        "cancelled migration {} of stack \"{}\" ({} {} to {}); nothing that serves was "
        "changed\n",
        record.id, stack, record.plan.kind, record.plan.from.ToString(), record.plan.to.ToString());
  return kDone;
}

// Commands that a stack has no use for.
Result<int> OnAwsOnly(Context& context, const MigrateOptions& options, AwsOperation operation,
                      std::string_view name) {
  if (context.config_file.empty())
    return Error(Code::kInvalid,
                 fmt::format("\"vams migrate {}\" is for the tables of an AWS VAMS; name the "
                             "configuration of upstream's script with --config FILE",
                             name));
  return OnAws(context, options, operation);
}

}  // namespace

void AddMigrateCommands(CLI::App& app, Context& context) {
  static MigrateOptions options;
  CLI::App* migrate = app.add_subcommand("migrate", "Bring data to another data version, and back");
  migrate->require_subcommand(1);
  const auto add = [&](const char* name, const char* what, std::function<Result<int>()> run) {
    CLI::App* command = AddCommand(*migrate, context, name, what, std::move(run));
    command
        ->add_option("--config", context.config_file,
                     "Configuration of upstream's migration script: the tables of an AWS VAMS "
                     "in place of a stack")
        ->type_name("FILE");
    AddAwsOptions(*command, options.aws);
    return command;
  };
  const auto up = [&](CLI::App* command) {
    AddDecidingOptions(*command, options.migration);
    AddUpstreamAliases(*command, options.aws);
    AddDialectOptions(*command, options.migration);
  };
  const auto changing = [&](CLI::App* command) {
    command->add_flag("--dry-run", options.dry_run,
                      "Do everything, proof included, and throw it away");
    AddChangingOptions(*command, options.migration);
  };
  const auto operate = [&](MigrateOperation operation, AwsOperation on_aws) {
    return [&context, operation, on_aws] { return Operate(context, options, operation, on_aws); };
  };

  up(add("plan", "Show what a migration would do", [&context] { return Plan(context, options); }));
  CLI::App* run = add("run", "Migrate; goes on where an interrupted run stopped",
                      operate(lifecycle::RunMigration, AwsOperation::kRun));
  up(run);
  changing(run);
  CLI::App* reverse = add("reverse", "Go back, with the writes made since",
                          operate(lifecycle::ReverseMigration, AwsOperation::kReverse));
  AddDecidingOptions(*reverse, options.migration);
  changing(reverse);
  CLI::App* repair = add("repair", "Mend what upstream's migration scripts left behind",
                         operate(lifecycle::RepairStack, AwsOperation::kRepair));
  AddThreadsOption(*repair, options.migration);
  changing(repair);
  AddThreadsOption(*add("verify", "Prove the last migration again",
                        [&context] { return Verify(context, options); }),
                   options.migration);
  add("cancel", "Give up a migration that does not serve yet",
      [&context] { return Cancel(context, options); });
  add("reindex",
      "Call the reindex function that a configuration names, or fill the indexes at "
      "--opensearch-url",
      [&context] { return OnAwsOnly(context, options, AwsOperation::kReindex, "reindex"); });
  up(add("policy", "Print the least IAM policy that a run with this configuration needs",
         [&context] { return OnAwsOnly(context, options, AwsOperation::kPolicy, "policy"); }));
}

}  // namespace vams::cli
