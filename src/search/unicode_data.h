// What analyse.h knows about characters beyond ASCII: word classes and lower case, as sorted
// tables, and the reading of UTF-8.
//
// Thread rule: constants and pure functions.  Nothing blocks.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace vams::search::unicode {

enum class Class : std::uint8_t {
  kNone,
  L,  // letter
  N,  // decimal digit
  M,  // belongs to the character before it
  E,  // joins letters and digits, as _
  K,  // Katakana
  I,  // a word by itself
};

struct Range {
  char32_t first, last;
  Class word_class;
};

struct LowerRun {
  char32_t first, last;
  std::uint8_t step;
  std::int32_t add;
};

std::span<const Range> Ranges();
std::span<const LowerRun> LowerRuns();

// By these tables; ASCII too.
Class ClassOf(char32_t c);
char32_t Lower(char32_t c);

// The character at `at`, which is moved behind it.  A byte that begins none is kBadByte | byte.
inline constexpr char32_t kBadByte = 0x8000'0000;
char32_t Next(std::string_view text, std::size_t& at);
void Append(std::string& out, char32_t c);  // what Next gave, bad bytes as they were

}  // namespace vams::search::unicode
