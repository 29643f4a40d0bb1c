// The journal of a migration or of another operation: what was decided and how far it has come, one
// JSON object a line, each durable before the next thing happens.  Formats:
// docs/formats/migration-journal.md, docs/formats/operation-journal.md.
//
// Not thread-safe; the one process that holds the lock of the work writes it.  Blocks on disk.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "files/files.h"
#include "migrate/states.h"

namespace vams::migrate {

class Journal {
 public:
  // Opens or creates.  A last line that a crash has cut off is removed.  kCorrupt for a damaged
  // line elsewhere, naming it.
  static Result<Journal> Open(const files::Path& path, const Clock& clock);
  // The entries, for reading only; empty if there is no journal.
  static Result<std::vector<boost::json::object>> Read(const files::Path& path);
  ~Journal();
  Journal(Journal&& other) noexcept;
  Journal& operator=(Journal&&) = delete;

  // Adds an entry with "at" in front and makes it durable.
  Status Append(std::string_view event, boost::json::object entry);
  // Adds a line for whoever reads along, without waiting for the disk; it is no entry of this
  // object's.
  Status Tell(std::string_view event, boost::json::object entry);
  // kConflict when MayMove says no.
  Status MoveTo(Stage stage);

  const std::vector<boost::json::object>& entries() const { return entries_; }
  // The last entry of an event, of a leg and a phase if these are not empty; nullptr if none.
  const boost::json::object* Last(std::string_view event, std::string_view leg = {},
                                  std::string_view phase = {}) const;
  // Nothing for a journal without a stage.
  std::optional<Stage> stage() const { return stage_; }

 private:
  Journal(files::Path path, int fd, const Clock& clock)
      : path_(std::move(path)), fd_(fd), clock_(&clock) {}
  Status Write(std::string_view line, bool durably);

  files::Path path_;
  int fd_ = -1;
  std::uint64_t bytes_ = 0;  // of whole lines
  const Clock* clock_;
  std::vector<boost::json::object> entries_;
  std::optional<Stage> stage_;
};

// The stage that a journal's entries end in.
std::optional<Stage> StageOf(const std::vector<boost::json::object>& entries);

}  // namespace vams::migrate
