#include "catalog/asset_records.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/clock.h"
#include "catalog/records.h"
#include "model/database.h"
#include "model/text.h"

namespace vams::catalog {

using access::Field;
using access::Object;
using items::Item;
using items::Kind;
using items::Value;
using objects::ObjectId;
using objects::ObjectStore;
using objects::VersionInfo;

namespace {

constexpr std::size_t kMostOfKey = 1024;  // bytes

std::string KeyIn(const Item& item, std::string_view attribute) {
  const Value* location = item.Find(attribute);
  if (location == nullptr || !location->is(Kind::kM)) return {};
  return std::string(location->map().Text("Key"));
}

std::vector<std::string> TextsIn(const Item& item, std::string_view attribute) {
  std::vector<std::string> texts;
  const Value* value = item.Find(attribute);
  if (value == nullptr) return texts;
  if (value->is(Kind::kSS)) return value->set();
  if (!value->is(Kind::kL)) return texts;
  for (const Value& element : value->list())
    if (element.is(Kind::kS)) texts.push_back(element.text());
  return texts;
}

Result<std::optional<Asset>> Find(OpContext& op, items::ItemSource& source,
                                  std::string_view stored_database_id, std::string_view asset_id) {
  // What a broken record names cannot be a key.
  if (stored_database_id.empty() || asset_id.empty()) return std::optional<Asset>();
  const Item keys[] = {AssetKey(stored_database_id, asset_id)};
  TRY(auto found, source.BatchGet(op, kAssetsTable, keys));
  std::optional<Asset> asset;
  if (found.front()) asset = AssetOf(*std::move(found.front()));
  return asset;
}

}  // namespace

std::string Asset::stored_database_id() const {
  return archived ? database_id + std::string(model::kDeletedSuffix) : database_id;
}

Item AssetKey(std::string_view stored_database_id, std::string_view asset_id) {
  return {{"assetId", Value::S(std::string(asset_id))},
          {"databaseId", Value::S(std::string(stored_database_id))}};
}

Asset AssetOf(Item item) {
  Asset asset;
  const std::string_view stored = item.Text("databaseId");
  asset.database_id = model::PlainId(stored);
  asset.archived = asset.database_id.size() != stored.size();
  asset.id = item.Text("assetId");
  asset.name = item.Text("assetName");
  asset.description = item.Text("description");
  const Value* distributable = item.Find("isDistributable");
  asset.distributable =
      distributable != nullptr && distributable->is(Kind::kBool) && distributable->boolean();
  asset.tags = TextsIn(item, "tags");
  asset.type = item.Text("assetType");
  asset.bucket_id = item.Text("bucketId");
  asset.location = KeyIn(item, "assetLocation");
  if (!asset.location.empty() && !IsFolderKey(asset.location)) asset.location += '/';
  if (std::string preview = KeyIn(item, "previewLocation"); !preview.empty())
    asset.preview = std::move(preview);
  asset.current_version = item.Text("currentVersionId");
  asset.archived_at = TextIfAny(item, "archivedAt");
  asset.archived_by = TextIfAny(item, "archivedBy");
  asset.archived_reason = TextIfAny(item, "archivedReason");
  asset.item = std::move(item);
  return asset;
}

std::string PairOf(std::string_view database_id, std::string_view asset_id) {
  return fmt::format("{}:{}", database_id, asset_id);
}

Object ObjectOf(const Asset& asset) {
  return AssetObject(asset.database_id, asset.name, asset.type, asset.tags);
}

Object AssetObject(std::string_view database_id, std::string_view name, std::string_view type,
                   std::vector<std::string> tags) {
  return Object(access::ObjectType::kAsset)
      .Set(Field::kDatabaseId, database_id)
      .Set(Field::kAssetName, name)
      .Set(Field::kAssetType, type)
      .SetTags(std::move(tags));
}

Result<std::optional<Asset>> FindAsset(OpContext& op, items::ItemSource& source,
                                       std::string_view database_id, std::string_view asset_id) {
  return Find(op, source, database_id, asset_id);
}

Result<std::optional<Asset>> FindArchivedAsset(OpContext& op, items::ItemSource& source,
                                               std::string_view database_id,
                                               std::string_view asset_id) {
  return Find(op, source, std::string(database_id).append(model::kDeletedSuffix), asset_id);
}

Result<std::vector<Asset>> AssetsWithId(OpContext& op, items::ItemSource& source,
                                        std::string_view asset_id) {
  std::vector<Asset> assets;
  // What is no id of an asset may be no key either.
  if (asset_id.empty() || asset_id.size() > kMostOfKey) return assets;
  items::QueryRequest request;
  request.table = kAssetsTable;
  request.index = "assetIdGSI";
  request.partition = Value::S(std::string(asset_id));
  do {
    TRY(items::Page page, source.Query(op, request));
    for (Item& item : page.items) assets.push_back(AssetOf(std::move(item)));
    request.after = std::move(page.next);
  } while (!request.after.empty());
  return assets;
}

// ---- Where the files lie.

std::string BasePrefix(const Bucket& bucket) {
  std::string base = bucket.prefix;
  if (!base.ends_with('/')) base += '/';
  if (base.starts_with('/')) base.erase(0, 1);
  return base;
}

std::string AssetPlace::KeyOf(std::string_view path) const {
  if (path.starts_with('/')) path.remove_prefix(1);
  if (path.starts_with(root())) return std::string(path);
  return root() + std::string(path);
}

std::string AssetPlace::PathOf(std::string_view key) const {
  if (key.starts_with(root())) key.remove_prefix(root().size());
  return std::string(key);
}

Result<AssetPlace> PlaceOf(OpContext& op, items::ItemSource& source, Asset asset) {
  if (asset.location.empty()) return Error(Code::kNotFound, "Asset location not found");
  TRY(auto bucket, FindBucket(op, source, asset.bucket_id));
  if (!bucket || bucket->prefix.empty())
    return Error(Code::kNotFound, "Error getting bucket details.",
                 fmt::format("the asset names the bucket record {}", asset.bucket_id));
  return AssetPlace{.asset = std::move(asset), .bucket = *std::move(bucket)};
}

Result<AssetPlace> OpenAsset(OpContext& op, items::ItemSource& source, Caller& caller,
                             std::string_view database_id, std::string_view asset_id,
                             access::Action action, std::string_view missing) {
  TRY(auto asset, FindAsset(op, source, database_id, asset_id));
  if (!asset) return Error(Code::kNotFound, std::string(missing));
  if (!caller.Require(ObjectOf(*asset), action).ok())
    return Error(Code::kInvalid, "Not authorized to perform this operation on the asset");
  return PlaceOf(op, source, *std::move(asset));
}

// ---- Names with a meaning.

bool IsReservedFolder(std::string_view name) {
  static constexpr std::array<std::string_view, 8> kReserved = {
      "temp-upload", "temp-uploads", "preview",   "previews",
      "pipeline",    "pipelines",    "workspace", "workspaces"};
  return std::ranges::find(kReserved, name) != kReserved.end();
}

std::string_view BaseOfPreview(std::string_view key) {
  return key.substr(0, key.find(kPreviewInfix));
}

std::string ExtensionOf(std::string_view key) {
  const std::string_view name = key.substr(key.rfind('/') + 1);  // npos + 1 is 0
  const std::size_t dot = name.rfind('.');
  return dot == name.npos ? std::string() : Lower(name.substr(dot));
}

bool HasPreviewExtension(std::string_view key) {
  static constexpr std::array<std::string_view, 5> kExtensions = {".png", ".jpg", ".jpeg", ".svg",
                                                                  ".gif"};
  return std::ranges::find(kExtensions, ExtensionOf(key)) != kExtensions.end();
}

bool IsBlockedExtension(std::string_view key) {
  static constexpr std::array<std::string_view, 15> kBlocked = {
      ".jar", ".java", ".com", ".php", ".reg",  ".pif", ".bak", ".dll",
      ".exe", ".nat",  ".cmd", ".lnk", ".docm", ".vbs", ".bat"};
  return std::ranges::find(kBlocked, ExtensionOf(key)) != kBlocked.end();
}

bool IsBlockedContentType(std::string_view content_type) {
  static constexpr std::array<std::string_view, 22> kBlocked = {
      "application/java-archive",
      "application/x-python-code",
      "text/x-python-source",
      "text/x-java-source",
      "application/x-sh",
      "application/java-vm",
      "application/x-msdownload",
      "application/x-php",
      "application/x-ms-dos-executable",
      "application/x-ini",
      "application/x-inf",
      "application/x-sql",
      "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
      "application/x-ms-shortcut",
      "application/x-bat-script",
      "application/vnd.ms-word.document.macroEnabled.12",
      "application/javascript",
      "application/x-vbs",
      "application/x-powershell",
      "application/x-msdos-program",
      "application/vbscript",
      "application/powershell"};
  return std::ranges::find(kBlocked, content_type) != kBlocked.end();
}

objects::ObjectMetadata OwnedBy(const Asset& asset) { return WithOwner({}, asset); }

objects::ObjectMetadata WithOwner(objects::ObjectMetadata metadata, const Asset& asset) {
  metadata.user[kDatabaseIdMetadata] = asset.database_id;
  metadata.user[kAssetIdMetadata] = asset.id;
  return metadata;
}

// ---- Listing whole prefixes.

namespace {
// Of previews and derived data of a file with the longest of keys: no key begins with it, and the
// store refuses to look for one.
bool IsLongerThanKeys(const std::string& prefix) {
  constexpr std::size_t kLongestKey = 1024;
  return prefix.size() > kLongestKey;
}
}  // namespace

Result<std::vector<VersionInfo>> LiveObjects(OpContext& op, ObjectStore& objects,
                                             const std::string& bucket, const std::string& prefix) {
  std::vector<VersionInfo> live;
  if (IsLongerThanKeys(prefix)) return live;
  objects::ListRequest request{.bucket = bucket, .prefix = prefix};
  do {
    TRY(auto page, objects.List(op, request));
    std::ranges::move(page.objects, std::back_inserter(live));
    request.cursor = std::move(page.next);
  } while (!request.cursor.empty());
  return live;
}

namespace {
Result<std::vector<VersionInfo>> Versions(OpContext& op, ObjectStore& objects,
                                          objects::ListVersionsRequest request) {
  std::vector<VersionInfo> versions;
  do {
    TRY(auto page, objects.ListVersions(op, request));
    std::ranges::move(page.versions, std::back_inserter(versions));
    request.cursor = std::move(page.next);
  } while (!request.cursor.empty());
  return versions;
}
}  // namespace

Result<std::vector<VersionInfo>> VersionsOf(OpContext& op, ObjectStore& objects,
                                            const ObjectId& object) {
  return Versions(op, objects, {.bucket = object.bucket, .key = object.key});
}

Result<std::vector<VersionInfo>> AllVersions(OpContext& op, ObjectStore& objects,
                                             const std::string& bucket, const std::string& prefix) {
  if (IsLongerThanKeys(prefix)) return std::vector<VersionInfo>();
  return Versions(op, objects, {.bucket = bucket, .prefix = prefix});
}

Result<std::vector<VersionInfo>> LivePreviews(OpContext& op, ObjectStore& objects,
                                              const ObjectId& file) {
  TRY(auto previews, LiveObjects(op, objects, file.bucket, file.key + std::string(kPreviewInfix)));
  std::erase_if(previews,
                [](const VersionInfo& info) { return !HasPreviewExtension(info.object.key); });
  return previews;
}

Result<std::size_t> RemoveAuxiliary(OpContext& op, ObjectStore& objects,
                                    const std::string& auxiliary_bucket, const std::string& prefix,
                                    objects::ObjectChanges& changes) {
  TRY(const auto versions, AllVersions(op, objects, auxiliary_bucket, prefix));
  std::size_t count = 0;
  for (const VersionInfo& version : versions) {
    count += version.is_latest && !version.is_delete_marker ? 1 : 0;
    changes.Add(objects::DeleteVersionChange{version.object, version.version_id});
  }
  return count;
}

std::string ObjectTime(std::optional<std::int64_t> millis) {
  return IsoSecondsNoZone(millis.value_or(0)) + "+00:00";
}

}  // namespace vams::catalog
