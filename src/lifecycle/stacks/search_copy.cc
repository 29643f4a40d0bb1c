#include "lifecycle/stacks/search_copy.h"

#include <fmt/format.h>

#include <boost/json.hpp>

#include "base/json.h"
#include "migrate/journal.h"

namespace vams::lifecycle {

namespace fs = std::filesystem;

void CopySearchIndex(const files::Path& from_generation, const files::Path& to_generation) {
  std::error_code ec;
  // Under another name until it is whole.
  const files::Path fresh = to_generation / ".search";
  (void)files::RemoveTree(fresh);
  fs::copy(from_generation / "search", fresh, fs::copy_options::recursive, ec);
  if (!ec && files::RenameDurably(fresh, to_generation / "search").ok()) {
    fs::copy_file(from_generation / "search.release", to_generation / "search.release", ec);
    return;
  }
  (void)files::RemoveTree(fresh);
}

void ContinueSearchIndex(const Stack& stack) {
  std::error_code ec;
  const auto& origin = stack.current.origin;
  if (TextOf(origin, "kind") != "configuration") return;
  if (fs::exists(stack.current.folder / "search", ec)) return;
  const files::Path before =
      stack.folder / "generations" / fmt::format("{:04}", NumberOf(origin, "generation"));
  if (fs::exists(before / "search", ec)) CopySearchIndex(before, stack.current.folder);
}

}  // namespace vams::lifecycle
