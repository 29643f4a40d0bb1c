#include "lifecycle/update/verify.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <boost/json.hpp>
#include <chrono>

#include "items/sqlite/sqlite_store.h"
#include "lifecycle/served_stack.h"
#include "lifecycle/update/service_checks.h"
#include "lifecycle/upkeep_objects.h"
#include "migrate/journal.h"

namespace vams::lifecycle {

namespace json = boost::json;
using Steady = std::chrono::steady_clock;

namespace {

constexpr std::size_t kShown = 20;

class Verifier {
 public:
  Verifier(const UpdateSetting& setting, const VerifyStackOptions& options, Operation& operation,
           const Stack& stack, const std::function<void(const Check&)>& done)
      : setting_(setting), options_(options), operation_(operation), stack_(stack), done_(done) {}

  Status Data(std::vector<Check>& checks) {
    TRY_OK(Do(checks, "item store", [&](Check& check) { return ItemStore(check); }));
    TRY_OK(Do(checks, "data version", [&](Check& check) { return DataVersion(check); }));
    TRY_OK(Do(checks, "objects", [&](Check& check) { return Objects(check); }));
    return Do(checks, "migration", [&](Check& check) { return Migration(check); });
  }

  Status Service(std::vector<Check>& checks) {
    Check check{.name = "server", .summary = {}, .way_out = {}, .evidence = {}};
    auto target = Target(check);
    if (!target.ok()) {
      check.result = CheckResult::kRefused;
      check.summary = target.error().message;
    }
    Tell(checks, check);
    if (!target.ok() || !*target) return Ok();
    TRY(auto found, CheckService(setting_.op, setting_.transport, setting_.random, **target,
                                 [&](const Check& one) {
                                   operation_.Progress("service: " + one.name, 0);
                                   if (done_) done_(one);
                                 }));
    for (auto& one : found) checks.push_back(std::move(one));
    temporary_.reset();
    return Ok();
  }

 private:
  void Tell(std::vector<Check>& checks, const Check& check) {
    if (done_) done_(check);
    checks.push_back(check);
  }

  Status Do(std::vector<Check>& checks, std::string_view name,
            const std::function<Status(Check&)>& look) {
    TRY_OK(setting_.op.Check());
    operation_.Progress("data: " + std::string(name), 0);
    const auto start = Steady::now();
    Check check;
    check.name = name;
    if (auto looked = look(check); !looked.ok()) {
      if (looked.error().code == Code::kCancelled) return looked;
      check.result = CheckResult::kRefused;
      check.summary = looked.error().message;
    }
    check.millis =
        std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count();
    Tell(checks, check);
    return Ok();
  }

  Status ItemStore(Check& check) {
    TRY(const auto store, items::OpenSqliteStore(stack_.current.items(), {.read_only = true}));
    TRY_OK(store->CheckIntegrity(setting_.op));
    TRY(const auto specs, store->Tables(setting_.op));
    std::uint64_t rows = 0;
    for (const auto& spec : specs) {
      TRY(const auto count, store->Count(setting_.op, spec.name));
      rows += count;
    }
    TRY(const auto position, store->LastChange(setting_.op));
    check.evidence = {{"tables", specs.size()}, {"rows", rows}, {"position", position}};
    check.summary = fmt::format("generation {} is intact: {} rows in {} tables",
                                stack_.current.number, rows, specs.size());
    return Ok();
  }

  Status DataVersion(Check& check) {
    TRY(const auto store, items::OpenSqliteStore(stack_.current.items(), {.read_only = true}));
    TRY(const auto detection, DetectVersion(setting_.op, *store));
    check.evidence = {{"recorded", stack_.current.data_version.ToString()},
                      {"detected", detection.version ? json::value(detection.version->ToString())
                                                     : json::value()}};
    TRY_OK(tables::Reconcile(detection, stack_.current.data_version));
    check.summary = fmt::format("the rows are of {}", stack_.current.data_version.ToString());
    return Ok();
  }

  Status Objects(Check& check) {
    TRY(const auto config, setting_.config_of(stack_));
    json::array findings;
    TRY(const auto found,
        CheckObjects(stack_, config.encryption, options_.read_objects, setting_.op,
                     [&](const objects::BlobFinding& finding) {
                       if (finding.kind == objects::BlobFinding::Kind::kExtra ||
                           findings.size() >= kShown)
                         return;
                       findings.push_back({{"kind", objects::KindName(finding.kind)},
                                           {"what", finding.what},
                                           {"detail", finding.detail}});
                     }));
    check.evidence = {{"contents", found.blobs},
                      {"bytes", found.bytes},
                      {"read", options_.read_objects},
                      {"findings", std::move(findings)}};
    const auto wrong = found.missing + found.damaged + found.damaged_packs;
    check.summary = wrong == 0 ? fmt::format("all {} contents are there{}", found.blobs,
                                             options_.read_objects ? ", as they were stored" : "")
                               : fmt::format("{} contents are missing, {} damaged", found.missing,
                                             found.damaged + found.damaged_packs);
    if (wrong == 0) return Ok();
    check.result = CheckResult::kRefused;
    check.way_out =
        "\"vams objects check\" names them; \"vams backup restore\" brings them back from a backup "
        "that has them";
    return Ok();
  }

  Status Migration(Check& check) {
    auto proof = VerifyMigration(
        setting_.registry, stack_.name, options_.threads, setting_.clock, setting_.op,
        [&](const migrate::Progress& progress) {
          operation_.Progress(fmt::format("data: {} {}", progress.leg, progress.phase),
                              progress.done, progress.total);
        },
        true);
    if (!proof.ok() && proof.error().code == Code::kConflict) {
      check.summary =
          fmt::format("generation {} was not made by a migration", stack_.current.number);
      return Ok();
    }
    if (!proof.ok()) return std::move(proof).error();
    const auto list = [](const std::vector<std::string>& texts) {
      return json::array(texts.begin(), texts.end());
    };
    check.evidence = {{"migration", proof->report.id},
                      {"proved", list(proof->checks)},
                      {"failures", list(proof->failures)},
                      {"remarks", list(proof->remarks)}};
    if (proof->failures.empty()) {
      check.summary =
          fmt::format("migration {}: {}", proof->report.id, fmt::join(proof->checks, "; "));
      return Ok();
    }
    check.result = CheckResult::kRefused;
    check.summary = proof->failures.front();
    check.way_out = "\"vams migrate verify\" names every difference";
    return Ok();
  }

  // Where the service is looked at; nothing where there is nothing to look at.
  Result<std::optional<ServiceTarget>> Target(Check& check) {
    if (stack_.current.data_version != tables::kNewest) {
      check.result = CheckResult::kWarning;
      check.summary = fmt::format("data of version {} is not served by this release",
                                  stack_.current.data_version.ToString());
      check.way_out = fmt::format("update it with \"vams update --stack {}\"", stack_.name);
      return std::optional<ServiceTarget>();
    }
    TRY(const auto config, setting_.config_of(stack_));
    ServiceTarget target;
    target.access_log = stack_.folder / "logs" / "access.jsonl";
    target.own_bucket = config.own_bucket;
    TRY(auto server, ServedStack::Find(stack_));
    if (server) {
      TRY(const auto state, server->State());
      check.evidence = {{"url", state.url}, {"process", state.pid}, {"mode", Name(state.mode)}};
      check.summary = fmt::format("served at {} ({})", state.url, Name(state.mode));
      if (state.mode != ServingMode::kServing) {
        check.result = CheckResult::kWarning;
        check.summary += fmt::format(": {}; the API was not looked at", state.reason);
        return std::optional<ServiceTarget>();
      }
      target.url = state.url;
      TRY(target.token, server->AdminToken());
      return std::optional<ServiceTarget>(std::move(target));
    }
    TRY(temporary_, setting_.serve(setting_.registry, stack_));
    target.url = temporary_->url();
    target.token = temporary_->token();
    check.evidence = {{"url", target.url}, {"temporary", true}};
    check.summary = "not served; looked at through a server that was started for it";
    return std::optional<ServiceTarget>(std::move(target));
  }

  const UpdateSetting& setting_;
  const VerifyStackOptions& options_;
  Operation& operation_;
  const Stack& stack_;
  const std::function<void(const Check&)>& done_;
  std::unique_ptr<TemporaryServer> temporary_;
};

}  // namespace

Result<VerifyStackReport> VerifyStack(const UpdateSetting& setting,
                                      const VerifyStackOptions& options,
                                      const std::function<void(const Check&)>& done) {
  VerifyStackReport report;
  TRY(auto stack, setting.registry.Get(options.stack));
  TRY(auto lock, TakeOperation(setting, stack, "vams verify", report.recovered));
  TRY(stack, setting.registry.Get(options.stack));
  report.stack = stack.name;
  report.generation = stack.current.number;
  report.data_version = stack.current.data_version;
  TRY(auto operation, Operation::Begin(stack, std::move(lock),
                                       {.kind = "verify",
                                        .by = options.by,
                                        .request = {{"release", setting.release},
                                                    {"readObjects", options.read_objects}}},
                                       setting.clock));
  report.operation = operation.id();
  operation.WatchWith(setting.on_step, setting.on_progress);
  Verifier verifier(setting, options, operation, stack, done);
  auto looked = operation.Step("verify data", [&](json::object& evidence) -> Status {
    TRY_OK(verifier.Data(report.data));
    evidence = {{"checks", ToJson(report.data)}};
    return Ok();
  });
  if (looked.ok())
    looked = operation.Step("verify service", [&](json::object& evidence) -> Status {
      TRY_OK(verifier.Service(report.service));
      evidence = {{"checks", ToJson(report.service)}};
      return Ok();
    });
  std::vector<Check> all = report.data;
  all.insert(all.end(), report.service.begin(), report.service.end());
  if (!looked.ok()) {
    report.result = looked.error().code == Code::kCancelled ? OperationResult::kInterrupted
                                                            : OperationResult::kFailed;
    report.message = looked.error().message;
  } else if (WorstOf(all) == CheckResult::kRefused) {
    report.result = OperationResult::kDifferent;
    report.message = RefusalsOf(all);
  } else {
    report.message = fmt::format("stack \"{}\" is as it should be: {} checks of generation {}",
                                 stack.name, all.size(), stack.current.number);
  }
  OperationEnd end{.result = report.result, .message = report.message};
  end.history = {{"generation", report.generation}};
  end.report = ToJson(report);
  end.page = ChecksPage("The data", report.data) + ChecksPage("The service", report.service);
  TRY_OK(operation.End(std::move(end)));
  report.report = (operation.folder() / "report.html").string();
  return report;
}

json::object ToJson(const VerifyStackReport& report) {
  return {{"stack", report.stack},           {"operation", report.operation},
          {"generation", report.generation}, {"dataVersion", report.data_version.ToString()},
          {"result", NameOf(report.result)}, {"message", report.message},
          {"data", ToJson(report.data)},     {"service", ToJson(report.service)},
          {"report", report.report}};
}

}  // namespace vams::lifecycle
