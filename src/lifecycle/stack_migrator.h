// One command of migrate_stack.h on one stack: its lock, its migrations, and the way from a plan to
// a generation that serves.  Internal to lifecycle.
//
// One thread.  Blocks for as long as the data is large.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lifecycle/migrate_stack.h"
#include "migrate/journal.h"

namespace vams::lifecycle {

class Migrator {
 public:
  Migrator(const StackRegistry& registry, const MigrateOptions& options, const Clock& clock,
           OpContext& op, const migrate::OnProgress& progress)
      : registry_(registry), options_(options), clock_(clock), op_(op), progress_(progress) {}

  // Takes the stack's lock for as long as this object lives, unless the caller keeps others away.
  Status Take(const std::string& name, std::string_view doing);

  const Stack& stack() const { return stack_; }
  const std::vector<MigrationRecord>& records() const { return records_; }
  Result<items::Position> LastChange() const;

  MigrationPlan NewPlan(std::string_view kind, tables::DataVersion to,
                        std::vector<migrate::Leg> path, items::Position position) const;
  MigrationReport ReportFor(const MigrationPlan& plan) const;

  // Runs the plan in a folder that is thrown away.
  Result<MigrationReport> Rehearse(const MigrationPlan& plan, bool count_only) const;
  // Writes down what an attempt before this one has switched to and could not write down.  Its
  // report if it was of this kind, so that the same command has done its work; then nothing else
  // is left to do.
  Result<std::optional<MigrationReport>> CompleteInterrupted(std::string_view kind);
  // Takes up the open migration that does the same work, or cancels what is open and begins anew.
  Result<MigrationReport> Carry(MigrationPlan plan);
  Status Cancel(const MigrationRecord& record);

  // What the verified legs of a journal say.
  static Status LegsFromJournal(const std::vector<boost::json::object>& entries,
                                MigrationReport& report);

 private:
  bool IsPublished(const MigrationRecord& record) const;
  Result<MigrationReport> Work(const MigrationRecord& record, bool resumed);
  // What can go on later says so; what cannot is an error, and the work is removed.
  Result<MigrationReport> Stopped(const MigrationRecord& record, MigrationReport report,
                                  Error error);
  Status CutOver(const MigrationRecord& record, const files::Path& result, MigrationReport& report,
                 migrate::Journal& journal);
  Status JournalCutOver(migrate::Journal& journal);
  // An attempt before this one switched and did not get to write it down.
  Result<MigrationReport> Complete(const MigrationRecord& record);
  Status Finish(const MigrationRecord& record, const MigrationReport& report,
                migrate::Journal& journal);
  // Moves the migration that a reversal undoes, if it is not there yet.
  Status MoveOriginal(const MigrationRecord& reversal, migrate::Stage stage);
  // lifecycle.md section 6: what comes back is the generation before plus the writes made since.
  Status CompareWithOriginal(const MigrationRecord& reversal, const files::Path& result,
                             MigrationReport& report);

  const StackRegistry& registry_;
  const MigrateOptions& options_;
  const Clock& clock_;
  OpContext& op_;
  const migrate::OnProgress& progress_;
  Stack stack_;
  std::optional<files::FileLock> lock_;
  std::vector<MigrationRecord> records_;
};

}  // namespace vams::lifecycle
