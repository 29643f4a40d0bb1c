// Permission decisions told to people and programs; shared by the endpoint and the command.
// Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>

#include "access/object.h"
#include "access/policy.h"
#include "base/result.h"

namespace vams::api {

// {"object__type": "asset", "databaseId": …, "tags": […]}; kInvalid names what may be there.
Result<access::Object> ReadObject(const boost::json::object& object);
boost::json::object ExplanationJson(const access::Explanation& explanation);

}  // namespace vams::api
