// Step 2.1 -> 2.2, shared by its parts: table names, small helpers, the phases.
// Internal to the step.  Spec: migrations.md section 3, spec/README.md "Rulings on migrations".
//
// Thread-safe (constant data, pure functions).  The phases block on the state they read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "items/value.h"
#include "migrate/step.h"

namespace vams::migrate::v22 {

inline constexpr std::string_view kAssets = "AssetStorageTable";
inline constexpr std::string_view kVersions = "AssetVersionsStorageTable";
inline constexpr std::string_view kFileVersions = "AssetFileVersionsStorageTable";
inline constexpr std::string_view kDatabases = "DatabaseStorageTable";
inline constexpr std::string_view kBuckets = "S3AssetBucketsStorageTable";
inline constexpr std::string_view kComments = "CommentStorageTable";
inline constexpr std::string_view kOldLinks = "AssetLinksStorageTable";
inline constexpr std::string_view kLinks = "AssetLinksStorageTableV2.2";
inline constexpr std::string_view kMetadata = "MetadataStorageTable";

inline constexpr std::string_view kFilesOf = "assetId:assetVersionId";
inline constexpr std::string_view kCommentKey = "assetVersionId:commentId";
inline constexpr std::string_view kArchived = "#deleted";

inline items::Value Text(std::string_view text) { return items::Value::S(std::string(text)); }

inline bool IsArchived(std::string_view database) { return database.ends_with(kArchived); }
// Without the mark of archived records.
inline std::string_view Plain(std::string_view database) {
  if (IsArchived(database)) database.remove_suffix(kArchived.size());
  return database;
}

// An id that depends on `purpose` alone, so that every run makes up the same one.
inline std::string StableId(std::string_view purpose) {
  Settings same;
  same.run_id = "2.1-2.2";
  return MadeUpId(same, purpose);
}

// Assets by id alone, in order of their databases.
inline constexpr std::string_view kAssetsById = "assets-by-id";
inline LookupSpec AssetsById() {
  return {std::string(kAssetsById), std::string(kAssets), "assetId", "databaseId"};
}

// The version that upstream's script makes current: of currentVersion, else of the first entry of
// the history, else "0".
std::string ReferenceCurrentVersion(const items::Item& asset);

const Phase& DatabasePhase();
const Phase& AssetPhase();
const Phase& ReferenceCommentPhase();
const Phase& CommentPhase();
const Phase& LinkPhase();
const Phase& MetadataPhase();

}  // namespace vams::migrate::v22
