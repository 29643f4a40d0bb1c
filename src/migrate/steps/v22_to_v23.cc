// Step 2.2 -> 2.3.  No table changes its shape; upstream's script only touches metadata rows so
// that its search index is filled.  The corrected dialect touches nothing, because the lifecycle
// rebuilds the index from the data.  The way down takes out what 2.2 does not know. Spec:
// migrations.md sections 4 and 8.2.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "migrate/keys.h"
#include "migrate/steps.h"
#include "migrate/steps/old_times.h"
#include "objects/object_version.h"
#include "tables/system_tables.h"

namespace vams::migrate {

namespace {

using items::Item;
using items::Kind;
using items::Value;

constexpr std::string_view kMetadata = "MetadataStorageTable";
constexpr std::string_view kAssets = "AssetStorageTable";
constexpr std::string_view kBuckets = "S3AssetBucketsStorageTable";
constexpr std::string_view kLinks = "AssetLinksStorageTableV2.2";
constexpr std::string_view kLinkMetadata = "AssetLinksMetadataStorageTable";
constexpr std::string_view kMarker = "_asset_table_updated";
constexpr std::string_view kAlias = "assetLinkAliasId";
constexpr std::string_view kType = "metadataValueType";

// A path with a part that begins like this is no asset file to the reindexer.
constexpr std::array<std::string_view, 6> kReserved = {"pipeline", "pipelines",   "preview",
                                                       "previews", "temp-upload", "temp-uploads"};
// Types of link metadata that 2.3 has added.
constexpr std::array<std::string_view, 6> kNewTypes = {"wxyz",    "matrix4x4", "geopoint",
                                                       "geojson", "lla",       "json"};

Value Text(std::string_view text) { return Value::S(std::string(text)); }

// What begins the keys of a bucket row: "" or "scans/".
std::string KeyPrefix(const Item& bucket) {
  std::string prefix(WithoutSlash(bucket.Text("baseAssetsPrefix")));
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  return prefix;
}

// ---- Metadata

// The way down, the same in both dialects: rows that are nothing but a marker go, other markers
// take the form of 2.2.
void InvertMetadata(const Unit& unit, Output& out) {
  for (const auto& record : unit.records) {
    if (record.table != kMetadata) continue;
    const Value* marker = record.item.Find(kMarker);
    if (marker == nullptr) {
      out.Put(kMetadata, record.item);
      continue;
    }
    if (record.item.size() == 3) continue;  // the keys and the marker
    Item item = record.item;
    if (marker->is(Kind::kS)) {
      if (auto seconds = EpochSecondsFromIso(marker->text()))
        item.Set(kMarker, Value::N(*std::move(seconds)));
      else
        item.Remove(kMarker);
    }
    out.Put(kMetadata, std::move(item));
  }
}

class Metadata final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "metadata",
                                .what = "Keep metadata as it is; search is rebuilt from it",
                                .reads_up = {kMetadata},
                                .writes_up = {kMetadata},
                                .reads_down = {kMetadata},
                                .writes_down = {kMetadata},
                                .lookups_up = {},
                                .lookups_down = {}};
    return info;
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    for (const auto& record : unit.records) {
      out.Put(kMetadata, record.item);
      TRY_OK(TellDefects(record, cx, out));
    }
    return Ok();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    InvertMetadata(unit, out);
    return Ok();
  }

 private:
  static Status TellDefects(const Record& record, const Context& cx, Output& out) {
    if (const Value* marker = record.item.Find(kMarker); marker != nullptr && marker->is(Kind::kN))
      out.Defect(record, "M23-4", "its marker would become text");
    const std::string_view key = record.item.Text("assetId");
    if (!key.starts_with('/')) return Ok();
    TRY(const auto* buckets, cx.state.All(kBuckets));
    for (const Item& bucket : *buckets) {
      const std::string prefix = KeyPrefix(bucket);
      if (prefix.empty() || !key.substr(1).starts_with(prefix)) continue;
      out.Defect(record, "M23-5",
                 "the file would get a second row under its key without bucket prefix, and search "
                 "would not find the fields of this one");
      break;
    }
    return Ok();
  }
};

// The way up of the reindexer of release 2.3.2.
class TouchedMetadata final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "metadata",
                                .what = "Touch the metadata of every asset and file",
                                .reads_up = {kMetadata, kAssets, tables::kObjectsTable},
                                .writes_up = {kMetadata},
                                .reads_down = {kMetadata},
                                .writes_down = {kMetadata},
                                .lookups_up = {},
                                .lookups_down = {}};
    return info;
  }

  // Everything that touches one metadata row, and the row.
  Result<std::optional<std::string>> GroupOf(Direction direction, const Record& record,
                                             const Context& cx) const override {
    if (direction == Direction::kDown) return std::optional<std::string>();
    TRY(const auto key, KeyOf(record, cx));
    if (!key) return std::optional<std::string>();
    std::string group(key->Text("databaseId"));
    group += '\0';
    return std::optional(group.append(key->Text("assetId")));
  }

  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    Item row;
    bool touched = false;
    for (const auto& record : unit.records) {
      if (record.table == kMetadata) {
        row = record.item;
        continue;
      }
      TRY(const auto key, KeyOf(record, cx));
      if (!key) continue;
      touched = true;
      for (const auto& attribute : *key) row.Set(attribute.name, attribute.value);
    }
    if (touched) row.Set(kMarker, Text(IsoTime(cx.settings.run_millis, "+00:00")));
    if (!row.empty()) out.Put(kMetadata, std::move(row));
    return Ok();
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    InvertMetadata(unit, out);
    return Ok();
  }

 private:
  // The key of the row that a record is or touches; nothing for an object that touches none.
  static Result<std::optional<Item>> KeyOf(const Record& record, const Context& cx) {
    if (record.table != tables::kObjectsTable)
      return std::optional(Item{{"assetId", Text(record.item.Text("assetId"))},
                                {"databaseId", Text(record.item.Text("databaseId"))}});
    TRY(const auto object, objects::ObjectFromItem(record.item));
    TRY(const auto* buckets, cx.state.All(kBuckets));
    for (const Item& bucket : *buckets) {
      const std::string prefix = KeyPrefix(bucket);
      if (bucket.Text("bucketName") == object.newest.bucket &&
          object.newest.key.starts_with(prefix))
        return RowOf(object.newest, object.newest.key.substr(prefix.size()));
    }
    return std::optional<Item>();
  }

  static std::optional<Item> RowOf(const objects::ObjectVersion& object, std::string_view path) {
    if (object.is_delete_marker || object.key.ends_with('/') ||
        object.key.find(".previewFile.") != object.key.npos || HasReservedPart(path) ||
        !object.user_metadata)
      return std::nullopt;
    const auto asset = object.user_metadata->find("assetid");
    const auto database = object.user_metadata->find("databaseid");
    if (asset == object.user_metadata->end() || database == object.user_metadata->end() ||
        asset->second.empty() || database->second.empty())
      return std::nullopt;
    const bool inside = path.starts_with(asset->second + "/");
    return Item{{"assetId", Text(inside ? fmt::format("/{}", path)
                                        : fmt::format("/{}/{}", asset->second, path))},
                {"databaseId", Text(database->second)}};
  }

  static bool HasReservedPart(std::string_view path) {
    while (!path.empty()) {
      const std::string_view part = path.substr(0, path.find('/'));
      if (std::ranges::any_of(kReserved, [&](auto word) { return part.starts_with(word); }))
        return true;
      path.remove_prefix(std::min(part.size() + 1, path.size()));
    }
    return false;
  }
};

// ---- Links

// Nothing on the way up.
class Unchanged : public Phase {
 public:
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) out.Put(record.table, record.item);
    return Ok();
  }
};

class Links final : public Unchanged {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "links",
                                .what = "Keep links; 2.2 knows no alias ids",
                                .reads_up = {kLinks},
                                .writes_up = {kLinks},
                                .reads_down = {kLinks},
                                .writes_down = {kLinks},
                                .lookups_up = {},
                                .lookups_down = {}};
    return info;
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) {
      Item link = record.item;
      if (link.Remove(kAlias))
        out.Note(record, "alias",
                 fmt::format("2.2 does not show its alias \"{}\", and lists it beside other links "
                             "of the same two assets",
                             record.item.Text(kAlias)));
      out.Put(kLinks, std::move(link));
    }
    return Ok();
  }
};

class LinkMetadata final : public Unchanged {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo info{.name = "link-metadata",
                                .what = "Keep the metadata of links; 2.2 knows fewer types",
                                .reads_up = {kLinkMetadata},
                                .writes_up = {kLinkMetadata},
                                .reads_down = {kLinkMetadata},
                                .writes_down = {kLinkMetadata},
                                .lookups_up = {},
                                .lookups_down = {}};
    return info;
  }

  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) {
      Item item = record.item;
      if (std::ranges::find(kNewTypes, item.Text(kType)) != kNewTypes.end())
        item.Set(kType, Text("string"));
      out.Put(kLinkMetadata, std::move(item));
    }
    return Ok();
  }
};

// ---- The step

void CheckMetadataType(const Item& item, std::vector<Problem>& problems) {
  if (std::ranges::find(kNewTypes, item.Text(kType)) != kNewTypes.end())
    problems.push_back(
        {Problem::Kind::kBroken, fmt::format("2.2 does not know the type {}", item.Text(kType))});
}

void CheckLink(const Item& link, std::vector<Problem>& problems) {
  for (const std::string_view side : {"from", "to"}) {
    const std::string database = fmt::format("{}AssetDatabaseId", side);
    const std::string asset = fmt::format("{}AssetId", side);
    if (link.Text(fmt::format("{}:{}", database, asset)) !=
        fmt::format("{}:{}", link.Text(database), link.Text(asset)))
      problems.push_back({Problem::Kind::kOrphan,
                          fmt::format("{}:{} contradicts its two parts", database, asset)});
  }
}

class TheStep final : public Step {
 public:
  tables::DataVersion from() const override { return {2, 2}; }
  tables::DataVersion to() const override { return {2, 3}; }
  std::vector<const Phase*> Phases(Dialect dialect) const override {
    static const Metadata metadata;
    static const TouchedMetadata touched;
    static const Links links;
    static const LinkMetadata link_metadata;
    if (dialect == Dialect::kReference) return {&touched, &links, &link_metadata};
    return {&metadata, &links, &link_metadata};
  }
  Result<std::vector<Problem>> CheckRecord(Direction direction, const Record& record,
                                           const Context& cx) const override {
    (void)cx;
    std::vector<Problem> problems;
    if (record.table == kLinks) CheckLink(record.item, problems);
    if (direction == Direction::kDown && record.table == kLinkMetadata)
      CheckMetadataType(record.item, problems);
    return problems;
  }
};

}  // namespace

const Step& Step22To23() {
  static const TheStep step;
  return step;
}

}  // namespace vams::migrate
