// A small data set of version 2.4 with what real ones have: an asset id in two databases, rows of
// assets that are gone, an item that no longer fits under its new key.  For `vams demo update`.
//
// Plain function; blocks on disk.
#pragma once

#include "base/result.h"
#include "files/files.h"

namespace vams::cli {

// Writes one file a table, one item a line, as AWS prints items.  The folder exists.
Status WriteOldLibrary(const files::Path& folder);

}  // namespace vams::cli
