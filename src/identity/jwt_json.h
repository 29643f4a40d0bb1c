// JSON as tokens and key sets are read: nothing that two readers could understand differently.
// Internal to identity.  Spec: RFC 8259 section 4, RFC 7515 section 4, RFC 7519 section 4.
// Pure functions; no I/O; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string_view>

namespace vams::identity {

// Objects and lists inside each other; providers' tokens come to four.
inline constexpr std::size_t kMaxJsonDepth = 16;

// The object that the whole text is.  Nothing for other text: another kind of value, a member twice
// (one reader would take the first, another the last), nested deeper than kMaxJsonDepth, not UTF-8.
std::optional<boost::json::object> ParseStrictObject(std::string_view text);

// A member that is text; nullptr if there is none, or of another kind.
const boost::json::string* FindText(const boost::json::object& object, std::string_view name);

}  // namespace vams::identity
