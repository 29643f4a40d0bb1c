// What people read of updates, checks and history.  Pure.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "lifecycle/operation.h"
#include "lifecycle/update/preflight.h"
#include "lifecycle/update/prune.h"
#include "lifecycle/update/update.h"

namespace vams::cli {

std::string StepText(const lifecycle::OperationStep& step);
std::string PreflightText(const lifecycle::Preflight& preflight);
std::string UpdateText(const lifecycle::UpdateReport& report);
std::string PruneText(const lifecycle::PruneStackReport& report, bool dry_run);
// One operation, step by step.
std::string OperationText(const lifecycle::OperationRecord& record);
// The lines of the history and the operations that have not ended.
std::string HistoryText(const std::string& stack, const std::vector<boost::json::object>& lines,
                        const std::vector<lifecycle::OperationRecord>& operations);

}  // namespace vams::cli
