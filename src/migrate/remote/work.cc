#include "migrate/remote/work.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <boost/json.hpp>
#include <set>

#include "base/fault_point.h"
#include "base/json.h"
#include "base/log.h"
#include "items/codec.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "migrate/compare.h"
#include "migrate/remote/apply_rows.h"
#include "migrate/remote/mirror.h"
#include "migrate/remote/reconcile.h"
#include "migrate/remote/search_phase.h"
#include "migrate/residue.h"
#include "tables/system_tables.h"

namespace vams::migrate::remote {

namespace json = boost::json;

namespace {

constexpr std::size_t kMostShown = 5;
constexpr std::size_t kWorkPage = 1000;

std::string RoundName(int round) { return std::to_string(round); }

std::vector<std::string> WithoutNothing(const Changes& changes,
                                        bool (TableChanges::*test)() const) {
  std::vector<std::string> tables;
  for (const auto& [table, change] : changes)
    if ((change.*test)()) tables.push_back(table);
  return tables;
}

}  // namespace

RemoteReport ReportFor(const RemotePlan& plan, const UpstreamConfig& config, const Clock& clock) {
  RemoteReport report;
  report.kind = plan.kind;
  report.config = config.file;
  report.from = plan.from;
  report.to = plan.to;
  report.dialect = plan.settings.dialect;
  for (const auto& leg : plan.path) report.path.push_back(NameOf(leg));
  report.tables = plan.tables;
  report.notices = config.notices;
  report.started_at = IsoMillis(clock.NowMillis());
  return report;
}

std::set<std::string, std::less<>> LimitedTables(const RemotePlan& plan) {
  if (plan.limit == 0) return {};
  std::set<std::string, std::less<>> limited;
  if (plan.kind != "migrate") {  // of a reversal: all that the run had to do with
    for (const auto& table : plan.WrittenTables()) limited.insert(table);
  }
  const auto older = std::min(plan.from, plan.to).ToString();
  if (older == "2.1")
    limited.insert({"AssetStorageTable", "DatabaseStorageTable", "CommentStorageTable",
                    "AssetLinksStorageTable"});
  if (older == "2.3")
    limited.insert({"AuthEntitiesTable", "MetadataStorageTable", "MetadataSchemaStorageTable"});
  if (older == "2.4")
    limited.insert({"AssetVersionsStorageTable", "AssetFileVersionsStorageTable",
                    "AssetFileMetadataVersionsStorageTable"});
  return limited;
}

Status RefuseBlind(const RemotePlan& plan) {
  constexpr std::string_view kAssets = "AssetStorageTable";
  if (plan.kind != "migrate" || plan.from.ToString() != "2.3" ||
      plan.settings.dialect == Dialect::kReference ||
      std::ranges::any_of(plan.tables, [&](const auto& t) { return t.canonical == kAssets; }))
    return Ok();
  return Error(Code::kInvalid,
               fmt::format("metadata of files is keyed by the assets that exist, and the "
                           "configuration does not name {0}; name it with --table "
                           "{0}=<physical name>, or repeat what upstream's script does with "
                           "--dialect reference; nothing was written",
                           kAssets));
}

Status RefuseUnnamed(OpContext& op, const RemotePlan& plan, items::ItemSource& source,
                     items::ItemSource& result) {
  std::set<std::string, std::less<>> written;
  for (const auto& leg : plan.path)
    for (const Phase* phase : leg.step->Phases(plan.settings.dialect))
      for (const auto table : WritesOf(phase->info(), leg.direction))
        if (!items::IsSystemTable(table)) written.emplace(table);
  std::string problems;
  for (const auto& table : written) {
    if (std::ranges::any_of(plan.tables, [&](const auto& t) { return t.canonical == table; }))
      continue;
    std::uint64_t rows = 0;
    TRY_OK(ForEachDifference(op, source, result, table, [&](const Difference&) {
      ++rows;
      return Ok();
    }));
    if (rows > 0)
      problems += fmt::format("\n  - {} rows for {}; name it with --table {}=<physical name>", rows,
                              table, table);
  }
  if (problems.empty()) return Ok();
  return Error(Code::kInvalid,
               fmt::format("the step makes rows for tables that the configuration does not name; "
                           "nothing was written:{}",
                           problems));
}

Status CopyBeside(OpContext& op, items::ItemSource& from, items::ItemStore& into,
                  const std::function<bool(std::string_view scope)>& wanted) {
  for (const auto table : {tables::kResidueTable, tables::kFindingsTable}) {
    const auto there = from.Table(op, table);
    if (!there.ok() && there.error().code == Code::kNotFound) continue;
    if (!there.ok()) return there.error();
    TRY(const auto loader, into.OpenBulkLoad(op, table, {.name = "beside"}));
    std::string after;
    do {
      TRY_OK(op.Check());
      // As they are: a residue may be larger than any item of a table.
      TRY(after, from.ScanEncoded(
                     op, table, {}, after, kWorkPage, [&](std::string_view encoded) -> Status {
                       TRY(const auto row, items::DecodeItem(encoded));
                       return wanted(row.Text("scope")) ? loader->AddEncoded(op, encoded) : Ok();
                     }));
    } while (!after.empty());
    TRY_OK(loader->Finish(op));
  }
  return Ok();
}

Status BringBeside(OpContext& op, const Before& before, const RemotePlan& plan,
                   items::ItemStore& into) {
  const auto& step = *plan.path.front().step;
  const std::string own = fmt::format("{}-{} ", step.from().ToString(), step.to().ToString());
  const auto of_step = [&](std::string_view scope) { return scope.starts_with(own); };
  const auto copy = [&](const RemoteRecord* run, const auto& wanted) -> Status {
    if (run == nullptr) return Ok();
    TRY(const auto result, items::OpenSqliteStore(run->result(run->round()), {.read_only = true}));
    return CopyBeside(op, *result, into, wanted);
  };
  if (before.undone == nullptr) return copy(before.newest, [](std::string_view) { return true; });
  TRY_OK(copy(before.newest, [&](std::string_view scope) { return !of_step(scope); }));
  return copy(before.undone, of_step);
}

std::optional<KnownRows> KnownTo(const Before& before, const RemotePlan& plan) {
  if (plan.limit == 0 || before.undone == nullptr) return std::nullopt;
  return KnownRows{before.undone->source(1), before.undone->result(before.undone->round())};
}

Result<std::map<std::string, std::uint64_t>> ReadInto(OpContext& op, const RemoteJob& job,
                                                      const RemotePlan& plan,
                                                      const std::optional<KnownRows>& known,
                                                      const files::Path& path, Journal* journal) {
  TRY(auto specs, LocalSpecs(plan.tables, plan.path.front().from()));
  const auto limited = LimitedTables(plan);
  std::vector<items::TableSpec> by_key;
  if (known) {
    for (const auto& spec : specs)
      if (limited.contains(spec.name)) by_key.push_back(spec);
    std::erase_if(specs, [&](const auto& spec) { return limited.contains(spec.name); });
  }
  TRY(auto rows, Mirror(op, {.remote = job.store,
                             .tables = specs,
                             .path = path,
                             .journal = journal,
                             .limit = known ? 0 : plan.limit,
                             .limited = limited,
                             .threads = job.options.remote_threads,
                             .on_progress = job.on_progress}));
  if (by_key.empty()) return rows;
  TRY(const auto before, items::OpenSqliteStore(known->before, {.read_only = true}));
  TRY(const auto after, items::OpenSqliteStore(known->after, {.read_only = true}));
  TRY_OK(MirrorKnown(op, job.store, by_key, {before.get(), after.get()}, path));
  return rows;
}

Result<RemoteReport> Worker::Run(bool resumed) {
  const auto start = std::chrono::steady_clock::now();
  report_ = ReportFor(record_.plan, job_.config, job_.clock);
  report_.id = record_.id;
  report_.folder = record_.folder;
  report_.resumed = resumed;
  TRY(auto journal, Journal::Open(record_.journal(), job_.clock));
  journal_.emplace(std::move(journal));
  Status done = Steps();
  record_.entries = journal_->entries();
  record_.stage = journal_->stage().value_or(Stage::kPlanned);
  report_.millis = std::chrono::duration_cast<std::chrono::milliseconds>(
                       std::chrono::steady_clock::now() - start)
                       .count();
  report_.finished_at = IsoMillis(job_.clock.NowMillis());
  if (!done.ok()) return Stopped(std::move(done).error());
  return std::move(report_);
}

Status Worker::Steps() {
  const int round = record_.round();
  const bool cut_over = journal_->stage() == Stage::kCutOver;
  report_.rounds = round;
  TRY_OK(CheckSearch(op_, job_, record_.plan, report_));
  if (!record_.plan.path.empty()) {
    if (!cut_over) {
      TRY_OK(RefuseBlind(record_.plan));
      TRY_OK(CheckTables(op_, job_.store, record_.plan.tables, job_.config.file));
      TRY_OK(MoveTo(Stage::kCopying));
      TRY_OK(ReadTables(round));
      if (round == 1) TRY_OK(Complete());
      if (round > 1) TRY_OK(TakeIn(round));
    }
    TRY_OK(BuildResult(round));
    if (job_.options.strict && report_.quarantined() > 0 && !record_.write_begun()) {
      report_.strict_stop = true;
      return Ok();
    }
    TRY_OK(Settle(round));
    if (!cut_over) {
      TRY_OK(MoveTo(Stage::kCopied));
      TRY_OK(MoveTo(Stage::kVerified));
      TRY_OK(Write(round));
    }
    report_.proved.clear();
    for (const auto& [table, change] : report_.changes) report_.proved[table] = change.after;
    TRY_OK(MoveTo(Stage::kCutOver));
    VAMS_POINT("migrate.remote.cut_over");
    TRY_OK(Reindex());
  } else {
    TRY_OK(MoveTo(Stage::kCopying));
    TRY_OK(Reindex());
    if (report_.reindex_failed) return *report_.reindex_failed;
    for (const auto stage : {Stage::kCopied, Stage::kVerified, Stage::kCutOver})
      TRY_OK(MoveTo(stage));
  }
  return Finish();
}

// Stages are passed through once; an attempt that finds the journal further on moves nothing.
Status Worker::MoveTo(Stage stage) {
  const auto now = journal_->stage();
  if (now && (*now == stage || !MayMove(*now, stage))) return Ok();
  return journal_->MoveTo(stage);
}

Result<std::unique_ptr<items::ItemStore>> Worker::Open(const files::Path& path, bool write) const {
  return items::OpenSqliteStore(path, {.read_only = !write});
}

// ---- From the remote tables to a result on this machine

Status Worker::ReadTables(int round) {
  const std::string name = RoundName(round);
  if (journal_->Last("read all", name) != nullptr) return Ok();
  const bool again = record_.plan.limit > 0 && round > 1;
  const auto known =
      again ? std::optional(KnownRows{record_.source(round - 1), record_.result(round - 1)})
            : KnownTo(before_, record_.plan);
  TRY(report_.read, ReadInto(op_, job_, record_.plan, known, record_.now(round), &*journal_));
  if (round == 1) {
    TRY(const auto source, Open(record_.now(1), true));
    TRY_OK(BringBeside(op_, before_, record_.plan, *source));
    if (job_.hooks.list_objects) TRY_OK(job_.hooks.list_objects(op_, *source));
  }
  VAMS_POINT("migrate.remote.read_all");
  return journal_->Append("read all", {{"leg", name}});
}

// What the server had refused to take belongs to the state that a reversal goes back from: without
// it, the way back would find these records removed.
Status Worker::Complete() {
  if (before_.undone == nullptr || journal_->Last("completed") != nullptr) return Ok();
  const files::Path path = record_.folder / "start.db";
  std::vector<items::Write> refused;
  {
    TRY(const auto source, Open(record_.now(1), false));
    std::string after;
    do {
      TRY(auto page, source->Scan(op_, tables::kFindingsTable, {}, after, kWorkPage));
      for (const auto& row : page.items) {
        TRY(auto finding, FindingFrom(row));
        if (finding.kind != FindingKind::kQuarantined || finding.remark.code != kRefusedCode)
          continue;
        TRY(const auto spec, SpecOfTable(finding.remark.table));
        const auto key = items::KeyOf(spec, finding.remark.record);
        if (!source->Get(op_, spec.name, key).ok())
          refused.push_back(items::Write::Put(spec.name, std::move(finding.remark.record)));
      }
      after = std::move(page.next);
    } while (!after.empty());
  }
  if (refused.empty()) return Ok();
  TRY_OK(items::RemoveSqliteStore(path));
  TRY_OK(items::CloneSqliteStore(op_, record_.now(1), path));
  {
    TRY(const auto start, Open(path, true));
    for (const auto& write : refused) TRY_OK(start->Commit(op_, std::span(&write, 1)));
  }
  TRY_OK(journal_->Append("completed", {{"rows", refused.size()}}));
  record_.entries = journal_->entries();
  return Ok();
}

// The rows of others that the round before did not know of become part of what this one starts
// from.
Status Worker::TakeIn(int round) {
  const std::string name = RoundName(round);
  if (journal_->Last("taken in", name) != nullptr) return Ok();
  TRY_OK(items::RemoveSqliteStore(record_.source(round)));
  TRY_OK(items::CloneSqliteStore(op_, record_.source(round - 1), record_.source(round)));
  TRY(const auto before, Open(record_.source(round - 1), false));
  TRY(const auto result, Open(record_.result(round - 1), false));
  TRY(const auto now, Open(record_.now(round), false));
  TRY(const auto source, Open(record_.source(round), true));
  TRY(const auto applied, AppliedRows::Read(*journal_, RoundName(round - 1)));
  std::vector<std::string> names;
  for (const auto& table : record_.plan.tables) names.push_back(table.canonical);
  TRY(const auto taken, TakeForeign(op_, {.source = *before, .result = *result, .now = *now}, names,
                                    applied, Foreign::Kind::kBefore, *source));
  VAMS_POINT("migrate.remote.taken_in");
  return journal_->Append("taken in", {{"leg", name}, {"rows", taken}});
}

Status Worker::BuildResult(int round) {
  TRY_OK(files::MakeFolders(record_.build(round)));
  TRY(auto journal, Journal::Open(record_.build(round) / "journal.jsonl", job_.clock));
  TRY(auto built, Build(op_, {.path = record_.plan.path,
                              .settings = record_.plan.settings,
                              .source = record_.source(round),
                              .work = record_.build(round),
                              .journal = &journal,
                              .count_only = false,
                              .threads = job_.options.threads,
                              .on_progress = job_.on_progress}));
  report_.legs = std::move(built.legs);
  report_.verifications = std::move(built.verifications);
  VAMS_POINT("migrate.remote.built");
  return Ok();
}

// Makes the result exactly what the remote tables are to hold, and counts what there is to do.
Status Worker::Settle(int round) {
  const std::string name = RoundName(round);
  const auto tables = record_.plan.WrittenTables();
  TRY(const auto now, Open(record_.now(round), false));
  TRY(const auto result, Open(record_.result(round), true));
  for (const auto& table : tables) report_.changes[table] = {};
  if (const auto* settled = journal_->Last("settled", name); settled != nullptr) {
    for (auto& [table, change] : report_.changes)
      change.kept = NumberOf(settled->at("kept").as_object(), table);
  } else {
    std::uint64_t edited = 0;
    if (round > 1) {
      TRY(const auto before, Open(record_.source(round - 1), false));
      TRY(const auto wanted, Open(record_.result(round - 1), false));
      TRY(const auto applied, AppliedRows::Read(*journal_, RoundName(round - 1)));
      TRY(edited, TakeForeign(op_, {.source = *before, .result = *wanted, .now = *now}, tables,
                              applied, Foreign::Kind::kAfter, *result));
    }
    TRY(const auto source, Open(record_.source(round), false));
    TRY_OK(RefuseUnnamed(op_, record_.plan, *source, *result));
    TRY_OK(KeepQuarantined(op_, *now, *result, tables, report_.changes));
    json::object kept;
    for (const auto& [table, change] : report_.changes) kept[table] = change.kept;
    TRY_OK(journal_->Append("settled",
                            {{"leg", name}, {"kept", std::move(kept)}, {"edited", edited}}));
  }
  for (const auto& entry : journal_->entries())
    if (TextOf(entry, "event") == "settled" && NumberOf(entry, "edited") > 0)
      report_.notices.push_back(fmt::format(
          "{} rows were changed by somebody else after they had been migrated; they stay as they "
          "were changed",
          NumberOf(entry, "edited")));
  return CountChanges(op_, *now, *result, tables, report_.changes);
}

// ---- From the result to the remote tables

Status Worker::Protect(const Changes& changes) {
  const std::string copy =
      fmt::format("{} holds what every row was before", record_.now(1).string());
  for (const auto& table : WithoutNothing(changes, &TableChanges::in_place)) {
    if (const auto* done = journal_->Last("protected", {}, table); done != nullptr) {
      report_.protections.push_back(fmt::format("{}: {}", table, TextOf(*done, "how")));
      continue;
    }
    std::string how;
    if (job_.options.skip_backup) {
      how = "no backup, as asked; " + copy;
    } else if (!job_.hooks.protect) {
      how = copy;
    } else {
      auto protection = job_.hooks.protect(op_, table);
      if (!protection.ok() && protection.error().code != Code::kNotSupported)
        return std::move(protection)
            .error()
            .With(fmt::format(
                "{} is changed in place and cannot be backed up (--skip-backup goes without)",
                table));
      how = protection.ok() ? *protection
                            : fmt::format("the server has no backups ({}); {}",
                                          protection.error().message, copy);
    }
    TRY_OK(journal_->Append("protected", {{"phase", table}, {"how", how}}));
    report_.protections.push_back(fmt::format("{}: {}", table, how));
  }
  return Ok();
}

Status Worker::Write(int round) {
  const std::string name = RoundName(round);
  TRY_OK(Protect(report_.changes));
  TRY(const auto now, Open(record_.now(round), false));
  TRY(const auto result, Open(record_.result(round), true));
  const auto tables = record_.plan.WrittenTables();
  const ApplyJob apply{
      .remote = job_.store,
      .base = *now,
      .target = *result,
      .tables = tables,
      .journal = *journal_,
      .round = name,
      .scope = ScopeOf(*record_.plan.path.front().step, record_.plan.path.front().direction),
      .may_write = [this] { return lock_ != nullptr ? lock_->Held() : Ok(); },
      .on_progress = job_.on_progress};
  if (journal_->Last("writing", name) == nullptr) {
    VAMS_POINT("migrate.remote.before_writing");
    TRY_OK(journal_->Append("writing", {{"leg", name}, {"changes", ToJson(report_.changes)}}));
  }
  TRY(const auto written, ApplyWrites(op_, apply));
  // Whatever an attempt before this one has met counts as well.
  std::uint64_t conflicts = 0;
  std::vector<std::string> rows;
  for (const auto& entry : journal_->entries()) {
    if (TextOf(entry, "event") == "refused") ++report_.refused;
    if (TextOf(entry, "event") != "conflict" || TextOf(entry, "leg") != name) continue;
    ++conflicts;
    if (rows.size() < kMostShown) rows.push_back(TextOf(entry, "row"));
  }
  if (conflicts > 0)
    return EndRound(round, fmt::format("{} rows were changed by somebody else meanwhile and were "
                                       "left alone, such as {}",
                                       conflicts, fmt::join(rows, ", ")));
  TRY_OK(CountChanges(op_, *now, *result, tables, report_.changes));  // without what was refused
  if (std::ranges::any_of(report_.changes, [](const auto& c) { return c.second.removed > 0; }))
    TRY_OK(Remove(round, apply));
  VAMS_POINT("migrate.remote.before_proof");
  return Prove(round, false);
}

// Old rows go only when the new ones are proved to be there.
Status Worker::Remove(int round, const ApplyJob& apply) {
  const std::string name = RoundName(round);
  if (journal_->Last("removing", name) == nullptr) {
    TRY_OK(Prove(round, true));
    TRY_OK(journal_->Append("removing", {{"leg", name}}));
  }
  TRY(const auto removed, ApplyRemovals(op_, apply));
  if (removed.conflicts == 0) return Ok();
  return EndRound(round, fmt::format("{} rows that were to be replaced were changed by somebody "
                                     "else meanwhile and were left alone, such as {}",
                                     removed.conflicts, fmt::join(removed.samples, ", ")));
}

Status Worker::Prove(int round, bool before_removal) {
  if (job_.on_progress)
    job_.on_progress({.leg = "prove", .phase = "read the tables again", .done = 0, .total = 0});
  TRY(const auto now, Open(record_.now(round), false));
  TRY(const auto result, Open(record_.result(round), false));
  std::vector<items::ItemSource*> known;
  if (record_.plan.limit > 0) known = {now.get(), result.get()};
  const auto tables = record_.plan.WrittenTables();
  TRY(const auto digests,
      RemoteDigests(op_, job_.store, tables, job_.options.remote_threads, known));
  std::vector<items::TableSpec> differing;
  for (const auto& table : tables) {
    const auto& change = report_.changes[table];
    if (digests.at(table) == (before_removal ? change.before_removal : change.after)) continue;
    TRY(differing.emplace_back(), SpecOfTable(table));
  }
  if (differing.empty()) return Ok();

  // Which rows: read them once more, to compare.
  const files::Path path = record_.folder / "check.db";
  TRY_OK(items::RemoveSqliteStore(path));
  TRY(const auto rows, Mirror(op_, {.remote = job_.store,
                                    .tables = differing,
                                    .path = path,
                                    .journal = nullptr,
                                    .limit = 0,
                                    .limited = {},
                                    .threads = job_.options.remote_threads,
                                    .on_progress = job_.on_progress}));
  std::string text;
  {
    TRY(const auto check, Open(path, false));
    for (const auto& spec : differing) {
      std::uint64_t count = 0;
      std::vector<std::string> samples;
      TRY_OK(ForEachDifference(op_, *result, *check, spec.name, [&](const Difference& d) -> Status {
        const auto shown = d.before.empty() ? d.after : d.before;
        TRY(const bool ours, IsKnown(op_, known, spec, shown));
        if (!ours) return Ok();
        TRY(const auto row, items::DecodeItem(shown));
        const auto key = items::KeyOf(spec, row);
        if (before_removal && d.before.empty())
          if (const auto old = now->Get(op_, spec.name, key); old.ok() && *old == row) return Ok();
        ++count;
        if (samples.size() < kMostShown) samples.push_back(items::DescribeKey(spec, key));
        return Ok();
      }));
      text += fmt::format("{}{} rows of {} are not what was written, such as {}",
                          text.empty() ? "" : "; ", count, spec.name, fmt::join(samples, ", "));
    }
  }
  TRY_OK(items::RemoveSqliteStore(path));
  return EndRound(round, text +
                             ": somebody else has written to the tables meanwhile, or the "
                             "server has not kept what it was given");
}

Status Worker::EndRound(int round, const std::string& why) {
  TRY_OK(journal_->Append("round over", {{"leg", RoundName(round)}, {"why", why}}));
  return Error(Code::kConflict, fmt::format("{}. The next run reads the tables again, takes these "
                                            "rows in, and goes on",
                                            why));
}

// ---- The end

Status Worker::Reindex() {
  if (record_.plan.search) return FillSearch();
  if (record_.plan.reindex_function.empty() || record_.plan.kind != "migrate") return Ok();
  const std::string& function = record_.plan.reindex_function;
  if (!job_.hooks.invoke) {
    report_.notices.push_back(
        fmt::format("function {} was not called, so search is not filled again", function));
    return Ok();
  }
  const auto failed = [&](std::string why) {
    report_.reindex_failed = Error(
        Code::kInternal,
        fmt::format("{}the reindex failed: {}; run it again with \"vams migrate reindex --config "
                    "{}\"",
                    record_.plan.path.empty() ? "" : "the data is migrated and proved; ", why,
                    job_.config.file));
  };
  if (const auto* done = journal_->Last("reindexed"); done != nullptr) {
    report_.reindex = TextOf(*done, "answer");
  } else if (const auto* told = journal_->Last("reindex failed"); told != nullptr) {
    failed(TextOf(*told, "why"));
  } else if (journal_->Last("reindexing") != nullptr) {
    failed(
        fmt::format("it was begun and this process ended before {} answered; it was not called "
                    "a second time",
                    function));
  } else {
    TRY_OK(journal_->Append("reindexing", {{"function", function}}));
    VAMS_POINT("migrate.remote.reindexing");
    const auto outcome = InvokeReindex(op_, job_.config, job_.hooks.invoke);
    VAMS_POINT("migrate.remote.reindexed");
    if (outcome.ok()) {
      report_.reindex = outcome->summary;
      return journal_->Append("reindexed", {{"answer", outcome->summary}});
    }
    failed(outcome.error().message);
    return journal_->Append("reindex failed", {{"why", outcome.error().message}});
  }
  return Ok();
}

Status Worker::Finish() {
  const int round = record_.round();
  report_.finished = true;
  report_.finished_at = IsoMillis(job_.clock.NowMillis());
  TRY_OK(files::WriteAtomically(record_.folder / "report.json",
                                json::serialize(ToJson(report_)) + "\n"));
  TRY_OK(files::WriteAtomically(record_.folder / "report.html", HtmlReport(report_)));
  VAMS_POINT("migrate.remote.reported");
  if (!record_.plan.reverses.empty()) {
    TRY(auto original,
        Journal::Open(record_.folder.parent_path() / record_.plan.reverses / "journal.jsonl",
                      job_.clock));
    if (original.stage() != Stage::kReverted) TRY_OK(original.MoveTo(Stage::kReverted));
  }
  VAMS_POINT("migrate.remote.before_finished");
  TRY_OK(MoveTo(Stage::kFinished));
  // Nothing needs the rounds before the last any more; source.db and the result stay.
  for (int old = 2; old <= round; ++old)
    for (const Status& removed :
         {items::RemoveSqliteStore(record_.now(old)), items::RemoveSqliteStore(record_.source(old)),
          files::RemoveTree(record_.build(old - 1))})
      if (!removed.ok()) LogWarning(removed.error().message);
  return Ok();
}

Result<RemoteReport> Worker::Stopped(Error error) {
  const bool for_good = error.code == Code::kCorrupt || error.code == Code::kConflict ||
                        error.code == Code::kInvalid || record_.plan.path.empty();
  if (for_good && !record_.write_begun()) {
    if (MayMove(*journal_->stage(), Stage::kCancelled)) TRY_OK(journal_->MoveTo(Stage::kCancelled));
    TRY_OK(items::RemoveSqliteStore(record_.now(1)));
    TRY_OK(files::RemoveTree(record_.build(1)));
    return error;
  }
  error.message +=
      fmt::format("; what is done so far is kept in {}; run the same command again to go on{}",
                  record_.folder.string(),
                  record_.write_begun() ? "" : ", or give it up with \"vams migrate cancel\"");
  report_.interrupted = std::move(error);
  return std::move(report_);
}

}  // namespace vams::migrate::remote
