#include "search/marks.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <cmath>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "search/analyse.h"
#include "search/ranking.h"
#include "search/unicode_data.h"

namespace vams::search {
namespace {

using Op = Expression::Op;

// Bytes of a value, from begin to end.
struct Span {
  std::size_t begin = 0;
  std::size_t end = 0;
};

// A value of a document, taken apart as often as conditions look at it.
class MarkedValue {
 public:
  MarkedValue(std::string_view text, bool flat) : text_(text), flat_(flat), tokens_(Analyse(text)) {
    for (std::size_t at = 0; at < text.size();) {
      const std::size_t begin = at;
      unicode::Append(folded_, unicode::Lower(unicode::Next(text, at)));
      origin_.resize(folded_.size(), begin);
    }
    origin_.push_back(text.size());
  }

  void Mark(const TextTerm& term, Stemming stemming) {
    if (term.op == TextTerm::Op::kPhrase) {
      MarkPhrase(term.words, 0);
    } else if (!IsWordPart(term.text)) {
      MarkFolded(term.text, 0, folded_.size());
    } else {
      for (const Token& token : tokens_) {
        const bool graded = IsGraded(term);
        if (token.text.find(term.text) != std::string::npos)
          MarkWithin(term.text, token);
        else if (graded && TierOf(token.text, term, stemming))
          spans_.push_back({token.begin, token.end});
      }
    }
  }

  // A condition of expression.h that holds for this value.
  void Mark(const Expression& condition) {
    if (condition.op == Op::kExists || condition.op == Op::kRange) {
      spans_.push_back({0, text_.size()});
      return;
    }
    if (!MatchesText(condition, text_, flat_)) return;
    const bool words = condition.form == Form::kTokens && !flat_;
    if (condition.op == Op::kPhrase) {
      MarkPhrase(condition.texts, condition.slop);
    } else if (words) {
      Expression one = condition;
      one.form = Form::kWhole;
      for (const Token& token : tokens_) {
        if (!MatchesText(one, token.text, /*flat=*/false)) continue;
        if (condition.op == Op::kContains)
          MarkWithin(condition.texts.front(), token);
        else
          spans_.push_back({token.begin, token.end});
      }
    } else if (condition.op == Op::kContains && condition.form == Form::kWhole) {
      const std::string& wanted = condition.texts.front();
      for (std::size_t at = 0; !wanted.empty();) {
        at = text_.find(wanted, at);
        if (at == std::string_view::npos) break;
        spans_.push_back({at, at + wanted.size()});
        at += wanted.size();
      }
    } else if (condition.op == Op::kContains) {
      MarkFolded(condition.texts.front(), 0, folded_.size());
    } else {
      spans_.push_back({0, text_.size()});
    }
  }

  bool marked() const { return !spans_.empty(); }

  std::string Text() && {
    std::ranges::sort(spans_, {}, &Span::begin);
    std::string out;
    std::size_t at = 0;
    for (std::size_t i = 0; i < spans_.size();) {
      Span span = spans_[i++];
      while (i < spans_.size() && spans_[i].begin <= span.end)
        span.end = std::max(span.end, spans_[i++].end);
      out += text_.substr(at, span.begin - at);
      out += kMarkBegin;
      out += text_.substr(span.begin, span.end - span.begin);
      out += kMarkEnd;
      at = span.end;
    }
    out += text_.substr(at);
    return out;
  }

 private:
  // Occurrences of a folded text between two bytes of the folded value.
  void MarkFolded(std::string_view wanted, std::size_t begin, std::size_t end) {
    const std::string_view here = std::string_view(folded_).substr(0, end);
    while (!wanted.empty()) {
      begin = here.find(wanted, begin);
      if (begin == std::string_view::npos) break;
      const std::size_t behind = begin + wanted.size();
      spans_.push_back({origin_[begin], origin_[behind]});
      begin = behind;
    }
  }

  void MarkWithin(std::string_view wanted, const Token& token) {
    const auto folded = [this](std::size_t byte) {
      return static_cast<std::size_t>(std::ranges::lower_bound(origin_, byte) - origin_.begin());
    };
    MarkFolded(wanted, folded(token.begin), folded(token.end));
  }

  void MarkPhrase(const std::vector<std::string>& words, unsigned slop) {
    if (slop > 0) {
      for (const Token& token : tokens_)
        if (std::ranges::find(words, token.text) != words.end())
          spans_.push_back({token.begin, token.end});
      return;
    }
    for (std::size_t i = 0; i + words.size() <= tokens_.size(); ++i)
      if (std::ranges::equal(words, std::span(tokens_).subspan(i, words.size()), {}, {},
                             &Token::text))
        spans_.push_back({tokens_[i].begin, tokens_[i + words.size() - 1].end});
  }

  std::string_view text_;
  bool flat_;
  std::vector<Token> tokens_;
  std::string folded_;
  std::vector<std::size_t> origin_;  // where each byte of folded_ comes from, and the end
  std::vector<Span> spans_;
};

// The conditions that a document fulfils by having something, not by lacking it.
void Collect(const Expression& expression, std::vector<const Expression*>& out) {
  switch (expression.op) {
    case Expression::Op::kAnd:
    case Expression::Op::kOr:
      for (const Expression& part : expression.parts) Collect(part, out);
      break;
    case Expression::Op::kEquals:
    case Expression::Op::kPhrase:
    case Expression::Op::kPattern:
    case Expression::Op::kContains:
    case Expression::Op::kPrefix:
    case Expression::Op::kFuzzy:
    case Expression::Op::kRange:
    case Expression::Op::kExists:
      out.push_back(&expression);
      break;
    default:
      break;
  }
}

bool IsAbout(const FieldRef& field, std::string_view name, std::string_view key) {
  if (field.name != name) return false;
  return field.key.empty() || (field.pattern ? FitsPattern(field.key, key) : field.key == key);
}

void MarkField(const Request& request, const std::vector<const Expression*>& conditions,
               const Document& document, std::string_view name, boost::json::object& out) {
  const bool flat = TypeOf(name) == FieldType::kFlat;
  const Field* field = FindField(name);
  const bool ranked = request.text && (flat ? request.text->metadata : field && field->weight > 0);
  AnyValue(document.source, {.name = std::string(name)},
           [&](std::string_view key, std::string_view text) {
             MarkedValue value(text, flat);
             if (ranked)
               for (const TextTerm& term : request.text->terms)
                 value.Mark(term, request.text->stemming);
             for (const Expression* condition : conditions)
               if (std::ranges::any_of(condition->fields, [&](const FieldRef& ref) {
                     return IsAbout(ref, name, key);
                   })) {
                 if (condition->op == Expression::Op::kRange) {
                   Expression here = *condition;
                   here.fields = {{.name = std::string(name), .key = std::string(key)}};
                   if (!Matches(here, document)) continue;
                 }
                 value.Mark(*condition);
               }
             if (!value.marked()) return false;
             const std::string label =
                 flat ? std::string(name) + "." + std::string(key) : std::string(name);
             auto& list = out[label];
             if (!list.is_array()) list = boost::json::array();
             list.get_array().emplace_back(std::move(value).Text());
             return false;
           });
}

std::string Reason(std::string_view field, Kind kind) {
  const Field* known = FindField(field);
  std::string reason = "Matched ";
  if (known && known->core)
    reason += std::string("core ") + std::string(KindName(kind)) + " field";
  else
    reason += field.starts_with("MD_") ? "metadata field" : "field";
  return reason + " '" + std::string(field) + "'";
}

std::string_view QueryType(const Request& request) {
  const bool text = request.text && !request.text->terms.empty();
  const bool match = request.match.op != Expression::Op::kAll;
  return text && match ? "combined" : text ? "general" : match ? "metadata" : "none";
}

}  // namespace

boost::json::value Highlight(const Request& request, const Document& document) {
  std::vector<const Expression*> conditions;
  Collect(request.match, conditions);
  boost::json::object out;
  if (conditions.empty() && !request.text) return nullptr;
  for (const auto& member : document.source) {
    const auto type = TypeOf(member.key());
    if (type == FieldType::kText || type == FieldType::kFlat)
      MarkField(request, conditions, document, member.key(), out);
  }
  if (out.empty()) return nullptr;
  return out;
}

boost::json::value Explain(const Request& request, const Document& document,
                           std::optional<double> score, const boost::json::value& highlight) {
  boost::json::array fields;
  boost::json::object reasons;
  std::int64_t fragments = 0;
  if (const auto* marked = highlight.if_object())
    for (const auto& member : *marked) {
      fields.emplace_back(member.key());
      reasons[member.key()] = Reason(member.key(), document.kind);
      fragments += static_cast<std::int64_t>(member.value().get_array().size());
    }
  const auto matches = static_cast<std::int64_t>(fields.size());
  return boost::json::object{
      {"matched_fields", std::move(fields)},
      {"match_reasons", std::move(reasons)},
      {"query_type", QueryType(request)},
      {"index_type", KindName(document.kind)},
      {"score_breakdown",
       {{"total_score", static_cast<std::int64_t>(std::trunc(score.value_or(0)))},
        {"field_matches", matches},
        {"highlight_matches", fragments}}}};
}

void AddMarks(const Request& request, Hit& hit) {
  if (!request.highlights && !request.explain) return;
  boost::json::value highlight = Highlight(request, hit.document);
  if (request.explain) hit.explanation = Explain(request, hit.document, hit.score, highlight);
  if (request.highlights) hit.highlight = std::move(highlight);
}

}  // namespace vams::search
