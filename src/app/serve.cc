#include "app/serve.h"

#include <fmt/format.h>
#include <signal.h>

#include <chrono>

#include "app/release.h"
#include "base/log.h"
#include "http/listen_address.h"
#include "http/server.h"
#include "items/sqlite/sqlite_store.h"

namespace vams::app {

namespace {

constexpr std::chrono::seconds kDrain{20};

sigset_t StopSignals() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGTERM);
  sigaddset(&set, SIGINT);
  return set;
}

void AddRoutes(http::Routes& routes, const lifecycle::Stack& stack) {
  routes.Add({.verb = http::Verb::kGet,
              .path = "/healthz",
              .id = "getHealth",
              .handle = [](const http::Request&, OpContext&) -> Result<http::Response> {
                return http::Json(boost::json::object{{"status", "ok"}});
              },
              .admin = true});
  boost::json::object version = ReleaseJson();
  version["stack"] = boost::json::object{{"name", stack.name},
                                         {"dataVersion", stack.current.data_version.ToString()},
                                         {"generation", stack.current.number}};
  routes.Add({.verb = http::Verb::kGet,
              .path = "/api/version",
              .id = "getVersion",
              .handle = [version](const http::Request&, OpContext&) -> Result<http::Response> {
                return http::Json(version);
              },
              .admin = true});
}

}  // namespace

void BlockStopSignals() {
  const sigset_t set = StopSignals();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
}

Status Serve(const lifecycle::Stack& stack, const config::Config& config,
             const ServeOptions& options, const Clock& clock) {
  TRY(const auto address,
      http::ParseListenAddress(options.listen.empty() ? config.server.listen.front()
                                                      : options.listen));
  TRY(const auto lock, lifecycle::LockStack(stack, "vams serve", clock));
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.clock = &clock}));

  http::Routes routes;
  AddRoutes(routes, stack);
  TRY(const auto server,
      http::Server::Start({.address = address.host, .port = address.port, .clock = &clock},
                          routes));
  const http::ListenAddress at{server->address(), server->port()};
  options.on_ready("http://" + http::ToText(at));

  const sigset_t set = StopSignals();
  int signal = 0;
  sigwait(&set, &signal);
  LogInfo(fmt::format("{}: stopping, requests in flight are finished first",
                      signal == SIGINT ? "interrupted" : "asked to stop"));
  return server->Stop(OpContext::SteadyClock::now() + kDrain);
}

}  // namespace vams::app
