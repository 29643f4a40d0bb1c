#include "model/names.h"

#include <fmt/format.h>

#include "model/pattern.h"
#include "model/text.h"

namespace vams::model {

namespace {

bool IsGlobal(std::string_view value) { return IsWord(Trim(value), "global"); }

}  // namespace

Complaint CheckObjectName(std::string_view field, std::string_view value) {
  static const Pattern pattern(R"(^[a-zA-Z0-9\-._\s]{1,256}$)");
  if (auto complaint = CheckNotGlobal(field, value)) return complaint;
  return Follow(pattern, field, value);
}

Complaint CheckId(std::string_view field, std::string_view value) {
  static const Pattern pattern("^[-_a-zA-Z0-9]{3,63}$");
  if (value.empty()) return fmt::format("{} is a required field.", field);
  if (auto complaint = CheckNotGlobal(field, value)) return complaint;
  return Follow(pattern, field, value);
}

Complaint CheckAssetId(std::string_view field, std::string_view value) {
  static const Pattern pattern(R"(^(?!.*[<>:"\/\\|?*])(?!.*[.\s]$)[\w\s.,\'-]{1,254}[^.\s]$)");
  if (value.empty()) return fmt::format("{} is a required field.", field);
  if (auto complaint = CheckNotGlobal(field, value)) return complaint;
  if (Length(value) > 256) return fmt::format("{} exceeds maximum length of 256 characters", field);
  return Follow(pattern, field, value);
}

Complaint CheckRelativePath(std::string_view field, std::string_view value) {
  static const Pattern pattern(R"(^\/.*$)");
  if (value.empty()) return fmt::format("{} is a required field.", field);
  if (auto complaint = Follow(pattern, field, value)) return complaint;
  if (value.find("..") != value.npos)
    return fmt::format("{} is invalid. Cannot contain more than one '.' in sequence.", field);
  if (Length(value) < 3)
    return fmt::format("{} is invalid. Must be at least 3 characters long.", field);
  return std::nullopt;
}

Complaint CheckAuxiliaryPath(std::string_view field, std::string_view value) {
  static const Pattern pattern(R"(^.+\/preview\/.+$)");
  constexpr std::string_view kInfix = "/preview/";
  if (value.empty()) return fmt::format("{} is a required field.", field);
  if (auto complaint = Follow(pattern, field, value)) return complaint;
  if (value.find("..") != value.npos)
    return fmt::format("{} is invalid. Cannot contain more than one '.' in sequence.", field);
  if (value.find("//") != value.npos)
    return fmt::format("{} is invalid. Cannot contain consecutive forward slashes (//).", field);
  const std::size_t infix = value.find(kInfix);
  if (Length(value.substr(0, infix)) < 4)
    return fmt::format("{} is invalid. Path before '/preview/' must be at least 4 characters long.",
                       field);
  if (Length(value.substr(infix + kInfix.size())) < 2)
    return fmt::format("{} is invalid. Path after '/preview/' must be at least 2 characters long.",
                       field);
  return std::nullopt;
}

Complaint CheckNumber(std::string_view field, std::string_view value) {
  static const Pattern pattern(
      R"(^\s*[+-]?((\d+(_\d+)*\.?(\d+(_\d+)*)?|\.\d+(_\d+)*)([eE][+-]?\d+(_\d+)*)?|(?i:nan|inf|infinity))\s*$)");
  if (value.empty()) return fmt::format("{} is a required field.", field);
  if (pattern.Matches(value)) return std::nullopt;
  return fmt::format("{} is invalid. Must be a number.", field);
}

Complaint CheckUserId(std::string_view field, std::string_view value) {
  static const Pattern pattern(R"(^[\w\-\.\+\@]{3,256}$)");
  return Follow(pattern, field, value);
}

Complaint CheckEmail(std::string_view field, std::string_view value) {
  static const Pattern pattern(R"(^[\w\-\.\+]+@([\w-]+\.)+[\w-]{2,4}$)");
  // The pattern backtracks without bounds on long texts; no address is that long.
  if (value.size() > 320)
    return fmt::format("{} is invalid. Must follow the regexp {}", field, pattern.text());
  return Follow(pattern, field, value);
}

Complaint CheckUuid(std::string_view field, std::string_view value) {
  static const Pattern pattern(R"(^[0-9a-fA-F]{8}\b\-[0-9a-fA-F]{4}\b\-[0-9a-fA-F]{4})"
                               R"(\b\-[0-9a-fA-F]{4}\b\-[0-9a-fA-F]{12}$)");
  return Follow(pattern, field, value);
}

Complaint CheckAtMost256(std::string_view field, std::string_view value) {
  if (Length(value) <= 256) return std::nullopt;
  return fmt::format("{} must be lower than 256 characters", field);
}

Complaint CheckPhone(std::string_view field, std::string_view value) {
  if (!value.starts_with('+'))
    return fmt::format("{} must be in E.164 format (e.g., +12345678900)", field);
  const std::string_view digits = value.substr(1);
  if (!std::ranges::all_of(digits, [](char c) { return c >= '0' && c <= '9'; }))
    return fmt::format("{} must contain only digits after the + sign", field);
  if (digits.size() < 10 || digits.size() > 15)
    return fmt::format("{} must have 10-15 digits after the + sign", field);
  return std::nullopt;
}

Complaint CheckNotGlobal(std::string_view field, std::string_view value) {
  if (!IsGlobal(value)) return std::nullopt;
  return fmt::format("{} is invalid. GLOBAL is not allowed for this field.", field);
}

Complaint CheckGlobalSpelling(std::string_view field, std::string_view value) {
  if (value == "GLOBAL" || !IsGlobal(value)) return std::nullopt;
  return fmt::format("{} is invalid. GLOBAL must be capitalized for this field is used.", field);
}

std::size_t Length(std::string_view text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

}  // namespace vams::model
