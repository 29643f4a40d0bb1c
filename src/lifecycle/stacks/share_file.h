// One file that shares its bytes with another until either is written.  Internal to clones.
// Thread-safe.  Blocks on disk.
#pragma once

#include <functional>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::lifecycle {

// Makes `to` as `from` is at one moment, without copying.  False, and there is no `to`, where the
// file system cannot.
using FileSharer = std::function<Result<bool>(const files::Path& from, const files::Path& to)>;

Result<bool> Reflink(const files::Path& from, const files::Path& to);

// CloneItems with another way of sharing.
Result<bool> CloneItemsBy(OpContext& op, const files::Path& from, const files::Path& to,
                          const FileSharer& share);

}  // namespace vams::lifecycle
