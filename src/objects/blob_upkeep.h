// Checking a blob folder against what refers to it, and removing what nothing refers to.
// Format and rules: docs/formats/blobs.md.
//
// Thread-safe; a check may run beside writers in any process, a collection beside writers of the
// same BlobStore.  Both block for as long as there is much.  32 bytes of memory a reference, and
// for a check as much again for a blob.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "objects/blob_references.h"
#include "objects/blob_store.h"

namespace vams::objects {

struct BlobFinding {
  enum class Kind : std::uint8_t {
    kMissing,  // referred to, not there
    kDamaged,  // a blob that is not what its digest or a reference says
    kPack,     // a pack or its index is damaged; its readable contents count
    kExtra,    // there, not referred to: no damage, a collection removes it
    kStray,    // a file that does not belong there
  };
  Kind kind = Kind::kMissing;
  std::string what;  // digest or path
  std::string detail;
};
std::string_view KindName(BlobFinding::Kind kind);

struct BlobCheck {
  std::uint64_t references = 0;  // different digests
  std::uint64_t blobs = 0, bytes = 0;
  std::uint64_t packs = 0;
  std::uint64_t missing = 0, damaged = 0, damaged_packs = 0, extra = 0, extra_bytes = 0, stray = 0;

  bool clean() const { return missing + damaged + damaged_packs + stray == 0; }
};

struct BlobCollection {
  std::uint64_t references = 0;
  std::uint64_t removed = 0, removed_bytes = 0;  // a dry run: would be
  std::uint64_t waiting = 0, waiting_bytes = 0;  // unused, in packs that are mostly used
  std::uint64_t packs_rewritten = 0;
  std::uint64_t freed_bytes = 0;
  std::vector<std::string> problems;
};

struct CollectOptions {
  // Longer than anybody needs from adding a content to committing what refers to it.
  std::chrono::milliseconds grace = std::chrono::hours(24);
  bool dry_run = false;
};

class BlobUpkeep {
 public:
  // Every finding goes to `found`.  `read_data` compares every content with its digest.
  static Result<BlobCheck> Check(OpContext& op, const BlobStore& store,
                                 const BlobReferenceSource& references, bool read_data,
                                 const std::function<void(const BlobFinding& finding)>& found);

  // kConflict while another process writes to the folder.  An error of `references` leaves
  // everything as it is; one on the way leaves a legal state.
  static Result<BlobCollection> Collect(OpContext& op, BlobStore& store,
                                        const BlobReferenceSource& references,
                                        const CollectOptions& options);

 private:
  static Status CollectFiles(OpContext& op, BlobStore& store,
                             const std::function<bool(const std::string& sha256)>& used,
                             std::int64_t cutoff_millis, bool dry_run, BlobCollection& report);
};

}  // namespace vams::objects
