// The way from the generation that serves to one before it, from what their origins say.  Internal
// to lifecycle/rollback.  Plain functions; block on disk.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/migration_record.h"
#include "lifecycle/rollback/rollback.h"
#include "migrate/digest.h"

namespace vams::lifecycle {

// One generation back.
struct WayHop {
  Generation child, parent;
  items::Position since = 0;  // in the child's log: what comes behind was written to it
  // In the child's log: up to here only the update's own checks of its service wrote, with nobody
  // else there; 0: not known.
  items::Position checked = 0;
  std::optional<items::Position> parent_end;  // of the parent's log when the child was made
  std::vector<migrate::Leg> path;             // from the child's version to the parent's
  migrate::Settings settings;
  // That made the child; empty: a rollback did, or an update of the configuration alone.
  std::string migration;
  // Of the parent's tables, as they were recorded when the child was made; empty: they were not.
  std::map<std::string, migrate::Digest> digests;
};

// From the current generation to `to` (nothing: one back), nearest first.  kConflict when there is
// none to go back to, `to` is not among them, or the changes cannot be taken from one to the other:
// the message says which generations can be named, and with what option.
Result<std::vector<WayHop>> WayBack(const StackRegistry& registry, const Stack& stack,
                                    std::optional<std::uint64_t> to);

// The generation that the current one came from, or `to`, whatever was between.
Result<Generation> PlainTarget(const StackRegistry& registry, const Stack& stack,
                               std::optional<std::uint64_t> to);

// Whether an operation has brought another configuration since `target` served, which comes back
// with it then.  A generation that the current one did not come from counts as one of another
// configuration.
bool ConfigDiffers(const StackRegistry& registry, const Stack& stack, const Generation& target);

// The last position in a generation's change log.
Result<items::Position> EndOf(OpContext& op, const Generation& generation);

}  // namespace vams::lifecycle
