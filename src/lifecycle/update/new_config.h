// Another configuration for a stack, as `vams update --config` brings it: read and checked, and
// what has to be so before the stack may have it.  Spec: lifecycle.md sections 3 and 5; guide:
// docs/operations/update.md, "Another configuration".
//
// Plain functions, one thread.  Block on disk, and on the network for a search server.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "config/config.h"
#include "lifecycle/diff/change_set.h"
#include "lifecycle/stack.h"
#include "lifecycle/update/check.h"
#include "net/http.h"

namespace vams::lifecycle {

struct NewConfig {
  std::string file;                // as it was named, for people
  std::string text;                // as the stack keeps it: paths are absolute
  std::vector<std::string> paths;  // that were relative: "server.tls.key is /etc/vams/tls.key"
  config::Config config;           // what it comes to in the environment of this process
  config::CheckReport report;
  std::string backup_folder;  // above the backups of all stacks; whoever reads it knows
};

// kInvalid with every error, a line each.
Result<NewConfig> ReadNewConfig(const config::Sources& sources);

// Whether the stack has it already, but for how it is written.
bool IsConfigOf(const NewConfig& config, const Stack& stack);

struct ConfigMove {
  const Stack& stack;
  const config::Config& before;
  const std::string& backup_folder_before;
  const NewConfig& after;
  const diff::ChangeSet& changes;
  std::optional<std::int64_t> process;  // that serves the stack
};

// Every check of the new configuration, each with its evidence: that the stack may have it in
// place, its addresses, its search server, its backup repository, and what the server that runs
// would make of it.
std::vector<Check> CheckNewConfig(OpContext& op, net::Transport& transport, const ConfigMove& move);

// {"file", "changed": ["listener/:8080", …]}: for journals and history.  No values.
boost::json::object ToJson(const NewConfig& config, const diff::ChangeSet& changes);

}  // namespace vams::lifecycle
