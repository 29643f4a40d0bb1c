// Answers to what a command has to ask: typed on the terminal, or lines of standard input for
// scripts.  One thread.  Blocks until there is an answer.  And text of others that a terminal can
// show.
#pragma once

#include <boost/json/array.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vams::cli {

// The text with control characters, which a terminal would obey, as \xNN.
std::string Printable(std::string_view text);
// The texts of a list, printable, with commas between them.
std::string Joined(const boost::json::array& texts);

class Answers {
 public:
  // `from_stdin`: every answer is the next line of standard input, and nothing is shown.
  explicit Answers(bool from_stdin) : from_stdin_(from_stdin) {}

  // Whether a person answers, who may be asked again after a mistake.
  bool typed() const { return !from_stdin_; }

  // Shows "<what>: " on the terminal and does not echo the answer.  kInvalid with `otherwise` (how
  // to answer without one) if there is no terminal or no further line, kCancelled for Ctrl-C.
  Result<std::string> Secret(const std::string& what, const std::string& otherwise) const;
  // Secret twice, until both are the same; a script says it once.
  Result<std::string> NewSecret(const std::string& what, const std::string& otherwise) const;

 private:
  bool from_stdin_;
};

}  // namespace vams::cli
