#include "lifecycle/rollback/rollback.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "lifecycle/rollback/roller.h"
#include "migrate/journal.h"
#include "migrate/report_page.h"

namespace vams::lifecycle {

namespace json = boost::json;
using migrate::Escaped;

namespace {

json::object ToJson(const RollbackHop& hop) {
  json::array path;
  for (const auto& leg : hop.path) path.emplace_back(leg);
  json::object object{{"from", hop.from},
                      {"to", hop.to},
                      {"fromVersion", hop.from_version.ToString()},
                      {"toVersion", hop.to_version.ToString()},
                      {"path", std::move(path)},
                      {"carried", migrate::ToJson(hop.carried)}};
  if (!hop.migration.empty()) object["undoes"] = hop.migration;
  if (!hop.carried.whole.empty()) object["transformedWhole"] = hop.carried.whole;
  return object;
}

}  // namespace

Result<RollbackReport> RollBackStack(const UpdateSetting& setting, const RollbackRequest& request) {
  RollbackReport report;
  TRY(auto stack, setting.registry.Get(request.stack));
  TRY(auto lock, TakeOperation(setting, stack, "vams rollback", report.recovered));
  TRY(stack, setting.registry.Get(request.stack));
  // The same command has done its work: rolling back once more would undo it.
  for (const auto& one : report.recovered)
    if (one.kind == "rollback" && one.result != OperationResult::kUndone) {
      report.stack = stack.name;
      report.operation = one.id;
      report.result = one.result;
      report.message = one.message;
      report.from = report.to = stack.current.data_version;
      report.generation = stack.current.number;
      report.served = stack.current.data_version == tables::kNewest;
      return report;
    }
  json::object asked{{"release", setting.release},
                     {"discardWrites", request.discard_writes},
                     {"generation", stack.current.number}};
  if (request.to) asked["to"] = *request.to;
  TRY(auto operation,
      Operation::Begin(stack, std::move(lock),
                       {.kind = "rollback", .by = request.by, .request = std::move(asked)},
                       setting.clock));
  return Roller(setting, request, std::move(operation), std::move(stack), std::move(report)).Run();
}

Result<OperationLock> RecoverRollback(const UpdateSetting& setting, Operation operation,
                                      Recovered& recovered) {
  TRY(const auto record, operation.Record());
  const Stack stack = operation.stack();
  TRY_OK(files::RemoveTree(operation.folder() / "work"));
  const auto* back = record.Fact("rolling back");
  if (stack.current.number == record.generation && back == nullptr) {
    TRY_OK(RemoveUnused(setting.registry, stack, "rollback", record.id));
    recovered.result = OperationResult::kUndone;
    recovered.message =
        fmt::format("it stopped before anything was switched; generation {} serves as before",
                    stack.current.number);
    TRY_OK(operation.End({.result = recovered.result, .message = recovered.message}));
    return std::move(operation).ReleaseLock();
  }
  TRY(const auto before, setting.registry.GenerationOf(stack, record.generation));
  RollbackRequest request;
  request.stack = stack.name;
  RollbackReport begun;
  if (const auto* switching = record.Fact("switching"); switching != nullptr) {
    begun.changes = NumberOf(*switching, "changes");
    const auto* discard = switching->if_contains("discardWrites");
    request.discard_writes = discard != nullptr && discard->is_bool() && discard->as_bool();
  }
  Roller roller(setting, request, std::move(operation), stack, std::move(begun));
  const auto report = back != nullptr ? roller.GoOnGoingBack(before, TextOf(*back, "why"))
                                      : roller.GoOnBehindSwitch(before);
  recovered.result = report.result;
  recovered.message = report.message;
  if (report.result == OperationResult::kInterrupted)
    return Error(Code::kUnavailable, report.message);
  return std::move(roller).ReleaseLock();
}

json::object ToJson(const RollbackReport& report) {
  json::array hops, steps;
  for (const auto& hop : report.hops) hops.push_back(ToJson(hop));
  for (const auto& step : report.steps)
    steps.push_back(json::object{{"name", step.name},
                                 {"startedAt", step.started_at},
                                 {"millis", step.millis},
                                 {"result", step.result},
                                 {"message", step.message},
                                 {"evidence", step.evidence}});
  return {{"stack", report.stack},
          {"operation", report.operation},
          {"result", NameOf(report.result)},
          {"message", report.message},
          {"from", report.from.ToString()},
          {"to", report.to.ToString()},
          {"fromGeneration", report.from_generation},
          {"targetGeneration", report.target_generation},
          {"generation", report.generation},
          {"discardWrites", report.discard_writes},
          {"changes", report.changes},
          {"systemChanges", report.system_changes},
          {"hops", std::move(hops)},
          {"configuration", report.configuration},
          {"url", report.url},
          {"proof", report.proof},
          {"pauseMillis", report.pause_millis},
          {"served", report.served},
          {"service", ToJson(report.service)},
          {"steps", std::move(steps)}};
}

std::string RollbackText(const RollbackReport& report) {
  std::string text = report.message + "\n";
  for (const auto& hop : report.hops) {
    for (const auto& [table, counts] : hop.carried.tables)
      text += fmt::format("  {}: {} added, {} changed, {} removed\n", table, counts.added,
                          counts.changed, counts.removed);
    if (!hop.carried.whole.empty())
      text += fmt::format("  everything was transformed: {}\n", hop.carried.whole);
    if (hop.carried.quarantined > 0)
      text += fmt::format("  {} records were set aside; sys.migration-findings lists them\n",
                          hop.carried.quarantined);
  }
  if (!report.proof.empty()) text += fmt::format("  proof: {}\n", report.proof);
  return text;
}

std::string RollbackPage(const RollbackReport& report) {
  std::string page =
      "<h2>What was carried</h2>\n<pre>" + Escaped(RollbackText(report)) + "</pre>\n";
  if (!report.service.empty()) page += ChecksPage("The service", report.service);
  return page;
}

}  // namespace vams::lifecycle
