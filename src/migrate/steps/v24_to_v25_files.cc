// Phase file-versions: keys the files of asset versions by database.

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>

#include "migrate/steps/v24_to_v25.h"

namespace vams::migrate::v25 {

using items::Item;
using items::Value;

namespace {

// The parts of a row's partition key; nothing if it is malformed.
std::optional<KeyParts> PartsOf(std::string_view table, const Item& row) {
  return table == kFiles1 ? SplitVersionKey1(row.Text(kVersionKey1))
                          : SplitVersionKey2(row.Text(kVersionKey2));
}

Item ToV2(const Item& row, const KeyParts& parts, std::string_view database) {
  return Edited(row, {{kVersionKey1, std::nullopt},
                      {kVersionKey2, Value::S(Join(database, parts.asset, parts.version))},
                      {kAssetKey, Value::S(Join(database, parts.asset))}});
}

// `keep_home`: where the id is in several databases, the row keeps saying whose it is.
Item ToV1(const Item& row, const KeyParts& parts, const Home* keep_home) {
  std::vector<Edit> edits{{kVersionKey2, std::nullopt},
                          {kAssetKey, std::nullopt},
                          {kVersionKey1, Value::S(Join(parts.asset, parts.version))}};
  if (keep_home != nullptr) edits[1].value = Value::S(Join(keep_home->database, parts.asset));
  return Edited(row, std::move(edits));
}

std::size_t AddedBytes(std::string_view database, const KeyParts& parts) {
  return kVersionKey2.size() - kVersionKey1.size() + kAssetKey.size() + 2 * database.size() + 2 +
         parts.asset.size();
}

class FileVersions : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{
        .name = "file-versions",
        .what = "Key the files of asset versions by database",
        .reads_up = {kFiles1, kFiles2},
        .writes_up = {kFiles2},
        .reads_down = {kFiles2, kFiles1},
        .writes_down = {kFiles1},
        .lookups_up = {},
        .lookups_down = {Marked(kMarkedFiles, kFiles2, kVersionKey2, kFileKey)}};
    return info;
  }

  // As in asset-versions.  Where the id is in several databases, all files of a version are one
  // unit: they have one owner, which is costly to find.
  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    const auto parts = PartsOf(record.table, record.item);
    if (!parts) {
      if (record.table == kFiles2) return std::nullopt;
      return GroupName("malformed", record.item.Text(kVersionKey1), record.item.Text(kFileKey));
    }
    TRY(const auto homes, Homes::Of(cx.state, parts->asset));
    if (homes.size() != 1) return GroupName(parts->asset, parts->version);
    TRY(const bool alone, IsAlone(direction, *parts, homes.front(), cx.state));
    if (alone) return std::nullopt;
    return GroupName(parts->asset, parts->version, record.item.Text(kFileKey));
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    if (unit.group.empty()) return InverseOfOne(unit, cx, out);
    return InverseOfGroup(unit, cx, out);
  }

 private:
  static Result<bool> IsAlone(Direction direction, const KeyParts& parts, const Home& home,
                              State& state) {
    if (direction == Direction::kUp) return state.IsEmpty(kFiles2);
    if (!parts.database.empty() && parts.database != home.database) return false;
    TRY(const bool none, state.HasNone(kMarkedFiles));
    if (none) return true;
    const std::string archived = std::string(home.database) + std::string(kDeleted);
    TRY(const auto rows,
        state.QueryShared(kFiles2, "", Join(archived, parts.asset, parts.version)));
    return rows->empty();
  }

  static Status InverseOfOne(const Unit& unit, const Context& cx, Output& out) {
    bool stands = false;  // a row of the new table for one of the old
    for (const auto& record : unit.records) {
      if (record.table != kFiles2) continue;
      stands = true;
      if (const auto parts = PartsOf(kFiles2, record.item))
        out.Put(kFiles1, ToV1(record.item, *parts, nullptr));
      else
        out.Quarantine(record, "D-9", "the key names no database, asset and version");
    }
    if (stands) return Ok();
    for (const auto& record : unit.records) TRY_OK(Superseded(record, cx, out));
    return Ok();
  }

  // A row of the old table whose counterpart, if it was not deleted, is in another unit.
  static Status Superseded(const Record& record, const Context& cx, Output& out) {
    const auto parts = PartsOf(kFiles1, record.item);
    TRY(const auto homes, Homes::Of(cx.state, parts->asset));
    if (homes.empty()) return Ok();
    if (items::ItemSize(record.item) + AddedBytes(homes.front().database, *parts) > kItemLimit)
      out.Quarantine(record, "too-large",
                     "the row has no counterpart in the newer version, whose keys make it larger "
                     "than an item may be");
    return Ok();
  }

  static Status InverseOfGroup(const Unit& unit, const Context& cx, Output& out) {
    const Record& first = unit.records.front();
    const auto any = PartsOf(first.table, first.item);
    if (!any) {  // a malformed row of the old table: never migrated
      out.Put(kFiles1, first.item);
      return Ok();
    }
    TRY(const auto homes, Homes::Of(cx.state, any->asset));
    std::vector<const Record*> rows;
    for (const auto& record : unit.records) {
      if (record.table != kFiles2) continue;
      const auto database = PartsOf(kFiles2, record.item)->database;
      if (homes.empty() || homes.Find(database) != nullptr)
        rows.push_back(&record);
      else
        out.Quarantine(record, "D-9",
                       fmt::format("the database \"{}\" has no asset \"{}\", but another one has; "
                                   "in the older version the file would be one of its",
                                   Plain(database), any->asset));
    }
    TRY(const std::string winner, WinnerOf(rows, homes, *any, cx.state));
    std::set<std::string, std::less<>> put;
    for (const Record* record : InOrderOfRank(rows)) {
      const auto parts = *PartsOf(kFiles2, record->item);
      if (Plain(parts.database) == winner && put.emplace(record->item.Text(kFileKey)).second) {
        out.Put(kFiles1,
                ToV1(record->item, parts, homes.size() > 1 ? homes.Find(winner) : nullptr));
        continue;
      }
      out.Note(*record, "D-3",
               fmt::format("the older version has room for one version {} of \"{}\"; the files of "
                           "that of \"{}\" stay",
                           any->version, any->asset, winner));
    }
    return InverseOfOld(unit, homes, rows.empty(), put, cx, out);
  }

  // Rows of the old table for which the new one has none.
  static Status InverseOfOld(const Unit& unit, const Homes& homes, bool nothing_migrated,
                             const std::set<std::string, std::less<>>& put, const Context& cx,
                             Output& out) {
    std::optional<bool> decided;
    for (const auto& record : unit.records) {
      if (record.table != kFiles1 || put.contains(record.item.Text(kFileKey))) continue;
      bool stays = homes.empty();
      if (homes.size() > 1 && nothing_migrated && OwnDatabase(homes, record.item) == nullptr) {
        if (!decided) {
          const auto parts = *PartsOf(kFiles1, record.item);
          TRY(const auto owner, OwnerOf(cx, homes, parts.asset, parts.version));
          decided = owner.home != nullptr;
        }
        stays = !*decided;
      }
      if (stays)
        out.Put(kFiles1, record.item);
      else
        TRY_OK(Superseded(record, cx, out));
    }
    return Ok();
  }

  // The database whose version stays, without "#deleted": as asset-versions decides it, or by the
  // files where there are no version rows.
  static Result<std::string> WinnerOf(const std::vector<const Record*>& rows, const Homes& homes,
                                      const KeyParts& parts, State& state) {
    std::set<std::string, std::less<>> databases;
    for (const Record* row : rows) databases.emplace(PartsOf(kFiles2, row->item)->database);
    if (homes.size() == 1 && !rows.empty()) return std::string(homes.front().database);
    for (const Home& home : homes) {
      databases.emplace(home.database);
      databases.insert(std::string(home.database) + std::string(kDeleted));
    }
    std::string winner, made;
    for (const auto& database : databases) {
      const Item key{{std::string(kAssetKey), Value::S(Join(database, parts.asset))},
                     {std::string(kVersionId), Value::S(std::string(parts.version))}};
      TRY(const auto row, state.Find(kVersions2, key));
      if (!row) continue;
      const std::string_view date = row->Text("dateCreated");
      if (!winner.empty() && !Outranks({database, date}, {winner, made})) continue;
      winner = database;
      made = date;
    }
    if (winner.empty() && !rows.empty())
      winner = PartsOf(kFiles2, InOrderOfRank(rows).front()->item)->database;
    return std::string(Plain(winner));
  }

  static std::vector<const Record*> InOrderOfRank(std::vector<const Record*> rows) {
    const auto claim = [](const Record* row) {
      return Claim{PartsOf(kFiles2, row->item)->database, row->item.Text("createdAt")};
    };
    // Under its plain key first; Outranks alone is no order of three rows of two databases.
    std::ranges::stable_sort(rows, [&](const Record* a, const Record* b) {
      const Claim left = claim(a), right = claim(b);
      if (const bool marked = IsArchivedMark(left.database);
          marked != IsArchivedMark(right.database))
        return !marked;
      return left.made != right.made ? left.made > right.made : left.database > right.database;
    });
    return rows;
  }
};

class ReferenceFileVersions final : public FileVersions {
 public:
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    std::set<std::string, std::less<>> replaced;
    for (const Item* row : unit.Of(kFiles1)) {
      const auto parts = PartsOf(kFiles1, *row);
      if (!parts) continue;
      TRY(const auto homes, Homes::Of(cx.state, parts->asset));
      if (homes.empty()) continue;
      Item made = ToV2(*row, *parts, homes.LastScanned().Text(kDatabaseId));
      replaced.insert(Join(made.Text(kVersionKey2), made.Text(kFileKey)));
      out.Put(kFiles2, std::move(made));
    }
    for (const Item* row : unit.Of(kFiles2))
      if (!replaced.contains(Join(row->Text(kVersionKey2), row->Text(kFileKey))))
        out.Put(kFiles2, *row);
    return Ok();
  }
};

class CorrectedFileVersions final : public FileVersions {
 public:
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    Work work{.cx = cx, .out = out};
    for (const auto& record : unit.records) {
      if (record.table != kFiles2) continue;
      const Item& row = record.item;
      if (!PartsOf(kFiles2, row)) {
        out.Quarantine(record, "D-9", "the key names no database, asset and version");
        continue;
      }
      work.existing.emplace(Join(row.Text(kVersionKey2), row.Text(kFileKey)), &row);
      out.Put(kFiles2, row);
    }
    for (const auto& record : unit.records)
      if (record.table == kFiles1) TRY_OK(Migrate(record, work));
    return Ok();
  }

 private:
  struct Work {
    const Context& cx;
    Output& out;
    std::map<std::string, const Item*, std::less<>> existing;
    std::optional<Owner> owner;  // of the version that the unit is about, once it was asked for
    std::optional<Homes> homes;  // in which `owner` points
  };

  static Status Migrate(const Record& record, Work& work) {
    const Item& row = record.item;
    const auto parts = PartsOf(kFiles1, row);
    if (!parts) {
      work.out.Quarantine(record, "D-9",
                          fmt::format("the key \"{}\" names no asset and version; the row stays in "
                                      "the table {}",
                                      row.Text(kVersionKey1), kFiles1));
      work.out.Defect(record, "M45-7", "left behind, and the run ends as a failure");
      return Ok();
    }
    if (!work.homes) {
      TRY(work.homes, Homes::Of(work.cx.state, parts->asset));
    }
    const Homes& homes = *work.homes;
    if (homes.empty()) {
      work.out.Quarantine(record, "D-9",
                          fmt::format("no database has an asset \"{}\"; the row stays in the table "
                                      "{}",
                                      parts->asset, kFiles1));
      work.out.Defect(record, "M45-7", "left behind with a line in the log");
      return Ok();
    }
    TRY(const Home* home, HomeOf(record, *parts, homes, work));
    if (home == nullptr) return Ok();
    Item made = ToV2(row, *parts, home->database);
    if (!work.existing.empty()) {
      const auto there = work.existing.find(Join(made.Text(kVersionKey2), made.Text(kFileKey)));
      if (there != work.existing.end()) {
        if (!(*there->second == made))
          work.out.Defect(record, "M45-5", "written over the row that is in the new table already");
        return Ok();
      }
    }
    if (!homes.plain())
      if (auto defect = DefectOf(homes, *home); !defect.code.empty())
        work.out.Defect(record, defect.code, std::move(defect.text));
    work.out.Put(kFiles2, std::move(made));
    return Ok();
  }

  // Whose the file is; nullptr after the row was reported.
  static Result<const Home*> HomeOf(const Record& record, const KeyParts& parts, const Homes& homes,
                                    Work& work) {
    if (homes.size() == 1) return &homes.front();
    if (const Home* own = OwnDatabase(homes, record.item); own != nullptr) return own;
    if (!work.owner) {
      TRY(work.owner, OwnerOf(work.cx, homes, parts.asset, parts.version));
    }
    // Somebody has placed the version's files before: the existing rows stand for them.
    if (work.owner->home == nullptr && work.existing.empty())
      work.out.Ambiguous(record, "D-3", work.owner->why);
    return work.owner->home;
  }
};

}  // namespace

const Phase& FileVersionsPhase(Dialect dialect) {
  static const ReferenceFileVersions reference;
  static const CorrectedFileVersions corrected;
  if (dialect == Dialect::kReference) return reference;
  return corrected;
}

}  // namespace vams::migrate::v25
