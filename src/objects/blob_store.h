// BlobStore keeps immutable contents in a folder, each under its SHA-256 digest: the bytes behind
// object versions.  For imports, exports and the local object store.
// Format: docs/formats/blobs.md; spec: design.md section 4.
//
// Thread-safe, and several processes may use one folder.  Every call may block on disk.  A content
// is whole and durable before it has its final name, so what Has says survives a power failure,
// and a record that refers to it may be committed.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "files/files.h"
#include "objects/encryption.h"
#include "objects/staged_file.h"

namespace vams::objects {

struct BlobInfo {
  std::string sha256;  // lower-case hexadecimal
  std::string md5;     // lower-case hexadecimal
  std::uint64_t size = 0;
  friend bool operator==(const BlobInfo&, const BlobInfo&) = default;
};

// What a content must be to be taken.
struct BlobExpectation {
  std::optional<std::uint64_t> size;
  std::optional<std::string> md5;  // lower-case hexadecimal
};

// Digests of a regular file, in one pass.
Result<BlobInfo> DigestFile(const files::Path& path);
BlobInfo DigestBytes(std::string_view bytes);

class BlobReader;
class PackStore;

struct BlobStoreOptions {
  // Contents are sealed: no byte of one lies on disk in the clear.  The stack key; nothing: plain.
  std::optional<SecretKey> key = {};
  std::uint64_t pack_below = std::uint64_t{64} << 10;  // larger contents are files
  std::uint64_t seal_at = std::uint64_t{64} << 20;     // the size of a pack
  const Clock* clock = nullptr;                        // nullptr: the system's
};

// Where the bytes of a blob lie, for whoever hands them to the kernel.  A collection may move them:
// when the file is gone, ask again.
struct BlobLocation {
  files::Path file;
  std::uint64_t offset = 0;
  std::uint64_t length = 0;
  bool packed = false;
};

class BlobStore {
 public:
  // Creates the folder if it does not exist.  kNotSupported for a folder of a newer release,
  // kInvalid for one that holds something else, or is sealed with another key or none; kConflict
  // for one with plain contents when there is a key.
  static Result<std::unique_ptr<BlobStore>> Open(const files::Path& folder,
                                                 const BlobStoreOptions& options = {});
  ~BlobStore();

  const files::Path& folder() const { return folder_; }
  bool sealed() const { return keys_ != nullptr; }

  // Stores a content, unless it is there already: then its age starts anew, so that a collection
  // leaves it.  Durable on return; threads that store small contents at the same time share one
  // sync.  kConflict, and nothing is kept, when it is not what was expected.
  Result<BlobInfo> AddFile(const files::Path& path, const BlobExpectation& expected = {});
  Result<BlobInfo> AddBytes(std::string_view bytes);
  // The same for a content that was written, and its digests taken, into a file of Stage.
  Status AddStaged(StagedFile file, const BlobInfo& info);
  // A file for a content that is about to come: plain bytes go in, and lie there sealed if the
  // store is.
  Result<StagedFile> Stage();
  files::Path incoming() const;

  Result<bool> Has(std::string_view sha256) const;
  // kNotFound if there is no such blob.
  Result<std::uint64_t> Size(std::string_view sha256) const;

  // Hands out the content in chunks and verifies it: kCorrupt, naming the blob, comes after the
  // last chunk of a damaged one, so keep what was handed out apart until then.
  using Sink = std::function<Status(std::string_view chunk)>;
  Status Read(std::string_view sha256, const Sink& sink) const;
  // For parts of a content; not verified.
  Result<std::unique_ptr<BlobReader>> OpenForReading(std::string_view sha256) const;
  // A verified copy; nothing is left at `path` if it fails.  Synced with its folder.
  Status CopyTo(std::string_view sha256, const files::Path& path) const;

  // kNotFound if there is no such blob; kNotSupported if the store is sealed: the kernel must not
  // hand out what lies there.
  Result<BlobLocation> Locate(std::string_view sha256) const;
  // Where the blob lies if it is a file of its own.  kInvalid for what is no digest.
  Result<files::Path> PathOf(std::string_view sha256) const;

 private:
  friend class BlobBatch;
  friend class BlobUpkeep;
  BlobStore(files::Path folder, const BlobStoreOptions& options,
            std::unique_ptr<const SealKeys> keys);
  // As it lies on disk.
  Result<BlobLocation> Find(std::string_view sha256) const;
  // Whether the content is there as a file of this size; if so it is young again.
  Result<bool> ReuseFile(std::string_view sha256, std::uint64_t size);
  // Whether the file has its time now.
  bool MakeYoung(const files::Path& path) const;

  const files::Path folder_;
  const std::unique_ptr<const SealKeys> keys_;  // nullptr: plain
  const std::uint64_t pack_below_;
  const Clock& clock_;
  const std::unique_ptr<PackStore> packs_;
  // Keeps apart who makes a file young and who removes it because it is old.  Held over these
  // calls.
  std::mutex age_mutex_;
};

// Many contents for the price of two syncs: what is added has its final name, and is durable, after
// Commit.  Destruction without it drops what was added.  Not thread-safe; the store outlives it.
class BlobBatch {
 public:
  explicit BlobBatch(BlobStore& store);
  ~BlobBatch();
  BlobBatch(const BlobBatch&) = delete;
  BlobBatch& operator=(const BlobBatch&) = delete;

  Result<BlobInfo> AddFile(const files::Path& path, const BlobExpectation& expected = {});
  Result<BlobInfo> AddBytes(std::string_view bytes);
  // The same where the digests were taken before.
  Status AddBytes(std::string_view bytes, const BlobInfo& info);
  Status AddStaged(StagedFile file, const BlobInfo& info);

  std::size_t count() const;    // contents that Commit has to store
  std::uint64_t bytes() const;  // of them
  // After an error nothing is promised but that every blob under its final name is whole; the
  // batch is empty then.
  Status Commit();

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

// Parts of one blob.  Thread-safe.
class BlobReader {
 public:
  ~BlobReader();
  std::uint64_t size() const;
  // Fewer bytes than asked for only at the end of the blob.
  Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t size) const;

 private:
  friend class BlobStore;
  struct Impl;
  explicit BlobReader(std::unique_ptr<Impl> impl);
  const std::unique_ptr<Impl> impl_;
};

}  // namespace vams::objects
