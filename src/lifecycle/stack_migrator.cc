#include "lifecycle/stack_migrator.h"

#include <errno.h>
#include <fmt/format.h>
#include <unistd.h>

#include <boost/json.hpp>
#include <chrono>

#include "base/clock.h"
#include "base/fault_point.h"
#include "base/json.h"
#include "base/random.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/migration_report.h"
#include "migrate/compare.h"

namespace vams::lifecycle {

namespace json = boost::json;
using migrate::Stage;
using Steady = std::chrono::steady_clock;

namespace {

std::vector<std::string> NamesOf(const std::vector<migrate::Leg>& path) {
  std::vector<std::string> names;
  for (const auto& leg : path) names.push_back(migrate::NameOf(leg));
  return names;
}

}  // namespace

Status Migrator::Take(const std::string& name, std::string_view doing) {
  TRY(stack_, registry_.Get(name));
  if (!options_.caller_keeps_others_away) {
    TRY(auto lock, LockStack(stack_, doing, clock_));
    lock_ = std::move(lock);
  }
  // Somebody may have switched it while we waited for nothing.
  TRY(stack_, registry_.Get(name));
  TRY(records_, Migrations(stack_));
  return Ok();
}

Result<items::Position> Migrator::LastChange() const {
  TRY(const auto store, items::OpenSqliteStore(stack_.current.items(), {.read_only = true}));
  return store->LastChange(op_);
}

MigrationPlan Migrator::NewPlan(std::string_view kind, tables::DataVersion to,
                                std::vector<migrate::Leg> path, items::Position position) const {
  MigrationPlan plan;
  plan.kind = kind;
  plan.from = stack_.current.data_version;
  plan.to = to;
  plan.path = std::move(path);
  plan.settings.dialect = options_.dialect;
  plan.settings.run_id = NewUuid(SystemRandom());
  plan.settings.run_millis = clock_.NowMillis();
  plan.settings.owners = options_.owners;
  plan.settings.quarantine_ambiguous = options_.quarantine_ambiguous;
  plan.settings.asset_bucket = options_.asset_bucket;
  plan.settings.base_assets_prefix = options_.base_assets_prefix;
  plan.generation = stack_.current.number;
  plan.position = position;
  return plan;
}

MigrationReport Migrator::ReportFor(const MigrationPlan& plan) const {
  MigrationReport report;
  report.stack = stack_.name;
  report.kind = plan.kind;
  report.from = plan.from;
  report.to = plan.to;
  report.dialect = plan.settings.dialect;
  report.path = NamesOf(plan.path);
  report.source_generation = plan.generation;
  report.started_at = IsoMillis(clock_.NowMillis());
  return report;
}

Result<MigrationReport> Migrator::Rehearse(const MigrationPlan& plan, bool count_only) const {
  const auto start = Steady::now();
  auto report = ReportFor(plan);
  report.dry_run = true;
  TRY_OK(files::MakeFolders(stack_.migrations()));
  TRY(const auto folder, files::TempFolder::Create(stack_.migrations(), ".dry"));
  TRY(auto built, migrate::Build(op_, {.path = plan.path,
                                       .settings = plan.settings,
                                       .source = stack_.current.items(),
                                       .work = folder.path(),
                                       .journal = nullptr,
                                       .count_only = count_only,
                                       .threads = options_.threads,
                                       .chunk_rows = options_.chunk_rows,
                                       .on_progress = progress_}));
  report.legs = std::move(built.legs);
  report.verifications = std::move(built.verifications);
  report.finished_at = IsoMillis(clock_.NowMillis());
  report.millis = MillisSince(start);
  return report;
}

Result<std::optional<MigrationReport>> Migrator::CompleteInterrupted(std::string_view kind) {
  for (const auto& record : records_) {
    if (record.stage != Stage::kCutOver && record.stage != Stage::kVerified) continue;
    if (!IsPublished(record)) {
      // An update whose service did not work went back before this was written down.
      if (record.stage == Stage::kCutOver) {
        TRY(auto journal, migrate::Journal::Open(record.journal(), clock_));
        TRY_OK(migrate::RemoveBuild(record.folder));
        TRY_OK(journal.MoveTo(Stage::kFinished));
        TRY(records_, Migrations(stack_));
        return CompleteInterrupted(kind);
      }
      continue;
    }
    TRY(auto completed, Complete(record));
    TRY(records_, Migrations(stack_));
    if (completed.kind == kind) return std::optional<MigrationReport>(std::move(completed));
    break;
  }
  return std::optional<MigrationReport>();
}

Result<MigrationReport> Migrator::Carry(MigrationPlan plan) {
  for (const auto& record : records_) {
    if (migrate::IsAtRest(record.stage) || record.stage == Stage::kReverting) continue;
    if (SameWork(record.plan, plan)) return Work(record, true);
    TRY_OK(Cancel(record));
  }
  if (plan.path.empty()) {
    auto report = ReportFor(plan);
    report.nothing_to_do = true;
    report.result_generation = stack_.current.number;
    report.finished_at = report.started_at;
    return report;
  }
  TRY(const auto record, CreateMigration(stack_, std::move(plan), clock_));
  VAMS_POINT("migrate.planned");
  return Work(record, false);
}

Status Migrator::Cancel(const MigrationRecord& record) {
  TRY(auto journal, migrate::Journal::Open(record.journal(), clock_));
  TRY_OK(migrate::RemoveBuild(record.folder));
  TRY_OK(journal.MoveTo(Stage::kCancelled));
  if (!record.plan.reverses.empty()) TRY_OK(MoveOriginal(record, Stage::kFinished));
  return AppendHistory(
      stack_, {{"operation", record.plan.kind}, {"migration", record.id}, {"result", "cancelled"}},
      clock_);
}

bool Migrator::IsPublished(const MigrationRecord& record) const {
  return TextOf(stack_.current.origin, "migration") == record.id;
}

Result<MigrationReport> Migrator::Work(const MigrationRecord& record, bool resumed) {
  const auto start = Steady::now();
  auto report = ReportFor(record.plan);
  report.id = record.id;
  report.folder = record.folder;
  report.resumed = resumed;
  TRY(auto journal, migrate::Journal::Open(record.journal(), clock_));
  if (!record.plan.reverses.empty()) TRY_OK(MoveOriginal(record, Stage::kReverting));
  auto built = migrate::Build(op_, {.path = record.plan.path,
                                    .settings = record.plan.settings,
                                    .source = stack_.current.items(),
                                    .work = record.folder,
                                    .journal = &journal,
                                    .count_only = false,
                                    .threads = options_.threads,
                                    .chunk_rows = options_.chunk_rows,
                                    .on_progress = progress_});
  if (!built.ok()) return Stopped(record, std::move(report), std::move(built).error());
  report.legs = std::move(built->legs);
  report.verifications = std::move(built->verifications);
  if (options_.strict && report.quarantined() > 0) {
    report.strict_stop = true;
    report.finished_at = IsoMillis(clock_.NowMillis());
    report.millis = MillisSince(start);
    return report;
  }
  if (!record.plan.reverses.empty()) {
    auto compared = CompareWithOriginal(record, built->result, report);
    if (!compared.ok()) return Stopped(record, std::move(report), std::move(compared).error());
  }
  if (options_.before_cut_over) {
    if (auto may = options_.before_cut_over(report); !may.ok()) {
      report.interrupted = std::move(may).error();
      return report;
    }
  }
  if (auto cut = CutOver(record, built->result, report, journal); !cut.ok())
    return Stopped(record, std::move(report), std::move(cut).error());
  report.finished_at = IsoMillis(clock_.NowMillis());
  report.millis = MillisSince(start);
  TRY_OK(Finish(record, report, journal));
  return report;
}

Result<MigrationReport> Migrator::Stopped(const MigrationRecord& record, MigrationReport report,
                                          Error error) {
  if (error.code == Code::kCorrupt || error.code == Code::kConflict ||
      error.code == Code::kInvalid) {
    TRY_OK(Cancel(record));
    return error;
  }
  error.message += fmt::format(
      "; what is done so far is kept in {}; run the same command again to go on, or give it up "
      "with \"vams migrate cancel --stack {}\"",
      record.folder.string(), stack_.name);
  report.interrupted = std::move(error);
  return report;
}

Status Migrator::CutOver(const MigrationRecord& record, const files::Path& result,
                         MigrationReport& report, migrate::Journal& journal) {
  TRY(auto builder, GenerationBuilder::ForStack(registry_, stack_));
  json::object counts;
  for (const auto& [table, check] : report.verifications.back().tables)
    if (check.after.count > 0) counts[table] = check.after.count;
  items::Position position = 0;
  {
    TRY(const auto store, items::OpenSqliteStore(result, {.read_only = true}));
    TRY(position, store->LastChange(op_));
  }
  // A second name for the same file: until the switch is journaled, the work folder has it too.
  TRY_OK(items::SealSqliteStore(result));
  if (::link(result.c_str(), builder.items().c_str()) != 0)
    return files::ErrnoError("move", result, errno);
  VAMS_POINT("migrate.before_cut_over");
  json::object origin{{"kind", record.plan.kind},
                      {"migration", record.id},
                      {"from", record.plan.from.ToString()},
                      {"generation", record.plan.generation},
                      {"position", position}};
  if (options_.config) TRY_OK(BringConfig(stack_, *options_.config, builder.folder(), origin));
  TRY(const auto published, builder.Publish(record.plan.to, std::move(origin), std::move(counts)));
  VAMS_POINT("migrate.published");
  stack_ = published;
  report.result_generation = published.current.number;
  return JournalCutOver(journal);
}

Status Migrator::JournalCutOver(migrate::Journal& journal) {
  TRY_OK(journal.Append("cut over", {{"generation", stack_.current.number},
                                     {"position", NumberOf(stack_.current.origin, "position")}}));
  return journal.MoveTo(Stage::kCutOver);
}

Result<MigrationReport> Migrator::Complete(const MigrationRecord& record) {
  auto report = ReportFor(record.plan);
  report.id = record.id;
  report.folder = record.folder;
  report.resumed = true;
  report.result_generation = stack_.current.number;
  TRY(auto journal, migrate::Journal::Open(record.journal(), clock_));
  if (record.stage != Stage::kCutOver) TRY_OK(JournalCutOver(journal));
  TRY_OK(LegsFromJournal(journal.entries(), report));
  report.finished_at = IsoMillis(clock_.NowMillis());
  TRY_OK(Finish(record, report, journal));
  return report;
}

Status Migrator::Finish(const MigrationRecord& record, const MigrationReport& report,
                        migrate::Journal& journal) {
  TRY_OK(WriteReports(report));
  VAMS_POINT("migrate.reported");
  TRY_OK(migrate::RemoveBuild(record.folder));
  TRY_OK(AppendHistory(stack_,
                       {{"operation", record.plan.kind},
                        {"migration", record.id},
                        {"from", record.plan.from.ToString()},
                        {"to", record.plan.to.ToString()},
                        {"dialect", migrate::NameOf(record.plan.settings.dialect)},
                        {"generation", report.result_generation},
                        {"quarantined", report.quarantined()},
                        {"result", "done"}},
                       clock_));
  if (!record.plan.reverses.empty()) TRY_OK(MoveOriginal(record, Stage::kReverted));
  return journal.MoveTo(Stage::kFinished);
}

Status Migrator::MoveOriginal(const MigrationRecord& reversal, Stage stage) {
  for (const auto& record : records_) {
    if (record.id != reversal.plan.reverses) continue;
    TRY(auto journal, migrate::Journal::Open(record.journal(), clock_));
    if (journal.stage() == stage) return Ok();
    return journal.MoveTo(stage);
  }
  return Ok();
}

Status Migrator::CompareWithOriginal(const MigrationRecord& reversal, const files::Path& result,
                                     MigrationReport& report) {
  MigrationReport::Return returned;
  const MigrationRecord* original = nullptr;
  for (const auto& record : records_)
    if (record.id == reversal.plan.reverses) original = &record;
  if (original == nullptr || original->plan.from != reversal.plan.to) return Ok();
  auto before = registry_.GenerationOf(stack_, original->plan.generation);
  if (!before.ok() && before.error().code == Code::kNotFound) {
    report.returned = returned;
    return Ok();
  }
  if (!before.ok()) return std::move(before).error();
  returned.generation = before->number;
  returned.writes = reversal.plan.position - original->switch_position();
  TRY(const auto old_store, items::OpenSqliteStore(before->items(), {.read_only = true}));
  TRY(const auto new_store, items::OpenSqliteStore(result, {.read_only = true}));
  TRY(const auto specs, old_store->Tables(op_));
  for (const auto& spec : specs) {
    if (items::IsSystemTable(spec.name)) continue;
    TRY_OK(migrate::ForEachDifference(op_, *old_store, *new_store, spec.name,
                                      [&](const migrate::Difference& difference) {
                                        if (difference.before.empty())
                                          ++returned.added;
                                        else if (difference.after.empty())
                                          ++returned.removed;
                                        else
                                          ++returned.changed;
                                        return Ok();
                                      }));
  }
  report.returned = returned;
  if (returned.writes == 0 && returned.added + returned.changed + returned.removed > 0)
    return Error(
        Code::kCorrupt,
        fmt::format("nothing was written since generation {} was superseded, and yet the way "
                    "back gives {} records more, {} changed and {} fewer; the stack was not "
                    "changed",
                    returned.generation, returned.added, returned.changed, returned.removed));
  return Ok();
}

Status Migrator::LegsFromJournal(const std::vector<json::object>& entries,
                                 MigrationReport& report) {
  for (const auto& entry : entries)
    if (TextOf(entry, "event") == "verified leg") {
      TRY(report.legs.emplace_back(), migrate::LegOutcomeFrom(entry.at("outcome").as_object()));
      TRY(report.verifications.emplace_back(),
          migrate::VerificationFrom(entry.at("verification").as_object()));
    }
  return Ok();
}

}  // namespace vams::lifecycle
