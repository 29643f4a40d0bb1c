#include "http/event_stream.h"

#include <gtest/gtest.h>

#include <atomic>
#include <cstring>
#include <deque>
#include <mutex>

#include "http/server_fixture_test.h"

namespace vams::http {
namespace {

// Tells what the test puts in.
class Told final : public EventSource {
 public:
  void Tell(std::string text) {
    const std::lock_guard lock(mutex_);
    texts_.push_back(std::move(text));
  }
  void End() { end_ = true; }
  int looks() const { return looks_; }

  bool ended() const override { return ended_; }
  std::chrono::milliseconds rest() const override { return std::chrono::milliseconds(1); }
  Result<std::size_t> Read(OpContext&, std::span<char> buffer) override {
    ++looks_;
    const std::lock_guard lock(mutex_);
    if (texts_.empty()) {
      ended_ = end_.load();
      return std::size_t{0};
    }
    const std::string text = std::move(texts_.front());
    texts_.pop_front();
    std::memcpy(buffer.data(), text.data(), text.size());
    return text.size();
  }

 private:
  std::mutex mutex_;
  std::deque<std::string> texts_;
  std::atomic<bool> end_ = false, ended_ = false;
  std::atomic<int> looks_ = 0;
};

TEST(EventText, WritesEveryLineOfTheData) {
  EXPECT_EQ(EventText("operation", "{}"), "event: operation\ndata: {}\n\n");
  EXPECT_EQ(EventText("", "a\n\nb"), "data: a\ndata: \ndata: b\n\n");
}

class EventServerTest : public ServerTest {
 protected:
  void Begin() {
    options_.body_threads = 1;
    Add("/events",
        [this](const Request&, OpContext&) -> Result<Response> { return EventResponse(told_); });
    Add("/stream", [](const Request&, OpContext&) -> Result<Response> {
      auto told = std::make_shared<Told>();
      told->Tell("whole");
      told->End();
      return EventResponse(std::move(told));
    });
    Start();
  }
  void WaitForLooks(int more) const {
    const int begun = told_->looks();
    while (told_->looks() < begun + more) std::this_thread::yield();
  }

  const std::shared_ptr<Told> told_ = std::make_shared<Told>();
};

// A listener to whom nothing is told must not hold the only thread that sends bodies.
TEST_F(EventServerTest, ASilentListenerIsInNobodysWay) {
  Begin();
  TestClient listener(server_->port());
  listener.Send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  WaitForLooks(3);

  TestClient other(server_->port());
  EXPECT_EQ(other.Ask("GET /stream HTTP/1.1\r\nHost: h\r\n\r\n").body, "whole");

  told_->Tell("first;");
  WaitForLooks(3);
  told_->Tell("second;");
  told_->End();
  const Answer answer = listener.Read();
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.Header("content-type"), "text/event-stream");
  EXPECT_EQ(answer.body, "first;second;");
}

// Else a server could not stop, or start anew, before every page was closed.
TEST_F(EventServerTest, StoppingEndsTheStream) {
  Begin();
  TestClient listener(server_->port());
  listener.Send("GET /events HTTP/1.1\r\nHost: h\r\n\r\n");
  told_->Tell("first;");
  WaitForLooks(3);

  EXPECT_TRUE(server_->Stop(Soon()).ok());

  EXPECT_EQ(listener.Read().body, "first;");
}

}  // namespace
}  // namespace vams::http
