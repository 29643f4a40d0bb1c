// One connection of the server.  Private to the module: Asio stays in its private headers, Beast in
// request_parser.h, incoming_body.h, exchange.h and session.cc.
//
// Thread rule: everything on the I/O thread.  Nothing blocks; handlers run on the pools, but for
// those of inline routes.
#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <memory>
#include <optional>

#include "base/op_context.h"
#include "http/client_address.h"
#include "http/rate_limit.h"
#include "http/routes.h"
#include "http/server.h"
#include "http/wire.h"
#include "http/worker_pool.h"

namespace boost::asio::ssl {
class context;
}

namespace vams::http {

// What a connection needs of its server.
struct Shared {
  ServerOptions options;
  Routes routes;
  WorkerPool& workers;
  WorkerPool& admin;
  WorkerPool& transfers;
  WorkerPool& bodies;
  RequestIds ids;
  DateText date;
  TrustedProxies proxies;
  std::shared_ptr<boost::asio::ssl::context> tls;  // null: plain
  std::unique_ptr<TokenBucket> bucket;             // null: no limit
  Headers common;                                  // of every answer
  Headers preflight;                               // of the answer to OPTIONS
  // Both for the I/O thread only.
  bool draining = false;
  bool crowded = false;  // clients wait for a connection to end, and none is idle
};

class Session {
 public:
  static std::unique_ptr<Session> Make(Shared& shared, boost::asio::ip::tcp::socket socket,
                                       const boost::asio::ip::address& peer);
  virtual ~Session() = default;

  // The connection's life.  The session must outlive it.
  virtual boost::asio::awaitable<void> Run() = 0;

  // Between requests: nobody is hurt if it is closed.
  virtual bool idle() const = 0;
  // When what it waits for has taken too long; the server then calls TimeOut.
  virtual OpContext::SteadyClock::time_point deadline() const = 0;

  virtual void TimeOut() = 0;
  // Ends a connection that is idle.
  virtual void CloseIdle() = 0;
  // Ends a connection that is idle, unless a request is about to come: what has arrived is read,
  // and a connection that has not asked for anything yet has a second to begin.
  virtual void Drain() = 0;
  // Ends the connection whatever it does.  A running handler is asked to stop, and waited for.
  virtual void Abort() = 0;
};

}  // namespace vams::http
