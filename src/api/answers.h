// The API's answers: successes with the headers that clients expect, and every refusal with the
// status and text of the wire.  Spec: api-auth.md section 1.  Pure; thread-safe.
#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/message.h"

namespace vams::api {

http::Response Answer(const boost::json::value& value);
http::Response Answer(int status, const boost::json::value& value);
// {"message": text}
http::Response Refuse(int status, std::string_view text);
// 400 with upstream's prefix of business errors.
http::Response RefuseGeneral(std::string_view text);

// An error of a use case as the endpoints of this file's section answer it unless they say
// otherwise: kDenied 403, kUnauthenticated 403, kInvalid, kConflict and kNotFound 400 with the
// prefix, kTooLarge 413, kUnavailable 503, everything else 500 without a detail.
http::Response RefuseError(const Error& error);

// The time of an operation's answer: 2025-01-05T09:00:00.123000, UTC without zone.
std::string Timestamp(std::int64_t millis);

}  // namespace vams::api
