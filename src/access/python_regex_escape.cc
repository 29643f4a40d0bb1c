// Escapes and character classes.
#include "access/python_regex_parser.h"

namespace vams::access::regex {

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

}  // namespace vams::access::regex
