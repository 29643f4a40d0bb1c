// Serving a stack: opens its store, wires the routes, runs the HTTP server until asked to stop.
// Blocks until SIGTERM or SIGINT, then drains.  lifecycle.md section 4 ("serve", "up").
#pragma once

#include <functional>
#include <string>

#include "base/clock.h"
#include "base/result.h"
#include "config/config.h"
#include "lifecycle/stack.h"

namespace vams::app {

struct ServeOptions {
  std::string listen;  // ADDR:PORT; empty: the configuration's first address
  // Called once requests are answered, with the address they are answered at.
  std::function<void(const std::string& url)> on_ready;
};

// SIGTERM and SIGINT must reach nobody else: call this before any other thread starts.
void BlockStopSignals();

Status Serve(const lifecycle::Stack& stack, const config::Config& config,
             const ServeOptions& options, const Clock& clock);

}  // namespace vams::app
