// Folders, archiving and deleting.  Spec: api-assets.md sections 6.3 and 6.6 to 6.8.
#include <algorithm>
#include <set>
#include <unordered_set>
#include <utility>

#include "catalog/asset_edit.h"
#include "catalog/asset_files.h"
#include "catalog/asset_files_parts.h"

namespace vams::catalog {

using objects::ObjectId;
using objects::VersionInfo;

namespace {

// Previews of the file with all their versions, archived ones too.
Result<std::vector<VersionInfo>> PreviewVersions(OpContext& op, objects::ObjectStore& objects,
                                                 const ObjectId& file) {
  TRY(auto versions, AllVersions(op, objects, file.bucket, file.key + std::string(kPreviewInfix)));
  std::erase_if(versions,
                [](const VersionInfo& info) { return !HasPreviewExtension(info.object.key); });
  return versions;
}

std::vector<std::string> PathsOf(const AssetPlace& place, const std::vector<VersionInfo>& infos) {
  std::vector<std::string> paths;
  for (const VersionInfo& info : infos) paths.push_back(place.PathOf(info.object.key));
  return paths;
}

}  // namespace

Status AssetFiles::CreateFolder(OpContext& op, Caller& caller, const Ref& asset,
                                std::string_view path) {
  TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                  access::Action::kPost));
  TRY(const auto nothing, stores_.objects.Stage(op, objects::SourceOf(""), {}));
  AssetEdit edit(stores_, place);
  edit.objects().Add(objects::PutChange{place.ObjectAt(path), nothing, OwnedBy(place.asset), {}});
  TRY_OK(edit.Commit(op));
  return Ok();
}

// ---- Archive.

namespace {

Result<FileChange> ArchivePrefix(OpContext& op, const Stores& stores, const std::string& user,
                                 const AssetPlace& place, const std::string& prefix) {
  TRY(const auto live, LiveObjects(op, stores.objects, place.bucket.name, prefix));
  AssetEdit edit(stores, place);
  for (const VersionInfo& info : live) edit.objects().Add(objects::DeleteChange{info.object});
  if (edit.objects().empty()) return Error(Code::kNotFound, "No files found under prefix.");
  edit.Announce({NoticeKind::kFilesArchived, user, PathsOf(place, live)});
  TRY(const auto made, edit.Commit(op));
  FileChange change;
  for (std::size_t i = 0; i < live.size(); ++i) {
    if (!made[i]) continue;
    change.affected.push_back(place.PathOf(live[i].object.key));
    ++change.files;
  }
  return change;
}

Result<FileChange> ArchiveFile(OpContext& op, const Stores& stores, const std::string& user,
                               const AssetPlace& place, const ObjectId& file) {
  TRY(const auto newest, NewestOf(op, stores.objects, file));
  if (!newest) return Error(Code::kNotFound, "File not found.");
  const Error archived(Code::kConflict, "File is already archived.");
  if (newest->is_delete_marker) return archived;
  TRY(const auto previews, LivePreviews(op, stores.objects, file));
  AssetEdit edit(stores, place);
  for (const VersionInfo& preview : previews)
    edit.objects().Add(objects::DeleteChange{preview.object});
  edit.objects().Add(objects::DeleteChange{file});
  edit.Announce({NoticeKind::kFilesArchived, user, {place.PathOf(file.key)}});
  TRY(const auto made, edit.Commit(op));
  if (!made.back()) return archived;  // by somebody else, meanwhile
  FileChange change;
  for (std::size_t i = 0; i < previews.size(); ++i)
    if (made[i]) change.affected.push_back(place.SlashPathOf(previews[i].object.key));
  change.previews = change.affected.size();
  change.affected.push_back(place.SlashPathOf(file.key));
  change.files = change.affected.size();
  return change;
}

}  // namespace

Result<FileChange> AssetFiles::Archive(OpContext& op, Caller& caller, const Ref& asset,
                                       std::string_view path, bool prefix) {
  TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                  access::Action::kPost));
  const ObjectId object = place.ObjectAt(path);
  if (object.key == place.root())
    return Error(Code::kInvalid, "Cannot archive the top-level asset folder");
  return prefix ? ArchivePrefix(op, stores_, caller.user(), place, object.key)
                : ArchiveFile(op, stores_, caller.user(), place, object);
}

// ---- Unarchive.

namespace {

// The newest content comes on top; the marker stays in the history.
void AddRestore(const VersionInfo& content, AssetEdit& edit) {
  edit.objects().Add(objects::CopyChange{
      content.object, content.version_id, content.object, {}, objects::PutCondition::Absent()});
}

// The newest content of every preview that is archived.
Result<std::vector<VersionInfo>> ArchivedPreviews(OpContext& op, objects::ObjectStore& objects,
                                                  const ObjectId& file) {
  TRY(const auto versions, PreviewVersions(op, objects, file));
  std::vector<VersionInfo> contents;
  bool wanted = false;  // by key, newest first: this one's newest is a marker, its content to come
  for (const VersionInfo& version : versions) {
    if (version.is_latest) wanted = version.is_delete_marker;
    if (!wanted || version.is_delete_marker) continue;
    contents.push_back(version);
    wanted = false;
  }
  return contents;
}

Result<std::optional<FileChange>> TryUnarchive(OpContext& op, const Stores& stores,
                                               const std::string& user, const AssetPlace& place,
                                               const ObjectId& file) {
  TRY(const auto newest, NewestOf(op, stores.objects, file));
  if (!newest) return Error(Code::kNotFound, "File not found.");
  if (!newest->is_delete_marker) return Error(Code::kInvalid, "File is not archived.");
  TRY(const auto content, NewestContentOf(op, stores.objects, file));
  if (!content) return Error(Code::kNotFound, "Could not find a previous version for file.");
  TRY(const auto previews, ArchivedPreviews(op, stores.objects, file));
  FileChange change;
  AssetEdit edit(stores, place);
  AddRestore(*content, edit);
  change.affected.push_back(place.SlashPathOf(file.key));
  for (const VersionInfo& preview : previews) {
    AddRestore(preview, edit);
    change.affected.push_back(place.SlashPathOf(preview.object.key));
  }
  change.previews = previews.size();
  change.files = change.affected.size();
  edit.Announce({NoticeKind::kFilesUnarchived, user, {place.PathOf(file.key)}});
  const auto made = edit.Commit(op);
  if (made.ok()) return std::optional(std::move(change));
  if (IsOvertaken(made.error())) return std::optional<FileChange>();
  return made.error();
}

}  // namespace

Result<FileChange> AssetFiles::Unarchive(OpContext& op, Caller& caller, const Ref& asset,
                                         std::string_view path) {
  return UntilNotOvertaken(op, [&]() -> Result<std::optional<FileChange>> {
    TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                    access::Action::kPost));
    return TryUnarchive(op, stores_, caller.user(), place, place.ObjectAt(path));
  });
}

// ---- Delete for good.

namespace {

using Keys = std::unordered_set<std::string>;

Keys AddDeletions(const std::vector<VersionInfo>& versions, AssetEdit& edit) {
  Keys keys;
  for (const VersionInfo& version : versions) {
    keys.insert(version.object.key);
    edit.objects().Add(objects::DeleteVersionChange{version.object, version.version_id});
  }
  return keys;
}

// Removes derived data under the prefix that belongs to one of the files.
Status RemoveDerived(OpContext& op, const Stores& stores, const std::string& prefix,
                     const Keys& files, AssetEdit& edit) {
  TRY(const auto derived, AllVersions(op, stores.objects, stores.auxiliary_bucket, prefix));
  for (const VersionInfo& version : derived) {
    const std::string& key = version.object.key;
    bool belongs = false;
    for (std::size_t at = key.find('/'); at != key.npos && !belongs; at = key.find('/', at + 1))
      belongs = files.contains(key.substr(0, at));
    if (belongs)
      edit.objects().Add(objects::DeleteVersionChange{version.object, version.version_id});
  }
  return Ok();
}

// Removes the rows of the paths; what somebody writes there meanwhile makes the commit fail.
void RemoveRows(const MetadataOwner& owner, const AssetMarks& marks,
                const std::vector<std::string>& paths, const std::vector<MetadataRow>& rows,
                AssetEdit& edit) {
  MetadataStripes looked_at, changed;
  for (const std::string& path : paths) looked_at.Add(path);
  for (const MetadataRow& row : rows) {
    changed.Add(row.path);
    edit.Write(DeleteMetadata(owner, row));
  }
  edit.ExpectMetadata(marks, looked_at);
  edit.ChangeMetadata(changed);
}

// What was done, or nothing if it was overtaken.
Result<std::optional<FileChange>> Committed(OpContext& op, AssetEdit& edit, FileChange change) {
  const auto made = edit.Commit(op);
  if (made.ok()) return std::optional(std::move(change));
  if (IsOvertaken(made.error())) return std::optional<FileChange>();
  return made.error();
}

Result<std::optional<FileChange>> TryDeletePrefix(OpContext& op, const Stores& stores,
                                                  const std::string& user, const AssetPlace& place,
                                                  const std::string& prefix) {
  const MetadataOwner owner = OwnerOf(place.asset);
  // Before anything is looked for.
  TRY(const auto marks, ReadMarks(op, stores.items, PairOf(owner.database_id, owner.asset_id)));
  TRY(const auto versions, AllVersions(op, stores.objects, place.bucket.name, prefix));
  if (versions.empty()) return Error(Code::kNotFound, "No files found under prefix.");
  AssetEdit edit(stores, place);
  const Keys keys = AddDeletions(versions, edit);
  TRY_OK(RemoveDerived(op, stores, prefix, keys, edit));
  TRY(auto rows, MetadataOfAsset(op, stores.items, owner));
  std::erase_if(rows, [&](const MetadataRow& row) {
    return row.path.size() <= 1 || !keys.contains(place.root() + row.path.substr(1));
  });
  FileChange change;
  std::vector<std::string> paths;
  for (const std::string& key : std::set<std::string>(keys.begin(), keys.end())) {
    change.affected.push_back(place.PathOf(key));
    paths.push_back(place.SlashPathOf(key));
  }
  change.files = change.affected.size();
  RemoveRows(owner, marks, paths, rows, edit);
  edit.Announce({NoticeKind::kFilesDeleted, user, std::move(paths)});
  return Committed(op, edit, std::move(change));
}

Result<std::optional<FileChange>> TryDeleteFile(OpContext& op, const Stores& stores,
                                                const std::string& user, const AssetPlace& place,
                                                const ObjectId& file) {
  const MetadataOwner owner = OwnerOf(place.asset);
  TRY(const auto marks, ReadMarks(op, stores.items, PairOf(owner.database_id, owner.asset_id)));
  TRY(auto versions, VersionsOf(op, stores.objects, file));
  if (versions.empty()) return Error(Code::kNotFound, "File not found.");
  if (IsPreview(place, file.key))
    return Error(Code::kInvalid,
                 "Cannot directly delete preview files. Delete the base file instead.");
  TRY(auto previews, PreviewVersions(op, stores.objects, file));
  AssetEdit edit(stores, place);
  const Keys preview_keys = AddDeletions(previews, edit);
  AddDeletions(versions, edit);
  FileChange change;
  for (const std::string& key : std::set<std::string>(preview_keys.begin(), preview_keys.end()))
    change.affected.push_back(place.SlashPathOf(key));
  change.previews = change.affected.size();
  change.affected.push_back(place.SlashPathOf(file.key));
  change.files = change.affected.size();
  if (!IsFolderKey(file.key))
    TRY_OK(RemoveAuxiliary(op, stores.objects, stores.auxiliary_bucket, AuxiliaryPrefix(file.key),
                           edit.objects()));
  std::vector<MetadataRow> rows;
  for (const std::string& path : change.affected) {
    TRY(auto of_path, MetadataOfPath(op, stores.items, owner, path));
    std::ranges::move(of_path, std::back_inserter(rows));
  }
  RemoveRows(owner, marks, change.affected, rows, edit);
  edit.Announce({NoticeKind::kFilesDeleted, user, {place.PathOf(file.key)}});
  return Committed(op, edit, std::move(change));
}

}  // namespace

Result<FileChange> AssetFiles::Delete(OpContext& op, Caller& caller, const Ref& asset,
                                      std::string_view path, bool prefix, bool confirmed) {
  return UntilNotOvertaken(op, [&]() -> Result<std::optional<FileChange>> {
    TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                    access::Action::kPost));
    if (!confirmed)
      return Error(Code::kInvalid,
                   "Permanent deletion requires confirmation. Set confirmPermanentDelete to true.");
    const ObjectId object = place.ObjectAt(path);
    if (object.key == place.root())
      return Error(Code::kInvalid, "Cannot delete the top-level asset folder");
    return prefix ? TryDeletePrefix(op, stores_, caller.user(), place, object.key)
                  : TryDeleteFile(op, stores_, caller.user(), place, object);
  });
}

}  // namespace vams::catalog
