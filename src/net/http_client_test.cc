#include "net/http_client.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace vams::net
