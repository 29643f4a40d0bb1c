// The logging front: spdlog behind three functions, so that heavy headers stay out of ours.
// Lines go to standard error; never put secrets in them.  Thread-safe.
#pragma once

#include <fmt/format.h>

#include <string_view>

namespace vams {

void LogInfo(std::string_view line);
void LogWarning(std::string_view line);
void LogError(std::string_view line);

}  // namespace vams
