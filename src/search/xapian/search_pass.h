// One search over one commit: who may read, what matches, totals, facets and the best page.
//
// Thread rule: belongs to one search.  May block on disk; throws Xapian's exceptions.
#pragma once

#include "base/op_context.h"
#include "base/result.h"
#include "search/search.h"
#include "search/xapian/store.h"

namespace vams::search::xapian {

// The request was checked (CheckRequest).
Result<Answer> SearchOnce(OpContext& op, const Store::View& view, const Request& request);

}  // namespace vams::search::xapian
