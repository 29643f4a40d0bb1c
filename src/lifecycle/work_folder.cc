#include "lifecycle/work_folder.h"

#include <fmt/format.h>

#include <filesystem>
#include <vector>

namespace vams::lifecycle {

void RemoveWorkFolders(const files::Path& folder, std::string_view prefix) {
  const std::string beginning = fmt::format("{}.", prefix);
  std::error_code ec;
  std::vector<files::Path> left;
  for (const auto& entry : std::filesystem::directory_iterator(folder, ec))
    if (entry.path().filename().string().starts_with(beginning)) left.push_back(entry.path());
  for (const auto& path : left) (void)files::RemoveTree(path);
}

}  // namespace vams::lifecycle
