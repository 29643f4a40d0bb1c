#include "migrate/steps/v21_to_v22_assets.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "migrate/steps/old_times.h"
#include "migrate/steps/scan_order.h"
#include "migrate/steps/v21_to_v22.h"

namespace vams::migrate::v22 {

using items::Item;
using items::Value;

namespace {

Item WithoutOwner(Item row) {
  row.Remove("databaseId");
  row.Remove("isCurrentVersion");
  return row;
}

// Puts the versions of all assets of one id together.  The key of a version row in 2.2 has no
// database, so of several assets only one can have a version of a number.
class Versions {
 public:
  Versions(const Unit& unit, const std::vector<AssetPlan>& plans, bool shared, Output& out)
      : unit_(unit), plans_(plans), shared_(shared), out_(out) {
    for (const Item* row : unit.Of(kVersions)) present_.emplace(row->Text("assetVersionId"));
    for (const Item* file : unit.Of(kFileVersions)) present_files_.emplace(file->Text(kFilesOf));
  }

  void Put() {
    std::map<std::string_view, std::vector<Claim>> claims;
    for (const AssetPlan& plan : plans_)
      for (const StoredVersion& version : plan.versions)
        claims[version.id].push_back({&plan, &version});
    for (auto& [id, of_version] : claims) Settle(of_version);
  }

 private:
  struct Claim {
    const AssetPlan* plan;
    const StoredVersion* version;
  };

  // Live before archived assets, current before earlier versions, then by database.
  static auto Rank(const Claim& claim) {
    return std::tuple(IsArchived(claim.plan->database), !claim.version->current,
                      std::string_view(claim.plan->database));
  }

  void Settle(std::vector<Claim>& claims) {
    std::ranges::stable_sort(claims, {}, Rank);
    const Claim& winner = claims[0];
    bool same = true, current = false;
    for (const Claim& claim : claims) {
      same = same && SameVersion(*claim.version, *winner.version);
      current = current || claim.version->current;
    }
    Item row = winner.version->row;
    row.Set("isCurrentVersion", Value::Bool(same ? current : winner.version->current));
    // A row that belongs to all assets of the id names none.
    const bool of_all = same && claims.size() == plans_.size() && claims.size() > 1;
    if (shared_ && !of_all) row.Set("databaseId", Text(winner.plan->database));
    PutVersion(std::move(row), winner.version->files);
    if (same) {
      if (claims.size() > 1 && !of_all) NoteShared(claims);
      return;
    }
    for (std::size_t i = 1; i < claims.size(); ++i) SetAside(claims[i], winner);
  }

  static bool SameVersion(const StoredVersion& a, const StoredVersion& b) {
    return WithoutOwner(a.row) == WithoutOwner(b.row) && a.files == b.files;
  }

  // What is in the tables already stays.
  void PutVersion(Item row, const std::vector<Item>& files) {
    const std::string key = FilesKey(row.Text("assetId"), row.Text("assetVersionId"));
    if (!present_.contains(std::string(row.Text("assetVersionId"))))
      out_.Put(kVersions, std::move(row));
    if (present_files_.contains(key)) return;
    for (const Item& file : files) out_.Put(kFileVersions, file);
  }

  // Equal versions of some of the assets: the row names the first of them.
  void NoteShared(const std::vector<Claim>& claims) {
    for (std::size_t i = 1; i < claims.size(); ++i)
      out_.Note(*claims[i].plan->record, "D-3",
                fmt::format("its version {} equals that of database {}, whose row stands for both",
                            claims[i].version->id, claims[0].plan->database));
  }

  void SetAside(const Claim& claim, const Claim& winner) {
    const std::string reason = fmt::format(
        "version {} of the asset in database {} gives way to that of the asset in database {}: "
        "release 2.2 knows a version by asset id and number alone",
        claim.version->id, claim.plan->database, winner.plan->database);
    const auto quarantine = [&](std::string_view table, Item item) {
      item.Set("databaseId", Text(claim.plan->database));
      out_.Quarantine(Record{table, std::move(item)}, "D-3", reason);
    };
    quarantine(kVersions, claim.version->row);
    for (const Item& file : claim.version->files) quarantine(kFileVersions, file);
  }

  const Unit& unit_;
  const std::vector<AssetPlan>& plans_;
  const bool shared_;
  Output& out_;
  std::set<std::string> present_, present_files_;
};

class Assets final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{
        .name = "assets",
        .what = "Give every stored version of an asset its own row, and its files theirs",
        .reads_up = {kAssets, kVersions, kFileVersions},
        .writes_up = {kAssets, kVersions, kFileVersions},
        .reads_down = {kAssets, kVersions, kFileVersions},
        .writes_down = {kAssets},
        .lookups_up = {},
        .lookups_down = {}};
    return info;
  }

  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    (void)direction, (void)cx;
    if (record.table == kFileVersions) return AssetOfFiles(record.item.Text(kFilesOf));
    return std::optional<std::string>(record.item.Text("assetId"));
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    if (cx.settings.dialect == Dialect::kReference) return Reference(unit, cx, out);
    for (const auto& record : unit.records)
      if (record.table != kAssets) out.Put(record.table, record.item);
    const std::size_t assets = unit.Of(kAssets).size();
    if (assets == 0) return Ok();
    TRY(const auto buckets, ReadBuckets(cx, false));
    std::vector<AssetPlan> plans;
    for (const auto& record : unit.records) {
      if (record.table != kAssets) continue;
      if (record.item.Has("currentVersionId")) {
        out.Put(kAssets, record.item);
        out.Defect(record, "M12-2",
                   "it is migrated already; its current version would become 0 a second time");
        continue;
      }
      TRY(auto plan, PlanAsset(record, buckets, cx, out));
      if (!plan) continue;
      TellDefects(record, *plan, out);
      if (assets > 1)
        out.Defect(record, "M12-4",
                   "versions, comments and links of all assets of this id would be mixed up");
      out.Put(kAssets, plan->asset);
      plans.push_back(*std::move(plan));
    }
    Versions(unit, plans, assets > 1, out).Put();
    return Ok();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    return InvertAssets(unit, out);
  }

 private:
  // As the script of release 2.2.0 does it, one asset after the other.
  static Status Reference(const Unit& unit, const Context& cx, Output& out) {
    std::vector<const Item*> assets = unit.Of(kAssets);
    std::map<std::string, Item> rows;  // by version
    for (const Item* row : unit.Of(kVersions))
      rows[std::string(row->Text("assetVersionId"))] = *row;
    for (const auto& record : unit.records)
      if (record.table == kFileVersions) out.Put(kFileVersions, record.item);
    if (!assets.empty()) {
      TRY(const auto buckets, ReadBuckets(cx, false));
      if (!buckets.chosen)
        return Error(
            Code::kInvalid,
            fmt::format("{} has several rows for base prefix \"{}\", so assets cannot be "
                        "given their bucket and nothing is migrated; name the asset bucket",
                        kBuckets, cx.settings.base_assets_prefix));
      std::ranges::sort(assets, [](const Item* a, const Item* b) {
        return ScannedBefore(a->Text("databaseId"), b->Text("databaseId"));
      });
      for (const Item* asset : assets) {
        Item row = ReferenceRow(*asset, cx);
        rows[std::string(row.Text("assetVersionId"))] = std::move(row);
        out.Put(kAssets, ReferenceAsset(*asset, *buckets.chosen));
      }
    }
    for (auto& [version, row] : rows) out.Put(kVersions, std::move(row));
    return Ok();
  }

  static Item ReferenceRow(const Item& asset, const Context& cx) {
    const Item* current = MapIn(asset, "currentVersion");
    const auto history = HistoryOf(asset);
    const Item* stored = current != nullptr ? current : history.empty() ? nullptr : history[0];
    std::string version = stored != nullptr ? VersionText(*stored) : "";
    if (version.empty()) version = "0";
    Item row{{"assetId", Text(asset.Text("assetId"))},
             {"assetVersionId", Text(version)},
             {"isCurrentVersion", Value::Bool(true)},
             {"dateCreated", Text(IsoTime(cx.settings.run_millis))},
             {"comment", Text(kMadeUpComment)},
             {"description", Text("")},
             {"createdBy", Text(kNobody)},
             {"specifiedPipelines", Value::L({})}};
    if (stored == nullptr) return row;
    row.Set("comment",
            Text(current != nullptr ? fmt::format("Asset migration - Version {}", version)
                                    : std::string("Asset migration")));
    row.Set("createdBy", Text(cx.settings.reference_author));
    const auto take = [&](std::string_view from, std::string_view to) {
      if (const Value* value = stored->Find(from)) row.Set(to, *value);
    };
    take("Comment", "comment");
    take("description", "description");
    take("CreatedBy", "createdBy");
    take("specifiedPipelines", "specifiedPipelines");
    return row;
  }

  static Item ReferenceAsset(const Item& old, const Bucket& bucket) {
    Item asset = old;
    for (const auto name : kRemoved) asset.Remove(name);
    if (old.Has("assetLocation"))
      asset.Set(
          "assetLocation",
          Value::M(Item{{"Key", Text(fmt::format("{}{}/", bucket.prefix, old.Text("assetId")))}}));
    asset.Set("bucketId", Text(bucket.id));
    asset.Set("currentVersionId", Text(ReferenceCurrentVersion(old)));
    return asset;
  }
};

}  // namespace

const Phase& AssetPhase() {
  static const Assets phase;
  return phase;
}

}  // namespace vams::migrate::v22
