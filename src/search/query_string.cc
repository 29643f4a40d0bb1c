#include "search/query_string.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <optional>
#include <utility>

#include "base/encoding.h"
#include "search/analyse.h"
#include "search/query_terms.h"
#include "search/unicode_data.h"

namespace vams::search {
namespace {

// Parentheses inside each other; each is some calls deep.
constexpr std::size_t kMaxParentheses = 32;

bool IsSpace(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r' || c == '\f'; }

class Parser {
 public:
  Parser(std::string_view text, const QueryStringOptions& options)
      : text_(text), options_(options), terms_(options) {}

  Result<Expression> Parse() {
    SkipSpace();
    if (Done()) return Expression::All();
    const Target nowhere = terms_.Default();
    TRY(Expression all, Alternatives(nowhere));
    if (!Done()) return Fail("there is a ) without its (");
    TRY_OK(CheckBounds(all));
    return all;
  }

 private:
  enum class Mark : std::uint8_t { kNone, kRequired, kForbidden, kNot };
  struct Clause {
    Expression expression;
    Mark mark = Mark::kNone;
    bool explicit_or = false;  // an OR stands on one of its sides
  };

  // ---- Characters

  bool Done() const { return at_ >= text_.size(); }
  char Peek(std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0';
  }
  void SkipSpace() {
    while (!Done() && IsSpace(Peek())) ++at_;
  }
  bool Take(std::string_view what) {
    if (!text_.substr(at_).starts_with(what)) return false;
    at_ += what.size();
    return true;
  }
  // A word in capitals, or a doubled sign, between blanks and parentheses.
  bool TakeOperator(std::string_view word) {
    const std::string_view rest = text_.substr(at_);
    if (!rest.starts_with(word)) return false;
    const char behind = rest.size() > word.size() ? rest[word.size()] : ' ';
    if (!IsSpace(behind) && behind != '(' && behind != ')' && behind != '"') return false;
    at_ += word.size();
    return true;
  }
  bool TakeAnd() { return TakeOperator("AND") || Take("&&"); }
  bool TakeOr() { return TakeOperator("OR") || Take("||"); }

  Error Fail(std::string_view what, std::optional<std::size_t> where = std::nullopt) const {
    const std::string_view before = text_.substr(0, where.value_or(at_));
    const auto character = 1 + std::ranges::count_if(before, [](char c) {
                             return (static_cast<unsigned char>(c) & 0xC0U) != 0x80;
                           });
    return {Code::kInvalid,
            fmt::format("the filter cannot be understood: {} at character {}", what, character)};
  }

  // ---- Structure

  // Clauses joined by OR or by nothing (unless that means AND).
  Result<Expression> Alternatives(const Target& target) {
    std::vector<Clause> clauses;
    bool after_or = false;
    for (;;) {
      TRY(Clause clause, Conjunction(target));
      SkipSpace();
      const bool before_or = TakeOr();
      clause.explicit_or = after_or || before_or;
      clauses.push_back(std::move(clause));
      after_or = before_or;
      SkipSpace();
      if (Done() || Peek() == ')') {
        if (after_or) return Fail("OR has nothing on its right side");
        break;
      }
    }
    return Joined(std::move(clauses));
  }

  static Expression Joined(std::vector<Clause> clauses) {
    std::vector<Expression> all;
    std::vector<Expression> any;
    bool required = false;
    for (Clause& clause : clauses) {
      // "a NOT b" is a without b; "a OR NOT b" is what it says.
      if (clause.mark == Mark::kNot && clause.explicit_or) {
        any.push_back(Expression::Not(std::move(clause.expression)));
      } else if (clause.mark == Mark::kForbidden || clause.mark == Mark::kNot) {
        all.push_back(Expression::Not(std::move(clause.expression)));
      } else if (clause.mark == Mark::kRequired) {
        required = true;
        all.push_back(std::move(clause.expression));
      } else {
        any.push_back(std::move(clause.expression));
      }
    }
    if (!required && !any.empty()) all.push_back(Expression::Or(std::move(any)));
    return Expression::And(std::move(all));
  }

  // Clauses joined by AND, or by nothing where that means AND.
  Result<Clause> Conjunction(const Target& target) {
    TRY(Clause first, OneClause(target));
    SkipSpace();
    if (!GoesOn()) return first;
    std::vector<Expression> parts;
    parts.push_back(Plain(std::move(first)));
    do {
      TRY(Clause next, OneClause(target));
      parts.push_back(Plain(std::move(next)));
      SkipSpace();
    } while (GoesOn());
    return Clause{.expression = Expression::And(std::move(parts))};
  }

  // Whether a conjunction has another clause; takes its AND.
  bool GoesOn() {
    if (TakeAnd()) return true;
    if (!options_.default_and || Done() || Peek() == ')') return false;
    const std::size_t here = at_;
    const bool alternative = TakeOr();
    at_ = here;
    return !alternative;
  }

  static Expression Plain(Clause clause) {
    if (clause.mark == Mark::kForbidden || clause.mark == Mark::kNot)
      return Expression::Not(std::move(clause.expression));
    return std::move(clause.expression);
  }

  Result<Clause> OneClause(const Target& target) {
    SkipSpace();
    Mark mark = Mark::kNone;
    bool negated = false;
    for (;;) {
      if (TakeOperator("NOT") || Take("!")) {
        negated = !negated;
        mark = Mark::kNot;
      } else if (mark == Mark::kNone && Take("+")) {
        mark = Mark::kRequired;
      } else if (mark == Mark::kNone && Take("-")) {
        mark = Mark::kForbidden;
      } else {
        break;
      }
      SkipSpace();
    }
    if (mark == Mark::kNot && !negated) mark = Mark::kNone;
    TRY(Expression expression, Primary(target));
    return Clause{.expression = std::move(expression), .mark = mark};
  }

  // A group, "field:" with what follows it, or a text for the fields that apply here.
  Result<Expression> Primary(const Target& target) {
    const std::size_t start = at_;
    if (TakeAnd() || TakeOr()) return Fail("an operator stands where a word is expected", start);
    if (Done()) return Fail("something is missing");
    if (Peek() == '(') return Group(target);
    if (Take("*:*")) return Boosted(Expression::All());
    if (Peek() == '"' || Peek() == '[' || Peek() == '{' || Peek() == '<' || Peek() == '>')
      return Value(target);
    TRY(const Word word, ReadWord(/*stop_at_colon=*/true));
    SkipSpaceBefore(':');
    if (Peek() != ':') {
      at_ = start;
      return Value(target);
    }
    ++at_;
    SkipSpace();
    if (Done()) return Fail("a field has no value");
    if (word.text == "_exists_") {
      TRY(const Word name, Peek() == '"' ? ReadQuoted() : ReadWord(/*stop_at_colon=*/false));
      return Boosted(terms_.Exists(terms_.Resolve(name.pattern)));
    }
    const Target field = terms_.Resolve(word.pattern);
    if (Peek() == '(') return Group(field);
    return Value(field);
  }

  void SkipSpaceBefore(char c) {
    std::size_t ahead = 0;
    while (IsSpace(Peek(ahead))) ++ahead;
    if (Peek(ahead) == c) at_ += ahead;
  }

  Result<Expression> Group(const Target& target) {
    if (++parentheses_ > kMaxParentheses) return Fail("there are too many parentheses");
    const std::size_t start = at_++;
    SkipSpace();
    if (Peek() == ')') return Fail("there is nothing between the parentheses");
    TRY(Expression inner, Alternatives(target));
    SkipSpace();
    if (!Take(")")) return Fail("there is no ) for the (", start);
    --parentheses_;
    return Boosted(std::move(inner));
  }

  // How much a part counts makes no difference to a filter.
  Result<Expression> Boosted(Expression expression) {
    if (Take("^")) {
      const std::size_t start = at_;
      while (!Done() && (Peek() == '.' || (Peek() >= '0' && Peek() <= '9'))) ++at_;
      if (at_ == start) return Fail("^ has no number behind it");
    }
    return expression;
  }

  // ---- Values

  Result<Expression> Value(const Target& target) {
    const std::size_t start = at_;
    Result<Expression> value = ReadValue(target);
    if (!value.ok()) {
      // What a value means is said by query_terms.h, which knows no places.
      if (value.error().code == Code::kInvalid && value.error().index == kUnplaced)
        return Fail(value.error().message, start);
      return value;
    }
    conditions_ += 1 + value->fields.size();
    for (const Expression& part : value->parts) conditions_ += 1 + part.fields.size();
    if (conditions_ > kMaxConditions) return Fail("there are too many conditions", start);
    return Boosted(*std::move(value));
  }

  Result<Expression> ReadValue(const Target& target) {
    if (Peek() == '[' || Peek() == '{') return ReadRange(target);
    if (Peek() == '<' || Peek() == '>') return ReadComparison(target);
    if (Peek() == '"') {
      TRY(const Word word, ReadQuoted());
      TRY(const unsigned slop, ReadTilde(/*without=*/0));
      return terms_.Quoted(target, word, std::min(slop, kMaxSlop));
    }
    TRY(const Word word, ReadWord(/*stop_at_colon=*/false));
    if (Peek() == '~') {
      TRY(const unsigned edits, ReadTilde(AutomaticEdits(word.text)));
      return terms_.Fuzzy(target, word, std::min(edits, 2U));
    }
    return terms_.Plain(target, word);
  }

  // "~", "~2" or nothing, which is 0.  Old clients write fractions; they mean "some".
  Result<unsigned> ReadTilde(unsigned without) {
    if (!Take("~")) return 0U;
    unsigned value = 0;
    const char* const begin = text_.data() + at_;
    const auto [end, error] = std::from_chars(begin, text_.data() + text_.size(), value);
    if (error == std::errc::invalid_argument) return without;
    at_ += static_cast<std::size_t>(end - begin);
    if (error != std::errc()) value = kMaxSlop;
    if (Peek() != '.') return value;
    ++at_;
    while (Peek() >= '0' && Peek() <= '9') ++at_;
    return without;
  }

  static unsigned AutomaticEdits(std::string_view word) {
    const auto characters = std::ranges::count_if(
        word, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80; });
    return characters < 3 ? 0 : characters < 6 ? 1 : 2;
  }

  Result<Expression> ReadComparison(const Target& target) {
    const bool above = Take(">");
    if (!above) (void)Take("<");
    const bool inclusive = Take("=");
    SkipSpace();
    TRY(Word word, Peek() == '"' ? ReadQuoted() : ReadWord(/*stop_at_colon=*/false));
    Ends ends;
    (above ? ends.low : ends.high) = std::move(word.text);
    (above ? ends.low_inclusive : ends.high_inclusive) = inclusive;
    return terms_.Range(target, ends);
  }

  Result<Expression> ReadRange(const Target& target) {
    const std::size_t start = at_;
    Ends ends;
    ends.low_inclusive = Peek() == '[';
    ++at_;
    TRY(ends.low, ReadEnd());
    SkipSpace();
    if (!TakeOperator("TO")) return Fail("a range has no TO");
    TRY(ends.high, ReadEnd());
    SkipSpace();
    if (Peek() != ']' && Peek() != '}') return Fail("a range has no end", start);
    ends.high_inclusive = Peek() == ']';
    ++at_;
    return terms_.Range(target, ends);
  }

  // Nothing for *.
  Result<std::optional<std::string>> ReadEnd() {
    SkipSpace();
    if (Peek() == '"') {
      TRY(Word word, ReadQuoted());
      return std::optional(std::move(word.text));
    }
    TRY(Word word, ReadWord(/*stop_at_colon=*/false));
    if (word.pattern == "*") return std::optional<std::string>();
    return std::optional(std::move(word.text));
  }

  // Behind a backslash, which has been taken.
  Status ReadEscape(Word& word) {
    if (Done()) return Fail("there is nothing behind the \\");
    if (Peek() == 'u') {
      unsigned code = 0;
      const char* const begin = text_.data() + at_ + 1;
      const char* const last = begin + std::min<std::size_t>(4, text_.size() - at_ - 1);
      const auto [end, error] = std::from_chars(begin, last, code, 16);
      if (error == std::errc() && end == begin + 4 && (code < 0xD800 || code > 0xDFFF)) {
        std::string character;
        unicode::Append(character, code);
        for (const char c : character) word.Literal(c);
        at_ += 5;
        return Ok();
      }
    }
    word.Literal(Peek());
    ++at_;
    return Ok();
  }

  Result<Word> ReadQuoted() {
    const std::size_t start = at_++;
    Word word;
    for (;;) {
      if (Done()) return Fail("there is no \" for the \"", start);
      if (Take("\"")) return word;
      if (Take("\\")) {
        TRY_OK(ReadEscape(word));
        continue;
      }
      word.Literal(Peek());
      ++at_;
    }
  }

  Result<Word> ReadWord(bool stop_at_colon) {
    Word word;
    for (; !Done() && !IsSpace(Peek()); ++at_) {
      const char c = Peek();
      if (std::string_view("()[]{}\"^~").find(c) != std::string_view::npos) break;
      if (c == ':' && stop_at_colon) break;
      if (c == '\\') {
        ++at_;
        TRY_OK(ReadEscape(word));
        --at_;
        continue;
      }
      word.Add(c);
    }
    if (word.text.empty()) {
      if (Done()) return Fail("something is missing");
      return Fail(fmt::format("\"{}\" stands where a word is expected", Peek()));
    }
    return word;
  }

  static constexpr unsigned kMaxSlop = 100;

  std::string_view text_;
  const QueryStringOptions& options_;
  TermMaker terms_;
  std::size_t at_ = 0;
  std::size_t parentheses_ = 0;
  std::size_t conditions_ = 0;
};

}  // namespace

Result<Expression> ParseQueryString(std::string_view text, const QueryStringOptions& options) {
  if (text.size() > kMaxQueryStringBytes)
    return Error(Code::kInvalid, fmt::format("the filter is too long: {} bytes, where {} are "
                                             "possible; send fewer conditions",
                                             text.size(), kMaxQueryStringBytes));
  if (!IsUtf8(text)) return Error(Code::kInvalid, "the filter is not well-formed UTF-8");
  return Parser(text, options).Parse();
}

}  // namespace vams::search
