// The groups of commands whose parts lie in several files.
#pragma once

#include "cli/cli.h"

namespace vams::cli {

void AddUploadCommand(CLI::App& file, Context& context);
void AddFileDownloadCommand(CLI::App& file, Context& context);
void AddAssetsDownloadCommand(CLI::App& assets, Context& context);
void AddAssetsExportCommand(CLI::App& assets, Context& context);

}  // namespace vams::cli
