// One update of one stack from its journal's point of view: the steps before the switch, the
// switch, what follows it, and the way back.  Internal to lifecycle/update: update.cc runs all of
// it, recover.cc what a dead process has left.
//
// One thread.  Blocks for as long as the data is large.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/operation.h"
#include "lifecycle/served_stack.h"
#include "lifecycle/update/update.h"

namespace vams::lifecycle {

class Updater {
 public:
  // `subject`: the stack that is updated: that of the operation, or in a rehearsal its copy.
  Updater(const UpdateSetting& setting, const UpdateRequest& request, Operation operation,
          Stack subject, UpdateReport report);

  // All of it, to the operation's end.
  UpdateReport Run();
  // All of it on a copy; the caller ends the operation with what is in the report.
  UpdateReport RunRehearsal();
  // Of what a process that died has left: the generation that it began with.
  void SetOrigin(const Generation& before);
  // The new generation was switched to: looks at the service and commits, or goes back.
  UpdateReport GoOnBehindSwitch();
  // Going back was begun.
  UpdateReport GoOnRollingBack(const std::string& why);

  // The new generation has served others before it failed, so that going back has to carry what
  // they wrote: the operation has ended, and RollBackWithWrites is what follows it.
  bool wants_rollback() const { return wants_rollback_; }

  Operation& operation() { return operation_; }
  // The lock of the operation, after one of the above.
  OperationLock ReleaseLock() && { return std::move(operation_).ReleaseLock(); }

 private:
  struct Failure {
    OperationResult result = OperationResult::kFailed;
    Error error;
  };

  // Each ends in Ok, or says in failure_ how the operation ends.
  Status BeforeSwitch();
  Status PreflightStep();
  Status ChangeSetStep();
  Status ApprovalStep();
  Status HookStep(std::string_view name, const std::vector<std::string>& command);
  Status BackupStep();
  Status HoldStep();
  // Generations keep their configurations from here on, and the operation knows the new one.
  Status ConfigurationStep();
  Status FreezeStep();
  Status BuildStep();
  Status EndBuild(const MigrationReport& migration);
  // The same for data that stays in its form: a copy with the new configuration.
  Status CopyStep();
  Status CopyItems(GenerationBuilder& builder, boost::json::object& evidence);
  Status CompareCopy(const GenerationBuilder& builder, boost::json::object& evidence);
  Status PublishCopy(GenerationBuilder& builder, boost::json::object& evidence);
  // The last look before the switch.
  Status BeginSwitch(std::uint64_t from);
  Status BehindSwitch();
  Status StartStep();
  Status ServiceStep();
  // Nothing of the scratch database stays where this process can remove it.
  Status CommitStep();
  Status NoteChecked();

  Status TakeHold(boost::json::object& evidence);
  void LetGo();
  // Back to the generation before, whatever happens on the way is said.
  Status RollBack(const std::string& why);
  Status SwitchBack(boost::json::object& evidence);
  // Whether anybody but the checks may have written to the new generation.
  bool MayHoldWrites();

  Status Fail(OperationResult result, Status status);
  UpdateReport Finish();
  std::string Done() const;
  void End(OperationResult result, std::string message);
  boost::json::object Compare() const;
  boost::json::object OperationJson() const;
  migrate::OnProgress MigrationProgress();

  const UpdateSetting& setting_;
  const UpdateRequest& request_;
  Operation operation_;
  const Stack stack_;  // as it was when this began
  UpdateReport report_;
  StackConfig config_;  // once it was read
  std::optional<Failure> failure_;
  // What keeps others from the stack: its server, frozen where it takes writes, or its lock.
  std::optional<ServedStack> server_;
  std::optional<files::FileLock> lock_;
  std::unique_ptr<TemporaryServer> temporary_;
  std::optional<BroughtConfig> brought_;  // in the new generation
  bool switched_ = false;
  bool rehearsal_ = false;
  bool left_by_others_ = false;  // SetOrigin: who knows who has served it meanwhile
  bool served_ = false;          // the server of the stack came up on the new generation
  bool wants_rollback_ = false;
};

// Goes back with the writes that were made since the switch, as an operation of its own that nobody
// begins in between; `report` is that of the update that failed, and becomes what came of both.
UpdateReport RollBackWithWrites(const UpdateSetting& setting, UpdateReport report);

}  // namespace vams::lifecycle
