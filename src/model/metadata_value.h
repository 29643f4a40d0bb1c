// The types a metadata value can have, and which texts are values of them.  A value is always text
// and is kept as it was sent; nothing here rewrites it.
// Spec: api-metadata.md sections 3 and 4.
//
// Pure; thread-safe.  Nothing blocks, and checking a text that will do allocates nothing for the
// types that are not JSON.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/names.h"

namespace vams::model {

enum class ValueType : std::uint8_t {
  kString,
  kMultilineString,
  kInlineControlledList,
  kNumber,
  kBoolean,
  kDate,
  kXyz,
  kWxyz,
  kMatrix4x4,
  kGeopoint,
  kGeojson,
  kLla,
  kJson,
};

inline constexpr std::array<ValueType, 13> kValueTypes = {
    ValueType::kString,
    ValueType::kMultilineString,
    ValueType::kInlineControlledList,
    ValueType::kNumber,
    ValueType::kBoolean,
    ValueType::kDate,
    ValueType::kXyz,
    ValueType::kWxyz,
    ValueType::kMatrix4x4,
    ValueType::kGeopoint,
    ValueType::kGeojson,
    ValueType::kLla,
    ValueType::kJson,
};

// The name as it is stored and answered: lower case, "inline_controlled_list".
std::string_view ValueTypeName(ValueType type);
// Of the name in any letter case; nothing for what names no type.
std::optional<ValueType> FindValueType(std::string_view any_case);
// "'text' is no value type; use string, …, json", for the messages that refuse one.
std::string UnknownValueType(std::string_view name);

// What keeps `value` from being one of `type`, as a sentence without the field's name.  The empty
// text is a value of every type; membership of a controlled list is a question of schemas.
Complaint CheckValue(ValueType type, std::string_view value);

}  // namespace vams::model
