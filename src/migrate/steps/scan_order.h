// The order in which the emulator behind the recorded `reference` results scanned a table:
// partitions ascending by the first six hexadecimal digits of a salted MD5, inside a partition by
// sort key bytes.  Where upstream's result depends on scan order, steps of the reference dialect
// use this one.  Spec: migrations.md, second paragraph.
//
// Pure functions; thread-safe; no I/O.
#pragma once

#include <string>
#include <string_view>

#include "base/hash.h"

namespace vams::migrate {

// Compares as the partitions are scanned: the first three bytes are the six digits.
inline std::string ScanRank(std::string_view partition) {
  return Md5("Outliers" + std::string(partition)).substr(0, 3);
}

// Whether partition `a` is scanned before partition `b`.
inline bool ScannedBefore(std::string_view a, std::string_view b) {
  const std::string rank_a = ScanRank(a), rank_b = ScanRank(b);
  return rank_a != rank_b ? rank_a < rank_b : a < b;
}

// The same for records with a sort key.
inline bool ScannedBefore(std::string_view partition_a, std::string_view sort_a,
                          std::string_view partition_b, std::string_view sort_b) {
  return partition_a == partition_b ? sort_a < sort_b : ScannedBefore(partition_a, partition_b);
}

}  // namespace vams::migrate
