// What the serving side of an A/B deployment does by itself: its addresses, its issuer, its log.
#include <fmt/format.h>
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <chrono>
#include <thread>

#include "app/settings.h"
#include "app/standby.h"
#include "base/file_descriptor.h"
#include "http/listen_address.h"
#include "items/store.h"
#include "lifecycle/ab/state.h"

namespace vams::app {

namespace ab = lifecycle::ab;
using SteadyClock = std::chrono::steady_clock;

namespace {

constexpr std::chrono::milliseconds kWait{20};
constexpr std::chrono::seconds kAddressWait{30};

// Whether somebody holds the address now.
bool IsListenedAt(const std::string& text) {
  const auto address = http::ParseListenAddress(text);
  if (!address.ok()) return false;
  addrinfo wanted = {};
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICHOST | AI_NUMERICSERV;
  wanted.ai_socktype = SOCK_STREAM;
  addrinfo* found = nullptr;
  if (::getaddrinfo(address->host.empty() ? nullptr : address->host.c_str(),
                    std::to_string(address->port).c_str(), &wanted, &found) != 0)
    return false;
  const FileDescriptor probe(
      ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, found->ai_protocol));
  const int on = 1;
  ::setsockopt(probe.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const bool busy =
      ::bind(probe.get(), found->ai_addr, found->ai_addrlen) != 0 && errno == EADDRINUSE;
  ::freeaddrinfo(found);
  return busy;
}

}  // namespace

Result<std::string> IssuerFor(const lifecycle::Stack& stack, const config::Config& config) {
  TRY(const auto state, ab::ReadState(stack));
  if (state && !state->issuer.empty()) return state->issuer;
  TRY(const auto options, ServerOptionsOf(config, {}));
  return (options.tls ? "https://" : "http://") + http::ToText(options.addresses.front());
}

Status AddTakenAddresses(const lifecycle::Stack& stack, http::ServerOptions& options) {
  TRY(const auto state, ab::ReadState(stack));
  if (!state || state->role != ab::Role::kServing) return Ok();
  for (const std::string& text : state->addresses) {
    TRY(auto address, http::ParseListenAddress(text));
    if (std::ranges::find(options.addresses, address) == options.addresses.end())
      options.addresses.push_back(std::move(address));
  }
  return Ok();
}

Status AwaitTakenAddresses(const lifecycle::Stack& stack) {
  TRY(const auto state, ab::ReadState(stack));
  if (!state || state->role != ab::Role::kServing || state->finished() || state->peer.remote())
    return Ok();
  const auto end = SteadyClock::now() + kAddressWait;
  for (const std::string& address : state->addresses)
    while (IsListenedAt(address) && SteadyClock::now() < end) std::this_thread::sleep_for(kWait);
  return Ok();
}

Status KeepLog(const lifecycle::Stack& stack, items::ItemStore& store) {
  TRY(const auto state, ab::ReadState(stack));
  OpContext op;
  if (!state || state->finished()) {
    const Status removed = store.RemoveConsumer(op, ab::kConsumer);
    return !removed.ok() && removed.error().code != Code::kNotFound ? removed : Ok();
  }
  TRY(const auto last, store.LastChange(op));
  const Status added = store.AddConsumer(op, ab::kConsumer, last);
  return !added.ok() && added.error().code != Code::kConflict ? added : Ok();
}

}  // namespace vams::app
