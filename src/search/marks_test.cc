#include "search/marks.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <string>

#include "search/query_string.h"

namespace vams::search {
namespace {

Document Of(std::string_view json, Kind kind = Kind::kAsset) {
  return {.kind = kind, .id = "db#a", .source = boost::json::parse(json).get_object()};
}

// The value with [ ] for the marks.
std::string Short(const boost::json::value& highlight, std::string_view field, std::size_t n = 0) {
  const auto* object = highlight.if_object();
  if (!object || !object->contains(field)) return "-";
  std::string text(object->at(field).as_array().at(n).as_string());
  for (const auto& [mark, sign] : {std::pair{kMarkBegin, "["}, std::pair{kMarkEnd, "]"}})
    for (std::size_t at = text.find(mark); at != std::string::npos; at = text.find(mark))
      text.replace(at, mark.size(), sign);
  return text;
}

Request Text(std::string_view text, bool metadata = true, Stemming stemming = Stemming::kNone) {
  return {.text = ParseText(text, metadata, stemming)};
}

TEST(Highlight, MarksWhatTheTextFound) {
  const Document document = Of(R"json({"str_assetname": "Red Pump, pumps (PUMP-01)",
      "str_assetid": "pump", "str_description": "none", "list_tags": ["x", "pump"],
      "MD_": {"maker": "pumpworks", "n": 3.5}})json");

  const auto found = Highlight(Text("pump"), document);
  EXPECT_EQ(Short(found, "str_assetname"), "Red [Pump], [pump]s ([PUMP]-01)");
  EXPECT_EQ(Short(found, "list_tags"), "[pump]");
  EXPECT_EQ(Short(found, "MD_.maker"), "[pump]works");
  EXPECT_EQ(found.as_object().size(), 3u);
  EXPECT_EQ(Short(Highlight(Text("pump", false), document), "MD_.maker"), "-");
  EXPECT_EQ(Short(Highlight(Text("mp-0"), document), "str_assetname"),
            "Red Pump, pumps (PU[MP-0]1)");
  EXPECT_EQ(Short(Highlight(Text("\"red pump\""), document), "str_assetname"),
            "[Red Pump], pumps (PUMP-01)");
  EXPECT_EQ(Short(Highlight(Text("pum ump"), document), "str_assetname"),
            "Red [Pump], [pump]s ([PUMP]-01)");
  EXPECT_EQ(Short(Highlight(Text("3.5"), document), "MD_.n"), "[3.5]");
  EXPECT_TRUE(Highlight(Text("absent"), document).is_null());
  EXPECT_TRUE(Highlight({}, document).is_null());
}

// Folding changes how many bytes a letter has; marks must still stand around whole letters.
TEST(Highlight, MarksStandAroundLetters) {
  const Document document = Of("{\"str_assetname\": \"\u0130\u0130x \u023ay-\u023a \u00c4b\"}");

  EXPECT_EQ(Short(Highlight(Text("ix"), document), "str_assetname"),
            "\u0130[\u0130x] \u023ay-\u023a \u00c4b");
  EXPECT_EQ(Short(Highlight(Text("y-\u2c65"), document), "str_assetname"),
            "\u0130\u0130x \u023a[y-\u023a] \u00c4b");
  EXPECT_EQ(Short(Highlight(Text("\u00e4"), document), "str_assetname"),
            "\u0130\u0130x \u023ay-\u023a [\u00c4]b");
}

TEST(Highlight, StemmedWordsAreMarkedWhole) {
  EXPECT_EQ(Short(Highlight(Text("rotates", true, Stemming::kEnglish),
                            Of(R"({"str_assetname": "a rotating part"})")),
                  "str_assetname"),
            "a [rotating] part");
}

TEST(Highlight, MarksWhatConditionsFound) {
  const Document document = Of(R"({"str_assetname": "Feed Pump-01", "str_assettype": "folder",
      "num_filesize": 5, "MD_": {"maker": "Acme Inc", "n": "7"}})");
  const auto marked = [&](std::string_view query) {
    Request request;
    request.match = ParseQueryString(query, {}).value();
    return Highlight(request, document);
  };

  EXPECT_EQ(Short(marked("str_assetname:*um*"), "str_assetname"), "Feed P[um]p-01");
  EXPECT_EQ(Short(marked("str_assetname:pum*"), "str_assetname"), "Feed [Pump]-01");
  EXPECT_EQ(Short(marked("str_assetname:\"feed pump\""), "str_assetname"), "[Feed Pump]-01");
  EXPECT_EQ(Short(marked("str_assettype:folder"), "str_assettype"), "[folder]");
  EXPECT_EQ(Short(marked("MD_.maker:A*"), "MD_.maker"), "[Acme Inc]");
  EXPECT_EQ(Short(marked("MD_.maker:*cm*"), "MD_.maker"), "A[cm]e Inc");
  EXPECT_EQ(Short(marked("_exists_:MD_.maker"), "MD_.maker"), "[Acme Inc]");
  EXPECT_EQ(Short(marked("MD_.n:[1 TO 9]"), "MD_.n"), "[7]");
  EXPECT_EQ(Short(marked("MD_.n:[1 TO 9]"), "MD_.maker"), "-");
  EXPECT_TRUE(marked("NOT str_assettype:file").is_null());
  EXPECT_TRUE(marked("num_filesize:5").is_null());

  Request filtered;
  filtered.filter = ParseQueryString("str_assettype:folder", {}).value();
  EXPECT_TRUE(Highlight(filtered, document).is_null());
}

TEST(Explain, SaysWhichFieldsMatchedAndWhy) {
  const Document document = Of(R"({"str_assetname": "pump", "str_previewfilekey": "x",
      "MD_": {"k": "pump"}, "AB_": {"k": "pump"}})",
                               Kind::kFile);
  const Request request = Text("pump");

  const auto said = Explain(request, document, 3.99, Highlight(request, document));

  EXPECT_EQ(said, boost::json::parse(R"({"matched_fields": ["str_assetname", "MD_.k", "AB_.k"],
      "match_reasons": {"str_assetname": "Matched core file field 'str_assetname'",
                        "MD_.k": "Matched metadata field 'MD_.k'", "AB_.k": "Matched field 'AB_.k'"},
      "query_type": "general", "index_type": "file",
      "score_breakdown": {"total_score": 3, "field_matches": 3, "highlight_matches": 3}})"));
}

TEST(Explain, NamesTheTypeOfQuery) {
  const Document document = Of("{}");
  const auto type = [&](const Request& request) {
    const auto said = Explain(request, document, std::nullopt, nullptr);
    EXPECT_EQ(said.at("score_breakdown").at("total_score"), 0);
    return std::string(said.at("query_type").as_string());
  };
  Request metadata;
  metadata.match = Expression::Exists({{"MD_"}});
  Request both = Text("x");
  both.match = metadata.match;

  EXPECT_EQ(type({}), "none");
  EXPECT_EQ(type(Text(" ")), "none");
  EXPECT_EQ(type(Text("x")), "general");
  EXPECT_EQ(type(metadata), "metadata");
  EXPECT_EQ(type(both), "combined");
}

TEST(Cursor, ComesBackExactlyAndOnlyForItsOrder) {
  const std::vector<SortKey> keys = {{"_score", true}, {"str_key"}, {"num_filesize"}, {"_id"}};
  const Cursor cursor{.values = {0.1 + 0.2, "é\"", nullptr, -7}, .id = "db#a#/é"};

  const std::string text = EncodeCursor(cursor, keys);
  const auto back = DecodeCursor(text, keys);

  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->values, cursor.values);
  EXPECT_EQ(back->id, cursor.id);
  const std::vector<SortKey> fewer(keys.begin(), keys.begin() + 3);
  std::vector<SortKey> turned = keys;
  turned[0].descending = false;
  EXPECT_FALSE(DecodeCursor(text, fewer).ok());
  EXPECT_FALSE(DecodeCursor(text, turned).ok());
  for (std::string bad :
       {std::string("x"), std::string("W10="), text.substr(0, text.size() - 4), text + "AAAA"})
    EXPECT_EQ(DecodeCursor(bad, keys).error().code, Code::kInvalid) << bad;
}

TEST(SortValues, AreOrderedWithMissingOnesLast) {
  const SortKey up{"x", false};
  const SortKey down{"x", true};
  EXPECT_LT(CompareSortValues(up, 1, 2), 0);
  EXPECT_GT(CompareSortValues(down, 1, 2), 0);
  EXPECT_LT(CompareSortValues(up, 5, nullptr), 0);
  EXPECT_LT(CompareSortValues(down, 5, nullptr), 0);
  EXPECT_EQ(CompareSortValues(up, nullptr, nullptr), 0);
  EXPECT_LT(CompareSortValues(up, "B", "a"), 0);
  EXPECT_LT(CompareSortValues(up, false, true), 0);
  EXPECT_LT(CompareSortValues(up, 1.5, 2), 0);
}

}  // namespace
}  // namespace vams::search
