// Ctrl-C for long work: it stops at its next checkpoint, and can go on later.  One at a time.
#pragma once

#include "base/op_context.h"

#include <signal.h>

namespace vams::cli {

// While it lives, the first SIGINT or SIGTERM cancels the operation; a second one ends the process.
class Stoppable {
 public:
  explicit Stoppable(OpContext& op);
  ~Stoppable();
  Stoppable(const Stoppable&) = delete;
  Stoppable& operator=(const Stoppable&) = delete;

 private:
  struct sigaction old_int_ = {}, old_term_ = {};
};

}  // namespace vams::cli
