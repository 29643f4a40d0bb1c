// The type bytes of the stored item form (docs/formats/item-encoding.md), for code that translates
// between that form and JSON text without building an Item.  They are frozen; a test holds them to
// what codec.h writes.  Internal to items/aws.  Plain constants.
#pragma once

namespace vams::items::aws::form {

inline constexpr char kVersion = 1;

inline constexpr char kS = 1;
inline constexpr char kN = 2;
inline constexpr char kB = 3;
inline constexpr char kTrue = 4;
inline constexpr char kFalse = 5;
inline constexpr char kNull = 6;
inline constexpr char kM = 7;
inline constexpr char kL = 8;
inline constexpr char kSS = 9;
inline constexpr char kNS = 10;
inline constexpr char kBS = 11;

}  // namespace vams::items::aws::form
