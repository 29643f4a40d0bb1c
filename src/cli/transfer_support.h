// What uploads and downloads share: working on many things at once, and trying again.
#pragma once

#include <atomic>
#include <chrono>
#include <functional>

#include "base/op_context.h"
#include "cli/rest_client.h"
#include "net/retry.h"

namespace vams::cli {

// Calls `work` for 0 to `count`-1, on at most `threads` threads, in about this order, until the
// operation is cancelled; `tick` several times a second meanwhile, on the calling thread.  Returns
// when every call has returned.
void RunParallel(OpContext& op, std::size_t count, std::size_t threads,
                 const std::function<void(std::size_t)>& work, const std::function<void()>& tick);

// Calls `attempt` up to `retries` times more, with growing waits between, while its error says that
// another time may help.
template <typename Attempt>
auto WithRetries(OpContext& op, const RetrySettings& settings, int retries, Attempt attempt)
    -> decltype(attempt()) {
  for (int tried = 1;; ++tried) {
    auto result = attempt();
    if (result.ok() || !result.error().retryable || tried > retries || op.cancelled())
      return result;
    TRY_OK(net::SystemTimer().Sleep(op, settings.Delay(tried, std::nullopt, SystemRandom())));
  }
}

// From now on a connection that breaks while something is written to it is an error of that call:
// TLS would end the process with a signal.
void OutliveBrokenConnections();

// A call whose repetition does no harm.
Result<boost::json::value> CallPatiently(RestClient& client, std::string_view method,
                                         const std::string& path,
                                         const boost::json::object* body = nullptr);

}  // namespace vams::cli
