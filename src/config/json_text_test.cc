#include "config/json_text.h"

#include <gtest/gtest.h>

namespace vams::config {
namespace {

std::string MessageOf(std::string_view text) {
  const auto result = ParseJsonText(text, "stack.json");
  return result.ok() ? "no error" : result.error().message;
}

TEST(JsonText, KnowsTheLineAndColumnOfEveryMemberAndElement) {
  const auto parsed = ParseJsonText("{\n  \"a\": {\"b\": [1,\n {\"c\": null}]},\n\"d\":true}", "x");

  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->where.at("a"), (Location{2, 3}));
  EXPECT_EQ(parsed->where.at("a.b"), (Location{2, 9}));
  EXPECT_EQ(parsed->where.at("a.b[0]"), (Location{2, 15}));
  EXPECT_EQ(parsed->where.at("a.b[1]"), (Location{3, 2}));
  EXPECT_EQ(parsed->where.at("a.b[1].c"), (Location{3, 3}));
  EXPECT_EQ(parsed->where.at("d"), (Location{4, 1}));
  EXPECT_EQ(parsed->where.size(), 6u);
}

TEST(JsonText, CountsCharactersAndNotBytes) {
  const auto parsed = ParseJsonText("{\"\u00e4\u00f6\": 1, \"next\": 2}", "x");

  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->where.at("next"), (Location{1, 11}));
}

// Braces, quotes and escapes inside texts once threw a hand-written index off its place.
TEST(JsonText, IsNotMisledByWhatTextsContain) {
  const auto parsed = ParseJsonText("{\"k\\\"}{\": \"]}\\\\\", \"n\": [\"\\\"\", -1.5e3]}", "x");

  ASSERT_TRUE(parsed.ok()) << parsed.error().message;
  EXPECT_EQ(parsed->where.at("n"), (Location{1, 19}));
  EXPECT_EQ(parsed->where.at("n[1]"), (Location{1, 31}));
}

// {"app.name": 1} is not {"app": {"name": 1}}: nobody would find out why it had no effect.
TEST(JsonText, QuotesAKeyThatCouldPassForAPath) {
  const auto parsed = ParseJsonText(R"({"app.name": 1, "": 2})", "x");

  ASSERT_TRUE(parsed.ok());
  EXPECT_TRUE(parsed->where.contains(R"(["app.name"])"));
  EXPECT_TRUE(parsed->where.contains(R"([""])"));
  EXPECT_FALSE(parsed->where.contains("app.name"));
}

TEST(JsonText, RefusesAKeyThatAppearsTwiceAndNamesBothLines) {
  const std::string message = MessageOf("{\"app\": {\"x\": 1,\n\"y\": 2,\n\"x\": 3}}");

  EXPECT_NE(message.find("stack.json, line 3, column 1"), std::string::npos) << message;
  EXPECT_NE(message.find("\"x\" appears twice in app (first on line 1)"), std::string::npos)
      << message;
}

TEST(JsonText, TakesAKeyWrittenWithEscapesForTheSameKey) {
  EXPECT_NE(MessageOf(R"({"a": 1, "\u0061": 2})").find("appears twice"), std::string::npos);
}

TEST(JsonText, AllowsTheSameKeyInDifferentObjects) {
  EXPECT_TRUE(ParseJsonText(R"([{"a": {"a": 1}}, {"a": 2}])", "x").ok());
}

TEST(JsonText, NamesThePlaceOfASyntaxError) {
  EXPECT_NE(MessageOf("{\n \"a\": 1,\n \"b\": tru }").find("line 3, column 7"), std::string::npos);
  EXPECT_NE(MessageOf("{\"a\":1,}").find("line 1, column 8"), std::string::npos);
  EXPECT_NE(MessageOf("{\"a\":1}\n x").find("line 2, column 2"), std::string::npos);
  EXPECT_NE(MessageOf("{\"a\": [1, 2").find("ends too early"), std::string::npos);
  EXPECT_NE(MessageOf(" \n ").find("empty"), std::string::npos);
  EXPECT_NE(MessageOf("{\"a\": \"\xff\"}").find("line 1"), std::string::npos);
}

TEST(JsonText, SkipsAByteOrderMark) {
  const auto parsed = ParseJsonText("\xef\xbb\xbf{\"a\": 1}", "x");

  ASSERT_TRUE(parsed.ok());
  EXPECT_EQ(parsed->where.at("a"), (Location{1, 2}));
}

}  // namespace
}  // namespace vams::config
