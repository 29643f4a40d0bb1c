// Small forms of text that the readers of `model` share.  Pure; thread-safe.
#pragma once

#include <algorithm>
#include <string>
#include <string_view>

#include "base/ascii.h"

namespace vams::model {

// Without the blanks (of ASCII) around it.
inline std::string_view Trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t\r\n\v\f";
  const std::size_t begin = text.find_first_not_of(kBlanks);
  if (begin == text.npos) return {};
  return text.substr(begin, text.find_last_not_of(kBlanks) - begin + 1);
}

// A word of the wire whose letter case does not matter: `lower` is in lower case, letters beyond
// ASCII are themselves only.
inline bool IsWord(std::string_view text, std::string_view lower) {
  return std::ranges::equal(text, lower, {}, [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
}

// Calls `visit` with every entry of a list with commas, without the blanks around it.
template <typename Visit>
void ForEachEntry(std::string_view list, Visit visit) {
  for (std::size_t begin = 0; begin <= list.size();) {
    const std::size_t end = std::min(list.find(',', begin), list.size());
    visit(Trim(list.substr(begin, end - begin)));
    begin = end + 1;
  }
}

}  // namespace vams::model
