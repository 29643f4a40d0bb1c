// Files of an asset: listing, moving, copying, archiving, reverting, deleting.  Spec: api-assets.md
// sections 6 and 7.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
// Every change is one commit: it happens with the records of metadata and the derived data that
// follow the files, or not at all.  What others do at the same time is looked at again, a bounded
// number of times, then kUnavailable.
//
// Thread-safe.  Calls block on the item store and the object store.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/asset_records.h"
#include "catalog/caller.h"
#include "catalog/stores.h"

namespace vams::catalog {

// A file or a folder marker as lists show it.
struct FileItem {
  std::string name;  // the last segment; empty for folders
  std::string key;   // in the bucket
  std::string path;  // "/scan/east.e57"
  bool folder = false;
  std::optional<std::uint64_t> size;      // nothing for folders
  std::string modified;                   // 2026-03-05T10:00:00+00:00
  std::optional<std::string> version_id;  // of an archived file the delete marker's
  bool archived = false;
  // The asset's current version does not have the file with this version; nothing: not asked.
  std::optional<bool> mismatch;
  bool permanently_deleted = false;
  std::optional<std::string> primary_type;
  std::string preview;  // path of the first preview; empty: none
};

struct FilePage {
  std::vector<FileItem> files;
  std::string next;  // `after` of the following page; empty on the last one
};

struct FileListRequest {
  std::string prefix;       // of the path, text; one leading slash is dropped
  std::string after;        // FilePage::next, of the same request
  std::size_t limit = 100;  // objects a page looks at, 1 to 1000: previews are not shown
  bool archived = false;    // also what is archived
  bool basic = false;       // without what the object store and the versions know of each file
  std::optional<std::string> asset_version;  // as of that version of the asset
};

// Which live files are wanted; what does not pass does not count as a preview either.
struct FileFilter {
  bool folders = true;
  bool primary_only = false;            // only files with a primary type
  std::vector<std::string> extensions;  // ".glb", in lower case; none: all

  bool Passes(const objects::VersionInfo& info) const;
};

// A page of an asset's live files in the order of their keys: what List gives for a request that is
// neither basic nor archived nor of a version.  For whoever has opened the asset.  One list page of
// the object store and at most two queries, whatever the number of files.
Result<FilePage> LiveFiles(OpContext& op, const Stores& stores, const AssetPlace& place,
                           const FileListRequest& request, const FileFilter& filter = {});

// A version of a file in FileInfo.
struct FileVersionItem {
  std::string version_id;
  std::string modified;
  std::uint64_t size = 0;
  bool latest = false;
  bool archived = false;            // a delete marker
  std::optional<std::string> etag;  // nothing for markers
  bool mismatch = false;
  struct AssetVersion {
    std::string id, label;  // "3", "v3 (RC1)"
  };
  std::vector<AssetVersion> asset_versions;
};

struct FileInfo {
  FileItem file;  // `modified`, `size` and `etag` of an archived file are its newest content's
  std::optional<std::string> content_type, etag;
  std::optional<std::vector<FileVersionItem>> versions;
};

// What an operation did.
struct FileChange {
  std::vector<std::string> affected;  // paths as section 6 words them
  std::size_t files = 0;              // previews among them
  std::size_t previews = 0;
  std::size_t records = 0;  // of metadata and attributes, written
};

struct CopyTarget {
  std::string path;
  std::optional<std::string> database_id, asset_id;  // nothing: as the source's
};

class AssetFiles {
 public:
  struct Ref {
    std::string database_id, asset_id;
  };

  // What the stores refer to must outlive this.
  explicit AssetFiles(const Stores& stores) : stores_(stores) {}

  // All of them: what OpenAsset fails with.  `path` is the wire's (AssetPlace::KeyOf).

  // kInvalid "Error listing files." for an `after` that no page gave; kNotFound "Asset version '77'
  // not found for asset".
  Result<FilePage> List(OpContext& op, Caller& caller, const Ref& asset,
                        const FileListRequest& request);
  // kNotFound "File not found." if it has no version.
  Result<FileInfo> Info(OpContext& op, Caller& caller, const Ref& asset, std::string_view path,
                        bool with_versions);

  // A folder marker; a new version of it if it is there.
  Status CreateFolder(OpContext& op, Caller& caller, const Ref& asset, std::string_view path);

  // Section 6.4: the current version, its previews, derived data and records go.
  Result<FileChange> Move(OpContext& op, Caller& caller, const Ref& asset, std::string_view from,
                          std::string_view to);
  // Section 6.5.
  Result<FileChange> Copy(OpContext& op, Caller& caller, const Ref& asset, std::string_view from,
                          const CopyTarget& to);

  // Sections 6.6 to 6.8.  With `prefix` every file whose key begins with the path's.
  Result<FileChange> Archive(OpContext& op, Caller& caller, const Ref& asset, std::string_view path,
                             bool prefix);
  Result<FileChange> Unarchive(OpContext& op, Caller& caller, const Ref& asset,
                               std::string_view path);
  Result<FileChange> Delete(OpContext& op, Caller& caller, const Ref& asset, std::string_view path,
                            bool prefix, bool confirmed);

  // Sections 6.9 and 6.10: the id of the version that was made.
  Result<std::string> Revert(OpContext& op, Caller& caller, const Ref& asset, std::string_view path,
                             const std::string& version_id);
  // An empty type removes it.
  Result<std::string> SetPrimaryType(OpContext& op, Caller& caller, const Ref& asset,
                                     std::string_view path, const std::string& type);

  // Section 6.11.
  Status DeletePreview(OpContext& op, Caller& caller, const Ref& asset);
  // Section 6.12: how many derived objects the file had.  kNotFound if none.
  Result<std::size_t> DeleteAuxiliary(OpContext& op, Caller& caller, const Ref& asset,
                                      std::string_view path);

 private:
  const Stores stores_;
};

}  // namespace vams::catalog
