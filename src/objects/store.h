// ObjectStore keeps contents under (bucket, key) with all their versions, delete markers, metadata
// and multipart uploads.  S3-shaped: whatever it promises, an S3-protocol engine can promise too,
// or a trait says otherwise.  For the catalog and whoever serves objects.  Every engine passes
// store_conformance.h.  Spec: design.md section 4, api-assets.md sections 2 and 5.
//
// Thread-safe.  Every call may block on disk or network.  Keys are data, never paths: 1 to 1024
// bytes of UTF-8; buckets 1 to 255 bytes without '/'.  A bucket that nothing was written to is
// empty.  What a call of one thread returned is seen by every later call.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"
#include "objects/object_version.h"

namespace vams::objects {

// What an engine can promise.  Callers branch on traits, never on names.
struct StoreTraits {
  bool durable = true;
  bool versions = true;  // else an object has one version, `null`, and deleting leaves no marker
  // Stage works, and Commit applies all changes at once or none of them.
  bool atomic_changes = true;
  // Commit takes item writes as well, and they take effect in the same commit.
  bool joins_commits = false;
  bool copy_moves_bytes = false;  // the time of a copy depends on its size
  bool lists_metadata = true;     // List tells content type and user metadata
  std::uint32_t max_parts = 10'000;
  std::uint64_t min_part_bytes = 0;  // of every part but the last of a completed upload
};

struct ObjectId {
  std::string bucket, key;
  auto operator<=>(const ObjectId&) const = default;
};

// "bucket/key", for messages.
std::string Describe(const ObjectId& object);

// What is kept with a content.  Names of user metadata are lower-case ASCII without
// `x-amz-meta-`, values UTF-8 without control characters, together at most 2048 bytes.
struct ObjectMetadata {
  std::string content_type;  // empty: none
  UserMetadata user;
  friend bool operator==(const ObjectMetadata&, const ObjectMetadata&) = default;
};

struct VersionInfo {
  ObjectId object;
  std::string version_id;
  bool is_latest = false;
  bool is_delete_marker = false;
  bool present = true;  // false: known from an imported listing, its bytes are not here
  std::uint64_t size = 0;
  std::string etag;  // without quotes; empty where an imported listing had none
  std::optional<std::int64_t> last_modified_millis;
  ObjectMetadata metadata;
  friend bool operator==(const VersionInfo&, const VersionInfo&) = default;
};

// Fills the buffer as far as it likes and returns how many bytes; 0 is the end.  An error ends the
// operation that pulls, with that error and without an effect.
using ByteSource = std::function<Result<std::size_t>(char* to, std::size_t size)>;
// `bytes` must outlive the source.
ByteSource SourceOf(std::string_view bytes);

// What a content must be to be taken; kInvalid otherwise.
struct ContentExpectation {
  std::optional<std::uint64_t> size;
  std::optional<std::string> md5;  // lower-case hexadecimal
};

// A precondition on what is current when the change takes effect; kConflict when it fails.  A
// delete marker counts as no object.
struct PutCondition {
  enum class Op : std::uint8_t { kNone, kAbsent, kEtag } op = Op::kNone;
  std::string etag;
  static PutCondition Absent() { return {Op::kAbsent, {}}; }
  static PutCondition EtagIs(std::string etag) { return {Op::kEtag, std::move(etag)}; }
};

// A part as the client names it when it completes an upload.  Quotes around the ETag are ignored.
struct PartEtag {
  std::uint32_t number = 0;
  std::string etag;
};

// ---- Changes that are committed together
// ----------------------------------------------------------

// A content that is durable in the store and in no object yet.  It stays usable for an hour at
// least; a content that is never used is collected.
struct StagedContent {
  std::string sha256, md5;  // lower-case hexadecimal; the ETag is the MD5
  std::uint64_t size = 0;
  friend bool operator==(const StagedContent&, const StagedContent&) = default;
};

// A whole content in memory, for StageMany.
struct ContentBytes {
  std::string_view bytes;          // live until the call returns
  std::optional<std::string> md5;  // that they must have, lower-case hexadecimal
};

// A new version with a staged content.
struct PutChange {
  ObjectId object;
  StagedContent content;
  ObjectMetadata metadata;
  PutCondition condition;
};
// A new version with the parts of an upload, and the end of the upload.
struct CompleteChange {
  std::string upload_id;
  std::vector<PartEtag> parts;
  PutCondition condition;
};
// A new version with the content of another.  Without a version id the current one; a delete marker
// cannot be copied (kNotFound).  Without metadata the source's are kept.
struct CopyChange {
  ObjectId from;
  std::optional<std::string> version_id;
  ObjectId to;
  std::optional<ObjectMetadata> metadata;
  PutCondition condition;
};
// A delete marker on top; nothing happens where no object is current.
struct DeleteChange {
  ObjectId object;
};
// Removes one version for good, content or marker; nothing happens where there is none.
struct DeleteVersionChange {
  ObjectId object;
  std::string version_id;
};

using ObjectEdit =
    std::variant<PutChange, CompleteChange, CopyChange, DeleteChange, DeleteVersionChange>;

// Changes in the order in which they are to happen: a later one sees the earlier ones.  A plain
// value; an object may be named more than once, an upload only once.
class ObjectChanges {
 public:
  ObjectChanges& Add(ObjectEdit edit) {
    edits_.push_back(std::move(edit));
    return *this;
  }
  const std::vector<ObjectEdit>& edits() const { return edits_; }
  bool empty() const { return edits_.empty(); }

 private:
  std::vector<ObjectEdit> edits_;
};

// ---- Listing
// ---------------------------------------------------------------------------------------

struct ListRequest {
  std::string bucket;
  std::string prefix;
  // Keys that have it behind the prefix are rolled up to one common prefix, which ends with it.
  std::string delimiter;
  std::string start_after;   // only keys behind this one; ignored with a cursor
  std::string cursor;        // ListPage::next of the page before
  std::size_t limit = 1000;  // objects and common prefixes together, 1 to 1000
};

// In the order of the keys' UTF-8 bytes, each list for itself.  `next` is empty on the last page
// and the only sign of the end.  Cursors are opaque and stay valid while objects come and go.
struct ListPage {
  std::vector<VersionInfo> objects;
  std::vector<std::string> common_prefixes;
  std::string next;
};

struct ListVersionsRequest {
  std::string bucket;
  std::string prefix;
  std::optional<std::string> key;  // only this object; `prefix` is then ignored
  std::string cursor;
  std::size_t limit = 1000;
};

// By key, the versions of each newest first, delete markers among them.
struct VersionPage {
  std::vector<VersionInfo> versions;
  std::string next;
};

struct PartInfo {
  std::uint32_t number = 0;
  std::string etag;
  std::uint64_t size = 0;
  std::int64_t last_modified_millis = 0;
  friend bool operator==(const PartInfo&, const PartInfo&) = default;
};

struct PartPage {
  std::vector<PartInfo> parts;  // by number
  std::string next;
};

struct UploadInfo {
  std::string upload_id;
  ObjectId object;
  ObjectMetadata metadata;
  std::int64_t created_millis = 0;
  friend bool operator==(const UploadInfo&, const UploadInfo&) = default;
};

struct NewUpload {
  ObjectId object;
  ObjectMetadata metadata;
};

// A whole part in memory, for PutParts.
struct PartBytes {
  std::string upload_id;
  std::uint32_t number = 0;
  std::string_view bytes;          // live until the call returns
  std::optional<std::string> md5;  // that they must have, lower-case hexadecimal
};

struct UploadWithParts {
  UploadInfo info;
  std::vector<PartInfo> parts;  // all of them, by number
};

struct ListUploadsRequest {
  std::optional<std::string> bucket;                  // nothing: of all buckets
  std::optional<std::int64_t> created_before_millis;  // only older ones
  std::string cursor;
  std::size_t limit = 1000;
};

struct UploadPage {
  std::vector<UploadInfo> uploads;  // in no particular order
  std::string next;
};

// ---- The store
// -------------------------------------------------------------------------------------

// Bytes of a content as a stretch of an open file, for whoever hands them to the kernel.
struct FileStretch {
  // Read at a position, never moved; closed with its last owner.
  std::shared_ptr<const int> descriptor;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
};

// The content of one version.  Thread-safe; stays readable while the version is deleted, and must
// not outlive the store.
class ObjectReader {
 public:
  virtual ~ObjectReader() = default;
  virtual const VersionInfo& info() const = 0;
  // Fewer bytes than asked for only at the end of the content.
  virtual Result<std::size_t> ReadAt(OpContext& op, std::uint64_t offset, char* to,
                                     std::size_t size) const = 0;
  // The bytes from `offset` on, as far as one file has them as they are; the next ones are asked
  // for with the position behind them.  Nothing where no file does, where it cannot be opened now,
  // and at the end of the content: ReadAt is right in every case, and says what is wrong.
  virtual std::optional<FileStretch> StretchAt(std::uint64_t /*offset*/) const { return {}; }
};

class ObjectStore {
 public:
  virtual ~ObjectStore() = default;
  virtual const StoreTraits& traits() const = 0;

  // ---- Reading.  kNotFound where there is no such object or version; for the current version also
  // where it is a delete marker.  Head of a delete marker by its version id succeeds, Open does
  // not; nor does Open of a version whose bytes are not here.
  virtual Result<VersionInfo> Head(OpContext& op, const ObjectId& object,
                                   const std::optional<std::string>& version_id = {}) = 0;
  virtual Result<std::unique_ptr<ObjectReader>> Open(
      OpContext& op, const ObjectId& object, const std::optional<std::string>& version_id = {}) = 0;
  // Current objects.
  virtual Result<ListPage> List(OpContext& op, const ListRequest& request) = 0;
  virtual Result<VersionPage> ListVersions(OpContext& op, const ListVersionsRequest& request) = 0;

  // ---- Writing.  The version that was made.
  virtual Result<VersionInfo> Put(OpContext& op, const ObjectId& object, const ByteSource& source,
                                  const ContentExpectation& expected,
                                  const ObjectMetadata& metadata,
                                  const PutCondition& condition) = 0;
  Result<VersionInfo> PutBytes(OpContext& op, const ObjectId& object, std::string_view bytes,
                               const ObjectMetadata& metadata = {},
                               const PutCondition& condition = {});
  // The copy's ETag may be another than the source's on engines where copying moves bytes.
  virtual Result<VersionInfo> Copy(OpContext& op, const CopyChange& copy) = 0;
  // The delete marker; nothing where no object was current.
  virtual Result<std::optional<VersionInfo>> Delete(OpContext& op, const ObjectId& object) = 0;
  virtual Status DeleteVersion(OpContext& op, const ObjectId& object,
                               const std::string& version_id) = 0;

  // ---- Multipart uploads.  kNotFound for an upload that does not exist, was completed or aborted.
  virtual Result<std::string> CreateUpload(OpContext& op, const ObjectId& object,
                                           const ObjectMetadata& metadata) = 0;
  // Many at once: their ids in order.  On failure none is left open, as far as the store can still
  // end them; engines that can begin them all in one commit, or none.
  virtual Result<std::vector<std::string>> CreateUploads(OpContext& op,
                                                         std::span<const NewUpload> uploads);
  // Stores or replaces part `number` (1 to traits().max_parts).
  virtual Result<PartInfo> PutPart(OpContext& op, const std::string& upload_id,
                                   std::uint32_t number, const ByteSource& source,
                                   const ContentExpectation& expected) = 0;
  // Stores or replaces many small parts, of any uploads; engines that can make them durable
  // together. One result for each, in order: what PutPart would say of that part (kNotFound,
  // kInvalid).  Of parts with the same upload and number the last one stays.  An error of the whole
  // call is the store's, such as a full disk: some of the parts may have been stored, and storing
  // all of them again does no harm.
  virtual Result<std::vector<Result<PartInfo>>> PutParts(OpContext& op,
                                                         std::span<const PartBytes> parts);
  // Many unfinished uploads with their parts, in order; nothing for one that does not exist, was
  // completed or aborted.  They are not looked at in the same moment.
  virtual Result<std::vector<std::optional<UploadWithParts>>> FindUploads(
      OpContext& op, std::span<const std::string> upload_ids);
  // At most 1000 parts a page.
  virtual Result<PartPage> ListParts(OpContext& op, const std::string& upload_id,
                                     const std::string& cursor, std::size_t limit) = 0;
  // Makes a version of the named parts, in ascending order; others are dropped.  The ETag is the
  // MD5 of the parts' MD5 digests, "-" and their number.  kInvalid, naming the part: none at all,
  // out of order, not there, other ETag, too small (min_part_bytes).  Completing again with the
  // same parts gives the same answer until Tidy forgot the upload.
  virtual Result<VersionInfo> CompleteUpload(OpContext& op, const std::string& upload_id,
                                             std::span<const PartEtag> parts,
                                             const PutCondition& condition = {}) = 0;
  virtual Status AbortUpload(OpContext& op, const std::string& upload_id) = 0;
  virtual Result<UploadInfo> HeadUpload(OpContext& op, const std::string& upload_id) = 0;
  // Unfinished uploads.
  virtual Result<UploadPage> ListUploads(OpContext& op, const ListUploadsRequest& request) = 0;
  // Forgets uploads that ended before that time, and what an interrupted end left.  Returns how
  // many.  Does nothing on engines that do so themselves.
  virtual Result<std::size_t> Tidy(OpContext& op, std::int64_t ended_before_millis) = 0;

  // ---- Together.  All are kNotSupported without traits().atomic_changes.
  virtual Result<StagedContent> Stage(OpContext& op, const ByteSource& source,
                                      const ContentExpectation& expected) = 0;
  // Many small contents, which engines can make durable together.  One result for each, in order,
  // kInvalid where it is not what was expected; an error of the call is the store's.
  virtual Result<std::vector<Result<StagedContent>>> StageMany(
      OpContext& op, std::span<const ContentBytes> contents);
  // All changes and all item writes take effect, or none.  One entry for each change: the version
  // made, or nothing where nothing was made.  Changes of other writers to the same objects are not
  // conflicts: the store reads again and applies the changes on top.  kConflict is left for
  // conditions: `index` i below writes.size() is writes[i], which the caller has to make anew from
  // what it reads; else the change number index - writes.size().  Other errors of a change have the
  // same index.  Writes need traits().joins_commits, and name none of the store's own records.
  //
  // `following`, if given, is asked for more writes once it is known what the changes make, which
  // tells the ids of new versions; anew in every attempt.  They need joins_commits as well and have
  // no conditions of their own.
  using FollowingWrites =
      std::function<std::vector<items::Write>(std::span<const std::optional<VersionInfo>> made)>;
  virtual Result<std::vector<std::optional<VersionInfo>>> Commit(
      OpContext& op, const ObjectChanges& changes, std::span<const items::Write> writes = {},
      const FollowingWrites& following = {}) = 0;
};

}  // namespace vams::objects
