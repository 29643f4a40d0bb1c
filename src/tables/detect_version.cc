#include "tables/detect_version.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "items/codec.h"
#include "tables/detect_rules.h"
#include "tables/tables.h"

namespace vams::tables {

namespace {

using internal::Fact;
using internal::kFacts;

constexpr std::size_t kMaxSamples = 3;

VersionRange Intersect(VersionRange a, VersionRange b) {
  return {std::max(a.since, b.since), std::min(a.until, b.until)};
}

// Within the known versions.
VersionRange Everything() { return {kOldest, kNewest}; }

// "bridge-lab | truss-A": the key's values, as people search for them.
std::string KeyText(const TableDef& table, std::string_view encoded) {
  const auto item = items::DecodeItem(encoded);
  if (!item.ok()) return "(unreadable)";
  std::string text;
  for (const auto name : {table.partition, table.sort}) {
    if (name.empty()) continue;
    text += fmt::format("{}{}", text.empty() ? "" : " | ", item->Text(name));
  }
  return text;
}

std::string Rows(std::uint64_t count) {
  return fmt::format("{} row{}", count, count == 1 ? "" : "s");
}

// The tables of a version are all there, and no table that it does not have.  Deprecated ones may
// be missing: they are pruned some day.
bool TablesFit(const std::set<std::string, std::less<>>& present, DataVersion version) {
  std::size_t known = 0;
  for (const TableDef& table : TablesOf(version)) {
    const bool here = present.contains(table.name);
    if (!here && table.in_use) return false;
    known += here ? 1 : 0;
  }
  return known == present.size();
}

bool HasAllTables(const std::set<std::string, std::less<>>& present, DataVersion version) {
  return std::ranges::all_of(present,
                             [&](const auto& name) { return FindTable(version, name) != nullptr; });
}

}  // namespace

struct VersionDetector::State {
  struct Tally {
    std::uint64_t count = 0;
    std::vector<std::string> samples;
  };
  struct TableState {
    const TableDef* def = nullptr;  // null: passed over
    internal::TableRule rule;
    std::uint64_t rows = 0;
    std::uint64_t deployment_rows = 0;
    Tally to_be_carried;
  };

  TableState& Of(std::string_view canonical);
  std::uint64_t RowsOf(std::string_view canonical) const;
  const Tally& CarriedFrom(std::string_view canonical) const;
  const Tally& Of(Fact fact) const { return facts[static_cast<std::size_t>(fact)]; }
  static void Count(Tally& tally, const TableDef& table, std::string_view encoded);

  std::vector<Evidence> Collect() const;
  void ChooseByTables(Detection& detection) const;
  void AddNotes(Detection& detection) const;

  std::array<Tally, kFacts> facts;
  std::map<std::string, TableState, std::less<>> tables;
  std::set<std::string, std::less<>> present;
  std::uint64_t own_rows = 0;
  std::uint64_t unreadable = 0;
  // Rows come table by table: no lookup as long as the name stays.
  std::string last_name;
  TableState* last = nullptr;
};

VersionDetector::State::TableState& VersionDetector::State::Of(std::string_view canonical) {
  if (last != nullptr && canonical == last_name) return *last;
  const auto [found, added] = tables.try_emplace(std::string(canonical));
  if (added) {
    found->second.def = FindTableInAny(canonical);
    found->second.rule = internal::RuleOf(canonical);
    if (found->second.def != nullptr) present.emplace(canonical);
  }
  last_name = canonical;
  last = &found->second;
  return *last;
}

std::uint64_t VersionDetector::State::RowsOf(std::string_view canonical) const {
  const auto found = tables.find(canonical);
  return found == tables.end() ? 0 : found->second.rows;
}

const VersionDetector::State::Tally& VersionDetector::State::CarriedFrom(
    std::string_view canonical) const {
  static const Tally kNone;
  const auto found = tables.find(canonical);
  return found == tables.end() ? kNone : found->second.to_be_carried;
}

void VersionDetector::State::Count(Tally& tally, const TableDef& table, std::string_view encoded) {
  ++tally.count;
  if (tally.samples.size() < kMaxSamples) tally.samples.push_back(KeyText(table, encoded));
}

VersionDetector::VersionDetector() : state_(std::make_unique<State>()) {}
VersionDetector::~VersionDetector() = default;
VersionDetector::VersionDetector(VersionDetector&&) noexcept = default;
VersionDetector& VersionDetector::operator=(VersionDetector&&) noexcept = default;

void VersionDetector::SeeTable(std::string_view canonical, bool exists) {
  if (exists && FindTableInAny(canonical) != nullptr) state_->present.emplace(canonical);
}

void VersionDetector::See(std::string_view canonical, std::string_view encoded_item) {
  State::TableState& table = state_->Of(canonical);
  if (table.def == nullptr) return;
  const auto row = internal::ReadRow(table.rule, encoded_item);
  if (!row.ok()) {
    ++state_->unreadable;
    return;
  }
  ++table.rows;
  if (row->of_deployment)
    ++table.deployment_rows;
  else
    ++state_->own_rows;
  for (std::size_t i = 0; i < row->count; ++i)
    State::Count(state_->facts[static_cast<std::size_t>(row->facts[i])], *table.def, encoded_item);
  if (row->to_be_carried) State::Count(table.to_be_carried, *table.def, encoded_item);
}

// Everything counted, and what follows from tables that have rows while others have none.
std::vector<Evidence> VersionDetector::State::Collect() const {
  std::vector<Evidence> evidence;
  const auto add = [&](Fact fact, const Tally& tally) {
    if (tally.count == 0) return;
    const auto& def = internal::DefOf(fact);
    evidence.push_back({.name = std::string(def.name),
                        .table = std::string(def.table),
                        .what = std::string(def.what),
                        .versions = def.versions,
                        .weight = def.weight,
                        .count = tally.count,
                        .samples = tally.samples});
  };
  for (std::size_t i = 0; i < kFacts; ++i) add(static_cast<Fact>(i), facts[i]);
  if (Of(Fact::kMetadataRowsV2).count == 0)
    add(Fact::kMetadataNotCarried, CarriedFrom("MetadataStorageTable"));
  if (Of(Fact::kConstraintRows).count == 0)
    add(Fact::kConstraintsNotCarried, CarriedFrom("AuthEntitiesTable"));
  // 2.5 writes a version for every asset; without assets an empty table says nothing.
  if (Of(Fact::kVersionRowsV2).count == 0 && RowsOf("AssetStorageTable") > 0)
    add(Fact::kVersionsNotCarried, Of(Fact::kVersionRows));
  std::ranges::stable_sort(evidence, {}, [](const Evidence& e) {
    return std::pair(e.versions.until, e.versions.since);
  });
  return evidence;
}

// No evidence gives a lower end: which tables there are may still tell.
void VersionDetector::State::ChooseByTables(Detection& detection) const {
  std::vector<DataVersion> allowed;
  for (const DataVersion v : AllVersions())
    if (detection.allowed.Has(v)) allowed.push_back(v);
  std::vector<DataVersion> fitting;
  std::ranges::copy_if(allowed, std::back_inserter(fitting),
                       [&](DataVersion v) { return TablesFit(present, v); });
  detection.from_tables_only = detection.evidence.empty();
  if (fitting.empty())
    std::ranges::copy_if(allowed, std::back_inserter(fitting),
                         [&](DataVersion v) { return HasAllTables(present, v); });
  if (fitting.empty()) fitting = allowed;
  // Without a single row there is nothing that a step could carry, so the newest serves as well.
  detection.version = own_rows == 0 ? fitting.back() : fitting.front();
}

void VersionDetector::State::AddNotes(Detection& detection) const {
  auto& notes = detection.notes;
  if (detection.from_tables_only)
    notes.push_back(own_rows == 0
                        ? "the data set holds no rows of users; the version comes from tables only"
                        : "no row tells the versions apart; the version comes from tables only");
  for (const auto& e : detection.evidence)
    if (e.outweighed)
      notes.push_back(
          fmt::format("{} in {} {}: another release than the data's version wrote that, "
                      "and it is kept as it is",
                      Rows(e.count), e.table, e.what));
  const DataVersion k22{2, 2};
  const DataVersion k23{2, 3};
  if (detection.version == k22 && detection.allowed.Has(k23) && !detection.from_tables_only)
    notes.push_back(
        "2.2 and 2.3 have the same tables, and nothing that only 2.3 writes was found (touch "
        "markers as text, link aliases, newer link metadata types, modified workflows), so it is "
        "taken for the lower one");
  if (unreadable > 0)
    notes.push_back(Rows(unreadable) + " could not be read, which decides nothing");
}

namespace {

// Pairs that share no version, among rows and missing records.
void FindConflicts(Detection& detection) {
  const auto& all = detection.evidence;
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = 0; j < all.size(); ++j)
      if (all[i].weight != Weight::kAttribute && all[j].weight != Weight::kAttribute &&
          all[i].versions.until < all[j].versions.since)
        detection.conflicts.emplace_back(i, j);
}

// Attributes narrow what rows and missing records left open, the lowest first; those that do not
// fit yield.
void ApplyAttributes(Detection& detection) {
  std::vector<Evidence*> attributes;
  for (auto& e : detection.evidence)
    if (e.weight == Weight::kAttribute) attributes.push_back(&e);
  std::ranges::stable_sort(attributes, {}, [](const Evidence* e) { return e->versions.since; });
  for (Evidence* e : attributes) {
    const VersionRange narrowed = Intersect(detection.allowed, e->versions);
    e->outweighed = narrowed.empty();
    if (!e->outweighed) detection.allowed = narrowed;
  }
}

// Some evidence starts or ends exactly at the lowest version allowed.
bool LowestIsSupported(const Detection& detection) {
  return std::ranges::any_of(detection.evidence, [&](const Evidence& e) {
    return !e.outweighed && (e.versions.since > kOldest || e.versions.until == kOldest);
  });
}

}  // namespace

Detection VersionDetector::Finish() const {
  Detection detection;
  detection.evidence = state_->Collect();
  detection.unreadable_rows = state_->unreadable;
  for (const auto& [name, table] : state_->tables)
    if (table.deployment_rows > 0) detection.deployment_rows.emplace(name, table.deployment_rows);

  detection.allowed = detection.allowed_by_rows = Everything();
  for (const auto& e : detection.evidence) {
    if (e.weight == Weight::kAttribute) continue;
    detection.allowed = Intersect(detection.allowed, e.versions);
    if (e.weight == Weight::kRows)
      detection.allowed_by_rows = Intersect(detection.allowed_by_rows, e.versions);
  }
  if (detection.allowed.empty()) {
    FindConflicts(detection);
  } else {
    ApplyAttributes(detection);
    if (LowestIsSupported(detection))
      detection.version = detection.allowed.since;
    else
      state_->ChooseByTables(detection);
  }
  state_->AddNotes(detection);
  return detection;
}

namespace {

std::string RangeText(VersionRange range) {
  if (range.since == range.until) return range.since.ToString();
  if (range.until >= kNewest) return fmt::format("{} or later", range.since.ToString());
  if (range.since <= kOldest) return fmt::format("{} or earlier", range.until.ToString());
  return fmt::format("{} to {}", range.since.ToString(), range.until.ToString());
}

std::string EvidenceLine(const Evidence& e) {
  std::string line =
      fmt::format("{}: {}: {} {}", RangeText(e.versions), e.table, Rows(e.count), e.what);
  if (!e.samples.empty()) line += fmt::format(" (such as {})", fmt::join(e.samples, "; "));
  if (e.outweighed) line += " [outweighed]";
  return line;
}

// Both sides of the contradiction, each piece of evidence once.
std::string ConflictText(const Detection& detection) {
  std::set<std::size_t> older;
  std::set<std::size_t> newer;
  for (const auto& [a, b] : detection.conflicts) {
    older.insert(a);
    newer.insert(b);
  }
  std::string text = "the data contradicts itself about its version\n on one side";
  for (const std::size_t i : older) text += "\n  " + EvidenceLine(detection.evidence[i]);
  text += "\n on the other side";
  for (const std::size_t i : newer) text += "\n  " + EvidenceLine(detection.evidence[i]);
  return text;
}

std::string EvidenceText(const Detection& detection) {
  std::string text;
  for (const auto& e : detection.evidence) text += "\n  " + EvidenceLine(e);
  return text;
}

std::string ConflictAdvice(const Detection& detection) {
  if (detection.allowed_by_rows.empty())
    return "\nA migration was probably interrupted: finish it with the tool that began it, or "
           "start "
           "from the backup taken before it";
  return fmt::format(
      "\nEither a migration step was left out or broke off: then run it first. Or the records that "
      "are missing were deleted since: then declare the version, {}",
      RangeText(detection.allowed_by_rows));
}

}  // namespace

Result<DataVersion> VersionOf(const Detection& detection) {
  if (detection.version.has_value()) return *detection.version;
  return Error(Code::kConflict, ConflictText(detection) + ConflictAdvice(detection));
}

Status Reconcile(const Detection& detection, DataVersion declared) {
  if (!IsKnown(declared)) {
    TRY_OK(DataVersion::ParseKnown(declared.ToString()));
  }
  if (detection.contradictory()) {
    // Rows are facts; missing records only suggest that a step did not run.
    if (detection.allowed_by_rows.Has(declared)) return Ok();
    return Error(Code::kConflict, ConflictText(detection) + ConflictAdvice(detection));
  }
  if (detection.allowed.Has(declared)) return Ok();
  return Error(
      Code::kConflict,
      fmt::format("the data is declared as version {}, but its rows say {}; nothing was "
                  "changed; declare that version, or leave it to be detected{}",
                  declared.ToString(), RangeText(detection.allowed), EvidenceText(detection)));
}

std::string Describe(const Detection& detection) {
  std::string text;
  if (detection.contradictory())
    text = ConflictText(detection) + ConflictAdvice(detection);
  else
    text = fmt::format("data version {}{}{}", detection.version->ToString(),
                       detection.from_tables_only ? " (from tables only)" : "",
                       EvidenceText(detection));
  for (const auto& [table, rows] : detection.deployment_rows)
    text += fmt::format("\n  no evidence: {}: {} that a deployment or a sign-in writes", table,
                        Rows(rows));
  for (const auto& note : detection.notes) text += "\n  note: " + note;
  return text + "\n";
}

}  // namespace vams::tables
