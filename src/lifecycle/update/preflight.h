// What has to be so before a stack is updated: every check of lifecycle.md section 5.2, named, with
// its evidence and what would make it pass.  Changes nothing; may run while the stack is served.
//
// Plain functions, one thread.  Block for as long as there is much to read.
#pragma once

#include <optional>
#include <vector>

#include "lifecycle/changelog/changelog.h"
#include "lifecycle/diff/change_set.h"
#include "lifecycle/update/check.h"
#include "lifecycle/update/update_setting.h"

namespace vams::lifecycle {

struct Preflight {
  std::string stack;
  tables::DataVersion from, to;
  std::vector<Check> checks;
  // Nothing where a check before it made them impossible.
  std::optional<MigrationEstimate> estimate;
  std::optional<diff::ChangeSet> changes;
  std::vector<AppliedNote> notes;  // breaking changes, required steps, known issues that apply
  bool served = false;
  std::optional<std::int64_t> process;  // that serves it
  std::string config_file;              // the configuration that it gets; empty: it keeps its own

  // Data and configuration are as they should be already.
  bool nothing_to_do() const {
    return estimate && estimate->report.nothing_to_do && config_file.empty();
  }
  bool passed() const { return WorstOf(checks) != CheckResult::kRefused; }
};

// An error only for what keeps all checks from running: no such stack, cancelled.
Result<Preflight> RunPreflight(const UpdateSetting& setting, const UpdateRequest& request,
                               const std::function<void(const Check&)>& done);

boost::json::object ToJson(const Preflight& preflight);

// ---- Single checks, for tests and for other operations -----------------------------------------

// Work that an update would cut off: executions of workflows that have not ended, uploads that are
// still open at `now_millis`.  `elsewhere`: the data comes from another deployment, where that work
// belongs, so it is a warning.
Result<Check> CheckRunningWork(OpContext& op, items::ItemSource& store, std::int64_t now_millis,
                               bool elsewhere, bool force);

struct Space {
  std::string what;  // "migration", "backup"
  std::string path;  // on the file system that is meant
  std::uint64_t needed = 0;
};
// Adds up what is needed on the same file system.  `free_of` gives a file system's id and what is
// free on it.
struct FreeSpace {
  std::uint64_t file_system = 0;
  std::uint64_t bytes = 0;
};
Check CheckSpace(const std::vector<Space>& spaces,
                 const std::function<FreeSpace(const std::string& path)>& free_of);
// Of this machine; the nearest folder above a path that is not there yet.
FreeSpace FreeSpaceAt(const std::string& path);

}  // namespace vams::lifecycle
