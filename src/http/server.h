// The HTTP/1.1 server: connections, limits, time-outs, routing, and the hand-over of each request
// to a pool of worker threads, where a plain blocking handler answers it.  It knows no domain word.
// For `app`, which owns it, and for tests.
//
// Threads: one for I/O, `worker_threads` for handlers, `transfer_threads` for handlers that take a
// body while it arrives, `body_threads` for bodies that come from files and streams, one (`admin`)
// for the routes that must answer when all workers are stuck. Every function may be called from any
// thread but those. Start and Stop block.  design.md section 6.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.h"
#include "base/file_descriptor.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "http/access_record.h"
#include "http/listen_address.h"
#include "http/message.h"
#include "http/routes.h"

namespace vams::http {

// Server side of TLS 1.2 and 1.3 on every listener.
struct TlsOptions {
  std::string certificate_file;  // PEM: the server's certificate, then the chain up to the root
  std::string key_file;          // PEM, without a pass phrase
};

// Header values of cross-origin answers.  With them every OPTIONS request is answered 204 before
// routing, and every other answer allows the origin too.
struct CorsOptions {
  std::string allow_origin = "*";
  std::string allow_methods;
  std::string allow_headers;
  std::string expose_headers;
  std::chrono::seconds max_age{3600};
};

struct RateLimit {
  double per_second = 0;
  double burst = 0;
};

struct ServerOptions {
  // Port 0: any free one.  A host may be a name; an empty one is every address of the machine.
  std::vector<ListenAddress> addresses = {{"127.0.0.1", 8080}};
  // Sockets that listen already, from a hand-over; adopted instead of `addresses` if there are any.
  std::vector<std::shared_ptr<FileDescriptor>> listeners;
  std::optional<TlsOptions> tls;

  std::size_t worker_threads = 0;  // 0: one per processor, at least two
  // Requests that wait for a worker; one more is answered 503 with Retry-After.
  std::size_t queue_length = 256;
  // Handlers of routes with Route::streams_body that run at the same time; as many connections wait
  // as `queue_length` says.  Made only if there is such a route.
  std::size_t transfer_threads = 64;
  // Threads that read files and pull streams for answers on their way.
  std::size_t body_threads = 4;
  // At the limit, the connection that has been idle for longest makes room; if none is idle, new
  // ones wait in the kernel's backlog.
  std::size_t max_connections = 1024;
  // Of one address, or one /64 of IPv6; 0: no limit.  One more is closed at once, without an
  // answer: writing one would cost what the limit is there to save.  Trusted proxies are exempt.
  std::size_t connections_per_address = 0;
  std::size_t header_limit = std::size_t{16} << 10;  // past it: 431
  // Past it: 413.  Routes with Route::streams_body have limits of their own.
  std::size_t body_limit = std::size_t{16} << 20;

  // For a TLS handshake and for a whole request head, and for each stretch of a body without
  // progress; past it: 408.
  std::chrono::milliseconds read_timeout{15'000};
  // For each stretch of an answer without progress; past it the connection is dropped.
  std::chrono::milliseconds write_timeout{30'000};
  // Between requests; past it the connection is closed.
  std::chrono::milliseconds idle_timeout{75'000};
  // Bytes a second that a body must reach on average, and that a client must take of an answer,
  // once read_timeout or write_timeout has passed; slower bodies are answered 408, slower readers
  // dropped.  0: progress is enough.
  std::uint64_t min_body_rate = 256;

  // For all clients together: past it 429 with Retry-After, before any handler but those of admin
  // routes.
  std::optional<RateLimit> rate_limit;
  std::optional<CorsOptions> cors;
  // Added to every answer whose handler has not set them: security headers.
  Headers default_headers;
  // Addresses and blocks ("10.0.0.0/8", "fd00::/8") of the proxies whose X-Forwarded-For and
  // X-Forwarded-Proto are believed.
  std::vector<std::string> trusted_proxies;

  // Called on the I/O thread once an answer is sent or given up: must not block or throw.
  std::function<void(const AccessRecord&)> on_access;

  // Borrowed; must outlive the server.
  const Clock* clock = &SystemClock();  // the Date header, the access record, certificates
  Random* random = &SystemRandom();     // request ids; used by Start only
};

// Whether a server could start with this material: the errors of Server::Start about it.  Reads the
// files.
Status CheckTls(const TlsOptions& options, const Clock& clock);

class Server {
 public:
  // Listens when it returns.  The routes are copied.  kUnavailable, with the cause and what to do,
  // when an address is in use, not allowed, not of this machine, or a name that does not resolve,
  // or when a TLS file cannot be read; kInvalid when such a file does not hold what it should, its
  // certificate has expired or does not fit the key, or a trusted proxy is no address.
  static Result<std::unique_ptr<Server>> Start(const ServerOptions& options, const Routes& routes);

  // Stops without waiting for requests in flight, if Stop has not been called.
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Where it really listens: numeric hosts and real ports, in the order of the options.
  const std::vector<ListenAddress>& addresses() const;
  // Of the first of them.
  std::uint16_t port() const;
  const std::string& address() const;  // numeric, without brackets

  // Duplicates of the listening sockets, for a process that takes over.  Once that one accepts,
  // call Stop here: it closes this server's side and leaves the sockets listening, so no client is
  // refused in between.  Clients that wait in the backlog are the new process's.  kUnavailable
  // after Stop or without descriptors to spare.
  Result<std::vector<FileDescriptor>> DuplicateListeners() const;

  // Takes no new connection, closes idle ones, lets requests that have begun to arrive finish (a
  // connection that has not asked for anything yet has a second to begin), then ends the threads.
  // At the deadline it cancels the contexts of running handlers and drops the connections; it still
  // waits for those handlers to return, because they use what the caller is about to destroy.
  // kTimeout says how many connections were cut.  Idempotent.
  Status Stop(OpContext::SteadyClock::time_point deadline);

 private:
  class Impl;
  explicit Server(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::http
