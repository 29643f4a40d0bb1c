// Assets, their versions and their files in step 2.1 -> 2.2.  Internal to the step.
// Spec: migrations.md sections 3.3 to 3.7; rulings "2.1→2.2", "object listings", D-3.
//
// Plain values and functions without state of their own; they block on the state they read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/step.h"
#include "migrate/steps/v21_to_v22_buckets.h"

namespace vams::migrate::v22 {

// A version as 2.1 stored it inside its asset, in the shape of 2.2.
struct StoredVersion {
  std::string id;
  bool current = false;
  items::Item row;                 // of kVersions
  std::vector<items::Item> files;  // of kFileVersions
};

// What becomes of one asset.
struct AssetPlan {
  const Record* record = nullptr;
  std::string database;  // as stored, with the mark of archived assets
  items::Item asset;
  std::vector<StoredVersion> versions;  // oldest first
};

// The plan of an asset of the 2.1 shape; nothing if its bucket cannot be told, which `out` then
// says.
Result<std::optional<AssetPlan>> PlanAsset(const Record& record, const Buckets& buckets,
                                           const Context& cx, Output& out);

// What the upstream script would have done to the asset, told to `out`.
void TellDefects(const Record& record, const AssetPlan& plan, Output& out);

// The assets of a unit as 2.1 has them.
Status InvertAssets(const Unit& unit, Output& out);

// The asset id of a file version row's partition; nothing if it is malformed.
std::optional<std::string> AssetOfFiles(std::string_view asset_and_version);
std::string FilesKey(std::string_view asset, std::string_view version);

// The number of a version id ("12", "v12"); nothing if it is none.
std::optional<std::uint64_t> VersionNumber(std::string_view id);

// The text of a version number that is text or a number; "" if it is missing.
std::string VersionText(const items::Item& entry);
const items::Item* MapIn(const items::Item& item, std::string_view attribute);
// The entries of the history that are maps, oldest first.
std::vector<const items::Item*> HistoryOf(const items::Item& asset);

// The author in rows for which none was stored.
inline constexpr std::string_view kNoAuthor = "system";
inline constexpr std::string_view kNobody = "system-migration";
inline constexpr std::string_view kMadeUpComment =
    "Initial asset creation - Migration generated version";
// Attributes of an asset that 2.2 has no more.
inline constexpr std::string_view kRemoved[] = {
    "isMultiFile",    "pipelineId",         "executionId", "versions",
    "currentVersion", "specifiedPipelines", "Parent",      "objectFamily",
};

}  // namespace vams::migrate::v22
