// Serving a stack: opens its store, wires the backend, runs the HTTP server until asked to stop.
// Blocks until SIGTERM or SIGINT, or until a new process takes over; then drains.  lifecycle.md
// section 4 ("serve", "up").
#pragma once

#include <functional>
#include <map>
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
  // Called once requests are answered, with the address they are answered at, and what was made for
  // the first start.
  std::function<void(const std::string& url, const Prepared& prepared)> on_ready;
};

// SIGTERM and SIGINT must reach nobody else: call this before any other thread starts.
void BlockStopSignals();

Status Serve(const lifecycle::Stack& stack, const config::Config& config,
             const ServeOptions& options, const Clock& clock);

// Puts the demonstration library into a stack that nobody serves; what is there stays.  kConflict
// while it is served.
Result<demo::Loaded> LoadDemo(const lifecycle::Stack& stack, const config::Config& config,
                              const Clock& clock);

}  // namespace vams::app
