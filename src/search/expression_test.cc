#include "search/expression.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>
#include <utility>
#include <vector>

#include "search/analyse.h"
#include "search/document.h"

namespace vams::search {
namespace {

using Op = Expression::Op;

Document Of(std::string_view json) {
  return {.id = "db#a", .source = boost::json::parse(json).get_object()};
}

Expression On(Op op, std::string_view field, std::vector<std::string> texts, Form form) {
  return {.op = op, .fields = {ParseFieldRef(field)}, .texts = std::move(texts), .form = form};
}

TEST(FitsPattern, StarsAndQuestionMarks) {
  const struct {
    std::string_view pattern, text;
    bool fits;
  } cases[] = {
      {"", "", true},         {"", "a", false},           {"*", "", true},
      {"*", "abc", true},     {"a*c", "abbc", true},      {"a*c", "ab", false},
      {"*b*", "abc", true},   {"a?c", "abc", true},       {"a?c", "ac", false},
      {"?", "é", true},       {"??", "é", false},         {"*??", "€", false},
      {"*??", "€a", true},    {R"(a\*)", "a*", true},     {R"(a\*)", "ab", false},
      {R"(\?*)", "?x", true}, {R"(\\)", "\\", true},      {"a\\", "a\\", true},
      {"*ab", "aab", true},   {"*a*b*c", "xaxbxc", true}, {"a*b", "a", false},
  };
  for (const auto& one : cases)
    EXPECT_EQ(FitsPattern(one.pattern, one.text), one.fits) << one.pattern << " on " << one.text;
}

// Each star once more for each letter would take 2^50 steps.
TEST(FitsPattern, ManyStarsTakeNoTime) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(FitsPattern(pattern + "b", std::string(5000, 'a')));
  EXPECT_TRUE(FitsPattern(pattern, std::string(5000, 'a')));
}

TEST(Expression, PatternsBecomeTheSimplestCondition) {
  const std::vector<FieldRef> fields = {{.name = "str_assetname"}};
  const auto op = [&](std::string_view text) {
    return Expression::Pattern(fields, text, Form::kTokens).op;
  };
  EXPECT_EQ(op("abc"), Op::kEquals);
  EXPECT_EQ(op("abc*"), Op::kPrefix);
  EXPECT_EQ(op("*abc*"), Op::kContains);
  EXPECT_EQ(op("**abc**"), Op::kContains);
  EXPECT_EQ(op("*abc"), Op::kPattern);
  EXPECT_EQ(op("a*c"), Op::kPattern);
  EXPECT_EQ(op("a?*"), Op::kPattern);
  EXPECT_EQ(op("*"), Op::kExists);
  EXPECT_EQ(op(R"(abc\*)"), Op::kEquals);
  EXPECT_EQ(Expression::Pattern(fields, R"(a\*\\*)", Form::kWhole),
            On(Op::kPrefix, "str_assetname", {R"(a*\)"}, Form::kWhole));
  EXPECT_EQ(Expression::Pattern(fields, R"(ABC\**)", Form::kTokens),
            On(Op::kPrefix, "str_assetname", {"abc*"}, Form::kTokens));
}

// Whatever the simplest condition is, it means what the pattern does.
TEST(Expression, SimplerConditionsMeanTheSame) {
  const std::vector<FieldRef> fields = {{.name = "str_assetname"}};
  for (const char* pattern :
       {"a*", "*a*", "*a", "a", "?", R"(\**)", R"(*\*)", R"(*\\*)", "*a?*", "**"})
    for (const char* text : {"a", "ab", "ba", "b", "*", "*a", "\\", "x\\y", "cab", "aa"}) {
      Document document;
      document.source["str_assetname"] = text;
      EXPECT_EQ(Matches(Expression::Pattern(fields, pattern, Form::kWhole), document),
                FitsPattern(pattern, text))
          << pattern << " on " << text;
    }
}

TEST(Expression, JoinsFlattenAndFold) {
  const Expression a = On(Op::kEquals, "str_assettype", {"a"}, Form::kWhole);
  const Expression b = On(Op::kEquals, "str_assettype", {"b"}, Form::kWhole);
  const Expression c = On(Op::kPrefix, "str_assettype", {"c"}, Form::kWhole);

  EXPECT_EQ(Expression::And({}), Expression::All());
  EXPECT_EQ(Expression::Or({}), Expression::None());
  EXPECT_EQ(Expression::And({a, Expression::All()}), a);
  EXPECT_EQ(Expression::And({a, Expression::None()}), Expression::None());
  EXPECT_EQ(Expression::Or({a, Expression::All()}), Expression::All());
  EXPECT_EQ(Expression::Or({a, b}), On(Op::kEquals, "str_assettype", {"a", "b"}, Form::kWhole));
  EXPECT_EQ(Expression::And({a, Expression::And({b, c})}).parts.size(), 3u);
  EXPECT_EQ(Expression::Not(Expression::Not(a)), a);
  EXPECT_EQ(Expression::Not(Expression::All()), Expression::None());
}

TEST(Expression, ConditionsLookAtValues) {
  const Document document = Of(R"({"str_assetname": "Feed Pump-01", "list_tags": ["Tag one", "red"],
      "str_assettype": null, "num_filesize": 5, "bool_archived": false,
      "MD_": {"maker": "Acme", "n": 3.5, "i": 7, "deep": {"er": "x"}, "list": ["p", 2], "no": null}})");
  const struct {
    Expression condition;
    bool matches;
  } cases[] = {
      {On(Op::kEquals, "str_assetname", {"Feed Pump-01"}, Form::kWhole), true},
      {On(Op::kEquals, "str_assetname", {"Feed"}, Form::kWhole), false},
      {On(Op::kEquals, "str_assetname", {"feed"}, Form::kTokens), true},
      {On(Op::kEquals, "list_tags", {"red"}, Form::kWhole), true},
      {On(Op::kPhrase, "str_assetname", {"pump", "01"}, Form::kTokens), true},
      {On(Op::kPhrase, "list_tags", {"one", "red"}, Form::kTokens), false},
      {On(Op::kPhrase, "MD_.maker", {"acme"}, Form::kTokens), false},
      {On(Op::kEquals, "MD_.n", {"3.5"}, Form::kWhole), true},
      {On(Op::kEquals, "MD_.i", {"7"}, Form::kWhole), true},
      {On(Op::kEquals, "MD_.maker", {"acme"}, Form::kWhole), false},
      {On(Op::kEquals, "MD_.maker", {"acme"}, Form::kTokens), true},
      {On(Op::kEquals, "MD_.deep.er", {"x"}, Form::kWhole), true},
      {On(Op::kEquals, "MD_._value", {"p"}, Form::kWhole), true},
      {On(Op::kEquals, "MD_.no", {""}, Form::kWhole), false},
      {On(Op::kEquals, "bool_archived", {"false"}, Form::kWhole), true},
      {On(Op::kEquals, "_id", {"db#a"}, Form::kWhole), true},
      {Expression::Exists({{"str_assettype"}}), false},
      {Expression::Exists({{"num_filesize"}}), true},
      {Expression::Exists({{"MD_", "no"}}), false},
      {Expression::Exists({{"MD_", "deep.*", true}}), true},
      {Expression::Fuzzy({{"str_assetname"}}, "pmup", 1), true},
      {Expression::Fuzzy({{"str_assetname"}}, "pomp", 1), true},
      {Expression::Fuzzy({{"str_assetname"}}, "pm", 1), false},
  };
  for (std::size_t i = 0; i < std::size(cases); ++i)
    EXPECT_EQ(Matches(cases[i].condition, document), cases[i].matches) << "case " << i;
}

TEST(Expression, RangesCompareNumbersOrTexts) {
  const Document document = Of(R"({"num_filesize": 100, "str_assettype": "m",
      "date_lastmodified": "2024-05-01T12:00:00+02:00", "MD_": {"n": "9", "t": "abc"}})");
  const auto range = [&](std::string_view field, bool numeric, std::optional<Bound> low,
                         std::optional<Bound> high) {
    return Matches({.op = Op::kRange,
                    .fields = {ParseFieldRef(field)},
                    .low = std::move(low),
                    .high = std::move(high),
                    .numeric = numeric},
                   document);
  };
  const auto n = [](double number, bool inclusive = true) {
    return Bound{.inclusive = inclusive, .number = number};
  };
  const auto t = [](std::string text) { return Bound{.text = std::move(text)}; };

  EXPECT_TRUE(range("num_filesize", true, n(100), n(100)));
  EXPECT_FALSE(range("num_filesize", true, n(100, false), std::nullopt));
  EXPECT_FALSE(range("num_filesize", true, std::nullopt, n(100, false)));
  EXPECT_TRUE(range("date_lastmodified", true, n(1714557600000), n(1714557600000)));
  EXPECT_TRUE(range("str_assettype", false, t("a"), t("m")));
  EXPECT_FALSE(range("str_assettype", false, t("n"), std::nullopt));
  // 9 is less than 10, although its text is not.
  EXPECT_TRUE(range("MD_.n", true, std::nullopt, n(10)));
  EXPECT_FALSE(range("MD_.n", false, std::nullopt, t("10")));
  EXPECT_FALSE(range("MD_.t", true, std::nullopt, n(10)));
  EXPECT_FALSE(range("str_none", false, std::nullopt, std::nullopt));
}

TEST(Expression, BoundsAreHeld) {
  Expression deep = Expression::Exists({{"MD_"}});
  for (std::size_t i = 1; i < kMaxDepth; ++i) {
    Expression around{.op = Op::kNot};
    around.parts.push_back(std::move(deep));
    deep = std::move(around);
  }
  EXPECT_TRUE(CheckBounds(deep).ok());
  Expression around{.op = Op::kNot};
  around.parts.push_back(std::move(deep));
  EXPECT_EQ(CheckBounds(around).error().code, Code::kInvalid);

  EXPECT_TRUE(
      CheckBounds(On(Op::kEquals, "MD_", std::vector<std::string>(4000, "x"), Form::kWhole)).ok());
  EXPECT_FALSE(
      CheckBounds(On(Op::kEquals, "MD_", std::vector<std::string>(5000, "x"), Form::kWhole)).ok());
  Expression near = On(Op::kPhrase, "str_key", std::vector<std::string>(17, "x"), Form::kTokens);
  EXPECT_TRUE(CheckBounds(near).ok());
  near.slop = 1;
  EXPECT_FALSE(CheckBounds(near).ok());
  EXPECT_FALSE(CheckBounds(On(Op::kPattern, "MD_", {std::string(2000, '*')}, Form::kWhole)).ok());
}

}  // namespace
}  // namespace vams::search
