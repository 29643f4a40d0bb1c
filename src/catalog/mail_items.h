// Reading attributes of records about mail.  Internal to catalog.  Pure; thread-safe.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "items/value.h"

namespace vams::catalog {

// Nothing where there is no such number.
inline std::optional<std::int64_t> NumberIfAny(const items::Item& item, std::string_view name) {
  const items::Value* value = item.Find(name);
  if (value == nullptr || !value->is(items::Kind::kN)) return std::nullopt;
  std::int64_t number = 0;
  const std::string& text = value->text();
  const auto read = std::from_chars(text.data(), text.data() + text.size(), number);
  if (read.ec != std::errc()) return std::nullopt;
  return number;
}
inline std::int64_t NumberOf(const items::Item& item, std::string_view name) {
  return NumberIfAny(item, name).value_or(0);
}

// The texts of a list, in order; of something else none.
inline std::vector<std::string> TextsOf(const items::Item& item, std::string_view name) {
  std::vector<std::string> texts;
  const items::Value* list = item.Find(name);
  if (list == nullptr || !list->is(items::Kind::kL)) return texts;
  for (const items::Value& one : list->list())
    if (one.is(items::Kind::kS)) texts.push_back(one.text());
  return texts;
}

}  // namespace vams::catalog
