#include "migrate/remote/run.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/fault_point.h"
#include "base/json.h"
#include "base/random.h"
#include "items/codec.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "migrate/compare.h"
#include "migrate/remote/apply_rows.h"
#include "migrate/remote/mirror.h"
#include "migrate/remote/search_phase.h"
#include "migrate/remote/work.h"

namespace vams::migrate::remote {

namespace {

constexpr std::size_t kShownRows = 5;

RemotePlan NewPlan(const RemoteJob& job, std::string_view kind, tables::DataVersion from,
                   tables::DataVersion to, std::vector<Leg> path) {
  RemotePlan plan;
  plan.kind = kind;
  plan.from = from;
  plan.to = to;
  plan.path = std::move(path);
  plan.settings.dialect = job.options.dialect;
  plan.settings.run_id = NewUuid(SystemRandom());
  plan.settings.run_millis = job.clock.NowMillis();
  plan.settings.owners = job.options.owners;
  plan.settings.quarantine_ambiguous = job.options.quarantine_ambiguous;
  plan.settings.asset_bucket = job.config.asset_bucket;
  plan.settings.base_assets_prefix = job.config.base_assets_prefix;
  plan.tables = job.config.tables;
  plan.limit = job.config.limit.value_or(0);
  plan.search = PlanSearch(job.config, to);
  if (kind == "migrate" && !job.config.reindex_function.empty()) {
    plan.reindex_function = job.config.reindex_function;
    plan.reindex_payload = ReindexPayload(job.config);
  }
  return plan;
}

// A configuration without tables is for the reindex phase alone.
Result<RemotePlan> PlanUp(const RemoteJob& job) {
  std::vector<Leg> path;
  if (!job.config.tables.empty()) {
    TRY(path, PathBetween(job.config.from, job.config.to));
  }
  return NewPlan(job, "migrate", job.config.from, job.config.to, std::move(path));
}

// The newest run whose residue later runs must know.
const RemoteRecord* Earlier(const std::vector<RemoteRecord>& records, const std::string& before) {
  for (auto record = records.rbegin(); record != records.rend(); ++record) {
    if (!before.empty() && record->id >= before) continue;
    const bool done = record->stage == Stage::kFinished || record->stage == Stage::kReverted ||
                      record->stage == Stage::kReverting;
    if (done && !record->plan.path.empty()) return &*record;
  }
  return nullptr;
}

Status MoveRecord(const RemoteRecord& record, Stage stage, const Clock& clock) {
  TRY(auto journal, Journal::Open(record.journal(), clock));
  return journal.stage() == stage ? Ok() : journal.MoveTo(stage);
}

Status GiveUp(const RemoteRecord& record, const Clock& clock) {
  TRY_OK(MoveRecord(record, Stage::kCancelled, clock));
  TRY_OK(items::RemoveSqliteStore(record.now(1)));
  TRY_OK(files::RemoveTree(record.build(1)));
  if (record.plan.reverses.empty()) return Ok();
  RemoteRecord original;
  original.folder = record.folder.parent_path() / record.plan.reverses;
  TRY_OK(Refresh(original));
  return original.stage == Stage::kReverting ? MoveRecord(original, Stage::kFinished, clock) : Ok();
}

// Two runs in one work folder would take each other's files.
Result<files::FileLock> LockWork(const files::Path& work, const RemoteJob& job) {
  TRY_OK(files::MakeFolders(work));
  return files::FileLock::Acquire(
      work / "lock", fmt::format("{}, process {}, since {}", job.options.operator_name, ::getpid(),
                                 IsoMillis(job.clock.NowMillis())));
}

class Command {
 public:
  Command(OpContext& op, const RemoteJob& job) : op_(op), job_(job) {}

  Status Take() {
    TRY(auto lock, LockWork(job_.work, job_));
    work_lock_.emplace(std::move(lock));
    TRY(records_, RemoteRecords(job_.work));
    return Ok();
  }
  const std::vector<RemoteRecord>& records() const { return records_; }

  // Takes up the unfinished run that does the same, or begins a new one.
  Result<RemoteReport> Carry(RemotePlan plan) {
    for (const auto& record : records_) {
      if (IsAtRest(record.stage) || record.stage == Stage::kReverting) continue;
      if (SameWork(record.plan, plan)) return Work(record, true);
      if (record.write_begun() || record.stage == Stage::kCutOver)
        return Error(Code::kConflict,
                     fmt::format("run {} ({} {} to {}) has written a part of its rows and is not "
                                 "done; run its command again before anything else; nothing was "
                                 "changed",
                                 record.id, record.plan.kind, record.plan.from.ToString(),
                                 record.plan.to.ToString()));
      TRY_OK(GiveUp(record, job_.clock));
    }
    if (const RemoteRecord* done = Finished(plan); done != nullptr) return NothingToDo(*done);
    TRY(const auto record, CreateRecord(job_.work, std::move(plan), job_.clock));
    VAMS_POINT("migrate.remote.planned");
    return Work(record, false);
  }

  // Everything but writing, in a folder that is thrown away.
  Result<RemoteReport> Rehearse(const RemotePlan& plan) {
    const auto start = std::chrono::steady_clock::now();
    auto report = ReportFor(plan, job_.config, job_.clock);
    report.dry_run = true;
    if (!plan.reindex_function.empty())
      report.notices.push_back(fmt::format("function {} would be called with {}",
                                           plan.reindex_function, plan.reindex_payload));
    TRY_OK(CheckSearch(op_, job_, plan, report));
    if (!plan.path.empty()) TRY_OK(RehearseStep(plan, report));
    report.finished_at = IsoMillis(job_.clock.NowMillis());
    report.millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                        std::chrono::steady_clock::now() - start)
                        .count();
    return report;
  }

 private:
  const RemoteRecord* Finished(const RemotePlan& plan) const {
    if (job_.options.again || plan.kind == "reverse") return nullptr;
    for (auto record = records_.rbegin(); record != records_.rend(); ++record)
      if (record->stage == Stage::kFinished && SameWork(record->plan, plan)) return &*record;
    return nullptr;
  }

  Before BeforeOf(const RemotePlan& plan, const std::string& id) const {
    Before before{.newest = Earlier(records_, id), .undone = nullptr};
    for (const auto& record : records_)
      if (!plan.reverses.empty() && record.id == plan.reverses) before.undone = &record;
    return before;
  }

  Result<RemoteReport> NothingToDo(const RemoteRecord& done) const {
    auto report = ReportFor(done.plan, job_.config, job_.clock);
    report.id = done.id;
    report.folder = done.folder;
    report.nothing_to_do = true;
    report.finished = true;
    report.finished_at = report.started_at;
    report.notices.push_back(fmt::format(
        "run {} has done this; nothing was read and nothing was changed; \"vams migrate verify\" "
        "proves it, and --again reads everything again",
        done.id));
    return report;
  }

  Result<RemoteReport> Work(const RemoteRecord& record, bool resumed) {
    std::unique_ptr<MigrationLock> lock;
    if (job_.options.lock && !record.plan.path.empty()) {
      TRY(lock,
          MigrationLock::Acquire(op_, job_.lock_store != nullptr ? *job_.lock_store : job_.store,
                                 {.who = job_.options.operator_name,
                                  .doing = fmt::format("{} {} to {} with {}", record.plan.kind,
                                                       record.plan.from.ToString(),
                                                       record.plan.to.ToString(), job_.config.file),
                                  .create_table = job_.options.create_lock_table,
                                  .beat = job_.options.heartbeat},
                                 job_.clock));
    }
    if (!record.plan.reverses.empty())
      for (const auto& original : records_)
        if (original.id == record.plan.reverses)
          TRY_OK(MoveRecord(original, Stage::kReverting, job_.clock));
    Worker worker(op_, job_, record, BeforeOf(record.plan, record.id), lock.get());
    auto report = worker.Run(resumed);
    if (worker.record().stage == Stage::kCancelled && !record.plan.reverses.empty())
      for (const auto& original : records_)
        if (original.id == record.plan.reverses)
          TRY_OK(MoveRecord(original, Stage::kFinished, job_.clock));
    if (!report.ok()) return report;
    if (report->finished && !record.plan.reverses.empty())
      for (const auto& other : records_)
        if (other.id < record.plan.reverses && other.stage == Stage::kFinished &&
            other.plan.kind != "reverse" && other.plan.from == record.plan.to)
          report->notices.push_back(fmt::format(
              "run {} took the same step before and is not undone; \"vams migrate reverse\" again "
              "undoes it",
              other.id));
    if (!job_.options.lock && !record.plan.path.empty())
      report->notices.emplace_back(
          "no lock was taken (--no-lock): if somebody else migrated the same tables at the same "
          "time, verify both");
    if (lock != nullptr && !lock->taken_from().empty())
      report->notices.push_back(
          fmt::format("the lock of {} was taken over, because it gave no sign of life any more",
                      lock->taken_from()));
    return report;
  }

  Status RehearseStep(const RemotePlan& plan, RemoteReport& report) {
    TRY_OK(RefuseBlind(plan));
    TRY_OK(CheckTables(op_, job_.store, plan.tables, job_.config.file));
    TRY(const auto folder, files::TempFolder::Create(job_.work, ".dry"));
    const files::Path source_path = folder.path() / "source.db";
    const Before before = BeforeOf(plan, {});
    TRY(report.read, ReadInto(op_, job_, plan, KnownTo(before, plan), source_path, nullptr));
    {
      TRY(const auto source, items::OpenSqliteStore(source_path));
      TRY_OK(BringBeside(op_, before, plan, *source));
      if (job_.hooks.list_objects) TRY_OK(job_.hooks.list_objects(op_, *source));
    }
    TRY(auto built, Build(op_, {.path = plan.path,
                                .settings = plan.settings,
                                .source = source_path,
                                .work = folder.path(),
                                .journal = nullptr,
                                .count_only = false,
                                .threads = job_.options.threads,
                                .on_progress = job_.on_progress}));
    report.legs = std::move(built.legs);
    report.verifications = std::move(built.verifications);
    TRY(const auto source, items::OpenSqliteStore(source_path, {.read_only = true}));
    TRY(const auto result, items::OpenSqliteStore(built.result));
    const auto tables = plan.WrittenTables();
    for (const auto& table : tables) report.changes[table] = {};
    if (const auto refused = RefuseUnnamed(op_, plan, *source, *result); !refused.ok()) {
      if (refused.error().code != Code::kInvalid) return refused.error();
      report.notices.push_back("a run would be refused: " + refused.error().message);
    }
    TRY_OK(KeepQuarantined(op_, *source, *result, tables, report.changes));
    TRY_OK(CountChanges(op_, *source, *result, tables, report.changes));
    report.nothing_to_do = !plan.search && std::ranges::all_of(report.changes, [](const auto& c) {
      return c.second.nothing();
    });
    return RehearseSearch(op_, job_, plan, *result, report);
  }

  OpContext& op_;
  const RemoteJob& job_;
  std::optional<files::FileLock> work_lock_;
  std::vector<RemoteRecord> records_;
};

// The way back of the newest run that is not undone.
Result<RemotePlan> PlanDown(const RemoteJob& job, const std::vector<RemoteRecord>& records) {
  const RemoteRecord* last = nullptr;
  for (const auto& record : records)
    if (record.plan.kind != "reverse" && !record.plan.path.empty() &&
        (record.stage == Stage::kFinished || record.stage == Stage::kReverting))
      last = &record;
  if (last == nullptr)
    return Error(Code::kConflict,
                 fmt::format("{} holds no finished run, so there is nothing to go back from; name "
                             "the work folder of the run with --work-dir",
                             job.work.string()));
  const bool ours = last->plan.kind == "repair"
                        ? last->plan.to == job.config.to
                        : last->plan.from == job.config.from && last->plan.to == job.config.to;
  if (!ours)
    return Error(Code::kConflict,
                 fmt::format("the newest run in {} is {} ({} to {}), which must be undone before "
                             "one of {} to {}; use its configuration",
                             job.work.string(), last->id, last->plan.from.ToString(),
                             last->plan.to.ToString(), job.config.from.ToString(),
                             job.config.to.ToString()));
  const Leg& leg = last->plan.path.front();
  auto plan = NewPlan(job, "reverse", last->plan.to, last->plan.from,
                      {{.step = leg.step, .direction = Opposite(leg.direction)}});
  plan.settings.dialect = last->plan.settings.dialect;
  plan.settings.asset_bucket = last->plan.settings.asset_bucket;
  plan.settings.base_assets_prefix = last->plan.settings.base_assets_prefix;
  plan.tables = last->plan.tables;
  plan.limit = last->plan.limit;
  plan.reverses = last->id;
  return plan;
}

Result<RemotePlan> PlanRepair(const RemoteJob& job) {
  const Step* step = RepairStep(job.config.to);
  if (step == nullptr)
    return Error(
        Code::kNotSupported,
        fmt::format("there is nothing to repair in data of version {}", job.config.to.ToString()));
  return NewPlan(job, "repair", job.config.to, job.config.to,
                 {{.step = step, .direction = Direction::kUp}});
}

}  // namespace

Result<RemoteReport> PlanRemote(OpContext& op, const RemoteJob& job) {
  Command command(op, job);
  TRY_OK(command.Take());
  TRY(auto plan, PlanUp(job));
  plan.settings.quarantine_ambiguous = true;  // what is ambiguous is part of the answer here
  return command.Rehearse(plan);
}

Result<RemoteReport> RunRemote(OpContext& op, const RemoteJob& job) {
  Command command(op, job);
  TRY_OK(command.Take());
  TRY(auto plan, PlanUp(job));
  if (job.config.dry_run) return command.Rehearse(plan);
  return command.Carry(std::move(plan));
}

Result<RemoteReport> ReverseRemote(OpContext& op, const RemoteJob& job) {
  Command command(op, job);
  TRY_OK(command.Take());
  TRY(auto plan, PlanDown(job, command.records()));
  if (job.config.dry_run) return command.Rehearse(plan);
  return command.Carry(std::move(plan));
}

Result<RemoteReport> RepairRemote(OpContext& op, const RemoteJob& job) {
  Command command(op, job);
  TRY_OK(command.Take());
  TRY(auto plan, PlanRepair(job));
  if (job.config.dry_run) return command.Rehearse(plan);
  return command.Carry(std::move(plan));
}

namespace {

// In a folder of its own, so that it can go on after a crash.
Result<ReindexOutcome> ReindexSearch(OpContext& op, const RemoteJob& job) {
  TRY(const auto lock, LockWork(job.work, job));
  auto plan = NewPlan(job, "search", job.config.to, job.config.to, {});
  auto report = ReportFor(plan, job.config, job.clock);
  TRY_OK(CheckSearch(op, job, plan, report));
  TRY_OK(CheckTables(op, job.store, plan.tables, job.config.file));
  const files::Path folder = job.work / "search";
  {
    TRY(const auto before, Journal::Read(folder / "journal.jsonl"));
    const auto ended = [](const auto& entry) { return TextOf(entry, "event") == "index proved"; };
    bool goes_on = !before.empty() && std::ranges::none_of(before, ended);
    if (goes_on) {
      TRY(const auto begun, PlanFrom(before.front()));
      goes_on = SameWork(begun, plan);
    }
    if (!goes_on) TRY_OK(files::RemoveTree(folder));
  }
  TRY_OK(files::MakeFolders(folder));
  TRY(auto journal, Journal::Open(folder / "journal.jsonl", job.clock));
  if (journal.entries().empty()) TRY_OK(journal.Append("plan", ToJson(plan)));
  const files::Path path = folder / "tables.db";
  TRY(const auto specs, LocalSpecs(plan.tables, plan.to));
  TRY_OK(Mirror(op, {.remote = job.store,
                     .tables = specs,
                     .path = path,
                     .journal = &journal,
                     .limit = 0,
                     .limited = {},
                     .threads = job.options.remote_threads,
                     .on_progress = job.on_progress}));
  TRY(const auto store, items::OpenSqliteStore(path));
  if (job.hooks.list_objects && journal.Last("listed") == nullptr) {
    TRY_OK(job.hooks.list_objects(op, *store));
    TRY_OK(journal.Append("listed", {}));
  }
  TRY(const auto filled, index::Fill(op, SearchJob(job, plan, *store, journal, folder)));
  TRY_OK(items::RemoveSqliteStore(path));
  return ReindexOutcome{.summary = filled.Failure().empty()
                                       ? filled.Summary()
                                       : fmt::format("{}; {}", filled.Summary(), filled.Failure()),
                        .failed = filled.refused.size()};
}

}  // namespace

Result<ReindexOutcome> ReindexRemote(OpContext& op, const RemoteJob& job) {
  if (!job.config.opensearch.url.empty()) return ReindexSearch(op, job);
  if (job.config.reindex_function.empty())
    return Error(Code::kInvalid, fmt::format("{} names no reindexer function", job.config.file));
  if (!job.hooks.invoke) return Error(Code::kNotSupported, "functions cannot be called from here");
  return InvokeReindex(op, job.config, job.hooks.invoke);
}

Result<RemoteProof> VerifyRemote(OpContext& op, const RemoteJob& job) {
  Command command(op, job);
  TRY_OK(command.Take());
  const RemoteRecord* last = Earlier(command.records(), {});
  if (last == nullptr || last->stage != Stage::kFinished)
    return Error(Code::kConflict,
                 fmt::format("{} holds no finished run that could be verified", job.work.string()));
  RemoteProof proof;
  proof.report = ReportFor(last->plan, job.config, job.clock);
  proof.report.id = last->id;
  proof.report.folder = last->folder;
  TRY(const auto result, items::OpenSqliteStore(last->result(last->round()), {.read_only = true}));
  if (const auto intact = result->CheckIntegrity(op); intact.ok())
    proof.checks.emplace_back("the local copy of the result is intact");
  else
    proof.failures.push_back(intact.error().message);

  const auto tables = last->plan.WrittenTables();
  TRY(const auto source, items::OpenSqliteStore(last->source(1), {.read_only = true}));
  std::vector<items::ItemSource*> known;
  if (last->plan.limit > 0) known = {source.get(), result.get()};
  TRY(const auto digests, RemoteDigests(op, job.store, tables, job.options.remote_threads, known));
  std::vector<items::TableSpec> differing;
  std::uint64_t rows = 0;
  for (const auto& table : tables) {
    TRY(const auto wanted, LocalDigest(op, *result, table));
    if (digests.at(table) == wanted) {
      rows += wanted.count;
      continue;
    }
    TRY(differing.emplace_back(), SpecOfTable(table));
  }
  proof.checks.push_back(fmt::format("{} tables with {} rows hold what the run left there",
                                     tables.size() - differing.size(), rows));
  if (last->plan.search) TRY_OK(VerifySearch(op, job, *last, *result, proof));
  if (differing.empty()) return proof;

  TRY(const auto folder, files::TempFolder::Create(job.work, ".verify"));
  const files::Path path = folder.path() / "now.db";
  TRY(const auto read, Mirror(op, {.remote = job.store,
                                   .tables = differing,
                                   .path = path,
                                   .journal = nullptr,
                                   .limit = 0,
                                   .limited = {},
                                   .threads = job.options.remote_threads,
                                   .on_progress = job.on_progress}));
  TRY(const auto now, items::OpenSqliteStore(path, {.read_only = true}));
  for (const auto& spec : differing) {
    std::uint64_t more = 0, other = 0, fewer = 0;
    std::vector<std::string> samples;
    TRY_OK(ForEachDifference(op, *result, *now, spec.name, [&](const Difference& d) -> Status {
      const auto shown = d.before.empty() ? d.after : d.before;
      TRY(const bool ours, IsKnown(op, known, spec, shown));
      if (!ours) return Ok();
      ++(d.before.empty() ? more : d.after.empty() ? fewer : other);
      if (samples.size() == kShownRows) return Ok();
      TRY(const auto row, items::DecodeItem(shown));
      samples.push_back(items::DescribeKey(spec, items::KeyOf(spec, row)));
      return Ok();
    }));
    proof.changed.push_back(
        fmt::format("{}: {} rows more, {} changed, {} fewer than the run left, "
                    "such as {}",
                    spec.name, more, other, fewer, fmt::join(samples, ", ")));
  }
  return proof;
}

Result<RemoteRecord> CancelRemote(const files::Path& work, const Clock& clock) {
  TRY(const auto lock, files::FileLock::Acquire(work / "lock", "vams migrate cancel"));
  TRY(const auto records, RemoteRecords(work));
  for (const auto& record : records) {
    if (IsAtRest(record.stage) || record.stage == Stage::kReverting) continue;
    if (record.write_begun() || record.stage == Stage::kCutOver)
      return Error(Code::kConflict,
                   fmt::format("run {} has written rows already and cannot be given up; run its "
                               "command again to its end, then undo it with \"vams migrate "
                               "reverse\"",
                               record.id));
    TRY_OK(GiveUp(record, clock));
    return record;
  }
  return Error(Code::kNotFound,
               fmt::format("{} holds no unfinished run; nothing was changed", work.string()));
}

}  // namespace vams::migrate::remote
