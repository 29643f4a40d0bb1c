#include "cli/stoppable.h"

namespace vams::cli {

namespace {

OpContext* running = nullptr;

extern "C" void StopRunning(int) {
  if (running != nullptr) running->Cancel();
}

}  // namespace

Stoppable::Stoppable(OpContext& op) {
  running = &op;
  struct sigaction action = {};
  action.sa_handler = StopRunning;
  action.sa_flags = static_cast<int>(SA_RESETHAND);
  sigaction(SIGINT, &action, &old_int_);
  sigaction(SIGTERM, &action, &old_term_);
}

Stoppable::~Stoppable() {
  sigaction(SIGINT, &old_int_, nullptr);
  sigaction(SIGTERM, &old_term_, nullptr);
  running = nullptr;
}

}  // namespace vams::cli
