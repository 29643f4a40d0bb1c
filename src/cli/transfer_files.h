// Which local files an upload sends, under which keys.
// Blocks on the disk.
#pragma once

#include <string>
#include <vector>

#include "base/result.h"
#include "cli/transfer_plan.h"

namespace vams::cli {

// A file that cannot be sent, and why.
struct RefusedFile {
  files::Path path;
  std::string key;
  std::string reason;
};

struct CollectedFiles {
  std::vector<UploadFile> files;  // by key
  std::vector<RefusedFile> refused;
};

// The files named: key is `location` and the file's name.  kInvalid if there is nothing under a
// name, or two files have one key.
Result<CollectedFiles> CollectNamed(const std::vector<std::string>& paths,
                                    const std::string& location);
// Those of a folder, and of those in it if `recursive`: key is `location` and the path below the
// folder.  Links to files are followed, links to folders are not.
Result<CollectedFiles> CollectFolder(const std::string& folder, bool recursive,
                                     const std::string& location);

// Size and time of a file, kInvalid for what is no regular file.
Status Stat(UploadFile& file);

}  // namespace vams::cli
