// Pages of a list that is at hand as a whole: an opaque token names the last element given.
// Pure; thread-safe.
#pragma once

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

}  // namespace vams::api
