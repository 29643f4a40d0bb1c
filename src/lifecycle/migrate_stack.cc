#include "lifecycle/migrate_stack.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>

#include "base/clock.h"
#include "base/json.h"
#include "items/sqlite/sqlite_store.h"
#include "lifecycle/stack_migrator.h"
#include "migrate/steps.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::lifecycle {

using migrate::Stage;
using Steady = std::chrono::steady_clock;

namespace {

// The plan of going up (or to the version asked for), from what the data says.
Result<MigrationPlan> PlanUp(Migrator& migrator, const MigrateOptions& options, OpContext& op,
                             tables::Detection* detection) {
  const Stack& stack = migrator.stack();
  const auto to = options.to.value_or(tables::kNewest);
  TRY(const auto store, items::OpenSqliteStore(stack.current.items(), {.read_only = true}));
  TRY(auto detected, DetectVersion(op, *store));
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

Result<tables::Detection> DetectVersion(OpContext& op, items::ItemSource& source) {
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

std::uint64_t MigrationReport::quarantined() const {
  std::uint64_t count = 0;
  for (const auto& leg : legs)
    for (const auto& phase : leg.phases) count += migrate::Total(phase.quarantined);
  return count;
}

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
                                       const migrate::OnProgress& progress, bool beside_others) {
  const MigrateOptions options{
      .threads = threads, .caller_keeps_others_away = beside_others, .before_cut_over = {}};
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
    TRY(const auto now, store->LastChange(op));
    if (now != position) {
      proof.failures.resize(failed_before);
      proof.remarks.emplace_back("the stack was written to while its digests were taken");
    } else if (proof.failures.size() == failed_before)
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
