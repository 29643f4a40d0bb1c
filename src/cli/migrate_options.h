// The options of a migration, shared by `vams migrate` and the commands of an update.
// One thread.  Reads the file of owners.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

#include "base/result.h"
#include "lifecycle/migrate_stack.h"

namespace vams::cli {

struct MigrateArguments {
  std::string to, dialect = "corrected", owners, ambiguous, asset_bucket;
  bool strict = false;
  int threads = 2;
  std::uint64_t chunk_rows = migrate::kChunkRows;
};

// --owners, --ambiguous.
void AddAmbiguityOptions(CLI::App& command, MigrateArguments& arguments);
// --asset-bucket.
void AddAssetBucketOption(CLI::App& command, MigrateArguments& arguments);
// --threads.
void AddThreadsOption(CLI::App& command, MigrateArguments& arguments);
// --to, --owners, --ambiguous, --threads.
void AddDecidingOptions(CLI::App& command, MigrateArguments& arguments);
// --dialect, --asset-bucket: of going up.
void AddDialectOptions(CLI::App& command, MigrateArguments& arguments);
// --strict, --chunk-rows: of what changes a stack.
void AddChangingOptions(CLI::App& command, MigrateArguments& arguments);

// kInvalid names the option and what it may be.
Result<lifecycle::MigrateOptions> MigrateOptionsOf(const MigrateArguments& arguments);

}  // namespace vams::cli
