// vams migrate plan|run|verify|reverse|repair|cancel
#include <fmt/format.h>
#include <csignal>

#include <chrono>

#include "cli/cli.h"
#include "cli/migrate_text.h"
#include "lifecycle/migrate_stack.h"

namespace vams::cli {

namespace {

struct Options {
  std::string to, dialect = "corrected", owners, ambiguous, asset_bucket, prefix = "/";
  bool strict = false, dry_run = false;
  int threads = 2;
};

// The operation that Ctrl-C stops; its work is resumable.
OpContext* running = nullptr;
extern "C" void StopRunning(int) {
  if (running != nullptr) running->Cancel();
}

// While it lives, SIGINT and SIGTERM stop the operation at its next checkpoint.
class Stoppable {
 public:
  explicit Stoppable(OpContext& op) {
    running = &op;
    struct sigaction action = {};
    action.sa_handler = StopRunning;
    action.sa_flags = static_cast<int>(SA_RESETHAND);  // a second one kills
    sigaction(SIGINT, &action, &old_int_);
    sigaction(SIGTERM, &action, &old_term_);
  }
  ~Stoppable() {
    sigaction(SIGINT, &old_int_, nullptr);
    sigaction(SIGTERM, &old_term_, nullptr);
    running = nullptr;
  }
  Stoppable(const Stoppable&) = delete;
  Stoppable& operator=(const Stoppable&) = delete;

 private:
  struct sigaction old_int_ = {}, old_term_ = {};
};

Result<std::map<std::string, std::string, std::less<>>> OwnersFrom(const std::string& path) {
  std::map<std::string, std::string, std::less<>> owners;
  if (path.empty()) return owners;
  TRY(const auto text, files::ReadAll(path));
  boost::system::error_code ec;
  const auto value = boost::json::parse(text, ec);
  if (ec || !value.is_object())
    return Error(Code::kInvalid,
                 fmt::format("{} is no JSON object; owners are written as {{\"ASSET\": "
                             "\"DATABASE\", \"ASSET,VERSION\": \"DATABASE\"}}",
                             path));
  for (const auto& owner : value.as_object()) {
    if (!owner.value().is_string() || owner.value().as_string().empty())
      return Error(Code::kInvalid,
                   fmt::format("{}: the owner of \"{}\" is no database id; write it as text", path,
                               std::string(owner.key())));
    owners[std::string(owner.key())] = owner.value().as_string();
  }
  return owners;
}

Result<lifecycle::MigrateOptions> OptionsOf(const Options& options) {
  lifecycle::MigrateOptions request;
  if (!options.to.empty()) {
    TRY(request.to, tables::DataVersion::ParseKnown(options.to));
  }
  if (options.dialect == "reference")
    request.dialect = migrate::Dialect::kReference;
  else if (options.dialect != "corrected")
    return Error(Code::kInvalid,
                 fmt::format("--dialect {} is unknown; there are corrected (the default) and "
                             "reference (upstream's scripts row for row)",
                             options.dialect));
  if (!options.ambiguous.empty() && options.ambiguous != "quarantine")
    return Error(Code::kInvalid,
                 fmt::format("--ambiguous {} is unknown; there is quarantine", options.ambiguous));
  request.quarantine_ambiguous = !options.ambiguous.empty();
  TRY(request.owners, OwnersFrom(options.owners));
  request.strict = options.strict;
  request.dry_run = options.dry_run;
  request.asset_bucket = options.asset_bucket;
  request.base_assets_prefix = options.prefix;
  request.threads = options.threads;
  return request;
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
               "vams: {} were quarantined and --strict wants none; the stack was not changed; "
               "look at them with \"vams migrate plan\", then run again without --strict\n",
               Records(report.quarantined()));
    return kDifferent;
  }
  return kDone;
}

using Operation = Result<lifecycle::MigrationReport> (*)(const lifecycle::StackRegistry&,
                                                         const std::string&,
                                                         const lifecycle::MigrateOptions&,
                                                         const Clock&, OpContext&,
                                                         const migrate::OnProgress&);

Result<int> Operate(Context& context, const Options& options, Operation operation) {
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

Result<int> Plan(Context& context, const Options& options) {
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

Result<int> Verify(Context& context, const Options& options) {
  TRY(const auto registry, context.Registry());
  TRY(const auto stack, context.StackName());
  OpContext op;
  Result<lifecycle::MigrationProof> proof = [&] {
    const Stoppable stoppable(op);
    MigrationProgress progress(context);
    return lifecycle::VerifyMigration(registry, stack, options.threads, context.clock, op,
                                      [&](const migrate::Progress& p) { progress.Show(p); });
  }();
  if (!proof.ok()) return std::move(proof).error();
  if (context.json)
    PrintJson(ProofJson(*proof));
  else
    fmt::print("{}", ProofText(*proof));
  return proof->failures.empty() ? kDone : kDifferent;
}

Result<int> Cancel(Context& context) {
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

}  // namespace

void AddMigrateCommands(CLI::App& app, Context& context) {
  static Options options;
  CLI::App* migrate = app.add_subcommand("migrate", "Bring data to another data version, and back");
  migrate->require_subcommand(1);
  const auto threads = [](CLI::App* command) {
    command->add_option("--threads", options.threads, "Threads that read and transform")
        ->type_name("N")
        ->check(CLI::Range(1, 64));
  };
  const auto common = [&](CLI::App* command) {
    command->add_option("--to", options.to, "The data version to reach")->type_name("2.x");
    command
        ->add_option("--owners", options.owners,
                     "Databases of records that nothing else decides about")
        ->type_name("FILE");
    command
        ->add_option("--ambiguous", options.ambiguous,
                     "What to do with records that nothing decides about")
        ->type_name("quarantine");
    threads(command);
  };
  const auto up = [&](CLI::App* command) {
    common(command);
    command
        ->add_option("--dialect", options.dialect,
                     "corrected, or reference: upstream's scripts row for row")
        ->type_name("NAME");
    command
        ->add_option("--asset-bucket", options.asset_bucket,
                     "2.1: the bucket of the assets, where the data does not say it")
        ->type_name("NAME");
    command->add_option("--base-assets-prefix", options.prefix, "2.1: their prefix in the bucket")
        ->type_name("PREFIX");
  };
  const auto changing = [&](CLI::App* command) {
    command->add_flag("--dry-run", options.dry_run,
                      "Do everything, proof included, and throw it away");
    command->add_flag("--strict", options.strict, "Do not switch when records are quarantined");
  };

  up(AddCommand(*migrate, context, "plan", "Show what a migration would do",
                [&context] { return Plan(context, options); }));
  CLI::App* run =
      AddCommand(*migrate, context, "run", "Migrate; goes on where an interrupted run stopped",
                 [&context] { return Operate(context, options, lifecycle::RunMigration); });
  up(run);
  changing(run);
  CLI::App* reverse =
      AddCommand(*migrate, context, "reverse", "Go back, with the writes made since",
                 [&context] { return Operate(context, options, lifecycle::ReverseMigration); });
  common(reverse);
  changing(reverse);
  CLI::App* repair =
      AddCommand(*migrate, context, "repair", "Mend what upstream's migration scripts left behind",
                 [&context] { return Operate(context, options, lifecycle::RepairStack); });
  threads(repair);
  changing(repair);
  threads(AddCommand(*migrate, context, "verify", "Prove the last migration again",
                     [&context] { return Verify(context, options); }));
  AddCommand(*migrate, context, "cancel", "Give up a migration that does not serve yet",
             [&context] { return Cancel(context); });
}

}  // namespace vams::cli
