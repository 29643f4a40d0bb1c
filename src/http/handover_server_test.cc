// One server takes over the listening sockets of another while clients come and go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <thread>
#include <vector>

#include "http/server_fixture_test.h"

namespace vams::http {
namespace {

using testing::HasSubstr;

class ServerHandoverTest : public ServerTest {
 protected:
  // Starts a server on the sockets of the running one.
  std::unique_ptr<Server> StartSuccessor() {
    auto sockets = server_->DuplicateListeners();
    EXPECT_TRUE(sockets.ok());
    ServerOptions options = options_;
    for (FileDescriptor& socket : *sockets)
      options.listeners.push_back(std::make_shared<FileDescriptor>(std::move(socket)));
    auto successor = Server::Start(options, routes_);
    EXPECT_TRUE(successor.ok());
    return *std::move(successor);
  }
};

// Every client must connect and be answered, whichever of two servers happens to be there: those
// that connect in between, those that have connected but not asked yet, and those in the backlog.
TEST_F(ServerHandoverTest, RefusesNobodyWhileServersFollowOneAnother) {
  options_.addresses = {{"127.0.0.1", 0}, {"127.0.0.1", 0}};
  Start();
  const std::vector<ListenAddress> addresses = server_->addresses();
  std::atomic<bool> done = false;
  std::atomic<int> served = 0, refused = 0, unanswered = 0;
  std::vector<std::thread> clients;
  for (std::size_t i = 0; i < 4; ++i)
    clients.emplace_back([&, i] {
      while (!done) {
        TestClient client(addresses[i % 2].port);
        if (!client.connected())
          ++refused;
        else if (client.Ask(Get("/echo/x", "Connection: close\r\n")).status != 200)
          ++unanswered;
        else
          ++served;
      }
    });

  for (int generation = 0; generation < 10; ++generation) {
    const int before = served;
    std::unique_ptr<Server> successor = StartSuccessor();
    EXPECT_EQ(successor->addresses(), addresses);
    EXPECT_TRUE(server_->Stop(Soon()).ok());
    server_ = std::move(successor);
    const auto end = Soon();
    while (served < before + 20 && SteadyClock::now() < end) std::this_thread::yield();
  }
  done = true;
  for (std::thread& client : clients) client.join();

  EXPECT_EQ(refused, 0);
  EXPECT_EQ(unanswered, 0);
  EXPECT_GE(served, 200);
}

// A client that the old server had no room for waits in the backlog; the new one serves it.
TEST_F(ServerHandoverTest, LeavesTheBacklogToTheSuccessor) {
  options_.max_connections = 1;
  Gate gate;
  Add("/busy", gate.Block());
  Start();
  TestClient busy(server_->port());
  busy.Send(Get("/busy"));
  gate.WaitUntilEntered();
  TestClient waiting(server_->port());
  waiting.Send(Get("/echo/waiting"));

  const std::unique_ptr<Server> successor = StartSuccessor();

  EXPECT_EQ(waiting.Read().body, "name=waiting;");
  std::thread stopper([&] { EXPECT_TRUE(server_->Stop(Soon()).ok()); });
  gate.Release();
  EXPECT_EQ(busy.Read().status, 200) << "the old server finishes what it has begun";
  stopper.join();
  EXPECT_EQ(TestClient(successor->port()).Ask(Get("/echo/x")).status, 200);
}

// A client that has connected but not asked yet when the old server stops is still served.
TEST_F(ServerHandoverTest, WaitsAMomentForTheFirstRequestOfAConnection) {
  Start();
  TestClient idle(server_->port());
  ASSERT_EQ(idle.Ask(Get("/echo/x")).status, 200);
  TestClient fresh(server_->port());
  // Whoever is served after it came after it: the fresh connection has been accepted.
  ASSERT_EQ(TestClient(server_->port()).Ask(Get("/echo/x")).status, 200);
  const std::unique_ptr<Server> successor = StartSuccessor();

  std::thread stopper([&] { EXPECT_TRUE(server_->Stop(Soon()).ok()); });
  EXPECT_TRUE(idle.AtEnd());  // so the old server drains
  EXPECT_EQ(fresh.Ask(Get("/echo/fresh")).body, "name=fresh;");
  stopper.join();
}

TEST_F(ServerHandoverTest, OffersNothingOnceItHasStopped) {
  Start();
  ASSERT_TRUE(server_->Stop(Soon()).ok());
  EXPECT_EQ(server_->DuplicateListeners().error().code, Code::kUnavailable);
}

TEST_F(ServerHandoverTest, AdoptsListeningSocketsOnly) {
  options_.listeners = {
      std::make_shared<FileDescriptor>(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0))};
  const auto server = Server::Start(options_, routes_);
  ASSERT_FALSE(server.ok());
  EXPECT_EQ(server.error().code, Code::kInvalid);
  EXPECT_THAT(server.error().message, HasSubstr("no listening socket"));
}

}  // namespace
}  // namespace vams::http
