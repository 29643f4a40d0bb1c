// The body of a request as one of the readers of `model` reads it.  Pure; thread-safe.
#pragma once

#include <boost/json/object.hpp>
#include <initializer_list>
#include <string_view>
#include <utility>

#include "api/gate.h"
#include "model/body.h"

namespace vams::api {

// 400 for a body that is none, that lacks one of the members `required`, or that has problems,
// which the answer lists under the name `model`.
template <typename Value>
Parsed<Value> ReadBody(const Call& call, std::string_view model,
                       Value (*read)(const boost::json::object&, model::Problems&),
                       std::initializer_list<std::string_view> required = {}) {
  auto body = Body(call);
  if (!body) return std::unexpected(std::move(body).error());
  if (auto fine = RequireMembers(*body, required); !fine)
    return std::unexpected(std::move(fine).error());
  model::Problems problems;
  Value value = read(*body, problems);
  if (auto fine = Check(problems, model); !fine) return std::unexpected(std::move(fine).error());
  return value;
}

}  // namespace vams::api
