#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>

#include "lifecycle/diff/comparer.h"
#include "migrate/leg.h"
#include "tables/tables.h"

namespace vams::lifecycle::diff::internal {

namespace {

using tables::TableDef;

std::string KeysOf(const TableDef& table) {
  return table.sort.empty() ? std::string(table.partition)
                            : fmt::format("{}, {}", table.partition, table.sort);
}

std::string TextOf(const TableDef& table) {
  return fmt::format("keys {}{}", KeysOf(table), table.in_use ? "" : "; kept, not in use");
}

std::string TextOf(const tables::IndexDef& index) {
  return index.sort.empty() ? std::string(index.partition)
                            : fmt::format("{}, {}", index.partition, index.sort);
}

const tables::IndexDef* FindIndex(const TableDef& table, std::string_view name) {
  for (const auto& index : table.indexes)
    if (index.name == name) return &index;
  return nullptr;
}

// What the steps do with the rows of one table.
struct Fate {
  std::vector<std::string> carried_by;  // phases that take its rows to other tables
  std::vector<std::string> to;          // those tables
  std::vector<std::string> rewritten_by;
};

Fate FateOf(std::string_view table, const std::vector<migrate::Leg>& path) {
  Fate fate;
  for (const auto& leg : path)
    for (const auto* phase : leg.step->Phases(migrate::Dialect::kCorrected)) {
      const auto& info = phase->info();
      const auto& reads = migrate::ReadsOf(info, leg.direction);
      const auto& writes = migrate::WritesOf(info, leg.direction);
      const std::string name = fmt::format("{}, {}", migrate::NameOf(leg), info.name);
      if (migrate::Contains(writes, table)) fate.rewritten_by.push_back(name);
      // A phase turns the rows of the first table it reads, and of those that it only reads, into
      // rows of the tables it writes.
      const bool takes = !reads.empty() && migrate::Contains(reads, table) &&
                         (reads.front() == table || !migrate::Contains(writes, table));
      if (!takes) continue;
      bool elsewhere = false;
      for (const auto to : writes) {
        if (to == table) continue;
        elsewhere = true;
        if (std::ranges::find(fate.to, std::string(to)) == fate.to.end()) fate.to.emplace_back(to);
      }
      if (elsewhere) fate.carried_by.push_back(name);
    }
  return fate;
}

class TableComparer {
 public:
  TableComparer(tables::DataVersion from, tables::DataVersion to,
                const std::vector<migrate::Leg>& path, const Usage& usage,
                std::vector<ResourceChange>& changes)
      : from_(from), to_(to), path_(path), usage_(usage), changes_(changes) {}

  void Run() {
    for (const auto name : tables::AllTableNames()) {
      const TableDef* before = tables::FindTable(from_, name);
      const TableDef* after = tables::FindTable(to_, name);
      if (before == nullptr && after == nullptr) continue;
      if (before == nullptr)
        Added(*after);
      else if (after == nullptr)
        Removed(*before);
      else
        Both(*before, *after);
    }
  }

 private:
  ResourceChange Make(const TableDef& table, ChangeKind kind) const {
    ResourceChange change;
    change.type = ResourceType::kTable;
    change.name = table.name;
    change.kind = kind;
    change.holds = Find(usage_.tables, table.name);
    return change;
  }

  void Added(const TableDef& table) {
    auto change = Make(table, ChangeKind::kAdded);
    change.holds = {};
    change.after = TextOf(table);
    const Fate fate = FateOf(table.name, path_);
    if (!fate.rewritten_by.empty())
      change.note = fmt::format("filled by {}", fmt::join(fate.rewritten_by, "; "));
    changes_.push_back(std::move(change));
    for (const auto& index : table.indexes) Index(table, nullptr, &index);
  }

  void Removed(const TableDef& table) {
    auto change = Make(table, ChangeKind::kRemoved);
    change.before = TextOf(table);
    Carry(FateOf(table.name, path_), change);
    changes_.push_back(std::move(change));
  }

  void Both(const TableDef& before, const TableDef& after) {
    const Fate fate = FateOf(before.name, path_);
    const bool rekeyed = KeysOf(before) != KeysOf(after);
    const bool retired = before.in_use && !after.in_use;
    const bool revived = !before.in_use && after.in_use;
    if (rekeyed || retired || revived || !fate.rewritten_by.empty()) {
      auto change = Make(before, rekeyed || retired ? ChangeKind::kReplaced : ChangeKind::kChanged);
      change.before = TextOf(before);
      change.after = TextOf(after);
      if (retired && fate.carried_by.empty()) {
        change.note = "no release reads it any more; its rows stay";
      } else if (retired) {
        Carry(fate, change);
        change.note = "the rows stay in the old table too";
      } else if (!fate.rewritten_by.empty()) {
        change.carried = change.holds;
        change.carried_by = fmt::format("{}", fmt::join(fate.rewritten_by, "; "));
      } else if (rekeyed) {
        change.lost = change.holds;
        change.note = "no step takes the rows to the new keys";
      }
      changes_.push_back(std::move(change));
    }
    for (const auto& index : before.indexes) Index(before, &index, FindIndex(after, index.name));
    for (const auto& index : after.indexes)
      if (FindIndex(before, index.name) == nullptr) Index(before, nullptr, &index);
  }

  // Where the rows of a table go that is not there, or not used, afterwards.
  static void Carry(const Fate& fate, ResourceChange& change) {
    change.carried = change.holds;
    if (fate.carried_by.empty()) {
      change.carried_by = "the residue of the step";
      change.note =
          "the new shape has no place for its rows: they are kept with the data and come "
          "back on the way back";
      return;
    }
    change.carried_by =
        fmt::format("{}: to {}", fmt::join(fate.carried_by, "; "), fmt::join(fate.to, ", "));
  }

  void Index(const TableDef& table, const tables::IndexDef* before, const tables::IndexDef* after) {
    if (before != nullptr && after != nullptr && TextOf(*before) == TextOf(*after)) return;
    ResourceChange change;
    change.type = ResourceType::kIndex;
    change.name = fmt::format("{}/{}", table.name, before != nullptr ? before->name : after->name);
    change.kind = before == nullptr  ? ChangeKind::kAdded
                  : after == nullptr ? ChangeKind::kRemoved
                                     : ChangeKind::kReplaced;
    if (before != nullptr) change.before = TextOf(*before);
    if (after != nullptr) change.after = TextOf(*after);
    change.note = "an index holds no data of its own: it is made of the rows";
    changes_.push_back(std::move(change));
  }

  const tables::DataVersion from_, to_;
  const std::vector<migrate::Leg>& path_;
  const Usage& usage_;
  std::vector<ResourceChange>& changes_;
};

}  // namespace

Extent Sum(const std::map<std::string, Extent, std::less<>>& extents) {
  Extent sum;
  for (const auto& [name, extent] : extents) {
    sum.rows += extent.rows;
    sum.bytes += extent.bytes;
  }
  return sum;
}

Extent Find(const std::map<std::string, Extent, std::less<>>& extents, std::string_view name) {
  const auto found = extents.find(name);
  return found == extents.end() ? Extent{} : found->second;
}

void CompareTables(tables::DataVersion from, tables::DataVersion to,
                   const std::vector<migrate::Leg>& path, const Usage& usage,
                   std::vector<ResourceChange>& changes) {
  if (from == to) return;
  TableComparer(from, to, path, usage, changes).Run();
}

}  // namespace vams::lifecycle::diff::internal
