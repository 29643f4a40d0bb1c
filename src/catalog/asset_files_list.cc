// Lists of files: what is live, with what is archived, and as of a version of the asset.
// Spec: api-assets.md section 6.1.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

#include "catalog/asset_files.h"
#include "catalog/asset_files_parts.h"
#include "catalog/asset_files_snapshot.h"

namespace vams::catalog {

using objects::VersionInfo;

namespace {

// Cursors begin with the kind of list that they are of.
constexpr char kLive = 'l';
constexpr char kWithArchived = 'a';
constexpr char kOfVersion = 'v';
constexpr std::size_t kMostOfPage = 1000;
// How many objects are passed over at most, for each page of a version's files, to find out which
// of them are live, before they are asked for one by one.
constexpr int kLivePages = 3;

Error BadCursor() { return {Code::kInvalid, "Error listing files."}; }

// The cursor behind the kind; nothing if it is of another kind of list.
std::optional<std::string_view> CursorOf(const FileListRequest& request, char kind) {
  std::string_view cursor = request.after;
  if (cursor.empty()) return cursor;
  if (cursor.front() != kind || cursor.size() == 1) return std::nullopt;
  cursor.remove_prefix(1);
  return cursor;
}

std::string WithKind(char kind, std::string_view cursor) {
  return cursor.empty() ? std::string() : std::string(1, kind).append(cursor);
}

std::string_view PlainPrefix(const FileListRequest& request) {
  std::string_view prefix = request.prefix;
  if (prefix.starts_with('/')) prefix.remove_prefix(1);
  return prefix;
}

std::string KeyPrefix(const AssetPlace& place, const FileListRequest& request) {
  return place.root() + std::string(PlainPrefix(request));
}

std::size_t LimitOf(const FileListRequest& request) {
  return std::clamp<std::size_t>(request.limit, 1, kMostOfPage);
}

// Takes the previews out, and names the first of each file where it is wanted.
class Previews {
 public:
  // True: it is a preview, and no item of the list.
  bool Take(std::string_view path, bool live) {
    if (!IsPreviewKey(path)) return false;
    if (live && HasPreviewExtension(path))
      first_.try_emplace(std::string(BaseOfPreview(path)), path);
    return true;
  }
  void Give(std::vector<FileItem>& files) const {
    if (first_.empty()) return;
    for (FileItem& file : files)
      if (const auto at = first_.find(file.path); at != first_.end() && !file.archived)
        file.preview = at->second;
  }

 private:
  std::map<std::string, std::string, std::less<>> first_;
};

// Whether the asset's current version has the files as they are listed.
Status SetMismatch(OpContext& op, items::ItemSource& source, const Asset& asset,
                   std::vector<FileItem>& files) {
  std::vector<std::string_view> paths;
  std::vector<FileItem*> compared;
  for (FileItem& file : files) {
    file.mismatch = !file.folder;
    if (file.folder || file.archived) continue;
    paths.push_back(std::string_view(file.path).substr(1));
    compared.push_back(&file);
  }
  TRY(const auto current, SnapshotOf(op, source, OwnerOf(asset), asset.current_version, paths));
  for (std::size_t i = 0; i < compared.size(); ++i)
    compared[i]->mismatch = current[i].empty() || current[i] != compared[i]->version_id;
  return Ok();
}

// ---- What is archived as well.

// Makes items of the versions of keys, which come newest first.
class KeyByKey {
 public:
  KeyByKey(const AssetPlace& place, bool basic) : place_(place), basic_(basic) {}

  // Whether the version is one of the key that the last ones were of.
  bool Continues(const VersionInfo& version) const {
    return newest_ && newest_->object.key == version.object.key;
  }
  void Add(VersionInfo version) {
    if (newest_) {
      if (!content_ && !version.is_delete_marker) content_ = std::move(version);
      return;
    }
    if (!version.is_delete_marker) content_ = version;
    newest_ = std::move(version);
  }
  // Ends the key.  True if it made an item, false for a preview or for nothing at all.
  bool Finish() {
    if (!newest_) return false;
    const VersionInfo newest = *std::exchange(newest_, {});
    const VersionInfo shown = std::exchange(content_, {}).value_or(newest);
    last_key_ = newest.object.key;
    const bool live = !newest.is_delete_marker;
    if (previews_.Take(PathUnder(place_, last_key_), live && !basic_)) return false;
    FileItem file = FileItemOf(place_, shown, !basic_);
    file.archived = !live;
    if (!basic_) file.version_id = newest.version_id;
    files_.push_back(std::move(file));
    return true;
  }
  const std::string& last_key() const { return last_key_; }
  std::vector<FileItem> Take() {
    previews_.Give(files_);
    return std::move(files_);
  }

 private:
  const AssetPlace& place_;
  const bool basic_;
  std::optional<VersionInfo> newest_;
  std::optional<VersionInfo> content_;  // the newest that is no marker
  std::string last_key_;
  Previews previews_;
  std::vector<FileItem> files_;
};

// A cursor of this list holds a cursor of the object store, with the key that is behind us there:
// "12:<cursor><key>".
struct Behind {
  std::string cursor, key;
};
std::string CursorFrom(const Behind& behind) {
  return fmt::format("{}:{}{}", behind.cursor.size(), behind.cursor, behind.key);
}
std::optional<Behind> BehindOf(std::string_view cursor) {
  if (cursor.empty()) return Behind{};
  std::size_t size = 0;
  std::size_t at = 0;
  for (; at < cursor.size() && cursor[at] >= '0' && cursor[at] <= '9' && at < 9; ++at)
    size = size * 10 + static_cast<std::size_t>(cursor[at] - '0');
  if (at == 0 || at == cursor.size() || cursor[at] != ':' || cursor.size() - at - 1 < size)
    return std::nullopt;
  return Behind{std::string(cursor.substr(at + 1, size)),
                std::string(cursor.substr(at + 1 + size))};
}

Result<FilePage> WithArchived(OpContext& op, const Stores& stores, const AssetPlace& place,
                              const FileListRequest& request) {
  const auto cursor = CursorOf(request, kWithArchived);
  auto behind = cursor ? BehindOf(*cursor) : std::nullopt;
  if (!behind) return BadCursor();
  const std::size_t limit = LimitOf(request);
  objects::ListVersionsRequest asked{.bucket = place.bucket.name,
                                     .prefix = KeyPrefix(place, request),
                                     .key = {},
                                     .cursor = behind->cursor,
                                     .limit = std::clamp<std::size_t>(2 * limit, 100, kMostOfPage)};
  KeyByKey keys(place, request.basic);
  FilePage result;
  std::size_t seen = 0;  // keys, whether they made items or not
  const auto ends = [&](const VersionInfo& version) {
    if (keys.Continues(version) || seen < limit) return false;
    result.next = WithKind(kWithArchived, CursorFrom({asked.cursor, keys.last_key()}));
    return true;
  };
  for (bool more = true; more;) {
    auto page = stores.objects.ListVersions(op, asked);
    if (!page.ok() && page.error().code == Code::kInvalid && !asked.cursor.empty())
      return BadCursor();
    TRY_OK(page);
    for (VersionInfo& version : page->versions) {
      if (version.object.key <= behind->key) continue;
      if (!keys.Continues(version)) {
        keys.Finish();
        if (ends(version)) break;
        ++seen;
      }
      keys.Add(std::move(version));
    }
    more = result.next.empty() && !page->next.empty();
    asked.cursor = std::move(page->next);
  }
  keys.Finish();
  result.files = keys.Take();
  return result;
}

// ---- As of a version of the asset.

FileItem ItemOf(const AssetPlace& place, const FileVersion& snapshot) {
  return {.name = std::string(LastSegment(snapshot.path)),
          .key = place.root() + snapshot.path,
          .path = "/" + snapshot.path,
          .folder = IsFolderKey(snapshot.path),
          .size = snapshot.size,
          .modified = snapshot.last_modified.value_or(""),
          .version_id = snapshot.version_id};
}

// All of them, from the version's records alone.
Result<FilePage> BasicOfVersion(OpContext& op, const Stores& stores, const AssetPlace& place,
                                const FileListRequest& request) {
  TRY(const auto rows, FileRowsOf(op, stores.items, OwnerOf(place.asset), *request.asset_version));
  FilePage result;
  Previews previews;
  for (const FileVersion& file : rows) {
    if (!file.path.starts_with(PlainPrefix(request))) continue;
    if (!previews.Take("/" + file.path, true)) result.files.push_back(ItemOf(place, file));
  }
  std::ranges::sort(result.files, {}, &FileItem::key);
  previews.Give(result.files);
  return result;
}

// The live objects from the first to the last of some keys.
class LiveStretch {
 public:
  static Result<LiveStretch> Read(OpContext& op, const Stores& stores, const AssetPlace& place,
                                  const std::vector<FileVersion>& files) {
    LiveStretch stretch;
    if (files.empty()) return stretch;
    const std::string last = place.root() + files.back().path;
    objects::ListRequest request{.bucket = place.bucket.name, .prefix = place.root()};
    request.start_after = place.root() + files.front().path;
    // A key that is smaller than the first, without its last character.
    while (!request.start_after.empty() && (request.start_after.back() & 0xC0) == 0x80)
      request.start_after.pop_back();
    if (!request.start_after.empty()) request.start_after.pop_back();
    for (int pages = 0; pages < kLivePages; ++pages) {
      TRY(auto page, stores.objects.List(op, request));
      for (VersionInfo& info : page.objects) {
        stretch.covered_ = info.object.key;
        stretch.live_.emplace(info.object.key, std::move(info));
      }
      request.cursor = std::move(page.next);
      if (request.cursor.empty() || stretch.covered_ >= last) {
        stretch.covered_ = last;
        break;
      }
    }
    return stretch;
  }

  // The object if it is live.
  Result<std::optional<VersionInfo>> Find(OpContext& op, const Stores& stores,
                                          const objects::ObjectId& object) const {
    const auto at = live_.find(object.key);
    if (at != live_.end()) return std::optional(at->second);
    if (object.key <= covered_) return std::optional<VersionInfo>();
    return HeadIfAny(op, stores.objects, object);
  }

 private:
  std::map<std::string, VersionInfo> live_;
  std::string covered_;  // all live objects up to this key are known
};

Result<FileItem> Join(OpContext& op, const Stores& stores, const AssetPlace& place,
                      const FileVersion& snapshot, const LiveStretch& stretch) {
  FileItem file = ItemOf(place, snapshot);
  const objects::ObjectId object = place.Object(file.key);
  TRY(const auto live, stretch.Find(op, stores, object));
  auto version = live;
  if (!live || live->version_id != snapshot.version_id) {
    TRY(version, HeadIfAny(op, stores.objects, object, snapshot.version_id));
  }
  if (!live) {
    TRY(const auto newest, NewestOf(op, stores.objects, object));
    file.archived = newest.has_value();
  }
  file.permanently_deleted = !version.has_value();
  if (!version) return file;
  file.size = version->size;
  file.modified = ObjectTime(version->last_modified_millis);
  file.primary_type = PrimaryTypeOf(*version);
  return file;
}

Result<FilePage> FullOfVersion(OpContext& op, const Stores& stores, const AssetPlace& place,
                               const FileListRequest& request) {
  const auto cursor = CursorOf(request, kOfVersion);
  if (!cursor) return BadCursor();
  auto page = ListSnapshot(op, stores.items, OwnerOf(place.asset), *request.asset_version,
                           PlainPrefix(request), *cursor, LimitOf(request));
  if (!page.ok() && page.error().code == Code::kInvalid && !cursor->empty()) return BadCursor();
  TRY_OK(page);
  std::ranges::sort(page->files, {}, &FileVersion::path);
  TRY(const auto stretch, LiveStretch::Read(op, stores, place, page->files));
  FilePage result;
  Previews previews;
  for (const FileVersion& snapshot : page->files) {
    if (previews.Take("/" + snapshot.path, true)) continue;
    TRY(result.files.emplace_back(), Join(op, stores, place, snapshot, stretch));
  }
  previews.Give(result.files);
  TRY_OK(SetMismatch(op, stores.items, place.asset, result.files));
  result.next = WithKind(kOfVersion, page->next);
  return result;
}

}  // namespace

bool FileFilter::Passes(const VersionInfo& info) const {
  const std::string& key = info.object.key;
  if (IsFolderKey(key)) return folders;
  if (primary_only && !PrimaryTypeOf(info)) return false;
  return extensions.empty() || std::ranges::find(extensions, ExtensionOf(key)) != extensions.end();
}

Result<FilePage> LiveFiles(OpContext& op, const Stores& stores, const AssetPlace& place,
                           const FileListRequest& request, const FileFilter& filter) {
  const auto cursor = CursorOf(request, kLive);
  if (!cursor) return BadCursor();
  auto page = stores.objects.List(op, {.bucket = place.bucket.name,
                                       .prefix = KeyPrefix(place, request),
                                       .delimiter = {},
                                       .start_after = {},
                                       .cursor = std::string(*cursor),
                                       .limit = LimitOf(request)});
  if (!page.ok() && page.error().code == Code::kInvalid && !cursor->empty()) return BadCursor();
  TRY_OK(page);
  FilePage result;
  Previews previews;
  result.files.reserve(page->objects.size());
  for (const VersionInfo& info : page->objects) {
    if (!filter.Passes(info)) continue;
    if (!previews.Take(PathUnder(place, info.object.key), !request.basic))
      result.files.push_back(FileItemOf(place, info, !request.basic));
  }
  previews.Give(result.files);
  if (!request.basic) TRY_OK(SetMismatch(op, stores.items, place.asset, result.files));
  result.next = WithKind(kLive, page->next);
  return result;
}

Result<FilePage> AssetFiles::List(OpContext& op, Caller& caller, const Ref& asset,
                                  const FileListRequest& request) {
  TRY(const auto place, OpenAsset(op, stores_.items, caller, asset.database_id, asset.asset_id,
                                  access::Action::kGet));
  if (request.asset_version) {
    TRY_OK(GetVersion(op, stores_.items, OwnerOf(place.asset), *request.asset_version));
    return request.basic ? BasicOfVersion(op, stores_, place, request)
                         : FullOfVersion(op, stores_, place, request);
  }
  if (!request.archived) return LiveFiles(op, stores_, place, request);
  TRY(auto page, WithArchived(op, stores_, place, request));
  if (!request.basic) TRY_OK(SetMismatch(op, stores_.items, place.asset, page.files));
  return page;
}

}  // namespace vams::catalog
