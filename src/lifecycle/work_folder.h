// The folders of a stack in which an operation puts its work, "<prefix>.XXXXXX"
// (docs/formats/stack-layout.md): those of a process that died are removed by the next one.
#pragma once

#include <string_view>

#include "files/files.h"

namespace vams::lifecycle {

// Removes what such a process has left below `folder`.  The caller holds the lock that everybody
// holds who makes folders of this prefix.  What cannot be removed stays for the next time.
void RemoveWorkFolders(const files::Path& folder, std::string_view prefix);

}  // namespace vams::lifecycle
