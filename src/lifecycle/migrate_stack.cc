#include "lifecycle/migrate_stack.h"

#include <errno.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

#include "base/fault_point.h"
#include "base/random.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/migration_report.h"
#include "migrate/compare.h"
#include "migrate/steps.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::lifecycle {

namespace json = boost::json;
using migrate::NumberOf;
using migrate::Stage;
using migrate::TextOf;
using Steady = std::chrono::steady_clock;

namespace {

std::int64_t MillisSince(Steady::time_point start) {
  return std::chrono::duration_cast<std::chrono::milliseconds>(Steady::now() - start).count();
}

// The version that the rows say, checked against the one recorded.  lifecycle.md section 5.2.
Result<tables::Detection> Detect(OpContext& op, items::ItemSource& source) {
  tables::VersionDetector detector;
  TRY(const auto specs, source.Tables(op));
  for (const auto& spec : specs) {
    if (items::IsSystemTable(spec.name)) continue;
    detector.SeeTable(spec.name, true);
    std::string after;
    do {
      TRY_OK(op.Check());
      TRY(after, source.ScanEncoded(op, spec.name, {}, after, 1000, [&](std::string_view encoded) {
        detector.See(spec.name, encoded);
        return Ok();
      }));
    } while (!after.empty());
  }
  return detector.Finish();
}

std::vector<std::string> NamesOf(const std::vector<migrate::Leg>& path) {
  std::vector<std::string> names;
  for (const auto& leg : path) names.push_back(migrate::NameOf(leg));
  return names;
}

std::uint64_t LostToQuarantine(const std::vector<migrate::LegOutcome>& legs) {
  std::uint64_t count = 0;
  for (const auto& leg : legs)
    for (const auto& phase : leg.phases) count += migrate::Total(phase.quarantined);
  return count;
}

// The state of one command on one stack.
class Migrator {
 public:
  Migrator(const StackRegistry& registry, const MigrateOptions& options, const Clock& clock,
           OpContext& op, const migrate::OnProgress& progress)
      : registry_(registry), options_(options), clock_(clock), op_(op), progress_(progress) {}

  // Takes the stack's lock for as long as this object lives.
  Status Take(const std::string& name, std::string_view doing) {
    TRY(stack_, registry_.Get(name));
    TRY(auto lock, LockStack(stack_, doing, clock_));
    lock_ = std::move(lock);
    // Somebody may have switched it while we waited for nothing.
    TRY(stack_, registry_.Get(name));
    TRY(records_, Migrations(stack_));
    return Ok();
  }

  const Stack& stack() const { return stack_; }
  const std::vector<MigrationRecord>& records() const { return records_; }

  Result<items::Position> LastChange() const {
    TRY(const auto store, items::OpenSqliteStore(stack_.current.items(), {.read_only = true}));
    return store->LastChange(op_);
  }

  MigrationPlan NewPlan(std::string_view kind, tables::DataVersion to,
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

  MigrationReport ReportFor(const MigrationPlan& plan) const {
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

  // Runs the plan in a folder that is thrown away.
  Result<MigrationReport> Rehearse(const MigrationPlan& plan, bool count_only) const {
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

  // Writes down what an attempt before this one has switched to and could not write down.  Its
  // report if it was of this kind, so that the same command has done its work; then nothing else
  // is left to do.
  Result<std::optional<MigrationReport>> CompleteInterrupted(std::string_view kind) {
    for (const auto& record : records_) {
      const bool switched = record.stage == Stage::kCutOver ||
                            (record.stage == Stage::kVerified && IsPublished(record));
      if (!switched) continue;
      TRY(auto completed, Complete(record));
      TRY(records_, Migrations(stack_));
      if (completed.kind == kind) return std::optional<MigrationReport>(std::move(completed));
      break;
    }
    return std::optional<MigrationReport>();
  }

  // Takes up the open migration that does the same work, or cancels what is open and begins anew.
  Result<MigrationReport> Carry(MigrationPlan plan) {
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

  Status Cancel(const MigrationRecord& record) {
    TRY(auto journal, migrate::Journal::Open(record.journal(), clock_));
    TRY_OK(migrate::RemoveBuild(record.folder));
    TRY_OK(journal.MoveTo(Stage::kCancelled));
    if (!record.plan.reverses.empty()) TRY_OK(MoveOriginal(record, Stage::kFinished));
    return AppendHistory(
        stack_,
        {{"operation", record.plan.kind}, {"migration", record.id}, {"result", "cancelled"}},
        clock_);
  }

 private:
  bool IsPublished(const MigrationRecord& record) const {
    return TextOf(stack_.current.origin, "migration") == record.id;
  }

  Result<MigrationReport> Work(const MigrationRecord& record, bool resumed) {
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
    if (options_.strict && LostToQuarantine(report.legs) > 0) {
      report.strict_stop = true;
      report.finished_at = IsoMillis(clock_.NowMillis());
      report.millis = MillisSince(start);
      return report;
    }
    if (!record.plan.reverses.empty()) {
      auto compared = CompareWithOriginal(record, built->result, report);
      if (!compared.ok()) return Stopped(record, std::move(report), std::move(compared).error());
    }
    if (auto cut = CutOver(record, built->result, report, journal); !cut.ok())
      return Stopped(record, std::move(report), std::move(cut).error());
    report.finished_at = IsoMillis(clock_.NowMillis());
    report.millis = MillisSince(start);
    TRY_OK(Finish(record, report, journal));
    return report;
  }

  // What can go on later says so; what cannot is an error, and the work is removed.
  Result<MigrationReport> Stopped(const MigrationRecord& record, MigrationReport report,
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

  Status CutOver(const MigrationRecord& record, const files::Path& result, MigrationReport& report,
                 migrate::Journal& journal) {
    TRY(auto builder, GenerationBuilder::ForStack(registry_, stack_));
    // A second name for the same file: until the switch is journaled, the work folder has it too.
    if (::link(result.c_str(), builder.items().c_str()) != 0)
      return files::ErrnoError("move", result, errno);
    json::object counts;
    for (const auto& [table, check] : report.verifications.back().tables)
      if (check.after.count > 0) counts[table] = check.after.count;
    items::Position position = 0;
    {
      TRY(const auto store, items::OpenSqliteStore(builder.items(), {.read_only = true}));
      TRY(position, store->LastChange(op_));
    }
    TRY_OK(RemoveSideFiles(builder.items()));
    VAMS_POINT("migrate.before_cut_over");
    TRY(const auto published, builder.Publish(record.plan.to,
                                              {{"kind", record.plan.kind},
                                               {"migration", record.id},
                                               {"from", record.plan.from.ToString()},
                                               {"generation", record.plan.generation},
                                               {"position", position}},
                                              std::move(counts)));
    VAMS_POINT("migrate.published");
    stack_ = published;
    report.result_generation = published.current.number;
    return JournalCutOver(journal);
  }

  Status JournalCutOver(migrate::Journal& journal) {
    TRY_OK(journal.Append("cut over", {{"generation", stack_.current.number},
                                       {"position", NumberOf(stack_.current.origin, "position")}}));
    return journal.MoveTo(Stage::kCutOver);
  }

  static Status RemoveSideFiles(const files::Path& store) {
    for (const char* suffix : {"-wal", "-shm", "-lock"})
      TRY_OK(files::RemoveTree(store.string() + suffix));
    return Ok();
  }

  // An attempt before this one switched and did not get to write it down.
  Result<MigrationReport> Complete(const MigrationRecord& record) {
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

  Status Finish(const MigrationRecord& record, const MigrationReport& report,
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

  // Moves the migration that a reversal undoes, if it is not there yet.
  Status MoveOriginal(const MigrationRecord& reversal, Stage stage) {
    for (const auto& record : records_) {
      if (record.id != reversal.plan.reverses) continue;
      TRY(auto journal, migrate::Journal::Open(record.journal(), clock_));
      if (journal.stage() == stage) return Ok();
      return journal.MoveTo(stage);
    }
    return Ok();
  }

  // lifecycle.md section 6: what comes back is the generation before plus the writes made since.
  Status CompareWithOriginal(const MigrationRecord& reversal, const files::Path& result,
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

 public:
  static Status LegsFromJournal(const std::vector<json::object>& entries, MigrationReport& report) {
    for (const auto& entry : entries)
      if (TextOf(entry, "event") == "verified leg") {
        TRY(report.legs.emplace_back(), migrate::LegOutcomeFrom(entry.at("outcome").as_object()));
        TRY(report.verifications.emplace_back(),
            migrate::VerificationFrom(entry.at("verification").as_object()));
      }
    return Ok();
  }

 private:
  const StackRegistry& registry_;
  const MigrateOptions& options_;
  const Clock& clock_;
  OpContext& op_;
  const migrate::OnProgress& progress_;
  Stack stack_;
  std::optional<files::FileLock> lock_;
  std::vector<MigrationRecord> records_;
};

// The plan of going up (or to the version asked for), from what the data says.
Result<MigrationPlan> PlanUp(Migrator& migrator, const MigrateOptions& options, OpContext& op,
                             tables::Detection* detection) {
  const Stack& stack = migrator.stack();
  const auto to = options.to.value_or(tables::kNewest);
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  TRY(auto detected, Detect(op, *store));
  TRY_OK(tables::Reconcile(detected, stack.current.data_version));
  if (detection != nullptr) *detection = std::move(detected);
  if (to < stack.current.data_version)
    return Error(Code::kInvalid,
                 fmt::format("stack \"{}\" is at data version {}, which is newer than {}; go back "
                             "with \"vams migrate reverse\"",
                             stack.name, stack.current.data_version.ToString(), to.ToString()));
  TRY(auto path, migrate::PathBetween(stack.current.data_version, to));
  TRY(const auto position, store->LastChange(op));
  return migrator.NewPlan("migrate", to, std::move(path), position);
}

// The migration that made the current generation, if one did.
const MigrationRecord* MadeCurrent(const Migrator& migrator) {
  const std::string id = TextOf(migrator.stack().current.origin, "migration");
  for (const auto& record : migrator.records())
    if (record.id == id) return &record;
  return nullptr;
}

// Rows a second and bytes a row of loading, from a sample of the largest table.
struct LoadSpeed {
  double rows_per_second = 100'000;
  double bytes_per_row = 500;
};

Result<LoadSpeed> MeasureLoad(OpContext& op, const Stack& stack) {
  constexpr std::size_t kSample = 20'000;
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  TRY(const auto specs, store->Tables(op));
  std::uint64_t most = 0;
  items::TableSpec largest;
  for (const auto& spec : specs) {
    if (items::IsSystemTable(spec.name)) continue;
    TRY(const auto count, store->Count(op, spec.name));
    if (count > most) {
      most = count;
      largest = spec;
    }
  }
  LoadSpeed speed;
  if (most < 1000) return speed;  // too few to measure; the defaults are low
  TRY(const auto folder, files::TempFolder::Create(stack.migrations(), ".sample"));
  const auto start = Steady::now();
  std::size_t rows = 0;
  {
    TRY(const auto sample, items::OpenSqliteStore(folder.path() / "items.db"));
    TRY_OK(sample->CreateTables(op, std::span(&largest, 1)));
    TRY(const auto loader, sample->OpenBulkLoad(op, largest.name, {}));
    std::string after;
    do {
      TRY(after, store->ScanEncoded(op, largest.name, {}, after, 1000,
                                    [&](std::string_view encoded) -> Status {
                                      ++rows;
                                      return loader->AddEncoded(op, encoded);
                                    }));
    } while (!after.empty() && rows < kSample);
    TRY_OK(loader->Finish(op));
  }
  const double seconds = std::max(0.001, static_cast<double>(MillisSince(start)) / 1000);
  std::error_code ec;
  const auto bytes = std::filesystem::file_size(folder.path() / "items.db", ec);
  speed.rows_per_second = static_cast<double>(rows) / seconds;
  if (!ec) speed.bytes_per_row = static_cast<double>(bytes) / static_cast<double>(rows);
  return speed;
}

}  // namespace

std::uint64_t MigrationReport::quarantined() const { return LostToQuarantine(legs); }

Result<MigrationEstimate> PlanMigration(const StackRegistry& registry, const std::string& stack,
                                        const MigrateOptions& options, const Clock& clock,
                                        OpContext& op, const migrate::OnProgress& progress) {
  Migrator migrator(registry, options, clock, op, progress);
  TRY_OK(migrator.Take(stack, "vams migrate plan"));
  MigrationEstimate estimate;
  TRY(auto plan, PlanUp(migrator, options, op, &estimate.detection));
  std::error_code ec;
  estimate.data_bytes = std::filesystem::file_size(migrator.stack().current.items(), ec);
  estimate.free_bytes = std::filesystem::space(migrator.stack().folder, ec).available;
  {
    TRY(const auto store,
        items::OpenSqliteStore(migrator.stack().current.items(), {.read_only = true}));
    TRY(const auto specs, store->Tables(op));
    for (const auto& spec : specs) {
      TRY(const auto count, store->Count(op, spec.name));
      estimate.rows += count;
    }
  }
  if (plan.path.empty()) {
    estimate.report = migrator.ReportFor(plan);
    estimate.report.nothing_to_do = true;
    return estimate;
  }
  TRY(estimate.report, migrator.Rehearse(plan, true));
  TRY(const auto speed, MeasureLoad(op, migrator.stack()));
  std::uint64_t put = 0;
  for (const auto& leg : estimate.report.legs)
    for (const auto& phase : leg.phases) put += migrate::Total(phase.put) + phase.residue;
  const double bytes = static_cast<double>(put) * speed.bytes_per_row;
  estimate.seconds =
      1 + static_cast<std::int64_t>(static_cast<double>(estimate.report.millis) / 1000 +
                                    static_cast<double>(put) / speed.rows_per_second);
  // The clone and what is added to it; sorted runs on the way; with several steps two stages.
  estimate.needed_bytes =
      (plan.path.size() > 1 ? 2 : 1) * estimate.data_bytes + static_cast<std::uint64_t>(2 * bytes);
  return estimate;
}

Result<MigrationReport> RunMigration(const StackRegistry& registry, const std::string& stack,
                                     const MigrateOptions& options, const Clock& clock,
                                     OpContext& op, const migrate::OnProgress& progress) {
  Migrator migrator(registry, options, clock, op, progress);
  TRY_OK(migrator.Take(stack, "vams migrate run"));
  TRY(auto completed, migrator.CompleteInterrupted("migrate"));
  if (completed) return *std::move(completed);
  TRY(auto plan, PlanUp(migrator, options, op, nullptr));
  if (options.dry_run && !plan.path.empty()) return migrator.Rehearse(plan, false);
  return migrator.Carry(std::move(plan));
}

Result<MigrationReport> ReverseMigration(const StackRegistry& registry, const std::string& stack,
                                         const MigrateOptions& options, const Clock& clock,
                                         OpContext& op, const migrate::OnProgress& progress) {
  Migrator migrator(registry, options, clock, op, progress);
  TRY_OK(migrator.Take(stack, "vams migrate reverse"));
  TRY(auto completed, migrator.CompleteInterrupted("reverse"));
  if (completed) return *std::move(completed);
  const MigrationRecord* last = MadeCurrent(migrator);
  if (last != nullptr && last->plan.kind == "reverse") last = nullptr;
  if (last == nullptr && !options.to)
    return Error(
        Code::kConflict,
        fmt::format("no migration made the current generation of stack \"{}\", so nothing says "
                    "where to go back to; name a data version with --to",
                    stack));
  const auto from = migrator.stack().current.data_version;
  const auto to = options.to.value_or(last != nullptr ? last->plan.from : from);
  if (to > from)
    return Error(Code::kInvalid,
                 fmt::format("stack \"{}\" is at data version {}, which is older than {}; go on "
                             "with \"vams migrate run\"",
                             stack, from.ToString(), to.ToString()));
  std::vector<migrate::Leg> path;
  const bool of_last = last != nullptr && last->plan.from == to;
  if (of_last) {
    for (auto leg = last->plan.path.rbegin(); leg != last->plan.path.rend(); ++leg)
      path.push_back({.step = leg->step, .direction = migrate::Opposite(leg->direction)});
  } else {
    TRY(path, migrate::PathBetween(from, to));
  }
  TRY(const auto position, migrator.LastChange());
  auto plan = migrator.NewPlan("reverse", to, std::move(path), position);
  if (last != nullptr) plan.settings.dialect = last->plan.settings.dialect;
  if (of_last) plan.reverses = last->id;
  if (options.dry_run && !plan.path.empty()) return migrator.Rehearse(plan, false);
  return migrator.Carry(std::move(plan));
}

Result<MigrationReport> RepairStack(const StackRegistry& registry, const std::string& stack,
                                    const MigrateOptions& options, const Clock& clock,
                                    OpContext& op, const migrate::OnProgress& progress) {
  Migrator migrator(registry, options, clock, op, progress);
  TRY_OK(migrator.Take(stack, "vams migrate repair"));
  TRY(auto completed, migrator.CompleteInterrupted("repair"));
  if (completed) return *std::move(completed);
  const auto version = migrator.stack().current.data_version;
  TRY(const auto position, migrator.LastChange());
  std::vector<migrate::Leg> path;
  if (const auto* step = migrate::RepairStep(version); step != nullptr)
    path.push_back({.step = step, .direction = migrate::Direction::kUp});
  auto plan = migrator.NewPlan("repair", version, path, position);
  if (!path.empty()) {
    TRY(auto counted, migrator.Rehearse(plan, true));
    bool changes = false;
    for (const auto& phase : counted.legs.front().phases)
      for (const auto& [table, digest] : phase.put)
        if (const auto read = phase.read.find(table);
            !items::IsSystemTable(table) && (read == phase.read.end() || !(read->second == digest)))
          changes = true;
    if (!changes) {
      counted.nothing_to_do = true;
      counted.dry_run = options.dry_run;
      counted.result_generation = migrator.stack().current.number;
      return counted;
    }
    if (options.dry_run) return migrator.Rehearse(plan, false);
  }
  return migrator.Carry(std::move(plan));
}

Result<MigrationProof> VerifyMigration(const StackRegistry& registry, const std::string& stack,
                                       int threads, const Clock& clock, OpContext& op,
                                       const migrate::OnProgress& progress) {
  const MigrateOptions options{.threads = threads};
  Migrator migrator(registry, options, clock, op, progress);
  TRY_OK(migrator.Take(stack, "vams migrate verify"));
  const MigrationRecord* record = MadeCurrent(migrator);
  if (record == nullptr)
    return Error(Code::kConflict,
                 fmt::format("no migration made the current generation of stack \"{}\", so there "
                             "is nothing to verify; \"vams migrate run\" makes one",
                             stack));
  MigrationProof proof;
  proof.report = migrator.ReportFor(record->plan);
  proof.report.id = record->id;
  proof.report.folder = record->folder;
  proof.report.result_generation = migrator.stack().current.number;
  TRY_OK(Migrator::LegsFromJournal(record->entries, proof.report));
  if (proof.report.verifications.empty())
    return Error(Code::kCorrupt,
                 fmt::format("the journal of migration {} in {} holds no verification; it is "
                             "damaged; restore it from a backup",
                             record->id, record->folder.string()));

  TRY(const auto store,
      items::OpenSqliteStore(migrator.stack().current.items(), {.read_only = true}));
  if (auto intact = store->CheckIntegrity(op); !intact.ok())
    proof.failures.push_back(intact.error().message);
  else
    proof.checks.emplace_back("the item store is intact");

  TRY(const auto position, store->LastChange(op));
  const std::uint64_t writes = position - record->switch_position();
  if (writes == 0) {
    TRY(const auto digests, migrate::DigestsOf(op, *store, threads));
    std::uint64_t rows = 0;
    const std::size_t failed_before = proof.failures.size();
    for (const auto& [table, check] : proof.report.verifications.back().tables) {
      const auto now = digests.find(table);
      const migrate::Digest digest = now == digests.end() ? migrate::Digest() : now->second;
      rows += digest.count;
      if (!(digest == check.after))
        proof.failures.push_back(fmt::format(
            "table {} holds {} records, digest {}, where the migration left {}, digest {}", table,
            digest.count, migrate::ToHex(digest), check.after.count, migrate::ToHex(check.after)));
    }
    if (proof.failures.size() == failed_before)
      proof.checks.push_back(
          fmt::format("the digests of {} records are those of the migration", rows));
  } else {
    proof.remarks.push_back(fmt::format(
        "{} changes were made since the migration, so its digests say nothing any more", writes));
  }

  auto before = registry.GenerationOf(migrator.stack(), record->plan.generation);
  if (!before.ok()) {
    proof.remarks.push_back(fmt::format(
        "generation {}, from which it was made, is not there any more: the transformation cannot "
        "be repeated",
        record->plan.generation));
    return proof;
  }
  TRY(const auto folder, files::TempFolder::Create(migrator.stack().migrations(), ".verify"));
  TRY(const auto again, migrate::Build(op, {.path = record->plan.path,
                                            .settings = record->plan.settings,
                                            .source = before->items(),
                                            .work = folder.path(),
                                            .journal = nullptr,
                                            .count_only = true,
                                            .threads = threads,
                                            .on_progress = progress}));
  const std::size_t failed_before = proof.failures.size();
  std::uint64_t rows = 0;
  for (std::size_t i = 0; i < again.legs.size() && i < proof.report.legs.size(); ++i) {
    const auto& phases = proof.report.legs[i].phases;
    for (std::size_t p = 0; p < again.legs[i].phases.size() && p < phases.size(); ++p) {
      rows += migrate::Total(again.legs[i].phases[p].put);
      if (!(again.legs[i].phases[p].put == phases[p].put))
        proof.failures.push_back(
            fmt::format("phase {} of {} makes other records today than it did then",
                        phases[p].phase, again.legs[i].name));
    }
  }
  if (proof.failures.size() == failed_before)
    proof.checks.push_back(fmt::format("transforming generation {} again gives the same {} records",
                                       before->number, rows));
  return proof;
}

Result<MigrationRecord> CancelMigration(const StackRegistry& registry, const std::string& stack,
                                        const Clock& clock) {
  OpContext op;
  const MigrateOptions options;
  const migrate::OnProgress nobody;
  Migrator migrator(registry, options, clock, op, nobody);
  TRY_OK(migrator.Take(stack, "vams migrate cancel"));
  for (const auto& record : migrator.records()) {
    if (migrate::IsAtRest(record.stage) || record.stage == Stage::kReverting) continue;
    if (record.stage == Stage::kCutOver ||
        TextOf(migrator.stack().current.origin, "migration") == record.id)
      return Error(Code::kConflict,
                   fmt::format("migration {} serves already and cannot be cancelled; go back with "
                               "\"vams migrate reverse --stack {}\"",
                               record.id, stack));
    TRY_OK(migrator.Cancel(record));
    return record;
  }
  return Error(Code::kNotFound,
               fmt::format("stack \"{}\" has no migration that could be cancelled; nothing was "
                           "changed",
                           stack));
}

}  // namespace vams::lifecycle
