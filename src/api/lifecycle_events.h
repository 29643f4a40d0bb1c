// The progress of an operation as server-sent events: `operation` with the whole record whenever it
// has changed, `end` when it has ended.  For lifecycle_routes.cc.
#pragma once

#include <memory>
#include <string>

#include "base/result.h"
#include "http/message.h"
#include "lifecycle/stack.h"

namespace vams::api {

// kUnavailable when as many listen as may.
Result<http::Response> FollowOperation(const lifecycle::Stack& stack, const std::string& id);

}  // namespace vams::api
