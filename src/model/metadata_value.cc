#include "model/metadata_value.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <limits>
#include <span>
#include <string>

#include "base/ascii.h"
#include "model/geojson.h"
#include "model/iso_date.h"
#include "model/json_tokens.h"
#include "model/text.h"

namespace vams::model {

namespace {

// In the order of the enumerators.
constexpr std::array<std::string_view, kValueTypes.size()> kTypeNames = {"string",
                                                                         "multiline_string",
                                                                         "inline_controlled_list",
                                                                         "number",
                                                                         "boolean",
                                                                         "date",
                                                                         "xyz",
                                                                         "wxyz",
                                                                         "matrix4x4",
                                                                         "geopoint",
                                                                         "geojson",
                                                                         "lla",
                                                                         "json"};

// ---- number

// The white space of Unicode that is more than one byte long.
constexpr std::array<std::string_view, 19> kWideBlanks = {
    "\u0085", "\u00A0", "\u1680", "\u2000", "\u2001", "\u2002", "\u2003",
    "\u2004", "\u2005", "\u2006", "\u2007", "\u2008", "\u2009", "\u200A",
    "\u2028", "\u2029", "\u202F", "\u205F", "\u3000"};

bool IsPythonBlank(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

std::string_view WithoutBlanks(std::string_view text) {
  const auto blank_front = [&]() -> std::size_t {
    if (text.empty()) return 0;
    if (static_cast<unsigned char>(text.front()) < 0x80) return IsPythonBlank(text.front()) ? 1 : 0;
    for (const std::string_view blank : kWideBlanks)
      if (text.starts_with(blank)) return blank.size();
    return 0;
  };
  const auto blank_back = [&]() -> std::size_t {
    if (text.empty()) return 0;
    if (static_cast<unsigned char>(text.back()) < 0x80) return IsPythonBlank(text.back()) ? 1 : 0;
    for (const std::string_view blank : kWideBlanks)
      if (text.ends_with(blank)) return blank.size();
    return 0;
  };
  while (const std::size_t size = blank_front()) text.remove_prefix(size);
  while (const std::size_t size = blank_back()) text.remove_suffix(size);
  return text;
}

// Takes digits off the front, single underscores between them; false if there are none or an
// underscore has a digit on one side only.
bool TakeDigits(std::string_view& text) {
  if (text.empty() || !IsDigit(text.front())) return false;
  for (;;) {
    text.remove_prefix(1);
    if (text.empty()) return true;
    if (text.front() == '_')
      text.remove_prefix(1);
    else if (!IsDigit(text.front()))
      return true;
    if (text.empty() || !IsDigit(text.front())) return false;
  }
}

bool IsNumber(std::string_view text) {
  text = WithoutBlanks(text);
  if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
  if (IsWord(text, "nan") || IsWord(text, "inf") || IsWord(text, "infinity")) return true;
  const bool whole = !text.empty() && IsDigit(text.front());
  if (whole && !TakeDigits(text)) return false;
  if (text.starts_with('.')) {
    text.remove_prefix(1);
    const bool fraction = !text.empty() && IsDigit(text.front());
    if (fraction ? !TakeDigits(text) : !whole) return false;
  } else if (!whole) {
    return false;
  }
  if (text.starts_with('e') || text.starts_with('E')) {
    text.remove_prefix(1);
    if (text.starts_with('+') || text.starts_with('-')) text.remove_prefix(1);
    if (!TakeDigits(text)) return false;
  }
  return text.empty();
}

// ---- vectors, matrices, places

// Flags count as numbers.
bool IsNumeric(JsonToken token) {
  return token == JsonToken::kNumber || token == JsonToken::kNonFinite ||
         token == JsonToken::kTrue || token == JsonToken::kFalse;
}

// NaN for NaN and for what is no number.
double NumberOf(JsonToken token, std::string_view raw) {
  constexpr double kInfinity = std::numeric_limits<double>::infinity();
  if (token == JsonToken::kNumber) return JsonNumber(raw);
  if (token == JsonToken::kTrue || token == JsonToken::kFalse)
    return token == JsonToken::kTrue ? 1 : 0;
  if (token == JsonToken::kNonFinite && raw != "NaN")
    return raw.starts_with('-') ? -kInfinity : kInfinity;
  return std::numeric_limits<double>::quiet_NaN();
}

struct Component {
  std::string_view name;
  // Of what compares with them; NaN does not.
  double least = -std::numeric_limits<double>::infinity();
  double most = std::numeric_limits<double>::infinity();
};

constexpr std::array<Component, 3> kXyz = {{{.name = "x"}, {.name = "y"}, {.name = "z"}}};
constexpr std::array<Component, 4> kWxyz = {
    {{.name = "w"}, {.name = "x"}, {.name = "y"}, {.name = "z"}}};
constexpr std::array<Component, 3> kLla = {{{.name = "lat", .least = -90, .most = 90},
                                            {.name = "long", .least = -180, .most = 180},
                                            {.name = "alt"}}};

struct Found {
  bool number = false;
  double value = 0;
};

// What stands in the outermost object under the names of the components: of a name given twice, the
// last.
Complaint ReadComponents(std::string_view text, std::span<const Component> wanted,
                         std::span<Found> found) {
  JsonTokens tokens(text);
  std::size_t member = wanted.size();  // none that is wanted
  for (JsonToken token = tokens.Next();; token = tokens.Next()) {
    if (token == JsonToken::kBad) return "is " + tokens.Problem();
    if (token == JsonToken::kEnd) return std::nullopt;
    if (token == JsonToken::kKey) {
      if (tokens.depth() > 1) continue;
      const auto same = [&](const Component& component) { return tokens.Is(component.name); };
      member = static_cast<std::size_t>(std::ranges::find_if(wanted, same) - wanted.begin());
      continue;
    }
    const bool opens = token == JsonToken::kBeginObject || token == JsonToken::kBeginArray;
    // The object itself, what is deeper, or the end of an object or array that was noted.
    if (tokens.depth() != (opens ? 2U : 1U) || member == wanted.size()) continue;
    found[member] = {.number = IsNumeric(token), .value = NumberOf(token, tokens.raw())};
    member = wanted.size();
  }
}

Complaint CheckComponents(std::string_view text, std::span<const Component> wanted) {
  std::array<Found, 4> found;
  if (auto complaint = ReadComponents(text, wanted, found)) return complaint;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    const Component& component = wanted[i];
    if (!found[i].number) {
      std::string names;
      for (const Component& each : wanted) {
        if (!names.empty()) names += ", ";
        names += each.name;
      }
      return fmt::format("must be a JSON object with the numbers {}; {} is none or missing", names,
                         component.name);
    }
    if (found[i].value < component.least || found[i].value > component.most)
      return fmt::format("must have {} between {} and {}", component.name, component.least,
                         component.most);
  }
  return std::nullopt;
}

Complaint CheckMatrix(std::string_view text) {
  constexpr int kSize = 4;
  JsonTokens tokens(text);
  const auto refusal = [&](JsonToken token) -> Complaint {
    if (token == JsonToken::kBad) return "is " + tokens.Problem();
    return "must be a JSON array of 4 arrays of 4 numbers each";
  };
  JsonToken token = tokens.Next();
  if (token != JsonToken::kBeginArray) return refusal(token);
  for (int row = 0; row < kSize; ++row) {
    if (token = tokens.Next(); token != JsonToken::kBeginArray) return refusal(token);
    for (int column = 0; column < kSize; ++column)
      if (token = tokens.Next(); !IsNumeric(token)) return refusal(token);
    if (token = tokens.Next(); token != JsonToken::kEndArray) return refusal(token);
  }
  if (token = tokens.Next(); token != JsonToken::kEndArray) return refusal(token);
  if (token = tokens.Next(); token != JsonToken::kEnd) return refusal(token);
  return std::nullopt;
}

Complaint CheckJson(std::string_view text) {
  JsonTokens tokens(text);
  for (;;) {
    const JsonToken token = tokens.Next();
    if (token == JsonToken::kEnd) return std::nullopt;
    if (token == JsonToken::kBad) return "is " + tokens.Problem();
  }
}

}  // namespace

std::string_view ValueTypeName(ValueType type) {
  return kTypeNames[static_cast<std::size_t>(type)];
}

std::optional<ValueType> FindValueType(std::string_view any_case) {
  for (const ValueType type : kValueTypes)
    if (IsWord(any_case, ValueTypeName(type))) return type;
  return std::nullopt;
}

std::string UnknownValueType(std::string_view name) {
  return fmt::format("'{}' is no type of values; use one of {}", name, fmt::join(kTypeNames, ", "));
}

Complaint CheckValue(ValueType type, std::string_view value) {
  if (value.empty()) return std::nullopt;
  switch (type) {
    case ValueType::kString:
    case ValueType::kMultilineString:
    case ValueType::kInlineControlledList:
      return std::nullopt;
    case ValueType::kNumber:
      if (IsNumber(value)) return std::nullopt;
      return "must be a number such as 42, -0.75 or 6.02e23";
    case ValueType::kBoolean:
      if (IsWord(value, "true") || IsWord(value, "false")) return std::nullopt;
      return "must be true or false";
    case ValueType::kDate:
      if (IsIsoDate(value)) return std::nullopt;
      return "must be a date of ISO 8601 such as 2031-04-05 or 2031-04-05T06:07:08Z";
    case ValueType::kXyz:
      return CheckComponents(value, kXyz);
    case ValueType::kWxyz:
      return CheckComponents(value, kWxyz);
    case ValueType::kMatrix4x4:
      return CheckMatrix(value);
    case ValueType::kGeopoint:
      return CheckGeopoint(value);
    case ValueType::kGeojson:
      return CheckGeojson(value);
    case ValueType::kLla:
      return CheckComponents(value, kLla);
    case ValueType::kJson:
      return CheckJson(value);
  }
  return std::nullopt;
}

}  // namespace vams::model
