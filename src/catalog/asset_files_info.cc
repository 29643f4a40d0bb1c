// What is known of one file.  Spec: api-assets.md section 6.2.
#include <fmt/format.h>

#include <map>
#include <utility>

#include "catalog/asset_files.h"
#include "catalog/asset_files_parts.h"
#include "catalog/asset_files_snapshot.h"

namespace vams::catalog {

using objects::ObjectId;
using objects::VersionInfo;

namespace {

constexpr std::size_t kMostShown = 100;
// What the store gives as the type of contents that came without one.
constexpr std::string_view kPlainContent = "binary/octet-stream";

using AssetVersionsById = std::map<std::string, std::vector<FileVersionItem::AssetVersion>>;

// Which versions of the asset have which version of the file, without archived ones.
Result<AssetVersionsById> AssetVersionsOf(OpContext& op, items::ItemSource& source,
                                          const AssetPlace& place, const std::string& path) {
  TRY(const auto versions, VersionsWithFile(op, source, OwnerOf(place.asset), path));
  AssetVersionsById found;
  for (const auto& [version, file] : versions) {
    if (version.archived) continue;
    found[file.version_id].push_back(
        {version.id, version.alias ? fmt::format("v{} ({})", version.id, *version.alias)
                                   : fmt::format("v{}", version.id)});
  }
  return found;
}

// The newest ones; markers only of an archived file.
Result<std::vector<VersionInfo>> ShownVersions(OpContext& op, objects::ObjectStore& objects,
                                               const ObjectId& object, bool markers) {
  std::vector<VersionInfo> shown;
  objects::ListVersionsRequest request{
      .bucket = object.bucket, .prefix = {}, .key = object.key, .cursor = {}, .limit = kMostShown};
  do {
    TRY(auto page, objects.ListVersions(op, request));
    for (VersionInfo& version : page.versions)
      if ((markers || !version.is_delete_marker) && shown.size() < kMostShown)
        shown.push_back(std::move(version));
    request.cursor = std::move(page.next);
  } while (!request.cursor.empty() && shown.size() < kMostShown);
  return shown;
}

Result<std::vector<FileVersionItem>> VersionItems(OpContext& op, const Stores& stores,
                                                  const AssetPlace& place, const ObjectId& object,
                                                  bool archived) {
  TRY(const auto versions, ShownVersions(op, stores.objects, object, archived));
  const std::string path = place.PathOf(object.key);
  const bool folder = IsFolderKey(object.key);
  AssetVersionsById named;
  std::vector<std::string> current;
  if (!folder) {
    TRY(named, AssetVersionsOf(op, stores.items, place, path));
    TRY(current,
        SnapshotOf(op, stores.items, OwnerOf(place.asset), place.asset.current_version, {path}));
  }
  std::vector<FileVersionItem> items;
  for (const VersionInfo& version : versions) {
    FileVersionItem item{.version_id = version.version_id,
                         .modified = ObjectTime(version.last_modified_millis),
                         .size = version.size,
                         .latest = version.is_latest,
                         .archived = version.is_delete_marker,
                         .etag = {}};
    if (!version.is_delete_marker) item.etag = version.etag;
    item.mismatch = !folder && current.front() != version.version_id;
    if (const auto of = named.find(version.version_id); of != named.end())
      item.asset_versions = of->second;
    items.push_back(std::move(item));
  }
  return items;
}

}  // namespace

Result<FileInfo> AssetFiles::Info(OpContext& op, Caller& caller, const Ref& asset,
                                  std::string_view path, bool with_versions) {
  TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                  access::Action::kGet));
  const ObjectId object = place.ObjectAt(path);
  TRY(auto shown, HeadIfAny(op, stores_.objects, object));
  const bool archived = !shown;
  if (archived) {
    TRY(shown, NewestContentOf(op, stores_.objects, object));
    // Of an object that was nothing but archived ever.
    if (!shown) {
      TRY(shown, NewestOf(op, stores_.objects, object));
    }
    if (!shown) return Error(Code::kNotFound, "File not found.");
  }
  FileInfo info;
  info.file = FileItemOf(place, *shown, true);
  info.file.archived = archived;
  if (info.file.folder) info.file.size = 0;
  if (!shown->is_delete_marker) info.etag = shown->etag;
  if (!archived) {
    const std::string& type = shown->metadata.content_type;
    info.content_type = type.empty() ? std::string(kPlainContent) : type;
  }
  if (!info.file.folder && !IsPreview(place, object.key)) {
    TRY(const auto previews, LivePreviews(op, stores_.objects, object));
    if (!previews.empty() && !archived)
      info.file.preview = place.SlashPathOf(previews.front().object.key);
  }
  if (with_versions) {
    TRY(info.versions, VersionItems(op, stores_, place, object, archived));
  }
  return info;
}

}  // namespace vams::catalog
