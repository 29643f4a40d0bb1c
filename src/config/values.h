// One value of one field: does it fit, what is it in canonical form, how does it get into Config.
// Private to the module.  Pure; thread-safe.
#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "config/config.h"
#include "config/fields.h"

namespace vams::config {

// Something wrong in a value: at the value itself or at a place below it.
struct Issue {
  std::string path;
  FieldStatus status = FieldStatus::kInvalid;  // or kUnknown
  std::string note;                            // as FieldReport::note
};

// Null always fits: it means "not set".
std::vector<Issue> Validate(const Field& field, const boost::json::value& value,
                            const std::string& path);

// The value of a field from text (--set, environment): texts as they stand, the rest as JSON;
// `null` means "not set".  The error's message is what was expected.
Result<boost::json::value> ValueFromText(const Field& field, std::string_view text);

// A fitting value in canonical form: paths absolute (from `folder`), lists where one may stand
// alone.
boost::json::value Canonical(const Field& field, const boost::json::value& value,
                             const std::string& folder);

using Effective = std::map<std::string, boost::json::value, std::less<>>;

// Every field with meaning must have a canonical value; null gives the empty value.
void Fill(const Effective& effective, Config& config);

}  // namespace vams::config
