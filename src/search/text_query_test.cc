#include "search/text_query.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "search/document.h"
#include "search/ranking.h"

namespace vams::search {
namespace {

std::vector<TextTerm> Terms(std::string_view text) {
  return ParseText(text, true, Stemming::kNone).terms;
}

TextTerm Word(std::string text) { return {.text = std::move(text)}; }
TextTerm Phrase(std::vector<std::string> words) {
  return {.op = TextTerm::Op::kPhrase, .words = std::move(words)};
}

TEST(ParseText, CutsAtWhiteSpaceAndTakesTheRestLiterally) {
  EXPECT_EQ(Terms("Red  pump-01\t*.glb\u3000ÄB"),
            std::vector<TextTerm>({Word("red"), Word("pump-01"), Word("*.glb"), Word("äb")}));
  EXPECT_EQ(Terms(" \n "), std::vector<TextTerm>());
  EXPECT_EQ(Terms("a A a"), std::vector<TextTerm>({Word("a")}));
  EXPECT_EQ(Terms("a AND (b OR c)"),
            std::vector<TextTerm>({Word("a"), Word("and"), Word("(b"), Word("or"), Word("c)")}));
}

TEST(ParseText, QuotesAroundWordsMakePhrases) {
  EXPECT_EQ(Terms("\"Red pump-01\" x"),
            std::vector<TextTerm>({Phrase({"red", "pump", "01"}), Word("x")}));
  EXPECT_EQ(Terms("\"one\" \"two\""), std::vector<TextTerm>({Phrase({"one"}), Phrase({"two"})}));
  EXPECT_EQ(Terms("24\" pipe"), std::vector<TextTerm>({Word("24\""), Word("pipe")}));
  EXPECT_EQ(Terms("\"open end"), std::vector<TextTerm>({Word("\"open"), Word("end")}));
  EXPECT_EQ(Terms("\"a\"b c\""), std::vector<TextTerm>({Phrase({"a", "b", "c"})}));
  EXPECT_EQ(Terms("\" -- \" \"\""), std::vector<TextTerm>({Word("--")}));
}

TEST(ParseText, TakesAtMostSoManyTerms) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += "w" + std::to_string(i) + " ";
  const auto terms = Terms(text);

  ASSERT_EQ(terms.size(), 64u);
  EXPECT_TRUE(terms.back().text.starts_with("w63 w64 "));
  EXPECT_TRUE(terms.back().text.ends_with(" w99"));
}

TEST(Ranking, GradesWordsOfThreeCharactersAndMore) {
  EXPECT_TRUE(IsGraded(Word("abc")));
  EXPECT_TRUE(IsGraded(Word("äöü")));
  EXPECT_FALSE(IsGraded(Word("äö")));
  EXPECT_FALSE(IsGraded(Word("a-b")));
  EXPECT_FALSE(IsGraded(Phrase({"abc"})));
}

TEST(Ranking, TiersAreWholePrefixPart) {
  const TextTerm term = Word("pump");
  EXPECT_EQ(TierOf("pump", term, Stemming::kNone), Tier::kWord);
  EXPECT_EQ(TierOf("pumps", term, Stemming::kNone), Tier::kPrefix);
  EXPECT_EQ(TierOf("xpump", term, Stemming::kNone), Tier::kPart);
  EXPECT_EQ(TierOf("pum", term, Stemming::kNone), std::nullopt);
  EXPECT_EQ(TierOf("rotate", Word("rotates"), Stemming::kEnglish), Tier::kPrefix);
  EXPECT_EQ(TierOf("rotate", Word("rotates"), Stemming::kNone), std::nullopt);
}

// A single term orders by tier, whatever the lengths and counts.
TEST(Ranking, NoCountOutweighsATier) {
  const double idf = Idf(1000, 10);
  EXPECT_GT(TermScore(Tier::kWord, idf, 1, 100'000, 1),
            TermScore(Tier::kPrefix, idf, 1e6, 1, 1000));
  EXPECT_GT(TermScore(Tier::kPrefix, idf, 1, 100'000, 1),
            TermScore(Tier::kPart, idf, 1e6, 1, 1000));
  EXPECT_GT(Idf(1000, 1), Idf(1000, 999));
  EXPECT_GT(Idf(1000, 2000), 0);  // counted in two groups
  EXPECT_GT(TermScore(Tier::kPart, Idf(1, 2), 1, 1, 1), 0);
  EXPECT_EQ(Combine(2, 1, ~0U), 2);
  EXPECT_GT(Combine(2, 2, 1), Combine(2, 2, 0));
}

Expression Metadata(std::string_view query, MetadataMode mode = MetadataMode::kBoth) {
  const auto parsed = ParseMetadataQuery(query, mode);
  EXPECT_TRUE(parsed.ok()) << query;
  return parsed.ok() ? *parsed : Expression::None();
}

bool Finds(const Expression& expression, boost::json::object md, boost::json::object ab = {}) {
  const Document document{.source = {{"MD_", std::move(md)}, {"AB_", std::move(ab)}}};
  return Matches(expression, document);
}

TEST(MetadataQuery, FieldsMayHavePrefixes) {
  for (const char* query : {"MD_str_product:x", "MD_product:x", "product:x", "MD_.product:x",
                            "gp_product:x", " product : x "})
    EXPECT_TRUE(Finds(Metadata(query), {{"product", "x"}})) << query;
  // A key that begins like a type is reachable too.
  EXPECT_TRUE(Finds(Metadata("str_product:x"), {{"str_product", "x"}}));
  EXPECT_FALSE(Finds(Metadata("product:x"), {{"other", "x"}}));
  EXPECT_FALSE(Finds(Metadata("product:x"), {}, {{"product", "x"}}));
  EXPECT_TRUE(Finds(Metadata("AB_product:x"), {}, {{"product", "x"}}));
  EXPECT_FALSE(Finds(Metadata("AB_product:x"), {{"product", "x"}}));
  EXPECT_TRUE(Finds(Metadata("MD_._value:x"), {{"any", "x"}}));
  EXPECT_TRUE(Finds(Metadata("prod*:x"), {{"product", "x"}}));
}

TEST(MetadataQuery, ValuesAreWholeOrPatterns) {
  EXPECT_TRUE(Finds(Metadata("k:a b"), {{"k", "a b"}}));
  EXPECT_FALSE(Finds(Metadata("k:a"), {{"k", "a b"}}));
  EXPECT_FALSE(Finds(Metadata("k:A"), {{"k", "a"}}));
  EXPECT_TRUE(Finds(Metadata("k:a*"), {{"k", "a b"}}));
  EXPECT_TRUE(Finds(Metadata("k:*"), {{"k", "{\"latitude\": 1}"}}));
  EXPECT_TRUE(Finds(Metadata("k:http://x:1"), {{"k", "http://x:1"}}));
  EXPECT_TRUE(Finds(Metadata("k:3.5"), {{"k", 3.5}}));
  EXPECT_TRUE(Finds(Metadata("k:true"), {{"k", true}}));
  EXPECT_TRUE(Finds(Metadata("k:\"a b\""), {{"k", "a b"}}));
  EXPECT_TRUE(Finds(Metadata("k:\"a b\""), {{"k", "\"a b\""}}));
}

TEST(MetadataQuery, PartsAreJoinedByOneOperator) {
  const boost::json::object both = {{"a", "1"}, {"b", "2"}};
  const boost::json::object first = {{"a", "1"}};
  EXPECT_TRUE(Finds(Metadata("a:1 AND b:2"), both));
  EXPECT_FALSE(Finds(Metadata("a:1 AND b:2"), first));
  EXPECT_TRUE(Finds(Metadata("a:1 OR b:2"), first));
  EXPECT_FALSE(Finds(Metadata("a:1 or b:2"), first));
  // Where there is an AND, OR is text.
  EXPECT_TRUE(Finds(Metadata("a:1 AND b:2 OR 3"), {{"a", "1"}, {"b", "2 OR 3"}}));
  EXPECT_EQ(Metadata(""), Expression::All());
  EXPECT_EQ(Metadata(" AND "), Expression::All());
  EXPECT_TRUE(Finds(Metadata("a:1 AND "), first));
}

// The web client sends bare keys or values, several of them joined.
TEST(MetadataQuery, PartsWithoutColonGoByTheMode) {
  const boost::json::object md = {{"color", "dark red"}};
  EXPECT_TRUE(Finds(Metadata("color", MetadataMode::kKey), md));
  EXPECT_TRUE(Finds(Metadata("MD_str_color", MetadataMode::kKey), md));
  EXPECT_TRUE(Finds(Metadata("co*r", MetadataMode::kKey), md));
  EXPECT_FALSE(Finds(Metadata("col", MetadataMode::kKey), md));
  EXPECT_FALSE(Finds(Metadata("dark red", MetadataMode::kKey), md));
  EXPECT_TRUE(Finds(Metadata("color", MetadataMode::kKey), {}, {{"color", "x"}}));
  EXPECT_TRUE(Finds(Metadata("rk r", MetadataMode::kValue), md));
  EXPECT_FALSE(Finds(Metadata("RK R", MetadataMode::kValue), md));
  EXPECT_TRUE(Finds(Metadata("d*d", MetadataMode::kValue), md));
  EXPECT_FALSE(Finds(Metadata("rk*r", MetadataMode::kValue), md));
  EXPECT_TRUE(Finds(Metadata("dark red", MetadataMode::kBoth), md));
  EXPECT_TRUE(Finds(Metadata("color", MetadataMode::kBoth), md));
  EXPECT_FALSE(Finds(Metadata("dark", MetadataMode::kBoth), md));
  EXPECT_TRUE(Finds(Metadata("size OR color", MetadataMode::kKey), md));
  EXPECT_FALSE(Finds(Metadata("size AND color", MetadataMode::kKey), md));
}

TEST(MetadataQuery, BoundsAreHeld) {
  EXPECT_FALSE(ParseMetadataQuery("k:" + std::string(3000, '*') + "a", MetadataMode::kBoth).ok());
  std::string many = "a:1";
  for (int i = 0; i < 3000; ++i) many += " OR k" + std::to_string(i) + ":v";
  EXPECT_FALSE(ParseMetadataQuery(many, MetadataMode::kBoth).ok());
}

}  // namespace
}  // namespace vams::search
