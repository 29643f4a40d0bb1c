// Conditions on documents, as a tree: what filters, metadata queries and search parameters become,
// and all that an engine has to evaluate beside the ranked text (text_query.h).  `Matches` below
// says what each condition means; engines may find the documents in any way that agrees with it.
//
// Thread rule: values and pure functions.  Nothing blocks.  Spec: search.md sections 3.1, 4.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/fields.h"
#include "search/geo.h"

namespace vams::search {

struct Document;

// One end of a range.  `number` for numbers and instants (milliseconds), `text` for texts.
struct Bound {
  bool inclusive = true;
  double number = 0;
  std::string text;

  bool operator==(const Bound&) const = default;
};

// What a text condition is compared with.
enum class Form : std::uint8_t {
  kTokens,  // each word that analyse.h makes of a value; the condition's text is folded already.
            // Flat objects have no words: there it is kWholeFolded.
  kWhole,   // the whole value, letter by letter
  kWholeFolded,  // the whole value without regard to case (analyse.h: Fold)
};

struct Expression {
  enum class Op : std::uint8_t {
    kAll,
    kNone,
    kAnd,  // all of parts; all documents if there are none
    kOr,   // any of parts; none if there are none
    kNot,  // not parts[0]
    kKind,
    // The following hold if they do for any value of any of `fields`.
    kEquals,    // equals any of `texts`, under `form`
    kPhrase,    // words `texts` in this order, side by side in one value; with slop in any order,
                // spread over at most slop more places.  Never in a flat object
    kPattern,   // fits texts[0], where * is any characters, ? one, \ takes the next as it is
    kContains,  // texts[0] is part of it (of one word, with kTokens)
    kPrefix,    // begins with texts[0]
    kFuzzy,     // one word is at most `edits` insertions, removals, replacements or swaps of
                // neighbours away from texts[0].  Never in a flat object
    kRange,     // between `low` and `high`
    kExists,    // there is a value that is not null
    // The document's place.
    kGeoBox,       // touches `box`
    kGeoDistance,  // is at most `metres` from `center`
  };

  Op op = Op::kAll;
  std::vector<Expression> parts;
  std::vector<FieldRef> fields;
  std::vector<std::string> texts;
  Form form = Form::kWhole;
  Kind kind = Kind::kAsset;
  unsigned slop = 0;
  unsigned edits = 0;
  // kRange.  A number or date field compares numbers, any other field texts by bytes; values of a
  // flat object are numbers if they and every given bound are (`numeric`).
  std::optional<Bound> low;
  std::optional<Bound> high;
  bool numeric = false;
  Box box;
  Point center;
  double metres = 0;

  bool operator==(const Expression&) const = default;

  static Expression All() { return {}; }
  static Expression None() { return {.op = Op::kNone}; }
  // Flattened; an And without None, an Or without All; a single part is that part.
  static Expression And(std::vector<Expression> parts);
  static Expression Or(std::vector<Expression> parts);
  static Expression Not(Expression part);
  static Expression OfKind(Kind kind) { return {.op = Op::kKind, .kind = kind}; }
  static Expression Equals(std::vector<FieldRef> fields, std::vector<std::string> texts,
                           Form form = Form::kWhole);
  // The words of `text`; None if it has none.
  static Expression Phrase(std::vector<FieldRef> fields, std::string_view text, unsigned slop = 0);
  // kEquals, kPrefix, kContains or kPattern, the simplest that means the same.  Folds `pattern`
  // unless the form is kWhole.
  static Expression Pattern(std::vector<FieldRef> fields, std::string_view pattern, Form form);
  // `text` is taken literally, and folded unless the form is kWhole.
  static Expression Contains(std::vector<FieldRef> fields, std::string_view text, Form form);
  static Expression Fuzzy(std::vector<FieldRef> fields, std::string_view word, unsigned edits);
  static Expression Exists(std::vector<FieldRef> fields);
};

// What an engine accepts; parsers refuse more with kInvalid.
inline constexpr std::size_t kMaxDepth = 32;
inline constexpr std::size_t kMaxConditions = 4096;  // nodes and texts together
inline constexpr std::size_t kMaxPatternBytes = 1024;
inline constexpr std::size_t kMaxSlopWords = 16;  // of a phrase with slop

// kInvalid for a tree beyond the limits; engines call it first.
Status CheckBounds(const Expression& expression);

// The definition: whether the document fulfils it, looked up value by value.  Linear in document
// and expression.  Engines verify candidates with it where their index is not precise enough.
bool Matches(const Expression& expression, const Document& document);

// The same for one value of a text condition (kEquals … kFuzzy).  Highlights and engines that run
// through dictionaries use it.  `flat`: of a flat object.
bool MatchesText(const Expression& condition, std::string_view value, bool flat);

// Whether `text` fits `pattern` (kPattern); both folded, or neither.
bool FitsPattern(std::string_view pattern, std::string_view text);
// Whether a pattern in a client's text means more than itself: has an unescaped * or ?.
bool HasWildcard(std::string_view text);
// What a pattern without wildcards stands for: itself without the escapes.
std::string Unescaped(std::string_view pattern);

}  // namespace vams::search
