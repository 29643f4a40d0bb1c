// Where clients reach the server, for absolute URLs in answers.  Pure; thread-safe.
#pragma once

#include <string>

#include "api/gate.h"

namespace vams::api {

// "https://assets.plant.example", without a slash at the end: what is configured, else what this
// client typed.  Empty where neither will do.
std::string PublicUrl(const Call& call);

}  // namespace vams::api
