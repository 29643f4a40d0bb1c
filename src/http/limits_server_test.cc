// Who may connect and how often, who a client is, and what is added to every answer.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <vector>

#include "http/client_address.h"
#include "http/server_fixture_test.h"

namespace vams::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class ServerLimitsTest : public ServerTest {
 protected:
  // A route that tells who asks: "client secure".
  void AddWho() {
    Add("/who", [](const Request& rq, OpContext&) -> Result<Response> {
      return Message(200, rq.client + (rq.secure ? " secure" : " plain") + " from " + rq.peer);
    });
  }
  std::string Who(TestClient& client, std::string_view headers) {
    return client.Ask(Get("/who", headers)).body;
  }
};

// ---- Connections per address -------------------------------------------------------------------

TEST_F(ServerLimitsTest, ClosesAConnectionPastTheLimitOfItsAddressAtOnce) {
  options_.connections_per_address = 2;
  Start();
  auto first = std::make_unique<TestClient>(server_->port());
  ASSERT_EQ(first->Ask(Get("/echo/1")).status, 200);
  TestClient second(server_->port());
  ASSERT_EQ(second.Ask(Get("/echo/2")).status, 200);

  TestClient third(server_->port());
  EXPECT_TRUE(third.AtEnd());
  EXPECT_EQ(TestClient(server_->port(), {.from = "127.0.0.2"}).Ask(Get("/echo/x")).status, 200)
      << "another address has its own count";
  EXPECT_EQ(second.Ask(Get("/echo/2")).status, 200);

  // A place is free again when a connection has ended, which the client cannot see: it asks again.
  first.reset();
  bool served = false;
  for (const auto end = Soon(); !served && SteadyClock::now() < end;)
    served = TestClient(server_->port()).Ask(Get("/echo/x")).status == 200;
  EXPECT_TRUE(served);
}

TEST_F(ServerLimitsTest, DoesNotCountTheConnectionsOfTrustedProxies) {
  options_.connections_per_address = 1;
  options_.trusted_proxies = {"127.0.0.0/8"};
  Start();
  TestClient first(server_->port());
  ASSERT_EQ(first.Ask(Get("/echo/1")).status, 200);
  EXPECT_EQ(TestClient(server_->port()).Ask(Get("/echo/2")).status, 200);
}

// ---- Rate --------------------------------------------------------------------------------------

TEST_F(ServerLimitsTest, Answers429PastTheRateButNeverToAdminRoutes) {
  options_.rate_limit = RateLimit{.per_second = 0.01, .burst = 2};
  std::atomic<int> handled = 0;
  routes_.Add({.verb = Verb::kPost,
               .path = "/count",
               .id = "count",
               .handle = [&](const Request&, OpContext&) {
                 ++handled;
                 return Message(200, "counted");
               }});
  Start();
  TestClient client(server_->port());
  ASSERT_EQ(client.Ask(Post("/count", "b")).status, 200);
  ASSERT_EQ(client.Ask(Get("/nowhere")).status, 404) << "counts as well";

  const Answer limited = client.Ask(Post("/count", "body"));

  EXPECT_EQ(limited.status, 429);
  EXPECT_EQ(limited.body, R"({"message":"Too Many Requests"})");
  const int seconds = std::atoi(limited.Header("retry-after").c_str());
  EXPECT_EQ(limited.Header("retry-after"), std::to_string(seconds));
  EXPECT_GT(seconds, 0);
  EXPECT_LE(seconds, 100);
  EXPECT_EQ(handled, 1);
  EXPECT_EQ(client.Ask(Get("/healthz")).status, 200) << "on the same connection";
}

// ---- Clients behind proxies --------------------------------------------------------------------

TEST_F(ServerLimitsTest, BelievesNobodyWithoutTrustedProxies) {
  AddWho();
  Start();
  TestClient client(server_->port());
  EXPECT_THAT(Who(client, "X-Forwarded-For: 10.1.2.3\r\nX-Forwarded-Proto: https\r\n"),
              HasSubstr("127.0.0.1 plain from 127.0.0.1"));
}

TEST_F(ServerLimitsTest, DoesNotBelieveAPeerThatIsNoTrustedProxy) {
  options_.trusted_proxies = {"127.0.0.2", "10.0.0.0/8"};
  AddWho();
  Start();
  TestClient client(server_->port());
  EXPECT_THAT(Who(client, "X-Forwarded-For: 10.1.2.3\r\nX-Forwarded-Proto: https\r\n"),
              HasSubstr("127.0.0.1 plain from 127.0.0.1"));
}

TEST_F(ServerLimitsTest, TakesTheRightmostAddressThatIsNoTrustedProxy) {
  options_.trusted_proxies = {"127.0.0.1", "10.0.0.0/8", "fd00::/8"};
  AddWho();
  Start();
  TestClient client(server_->port());
  const std::pair<const char*, const char*> cases[] = {
      {"", "127.0.0.1 plain"},
      {"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-Proto: https\r\n", "192.0.2.7 secure"},
      // What stands left of the first untrusted address is that client's own invention.
      {"X-Forwarded-For: 198.51.100.1, 192.0.2.7, 10.1.1.1, fd00::1\r\n", "192.0.2.7 plain"},
      {"X-Forwarded-For: 198.51.100.1, 192.0.2.7\r\nx-forwarded-for: 10.1.1.1\r\n", "192.0.2.7 "},
      {"X-Forwarded-For: 10.3.3.3, 10.2.2.2\r\n", "10.3.3.3 plain"},
      {"X-Forwarded-For: 192.0.2.7:4711\r\n", "192.0.2.7 plain"},
      {"X-Forwarded-For: [2001:db8::7]:4711\r\n", "2001:db8::7 plain"},
      {"X-Forwarded-For: 2001:DB8:0::7\r\n", "2001:db8::7 plain"},
      {"X-Forwarded-For: ::ffff:192.0.2.7\r\n", "192.0.2.7 plain"},
      {"X-Forwarded-For: 192.0.2.7, nonsense, 10.1.1.1\r\n", "10.1.1.1 plain"},
      {"X-Forwarded-For: nonsense\r\n", "127.0.0.1 plain"},
      {"X-Forwarded-For: \r\n", "127.0.0.1 plain"},
      {"X-Forwarded-Proto: https, http\r\n", "127.0.0.1 plain"},
      {"X-Forwarded-Proto: http, HTTPS\r\n", "127.0.0.1 secure"}};
  for (const auto& [headers, expected] : cases)
    EXPECT_THAT(Who(client, headers), HasSubstr(expected)) << headers;
}

TEST_F(ServerLimitsTest, RefusesToStartWithATrustedProxyThatIsNoAddress) {
  for (const char* bad : {"proxy.example", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/8x", "fd00::/129",
                          "", "/8", "10.0.0.0/-1"}) {
    options_.trusted_proxies = {"10.0.0.1", bad};
    const auto server = Server::Start(options_, routes_);
    ASSERT_FALSE(server.ok()) << bad;
    EXPECT_EQ(server.error().code, Code::kInvalid);
    EXPECT_THAT(server.error().message, HasSubstr("\"" + std::string(bad) + "\""));
  }
}

TEST(TrustedProxies, KnowBlocksOfBothFamilies) {
  const std::vector<std::string> entries = {"10.1.0.0/16", "192.0.2.1", "fd00::/8", "0.0.0.0/32",
                                            "::ffff:198.51.100.7"};
  const auto proxies = TrustedProxies::Parse(entries);
  ASSERT_TRUE(proxies.ok());
  const auto contains = [&](const char* text) {
    return proxies->Contains(Plain(boost::asio::ip::make_address(text)));
  };
  for (const char* in :
       {"10.1.0.0", "10.1.255.255", "192.0.2.1", "fdff::1", "::ffff:10.1.2.3", "198.51.100.7"})
    EXPECT_TRUE(contains(in)) << in;
  for (const char* out : {"10.2.0.0", "192.0.2.2", "fe00::1", "::1", "127.0.0.1"})
    EXPECT_FALSE(contains(out)) << out;
  const std::vector<std::string> everyone = {"0.0.0.0/0", "::/0"};
  const auto all = TrustedProxies::Parse(everyone);
  ASSERT_TRUE(all.ok());
  EXPECT_TRUE(all->Contains(boost::asio::ip::make_address("203.0.113.9")));
  EXPECT_TRUE(all->Contains(boost::asio::ip::make_address("2001:db8::1")));
}

// ---- Cross-origin answers and default headers --------------------------------------------------

TEST_F(ServerLimitsTest, AnswersEveryOptionsRequestBeforeRouting) {
  options_.cors = CorsOptions{.allow_methods = "GET, POST",
                              .allow_headers = "Authorization",
                              .expose_headers = "X-Exposed",
                              .max_age = std::chrono::seconds(77)};
  options_.rate_limit = RateLimit{.per_second = 0.01, .burst = 1};
  Start();
  TestClient client(server_->port());

  for (const char* target : {"/echo/x", "/nowhere", "*", "/a//b"}) {
    const Answer answer = client.Ask("OPTIONS " + std::string(target) +
                                     " HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n{}");
    EXPECT_EQ(answer.status, 204) << target;
    EXPECT_EQ(answer.Header("access-control-allow-origin"), "*");
    EXPECT_EQ(answer.Header("access-control-allow-methods"), "GET, POST");
    EXPECT_EQ(answer.Header("access-control-allow-headers"), "Authorization");
    EXPECT_EQ(answer.Header("access-control-expose-headers"), "X-Exposed");
    EXPECT_EQ(answer.Header("access-control-max-age"), "77");
    EXPECT_FALSE(answer.headers.Has("access-control-allow-credentials"));
  }
  for (const auto& [target, status] : {std::pair("/echo/x", 200), {"/echo/x", 429}}) {
    const Answer answer = client.Ask(Get(target));
    EXPECT_EQ(answer.status, status);
    EXPECT_EQ(answer.Header("access-control-allow-origin"), "*");
    EXPECT_EQ(answer.Header("access-control-expose-headers"), "X-Exposed");
    EXPECT_FALSE(answer.headers.Has("access-control-allow-methods"));
  }
}

TEST_F(ServerLimitsTest, WithoutCorsOptionsIsAMethodLikeAnyOther) {
  Start();
  TestClient client(server_->port());
  const Answer answer = client.Ask("OPTIONS /echo/x HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(answer.status, 404);
  EXPECT_FALSE(answer.headers.Has("access-control-allow-origin"));
}

TEST_F(ServerLimitsTest, AddsDefaultHeadersUnlessTheHandlerSetThem) {
  options_.default_headers.Set("Content-Security-Policy", "default-src 'self'");
  options_.default_headers.Set("X-Content-Type-Options", "nosniff");
  options_.default_headers.Set("Referrer-Policy", "no-referrer");
  Add("/own", [](const Request&, OpContext&) -> Result<Response> {
    Response response;
    response.headers.Set("content-security-policy", "default-src 'none'");
    return response;
  });
  Start();
  TestClient client(server_->port());

  for (const char* target : {"/echo/x", "/nowhere", "/own"}) {
    const Answer answer = client.Ask(Get(target));
    const bool own = std::string_view(target) == "/own";
    EXPECT_EQ(answer.Header("content-security-policy"),
              own ? "default-src 'none'" : "default-src 'self'");
    EXPECT_EQ(answer.Header("referrer-policy"), "no-referrer");
    EXPECT_EQ(std::ranges::count_if(answer.headers,
                                    [](const auto& field) {
                                      return EqualsIgnoreCase(field.first,
                                                              "x-content-type-options");
                                    }),
              1);
  }
  TestClient malformed(server_->port());
  EXPECT_TRUE(malformed.Ask("nonsense\r\n\r\n").headers.Has("referrer-policy"));

  options_.default_headers.Set("X-Bad", "a\r\nb");
  EXPECT_EQ(Server::Start(options_, routes_).error().code, Code::kInvalid);
}

// ---- Routing beside the table ------------------------------------------------------------------

TEST_F(ServerLimitsTest, GivesTheFallbackWhatNoRouteMatches) {
  routes_.SetFallback([](const Request& rq, OpContext&) -> Result<Response> {
    return Message(200, std::string(VerbName(rq.verb)) + " " + rq.path + " of " + rq.target);
  });
  Start();
  TestClient client(server_->port());

  EXPECT_EQ(client.Ask(Get("/any%20where/?q=1")).body,
            R"({"message":"GET /any where of /any%20where/?q=1"})");
  EXPECT_EQ(client.Ask("DELETE /echo/x HTTP/1.1\r\nHost: h\r\n\r\n").body,
            R"({"message":"DELETE /echo/x of /echo/x"})");
  EXPECT_EQ(client.Ask("BREW /echo/x HTTP/1.1\r\nHost: h\r\n\r\n").status, 404);
  EXPECT_EQ(client.Ask(Get("/a//b")).status, 400);
  EXPECT_EQ(client.Ask(Get("/echo/x")).body, "name=x;");
}

// An inline route answers although every worker is stuck, because none of them is asked.
TEST_F(ServerLimitsTest, RunsInlineRoutesOnTheIoThread) {
  options_.worker_threads = 1;
  options_.queue_length = 0;
  Gate gate;
  Add("/stuck", gate.Block());
  routes_.Add({.verb = Verb::kGet,
               .path = "/inline",
               .id = "inline",
               .handle = [](const Request& rq, OpContext&) -> Result<Response> {
                 if (rq.FindQuery("throw")) throw std::runtime_error("secret");
                 return Message(200, "inline");
               },
               .inline_ok = true});
  Start();
  TestClient stuck(server_->port());
  stuck.Send(Get("/stuck"));
  gate.WaitUntilEntered();
  TestClient client(server_->port());

  EXPECT_EQ(client.Ask(Get("/echo/x")).status, 503);
  EXPECT_EQ(client.Ask(Get("/inline")).status, 200);
  EXPECT_EQ(client.Ask(Get("/inline?throw")).status, 500);
  client.Send(Get("/inline") + Get("/inline") + Get("/inline"));
  for (int i = 0; i < 3; ++i) EXPECT_EQ(client.Read().body, R"({"message":"inline"})");
  gate.Release();
  EXPECT_EQ(stuck.Read().status, 200);
}

TEST_F(ServerLimitsTest, CompressesWhatAHandlerMadeForClientsThatTakeIt) {
  Add("/text", [](const Request&, OpContext&) -> Result<Response> {
    return Message(200, std::string(5000, 'a'));
  });
  Start();
  TestClient client(server_->port());

  const Answer packed = client.Ask(Get("/text", "Accept-Encoding: gzip\r\n"));
  EXPECT_EQ(packed.Header("content-encoding"), "gzip");
  EXPECT_LT(packed.body.size(), 1000u);
  EXPECT_GT(client.Ask(Get("/text")).body.size(), 5000u);
}

TEST_F(ServerLimitsTest, ListensOnSeveralAddresses) {
  options_.addresses = {{"127.0.0.1", 0}, {"127.0.0.1", 0}};
  Start();
  ASSERT_EQ(server_->addresses().size(), 2u);
  EXPECT_EQ(server_->port(), server_->addresses()[0].port);
  EXPECT_NE(server_->addresses()[0].port, server_->addresses()[1].port);
  for (const ListenAddress& at : server_->addresses())
    EXPECT_EQ(TestClient(at.port).Ask(Get("/echo/x")).status, 200);

  options_.addresses = {{"127.0.0.1", 0}, {"127.0.0.1", server_->port()}};
  EXPECT_EQ(Server::Start(options_, routes_).error().code, Code::kUnavailable);
  options_.addresses = {};
  EXPECT_EQ(Server::Start(options_, routes_).error().code, Code::kInvalid);
}

// ---- Access records ----------------------------------------------------------------------------

class ServerAccessTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    options_.on_access = [this](const AccessRecord& record) {
      const std::lock_guard lock(mutex_);
      records_.push_back(record);
    };
  }
  // All, once the server has stopped.
  std::vector<AccessRecord> Records() {
    EXPECT_TRUE(server_->Stop(Soon()).ok());
    return records_;
  }

 private:
  std::mutex mutex_;
  std::vector<AccessRecord> records_;
};

TEST_F(ServerAccessTest, RecordsARequestWithItsAnswer) {
  const FixedClock clock;
  options_.clock = &clock;
  Add("/who", [](const Request&, OpContext&) -> Result<Response> {
    Response response = Message(202, "well");
    response.caller = "anna";
    return response;
  });
  Start();
  const std::string request = Get("/%77ho?secret=token");
  std::string id;
  {
    TestClient client(server_->port());
    const Answer answer = client.Ask(request);
    id = answer.Header("x-request-id");
    EXPECT_FALSE(answer.headers.Has("caller"));
  }

  const std::vector<AccessRecord> records = Records();

  ASSERT_EQ(records.size(), 1u);
  const AccessRecord& record = records[0];
  EXPECT_EQ(record.time_millis / 10'000, clock.NowMillis() / 10'000);
  EXPECT_EQ(record.request_id, id);
  EXPECT_EQ(record.client, "127.0.0.1");
  EXPECT_EQ(record.method, "GET");
  EXPECT_EQ(record.path, "/%77ho");
  EXPECT_EQ(record.route_id, "/who");
  EXPECT_EQ(record.status, 202);
  EXPECT_EQ(record.bytes_received, request.size());
  EXPECT_GT(record.bytes_sent, 100u);
  EXPECT_GE(record.duration_us, 0);
  EXPECT_EQ(record.caller, "anna");
}

TEST_F(ServerAccessTest, RecordsRefusalsAndPipelinedRequestsOneByOne) {
  options_.read_timeout = std::chrono::milliseconds(60);
  Start();
  {
    TestClient client(server_->port());
    client.Send(Post("/echo/a", "12345") + "BREW /x HTTP/1.1\r\nHost: h\r\n\r\n");
    client.Read();
    client.Read();
    TestClient malformed(server_->port());
    malformed.Ask("GET /bad HTTP/1.1\r\n\r\n");
    TestClient slow(server_->port());
    slow.Ask("GET /slow HTTP/1.1\r\nHost: h");
    TestClient silent(server_->port());
  }

  std::vector<std::string> seen;
  for (const AccessRecord& record : Records())
    seen.push_back(record.method + " " + record.path + " " + std::to_string(record.status) + " " +
                   record.route_id + " " + std::to_string(record.bytes_received));

  EXPECT_THAT(seen, ElementsAre("POST /echo/a 200 postEcho " +
                                    std::to_string(Post("/echo/a", "12345").size()),
                                "BREW /x 404  29", "GET /bad 400  21", "GET /slow 408  20"));
}

TEST_F(ServerAccessTest, RecordsWhatWasSentOfAnAnswerThatWasCut) {
  class Failing final : public BodySource {
   public:
    Result<std::size_t> Read(OpContext&, std::span<char> buffer) override {
      if (done_) return Error(Code::kInternal, "no more");
      done_ = true;
      buffer[0] = 'x';
      return 1;
    }

   private:
    bool done_ = false;
  };
  Add("/cut", [](const Request&, OpContext&) -> Result<Response> {
    Response response;
    response.stream = std::make_shared<Failing>();
    return response;
  });
  Start();
  TestClient(server_->port()).Ask(Get("/cut"));

  const std::vector<AccessRecord> records = Records();

  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].status, 200);
  EXPECT_GT(records[0].bytes_sent, 6u);
}

}  // namespace
}  // namespace vams::http
