// Rolling a stack back to a generation before, with the writes made since: lifecycle.md section 6.
// The old generation stays as it was; what is switched to is a copy of it with the writes carried
// back through the steps (migrate/carry/carry.h), or, when nothing was written, itself.
// Guide: docs/operations/rollback.md.
//
// Plain functions, one thread.  Block for about as long as copying the old generation takes (not at
// all when nothing was written); the stack takes no writes only while the last of them are carried.
// May be killed at any moment: the next operation finishes or undoes what was begun.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/operation.h"
#include "lifecycle/update/check.h"
#include "lifecycle/update/recover.h"
#include "lifecycle/update/update_setting.h"
#include "migrate/carry/carry.h"

namespace vams::lifecycle {

struct RollbackRequest {
  std::string stack;
  std::string by;                   // who wants it; empty: the user of this process
  std::optional<std::uint64_t> to;  // a generation; nothing: the one before
  // Goes back to the generation as it was.  The writes stay in the generation that served, until
  // that is pruned.
  bool discard_writes = false;
  // Digests the whole result and compares with what was recorded of the old generation, however
  // large it is; else only of small ones.
  bool verify_all = false;
  int threads = 2;
};

// One step back along the generations.
struct RollbackHop {
  std::uint64_t from = 0, to = 0;
  tables::DataVersion from_version, to_version;
  std::vector<std::string> path;  // "2.4-2.5 down"
  // That is undone; empty: the hop undoes a rollback, or an update of the configuration alone.
  std::string migration;
  migrate::CarryOutcome carried;  // `whole` says why everything was transformed instead
};

struct RollbackReport {
  std::string stack, operation;
  OperationResult result = OperationResult::kDone;
  std::string message;  // one sentence; of a failure its reason first
  tables::DataVersion from, to;
  std::uint64_t from_generation = 0;
  std::uint64_t target_generation = 0;  // that it went back to
  std::uint64_t generation = 0;  // that serves now: the same one, or the copy with the writes
  bool discard_writes = false;
  // Changes in the log since the switch, and of them those of system tables (sessions, object
  // records).  With discard_writes they are left behind.
  std::uint64_t changes = 0, system_changes = 0;
  std::vector<RollbackHop> hops;
  // Of the configuration, if another one comes back: {"of": the generation it was kept with,
  // "changed": [what is as it was again], "edited": [what was changed by hand since the update that
  // is undone], "keptIn": the file with the one that served}.
  boost::json::object configuration;
  std::string url;                // at which the server of the stack answers since
  std::string proof;              // what was compared
  std::int64_t pause_millis = 0;  // for which a served stack took no writes
  bool served = false;            // this release serves the data version that it is now at
  std::vector<Check> service;
  std::vector<OperationStep> steps;
  std::vector<Recovered> recovered;  // operations that were finished or undone first
  std::string report;                // the page
};

// An error for what kept it from beginning; what happened to an operation that began is in the
// report.
Result<RollbackReport> RollBackStack(const UpdateSetting& setting, const RollbackRequest& request);

// Of a rollback whose process died; see recover.h.
Result<OperationLock> RecoverRollback(const UpdateSetting& setting, Operation operation,
                                      Recovered& recovered);

boost::json::object ToJson(const RollbackReport& report);
// For a terminal.
std::string RollbackText(const RollbackReport& report);
// The sections of report.html behind the steps.
std::string RollbackPage(const RollbackReport& report);

}  // namespace vams::lifecycle
