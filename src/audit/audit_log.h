// AuditLog writes the audit log of a stack: one line an event, chained by SHA-256 so that audit/
// verify.h finds what was changed afterwards.  For the API and the commands that change accounts.
// Format, recovery and what the chain proves: docs/formats/audit-log.md.
//
// Thread-safe.  Write may block for one write() to the page cache, CountAllowed never does; a
// thread of its own syncs to disk at most once a second.  Open, Flush, RemoveOldDays and the
// destructor block on disk.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "audit/event.h"
#include "base/clock.h"
#include "base/result.h"
#include "files/files.h"

namespace vams::audit {

struct Options {
  std::chrono::milliseconds sync_every{1000};
};

struct Counters {
  std::uint64_t lines = 0;          // written by this object, its own lines included
  std::uint64_t failed_writes = 0;  // events that are in no line
  std::uint64_t failed_syncs = 0;
  std::string last_error;  // empty as long as nothing failed
};

class AuditLog {
 public:
  // Creates the folder, or goes on where its last line ends; after an interruption the first line
  // says what was found.  A log that was tampered with is continued too: the service matters, and
  // what was found is kept in the chain.  kConflict if another process writes this log.  `clock`
  // must outlive the log.
  static Result<std::unique_ptr<AuditLog>> Open(const files::Path& folder, const Clock& clock,
                                                Options options = {});
  // Writes the counts and syncs.
  ~AuditLog();
  AuditLog(const AuditLog&) = delete;
  AuditLog& operator=(const AuditLog&) = delete;

  // Best effort: never fails the caller.  Events that cannot be written are counted; the first line
  // after that says how many were lost.
  void Write(const Event& event);

  // An allowed read: one line for each user, route and minute, written when the minute is over.
  // Of `actor` the roles and the second factor count.  `path_pattern` and `action` must always be
  // the same for a route.
  void CountAllowed(std::string_view user, std::string_view route_id, const Actor& actor,
                    std::string_view path_pattern, std::string_view action = "GET");

  // Writes all counts, that of the current minute too, and syncs.  Fails with the newest reason
  // why lines or syncs failed since the last Flush.
  Status Flush();

  // Removes the files of whole days more than `days` before today, after a line that names them.
  // How many were removed.
  Result<std::size_t> RemoveOldDays(int days = kRetentionDays);

  Counters counters() const;

  // Ten years.
  static constexpr int kRetentionDays = 3653;

 private:
  class Impl;
  explicit AuditLog(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace vams::audit
