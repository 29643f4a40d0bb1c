// The configuration of a clone: that of the original, with everything switched off that would act
// upon the world a second time.  For clones and rehearsals.
// Guide: docs/operations/stacks.md, "Clones".
//
// Pure but for what config::Load looks at (files that the configuration names); thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vams::lifecycle {

// One setting that differs from the original's.
struct SwitchedOff {
  std::string path;  // "notifications.smtp.host"
  std::string was;   // as text; no secret
  std::string now;
  std::string why;  // "it sends no mail"
};

struct QuietConfig {
  std::string text;  // of config.json
  std::vector<SwitchedOff> switched_off;
};

// `text`: the original's configuration file, if it has one; `path`: where it lies, for messages.
// Switched off: mail, external folders, the backup schedule, hooks, a search server that is shared;
// it listens at a free port of this machine, and carries the name of the clone.  kInvalid for a
// configuration that cannot be read.
Result<QuietConfig> QuietConfigOf(const std::optional<std::string>& text, const std::string& path,
                                  std::string_view name);

boost::json::object ToJson(const SwitchedOff& setting);

}  // namespace vams::lifecycle
