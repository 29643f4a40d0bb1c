// Versions of an asset: snapshots of its files and metadata.  Spec: api-assets.md section 10.
//
// Messages of errors are the texts of the wire, without upstream's prefix "VAMS General Error: ".
// Every call asks the permission on the active asset first: kNotFound "Asset not found in
// database"; kInvalid "Not authorized to perform this operation on the asset".
//
// A version names object versions and copies none; they stay until somebody deletes them for good.
// What a new version names was there, all of it at one time, and none of it was removed before the
// version was made.  Where others change the asset's files all the time, files of several uploads
// may be seen at different times.
//
// Thread-safe.  Calls block on the item store and the object store.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/asset_records.h"
#include "catalog/caller.h"
#include "catalog/stores.h"
#include "catalog/version_records.h"
#include "model/asset_version.h"

namespace vams::catalog {

// What making a version came to.
struct MadeVersion {
  std::string id;
  std::size_t files = 0;
  std::vector<std::string> skipped;  // paths that could not be part of it, as they were named
};

struct AssetVersionView {
  AssetVersion version;
  bool current = false;
  std::uint64_t files = 0;
};

struct AssetVersionPage {
  std::vector<AssetVersionView> versions;
  std::string next;  // `after` of the following page; empty on the last one
};

// A file of a version, and what has become of it.
struct FileOfVersion {
  FileVersion file;
  bool deleted = false;          // this object version is there no longer
  bool latest_archived = false;  // the file's newest version is a delete marker
};

struct AssetVersionDetails {
  AssetVersion version;
  std::vector<FileOfVersion> files;   // by path
  std::vector<MetadataRow> metadata;  // attributes before metadata, by path
};

class AssetVersions {
 public:
  // What the stores refer to must outlive this.
  explicit AssetVersions(const Stores& stores) : stores_(stores) {}

  // Needs POST.  The new version is the current one.  kUnavailable if others change the asset again
  // and again.
  Result<MadeVersion> Create(OpContext& op, Caller& caller, const AssetIds& asset,
                             const model::NewAssetVersion& version);
  // Needs GET.  The newest first.  kInvalid "Invalid pagination token" for an `after` that no page
  // gave.
  Result<AssetVersionPage> List(OpContext& op, Caller& caller, const AssetIds& asset,
                                bool archived_too, std::string_view after, std::size_t limit);
  // Needs GET.  kNotFound "Version not found".
  Result<AssetVersionDetails> Get(OpContext& op, Caller& caller, const AssetIds& asset,
                                  std::string_view id);
  // Needs PUT.  kNotFound "Asset version '77' not found for asset".
  Status Update(OpContext& op, Caller& caller, const AssetIds& asset, std::string_view id,
                const model::AssetVersionChange& change);
  // Needs POST.  kNotFound as Update; kConflict for archiving the current version.
  Status SetArchived(OpContext& op, Caller& caller, const AssetIds& asset, std::string_view id,
                     bool archived);
  // Needs POST.  Puts the files of the version on top, each as a new object version, and makes a
  // new version of them; files that it does not have stay as they are.  All of it at once, with the
  // metadata if that is asked for and the version has any.  kNotFound "Version not found".
  Result<MadeVersion> Revert(OpContext& op, Caller& caller, const AssetIds& asset,
                             std::string_view id, const model::AssetVersionRevert& revert);

 private:
  class Edit;

  Result<AssetPlace> Open(OpContext& op, Caller& caller, const AssetIds& asset,
                          access::Action action);
  // Attempts at a new version until one is committed.
  using Filler = std::function<Status(Edit& edit)>;
  Result<MadeVersion> Make(OpContext& op, Caller& caller, const AssetIds& asset,
                           const std::string& comment, const std::string& alias,
                           const Filler& fill);
  Status AddLatest(OpContext& op, Edit& edit);
  Status AddNamed(OpContext& op, Edit& edit, const std::vector<model::VersionedFile>& files);
  Status AddReverted(OpContext& op, Edit& edit, std::string_view id);
  static void RevertMetadata(Edit& edit, std::vector<MetadataRow> snapshot);
  // Of the version's record.
  Status Change(OpContext& op, const AssetPlace& place, const AssetIds& asset, std::string_view id,
                std::vector<items::Mutation> mutations);
  Result<std::uint64_t> CountFiles(OpContext& op, const AssetIds& asset,
                                   const AssetVersion& version);
  static std::string CountName(const AssetIds& asset, const AssetVersion& version);
  void NoteFiles(const AssetIds& asset, const AssetVersion& version, std::uint64_t files);

  const Stores stores_;
  // Versions never get other files once they are made, and counting many takes long.
  std::mutex mutex_;  // guards counts_
  std::map<std::string, std::uint64_t, std::less<>> counts_;
};

}  // namespace vams::catalog
