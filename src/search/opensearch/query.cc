#include "search/opensearch/query.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <set>
#include <utility>

#include "search/opensearch/terms.h"
#include "search/ranking.h"

namespace vams::search::opensearch {
namespace {

using Op = Expression::Op;
using boost::json::array;
using boost::json::object;

// The server refuses what becomes too large an automaton; longer texts are looked up by their
// beginning.
constexpr std::size_t kMaxContained = 200;
constexpr unsigned kMaxSlop = 9000;  // below the gap between the values of a field
constexpr unsigned kMaxEdits = 2;
constexpr double kMetresPerDegree = 110'000;  // a little less than any degree of latitude has

bool IsFlat(const FieldRef& field) { return TypeOf(field.name) == FieldType::kFlat; }

std::string CodeOf(const FieldRef& field) {
  return field.key.empty() ? FieldCode(field.name) : KeyCode(field.name, field.key);
}

// A text in a pattern, where it stands for itself.
std::string Literal(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '*' || c == '?' || c == '\\') out += '\\';
    out += c;
  }
  return out;
}

// The same in a regular expression.
void AppendLiteral(std::string& out, char c) {
  const auto byte = static_cast<unsigned char>(c);
  const bool word = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
  if (byte > 0x20 && byte < 0x7f && !word && c != '_') out += '\\';
  out += c;
}

// A pattern as a regular expression; `in_key`: of a key within a term, which ends before '='.
std::string Expanded(std::string_view pattern, bool in_key) {
  std::string out;
  for (std::size_t i = 0; i < pattern.size(); ++i) {
    char c = pattern[i];
    if (c == '*') {
      out += in_key ? "[^=]*" : ".*";
    } else if (c == '?') {
      out += in_key ? "([^=%]|%25|%3D)" : ".";
    } else {
      if (c == '\\' && i + 1 < pattern.size()) c = pattern[++i];
      const std::string one = in_key ? EscapedKey(std::string_view(&c, 1)) : std::string(1, c);
      for (const char each : one) AppendLiteral(out, each);
    }
  }
  return out;
}

Query Wildcard(std::string_view field, const std::string& pattern) {
  return {{"wildcard", {{std::string(field), {{"value", pattern}}}}}};
}

Query Regexp(std::string_view field, const std::string& pattern) {
  return {{"regexp", {{std::string(field), {{"value", pattern}, {"flags", "NONE"}}}}}};
}

Query Prefix(std::string_view field, const std::string& text, double boost = 1) {
  return {{"prefix", {{std::string(field), {{"value", text}, {"boost", boost}}}}}};
}

// Neighbours in this order, or with slop in any.
Query Near(std::string_view field, const std::vector<std::string>& words, unsigned slop) {
  array clauses;
  for (const std::string& word : words)
    clauses.push_back(object{{"span_term", {{std::string(field), word}}}});
  return {{"span_near",
           {{"clauses", std::move(clauses)},
            {"slop", std::min(slop, kMaxSlop)},
            {"in_order", slop == 0}}}};
}

Query Constant(Query filter, double boost) {
  return {{"constant_score", {{"filter", std::move(filter)}, {"boost", boost}}}};
}

// What a text condition on one field asks of the texts behind `head`.
Query Fitting(std::string_view field, const std::string& head, const Expression& condition) {
  const std::string& text = condition.texts.front();
  switch (condition.op) {
    case Op::kContains:
      return Wildcard(field, Literal(head) + "*" + Literal(text) + "*");
    case Op::kPrefix:
      return Prefix(field, head + text);
    default:
      return Wildcard(field, Literal(head) + text);
  }
}

std::string FittingExpression(const Expression& condition, const std::string& text) {
  switch (condition.op) {
    case Op::kContains:
      return ".*" + Expanded(Literal(text), false) + ".*";
    case Op::kPrefix:
      return Expanded(Literal(text), false) + ".*";
    case Op::kPattern:
      return Expanded(text, false);
    default:
      return Expanded(Literal(text), false);
  }
}

// The beginning of a term, for any key that fits the pattern.
std::string AnyKeyHead(char sort, const FieldRef& field) {
  std::string out;
  for (const char c : std::string(1, sort) + FieldCode(field.name) + ".") AppendLiteral(out, c);
  return out + Expanded(field.key, true) + "\\=";
}

Query Between(std::string_view low, std::string_view high, bool low_inclusive,
              bool high_inclusive) {
  return {{"range",
           {{std::string(field::kTerms),
             {{low_inclusive ? "gte" : "gt", low}, {high_inclusive ? "lte" : "lt", high}}}}}};
}

// Longitudes between, going east.
Query Longitudes(double west, double east) {
  const auto span = [](double low, double high) {
    return object{{"range",
                   {{std::string(field::kLongitudes),
                     {{"gte", low}, {"lte", high}, {"relation", "intersects"}}}}}};
  };
  if (west <= east) return span(west, east);
  return AnyOf({span(west, 180), span(-180, east)});
}

Query Latitudes(double south, double north) {
  return {{"range",
           {{std::string(field::kLatitudes),
             {{"gte", south}, {"lte", north}, {"relation", "intersects"}}}}}};
}

std::vector<std::string> TextFields(bool metadata) {
  std::vector<std::string> fields;
  for (unsigned weight = kMaxWeight; weight > 0; --weight) fields.push_back(WeightField(weight));
  if (metadata) fields.emplace_back(field::kMetadata);
  return fields;
}

}  // namespace

Query MatchAll() { return {{"match_all", object()}}; }
Query MatchNone() { return {{"match_none", object()}}; }

Query TermQuery(std::string_view field, std::string_view text) {
  return {{"term", {{std::string(field), text}}}};
}

Query TermsQuery(std::string_view field, array values) {
  if (values.empty()) return MatchNone();
  object of;
  of[field] = std::move(values);
  return {{"terms", std::move(of)}};
}

Query AllOf(array queries) {
  if (queries.empty()) return MatchAll();
  return {{"bool", {{"filter", std::move(queries)}}}};
}

Query AnyOf(array queries) {
  if (queries.empty()) return MatchNone();
  return {{"bool", {{"should", std::move(queries)}, {"minimum_should_match", 1}}}};
}

Result<array> Compiler::CompileAll(const std::vector<Expression>& parts) {
  array queries;
  for (const Expression& part : parts) {
    TRY(Query query, Compile(part));
    queries.push_back(std::move(query));
  }
  return queries;
}

Result<Query> Compiler::Compile(const Expression& expression) {
  switch (expression.op) {
    case Op::kAll:
      return MatchAll();
    case Op::kNone:
      return MatchNone();
    case Op::kAnd: {
      TRY(array parts, CompileAll(expression.parts));
      return AllOf(std::move(parts));
    }
    case Op::kOr: {
      TRY(array parts, CompileAll(expression.parts));
      return AnyOf(std::move(parts));
    }
    case Op::kNot: {
      TRY(Query part, Compile(expression.parts.front()));
      return Query{{"bool", {{"must_not", array{std::move(part)}}}}};
    }
    case Op::kKind:
      return TermQuery(field::kKind, KindName(expression.kind));
    case Op::kGeoBox:
      return AllOf({Latitudes(expression.box.south, expression.box.north),
                    Longitudes(expression.box.west, expression.box.east)});
    case Op::kGeoDistance:
      return Distance(expression);
    default:
      return Condition(expression);
  }
}

Result<Query> Compiler::Condition(const Expression& condition) {
  if (condition.op == Op::kExists) return Exists(condition);
  if (condition.op == Op::kRange) return Range(condition);
  if (condition.texts.empty()) return MatchNone();
  switch (condition.op) {
    case Op::kEquals:
      return Equals(condition);
    case Op::kPhrase:
      return Phrase(condition);
    case Op::kFuzzy:
      return Fuzzy(condition);
    default:
      return TextCondition(condition);
  }
}

Result<Query> Compiler::Verified(const Query& candidates, const Expression& condition) {
  return resolve_(candidates,
                  [&](const Document& document) { return Matches(condition, document); });
}

Query Compiler::Exists(const Expression& condition) const {
  array terms;
  array any;
  for (const FieldRef& field : condition.fields) {
    const std::string code = FieldCode(field.name);
    if (!IsFlat(field) || field.key.empty())
      terms.emplace_back(TermHead(kExistsTerm, code));
    else if (!field.pattern)
      terms.emplace_back(opensearch::Term(kKeyTerm, code, field.key));
    else
      any.push_back(Wildcard(field::kTerms, Literal(TermHead(kKeyTerm, code)) + field.key));
  }
  if (!terms.empty()) any.push_back(TermsQuery(field::kTerms, std::move(terms)));
  return AnyOf(std::move(any));
}

Query Compiler::Equals(const Expression& condition) const {
  array terms;
  array words;
  array any;
  for (const FieldRef& field : condition.fields) {
    const bool flat = IsFlat(field);
    const char sort = condition.form == Form::kWhole ? kWholeTerm : kFoldedTerm;
    for (const std::string& text : condition.texts)
      if (condition.form == Form::kTokens && !flat)
        words.emplace_back(WordOf(FieldCode(field.name), text));
      else if (flat && field.pattern && !field.key.empty())
        any.push_back(
            Regexp(field::kTerms, AnyKeyHead(sort, field) + FittingExpression(condition, text)));
      else
        terms.emplace_back(
            opensearch::Term(sort, flat ? CodeOf(field) : FieldCode(field.name), text));
  }
  if (!terms.empty()) any.push_back(TermsQuery(field::kTerms, std::move(terms)));
  if (!words.empty()) any.push_back(TermsQuery(field::kWords, std::move(words)));
  return AnyOf(std::move(any));
}

Result<Query> Compiler::TextCondition(const Expression& condition) {
  Expression asked = condition;
  std::string& text = asked.texts.front();
  const bool long_text = condition.op == Op::kContains && text.size() > kMaxContained;
  if (long_text) {
    std::size_t end = kMaxContained;
    while ((static_cast<unsigned char>(text[end]) & 0xC0U) == 0x80) --end;
    text.resize(end);
  }
  array any;
  for (const FieldRef& field : asked.fields) {
    const bool flat = IsFlat(field);
    const char sort = asked.form == Form::kWhole ? kWholeTerm : kFoldedTerm;
    if (asked.form == Form::kTokens && !flat)
      any.push_back(Fitting(field::kWords, WordOf(FieldCode(field.name), ""), asked));
    else if (flat && field.pattern && !field.key.empty())
      any.push_back(
          Regexp(field::kTerms, AnyKeyHead(sort, field) + FittingExpression(asked, text)));
    else
      any.push_back(Fitting(field::kTerms,
                            TermHead(sort, flat ? CodeOf(field) : FieldCode(field.name)), asked));
  }
  Query query = AnyOf(std::move(any));
  if (long_text) return Verified(query, condition);
  return query;
}

Result<Query> Compiler::Phrase(const Expression& condition) {
  array any;
  for (const FieldRef& field : condition.fields) {
    if (IsFlat(field)) continue;
    const std::string code = FieldCode(field.name);
    std::vector<std::string> words;
    for (const std::string& word : condition.texts) words.push_back(WordOf(code, word));
    any.push_back(Near(field::kWords, words, condition.slop));
  }
  Query query = AnyOf(std::move(any));
  // The server lets one place of a word stand for several when any order will do.
  const std::set<std::string> distinct(condition.texts.begin(), condition.texts.end());
  if (condition.slop > 0 && distinct.size() < condition.texts.size())
    return Verified(query, condition);
  return query;
}

Result<Query> Compiler::Fuzzy(const Expression& condition) {
  const std::string& word = condition.texts.front();
  if (condition.edits > kMaxEdits || word.empty()) {
    Expression any_value{.op = Op::kExists, .fields = condition.fields};
    return Verified(Exists(any_value), condition);
  }
  array any;
  for (const FieldRef& field : condition.fields) {
    if (IsFlat(field)) continue;
    const std::string head = WordOf(FieldCode(field.name), "");
    if (condition.edits == 0) {
      any.push_back(TermQuery(field::kWords, head + word));
      continue;
    }
    any.push_back(object{{"fuzzy",
                          {{std::string(field::kWords),
                            {{"value", head + word},
                             {"fuzziness", condition.edits},
                             {"prefix_length", head.size()},
                             {"transpositions", true},
                             {"rewrite", "constant_score"}}}}}});
  }
  return AnyOf(std::move(any));
}

Result<Query> Compiler::Range(const Expression& condition) {
  array any;
  for (const FieldRef& field : condition.fields) {
    if (field.name == "_id") continue;
    if (field.pattern && !field.key.empty())
      return Verified(Exists({.op = Op::kExists, .fields = condition.fields}), condition);
    const auto type = TypeOf(field.name);
    const bool number = type == FieldType::kNumber || type == FieldType::kDate;
    const bool by_number = number || condition.numeric;
    const char sort = number ? kNumberTerm : condition.numeric ? kRealTerm : kWholeTerm;
    const std::string code = IsFlat(field) ? CodeOf(field) : FieldCode(field.name);
    const auto end = [&](const std::optional<Bound>& bound, std::string open) {
      if (!bound) return open;
      return opensearch::Term(sort, code, by_number ? SortableNumber(bound->number) : bound->text);
    };
    std::string beyond = TermHead(sort, code);
    beyond.back() = '=' + 1;
    any.push_back(Between(
        end(condition.low, TermHead(sort, code)), end(condition.high, std::move(beyond)),
        !condition.low || condition.low->inclusive, condition.high && condition.high->inclusive));
  }
  return AnyOf(std::move(any));
}

Result<Query> Compiler::Distance(const Expression& condition) {
  const double degrees = condition.metres / kMetresPerDegree;
  if (!(condition.metres >= 0)) return MatchNone();
  const Query near = Latitudes(std::max(-90.0, condition.center.lat - degrees),
                               std::min(90.0, condition.center.lat + degrees));
  return Verified(near, condition);
}

Result<Query> Compiler::Term(const TextTerm& term, const TextQuery& text) {
  const std::vector<std::string> fields = TextFields(text.metadata);
  array found;
  array better;
  if (term.op == TextTerm::Op::kPhrase) {
    for (const std::string& field : fields) found.push_back(Near(field, term.words, 0));
    return Constant(AnyOf(std::move(found)), 2);
  }
  if (IsWordPart(term.text)) {
    unsigned weight = kMaxWeight;
    for (const std::string& field : fields) {
      const double boost = std::max(weight, 1U);
      if (weight > 0) --weight;
      found.push_back(Wildcard(field, "*" + term.text + "*"));
      better.push_back(object{{"term", {{field, {{"value", term.text}, {"boost", boost}}}}}});
      better.push_back(Prefix(field, term.text, boost / 4));
    }
    if (IsGraded(term) && text.stemming != Stemming::kNone) {
      const std::string stem = Stem(term.text, text.stemming);
      array stems = {opensearch::Term(kCoreStemTerm, "", stem)};
      if (text.metadata) stems.emplace_back(opensearch::Term(kMetadataStemTerm, "", stem));
      found.push_back(TermsQuery(field::kTerms, std::move(stems)));
    }
  } else {
    std::size_t end = std::min(term.text.size(), kMaxContained);
    while (end < term.text.size() && (static_cast<unsigned char>(term.text[end]) & 0xC0U) == 0x80)
      --end;
    const std::string part = "*" + Literal(std::string_view(term.text).substr(0, end)) + "*";
    found.push_back(Wildcard(field::kTerms, TermHead(kCoreTerm, "") + part));
    if (text.metadata) found.push_back(Wildcard(field::kTerms, TermHead(kMetadataTerm, "") + part));
    if (end < term.text.size())
      return resolve_(AnyOf(std::move(found)), [&](const Document& document) {
        return FindTerm(term, document, text.metadata, text.stemming).has_value();
      });
  }
  return Query{
      {"bool",
       {{"must", array{Constant(AnyOf(std::move(found)), 0.1)}}, {"should", std::move(better)}}}};
}

Result<Query> Compiler::Compile(const TextQuery& text) {
  array terms;
  for (const TextTerm& term : text.terms) {
    TRY(Query query, Term(term, text));
    terms.push_back(std::move(query));
  }
  return Query{{"bool", {{"must", std::move(terms)}}}};
}

}  // namespace vams::search::opensearch
