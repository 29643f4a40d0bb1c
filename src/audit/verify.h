// Verify proves that an audit log is what was written: docs/formats/audit-log.md.  For `vams audit
// verify` and tests.  Works beside a process that writes the log.
//
// Thread-safe (no shared state).  Blocks on disk; reads the whole log once, line by line.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"

namespace vams::audit {

// A point of the chain: the line of this number has this SHA-256 (hexadecimal).  Kept where the
// log's owner cannot write, it proves everything up to that line.
struct Anchor {
  std::uint64_t sequence = 0;
  std::string digest;
};

struct Finding {
  std::string file;        // "2025/03/01.log", "head"
  std::uint64_t line = 0;  // counted from 1; 0: the file as a whole
  std::string what;
};

struct Verification {
  std::uint64_t files = 0;
  std::uint64_t lines = 0;
  std::uint64_t first_sequence = 0;  // 0: there are no lines
  // The last line: what to keep elsewhere.
  Anchor head;
  // Tampering or damage: the first kMaxFindings, and how many there are.
  std::vector<Finding> findings;
  std::uint64_t finding_count = 0;
  // What crashes and retention left, all explained.
  std::vector<std::string> notices;

  bool clean() const { return finding_count == 0; }
  static constexpr std::size_t kMaxFindings = 100;
};

// kNotFound if there is no such folder.  `anchors`: points that were kept elsewhere.
Result<Verification> Verify(const files::Path& folder, std::span<const Anchor> anchors = {});

}  // namespace vams::audit
