#include "catalog/asset_version_files.h"

#include <utility>

namespace vams::catalog {

using objects::VersionInfo;

namespace {

// More than this many files are not looked up one by one.
constexpr std::size_t kFewFiles = 200;

Result<StoredFile> LookUp(OpContext& op, objects::ObjectStore& objects, const AssetPlace& place,
                          const FileVersion& file) {
  StoredFile stored;
  const objects::ObjectId object = place.Object(place.root() + file.path);
  objects::ListVersionsRequest newest{.bucket = object.bucket, .key = object.key};
  newest.limit = 1;
  TRY(auto page, objects.ListVersions(op, newest));
  if (page.versions.empty()) return stored;
  stored.latest_archived = page.versions.front().is_delete_marker;
  if (page.versions.front().version_id == file.version_id) {
    stored.version = std::move(page.versions.front());
    return stored;
  }
  auto version = objects.Head(op, object, file.version_id);
  if (version.ok())
    stored.version = *std::move(version);
  else if (version.error().code != Code::kNotFound)
    return std::move(version).error();
  return stored;
}

}  // namespace

Status VisitStoredFiles(OpContext& op, objects::ObjectStore& objects, const AssetPlace& place,
                        const std::vector<FileVersion>& files, const StoredFileVisitor& visit) {
  if (files.size() <= kFewFiles) {
    for (const FileVersion& file : files) {
      TRY(auto stored, LookUp(op, objects, place, file));
      visit(file, std::move(stored));
    }
    return Ok();
  }
  // Both the files and the store's keys are in the order of their bytes.
  auto file = files.begin();
  StoredFile stored;
  std::string key;  // of the versions that are read
  const auto hand_on = [&] { visit(*file++, std::exchange(stored, {})); };
  objects::ListVersionsRequest request{.bucket = place.bucket.name, .prefix = place.root()};
  do {
    TRY(auto page, objects.ListVersions(op, request));
    for (VersionInfo& info : page.versions) {
      const bool newest = info.object.key != key;
      if (newest) {
        key = info.object.key;
        // All files up to this key are known.
        while (file != files.end() && place.root() + file->path < key) hand_on();
      }
      if (file == files.end()) return Ok();
      if (place.root() + file->path != key) continue;
      if (newest) stored.latest_archived = info.is_delete_marker;
      if (info.version_id == file->version_id) stored.version = std::move(info);
    }
    request.cursor = page.next;
  } while (!request.cursor.empty());
  while (file != files.end()) hand_on();
  return Ok();
}

}  // namespace vams::catalog
