// The file `head` of an audit log: docs/formats/audit-log.md.  Inside this module.
//
// Thread rule: plain values.  ReadHead blocks on disk.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"
#include "files/files.h"

namespace vams::audit {

struct Head {
  enum class Presence : std::uint8_t { kAbsent, kDamaged, kGood };

  Presence presence = Presence::kAbsent;  // the rest means something only if good
  bool clean = false;                     // closed in order
  std::uint64_t sequence = 0;
  std::string digest;
  std::uint64_t durable_sequence = 0;
  std::string durable_digest;
  std::string boot;

  bool good() const { return presence == Presence::kGood; }
};

std::string HeadText(const Head& head);
Head ParseHead(std::string_view text);
// Absent is no error.
Result<Head> ReadHead(const files::Path& folder);

// Of the running system; "unknown" where it cannot be read.
std::string BootId();

// Why the log, which ends at `found`, has less than this head knows: empty if a stop of the machine
// explains it (or nothing is missing), else what is wrong.  `boot` is that of the time it was
// found.
std::string WhyShort(const Head& head, std::uint64_t found, std::string_view boot);

}  // namespace vams::audit
