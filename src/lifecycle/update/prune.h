// Removing generations that no longer serve: `vams prune`, lifecycle.md section 5.
//
// One thread.  Blocks on disk.  May run while the stack is served.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lifecycle/stack.h"
#include "lifecycle/update/recover.h"
#include "lifecycle/update/update_setting.h"

namespace vams::lifecycle {

struct GenerationRules {
  std::uint64_t keep = 2;  // of those that do not serve, the newest
  std::uint64_t days = 7;  // and all that served within so many days
};

// Which generations go, of all there are in ascending order: never the one that serves, nor one
// that the rules keep.  A generation served until the next one was made.  Pure.
std::vector<bool> PrunedBy(const GenerationRules& rules, const std::vector<Generation>& generations,
                           std::uint64_t current, std::int64_t now_millis);

struct PruneStackReport {
  std::string stack, operation;
  std::vector<std::uint64_t> kept, removed;
  std::uint64_t freed_bytes = 0;  // of item data; "vams objects gc" frees the objects' bytes
  std::vector<Recovered> recovered;
};

Result<PruneStackReport> PruneStack(const UpdateSetting& setting, const std::string& stack,
                                    const GenerationRules& rules, bool dry_run,
                                    const std::string& by);

}  // namespace vams::lifecycle
