// The search box: what `query` and `metadataQuery` mean.  Spec: search.md sections 4.2, 4.4, 3.1.
//
// Thread rule: values and pure functions.  Nothing blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/analyse.h"
#include "search/expression.h"

namespace vams::search {

struct Document;

// One thing that a document must contain, in one of the fields with a weight (fields.h) or, if
// asked for, in a value of metadata or attributes.
struct TextTerm {
  enum class Op : std::uint8_t {
    kWord,    // `text` is part of a value, without regard to case; of one of its words, if it is
              // letters and digits only (analyse.h: IsWordPart)
    kPhrase,  // the words `words` stand side by side in one value
  };
  Op op = Op::kWord;
  std::string text;                // folded
  std::vector<std::string> words;  // kPhrase: at least one

  bool operator==(const TextTerm&) const = default;
};

// All terms must hold, each in any field.  ranking.h says in which order the documents come.
struct TextQuery {
  std::vector<TextTerm> terms;  // at least one
  bool metadata = true;
  Stemming stemming = Stemming::kNone;  // also words whose stem is that of a kWord's text

  bool operator==(const TextQuery&) const = default;
};

// No terms: an empty text, which matches everything.  Words are cut at white space and taken
// literally, wildcards included; "…" is a phrase; a " without partner is a character like others.
// Past 64 terms the text's end is one term.
TextQuery ParseText(std::string_view query, bool metadata, Stemming stemming);

// Whether the text occurs (the definition, like Matches of expression.h).
bool Matches(const TextQuery& query, const Document& document);

enum class MetadataMode : std::uint8_t { kKey, kValue, kBoth };

// Section 4.4: `a:x AND b:y`, `a:x OR b`, or a key or value.  kInvalid beyond the bounds.
Result<Expression> ParseMetadataQuery(std::string_view query, MetadataMode mode);

// A parameter of /search/simple: the whole value, or with * or ? a pattern on its words or on all
// of it without regard to case.  kInvalid: too long a pattern.
Result<Expression> SimpleParameter(std::string_view field, std::string_view value);
// metadataKey and metadataValue of section 3.1.
Result<Expression> SimpleMetadataKey(std::string_view key);
Result<Expression> SimpleMetadataValue(std::string_view value);

}  // namespace vams::search
