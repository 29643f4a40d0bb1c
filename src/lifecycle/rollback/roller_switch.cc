// What follows the switch of a rollback, the way back from it, and the end.
#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/fault_point.h"
#include "base/json.h"
#include "lifecycle/rollback/roller.h"
#include "lifecycle/update/service_checks.h"
#include "migrate/journal.h"

namespace vams::lifecycle {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

namespace {

std::string ListOf(const json::object& configuration, std::string_view name) {
  std::string list;
  if (const auto* found = configuration.if_contains(name); found != nullptr && found->is_array())
    for (const auto& resource : found->as_array())
      if (resource.is_string())
        list += (list.empty() ? "" : ", ") + std::string(resource.as_string());
  return list;
}

std::string ConfigurationText(const RollbackReport& report) {
  const auto& configuration = report.configuration;
  if (configuration.empty()) return {};
  std::string text = fmt::format("; its configuration is that of generation {} again ({})",
                                 NumberOf(configuration, "of"), ListOf(configuration, "changed"));
  if (const std::string edited = ListOf(configuration, "edited"); !edited.empty())
    text += fmt::format("; what was changed in it since ({}) is in {}", edited,
                        TextOf(configuration, "keptIn"));
  if (!report.url.empty()) text += fmt::format("; it answers at {}", report.url);
  return text;
}

}  // namespace

// ---- Behind the switch -------------------------------------------------------------------------

Status Roller::BehindSwitch() {
  VAMS_POINT("rollback.switched");
  report_.served = report_.to == tables::kNewest;
  TRY_OK(StartStep());
  TRY_OK(ServiceStep());
  return CommitStep();
}

Status Roller::StartStep() {
  return operation_.Step("start", [&](json::object& evidence) -> Status {
    // After a crash nothing is held yet.
    if (!server_ && !lock_) {
      json::object ignored;
      TRY_OK(TakeHold(ignored));
    }
    if (server_) {
      TRY(const auto state, server_->Reload());
      if (frozen_)
        report_.pause_millis =
            std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - frozen_at_)
                .count();
      frozen_ = false;
      report_.url = state.url;
      evidence = {{"url", state.url}, {"generation", state.generation}, {"mode", Name(state.mode)}};
      const bool right = report_.served ? state.mode == ServingMode::kServing ||
                                              state.mode == ServingMode::kMaintenance
                                        : state.mode == ServingMode::kUpdateNeeded;
      if (right) return Ok();
      return Error(Code::kUnavailable,
                   fmt::format("the server started on generation {}, but is {}: {}",
                               report_.generation, Name(state.mode), state.reason));
    }
    lock_.reset();
    if (!report_.served || !setting_.serve) {
      evidence["served"] = false;
      return Ok();
    }
    TRY(const auto stack, setting_.registry.Get(report_.stack));
    TRY(temporary_, setting_.serve(setting_.registry, stack));
    evidence = {{"url", temporary_->url()}, {"temporary", true}};
    return Ok();
  });
}

Status Roller::ServiceStep() {
  if (!report_.served)
    return operation_.SkipStep(
        "verify service",
        fmt::format("this release does not serve data version {}", report_.to.ToString()));
  if (!server_ && !temporary_) return operation_.SkipStep("verify service", "nobody serves it");
  return operation_.Step("verify service", [&](json::object& evidence) -> Status {
    ServiceTarget look;
    if (temporary_) {
      look.url = temporary_->url();
      look.token = temporary_->token();
    } else if (server_) {
      TRY(const auto state, server_->State());
      look.url = state.url;
      TRY(look.token, server_->AdminToken());
    }
    TRY(const auto config, setting_.config_of(stack_));
    look.access_log = stack_.folder / "logs" / "access.jsonl";
    look.own_bucket = config.own_bucket;
    TRY(report_.service, CheckService(setting_.op, setting_.transport, setting_.random, look,
                                      [&](const Check& check) {
                                        operation_.Progress("verify service: " + check.name, 0);
                                      }));
    evidence = {{"checks", ToJson(report_.service)}};
    if (WorstOf(report_.service) != CheckResult::kRefused) return Ok();
    return Error(Code::kUnavailable, fmt::format("the service does not work on generation {}: {}",
                                                 report_.generation, RefusalsOf(report_.service)));
  });
}

Status Roller::CommitStep() {
  return operation_.Step("commit", [&](json::object& evidence) -> Status {
    temporary_.reset();
    TRY_OK(MarkReverted());
    evidence = {{"generation", report_.generation}};
    TRY_OK(operation_.Note("committed", {{"generation", report_.generation}}));
    VAMS_POINT("rollback.committed");
    return Ok();
  });
}

// The migrations that were undone say so.
Status Roller::MarkReverted() {
  TRY(const auto record, operation_.Record());
  const auto* fact = record.Fact("switching");
  const auto* undone = fact != nullptr ? fact->if_contains("undoes") : nullptr;
  if (undone == nullptr || !undone->is_array()) return Ok();
  TRY(const auto migrations, Migrations(stack_));
  for (const auto& id : undone->as_array())
    for (const auto& migration : migrations) {
      if (!id.is_string() || migration.id != std::string_view(id.as_string())) continue;
      TRY(auto journal, migrate::Journal::Open(migration.journal(), setting_.clock));
      if (journal.stage() == migrate::Stage::kFinished)
        TRY_OK(journal.MoveTo(migrate::Stage::kReverting));
      if (journal.stage() == migrate::Stage::kReverting)
        TRY_OK(journal.MoveTo(migrate::Stage::kReverted));
    }
  return Ok();
}

migrate::Dialect Roller::DialectOf() const {
  return way_.empty() ? migrate::Dialect::kCorrected : way_.front().settings.dialect;
}

// ---- The way back ------------------------------------------------------------------------------

Status Roller::GoBack() {
  TRY_OK(operation_.Note("rolling back", {{"from", report_.generation},
                                          {"to", report_.from_generation},
                                          {"why", failure_->error.message}}));
  return operation_.Step("go back", [&](json::object& evidence) -> Status {
    VAMS_POINT("rollback.going_back");
    temporary_.reset();
    TRY(const auto stack, setting_.registry.Get(report_.stack));
    if (!lock_ && !server_) {
      json::object ignored;
      TRY_OK(TakeHold(ignored));
    }
    if (stack.current.number != report_.from_generation)
      TRY_OK(setting_.registry.SwitchTo(stack, report_.from_generation));
    VAMS_POINT("rollback.went_back");
    report_.generation = report_.from_generation;
    evidence = {{"generation", report_.generation}};
    if (server_) TRY_OK(server_->Reload());
    return Ok();
  });
}

// ---- The end -----------------------------------------------------------------------------------

std::string Roller::Done() const {
  std::string text = fmt::format(
      "stack \"{}\" is back at data version {}: generation {} serves, {} stays", report_.stack,
      report_.to.ToString(), report_.generation, report_.from_generation);
  std::uint64_t rows = 0, residue = 0;
  for (const auto& hop : report_.hops) {
    rows += hop.carried.rows();
    residue += hop.carried.residue;
  }
  if (report_.discard_writes)
    text += fmt::format("; {} changes made since are left behind in generation {}", report_.changes,
                        report_.from_generation);
  else if (report_.changes > 0)
    text += fmt::format("; {} changes made since were carried over", report_.changes);
  else
    text += "; nothing was written since";
  text += ConfigurationText(report_);
  if (residue > 0)
    text += fmt::format(
        "; what the older form cannot hold of {} records returns at the next update", residue);
  if (!report_.served)
    text += fmt::format(
        "; this release does not serve data version {0}: the server answers 503 "
        "but for the update page; install the release of VAMS that serves {0}, or "
        "update with \"vams update --stack {1}\"",
        report_.to.ToString(), report_.stack);
  return text;
}

RollbackReport Roller::Finish() {
  if (!failure_) {
    End(OperationResult::kDone, Done());
    return std::move(report_);
  }
  const std::string why = failure_->error.message;
  builder_.reset();
  (void)files::RemoveTree(operation_.folder() / "work");
  if (!switched_) {
    LetGo();
    End(failure_->result, why);
    return std::move(report_);
  }
  if (auto back = GoBack(); !back.ok()) {
    report_.result = OperationResult::kInterrupted;
    report_.message = fmt::format(
        "{}; staying at generation {} failed as well: {}; run \"vams rollback --stack {}\" again, "
        "which goes on with it",
        why, report_.from_generation, back.error().message, report_.stack);
    LetGo();
    return std::move(report_);
  }
  LetGo();
  End(OperationResult::kRolledBack,
      fmt::format("{}; generation {} (data version {}) serves as before", why,
                  report_.from_generation, report_.from.ToString()));
  return std::move(report_);
}

void Roller::LetGo() {
  temporary_.reset();
  if (server_) (void)server_->Thaw();
  server_.reset();
  lock_.reset();
}

void Roller::End(OperationResult result, std::string message) {
  LetGo();
  report_.result = result;
  report_.message = message;
  OperationEnd end{.result = result, .message = std::move(message)};
  if (const auto record = operation_.Record(); record.ok()) report_.steps = record->steps;
  end.history = {{"from", report_.from.ToString()},
                 {"to", report_.to.ToString()},
                 {"generation", report_.generation},
                 {"changes", report_.changes},
                 {"discardWrites", report_.discard_writes}};
  end.report = ToJson(report_);
  end.page = RollbackPage(report_);
  const auto ended = operation_.End(std::move(end));
  if (!ended.ok())
    report_.message += fmt::format("; its report could not be written: {}", ended.error().message);
  report_.report = (operation_.folder() / "report.html").string();
}

}  // namespace vams::lifecycle
