// One attempt at making a version of an asset: what it will hold, collected for one commit.
// Internal to AssetVersions.
//
// Belongs to one thread.  What takes an OpContext blocks on the item store.
#pragma once

#include <set>
#include <string>
#include <vector>

#include "catalog/asset_edit.h"
#include "catalog/asset_versions.h"

namespace vams::catalog {

class AssetVersions::Edit {
 public:
  Edit(const Stores& stores, AssetPlace at)
      : place(std::move(at)),
        asset{place.asset.database_id, place.asset.id},
        changes(stores, place),
        stores_(stores) {}
  Edit(const Edit&) = delete;
  Edit& operator=(const Edit&) = delete;

  // Gives the version its number and makes it the current one.
  Status Begin(OpContext& op, const std::string& user, std::string comment, std::string alias);
  // A file that is versioned; the paths are all different.
  void AddFile(const FileVersion& file);
  // Notes that the path is part of the version, so that its metadata is as well.
  void Include(std::string_view path);
  // Metadata of this path ("/scan/a.e57") may become part of the version.
  void Describe(const std::string& path) { described_.insert(path); }
  // The metadata as it is; of the asset and of the paths that are part of the version.  To be read
  // before files are added.
  Status ReadMetadata(OpContext& op);
  // Versions the rows of what is part of the version.  kTooLarge, naming the row, for what does not
  // fit into a record.
  Status AddMetadata();

  const AssetPlace place;
  const AssetIds asset;
  AssetEdit changes;
  AssetVersion version;
  MadeVersion made;
  std::vector<MetadataRow> metadata;
  // What the asset's marks have to be, so that what was listed is still right.
  items::Condition unchanged;
  AssetMarks marks;  // as they were before anything was read

  // A row that belongs to the asset itself or to a path that is part of the version.
  bool Covers(const MetadataRow& row) const;

 private:
  const Stores& stores_;
  std::set<std::string, std::less<>> described_;  // paths with metadata
  std::set<std::string, std::less<>> included_;   // those of them that are part of the version
};

}  // namespace vams::catalog
