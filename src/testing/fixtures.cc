#include "testing/fixtures.h"

#include <cstdlib>

namespace vams::testing {

std::optional<files::Path> FixtureFolder() {
  if (const char* given = std::getenv("VAMS_FIXTURES"); given != nullptr && *given != '\0')
    return files::Path(given);
  std::error_code ec;
  for (files::Path folder = std::filesystem::current_path(ec); !folder.empty();
       folder = folder.parent_path()) {
    if (const auto fixtures = folder / "shared" / "fixtures"; std::filesystem::exists(fixtures, ec))
      return fixtures;
    if (folder == folder.root_path()) break;
  }
  return std::nullopt;
}

}  // namespace vams::testing
