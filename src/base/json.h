// Members of JSON objects that may be missing or of another kind, as files of our own have them
// when another release wrote them: what is not there reads as empty.
//
// Pure functions.
#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vams {

// Empty if there is no such member or it is no text.
std::string TextOf(const boost::json::object& object, std::string_view name);
// 0 if there is no such member, or it is no whole number or negative.
std::uint64_t NumberOf(const boost::json::object& object, std::string_view name);
// Empty if there is no such member or it is no object.
boost::json::object ObjectOf(const boost::json::object& object, std::string_view name);

boost::json::array Texts(const std::vector<std::string>& texts);
// null for nothing.
boost::json::value TextOrNull(const std::optional<std::string>& text);

}  // namespace vams
