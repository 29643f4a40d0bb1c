// What `vams stack list` and `show` say of a stack beside what it is: how much it holds, who has
// it, when it was backed up last.  Thread-safe; blocks on disk, SizeOf for as long as there are
// many files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "base/result.h"
#include "lifecycle/stack.h"

namespace vams::lifecycle {

struct StackSize {
  std::uint64_t items = 0;     // of all generations
  std::uint64_t contents = 0;  // of objects
  std::uint64_t shared = 0;    // of those, with clones or whatever they were cloned from
  std::uint64_t other = 0;     // journals, logs, search index
  std::uint64_t total() const { return items + contents + other; }
};
// Files that go away meanwhile count as nothing.
StackSize SizeOf(const Stack& stack);

// Who serves or changes the stack now, in the words of its lock: "\"vams serve\" (process 17, since
// …)".  Looks without taking the lock, so that nobody who wants it is in the way.
std::optional<std::string> HolderOf(const Stack& stack);

struct LastBackup {
  std::string id, at;  // ISO 8601
};
// The newest in the folder above the backups of all stacks; nothing without one.  kNotSupported for
// a place that cannot be read.
Result<std::optional<LastBackup>> LastBackupOf(const std::string& folder, std::string_view stack);

}  // namespace vams::lifecycle
