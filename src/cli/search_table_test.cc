#include "cli/search_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vams::cli {
namespace {

using boost::json::parse;
using boost::json::value;
using testing::ElementsAre;
using testing::IsEmpty;

value Answer(const char* hits) {
  return parse(std::string(R"({"hits": {"total": {"value": 7, "relation": "eq"}, "hits": )") +
               hits + "}}");
}

const char* const kTwo = R"([
  {"_id": "p#pump", "_score": 3.14159, "_source": {"str_assetname": "Pump", "str_databaseid": "p",
   "str_assetid": "pump", "str_assettype": ".glb", "list_tags": ["Dock A", "old"],
   "bool_archived": false, "MD_": {"maker": "Werk; 7", "power.kw": 7.5}}},
  {"_id": "p#valve", "_score": 1.0, "_source": {"str_assetname": "Valve \u001b[31m",
   "str_databaseid": "p", "str_assetid": "valve", "str_assettype": null, "list_tags": [],
   "bool_archived": true}}])";

std::string Table(const value& answer, const std::vector<HitColumn>& columns,
                  std::optional<std::size_t> width = std::nullopt) {
  return HitTable(HitsOf(answer), columns, width);
}

TEST(HitTable, HasWhatIsOfUseFirst) {
  EXPECT_EQ(Table(Answer(kTwo), UsualColumns({.files = false, .ranked = true, .archived = true})),
            "NAME            DATABASE  ASSET  TYPE  TAGS         STATE     SCORE\n"
            "Pump            p         pump   .glb  Dock A, old            3.14\n"
            "Valve \\x1b[31m  p         valve                     archived  1.00\n");
}

TEST(HitTable, ShowsFilesWithPathAndSize) {
  const value answer = Answer(R"([
    {"_source": {"str_assetname": "Pump", "str_databaseid": "p", "str_assetid": "pump",
                 "str_key": "/a/hall.e57", "str_fileext": "e57", "num_filesize": 12345},
     "explanation": {"matched_fields": ["str_key", "MD_.maker"]}}])");
  EXPECT_EQ(Table(answer, UsualColumns({.assets = false, .explained = true})),
            "NAME  DATABASE  ASSET  FILE         TYPE  BYTES  TAGS  FOUND IN\n"
            "Pump  p         pump   /a/hall.e57  e57   12345        str_key, MD_.maker\n");
}

// Unless one of the usual columns is that field already.
TEST(UsualColumns, HasOneForTheFieldThatIsSortedBy) {
  const auto header_of_last = [](const char* field) {
    return UsualColumns({.files = false, .sort_field = field}).back().header;
  };
  EXPECT_EQ(header_of_last("str_description"), "str_description");
  EXPECT_EQ(header_of_last("str_assetname"), "TAGS");
}

TEST(HitTable, ShowsFieldsByName) {
  const std::vector<std::string> fields{"_id",  "MD_.maker", "MD_.power.kw", "bool_archived",
                                        "none", "_score",    "MD_"};
  EXPECT_EQ(Table(Answer(kTwo), ColumnsOf(fields)),
            "_id      MD_.maker  MD_.power.kw  bool_archived  none  _score  MD_\n"
            "p#pump   Werk; 7    7.5           false                3.14    "
            "{\"maker\":\"Werk; 7\",\"power.kw\":7.5E0}\n"
            "p#valve                           true                 1.00\n");
}

const char* const kLong = R"([
  {"_source": {"str_assetname": "A pump of the northern hall", "str_assetid": "x012345678901234567",
               "str_key": "/scans/2031/east/hall.e57", "num_filesize": 1234567890}}])";
const std::vector<HitColumn> kFour{{.header = "NAME", .fields = {"str_assetname"}},
                                   {.header = "ASSET", .fields = {"str_assetid"}, .keep = true},
                                   {.header = "FILE", .fields = {"str_key"}, .cut_front = true},
                                   {.header = "BYTES", .fields = {"num_filesize"}, .number = true}};

// The widest goes first; ids go after the others, and numbers never.
TEST(HitTable, IsCutToTheTerminal) {
  EXPECT_EQ(Table(Answer(kLong), kFour, 75),
            "NAME                  ASSET                FILE                  BYTES\n"
            "A pump of the north…  x012345678901234567  …/2031/east/hall.e57  1234567890\n");
  EXPECT_EQ(Table(Answer(kLong), kFour, 65),
            "NAME              ASSET              FILE              BYTES\n"
            "A pump of the n…  x012345678901234…  …1/east/hall.e57  1234567890\n");
  EXPECT_EQ(Table(Answer(kLong), kFour, 40),
            "NAME      ASSET     FILE      BYTES\n"
            "A pump …  x012345…  …all.e57  1234567890\n");
  EXPECT_EQ(Table(Answer(kLong), kFour, 5), Table(Answer(kLong), kFour, 40));
}

TEST(HitTable, IsWholeWhereThereIsRoom) {
  const std::string whole =
      "NAME                         ASSET                FILE                       BYTES\n"
      "A pump of the northern hall  x012345678901234567  /scans/2031/east/hall.e57  1234567890\n";
  EXPECT_EQ(Table(Answer(kLong), kFour, 87), whole);
  EXPECT_EQ(Table(Answer(kLong), kFour), whole);
}

// Columns are aligned by what is seen, not by bytes; what is cut is cut between characters.
TEST(HitTable, CountsCharactersAsTerminalsDo) {
  EXPECT_EQ(DisplayWidth("Pümpe"), 5u);
  EXPECT_EQ(DisplayWidth("u\u0308"), 1u);
  EXPECT_EQ(DisplayWidth("\u6e2f\u53e3"), 4u);
  const value answer = Answer(R"([{"_source": {"a": "\u6e2f\u53e3\u6e2f\u53e3\u6e2f", "b": "1"}},
                                  {"_source": {"a": "Pümpe", "b": "2"}}])");
  EXPECT_EQ(Table(answer, ColumnsOf({"a", "b"})),
            "a           b\n"
            "\u6e2f\u53e3\u6e2f\u53e3\u6e2f  1\n"
            "Pümpe       2\n");
  EXPECT_EQ(Table(answer, ColumnsOf({"a", "b"}), 11),
            "a         b\n"
            "\u6e2f\u53e3\u6e2f…   1\n"
            "Pümpe     2\n");
}

TEST(HitsCsv, JoinsListsWithSemicolons) {
  const value answer = Answer(kTwo);
  const auto columns = ColumnsOf(SourceFields(HitsOf(answer)));
  std::string csv;
  AppendCsvHeader(csv, columns);
  AppendHitsCsv(csv, HitsOf(answer), columns);
  EXPECT_EQ(csv,
            "MD_,bool_archived,list_tags,str_assetid,str_assetname,str_assettype,str_databaseid\r\n"
            "\"{\"\"maker\"\":\"\"Werk; 7\"\",\"\"power.kw\"\":7.5E0}\",false,Dock A;old,pump,Pump,"
            ".glb,p\r\n"
            ",true,,valve,Valve \x1b[31m,,p\r\n");
}

TEST(Answers, ThatAreNoneHaveNothing) {
  for (const char* text : {"null", "[]", "{}", R"({"hits": 1})", R"({"hits": {"hits": {}}})",
                           R"({"mappings": {"a": 1}, "aggregations": {"a": 1}})"}) {
    const value answer = parse(text);
    EXPECT_THAT(HitsOf(answer), IsEmpty()) << text;
    EXPECT_EQ(TotalOf(answer), 0) << text;
    EXPECT_THAT(MappingRows(answer), IsEmpty()) << text;
    EXPECT_EQ(FacetLines(answer), "") << text;
  }
  EXPECT_EQ(TotalOf(Answer("[]")), 7);
  EXPECT_FALSE(IsLeastTotal(Answer("[]")));
  EXPECT_TRUE(IsLeastTotal(parse(R"({"hits": {"total": {"value": 7, "relation": "gte"}}})")));
  EXPECT_THAT(SourceFields(HitsOf(Answer(R"([1, {"_source": 2}])"))), IsEmpty());
}

TEST(MappingRows, AreSorted) {
  const value answer = parse(R"({"mappings": {
    "file_index": {"mappings": {"properties": {"num_filesize": {"type": "long"}}}},
    "asset_index": {"mappings": {"properties": {"str_b": {"type": "text"}, "a": {}}}}}})");
  EXPECT_THAT(MappingRows(answer), ElementsAre(ElementsAre("asset_index", "a", "object"),
                                               ElementsAre("asset_index", "str_b", "text"),
                                               ElementsAre("file_index", "num_filesize", "long")));
}

TEST(FacetLines, HaveTheMostFrequentValues) {
  std::string buckets;
  for (int i = 0; i < 12; ++i)
    buckets += (i == 0 ? "" : ",") + (R"({"key": "t)" + std::to_string(i) + R"(", "doc_count": )" +
                                      std::to_string(20 - i) + "}");
  const value answer = parse(R"({"aggregations": {"str_assettype": {"buckets":
      [{"key": ".glb", "doc_count": 3}, {"key": "folder", "doc_count": 1}]},
      "str_databaseid": {"buckets": []}, "list_tags": {"buckets": [)" +
                             buckets + "]}}}");
  EXPECT_EQ(
      FacetLines(answer),
      "str_assettype: .glb 3, folder 1\n"
      "list_tags: t0 20, t1 19, t2 18, t3 17, t4 16, t5 15, t6 14, t7 13, t8 12, t9 11, and 2 "
      "more\n");
}

}  // namespace
}  // namespace vams::cli
