// One criterion's value, compiled: an operator and its text or list of texts, tested on the text or
// the list of a field.  Spec: permissions.md sections 4.1, 4.2 and 4.4.
//
// Immutable after Compile; tests may run on any thread at once.  Nothing blocks: a test that would
// take too many steps gives up.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "access/constraint.h"
#include "access/vocabulary.h"
#include "base/result.h"

namespace vams::access {

enum class Verdict : std::uint8_t {
  kNo,
  kYes,
  kFailed,  // the step limit, or a text that is no UTF-8: the request must be denied
};

class Matcher {
 public:
  // kInvalid: a value is no regular expression, or PCRE2 cannot take it.  The values of is_one_of
  // and is_not_one_of are no expressions and cannot fail.
  static Result<Matcher> Compile(Operator op, const Criterion& criterion);

  Matcher(Matcher&&) noexcept;
  Matcher& operator=(Matcher&&) noexcept;
  ~Matcher();

  Verdict Test(std::string_view text) const;
  // For `tags`: a test of any element; the negated operators hold when none passes.
  Verdict TestList(std::span<const std::string> elements) const;

  // Whether the test can fail on valid UTF-8: it runs an expression that is more than plain text.
  bool can_fail() const { return can_fail_; }

 private:
  struct Value;
  Matcher(Operator op, bool is_list);

  Verdict Any(std::string_view text) const;

  Operator op_;
  bool negated_;
  bool is_list_;
  bool can_fail_ = false;
  std::vector<Value> values_;
};

}  // namespace vams::access
