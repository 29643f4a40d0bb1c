// vams migrate … --config FILE: the same commands on the tables of an AWS VAMS, named by upstream's
// own configuration files.  One thread.
#pragma once

#include <string>
#include <vector>

#include "cli/cli.h"
#include "migrate/step.h"

namespace vams::cli {

// Search indexes that are filled from here.
struct OpenSearchArguments {
  std::string url, assets, files, documents, user, password_file, auth, ca_file;
  bool given() const {
    return !(url.empty() && assets.empty() && files.empty() && documents.empty() && user.empty() &&
             password_file.empty() && auth.empty() && ca_file.empty());
  }
};

struct AwsArguments {
  std::string profile, region, endpoint, work_dir;
  std::vector<std::string> tables, listings;
  bool no_lock = false, no_create_lock_table = false, skip_backup = false, again = false;
  OpenSearchArguments opensearch;
  double max_wcu = 0, max_rcu = 0;
  int remote_threads = 8;
  // Upstream's own arguments by configuration key.
  std::map<std::string, std::string, std::less<>> texts;
  bool delete_old_data = false, clear_v2 = false, clear_indexes = false;
  std::optional<std::uint64_t> limit, batch_size;

  // What the commands for stacks take as well.
  bool dry_run = false, strict = false, quarantine_ambiguous = false;
  migrate::Dialect dialect = migrate::Dialect::kCorrected;
  std::map<std::string, std::string, std::less<>> owners;
  int threads = 2;
};

// The options that only --config takes; they fill `arguments`.
void AddAwsOptions(CLI::App& command, AwsArguments& arguments);
// The arguments of upstream's scripts, as aliases of the configuration's keys.
void AddUpstreamAliases(CLI::App& command, AwsArguments& arguments);

enum class AwsOperation : std::uint8_t {
  kPlan,
  kRun,
  kVerify,
  kReverse,
  kRepair,
  kCancel,
  kReindex,
  kPolicy
};

Result<int> MigrateAws(Context& context, const AwsArguments& arguments, AwsOperation operation);

}  // namespace vams::cli
