// Looks whether a stack is what it should be: the data of the generation that serves, and the
// service through its API.  lifecycle.md sections 3 and 5.9.  Changes nothing but what the looks at
// the service make and remove (service_checks.h); may run while the stack is served.
//
// One thread.  Blocks for as long as there is much to read.
#pragma once

#include <string>
#include <vector>

#include "lifecycle/update/check.h"
#include "lifecycle/update/recover.h"
#include "lifecycle/update/update_setting.h"

namespace vams::lifecycle {

struct VerifyStackOptions {
  std::string stack;
  std::string by;
  bool read_objects = false;  // every byte, against its digest
  int threads = 2;
};

struct VerifyStackReport {
  std::string stack, operation;
  std::uint64_t generation = 0;
  tables::DataVersion data_version;
  OperationResult result = OperationResult::kDone;  // or kDifferent, or kInterrupted
  std::string message;
  std::vector<Check> data, service;
  std::vector<Recovered> recovered;
  std::string report;  // the page
};

Result<VerifyStackReport> VerifyStack(const UpdateSetting& setting,
                                      const VerifyStackOptions& options,
                                      const std::function<void(const Check&)>& done);

boost::json::object ToJson(const VerifyStackReport& report);

}  // namespace vams::lifecycle
