#include "catalog/downloads.h"

#include <utility>

#include "catalog/version_records.h"

namespace vams::catalog {

using objects::ObjectId;

namespace {

// Section 2.2: a download takes only a path that begins with the asset's key, without a slash in
// front, for a key.
std::string JoinedKey(const AssetPlace& place, std::string_view path) {
  if (path.starts_with(place.root())) return std::string(path);
  path.remove_prefix(std::min(path.find_first_not_of('/'), path.size()));
  return place.root() + std::string(path);
}

Status RequireDownload(Caller& caller, const Asset& asset) {
  TRY_OK(caller.Require(ObjectOf(asset), access::Action::kGet));
  if (!asset.distributable) return Error(Code::kConflict, "Asset not distributable");
  return Ok();
}

// The current object, if it may be handed out; `missing` and `blocked` say why not.
Status CheckObject(OpContext& op, const Stores& stores, const ObjectId& object,
                   std::string_view missing, std::string_view blocked) {
  auto info = stores.objects.Head(op, object);
  if (!info.ok() && info.error().code == Code::kNotFound)
    return Error(Code::kNotFound, std::string(missing));
  TRY(const auto current, std::move(info));
  if (IsBlockedExtension(object.key) || IsBlockedContentType(current.metadata.content_type))
    return Error(Code::kInvalid, std::string(blocked));
  return Ok();
}

}  // namespace

Result<Asset> Downloads::Find(OpContext& op, std::string_view database_id,
                              std::string_view asset_id) {
  TRY(auto asset, FindAsset(op, stores_.items, database_id, asset_id));
  if (!asset) return Error(Code::kNotFound, "Asset not found");
  return *std::move(asset);
}

Result<std::optional<std::string>> Downloads::Resolve(OpContext& op, const AssetPlace& place,
                                                      const std::string& key,
                                                      const model::VersionChoice& version) {
  if (version.empty()) return std::optional<std::string>();
  if (!version.version_id.empty()) return std::optional(version.version_id);
  const AssetIds asset{place.asset.database_id, place.asset.id};
  std::string id = version.asset_version;
  if (!version.alias.empty()) {
    TRY(auto named, ResolveAlias(op, stores_.items, asset, version.alias));
    id = std::move(named.id);
  }
  TRY(auto row, ResolveFile(op, stores_.items, asset, id, place.PathOf(key)));
  return std::optional(std::move(row.version_id));
}

Result<Downloadable> Downloads::File(OpContext& op, Caller& caller, const Asset& asset,
                                     const std::optional<std::string>& path,
                                     const model::VersionChoice& version) {
  constexpr std::string_view kBlocked = "Unallowed file extension or content type in asset file";
  TRY_OK(RequireDownload(caller, asset));
  TRY(const auto place, PlaceOf(op, stores_.items, asset));
  Downloadable file;
  file.object = place.Object(path ? JoinedKey(place, *path) : place.root());
  // What must not be handed out is refused whether it is there or not.
  if (IsBlockedExtension(file.object.key)) return Error(Code::kInvalid, std::string(kBlocked));
  TRY_OK(CheckObject(op, stores_, file.object, "File not found in S3", kBlocked));
  TRY(file.version_id, Resolve(op, place, file.object.key, version));
  if (!file.version_id) return file;
  const auto info = stores_.objects.Head(op, file.object, file.version_id);
  if (!info.ok() && info.error().code != Code::kNotFound) return info.error();
  file.archived = info.ok() && info->is_delete_marker;
  return file;
}

Result<Downloadable> Downloads::Preview(OpContext& op, Caller& caller, const Asset& asset) {
  TRY_OK(RequireDownload(caller, asset));
  if (!asset.preview) return Error(Code::kNotFound, "Asset preview location not found");
  // The preview's key is whole; only the bucket is looked up.
  TRY(auto bucket, FindBucket(op, stores_.items, asset.bucket_id));
  if (!bucket) return Error(Code::kNotFound, "Error getting bucket details.");
  Downloadable file;
  file.object = {std::move(bucket->name), *asset.preview};
  TRY_OK(CheckObject(op, stores_, file.object, "Preview file not found in S3",
                     "Unallowed file extension or content type in preview file"));
  return file;
}

Result<Downloads::Streamable> Downloads::Stream(OpContext& op, Caller& caller, const Asset& asset,
                                                std::string_view path,
                                                const model::VersionChoice& version) {
  TRY_OK(caller.Require(ObjectOf(asset), access::Action::kGet));
  TRY(const auto place, PlaceOf(op, stores_.items, asset));
  Streamable stream;
  stream.file.object = place.ObjectAt(path);
  TRY(stream.file.version_id, Resolve(op, place, stream.file.object.key, version));
  stream.blocked = IsBlockedExtension(stream.file.object.key);
  return stream;
}

Result<Downloads::Streamable> Downloads::StreamAuxiliary(OpContext& op, Caller& caller,
                                                         const Asset& asset,
                                                         std::string_view path) {
  TRY_OK(caller.Require(ObjectOf(asset), access::Action::kGet));
  TRY(const auto place, PlaceOf(op, stores_.items, asset));
  Streamable stream;
  stream.file.object = {stores_.auxiliary_bucket, place.KeyOf(path)};
  stream.blocked = IsBlockedExtension(stream.file.object.key);
  return stream;
}

}  // namespace vams::catalog
