// Base64 (RFC 4648, padded), hexadecimal, UTF-8 checks.  Pure functions.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace vams {

std::string Base64Encode(std::string_view bytes);
void AppendBase64(std::string& out, std::string_view bytes);
// Nothing if the text is not exactly padded standard base64.
std::optional<std::string> Base64Decode(std::string_view text);

std::string HexEncode(std::string_view bytes);
std::optional<std::string> HexDecode(std::string_view text);

// True for well-formed UTF-8 (no surrogates, no overlong forms); U+0000 is allowed.
bool IsUtf8(std::string_view text);

}  // namespace vams
