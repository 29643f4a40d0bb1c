// Bodies of requests that a handler pulls while they arrive.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

#include "http/server_fixture_test.h"

namespace vams::http {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

// Bytes that tell where they belong.
std::string Pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i)
    bytes[i] = static_cast<char>((i * 2654435761u >> 11) ^ (i >> 15));
  return bytes;
}

std::string PutHead(std::string_view target, std::string_view more) {
  return "PUT " + std::string(target) + " HTTP/1.1\r\nHost: h\r\n" + std::string(more) + "\r\n";
}
std::string PutOf(std::string_view target, std::size_t length, std::string_view more = "") {
  return PutHead(target, "Content-Length: " + std::to_string(length) + "\r\n" + std::string(more));
}

// "<hex size>\r\n<bytes>\r\n"
std::string Chunk(std::string_view bytes) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", bytes.size());
  return size + std::string(bytes) + "\r\n";
}

class ServerUploadTest : public ServerTest {
 protected:
  void SetUp() override {
    ServerTest::SetUp();
    options_.body_limit = 1000;  // of other routes
    options_.transfer_threads = 2;
    AddPut("/take", [this](const Request& rq, OpContext&) -> Result<Response> {
      auto body = ReadAll(*rq.incoming);
      if (!body.ok()) {
        const std::lock_guard lock(mutex_);
        errors_.push_back(body.error());
        return body.error();
      }
      EXPECT_TRUE(rq.body.empty());
      const std::lock_guard lock(mutex_);
      bodies_.push_back(*std::move(body));
      return Message(200, std::to_string(bodies_.back().size()));
    });
    AddPut("/refuse", [](const Request&, OpContext&) { return Message(403, "no"); });
  }

  void AddPut(std::string path, Handler handle) {
    routes_.Add({.verb = Verb::kPut,
                 .path = path,
                 .id = "put" + path,
                 .handle = std::move(handle),
                 .streams_body = true});
  }

  Result<std::string> ReadAll(RequestBody& body) const {
    std::string all;
    std::string buffer(read_size_, '\0');
    while (true) {
      TRY(const std::size_t count, body.Read(buffer));
      if (count == 0) break;
      all.append(buffer, 0, count);
    }
    TRY(const std::size_t behind, body.Read(buffer));
    EXPECT_EQ(behind, 0u) << "the end stays the end";
    return all;
  }

  // What the server has seen by the time it has stopped.
  std::vector<std::string> Bodies() {
    EXPECT_TRUE(server_->Stop(Soon()).ok());
    return bodies_;
  }
  std::vector<Error> Errors() {
    EXPECT_TRUE(server_->Stop(Soon()).ok());
    return errors_;
  }

  // Until the handlers have met that many: stopping closes connections whose request has not begun.
  void AwaitErrors(std::size_t count) {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    for (std::size_t have = 0; have < count && std::chrono::steady_clock::now() < end;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      const std::lock_guard lock(mutex_);
      have = errors_.size();
    }
  }

  std::size_t read_size_ = 10'000;
  std::mutex mutex_;
  std::vector<std::string> bodies_;
  std::vector<Error> errors_;
};

// ---- Framing -----------------------------------------------------------------------------------

TEST_F(ServerUploadTest, TakesABodyPastTheLimitOfOtherRoutesAndKeepsTheConnection) {
  const std::string bytes = Pattern(3'000'000);
  Start();
  TestClient client(server_->port());

  client.Send(PutOf("/take", bytes.size()));
  client.Send(bytes + Get("/echo/next"));

  EXPECT_EQ(client.Read().body, R"({"message":"3000000"})");
  EXPECT_EQ(client.Read().body, "name=next;") << "what follows the body is the next request";
  EXPECT_EQ(client.Ask(Post("/echo/x", std::string(1001, 'b'))).status, 413);
  const auto bodies = Bodies();
  ASSERT_EQ(bodies.size(), 1u);
  EXPECT_TRUE(bodies[0] == bytes);
}

TEST_F(ServerUploadTest, KnowsTheLengthThatWasAnnounced) {
  AddPut("/length", [](const Request& rq, OpContext&) -> Result<Response> {
    const auto length = rq.incoming->length();
    return Message(200, length ? std::to_string(*length) : "unknown");
  });
  Start();
  TestClient client(server_->port());

  EXPECT_EQ(client.Ask(PutOf("/length", 3) + "abc").body, R"({"message":"3"})");
  EXPECT_EQ(client.Ask(PutOf("/length", 0)).body, R"({"message":"0"})");
  EXPECT_EQ(client.Ask(PutHead("/length", "")).body, R"({"message":"0"})");
  EXPECT_EQ(
      client.Ask(PutHead("/length", "Transfer-Encoding: chunked\r\n") + Chunk("abc") + "0\r\n\r\n")
          .body,
      R"({"message":"unknown"})");
}

TEST_F(ServerUploadTest, TakesAnEmptyBody) {
  Start();
  TestClient client(server_->port());
  EXPECT_EQ(client.Ask(PutOf("/take", 0)).body, R"({"message":"0"})");
  EXPECT_EQ(client.Ask(PutHead("/take", "Transfer-Encoding: chunked\r\n") + "0\r\n\r\n").body,
            R"({"message":"0"})");
  EXPECT_EQ(client.Ask(Get("/echo/x")).status, 200);
}

// Chunks of all sizes, cut where it hurts, read into buffers that fit none of them.
TEST_F(ServerUploadTest, TakesChunksInWhateverPiecesTheyCome) {
  const unsigned seed = 20260301;
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const auto upto = [&](std::size_t most) { return 1 + random() % most; };
  options_.worker_threads = 1;
  read_size_ = 777;
  Start();
  for (int round = 0; round < 30; ++round) {
    const std::string bytes = Pattern(upto(round < 15 ? 300 : 200'000));
    std::string text = PutHead("/take", "Transfer-Encoding: chunked\r\n");
    for (std::size_t at = 0; at < bytes.size();) {
      const std::string piece = bytes.substr(at, upto(round % 3 == 0 ? 5 : 9000));
      text += Chunk(piece);
      at += piece.size();
    }
    text += round % 2 == 0 ? "0\r\n\r\n" : "0;last=1\r\nX-Trailer: t\r\n\r\n";
    text += Get("/echo/next");
    TestClient client(server_->port());

    for (std::size_t at = 0; at < text.size();) {
      const std::string piece = text.substr(at, upto(round < 15 ? 7 : 50'000));
      ASSERT_TRUE(client.Send(piece)) << "round " << round;
      at += piece.size();
    }

    EXPECT_EQ(client.Read().body, "{\"message\":\"" + std::to_string(bytes.size()) + "\"}");
    EXPECT_EQ(client.Read().body, "name=next;") << "round " << round;
    const std::lock_guard lock(mutex_);
    ASSERT_TRUE(bodies_.back() == bytes) << "round " << round;
  }
}

TEST_F(ServerUploadTest, RefusesWhatAreNoChunks) {
  AddPut("/tell", [this](const Request& rq, OpContext&) -> Result<Response> {
    const auto body = ReadAll(*rq.incoming);
    EXPECT_EQ(body.error().code, Code::kInvalid);
    EXPECT_EQ(rq.incoming->Read({}).error().code, Code::kInvalid) << "errors stay";
    return Message(400, body.error().message);
  });
  Start();
  for (const std::string& bad :
       {std::string("xyz\r\n"), Chunk("abc") + "3\r\nabcXX", std::string("-1\r\n"),
        "3" + std::string(100'000, ';') + "\r\nabc\r\n"}) {
    TestClient client(server_->port());
    const Answer answer = client.Ask(PutHead("/tell", "Transfer-Encoding: chunked\r\n") + bad +
                                     Get("/echo/smuggled"));
    EXPECT_EQ(answer.status, 400) << bad.substr(0, 20);
    EXPECT_EQ(answer.Header("connection"), "close");
    EXPECT_TRUE(client.AtEnd()) << "nothing behind it is taken for a request";
  }
}

// ---- 100 Continue and early answers ------------------------------------------------------------

TEST_F(ServerUploadTest, AsksForTheBodyWithTheFirstPullOnly) {
  std::latch entered(1);
  std::promise<void> pull;
  AddPut("/wait", [&](const Request& rq, OpContext&) -> Result<Response> {
    entered.count_down();
    pull.get_future().wait();
    TRY(const std::string body, ReadAll(*rq.incoming));
    return Message(200, body);
  });
  Start();
  TestClient client(server_->port());
  client.Send(PutOf("/wait", 4, "Expect: 100-continue\r\n"));
  entered.wait();
  pollfd input{client.fd(), POLLIN, 0};
  EXPECT_EQ(::poll(&input, 1, 50), 0) << "the handler has not said that it wants the body";

  pull.set_value();

  EXPECT_EQ(client.Read(/*to_head=*/true).status, 100);
  client.Send("body" + Get("/echo/next"));
  EXPECT_EQ(client.Read().body, R"({"message":"body"})");
  EXPECT_EQ(client.Read().body, "name=next;");
}

TEST_F(ServerUploadTest, RefusesABodyThatTheClientHasNotBegunToSend) {
  Start();
  TestClient client(server_->port());

  const Answer answer = client.Ask(PutOf("/refuse", 1 << 30, "Expect: 100-continue\r\n"));

  EXPECT_EQ(answer.status, 403) << "and no 100 before it";
  // Whether the client sends its body all the same is its choice: nothing can be read behind it.
  EXPECT_EQ(answer.Header("connection"), "close");
}

TEST_F(ServerUploadTest, DropsTheRestOfAShortBodyAndKeepsTheConnection) {
  Start();
  TestClient client(server_->port());
  for (const std::size_t length : {0, 5, 100'000}) {
    client.Send(PutOf("/refuse", length));
    EXPECT_EQ(client.Read().status, 403) << "before the body is there";
    client.Send(std::string(length, 'x'));
    EXPECT_EQ(client.Ask(Get("/echo/x")).body, "name=x;") << length;
  }
}

TEST_F(ServerUploadTest, ClosesBehindTheAnswerWhenMuchOfTheBodyIsLeft) {
  Start();
  for (const std::string& head : {PutOf("/refuse", std::size_t{1} << 40),
                                  PutHead("/refuse", "Transfer-Encoding: chunked\r\n")}) {
    TestClient client(server_->port());
    client.Send(head + std::string(1'000'000, 'x'));
    const Answer answer = client.Read();
    EXPECT_EQ(answer.status, 403);
    EXPECT_EQ(answer.Header("connection"), "close");
  }
}

// ---- Clients that go away, stop, or send too slowly ---------------------------------------------

TEST_F(ServerUploadTest, TellsTheHandlerThatTheClientWentAway) {
  Start();
  {
    TestClient client(server_->port());
    client.Send(PutOf("/take", 1000) + "half");
    TestClient chunks(server_->port());
    chunks.Send(PutHead("/take", "Transfer-Encoding: chunked\r\n") + "5\r\nhalf");
  }

  AwaitErrors(2);
  const auto errors = Errors();

  ASSERT_EQ(errors.size(), 2u);
  for (const Error& error : errors) {
    EXPECT_EQ(error.code, Code::kInvalid);
    EXPECT_THAT(error.message, HasSubstr("the connection ended"));
  }
}

TEST_F(ServerUploadTest, Answers408ToABodyThatStopsWhateverTheHandlerSays) {
  options_.read_timeout = std::chrono::milliseconds(50);
  Start();
  TestClient client(server_->port());

  client.Send(PutOf("/take", 1000) + "half");

  EXPECT_EQ(client.Read().status, 408);
  const auto errors = Errors();
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(errors[0].code, Code::kTimeout);
}

// Every read is progress, so only the average can tell that this client is too slow.
TEST_F(ServerUploadTest, Answers408ToABodyBelowTheAverage) {
  options_.read_timeout = std::chrono::milliseconds(50);
  options_.min_body_rate = std::uint64_t{1} << 50;
  Start();
  TestClient client(server_->port());

  client.Send(PutOf("/take", 16'000'000));
  pollfd answer{client.fd(), POLLIN, 0};
  std::size_t sent = 0;
  while (::poll(&answer, 1, 0) == 0 && sent < 16'000'000 && client.Send("b")) ++sent;

  EXPECT_LT(sent, 16'000'000u);
  EXPECT_EQ(client.Read().status, 408);
}

TEST_F(ServerUploadTest, StopEndsAPullThatOutlastsIt) {
  std::latch entered(1);
  AddPut("/stuck", [&](const Request& rq, OpContext&) -> Result<Response> {
    entered.count_down();
    std::string buffer(10, '\0');
    const auto got = rq.incoming->Read(buffer);
    EXPECT_EQ(got.error().code, Code::kCancelled);
    return got.error();
  });
  Start();
  TestClient client(server_->port());
  client.Send(PutOf("/stuck", 10));
  entered.wait();

  EXPECT_EQ(server_->Stop(SteadyClock::now()).error().code, Code::kTimeout);
}

// ---- Threads and memory ------------------------------------------------------------------------

// A handler that takes nothing holds the client back: what it can send is what the sockets buffer.
TEST_F(ServerUploadTest, TakesNoMoreThanTheHandlerWants) {
  Gate gate;
  AddPut("/later", gate.Block());
  Start();
  TestClient client(server_->port());
  client.Send(PutOf("/later", std::size_t{1} << 40));
  gate.WaitUntilEntered();

  const std::string piece(100'000, 'x');
  std::size_t sent = 0;
  pollfd room{client.fd(), POLLOUT, 0};
  // Twice without room for a while: the buffers have settled.
  for (int full = 0; full < 2;) {
    const bool has_room = ::poll(&room, 1, 100) > 0;
    const ssize_t step =
        has_room ? ::send(client.fd(), piece.data(), piece.size(), MSG_DONTWAIT | MSG_NOSIGNAL)
                 : -1;
    if (step > 0) sent += static_cast<std::size_t>(step);
    full = step > 0 ? 0 : full + 1;
    ASSERT_LT(sent, std::size_t{64} << 20);
  }
  gate.Release();
  EXPECT_EQ(client.Read().status, 200);
}

TEST_F(ServerUploadTest, SlowUploadsLeaveTheWorkersToOthers) {
  options_.worker_threads = 1;
  options_.queue_length = 0;
  Gate first, second;
  AddPut("/first", first.Block());
  AddPut("/second", second.Block());
  Start();
  TestClient one(server_->port()), two(server_->port()), three(server_->port());
  one.Send(PutOf("/first", 10));
  first.WaitUntilEntered();
  two.Send(PutOf("/second", 10));
  second.WaitUntilEntered();

  EXPECT_EQ(TestClient(server_->port()).Ask(Get("/echo/x")).status, 200);
  const Answer busy = three.Ask(PutOf("/take", 3) + "abc");
  EXPECT_EQ(busy.status, 503);
  EXPECT_TRUE(busy.headers.Has("retry-after"));
  first.Release();
  second.Release();
  EXPECT_EQ(one.Read().status, 200);
  EXPECT_EQ(two.Read().status, 200);
}

TEST_F(ServerUploadTest, TakesManyBodiesAtOnce) {
  options_.transfer_threads = 8;
  const std::string bytes = Pattern(500'000);
  Start();
  std::vector<std::thread> clients;
  std::atomic<int> whole = 0;
  for (int i = 0; i < 8; ++i) {
    clients.emplace_back([&] {
      TestClient client(server_->port());
      for (int round = 0; round < 5; ++round) {
        client.Send(PutOf("/take", bytes.size()));
        client.Send(bytes);
        if (client.Read().status == 200) ++whole;
      }
    });
  }
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(whole, 40);
  for (const std::string& body : Bodies()) EXPECT_TRUE(body == bytes);
}

TEST_F(ServerUploadTest, DoesNotCountUnlimitedRoutes) {
  options_.rate_limit = RateLimit{.per_second = 0.01, .burst = 1};
  routes_.Add({.verb = Verb::kPut,
               .path = "/free",
               .id = "free",
               .handle = [](const Request&, OpContext&) { return Message(200, "ok"); },
               .unlimited = true});
  Start();
  TestClient client(server_->port());
  for (int i = 0; i < 5; ++i) EXPECT_EQ(client.Ask(PutOf("/free", 0)).status, 200);
  EXPECT_EQ(client.Ask(Get("/echo/x")).status, 200);
  EXPECT_EQ(client.Ask(Get("/echo/x")).status, 429);
}

TEST_F(ServerUploadTest, RecordsTheBytesOfTheBody) {
  std::vector<AccessRecord> records;
  options_.on_access = [&](const AccessRecord& record) { records.push_back(record); };
  Start();
  const std::string head = PutOf("/take", 100'000);
  {
    TestClient client(server_->port());
    client.Send(head + std::string(100'000, 'x'));
    client.Read();
  }

  ASSERT_TRUE(server_->Stop(Soon()).ok());

  ASSERT_EQ(records.size(), 1u);
  EXPECT_EQ(records[0].bytes_received, head.size() + 100'000);
  EXPECT_EQ(records[0].status, 200);
  EXPECT_EQ(records[0].route_id, "put/take");
}

}  // namespace
}  // namespace vams::http
