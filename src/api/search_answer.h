// The answers of searches.  Spec: search.md sections 2.2, 2.3 and 3.2.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>

#include "catalog/asset_search.h"

namespace vams::api {

// Of both endpoints; a simple search has no facets.  `took_millis` is how long it took.
boost::json::object SearchAnswer(catalog::FoundPage page, std::int64_t took_millis);

}  // namespace vams::api
