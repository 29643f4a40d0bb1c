#include "model/json_tokens.h"

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

namespace vams::model {
namespace {

// The tokens as a compact text: "{k:a n:1 }." for {"a":1}.
std::string Read(std::string_view text) {
  JsonTokens tokens(text);
  std::string out;
  for (;;) {
    switch (tokens.Next()) {
      case JsonToken::kBeginObject:
        out += "{";
        break;
      case JsonToken::kEndObject:
        out += "}";
        break;
      case JsonToken::kBeginArray:
        out += "[";
        break;
      case JsonToken::kEndArray:
        out += "]";
        break;
      case JsonToken::kKey:
        out += "k:" + tokens.Unescaped() + " ";
        break;
      case JsonToken::kString:
        out += "s:" + tokens.Unescaped() + " ";
        break;
      case JsonToken::kNumber:
        out += "n:" + std::string(tokens.raw()) + " ";
        break;
      case JsonToken::kNonFinite:
        out += "x:" + std::string(tokens.raw()) + " ";
        break;
      case JsonToken::kTrue:
        out += "true ";
        break;
      case JsonToken::kFalse:
        out += "false ";
        break;
      case JsonToken::kNull:
        out += "null ";
        break;
      case JsonToken::kEnd:
        return out + ".";
      case JsonToken::kBad:
        EXPECT_EQ(tokens.Next(), JsonToken::kBad);
        return "bad";
    }
  }
}

TEST(JsonTokens, ReadsWhatTheDialectHas) {
  EXPECT_EQ(Read(R"( {"a" : [1 , -0.5e+3, true,false,null] ,"b":{}} )"),
            "{k:a [n:1 n:-0.5e+3 true false null ]k:b {}}.");
  EXPECT_EQ(Read("[NaN,Infinity,-Infinity]"), "[x:NaN x:Infinity x:-Infinity ].");
  EXPECT_EQ(Read(R"("a\"\\\/\b\f\n\r\t\u0041\u00e9\u20ac\ud83d\ude00")"),
            "s:a\"\\/\b\f\n\r\tA\u00e9\u20ac\U0001F600 .");
}

// Two texts that differ in a lone surrogate stay different; neither is UTF-8.
TEST(JsonTokens, KeepsLoneSurrogates) {
  EXPECT_EQ(Read(R"("\ud83d")"), "s:\xED\xA0\xBD .");
  EXPECT_EQ(Read(R"("\ude00\ud83dx")"), "s:\xED\xB8\x80\xED\xA0\xBDx .");
  EXPECT_EQ(Read(R"("\ud83d\ud83d\ude00")"), "s:\xED\xA0\xBD\U0001F600 .");
}

TEST(JsonTokens, RefusesEverythingElse) {
  const std::vector<std::string> texts = {"",
                                          " ",
                                          "{",
                                          "[",
                                          "[1",
                                          "[1,",
                                          "[1,]",
                                          "[,1]",
                                          "[1 2]",
                                          "{]",
                                          "[}",
                                          "]",
                                          "}",
                                          "{\"a\"}",
                                          "{\"a\":}",
                                          "{\"a\":1,}",
                                          "{a:1}",
                                          "{1:2}",
                                          "{,}",
                                          "\"",
                                          "\"a",
                                          "\"\\",
                                          "\"\\x\"",
                                          "\"\\u12\"",
                                          "\"\\u12g4\"",
                                          "\"\n\"",
                                          "\"\x1f\"",
                                          "01",
                                          "-",
                                          "-01",
                                          "1.",
                                          ".5",
                                          "+1",
                                          "1e",
                                          "1e+",
                                          "0x1",
                                          "1 2",
                                          "{} {}",
                                          "tru",
                                          "True",
                                          "nan",
                                          "-NaN",
                                          "-Inf",
                                          "Infinit",
                                          "1,",
                                          "'a'",
                                          "\uFEFF1",
                                          "// c\n1",
                                          "[1]]",
                                          "\"a\"b",
                                          "{\"a\" 1}",
                                          "{\"a\":1 \"b\":2}",
                                          "\v1",
                                          "1\f",
                                          std::string("1\0", 2)};
  for (const std::string& text : texts) EXPECT_EQ(Read(text), "bad") << text;
}

TEST(JsonTokens, NamesTheCharacterThatIsWrong) {
  JsonTokens tokens("[\"ä\", x]");
  while (tokens.Next() != JsonToken::kBad) {
  }
  EXPECT_EQ(tokens.Problem(), "not JSON: a value is missing at character 7");
}

TEST(JsonNumber, IsInfiniteOrZeroBeyondTheRangeOfDoubles) {
  EXPECT_EQ(JsonNumber("-12.5e1"), -125);
  for (const char* large : {"1e400", "12345e309", "0.00001e400", "1e99999999999999999999"})
    EXPECT_TRUE(std::isinf(JsonNumber(large))) << large;
  EXPECT_TRUE(std::isinf(JsonNumber("-1e400")) && JsonNumber("-1e400") < 0);
  EXPECT_TRUE(std::isinf(JsonNumber("1" + std::string(400, '0'))));
  for (const char* small : {"1e-400", "12345e-500", "0.00001e-330", "1e-99999999999999999999"})
    EXPECT_EQ(JsonNumber(small), 0) << small;
  EXPECT_EQ(JsonNumber("0." + std::string(400, '0') + "1"), 0);
  EXPECT_EQ(JsonNumber("0e99999999999999999999"), 0);
}

}  // namespace
}  // namespace vams::model
