// Finds the shared test data that is not part of this repository.  For tests and benchmarks.
// Thread-safe.  Looks at the file system.
#pragma once

#include <optional>

#include "files/files.h"

namespace vams::testing {

// The folder the environment variable VAMS_FIXTURES names (whether it exists or not, so that a
// wrong one is noticed), else `shared/fixtures` beside the current folder or beside one above it.
std::optional<files::Path> FixtureFolder();

}  // namespace vams::testing
