// Step 2.1 -> 2.2: the step itself, its small phases, its checks.  Spec: migrations.md section 3.
#include "migrate/steps/v21_to_v22.h"

#include <fmt/format.h>

#include "migrate/keys.h"
#include "migrate/steps.h"
#include "migrate/steps/v21_to_v22_assets.h"
#include "migrate/steps/v21_to_v22_buckets.h"

namespace vams::migrate {

namespace v22 {

using items::Item;
using items::Value;

namespace {

// Databases get the bucket for new assets.  One unit of all databases and buckets, because it also
// makes the bucket's row where no deployment has made one.
class Databases final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "databases",
                                .what = "Give databases their bucket",
                                .reads_up = {kDatabases, kBuckets},
                                .writes_up = {kDatabases, kBuckets},
                                .reads_down = {kDatabases, kBuckets},
                                .writes_down = {kDatabases, kBuckets},
                                .lookups_up = {},
                                .lookups_down = {}};
    return info;
  }

  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    (void)direction, (void)record, (void)cx;
    return std::optional<std::string>("all");
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    TRY(const auto buckets, ReadBuckets(cx, true));
    if (buckets.made_up) out.Put(kBuckets, BucketRow(*buckets.chosen));
    for (const auto& record : unit.records) {
      const bool has = record.item.Has("defaultBucketId");
      if (record.table == kBuckets || (has && cx.settings.dialect == Dialect::kCorrected)) {
        out.Put(record.table, record.item);
      } else if (!buckets.chosen) {
        out.Ambiguous(record, "object listings",
                      "several asset buckets are possible as the bucket of its new assets; name "
                      "the asset bucket");
      } else {
        Item database = record.item;
        database.Set("defaultBucketId", Text(buckets.chosen->id));
        out.Put(kDatabases, std::move(database));
      }
    }
    return Ok();
  }

  // The rows of the buckets stay beside the data: 2.1 does not look at them, and without them the
  // way up could not tell which bucket an asset was in.
  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) {
      Item item = record.item;
      if (record.table == kDatabases) item.Remove("defaultBucketId");
      out.Put(record.table, std::move(item));
    }
    return Ok();
  }
};

// Metadata of files: 2.1 wrote "{asset}/{path}", 2.2 looks for "/{asset}/{path}" (M12-8).
class Metadata final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "file-metadata",
                                .what = "Key the metadata of files as 2.2 looks for it",
                                .reads_up = {kMetadata},
                                .writes_up = {kMetadata},
                                .reads_down = {kMetadata},
                                .writes_down = {kMetadata},
                                .lookups_up = {},
                                .lookups_down = {}};
    return info;
  }

  // Records of one file in both forms; records of assets are units of their own.
  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    (void)direction, (void)cx;
    const std::string_view path = WithoutSlash(record.item.Text("assetId"));
    if (path.find('/') == path.npos) return std::optional<std::string>();
    std::string group(record.item.Text("databaseId"));
    group += '\0';
    return std::optional(group.append(path));
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    for (const auto& record : unit.records) {
      const std::string_view key = record.item.Text("assetId");
      const bool old = !key.starts_with('/') && key.find('/') != key.npos;
      if (!old || cx.settings.dialect == Dialect::kReference) {
        out.Put(kMetadata, record.item);
        continue;
      }
      out.Defect(record, "M12-8", "2.2 would not find it under its key");
      if (unit.records.size() > 1) {
        out.Note(record, "M12-8",
                 "there is metadata of this file in the form of 2.2 too; both stay as they are");
        out.Put(kMetadata, record.item);
      } else {
        PutAs(fmt::format("/{}", key), record.item, out);
      }
    }
    return Ok();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) {
      const std::string_view key = record.item.Text("assetId");
      const std::string_view path = WithoutSlash(key);
      if (path == key || path.find('/') == path.npos || unit.records.size() > 1)
        out.Put(kMetadata, record.item);
      else
        PutAs(path, record.item, out);
    }
    return Ok();
  }

 private:
  static void PutAs(std::string_view key, Item item, Output& out) {
    item.Set("assetId", Text(key));
    out.Put(kMetadata, std::move(item));
  }
};

// ---- Checks of the destination state

using Problems = std::vector<Problem>;

void Add(Problems& problems, Problem::Kind kind, std::string text) {
  problems.push_back({kind, std::move(text)});
}

Result<bool> Exists(const Context& cx, std::string_view table, const Item& key) {
  TRY(const auto found, cx.state.Find(table, key));
  return found.has_value();
}

// Under its database, or as an archived asset of it.
Result<bool> AssetExists(const Context& cx, std::string_view database, std::string_view asset) {
  for (const std::string& id :
       {std::string(database), fmt::format("{}{}", Plain(database), kArchived)}) {
    TRY(const bool found,
        Exists(cx, kAssets, Item{{"assetId", Text(asset)}, {"databaseId", Text(id)}}));
    if (found) return true;
  }
  return false;
}

// In any database: 2.2 has no index of assets by id alone, but one by bucket and id.
Result<bool> AnyAssetHas(const Context& cx, std::string_view asset) {
  TRY(const auto* buckets, cx.state.All(kBuckets));
  for (const Item& bucket : *buckets) {
    const items::QueryRequest request{
        .table = std::string(kAssets),
        .index = "BucketIdGSI",
        .partition = Text(bucket.Text("bucketId")),
        .sort = items::SortCondition::Is(items::SortCondition::Op::kEqual, Text(asset)),
        .limit = 1,
        .after = {}};
    TRY(const auto page, cx.state.source().Query(cx.state.op(), request));
    if (!page.items.empty()) return true;
  }
  return false;
}

Result<bool> VersionExists(const Context& cx, std::string_view asset, std::string_view version) {
  return Exists(cx, kVersions, Item{{"assetId", Text(asset)}, {"assetVersionId", Text(version)}});
}

Status CheckBucketOf(const Item& item, std::string_view attribute, const Context& cx,
                     Problems& problems) {
  TRY(const auto* buckets, cx.state.All(kBuckets));
  for (const Item& bucket : *buckets)
    if (bucket.Text("bucketId") == item.Text(attribute)) return Ok();
  Add(problems, item.Has(attribute) ? Problem::Kind::kOrphan : Problem::Kind::kBroken,
      fmt::format("{} \"{}\" names no bucket", attribute, item.Text(attribute)));
  return Ok();
}

Status CheckAsset(const Item& asset, const Context& cx, Problems& problems) {
  TRY_OK(CheckBucketOf(asset, "bucketId", cx, problems));
  const std::string_view current = asset.Text("currentVersionId");
  if (current.empty()) {
    Add(problems, Problem::Kind::kBroken, "it has no current version");
    return Ok();
  }
  TRY(const bool found, VersionExists(cx, asset.Text("assetId"), current));
  if (!found)
    Add(problems, Problem::Kind::kOrphan,
        fmt::format("its current version {} has no row", current));
  return Ok();
}

Status CheckVersionOf(std::string_view asset, std::string_view version, const Context& cx,
                      Problems& problems) {
  TRY(const bool found, VersionExists(cx, asset, version));
  if (!found)
    Add(problems, Problem::Kind::kOrphan,
        fmt::format("there is no version {} of an asset {}", version, asset));
  return Ok();
}

Status CheckLink(const Item& link, const Context& cx, Problems& problems) {
  for (const std::string_view side : {"from", "to"}) {
    const std::string database_name = fmt::format("{}AssetDatabaseId", side);
    const std::string asset_name = fmt::format("{}AssetId", side);
    const std::string_view database = link.Text(database_name), asset = link.Text(asset_name);
    if (link.Text(fmt::format("{}:{}", database_name, asset_name)) !=
        fmt::format("{}:{}", database, asset))
      Add(problems, Problem::Kind::kBroken,
          fmt::format("{}:{} contradicts its two parts", database_name, asset_name));
    TRY(const bool found, AssetExists(cx, database, asset));
    if (!found)
      Add(problems, Problem::Kind::kOrphan,
          fmt::format("there is no asset {} in database {}", asset, database));
  }
  return Ok();
}

Status CheckComment(const Item& comment, const Context& cx, Problems& problems) {
  const std::string_view key = comment.Text(kCommentKey);
  const auto colon = key.find(':');
  if (colon == key.npos) {
    // The corrected dialect has put these aside.
    Add(problems,
        cx.settings.dialect == Dialect::kCorrected ? Problem::Kind::kBroken
                                                   : Problem::Kind::kOrphan,
        "its key does not have the form version:comment");
    return Ok();
  }
  return CheckVersionOf(Plain(comment.Text("assetId")), key.substr(0, colon), cx, problems);
}

Status CheckUp(const Record& record, const Context& cx, Problems& problems) {
  const Item& item = record.item;
  if (record.table == kAssets) return CheckAsset(item, cx, problems);
  if (record.table == kDatabases) return CheckBucketOf(item, "defaultBucketId", cx, problems);
  if (record.table == kLinks) return CheckLink(item, cx, problems);
  if (record.table == kComments) return CheckComment(item, cx, problems);
  if (record.table == kVersions) {
    TRY(const bool found, AnyAssetHas(cx, item.Text("assetId")));
    if (!found)
      Add(problems, Problem::Kind::kOrphan,
          fmt::format("there is no asset {}", item.Text("assetId")));
  }
  if (record.table == kFileVersions) {
    const std::string_view key = item.Text(kFilesOf);
    const auto asset = AssetOfFiles(key);
    if (asset) return CheckVersionOf(*asset, key.substr(asset->size() + 1), cx, problems);
    Add(problems, Problem::Kind::kOrphan, "its key does not have the form asset:version");
  }
  return Ok();
}

void CheckDown(const Record& record, Problems& problems) {
  if (record.table == kAssets && record.item.Has("currentVersionId"))
    Add(problems, Problem::Kind::kBroken, "it still names its current version by id");
}

class TheStep final : public Step {
 public:
  tables::DataVersion from() const override { return {2, 1}; }
  tables::DataVersion to() const override { return {2, 2}; }
  std::vector<const Phase*> Phases(Dialect dialect) const override {
    return {&DatabasePhase(), &AssetPhase(),
            dialect == Dialect::kReference ? &ReferenceCommentPhase() : &CommentPhase(),
            &LinkPhase(), &MetadataPhase()};
  }
  Result<std::vector<Problem>> CheckRecord(Direction direction, const Record& record,
                                           const Context& cx) const override {
    Problems problems;
    if (direction == Direction::kUp)
      TRY_OK(CheckUp(record, cx, problems));
    else
      CheckDown(record, problems);
    return problems;
  }
};

}  // namespace

const Phase& DatabasePhase() {
  static const Databases phase;
  return phase;
}

const Phase& MetadataPhase() {
  static const Metadata phase;
  return phase;
}

}  // namespace v22

const Step& Step21To22() {
  static const v22::TheStep step;
  return step;
}

}  // namespace vams::migrate
