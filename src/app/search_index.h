// The search index that the configuration names.
//
// Thread-safe (no state).  Blocks on disk and network.
#pragma once

#include <memory>

#include "base/result.h"
#include "config/config.h"
#include "lifecycle/stack.h"
#include "search/search.h"

namespace vams::app {

// The engine of the stack's current generation, whose change log it follows; null for
// engines.search.kind "none".  An embedded index that cannot be read is removed and begun anew:
// all of it comes from the items.
Result<std::unique_ptr<search::Index>> OpenSearchIndex(const config::Config& config,
                                                       const lifecycle::Stack& stack);

}  // namespace vams::app
