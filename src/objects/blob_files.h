// Walks the blobs that are files of their own.  Internal to objects.
// Thread-safe (no shared state).  Blocks on disk.
#pragma once

#include <cstdint>
#include <functional>
#include <string>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::objects {

struct BlobFile {
  files::Path path;
  std::string sha256;  // empty: the file has no place in the folder
  std::uint64_t size = 0;
  std::int64_t modified_millis = 0;
};

// Hands out every file below `folder` but those that are no blobs by design.
Status VisitBlobFiles(OpContext& op, const files::Path& folder,
                      const std::function<Status(const BlobFile& file)>& visit);

// Nothing if the file is gone.
Result<bool> StatBlobFile(BlobFile& file);

}  // namespace vams::objects
