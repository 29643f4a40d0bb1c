#include "search/expression.h"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "search/analyse.h"
#include "search/document.h"
#include "search/instants.h"
#include "search/unicode_data.h"

namespace vams::search {
namespace {

using Op = Expression::Op;

bool IsFlat(const FieldRef& field) { return TypeOf(field.name) == FieldType::kFlat; }

std::vector<std::string> Folded(std::vector<std::string> texts, Form form) {
  if (form != Form::kWhole)
    for (std::string& text : texts) text = Fold(text);
  return texts;
}

Expression Condition(Op op, std::vector<FieldRef> fields, std::string text, Form form) {
  Expression condition{.op = op, .fields = std::move(fields), .form = form};
  condition.texts.push_back(std::move(text));
  return condition;
}

std::optional<double> Number(std::string_view text) {
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

template <typename T>
bool Between(const T& value, const std::optional<Bound>& low, const std::optional<Bound>& high,
             T Bound::*end) {
  if (low && (low->inclusive ? value < *low.*end : value <= *low.*end)) return false;
  return !high || !(high->inclusive ? value > *high.*end : value >= *high.*end);
}

bool InRange(const Expression& range, const Document& document, const FieldRef& field) {
  const auto type = TypeOf(field.name);
  if (type == FieldType::kNumber || type == FieldType::kDate) {
    const auto number = NumberOf(document.source, Field{.name = field.name, .type = *type});
    return number && Between(static_cast<double>(*number), range.low, range.high, &Bound::number);
  }
  return AnyValue(document.source, field, [&](std::string_view, std::string_view text) {
    if (!range.numeric) return Between(std::string(text), range.low, range.high, &Bound::text);
    const auto number = Number(text);
    return number && Between(*number, range.low, range.high, &Bound::number);
  });
}

// Words in this order side by side, or with slop all of them, each at a place of its own, close
// together.
bool HasPhrase(const std::vector<std::string>& value, const std::vector<std::string>& phrase,
               std::size_t slop) {
  if (phrase.empty() || value.size() < phrase.size()) return false;
  if (slop == 0) return std::ranges::search(value, phrase).begin() != value.end();
  const std::size_t width = phrase.size() + slop;
  for (std::size_t begin = 0; begin < value.size(); ++begin) {
    const auto window = std::span(value).subspan(begin, std::min(width, value.size() - begin));
    if (std::ranges::all_of(phrase, [&](const std::string& word) {
          return std::ranges::count(window, word) >= std::ranges::count(phrase, word);
        }))
      return true;
  }
  return false;
}

// Damerau–Levenshtein distance (neighbours swap, no letter is edited twice) of at most `most`.
bool IsClose(const std::u32string& a, const std::u32string& b, unsigned most) {
  const std::size_t n = a.size();
  const std::size_t m = b.size();
  if ((n > m ? n - m : m - n) > most) return false;
  std::vector<std::size_t> before(m + 1);
  std::vector<std::size_t> last(m + 1);
  std::vector<std::size_t> row(m + 1);
  for (std::size_t j = 0; j <= m; ++j) last[j] = j;
  for (std::size_t i = 1; i <= n; ++i) {
    row[0] = i;
    for (std::size_t j = 1; j <= m; ++j) {
      row[j] =
          std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], before[j - 2] + 1);
    }
    std::swap(before, last);
    std::swap(last, row);
  }
  return last[m] <= most;
}

std::u32string Characters(std::string_view text) {
  std::u32string out;
  for (std::size_t at = 0; at < text.size();) out.push_back(unicode::Next(text, at));
  return out;
}

// One text against one text of a condition, both folded or neither.
bool Fits(const Expression& condition, std::string_view text) {
  const std::string& wanted = condition.texts.front();
  switch (condition.op) {
    case Op::kEquals:
      return std::ranges::find(condition.texts, text) != condition.texts.end();
    case Op::kPattern:
      return FitsPattern(wanted, text);
    case Op::kContains:
      return text.find(wanted) != std::string_view::npos;
    case Op::kPrefix:
      return text.starts_with(wanted);
    case Op::kFuzzy:
      return IsClose(Characters(text), Characters(wanted), condition.edits);
    default:
      return false;
  }
}

Status Measure(const Expression& expression, std::size_t depth, std::size_t& conditions) {
  if (depth > kMaxDepth)
    return Error(Code::kInvalid, "the search is nested too deeply; at most " +
                                     std::to_string(kMaxDepth) + " levels are possible");
  conditions += 1 + expression.texts.size() + expression.fields.size();
  if (conditions > kMaxConditions)
    return Error(Code::kInvalid, "the search has too many conditions; at most " +
                                     std::to_string(kMaxConditions) + " are possible");
  if (expression.slop > 0 && expression.texts.size() > kMaxSlopWords)
    return Error(Code::kInvalid, "a phrase with ~ has too many words; at most " +
                                     std::to_string(kMaxSlopWords) + " are possible");
  for (const std::string& text : expression.texts)
    if (text.size() > kMaxPatternBytes && expression.op != Op::kEquals &&
        expression.op != Op::kPhrase)
      return Error(Code::kInvalid, "a pattern of the search is too long; at most " +
                                       std::to_string(kMaxPatternBytes) + " bytes are possible");
  for (const Expression& part : expression.parts) TRY_OK(Measure(part, depth + 1, conditions));
  return Ok();
}

bool Has(const std::vector<Expression>& parts, Op op) {
  return std::ranges::find(parts, op, &Expression::op) != parts.end();
}

// The parts, those of the same kind inside them, without those that make no difference.
std::vector<Expression> Flattened(std::vector<Expression> parts, Op op, Op neutral) {
  std::vector<Expression> out;
  for (Expression& part : parts) {
    if (part.op == neutral) continue;
    if (part.op == op) {
      std::ranges::move(part.parts, std::back_inserter(out));
      continue;
    }
    // "a or b" of one field is one condition, however long the list: filters list names.
    if (op == Op::kOr && part.op == Op::kEquals && !out.empty() && out.back().op == Op::kEquals &&
        out.back().fields == part.fields && out.back().form == part.form) {
      std::ranges::move(part.texts, std::back_inserter(out.back().texts));
      continue;
    }
    out.push_back(std::move(part));
  }
  return out;
}

}  // namespace

Expression Expression::And(std::vector<Expression> parts) {
  parts = Flattened(std::move(parts), Op::kAnd, Op::kAll);
  if (Has(parts, Op::kNone)) return None();
  if (parts.empty()) return All();
  if (parts.size() == 1) return std::move(parts.front());
  return {.op = Op::kAnd, .parts = std::move(parts)};
}

Expression Expression::Or(std::vector<Expression> parts) {
  parts = Flattened(std::move(parts), Op::kOr, Op::kNone);
  if (Has(parts, Op::kAll)) return All();
  if (parts.empty()) return None();
  if (parts.size() == 1) return std::move(parts.front());
  return {.op = Op::kOr, .parts = std::move(parts)};
}

Expression Expression::Not(Expression part) {
  if (part.op == Op::kAll) return None();
  if (part.op == Op::kNone) return All();
  if (part.op == Op::kNot) {
    Expression inner = std::move(part.parts.front());
    return inner;
  }
  Expression out{.op = Op::kNot};
  out.parts.push_back(std::move(part));
  return out;
}

Expression Expression::Equals(std::vector<FieldRef> fields, std::vector<std::string> texts,
                              Form form) {
  if (texts.empty()) return None();
  return {.op = Op::kEquals,
          .fields = std::move(fields),
          .texts = Folded(std::move(texts), form),
          .form = form};
}

Expression Expression::Phrase(std::vector<FieldRef> fields, std::string_view text, unsigned slop) {
  std::vector<std::string> words = Words(text);
  if (words.empty()) return None();
  if (words.size() == 1) return Equals(std::move(fields), std::move(words), Form::kTokens);
  return {.op = Op::kPhrase,
          .fields = std::move(fields),
          .texts = std::move(words),
          .form = Form::kTokens,
          .slop = slop};
}

Expression Expression::Pattern(std::vector<FieldRef> fields, std::string_view pattern, Form form) {
  std::string text = form == Form::kWhole ? std::string(pattern) : Fold(pattern);
  if (!HasWildcard(text)) return Condition(Op::kEquals, std::move(fields), Unescaped(text), form);
  // Stars at either end, and whether anything special lies between them.
  const std::size_t first = text.find_first_not_of('*');
  if (first == std::string::npos) return Exists(std::move(fields));
  std::size_t last = text.find_last_not_of('*') + 1;
  std::size_t slashes = 0;
  while (slashes < last && text[last - 1 - slashes] == '\\') ++slashes;
  if (last < text.size() && slashes % 2 == 1) ++last;  // the first star behind is escaped
  const std::string_view middle = std::string_view(text).substr(first, last - first);
  const bool open_end = last < text.size();
  if (open_end && !HasWildcard(middle))
    return Condition(first > 0 ? Op::kContains : Op::kPrefix, std::move(fields), Unescaped(middle),
                     form);
  return Condition(Op::kPattern, std::move(fields), std::move(text), form);
}

Expression Expression::Contains(std::vector<FieldRef> fields, std::string_view text, Form form) {
  return Condition(Op::kContains, std::move(fields),
                   form == Form::kWhole ? std::string(text) : Fold(text), form);
}

Expression Expression::Fuzzy(std::vector<FieldRef> fields, std::string_view word, unsigned edits) {
  Expression out = Condition(Op::kFuzzy, std::move(fields), Fold(word), Form::kTokens);
  out.edits = edits;
  return out;
}

Expression Expression::Exists(std::vector<FieldRef> fields) {
  return {.op = Op::kExists, .fields = std::move(fields)};
}

Status CheckBounds(const Expression& expression) {
  std::size_t conditions = 0;
  return Measure(expression, 1, conditions);
}

bool HasWildcard(std::string_view text) {
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '*' || text[i] == '?') return true;
    if (text[i] == '\\') ++i;
  }
  return false;
}

std::string Unescaped(std::string_view pattern) {
  std::string text;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
    text.push_back(pattern[i]);
  }
  return text;
}

// Tries the shortest stretch for a star first and comes back only to the latest star: an earlier
// one cannot help where that one failed.
bool FitsPattern(std::string_view pattern, std::string_view text) {
  constexpr std::size_t kNone = std::string_view::npos;
  std::size_t p = 0;
  std::size_t t = 0;
  std::size_t star = kNone;  // behind the latest star
  std::size_t held = 0;      // where its stretch ends
  while (t < text.size()) {
    const bool escaped = p + 1 < pattern.size() && pattern[p] == '\\';
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      held = t;
    } else if (p < pattern.size() && pattern[p] == '?') {
      ++p;
      (void)unicode::Next(text, t);
    } else if (p < pattern.size() && pattern[p + (escaped ? 1 : 0)] == text[t]) {
      p += escaped ? 2 : 1;
      ++t;
    } else if (star != kNone) {
      (void)unicode::Next(text, held);
      p = star;
      t = held;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool MatchesText(const Expression& condition, std::string_view value, bool flat) {
  if (condition.texts.empty()) return false;
  if (condition.op == Op::kPhrase)
    return !flat && HasPhrase(Words(value), condition.texts, condition.slop);
  if (condition.op == Op::kFuzzy && flat) return false;
  if (condition.form == Form::kWhole) return Fits(condition, value);
  if (flat || condition.form == Form::kWholeFolded) return Fits(condition, Fold(value));
  return std::ranges::any_of(Words(value),
                             [&](const std::string& word) { return Fits(condition, word); });
}

bool Matches(const Expression& expression, const Document& document) {
  const auto matches = [&](const Expression& part) { return Matches(part, document); };
  const auto any_value = [&](const FieldRef& field, const ValueVisitor& visit) {
    return field.name == "_id" ? visit({}, document.id) : AnyValue(document.source, field, visit);
  };
  switch (expression.op) {
    case Op::kAll:
      return true;
    case Op::kNone:
      return false;
    case Op::kAnd:
      return std::ranges::all_of(expression.parts, matches);
    case Op::kOr:
      return std::ranges::any_of(expression.parts, matches);
    case Op::kNot:
      return !matches(expression.parts.front());
    case Op::kKind:
      return document.kind == expression.kind;
    case Op::kRange:
      return std::ranges::any_of(expression.fields, [&](const FieldRef& field) {
        return InRange(expression, document, field);
      });
    case Op::kExists:
      return std::ranges::any_of(expression.fields, [&](const FieldRef& field) {
        return any_value(field, [](std::string_view, std::string_view) { return true; });
      });
    case Op::kGeoBox:
      return document.place && Intersects(*document.place, expression.box);
    case Op::kGeoDistance:
      return document.place && Distance(expression.center, *document.place) <= expression.metres;
    default:
      return std::ranges::any_of(expression.fields, [&](const FieldRef& field) {
        const bool flat = IsFlat(field);
        return any_value(field, [&](std::string_view, std::string_view value) {
          return MatchesText(expression, value, flat);
        });
      });
  }
}

}  // namespace vams::search
