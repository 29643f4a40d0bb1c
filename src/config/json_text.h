// JSON text with the place of every value, because Boost.JSON keeps none: a message about a
// configuration field has to name its line.  For the configuration reader.
//
// Pure functions; no I/O; thread-safe.
#pragma once

#include <boost/json/value.hpp>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vams::config {

// Counted from 1; line 0 means "in no file".  A column counts characters, not bytes.
struct Location {
  int line = 0;
  int column = 0;

  bool operator==(const Location&) const = default;
};

struct JsonText {
  boost::json::value value;
  // Where each member's key or each element begins, by path: `app.api`, `a.list[2].name`.
  std::map<std::string, Location, std::less<>> where;
};

// The path of a member.  A key that could be read as a path itself is quoted, so that
// {"app.name": 1} never passes for {"app": {"name": 1}}.
std::string MemberPath(std::string_view parent, std::string_view key);
std::string ElementPath(std::string_view parent, std::size_t index);

// kInvalid with line and column for text that is not strict JSON, and for a key that appears twice
// in one object.  `name` (a file's path) opens the message.  A UTF-8 byte order mark is skipped.
Result<JsonText> ParseJsonText(std::string_view text, std::string_view name);

}  // namespace vams::config
