// Backups, exports and streams against a scripted server.
#include "items/dynamodb/admin.h"

#include <fmt/format.h>

#include <map>

#include "items/dynamodb/scripted_test.h"
#include "items/dynamodb/streams.h"

namespace vams::items::dynamodb {
namespace {

using test::Failure;
using test::FakeAnswer;
using test::FakeRequest;
using test::Key;
using test::Scripted;

TEST(Admin, TellsAndSwitchesPointInTimeRecovery) {
  Scripted scripted([](const FakeRequest& request) -> FakeAnswer {
    const bool on = request.action == "UpdateContinuousBackups";
    EXPECT_NE(request.body.find("\"TableName\":\"parts\""), std::string::npos);
    return {.body = fmt::format(R"({{"ContinuousBackupsDescription":{{"PointInTimeRecovery)"
                                R"(Description":{{"PointInTimeRecoveryStatus":"{}",)"
                                R"("EarliestRestorableDateTime":1.7153E9}}}}}})",
                                on ? "ENABLED" : "DISABLED")};
  });

  const auto before = PointInTimeRecovery(scripted.op, *scripted.store, "parts").value();
  const auto after = SetPointInTimeRecovery(scripted.op, *scripted.store, "parts", true).value();

  EXPECT_FALSE(before.enabled);
  EXPECT_TRUE(after.enabled);
  EXPECT_EQ(after.earliest_millis, 1'715'300'000'000);
}

TEST(Admin, MakesBackups) {
  Scripted scripted([](const FakeRequest& request) -> FakeAnswer {
    if (request.action == "CreateBackup")
      return {.body = R"({"BackupDetails":{"BackupArn":"arn:b","BackupName":"before",)"
                      R"("BackupStatus":"CREATING"}})"};
    return {.body = R"({"BackupDescription":{"BackupDetails":{"BackupArn":"arn:b",)"
                    R"("BackupStatus":"AVAILABLE"}}})"};
  });

  const auto backup = CreateBackup(scripted.op, *scripted.store, "parts", "before").value();

  EXPECT_EQ(backup.arn, "arn:b");
  EXPECT_EQ(backup.status, "CREATING");
  EXPECT_EQ(DescribeBackup(scripted.op, *scripted.store, backup.arn)->status, "AVAILABLE");
}

TEST(Admin, StartsAnExportAndFollowsItToItsEnd) {
  int asked = 0;
  Scripted scripted([&](const FakeRequest& request) -> FakeAnswer {
    if (request.action == "ExportTableToPointInTime") {
      EXPECT_NE(request.body.find("\"TableArn\":\"arn:parts\""), std::string::npos);
      EXPECT_NE(request.body.find("\"S3Bucket\":\"bucket\""), std::string::npos);
      return {.body =
                  R"({"ExportDescription":{"ExportArn":"arn:e","ExportStatus":"IN_PROGRESS"}})"};
    }
    if (++asked < 4)
      return {.body =
                  R"({"ExportDescription":{"ExportArn":"arn:e","ExportStatus":"IN_PROGRESS"}})"};
    return {.body = R"({"ExportDescription":{"ExportArn":"arn:e","ExportStatus":"COMPLETED",)"
                    R"("ExportManifest":"AWSDynamoDB/1/manifest-summary.json","ItemCount":12}})"};
  });

  const auto started =
      StartExport(scripted.op, *scripted.store, {.table = "parts", .bucket = "bucket"}).value();
  const auto ended = FollowExport(scripted.op, *scripted.store, started.arn).value();

  EXPECT_TRUE(started.running());
  EXPECT_EQ(ended.status, "COMPLETED");
  EXPECT_EQ(ended.items, 12u);
  EXPECT_EQ(ended.manifest, "AWSDynamoDB/1/manifest-summary.json");
  EXPECT_EQ(scripted.timer.sleeps().size(), 3u);
}

TEST(Admin, ExportWithoutRecoverySaysWhatIsMissing) {
  Scripted scripted(
      [](const FakeRequest&) { return Failure("PointInTimeRecoveryUnavailableException"); });

  const auto started =
      StartExport(scripted.op, *scripted.store, {.table = "parts", .bucket = "bucket"});

  ASSERT_FALSE(started.ok());
  EXPECT_EQ(started.error().code, Code::kNotFound);
  EXPECT_NE(started.error().message.find("point-in-time recovery"), std::string::npos);
}

TEST(Admin, ServersThatKnowNoneOfThisSaySo) {
  Scripted scripted([](const FakeRequest&) { return Failure("UnknownOperationException"); });

  EXPECT_EQ(PointInTimeRecovery(scripted.op, *scripted.store, "parts").error().code,
            Code::kNotSupported);
}

// ---- Streams

// A stream whose shard "old" was split into "left" and "right".
class FakeStream {
 public:
  FakeAnswer Answer(const FakeRequest& request) {
    if (request.action == "DescribeStream")
      return {.body =
                  R"({"StreamDescription":{"Shards":[{"ShardId":"a-left","ParentShardId":"old"},)"
                  R"({"ShardId":"b-right","ParentShardId":"old"},{"ShardId":"old"}]}})"};
    if (request.action == "GetShardIterator") {
      const auto field = [&](const std::string& name) {
        const auto at = request.body.find("\"" + name + "\":\"");
        if (at == std::string::npos) return std::string();
        const auto from = at + name.size() + 4;
        return request.body.substr(from, request.body.find('"', from) - from);
      };
      const std::string from = field("SequenceNumber");
      return {.body = fmt::format(R"({{"ShardIterator":"{}:{}"}})", field("ShardId"),
                                  from.empty() ? "0" : from)};
    }
    if (expire) {
      expire = false;
      return Failure("ExpiredIteratorException");
    }
    const auto at = request.body.find("\"ShardIterator\":\"") + 17;
    const auto colon = request.body.find(':', at);
    const std::string shard = request.body.substr(at, colon - at);
    const int after = std::stoi(request.body.substr(colon + 1));
    std::string records, next;
    int last = after;
    for (const int number : shards[shard])
      if (number > after) {
        records += fmt::format(
            R"({}{{"eventName":"MODIFY","dynamodb":{{"ApproximateCreationDateTime":1.7E9,"Keys":)"
            R"({{"p":{{"S":"a"}},"s":{{"S":"{}"}}}},"NewImage":{{"p":{{"S":"a"}}}},)"
            R"("SequenceNumber":"{}"}}}})",
            records.empty() ? "" : ",", shard, number);
        last = number;
      }
    if (shard != "old") next = fmt::format(R"(,"NextShardIterator":"{}:{}")", shard, last);
    return {.body = fmt::format(R"({{"Records":[{}]{}}})", records, next)};
  }

  std::map<std::string, std::vector<int>> shards{
      {"old", {1, 2, 3}}, {"a-left", {4, 6}}, {"b-right", {5}}};
  bool expire = false;
};

std::vector<std::string> Numbers(const std::vector<StreamChange>& changes) {
  std::vector<std::string> out;
  for (const auto& change : changes) out.push_back(change.sequence);
  return out;
}

using Texts = std::vector<std::string>;

TEST(StreamReader, ReadsAShardAfterTheOneItWasSplitFrom) {
  FakeStream stream;
  Scripted scripted([&](const FakeRequest& request) { return stream.Answer(request); });
  auto reader = StreamReader::Open(*scripted.store, "arn:stream", "").value();

  const auto first = reader.Read(scripted.op).value();
  const auto second = reader.Read(scripted.op).value();

  EXPECT_EQ(Numbers(first), (Texts{"1", "2", "3"}));
  EXPECT_EQ(first[0].key, Key("a", "old"));
  EXPECT_EQ(first[0].at_millis, 1'700'000'000'000);
  EXPECT_FALSE(first[0].before.has_value());
  EXPECT_TRUE(first[0].after.has_value());
  EXPECT_EQ(Numbers(second), (Texts{"4", "6", "5"}));
  EXPECT_TRUE(reader.Read(scripted.op).value().empty());
}

TEST(StreamReader, GoesOnFromAStoredPosition) {
  FakeStream stream;
  Scripted scripted([&](const FakeRequest& request) { return stream.Answer(request); });
  std::string position;
  {
    auto reader = StreamReader::Open(*scripted.store, "arn:stream", "").value();
    ASSERT_EQ(reader.Read(scripted.op)->size(), 3u);
    ASSERT_EQ(reader.Read(scripted.op)->size(), 3u);
    position = reader.position();
  }
  stream.shards["a-left"].push_back(7);
  stream.expire = true;

  auto reader = StreamReader::Open(*scripted.store, "arn:stream", position).value();
  const auto first = reader.Read(scripted.op).value();
  const auto second = reader.Read(scripted.op).value();

  EXPECT_EQ(first.size() + second.size(), 1u);
  EXPECT_EQ(Numbers(first.empty() ? second : first), (Texts{"7"}));
}

TEST(StreamReader, PositionThatTheStreamForgotIsNotFound) {
  FakeStream stream;
  Scripted scripted([&](const FakeRequest& request) { return stream.Answer(request); });

  auto reader = StreamReader::Open(*scripted.store, "arn:stream", R"({"ancient":"17"})").value();

  EXPECT_EQ(reader.Read(scripted.op).error().code, Code::kNotFound);
  EXPECT_EQ(StreamReader::Open(*scripted.store, "arn:stream", "{\"a\":7}").error().code,
            Code::kInvalid);
  EXPECT_EQ(StreamReader::Open(*scripted.store, "arn:stream", "x").error().code, Code::kInvalid);
}

}  // namespace
}  // namespace vams::items::dynamodb
