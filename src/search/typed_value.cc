#include "search/typed_value.h"

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <string>
#include <type_traits>
#include <utility>

#include "search/fields.h"

namespace vams::search {
namespace {

template <typename T>
std::optional<boost::json::value> Number(std::string_view text) {
  T number{};
  const char* const end = text.data() + text.size();
  const auto [behind, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || behind != end) return std::nullopt;
  if constexpr (std::is_floating_point_v<T>)
    if (!std::isfinite(number)) return std::nullopt;
  boost::json::value value(number);
  // Nor may it become another one where documents are kept as JSON text: reading a fraction back is
  // not exact in this Boost.JSON.
  if (TextForm(value) != text || boost::json::parse(boost::json::serialize(value)) != value)
    return std::nullopt;
  return value;
}

}  // namespace

std::optional<boost::json::value> TypedValue(std::string_view type, std::string_view text) {
  if (text.empty()) return std::nullopt;
  const bool date = type == "date" || type == "datetime";
  const bool boolean = type == "boolean" || type == "bool";
  const bool number =
      type == "number" || type == "integer" || type == "int" || type == "float" || type == "double";
  if (!date && !number && (text == "true" || text == "false"))
    return boost::json::value(text == "true");
  if (!date && !boolean) {
    if (auto whole = Number<std::int64_t>(text)) return whole;
    if (auto fraction = Number<double>(text)) return fraction;
  }
  return boost::json::value(text);
}

}  // namespace vams::search
