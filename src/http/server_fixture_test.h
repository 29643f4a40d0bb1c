// What the tests of the server share: a server on a free port, a few routes, and a gate that holds
// a handler.
#pragma once

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <future>
#include <latch>
#include <memory>
#include <string>
#include <utility>

#include "http/server.h"
#include "http/test_client.h"

namespace vams::http {

using SteadyClock = OpContext::SteadyClock;

inline SteadyClock::time_point Soon() { return SteadyClock::now() + std::chrono::seconds(30); }

class FixedClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return 784111777000; }  // RFC 9110's own example
};

// A handler that stays inside until it is let go.
class Gate {
 public:
  Handler Block() {
    return [this](const Request&, OpContext& op) -> Result<Response> {
      entered_.count_down();
      release_.get_future().wait();
      was_cancelled_ = op.cancelled();
      finished_ = true;
      return Message(200, "let go");
    };
  }
  void WaitUntilEntered() { entered_.wait(); }
  void Release() { release_.set_value(); }
  bool finished() const { return finished_; }
  bool was_cancelled() const { return was_cancelled_; }

 private:
  std::latch entered_{1};
  std::promise<void> release_;
  std::atomic<bool> finished_ = false;
  std::atomic<bool> was_cancelled_ = false;
};

inline Result<Response> Echo(const Request& rq, OpContext&) {
  Response response;
  response.headers.Set("x-verb", VerbName(rq.verb));
  response.headers.Set("x-peer", rq.peer);
  response.headers.Set("content-type", "text/plain");
  for (const auto& [name, value] : rq.path_parameters) response.body += name + "=" + value + ";";
  for (const auto& [name, value] : rq.query) response.body += name + ":" + value + ";";
  response.body += rq.body;
  return response;
}

class ServerTest : public testing::Test {
 protected:
  void SetUp() override {
    options_.addresses = {{"127.0.0.1", 0}};
    options_.worker_threads = 2;
    routes_.Add({.verb = Verb::kGet, .path = "/echo/{name}", .id = "echo", .handle = Echo});
    routes_.Add({.verb = Verb::kPost, .path = "/echo/{name}", .id = "postEcho", .handle = Echo});
    routes_.Add({.verb = Verb::kGet,
                 .path = "/healthz",
                 .id = "health",
                 .handle = [](const Request&, OpContext&) { return Message(200, "well"); },
                 .admin = true});
  }

  void Start() {
    auto server = Server::Start(options_, routes_);
    ASSERT_TRUE(server.ok()) << server.error().message;
    server_ = *std::move(server);
  }

  void Add(std::string path, Handler handler) {
    routes_.Add({.verb = Verb::kGet, .path = path, .id = path, .handle = std::move(handler)});
  }

  ServerOptions options_;
  Routes routes_;
  std::unique_ptr<Server> server_;
};

}  // namespace vams::http
