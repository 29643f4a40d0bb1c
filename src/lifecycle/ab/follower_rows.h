// What the follower's files share.  Pure.
#pragma once

#include <string_view>

#include "tables/system_tables.h"

namespace vams::lifecycle::ab {

// Folders of work in the stack's have this name and a suffix.
inline constexpr std::string_view kWork = ".ab";

// The row of kTable that says how far a standby has come.
inline constexpr const char* kApplied = "applied";

// Its items refer to contents.
inline bool RefersToContents(std::string_view table) {
  return table == tables::kObjectVersionsTable || table == tables::kUploadPartsTable;
}

}  // namespace vams::lifecycle::ab
