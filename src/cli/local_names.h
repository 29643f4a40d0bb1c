// Which file of this machine a file of the server is written to.  What the server names is data: no
// name of it may lead out of the target folder, or hold what a file system or a terminal cannot.
//
// Pure.
#pragma once

#include <string>
#include <string_view>

#include "files/files.h"

namespace vams::cli {

// The path below the target folder for a key ("/scan/east.e57").  Plain names stay as they are.
// "." and ".." segments, empty segments and control characters are percent-encoded, and a segment
// that is longer than 255 bytes is shortened and gets a part of its digest, before its extension.
// Two keys can give the same path: the caller looks out for it.  Empty for a key without a name.
files::Path LocalNameOf(std::string_view key);

}  // namespace vams::cli
