// The lifecycle of the stack for administrators: what is served and which way leads to the data
// version of the release, operations with their journals and reports, backups, and starting an
// operation.  Own endpoints, behind the web application's page Updates.
// Spec: lifecycle.md sections 4 and 5; docs/operations/serving.md.
//
// They work whatever mode the server is in (lifecycle::ServingMode), so they use nothing of the
// data: the stack's folder, and what `app` tells.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "api/gate.h"
#include "base/op_context.h"
#include "base/result.h"
#include "lifecycle/stack.h"

namespace vams::api {

// A command of `vams` that the server started for an administrator.
struct LifecycleRun {
  std::string id;
  std::string command;                 // "update"
  std::vector<std::string> arguments;  // behind the command
  std::string user;
  std::string started_at, ended_at;  // ISO 8601; ended_at is empty while it runs
  std::optional<int> exit_status;    // nothing while it runs, and if nobody saw how it ended
  std::string operation;             // lifecycle::Operation's id; empty: none that is known
  std::string message;               // the last lines of what it reported
  boost::json::value result;         // what it printed; null: nothing yet

  bool running() const { return ended_at.empty(); }
};
boost::json::object ToJson(const LifecycleRun& run);

// Starts commands and knows what became of them.  Thread-safe.  Blocks on disk.
class LifecycleRuns {
 public:
  virtual ~LifecycleRuns() = default;

  // Waits a moment for the operation to begin or the command to end.  kConflict while one of them
  // runs.
  virtual Result<LifecycleRun> Start(OpContext& op, std::string command,
                                     std::vector<std::string> arguments, std::string user) = 0;
  virtual Result<std::vector<LifecycleRun>> List() = 0;       // newest first
  virtual Result<LifecycleRun> Get(std::string_view id) = 0;  // kNotFound
  // Asks it to stop as Ctrl-C does.  kConflict if it has ended.
  virtual Status Cancel(std::string_view id) = 0;
};

struct LifecycleServices {
  lifecycle::Stack stack;
  const Clock& clock;
  // Release, data version, mode, paths: everything about the process.
  std::function<boost::json::object()> state;
  std::function<Result<boost::json::array>(OpContext&)> backups;
  // Of the A/B deployment; empty without one.
  std::function<Result<boost::json::object>()> ab;
  LifecycleRuns& runs;
};

// `services` are borrowed and outlive the routes.
void AddLifecycleRoutes(Gate& gate, const LifecycleServices& services);

// The path of all of them.
inline constexpr std::string_view kLifecyclePath = "/admin/lifecycle";

}  // namespace vams::api
