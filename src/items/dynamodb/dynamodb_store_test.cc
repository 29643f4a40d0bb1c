// What real servers do seldom: throttling, failures, garbage, silence, expired credentials.
#include "items/dynamodb/dynamodb_store.h"

#include <fmt/format.h>

#include <atomic>

#include "items/dynamodb/scripted_test.h"

namespace vams::items::dynamodb {
namespace {

using std::chrono::milliseconds;
using test::Failure;
using test::FakeAnswer;
using test::FakeRequest;
using test::Key;
using test::Scripted;

FakeAnswer Found() { return {.body = R"({"Item":{"p":{"S":"a"},"s":{"S":"1"},"v":{"N":"1e2"}}})"}; }

Item FoundItem() {
  Item item = Key("a", "1");
  item.Set("v", Value::N(100));
  return item;
}

std::vector<Write> PutOf(std::vector<Condition> conditions = {}) {
  return {Write::Put("parts", Key("a", "1"), std::move(conditions))};
}

// ---- What passes

TEST(DynamoStore, PassingTroubleIsRetriedUntilTheAnswerComes) {
  const std::vector<FakeAnswer> trouble{Failure("ProvisionedThroughputExceededException"),
                                        Failure("ThrottlingException"),
                                        Failure("RequestLimitExceeded"),
                                        Failure("InternalServerError", "", 500),
                                        {.status = 503, .body = "<html>try later</html>"},
                                        {.body = "{\"Item\":", .checksum = false},
                                        {.body = "{}", .bad_checksum = true},
                                        {.body = "0123456789", .how = FakeAnswer::How::kCutOff},
                                        {.how = FakeAnswer::How::kDrop}};
  for (std::size_t i = 0; i < trouble.size(); ++i) {
    std::atomic<int> calls = 0;
    Scripted scripted([&](const FakeRequest&) { return ++calls <= 3 ? trouble[i] : Found(); });

    const auto item = scripted.store->Get(scripted.op, "parts", Key("a", "1"));

    ASSERT_TRUE(item.ok()) << i << ": " << item.error().message;
    EXPECT_EQ(*item, FoundItem());
    EXPECT_EQ(scripted.server.Count("GetItem"), 4u) << i;
    EXPECT_EQ(scripted.timer.sleeps().size(), 3u) << i;
  }
}

TEST(DynamoStore, TroubleThatStaysIsUnavailableWhenTheBudgetIsUsedUp) {
  Scripted scripted([](const FakeRequest&) { return Failure("ThrottlingException", "slow down"); });
  const auto start = scripted.timer.Now();

  const auto item = scripted.store->Get(scripted.op, "parts", Key("a", "1"));

  ASSERT_FALSE(item.ok());
  EXPECT_EQ(item.error().code, Code::kUnavailable);
  EXPECT_TRUE(item.error().retryable);
  EXPECT_LE(scripted.timer.Now() - start, net::RetryPolicy().budget);
  EXPECT_GT(scripted.server.Count("GetItem"), 5u);
}

TEST(DynamoStore, SilenceEndsWithTheTimeLimitOfACall) {
  DynamoOptions options;
  options.request_timeout = milliseconds(100);
  options.retry.max_attempts = 2;
  Scripted scripted(
      [](const FakeRequest&) -> FakeAnswer { return {.how = FakeAnswer::How::kSilent}; }, options);

  const auto item = scripted.store->Get(scripted.op, "parts", Key("a", "1"));

  ASSERT_FALSE(item.ok());
  EXPECT_EQ(item.error().code, Code::kUnavailable);
  EXPECT_EQ(scripted.server.Count("GetItem"), 2u);
}

TEST(DynamoStore, ReadableNonsenseIsCorruptNotACrash) {
  for (const char* body :
       {"[]", "{\"Item\":7}", "{\"Item\":{\"p\":{\"X\":\"a\"}}}", "{\"Item\":{\"p\":{}}}",
        "{\"Item\":{\"p\":{\"N\":\"x\"}}}", "{\"Item\":{\"v\":{\"SS\":[]}}}", "{\"Item\":{]}",
        "{\"Item\":{\"p\":{\"S\":\"\\ud800\"}}}"}) {
    Scripted scripted([&](const FakeRequest&) -> FakeAnswer { return {.body = body}; });

    const auto item = scripted.store->Get(scripted.op, "parts", Key("a", "1"));

    ASSERT_FALSE(item.ok()) << body;
    EXPECT_EQ(item.error().code, Code::kCorrupt) << body << item.error().message;
  }
}

// ---- What does not

TEST(DynamoStore, RefusalsHaveTheirCodesAndAreNotRepeated) {
  const std::vector<std::pair<FakeAnswer, Code>> refusals{
      {Failure("ResourceNotFoundException"), Code::kNotFound},
      {Failure("ValidationException", "bad key"), Code::kInvalid},
      {Failure("ValidationException", "Item size has exceeded the maximum allowed size"),
       Code::kTooLarge},
      {Failure("AccessDeniedException", "User: x is not authorized"), Code::kDenied},
      {Failure("UnrecognizedClientException"), Code::kUnauthenticated},
      {Failure("InvalidSignatureException"), Code::kUnauthenticated},
      {Failure("UnknownOperationException"), Code::kNotSupported}};
  for (const auto& [answer, code] : refusals) {
    Scripted scripted([&](const FakeRequest&) { return answer; });

    const auto result = scripted.store->Commit(scripted.op, PutOf());

    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, code) << answer.body;
    EXPECT_TRUE(scripted.timer.sleeps().empty()) << answer.body;
  }
}

TEST(DynamoStore, ConditionThatFailsIsAConflictOfTheWrite) {
  Scripted scripted([](const FakeRequest&) { return Failure("ConditionalCheckFailedException"); });

  const auto result = scripted.store->Commit(scripted.op, PutOf({Condition::Absent()}));

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kConflict);
  EXPECT_EQ(result.error().index, 0);
}

TEST(DynamoStore, ConflictOfATransactionNamesTheWrite) {
  Scripted scripted([](const FakeRequest&) -> FakeAnswer {
    return {.status = 400,
            .body = R"({"__type":"x#TransactionCanceledException","CancellationReasons":[)"
                    R"({"Code":"None"},{"Code":"ConditionalCheckFailed"}]})"};
  });
  const std::vector writes{Write::Put("parts", Key("a", "1")),
                           Write::Put("parts", Key("a", "2"), {Condition::Absent()})};

  const auto result = scripted.store->Commit(scripted.op, writes);

  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kConflict);
  EXPECT_EQ(result.error().index, 1);
}

TEST(DynamoStore, TransactionsInEachOthersWayAreTriedAgain) {
  std::atomic<int> calls = 0;
  Scripted scripted([&](const FakeRequest&) -> FakeAnswer {
    if (++calls > 2) return {.body = "{}"};
    return Failure("TransactionCanceledException",
                   "Transaction cancelled, please refer cancellation reasons for specific reasons "
                   "[None, TransactionConflict]");
  });
  const std::vector writes{Write::Put("parts", Key("a", "1")), Write::Put("parts", Key("a", "2"))};

  EXPECT_TRUE(scripted.store->Commit(scripted.op, writes).ok());
  EXPECT_EQ(calls, 3);
}

// A write whose answer is lost may have been carried out: doing an addition or a conditional put
// again would do it twice, or report a conflict with itself.
TEST(DynamoStore, WritesThatMustNotHappenTwiceAreNotRepeatedBlindly) {
  const auto calls_of = [](const Write& write, FakeAnswer answer) {
    Scripted scripted([&](const FakeRequest&) { return answer; });
    const std::vector writes{write};
    const auto result = scripted.store->Commit(scripted.op, writes);
    EXPECT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::kUnavailable);
    return scripted.server.requests().size() - 2;  // without the descriptions
  };
  const Write add = Write::Update("parts", Key("a", "1"), {{Mutation::Op::kAdd, "v", Value::N(1)}});
  const Write create = Write::Put("parts", Key("a", "1"), {Condition::Absent()});
  const Write plain = Write::Put("parts", Key("a", "1"));
  const FakeAnswer lost{.how = FakeAnswer::How::kDrop};

  EXPECT_EQ(calls_of(add, lost), 1u);
  EXPECT_EQ(calls_of(create, lost), 1u);
  EXPECT_EQ(calls_of(create, Failure("InternalServerError", "", 500)), 1u);
  EXPECT_GT(calls_of(plain, lost), 3u);
  // Throttled means not done.
  EXPECT_GT(calls_of(add, Failure("ThrottlingException")), 3u);
}

TEST(DynamoStore, RepeatedTransactionsCarryOneToken) {
  std::atomic<int> calls = 0;
  Scripted scripted([&](const FakeRequest&) -> FakeAnswer {
    if (++calls == 1) return {.how = FakeAnswer::How::kDrop};
    return {.body = "{}"};
  });
  const std::vector writes{Write::Put("parts", Key("a", "1")), Write::Put("parts", Key("a", "2"))};

  ASSERT_TRUE(scripted.store->Commit(scripted.op, writes).ok());

  const auto requests = scripted.server.requests();
  ASSERT_EQ(scripted.server.Count("TransactWriteItems"), 2u);
  EXPECT_EQ(requests[requests.size() - 1].body, requests[requests.size() - 2].body);
  EXPECT_NE(requests.back().body.find("ClientRequestToken"), std::string::npos);
}

TEST(DynamoStore, UnprocessedKeysAreAskedForAgain) {
  std::atomic<int> calls = 0;
  Scripted scripted([&](const FakeRequest&) -> FakeAnswer {
    switch (++calls) {
      case 1:
        return {.body = R"({"Responses":{"parts":[{"p":{"S":"a"},"s":{"S":"1"}}]},)"
                        R"("UnprocessedKeys":{"parts":{"Keys":[{"p":{"S":"a"},"s":{"S":"2"}}]}}})"};
      case 2:
        return {.body = R"({"Responses":{},"UnprocessedKeys":{"parts":{"Keys":)"
                        R"([{"p":{"S":"a"},"s":{"S":"2"}}]}}})"};
      default:
        return {.body = R"({"Responses":{"parts":[{"p":{"S":"a"},"s":{"S":"2"}}]}})"};
    }
  });
  const std::vector keys{Key("a", "2"), Key("a", "1"), Key("a", "3"), Key("a", "2")};

  const auto items = scripted.store->BatchGet(scripted.op, "parts", keys).value();

  EXPECT_EQ(items, (std::vector<std::optional<Item>>{Key("a", "2"), Key("a", "1"), std::nullopt,
                                                     Key("a", "2")}));
  EXPECT_EQ(calls, 3);
}

// ---- Secrets

TEST(DynamoStore, NoErrorHoldsASecret) {
  // Services explain a bad signature with everything that was signed.
  const std::vector<FakeAnswer> answers{
      Failure("InvalidSignatureException",
              fmt::format("No match. The Canonical String should have been "
                          "'x-amz-security-token:{}'",
                          test::kToken)),
      Failure("ExpiredTokenException"),
      Failure("AccessDeniedException", "not authorized"),
      {.status = 500, .body = "oops"},
      {.how = FakeAnswer::How::kDrop}};
  ::testing::internal::CaptureStderr();
  std::string said;
  for (const auto& answer : answers) {
    Scripted scripted([&](const FakeRequest&) { return answer; });
    const auto result = scripted.store->Get(scripted.op, "parts", Key("a", "1"));
    ASSERT_FALSE(result.ok());
    said += result.error().message + result.error().details;
  }
  said += ::testing::internal::GetCapturedStderr();

  EXPECT_EQ(said.find(test::kSecret), std::string::npos) << said;
  EXPECT_EQ(said.find(test::kToken), std::string::npos) << said;
}

// ---- Names

TEST(DynamoStore, NamesAreMappedOrPrefixed) {
  DynamoOptions options;
  options.prefix = "prod-";
  options.physical_names = {{"assets", "VAMS-AssetStorageTable-1A2B"}};
  Scripted scripted(
      [](const FakeRequest&) -> FakeAnswer {
        return {.body = R"({"TableNames":["VAMS-AssetStorageTable-1A2B","prod-parts","other"]})"};
      },
      options);

  EXPECT_EQ(scripted.store->PhysicalName("assets"), "VAMS-AssetStorageTable-1A2B");
  EXPECT_EQ(scripted.store->PhysicalName("tags"), "prod-tags");
  const auto tables = scripted.store->Tables(scripted.op).value();

  ASSERT_EQ(tables.size(), 2u);
  EXPECT_EQ(tables[0].name, "assets");
  EXPECT_EQ(tables[1].name, "parts");
}

TEST(DynamoStore, SettingsThatContradictEachOtherAreRefused) {
  DynamoOptions options;
  options.environment = net::test::Variables({{"AWS_REGION", "eu-west-1"}});
  options.change_log = true;
  options.transactions = false;

  EXPECT_EQ(OpenDynamoStore(options).error().code, Code::kInvalid);
  options.change_log = false;
  EXPECT_TRUE(OpenDynamoStore(options).ok());
  options.environment = net::test::Variables({});
  EXPECT_EQ(OpenDynamoStore(options).error().code, Code::kInvalid);
}

}  // namespace
}  // namespace vams::items::dynamodb
