// The configuration of a stack and its generations.  Once an update has moved a stack to another
// configuration, every generation keeps one of its own, and the stack's config.json is a link to
// that of the current one: so data and configuration change in the same rename, and come back in
// the same rename.  Format: docs/formats/stack-layout.md.
//
// Plain functions; whoever changes something holds the stack as for any change of it.  Block on
// disk.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "lifecycle/stack.h"

namespace vams::lifecycle {

// The configuration that an operation brings to a new generation.
struct BroughtConfig {
  std::string text;
  std::string operation;  // which brings it
};

// That of one generation, if generations keep theirs.
inline files::Path ConfigOf(const Generation& generation) {
  return generation.folder / "config.json";
}

// Whether config.json is the link to that of the current generation.
bool IsConfigKept(const Stack& stack);

// The text of config.json; "{}" if there is none.
Result<std::string> ConfigTextOf(const Stack& stack);
// What the stored file says, and nothing of this process's environment.
Result<config::Config> ConfigFrom(const Stack& stack, const std::string& text);

// From now on generations keep their configurations: those that have none get the present one.
// Nothing that anybody reads changes by that.  No error if they do already.
Status KeepConfigs(const StackRegistry& registry, const Stack& stack);

// Puts the configuration into a generation that is being built or no longer serves.
Status PutConfig(const Stack& stack, std::string_view text, const files::Path& generation);
// The same of an operation, which `origin` of the generation names.
Status BringConfig(const Stack& stack, const BroughtConfig& config, const files::Path& generation,
                   boost::json::object& origin);
// A generation that is being built and has none gets the present one, if generations keep theirs.
Status InheritConfig(const files::Path& stack_folder, const files::Path& generation);

// The operation that brought the generation's configuration with it; nothing if it has that of the
// generation before.
std::optional<std::string> ConfigBroughtBy(const Generation& generation);
// As the operation brought it, which may have been edited since; nothing if that is not known.
std::optional<std::string> TextBroughtBy(const Stack& stack, const std::string& operation);
Status RememberBrought(const Stack& stack, const BroughtConfig& config);

// What differs between two configurations, as resources of a change set: "listener/:8080",
// "setting/backup.keep".  No values.
std::vector<std::string> ConfigDifferences(const Stack& stack, const config::Config& before,
                                           const config::Config& after);

}  // namespace vams::lifecycle
