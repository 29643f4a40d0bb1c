// One rollback of one stack from its journal's point of view: what comes before the switch, the
// switch, what follows it, and the way back.  Internal to lifecycle/rollback.
//
// One thread.  Blocks as rollback.h says.
#pragma once

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/rollback/rollback.h"
#include "lifecycle/rollback/way_back.h"
#include "lifecycle/served_stack.h"

namespace vams::lifecycle {

class Roller {
 public:
  Roller(const UpdateSetting& setting, const RollbackRequest& request, Operation operation,
         Stack stack, RollbackReport report);

  // All of it, to the operation's end.
  RollbackReport Run();
  // Of what a process that died has left: the switch was made, or going back was begun.
  RollbackReport GoOnBehindSwitch(const Generation& before);
  RollbackReport GoOnGoingBack(const Generation& before, const std::string& why);

  OperationLock ReleaseLock() && { return std::move(operation_).ReleaseLock(); }

 private:
  struct Failure {
    OperationResult result = OperationResult::kFailed;
    Error error;
  };

  Status BeforeSwitch();
  Status PlanStep();
  Status HoldStep();
  Status CopyStep();
  Status FreezeStep();
  Status CarryStep();
  Status CarryHop(const WayHop& hop, const files::Path& source, items::Position end,
                  RollbackHop& told, const files::Path& result);
  // Everything of the source through the hop's path.
  Status TransformAll(const WayHop& hop, const files::Path& source, const files::Path& result);
  Status DropSentMail(const files::Path& result);
  Status ProveStep();
  // Which configuration comes back, and what differs.
  Status LookAtConfiguration();
  // Before the switch: what is switched to has the configuration that the stack is to have.
  Status BringConfiguration(boost::json::object& origin);
  Status SwitchStep();
  Status BehindSwitch();
  Status StartStep();
  Status ServiceStep();
  Status CommitStep();
  Status MarkReverted();
  migrate::Dialect DialectOf() const;
  Status GoBack();

  // Whether something has to be written to what is switched to.
  Result<bool> NeedsCopy();
  Result<bool> MailWaits();
  Status TakeHold(boost::json::object& evidence);
  void LetGo();
  Status Fail(OperationResult result, Status status);
  RollbackReport Finish();
  void End(OperationResult result, std::string message);
  std::string Done() const;

  const UpdateSetting& setting_;
  const RollbackRequest& request_;
  Operation operation_;
  Stack stack_;  // as it was when this began
  RollbackReport report_;
  std::vector<WayHop> way_;  // empty with discard_writes
  Generation target_;        // at its end, or as asked for
  items::Position end_ = 0;  // of the log of the generation that served
  // The copy of the target that takes the writes; none when the target itself is switched to.
  std::optional<GenerationBuilder> builder_;
  files::Path copy_;             // its items; empty without one
  bool config_returns_ = false;  // that of the target; else the present one stays
  std::optional<Failure> failure_;
  std::optional<ServedStack> server_;
  std::optional<files::FileLock> lock_;
  std::unique_ptr<TemporaryServer> temporary_;
  std::chrono::steady_clock::time_point frozen_at_;
  bool frozen_ = false;
  bool switched_ = false;
};

}  // namespace vams::lifecycle
