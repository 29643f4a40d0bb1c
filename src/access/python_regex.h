// Regular expressions as Python's `re` writes them (3.12, text patterns), rewritten for PCRE2.
// Criterion values are in that dialect.  Spec: permissions.md section 4.1.
//
// Every construct is parsed and written anew, nothing is passed through: what PCRE2 knows and
// Python does not (verbs, recursion, \K, \Q, \R …) never reaches PCRE2, and what both know but mean
// differently (`^`, `$`, `\Z`, `\w`, `\s`, `\B` …) is written out.  Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vams::access {

struct PythonRegex {
  // For PCRE2 with UTF and newline = LF, no other syntax option.  An alternation at the top level
  // stays at the top level, so that text put before or after binds as in Python.
  std::string pcre;
  // The value began with (?i): compile the whole without regard to case.
  bool caseless = false;
  // The pattern is plain text: it matches exactly `literal`.
  bool is_literal = false;
  std::string literal;
};

// kInvalid says where and why.  Refused although Python takes it: \N{…} names, surrogates, repeats
// above 65535, groups nested deeper than 200; and by PCRE2 later: repeated look-arounds inside a
// look-behind.
Result<PythonRegex> TranslatePythonRegex(std::string_view pattern);

}  // namespace vams::access
