// Regular expressions of the named validators.  Internal to model.  Pure; thread-safe.
#pragma once

#include <string_view>

#include "model/names.h"

// The handle of the library, whose header stays in pattern.cc.
struct pcre2_real_code_8;

namespace vams::model {

// A pattern as the sentences show it, matched over the whole text.  Classes such as \w know all of
// Unicode, as they do where these patterns come from.  Made once and kept: a static variable.
class Pattern {
 public:
  // `text` lives as long as the program.  A programmer's error if it is no pattern.
  explicit Pattern(std::string_view text);

  std::string_view text() const { return text_; }
  // False for what is no UTF-8, too.
  bool Matches(std::string_view value) const;

 private:
  std::string_view text_;
  pcre2_real_code_8* code_;  // lives as long as the program
};

// "name is invalid. Must follow the regexp …", unless it does.
Complaint Follow(const Pattern& pattern, std::string_view field, std::string_view value);

}  // namespace vams::model
