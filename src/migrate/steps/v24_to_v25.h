// What the phases of the step 2.4 -> 2.5 and of the repair share: names, composite keys, the
// databases in which an asset id lives, and who owns a version.  Internal to migrate/steps.
// Spec: migrations.md section 6, spec/README.md "Rulings on migrations" (D-2, D-3, current flag).
//
// Pure but for reads of the state, on which they block.  Thread-safe as far as the state is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/step.h"

namespace vams::migrate::v25 {

inline constexpr std::string_view kAssets = "AssetStorageTable";
inline constexpr std::string_view kBuckets = "S3AssetBucketsStorageTable";
inline constexpr std::string_view kVersions1 = "AssetVersionsStorageTable";
inline constexpr std::string_view kVersions2 = "AssetVersionsStorageTableV2";
inline constexpr std::string_view kFiles1 = "AssetFileVersionsStorageTable";
inline constexpr std::string_view kFiles2 = "AssetFileVersionsStorageTableV2";
inline constexpr std::string_view kSnapshots = "AssetFileMetadataVersionsStorageTable";

inline constexpr std::string_view kAssetId = "assetId";
inline constexpr std::string_view kVersionId = "assetVersionId";
inline constexpr std::string_view kDatabaseId = "databaseId";
inline constexpr std::string_view kAssetKey = "databaseId:assetId";
inline constexpr std::string_view kVersionKey1 = "assetId:assetVersionId";
inline constexpr std::string_view kVersionKey2 = "databaseId:assetId:assetVersionId";
inline constexpr std::string_view kFileKey = "fileKey";
inline constexpr std::string_view kCurrent = "isCurrentVersion";

inline constexpr std::string_view kDeleted = "#deleted";
// Lookups of the rows of the newer tables whose keys keep the mark of archived assets, as the
// upstream script leaves them: mostly there are none, and nobody needs to look for the second row
// of a version.
inline constexpr std::string_view kMarkedVersions = "marked-versions";
inline constexpr std::string_view kMarkedFiles = "marked-files";
LookupSpec Marked(std::string_view name, std::string_view table, std::string_view partition,
                  std::string_view sort);

// A database id without the mark of archived assets.
std::string_view Plain(std::string_view database);
inline bool IsArchivedMark(std::string_view database) { return database.ends_with(kDeleted); }

std::string Join(std::string_view a, std::string_view b);  // "a:b"
std::string Join(std::string_view a, std::string_view b, std::string_view c);

// The name of a group of records; parts may hold anything.
std::string GroupName(std::string_view a, std::string_view b, std::string_view c = {});

// The parts of a composite key; nothing if it has not all of them, or an empty one.  Views into
// `key`.
struct KeyParts {
  std::string_view database, asset, version;
};
std::optional<KeyParts> SplitAssetKey(std::string_view key);     // "db:asset"
std::optional<KeyParts> SplitVersionKey1(std::string_view key);  // "asset:version"
std::optional<KeyParts> SplitVersionKey2(std::string_view key);  // "db:asset:version"

// A copy with some attributes set and some left out, made in one pass.
struct Edit {
  std::string_view name;
  std::optional<items::Value> value;  // nothing: leave the attribute out
};
items::Item Edited(const items::Item& item, std::vector<Edit> edits);

// A database that holds an asset id, live or archived or (archived and made again) both.
struct Home {
  std::string_view database;  // without "#deleted"
  const items::Item* live = nullptr;
  const items::Item* archived = nullptr;

  // The asset whose currentVersionId counts.
  const items::Item& asset() const { return live != nullptr ? *live : *archived; }
};

class Homes {
 public:
  static Result<Homes> Of(State& state, std::string_view asset_id);

  bool empty() const { return homes_.empty(); }
  std::size_t size() const { return homes_.size(); }
  const Home& front() const { return homes_.front(); }
  std::vector<Home>::const_iterator begin() const { return homes_.begin(); }
  std::vector<Home>::const_iterator end() const { return homes_.end(); }
  // nullptr if the asset is not in there; `database` with or without "#deleted".
  const Home* Find(std::string_view database) const;

  // The asset row that the upstream script takes for this id: the one scanned last.
  // Precondition: not empty.
  const items::Item& LastScanned() const;
  // More than one asset row, or an archived one: the upstream script may go wrong.
  bool plain() const { return rows_->size() == 1 && front().archived == nullptr; }

 private:
  std::shared_ptr<const std::vector<items::Item>> rows_;
  std::vector<Home> homes_;  // by database
};

// Who owns version `version` of an asset id that is in several databases (ruling D-3).
struct Owner {
  const Home* home = nullptr;  // nullptr: nothing decides
  std::string why;             // what decided, or why nothing does
};
// The evidence in the version's own row or a file row of it; nothing if it says nothing usable.
const Home* OwnDatabase(const Homes& homes, const items::Item& row);
// `row`: the version's row of AssetVersionsStorageTable, or nullptr if there is none.
Result<Owner> OwnerOf(const Context& cx, const Homes& homes, std::string_view asset_id,
                      std::string_view version, const items::Item* row);
// The same when the row must be looked up.
Result<Owner> OwnerOf(const Context& cx, const Homes& homes, std::string_view asset_id,
                      std::string_view version);
// The evidence that a repair may rely on: everything but a row's own database and the settings.
Result<Owner> ProvenOwner(const Context& cx, const Homes& homes, std::string_view asset_id,
                          std::string_view version, const items::Item* row);

// The ruling on the current flag for a row that says `says`, of version `version` of the asset
// `home`: what it must say instead, with the reason, or nothing when it may stay.
struct FlagChange {
  bool current = false;
  std::string why;
};
// Which rows count as versions of the asset: those of the old table that are not in the new one
// yet, and those of the new one; or the latter alone.
enum class Rows : std::uint8_t { kOldAndNew, kNew };
Result<std::optional<FlagChange>> CurrentFlag(const Context& cx, Rows which, const Homes& homes,
                                              const Home& home, std::string_view version,
                                              bool says);
inline bool SaysCurrent(const items::Item& row) {
  const auto* value = row.Find(kCurrent);
  return value != nullptr && value->is(items::Kind::kBool) && value->boolean();
}

// Of version rows that the older shape must hold under one key: the one that stays.  The order is
// that of a row under its plain key before one under "#deleted", then the one made last, as the
// older release itself would have left it.
struct Claim {
  std::string_view database;  // as in the key
  std::string_view made;      // dateCreated, createdAt
};
bool Outranks(const Claim& a, const Claim& b);

// What the upstream script does to a row of `home`'s asset; an empty code: nothing wrong.
struct DefectName {
  std::string_view code;
  std::string text;
};
DefectName DefectOf(const Homes& homes, const Home& home);

// What an item of the store may have, in bytes.
inline constexpr std::size_t kItemLimit = std::size_t{400} * 1024;

// The phases, in the order they run.
const Phase& AssetVersionsPhase(Dialect dialect);
const Phase& FileVersionsPhase(Dialect dialect);
const Phase& SnapshotsPhase(Dialect dialect);

// The value of a snapshot's index attribute by its key; nothing if the key is malformed.
std::optional<std::string> AssetKeyOfSnapshot(const items::Item& row);
items::Item WithAssetKey(const items::Item& row, std::string asset_key);
// Why a snapshot row belongs to no asset (ruling D-9); empty if it belongs to one.
Result<std::string> WhyNoSnapshot(const items::Item& row, State& state);

}  // namespace vams::migrate::v25
