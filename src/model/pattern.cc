#include "model/pattern.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <fmt/format.h>
#include <pcre2.h>

#include "base/result.h"

namespace vams::model {

Pattern::Pattern(std::string_view text) : text_(text) {
  int error = 0;
  PCRE2_SIZE at = 0;
  code_ = pcre2_compile(
      reinterpret_cast<PCRE2_SPTR>(text.data()), text.size(),
      PCRE2_UTF | PCRE2_UCP | PCRE2_ANCHORED | PCRE2_ENDANCHORED | PCRE2_DOLLAR_ENDONLY, &error,
      &at, nullptr);
  VAMS_CHECK(code_ != nullptr);
}

bool Pattern::Matches(std::string_view value) const {
  pcre2_match_data* data = pcre2_match_data_create(1, nullptr);
  if (data == nullptr) return false;
  const int found = pcre2_match(code_, reinterpret_cast<PCRE2_SPTR>(value.data()), value.size(), 0,
                                0, data, nullptr);
  pcre2_match_data_free(data);
  return found >= 0;
}

Complaint Follow(const Pattern& pattern, std::string_view field, std::string_view value) {
  if (pattern.Matches(value)) return std::nullopt;
  return fmt::format("{} is invalid. Must follow the regexp {}", field, pattern.text());
}

}  // namespace vams::model
