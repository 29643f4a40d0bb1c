// `vams demo update`: the lifecycle shown on a small library, by the commands an operator would
// type.
#pragma once

#include <string>

#include "cli/cli.h"

namespace vams::cli {

// Works in a folder of its own, which is removed at the end; with `keep` it is that folder, and
// stays.  Blocks for some seconds.  Its exit status is that of the first command that ended
// otherwise than it should.
Result<int> DemonstrateUpdate(const Context& context, const std::string& keep);

}  // namespace vams::cli
