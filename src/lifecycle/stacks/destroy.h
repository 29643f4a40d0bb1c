// Removing a stack for good.  Spec: lifecycle.md section 4; guide: docs/operations/stacks.md.
//
// One owner per object.  Begin and Finish block on disk, Finish for as long as there are many
// files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "lifecycle/operation.h"
#include "lifecycle/stack.h"

namespace vams::lifecycle {

struct DestroyReport {
  std::string stack;
  std::vector<std::string> left;  // what stays on disk, a sentence each
};

// Between Begin and Finish nobody serves or changes the stack, so that a last backup is of what is
// removed.  An object that goes without Finish has changed nothing.
class StackDestroyer {
 public:
  // kConflict while the stack is served, changed, or being backed up; kNotFound without it.
  static Result<StackDestroyer> Begin(const StackRegistry& registry, std::string_view name,
                                      const Clock& clock);

  const Stack& stack() const { return stack_; }

  // Gives the stack's folder a name that nobody looks at, in one rename, then removes it.  Other
  // stacks and backups are left alone: contents that clones share are files of theirs as well.
  // `entry`: further members of the line in the home's history.jsonl.
  Result<DestroyReport> Finish(boost::json::object entry) &&;

 private:
  StackDestroyer(const StackRegistry& registry, Stack stack, const Clock& clock,
                 files::FileLock lock, OperationLock operation)
      : registry_(&registry),
        stack_(std::move(stack)),
        clock_(&clock),
        lock_(std::move(lock)),
        operation_(std::move(operation)) {}

  const StackRegistry* registry_;
  Stack stack_;
  const Clock* clock_;
  files::FileLock lock_;
  OperationLock operation_;
};

// Removes what a destruction that was cut off has left, of whichever stack; how many.
std::size_t RemoveDestroyed(const StackRegistry& registry);

}  // namespace vams::lifecycle
