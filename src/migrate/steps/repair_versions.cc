// Repair of asset versions, their files and snapshots: rows under "#deleted", rows that the script
// gave to the wrong database, several current versions, orphaned snapshots.

#include <fmt/format.h>

#include <map>
#include <set>

#include "migrate/steps/repair.h"
#include "migrate/steps/v24_to_v25.h"

namespace vams::migrate::repair {

using items::Item;
using items::Value;
using v25::Home;
using v25::Homes;
using v25::KeyParts;

namespace {

Item Version2Key(std::string_view database, const KeyParts& parts) {
  return Item{{std::string(v25::kAssetKey), Value::S(v25::Join(database, parts.asset))},
              {std::string(v25::kVersionId), Value::S(std::string(parts.version))}};
}

// What a version row says in both tables; the current flag changes whenever another becomes
// current.
Item ContentOf(const Item& row) {
  return v25::Edited(row, {{v25::kAssetKey, std::nullopt},
                           {v25::kDatabaseId, std::nullopt},
                           {v25::kCurrent, std::nullopt}});
}

// A version that the script has copied to a database which cannot be its owner.
struct Misplaced {
  const Home* owner = nullptr;  // nullptr: it is where it should be, as far as can be known
  std::string why;
  bool current = false;  // what the row of the old table says
};

// Only rows that are still as the script has made them of the old table's row are moved, and only
// where the owner has no such version.
Result<Misplaced> FindMisplaced(const Context& cx, const Homes& homes, const KeyParts& parts) {
  if (homes.size() < 2) return Misplaced{};
  TRY(const auto old,
      cx.state.Find(v25::kVersions1,
                    Item{{std::string(v25::kAssetId), Value::S(std::string(parts.asset))},
                         {std::string(v25::kVersionId), Value::S(std::string(parts.version))}}));
  TRY(const auto row, cx.state.Find(v25::kVersions2, Version2Key(parts.database, parts)));
  if (!old || !row || !(ContentOf(*old) == ContentOf(*row))) return Misplaced{};
  TRY(auto owner, v25::ProvenOwner(cx, homes, parts.asset, parts.version, &*old));
  if (owner.home == nullptr || owner.home == homes.Find(parts.database)) return Misplaced{};
  TRY(const auto there, cx.state.Find(v25::kVersions2, Version2Key(owner.home->database, parts)));
  if (there) return Misplaced{};
  return Misplaced{owner.home, std::move(owner.why), v25::SaysCurrent(*old)};
}

// Rows of ids that are in several databases are one unit by version: two of them may be meant for
// one key.
Result<std::optional<std::string>> GroupOfVersion(Direction direction,
                                                  const std::optional<KeyParts>& parts,
                                                  const Context& cx) {
  if (direction == Direction::kDown || !parts) return std::nullopt;
  TRY(const auto homes, Homes::Of(cx.state, parts->asset));
  if (homes.size() < 2) return std::nullopt;
  return v25::GroupName(parts->asset, parts->version);
}

std::string TakenText(std::string_view target) {
  return fmt::format("\"{}\" has this row, which stays; this one is kept aside", target);
}

std::optional<KeyParts> PartsOfVersion(const Item& row) {
  auto parts = v25::SplitAssetKey(row.Text(v25::kAssetKey));
  if (parts) parts->version = row.Text(v25::kVersionId);
  return parts;
}

class VersionRepair final : public TablePhase {
 public:
  VersionRepair()
      : TablePhase("asset-versions", "Mend keys and current flags of versions", v25::kVersions2) {}

  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    return GroupOfVersion(direction, PartsOfVersion(record.item), cx);
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    std::set<std::string, std::less<>> taken;
    for (const auto& record : unit.records) TRY_OK(Mend(record, cx, taken, out));
    return Ok();
  }

 private:
  static Status Mend(const Record& record, const Context& cx,
                     std::set<std::string, std::less<>>& taken, Output& out) {
    const Item& row = record.item;
    const auto parts = PartsOfVersion(row);
    if (!parts) {
      out.Quarantine(record, "D-9", "the key names no database and asset");
      return Ok();
    }
    TRY(const auto homes, Homes::Of(cx.state, parts->asset));
    const Home* home = homes.Find(parts->database);
    if (home == nullptr) {  // an orphan; verification reports it
      out.Put(v25::kVersions2, row);
      return Ok();
    }
    TRY(const auto misplaced, FindMisplaced(cx, homes, *parts));
    if (misplaced.owner != nullptr) home = misplaced.owner;
    if (home->database == parts->database) return MendFlag(record, *parts, homes, *home, cx, out);

    const std::string target = v25::Join(home->database, parts->asset);
    const std::string_view code = misplaced.owner != nullptr ? "M45-1" : "D-2";
    TRY(const auto there, cx.state.Find(v25::kVersions2, Version2Key(home->database, *parts)));
    if (there || !taken.insert(target).second) {
      out.Note(record, code, TakenText(target));
      return Ok();
    }
    Item made = v25::Edited(row, {{v25::kAssetKey, Value::S(target)},
                                  {v25::kDatabaseId, Value::S(std::string(home->database))}});
    std::string text = fmt::format("moved to \"{}\"", target);
    if (misplaced.owner != nullptr) {
      text += ": " + misplaced.why;
      if (row.Has(v25::kCurrent)) made.Set(v25::kCurrent, Value::Bool(misplaced.current));
    } else {
      TRY(const auto change, v25::CurrentFlag(cx, v25::Rows::kNew, homes, *home, parts->version,
                                              v25::SaysCurrent(row)));
      if (change) {
        made.Set(v25::kCurrent, Value::Bool(change->current));
        text += "; " + change->why;
      }
    }
    out.Note(record, code, std::move(text));
    out.Put(v25::kVersions2, std::move(made));
    return Ok();
  }

  static Status MendFlag(const Record& record, const KeyParts& parts, const Homes& homes,
                         const Home& home, const Context& cx, Output& out) {
    TRY(auto change, v25::CurrentFlag(cx, v25::Rows::kNew, homes, home, parts.version,
                                      v25::SaysCurrent(record.item)));
    if (!change) {
      out.Put(v25::kVersions2, record.item);
      return Ok();
    }
    out.Note(record, "M45-6", std::move(change->why));
    out.Put(v25::kVersions2,
            v25::Edited(record.item, {{v25::kCurrent, Value::Bool(change->current)}}));
    return Ok();
  }
};

class FileRepair final : public TablePhase {
 public:
  FileRepair() : TablePhase("file-versions", "Mend keys of the files of versions", v25::kFiles2) {}

  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    return GroupOfVersion(direction, v25::SplitVersionKey2(record.item.Text(v25::kVersionKey2)),
                          cx);
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    Work work{.cx = cx, .out = out};
    for (const auto& record : unit.records) TRY_OK(Mend(record, work));
    return Ok();
  }

 private:
  struct Work {
    const Context& cx;
    Output& out;
    std::optional<Homes> homes;  // all records of a unit have one asset id
    std::map<std::string, const Home*, std::less<>> owners;  // of the version, by key database
    std::set<std::string, std::less<>> taken;
  };

  static Status Mend(const Record& record, Work& work) {
    const Item& row = record.item;
    const auto parts = v25::SplitVersionKey2(row.Text(v25::kVersionKey2));
    if (!parts) {
      work.out.Quarantine(record, "D-9", "the key names no database, asset and version");
      return Ok();
    }
    if (!work.homes) {
      TRY(work.homes, Homes::Of(work.cx.state, parts->asset));
    }
    const Home* home = work.homes->Find(parts->database);
    if (home == nullptr) {
      work.out.Put(v25::kFiles2, row);
      return Ok();
    }
    auto known = work.owners.find(parts->database);
    if (known == work.owners.end()) {
      TRY(const auto misplaced, FindMisplaced(work.cx, *work.homes, *parts));
      known = work.owners.emplace(parts->database, misplaced.owner).first;
    }
    const bool misplaced = known->second != nullptr;
    if (misplaced) home = known->second;
    if (home->database == parts->database) {
      work.out.Put(v25::kFiles2, row);
      return Ok();
    }
    return Move(record, *parts, *home, misplaced ? "M45-1" : "D-2", work);
  }

  static Status Move(const Record& record, const KeyParts& parts, const Home& home,
                     std::string_view code, Work& work) {
    const std::string target = v25::Join(home.database, parts.asset, parts.version);
    const std::string_view file = record.item.Text(v25::kFileKey);
    TRY(const auto there,
        work.cx.state.Find(v25::kFiles2,
                           Item{{std::string(v25::kVersionKey2), Value::S(target)},
                                {std::string(v25::kFileKey), Value::S(std::string(file))}}));
    if (there || !work.taken.insert(v25::GroupName(target, file)).second) {
      work.out.Note(record, code, TakenText(target));
      return Ok();
    }
    work.out.Note(record, code, fmt::format("moved to \"{}\"", target));
    work.out.Put(v25::kFiles2,
                 v25::Edited(record.item,
                             {{v25::kVersionKey2, Value::S(target)},
                              {v25::kAssetKey, Value::S(v25::Join(home.database, parts.asset))}}));
    return Ok();
  }
};

class SnapshotRepair final : public TablePhase {
 public:
  explicit SnapshotRepair(bool fill_index)
      : TablePhase("snapshots", "Take out metadata snapshots without asset", v25::kSnapshots),
        fill_index_(fill_index) {}

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    for (const auto& record : unit.records) {
      TRY(auto reason, v25::WhyNoSnapshot(record.item, cx.state));
      if (!reason.empty()) {
        out.Quarantine(record, "D-9", std::move(reason));
      } else if (!fill_index_ || !record.item.Text(v25::kAssetKey).empty()) {
        out.Put(v25::kSnapshots, record.item);
      } else {
        out.Note(record, "backfill", "lacked the attribute that the index by asset needs");
        out.Put(v25::kSnapshots,
                v25::WithAssetKey(record.item, *v25::AssetKeyOfSnapshot(record.item)));
      }
    }
    return Ok();
  }

 private:
  bool fill_index_;
};

}  // namespace

const Phase& Versions() {
  static const VersionRepair phase;
  return phase;
}

const Phase& VersionFiles() {
  static const FileRepair phase;
  return phase;
}

const Phase& SnapshotRows(bool fill_index) {
  static const SnapshotRepair keep(false), fill(true);
  return fill_index ? fill : keep;
}

}  // namespace vams::migrate::repair
