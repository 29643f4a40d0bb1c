#include "indexing/affected.h"

#include <array>
#include <string_view>

#include "catalog/asset_records.h"
#include "catalog/buckets.h"
#include "catalog/link_records.h"
#include "catalog/metadata_records.h"
#include "catalog/version_records.h"
#include "indexing/document_parts.h"
#include "model/database.h"
#include "tables/system_tables.h"

namespace vams::indexing {

using items::Change;
using items::Item;
using items::Value;

namespace {

// "db:asset", and what follows another colon.
struct Split {
  AssetRef asset;
  std::string_view rest;
};
Split SplitPair(std::string_view text) {
  const std::size_t first = text.find(':');
  if (first == text.npos) return {};
  const std::size_t second = text.find(':', first + 1);
  Split split{.asset = {.database_id = std::string(text.substr(0, first)),
                        .asset_id = std::string(text.substr(first + 1, second - first - 1))},
              .rest = {}};
  if (second != text.npos) split.rest = text.substr(second + 1);
  return split;
}

// Whether the documents of the asset's files say something else than before.
bool FilesDiffer(const Item& before, const Item& after) {
  static constexpr std::array<std::string_view, 5> kShown = {"assetName", "tags", "assetType",
                                                             "bucketId", "assetLocation"};
  for (const std::string_view name : kShown) {
    const Value* old_value = before.Find(name);
    const Value* new_value = after.Find(name);
    if ((old_value == nullptr) != (new_value == nullptr)) return true;
    if (old_value != nullptr && !(*old_value == *new_value)) return true;
  }
  return false;
}

void AddVersionImage(const Item& image, AffectedObject& object) {
  if (const Value* marker = image.Find("isDeleteMarker");
      marker != nullptr && marker->is(items::Kind::kBool) && marker->boolean())
    return;  // it never has marks: the versions below it do
  const Value* metadata = image.Find("metadata");
  if (metadata != nullptr && metadata->is(items::Kind::kM)) {
    const std::string_view database = metadata->map().Text(catalog::kDatabaseIdMetadata);
    const std::string_view asset = metadata->map().Text(catalog::kAssetIdMetadata);
    if (!database.empty() && !asset.empty()) {
      object.owners.insert({std::string(model::PlainId(database)), std::string(asset)});
      return;
    }
  }
  object.unmarked = true;
}

void AddImages(const Change& change, AffectedObject& object) {
  if (change.before) AddVersionImage(*change.before, object);
  if (change.after) AddVersionImage(*change.after, object);
  object.look |= !change.has_images;
  object.position = change.position;
}

}  // namespace

void Affected::Add(const Change& change) {
  if (change.table == tables::kObjectsTable) {
    AddObject(change);
  } else if (change.table == tables::kObjectVersionsTable) {
    AddObjectVersion(change);
  } else if (change.table == catalog::kAssetsTable) {
    AddAsset(change);
  } else if (change.table == catalog::kFileMetadataTable ||
             change.table == catalog::kFileAttributesTable) {
    AddRow(change);
  } else if (change.table == catalog::kAssetVersionsTable) {
    assets.try_emplace(SplitPair(change.key.Text("databaseId:assetId")).asset);
  } else if (change.table == catalog::kLinksTable) {
    AddLink(change);
  } else if (change.table == catalog::kBucketsTable) {
    buckets.emplace(change.key.Text("bucketId"));
  }
}

void Affected::AddAsset(const Change& change) {
  AffectedAsset& asset = assets[{std::string(model::PlainId(change.key.Text("databaseId"))),
                                 std::string(change.key.Text("assetId"))}];
  asset.unknown |= !change.has_images;
  if (change.before && change.after && !FilesDiffer(*change.before, *change.after)) return;
  asset.files = true;
  if (!change.before) return;
  const auto before = catalog::AssetOf(*change.before);
  if (!before.location.empty()) asset.folders.insert({before.bucket_id, before.location});
}

void Affected::AddRow(const Change& change) {
  const auto [asset, path] = SplitPair(change.key.Text("databaseId:assetId:filePath"));
  if (path == "/")
    assets.try_emplace(asset);
  else if (path.starts_with('/'))
    files[asset][std::string(path)] = change.position;
}

void Affected::AddObject(const Change& change) {
  AffectedObject& object =
      objects[{std::string(change.key.Text("bucket")), std::string(change.key.Text("key"))}];
  AddImages(change, object);
  object.put_last = change.op == Change::Op::kPut;
}

void Affected::AddObjectVersion(const Change& change) {
  const std::string_view path = change.key.Text("object");  // bucket/key
  const std::size_t slash = path.find('/');
  if (slash == path.npos) return;
  AddImages(change,
            objects[{std::string(path.substr(0, slash)), std::string(path.substr(slash + 1))}]);
}

void Affected::AddLink(const Change& change) {
  for (const auto* image : {&change.before, &change.after}) {
    if (!*image) continue;
    assets.try_emplace({std::string((*image)->Text("fromAssetDatabaseId")),
                        std::string((*image)->Text("fromAssetId"))});
    assets.try_emplace({std::string((*image)->Text("toAssetDatabaseId")),
                        std::string((*image)->Text("toAssetId"))});
  }
  if (!change.has_images) links.emplace(change.key.Text("assetLinkId"));
}

}  // namespace vams::indexing
