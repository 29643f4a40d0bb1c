#include "net/aws_client.h"

#include <gtest/gtest.h>

#include "net/http_client.h"
#include "net/lambda.h"
#include "testing/fake_aws_server.h"

namespace vams::net {
namespace {

using testing::FakeAnswer;
using testing::FakeAwsServer;
using testing::FakeRequest;

// Hands out numbered keys, the next one after each refusal.
class Renewed final : public CredentialSource {
 public:
  Result<Credentials> Get(OpContext&) override {
    return Credentials{"AKID" + std::to_string(number_), "very-secret", "session-secret", 0};
  }
  void Refuse(const Credentials&) override { ++number_; }

 private:
  int number_ = 1;
};

struct Calling {
  explicit Calling(FakeAwsServer::Handler handler) : server(std::move(handler)) {}

  Result<HttpResponse> Send(AwsRequest request) {
    request.endpoint = server.endpoint();
    return client.Send(op, request);
  }

  FakeAwsServer server;
  HttpClient http;
  Renewed credentials;
  AwsClient client{http, credentials, SystemClock(), "eu-west-1"};
  OpContext op;
};

TEST(AwsClient, SignsForServiceAndRegion) {
  Calling calling([](const FakeRequest&) { return FakeAnswer{.body = "{}"}; });

  const auto answer = calling.Send({.service = "lambda",
                                    .path = "/a%3Ab",
                                    .query = "x=1",
                                    .headers = {{"x-amz-target", "T"}},
                                    .body = "body"});

  ASSERT_TRUE(answer.ok());
  const auto request = calling.server.requests().at(0);
  EXPECT_EQ(request.path, "/a%3Ab?x=1");
  EXPECT_EQ(request.body, "body");
  EXPECT_EQ(request.Header("x-amz-security-token"), "session-secret");
  const auto authorization = request.Header("authorization");
  EXPECT_NE(authorization.find("/eu-west-1/lambda/aws4_request"), std::string::npos);
  EXPECT_NE(authorization.find("SignedHeaders=host;x-amz-date;x-amz-security-token;x-amz-target"),
            std::string::npos);
}

TEST(AwsClient, ExpiredCredentialsAreRenewedOnce) {
  Calling calling([](const FakeRequest& request) -> FakeAnswer {
    if (request.Header("authorization").find("AKID1/") != std::string_view::npos)
      return {.status = 400,
              .body = R"({"__type":"com.amazon.coral.service#ExpiredTokenException"})"};
    return {.body = "fine"};
  });

  const auto answer = calling.Send({.service = "dynamodb"});

  EXPECT_EQ(answer.value().body, "fine");
  EXPECT_EQ(calling.server.requests().size(), 2u);
}

TEST(AwsClient, CredentialsThatStayExpiredAreReportedNotRepeated) {
  Calling calling([](const FakeRequest&) -> FakeAnswer {
    return {.status = 400, .body = R"({"__type":"x#ExpiredTokenException"})"};
  });

  const auto answer = calling.Send({.service = "dynamodb"}).value();
  const auto error = CredentialError(ReadFailure(answer), "DynamoDB", "Scan");

  EXPECT_EQ(calling.server.requests().size(), 2u);
  ASSERT_TRUE(error.has_value());
  EXPECT_EQ(error->code, Code::kUnauthenticated);
}

TEST(AwsClient, FailuresTellTheirTypeInEveryForm) {
  EXPECT_EQ(ReadFailure({.status = 400, .body = R"({"__type":"a.b#C","message":"m"})"}).type, "C");
  EXPECT_EQ(ReadFailure({.status = 400, .body = R"({"__type":"a#C","Message":"M"})"}).message, "M");
  const HttpResponse lambda{
      .status = 404, .headers = {{"X-Amzn-ErrorType", "ResourceNotFoundException:http://x"}}};
  EXPECT_EQ(ReadFailure(lambda).type, "ResourceNotFoundException");
  EXPECT_EQ(ReadFailure({.status = 502, .body = "<html>"}).type, "");
}

TEST(AwsClient, ExplainedSignaturesLeakNoToken) {
  const HttpResponse response{
      .status = 400,
      .body = R"({"__type":"x#InvalidSignatureException","message":"The signature does not match. )"
              R"(The Canonical String should have been 'x-amz-security-token:session-secret'"})"};

  const auto failure = ReadFailure(response);
  const auto error = CredentialError(failure, "DynamoDB", "Scan").value();

  EXPECT_EQ(error.code, Code::kUnauthenticated);
  EXPECT_EQ((error.message + error.details).find("session-secret"), std::string::npos);
}

TEST(AwsClient, BadEndpointsAreRefusedBeforeAnythingIsSent) {
  HttpClient http;
  Renewed credentials;
  AwsClient client(http, credentials, SystemClock(), "eu-west-1");
  OpContext op;
  for (const char* endpoint :
       {"localhost:8000", "ftp://x", "http://", "http://user@host", "http://host/?query"})
    EXPECT_EQ(client.Send(op, {.service = "dynamodb", .endpoint = endpoint}).error().code,
              Code::kInvalid)
        << endpoint;
}

// ---- Lambda

TEST(Lambda, InvokesAndReturnsWhatTheFunctionSays) {
  Calling calling([](const FakeRequest& request) -> FakeAnswer {
    if (request.body == "\"fail\"")
      return {.body = R"({"errorMessage":"no"})",
              .headers = {{"X-Amz-Function-Error", "Unhandled"}}};
    return {.body = "[1]"};
  });
  const auto invoke = [&](std::string payload) {
    return InvokeFunction(calling.op, calling.client, calling.server.endpoint(), "step:live",
                          std::move(payload));
  };

  const auto good = invoke("{}").value();
  const auto bad = invoke("\"fail\"").value();

  EXPECT_EQ(good.status, 200);
  EXPECT_EQ(good.payload, "[1]");
  EXPECT_EQ(good.function_error, "");
  EXPECT_EQ(bad.function_error, "Unhandled");
  EXPECT_EQ(calling.server.requests().at(0).path, "/2015-03-31/functions/step%3Alive/invocations");
}

TEST(Lambda, IsNeverCalledTwice) {
  for (const auto& answer :
       {FakeAnswer{.how = FakeAnswer::How::kDrop}, FakeAnswer{.status = 500, .body = "{}"},
        FakeAnswer{.status = 429, .body = "{}"}}) {
    Calling calling([&](const FakeRequest&) { return answer; });

    const auto result =
        InvokeFunction(calling.op, calling.client, calling.server.endpoint(), "step", "{}");

    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::kUnavailable);
    EXPECT_EQ(calling.server.requests().size(), 1u);
  }
}

TEST(Lambda, LostAnswerSaysThatTheFunctionMayHaveRun) {
  Calling calling([](const FakeRequest&) { return FakeAnswer{.how = FakeAnswer::How::kDrop}; });

  const auto result =
      InvokeFunction(calling.op, calling.client, calling.server.endpoint(), "step", "{}");

  EXPECT_NE(result.error().message.find("may have run"), std::string::npos);
  EXPECT_FALSE(result.error().retryable);
}

TEST(Lambda, UnknownFunctionsAndRefusedCallersAreTold) {
  Calling calling([](const FakeRequest& request) -> FakeAnswer {
    if (request.path.find("/nobody/") != std::string::npos)
      return {.status = 404, .body = R"({"Type":"User","Message":"Function not found"})"};
    return {.status = 403,
            .body = R"({"Message":"User: u is not authorized"})",
            .headers = {{"x-amzn-ErrorType", "AccessDeniedException"}}};
  });

  EXPECT_EQ(InvokeFunction(calling.op, calling.client, calling.server.endpoint(), "nobody", "{}")
                .error()
                .code,
            Code::kNotFound);
  EXPECT_EQ(InvokeFunction(calling.op, calling.client, calling.server.endpoint(), "secret", "{}")
                .error()
                .code,
            Code::kDenied);
}

}  // namespace
}  // namespace vams::net
