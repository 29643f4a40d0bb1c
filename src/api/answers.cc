#include "api/answers.h"

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "base/clock.h"

namespace vams::api {

namespace {

constexpr std::string_view kGeneral = "VAMS General Error: ";

}  // namespace

http::Response Answer(const boost::json::value& value) { return Answer(200, value); }

http::Response Answer(int status, const boost::json::value& value) {
  http::Response response = http::Json(status, value);
  response.headers.Add("cache-control", "no-cache, no-store");
  return response;
}

http::Response Refuse(int status, std::string_view text) {
  return Answer(status, boost::json::object{{"message", text}});
}

http::Response RefuseGeneral(std::string_view text) {
  return Refuse(400, fmt::format("{}{}", kGeneral, text));
}

http::Response RefuseError(const Error& error) {
  switch (error.code) {
    case Code::kDenied:
      return Refuse(403, error.message.empty() ? "Not Authorized" : error.message);
    case Code::kUnauthenticated:
      return Refuse(403, "Forbidden");
    case Code::kInvalid:
    case Code::kConflict:
    case Code::kNotFound:
      return RefuseGeneral(error.message);
    case Code::kTooLarge:
      return Refuse(413, error.message);
    case Code::kUnavailable:
    case Code::kTimeout:
    case Code::kCancelled: {
      http::Response response = Refuse(503, error.message);
      response.headers.Set("retry-after", "1");
      return response;
    }
    default:
      return Refuse(500, "Internal Server Error");
  }
}

std::string Timestamp(std::int64_t millis) {
  std::string text = IsoMillis(millis);
  text.pop_back();  // the Z
  return text + "000";
}

}  // namespace vams::api
