#include "api/paging.h"

#include <algorithm>
#include <charconv>

#include "identity/jwt.h"

namespace vams::api {

namespace {

constexpr std::string_view kMark = "v1:";

constexpr std::size_t kLongestPage = 10000;
constexpr std::size_t kPageOfBadSize = 3000;

}  // namespace

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

std::optional<PageAsked> AskedPage(const http::Request& request, std::string_view list) {
  PageAsked asked;
  const bool sized = request.FindQuery("pageSize").has_value();
  asked.size = FindNumber(request, "pageSize").value_or(sized ? kPageOfBadSize : kLongestPage);
  asked.size =
      std::min({asked.size, FindNumber(request, "maxItems").value_or(kLongestPage), kLongestPage});
  auto after = AfterOf(request, list);
  if (!after) return std::nullopt;
  asked.after = *std::move(after);
  return asked;
}

std::optional<std::string> AfterOf(const http::Request& request, std::string_view list) {
  const auto token = request.FindQuery("startingToken");
  if (!token || token->empty()) return std::string();
  const auto place = PlaceOf(*token);
  const std::string of_list = std::string(list) + '\n';
  if (!place || !place->starts_with(of_list) || place->size() == of_list.size())
    return std::nullopt;
  return place->substr(of_list.size());
}

boost::json::value NextToken(std::string_view list, std::string_view cursor) {
  if (cursor.empty()) return nullptr;
  return boost::json::string(TokenOf(std::string(list).append("\n").append(cursor)));
}

}  // namespace vams::api
