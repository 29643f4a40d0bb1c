#include "lifecycle/update/updater.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <utility>

#include "base/fault_point.h"
#include "base/json.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/backup/backup.h"
#include "lifecycle/migration_report.h"
#include "lifecycle/rollback/rollback.h"
#include "lifecycle/update/hooks.h"
#include "lifecycle/update/prediction.h"
#include "lifecycle/update/service_checks.h"
#include "lifecycle/update/update_page.h"
#include "migrate/journal.h"
#include "migrate/outcome.h"
#include "tables/system_tables.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

// What the proof of the last step found, in numbers.
json::object ProofOf(const MigrationReport& migration) {
  json::object evidence;
  std::uint64_t records = 0, orphans = 0, tables = 0;
  for (const auto& verification : migration.verifications) {
    records += verification.records;
    orphans += migrate::Total(verification.orphans);
    tables += verification.tables.size();
  }
  evidence["tables"] = tables;
  evidence["recordsDigested"] = records;
  evidence["orphans"] = orphans;
  evidence["quarantined"] = migration.quarantined();
  return evidence;
}

}  // namespace

Updater::Updater(const UpdateSetting& setting, const UpdateRequest& request, Operation operation,
                 Stack subject, UpdateReport report)
    : setting_(setting),
      request_(request),
      operation_(std::move(operation)),
      stack_(std::move(subject)),
      report_(std::move(report)) {
  report_.stack = stack_.name;
  report_.operation = operation_.id();
  report_.from = stack_.current.data_version;
  report_.to = request_.migration.to.value_or(tables::kNewest);
  report_.from_generation = report_.generation = stack_.current.number;
  operation_.WatchWith(setting_.on_step, setting_.on_progress);
}

Status Updater::Fail(OperationResult result, Status status) {
  if (status.ok() || failure_) return status;
  const bool cancelled = setting_.op.cancelled() && !switched_;
  failure_ = Failure{cancelled ? OperationResult::kInterrupted : result, status.error()};
  if (cancelled)
    failure_->error.message += "; nothing was switched; the same command goes on with what is done";
  return status;
}

migrate::OnProgress Updater::MigrationProgress() {
  return [this](const migrate::Progress& progress) {
    operation_.Progress(fmt::format("{} {}", progress.leg, progress.phase), progress.done,
                        progress.total);
  };
}

UpdateReport Updater::Run() {
  auto done = BeforeSwitch();
  if (done.ok()) {
    switched_ = true;
    done = BehindSwitch();
  }
  (void)Fail(OperationResult::kFailed, std::move(done));
  return Finish();
}

UpdateReport Updater::RunRehearsal() {
  rehearsal_ = true;
  report_.kind = "rehearse";
  auto done = BeforeSwitch();
  if (done.ok()) done = BehindSwitch();
  (void)Fail(OperationResult::kFailed, std::move(done));
  LetGo();
  if (failure_) {
    report_.result = failure_->result;
    report_.message = failure_->error.message;
  }
  return std::move(report_);
}

void Updater::SetOrigin(const Generation& before) {
  report_.from_generation = before.number;
  report_.from = before.data_version;
  report_.to = stack_.current.data_version;
  switched_ = true;
  left_by_others_ = true;
}

UpdateReport Updater::GoOnBehindSwitch() {
  auto config = setting_.config_of(stack_);
  if (config.ok()) {
    config_ = *std::move(config);
    (void)Fail(OperationResult::kFailed, BehindSwitch());
  } else {
    (void)Fail(OperationResult::kFailed, std::move(config).error());
  }
  return Finish();
}

UpdateReport Updater::GoOnRollingBack(const std::string& why) {
  failure_ = Failure{OperationResult::kFailed, Error(Code::kInternal, why)};
  return Finish();
}

// ---- Before the switch -------------------------------------------------------------------------

Status Updater::BeforeSwitch() {
  TRY_OK(Fail(OperationResult::kRefused, PreflightStep()));
  TRY(config_, setting_.config_of(stack_));
  TRY_OK(Fail(OperationResult::kRefused, ChangeSetStep()));
  TRY_OK(Fail(OperationResult::kRefused, ApprovalStep()));
  TRY_OK(HookStep("hook preUpdate", config_.config.hooks.pre_update));
  TRY_OK(HoldStep());
  TRY_OK(BackupStep());
  if (request_.config) TRY_OK(ConfigurationStep());
  // RunPreflight has looked that there is something to do.
  return report_.from == report_.to ? CopyStep() : BuildStep();
}

Status Updater::PreflightStep() {
  return operation_.Step("preflight", [&](json::object& evidence) -> Status {
    TRY(auto preflight, RunPreflight(setting_, request_, [&](const Check& check) {
          operation_.Progress("preflight: " + check.name, 0);
        }));
    evidence = ToJson(preflight);
    report_.preflight = std::move(preflight);
    const auto& changes = report_.preflight->changes;
    if (request_.config && changes && report_.configuration.empty())
      report_.configuration = ToJson(*request_.config, *changes);
    if (report_.preflight->passed()) return Ok();
    return Error(Code::kConflict,
                 fmt::format("{}; nothing was changed", RefusalsOf(report_.preflight->checks)));
  });
}

Status Updater::ChangeSetStep() {
  return operation_.Step("change set", [&](json::object& evidence) -> Status {
    const auto& changes = report_.preflight->changes;
    if (!changes) return Error(Code::kInternal, "no change set was made");
    evidence = diff::ToJson(*changes);
    return Ok();
  });
}

Status Updater::ApprovalStep() {
  const auto& changes = *report_.preflight->changes;
  if (!diff::ApprovalNeeded(changes, request_.approval))
    return operation_.SkipStep("approval", "none is needed for this change set");
  return operation_.Step("approval", [&](json::object& evidence) -> Status {
    const bool approved = request_.approved || (request_.ask && request_.ask(changes));
    evidence = {{"beforehand", request_.approved}, {"approved", approved}};
    if (approved) return Ok();
    return Error(
        Code::kConflict,
        fmt::format("{}; nothing was changed; look at it with \"vams diff --stack {}\", "
                    "then approve it with --yes, or with --require-approval never",
                    request_.ask ? "the change set was not approved"
                                 : "the change set needs approval, and nobody can be asked",
                    report_.stack));
  });
}

Status Updater::HookStep(std::string_view name, const std::vector<std::string>& command) {
  if (command.empty()) return Ok();
  return operation_.Step(name, [&](json::object& evidence) -> Status {
    TRY(const auto outcome, RunHook(setting_.op, name.substr(5), command, OperationJson()));
    evidence = {{"command", command.front()}, {"output", outcome.output}};
    return Ok();
  });
}

Status Updater::BackupStep() {
  if (rehearsal_) return operation_.SkipStep("backup", "a rehearsal makes none");
  return operation_.Step("backup", [&](json::object& evidence) -> Status {
    const backup::Setting setting{setting_.clock, setting_.random, setting_.op,
                                  [&](std::string_view phase, std::uint64_t done) {
                                    operation_.Progress("backup: " + std::string(phase), done);
                                  }};
    TRY(const auto made,
        backup::Create(stack_, config_.backup_folder, config_.encryption, setting));
    evidence = {{"backup", made.manifest.id},
                {"rows", made.manifest.rows()},
                {"contents", made.manifest.blobs.count},
                {"bytesWritten", made.written.stored},
                {"lostByTheStack", made.manifest.missing.size()}};
    TRY_OK(operation_.Note("backup", {{"id", made.manifest.id}}));
    VAMS_POINT("update.backed_up");
    TRY(const auto keys, backup::StackKeysOf(&stack_, config_.encryption, {}));
    TRY(const auto vault,
        backup::Vault::Open({config_.backup_folder, stack_.name}, keys.get(),
                            backup::Repository::Purpose::kRead, "vams update", setting_.random));
    TRY(const auto verified,
        backup::Verify(*vault, {.id = made.manifest.id, .read_data = true}, setting));
    evidence["chunksRead"] = verified.chunks;
    evidence["findings"] = verified.findings.size();
    if (!verified.findings.empty())
      return Error(Code::kCorrupt,
                   fmt::format("the backup {} that was just made is not whole: {} {}; nothing was "
                               "changed; look at the disk below {}",
                               made.manifest.id, verified.findings.front().what,
                               verified.findings.front().detail, config_.backup_folder));
    report_.backup = made.manifest.id;
    return Ok();
  });
}

Status Updater::TakeHold(json::object& evidence) {
  TRY(server_, ServedStack::Find(stack_));
  if (!server_) {
    TRY(lock_, LockStack(stack_, "vams update", setting_.clock));
    evidence = {{"served", false}};
    return Ok();
  }
  TRY(const auto state, server_->State());
  evidence = {{"served", true}, {"url", state.url}, {"process", state.pid}};
  return Ok();
}

// From here on nobody else changes the stack: whoever wants to serve it has to wait, and a server
// takes no writes while the generation is built.
Status Updater::HoldStep() {
  return operation_.Step("hold", [&](json::object& evidence) { return TakeHold(evidence); });
}

Status Updater::FreezeStep() {
  if (!server_) return Ok();
  return operation_.Step("freeze", [&](json::object& evidence) -> Status {
    TRY(const auto state, server_->State());
    evidence["mode"] = Name(state.mode);
    if (state.mode == ServingMode::kFailed) return Ok();  // it takes no writes as it is
    TRY(const auto position,
        server_->Freeze(fmt::format("the stack is being updated (operation {}); try again in a "
                                    "moment",
                                    operation_.id())));
    evidence["position"] = position;
    return Ok();
  });
}

Status Updater::BuildStep() {
  TRY_OK(FreezeStep());
  MigrateOptions options = request_.migration;
  options.caller_keeps_others_away = true;
  options.config = brought_;
  options.before_cut_over = [&](const MigrationReport& migration) { return EndBuild(migration); };
  TRY_OK(operation_.BeginStep("build"));
  auto migrated = RunMigration(setting_.registry, stack_.name, options, setting_.clock, setting_.op,
                               MigrationProgress());
  const auto failed = [&](OperationResult result, const Error& error) -> Status {
    (void)operation_.FailStep(error, {});
    return Fail(result, error);
  };
  if (!migrated.ok())
    return failed(migrated.error().code == Code::kConflict ? OperationResult::kRefused
                                                           : OperationResult::kFailed,
                  migrated.error());
  report_.migration = *std::move(migrated);
  const MigrationReport& migration = *report_.migration;
  if (migration.interrupted) return failed(OperationResult::kInterrupted, *migration.interrupted);
  if (migration.strict_stop)
    return failed(OperationResult::kRefused,
                  Error(Code::kConflict,
                        fmt::format("{} records would be quarantined, and --strict wants none; the "
                                    "stack was not changed; \"vams migrate plan --stack {}\" names "
                                    "them; without --strict the update goes on",
                                    migration.quarantined(), stack_.name)));
  TRY_OK(operation_.EndStep({{"generation", migration.result_generation}}));
  TRY_OK(operation_.Note("switched", {{"from", stack_.current.number},
                                      {"to", migration.result_generation},
                                      {"migration", migration.id}}));
  return Ok();
}

Status Updater::EndBuild(const MigrationReport& migration) {
  json::array legs;
  for (const auto& leg : migration.legs) {
    std::int64_t millis = 0;
    std::uint64_t put = 0;
    for (const auto& phase : leg.phases) {
      millis += phase.millis;
      put += migrate::Total(phase.put);
    }
    legs.push_back({{"step", leg.name}, {"records", put}, {"millis", millis}});
  }
  TRY_OK(operation_.EndStep({{"migration", migration.id}, {"legs", std::move(legs)}}));
  // The engine proves every leg when it is built: what is left is to say so.
  TRY_OK(operation_.Step("verify data", [&](json::object& evidence) -> Status {
    evidence = ProofOf(migration);
    for (const auto& verification : migration.verifications)
      if (!verification.ok())
        return Error(Code::kCorrupt, verification.failures.empty() ? "the proof failed"
                                                                   : verification.failures.front());
    return Ok();
  }));
  TRY_OK(BeginSwitch(migration.source_generation));
  return operation_.BeginStep("switch");
}

Status Updater::BeginSwitch(std::uint64_t from) {
  TRY_OK(operation_.Note("switching", {{"from", from}}));
  VAMS_POINT("update.before_switch");
  // With the server its freeze would have ended, and somebody may have written since.
  if (server_) TRY_OK(server_->State());
  return Ok();
}

// ---- Behind the switch -------------------------------------------------------------------------

Status Updater::BehindSwitch() {
  VAMS_POINT("update.switched");
  TRY_OK(StartStep());
  TRY_OK(ServiceStep());
  (void)NoteChecked();  // without it a rollback takes longer, no more
  TRY_OK(HookStep("hook postUpdate", config_.config.hooks.post_update));
  return CommitStep();
}

Status Updater::StartStep() {
  return operation_.Step("start", [&](json::object& evidence) -> Status {
    TRY(const auto stack, setting_.registry.Get(report_.stack));
    report_.generation = stack.current.number;
    // It may be another one than before the switch.
    TRY(config_, setting_.config_of(stack));
    // After a crash nothing is held yet.
    if (!server_ && !lock_) {
      json::object ignored;
      TRY_OK(TakeHold(ignored));
    }
    if (server_) {
      TRY(const auto state, server_->Reload());
      served_ = true;
      report_.url = state.url;
      evidence = {{"url", state.url}, {"release", state.release}, {"generation", state.generation}};
      if (state.mode == ServingMode::kServing || state.mode == ServingMode::kMaintenance)
        return Ok();
      return Error(
          Code::kUnavailable,
          fmt::format("the server started, but does not serve the data: {}", state.reason));
    }
    lock_.reset();
    TRY(temporary_, setting_.serve(setting_.registry, stack));
    evidence = {{"url", temporary_->url()}, {"temporary", true}};
    return Ok();
  });
}

Status Updater::ServiceStep() {
  if (server_) {
    TRY(const auto state, server_->State());
    if (state.mode == ServingMode::kMaintenance)
      return operation_.SkipStep("verify service",
                                 "maintenance is on: \"vams verify\" looks when it is over");
  }
  return operation_.Step("verify service", [&](json::object& evidence) -> Status {
    ServiceTarget target;
    if (temporary_) {
      target.url = temporary_->url();
      target.token = temporary_->token();
    } else {
      TRY(const auto state, server_->State());
      target.url = state.url;
      TRY(target.token, server_->AdminToken());
    }
    target.access_log = stack_.folder / "logs" / "access.jsonl";
    target.own_bucket = config_.own_bucket;
    TRY(report_.service, CheckService(setting_.op, setting_.transport, setting_.random, target,
                                      [&](const Check& check) {
                                        operation_.Progress("verify service: " + check.name, 0);
                                      }));
    evidence = {{"checks", ToJson(report_.service)}};
    if (WorstOf(report_.service) != CheckResult::kRefused) return Ok();
    return Error(Code::kUnavailable,
                 fmt::format("the service does not work on the new generation: {}",
                             RefusalsOf(report_.service)));
  });
}

Status Updater::CommitStep() {
  return operation_.Step("commit", [&](json::object& evidence) -> Status {
    temporary_.reset();
    evidence = {{"generation", report_.generation}};
    TRY_OK(operation_.Note("committed", {{"generation", report_.generation}}));
    VAMS_POINT("update.committed");
    return Ok();
  });
}

// A rollback need not carry over what the checks alone have written.  What the hook behind them
// writes is more than that, and so is an account that the first start of a server has made: its
// password was shown.
Status Updater::NoteChecked() {
  if (!temporary_ || left_by_others_ || !report_.migration) return Ok();
  TRY(const auto stack, setting_.registry.Get(report_.stack));
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  TRY(const auto end, store->LastChange(setting_.op));
  for (items::Position at = NumberOf(stack.current.origin, "position"); at < end;) {
    TRY(const auto page, store->ReadChanges(setting_.op, at, 1000));
    if (page.changes.empty()) break;
    for (const auto& change : page.changes)
      if (change.table == tables::kAccountsTable) return Ok();
    at = page.next;
  }
  TRY(auto journal,
      migrate::Journal::Open(stack.migrations() / report_.migration->id / "journal.jsonl",
                             setting_.clock));
  return journal.Append("checked", {{"position", end}});
}

// ---- The way back ------------------------------------------------------------------------------

Status Updater::RollBack(const std::string& why) {
  TRY_OK(operation_.Note(
      "rolling back",
      {{"from", report_.generation}, {"to", report_.from_generation}, {"why", why}}));
  return operation_.Step("roll back", [&](json::object& evidence) { return SwitchBack(evidence); });
}

Status Updater::SwitchBack(json::object& evidence) {
  VAMS_POINT("update.rolling_back");
  temporary_.reset();
  TRY(const auto stack, setting_.registry.Get(report_.stack));
  // The server may be what failed.
  if (server_ && !server_->State().ok()) server_.reset();
  if (!server_ && !lock_) {
    json::object hold;
    TRY_OK(TakeHold(hold));
  }
  if (stack.current.number != report_.from_generation) {
    TRY_OK(setting_.registry.SwitchTo(stack, report_.from_generation));
    VAMS_POINT("update.switched_back");
  }
  evidence = {{"generation", report_.from_generation}};
  report_.generation = report_.from_generation;
  if (server_) TRY_OK(server_->Reload());
  return Ok();
}

bool Updater::MayHoldWrites() {
  // Nobody but the checks knew a temporary server.
  if (!served_ && !left_by_others_) return false;
  const auto stack = setting_.registry.Get(report_.stack);
  if (!stack.ok() || stack->current.number == report_.from_generation) return false;
  const auto store = items::OpenSqliteStore(stack->current.items(), {.read_only = true});
  if (!store.ok()) return false;
  const auto last = (*store)->LastChange(setting_.op);
  return last.ok() && *last > NumberOf(stack->current.origin, "position");
}

UpdateReport RollBackWithWrites(const UpdateSetting& setting, UpdateReport report) {
  // A command that was asked to stop still has to go back.
  OpContext op;
  const UpdateSetting of_rollback{.registry = setting.registry,
                                  .clock = setting.clock,
                                  .random = setting.random,
                                  .op = op,
                                  .transport = setting.transport,
                                  .release = setting.release,
                                  .config_of = setting.config_of,
                                  .serve = setting.serve,
                                  .on_step = setting.on_step,
                                  .on_progress = setting.on_progress};
  RollbackRequest request;
  request.stack = report.stack;
  request.to = report.from_generation;
  const auto back = RollBackStack(of_rollback, request);
  const std::string said = back.ok() ? back->message : back.error().message;
  if (back.ok() && back->result == OperationResult::kDone) {
    report.result = OperationResult::kRolledBack;
    report.generation = back->generation;
    report.message = fmt::format(
        "{}; the stack is back at data version {}, with the writes made "
        "since the switch: {}",
        report.message, back->to.ToString(), said);
  } else {
    report.result = OperationResult::kFailed;
    report.message = fmt::format(
        "{}; going back failed as well: {}; generation {} serves; go back "
        "with \"vams rollback --stack {}\"",
        report.message, said, report.generation, report.stack);
  }
  return report;
}

// ---- The end -----------------------------------------------------------------------------------

UpdateReport Updater::Finish() {
  if (!failure_) {
    End(OperationResult::kDone, Done());
    return std::move(report_);
  }
  const std::string why = failure_->error.message;
  if (!switched_) {
    // A switch that came to its end although what follows could not be written down.
    const auto stack = setting_.registry.Get(report_.stack);
    switched_ = stack.ok() && stack->current.number != report_.from_generation;
    if (switched_) report_.generation = stack->current.number;
  }
  if (!switched_) {
    LetGo();
    (void)RemoveUnused(setting_.registry, operation_.stack(), "configuration", operation_.id());
    End(failure_->result, why);
    return std::move(report_);
  }
  wants_rollback_ = MayHoldWrites();
  if (wants_rollback_) {
    LetGo();
    End(OperationResult::kFailed, why);
    return std::move(report_);
  }
  if (auto back = RollBack(why); !back.ok()) {
    // The journal says that the way back was begun: the next command goes on with it.
    report_.result = OperationResult::kInterrupted;
    report_.message = fmt::format(
        "{}; going back to generation {} failed as well: {}; run \"vams update --stack {}\" again, "
        "which goes on with it",
        why, report_.from_generation, back.error().message, report_.stack);
    LetGo();
    return std::move(report_);
  }
  LetGo();
  End(OperationResult::kRolledBack,
      fmt::format("{}; the stack is back at generation {} (data version {}), as it was before{}; "
                  "see the report, then try it with \"vams rehearse --stack {}\"",
                  why, report_.from_generation, report_.from.ToString(),
                  report_.configuration.empty() ? "" : ", and has the configuration it had",
                  report_.stack));
  return std::move(report_);
}

void Updater::LetGo() {
  temporary_.reset();
  if (server_) (void)server_->Thaw();
  server_.reset();
  lock_.reset();
}

void Updater::End(OperationResult result, std::string message) {
  LetGo();
  report_.result = result;
  report_.message = message;
  OperationEnd end{.result = result, .message = std::move(message)};
  if (const auto record = operation_.Record(); record.ok()) {
    report_.steps = record->steps;
    const auto now = setting_.registry.Get(report_.stack);
    report_.comparison =
        CompareWithPrediction(operation_.stack(), *record, report_.from.ToString(),
                              report_.to.ToString(), now.ok() ? &now->current : nullptr);
  }
  end.history = {{"from", report_.from.ToString()},
                 {"to", report_.to.ToString()},
                 {"generation", report_.generation}};
  if (!report_.backup.empty()) end.history["backup"] = report_.backup;
  if (!report_.configuration.empty()) end.history["configuration"] = report_.configuration;
  end.report = ToJson(report_);
  end.page = UpdatePage(report_);
  if (const auto ended = operation_.End(std::move(end)); !ended.ok()) {
    const auto record = operation_.Record();
    const bool over = record.ok() && record->ended();
    report_.message +=
        fmt::format("; {} could not be written: {}{}", over ? "its report" : "its end",
                    ended.error().message, over ? "" : "; the next command goes on from here");
    if (!over) report_.result = OperationResult::kInterrupted;
  }
  report_.report = (operation_.folder() / "report.html").string();
}

json::object Updater::OperationJson() const {
  return {{"operation", operation_.id()},
          {"kind", "update"},
          {"stack", report_.stack},
          {"from", report_.from.ToString()},
          {"to", report_.to.ToString()},
          {"generation", report_.generation},
          {"fromGeneration", report_.from_generation},
          {"folder", operation_.folder().string()},
          {"configuration", report_.configuration}};
}

}  // namespace vams::lifecycle
