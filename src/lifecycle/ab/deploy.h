// The commands of an A/B deployment: what has to be true before one begins, asking the standby's
// server, and what both sides say.  Spec: lifecycle.md section 7; guide: docs/operations/ab.md.
//
// Plain functions, one thread each.  They block on disk and network, Ask for as long as the work
// takes.
#pragma once

#include <boost/json/object.hpp>
#include <chrono>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "config/config.h"
#include "lifecycle/ab/source.h"
#include "lifecycle/ab/state.h"

namespace vams::lifecycle::ab {

struct Check {
  std::string name;
  enum class Result : std::uint8_t { kPassed, kWarning, kFailed } result = Result::kPassed;
  std::string detail;  // what was found, and of a failure what to do
};
boost::json::array ToJson(const std::vector<Check>& checks);

struct StartRequest {
  // The side that serves: a stack of this machine, or a server.
  std::string from;
  files::Path from_home;
  std::optional<Peer> remote;
  std::string here_url;  // of a remote one: where it reaches this side after a switch

  std::string name;  // of the standby
  std::optional<std::string> config_text;
  config::Config config;
  // Of the source on this machine (app/standby.h); a remote one says it itself.
  std::string issuer;
  // Of a source with older data: what the operator decides about its records.  Run id and time are
  // the deployment's.
  migrate::Settings migration = {};
};

struct StartReport {
  std::vector<Check> checks;
  std::optional<Stack> standby;  // nothing: refused, and nothing was changed
  State state;
  bool created = false;
};

// Looks at everything first.  Where every check passes, makes the standby, and tells both sides who
// they are; its server then copies and follows.  Doing it again after an interruption ends it.
Result<StartReport> Start(OpContext& op, const StackRegistry& registry, const StartRequest& request,
                          const Clock& clock, Random& random);

// The stack of a deployment that is the standby, as seen from either side; kInvalid if it lies on
// another machine, kNotFound for a stack that takes part in none.
Result<Stack> StandbyOf(const StackRegistry& registry, const Stack& stack);

// {"deployment", "epoch", "serving": {…}, "standby": {…}, "phase", "position", "lagChanges",
// "lagMillis", …}: as much of it as can be seen from here.
Result<boost::json::object> StatusOf(OpContext& op, const StackRegistry& registry,
                                     const Stack& stack, const Clock& clock);

// Has the standby's server do something and waits for its answer.  kUnavailable when nobody serves
// the standby, or its server ended meanwhile.
Result<boost::json::object> Ask(OpContext& op, const Stack& standby, std::string_view want,
                                boost::json::object options, Random& random,
                                const std::function<void(const Progress&)>& watch);

// The side that serves forgets the deployment, once the other one is gone.
Status Forget(const Stack& serving, const Clock& clock);

}  // namespace vams::lifecycle::ab
