#pragma once

#include "cli/cli.h"

namespace vams::cli {

// vams search status
void AddSearchStatusCommand(CLI::App& search, Context& context);

}  // namespace vams::cli
