// Records of asset versions: the versions themselves, the files and the metadata that they are
// snapshots of.  Reading them, and finding the version that a number or an alias means.  Internal
// to catalog.  Spec: api-assets.md sections 8.1 and 10.1, data-model.md sections 4.4 to 4.6.
//
// Rows of every release are there: some lack attributes, some name files with a slash in front.
// Whoever reads through this sees one form.
//
// Thread-safe (no state).  What takes an OpContext blocks on the item store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/metadata_records.h"
#include "items/store.h"

namespace vams::catalog {

inline const std::string kAssetVersionsTable = "AssetVersionsStorageTableV2";
inline const std::string kFileVersionsTable = "AssetFileVersionsStorageTableV2";
inline const std::string kMetadataVersionsTable = "AssetFileMetadataVersionsStorageTable";

// Whose version it is; the ids are plain, those of an archived asset as well.
using AssetIds = MetadataOwner;

struct AssetVersion {
  std::string id;          // "0", "1", …
  std::string created_at;  // dateCreated
  std::string created_by;
  std::string comment;
  std::string description;           // the asset's when the version was made
  std::optional<std::string> alias;  // never empty
  bool archived = false;
  bool marked_current = false;  // isCurrentVersion; which one is current, the asset's record says
};

// A file of a version.
struct FileVersion {
  std::string path;        // "scan/a.e57", without a slash in front
  std::string version_id;  // of the object; empty: none is recorded
  std::optional<std::uint64_t> size;
  std::optional<std::string> last_modified;
  std::optional<std::string> etag;
};

// ---- Versions.

// The number that an id stands for: "v12" and "12" are 12; nothing for what is no number.
std::optional<std::int64_t> VersionNumber(std::string_view id);

Result<std::optional<AssetVersion>> FindVersion(OpContext& op, items::ItemSource& source,
                                                const AssetIds& asset, std::string_view id);
// All of them, archived ones too, the greatest number first; ids that are no number come last.
Result<std::vector<AssetVersion>> VersionsOf(OpContext& op, items::ItemSource& source,
                                             const AssetIds& asset);
// kNotFound "Asset version '99' not found for asset".
Error NoAssetVersion(std::string_view id);
Result<AssetVersion> GetVersion(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                std::string_view id);
// The one version with exactly this alias, archived or not.  kNotFound "No asset versions found for
// asset", "No asset version found with alias 'RC1'"; kConflict "Ambiguous alias 'RC1': multiple
// versions share this alias".
Result<AssetVersion> ResolveAlias(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                  std::string_view alias);

// ---- Files of versions.

// A row of kFileVersionsTable.
FileVersion FileVersionOf(const items::Item& item);
// By path, each path once.
Result<std::vector<FileVersion>> FileRowsOf(OpContext& op, items::ItemSource& source,
                                            const AssetIds& asset, std::string_view version_id);
Result<std::uint64_t> CountFileRows(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                    std::string_view version_id);
// A slash in front of the path makes no difference.
Result<std::optional<FileVersion>> FileRowOf(OpContext& op, items::ItemSource& source,
                                             const AssetIds& asset, std::string_view version_id,
                                             std::string_view path);
// What a download of this file in this asset version reads.  kNotFound "Asset version '99' not
// found for asset", "No files found in asset version '0'", "File not found in asset version '3'",
// "No version ID recorded for file in asset version '3'".
Result<FileVersion> ResolveFile(OpContext& op, items::ItemSource& source, const AssetIds& asset,
                                std::string_view version_id, std::string_view path);
// The versions whose snapshot holds the file, the smallest number first, each with the file as it
// holds it.
Result<std::vector<std::pair<AssetVersion, FileVersion>>> VersionsWithFile(
    OpContext& op, items::ItemSource& source, const AssetIds& asset, std::string_view path);

// ---- Metadata of versions.

// In order: attributes before metadata, then by path, then by key.
Result<std::vector<MetadataRow>> MetadataRowsOf(OpContext& op, items::ItemSource& source,
                                                const AssetIds& asset, std::string_view version_id);

// Of one kind and path ("/scan/a.e57", "/"), by key; nothing if the version holds no metadata at
// all.
Result<std::optional<std::vector<MetadataRow>>> MetadataRowsAt(
    OpContext& op, items::ItemSource& source, const AssetIds& asset, std::string_view version_id,
    MetadataKind kind, std::string_view path);

// ---- Writing.

items::Item AssetVersionKey(const AssetIds& asset, std::string_view id);
items::Item AssetVersionItem(const AssetIds& asset, const AssetVersion& version);
items::Write PutFileVersion(const AssetIds& asset, std::string_view version_id,
                            const FileVersion& file, const std::string& created_at);
items::Write PutMetadataVersion(const AssetIds& asset, std::string_view version_id,
                                const MetadataRow& row, const std::string& created_at);
// Of everything that belongs to the versions of the asset, for its permanent deletion: versions,
// their files, their metadata.
Result<std::vector<items::Write>> DeletionsOfVersions(OpContext& op, items::ItemSource& source,
                                                      const AssetIds& asset);

}  // namespace vams::catalog
