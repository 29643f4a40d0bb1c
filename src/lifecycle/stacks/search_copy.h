// The search index of a generation that takes the place of another one of the same form: it goes on
// from the index of that one instead of an empty one, because the change logs agree up to where
// they part, and an index follows the log.
//
// Thread-safe (no state).  Blocks on disk.
#pragma once

#include "files/files.h"
#include "lifecycle/stack.h"

namespace vams::lifecycle {

// What cannot be copied is built anew by the server.  Nobody writes the index of `from` meanwhile.
void CopySearchIndex(const files::Path& from_generation, const files::Path& to_generation);

// At the first start on a generation that differs from the one before in its configuration only.
void ContinueSearchIndex(const Stack& stack);

}  // namespace vams::lifecycle
