// What the two ways of gathering share.  Internal to carry/gather*.cc.
//
// Pure but for ScanFor, which blocks on the store and uses threads of its own.
#pragma once

#include <algorithm>
#include <functional>
#include <initializer_list>
#include <string>
#include <string_view>

#include "items/value.h"
#include "migrate/carry/gather.h"

namespace vams::migrate::carry {

inline constexpr std::string_view kAssets = "AssetStorageTable";
inline constexpr std::string_view kBuckets = "S3AssetBucketsStorageTable";
inline constexpr std::string_view kDatabases = "DatabaseStorageTable";
inline constexpr std::string_view kVersions1 = "AssetVersionsStorageTable";
inline constexpr std::string_view kVersions2 = "AssetVersionsStorageTableV2";
inline constexpr std::string_view kFiles1 = "AssetFileVersionsStorageTable";
inline constexpr std::string_view kFiles2 = "AssetFileVersionsStorageTableV2";
inline constexpr std::string_view kSnapshots = "AssetFileMetadataVersionsStorageTable";
inline constexpr std::string_view kOldMetadata = "MetadataStorageTable";
inline constexpr std::string_view kAssetsById = "assetIdGSI";

inline items::Value Text(std::string_view text) { return items::Value::S(std::string(text)); }

inline std::string Join(std::initializer_list<std::string_view> parts) {
  std::string joined;
  for (const auto part : parts) joined.append(joined.empty() ? "" : ":").append(part);
  return joined;
}

// A subject's parts: the kind is its first character.
struct Parts {
  std::string_view a, b;
};
inline Parts PartsOf(std::string_view name) {
  name.remove_prefix(1);
  const auto end = name.find('\0');
  if (end == name.npos) return {name, {}};
  return {name.substr(0, end), name.substr(end + 1)};
}

inline bool HasStep(const std::vector<Leg>& path, const Step& step) {
  return std::ranges::any_of(path, [&](const Leg& leg) { return leg.step == &step; });
}

using OnMatch = std::function<Status(std::string_view encoded, const items::Item& partial)>;

// Calls `visit` for every record of the table that is of one of the names, from several threads;
// `partial` has the attributes that say whose it is.
Status ScanFor(OpContext& op, const GatherJob& job, std::string_view table, const NameSet& names,
               const OnMatch& visit);

// The records of single subjects, by their keys.
Status GatherFine(OpContext& op, const GatherJob& job, const Touched& touched);
// Those of whole assets, by looking through the tables.
Status GatherCoarse(OpContext& op, const GatherJob& job, const Touched& touched);

}  // namespace vams::migrate::carry
