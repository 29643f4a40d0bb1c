#include "app/search_built.h"

namespace vams::app {

namespace {

files::Path FileOf(const files::Path& generation) { return generation / "search.release"; }

}  // namespace

Result<std::string> SearchBuiltBy(const files::Path& generation) {
  auto text = files::ReadAll(FileOf(generation));
  if (!text.ok() && text.error().code == Code::kNotFound) return std::string();
  return text;
}

Status SetSearchBuiltBy(const files::Path& generation, std::string_view release) {
  return files::WriteAtomically(FileOf(generation), release);
}

}  // namespace vams::app
