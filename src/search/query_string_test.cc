#include "search/query_string.h"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

#include "search/document.h"

namespace vams::search {
namespace {

Document Of(boost::json::object source) { return {.id = "db#a", .source = std::move(source)}; }

bool Finds(std::string_view query, const Document& document,
           const QueryStringOptions& options = {}) {
  const auto parsed = ParseQueryString(query, options);
  EXPECT_TRUE(parsed.ok()) << query << ": " << parsed.error().message;
  return parsed.ok() && Matches(*parsed, document);
}

std::string Complaint(std::string_view query, const QueryStringOptions& options = {}) {
  const auto parsed = ParseQueryString(query, options);
  if (parsed.ok()) return "none";
  EXPECT_EQ(parsed.error().code, Code::kInvalid);
  EXPECT_EQ(parsed.error().index, -1);
  return parsed.error().message;
}

// The words a, b and c of a name say which of the operands hold.
std::string Truth(std::string_view query, const QueryStringOptions& options = {}) {
  std::string truth;
  for (int bits = 0; bits < 8; ++bits) {
    std::string name = "x";
    if (bits & 4) name += " a";
    if (bits & 2) name += " b";
    if (bits & 1) name += " c";
    truth += Finds(query, Of({{"str_assetname", name}}), options) ? '1' : '0';
  }
  return truth;
}

TEST(QueryString, OperatorsBindAsWritten) {
  const std::string field = "str_assetname:";
  const std::string a = "str_assetname:a";
  const std::string b = "str_assetname:b";
  const std::string c = "str_assetname:c";
  const std::string conjunction = "00000011";
  const std::string either = "00111111";
  EXPECT_EQ(Truth(a + " AND " + b), conjunction);
  EXPECT_EQ(Truth(a + " && " + b), conjunction);
  EXPECT_EQ(Truth(a + " OR " + b), either);
  EXPECT_EQ(Truth(a + " || " + b), either);
  EXPECT_EQ(Truth(a + " " + b), either);
  EXPECT_EQ(Truth(a + " " + b, {.default_and = true}), conjunction);
  EXPECT_EQ(Truth(a + " OR " + b, {.default_and = true}), either);
  EXPECT_EQ(Truth("NOT " + a), "11110000");
  EXPECT_EQ(Truth("!" + a), "11110000");
  EXPECT_EQ(Truth("-" + a), "11110000");
  EXPECT_EQ(Truth("NOT NOT " + a), "00001111");
  // AND before OR.
  EXPECT_EQ(Truth(a + " OR " + b + " AND " + c), "00011111");
  EXPECT_EQ(Truth(a + " AND " + b + " OR " + c), "01010111");
  EXPECT_EQ(Truth("(" + a + " OR " + b + ") AND " + c), "00010101");
  EXPECT_EQ(Truth(a + " AND " + b + " OR NOT " + c), "10101011");
  // Words side by side: what is forbidden is so for all, what is required is enough.
  EXPECT_EQ(Truth(a + " NOT " + b), "00001100");
  EXPECT_EQ(Truth(a + " -" + b), "00001100");
  EXPECT_EQ(Truth("+" + a + " " + b), "00001111");
  EXPECT_EQ(Truth("+" + a + " +" + b + " " + c), conjunction);
  EXPECT_EQ(Truth("+" + a + " -" + b), "00001100");
  EXPECT_EQ(Truth(a + " OR NOT " + b), "11001111");
  // One field for a group.
  EXPECT_EQ(Truth(field + "(a OR b)"), either);
  EXPECT_EQ(Truth(field + "(a AND NOT b)"), "00001100");
  EXPECT_EQ(Truth(field + "(+a +b)"), conjunction);
  EXPECT_EQ(Truth("(((" + a + ")))"), "00001111");
  EXPECT_EQ(Truth(field + " ( a )^2.5"), "00001111");
}

TEST(QueryString, FreeTextIsComparedByWords) {
  const Document document = Of({{"str_assetname", "Feed Pump-01"}, {"str_description", "red"}});

  EXPECT_TRUE(Finds("str_assetname:PUMP", document));
  EXPECT_TRUE(Finds("str_assetname:\"feed pump\"", document));
  EXPECT_TRUE(Finds("str_assetname:pump-01", document));
  EXPECT_FALSE(Finds("str_assetname:\"pump feed\"", document));
  EXPECT_TRUE(Finds("str_assetname:\"01 feed\"~1", document));
  EXPECT_FALSE(Finds("str_assetname:pum", document));
  EXPECT_TRUE(Finds("str_assetname:pum*", document));
  EXPECT_TRUE(Finds("str_assetname:?UMP", document));
  EXPECT_FALSE(Finds("str_assetname:\"pum*\"", document));
  EXPECT_TRUE(Finds("str_assetname:pmup~", document));
  EXPECT_TRUE(Finds("str_assetname:pxxp~2", document));
  EXPECT_FALSE(Finds("str_assetname:pxxp~1", document));
  EXPECT_TRUE(Finds("str_assetname.keyword:\"Feed Pump-01\"", document));
  EXPECT_FALSE(Finds("str_assetname.keyword:\"feed pump-01\"", document));
  EXPECT_TRUE(Finds("str_assetname.keyword:Feed*", document));
  EXPECT_TRUE(Finds("str_assetname:*", document));
  EXPECT_FALSE(Finds("str_key:*", document));
  EXPECT_TRUE(Finds("str_*:red", document));
  EXPECT_TRUE(Finds("red", document));
  EXPECT_FALSE(Finds("red", document, {.default_fields = {"str_assetname^3"}}));
  EXPECT_TRUE(Finds("pump", document, {.default_fields = {"str_description", "str_assetname"}}));
}

TEST(QueryString, IdsAreComparedWhole) {
  const Document document = Of(
      {{"str_databaseid", "my-db-2"}, {"str_assettype", ".glb"}, {"list_tags", {"tag one", "b"}}});

  EXPECT_TRUE(Finds("(str_databaseid:(\"my-db-2\"))", document));
  EXPECT_FALSE(Finds("(str_databaseid:(\"my-db\"))", document));
  EXPECT_TRUE(Finds("str_databaseid:my-db-2", document));
  EXPECT_TRUE(Finds("str_databaseid:MY-*", document));
  EXPECT_TRUE(Finds("(str_assettype:(\"folder\" OR \".glb\"))", document));
  EXPECT_TRUE(Finds("(list_tags:(\"tag one\"))", document));
  EXPECT_FALSE(Finds("(list_tags:(\"tag\"))", document));
}

TEST(QueryString, NumbersDatesAndFlags) {
  const Document document = Of({{"num_filesize", 1000},
                                {"bool_archived", false},
                                {"date_lastmodified", "2024-05-01T12:00:00+00:00"}});

  EXPECT_TRUE(Finds("num_filesize:1000", document));
  EXPECT_TRUE(Finds("num_filesize:[1000 TO 2000]", document));
  EXPECT_FALSE(Finds("num_filesize:{1000 TO 2000]", document));
  EXPECT_TRUE(Finds("num_filesize:[* TO 1000]", document));
  EXPECT_FALSE(Finds("num_filesize:[* TO 1000}", document));
  EXPECT_TRUE(Finds("num_filesize:[* TO *]", document));
  EXPECT_TRUE(Finds("num_filesize:>=1000", document));
  EXPECT_FALSE(Finds("num_filesize:> 1000", document));
  EXPECT_TRUE(Finds("num_filesize:(>=10 AND <2000)", document));
  EXPECT_FALSE(Finds("num_filesize:-5", document));
  EXPECT_TRUE(Finds("bool_archived:false", document));
  EXPECT_FALSE(Finds("bool_archived:true", document));
  EXPECT_TRUE(Finds("date_lastmodified:2024-05-01", document));
  EXPECT_TRUE(Finds("date_lastmodified:[2024-04-01 TO 2024-05-01]", document));
  EXPECT_FALSE(Finds("date_lastmodified:[2024-04-01 TO 2024-05-01}", document));
  EXPECT_FALSE(Finds("date_lastmodified:>2024-05-01", document));
  EXPECT_TRUE(Finds("date_lastmodified:>=2024-05-01T12:00:00.000Z", document));
  EXPECT_TRUE(Finds("date_lastmodified:<=\"2024-05-01T12:00:00Z\"", document));
  EXPECT_TRUE(Finds("date_lastmodified:1714564800000", document));
  const QueryStringOptions noon{.now_millis = 1714564800000};
  EXPECT_TRUE(Finds("date_lastmodified:[now-1d TO now]", document, noon));
  EXPECT_FALSE(Finds("date_lastmodified:<now", document, noon));
}

TEST(QueryString, MetadataIsComparedByKey) {
  const Document document =
      Of({{"MD_", {{"maker", "Acme Inc"}, {"a:b", "x"}, {"two words", "y"}, {"n", 9}}},
          {"AB_", {{"unit", "mm"}}}});

  EXPECT_TRUE(Finds("MD_.maker:\"Acme Inc\"", document));
  EXPECT_FALSE(Finds("MD_.maker:\"acme inc\"", document));
  EXPECT_TRUE(Finds("MD_.maker:Acme*", document));
  EXPECT_TRUE(Finds("MD_._value:\"Acme Inc\"", document));
  EXPECT_TRUE(Finds("MD_:x", document));
  EXPECT_TRUE(Finds(R"(MD_.a\:b:x)", document));
  EXPECT_TRUE(Finds(R"(MD_.two\ words:y)", document));
  EXPECT_TRUE(Finds("MD_.mak*:Acme*", document));
  EXPECT_TRUE(Finds("MD_.*:y", document));
  EXPECT_TRUE(Finds("AB_.unit:mm", document));
  EXPECT_TRUE(Finds("_exists_:MD_.maker", document));
  EXPECT_FALSE(Finds("_exists_:MD_.owner", document));
  EXPECT_TRUE(Finds("_exists_:MD_.m*", document));
  EXPECT_TRUE(Finds("MD_.n:[1 TO 10]", document));
  EXPECT_FALSE(Finds("str_unheard:x", document));
  EXPECT_FALSE(Finds("nonsense:x", document));
}

TEST(QueryString, EscapesTakeCharactersLiterally) {
  const Document document = Of({{"str_assettype", "a*b:(c)\"d\" \\"}, {"str_key", "/x/é.glb"}});

  EXPECT_TRUE(Finds(R"(str_assettype:a\*b\:\(c\)\"d\"\ \\)", document));
  EXPECT_TRUE(Finds(R"(str_assettype:"a*b:(c)\"d\" \\")", document));
  EXPECT_FALSE(Finds(R"(str_assettype:a\*)", document));
  EXPECT_TRUE(Finds(R"(str_assettype:a\**)", document));
  EXPECT_TRUE(Finds("str_key.keyword:/x/é.glb", document));
  EXPECT_TRUE(Finds(R"(str_key.keyword:\/x\/\u00e9.glb)", document));
}

TEST(QueryString, NothingIsEverything) {
  EXPECT_TRUE(Finds("", Of({})));
  EXPECT_TRUE(Finds("  ", Of({})));
  EXPECT_TRUE(Finds("*:*", Of({})));
  EXPECT_FALSE(Finds("NOT *:*", Of({})));
}

TEST(QueryString, ComplaintsNameThePlace) {
  EXPECT_EQ(Complaint("str_assetname:(a"),
            "the filter cannot be understood: there is no ) for the ( at character 15");
  EXPECT_NE(Complaint("é \"abc").find("at character 3"), std::string::npos);
  EXPECT_NE(Complaint("num_filesize:abc").find("\"abc\" is no number at character 14"),
            std::string::npos);
  for (const char* bad : {"a AND",
                          "OR a",
                          "AND",
                          "a OR",
                          "NOT",
                          "(",
                          ")",
                          "a)",
                          "()",
                          "a:",
                          "[1 TO",
                          "x:[1 TO 2",
                          "x:[1 2]",
                          "x:[TO 2]",
                          ":a",
                          "a^",
                          "x:\"a",
                          "a\\",
                          "date_x:[maybe TO 2024]",
                          "date_x:soon",
                          "bool_archived:maybe",
                          "bool_archived:[a TO b]",
                          "num_filesize:1*",
                          "num_filesize:5~",
                          "num_filesize:>x",
                          "_exists_:",
                          "x:{",
                          "]",
                          "^",
                          "~"})
    EXPECT_NE(Complaint(bad), "none") << bad;
}

TEST(QueryString, LenientTakesBadValuesForNothing) {
  const QueryStringOptions lenient{.lenient = true};
  const Document document = Of({{"num_filesize", 5}});

  EXPECT_FALSE(Finds("num_filesize:abc", document, lenient));
  EXPECT_FALSE(Finds("date_lastmodified:soon", document, lenient));
  EXPECT_FALSE(Finds("date_lastmodified:[soon TO *]", document, lenient));
  EXPECT_TRUE(Finds("num_filesize:abc OR num_filesize:5", document, lenient));
  EXPECT_NE(Complaint("(a", lenient), "none");
}

TEST(QueryString, BoundsAreHeld) {
  EXPECT_NE(Complaint(std::string(100'000, 'a')).find("too long"), std::string::npos);
  EXPECT_NE(Complaint(std::string(5000, '(')).find("parentheses"), std::string::npos);
  std::string many;
  for (int i = 0; i < 5000; ++i) many += "str_key:a ";
  EXPECT_NE(Complaint(many).find("too many conditions"), std::string::npos);
  EXPECT_NE(Complaint("a\xff"), "none");
  std::string names = "str_databaseid:(";
  for (int i = 0; i < 1000; ++i) names += (i ? " OR \"db" : "\"db") + std::to_string(i) + "\"";
  EXPECT_TRUE(Finds(names + ")", Of({{"str_databaseid", "db999"}})));
}

}  // namespace
}  // namespace vams::search
