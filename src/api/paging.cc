#include "api/paging.h"

#include <charconv>

#include "identity/jwt.h"

namespace vams::api {

namespace {
constexpr std::string_view kMark = "v1:";
}

std::optional<std::size_t> FindNumber(const http::Request& request, std::string_view name,
                                      std::size_t min) {
  const auto text = request.FindQuery(name);
  if (!text) return std::nullopt;
  std::size_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || number < min)
    return std::nullopt;
  return number;
}

std::string TokenOf(std::string_view place) {
  return identity::Base64UrlEncode(std::string(kMark).append(place));
}

std::optional<std::string> PlaceOf(std::string_view token) {
  auto text = identity::Base64UrlDecode(token);
  if (!text || !text->starts_with(kMark)) return std::nullopt;
  return text->substr(kMark.size());
}

}  // namespace vams::api
