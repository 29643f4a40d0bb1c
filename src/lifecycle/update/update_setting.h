// What the operations of lifecycle/update work with: the stack's surroundings, and what only `app`
// can do for them (decision 012: lifecycle may not include app, so `cli` passes it in).
// Plain values; one operation of one thread uses them.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "config/config.h"
#include "lifecycle/diff/change_set.h"
#include "lifecycle/migrate_stack.h"
#include "lifecycle/operation.h"
#include "lifecycle/stack.h"
#include "lifecycle/update/new_config.h"
#include "net/http.h"
#include "objects/encryption_keys.h"

namespace vams::lifecycle {

// A server of a stack that lives as long as this object, for looking at the service.
class TemporaryServer {
 public:
  virtual ~TemporaryServer() = default;
  virtual const std::string& url() const = 0;    // "http://127.0.0.1:40123"
  virtual const std::string& token() const = 0;  // of an administrator
};
// Serves a stack that nobody serves, at a free port of this machine.  It takes the stack's lock.
using ServeTemporarily =
    std::function<Result<std::unique_ptr<TemporaryServer>>(const StackRegistry&, const Stack&)>;

// The configuration of a stack, read: what an operation needs of it.
struct StackConfig {
  config::Config config;
  config::CheckReport report;
  objects::EncryptionChoice encryption;
  std::string backup_folder;  // above the backups of all stacks
  std::string own_bucket;     // the name of the bucket that the stack made for itself
};

struct UpdateSetting {
  const StackRegistry& registry;
  const Clock& clock;
  Random& random;
  OpContext& op;
  net::Transport& transport;
  std::string release;  // of this program
  // The configuration that the stack has; kInvalid for one that cannot be read.
  std::function<Result<StackConfig>(const Stack&)> config_of;
  ServeTemporarily serve;
  // For a terminal; may be empty.
  std::function<void(const OperationStep&)> on_step;
  std::function<void(const OperationProgress&)> on_progress;
};

struct UpdateRequest {
  std::string stack;
  std::string by;  // who wants it; empty: the user of this process
  MigrateOptions migration;
  diff::Approval approval = diff::Approval::kDestructive;
  // Shows the change set and asks; without it nobody can be asked.
  std::function<bool(const diff::ChangeSet& changes)> ask;
  bool approved = false;  // beforehand: --yes
  std::set<std::string> accept_loss;
  bool force = false;  // goes on in spite of running work
  // That the stack is to have afterwards; nothing: the one that it has.
  std::optional<NewConfig> config;
};

}  // namespace vams::lifecycle
