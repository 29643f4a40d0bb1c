#include "lifecycle/update/recover.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "lifecycle/rollback/rollback.h"
#include "lifecycle/update/updater.h"
#include "migrate/journal.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

Status EndUndone(Operation& operation, Recovered& recovered, std::string message) {
  recovered.result = OperationResult::kUndone;
  recovered.message = std::move(message);
  return operation.End({.result = OperationResult::kUndone, .message = recovered.message});
}

// Plans and proofs work in folders of their own, which a process that dies leaves.
void RemoveDryRuns(const Stack& stack) {
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(stack.migrations(), ec)) {
    const std::string name = entry.path().filename().string();
    if (name.starts_with(".dry") || name.starts_with(".sample") || name.starts_with(".verify"))
      (void)files::RemoveTree(entry.path());
  }
}

std::string WhereItStopped(const OperationRecord& record) {
  return record.steps.empty() ? std::string("before its first step")
                              : fmt::format("in the step \"{}\"", record.steps.back().name);
}

// Writes down what the engine had done when its process died behind the switch.
Status CompleteMigration(const UpdateSetting& setting, const Stack& stack) {
  MigrateOptions options;
  options.to = stack.current.data_version;
  options.caller_keeps_others_away = true;
  TRY_OK(RunMigration(setting.registry, stack.name, options, setting.clock, setting.op,
                      [](const migrate::Progress&) {}));
  return Ok();
}

Result<OperationLock> RecoverUpdate(const UpdateSetting& setting, Operation operation,
                                    Recovered& recovered) {
  TRY(const auto record, operation.Record());
  const Stack stack = operation.stack();
  if (stack.current.number == record.generation && record.Fact("rolling back") == nullptr) {
    TRY_OK(RemoveUnused(setting.registry, stack, "configuration", record.id));
    TRY_OK(EndUndone(operation, recovered,
                     fmt::format("it stopped {}, before anything was switched; generation {} "
                                 "serves as before",
                                 WhereItStopped(record), stack.current.number)));
    return std::move(operation).ReleaseLock();
  }
  UpdateRequest request;
  request.stack = stack.name;
  if (stack.current.number != record.generation && stack.current.origin.contains("migration"))
    TRY_OK(CompleteMigration(setting, stack));
  UpdateReport report;
  const auto* back = record.Fact("rolling back");
  const auto* backup = record.Fact("backup");
  if (backup != nullptr) report.backup = TextOf(*backup, "id");
  if (const auto* configuration = record.Fact("configuration"); configuration != nullptr)
    for (const char* member : {"file", "changed"})
      if (const auto* value = configuration->if_contains(member))
        report.configuration[member] = *value;
  TRY(const auto before, setting.registry.GenerationOf(stack, record.generation));
  std::optional<Updater> updater(std::in_place, setting, request, std::move(operation), stack,
                                 std::move(report));
  updater->SetOrigin(before);
  auto done = back != nullptr ? updater->GoOnRollingBack(TextOf(*back, "why"))
                              : updater->GoOnBehindSwitch();
  if (updater->wants_rollback()) {
    updater.reset();  // and with it the lock
    done = RollBackWithWrites(setting, std::move(done));
    recovered.result = done.result;
    recovered.message = done.message;
    return OperationLock::Take(stack, "vams update", setting.clock);
  }
  recovered.result = done.result;
  recovered.message = done.message;
  if (done.result == OperationResult::kInterrupted) return Error(Code::kUnavailable, done.message);
  return std::move(*updater).ReleaseLock();
}

// What it had copied is of no use to anybody.
Result<OperationLock> RecoverRehearsal(const UpdateSetting&, Operation operation,
                                       Recovered& recovered) {
  TRY(const auto record, operation.Record());
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(operation.folder(), ec))
    if (entry.path().filename().string().starts_with(".work"))
      TRY_OK(files::RemoveTree(entry.path()));
  TRY_OK(EndUndone(operation, recovered,
                   fmt::format("it stopped {}; its copy is removed, and nothing of the stack was "
                               "touched",
                               WhereItStopped(record))));
  return std::move(operation).ReleaseLock();
}

// Operations that read only leave nothing.
Result<OperationLock> RecoverReader(const UpdateSetting&, Operation operation,
                                    Recovered& recovered) {
  TRY_OK(EndUndone(operation, recovered, "it stopped; it had nothing to undo"));
  return std::move(operation).ReleaseLock();
}

struct KindOfOperation {
  std::string_view kind;
  Recovery recover;
};

// A kind of operation that can be interrupted: one line.
constexpr KindOfOperation kKinds[] = {
    {"update", RecoverUpdate}, {"rehearse", RecoverRehearsal}, {"verify", RecoverReader},
    {"prune", RecoverReader},  {"rollback", RecoverRollback},
};

}  // namespace

Status RemoveUnused(const StackRegistry& registry, const Stack& stack, std::string_view kind,
                    const std::string& operation) {
  TRY(const auto now, registry.Get(stack.name));
  TRY(const auto generations, registry.Generations(stack));
  for (const auto& generation : generations)
    if (generation.number != now.current.number && TextOf(generation.origin, "kind") == kind &&
        TextOf(generation.origin, "operation") == operation)
      TRY_OK(files::RemoveTree(generation.folder));
  return Ok();
}

Result<OperationLock> TakeOperation(const UpdateSetting& setting, const Stack& stack,
                                    std::string_view doing, std::vector<Recovered>& recovered) {
  TRY(auto lock, OperationLock::Take(stack, doing, setting.clock));
  TRY_OK(CompleteHistory(stack, setting.clock));
  for (;;) {
    TRY(const auto left, FindInterrupted(stack));
    if (!left) return lock;
    const KindOfOperation* known = nullptr;
    for (const auto& kind : kKinds)
      if (kind.kind == left->kind) known = &kind;
    if (known == nullptr)
      return Error(
          Code::kNotSupported,
          fmt::format("operation {} of stack \"{}\" was interrupted, and this release does "
                      "not know operations of the kind \"{}\"; nothing was changed; use "
                      "the release that began it",
                      left->id, stack.name, left->kind));
    TRY(const auto now, setting.registry.Get(stack.name));
    RemoveDryRuns(now);
    TRY(auto operation, Operation::TakeUp(now, std::move(lock), *left, setting.clock));
    Recovered one{.id = left->id, .kind = left->kind, .message = {}};
    TRY(lock, known->recover(setting, std::move(operation), one));
    recovered.push_back(std::move(one));
  }
}

std::string RecoveredText(const std::vector<Recovered>& recovered) {
  std::string text;
  for (const auto& one : recovered)
    text += fmt::format("operation {} ({}) was interrupted; {}: {}\n", one.id, one.kind,
                        one.result == OperationResult::kDone         ? "it was finished"
                        : one.result == OperationResult::kRolledBack ? "it was rolled back"
                                                                     : "it was undone",
                        one.message);
  return text;
}

}  // namespace vams::lifecycle
