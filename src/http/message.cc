#include "http/message.h"

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "base/ascii.h"

namespace vams::http {

namespace json = boost::json;

namespace {

constexpr std::array<std::string_view, 7> kVerbNames = {"GET",   "HEAD",   "POST",   "PUT",
                                                        "PATCH", "DELETE", "OPTIONS"};

// Clients wait this long before they repeat a request that could not be served now.
constexpr std::string_view kRetryAfterSeconds = "1";

}  // namespace

std::string_view VerbName(Verb verb) { return kVerbNames[static_cast<std::size_t>(verb)]; }

std::optional<Verb> FindVerb(std::string_view name) {
  const auto found = std::ranges::find(kVerbNames, name);
  if (found == kVerbNames.end()) return std::nullopt;
  return static_cast<Verb>(found - kVerbNames.begin());
}

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, {}, LowerChar, LowerChar);
}

std::optional<std::string_view> Headers::Find(std::string_view name) const {
  for (const Field& field : fields_)
    if (EqualsIgnoreCase(field.first, name)) return field.second;
  return std::nullopt;
}

void Headers::Set(std::string_view name, std::string_view value) {
  std::erase_if(fields_, [&](const Field& field) { return EqualsIgnoreCase(field.first, name); });
  Add(name, value);
}

void Headers::Add(std::string_view name, std::string_view value) {
  fields_.emplace_back(name, value);
}

const std::string& Request::Parameter(std::string_view name) const {
  const auto found = std::ranges::find(path_parameters, name, &NameValues::value_type::first);
  VAMS_CHECK(found != path_parameters.end());
  return found->second;
}

std::optional<std::string_view> Request::FindQuery(std::string_view name) const {
  const auto found = std::ranges::find(query, name, &NameValues::value_type::first);
  if (found == query.end()) return std::nullopt;
  return found->second;
}

Response Json(const json::value& value) { return Json(200, value); }

Response Json(int status, const json::value& value) {
  Response response{.status = status, .headers = {}, .body = json::serialize(value)};
  response.headers.Set("content-type", "application/json");
  return response;
}

Response Message(int status, std::string_view message) {
  return Json(status, json::object{{"message", message}});
}

int StatusOf(Code code) {
  switch (code) {
    case Code::kNotFound:
      return 404;
    case Code::kConflict:
      return 409;
    case Code::kInvalid:
      return 400;
    case Code::kUnauthenticated:
      return 401;
    case Code::kDenied:
      return 403;
    case Code::kTooLarge:
      return 413;
    case Code::kNotSupported:
      return 501;
    case Code::kTimeout:
      return 504;
    case Code::kUnavailable:
    case Code::kCancelled:
      return 503;
    case Code::kCorrupt:
    case Code::kInternal:
      return 500;
  }
  return 500;
}

Response ErrorResponse(const Error& error) {
  Response response = Message(StatusOf(error.code), error.message);
  if (response.status == 503) response.headers.Set("retry-after", kRetryAfterSeconds);
  return response;
}

std::string_view ReasonPhrase(int status) {
  switch (status) {
    case 200:
      return "OK";
    case 201:
      return "Created";
    case 202:
      return "Accepted";
    case 204:
      return "No Content";
    case 206:
      return "Partial Content";
    case 301:
      return "Moved Permanently";
    case 302:
      return "Found";
    case 304:
      return "Not Modified";
    case 307:
      return "Temporary Redirect";
    case 308:
      return "Permanent Redirect";
    case 400:
      return "Bad Request";
    case 401:
      return "Unauthorized";
    case 403:
      return "Forbidden";
    case 404:
      return "Not Found";
    case 405:
      return "Method Not Allowed";
    case 408:
      return "Request Timeout";
    case 409:
      return "Conflict";
    case 410:
      return "Gone";
    case 411:
      return "Length Required";
    case 412:
      return "Precondition Failed";
    case 413:
      return "Content Too Large";
    case 415:
      return "Unsupported Media Type";
    case 416:
      return "Range Not Satisfiable";
    case 422:
      return "Unprocessable Content";
    case 429:
      return "Too Many Requests";
    case 431:
      return "Request Header Fields Too Large";
    case 500:
      return "Internal Server Error";
    case 501:
      return "Not Implemented";
    case 502:
      return "Bad Gateway";
    case 503:
      return "Service Unavailable";
    case 504:
      return "Gateway Timeout";
    case 505:
      return "HTTP Version Not Supported";
    case 507:
      return "Insufficient Storage";
    default:
      return "";
  }
}

}  // namespace vams::http
