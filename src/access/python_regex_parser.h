// The parser behind TranslatePythonRegex: reads Python's syntax and writes PCRE2's as it goes.
// Private to python_regex*.cc.  Belongs to one call; nothing blocks.
#pragma once

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "access/python_regex.h"
#include "access/utf8.h"

namespace vams::access::regex {

inline constexpr char32_t kEnd = 0xFFFF'FFFF;
inline constexpr int kMaxDepth = 200;
inline constexpr std::uint64_t kMaxRepeat = 65'535;  // PCRE2's
inline constexpr std::uint64_t kUnbounded = std::numeric_limits<std::uint32_t>::max();

// How many characters a piece of a pattern can match: look-behinds need to know.
struct Width {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

inline std::uint64_t Cap(std::uint64_t n) { return std::min(n, kUnbounded); }

inline Width operator+(Width a, Width b) { return {Cap(a.least + b.least), Cap(a.most + b.most)}; }

// The flags that matter for the characters at hand; `L` is refused and `u` is the default.
struct Flags {
  bool ignore_case = false;  // i
  bool multiline = false;    // m
  bool dot_all = false;      // s
  bool verbose = false;      // x
  bool ascii = false;        // a
};

inline bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }
inline bool IsOctal(char32_t c) { return c >= '0' && c <= '7'; }
inline bool IsAsciiLetter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
inline int HexValue(char32_t c) {
  if (IsDigit(c)) return static_cast<int>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<int>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<int>(c - 'A') + 10;
  return -1;
}

// One character that stands for itself, inside and outside of a class.
std::string Literal(char32_t c);

// The members of \d, \w and \s, to stand between brackets.  Written out because PCRE2's own sets
// depend on its version and differ from Python's (its \s lacks U+001C to U+001F).
std::string_view Members(char32_t lower, bool ascii);

// What an escape inside or outside of a class stands for.
struct Escape {
  bool is_set = false;  // \d \D \w \W \s \S
  char32_t c = 0;       // the character, or the set's letter
};

// What the last piece was, for the rules of repeats.
enum class Last : std::uint8_t { kNothing, kPosition, kRepeat, kPiece };

class Parser {
 public:
  explicit Parser(std::u32string text) : text_(std::move(text)) {}

  Result<PythonRegex> Run() {
    Flags flags;
    TRY([[maybe_unused]] const Width width, Alternatives(flags, 0));
    if (!AtEnd()) return Fail("unbalanced parenthesis", pos_);
    for (const auto& [group, at] : conditions_) {
      if (group >= groups_.size()) return Fail(fmt::format("there is no group {}", group), at);
    }
    return PythonRegex{.pcre = std::move(out_),
                       .caseless = caseless_,
                       .is_literal = is_literal_,
                       .literal = is_literal_ ? std::move(literal_) : std::string()};
  }

 private:
  bool AtEnd() const { return pos_ >= text_.size(); }
  char32_t Peek() const { return AtEnd() ? kEnd : text_[pos_]; }
  char32_t Next() { return AtEnd() ? kEnd : text_[pos_++]; }
  bool Match(char32_t c) {
    if (Peek() != c) return false;
    ++pos_;
    return true;
  }

  static Error Fail(std::string_view why, std::size_t at) {
    return Error(Code::kInvalid,
                 fmt::format("the pattern breaks at character {}: {}; mend it, or put a backslash "
                             "before a character that means itself",
                             at + 1, why));
  }
  Error Fail(std::string_view why) const { return Fail(why, pos_ == 0 ? 0 : pos_ - 1); }

  Result<Width> Alternatives(Flags& flags, int depth);
  Result<Width> Branch(Flags& flags, int depth, bool first);
  bool SkipVerbose(const Flags& flags, char32_t c);
  Status Piece(char32_t c, Flags& flags, int depth, bool first, Width& width, Last& last);
  bool OpensRepeat() const;
  Status Repeat(char32_t c, Width& item, Last& last);

  Status OutsideEscape(const Flags& flags, Width& width, Last& last);
  Result<Escape> PlainEscape(char32_t c, bool in_class);
  Result<char32_t> Hex(int digits, std::size_t start);
  void Boundary(bool inside, const Flags& flags);
  Status Class(const Flags& flags);
  Result<Escape> ClassMember(char32_t c);

  Status Group(Flags& flags, int depth, bool first, Width& width, Last& last);
  Result<Width> Inside(Flags flags, int depth, std::string_view open, std::size_t start);
  Result<Width> Capture(const std::string& name, Flags flags, int depth, std::size_t start);
  Status Look(char32_t kind, const Flags& flags, int depth, std::size_t start);
  Result<Width> Condition(const Flags& flags, int depth, std::size_t start);
  Status FlagGroup(Flags& flags, int depth, bool first, std::size_t start, Width& width,
                   Last& last);
  Result<std::string> NameUntil(char32_t end);
  Result<Width> Reference(std::size_t group, std::size_t at);
  Status CheckLookBehind(std::size_t group, std::size_t at) const;

  void Plain(char32_t c, const Flags& flags) {
    out_ += Literal(c);
    if (flags.ignore_case) is_literal_ = false;
    if (is_literal_) AppendUtf8(literal_, c);
  }
  void NoLiteral() { is_literal_ = false; }

  std::u32string text_;
  std::size_t pos_ = 0;
  std::string out_;
  bool caseless_ = false;
  std::string global_flags_;  // the flags of the whole pattern so far
  bool is_literal_ = true;
  std::string literal_;
  std::vector<std::optional<Width>> groups_ = {Width{}};  // nothing while a group is open
  std::map<std::string, std::size_t> names_;
  std::map<std::size_t, std::size_t> conditions_;  // groups that conditions name, and where
  std::optional<std::size_t> look_behind_groups_;  // how many there were at the outermost one
};

}  // namespace vams::access::regex
