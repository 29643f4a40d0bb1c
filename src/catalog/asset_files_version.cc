// Versions of files, primary types, and what is derived from files.  Spec: api-assets.md sections
// 6.9 to 6.12.
#include <fmt/format.h>

#include <utility>

#include "catalog/asset_edit.h"
#include "catalog/asset_files.h"
#include "catalog/asset_files_parts.h"

namespace vams::catalog {

using objects::CopyChange;
using objects::ObjectId;
using objects::VersionInfo;

namespace {

// The id of the version that the edit's first change makes; nothing: it was overtaken.
Result<std::optional<std::string>> CommitVersion(OpContext& op, AssetEdit& edit) {
  const auto made = edit.Commit(op);
  if (made.ok()) return std::optional(made->front()->version_id);
  if (IsOvertaken(made.error())) return std::optional<std::string>();
  return made.error();
}

}  // namespace

// ---- Revert.

namespace {

// The version to go back to.
Result<VersionInfo> FindForRevert(OpContext& op, const Stores& stores, const ObjectId& file,
                                  const std::string& version_id) {
  TRY(const auto newest, NewestOf(op, stores.objects, file));
  if (!newest) return Error(Code::kNotFound, "File not found.");
  TRY(auto version, HeadIfAny(op, stores.objects, file, version_id));
  if (!version) return Error(Code::kNotFound, "Version not found for file");
  if (version->is_delete_marker) return Error(Code::kInvalid, "Cannot revert to archived version.");
  if (version->version_id == newest->version_id)
    return Error(Code::kInvalid, "Version is already the current version");
  return *std::move(version);
}

}  // namespace

Result<std::string> AssetFiles::Revert(OpContext& op, Caller& caller, const Ref& asset,
                                       std::string_view path, const std::string& version_id) {
  return UntilNotOvertaken(op, [&]() -> Result<std::optional<std::string>> {
    TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                    access::Action::kPost));
    const ObjectId file = place.ObjectAt(path);
    TRY(const auto version, FindForRevert(op, stores_, file, version_id));
    AssetEdit edit(stores_, place);
    edit.objects().Add(CopyChange{file, version.version_id, file, {}, {}});
    // A folder's derived data is that of the files in it.
    if (!IsFolderKey(file.key))
      TRY_OK(RemoveAuxiliary(op, stores_.objects, stores_.auxiliary_bucket,
                             AuxiliaryPrefix(file.key), edit.objects()));
    edit.Announce({NoticeKind::kFileReverted, caller.user(), {place.PathOf(file.key)}});
    return CommitVersion(op, edit);
  });
}

// ---- Primary type.

namespace {

Result<VersionInfo> FindForType(OpContext& op, const Stores& stores, const ObjectId& file) {
  TRY(auto current, HeadIfAny(op, stores.objects, file));
  if (current) return *std::move(current);
  TRY(const auto newest, NewestOf(op, stores.objects, file));
  if (newest) return Error(Code::kInvalid, "Cannot set primary type on archived file");
  return Error(Code::kNotFound, "File not found");
}

}  // namespace

Result<std::string> AssetFiles::SetPrimaryType(OpContext& op, Caller& caller, const Ref& asset,
                                               std::string_view path, const std::string& type) {
  return UntilNotOvertaken(op, [&]() -> Result<std::optional<std::string>> {
    TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                    access::Action::kPost));
    const ObjectId file = place.ObjectAt(path);
    TRY(const auto current, FindForType(op, stores_, file));
    objects::ObjectMetadata metadata = current.metadata;
    if (type.empty())
      metadata.user.erase(kPrimaryTypeMetadata);
    else
      metadata.user[kPrimaryTypeMetadata] = type;
    AssetEdit edit(stores_, place);
    // Never on top of a content that came meanwhile: it would be hidden by the one before.
    edit.objects().Add(CopyChange{file, current.version_id, file, std::move(metadata),
                                  objects::PutCondition::EtagIs(current.etag)});
    edit.Announce({NoticeKind::kPrimaryTypeSet, caller.user(), {place.PathOf(file.key)}});
    return CommitVersion(op, edit);
  });
}

// ---- What is derived.

Status AssetFiles::DeletePreview(OpContext& op, Caller& caller, const Ref& asset) {
  const auto removed = UntilNotOvertaken(op, [&]() -> Result<std::optional<bool>> {
    TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                    access::Action::kPost));
    if (!place.asset.preview)
      return Error(Code::kNotFound,
                   fmt::format("Asset {} does not have a preview file", place.asset.id));
    TRY(const auto versions, VersionsOf(op, stores_.objects, place.Object(*place.asset.preview)));
    AssetEdit edit(stores_, place);
    for (const VersionInfo& version : versions)
      edit.objects().Add(objects::DeleteVersionChange{version.object, version.version_id});
    edit.Expect("previewLocation", *place.asset.item.Find("previewLocation"));
    edit.Remove("previewLocation");
    edit.Announce({NoticeKind::kPreviewDeleted, caller.user()});
    const auto made = edit.Commit(op);
    if (made.ok()) return std::optional(true);
    if (IsOvertaken(made.error())) return std::optional<bool>();
    return made.error();
  });
  TRY_OK(removed);
  return Ok();
}

Result<std::size_t> AssetFiles::DeleteAuxiliary(OpContext& op, Caller& caller, const Ref& asset,
                                                std::string_view path) {
  TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                  access::Action::kPost));
  AssetEdit edit(stores_, place);
  TRY(const std::size_t count, RemoveAuxiliary(op, stores_.objects, stores_.auxiliary_bucket,
                                               AuxiliaryPrefix(place.KeyOf(path)), edit.objects()));
  if (count == 0) return Error(Code::kNotFound, "No auxiliary files found under prefix");
  edit.Announce({NoticeKind::kDerivedDeleted, caller.user(), {place.PathOf(place.KeyOf(path))}});
  TRY_OK(edit.Commit(op));
  return count;
}

}  // namespace vams::catalog
