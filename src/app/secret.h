// Secrets that the configuration refers to.
//
// Thread-safe (no state).  Reads a file or a variable.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vams::app {

// What "env:NAME" or "file:/path" refers to, without the line break at a file's end; `field` names
// it in errors, which never hold the secret.  kInvalid if it cannot be read.
Result<std::string> ReadSecret(std::string_view field, const std::string& reference);

}  // namespace vams::app
