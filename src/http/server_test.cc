#include "http/server.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/tcp.h>

#include <atomic>
#include <future>
#include <latch>
#include <stdexcept>
#include <thread>

#include "http/server_fixture_test.h"

namespace vams::http {
namespace {

using testing::AllOf;
using testing::HasSubstr;

TEST_F(ServerTest, AnswersWithWhatTheHandlerMade) {
  Start();
  TestClient client(server_->port());

  const Answer answer = client.Ask(Get("/echo/a%20b?q=1+2&q=%2B&empty"));

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "name=a b;q:1 2;q:+;empty:;");
  EXPECT_EQ(answer.Header("x-peer"), "127.0.0.1");
  EXPECT_EQ(answer.Header("content-type"), "text/plain");
  EXPECT_EQ(server_->address(), "127.0.0.1");
}

TEST_F(ServerTest, SaysNothingOfItselfButWhatIsNeeded) {
  const FixedClock clock;
  options_.clock = &clock;
  Start();
  TestClient client(server_->port());

  const Answer first = client.Ask(Get("/echo/x"));
  const Answer second = client.Ask(Get("/nothing/here"));

  for (const Answer& answer : {first, second}) {
    EXPECT_EQ(answer.Header("date"), "Sun, 06 Nov 1994 08:49:37 GMT");
    EXPECT_EQ(answer.Header("x-content-type-options"), "nosniff");
    EXPECT_EQ(answer.Header("x-request-id").size(), 32u);
    EXPECT_FALSE(answer.headers.Has("server"));
  }
  EXPECT_NE(first.Header("x-request-id"), second.Header("x-request-id"));
}

TEST_F(ServerTest, AnswersHeadWithTheHeadOfGetAlone) {
  Start();
  TestClient client(server_->port());

  client.Send("HEAD /echo/abc HTTP/1.1\r\nHost: h\r\n\r\n" + Get("/healthz"));
  const Answer head = client.Read(/*to_head=*/true);

  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("content-length"), "9");
  EXPECT_EQ(head.Header("x-verb"), "HEAD");
  // Had there been a body, it would be in the way of the next answer.
  EXPECT_EQ(client.Read().body, R"({"message":"well"})");
}

TEST_F(ServerTest, Answers404ForWhatNoRouteMatchesAnd400ForWhatIsNoPath) {
  Start();
  TestClient client(server_->port());

  for (const std::string& unknown :
       {Get("/nowhere"), std::string("DELETE /echo/x HTTP/1.1\r\nHost: h\r\n\r\n"),
        std::string("BREW /echo/x HTTP/1.1\r\nHost: h\r\n\r\n")}) {
    const Answer answer = client.Ask(unknown);
    EXPECT_EQ(answer.status, 404) << unknown;
    EXPECT_EQ(answer.body, R"({"message":"Not Found"})");
    EXPECT_FALSE(answer.headers.Has("allow"));
  }
  for (const char* bad : {"/echo/%zz", "/echo/x?%z=1", "/echo//x", "/echo/..", "/echo/a%2Fb"})
    EXPECT_EQ(client.Ask(Get(bad)).status, 400) << bad;
  EXPECT_EQ(client.Ask(Get("/echo/x")).status, 200) << "the connection goes on after all of them";
}

TEST_F(ServerTest, TakesAnAbsoluteTarget) {
  Start();
  TestClient client(server_->port());
  EXPECT_EQ(client.Ask(Get("http://h:80/echo/x?a=b")).body, "name=x;a:b;");
}

// Two requests in one packet: both are answered, in their order, although the first is slower.
TEST_F(ServerTest, AnswersPipelinedRequestsInOrder) {
  Gate gate;
  Add("/slow", gate.Block());
  Start();
  TestClient client(server_->port());

  client.Send(Get("/slow") + Post("/echo/second", "body") + Get("/echo/third"));
  gate.WaitUntilEntered();
  gate.Release();

  EXPECT_EQ(client.Read().body, R"({"message":"let go"})");
  EXPECT_EQ(client.Read().body, "name=second;body");
  EXPECT_EQ(client.Read().body, "name=third;");
}

TEST_F(ServerTest, ReadsARequestThatArrivesByteByByte) {
  Start();
  TestClient client(server_->port());
  for (const char c : Post("/echo/drip", "0123456789")) ASSERT_TRUE(client.Send({&c, 1}));
  EXPECT_EQ(client.Read().body, "name=drip;0123456789");
}

TEST_F(ServerTest, ReadsChunksAndKeepsTrailersOutOfTheHeaders) {
  Add("/unused", Echo);
  routes_.Add({.verb = Verb::kPut,
               .path = "/trailer",
               .id = "trailer",
               .handle = [](const Request& rq, OpContext&) {
                 return Message(200, rq.headers.Has("x-admin") ? "smuggled" : rq.body);
               }});
  Start();
  TestClient client(server_->port());

  const Answer answer = client.Ask(
      "PUT /trailer HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n2\r\nde\r\n0\r\nX-Admin: yes\r\n\r\n");

  EXPECT_EQ(answer.body, R"({"message":"abcde"})");
}

TEST_F(ServerTest, TellsAClientThatAsksToGoOnWithItsBody) {
  Start();
  TestClient client(server_->port());

  client.Send(
      "POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 100);
  EXPECT_EQ(client.Ask("body").body, "name=x;body");

  client.Send(
      "POST /nope HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(client.Read().status, 404) << "its body is not wanted";
  client.EndSending();
  EXPECT_TRUE(client.AtEnd());
}

TEST_F(ServerTest, ClosesWhenAskedToAndAfterHttp10) {
  Start();
  TestClient asked(server_->port());
  EXPECT_EQ(asked.Ask(Get("/echo/x", "Connection: close\r\n")).Header("connection"), "close");
  EXPECT_TRUE(asked.AtEnd());
  TestClient old(server_->port());
  EXPECT_EQ(old.Ask("GET /echo/x HTTP/1.0\r\n\r\n").status, 200);
  EXPECT_TRUE(old.AtEnd());
  TestClient persistent(server_->port());
  const std::string request = "GET /echo/x HTTP/1.0\r\nConnection: keep-alive\r\n\r\n";
  EXPECT_EQ(persistent.Ask(request).Header("connection"), "keep-alive");
  EXPECT_EQ(persistent.Ask(request).status, 200);
}

// ---- What is refused ---------------------------------------------------------------------------

TEST_F(ServerTest, RefusesMalformedRequestsAndCloses) {
  Start();
  for (const std::string& bad :
       {std::string("nonsense\r\n\r\n"), std::string("GET /echo/x HTTP/1.1\r\nHost h\r\n\r\n"),
        std::string("GET /echo/x HTTP/1.1\r\n\r\n"), Get("/echo/x", "Host: other\r\n"),
        std::string("POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: -1\r\n\r\n"),
        Get("/echo/x", "Transfer-Encoding: chunked\r\nTransfer-Encoding: gzip\r\n"),
        std::string("POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                    "Content-Length: 4\r\n\r\nabcd"),
        std::string("POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n"
                    "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
        std::string(
            "POST /echo/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")}) {
    TestClient client(server_->port());
    const Answer answer = client.Ask(bad);
    EXPECT_EQ(answer.status, 400) << bad;
    EXPECT_EQ(answer.Header("connection"), "close") << bad;
    EXPECT_FALSE(answer.Header("x-request-id").empty());
    client.EndSending();
    EXPECT_TRUE(client.AtEnd()) << bad;
  }
  for (const char* coding : {"gzip", "gzip, chunked", "chunked, gzip", "identity"}) {
    TestClient client(server_->port());
    client.Send("POST /echo/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: " + std::string(coding) +
                "\r\n\r\n" + Get("/echo/smuggled"));
    EXPECT_EQ(client.Read().status, 501) << coding;
    client.EndSending();
    EXPECT_TRUE(client.AtEnd()) << coding;
  }
  TestClient future(server_->port());
  EXPECT_EQ(future.Ask("GET / HTTP/3.0\r\nHost: h\r\n\r\n").status, 505);
}

TEST_F(ServerTest, RefusesAHeadPastTheLimit) {
  options_.header_limit = 2048;
  Start();
  TestClient fits(server_->port());
  EXPECT_EQ(fits.Ask(Get("/echo/x", "X-Long: " + std::string(1900, 'a') + "\r\n")).status, 200);
  TestClient field(server_->port());
  EXPECT_EQ(field.Ask(Get("/echo/x", "X-Long: " + std::string(2100, 'a') + "\r\n")).status, 431);
  TestClient target(server_->port());
  EXPECT_EQ(target.Ask(Get("/echo/" + std::string(2100, 'a'))).status, 431);
  TestClient endless(server_->port());
  EXPECT_EQ(endless.Ask("GET /" + std::string(5000, 'a')).status, 431);
}

TEST_F(ServerTest, RefusesABodyPastTheLimitHoweverItIsFramed) {
  options_.body_limit = 1000;
  Start();
  TestClient fits(server_->port());
  EXPECT_EQ(fits.Ask(Post("/echo/x", std::string(1000, 'b'))).status, 200);
  TestClient declared(server_->port());
  // Refused by its announced length: nothing of the body has been sent.
  const Answer answer =
      declared.Ask("POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 1001\r\n\r\n");
  EXPECT_EQ(answer.status, 413);
  EXPECT_THAT(answer.body, HasSubstr("1000 bytes"));
  TestClient chunked(server_->port());
  EXPECT_EQ(
      chunked
          .Ask("POST /echo/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n3e9\r\n" +
               std::string(1001, 'b') + "\r\n0\r\n\r\n")
          .status,
      413);
}

// Beast's parser asserts that it never sees a part of the last chunk twice, which is what a client
// that sends it byte by byte does to it.  Where packets end is up to the kernel, hence many tries.
TEST_F(ServerTest, TakesTheLastChunkInAnyPieces) {
  Start();
  TestClient client(server_->port());
  const int on = 1;
  ::setsockopt(client.fd(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  for (int i = 0; i < 200; ++i) {
    const bool empty = i % 2 == 0;
    client.Send("POST /echo/x HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n");
    for (const char c : std::string_view(empty ? "0\r\n\r\n" : "2\r\n0\r\r\n00\r\n\r\n"))
      ASSERT_TRUE(client.Send({&c, 1}));
    ASSERT_EQ(client.Read().status, 200) << "request " << i;
  }
}

// The answer must arrive although the client is still sending: an early close would reset the
// connection and throw the answer away.
TEST_F(ServerTest, DeliversTheRefusalOfALargeBodyThatIsStillBeingSent) {
  options_.body_limit = 1000;
  Start();
  TestClient client(server_->port());
  client.Send("POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4000000\r\n\r\n");
  client.Send(std::string(4'000'000, 'b'));
  EXPECT_EQ(client.Read().status, 413);
}

TEST_F(ServerTest, TimesOutAHeadAndABodyThatStopArriving) {
  options_.read_timeout = std::chrono::milliseconds(40);
  Start();
  TestClient head(server_->port());
  EXPECT_EQ(head.Ask("GET /echo/x HTTP/1.1\r\nHo").status, 408);
  TestClient body(server_->port());
  const Answer answer = body.Ask("POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nab");
  EXPECT_EQ(answer.status, 408);
  EXPECT_EQ(answer.Header("connection"), "close");
}

TEST_F(ServerTest, ClosesAnIdleConnectionWithoutAWord) {
  options_.idle_timeout = std::chrono::milliseconds(40);
  Start();
  TestClient silent(server_->port());
  EXPECT_TRUE(silent.AtEnd());
  TestClient used(server_->port());
  EXPECT_EQ(used.Ask(Get("/echo/x")).status, 200);
  EXPECT_TRUE(used.AtEnd());
}

// ---- Handlers ----------------------------------------------------------------------------------

TEST_F(ServerTest, TurnsErrorsAndExceptionsIntoAnswers) {
  Add("/conflict", [](const Request&, OpContext&) -> Result<Response> {
    return Error(Code::kConflict, "it exists", "secret detail");
  });
  Add("/throw", [](const Request&, OpContext&) -> Result<Response> {
    throw std::runtime_error("secret cause");
  });
  Start();
  TestClient client(server_->port());

  const Answer conflict = client.Ask(Get("/conflict"));
  EXPECT_EQ(conflict.status, 409);
  EXPECT_EQ(conflict.body, R"({"message":"it exists"})");
  const Answer thrown = client.Ask(Get("/throw"));
  EXPECT_EQ(thrown.status, 500);
  EXPECT_THAT(thrown.body,
              AllOf(HasSubstr(thrown.Header("x-request-id")), testing::Not(HasSubstr("secret"))));
}

// A file name with a line break in Content-Disposition must not become a header of its own.
TEST_F(ServerTest, RefusesToSendAHeaderWithALineBreak) {
  Add("/split", [](const Request&, OpContext&) -> Result<Response> {
    Response response;
    response.headers.Set("content-disposition", "x\r\nset-cookie: evil=1");
    return response;
  });
  Start();
  TestClient client(server_->port());
  const Answer answer = client.Ask(Get("/split"));
  EXPECT_EQ(answer.status, 500);
  EXPECT_FALSE(answer.headers.Has("set-cookie"));
}

TEST_F(ServerTest, KeepsTheFramingItsOwn) {
  Add("/framing", [](const Request&, OpContext&) -> Result<Response> {
    Response response{.status = 200, .headers = {}, .body = "abc"};
    response.headers.Set("Content-Length", "99");
    response.headers.Set("Transfer-Encoding", "chunked");
    return response;
  });
  Add("/none", [](const Request&, OpContext&) -> Result<Response> {
    return Response{.status = 204, .headers = {}, .body = "ignored"};
  });
  Start();
  TestClient client(server_->port());
  const Answer framed = client.Ask(Get("/framing"));
  EXPECT_EQ(framed.body, "abc");
  EXPECT_FALSE(framed.headers.Has("transfer-encoding"));
  EXPECT_FALSE(client.Ask(Get("/none")).headers.Has("content-length"));
  EXPECT_EQ(client.Ask(Get("/echo/x")).status, 200);
}

TEST_F(ServerTest, SendsALargeBodyWhole) {
  const std::string large(8'000'000, 'z');
  Add("/large", [&](const Request&, OpContext&) -> Result<Response> {
    return Response{.status = 200, .headers = {}, .body = large};
  });
  Start();
  TestClient client(server_->port());
  EXPECT_TRUE(client.Ask(Get("/large")).body == large);
}

TEST_F(ServerTest, GivesHandlerAndAnswerTheSameRequestId) {
  Add("/id", [](const Request& rq, OpContext& op) -> Result<Response> {
    return Message(200, rq.request_id == op.request_id ? rq.request_id : "differs");
  });
  Start();
  TestClient client(server_->port());
  const Answer answer = client.Ask(Get("/id", "X-Request-Id: mine\r\n"));
  EXPECT_THAT(answer.body, HasSubstr(answer.Header("x-request-id")));
  EXPECT_NE(answer.Header("x-request-id"), "mine");
}

// ---- Load --------------------------------------------------------------------------------------

// One worker, one place in the queue, three requests that block: one of them has to be refused at
// once, and health must answer while all this is stuck.
TEST_F(ServerTest, RefusesWhatDoesNotFitTheQueueAndStillAnswersHealth) {
  options_.worker_threads = 1;
  options_.queue_length = 1;
  Gate gate;
  Add("/stuck", gate.Block());
  Start();
  TestClient first(server_->port());
  first.Send(Get("/stuck"));
  gate.WaitUntilEntered();

  TestClient waiting[] = {TestClient(server_->port()), TestClient(server_->port())};
  for (TestClient& client : waiting) client.Send(Get("/echo/x"));
  pollfd polled[] = {{waiting[0].fd(), POLLIN, 0}, {waiting[1].fd(), POLLIN, 0}};
  ASSERT_GT(::poll(polled, 2, 30'000), 0);
  const std::size_t refused = (polled[0].revents & POLLIN) != 0 ? 0 : 1;
  const Answer busy = waiting[refused].Read();
  TestClient health(server_->port());
  const Answer healthy = health.Ask(Get("/healthz"));

  EXPECT_EQ(busy.status, 503);
  EXPECT_EQ(busy.Header("retry-after"), "1");
  EXPECT_EQ(healthy.status, 200);
  gate.Release();
  EXPECT_EQ(first.Read().status, 200);
  EXPECT_EQ(waiting[1 - refused].Read().status, 200) << "the queued one is served";
  EXPECT_EQ(waiting[refused].Ask(Get("/echo/x")).status, 200) << "its connection was kept";
}

TEST_F(ServerTest, MakesRoomByClosingTheConnectionThatIdledLongest) {
  options_.max_connections = 2;
  Start();
  TestClient oldest(server_->port());
  ASSERT_EQ(oldest.Ask(Get("/echo/1")).status, 200);
  TestClient younger(server_->port());
  ASSERT_EQ(younger.Ask(Get("/echo/2")).status, 200);

  TestClient third(server_->port());

  EXPECT_EQ(third.Ask(Get("/echo/3")).status, 200);
  EXPECT_TRUE(oldest.AtEnd());
  EXPECT_EQ(younger.Ask(Get("/echo/2")).status, 200);
}

TEST_F(ServerTest, LetsAClientWaitWhileEveryConnectionIsBusy) {
  options_.max_connections = 1;
  Gate gate;
  Add("/busy", gate.Block());
  Start();
  TestClient busy(server_->port());
  busy.Send(Get("/busy"));
  gate.WaitUntilEntered();
  TestClient next(server_->port());
  next.Send(Get("/echo/next"));

  gate.Release();

  EXPECT_EQ(busy.Read().status, 200);
  EXPECT_EQ(next.Read().status, 200);
}

TEST_F(ServerTest, ServesManyConnectionsAtOnce) {
  Start();
  std::vector<std::thread> threads;
  std::atomic<int> good = 0;
  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      TestClient client(server_->port());
      for (int i = 0; i < 50; ++i) {
        const std::string name = std::to_string(t) + "-" + std::to_string(i);
        if (client.Ask(Post("/echo/" + name, "b")).body == "name=" + name + ";b") ++good;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(good, 8 * 50);
}

// ---- Starting and stopping ---------------------------------------------------------------------

TEST_F(ServerTest, SaysWhyItCannotListen) {
  Start();
  const std::string port = std::to_string(server_->port());
  options_.addresses[0].port = server_->port();
  const auto busy = Server::Start(options_, routes_);
  ASSERT_FALSE(busy.ok());
  EXPECT_EQ(busy.error().code, Code::kUnavailable);
  EXPECT_EQ(busy.error().message, "127.0.0.1:" + port +
                                      " is in use by another process; choose another with --listen "
                                      "or stop that process");

  options_.addresses[0].host = "192.0.2.1";  // reserved for documentation: no machine has it
  const auto foreign = Server::Start(options_, routes_);
  ASSERT_FALSE(foreign.ok());
  EXPECT_EQ(foreign.error().code, Code::kUnavailable);
  EXPECT_THAT(foreign.error().message, HasSubstr("is not an address of this machine"));

  options_.addresses[0].host = "no-such-host.invalid";
  const auto unknown = Server::Start(options_, routes_);
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::kUnavailable);
  EXPECT_THAT(unknown.error().message, HasSubstr("does not resolve"));
}

TEST_F(ServerTest, ListensOnEveryAddressWhenNoneIsGiven) {
  options_.addresses[0].host = "";
  Start();
  TestClient client(server_->port());
  EXPECT_EQ(client.Ask(Get("/echo/x")).Header("x-peer"), "127.0.0.1") << "not ::ffff:127.0.0.1";
}

// Stop must not return, and must not cut the answer, while a request is being worked on; idle
// connections are closed and nobody new is let in.
TEST_F(ServerTest, DrainWaitsForTheRunningRequest) {
  Gate gate;
  Add("/running", gate.Block());
  Start();
  TestClient idle(server_->port());
  ASSERT_EQ(idle.Ask(Get("/echo/x")).status, 200);
  TestClient running(server_->port());
  running.Send(Get("/running"));
  gate.WaitUntilEntered();

  bool finished_before_stop_returned = false;
  std::thread stopper([&] {
    EXPECT_TRUE(server_->Stop(Soon()).ok());
    finished_before_stop_returned = gate.finished();
  });
  EXPECT_TRUE(idle.AtEnd());  // so draining has begun
  while (TestClient(server_->port()).connected()) std::this_thread::yield();
  gate.Release();
  const Answer answer = running.Read();
  stopper.join();

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("connection"), "close");
  EXPECT_TRUE(running.AtEnd());
  EXPECT_TRUE(finished_before_stop_returned);
  EXPECT_FALSE(gate.was_cancelled());
}

TEST_F(ServerTest, DrainLetsARequestArriveThatHasBegunTo) {
  Start();
  TestClient idle(server_->port());
  ASSERT_EQ(idle.Ask(Get("/echo/x")).status, 200);
  TestClient client(server_->port());
  client.Send(
      "POST /echo/x HTTP/1.1\r\nHost: h\r\nContent-Length: 4\r\nExpect: 100-continue\r\n\r\n");
  ASSERT_EQ(client.Read().status, 100);  // so the server has the head

  std::thread stopper([&] { EXPECT_TRUE(server_->Stop(Soon()).ok()); });
  EXPECT_TRUE(idle.AtEnd());
  const Answer answer = client.Ask("body");
  stopper.join();

  EXPECT_EQ(answer.body, "name=x;body");
}

TEST_F(ServerTest, StopCancelsWhatOutlastsTheDeadlineAndSaysSo) {
  std::latch entered(1);
  Add("/stubborn", [&](const Request&, OpContext& op) -> Result<Response> {
    entered.count_down();
    while (op.Check().ok()) std::this_thread::yield();
    return Message(200, "cancelled");
  });
  Start();
  TestClient client(server_->port());
  client.Send(Get("/stubborn"));
  entered.wait();

  const Status stopped = server_->Stop(SteadyClock::now());

  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::kTimeout);
  EXPECT_THAT(stopped.error().message, HasSubstr("1 connection had to be cut"));
  EXPECT_TRUE(client.AtEnd());
  EXPECT_EQ(server_->Stop(Soon()).error().code, Code::kTimeout) << "a second call says the same";
}

TEST_F(ServerTest, PortIsFreeAgainAfterStop) {
  Start();
  options_.addresses[0].port = server_->port();
  TestClient client(server_->port());
  ASSERT_EQ(client.Ask(Get("/echo/x")).status, 200);
  ASSERT_TRUE(server_->Stop(Soon()).ok());

  Start();

  TestClient again(server_->port());
  EXPECT_EQ(again.Ask(Get("/echo/x")).status, 200);
}

}  // namespace
}  // namespace vams::http
