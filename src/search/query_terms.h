// What one value of a query string means on the fields that it is asked of: the half of
// query_string.h that knows field types.
//
// Thread rule: a maker belongs to one parser.  Nothing blocks.  Spec: search.md section 4.3.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/expression.h"
#include "search/instants.h"
#include "search/query_string.h"

namespace vams::search {

// A word or a quoted text without its escapes.
struct Word {
  std::string text;
  std::string pattern;  // the same, where \ precedes those of * ? \ that are meant literally

  void Add(char c) {
    text.push_back(c);
    pattern.push_back(c);
  }
  void Literal(char c) {
    text.push_back(c);
    if (c == '*' || c == '?' || c == '\\') pattern.push_back('\\');
    pattern.push_back(c);
  }
};

// The fields that a part of a query string is about.
struct Target {
  std::vector<FieldRef> words;   // free text, compared word by word
  std::vector<FieldRef> ids;     // compared whole, patterns without regard to case
  std::vector<FieldRef> wholes;  // compared whole, letter by letter: .keyword, flat objects, _id
  std::vector<FieldRef> numbers;
  std::vector<FieldRef> bools;
  std::vector<FieldRef> dates;
  bool chosen =
      false;  // by the client; else all that there is, where what does not fit is passed over
};

// The ends of a range; nothing: open.
struct Ends {
  std::optional<std::string> low, high;
  bool low_inclusive = true;
  bool high_inclusive = true;
};

// Error::index of complaints that want the place put into them.
inline constexpr int kUnplaced = -2;

class TermMaker {
 public:
  explicit TermMaker(const QueryStringOptions& options) : options_(options) {}

  Target Default() const;
  // A field's name, with * and ? for several.
  Target Resolve(std::string_view pattern) const;

  Result<Expression> Quoted(const Target& target, const Word& word, unsigned slop) const;
  Result<Expression> Plain(const Target& target, const Word& word) const;
  Result<Expression> Fuzzy(const Target& target, const Word& word, unsigned edits) const;
  Result<Expression> Range(const Target& target, const Ends& ends) const;
  Expression Exists(const Target& target) const;

 private:
  Status AddTyped(const Target& target, std::string_view text, std::vector<Expression>& any) const;
  Result<std::optional<Instants>> InstantsOf(std::string_view text) const;

  const QueryStringOptions& options_;
};

}  // namespace vams::search
