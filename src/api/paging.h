// Pages of lists: of one that is at hand as a whole (an opaque token names the last element given),
// and of one that the store gives page by page (the token holds the store's cursor).
// Pure; thread-safe.
#pragma once

#include <boost/json/value.hpp>
#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace vams::api {

// A whole number of at least `min`; nothing for another value, none, or several digits too many.
std::optional<std::size_t> FindNumber(const http::Request& request, std::string_view name,
                                      std::size_t min = 1);

// The token for going on behind `place` (any text), and back; nothing for a token that was not made
// here.
std::string TokenOf(std::string_view place);
std::optional<std::string> PlaceOf(std::string_view token);

// ---- Pages of the store.  Spec: api-assets.md section 1.8.

struct PageAsked {
  std::size_t size = 0;
  std::string after;  // the cursor; empty: from the beginning
};

// What `pageSize`, `maxItems` and `startingToken` of the lists of databases and buckets ask for: at
// most 10000, by default as many; values that are no number fall back to a default.  `list` names
// the endpoint: nothing for a token that another list gave, or nobody.
std::optional<PageAsked> AskedPage(const http::Request& request, std::string_view list);
// The cursor in `startingToken`, empty without one; nothing for a token that another list gave, or
// nobody.
std::optional<std::string> AfterOf(const http::Request& request, std::string_view list);
// The token for going on behind the cursor; null for the empty one, at the end.
boost::json::value NextToken(std::string_view list, std::string_view cursor);

}  // namespace vams::api
