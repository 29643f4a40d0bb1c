// Commands of the configuration that are run at certain moments of an operation: config.md hooks.
// Thread-safe.  Blocks until the command has ended.
#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"

namespace vams::lifecycle {

struct HookOutcome {
  int exit_code = 0;
  std::string output;  // the end of what it printed, both streams
};

// Runs program and arguments with `operation` as JSON on its standard input, in the environment of
// this process.  An error unless it ends with 0: names the hook, how it ended and what it printed
// last.  A cancelled operation ends the command.
Result<HookOutcome> RunHook(OpContext& op, std::string_view name,
                            const std::vector<std::string>& command,
                            const boost::json::object& operation);

}  // namespace vams::lifecycle
