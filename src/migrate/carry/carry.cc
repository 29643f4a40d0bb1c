#include "migrate/carry/carry.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>

#include "base/fault_point.h"
#include "items/codec.h"
#include "items/sqlite/clone.h"
#include "items/sqlite/sqlite_store.h"
#include "migrate/carry/apply.h"
#include "migrate/carry/gather.h"
#include "migrate/carry/subjects.h"
#include "migrate/carry/touched.h"
#include "migrate/compare.h"
#include "migrate/residue.h"
#include "migrate/unit.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate {

namespace json = boost::json;
using carry::Applier;
using carry::GatherJob;
using carry::SmallStore;
using carry::Subjects;
using carry::Touched;
using items::Item;

namespace {

// Subjects that are few may be many records; more rounds than this mean that nearly all belong
// together.
constexpr int kMostRounds = 4;

bool IsKept(std::string_view table) {
  return table == tables::kResidueTable || table == tables::kFindingsTable;
}

class Carrier {
 public:
  Carrier(OpContext& op, const CarryJob& job)
      : op_(op),
        job_(job),
        tables_(carry::TablesOfPath(job.path, job.settings.dialect)),
        applier_(job.target, outcome_) {}

  Result<CarryOutcome> Run() {
    if (!job_.path.empty() && job_.settings.dialect == Dialect::kReference) {
      // Upstream's scripts look at more than the subjects of a record; nobody keeps working on
      // their results.
      outcome_.whole = "the reference dialect transforms everything at once";
      return std::move(outcome_);
    }
    if (!AllReleased()) {
      outcome_.whole = "a repair is undone as a whole";
      return std::move(outcome_);
    }
    TRY(auto prefixes, job_.path.empty() ? Result<carry::Prefixes>(carry::Prefixes())
                                         : carry::ReadPrefixes(op_, job_));
    const Subjects subjects(std::move(prefixes));
    Tell("change log", 0);
    TRY(auto touched, carry::FindTouched(op_, job_, subjects, tables_));
    outcome_.changes = touched.changes;
    outcome_.system_changes = touched.system_changes;
    outcome_.whole = touched.whole;
    if (outcome_.whole.empty() && !touched.names.empty()) TRY_OK(Transform(subjects, touched));
    if (!outcome_.whole.empty()) return std::move(outcome_);
    TRY_OK(Replay());
    TRY_OK(applier_.Flush(op_));
    VAMS_POINT("carry.written");
    Tell("verify", outcome_.rows());
    TRY_OK(applier_.Verify(op_));
    return std::move(outcome_);
  }

 private:
  // Subjects are known of the steps between versions.
  bool AllReleased() const {
    const auto steps = AllSteps();
    return std::ranges::all_of(job_.path, [&](const Leg& leg) {
      return std::ranges::find(steps, leg.step) != steps.end();
    });
  }

  files::Path Before() const { return job_.work / "carry-before.db"; }
  files::Path Part() const { return job_.work / "carry-part.db"; }

  Status RemoveStores() {
    TRY_OK(items::RemoveSqliteStore(Before()));
    TRY_OK(items::RemoveSqliteStore(Part()));
    return RemoveBuild(job_.work);
  }

  // ---- What the steps touch

  Status Transform(const Subjects& subjects, Touched& touched) {
    TRY_OK(RemoveStores());
    TRY_OK(CloseUnits(subjects, touched));
    if (!outcome_.whole.empty()) return Ok();
    outcome_.subjects = touched.names.size();
    Tell("records of what changed", outcome_.subjects);
    TRY_OK(Fill(subjects, touched, job_.source, Part(), true));
    TRY_OK(Fill(subjects, touched, job_.target, Before(), false));
    VAMS_POINT("carry.gathered");
    Settings settings = job_.settings;
    settings.quarantine_ambiguous = true;
    TRY(const auto built, Build(op_, {.path = job_.path,
                                      .settings = settings,
                                      .source = Part(),
                                      .work = job_.work,
                                      .threads = job_.threads,
                                      .on_progress = job_.on_progress}));
    VAMS_POINT("carry.transformed");
    {
      TRY(const auto before, items::OpenSqliteStore(Before(), {.read_only = true}));
      TRY(const auto after, items::OpenSqliteStore(built.result, {.read_only = true}));
      for (const auto& table : tables_) TRY_OK(Replace(subjects, touched, *before, *after, table));
      for (const auto table : {tables::kResidueTable, tables::kFindingsTable})
        TRY_OK(Replace(subjects, touched, *before, *after, table));
    }
    return RemoveStores();
  }

  Status CloseUnits(const Subjects& subjects, Touched& touched) {
    for (int round = 0; round < kMostRounds; ++round) {
      bool more = false;
      for (items::ItemSource* store :
           {&job_.source, static_cast<items::ItemSource*>(&job_.target)}) {
        TRY(const bool grew, carry::Close(op_, JobOn(subjects, *store, nullptr), touched));
        more = more || grew;
      }
      if (!more) return Ok();
    }
    outcome_.whole = "what was changed belongs together with nearly everything";
    return Ok();
  }

  GatherJob JobOn(const Subjects& subjects, items::ItemSource& store, SmallStore* into) const {
    return {.path = job_.path,
            .tables = tables_,
            .subjects = subjects,
            .source = store,
            .into = into,
            .context = false,
            .threads = job_.threads};
  }

  Status Fill(const Subjects& subjects, const Touched& touched, items::ItemSource& from,
              const files::Path& path, bool context) {
    TRY(const auto small, SmallStore::Create(op_, path, from));
    auto job = JobOn(subjects, from, small.get());
    job.context = context;
    TRY_OK(carry::Gather(op_, job, touched));
    return small->Finish(op_);
  }

  // Whether a row of a small store is of the subjects, or only there to be looked at.
  Result<bool> IsCarried(const Subjects& subjects, const Touched& touched, std::string_view table,
                         const Item& row) const {
    if (!IsKept(table)) return subjects.AnyOf(table, row, touched.names);
    return carry::IsKeptOf(job_.path, subjects, touched.names, table, row);
  }

  Status Replace(const Subjects& subjects, const Touched& touched, items::ItemSource& before,
                 items::ItemSource& after, std::string_view table) {
    auto spec = after.Table(op_, table);
    if (!spec.ok() && spec.error().code == Code::kNotFound) spec = before.Table(op_, table);
    if (!spec.ok() && spec.error().code == Code::kNotFound) return Ok();
    if (!spec.ok()) return std::move(spec).error();
    return ForEachDifference(
        op_, before, after, table, [&](const Difference& difference) -> Status {
          const bool gone = difference.after.empty();
          TRY(auto row, items::DecodeItem(gone ? difference.before : difference.after));
          TRY(const bool carried, IsCarried(subjects, touched, table, row));
          if (!carried) return Ok();
          if (!gone) CountKept(table, row);
          const Item key = items::KeyOf(*spec, row);
          return applier_.Set(op_, *spec, key,
                              gone ? std::optional<Item>() : std::optional(std::move(row)));
        });
  }

  void CountKept(std::string_view table, const Item& row) {
    if (table == tables::kResidueTable) ++outcome_.residue;
    if (table != tables::kFindingsTable) return;
    ++(row.Text("scope").ends_with("quarantine") ? outcome_.quarantined : outcome_.notes);
  }

  // ---- What no step touches

  Status Replay() {
    return carry::ForEachChange(op_, job_, [&](const items::ChangePage& page) -> Status {
      for (const auto& change : page.changes) {
        if (tables_.contains(change.table) || IsKept(change.table)) continue;
        TRY(const auto* spec, SpecOf(change.table));
        if (spec == nullptr) continue;  // the table was dropped since
        std::optional<Item> after = change.after;
        if (!change.has_images && change.op == items::Change::Op::kPut) {
          auto now = job_.source.Get(op_, change.table, change.key);
          if (!now.ok() && now.error().code != Code::kNotFound) return std::move(now).error();
          if (now.ok()) after = *std::move(now);
        }
        TRY_OK(applier_.Set(op_, *spec, change.key, std::move(after)));
      }
      TRY_OK(applier_.Flush(op_));
      done_ += page.changes.size();
      Tell("replay", done_);
      return Ok();
    });
  }

  Result<const items::TableSpec*> SpecOf(const std::string& table) {
    auto found = specs_.find(table);
    if (found == specs_.end()) {
      auto spec = job_.source.Table(op_, table);
      if (!spec.ok() && spec.error().code != Code::kNotFound) return std::move(spec).error();
      found = specs_
                  .emplace(table, spec.ok() ? std::optional(*std::move(spec))
                                            : std::optional<items::TableSpec>())
                  .first;
      // Between two versions the indexes of a table may differ.
      const auto* known = job_.path.empty() ? nullptr : SpecFor(table, job_.path.back().to());
      if (known != nullptr && found->second) found->second = *known;
    }
    return found->second ? &*found->second : nullptr;
  }

  void Tell(std::string_view phase, std::uint64_t done) const {
    if (job_.on_progress)
      job_.on_progress({.leg = "carry", .phase = phase, .done = done, .total = outcome_.changes});
  }

  OpContext& op_;
  const CarryJob& job_;
  const std::set<std::string, std::less<>> tables_;
  CarryOutcome outcome_;
  Applier applier_;
  std::map<std::string, std::optional<items::TableSpec>> specs_;
  std::uint64_t done_ = 0;
};

}  // namespace

std::uint64_t CarryOutcome::rows() const {
  std::uint64_t rows = 0;
  for (const auto& [table, counts] : tables) rows += counts.rows();
  return rows;
}

Result<CarryOutcome> Carry(OpContext& op, const CarryJob& job) { return Carrier(op, job).Run(); }

json::object ToJson(const CarryOutcome& outcome) {
  json::object by_table;
  for (const auto& [table, counts] : outcome.tables)
    by_table[table] = json::object{
        {"added", counts.added}, {"changed", counts.changed}, {"removed", counts.removed}};
  return {{"changes", outcome.changes},   {"systemChanges", outcome.system_changes},
          {"subjects", outcome.subjects}, {"tables", std::move(by_table)},
          {"rows", outcome.rows()},       {"systemRows", outcome.system_rows},
          {"residue", outcome.residue},   {"quarantined", outcome.quarantined},
          {"notes", outcome.notes},       {"verifiedRows", outcome.verified}};
}

}  // namespace vams::migrate
