// The phases of the repair: what upstream's migration scripts (or an interrupted reindexing) have
// left in data of 2.4 and 2.5 that the application cannot read.  Up mends; down is the identity, so
// that the engine's residue takes everything back.  Every record that is mended has exactly one
// note, every one that belongs nowhere is quarantined: these are the records that need repair.
// Internal to migrate/steps.
// Spec: spec/README.md rulings D-1, D-2, D-3, D-8, D-9, current flag; docs/operations/repair.md.
//
// Thread-safe as far as the state is; blocks on its reads.
#pragma once

#include <string_view>

#include "migrate/step.h"

namespace vams::migrate::repair {

inline constexpr std::string_view kMetadata = "AssetFileMetadataStorageTableV2";
inline constexpr std::string_view kAttributes = "FileAttributeStorageTableV2";
inline constexpr std::string_view kPlaceKey = "databaseId:assetId:filePath";

// A phase over one table: reads and writes it, and mends record by record.
class TablePhase : public Phase {
 public:
  TablePhase(std::string_view name, std::string_view what, std::string_view table)
      : info_{.name = name,
              .what = what,
              .reads_up = {table},
              .writes_up = {table},
              .reads_down = {table},
              .writes_down = {table}} {}

  const PhaseInfo& info() const final { return info_; }
  Status Inverse(const Unit& unit, const Context& cx, Output& out) const final;

 protected:
  std::string_view table() const { return info_.reads_up.front(); }

 private:
  PhaseInfo info_;
};

const Phase& FileMetadata();
const Phase& FileAttributes();
const Phase& Versions();
const Phase& VersionFiles();
// `fill_index`: the data version has the index by asset.
const Phase& SnapshotRows(bool fill_index);

}  // namespace vams::migrate::repair
