#include "app/secret.h"

#include <fmt/format.h>

#include <cstdlib>

#include "files/files.h"

namespace vams::app {

namespace {

constexpr std::size_t kMostBytes = 4096;

}  // namespace

Result<std::string> ReadSecret(std::string_view field, const std::string& reference) {
  if (reference.starts_with("env:")) {
    const char* const value = std::getenv(reference.c_str() + 4);
    if (value == nullptr || *value == '\0')
      return Error(Code::kInvalid,
                   fmt::format("{} names the variable {}, which is not set; set it where the "
                               "server is started",
                               field, reference.substr(4)));
    return std::string(value);
  }
  std::string path = reference;
  if (path.starts_with("file:")) path.erase(0, 5);
  auto text = files::ReadAll(path, kMostBytes);
  if (!text.ok()) return Error(Code::kInvalid, fmt::format("{}: {}", field, text.error().message));
  while (!text->empty() && (text->back() == '\n' || text->back() == '\r')) text->pop_back();
  return *std::move(text);
}

}  // namespace vams::app
