#include "lifecycle/update/update.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "lifecycle/served_stack.h"
#include "lifecycle/stacks/clone.h"
#include "lifecycle/stacks/quiet_config.h"
#include "lifecycle/update/prediction.h"
#include "lifecycle/update/update_page.h"
#include "lifecycle/update/updater.h"
#include "migrate/journal.h"
#include "migrate/plan_json.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

json::object RequestJson(const UpdateSetting& setting, const UpdateRequest& request) {
  const auto& migration = request.migration;
  json::object object{{"release", setting.release},
                      {"to", migration.to.value_or(tables::kNewest).ToString()},
                      {"dialect", migrate::NameOf(migration.dialect)},
                      {"strict", migration.strict},
                      {"quarantineAmbiguous", migration.quarantine_ambiguous},
                      {"owners", migration.owners.size()},
                      {"force", request.force},
                      {"approvedBeforehand", request.approved}};
  json::array accepted;
  for (const auto& resource : request.accept_loss) accepted.emplace_back(resource);
  if (!accepted.empty()) object["acceptLoss"] = std::move(accepted);
  if (request.config) object["config"] = request.config->file;
  return object;
}

// The report of an update for which there is nothing to do.
UpdateReport NothingToDo(const Stack& stack, const UpdateRequest& request,
                         std::vector<Recovered> recovered) {
  UpdateReport report;
  report.stack = stack.name;
  report.nothing_to_do = true;
  report.from = report.to = stack.current.data_version;
  report.from_generation = report.generation = stack.current.number;
  report.recovered = std::move(recovered);
  report.message = fmt::format(
      "stack \"{}\" is at data version {} already{}; nothing was changed", stack.name,
      stack.current.data_version.ToString(),
      request.config ? fmt::format(", and has the configuration of {}", request.config->file) : "");
  return report;
}

// The copy that a rehearsal works on: a home of its own inside the operation's folder.
class Copy {
 public:
  static Result<Copy> Make(const UpdateSetting& setting, const Stack& stack, Operation& operation) {
    TRY(auto folder, files::TempFolder::Create(operation.folder(), ".work"));
    Copy copy(std::move(folder), setting.clock);
    TRY_OK(operation.Step("clone", [&](json::object& evidence) -> Status {
      CloneRequest request;
      request.name = stack.name;
      request.keep_transient = true;
      TRY(const auto cloned, CloneStack(stack, copy.registry_, request, setting.clock, setting.op,
                                        [&](std::string_view phase, std::uint64_t done) {
                                          operation.Progress("clone: " + std::string(phase), done);
                                        }));
      copy.stack_ = cloned.stack;
      evidence = {{"itemBytes", cloned.item_bytes},
                  {"position", cloned.position},
                  {"reflinked", cloned.reflinked}};
      json::array off;
      for (const auto& one : cloned.switched_off) off.push_back(ToJson(one));
      if (!off.empty()) evidence["switchedOff"] = std::move(off);
      return Ok();
    }));
    return copy;
  }

  const StackRegistry& registry() const { return registry_; }
  const Stack& stack() const { return stack_; }

 private:
  Copy(files::TempFolder folder, const Clock& clock)
      : folder_(std::move(folder)), registry_(folder_.path(), clock) {}

  files::TempFolder folder_;
  StackRegistry registry_;
  Stack stack_;
};

void EndRehearsal(const UpdateSetting& setting, Operation& operation, const Stack& copied,
                  const StackRegistry* copy, UpdateReport& report) {
  if (report.result == OperationResult::kDone && copy != nullptr) {
    auto made = copy->Get(copied.name);
    const auto record = operation.Record();
    if (made.ok() && record.ok())
      (void)operation.Note("prediction", PredictionOf(*record, report.from.ToString(),
                                                      report.to.ToString(), made->current));
  }
  const auto record = operation.Record();
  std::int64_t millis = 0;
  if (record.ok()) {
    report.steps = record->steps;
    for (const auto& step : record->steps) millis += step.millis;
  }
  if (report.result == OperationResult::kDone) {
    const std::string file = TextOf(report.configuration, "file");
    report.message = fmt::format(
        "rehearsed the update of stack \"{}\"{}{} in {}.{} s: it would succeed; nothing of the "
        "stack was touched; update it with \"vams update --stack {}{}\"",
        report.stack,
        report.from == report.to ? std::string()
                                 : fmt::format(" from data version {} to {}",
                                               report.from.ToString(), report.to.ToString()),
        file.empty() ? "" : fmt::format(" to the configuration of {}", file), millis / 1000,
        millis % 1000 / 100, report.stack, file.empty() ? "" : " --config " + file);
  } else {
    report.message = fmt::format("{}; nothing of the stack was touched", report.message);
    // A rehearsal leaves nothing to go on with.
    if (report.result == OperationResult::kInterrupted && !setting.op.cancelled())
      report.result = OperationResult::kFailed;
  }
  OperationEnd end{.result = report.result, .message = report.message};
  end.history = {{"from", report.from.ToString()}, {"to", report.to.ToString()}};
  if (!report.configuration.empty()) end.history["configuration"] = report.configuration;
  end.report = ToJson(report);
  end.page = UpdatePage(report);
  if (const auto ended = operation.End(std::move(end)); !ended.ok())
    report.message += "; its report could not be written: " + ended.error().message;
  report.report = (operation.folder() / "report.html").string();
}

// Takes the right to operate; the stack as it is then.
Result<OperationLock> TakeStack(const UpdateSetting& setting, const std::string& name,
                                std::string_view doing, Stack& stack,
                                std::vector<Recovered>& recovered) {
  TRY(stack, setting.registry.Get(name));
  TRY(auto lock, TakeOperation(setting, stack, doing, recovered));
  TRY(stack, setting.registry.Get(name));
  return lock;
}

// The request without what is so already; nothing if that is all of it.
std::optional<UpdateRequest> ToDo(const UpdateRequest& request, const Stack& stack) {
  UpdateRequest left = request;
  if (left.config && IsConfigOf(*left.config, stack)) left.config.reset();
  const bool same_data =
      request.migration.to.value_or(tables::kNewest) == stack.current.data_version;
  if (same_data && !left.config) return std::nullopt;
  return left;
}

// What only the stack itself can be asked: its copy has no addresses and no search server.
Status LookAtConfiguration(const UpdateSetting& setting, const UpdateRequest& request,
                           const Stack& stack, Operation& operation, json::object& configuration) {
  return operation.Step("new configuration", [&](json::object& evidence) -> Status {
    const auto to = request.migration.to.value_or(tables::kNewest);
    TRY(const auto config, setting.config_of(stack));
    TRY(const auto usage, diff::Measure(setting.op, stack));
    TRY(const auto changes, diff::Compare({config.config, stack.current.data_version, stack.name},
                                          {request.config->config, to, stack.name}, usage));
    TRY(auto server, ServedStack::Find(stack));
    std::optional<std::int64_t> process;
    if (server) {
      TRY(const auto state, server->State());
      process = state.pid;
    }
    auto checks = CheckNewConfig(setting.op, setting.transport,
                                 {.stack = stack,
                                  .before = config.config,
                                  .backup_folder_before = config.backup_folder,
                                  .after = *request.config,
                                  .changes = changes,
                                  .process = process});
    Check losses;
    losses.name = "change set";
    for (const auto& refusal : diff::Refusals(changes, request.accept_loss, true)) {
      losses.result = CheckResult::kRefused;
      losses.summary += (losses.summary.empty() ? "" : "; ") + refusal.reason;
    }
    checks.push_back(std::move(losses));
    configuration = ToJson(*request.config, changes);
    evidence = {{"checks", ToJson(checks)}, {"changeSet", diff::ToJson(changes)}};
    if (WorstOf(checks) != CheckResult::kRefused) return Ok();
    return Error(Code::kConflict, RefusalsOf(checks));
  });
}

// The new configuration as the copy gets it: it must not act upon the world either.
Result<NewConfig> QuietNewConfig(const NewConfig& config, const Stack& copy) {
  TRY(const auto quiet, QuietConfigOf(config.text, config.file, copy.name));
  NewConfig made{.file = config.file,
                 .text = quiet.text,
                 .paths = config.paths,
                 .config = {},
                 .report = config.report,
                 .backup_folder = {}};
  TRY(made.config, ConfigFrom(copy, quiet.text));
  return made;
}

// A rehearsal that ends before there is a copy to try it on.
UpdateReport EndEarly(const UpdateSetting& setting, const Stack& stack, Operation& operation,
                      UpdateReport report, OperationResult result, const Error& error) {
  report.stack = stack.name;
  report.operation = operation.id();
  report.from = report.to = stack.current.data_version;
  report.from_generation = report.generation = stack.current.number;
  report.result = result;
  report.message = error.message;
  EndRehearsal(setting, operation, stack, nullptr, report);
  return report;
}

}  // namespace

Result<UpdateReport> UpdateStack(const UpdateSetting& setting, const UpdateRequest& asked) {
  UpdateReport report;
  Stack stack;
  TRY(auto lock, TakeStack(setting, asked.stack, "vams update", stack, report.recovered));
  const auto left = ToDo(asked, stack);
  if (!left) return NothingToDo(stack, asked, std::move(report.recovered));
  const UpdateRequest& request = *left;
  TRY(auto operation,
      Operation::Begin(
          stack, std::move(lock),
          {.kind = "update", .by = request.by, .request = RequestJson(setting, request)},
          setting.clock));
  std::optional<Updater> updater(std::in_place, setting, request, std::move(operation), stack,
                                 std::move(report));
  auto done = updater->Run();
  if (!updater->wants_rollback()) return done;
  updater.reset();  // and with it the lock
  return RollBackWithWrites(setting, std::move(done));
}

Result<UpdateReport> RehearseUpdate(const UpdateSetting& setting, const UpdateRequest& asked) {
  UpdateReport report;
  report.kind = "rehearse";
  Stack stack;
  TRY(auto lock, TakeStack(setting, asked.stack, "vams rehearse", stack, report.recovered));
  const auto left = ToDo(asked, stack);
  if (!left) return NothingToDo(stack, asked, std::move(report.recovered));
  const UpdateRequest& request = *left;
  TRY(auto operation,
      Operation::Begin(
          stack, std::move(lock),
          {.kind = "rehearse", .by = request.by, .request = RequestJson(setting, request)},
          setting.clock));
  operation.WatchWith(setting.on_step, setting.on_progress);
  if (request.config)
    if (const auto looked =
            LookAtConfiguration(setting, request, stack, operation, report.configuration);
        !looked.ok())
      return EndEarly(setting, stack, operation, std::move(report), OperationResult::kRefused,
                      looked.error());
  auto copy = Copy::Make(setting, stack, operation);
  if (!copy.ok())
    return EndEarly(setting, stack, operation, std::move(report), OperationResult::kFailed,
                    copy.error());
  const UpdateSetting on_copy{.registry = copy->registry(),
                              .clock = setting.clock,
                              .random = setting.random,
                              .op = setting.op,
                              .transport = setting.transport,
                              .release = setting.release,
                              .config_of = setting.config_of,
                              .serve = setting.serve,
                              .on_step = setting.on_step,
                              .on_progress = setting.on_progress};
  // What changes is a copy that is thrown away: nobody needs to approve it, and no work is cut off.
  UpdateRequest on_copy_request = request;
  on_copy_request.approved = true;
  on_copy_request.force = true;
  if (request.config) {
    auto quiet = QuietNewConfig(*request.config, copy->stack());
    if (!quiet.ok())
      return EndEarly(setting, stack, operation, std::move(report), OperationResult::kFailed,
                      quiet.error());
    on_copy_request.config = *std::move(quiet);
  }
  Updater updater(on_copy, on_copy_request, std::move(operation), copy->stack(), std::move(report));
  auto done = updater.RunRehearsal();
  EndRehearsal(setting, updater.operation(), stack, &copy->registry(), done);
  return done;
}

}  // namespace vams::lifecycle
