// AssetEdit collects what one operation changes in an asset's files and in its records, and makes
// all of it true in one commit, in which the asset is still there, and which counts as an edit of
// the asset (asset_marks.h).  Internal to catalog. Spec: api-assets.md sections 2.5 and 4.1
// (assetType).
//
//   AssetEdit edit(stores, place);
//   edit.objects().Add(objects::DeleteChange{place.ObjectAt(path)});
//   edit.Write(items::Write::Delete(…));
//   TRY(const auto made, edit.Commit(op));
//
// Belongs to one thread.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_marks.h"
#include "catalog/asset_records.h"
#include "catalog/notices.h"
#include "catalog/stores.h"

namespace vams::catalog {

class AssetEdit {
 public:
  // Both outlive the edit.  The asset is active.
  AssetEdit(const Stores& stores, const AssetPlace& place) : stores_(stores), place_(place) {}

  objects::ObjectChanges& objects() { return objects_; }
  void Write(items::Write write) { writes_.push_back(std::move(write)); }
  // Of the asset's record.
  void Set(std::string attribute, items::Value value);
  void Remove(std::string attribute);
  // The commit fails with kConflict unless the record still has this value.
  void Expect(std::string attribute, items::Value value);
  // The same of the asset's marks: Unedited, NothingRemoved.
  void ExpectMarks(items::Condition condition) { marks_.push_back(std::move(condition)); }
  // The edit follows from metadata of these paths as it was behind the asset's marks.
  void ExpectMetadata(const AssetMarks& marks, const MetadataStripes& stripes);
  // It changes rows of these paths, so that others have to look at them again.  Once only.
  void ChangeMetadata(const MetadataStripes& stripes);
  // Whoever follows the asset is told of the change, if it is made.
  void Announce(Announcement announcement) { announcement_ = std::move(announcement); }
  // Further writes that follow from the versions made, one entry for each object change; without
  // conditions.  Called while the commit is made, perhaps more than once.
  void Follow(objects::ObjectStore::FollowingWrites following) {
    following_ = std::move(following);
  }

  // One entry for each object change, as ObjectStore::Commit gives them.  The asset's type follows
  // from the files that are live afterwards.  kNotFound "Asset not found in database." if the asset
  // is no longer there; kConflict for a condition of a write or of a change that does not hold;
  // other errors of a change as the store has them (the index counts the writes given to Write,
  // then the object changes; it is -1 for the record and the marks).  Once only.
  Result<std::vector<std::optional<objects::VersionInfo>>> Commit(OpContext& op);

 private:
  const Stores& stores_;
  const AssetPlace& place_;
  objects::ObjectChanges objects_;
  std::vector<items::Write> writes_;
  std::vector<items::Mutation> mutations_;
  std::vector<items::Condition> conditions_;
  std::vector<items::Condition> marks_;
  std::vector<items::Mutation> more_marks_;
  std::optional<Announcement> announcement_;
  objects::ObjectStore::FollowingWrites following_;
};

// Makes the type in the asset's record follow its live files: ".glb" of exactly one file, "folder"
// of more, "unknown" of one without an extension; no file leaves the type as it is.  Preview files
// count, folder markers do not.  Returns the type that the record has now.  Nothing happens where
// the record is no longer there.
Result<std::string> SettleAssetType(OpContext& op, const Stores& stores, const AssetPlace& place);

}  // namespace vams::catalog
