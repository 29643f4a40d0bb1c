// What the endpoints' searches mean to the index.  Internal to catalog.  Pure; thread-safe.
// Spec: search.md sections 2.1, 2.3, 3.1 and 4.
#pragma once

#include <cstdint>

#include "base/result.h"
#include "catalog/asset_search.h"

namespace vams::catalog {

// Everything but Request::access.  kInvalid as asset_search.h says.
Result<search::Request> RequestOf(const SearchQuery& query, search::Stemming stemming,
                                  std::int64_t now_millis);
// Of the index of one kind; criteria that it does not have constrain nothing.  Without from and
// size.
Result<search::Request> RequestOf(const SimpleQuery& query, search::Kind kind,
                                  search::Stemming stemming);

// The error of the wire for one of a parser or of the engine, which may be about the request
// (kInvalid), and for one of anything else, which is not.  The details are for the log.  Whoever
// gave up keeps their error.
Error Refused(const Error& cause, std::string_view text);
Error Failed(const Error& cause, std::string_view text);

}  // namespace vams::catalog
