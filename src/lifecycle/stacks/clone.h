// A second stack from one that may be served meanwhile: its current generation as it is at one
// moment, and the contents of its objects without copying them.  For `vams stack clone`, and for
// rehearsals on a copy that is thrown away.
// Spec: lifecycle.md section 4; format and rules: docs/formats/blobs.md, "Clones".
//
// Plain functions, one thread each.  Block for about as long as the items take to be copied: pages
// are shared where the file system can (reflink), contents that are files of their own and sealed
// packs get a second name (hard link).
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "lifecycle/stack.h"
#include "lifecycle/stacks/quiet_config.h"

namespace vams::lifecycle {

// What of a stack's blob folder came into the clone's, and how.
struct ClonedContents {
  std::uint64_t linked_files = 0, linked_bytes = 0;
  // Packs that are still written; never more than a few times 64 MiB.
  std::uint64_t copied_files = 0, copied_bytes = 0;
};

struct CloneRequest {
  // The clone's name.
  std::string name;
  // Its configuration; nothing: that of the stack, with what must not happen twice switched off
  // (quiet_config.h).  A configuration that is given is taken as it is.
  std::optional<std::string> config;
  // Whether who is signed in, which mails wait, and the keys that sign tokens and links come along.
  // A clone that serves beside its original has none of them; a rehearsal has them, because its
  // item data must be that of the stack.
  bool keep_transient = false;
};

struct CloneReport {
  Stack stack;                   // the clone
  std::uint64_t generation = 0;  // of the original
  items::Position position = 0;  // the last change that the clone has
  std::uint64_t item_bytes = 0;
  bool reflinked = false;  // the item data shares its pages with the original
  ClonedContents contents;
  std::vector<SwitchedOff> switched_off;
  std::int64_t millis = 0;
};

// Called now and then with what is going on and how far it is.
using OnCloneProgress = std::function<void(std::string_view phase, std::uint64_t done)>;

// The clone becomes a stack of `target`: the registry of the same home, or of a folder of the
// caller's own (StackRegistry on a TempFolder, say), where nobody else sees it and which is thrown
// away as a whole.  The folder must be on the file system of the original's blobs: kNotSupported
// otherwise.  Nothing of the original is written.  No lock of it is taken but `blobs/writers`,
// shared, which keeps collections away: one that is under way is waited for.  kConflict if there is
// such a stack; after an error nothing is left of the clone.
Result<CloneReport> CloneStack(const Stack& original, const StackRegistry& target,
                               const CloneRequest& request, const Clock& clock, OpContext& op,
                               const OnCloneProgress& progress);

// ---- The two halves, for who builds a folder of another layout ---------------------------------

// Whether the copy shares its pages with the original.  As items::CloneSqliteStore otherwise.
Result<bool> CloneItems(OpContext& op, const files::Path& from, const files::Path& to);

// Everything that lies in the blob folder `from`, into the folder `to`, which must not exist or be
// empty.  The caller holds `from`/writers shared from before the items were cloned until this
// returns.  kNotSupported if they are on different file systems.  Durable on return.
Result<ClonedContents> CloneContents(OpContext& op, const files::Path& from, const files::Path& to,
                                     const OnCloneProgress& progress);

}  // namespace vams::lifecycle
