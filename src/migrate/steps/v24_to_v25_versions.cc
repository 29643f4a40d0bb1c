// Phase asset-versions: keys asset versions by database.

#include <fmt/format.h>

#include <algorithm>

#include "migrate/steps/v24_to_v25.h"

namespace vams::migrate::v25 {

using items::Item;
using items::Value;

namespace {

// A version row of either table.
struct VersionName {
  std::string_view database;  // as in the key; empty in the old table
  std::string_view asset, version;
};

std::optional<VersionName> NameOf(const Record& record) {
  if (record.table == kVersions1)
    return VersionName{{}, record.item.Text(kAssetId), record.item.Text(kVersionId)};
  const auto parts = SplitAssetKey(record.item.Text(kAssetKey));
  if (!parts) return std::nullopt;
  return VersionName{parts->database, parts->asset, record.item.Text(kVersionId)};
}

Item Version1Key(const VersionName& name) {
  return Item{{std::string(kAssetId), Value::S(std::string(name.asset))},
              {std::string(kVersionId), Value::S(std::string(name.version))}};
}

// `database`: with "#deleted" where the upstream script leaves it.
Item ToV2(const Item& row, std::string_view database) {
  return Edited(row, {{kAssetKey, Value::S(Join(database, row.Text(kAssetId)))},
                      {kDatabaseId, Value::S(std::string(database))}});
}

// What the new table's key adds to a row.
std::size_t AddedBytes(std::string_view database, std::string_view asset) {
  return kAssetKey.size() + kDatabaseId.size() + 2 * database.size() + 1 + asset.size();
}

class AssetVersions : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{
        .name = "asset-versions",
        .what = "Key asset versions by database",
        .reads_up = {kVersions1, kVersions2},
        .writes_up = {kVersions2},
        .reads_down = {kVersions2, kVersions1},
        .writes_down = {kVersions1},
        .lookups_up = {},
        .lookups_down = {Marked(kMarkedVersions, kVersions2, kAssetKey, kVersionId)}};
    return info;
  }

  // A record that is alone has an asset in one database, a key that is as it should be, and no
  // other record that its transformation could meet.  Forward relies on nothing of this; Inverse
  // does.
  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    const auto name = NameOf(record);
    if (!name) return std::nullopt;
    TRY(const bool alone, IsAlone(direction, *name, cx.state));
    if (alone) return std::nullopt;
    return GroupName(name->asset, name->version);
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    if (unit.group.empty()) return InverseOfOne(unit, cx, out);
    return InverseOfGroup(unit, cx, out);
  }

 private:
  static Result<bool> IsAlone(Direction direction, const VersionName& name, State& state) {
    TRY(const auto homes, Homes::Of(state, name.asset));
    if (homes.size() != 1) return false;
    if (direction == Direction::kUp) return state.IsEmpty(kVersions2);
    if (!name.database.empty() && name.database != homes.front().database) return false;
    TRY(const bool none, state.HasNone(kMarkedVersions));
    if (none) return true;
    const std::string archived = std::string(homes.front().database) + std::string(kDeleted);
    TRY(const auto rows, state.QueryShared(kVersions2, "", Join(archived, name.asset)));
    return rows->empty();
  }

  // `other`: the row that the old table has under this key, if it is at hand.
  static Result<Item> ToV1(const Item& row, const VersionName& name, const Home* keep_home,
                           const Item* other, State& state) {
    std::vector<Edit> edits{{kAssetId, Value::S(std::string(name.asset))},
                            {kAssetKey, std::nullopt},
                            {kDatabaseId, std::nullopt},
                            {"versionAlias", std::nullopt},
                            {"isArchived", std::nullopt}};
    // The id is in several databases: the row says whose it is, or nobody would know.
    if (keep_home != nullptr) edits[2].value = Value::S(std::string(keep_home->database));
    if (!row.Has("specifiedPipelines")) {
      std::optional<Item> found;
      if (other == nullptr) {
        TRY(found, state.Find(kVersions1, Version1Key(name)));
        if (found) other = &*found;
      }
      // A row that the old release has kept without the list may stay without it.
      if (other == nullptr || other->Has("specifiedPipelines"))
        edits.push_back({"specifiedPipelines", Value::L({})});
    }
    return Edited(row, std::move(edits));
  }

  static Status InverseOfOne(const Unit& unit, const Context& cx, Output& out) {
    const auto rows = unit.Of(kVersions2);
    const auto others = unit.Of(kVersions1);
    for (const auto& record : unit.records) {
      if (record.table != kVersions2) continue;
      const auto name = NameOf(record);
      if (!name) {
        out.Quarantine(record, "D-9", "the key names no database and asset");
        continue;
      }
      TRY(auto row,
          ToV1(record.item, *name, nullptr, others.empty() ? nullptr : others.front(), cx.state));
      out.Put(kVersions1, std::move(row));
    }
    if (!rows.empty()) return Ok();
    for (const auto& record : unit.records) TRY_OK(Superseded(record, cx, out));
    return Ok();
  }

  // A row of the old table whose counterpart, if it was not deleted, is in another unit.
  static Status Superseded(const Record& record, const Context& cx, Output& out) {
    TRY(const auto homes, Homes::Of(cx.state, record.item.Text(kAssetId)));
    if (homes.empty()) return Ok();
    const std::size_t size = items::ItemSize(record.item) +
                             AddedBytes(homes.front().database, record.item.Text(kAssetId));
    if (size > kItemLimit)
      out.Quarantine(record, "too-large",
                     "the row has no counterpart in the newer version, whose key makes it larger "
                     "than an item may be");
    return Ok();
  }

  static Status InverseOfGroup(const Unit& unit, const Context& cx, Output& out) {
    const auto olds = unit.Of(kVersions1);
    const VersionName any = *NameOf(unit.records.front());  // a group has well-formed names
    TRY(const auto homes, Homes::Of(cx.state, any.asset));
    const Record* winner = nullptr;
    std::vector<const Record*> losers;
    for (const auto& record : unit.records) {
      if (record.table != kVersions2) continue;
      const auto database = NameOf(record)->database;
      if (!homes.empty() && homes.Find(database) == nullptr) {
        out.Quarantine(record, "D-9",
                       fmt::format("the database \"{}\" has no asset \"{}\", but another one has; "
                                   "in the older version the row would be among its versions",
                                   Plain(database), any.asset));
        continue;
      }
      if (winner == nullptr || Outranks(ClaimOf(record), ClaimOf(*winner))) {
        if (winner != nullptr) losers.push_back(winner);
        winner = &record;
      } else {
        losers.push_back(&record);
      }
    }
    for (const Record* loser : losers)
      out.Note(*loser, "D-3",
               fmt::format("the older version has room for one row of version {} of \"{}\"; that "
                           "of \"{}\" stays",
                           any.version, any.asset, NameOf(*winner)->database));
    if (winner != nullptr) {
      const auto name = *NameOf(*winner);
      TRY(auto row, ToV1(winner->item, name, homes.size() > 1 ? homes.Find(name.database) : nullptr,
                         olds.empty() ? nullptr : olds.front(), cx.state));
      out.Put(kVersions1, std::move(row));
      return Ok();
    }
    for (const auto& record : unit.records) {
      if (record.table != kVersions1) continue;
      TRY(const bool stays, StaysOld(record.item, homes, cx));
      if (stays)
        out.Put(kVersions1, record.item);
      else
        TRY_OK(Superseded(record, cx, out));
    }
    return Ok();
  }

  // Whether a row of the old table, for which the new one has none, was never migrated (else its
  // counterpart has been deleted since).
  static Result<bool> StaysOld(const Item& row, const Homes& homes, const Context& cx) {
    if (homes.empty()) return true;
    if (homes.size() == 1) return false;
    TRY(const auto owner, OwnerOf(cx, homes, row.Text(kAssetId), row.Text(kVersionId), &row));
    return owner.home == nullptr;
  }

  static Claim ClaimOf(const Record& record) {
    return {NameOf(record)->database, record.item.Text("dateCreated")};
  }
};

class ReferenceAssetVersions final : public AssetVersions {
 public:
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    std::vector<Item> made;
    for (const Item* row : unit.Of(kVersions1)) {
      TRY(const auto homes, Homes::Of(cx.state, row->Text(kAssetId)));
      if (!homes.empty()) made.push_back(ToV2(*row, homes.LastScanned().Text(kDatabaseId)));
    }
    for (const Item* row : unit.Of(kVersions2)) {
      const bool replaced = std::ranges::any_of(made, [row](const Item& m) {
        return m.Text(kAssetKey) == row->Text(kAssetKey) &&
               m.Text(kVersionId) == row->Text(kVersionId);
      });
      if (!replaced) out.Put(kVersions2, *row);
    }
    for (auto& row : made) out.Put(kVersions2, std::move(row));
    return Ok();
  }
};

class CorrectedAssetVersions final : public AssetVersions {
 public:
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    const auto existing = unit.Of(kVersions2);
    for (const auto& record : unit.records) {
      if (record.table == kVersions1) {
        TRY_OK(Migrate(record, existing, cx, out));
      } else if (NameOf(record)) {
        out.Put(kVersions2, record.item);
      } else {
        out.Quarantine(record, "D-9", "the key names no database and asset");
      }
    }
    return Ok();
  }

 private:
  static Status Migrate(const Record& record, const std::vector<const Item*>& existing,
                        const Context& cx, Output& out) {
    const Item& row = record.item;
    const std::string_view asset_id = row.Text(kAssetId), version = row.Text(kVersionId);
    TRY(const auto homes, Homes::Of(cx.state, asset_id));
    if (homes.empty()) {
      out.Quarantine(record, "D-9",
                     fmt::format("no database has an asset \"{}\"; the row stays in the table {}",
                                 asset_id, kVersions1));
      out.Defect(record, "M45-7", "left behind with a line in the log");
      return Ok();
    }
    const Home* home = &homes.front();
    if (homes.size() > 1) {
      TRY(auto owner, OwnerOf(cx, homes, asset_id, version, &row));
      if (owner.home == nullptr) {
        // Somebody has placed it before: the existing row stands for it.
        if (existing.empty()) out.Ambiguous(record, "D-3", std::move(owner.why));
        return Ok();
      }
      home = owner.home;
      out.Note(record, "D-3", fmt::format("goes to \"{}\": {}", home->database, owner.why));
    }
    Item made = ToV2(row, home->database);
    for (const Item* there : existing) {
      if (there->Text(kAssetKey) != made.Text(kAssetKey)) continue;
      if (!(*there == made))
        out.Defect(record, "M45-5", "written over the row that is in the new table already");
      return Ok();
    }
    TRY_OK(SetCurrent(record, homes, *home, cx, made, out));
    if (!homes.plain())
      if (auto defect = DefectOf(homes, *home); !defect.code.empty())
        out.Defect(record, defect.code, std::move(defect.text));
    out.Put(kVersions2, std::move(made));
    return Ok();
  }

  static Status SetCurrent(const Record& record, const Homes& homes, const Home& home,
                           const Context& cx, Item& made, Output& out) {
    TRY(auto change,
        CurrentFlag(cx, Rows::kOldAndNew, homes, home, made.Text(kVersionId), SaysCurrent(made)));
    if (!change) return Ok();
    made.Set(kCurrent, Value::Bool(change->current));
    out.Note(record, "M45-6", std::move(change->why));
    out.Defect(record, "M45-6", "two current versions carried over");
    return Ok();
  }
};

}  // namespace

const Phase& AssetVersionsPhase(Dialect dialect) {
  static const ReferenceAssetVersions reference;
  static const CorrectedAssetVersions corrected;
  if (dialect == Dialect::kReference) return reference;
  return corrected;
}

}  // namespace vams::migrate::v25
