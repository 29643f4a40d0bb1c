// The HTTP/1.1 server: connections, limits, time-outs, routing, and the hand-over of each request
// to a pool of worker threads, where a plain blocking handler answers it.  It knows no domain word.
// For `app`, which owns it, and for tests.
//
// Threads: one for I/O, `worker_threads` for handlers, one (`admin`) for the routes that must
// answer when all workers are stuck.  Every function may be called from any thread but those.
// Start and Stop block.  design.md section 6.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "http/routes.h"

namespace vams::http {

struct ServerOptions {
  std::string address = "127.0.0.1";  // or a name; empty: every address of the machine
  std::uint16_t port = 8080;          // 0: any free one

  std::size_t worker_threads = 0;  // 0: one per processor, at least two
  // Requests that wait for a worker; one more is answered 503 with Retry-After.
  std::size_t queue_length = 256;
  // At the limit, the connection that has been idle for longest makes room; if none is idle, new
  // ones wait in the kernel's backlog.
  std::size_t max_connections = 1024;
  std::size_t header_limit = std::size_t{16} << 10;  // past it: 431
  std::size_t body_limit = std::size_t{16} << 20;    // past it: 413

  // For a whole request head, and for each stretch of a body without progress; past it: 408.
  std::chrono::milliseconds read_timeout{15'000};
  // For each stretch of an answer without progress; past it the connection is dropped.
  std::chrono::milliseconds write_timeout{30'000};
  // Between requests; past it the connection is closed.
  std::chrono::milliseconds idle_timeout{75'000};

  // Borrowed; must outlive the server.
  const Clock* clock = &SystemClock();  // the Date header
  Random* random = &SystemRandom();     // request ids
};

class Server {
 public:
  // Listens when it returns.  The routes are copied.  kUnavailable, with the cause and what to do,
  // when the address is in use, not allowed, not of this machine, or a name that does not resolve.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options, const Routes& routes);

  // Stops without waiting for requests in flight, if Stop has not been called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it really listens.
  std::uint16_t port() const;
  const std::string& address() const;  // numeric, without brackets

  // Takes no new connection, closes idle ones, lets requests that have begun to arrive finish, then
  // ends the threads.  At the deadline it cancels the contexts of running handlers and drops the
  // connections; it still waits for those handlers to return, because they use what the caller is
  // about to destroy.  kTimeout says how many connections were cut.  Idempotent.
  Status Stop(OpContext::SteadyClock::time_point deadline);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::http
