// The Content-Disposition of answers with files (RFC 6266).  Pure; thread-safe.
#pragma once

#include <string>
#include <string_view>

namespace vams::api {

// "attachment; filename=…" for the last segment of the key; `type` is "attachment" or "inline".
// A name of other letters than ASCII's comes a second time as filename*; one that no file system
// would take (over 255 bytes, or none) is left out.  ASCII, at most 1100 bytes.
std::string DispositionOf(std::string_view type, std::string_view key);

}  // namespace vams::api
