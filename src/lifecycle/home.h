// The folder that holds all stacks of a machine: docs/formats/stack-layout.md, lifecycle.md
// section 4.
#pragma once

#include <map>
#include <string>

#include "base/result.h"
#include "files/files.h"

namespace vams::lifecycle {

// `option` (from --home) wins over VAMS_HOME, that over the default of the user.  kInvalid if there
// is no way to tell, or the path is not absolute after all.  Pure but for the current folder.
Result<files::Path> ResolveHome(const std::string& option,
                                const std::map<std::string, std::string>& environment,
                                bool is_root);

}  // namespace vams::lifecycle
