// Which release built the search index of a generation of a stack, so that a server can tell that
// its own documents would be other ones (app.openSearch.reindexOnCdkDeploy).
//
// Thread-safe (no state).  Blocks on disk.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "files/files.h"

namespace vams::app {

// Of the generation with this folder; empty: nothing was built for it yet.
Result<std::string> SearchBuiltBy(const files::Path& generation);
Status SetSearchBuiltBy(const files::Path& generation, std::string_view release);

}  // namespace vams::app
