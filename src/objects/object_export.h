// Object records and bytes out of a store: the listing that a data set is accompanied by, and the
// current objects as files.  For `vams export`.  Format: docs/formats/object-listing.md; spec:
// lifecycle.md section 4.
//
// Thread-safe as far as source and blobs are.  Blocks on both and on disk.  For a consistent result
// the source is a snapshot.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "files/files.h"
#include "items/store.h"
#include "objects/blob_store.h"

namespace vams::objects {

// What the version records say.
struct ObjectCounts {
  std::uint64_t objects = 0;  // with a newest version that is no delete marker
  std::uint64_t versions = 0;
  std::uint64_t delete_markers = 0;
  std::uint64_t present = 0;
  std::uint64_t absent = 0;
  std::uint64_t present_bytes = 0;
  std::uint64_t absent_bytes = 0;
};
Result<ObjectCounts> CountObjects(OpContext& op, items::ItemSource& source);

// Writes every version of every object, as ListingReader reads it, in the order of bucket and key.
// Atomically.  Returns how many versions.
Result<std::uint64_t> WriteListing(OpContext& op, items::ItemSource& source,
                                   const files::Path& path);

struct CopyReport {
  std::uint64_t copied = 0;
  std::uint64_t bytes = 0;
  std::uint64_t absent = 0;  // current objects whose bytes are not here
  // Objects that could not be copied, by name with the reason; the first 1000 of them.
  std::vector<std::string> problems;
  std::uint64_t problem_count = 0;
};

// Copies the bytes of every current object to DIR/<bucket>/<key>, verified; an object "<key>/"
// becomes a folder.  A key that names no file below its bucket's folder is a problem, as is damaged
// content: the other objects are copied all the same.  Durable on return.
Result<CopyReport> CopyObjects(OpContext& op, items::ItemSource& source, const BlobStore& blobs,
                               const files::Path& dir);

}  // namespace vams::objects
