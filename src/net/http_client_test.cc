#include "net/http_client.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "testing/fake_aws_server.h"

namespace vams::net {
namespace {

using std::chrono::milliseconds;
using testing::FakeAnswer;
using testing::FakeAwsServer;
using testing::FakeRequest;

TEST(HttpClient, SendsWhatItWasGivenAndReturnsTheAnswer) {
  FakeAwsServer server([](const FakeRequest& request) -> FakeAnswer {
    return {.status = 418, .body = request.body + "!", .headers = {{"X-Thing", " a b "}}};
  });
  HttpClient http;
  OpContext op;
  bool arrived = false;

  const auto answer = http.Send(op,
                                {.method = "PUT",
                                 .url = server.endpoint() + "/a/../b%20c?x=1",
                                 .headers = {{"x-one", "1"}, {"x-none", ""}},
                                 .body = std::string("b\0y", 3)},
                                &arrived)
                          .value();

  EXPECT_EQ(answer.status, 418);
  EXPECT_EQ(answer.body, std::string("b\0y!", 4));
  EXPECT_EQ(*FindHeader(answer.headers, "x-THING"), "a b");
  EXPECT_TRUE(arrived);
  const auto request = server.requests().at(0);
  EXPECT_EQ(request.method, "PUT");
  EXPECT_EQ(request.path, "/a/../b%20c?x=1");
  EXPECT_EQ(request.Header("x-one"), "1");
  EXPECT_TRUE(request.headers.contains("x-none"));
  EXPECT_FALSE(request.headers.contains("expect"));
  EXPECT_FALSE(request.headers.contains("content-type"));
}

TEST(HttpClient, FollowsNoRedirect) {
  FakeAwsServer server([](const FakeRequest&) -> FakeAnswer {
    return {.status = 302, .headers = {{"Location", "/elsewhere"}}};
  });
  HttpClient http;
  OpContext op;

  EXPECT_EQ(http.Send(op, {.url = server.endpoint() + "/"}).value().status, 302);
  EXPECT_EQ(server.requests().size(), 1u);
}

TEST(HttpClient, RefusesAnswersThatAreTooLarge) {
  FakeAwsServer server(
      [](const FakeRequest&) -> FakeAnswer { return {.body = std::string(5'000, 'x')}; });
  HttpClient http;
  OpContext op;

  const auto answer = http.Send(op, {.url = server.endpoint(), .max_response_bytes = 4'999});
  const auto fits = http.Send(op, {.url = server.endpoint(), .max_response_bytes = 5'000});

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kTooLarge);
  EXPECT_TRUE(fits.ok());
}

TEST(HttpClient, SilenceAndBrokenAnswersAreUnavailableAndMayHaveArrived) {
  for (const auto how :
       {FakeAnswer::How::kSilent, FakeAnswer::How::kDrop, FakeAnswer::How::kCutOff}) {
    FakeAwsServer server(
        [&](const FakeRequest&) -> FakeAnswer { return {.body = "0123456789", .how = how}; });
    HttpClient http;
    OpContext op;
    bool arrived = false;

    const auto answer = http.Send(
        op, {.method = "POST", .url = server.endpoint(), .timeout = milliseconds(300)}, &arrived);

    ASSERT_FALSE(answer.ok());
    EXPECT_EQ(answer.error().code, Code::kUnavailable) << answer.error().message;
    EXPECT_TRUE(answer.error().retryable);
    EXPECT_TRUE(arrived);
  }
}

// libcurl would send the second request again by itself, since its connection was used before.
TEST(HttpClient, SendsNothingTwice) {
  for (const char* body : {"body", ""}) {
    FakeAwsServer server([](const FakeRequest& request) -> FakeAnswer {
      return {.how = request.number == 1 ? FakeAnswer::How::kWhole : FakeAnswer::How::kDrop};
    });
    HttpClient http;
    OpContext op;
    const HttpRequest request{.method = "POST", .url = server.endpoint(), .body = body};
    ASSERT_TRUE(http.Send(op, request).ok());
    bool arrived = false;

    const auto second = http.Send(op, request, &arrived);

    EXPECT_EQ(second.error().code, Code::kUnavailable);
    EXPECT_TRUE(arrived);
    EXPECT_EQ(server.requests().size(), 2u);
  }
}

TEST(HttpClient, NobodyThereIsUnavailableAndHasNotArrived) {
  std::string endpoint;
  {
    FakeAwsServer gone([](const FakeRequest&) { return FakeAnswer{}; });
    endpoint = gone.endpoint();
  }
  HttpClient http;
  OpContext op;
  bool arrived = true;

  const auto answer = http.Send(op, {.method = "POST", .url = endpoint, .body = "x"}, &arrived);

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_FALSE(arrived);
}

TEST(HttpClient, OperationsEndWithTheirDeadlineOrWhenCancelled) {
  FakeAwsServer server(
      [](const FakeRequest&) -> FakeAnswer { return {.how = FakeAnswer::How::kSilent}; });
  HttpClient http;
  OpContext late(OpContext::SteadyClock::now() + milliseconds(100));
  OpContext cancelled;

  EXPECT_EQ(http.Send(late, {.url = server.endpoint()}).error().code, Code::kTimeout);
  std::thread canceller([&] { cancelled.Cancel(); });
  const auto answer = http.Send(cancelled, {.url = server.endpoint()});
  canceller.join();
  EXPECT_EQ(answer.error().code, Code::kCancelled);
}

TEST(HttpClient, RefusesHeadersThatWouldForgeOthers) {
  HttpClient http;
  OpContext op;

  const auto answer =
      http.Send(op, {.url = "http://127.0.0.1:1", .headers = {{"a", "b\r\nx-admin: 1"}}});

  ASSERT_FALSE(answer.ok());
  EXPECT_EQ(answer.error().code, Code::kInvalid);
}

TEST(HttpClient, ServesManyThreadsAtOnce) {
  FakeAwsServer server(
      [](const FakeRequest& request) -> FakeAnswer { return {.body = request.body}; });
  HttpClient http;
  std::vector<std::thread> threads;
  std::atomic<int> right = 0;

  for (int t = 0; t < 8; ++t)
    threads.emplace_back([&, t] {
      OpContext op;
      for (int i = 0; i < 20; ++i) {
        const std::string body = std::to_string(t) + "/" + std::to_string(i);
        const auto answer =
            http.Send(op, {.method = "POST", .url = server.endpoint(), .body = body});
        if (answer.ok() && answer->body == body) ++right;
      }
    });
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(right, 160);
}

// Gives its text in pieces of `piece` bytes, and an error once `good` bytes are given.
class TextSource final : public BodySource {
 public:
  TextSource(std::string text, std::size_t piece, std::size_t good = SIZE_MAX)
      : text_(std::move(text)), piece_(piece), good_(good) {}
  std::uint64_t size() const override { return text_.size(); }
  Result<std::size_t> Read(char* to, std::size_t count) override {
    if (at_ >= good_) return Error(Code::kConflict, "it was changed");
    const std::size_t length = std::min({count, piece_, text_.size() - at_});
    text_.copy(to, length, at_);
    at_ += length;
    return length;
  }

 private:
  const std::string text_;
  const std::size_t piece_, good_;
  std::size_t at_ = 0;
};

class TextSink final : public BodySink {
 public:
  explicit TextSink(int wanted, std::size_t room = SIZE_MAX) : wanted_(wanted), room_(room) {}
  Result<bool> Begin(int status, const std::vector<Header>& headers) override {
    ++begun;
    tag = FindHeader(headers, "x-tag") == nullptr ? "" : *FindHeader(headers, "x-tag");
    return status == wanted_;
  }
  Status Write(std::string_view bytes) override {
    if (text.size() + bytes.size() > room_) return Error(Code::kTooLarge, "no room");
    text += bytes;
    return Ok();
  }
  int begun = 0;
  std::string tag, text;

 private:
  const int wanted_;
  const std::size_t room_;
};

TEST(HttpClient, StreamsBothBodies) {
  FakeAwsServer server([](const FakeRequest& request) -> FakeAnswer {
    return {.body = request.body, .headers = {{"X-Tag", "t"}}};
  });
  HttpClient http;
  OpContext op;
  std::string text;
  for (int i = 0; i < 200'000; ++i) text += std::to_string(i);
  TextSource source(text, 1'000);
  TextSink sink(200);

  const auto answer = http.Send(op, {.method = "PUT",
                                     .url = server.endpoint() + "/",
                                     .max_response_bytes = 10,
                                     .source = &source,
                                     .sink = &sink})
                          .value();

  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body, "");
  EXPECT_EQ(sink.text, text);
  EXPECT_EQ(sink.tag, "t");
  EXPECT_EQ(sink.begun, 1);
}

TEST(HttpClient, HoldsAnAnswerThatTheSinkDoesNotTake) {
  FakeAwsServer server([](const FakeRequest& request) -> FakeAnswer {
    return {.status = 404, .body = request.path == "/a" ? "gone" : ""};
  });
  HttpClient http;
  OpContext op;
  TextSink sink(200);

  EXPECT_EQ(http.Send(op, {.url = server.endpoint() + "/a", .sink = &sink}).value().body, "gone");
  EXPECT_EQ(http.Send(op, {.url = server.endpoint() + "/b", .sink = &sink}).value().body, "");
  EXPECT_EQ(sink.begun, 2);  // without a body as well
  EXPECT_EQ(sink.text, "");
}

TEST(HttpClient, EndsWithTheErrorOfTheSourceOrTheSink) {
  FakeAwsServer server(
      [](const FakeRequest&) -> FakeAnswer { return {.body = std::string(5'000, 'x')}; });
  HttpClient http;
  OpContext op;
  TextSource source(std::string(1'000'000, 'y'), 1'000, 10'000);
  TextSink sink(200, 100);

  const auto unread =
      http.Send(op, {.method = "PUT", .url = server.endpoint() + "/", .source = &source});
  const auto unwritten = http.Send(op, {.url = server.endpoint() + "/", .sink = &sink});

  EXPECT_EQ(unread.error().message, "it was changed");
  EXPECT_EQ(unwritten.error().message, "no room");
}

TEST(HttpClient, GivesAnIdleConnectionUp) {
  FakeAwsServer server(
      [](const FakeRequest&) -> FakeAnswer { return {.how = FakeAnswer::How::kSilent}; });
  HttpClient http;
  OpContext op;

  const auto answer =
      http.Send(op, {.url = server.endpoint() + "/", .idle_timeout = std::chrono::seconds(1)});

  EXPECT_EQ(answer.error().code, Code::kUnavailable);
  EXPECT_TRUE(answer.error().retryable);
}

}  // namespace
}  // namespace vams::net
