// The bodies of searches: read, checked, and made into what the use case takes.
// Spec: search.md sections 2.1 and 3.1, ruling 18.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>

#include "catalog/asset_search.h"
#include "model/body.h"

namespace vams::api {

// The values are worth nothing if `problems` is not empty afterwards.
catalog::SearchQuery ReadSearchQuery(const boost::json::object& body, model::Problems& problems);
catalog::SimpleQuery ReadSimpleQuery(const boost::json::object& body, model::Problems& problems);

// The place that `geo` asks for; everything if it is absent or null.
search::Expression ReadGeo(model::ObjectReader& body);

}  // namespace vams::api
