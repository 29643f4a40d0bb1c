// What the tests of items/dynamodb share: a store on a scripted server, with time that passes at
// once.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>

#include "items/dynamodb/dynamodb_store.h"
#include "net/test_support.h"
#include "testing/fake_aws_server.h"

namespace vams::items::dynamodb::test {

using testing::FakeAnswer;
using testing::FakeAwsServer;
using testing::FakeRequest;

inline constexpr std::string_view kSecret = "sEcReT-kEy-0123456789";
inline constexpr std::string_view kToken = "sEsSiOn-tOkEn-0123456789";

inline FakeAnswer Failure(std::string_view type, std::string_view message = "", int status = 400) {
  return {.status = status,
          .body = "{\"__type\":\"com.amazonaws.dynamodb.v20120810#" + std::string(type) +
                  "\",\"message\":\"" + std::string(message) + "\"}"};
}

// Answers for a table "parts" with partition "p" and sort "s", text, without TTL.
inline FakeAnswer Described(const FakeRequest& request) {
  if (request.action == "DescribeTimeToLive")
    return {.body = R"({"TimeToLiveDescription":{"TimeToLiveStatus":"DISABLED"}})"};
  return {
      .body =
          R"({"Table":{"TableName":"parts","TableStatus":"ACTIVE","TableArn":"arn:parts",)"
          R"("AttributeDefinitions":[{"AttributeName":"p","AttributeType":"S"},)"
          R"({"AttributeName":"s","AttributeType":"S"}],"KeySchema":[)"
          R"({"AttributeName":"p","KeyType":"HASH"},{"AttributeName":"s","KeyType":"RANGE"}]}})"};
}

// A store that calls a server of this process; descriptions are answered here, the rest by the
// test.
class Scripted {
 public:
  explicit Scripted(FakeAwsServer::Handler handler, DynamoOptions options = {})
      : server([handler = std::move(handler)](const FakeRequest& request) {
          if (request.action.starts_with("Describe") && request.action.find("Table") == 8)
            return Described(request);
          if (request.action == "DescribeTimeToLive") return Described(request);
          return handler(request);
        }),
        credentials(
            net::FixedCredentials({"AKIDEXAMPLE", std::string(kSecret), std::string(kToken), 0})) {
    options.region = "eu-west-1";
    options.endpoint = server.endpoint();
    options.environment = net::test::Variables({});
    options.timer = &timer;
    options.random = &random;
    if (options.credentials == nullptr) options.credentials = credentials.get();
    auto opened = OpenDynamoStore(std::move(options));
    EXPECT_TRUE(opened.ok());
    store = *std::move(opened);
  }

  FakeAwsServer server;
  net::test::FakeTimer timer;
  net::test::SeededRandom random{11};
  std::unique_ptr<net::CredentialSource> credentials;
  std::unique_ptr<DynamoStore> store;
  OpContext op;
};

inline Item Key(std::string_view p, std::string_view s) {
  return Item{{"p", Value::S(std::string(p))}, {"s", Value::S(std::string(s))}};
}

}  // namespace vams::items::dynamodb::test
