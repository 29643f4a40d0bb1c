// What administrators are told of the stack and the process that serves it (GET /admin/lifecycle).
// Thread-safe (no shared state).  Blocks on disk.
#pragma once

#include <boost/json/object.hpp>

#include "base/result.h"
#include "lifecycle/served_stack.h"
#include "lifecycle/stack.h"

namespace vams::app {

// What ServedState says, and {"stack", "servesDataVersion", "generations": [{"number",
// "dataVersion", "createdAt", "origin", "serving"}], "paths": [{"from", "to", "steps"}]}.
boost::json::object StateJson(const lifecycle::Stack& stack, const lifecycle::ServedState& state);

// {"role": null} without a deployment.
Result<boost::json::object> AbJson(const lifecycle::Stack& stack);

}  // namespace vams::app
