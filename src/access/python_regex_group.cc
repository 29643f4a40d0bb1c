// Groups: captures, references, look-arounds, conditions and flags.
#include "access/python_regex_parser.h"

namespace vams::access::regex {

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

}  // namespace vams::access::regex
