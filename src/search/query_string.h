// The query-string syntax of filters: what clients send in filters[].query_string.  One pass over
// the text; never throws.  Spec: search.md sections 4.3 and 10.
//
//   (str_assettype:("folder" OR ".glb")) AND num_filesize:[0 TO 1048576] AND NOT str_key:*tmp*
//
// Words that follow each other without an operator are joined by the default operator; NOT binds
// tightest, then AND, then OR; + and - make the parts beside them required and forbidden.  A `/` is
// a character like others: there are no regular expressions.
//
// Thread rule: pure functions.  Nothing blocks.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "search/expression.h"

namespace vams::search {

struct QueryStringOptions {
  bool default_and = false;                 // default_operator
  std::vector<std::string> default_fields;  // default_field, fields; empty: every text field
  bool lenient = false;         // a malformed number or date matches nothing instead of failing
  std::int64_t now_millis = 0;  // for "now" and "now-7d"
};

inline constexpr std::size_t kMaxQueryStringBytes = 64 * 1024;

// kInvalid for malformed text, with the place in the message ("… at character 17").
Result<Expression> ParseQueryString(std::string_view text, const QueryStringOptions& options);

}  // namespace vams::search
