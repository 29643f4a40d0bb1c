#include "items/aws/export_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "items/aws/dataset.h"
#include "items/aws/dynamodb_json.h"
#include "items/aws/test_support.h"
#include "items/codec.h"

namespace vams::items::aws {
namespace {

namespace json = boost::json;
using test::MakeTemp;
using test::ReadAllItems;
using test::Slurp;
using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class FixedClock : public Clock {
 public:
  std::int64_t NowMillis() const override { return now += 1000; }
  mutable std::int64_t now = 1715685259608;
};

class SeededRandom : public Random {
 public:
  void Fill(void* bytes, std::size_t count) override {
    auto* at = static_cast<unsigned char*>(bytes);
    for (; count > 0; --count) *at++ = static_cast<unsigned char>(engine_());
  }

 private:
  std::mt19937 engine_{42};
};

class ExportWriterTest : public ::testing::Test {
 protected:
  ExportOptions Options(ExportFormat format) const {
    ExportOptions options;
    options.folder = temp_.path() / "out";
    options.format = format;
    options.physical_name = "prod-AssetStorageTable-1A2B";
    options.canonical_name = "AssetStorageTable";
    options.export_time_millis = 1715685000000;
    return options;
  }
  Result<ExportResult> Write(const ExportOptions& options, const std::vector<std::string>& items) {
    TRY(const auto writer, ExportWriter::Open(options, clock_, random_));
    for (const auto& item : items) TRY_OK(writer->Add(item));
    return writer->Finish();
  }
  static std::vector<std::string> SomeItems(std::uint64_t seed, int count) {
    test::RandomItems random(seed);
    std::vector<std::string> items;
    for (int i = 0; i < count; ++i) items.push_back(EncodeItem(random.Next()));
    return items;
  }
  static std::vector<std::string> Names(const files::Path& folder) {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder))
      names.push_back(entry.path().filename().string());
    std::sort(names.begin(), names.end());
    return names;
  }

  files::TempFolder temp_ = MakeTemp();
  FixedClock clock_;
  SeededRandom random_;
};

TEST_F(ExportWriterTest, WhatIsExportedIsReadBack) {
  constexpr std::uint64_t kSeed = 11;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  const auto items = SomeItems(kSeed, 500);
  for (const auto format : {ExportFormat::kDynamoDb, ExportFormat::kLines}) {
    ExportOptions options = Options(format);
    options.data_file_bytes = 20000;
    const auto result = Write(options, items);
    ASSERT_TRUE(result.ok()) << result.error().message;
    EXPECT_EQ(result->items, items.size());

    const auto dataset = OpenDataset(result->path);
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    ASSERT_EQ(dataset->tables.size(), 1U);
    ReadReport report;
    const auto read = ReadAllItems(dataset->tables[0], {}, &report);
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_EQ(*read, items);
    EXPECT_EQ(report.bytes, result->json_bytes);
    if (format == ExportFormat::kDynamoDb) {
      EXPECT_EQ(dataset->tables[0].physical_name, "prod-AssetStorageTable-1A2B");
      EXPECT_EQ(dataset->tables[0].export_time, "2024-05-14T11:10:00.000Z");
      EXPECT_GT(dataset->tables[0].files.size(), 5U);
    } else {
      EXPECT_EQ(dataset->tables[0].physical_name, "AssetStorageTable");
    }
  }
}

TEST_F(ExportWriterTest, WritesLinesInTheOrderAdded) {
  const auto result =
      Write(Options(ExportFormat::kLines),
            {EncodeItem({{"b", Value::S("ü\n")}, {"a", Value::N(1)}}), EncodeItem({})});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->path, temp_.path() / "out" / "AssetStorageTable.json");
  EXPECT_EQ(Slurp(result->path),
            "{\"Item\":{\"a\":{\"N\":\"1\"},\"b\":{\"S\":\"ü\\n\"}}}\n{\"Item\":{}}\n");
  EXPECT_EQ(Names(temp_.path() / "out"), std::vector<std::string>{"AssetStorageTable.json"});
}

TEST_F(ExportWriterTest, WritesTheManifestsAsAwsDoes) {
  const auto result = Write(Options(ExportFormat::kDynamoDb), {EncodeItem({{"id", Value::S("ab")}}),
                                                               EncodeItem({{"id", Value::N(7)}})});
  ASSERT_TRUE(result.ok()) << result.error().message;
  EXPECT_EQ(result->path, temp_.path() / "out" / "prod-AssetStorageTable-1A2B");
  const auto exports = result->path / "AWSDynamoDB";
  ASSERT_EQ(Names(exports).size(), 1U);
  const std::string id = Names(exports)[0];
  EXPECT_THAT(id, MatchesRegex("01715685260608-[0-9a-f]+"));
  EXPECT_EQ(id.size(), 23U);
  const auto folder = exports / id;
  EXPECT_EQ(Names(folder), (std::vector<std::string>{
                               "_started", "data", "manifest-files.checksum", "manifest-files.json",
                               "manifest-summary.checksum", "manifest-summary.json"}));
  EXPECT_EQ(Slurp(folder / "_started"), "");

  const std::string summary_text = Slurp(folder / "manifest-summary.json");
  EXPECT_EQ(Slurp(folder / "manifest-summary.checksum"), Base64Encode(Md5(summary_text)));
  const json::value summary = json::parse(summary_text);
  const std::string arn =
      "arn:aws:dynamodb:us-east-1:000000000000:table/prod-AssetStorageTable-1A2B";
  const std::string prefix = "prod-AssetStorageTable-1A2B/AWSDynamoDB/" + id + "/";
  const json::value expected = {{"version", "2020-06-30"},
                                {"exportArn", arn + "/export/" + id},
                                {"startTime", "2024-05-14T11:14:20.608Z"},
                                {"endTime", "2024-05-14T11:14:21.608Z"},
                                {"tableArn", arn},
                                {"tableId", summary.at("tableId")},
                                {"exportTime", "2024-05-14T11:10:00.000Z"},
                                {"s3Bucket", "vams-export"},
                                {"s3Prefix", "prod-AssetStorageTable-1A2B"},
                                {"s3SseAlgorithm", "AES256"},
                                {"s3SseKmsKeyId", nullptr},
                                {"manifestFilesS3Key", prefix + "manifest-files.json"},
                                {"billedSizeBytes", 8},
                                {"itemCount", 2},
                                {"outputFormat", "DYNAMODB_JSON"},
                                {"exportType", "FULL_EXPORT"}};
  EXPECT_EQ(summary, expected);

  const std::string list_text = Slurp(folder / "manifest-files.json");
  EXPECT_EQ(Slurp(folder / "manifest-files.checksum"), Base64Encode(Md5(list_text)));
  ASSERT_EQ(Names(folder / "data").size(), 1U);
  const std::string name = Names(folder / "data")[0];
  EXPECT_THAT(name, MatchesRegex("[a-z2-7]+\\.json\\.gz"));
  const std::string stored = Slurp(folder / "data" / name);
  EXPECT_EQ(result->stored_bytes, stored.size());
  const json::value entry = {{"itemCount", 2},
                             {"md5Checksum", Base64Encode(Md5(stored))},
                             {"etag", HexEncode(Md5(Md5(stored))) + "-1"},
                             {"dataFileS3Key", prefix + "data/" + name}};
  EXPECT_EQ(json::parse(list_text), entry);
  EXPECT_TRUE(list_text.ends_with("}\n"));
}

TEST_F(ExportWriterTest, WritesEmptyTables) {
  for (const auto format : {ExportFormat::kDynamoDb, ExportFormat::kLines}) {
    const auto result = Write(Options(format), {});
    ASSERT_TRUE(result.ok()) << result.error().message;
    const auto dataset = OpenDataset(result->path);
    ASSERT_TRUE(dataset.ok()) << dataset.error().message;
    const auto items = ReadAllItems(dataset->tables.at(0));
    ASSERT_TRUE(items.ok()) << items.error().message;
    EXPECT_TRUE(items->empty());
  }
}

TEST_F(ExportWriterTest, SeveralTablesMakeOneDataSet) {
  for (const std::string name : {"prod-A", "prod-B", "prod-C"}) {
    ExportOptions options = Options(ExportFormat::kDynamoDb);
    options.physical_name = name;
    ASSERT_TRUE(Write(options, SomeItems(1, 10)).ok());
  }
  const auto dataset = OpenDataset(temp_.path() / "out");
  ASSERT_TRUE(dataset.ok()) << dataset.error().message;
  ASSERT_EQ(dataset->tables.size(), 3U);
  for (const auto& table : dataset->tables) EXPECT_EQ(*ReadAllItems(table), SomeItems(1, 10));
}

// Until it is whole there is nothing under the final name, and nothing that a reader takes for
// data.
TEST_F(ExportWriterTest, NothingIsVisibleBeforeFinish) {
  for (const auto format : {ExportFormat::kDynamoDb, ExportFormat::kLines}) {
    {
      const auto writer = ExportWriter::Open(Options(format), clock_, random_);
      ASSERT_TRUE(writer.ok()) << writer.error().message;
      ASSERT_TRUE((*writer)->Add(EncodeItem({})).ok());
      const auto names = Names(temp_.path() / "out");
      ASSERT_EQ(names.size(), 1U);
      EXPECT_TRUE(names[0].starts_with(".")) << names[0];
      const auto dataset = OpenDataset(temp_.path() / "out");
      ASSERT_FALSE(dataset.ok());
      EXPECT_EQ(dataset.error().code, Code::kNotFound) << dataset.error().message;
    }
    EXPECT_TRUE(Names(temp_.path() / "out").empty());
  }
}

TEST_F(ExportWriterTest, NeverReplacesWhatIsThere) {
  for (const auto format : {ExportFormat::kDynamoDb, ExportFormat::kLines}) {
    const auto first = Write(Options(format), SomeItems(3, 5));
    ASSERT_TRUE(first.ok());
    const auto second = Write(Options(format), {});
    ASSERT_FALSE(second.ok());
    EXPECT_EQ(second.error().code, Code::kConflict);
    EXPECT_THAT(second.error().message, HasSubstr(first->path.string() + " exists already"));
    const auto dataset = OpenDataset(first->path);
    ASSERT_TRUE(dataset.ok());
    EXPECT_EQ(*ReadAllItems(dataset->tables.at(0)), SomeItems(3, 5));
  }
  ExportOptions lines = Options(ExportFormat::kLines);
  lines.canonical_name = "Late";
  const auto writer = ExportWriter::Open(lines, clock_, random_);
  ASSERT_TRUE(writer.ok());
  test::Put(temp_.path() / "out" / "Late.json", "someone else's");
  const auto result = (*writer)->Finish();
  ASSERT_FALSE(result.ok());
  EXPECT_EQ(result.error().code, Code::kConflict);
  EXPECT_EQ(Slurp(temp_.path() / "out" / "Late.json"), "someone else's");
}

TEST_F(ExportWriterTest, RefusesNamesThatAreNoFileNames) {
  for (const std::string name : {"", "..", "a/b", ".hidden", "a b"}) {
    for (const auto format : {ExportFormat::kDynamoDb, ExportFormat::kLines}) {
      ExportOptions options = Options(format);
      options.physical_name = options.canonical_name = name;
      const auto writer = ExportWriter::Open(options, clock_, random_);
      ASSERT_FALSE(writer.ok()) << name;
      EXPECT_EQ(writer.error().code, Code::kInvalid);
    }
  }
}

TEST_F(ExportWriterTest, RefusesDamagedItems) {
  const auto writer = ExportWriter::Open(Options(ExportFormat::kDynamoDb), clock_, random_);
  ASSERT_TRUE(writer.ok());
  const auto status = (*writer)->Add("\x01\x02");
  ASSERT_FALSE(status.ok());
  EXPECT_EQ(status.error().code, Code::kCorrupt);
}

// Without room the error says so and leaves nothing behind.
TEST_F(ExportWriterTest, FailsWhereItMayNotWrite) {
  ExportOptions options = Options(ExportFormat::kLines);
  test::Put(temp_.path() / "file", "");
  options.folder = temp_.path() / "file" / "below";
  EXPECT_FALSE(ExportWriter::Open(options, clock_, random_).ok());
}

}  // namespace
}  // namespace vams::items::aws
