// FolderSync keeps a folder of the machine and a bucket in step, so that a studio can point VAMS at
// the share it has.  What changes in the folder becomes a new version in the bucket, and what
// changes in the bucket is written to the folder; whatever was there before stays in the bucket's
// history, so nothing that either side does loses a content. Spec: search.md section 7.4 ("Ours,
// local folders"), api-assets.md section 2.5.
//
// One at a time for a folder; otherwise thread-safe.  Blocks on disk.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "catalog/buckets.h"
#include "catalog/stores.h"
#include "folders/folder_tree.h"

namespace vams::folders {

// "/data/share" of "file:///data/share"; nothing for other locations.
std::optional<files::Path> FolderOf(std::string_view location);
// The name of the folder's bucket, always the same: "folder-data-share-1a2b3c4d".  A name that any
// object store of the S3 protocol takes.
std::string BucketNameOf(const files::Path& folder);

// ---- What is to be done about one key.  Pure.

// What both sides had in common when they were in step last.
struct InStep {
  FileStamp stamp;
  std::string version_id;
  std::string etag;
  friend bool operator==(const InStep&, const InStep&) = default;
};

// The current object, without delete markers.
struct LiveObject {
  std::string version_id;
  std::string etag;
};

enum class SyncStep : std::uint8_t {
  kNothing,
  kRemember,     // both have the same content: note it
  kForget,       // neither has it any longer: forget the note
  kCompare,      // same content: note it; else the file becomes a version
  kTakeIn,       // the file becomes a version
  kMarkDeleted,  // the object gets a delete marker
  kWriteOut,     // the object's content becomes the file
  kRemoveOut,    // the file goes
};
// When both sides changed, the file becomes the newest version and the other one is in the history;
// a side that has the content wins over one that has removed it.
SyncStep Decide(const std::optional<FileStamp>& file, const std::optional<InStep>& before,
                const std::optional<LiveObject>& object);

// ---- One pass.

struct SyncReport {
  std::uint64_t taken_in = 0, marked_deleted = 0, written_out = 0, removed_out = 0;
  std::uint64_t bytes_in = 0, bytes_out = 0;
  std::uint64_t postponed = 0;  // files that somebody may still be writing
  // What could not be done and why; the first kMaxProblems of them.
  std::uint64_t problem_count = 0;
  std::vector<std::string> problems;

  bool changed_something() const {
    return taken_in + marked_deleted + written_out + removed_out > 0;
  }
};

struct SyncOptions {
  static constexpr std::size_t kMaxProblems = 100;
  // Where new assets go (app.assetBuckets.externalAssetBuckets[].defaultSyncDatabaseId).
  std::string sync_database;
  // A file that changed less than this ago may not be whole yet.
  std::int64_t quiet_millis = 2000;
};

class FolderSync {
 public:
  // What the stores refer to must outlive this.
  FolderSync(const catalog::Stores& stores, files::Path folder, catalog::Bucket bucket,
             SyncOptions options);

  // The whole folder against the whole bucket, an asset at a time.  kUnavailable, and nothing is
  // touched, when the folder is not there or is not the one that was seen before (a share that is
  // not mounted looks like an empty folder).
  Result<SyncReport> Reconcile(OpContext& op);
  // These keys only, after events.
  Result<SyncReport> Sync(OpContext& op, const std::vector<std::string>& keys);

  const catalog::Bucket& bucket() const { return bucket_; }
  const files::Path& folder() const { return folder_; }

 private:
  class Pass;
  Result<FolderTree> OpenTree(OpContext& op);

  const catalog::Stores stores_;
  const files::Path folder_;
  const catalog::Bucket bucket_;
  const SyncOptions options_;
};

}  // namespace vams::folders
