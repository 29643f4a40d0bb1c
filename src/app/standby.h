// The server of a stack that is the standby of another one (lifecycle/ab/state.h): it follows the
// source, answers 503 for everything but health, and does what `vams ab` asks, until it is switched
// to or stopped.  Spec: lifecycle.md section 7, decision 012.
//
// How Serve uses it, under the stack's lock and before anything of the stack is opened:
//
//   TRY(const bool standby, lifecycle::ab::IsStandby(stack));
//   if (standby) {
//     TRY(StandbyEnd end, StandBy(…));
//     kStopped: end the process.  kReload: Exec with what is in `inherited`.  kPromoted: serve
//     end.stack with end.listeners, and call end.on_serving once requests are answered.
//   }
//
// On the other side: the server of a stack whose IsStandby has become true starts anew (Exec) when
// a freeze ends (ManageHandler::Moved) and when its listeners were taken, instead of serving on or
// ending.
//
// One thread calls it and is blocked; it has threads of its own meanwhile.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "app/inherited.h"
#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/result.h"
#include "config/config.h"
#include "http/server.h"
#include "lifecycle/stack.h"

namespace vams::app {

struct StandbyEnd {
  enum class Kind : std::uint8_t { kStopped, kReload, kPromoted } kind = Kind::kStopped;
  // Of kPromoted.
  std::optional<lifecycle::Stack> stack;  // with the generation that was followed into
  // The standby's own and those of the other side; empty: listen at the addresses.
  std::vector<std::shared_ptr<FileDescriptor>> listeners;
  // Lets the other side go and tells whoever asked for the switch.  Never fails: what goes wrong is
  // logged, and the other side finds out for itself.
  std::function<void()> on_serving = {};
};

struct StandbySetup {
  const lifecycle::StackRegistry& registry;
  const lifecycle::Stack& stack;
  const config::Config& config;
  std::map<std::string, std::string> environment;
  std::string listen;  // as ServeOptions
  const Clock& clock;
  // Called once it answers, with where (empty: nowhere but for commands).
  std::function<void(const std::string& url)> on_ready;
};

// `inherited`: sockets of the process before this one; taken where they are used, and what a reload
// hands on is put there.
Result<StandbyEnd> StandBy(const StandbySetup& setup, Inherited& inherited);

// ---- For the serving side

// The issuer of tokens: that of the deployment if the stack takes part in one, else of the
// configuration, and of nothing else, because it must outlive restarts at another address.
Result<std::string> IssuerFor(const lifecycle::Stack& stack, const config::Config& config);
// Adds the public addresses that the stack took over to those of the configuration.
Status AddTakenAddresses(const lifecycle::Stack& stack, http::ServerOptions& options);
// Waits a moment for them to be free: after a crash the other side may be about to let them go.
// Whoever cannot have them after that is told so by the server's start.
Status AwaitTakenAddresses(const lifecycle::Stack& stack);
// Has the change log keep what the other side has not seen, as long as there is one.
Status KeepLog(const lifecycle::Stack& stack, items::ItemStore& store);

}  // namespace vams::app
