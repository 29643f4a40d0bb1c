// A server of a stack for the time of a look at its service: this program again, as a child that
// listens at a free port of this machine and ends with its parent.
//
// One thread.  Serving blocks until requests are answered; the destructor until the child has
// ended.
#pragma once

#include <memory>
#include <string>

#include "lifecycle/update/update_setting.h"

namespace vams::cli {

// Takes the stack's lock while it lives: the caller has let go of it.  kUnavailable with what the
// server said when it does not come up.  `password`: lines that tell the password of an
// administrator who was made with this first start, which is known nowhere else, and its warnings.
Result<std::unique_ptr<lifecycle::TemporaryServer>> ServeTemporarily(
    const lifecycle::StackRegistry& registry, const lifecycle::Stack& stack, std::string& password);

// The same; with `show`, the line goes to standard error.
Result<std::unique_ptr<lifecycle::TemporaryServer>> ServeTemporarily(
    const lifecycle::StackRegistry& registry, const lifecycle::Stack& stack, bool show);

}  // namespace vams::cli
