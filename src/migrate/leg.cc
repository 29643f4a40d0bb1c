#include "migrate/leg.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>
#include <set>

#include "base/fault_point.h"
#include "base/json.h"
#include "items/codec.h"
#include "migrate/residue.h"
#include "migrate/unit.h"
#include "tables/system_tables.h"
#include "tables/tables.h"

namespace vams::migrate {

namespace json = boost::json;

namespace {

// Carries a table over record by record, because its indexes differ between the versions.
class CarryOver final : public Phase {
 public:
  CarryOver(std::string_view table, Direction direction) : name_(fmt::format("carry {}", table)) {
    info_.name = name_;
    info_.what = "Carry the table over and build the indexes of the new version";
    const std::vector<std::string_view> tables = {table};
    (direction == Direction::kUp ? info_.reads_up : info_.reads_down) = tables;
    (direction == Direction::kUp ? info_.writes_up : info_.writes_down) = tables;
  }
  const PhaseInfo& info() const override { return info_; }
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) out.Put(record.table, record.item);
    return Ok();
  }
  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    return Forward(unit, cx, out);
  }

 private:
  const std::string name_;
  PhaseInfo info_;
};

// Takes a table that the destination version does not have and no phase reads into the residue:
// makes nothing of its records, so all of each is lost to the inverse.
class SetAside final : public Phase {
 public:
  SetAside(std::string_view table, Direction direction) : name_(fmt::format("keep {}", table)) {
    info_.name = name_;
    info_.what = "Keep the records of a table that the new version does not have";
    const std::vector<std::string_view> tables = {table};
    (direction == Direction::kUp ? info_.reads_up : info_.reads_down) = tables;
    (direction == Direction::kUp ? info_.writes_down : info_.writes_up) = tables;
  }
  const PhaseInfo& info() const override { return info_; }
  Status Forward(const Unit&, const Context&, Output&) const override { return Ok(); }
  Status Inverse(const Unit&, const Context&, Output&) const override { return Ok(); }

 private:
  const std::string name_;
  PhaseInfo info_;
};

// Keeps the residue and findings of other steps; what the opposite direction of this step left is
// used up, and what an earlier run in this direction left is replaced.
class KeepOthers final : public Phase {
 public:
  KeepOthers(std::string_view table, const Leg& leg) : name_(fmt::format("keep {}", table)) {
    info_.name = name_;
    info_.what = "Keep what other steps have left";
    const std::vector<std::string_view> tables = {table};
    (leg.direction == Direction::kUp ? info_.reads_up : info_.reads_down) = tables;
    (leg.direction == Direction::kUp ? info_.writes_up : info_.writes_down) = tables;
    prefix_ = fmt::format("{}-{} ", leg.step->from().ToString(), leg.step->to().ToString());
  }
  const PhaseInfo& info() const override { return info_; }
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records)
      if (!record.item.Text("scope").starts_with(prefix_)) out.Put(record.table, record.item);
    return Ok();
  }
  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    return Forward(unit, cx, out);
  }

 private:
  const std::string name_;
  PhaseInfo info_;
  std::string prefix_;  // "2.4-2.5 "
};

class LegRun {
 public:
  LegRun(OpContext& op, const LegJob& job)
      : op_(op), job_(job), step_(*job.leg.step), name_(NameOf(job.leg)) {}

  Result<LegOutcome> Run() {
    LegOutcome outcome;
    outcome.name = name_;
    TRY_OK(PlanPhases());
    TRY_OK(PrepareDestination());
    for (const Phase* phase : phases_) {
      TRY(auto done, RunOne(*phase));
      for (const auto table : WritesOf(phase->info(), job_.leg.direction))
        if (!items::IsSystemTable(table)) outcome.expected[std::string(table)];
      for (const auto& [table, digest] : done.put)
        if (!items::IsSystemTable(table)) outcome.expected[table].Add(digest);
      outcome.phases.push_back(std::move(done));
    }
    TRY_OK(RestoreWhole(outcome));
    return outcome;
  }

  // Tables that are filled anew or are not in the destination state.
  Result<std::vector<std::string>> Replaced() {
    TRY_OK(PlanPhases());
    std::vector<std::string> tables = dropped_;
    for (const Phase* phase : phases_)
      for (const auto table : WritesOf(phase->info(), job_.leg.direction))
        tables.emplace_back(table);
    return tables;
  }

 private:
  const items::TableSpec* SourceSpec(std::string_view table) const {
    return SpecFor(table, job_.leg.from());
  }
  const items::TableSpec* DestinationSpec(std::string_view table) const {
    return SpecFor(table, job_.leg.to());
  }

  Status PlanPhases() {
    const Direction direction = job_.leg.direction;
    std::set<std::string, std::less<>> read, written;
    const auto step_phases = step_.Phases(job_.settings.dialect);
    for (const Phase* phase : step_phases) {
      for (const auto table : ReadsOf(phase->info(), direction)) read.emplace(table);
      for (const auto table : WritesOf(phase->info(), direction))
        if (!written.emplace(table).second)
          return Error(Code::kInternal,
                       fmt::format("two phases of step {} write {}", name_, table));
    }
    TRY(const auto specs, job_.source.Tables(op_));
    for (const auto& spec : specs) source_tables_.insert(spec.name);
    for (const auto table : {tables::kFindingsTable, tables::kResidueTable})
      if (source_tables_.contains(table)) Own<KeepOthers>(table, job_.leg);
    for (const auto& spec : specs) {
      if (items::IsSystemTable(spec.name) || written.contains(spec.name)) continue;
      const auto* name = tables::FindTableInAny(spec.name);
      if (name == nullptr) continue;  // nobody's table: the clone has it
      const bool of_source = tables::FindTable(job_.leg.from(), spec.name) != nullptr;
      const bool of_destination = tables::FindTable(job_.leg.to(), spec.name) != nullptr;
      if (of_destination && !(spec == *DestinationSpec(spec.name))) {
        Own<CarryOver>(name->name, direction);
      } else if (of_source && !of_destination) {
        dropped_.push_back(spec.name);
        if (!read.contains(spec.name)) Own<SetAside>(name->name, direction);
      }
    }
    phases_.insert(phases_.end(), step_phases.begin(), step_phases.end());
    return Ok();
  }

  template <typename P, typename... Args>
  void Own(Args&&... args) {
    own_.push_back(std::make_unique<P>(std::forward<Args>(args)...));
    phases_.push_back(own_.back().get());
  }

  // Tables of the destination version exist; those that a phase will write hold nothing.
  Status PrepareDestination() {
    if (job_.destination == nullptr || Happened("prepared", {})) return Ok();
    items::ItemStore& destination = *job_.destination;
    std::set<std::string, std::less<>> cleared;
    for (const Phase* phase : phases_)
      for (const auto table : WritesOf(phase->info(), job_.leg.direction)) cleared.emplace(table);
    std::vector<items::TableSpec> specs;
    for (const auto& spec : tables::SystemTables()) specs.push_back(spec);
    for (const auto& table : tables::TablesOf(job_.leg.to()))
      specs.push_back(*DestinationSpec(table.name));
    for (const auto& table : cleared)
      if (tables::FindTable(job_.leg.to(), table) == nullptr && !items::IsSystemTable(table))
        specs.push_back(*DestinationSpec(table));
    for (const auto& list : {std::vector<std::string>(cleared.begin(), cleared.end()), dropped_})
      for (const auto& table : list) {
        auto dropped = destination.DropTable(op_, table);
        if (!dropped.ok() && dropped.error().code != Code::kNotFound)
          return std::move(dropped).error();
      }
    TRY_OK(destination.CreateTables(op_, specs));
    VAMS_POINT("migrate.prepared");
    return Log("prepared", {});
  }

  bool Happened(std::string_view event, std::string_view phase) const {
    return job_.journal != nullptr && job_.journal->Last(event, name_, phase) != nullptr;
  }
  Status Log(std::string_view event, json::object entry) {
    if (job_.journal == nullptr) return Ok();
    entry["leg"] = name_;
    return job_.journal->Append(event, std::move(entry));
  }

  Result<PhaseOutcome> RunOne(const Phase& phase) {
    const std::string name(phase.info().name);
    if (Happened("phase done", name))
      return OutcomeFrom(job_.journal->Last("phase done", name_, name)->at("outcome").as_object());
    VAMS_POINT("migrate.before_phase");
    std::uint64_t total = 0;
    for (const auto table : ReadsOf(phase.info(), job_.leg.direction))
      if (source_tables_.contains(table)) {
        TRY(const auto count, job_.source.Count(op_, table));
        total += count;
      }
    const PhaseJob phase_job{.step = step_,
                             .phase = phase,
                             .direction = job_.leg.direction,
                             .settings = job_.settings,
                             .source = job_.source,
                             .destination = job_.destination,
                             .scratch = job_.scratch,
                             .journal = job_.journal,
                             .leg = name_,
                             .threads = job_.threads,
                             .chunk_rows = job_.chunk_rows,
                             .total = total,
                             .on_progress = job_.on_progress};
    TRY(auto outcome, RunPhase(op_, phase_job));
    VAMS_POINT("migrate.phase_done");
    TRY_OK(Log("phase done", {{"phase", name}, {"outcome", ToJson(outcome)}}));
    TRY_OK(RemoveScratch(phase_job));
    return outcome;
  }

  // Records that the opposite direction could not hold at all come back whole, unless somebody made
  // a record of their key meanwhile.  Which ones is journaled before the first is written, so that
  // a resumed run counts the same.
  Status RestoreWhole(LegOutcome& outcome) {
    if (job_.destination == nullptr) return Ok();
    if (!Happened("restoring", {})) {
      TRY(const auto digests,
          VisitWhole([](std::string_view, const std::string&) { return Ok(); }));
      TRY_OK(Log("restoring", {{"tables", ToJson(digests)}}));
      outcome.restored = digests;
    } else {
      TRY(outcome.restored, DigestsFrom(*job_.journal->Last("restoring", name_), "tables"));
    }
    for (const auto& [table, digest] : outcome.restored)
      if (const auto expected = outcome.expected.find(table); expected != outcome.expected.end())
        expected->second.Add(digest);
    if (outcome.restored.empty() || Happened("restored", {})) return Ok();
    TRY_OK(WriteWhole());
    VAMS_POINT("migrate.restored");
    return Log("restored", {});
  }

  // Calls `visit` with every record that is to come back, and gives their digests by table.
  Result<std::map<std::string, Digest>> VisitWhole(
      const std::function<Status(std::string_view, const std::string&)>& visit) {
    std::map<std::string, Digest> digests;
    DigestBuilder builder;
    TRY_OK(ForEachResidue(op_, job_.source, step_, job_.leg.direction,
                          [&](const Residue& residue) -> Status {
                            if (residue.kind != Residue::Kind::kWhole) return Ok();
                            const auto now = job_.destination->Get(op_, residue.table, residue.key);
                            if (now.ok()) return Ok();
                            if (now.error().code != Code::kNotFound) return now.error();
                            const std::string encoded = items::EncodeItem(residue.original);
                            builder.Add(digests[residue.table], encoded);
                            return visit(residue.table, encoded);
                          }));
    return digests;
  }

  Status WriteWhole() {
    std::map<std::string, std::unique_ptr<items::BulkLoader>, std::less<>> loaders;
    const auto load = [&](std::string_view table, const std::string& encoded) -> Status {
      auto& loader = loaders[std::string(table)];
      if (loader == nullptr) {
        // A table that the destination version does not have: rows of a newer deployment.
        const items::TableSpec spec = *DestinationSpec(table);
        TRY_OK(job_.destination->CreateTables(op_, std::span(&spec, 1)));
        TRY(loader, job_.destination->OpenBulkLoad(op_, table,
                                                   {.log = items::BulkLog::kNone,
                                                    .name = name_ + " restore",
                                                    .sort_memory = std::size_t{8} << 20}));
      }
      return loader->AddEncoded(op_, encoded);
    };
    TRY([[maybe_unused]] const auto digests, VisitWhole(load));
    for (auto& [table, loader] : loaders) TRY_OK(loader->Finish(op_));
    return Ok();
  }

  OpContext& op_;
  const LegJob& job_;
  const Step& step_;
  const std::string name_;
  std::set<std::string, std::less<>> source_tables_;
  std::vector<std::unique_ptr<Phase>> own_;
  std::vector<const Phase*> phases_;
  std::vector<std::string> dropped_;
};

}  // namespace

std::string NameOf(const Leg& leg) { return ScopeOf(*leg.step, leg.direction); }

Result<LegOutcome> RunLeg(OpContext& op, const LegJob& job) { return LegRun(op, job).Run(); }

Result<std::vector<std::string>> TablesReplaced(OpContext& op, const Leg& leg,
                                                const Settings& settings,
                                                items::ItemSource& source) {
  const LegJob job{
      .leg = leg, .settings = settings, .source = source, .scratch = {}, .on_progress = {}};
  return LegRun(op, job).Replaced();
}

json::object ToJson(const LegOutcome& outcome) {
  json::array phases;
  for (const auto& phase : outcome.phases) phases.push_back(ToJson(phase));
  return {{"leg", outcome.name},
          {"phases", std::move(phases)},
          {"expected", ToJson(outcome.expected)},
          {"restored", ToJson(outcome.restored)}};
}

Result<LegOutcome> LegOutcomeFrom(const json::object& object) {
  LegOutcome outcome;
  outcome.name = TextOf(object, "leg");
  if (const auto* phases = object.if_contains("phases"); phases != nullptr && phases->is_array())
    for (const auto& phase : phases->as_array())
      if (phase.is_object()) {
        TRY(outcome.phases.emplace_back(), OutcomeFrom(phase.as_object()));
      }
  TRY(outcome.expected, DigestsFrom(object, "expected"));
  TRY(outcome.restored, DigestsFrom(object, "restored"));
  return outcome;
}

}  // namespace vams::migrate
