// How text becomes words: Unicode's default word boundaries (UAX #29), lower case.  "Pump-01 a_b
// Model.glb" is pump, 01, a_b, model.glb.  Han and Hiragana characters are words each.
//
// Thread rule: pure functions.  Nothing blocks.  Linear in the text.  Spec: search.md section 4.2.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace vams::search {

// A word of a text.
struct Token {
  std::string text;        // folded
  std::uint32_t position;  // 0, 1, 2 … in the text
  std::size_t begin, end;  // bytes of the text, unfolded
};

// What is longer is cut into words of this many bytes (at character boundaries).
inline constexpr std::size_t kMaxTokenBytes = 200;

// Bytes that are not UTF-8 separate words.
std::vector<Token> Analyse(std::string_view text);
std::vector<std::string> Words(std::string_view text);
// Where they lie in the text, unfolded.
void ForEachWord(std::string_view text,
                 const std::function<void(std::size_t begin, std::size_t end)>& visit);

// Lower case, one character for one (Unicode's simple mapping); other bytes as they are.
std::string Fold(std::string_view text);
void AppendFolded(std::string& out, std::string_view text);

// Whether an occurrence of this folded text always lies within one word, however the text around it
// reads: letters, digits and _ only, none of them a word by itself (Han, Hiragana) or a mark.  A
// dictionary of words then answers for substrings of values.
bool IsWordPart(std::string_view folded);

enum class Stemming : std::uint8_t { kNone, kEnglish };

// The stem of a folded word; the word itself when there is nothing to take off.
std::string Stem(std::string_view word, Stemming stemming);

}  // namespace vams::search
