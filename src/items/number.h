// Numbers as DynamoDB keeps them: decimal, at most 38 significant digits, magnitude 0 or between
// 1E-130 and 9.99…E+125.  They never pass through a floating-point type.  Pure functions.
#pragma once

#include <string>
#include <string_view>

#include "base/result.h"

namespace vams::items {

// The one text of a number: plain decimal digits, no exponent, no leading or trailing zeros that
// carry nothing, "-" only before a non-zero number.  "1E+2", "100.0" and "+1e2" all give "100".
// kInvalid if the text is no number, kTooLarge past 38 digits or the range.
Result<std::string> CanonicalNumber(std::string_view text);

// a + b of two canonical numbers.  kTooLarge if the exact sum leaves the 38 digits or the range.
Result<std::string> AddNumbers(std::string_view a, std::string_view b);

// <0, 0 or >0, by value, of two canonical numbers.
int CompareNumbers(std::string_view a, std::string_view b);

// Digits between the first and the last non-zero digit (0 for "0").
std::size_t SignificantDigits(std::string_view canonical);

// Bytes whose memcmp order is the numbers' order (docs/formats/items-sqlite.md); and back.
std::string OrderedNumber(std::string_view canonical);
Result<std::string> FromOrderedNumber(std::string_view bytes);

}  // namespace vams::items
