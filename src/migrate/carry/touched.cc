#include "migrate/carry/touched.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "migrate/carry/gather_parts.h"
#include "migrate/keys.h"
#include "tables/system_tables.h"

namespace vams::migrate::carry {

using items::Change;
using items::Item;

namespace {

constexpr std::size_t kPageChanges = 1000;

// A bucket record that was added and has no prefix changes the meaning of nothing that was there.
bool IsHarmless(const Change& change) {
  return !change.before && change.after &&
         WithoutSlash(change.after->Text("baseAssetsPrefix")).empty();
}

// ---- Whole assets

class CoarseTouched {
 public:
  CoarseTouched(const CarryJob& job, const Subjects& subjects,
                const std::set<std::string, std::less<>>& tables, Touched& touched)
      : job_(job), subjects_(subjects), tables_(tables), touched_(touched) {
    objects_ = HasStep(job.path, Step21To22()) || HasStep(job.path, Step23To24()) ||
               HasStep(job.path, Step24To25());
  }

  void See(const Change& change) {
    if (change.table == kBuckets) {
      if (!HasStep(job_.path, Step21To22()) && IsHarmless(change)) return;
      touched_.whole = "a bucket of assets was changed, by which the older form finds every asset";
      return;
    }
    const bool object =
        change.table == tables::kObjectsTable || change.table == tables::kObjectVersionsTable;
    if (object && objects_) SeeObject(change);
    if (!tables_.contains(change.table) && change.table != kAssets) return;
    for (const auto* image : {&change.before, &change.after})
      if (*image) Add(subjects_.Touched(change.table, **image));
  }

 private:
  void Add(Names names) {
    for (auto& name : names) touched_.names.insert(std::move(name));
  }
  void SeeObject(const Change& change) {
    Names names;
    std::string key(change.key.Text("key"));
    if (const auto path = change.key.Text("object"); !path.empty())
      key = path.substr(std::min(path.find('/') + 1, path.size()));
    Item as_row{{"assetId", items::Value::S(key)}};
    Add(subjects_.Touched("MetadataStorageTable", as_row));
    for (const auto* image : {&change.before, &change.after}) {
      if (!*image) continue;
      const auto* metadata = (*image)->Find("metadata");
      if (metadata == nullptr || !metadata->is(items::Kind::kM)) continue;
      const Item owner{{"assetId", items::Value::S(std::string(metadata->map().Text("assetid")))}};
      Add(subjects_.Touched("CommentStorageTable", owner));
    }
  }

  const CarryJob& job_;
  const Subjects& subjects_;
  const std::set<std::string, std::less<>>& tables_;
  Touched& touched_;
  bool objects_ = false;
};

// ---- Single versions: the step 2.4 -> 2.5 alone

class FineTouched {
 public:
  FineTouched(OpContext& op, const CarryJob& job, const std::set<std::string, std::less<>>& tables,
              Touched& touched)
      : op_(op), job_(job), tables_(tables), touched_(touched) {}

  void See(const Change& change) {
    const Item& key = change.key;
    if (change.table == kAssets) {
      SeeAsset(change);
    } else if (change.table == tables::kObjectsTable) {
      Names names;
      NamesOfKey(key.Text("key"), {}, names);
      for (const auto& name : names)
        if (name.front() == 'x') assets_[name.substr(1)].looked_at = true;
    } else if (change.table == kVersions1) {
      Version('v', {}, key.Text("assetId"), key.Text("assetVersionId"), change);
    } else if (change.table == kVersions2) {
      const auto [database, asset] = First(key.Text("databaseId:assetId"));
      Version('v', database, asset, key.Text("assetVersionId"), change);
    } else if (change.table == kFiles1) {
      const auto [asset, version] = Last(key.Text("assetId:assetVersionId"));
      Version('f', {}, asset, version, change);
    } else if (change.table == kFiles2 || change.table == kSnapshots) {
      const auto [database, rest] = First(key.Text("databaseId:assetId:assetVersionId"));
      const auto [asset, version] = Last(rest);
      Version(change.table == kFiles2 ? 'f' : 'm', database, asset, version, change);
    } else if (tables_.contains(change.table)) {
      touched_.names.insert(RecordName(change.table, key));
    }
  }

  // Whether single versions will do, for every asset id that was seen.
  Status Decide() {
    const bool up = job_.path.front().direction == Direction::kUp;
    for (auto& [id, asset] : assets_) {
      TRY_OK(op_.Check());
      TRY(const auto now, HomesOf(job_.source, id));
      TRY(const auto then, HomesOf(job_.target, id));
      const bool alone = now.size() == 1 && now == then;
      // Going up, which versions say that they are current decides about all of them.
      const bool whole = asset.moved || up || !alone;
      if (!whole && asset.names.empty()) continue;
      if (whole)
        touched_.names.insert(carry::NameOf('x', id));
      else
        touched_.names.insert(asset.names.begin(), asset.names.end());
      auto& databases = touched_.databases[id];
      databases.insert(now.begin(), now.end());
      databases.insert(then.begin(), then.end());
      databases.insert(asset.databases.begin(), asset.databases.end());
    }
    return Ok();
  }

 private:
  struct Asset {
    std::set<std::string> databases;
    NameSet names;
    bool moved = false;      // its record came or went
    bool looked_at = false;  // what decides among several databases was changed
  };
  struct Two {
    std::string_view a, b;
  };

  static Two First(std::string_view key) {
    const auto colon = key.find(':');
    return colon == key.npos ? Two{} : Two{key.substr(0, colon), key.substr(colon + 1)};
  }
  static Two Last(std::string_view key) {
    const auto colon = key.rfind(':');
    return colon == key.npos ? Two{} : Two{key.substr(0, colon), key.substr(colon + 1)};
  }

  void SeeAsset(const Change& change) {
    Asset& asset = assets_[std::string(change.key.Text("assetId"))];
    asset.databases.emplace(PlainDatabase(change.key.Text("databaseId")));
    if (!change.before || !change.after) {
      asset.moved = true;
      return;
    }
    for (const auto* name : {"currentVersionId", "bucketId", "assetLocation"}) {
      const auto *before = change.before->Find(name), *after = change.after->Find(name);
      const bool same =
          before == nullptr ? after == nullptr : after != nullptr && *before == *after;
      if (!same) asset.looked_at = true;
    }
  }

  void Version(char kind, std::string_view database, std::string_view asset,
               std::string_view version, const Change& change) {
    if (asset.empty() || version.empty()) {  // malformed: a unit of its own
      touched_.names.insert(RecordName(change.table, change.key));
      return;
    }
    Asset& of = assets_[std::string(asset)];
    if (!database.empty()) of.databases.emplace(PlainDatabase(database));
    of.names.insert(carry::NameOf(kind, asset, version));
  }

  Result<std::set<std::string>> HomesOf(items::ItemSource& store, const std::string& id) {
    std::set<std::string> homes;
    TRY_OK(VisitPartition(op_, store, kAssets, "assetIdGSI", id, [&](const Item& asset) {
      homes.emplace(PlainDatabase(asset.Text("databaseId")));
      return Ok();
    }));
    return homes;
  }

  OpContext& op_;
  const CarryJob& job_;
  const std::set<std::string, std::less<>>& tables_;
  Touched& touched_;
  std::map<std::string, Asset> assets_;
};

bool IsKnownAsset(OpContext& op, items::ItemSource& store, std::string_view id) {
  bool known = false;
  const auto spec = store.Table(op, kAssets);
  if (!spec.ok()) return spec.error().code != Code::kNotFound;
  if (spec->FindIndex("assetIdGSI") == nullptr) return true;  // costly to find out
  const auto visited = VisitPartition(op, store, kAssets, "assetIdGSI", id, [&](const Item&) {
    known = true;
    return Ok();
  });
  return known || !visited.ok();
}

}  // namespace

Status ForEachChange(OpContext& op, const CarryJob& job,
                     const std::function<Status(const items::ChangePage& page)>& visit) {
  for (items::Position at = job.after; at < job.to;) {
    TRY_OK(op.Check());
    TRY(auto page, job.changes(op, at, kPageChanges));
    while (!page.changes.empty() && page.changes.back().position > job.to) page.changes.pop_back();
    if (page.changes.empty()) return Ok();
    at = page.changes.back().position;
    TRY_OK(visit(page));
  }
  return Ok();
}

Result<Prefixes> ReadPrefixes(OpContext& op, const CarryJob& job) {
  Prefixes prefixes;
  for (items::ItemSource* store : {&job.source, static_cast<items::ItemSource*>(&job.target)})
    TRY_OK(VisitAll(op, *store, kBuckets, [&](const Item& bucket) {
      const std::string prefix(WithoutSlash(bucket.Text("baseAssetsPrefix")));
      if (prefix.empty()) return Ok();
      prefixes.all.insert(prefix);
      if (!prefix.ends_with('/')) prefixes.all.insert(prefix + "/");
      return Ok();
    }));
  // A key below a prefix could also mean an asset that is called like the prefix.
  std::set<std::string, std::less<>> changed;
  if (!prefixes.all.empty())
    TRY_OK(ForEachChange(op, job, [&](const items::ChangePage& page) {
      for (const Change& change : page.changes)
        if (change.table == kAssets) changed.emplace(change.key.Text("assetId"));
      return Ok();
    }));
  for (const auto& prefix : prefixes.all) {
    const std::string id = prefix.substr(0, prefix.find('/'));
    if (!changed.contains(id) && !IsKnownAsset(op, job.source, id) &&
        !IsKnownAsset(op, job.target, id))
      prefixes.no_asset.insert(id);
  }
  return prefixes;
}

Result<Touched> FindTouched(OpContext& op, const CarryJob& job, const Subjects& subjects,
                            const std::set<std::string, std::less<>>& tables) {
  Touched touched;
  touched.fine = job.path.size() == 1 && job.path.front().step == &Step24To25();
  CoarseTouched coarse(job, subjects, tables, touched);
  FineTouched fine(op, job, tables, touched);
  TRY_OK(ForEachChange(op, job, [&](const items::ChangePage& page) {
    for (const Change& change : page.changes) {
      ++touched.changes;
      if (items::IsSystemTable(change.table)) ++touched.system_changes;
      if (!touched.whole.empty()) continue;
      if (!change.has_images && tables.contains(change.table))
        touched.whole = fmt::format("the change log has no images of {}", change.table);
      else if (touched.fine)
        fine.See(change);
      else if (!job.path.empty())
        coarse.See(change);
    }
    if (touched.changes > job.most_changes && !job.path.empty())
      touched.whole = fmt::format("there are more than {} changes", job.most_changes);
    return Ok();
  }));
  if (touched.fine && touched.whole.empty()) TRY_OK(fine.Decide());
  return touched;
}

}  // namespace vams::migrate::carry
