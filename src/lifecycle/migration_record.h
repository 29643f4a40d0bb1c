// The migrations of a stack on disk: <stack>/migrations/<number>/ with the journal, the work in
// progress and the reports.  Format: docs/formats/migration-journal.md.
//
// Plain functions; whoever writes holds the stack's lock.  Blocks on disk.
#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "lifecycle/stack.h"
#include "migrate/build.h"

namespace vams::lifecycle {

// What a migration was planned to do; its first journal entry.
struct MigrationPlan {
  std::string kind;  // "migrate", "reverse", "repair"
  tables::DataVersion from, to;
  std::vector<migrate::Leg> path;
  migrate::Settings settings;
  std::uint64_t generation = 0;  // that it starts from
  items::Position position = 0;  // of that generation's change log
  std::string reverses;          // the migration that a reversal undoes
};

boost::json::object ToJson(const MigrationPlan& plan);
Result<MigrationPlan> PlanFrom(const boost::json::object& object);
// Whether both would do the same to the same data (the time and the run's id apart).
bool SameWork(const MigrationPlan& a, const MigrationPlan& b);

struct MigrationRecord {
  std::string id;  // "0001"
  files::Path folder;
  MigrationPlan plan;
  migrate::Stage stage = migrate::Stage::kPlanned;
  std::vector<boost::json::object> entries;

  files::Path journal() const { return folder / "journal.jsonl"; }
  // The generation it has made; 0 if none.
  std::uint64_t result_generation() const;
  // The end of the result's change log when it began to serve.
  items::Position switch_position() const;
  // The end of the result's change log when an update had checked its service and nobody else had
  // been there; 0 if somebody may have been, or nothing was checked.
  items::Position checked_position() const;

 private:
  // Of the last entry of this event; 0 if there is none.
  items::Position LastPosition(std::string_view event) const;
};

// All migrations of a stack, oldest first.  Folders that a crash left without a plan are left out.
Result<std::vector<MigrationRecord>> Migrations(const Stack& stack);

// A new folder with the plan as the journal's first entry.
Result<MigrationRecord> CreateMigration(const Stack& stack, MigrationPlan plan, const Clock& clock);

}  // namespace vams::lifecycle
