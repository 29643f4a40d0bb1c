#include "search/query_terms.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cmath>
#include <utility>

#include "search/analyse.h"

namespace vams::search {
namespace {

Error Complaint(std::string text) { return Error(Code::kInvalid, std::move(text)).At(kUnplaced); }

std::optional<double> NumberIn(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  double value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || !std::isfinite(value))
    return std::nullopt;
  return value;
}

Expression RangeOn(std::vector<FieldRef> fields, std::optional<Bound> low,
                   std::optional<Bound> high, bool numeric) {
  return {.op = Expression::Op::kRange,
          .fields = std::move(fields),
          .low = std::move(low),
          .high = std::move(high),
          .numeric = numeric};
}

void AddField(Target& target, const Field& field, bool whole) {
  const FieldRef ref{.name = std::string(field.name)};
  switch (field.type) {
    case FieldType::kText:
      (whole ? target.wholes : field.id_like ? target.ids : target.words).push_back(ref);
      break;
    case FieldType::kNumber:
      target.numbers.push_back(ref);
      break;
    case FieldType::kBool:
      target.bools.push_back(ref);
      break;
    case FieldType::kDate:
      target.dates.push_back(ref);
      break;
    case FieldType::kFlat:
      target.wholes.push_back(ref);
      break;
  }
}

}  // namespace

Target TermMaker::Default() const {
  Target target;
  if (options_.default_fields.empty()) {
    for (const Field& field : Fields())
      if (field.type == FieldType::kText || field.type == FieldType::kFlat)
        AddField(target, field, /*whole=*/false);
    return target;
  }
  for (const std::string& name : options_.default_fields) {
    // "str_assetname^3"
    Target more = Resolve(std::string_view(name).substr(0, name.find('^')));
    std::ranges::move(more.words, std::back_inserter(target.words));
    std::ranges::move(more.ids, std::back_inserter(target.ids));
    std::ranges::move(more.wholes, std::back_inserter(target.wholes));
    std::ranges::move(more.numbers, std::back_inserter(target.numbers));
    std::ranges::move(more.bools, std::back_inserter(target.bools));
    std::ranges::move(more.dates, std::back_inserter(target.dates));
  }
  return target;
}

Target TermMaker::Resolve(std::string_view pattern) const {
  Target target{.chosen = true};
  if (pattern == "*") {
    for (const Field& field : Fields()) AddField(target, field, /*whole=*/false);
    target.chosen = false;
    return target;
  }
  constexpr std::string_view kKeyword = ".keyword";
  // A key of a flat object may well be called so.
  FieldRef ref = ParseFieldRef(pattern);
  if (ref.name == "MD_" || ref.name == "AB_") {
    ref.pattern = HasWildcard(ref.key);
    if (ref.key.find_first_not_of('*') == std::string::npos)
      ref = {.name = std::move(ref.name)};
    else if (!ref.pattern)
      ref.key = Unescaped(ref.key);
    target.wholes.push_back(std::move(ref));
    return target;
  }
  const bool whole = pattern.ends_with(kKeyword);
  if (whole) pattern.remove_suffix(kKeyword.size());
  if (HasWildcard(pattern)) {
    for (const Field& field : Fields())
      if (FitsPattern(pattern, field.name)) AddField(target, field, whole);
    target.chosen = false;
    return target;
  }
  const std::string name = Unescaped(pattern);
  if (name == "_id")
    target.wholes.push_back({.name = name});
  else if (const Field* field = FindField(name))
    AddField(target, *field, whole);
  else if (const auto type = TypeOf(name))
    AddField(target, Field{.name = name, .type = *type}, whole);
  return target;
}

Result<std::optional<Instants>> TermMaker::InstantsOf(std::string_view text) const {
  std::optional<Instants> instants = ParseInstants(text, options_.now_millis);
  if (!instants && !options_.lenient) return Complaint(fmt::format("\"{}\" is no date", text));
  return instants;
}

// One value for fields that are no texts.
Status TermMaker::AddTyped(const Target& target, std::string_view text,
                           std::vector<Expression>& any) const {
  const bool strict = target.chosen && !options_.lenient;
  if (!target.numbers.empty()) {
    if (const auto number = NumberIn(text)) {
      const Bound bound{.number = *number};
      any.push_back(RangeOn(target.numbers, bound, bound, /*numeric=*/true));
    } else if (strict) {
      return Complaint(fmt::format("\"{}\" is no number", text));
    }
  }
  if (!target.bools.empty()) {
    const std::string value = Fold(text);
    if (value == "true" || value == "false")
      any.push_back(Expression::Equals(target.bools, {value}));
    else if (strict)
      return Complaint(fmt::format("\"{}\" is neither true nor false", text));
  }
  if (!target.dates.empty()) {
    if (const auto span = ParseInstants(text, options_.now_millis))
      any.push_back(RangeOn(target.dates, Bound{.number = static_cast<double>(span->first)},
                            Bound{.number = static_cast<double>(span->last)}, /*numeric=*/true));
    else if (strict)
      return Complaint(fmt::format("\"{}\" is no date", text));
  }
  return Ok();
}

Result<Expression> TermMaker::Quoted(const Target& target, const Word& word, unsigned slop) const {
  std::vector<Expression> any;
  if (!target.words.empty()) any.push_back(Expression::Phrase(target.words, word.text, slop));
  if (!target.ids.empty()) any.push_back(Expression::Equals(target.ids, {word.text}));
  if (!target.wholes.empty()) any.push_back(Expression::Equals(target.wholes, {word.text}));
  TRY_OK(AddTyped(target, word.text, any));
  return Expression::Or(std::move(any));
}

Result<Expression> TermMaker::Plain(const Target& target, const Word& word) const {
  if (!HasWildcard(word.pattern)) return Quoted(target, word, 0);
  if (word.pattern.find_first_not_of('*') == std::string::npos) return Exists(target);
  if (word.pattern.size() > kMaxPatternBytes) return Complaint("there is too long a pattern");
  std::vector<Expression> any;
  if (!target.words.empty())
    any.push_back(Expression::Pattern(target.words, word.pattern, Form::kTokens));
  if (!target.ids.empty())
    any.push_back(Expression::Pattern(target.ids, word.pattern, Form::kWholeFolded));
  if (!target.wholes.empty())
    any.push_back(Expression::Pattern(target.wholes, word.pattern, Form::kWhole));
  if (any.empty() && target.chosen && !options_.lenient &&
      (!target.numbers.empty() || !target.bools.empty() || !target.dates.empty()))
    return Complaint("there is a pattern for a field that holds no text");
  return Expression::Or(std::move(any));
}

Result<Expression> TermMaker::Fuzzy(const Target& target, const Word& word, unsigned edits) const {
  if (HasWildcard(word.pattern)) return Plain(target, word);
  if (word.text.size() > kMaxTokenBytes) return Complaint("there is too long a word before ~");
  std::vector<FieldRef> fields = target.words;
  fields.insert(fields.end(), target.ids.begin(), target.ids.end());
  if (fields.empty()) {
    if (target.chosen && !options_.lenient)
      return Complaint("there is a ~ for a field that is not searched by words");
    return Expression::None();
  }
  if (edits == 0) return Expression::Phrase(std::move(fields), word.text);
  return Expression::Fuzzy(std::move(fields), word.text, edits);
}

Result<Expression> TermMaker::Range(const Target& target, const Ends& ends) const {
  if (!ends.low && !ends.high) return Exists(target);
  if (!target.bools.empty() && target.chosen && !options_.lenient)
    return Complaint("there is a range for a field that is true or false");
  const auto number = [](const std::optional<std::string>& end) {
    return end ? NumberIn(*end) : std::nullopt;
  };
  const auto low_number = number(ends.low);
  const auto high_number = number(ends.high);
  const bool numeric = (!ends.low || low_number) && (!ends.high || high_number);
  const auto bound = [](const std::optional<std::string>& end, bool inclusive,
                        std::optional<double> value) -> std::optional<Bound> {
    if (!end) return std::nullopt;
    return Bound{.inclusive = inclusive, .number = value.value_or(0), .text = *end};
  };
  const auto low = bound(ends.low, ends.low_inclusive, low_number);
  const auto high = bound(ends.high, ends.high_inclusive, high_number);

  std::vector<Expression> any;
  if (!target.numbers.empty()) {
    if (numeric)
      any.push_back(RangeOn(target.numbers, low, high, /*numeric=*/true));
    else if (target.chosen && !options_.lenient)
      return Complaint("there is an end of a range that is no number");
  }
  if (!target.dates.empty()) {
    // A day's end belongs to "up to that day", and not to "after that day".
    std::optional<Bound> from;
    std::optional<Bound> to;
    bool dates = true;
    if (ends.low) {
      TRY(const auto span, InstantsOf(*ends.low));
      dates = span.has_value();
      if (span)
        from = Bound{.inclusive = ends.low_inclusive,
                     .number = static_cast<double>(ends.low_inclusive ? span->first : span->last)};
    }
    if (ends.high) {
      TRY(const auto span, InstantsOf(*ends.high));
      dates = dates && span.has_value();
      if (span)
        to = Bound{.inclusive = ends.high_inclusive,
                   .number = static_cast<double>(ends.high_inclusive ? span->last : span->first)};
    }
    if (dates) any.push_back(RangeOn(target.dates, from, to, /*numeric=*/true));
  }
  std::vector<FieldRef> flat;
  std::vector<FieldRef> texts = target.words;
  texts.insert(texts.end(), target.ids.begin(), target.ids.end());
  for (const FieldRef& field : target.wholes)
    (TypeOf(field.name) == FieldType::kFlat ? flat : texts).push_back(field);
  if (!texts.empty()) any.push_back(RangeOn(std::move(texts), low, high, /*numeric=*/false));
  if (!flat.empty()) any.push_back(RangeOn(std::move(flat), low, high, numeric));
  return Expression::Or(std::move(any));
}

Expression TermMaker::Exists(const Target& target) const {
  std::vector<FieldRef> fields;
  for (const auto* list :
       {&target.words, &target.ids, &target.wholes, &target.numbers, &target.bools, &target.dates})
    fields.insert(fields.end(), list->begin(), list->end());
  return fields.empty() ? Expression::None() : Expression::Exists(std::move(fields));
}

}  // namespace vams::search
