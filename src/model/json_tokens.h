// JSON text as a sequence of tokens, in the dialect that metadata values are written in: RFC 8259,
// and NaN, Infinity and -Infinity besides, lone surrogate escapes, numbers of any size.  Boost.JSON
// reads none of these.  Spec: api-metadata.md section 3.3.
//
// Internal to model.  A reader belongs to one thread; it neither blocks nor allocates, and its text
// outlives it.
#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace vams::model {

enum class JsonToken : std::uint8_t {
  kBeginObject,
  kEndObject,
  kBeginArray,
  kEndArray,
  kKey,
  kString,
  kNumber,
  kNonFinite,  // NaN, Infinity, -Infinity
  kTrue,
  kFalse,
  kNull,
  kEnd,  // of a complete text; every later call says so again
  kBad,  // Problem() says why; every later call says so again
};

class JsonTokens {
 public:
  // Objects and arrays within each other.  What is deeper is bad.
  static constexpr std::size_t kDeepest = 1'000;

  // What is no UTF-8 inside a string passes: whoever received the text has looked.
  explicit JsonTokens(std::string_view text) : text_(text) {}

  JsonToken Next();

  // Of the last token: the number as written, the key or string between its quotes, escapes as
  // they stand.
  std::string_view raw() const { return raw_; }
  // Whether raw() has escapes.
  bool escaped() const { return escaped_; }
  // Of the last key or string, escapes resolved.  A lone surrogate becomes the three bytes that its
  // code point would have, so that texts stay different.
  std::string Unescaped() const;
  // The last key or string is `plain`, which is ASCII.
  bool Is(std::string_view plain) const;

  // Objects and arrays that are open.
  std::size_t depth() const { return depth_; }
  // After kBad: "not JSON: … at character 17", for a sentence.
  std::string Problem() const;

 private:
  // What may come next.
  enum class Expect : std::uint8_t { kValue, kValueOrEnd, kKey, kKeyOrEnd, kColon, kCommaOrEnd };

  JsonToken Fail(const char* what);
  JsonToken Value(char first);
  JsonToken Open(bool object);
  JsonToken Close(char bracket);
  JsonToken Literal(std::string_view word, JsonToken token);
  JsonToken Number();
  JsonToken String(JsonToken token);
  JsonToken AfterValue(JsonToken token);
  bool Escape();
  void SkipBlanks();

  std::string_view text_;
  std::size_t at_ = 0;
  std::string_view raw_;
  bool escaped_ = false;
  bool failed_ = false;
  Expect expect_ = Expect::kValue;
  std::size_t depth_ = 0;
  std::bitset<kDeepest> objects_;  // which of the open ones are objects
  const char* problem_ = "";
};

// The number a kNumber token writes, as IEEE 754 has it: infinite when it is too large.
double JsonNumber(std::string_view raw);

}  // namespace vams::model
