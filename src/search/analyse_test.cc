#include "search/analyse.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "base/encoding.h"

namespace vams::search {
namespace {

using List = std::vector<std::string>;

TEST(Analyse, CutsTextIntoLowerCaseWords) {
  EXPECT_EQ(Words("Pump-01 a_b Model.GLB"), List({"pump", "01", "a_b", "model.glb"}));
  EXPECT_EQ(Words("/models/v1.5/Feed pump (red).step"),
            List({"models", "v1.5", "feed", "pump", "red", "step"}));
  EXPECT_EQ(Words("file1.glb 3,5 1.000,5 a:b x;y"),
            List({"file1", "glb", "3,5", "1.000,5", "a", "b", "x", "y"}));
  EXPECT_EQ(Words("O'Ring don’t 'quoted' end."), List({"o'ring", "don’t", "quoted", "end"}));
  EXPECT_EQ(Words("Größe ÉMILE Стол ΣΊΓΜΑ"), List({"größe", "émile", "стол", "σίγμα"}));
  EXPECT_EQ(Words(" -- _ . \t"), List());
  EXPECT_EQ(Words(""), List());
}

TEST(Analyse, IdeographsAreWordsAndKatakanaRunsAre) {
  EXPECT_EQ(Words("車輪ab"), List({"車", "輪", "ab"}));
  EXPECT_EQ(Words("カメラ ポンプ"), List({"カメラ", "ポンプ"}));
  EXPECT_EQ(Words("ひら"), List({"ひ", "ら"}));
}

TEST(Analyse, MarksBelongToTheirLetter) {
  EXPECT_EQ(Words("e\u0301a b"), List({"e\u0301a", "b"}));
  EXPECT_EQ(Words("\u0301"), List());
}

TEST(Analyse, TokensKnowTheirPlace) {
  const std::vector<Token> tokens = Analyse("Ä-B");

  ASSERT_EQ(tokens.size(), 2u);
  EXPECT_EQ(tokens[0].text, "ä");
  EXPECT_EQ(tokens[0].begin, 0u);
  EXPECT_EQ(tokens[0].end, 2u);
  EXPECT_EQ(tokens[1].position, 1u);
  EXPECT_EQ(tokens[1].begin, 3u);
  EXPECT_EQ(tokens[1].end, 4u);
}

// Engines keep words as keys of bounded size; letters whose lower case is longer count too.
TEST(Analyse, NoWordIsLongerThanTheLimit) {
  std::string marks = "e";
  for (int i = 0; i < 500; ++i) marks += "\u0301";
  std::string dotted;
  for (int i = 0; i < 500; ++i) dotted += "a.";
  std::string growing;
  for (int i = 0; i < 200; ++i) growing += "\u023a";
  for (const std::string& text : {std::string(1000, 'x'), marks, dotted, growing}) {
    const std::vector<std::string> words = Words(text);
    EXPECT_FALSE(words.empty());
    for (const std::string& word : words) {
      EXPECT_LE(word.size(), kMaxTokenBytes);
      EXPECT_TRUE(IsUtf8(word));
    }
  }
  EXPECT_EQ(Words(std::string(1000, 'x')).size(), 5u);
}

TEST(Analyse, BytesThatAreNoTextSeparateWords) {
  EXPECT_EQ(Words("ab\xff"
                  "cd\xc3"),
            List({"ab", "cd"}));
  EXPECT_EQ(Fold("A\xff\xc3Z"), "a\xff\xc3z");
  EXPECT_EQ(Words("a\xed\xa0\x80"
                  "b"),
            List({"a", "b"}));
}

TEST(Analyse, FoldsOneCharacterForOne) {
  EXPECT_EQ(Fold("AbÇ ŐΣ ẞ \U00010400"), "abç őσ ß \U00010428");
  EXPECT_EQ(Fold("\u0130\u212a"), "ik");
}

TEST(Analyse, WordPartsLieWithinOneWord) {
  for (const char* part : {"pump", "01", "a_b", "größe", "_x"}) EXPECT_TRUE(IsWordPart(part));
  for (const char* part : {"", "_", "a-b", "a.b", "a b", "車", "カ", "e\u0301", "\xff", "*"})
    EXPECT_FALSE(IsWordPart(part)) << part;
}

TEST(Analyse, StemsTakeEndingsOff) {
  const auto same = [](std::string_view a, std::string_view b) {
    return Stem(a, Stemming::kEnglish) == Stem(b, Stemming::kEnglish);
  };
  EXPECT_TRUE(same("pumps", "pump"));
  EXPECT_TRUE(same("valves", "valve"));
  EXPECT_TRUE(same("batteries", "battery"));
  EXPECT_TRUE(same("rotating", "rotates"));
  EXPECT_TRUE(same("rotated", "rotate"));
  EXPECT_TRUE(same("stopped", "stopping"));
  EXPECT_TRUE(same("houses", "housed"));
  EXPECT_FALSE(same("glass", "glas"));
  EXPECT_FALSE(same("generate", "generic"));
  EXPECT_EQ(Stem("pumps", Stemming::kNone), "pumps");
  EXPECT_EQ(Stem("straßen", Stemming::kEnglish), "straßen");
  for (const char* word : {"s", "ing", "sing", "bed", "bus", "x1s"})
    EXPECT_EQ(Stem(word, Stemming::kEnglish), word);
}

}  // namespace
}  // namespace vams::search
