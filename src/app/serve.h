// Serving a stack: opens its store, wires the backend, runs the HTTP server until asked to stop.
// What it serves, and whether it takes writes, other processes decide through the socket `manage`
// (lifecycle/served_stack.h).  lifecycle.md section 4 ("serve", "up"); docs/decisions/012.
#pragma once

#include <functional>
#include <map>
#include <optional>
#include <string>

#include "app/prepare.h"
#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "demo/load.h"
#include "lifecycle/stack.h"

namespace vams::app {

struct ServeOptions {
  std::string listen;  // ADDR:PORT; empty: the configuration's addresses
  // Takes the listening sockets of the process that serves the stack now, which then ends; clients
  // that come in between wait a moment instead of being refused.  Without such a process: listens
  // itself.
  bool take_over = false;
  // The demonstration library comes into a stack that has no database yet.
  bool demo = false;
  std::map<std::string, std::string> environment;
  // Called once requests are answered, with what is served, the address at which (empty: none but
  // for commands), and what was made for the first start.
  std::function<void(const lifecycle::Stack& stack, const std::string& url,
                     const Prepared& prepared)>
      on_ready;
};

// What is served, looked up anew at each start of the program.
struct ServeRequest {
  const lifecycle::StackRegistry& registry;
  std::string stack;
  std::function<Result<config::Config>(const lifecycle::Stack& stack)> load_config;
  ServeOptions options;
  const Clock& clock;
};

// SIGTERM, SIGINT and SIGUSR1 must reach nobody else: call this before any other thread starts.
void BlockStopSignals();

// Blocks until SIGTERM or SIGINT, or until a new process takes over; then drains.  SIGUSR1, and
// whoever asks at `manage`, has the process become its program anew (execv) with the sockets it
// listens at: of the caller nothing is left then.  A start after that which fails does not end the
// process: it answers 503 and waits to be asked again.
Status Serve(const ServeRequest& request);

// The stack that was served before the process started itself anew; nothing at its first start.
// What was done for that need not, and must not, be done again.
std::optional<std::string> ReloadedStack(const std::map<std::string, std::string>& environment);

// Puts the demonstration library into a stack that nobody serves; what is there stays.  kConflict
// while it is served.
Result<demo::Loaded> LoadDemo(const lifecycle::Stack& stack, const config::Config& config,
                              const Clock& clock);

}  // namespace vams::app
