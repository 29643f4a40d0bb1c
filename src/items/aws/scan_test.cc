// Outputs of `aws dynamodb scan`, as saved from a terminal.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "items/aws/dataset.h"
#include "items/aws/dynamodb_json.h"
#include "items/aws/test_support.h"
#include "items/codec.h"

namespace vams::items::aws {
namespace {

using test::Gzip;
using test::MakeTemp;
using test::Put;
using test::ReadAllItems;
using ::testing::ElementsAre;
using ::testing::HasSubstr;

// What the command line prints for items "1" to "count".
std::string Scan(int first, int count, std::string_view more = "") {
  std::string out = "{\n    \"Items\": [\n";
  for (int i = first; i < first + count; ++i)
    out += fmt::format(
        "        {{\n            \"id\": {{\n                \"S\": \"item \\\"{}\\\" }} ]\"\n"
        "            }}\n        }}{}\n",
        i, i + 1 < first + count ? "," : "");
  return out + fmt::format(
                   "    ],\n    \"Count\": {0},\n    \"ScannedCount\": {0},\n"
                   "    \"ConsumedCapacity\": null{1}\n}}\n",
                   count, more);
}

class ScanTest : public ::testing::Test {
 protected:
  Result<std::vector<std::string>> Read(std::string_view content, bool partial = false) {
    Put(file_, content);
    TRY(const Dataset dataset, OpenDataset(temp_.path()));
    EXPECT_EQ(dataset.tables.size(), 1U);
    EXPECT_EQ(dataset.tables[0].layout, TableFiles::Layout::kScan);
    return ReadAllItems(dataset.tables[0], {.partial = partial}, &report_);
  }
  void ExpectRefused(std::string_view content, Code code, const std::string& reason) {
    SCOPED_TRACE(content.substr(0, 500));
    const auto items = Read(content);
    ASSERT_FALSE(items.ok());
    EXPECT_EQ(items.error().code, code) << items.error().message;
    EXPECT_THAT(items.error().message, HasSubstr("prod-Tags.json"));
    EXPECT_THAT(items.error().message, HasSubstr(reason));
  }

  files::TempFolder temp_ = MakeTemp();
  files::Path file_ = temp_.path() / "prod-Tags.json";
  ReadReport report_;
};

TEST_F(ScanTest, ReadsPrettyPrintedItems) {
  const auto items = Read(Scan(1, 2));
  ASSERT_TRUE(items.ok()) << items.error().message;
  EXPECT_THAT(*items, ElementsAre(EncodeItem({{"id", Value::S("item \"1\" } ]")}}),
                                  EncodeItem({{"id", Value::S("item \"2\" } ]")}})));
}

TEST_F(ScanTest, NamesTheLineAnItemBeginsIn) {
  Put(file_, Scan(1, 3));
  std::vector<std::uint64_t> lines;
  const auto dataset = OpenDataset(file_);
  ASSERT_TRUE(dataset.ok());
  ASSERT_TRUE(ReadTable(dataset->tables[0], {}, [&](std::string_view, const Origin& origin) {
                lines.push_back(origin.line);
                return Ok();
              }).ok());
  EXPECT_THAT(lines, ElementsAre(3U, 8U, 13U));
}

TEST_F(ScanTest, ReadsCompactSortedGzippedAndEmptyPages) {
  EXPECT_EQ(Read(R"({"Count":1,"Items":[{"id":{"S":"1"}}],"ScannedCount":1})")->size(), 1U);
  EXPECT_EQ(Read(R"({"Items":[],"Count":0,"ScannedCount":0})")->size(), 0U);
  EXPECT_EQ(Read(R"({"Items":[{}]})")->size(), 1U);
  EXPECT_EQ(Read(Gzip(Scan(1, 5)))->size(), 5U);
}

// An item or a chunk may end anywhere in the buffer: far more than one chunk, items of all sizes.
TEST_F(ScanTest, StreamsLargeFiles) {
  constexpr std::uint64_t kSeed = 5;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  test::RandomItems random(kSeed);
  std::vector<std::string> expected;
  std::string text = "{\"Items\":[";
  while (text.size() < (std::size_t{3} << 20)) {
    Item item = random.Next();
    item.Set("pad", Value::S(std::string(random.Below(3000), 'x') + random.Text()));
    if (!expected.empty()) text += random.Below(2) == 0 ? "," : " ,\n ";
    text += ToJson(item);
    expected.push_back(EncodeItem(item));
  }
  text += fmt::format("],\"Count\":{}}}", expected.size());
  const auto items = Read(text);
  ASSERT_TRUE(items.ok()) << items.error().message;
  EXPECT_EQ(*items, expected);
}

TEST_F(ScanTest, ReadsPagesBehindEachOther) {
  const std::string key = ",\n    \"LastEvaluatedKey\": {\"id\": {\"S\": \"}\"}}";
  const auto items = Read(Scan(1, 2, key) + Scan(3, 3, key) + "\n" + Scan(6, 1));
  ASSERT_TRUE(items.ok()) << items.error().message;
  EXPECT_EQ(items->size(), 6U);
  EXPECT_EQ(items->back(), EncodeItem({{"id", Value::S("item \"6\" } ]")}}));
}

TEST_F(ScanTest, RefusesAScanThatStoppedEarly) {
  const std::string key = ",\n    \"LastEvaluatedKey\": {\"id\": {\"S\": \"2\"}}";
  const std::string token = ",\n    \"NextToken\": \"eyJFeGNsdXNpdmVTdGFydEtleSI6IG51bGx9\"";
  ExpectRefused(Scan(1, 2, key), Code::kCorrupt, "stopped with LastEvaluatedKey");
  ExpectRefused(Scan(1, 2, token), Code::kCorrupt, "stopped with NextToken");
  ExpectRefused(Scan(1, 2) + Scan(3, 2, token), Code::kCorrupt, "stopped with NextToken");
  EXPECT_TRUE(Read(Scan(1, 2, ",\"NextToken\": null,\"LastEvaluatedKey\":null")).ok());

  const auto items = Read(Scan(1, 2, token), true);
  ASSERT_TRUE(items.ok());
  EXPECT_EQ(items->size(), 2U);
  EXPECT_THAT(report_.problems, ElementsAre(HasSubstr("holds only a part of the table")));
}

// With --max-items the command line prints the counts of what it fetched (25), and zeros when it
// goes on from --starting-token; pages gathered that way are whole all the same.
TEST_F(ScanTest, DoesNotTrustCountsOfPagesTheCommandLineCut) {
  const auto page = [](std::string_view items, int count, std::string_view more) {
    return fmt::format("{{\"Items\":[{}],\"Count\":{},\"ScannedCount\":{}{}}}\n", items, count,
                       count, more);
  };
  const auto items = Read(page(R"({"id":{"S":"1"}})", 25, R"(,"NextToken":"x")") +
                          page(R"({"id":{"S":"2"}})", 0, R"(,"NextToken":"y")") +
                          page(R"({"id":{"S":"3"}})", 0, ""));
  ASSERT_TRUE(items.ok()) << items.error().message;
  EXPECT_EQ(items->size(), 3U);
}

TEST_F(ScanTest, RefusesWrongCountsAndFilteredScans) {
  ExpectRefused(R"({"Items":[{}],"Count":2,"ScannedCount":2})", Code::kCorrupt,
                "says 2 items but holds 1");
  ExpectRefused(R"({"Items":[{}],"Count":1,"ScannedCount":7})", Code::kCorrupt, "was filtered");
  ExpectRefused(R"({"Count":7,"ScannedCount":7})", Code::kCorrupt, "has no \"Items\"");
  ExpectRefused(Scan(1, 2) + R"({"Items":[],"Count":1})", Code::kCorrupt, "says 1 items");
}

TEST_F(ScanTest, RefusesEveryCutOffFile) {
  const std::string whole = Scan(1, 2);
  for (std::size_t size = whole.find("Items\"") + 6; size < whole.size() - 2; ++size) {
    const auto items = Read(std::string_view(whole).substr(0, size));
    ASSERT_FALSE(items.ok()) << whole.substr(0, size);
    ASSERT_EQ(items.error().code, Code::kCorrupt) << items.error().message;
  }
}

TEST_F(ScanTest, RefusesMalformedPages) {
  const std::pair<std::string_view, std::string_view> cases[] = {
      {R"({"Items":{}})", "expected '['"},
      {R"({"Items":[{},]})", "a value is missing"},
      {R"({"Items":[,{}]})", "a value is missing"},
      {R"({"Items":[{} {}]})", "expected ','"},
      {R"({"Items":[] "Count":0})", "expected ','"},
      {R"({"Items":[],})", "expected a member's name"},
      {R"({"Items" []})", "expected ':'"},
      {R"({"Items":[],"Items":[]})", "\"Items\" is there twice"},
      {R"({"Items":[],"Count":"0"})", "\"Count\" is not a number"},
      {R"({"Items":[],"Count":-1})", "\"Count\" is not a number"},
      {R"({"Items":[]} trailing)", "expected '{'"},
      {R"({"Items":[]},{"Items":[]})", "expected '{'"},
  };
  for (const auto& [content, reason] : cases)
    ExpectRefused(content, Code::kCorrupt, std::string(reason));
}

TEST_F(ScanTest, RefusesItemsDynamoDbWouldNotHold) {
  ExpectRefused("{\"Items\":[{},\n{\"id\":{\"N\":1}}]}", Code::kInvalid,
                "prod-Tags.json:2: Item.id.N: expected a number");
  ExpectRefused(R"({"Items":[{"id":"plain JSON"}]})", Code::kInvalid, "Item.id: expected");
  ExpectRefused(R"({"Items":[7]})", Code::kInvalid, "Item: expected an object of attributes");
  const auto items = Read("{\"Items\":[{},7,{\"id\":{\"S\":\"1\"}}],\"Count\":3}", true);
  ASSERT_TRUE(items.ok());
  EXPECT_EQ(items->size(), 2U);
  EXPECT_EQ(report_.problem_count, 1U);
}

TEST_F(ScanTest, RefusesEndlessItems) {
  ExpectRefused("{\"Items\":[{\"id\":{\"S\":\"" + std::string(18 << 20, 'x'), Code::kInvalid,
                "no item");
}

TEST_F(ScanTest, SurvivesMutations) {
  constexpr std::uint64_t kSeed = 31;
  SCOPED_TRACE(fmt::format("seed {}", kSeed));
  test::RandomItems random(kSeed);
  const std::string whole = Scan(1, 2) + Scan(3, 1);
  const TableFiles table{"T", TableFiles::Layout::kScan, {{file_, std::nullopt, {}}}, file_, {}};
  for (int i = 0; i < 300; ++i) {
    std::string text = whole;
    for (auto n = 1 + random.Below(3); n > 0; --n) {
      const auto at = random.Below(text.size());
      if (random.Below(2) == 0)
        text[at] = "{}[]\",:\\ x"[random.Below(10)];
      else
        text.erase(at, 1 + random.Below(5));
    }
    Put(file_, text);
    (void)ReadAllItems(table);
    ReadReport report;
    ASSERT_TRUE(ReadAllItems(table, {.partial = true}, &report).ok());
  }
}

}  // namespace
}  // namespace vams::items::aws
