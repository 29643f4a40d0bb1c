// The fragments of the folder changes/, built in by src/CMakeLists.txt.  Internal to changelog.
// Constant data.
#pragma once

#include <span>
#include <string_view>

namespace vams::lifecycle::internal {

struct OwnChange {
  std::string_view slug;  // the file's name without ".md"
  std::string_view text;
};

std::span<const OwnChange> OwnChanges();

}  // namespace vams::lifecycle::internal
