// Metadata values of 2.3 as the typed texts of 2.4: rulings D-6 and D-7.  The rules of the value
// types are those of api-metadata.md section 3, as far as a schema of 2.3 can name the types.
//
// Pure functions; thread-safe; no I/O.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "items/value.h"

namespace vams::migrate::v23_to_v24 {

// What a schema of 2.3 says about a field, in the words of 2.4.
struct FieldType {
  std::string type = "string";
  std::vector<std::string> list;  // of an inline_controlled_list
};

struct TypedText {
  std::string text;
  std::string type;
  friend bool operator==(const TypedText&, const TypedText&) = default;
};

// The text and type of a value without a schema (D-6).  Nothing for NULL and for empty text.
std::optional<TypedText> TypedByKind(const items::Value& value);

// The same with the type that the schema gives the field, where the value is one of that type
// (D-7).  nullptr: there is no schema for it.
std::optional<TypedText> Typed(const items::Value& value, const FieldType* field);

// Whether `text`, which is not empty, is a value of the type.
bool IsOfType(std::string_view text, const FieldType& field);

bool IsNumberText(std::string_view text);   // section 3.1
bool IsBooleanText(std::string_view text);  // true or false, in any case
bool IsDateText(std::string_view text);     // section 3.2
bool IsLlaText(std::string_view text);      // {"lat","long","alt"} in range

// {"loc":[lon,lat],…} as {"lat":…,"long":…,"alt":…}; the height is a third number of loc, else 0.
// Nothing for another text, and for one out of range.
std::optional<std::string> LlaFromLocation(std::string_view text);

}  // namespace vams::migrate::v23_to_v24
