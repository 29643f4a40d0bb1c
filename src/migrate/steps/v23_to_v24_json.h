// JSON texts inside attributes, for the step 2.3 -> 2.4: reading them as item values, writing them
// compact, and writing them as upstream's script did.  Spec: migrations.md section 5.
//
// Pure functions; thread-safe; no I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "items/value.h"

namespace vams::migrate::v23_to_v24 {

// Compact JSON in plain UTF-8: numbers with their exact digits, sets as arrays, binary as base64.
std::string PlainJson(const items::Value& value);

// A JSON text as a value: objects as M, arrays as L, numbers as N.  Nothing for what is no JSON,
// nests deeper than an item may, or holds a number that an item cannot.
std::optional<items::Value> ValueFromJson(std::string_view text);

// Text and numbers as Python's json.dumps writes them: everything but printable ASCII escaped.
std::string PythonString(std::string_view text);
std::string PythonFloat(double number);

// The text without the white space at its ends that Python's strip() takes away.
std::string_view Trim(std::string_view text);

}  // namespace vams::migrate::v23_to_v24
