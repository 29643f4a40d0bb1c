// ObjectImporter brings object listings and the bytes of a synced bucket into an item store and a
// blob store.  For `vams import`.  Spec: lifecycle.md section 4 "Object bytes and imports".
//
// Nothing that is recorded is ever overwritten by something else: what contradicts it is a problem
// of the report, by the object's name, and is left out.  Every import may be repeated, also after a
// crash; repeated it changes nothing, or does what was missing.
//
// Not thread-safe.  Blocks on disk and on the store.  Other writers may use the store meanwhile.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"
#include "items/store.h"
#include "objects/blob_store.h"

namespace vams::objects {

struct ImportReport {
  std::uint64_t listed = 0;           // versions read from listings, delete markers included
  std::uint64_t added = 0;            // version records made from listings
  std::uint64_t updated = 0;          // version records that learned an attribute from a listing
  std::uint64_t files = 0;            // files found in folders
  std::uint64_t filled = 0;           // listed versions that got their bytes
  std::uint64_t created = 0;          // files that became objects of an unlisted bucket
  std::uint64_t bytes = 0;            // of filled and created versions
  std::vector<std::string> problems;  // the first ImportOptions::max_problems of them
  std::uint64_t problem_count = 0;

  bool changed() const { return added + updated + filled + created > 0; }
};

struct ImportOptions {
  // Whether a file must have the MD5 digest that a single-part ETag is.  Off for buckets with KMS
  // or customer keys: their ETags are no digests.
  bool etags_are_md5 = true;
  // Listings of at least so many versions are loaded in bulk where the store has no objects yet.
  std::uint64_t bulk_from = 5000;
  std::size_t max_problems = 1000;
  // Called after every batch.
  std::function<void(const ImportReport&)> on_progress;
};

class ObjectImporter {
 public:
  // Both outlive the importer.
  ObjectImporter(items::ItemStore& store, BlobStore& blobs, ImportOptions options = {});
  ~ObjectImporter();

  // Records every listed version that is not recorded yet, as absent; learns attributes that were
  // not known.  `bucket` as for ListingReader::Open.  A listing that is damaged is refused before
  // anything is written.
  Status AddListing(OpContext& op, const files::Path& path, std::string_view bucket);

  // Files are objects: DIR/<key>, or DIR/<bucket>/<key> when `bucket` is empty.  A file's bytes
  // become those of the newest version of its key that is no delete marker, if that is absent and
  // of this size and digest.  A file without a record becomes a version `null` if its bucket is
  // not listed (has no version with another id); otherwise it is a problem.  A folder fills the
  // empty object "<key>/".
  Status AddFolder(OpContext& op, const files::Path& dir, std::string_view bucket);

  // Of everything so far, also after an error.
  const ImportReport& report() const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

}  // namespace vams::objects
