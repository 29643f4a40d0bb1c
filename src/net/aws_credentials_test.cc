#include "net/aws_credentials.h"

#include <gtest/gtest.h>

#include <atomic>

#include "net/http_client.h"
#include "net/test_support.h"
#include "testing/fake_aws_server.h"

namespace vams::net {
namespace {

using test::Variables;
using testing::FakeAnswer;
using testing::FakeAwsServer;
using testing::FakeRequest;

class StandingClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return now; }
  std::atomic<std::int64_t> now = 1'715'000'000'000;  // 2024-05-06T12:53:20Z
};

FakeAnswer Temporary(int number, std::string_view expires) {
  return {.body = "{\"AccessKeyId\":\"ASIA" + std::to_string(number) +
                  "\",\"SecretAccessKey\":\"hush-hush\",\"Token\":\"token\",\"Expiration\":\"" +
                  std::string(expires) + "\"}"};
}

TEST(AwsCredentials, EnvironmentComesFirst) {
  HttpClient http;
  StandingClock clock;
  OpContext op;
  const auto source = DefaultCredentials(Variables({{"AWS_ACCESS_KEY_ID", "AKID"},
                                                    {"AWS_SECRET_ACCESS_KEY", "secret"},
                                                    {"AWS_SESSION_TOKEN", "token"}}),
                                         http, clock);

  const auto credentials = source->Get(op).value();

  EXPECT_EQ(credentials.access_key, "AKID");
  EXPECT_EQ(credentials.secret_key, "secret");
  EXPECT_EQ(credentials.session_token, "token");
}

TEST(AwsCredentials, InstanceMetadataIsAskedWithItsToken) {
  std::atomic<int> served = 0;
  FakeAwsServer server([&](const FakeRequest& request) -> FakeAnswer {
    if (request.method == "PUT" && request.path == "/latest/api/token")
      return {.body = "metadata-token"};
    if (request.Header("x-aws-ec2-metadata-token") != "metadata-token") return {.status = 401};
    if (request.path == "/latest/meta-data/iam/security-credentials/") return {.body = "my role\n"};
    if (request.path == "/latest/meta-data/iam/security-credentials/my%20role")
      return Temporary(++served, "2024-05-06T18:00:00Z");
    return {.status = 404};
  });
  HttpClient http;
  StandingClock clock;
  OpContext op;
  const auto source = DefaultCredentials(
      Variables({{"AWS_EC2_METADATA_SERVICE_ENDPOINT", server.endpoint() + "/"}}), http, clock);

  const auto credentials = source->Get(op).value();

  EXPECT_EQ(credentials.access_key, "ASIA1");
  EXPECT_EQ(credentials.session_token, "token");
  EXPECT_EQ(credentials.expires_millis, 1'715'018'400'000);
  EXPECT_EQ(source->Get(op).value().access_key, "ASIA1");
  EXPECT_EQ(served, 1);
}

TEST(AwsCredentials, TemporaryOnesAreFetchedAgainBeforeTheyExpire) {
  std::atomic<int> served = 0;
  std::atomic<bool> broken = false;
  FakeAwsServer server([&](const FakeRequest& request) -> FakeAnswer {
    EXPECT_EQ(request.Header("authorization"), "let me in");
    if (broken) return {.status = 500};
    ++served;
    return Temporary(served, served == 1 ? "2024-05-06T13:00:00Z" : "2024-05-06T15:00:00.5Z");
  });
  HttpClient http;
  StandingClock clock;
  OpContext op;
  const auto source = DefaultCredentials(
      Variables({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.endpoint() + "/creds"},
                 {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me in"}}),
      http, clock);
  EXPECT_EQ(source->Get(op).value().access_key, "ASIA1");

  clock.now += 100'000;  // 5 minutes before the end, exactly
  broken = true;
  EXPECT_EQ(source->Get(op).value().access_key, "ASIA1");  // still good
  broken = false;
  EXPECT_EQ(source->Get(op).value().access_key, "ASIA2");
  EXPECT_EQ(source->Get(op).value().access_key, "ASIA2");

  source->Refuse(source->Get(op).value());
  EXPECT_EQ(source->Get(op).value().access_key, "ASIA3");
}

TEST(AwsCredentials, ContainerTokenIsNotSentInTheClearToStrangers) {
  HttpClient http;
  StandingClock clock;
  OpContext op;
  for (const char* uri : {"http://example.com/creds", "http://127.0.0.1.evil.test/x",
                          "http://localhost@evil.test/x", "ftp://127.0.0.1/x"}) {
    const auto source =
        DefaultCredentials(Variables({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", uri},
                                      {"AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me in"}}),
                           http, clock);

    const auto credentials = source->Get(op);

    ASSERT_FALSE(credentials.ok()) << uri;
    EXPECT_EQ(credentials.error().code, Code::kUnauthenticated) << uri;
  }
}

TEST(AwsCredentials, NoneAnywhereSaysWhereItLooked) {
  HttpClient http;
  StandingClock clock;
  OpContext op;
  const auto nothing =
      DefaultCredentials(Variables({{"AWS_EC2_METADATA_DISABLED", "true"}}), http, clock)->Get(op);
  const auto half =
      DefaultCredentials(Variables({{"AWS_SECRET_ACCESS_KEY", "hush"}}), http, clock)->Get(op);

  EXPECT_EQ(nothing.error().code, Code::kUnauthenticated);
  EXPECT_NE(nothing.error().message.find("AWS_ACCESS_KEY_ID"), std::string::npos);
  EXPECT_EQ(half.error().code, Code::kUnauthenticated);
  EXPECT_EQ(half.error().message.find("hush"), std::string::npos);
}

TEST(AwsCredentials, GarbageOfTheEndpointIsNotRepeated) {
  FakeAwsServer server([](const FakeRequest&) -> FakeAnswer {
    return {.body = "{\"AccessKeyId\":\"ASIA\",\"SecretAccessKey\":\"hush-hush\""};
  });
  HttpClient http;
  StandingClock clock;
  OpContext op;
  const auto source = DefaultCredentials(
      Variables({{"AWS_CONTAINER_CREDENTIALS_FULL_URI", server.endpoint()}}), http, clock);

  const auto credentials = source->Get(op);

  ASSERT_FALSE(credentials.ok());
  EXPECT_EQ((credentials.error().message + credentials.error().details).find("hush"),
            std::string::npos);
}

TEST(AwsCredentials, TimesAreReadExactly) {
  EXPECT_EQ(ParseIsoTime("1970-01-02T00:00:01Z"), 86'401'000);
  EXPECT_EQ(ParseIsoTime("2024-02-29T00:00:00.123Z"), 1'709'164'800'000);
  for (const char* bad : {"", "soon", "2024-02-29", "2024-02-29T00:00:00", "2024-02-29T00:00:00Zx"})
    EXPECT_EQ(ParseIsoTime(bad), std::nullopt) << bad;
}

}  // namespace
}  // namespace vams::net
