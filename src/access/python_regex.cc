#include "access/python_regex.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <vector>

#include "access/utf8.h"

namespace vams::access {

namespace {

constexpr char32_t kEnd = 0xFFFF'FFFF;
constexpr int kMaxDepth = 200;
constexpr std::uint64_t kMaxRepeat = 65'535;  // PCRE2's
constexpr std::uint64_t kUnbounded = std::numeric_limits<std::uint32_t>::max();

// How many characters a piece of a pattern can match: look-behinds need to know.
struct Width {
  std::uint64_t least = 0;
  std::uint64_t most = 0;
};

std::uint64_t Cap(std::uint64_t n) { return std::min(n, kUnbounded); }

Width operator+(Width a, Width b) { return {Cap(a.least + b.least), Cap(a.most + b.most)}; }

// The flags that matter for the characters at hand; `L` is refused and `u` is the default.
struct Flags {
  bool ignore_case = false;  // i
  bool multiline = false;    // m
  bool dot_all = false;      // s
  bool verbose = false;      // x
  bool ascii = false;        // a
};

bool IsDigit(char32_t c) { return c >= '0' && c <= '9'; }
bool IsOctal(char32_t c) { return c >= '0' && c <= '7'; }
bool IsAsciiLetter(char32_t c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
int HexValue(char32_t c) {
  if (IsDigit(c)) return static_cast<int>(c - '0');
  if (c >= 'a' && c <= 'f') return static_cast<int>(c - 'a') + 10;
  if (c >= 'A' && c <= 'F') return static_cast<int>(c - 'A') + 10;
  return -1;
}

// One character that stands for itself, inside and outside of a class.
std::string Literal(char32_t c) {
  if (IsDigit(c) || IsAsciiLetter(c)) return std::string(1, static_cast<char>(c));
  return fmt::format("\\x{{{:x}}}", static_cast<std::uint32_t>(c));
}

// The members of \d, \w and \s, to stand between brackets.  Written out because PCRE2's own sets
// depend on its version and differ from Python's (its \s lacks U+001C to U+001F).
std::string_view Members(char32_t lower, bool ascii) {
  switch (lower) {
    case 'd':
      return ascii ? "0-9" : "\\p{Nd}";
    case 'w':
      return ascii ? "0-9A-Za-z_" : "\\p{L}\\p{N}_";
    default:
      return ascii ? "\\x{9}-\\x{d}\\x{20}"
                   : "\\x{9}-\\x{d}\\x{1c}-\\x{20}\\x{85}\\x{a0}\\x{1680}\\x{2000}-\\x{200a}"
                     "\\x{2028}\\x{2029}\\x{202f}\\x{205f}\\x{3000}";
  }
}

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

Result<Width> Parser::Alternatives(Flags& flags, int depth) {
  if (depth > kMaxDepth) return Fail("groups are nested too deeply");
  TRY(Width all, Branch(flags, depth, depth == 0));
  while (Match('|')) {
    NoLiteral();
    out_ += '|';
    TRY(const Width width, Branch(flags, depth, false));
    all = {std::min(all.least, width.least), std::max(all.most, width.most)};
  }
  return all;
}

bool Parser::SkipVerbose(const Flags& flags, char32_t c) {
  if (!flags.verbose) return false;
  if (c == ' ' || (c >= '\t' && c <= '\r')) return true;
  if (c != '#') return false;
  for (char32_t skipped = Next(); skipped != kEnd && skipped != '\n';) skipped = Next();
  return true;
}

Result<Width> Parser::Branch(Flags& flags, int depth, bool first) {
  Width before;  // of everything but the last item
  Width item;
  Last last = Last::kNothing;
  while (!AtEnd() && Peek() != '|' && Peek() != ')') {
    const char32_t c = Next();
    if (SkipVerbose(flags, c)) continue;
    if (c == '*' || c == '+' || c == '?' || (c == '{' && OpensRepeat())) {
      TRY_OK(Repeat(c, item, last));
      continue;
    }
    Width next;
    Last kind = Last::kPiece;
    TRY_OK(Piece(c, flags, depth, first && last == Last::kNothing, next, kind));
    // Comments and flags are no items: a repeat after a comment repeats what stands before it.
    if (kind == Last::kNothing) continue;
    before = before + item;
    item = next;
    last = kind;
  }
  return before + item;
}

// Whether the brace just read opens a repeat; else it is a character like any other.
bool Parser::OpensRepeat() const {
  std::size_t at = pos_;
  const auto digits = [&] {
    const std::size_t start = at;
    while (at < text_.size() && IsDigit(text_[at])) ++at;
    return at > start;
  };
  const bool low = digits();
  const bool comma = at < text_.size() && text_[at] == ',';
  if (comma) {
    ++at;
    digits();
  }
  return (low || comma) && at < text_.size() && text_[at] == '}';
}

// A repeat rewrites the width of the item before it.
Status Parser::Repeat(char32_t c, Width& item, Last& last) {
  const std::size_t start = pos_ - 1;
  std::uint64_t least = c == '+' ? 1 : 0;
  std::uint64_t most = c == '?' ? 1 : kUnbounded;
  if (c == '{') {
    const auto number = [&](std::uint64_t otherwise) {
      std::string digits;
      while (IsDigit(Peek())) digits.push_back(static_cast<char>(Next()));
      if (digits.size() > 5) return kMaxRepeat + 1;
      return digits.empty() ? otherwise : std::uint64_t{std::stoul(digits)};
    };
    least = number(0);
    most = Match(',') ? number(kUnbounded) : least;
    ++pos_;  // the closing brace
    if (least > kMaxRepeat || (most > kMaxRepeat && most != kUnbounded))
      return Fail("more than 65535 repeats", start);
    if (most < least) return Fail("the least number of repeats is above the most", start);
  }
  if (last == Last::kNothing || last == Last::kPosition) return Fail("nothing to repeat", start);
  if (last == Last::kRepeat) return Fail("a repeat of a repeat", start);
  NoLiteral();
  if (most == kUnbounded) {
    out_ += fmt::format("{{{},}}", least);
  } else {
    out_ += fmt::format("{{{},{}}}", least, most);
  }
  if (Match('?')) {
    out_ += '?';
  } else if (Match('+')) {
    out_ += '+';
  }
  last = Last::kRepeat;
  item = {Cap(item.least * least), Cap(item.most * most)};
  return Ok();
}

Status Parser::Piece(char32_t c, Flags& flags, int depth, bool first, Width& width, Last& last) {
  last = Last::kPiece;
  switch (c) {
    case '\\':
      return OutsideEscape(flags, width, last);
    case '[':
      width = {1, 1};
      NoLiteral();
      return Class(flags);
    case '(':
      NoLiteral();
      return Group(flags, depth, first, width, last);
    case '.':
      NoLiteral();
      out_ += flags.dot_all ? "(?s:.)" : ".";
      width = {1, 1};
      return Ok();
    case '^':
      NoLiteral();
      out_ += flags.multiline ? "(?<![^\\x{a}])" : "\\A";
      last = Last::kPosition;
      return Ok();
    case '$':
      NoLiteral();
      out_ += flags.multiline ? "(?![^\\x{a}])" : "\\Z";
      last = Last::kPosition;
      return Ok();
    default:
      Plain(c, flags);
      width = {1, 1};
      return Ok();
  }
}

// --- Escapes and classes

Result<char32_t> Parser::Hex(int digits, std::size_t start) {
  char32_t value = 0;
  for (int i = 0; i < digits; ++i) {
    const int digit = HexValue(Peek());
    if (digit < 0) return Fail("an escape has too few hexadecimal digits", start);
    value = value * 16 + static_cast<char32_t>(digit);
    ++pos_;
  }
  if (value > 0x10'FFFF || (value >= 0xD800 && value < 0xE000))
    return Fail("an escape names no character", start);
  return value;
}

// The escapes that mean the same inside and outside of a class, `c` being what follows the
// backslash.  Octal ones and references are up to the callers.
Result<Escape> Parser::PlainEscape(char32_t c, bool in_class) {
  const std::size_t start = pos_ - 2;
  switch (c) {
    case 'a':
      return Escape{.c = 7};
    case 'f':
      return Escape{.c = 12};
    case 'n':
      return Escape{.c = 10};
    case 'r':
      return Escape{.c = 13};
    case 't':
      return Escape{.c = 9};
    case 'v':
      return Escape{.c = 11};
    case 'd':
    case 'D':
    case 's':
    case 'S':
    case 'w':
    case 'W':
      return Escape{.is_set = true, .c = c};
    case 'x':
    case 'u':
    case 'U': {
      TRY(const char32_t value, Hex(c == 'x' ? 2 : c == 'u' ? 4 : 8, start));
      return Escape{.c = value};
    }
    case 'b':
      if (in_class) return Escape{.c = 8};
      break;
    default:
      break;
  }
  if (IsAsciiLetter(c) || IsDigit(c)) return Fail("an unknown escape", start);
  return Escape{.c = c};
}

// \b and \B: two neighbours of which one, or not exactly one, is a word character.  Python's \B
// does not hold in an empty text.
void Parser::Boundary(bool inside, const Flags& flags) {
  const std::string_view word = Members('w', flags.ascii);
  if (inside) {
    out_ += fmt::format("(?:(?<=[{0}])(?=[{0}])|(?<![{0}])(?![{0}])(?!\\A\\z))", word);
  } else {
    out_ += fmt::format("(?:(?<=[{0}])(?![{0}])|(?<![{0}])(?=[{0}]))", word);
  }
}

Status Parser::OutsideEscape(const Flags& flags, Width& width, Last& last) {
  const std::size_t start = pos_ - 1;
  const char32_t c = Next();
  if (c == kEnd) return Fail("a backslash at the end", start);
  if (c == 'A' || c == 'Z' || c == 'b' || c == 'B') {
    NoLiteral();
    last = Last::kPosition;
    if (c == 'A' || c == 'Z') {
      out_ += c == 'A' ? "\\A" : "\\z";
    } else {
      Boundary(c == 'B', flags);
    }
    return Ok();
  }
  width = {1, 1};
  if (IsDigit(c)) {
    char32_t value = c - '0';
    if (c == '0') {
      for (int i = 0; i < 2 && IsOctal(Peek()); ++i) value = value * 8 + (Next() - '0');
      Plain(value, flags);
      return Ok();
    }
    if (IsDigit(Peek())) {
      const char32_t second = Next();
      if (IsOctal(c) && IsOctal(second) && IsOctal(Peek())) {
        value = (c - '0') * 64 + (second - '0') * 8 + (Next() - '0');
        if (value > 0377) return Fail("an octal escape above 377", start);
        Plain(value, flags);
        return Ok();
      }
      value = value * 10 + (second - '0');
    }
    TRY(width, Reference(value, start));
    return Ok();
  }
  TRY(const Escape escape, PlainEscape(c, false));
  if (!escape.is_set) {
    Plain(escape.c, flags);
    return Ok();
  }
  NoLiteral();
  const bool negated = IsAsciiLetter(c) && c < 'a';
  out_ += fmt::format("[{}{}]", negated ? "^" : "", Members(c | 0x20, flags.ascii));
  return Ok();
}

Result<Escape> Parser::ClassMember(char32_t c) {
  if (c != '\\') return Escape{.c = c};
  const std::size_t start = pos_ - 1;
  const char32_t escaped = Next();
  if (escaped == kEnd) return Fail("a backslash at the end", start);
  if (!IsOctal(escaped)) return PlainEscape(escaped, true);
  char32_t value = escaped - '0';
  for (int i = 0; i < 2 && IsOctal(Peek()); ++i) value = value * 8 + (Next() - '0');
  if (value > 0377) return Fail("an octal escape above 377", start);
  return Escape{.c = value};
}

// PCRE2 has no way to put "not a word character" beside other members without its own \W, so such a
// class becomes alternatives.
Status Parser::Class(const Flags& flags) {
  const std::size_t start = pos_ - 1;
  const bool negated = Match('^');
  std::string members;
  std::vector<std::string> complements;
  const auto add = [&](const Escape& member) {
    if (!member.is_set) {
      members += Literal(member.c);
    } else if (member.c < 'a') {
      complements.push_back(fmt::format("[^{}]", Members(member.c | 0x20, flags.ascii)));
    } else {
      members += Members(member.c, flags.ascii);
    }
  };
  for (bool empty = true;; empty = false) {
    const char32_t c = Next();
    if (c == kEnd) return Fail("a character class is not closed", start);
    if (c == ']' && !empty) break;
    TRY(const Escape low, ClassMember(c));
    if (!Match('-')) {
      add(low);
      continue;
    }
    const char32_t next = Next();
    if (next == kEnd) return Fail("a character class is not closed", start);
    if (next == ']') {
      add(low);
      members += Literal('-');
      break;
    }
    TRY(const Escape high, ClassMember(next));
    if (low.is_set || high.is_set || high.c < low.c) return Fail("a bad character range");
    members += Literal(low.c) + "-" + Literal(high.c);
  }
  if (complements.empty()) {
    out_ += fmt::format("[{}{}]", negated ? "^" : "", members);
    return Ok();
  }
  if (!members.empty()) complements.push_back(fmt::format("[{}]", members));
  std::string any;
  for (const std::string& one : complements) any += (any.empty() ? "" : "|") + one;
  out_ += negated ? fmt::format("(?:(?!{})(?s:.))", any) : fmt::format("(?:{})", any);
  return Ok();
}

// --- Groups

Status Parser::CheckLookBehind(std::size_t group, std::size_t at) const {
  if (!look_behind_groups_) return Ok();
  if (group < groups_.size() && !groups_[group]) return Fail("a group refers to itself", at);
  if (group >= *look_behind_groups_) return Fail("a look-behind refers to a group of its own", at);
  return Ok();
}

Result<Width> Parser::Reference(std::size_t group, std::size_t at) {
  if (group >= groups_.size()) return Fail(fmt::format("there is no group {} yet", group), at);
  if (!groups_[group]) return Fail("a group refers to itself", at);
  TRY_OK(CheckLookBehind(group, at));
  NoLiteral();
  out_ += fmt::format("\\g{{{}}}", group);
  return *groups_[group];
}

Result<std::string> Parser::NameUntil(char32_t end) {
  const std::size_t start = pos_;
  std::string name;
  while (!AtEnd() && Peek() != end) AppendUtf8(name, Next());
  if (!Match(end)) return Fail("a group's name is not closed", start);
  if (name.empty()) return Fail("a group's name is missing", start);
  return name;
}

bool IsIdentifier(std::string_view name) {
  const auto first = static_cast<unsigned char>(name.front());
  if (!IsAsciiLetter(first) && first != '_' && first < 0x80) return false;
  return std::ranges::all_of(name, [](char c) {
    const auto byte = static_cast<unsigned char>(c);
    return IsAsciiLetter(byte) || IsDigit(byte) || byte == '_' || byte >= 0x80;
  });
}

Result<Width> Parser::Inside(Flags flags, int depth, std::string_view open, std::size_t start) {
  out_ += open;
  TRY(const Width width, Alternatives(flags, depth + 1));
  if (!Match(')')) return Fail("a parenthesis is not closed", start);
  out_ += ')';
  return width;
}

Result<Width> Parser::Capture(const std::string& name, Flags flags, int depth, std::size_t start) {
  const std::size_t group = groups_.size();
  if (!name.empty()) {
    if (!IsIdentifier(name)) return Fail("a group's name is no identifier", start);
    if (!names_.emplace(name, group).second) return Fail("a group's name is used twice", start);
  }
  groups_.emplace_back();
  TRY(const Width width, Inside(flags, depth, "(", start));
  groups_[group] = width;
  return width;
}

Status Parser::Look(char32_t kind, const Flags& flags, int depth, std::size_t start) {
  if (kind != '<') {
    TRY_OK(Inside(flags, depth, kind == '=' ? "(?=" : "(?!", start));
    return Ok();
  }
  const char32_t sign = Next();
  if (sign != '=' && sign != '!') return Fail("an unknown kind of group", start);
  const auto outer = look_behind_groups_;
  if (!outer) look_behind_groups_ = groups_.size();
  TRY(const Width width, Inside(flags, depth, sign == '=' ? "(?<=" : "(?<!", start));
  look_behind_groups_ = outer;
  if (width.least != width.most)
    return Fail("a look-behind must match texts of one length only", start);
  return Ok();
}

Result<Width> Parser::Condition(const Flags& flags, int depth, std::size_t start) {
  if (depth >= kMaxDepth) return Fail("groups are nested too deeply");
  TRY(const std::string name, NameUntil(')'));
  std::size_t group = 0;
  if (IsIdentifier(name)) {
    const auto found = names_.find(name);
    if (found == names_.end()) return Fail("a condition names an unknown group", start);
    group = found->second;
  } else {
    if (name.size() > 5 || !std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; }))
      return Fail("a condition names no group", start);
    group = std::stoul(name);
    if (group == 0) return Fail("a condition names no group", start);
    conditions_.emplace(group, start);
  }
  TRY_OK(CheckLookBehind(group, start));
  out_ += fmt::format("(?({})", group);
  Flags inner = flags;
  TRY(Width width, Branch(inner, depth + 1, false));
  if (Match('|')) {
    out_ += '|';
    TRY(const Width other, Branch(inner, depth + 1, false));
    width = {std::min(width.least, other.least), std::max(width.most, other.most)};
    if (Peek() == '|') return Fail("a condition has more than two branches", start);
  } else {
    width.least = 0;
  }
  if (!Match(')')) return Fail("a parenthesis is not closed", start);
  out_ += ')';
  return width;
}

// (?i) for the whole pattern, or (?i-s:…).  The first letter is not yet read.
Status Parser::FlagGroup(Flags& flags, int depth, bool first, std::size_t start, Width& width,
                         Last& last) {
  Flags changed = flags;
  std::string on;
  std::string off;
  bool adding = true;
  char32_t c = Next();
  for (;; c = Next()) {
    if (c == '-' && adding && Peek() != ':') {
      adding = false;
      continue;
    }
    if (c == ':' || (c == ')' && adding)) break;
    if (c == kEnd || std::u32string_view(U"aimsux").find(c) == std::u32string_view::npos)
      return Fail("an unknown flag or kind of group", start);
    (adding ? on : off).push_back(static_cast<char>(c));
    const bool types = c == 'a' || c == 'u';
    if (types && !adding) return Fail("the flags a and u cannot be turned off", start);
    if (c == 'i') changed.ignore_case = adding;
    if (c == 'm') changed.multiline = adding;
    if (c == 's') changed.dot_all = adding;
    if (c == 'x') changed.verbose = adding;
    if (types) changed.ascii = c == 'a';
  }
  if (on.find('a') != std::string::npos && on.find('u') != std::string::npos)
    return Fail("the flags a and u exclude each other", start);
  if (on.find_first_of(off) != std::string::npos) return Fail("a flag is turned on and off", start);
  if (c == ')') {
    if (on.empty()) return Fail("an unknown kind of group", start);
    if (!first) return Fail("flags of the whole pattern must stand at its start", start);
    global_flags_ += on;
    if (global_flags_.find('a') != std::string::npos &&
        global_flags_.find('u') != std::string::npos)
      return Fail("the flags a and u exclude each other", start);
    flags = changed;
    caseless_ = caseless_ || changed.ignore_case;
    last = Last::kNothing;
    return Ok();
  }
  const std::string_view open = changed.ignore_case == flags.ignore_case ? "(?:"
                                : changed.ignore_case                    ? "(?i:"
                                                                         : "(?-i:";
  TRY(width, Inside(changed, depth, open, start));
  return Ok();
}

Status Parser::Group(Flags& flags, int depth, bool first, Width& width, Last& last) {
  const std::size_t start = pos_ - 1;
  if (!Match('?')) {
    TRY(width, Capture("", flags, depth, start));
    return Ok();
  }
  const char32_t c = Next();
  switch (c) {
    case 'P': {
      if (Match('<')) {
        TRY(const std::string name, NameUntil('>'));
        TRY(width, Capture(name, flags, depth, start));
        return Ok();
      }
      if (!Match('=')) return Fail("an unknown kind of group", start);
      TRY(const std::string name, NameUntil(')'));
      const auto found = names_.find(name);
      if (found == names_.end()) return Fail("a reference to an unknown group", start);
      TRY(width, Reference(found->second, start));
      return Ok();
    }
    case ':': {
      TRY(width, Inside(flags, depth, "(?:", start));
      return Ok();
    }
    case '>': {
      TRY(width, Inside(flags, depth, "(?>", start));
      return Ok();
    }
    case '#':
      while (!AtEnd() && Peek() != ')') ++pos_;
      if (!Match(')')) return Fail("a comment is not closed", start);
      last = Last::kNothing;
      return Ok();
    case '=':
    case '!':
    case '<':
      return Look(c, flags, depth, start);
    case '(': {
      TRY(width, Condition(flags, depth, start));
      return Ok();
    }
    default:
      if (c != kEnd) --pos_;
      return FlagGroup(flags, depth, first, start, width, last);
  }
}

}  // namespace

Result<PythonRegex> TranslatePythonRegex(std::string_view pattern) {
  auto text = DecodeUtf8(pattern);
  if (!text) {
    return Error(Code::kInvalid, "the pattern is not valid UTF-8; send it as Unicode text");
  }
  return Parser(*std::move(text)).Run();
}

}  // namespace vams::access
