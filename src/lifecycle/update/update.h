// Updating a stack in place, step by step: lifecycle.md section 5.  Builds a new generation beside
// the one that serves, proves it, switches, looks at the service through its API, and goes back by
// itself when anything of that fails.  Guide: docs/operations/update.md.
//
// Plain functions, one thread.  Block for as long as the data is large.  May be killed at any
// moment: the next operation finishes or undoes what was begun (recover.h).
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "lifecycle/update/check.h"
#include "lifecycle/update/preflight.h"
#include "lifecycle/update/recover.h"
#include "lifecycle/update/update_setting.h"

namespace vams::lifecycle {

struct UpdateReport {
  std::string stack, operation;  // no operation: there was nothing to do
  std::string kind = "update";   // or "rehearse"
  OperationResult result = OperationResult::kDone;
  bool nothing_to_do = false;
  // What happened, one sentence; of a failure its reason first, and at its end the next command.
  std::string message;
  tables::DataVersion from, to;
  std::uint64_t from_generation = 0;
  std::uint64_t generation = 0;  // that serves now
  std::string backup;            // made and verified by this update; empty: none was made
  // {"file", "changed": ["listener/:8080", …]} of the configuration that the stack gets; empty: it
  // keeps its own.
  boost::json::object configuration;
  std::string url;  // at which the server of the stack answers since
  std::optional<Preflight> preflight;
  std::optional<MigrationReport> migration;
  std::vector<Check> service;
  std::vector<OperationStep> steps;
  // What the last rehearsal of the same work had predicted: {"rehearsal", "steps": [{"name",
  // "predictedMillis", "millis"}], "predictedBytes", "bytes"}.  Empty: there was none.
  boost::json::object comparison;
  std::vector<Recovered> recovered;  // operations that were finished or undone first
  std::string report;                // the page; empty without an operation
};

// An error for what kept it from beginning (no such stack, another operation is under way); what
// happened to an operation that began is in the report.
Result<UpdateReport> UpdateStack(const UpdateSetting& setting, const UpdateRequest& request);

// The whole update, proof and looks at the service included, on a copy that is thrown away; nothing
// of the stack is touched, which may be served meanwhile.  What it took is written down as the
// prediction for the update: the fact "prediction" of its operation.
Result<UpdateReport> RehearseUpdate(const UpdateSetting& setting, const UpdateRequest& request);

boost::json::object ToJson(const UpdateReport& report);

}  // namespace vams::lifecycle
