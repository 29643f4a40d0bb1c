// The parts of `vams metadata` that have files of their own.  One thread.
#pragma once

#include "cli/cli.h"

namespace vams::cli {

void AddMetadataImportCommand(CLI::App& metadata, Context& context);
void AddMetadataExportCommand(CLI::App& metadata, Context& context);

}  // namespace vams::cli
