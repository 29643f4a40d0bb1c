#include "lifecycle/stacks/kept_config.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "base/fault_point.h"
#include "lifecycle/diff/change_set.h"

namespace vams::lifecycle {

namespace json = boost::json;

namespace {

constexpr std::string_view kLink = "current/config.json";
constexpr std::string_view kOrigin = "configuration";  // member of a generation's origin

bool IsLink(const files::Path& stack_folder) {
  std::error_code ec;
  return std::filesystem::read_symlink(stack_folder / "config.json", ec) == kLink && !ec;
}

// What its operator has hidden from others stays hidden.
unsigned ModeOf(const files::Path& stack_folder) {
  struct stat info {};
  return ::stat((stack_folder / "config.json").c_str(), &info) == 0
             ? static_cast<unsigned>(info.st_mode & 0777)
             : 0644U;
}

files::Path BroughtFile(const Stack& stack, const std::string& operation) {
  return stack.folder / "operations" / operation / "config.json";
}

}  // namespace

bool IsConfigKept(const Stack& stack) { return IsLink(stack.folder); }

Result<std::string> ConfigTextOf(const Stack& stack) {
  auto text = files::ReadAll(stack.config());
  if (!text.ok() && text.error().code == Code::kNotFound) return std::string("{}\n");
  return text;
}

Result<config::Config> ConfigFrom(const Stack& stack, const std::string& text) {
  return config::Load(
      {.file_text = text, .file_path = stack.config().string(), .environment = {}, .sets = {}});
}

Status KeepConfigs(const StackRegistry& registry, const Stack& stack) {
  if (IsConfigKept(stack)) return Ok();
  TRY(const auto text, ConfigTextOf(stack));
  TRY(const auto generations, registry.Generations(stack));
  std::error_code ec;
  for (const auto& generation : generations)
    if (generation.number == stack.current.number ||
        !std::filesystem::exists(ConfigOf(generation), ec))
      TRY_OK(PutConfig(stack, text, generation.folder));
  VAMS_POINT("update.config.copied");
  const files::Path fresh = stack.folder / ".config.json";
  ::unlink(fresh.c_str());
  if (::symlink(std::string(kLink).c_str(), fresh.c_str()) != 0)
    return files::ErrnoError("create", fresh, errno);
  TRY_OK(files::RenameDurably(fresh, stack.config()));
  VAMS_POINT("update.config.linked");
  return Ok();
}

Status PutConfig(const Stack& stack, std::string_view text, const files::Path& generation) {
  return files::WriteAtomically(generation / "config.json", text, ModeOf(stack.folder));
}

Status BringConfig(const Stack& stack, const BroughtConfig& config, const files::Path& generation,
                   json::object& origin) {
  origin[kOrigin] = json::object{{"operation", config.operation}};
  return PutConfig(stack, config.text, generation);
}

Status InheritConfig(const files::Path& stack_folder, const files::Path& generation) {
  std::error_code ec;
  if (!IsLink(stack_folder) || std::filesystem::exists(generation / "config.json", ec)) return Ok();
  const auto text = files::ReadAll(stack_folder / "config.json");
  if (!text.ok() && text.error().code == Code::kNotFound) return Ok();
  TRY_OK(text);
  return files::WriteAtomically(generation / "config.json", *text, ModeOf(stack_folder));
}

std::optional<std::string> ConfigBroughtBy(const Generation& generation) {
  const auto* brought = generation.origin.if_contains(kOrigin);
  if (brought == nullptr || !brought->is_object()) return std::nullopt;
  const auto* operation = brought->as_object().if_contains("operation");
  return operation != nullptr && operation->is_string() ? std::string(operation->as_string())
                                                        : std::string();
}

std::optional<std::string> TextBroughtBy(const Stack& stack, const std::string& operation) {
  if (operation.empty()) return std::nullopt;
  auto text = files::ReadAll(BroughtFile(stack, operation));
  return text.ok() ? std::optional(*std::move(text)) : std::nullopt;
}

Status RememberBrought(const Stack& stack, const BroughtConfig& config) {
  return files::WriteAtomically(BroughtFile(stack, config.operation), config.text,
                                ModeOf(stack.folder));
}

std::vector<std::string> ConfigDifferences(const Stack& stack, const config::Config& before,
                                           const config::Config& after) {
  std::vector<std::string> names;
  const auto version = stack.current.data_version;
  const auto set =
      diff::Compare({before, version, stack.name}, {after, version, stack.name}, diff::Usage());
  if (!set.ok()) return names;
  for (const auto& change : set->changes) names.push_back(change.resource());
  return names;
}

}  // namespace vams::lifecycle
