#include "catalog/asset_files_parts.h"

#include <utility>

namespace vams::catalog {

using objects::ObjectId;
using objects::ObjectStore;
using objects::VersionInfo;

namespace {

constexpr std::size_t kMaxKeyBytes = 1024;
constexpr std::size_t kVersionsPerPage = 100;

}  // namespace

// ---- Single objects.

std::string_view LastSegment(std::string_view path) {
  return path.substr(path.rfind('/') + 1);  // npos + 1 is 0
}

std::string_view PathUnder(const AssetPlace& place, std::string_view key) {
  return key.substr(place.root().size() - 1);
}

std::optional<std::string> PrimaryTypeOf(const VersionInfo& info) {
  const auto at = info.metadata.user.find(kPrimaryTypeMetadata);
  if (at == info.metadata.user.end() || at->second.empty()) return std::nullopt;
  return at->second;
}

FileItem FileItemOf(const AssetPlace& place, const VersionInfo& info, bool full) {
  FileItem file{.name = std::string(LastSegment(info.object.key)),
                .key = info.object.key,
                .path = std::string(PathUnder(place, info.object.key)),
                .folder = IsFolderKey(info.object.key)};
  if (!file.folder) file.size = info.size;
  file.modified = ObjectTime(info.last_modified_millis);
  file.mismatch = false;
  if (!full) return file;
  file.version_id = info.version_id;
  if (!file.folder) file.primary_type = PrimaryTypeOf(info);
  return file;
}

Result<std::optional<VersionInfo>> HeadIfAny(OpContext& op, ObjectStore& objects,
                                             const ObjectId& object,
                                             const std::optional<std::string>& version_id) {
  auto info = objects.Head(op, object, version_id);
  if (info.ok()) return std::optional(*std::move(info));
  if (info.error().code == Code::kNotFound) return std::optional<VersionInfo>();
  return std::move(info).error();
}

Result<std::optional<VersionInfo>> NewestOf(OpContext& op, ObjectStore& objects,
                                            const ObjectId& object) {
  TRY(auto page,
      objects.ListVersions(
          op,
          {.bucket = object.bucket, .prefix = {}, .key = object.key, .cursor = {}, .limit = 1}));
  if (page.versions.empty()) return std::optional<VersionInfo>();
  return std::optional(std::move(page.versions.front()));
}

Result<std::optional<VersionInfo>> NewestContentOf(OpContext& op, ObjectStore& objects,
                                                   const ObjectId& object) {
  objects::ListVersionsRequest request{.bucket = object.bucket,
                                       .prefix = {},
                                       .key = object.key,
                                       .cursor = {},
                                       .limit = kVersionsPerPage};
  do {
    TRY(auto page, objects.ListVersions(op, request));
    for (VersionInfo& version : page.versions)
      if (!version.is_delete_marker) return std::optional(std::move(version));
    request.cursor = std::move(page.next);
  } while (!request.cursor.empty());
  return std::optional<VersionInfo>();
}

bool IsPreview(const AssetPlace& place, std::string_view key) {
  return IsPreviewKey(place.PathOf(key));
}

std::string PreviewKeyFor(std::string_view preview_key, std::string_view from,
                          std::string_view to) {
  return std::string(to).append(preview_key.substr(from.size()));
}

// ---- What follows a file.

std::string AuxiliaryPrefix(std::string_view key) {
  return IsFolderKey(key) ? std::string(key) : std::string(key) + "/";
}

Status FollowAuxiliary(OpContext& op, const Stores& stores, std::string_view from,
                       std::string_view to, bool move, AssetEdit& edit) {
  if (from == to) return Ok();
  const std::string source = AuxiliaryPrefix(from);
  const std::string target = AuxiliaryPrefix(to);
  // What is left there of an earlier file says nothing about this one.
  if (!source.starts_with(target) && !target.starts_with(source))
    TRY_OK(RemoveAuxiliary(op, stores.objects, stores.auxiliary_bucket, target, edit.objects()));
  TRY(const auto derived, LiveObjects(op, stores.objects, stores.auxiliary_bucket, source));
  for (const VersionInfo& info : derived) {
    std::string key = target + info.object.key.substr(source.size());
    // It can be made again from the file.
    if (key.size() > kMaxKeyBytes) continue;
    edit.objects().Add(objects::CopyChange{.from = info.object,
                                           .version_id = info.version_id,
                                           .to = {info.object.bucket, std::move(key)},
                                           .metadata = {},
                                           .condition = {}});
  }
  if (move)
    TRY_OK(RemoveAuxiliary(op, stores.objects, stores.auxiliary_bucket, source, edit.objects()));
  return Ok();
}

MetadataOwner OwnerOf(const Asset& asset) { return {asset.database_id, asset.id}; }

// ---- Trying again.

bool IsOvertaken(const Error& error) {
  return error.code == Code::kConflict || (error.code == Code::kNotFound && error.index >= 0);
}

Error Overtaken() {
  return {Code::kUnavailable,
          "others keep changing the same things, so that nothing was changed; try again"};
}

}  // namespace vams::catalog
