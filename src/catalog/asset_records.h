// Records of assets, and where their files lie: reading AssetStorageTable, the place of an asset in
// a bucket, and how a path of the wire becomes a key.  Internal to catalog.
// Spec: api-assets.md sections 2 and 4.1, data-model.md section 4.2.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store or the object store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "access/object.h"
#include "base/op_context.h"
#include "base/result.h"
#include "catalog/buckets.h"
#include "catalog/caller.h"
#include "items/store.h"
#include "objects/store.h"

namespace vams::catalog {

inline const std::string kAssetsTable = "AssetStorageTable";

// A record of an asset.  What it lacks is empty: records of every release are there.
struct Asset {
  std::string database_id;  // plain, also of an archived asset
  std::string id;
  bool archived = false;  // its record is filed under the database id with model::kDeletedSuffix
  std::string name;
  std::string description;
  bool distributable = false;
  std::vector<std::string> tags;
  std::string type;  // "none", "folder", "unknown" or ".glb"
  std::string bucket_id;
  std::string location;                // assetLocation.Key; ends with "/"; empty: none is stored
  std::optional<std::string> preview;  // previewLocation.Key
  std::string current_version;         // currentVersionId
  std::optional<std::string> archived_at, archived_by, archived_reason;
  items::Item item;  // as it is stored

  // The database id that its record is filed under.
  std::string stored_database_id() const;
};

items::Item AssetKey(std::string_view stored_database_id, std::string_view asset_id);
Asset AssetOf(items::Item item);
// "db:asset", the key of much that belongs to an asset.
std::string PairOf(std::string_view database_id, std::string_view asset_id);

// What permission rules see of it.
access::Object ObjectOf(const Asset& asset);
access::Object AssetObject(std::string_view database_id, std::string_view name,
                           std::string_view type, std::vector<std::string> tags);

// The active or the archived record; nothing if there is none.
Result<std::optional<Asset>> FindAsset(OpContext& op, items::ItemSource& source,
                                       std::string_view database_id, std::string_view asset_id);
Result<std::optional<Asset>> FindArchivedAsset(OpContext& op, items::ItemSource& source,
                                               std::string_view database_id,
                                               std::string_view asset_id);
// Active and archived ones of every database: comments and subscriptions name an asset by its id
// alone.  In no promised order.
Result<std::vector<Asset>> AssetsWithId(OpContext& op, items::ItemSource& source,
                                        std::string_view asset_id);

// ---- Where the files lie.

// What all keys of a bucket's assets begin with: the prefix without a slash in front, empty for
// "/".
std::string BasePrefix(const Bucket& bucket);

// An asset with the bucket that its files lie in.
struct AssetPlace {
  Asset asset;
  Bucket bucket;

  const std::string& root() const { return asset.location; }  // key of its folder, with "/"
  // The key that a path of the wire names: one leading slash is dropped; a path that begins with
  // the asset's key is a key already.
  std::string KeyOf(std::string_view path) const;
  objects::ObjectId ObjectAt(std::string_view path) const { return {bucket.name, KeyOf(path)}; }
  objects::ObjectId Object(std::string key) const { return {bucket.name, std::move(key)}; }
  // "scan/a.e57", without a slash in front: the path in records of versions.
  std::string PathOf(std::string_view key) const;
  // "/scan/a.e57": the path on the wire and in records of metadata.
  std::string SlashPathOf(std::string_view key) const { return "/" + PathOf(key); }
};

// kNotFound "Asset location not found" (no key stored), kNotFound "Error getting bucket details."
Result<AssetPlace> PlaceOf(OpContext& op, items::ItemSource& source, Asset asset);

// The active asset, as the endpoints on files and versions ask for it: kNotFound `missing`;
// kInvalid "Not authorized to perform this operation on the asset" (its wire status is 400, and the
// refusal is noted with the caller); then what PlaceOf says.
Result<AssetPlace> OpenAsset(OpContext& op, items::ItemSource& source, Caller& caller,
                             std::string_view database_id, std::string_view asset_id,
                             access::Action action,
                             std::string_view missing = "Asset not found in database.");

// ---- Names with a meaning.

inline constexpr std::string_view kPreviewInfix = ".previewFile.";

// First folders under a bucket's prefix that belong to no asset: "previews", "temp-uploads", …
bool IsReservedFolder(std::string_view name);
inline bool IsFolderKey(std::string_view key) { return key.ends_with('/'); }
inline bool IsPreviewKey(std::string_view key) { return key.find(kPreviewInfix) != key.npos; }
// "a/b.glb" of "a/b.glb.previewFile.png".
std::string_view BaseOfPreview(std::string_view key);
// With an extension that previews may have: .png .jpg .jpeg .svg .gif.
bool HasPreviewExtension(std::string_view key);
// ".glb", in lower case, of the last segment; empty if it has no dot.
std::string ExtensionOf(std::string_view key);
// Section 5.6: extensions in any case, content types as they are stored.
bool IsBlockedExtension(std::string_view key);
bool IsBlockedContentType(std::string_view content_type);

// Names of user metadata of objects (section 2.4).
inline const std::string kDatabaseIdMetadata = "databaseid";
inline const std::string kAssetIdMetadata = "assetid";
inline const std::string kUploadIdMetadata = "uploadid";
inline const std::string kPrimaryTypeMetadata = "vams-primarytype";

// Owner marks of an object of the asset, and nothing else.
objects::ObjectMetadata OwnedBy(const Asset& asset);
// The same metadata with these owner marks.
objects::ObjectMetadata WithOwner(objects::ObjectMetadata metadata, const Asset& asset);

// ---- Listing whole prefixes.  Every element in memory: for one asset, one file, one folder.

Result<std::vector<objects::VersionInfo>> LiveObjects(OpContext& op, objects::ObjectStore& objects,
                                                      const std::string& bucket,
                                                      const std::string& prefix);
// Of exactly this key, newest first.
Result<std::vector<objects::VersionInfo>> VersionsOf(OpContext& op, objects::ObjectStore& objects,
                                                     const objects::ObjectId& object);
// Of all keys under the prefix, markers among them.
Result<std::vector<objects::VersionInfo>> AllVersions(OpContext& op, objects::ObjectStore& objects,
                                                      const std::string& bucket,
                                                      const std::string& prefix);
// The live previews of the file, by key: those with an extension that previews may have.
Result<std::vector<objects::VersionInfo>> LivePreviews(OpContext& op, objects::ObjectStore& objects,
                                                       const objects::ObjectId& file);

// Removes every version of what the auxiliary bucket holds under the prefix.  How many objects.
Result<std::size_t> RemoveAuxiliary(OpContext& op, objects::ObjectStore& objects,
                                    const std::string& auxiliary_bucket, const std::string& prefix,
                                    objects::ObjectChanges& changes);

// Times: "2026-03-04T09:15:31+00:00" of objects, "2026-03-04T09:15:31.204817" of records (as
// IsoMicrosNoZone of records.h).
std::string ObjectTime(std::optional<std::int64_t> millis);

}  // namespace vams::catalog
