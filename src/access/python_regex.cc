#include "access/python_regex.h"

#include "access/python_regex_parser.h"

namespace vams::access {

namespace regex {

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

}  // namespace regex

Result<PythonRegex> TranslatePythonRegex(std::string_view pattern) {
  auto text = DecodeUtf8(pattern);
  if (!text) {
    return Error(Code::kInvalid, "the pattern is not valid UTF-8; send it as Unicode text");
  }
  return regex::Parser(*std::move(text)).Run();
}

}  // namespace vams::access
