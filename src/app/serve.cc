#include "app/serve.h"

#include <fmt/format.h>
#include <signal.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <thread>

#include "app/backend.h"
#include "app/backups.h"
#include "app/settings.h"
#include "base/log.h"
#include "http/handover.h"
#include "http/server.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::app {

namespace {

constexpr std::chrono::seconds kDrain{20};
// The old process has its drain, and a moment to close its store.
constexpr std::chrono::seconds kLockWait{30};
constexpr std::chrono::milliseconds kLockPoll{20};
constexpr std::chrono::seconds kHandover{10};

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

// The lock of the stack, once the process that serves it has let go.
Result<files::FileLock> WaitForLock(const lifecycle::Stack& stack, const Clock& clock) {
  const auto end = std::chrono::steady_clock::now() + kLockWait;
  while (true) {
    auto lock = lifecycle::LockStack(stack, "vams serve", clock);
    if (lock.ok() || lock.error().code != Code::kConflict ||
        std::chrono::steady_clock::now() >= end)
      return lock;
    std::this_thread::sleep_for(kLockPoll);
  }
}

// The sockets of the process that serves now; nothing if there is none.
Result<std::vector<std::shared_ptr<http::FileDescriptor>>> TakeOver(const files::Path& path) {
  std::vector<std::shared_ptr<http::FileDescriptor>> listeners;
  auto taken = http::TakeListeners(path, kHandover);
  if (!taken.ok()) {
    if (taken.error().code == Code::kNotFound) return listeners;
    return taken.error();
  }
  TRY_OK(taken->Confirm(kHandover));
  for (http::FileDescriptor& listener : taken->listeners)
    listeners.push_back(std::make_shared<http::FileDescriptor>(std::move(listener)));
  return listeners;
}

// Where clients on this machine reach the server.
std::string UrlOf(const http::Server& server, bool tls) {
  http::ListenAddress at = server.addresses().front();
  if (at.host == "0.0.0.0" || at.host.empty()) at.host = "127.0.0.1";
  if (at.host == "::") at.host = "::1";
  return (tls ? "https://" : "http://") + http::ToText(at);
}

// The issuer of tokens must outlive restarts at another address, so it comes of the configuration
// and of nothing else.
Result<std::string> IssuerOf(const config::Config& config) {
  TRY(const auto options, ServerOptionsOf(config, {}));
  return (options.tls ? "https://" : "http://") + http::ToText(options.addresses.front());
}

}  // namespace

void BlockStopSignals() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Status Serve(const lifecycle::Stack& stack, const config::Config& config,
             const ServeOptions& options, const Clock& clock) {
  TRY(auto server_options, ServerOptionsOf(config, options.listen));
  server_options.clock = &clock;
  const files::Path control = stack.folder / "control";
  if (options.take_over) {
    TRY(server_options.listeners, TakeOver(control));
  }
  TRY(const auto lock, server_options.listeners.empty()
                           ? lifecycle::LockStack(stack, "vams serve", clock)
                           : WaitForLock(stack, clock));
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.clock = &clock}));
  OpContext op;
  TRY_OK(PrepareStore(op, *store, stack.name, config, clock, SystemRandom()));
  TRY(const auto issuer, IssuerOf(config));
  TRY(const auto backend, Backend::Open(stack, config, issuer, *store, clock, SystemRandom()));
  TRY_OK(backend->StartMail(config, issuer));
  TRY_OK(backend->StartSearch());
  TRY(const auto backups, StartBackups(config, stack, clock, SystemRandom()));
  if (options.demo) {
    TRY(const bool empty, demo::IsEmpty(op, backend->stores()));
    if (empty) {
      TRY([[maybe_unused]] const auto loaded,
          demo::Load(op, backend->stores(), config.admin_user_id, OwnBucketOf(config, stack.name),
                     demo::MakeLibrary()));
    }
  }
  server_options.on_access = [&](const http::AccessRecord& record) { backend->OnAccess(record); };
  TRY(const auto server, http::Server::Start(server_options, backend->routes()));
  // Not before: a start that fails, at a busy port say, would leave an account whose password
  // nobody has seen.
  TRY(const auto prepared,
      PrepareAdministrator(op, *store, config, options.environment, clock, SystemRandom()));
  std::atomic<bool> handed_over = false;
  auto offer = http::ListenerOffer::Start(
      control, [&] { return server->DuplicateListeners(); },
      [&] {
        handed_over = true;
        ::kill(::getpid(), SIGTERM);
      });
  if (!offer.ok())
    LogWarning(
        fmt::format("another process cannot take over without a gap: {}", offer.error().message));
  options.on_ready(UrlOf(*server, server_options.tls.has_value()), prepared);

  const sigset_t set = StopSignals();
  int signal = 0;
  sigwait(&set, &signal);
  const std::string why = handed_over        ? "another process has taken over"
                          : signal == SIGINT ? "interrupted"
                                             : "asked to stop";
  LogInfo(fmt::format("{}: stopping, requests in flight are finished first", why));
  return server->Stop(OpContext::SteadyClock::now() + kDrain);
}

Result<demo::Loaded> LoadDemo(const lifecycle::Stack& stack, const config::Config& config,
                              const Clock& clock) {
  TRY(const auto lock, lifecycle::LockStack(stack, "vams demo load", clock));
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.clock = &clock}));
  OpContext op;
  TRY_OK(PrepareStore(op, *store, stack.name, config, clock, SystemRandom()));
  TRY(const auto issuer, IssuerOf(config));
  TRY(const auto backend, Backend::Open(stack, config, issuer, *store, clock, SystemRandom()));
  return demo::Load(op, backend->stores(), config.admin_user_id, OwnBucketOf(config, stack.name),
                    demo::MakeLibrary());
}

}  // namespace vams::app
