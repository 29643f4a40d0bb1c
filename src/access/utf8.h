// UTF-8 of patterns and of the fields they are tested on.  Pure functions; thread-safe.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vams::access {

// Strict: no surrogates, no overlong forms, nothing above U+10FFFF.
bool IsValidUtf8(std::string_view text);

// The characters; nothing when the text is not valid.
std::optional<std::u32string> DecodeUtf8(std::string_view text);
void AppendUtf8(std::string& out, char32_t c);

}  // namespace vams::access
