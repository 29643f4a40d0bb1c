// The two sides of the socket `manage` together: lifecycle::ServedStack asks, ManageServer answers.
#include "app/manage.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "lifecycle/served_stack.h"

namespace vams::app {
namespace {

using lifecycle::ManageSocket;
using lifecycle::ServedStack;
using lifecycle::ServedState;
using lifecycle::ServingMode;

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) {
    ADD_FAILURE() << result.error().message;
    std::abort();
  }
  return *std::move(result);
}

// A server that does what it is asked and remembers it.
class FakeServer final : public ManageHandler {
 public:
  ServedState State() override {
    return {.release = "1.2",
            .pid = ::getpid(),
            .url = "http://127.0.0.1:1",
            .generation = 3,
            .data_version = {2, 5},
            .mode = frozen ? ServingMode::kFrozen : ServingMode::kServing,
            .reason = "because",
            .last_change = 42};
  }
  Result<items::Position> Freeze(std::string_view reason) override {
    if (reason == "refuse") return Error(Code::kUnavailable, "a write does not end");
    frozen = true;
    return items::Position{42};
  }
  void Thaw() override { frozen = false; }
  bool Moved() override { return moved; }
  void Reload() override { ++reloads; }
  Result<std::string> AdminToken() override { return std::string("secret"); }
  Status Refresh() override { return Ok(); }

  std::atomic<bool> frozen = false, moved = false;
  std::atomic<int> reloads = 0;
};

void WaitUntil(const std::function<bool()>& condition) {
  while (!condition()) std::this_thread::yield();
}

class ManageTest : public testing::Test {
 protected:
  ManageTest() {
    // Longer than the address of a socket may be.
    stack.folder = folder.path() / std::string(60, 'a') / std::string(60, 'b');
    stack.name = "prod";
    std::filesystem::create_directories(stack.folder);
    Start();
  }

  void Start() { server = Must(ManageServer::Start(Must(ListenFor(stack)), {}, handler)); }
  ServedStack Connect() {
    auto found = Must(ServedStack::Find(stack));
    EXPECT_TRUE(found.has_value());
    return std::move(found).value();  // NOLINT(bugprone-unchecked-optional-access)
  }

  files::TempFolder folder =
      Must(files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-manage"));
  lifecycle::Stack stack;
  FakeServer handler;
  std::unique_ptr<ManageServer> server;
};

TEST_F(ManageTest, TellsHowItIs) {
  ServedStack served = Connect();

  const ServedState state = Must(served.State());

  EXPECT_EQ(state.release, "1.2");
  EXPECT_EQ(state.pid, ::getpid());
  EXPECT_EQ(state.url, "http://127.0.0.1:1");
  EXPECT_EQ(state.generation, 3U);
  EXPECT_EQ(state.data_version.ToString(), "2.5");
  EXPECT_EQ(state.mode, ServingMode::kServing);
  EXPECT_EQ(state.last_change, 42U);
  EXPECT_EQ(Must(served.AdminToken()), "secret");
}

TEST_F(ManageTest, NobodyServesWhereNobodyListens) {
  server.reset();  // the socket's file stays, as after a crash
  EXPECT_FALSE(Must(ServedStack::Find(stack)).has_value());

  Start();
  EXPECT_TRUE(Must(ServedStack::Find(stack)).has_value());
}

TEST_F(ManageTest, AFreezeEndsWithWhoeverAskedForIt) {
  {
    ServedStack served = Connect();
    EXPECT_EQ(Must(served.Freeze("update")), 42U);
    EXPECT_TRUE(handler.frozen);
    EXPECT_EQ(Must(served.Freeze("update")), 42U);
    ServedStack other = Connect();
    EXPECT_EQ(other.Freeze("mine").error().code, Code::kConflict);
    EXPECT_EQ(other.Reload().error().code, Code::kConflict);
    EXPECT_TRUE(handler.frozen);
    ASSERT_TRUE(served.Thaw().ok());
    EXPECT_FALSE(handler.frozen);
    EXPECT_EQ(Must(other.Freeze("mine")), 42U);
  }
  WaitUntil([&] { return !handler.frozen; });
  EXPECT_EQ(handler.reloads, 0);
}

TEST_F(ManageTest, AFreezeThatIsRefusedHoldsNothingBack) {
  ServedStack served = Connect();

  EXPECT_EQ(served.Freeze("refuse").error().message, "a write does not end");

  EXPECT_EQ(Must(Connect().Freeze("mine")), 42U);
}

// Behind a switch writes must not go where nobody looks any more.
TEST_F(ManageTest, TheServerStartsAnewInsteadWhenItsGenerationIsOld) {
  {
    ServedStack served = Connect();
    Must(served.Freeze("update"));
    handler.moved = true;
  }
  WaitUntil([&] { return handler.reloads == 1; });
  EXPECT_TRUE(handler.frozen);
}

// Who asked for it is answered by the program that comes next, over the same connection.
TEST_F(ManageTest, AReloadIsAnsweredByTheNextProgram) {
  ServedStack served = Connect();
  std::thread asking([&] {
    const ServedState state = Must(served.Reload());
    EXPECT_EQ(state.generation, 3U);
    EXPECT_EQ(Must(served.State()).generation, 3U);
  });
  WaitUntil([&] { return handler.reloads == 1; });
  Inherited inherited;
  server->HandOver(inherited);
  server.reset();
  ASSERT_EQ(inherited.clients.size(), 1U);
  EXPECT_TRUE(inherited.clients.front().waiting);

  server =
      Must(ManageServer::Start(std::move(inherited.manage), std::move(inherited.clients), handler));

  asking.join();
}

TEST_F(ManageTest, AFailedReloadSaysWhyAndAnotherMayFollow) {
  ServedStack served = Connect();
  std::thread asking([&] {
    EXPECT_EQ(served.Reload().error().message, "the configuration is broken");
    EXPECT_EQ(Must(served.State()).pid, ::getpid());
  });
  WaitUntil([&] { return handler.reloads == 1; });
  Inherited inherited;
  server->HandOver(inherited);

  server =
      Must(ManageServer::Start(std::move(inherited.manage), std::move(inherited.clients), handler,
                               Error(Code::kUnavailable, "the configuration is broken")));

  asking.join();
}

TEST_F(ManageTest, TheEndOfTheServerIsTold) {
  ServedStack served = Connect();
  Must(served.Freeze("update"));
  server.reset();

  EXPECT_EQ(served.State().error().code, Code::kCancelled);
  // The freeze is gone with it: nothing that follows may believe in it.
  Start();
  EXPECT_EQ(served.Thaw().error().code, Code::kCancelled);
}

}  // namespace
}  // namespace vams::app
