// A configuration file that is kept in another folder than the one it was written in.  Relative
// paths in it begin at the folder of the file (Sources::file_path), so they have to become absolute
// on the way.  For whoever makes a stack of a file, or moves one to it.
// Guide: docs/operations/stacks.md, "The configuration".
//
// Pure functions; thread-safe.
#pragma once

#include <boost/json/value.hpp>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "config/config.h"

namespace vams::config {

struct MovedText {
  std::string text;  // as it was where nothing in it is relative
  // What became absolute: "server.tls.key is /etc/vams/tls.key".
  std::vector<std::string> paths;
};

// kInvalid for a text that is no JSON object.  Values that do not fit their fields stay as they
// are.
Result<MovedText> WithAbsolutePaths(const std::string& text, const std::string& file_path);

// The text of the file as a stack keeps it; nothing where there is no file.
Result<std::optional<std::string>> TextToKeep(const Sources& sources);

// JSON as people write configuration files: two spaces a level, lists on one line.  Ends in a
// newline.
std::string PrettyText(const boost::json::value& value);

}  // namespace vams::config
