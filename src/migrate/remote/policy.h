// The least that an IAM identity must be allowed for one migration with one configuration.
// Spec: lifecycle.md section 4 ("vams migrate policy").  Pure.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "migrate/remote/upstream_config.h"
#include "migrate/step.h"

namespace vams::migrate::remote {

struct PolicyOptions {
  std::string partition = "aws";  // "aws-us-gov", "aws-cn"
  std::string account = "*";      // a number of 12 digits
  std::string region;             // empty: the configuration's, else "*"
  std::string lock_table;         // physical; empty: no lock
  bool create_lock_table = true;
  bool backup = true;
  bool reverse = true;  // also what going back needs
  Dialect dialect = Dialect::kCorrected;
};

// The policy document as JSON text, two-space indented.
Result<std::string> PolicyFor(const UpstreamConfig& config, const PolicyOptions& options);

}  // namespace vams::migrate::remote
