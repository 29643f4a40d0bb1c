// What a process that died has left of an operation: the next command that wants to operate on the
// stack finishes or undoes it first.  lifecycle.md section 5.1; docs/decisions/012.
//
// One thread.  Blocks for as long as finishing takes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/operation.h"
#include "lifecycle/update/update_setting.h"

namespace vams::lifecycle {

struct Recovered {
  std::string id, kind;
  OperationResult result = OperationResult::kUndone;
  std::string message;
};

// Finishes or undoes the operation, and ends it.  One for each kind, in recover.cc.  It gives the
// lock back.
using Recovery = Result<OperationLock> (*)(const UpdateSetting& setting, Operation operation,
                                           Recovered& recovered);

// The right to operate on the stack, with nothing left over.  kConflict while another operation is
// under way.  What was finished or undone is added to `recovered`, for whoever is told.
Result<OperationLock> TakeOperation(const UpdateSetting& setting, const Stack& stack,
                                    std::string_view doing, std::vector<Recovered>& recovered);

// A generation of this kind that the operation has built and never switched to goes.
Status RemoveUnused(const StackRegistry& registry, const Stack& stack, std::string_view kind,
                    const std::string& operation);

// "operation 0003 (update) was interrupted: MESSAGE\n", a line each.
std::string RecoveredText(const std::vector<Recovered>& recovered);

}  // namespace vams::lifecycle
