// One search: the request as the server understands it, and its answer as callers do.  Private to
// search/opensearch.
//
// Thread-safe (no state).  Blocks on the network.
#pragma once

#include "search/opensearch/generation.h"

namespace vams::search::opensearch {

// `from` + size of a page, as far as the server goes; positions lead further.
inline constexpr std::uint64_t kMaxWindow = 10'000;

// The answer's position is the caller's to set.
Result<Answer> SearchOnce(OpContext& op, Stored& stored, const Classes& classes,
                          const Request& request);

}  // namespace vams::search::opensearch
