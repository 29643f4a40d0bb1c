// Searches as the server understands them: conditions and texts become queries over the terms of
// terms.h that find exactly what Matches says.  Private to search/opensearch.
//
// Thread rule: a compiler belongs to one search.  Blocks only in what it was given to resolve with.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <functional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "search/document.h"
#include "search/expression.h"
#include "search/text_query.h"

namespace vams::search::opensearch {

using Query = boost::json::object;

Query MatchAll();
Query MatchNone();
Query TermQuery(std::string_view field, std::string_view text);
Query TermsQuery(std::string_view field, boost::json::array values);
Query AllOf(boost::json::array queries);
Query AnyOf(boost::json::array queries);

class Compiler {
 public:
  // For the few conditions that the server cannot express: finds the candidates, reads them, and
  // answers with a query for those that fit.
  using Fits = std::function<bool(const Document&)>;
  using Resolve = std::function<Result<Query>(const Query& candidates, const Fits& fits)>;

  explicit Compiler(Resolve resolve) : resolve_(std::move(resolve)) {}

  Result<Query> Compile(const Expression& expression);
  // Scores too.
  Result<Query> Compile(const TextQuery& text);

 private:
  Result<boost::json::array> CompileAll(const std::vector<Expression>& parts);
  Result<Query> Condition(const Expression& condition);
  Result<Query> Phrase(const Expression& condition);
  Result<Query> Fuzzy(const Expression& condition);
  Result<Query> Range(const Expression& condition);
  Query Equals(const Expression& condition) const;
  Query Exists(const Expression& condition) const;
  Result<Query> TextCondition(const Expression& condition);
  Result<Query> Distance(const Expression& condition);
  Result<Query> Term(const TextTerm& term, const TextQuery& text);
  Result<Query> Verified(const Query& candidates, const Expression& condition);

  Resolve resolve_;
};

}  // namespace vams::search::opensearch
