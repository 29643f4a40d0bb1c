// Moving and copying files, within an asset and to another one.  Spec: api-assets.md sections 6.4
// and 6.5.
#include <utility>

#include "catalog/asset_edit.h"
#include "catalog/asset_files.h"
#include "catalog/asset_files_parts.h"

namespace vams::catalog {

using objects::CopyChange;
using objects::DeleteChange;
using objects::PutCondition;
using objects::VersionInfo;

namespace {

// A folder's marker has no content of its own, and a file under a folder's name would not be seen.
Status CheckNoFolder(std::string_view from, std::string_view to) {
  if (IsFolderKey(from))
    return Error(Code::kInvalid,
                 "Folders cannot be moved or copied. Move or copy the files in it instead.");
  if (IsFolderKey(to))
    return Error(Code::kInvalid,
                 "The destination path ends with a slash, which is the name of a folder. Append "
                 "the name of the file.");
  return Ok();
}

// Records of the file, as records of the other.
struct RowsFor {
  std::vector<MetadataRow> from, merged;
};
// Rows that somebody writes behind the reading make the commit fail, at both places.
Result<RowsFor> ReadRows(OpContext& op, const Stores& stores, const AssetPlace& source,
                         std::string_view from, const AssetPlace& target, std::string_view to,
                         AssetEdit& edit) {
  const std::string from_path = source.SlashPathOf(from);
  const std::string to_path = target.SlashPathOf(to);
  const MetadataOwner owner = OwnerOf(target.asset);
  const MetadataOwner from_owner = OwnerOf(source.asset);
  const std::string pair = PairOf(owner.database_id, owner.asset_id);
  const std::string from_pair = PairOf(from_owner.database_id, from_owner.asset_id);
  TRY(const auto marks, ReadMarks(op, stores.items, pair));
  MetadataStripes stripes, from_stripes;
  stripes.Add(to_path);
  (pair == from_pair ? stripes : from_stripes).Add(from_path);
  edit.ExpectMetadata(marks, stripes);
  if (pair != from_pair) {
    TRY(const auto from_marks, ReadMarks(op, stores.items, from_pair));
    edit.Write(CheckMarks(from_marks, from_stripes.Unchanged(from_marks)));
  }
  TRY(auto rows, MetadataOfPath(op, stores.items, from_owner, from_path));
  TRY(const auto there, MetadataOfPath(op, stores.items, owner, to_path));
  auto merged = MergedInto(to_path, rows, there, stores.random);
  // Of files without metadata many can be moved and copied at once.
  if (!rows.empty()) edit.ChangeMetadata(stripes);
  return RowsFor{std::move(rows), std::move(merged)};
}

void WriteRows(const MetadataOwner& owner, const std::vector<MetadataRow>& rows, AssetEdit& edit) {
  for (const MetadataRow& row : rows) {
    items::Write put = PutMetadata(owner, row);
    // One that came there meanwhile has to be merged with.
    put.conditions.push_back(items::Condition::Absent());
    edit.Write(std::move(put));
  }
}

}  // namespace

// ---- Move.

namespace {

Status CheckMoveSource(OpContext& op, const Stores& stores, const objects::ObjectId& source) {
  TRY(const auto newest, NewestOf(op, stores.objects, source));
  if (!newest) return Error(Code::kNotFound, "Source file not found.");
  if (newest->is_delete_marker)
    return Error(Code::kInvalid, "Cannot move or rename archived file. Unarchive it first.");
  return Ok();
}

Status CheckMoveTarget(OpContext& op, const Stores& stores, const objects::ObjectId& target) {
  TRY(const auto newest, NewestOf(op, stores.objects, target));
  if (!newest) return Ok();
  return Error(Code::kConflict,
               newest->is_delete_marker
                   ? "Destination file already exists (including archived versions)."
                   : "Destination file already exists.");
}

// Nothing: it was overtaken.
Result<std::optional<FileChange>> TryMove(OpContext& op, const Stores& stores,
                                          const std::string& user, const AssetPlace& place,
                                          std::string_view from_path, std::string_view to_path) {
  const objects::ObjectId from = place.ObjectAt(from_path);
  const objects::ObjectId to = place.ObjectAt(to_path);
  if (from == to) return Error(Code::kInvalid, "Source and destination paths must be different");
  if (IsPreview(place, from.key) || IsPreview(place, to.key))
    return Error(Code::kInvalid,
                 "Cannot directly move or rename preview files. Move or rename the base file "
                 "instead.");
  TRY_OK(CheckNoFolder(from.key, to.key));
  TRY_OK(CheckMoveSource(op, stores, from));
  TRY_OK(CheckMoveTarget(op, stores, to));

  FileChange change{.affected = {std::string(from_path), std::string(to_path)}, .files = 1};
  AssetEdit edit(stores, place);
  // What is current when the change takes effect goes, whatever it was when it was looked at.
  edit.objects().Add(CopyChange{from, {}, to, {}, PutCondition::Absent()});
  edit.objects().Add(DeleteChange{from});
  TRY(const auto previews, LivePreviews(op, stores.objects, from));
  for (const VersionInfo& preview : previews) {
    const auto& source = preview.object;
    const auto target = place.Object(PreviewKeyFor(source.key, from.key, to.key));
    edit.objects().Add(CopyChange{source, {}, target, {}, {}});
    edit.objects().Add(DeleteChange{source});
    change.affected.push_back(place.SlashPathOf(source.key));
    change.affected.push_back(place.SlashPathOf(target.key));
    ++change.previews;
  }
  change.files += change.previews;
  TRY_OK(FollowAuxiliary(op, stores, from.key, to.key, true, edit));
  const MetadataOwner owner = OwnerOf(place.asset);
  TRY(const auto rows, ReadRows(op, stores, place, from.key, place, to.key, edit));
  WriteRows(owner, rows.merged, edit);
  for (const MetadataRow& row : rows.from) edit.Write(DeleteMetadataIfSame(owner, row));
  change.records = rows.merged.size();
  edit.Announce({NoticeKind::kFileMoved,
                 user,
                 {place.SlashPathOf(from.key) + " → " + place.SlashPathOf(to.key)}});
  const auto made = edit.Commit(op);
  if (made.ok()) return std::optional(std::move(change));
  if (IsOvertaken(made.error())) return std::optional<FileChange>();
  return made.error();
}

}  // namespace

Result<FileChange> AssetFiles::Move(OpContext& op, Caller& caller, const Ref& asset,
                                    std::string_view from, std::string_view to) {
  return UntilNotOvertaken(op, [&]() -> Result<std::optional<FileChange>> {
    TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                    access::Action::kPost));
    return TryMove(op, stores_, caller.user(), place, from, to);
  });
}

// ---- Copy.

namespace {

Result<AssetPlace> OpenTarget(OpContext& op, items::ItemSource& source, Caller& caller,
                              const std::string& database_id, const std::string& asset_id) {
  TRY(auto asset, FindAsset(op, source, database_id, asset_id));
  if (!asset) return Error(Code::kNotFound, "Asset not found in database.");
  if (!caller.Require(ObjectOf(*asset), access::Action::kPost).ok())
    return Error(Code::kInvalid, "Not authorized to write to destination asset");
  return PlaceOf(op, source, *std::move(asset));
}

void AddCopy(const VersionInfo& source, objects::ObjectId target, const Asset& owner,
             PutCondition condition, AssetEdit& edit) {
  // The version that was looked at: with another one would come other metadata.
  edit.objects().Add(CopyChange{source.object, source.version_id, std::move(target),
                                WithOwner(source.metadata, owner), std::move(condition)});
}

Result<std::optional<FileChange>> TryCopy(OpContext& op, const Stores& stores,
                                          const std::string& user, const AssetPlace& source,
                                          std::string_view from_path, const AssetPlace& target,
                                          const std::string& to_path) {
  const objects::ObjectId from = source.ObjectAt(from_path);
  const objects::ObjectId to = target.ObjectAt(to_path);
  if (from == to)
    return Error(Code::kInvalid,
                 "Source and destination paths must be different for copy operation");
  if (IsPreview(source, from.key) || IsPreview(target, to.key))
    return Error(Code::kInvalid, "Cannot directly copy preview files. Copy the base file instead.");
  TRY_OK(CheckNoFolder(from.key, to.key));
  TRY(const auto file, HeadIfAny(op, stores.objects, from));
  if (!file) return Error(Code::kNotFound, "Source file not found.");
  TRY(const auto there, HeadIfAny(op, stores.objects, to));
  if (there) return Error(Code::kConflict, "Destination file already exists.");

  FileChange change{.affected = {to_path}, .files = 1};
  AssetEdit edit(stores, target);
  AddCopy(*file, to, target.asset, PutCondition::Absent(), edit);
  TRY(const auto previews, LivePreviews(op, stores.objects, from));
  for (const VersionInfo& preview : previews) {
    std::string key = PreviewKeyFor(preview.object.key, from.key, to.key);
    change.affected.push_back(target.SlashPathOf(key));
    AddCopy(preview, target.Object(std::move(key)), target.asset, {}, edit);
    ++change.previews;
  }
  change.files += change.previews;
  TRY_OK(FollowAuxiliary(op, stores, from.key, to.key, false, edit));
  TRY(const auto rows, ReadRows(op, stores, source, from.key, target, to.key, edit));
  WriteRows(OwnerOf(target.asset), rows.merged, edit);
  change.records = rows.merged.size();
  edit.Announce({NoticeKind::kFileCopied, user, {target.PathOf(to.key)}});
  const auto made = edit.Commit(op);
  if (made.ok()) return std::optional(std::move(change));
  if (IsOvertaken(made.error())) return std::optional<FileChange>();
  return made.error();
}

}  // namespace

Result<FileChange> AssetFiles::Copy(OpContext& op, Caller& caller, const Ref& asset,
                                    std::string_view from, const CopyTarget& to) {
  return UntilNotOvertaken(op, [&]() -> Result<std::optional<FileChange>> {
    TRY(const auto source, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                     access::Action::kGet));
    TRY(const auto target,
        OpenTarget(op, stores_.items, caller, to.database_id.value_or(asset.database_id),
                   to.asset_id.value_or(asset.asset_id)));
    return TryCopy(op, stores_, caller.user(), source, from, target, to.path);
  });
}

}  // namespace vams::catalog
