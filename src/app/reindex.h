// Building the search index of a stack that is not served.
//
// Thread-safe (no state).  Blocks on disk and network for as long as the build takes.
#pragma once

#include <boost/json/object.hpp>
#include <functional>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "config/config.h"
#include "indexing/reindexer.h"
#include "lifecycle/stack.h"

namespace vams::app {

// The result object of search.md section 8.1.  Takes the stack's lock; kConflict: it is served.
// `watch` is called on a thread of its own now and then.  kCancelled: by `op`; the next run goes on
// with what was built.
Result<boost::json::object> ReindexStack(
    OpContext& op, const lifecycle::Stack& stack, const config::Config& config,
    const indexing::ReindexOptions& options, const Clock& clock, Random& random,
    const std::function<void(const indexing::ReindexProgress&)>& watch);

}  // namespace vams::app
