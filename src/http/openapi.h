// The OpenAPI 3.1 description of a route table.
// For the endpoint that serves it, and for tests that walk the interface.
//
// Thread-safe (no shared state).  Nothing here blocks.
#pragma once

#include <boost/json/object.hpp>
#include <string>

#include "http/routes.h"

namespace vams::http {

struct OpenApiInfo {
  std::string title;
  std::string version;      // of the interface
  std::string description;  // may be empty
};

// Every route of the table exactly once, ordered by path and verb; the fallback is left out.  The
// same table gives the same text.  A greedy tail is written as an ordinary parameter with a note,
// because OpenAPI has no form for it.  `x-access` is Route::security.
boost::json::object OpenApiDocument(const Routes& routes, const OpenApiInfo& info);

}  // namespace vams::http
