// LocalObjectStore keeps version records in the item store and contents in a folder of blobs:
// completing an upload and copying write records only, and changes to objects commit together with
// the caller's own items.  Contract: objects/store.h; formats: docs/formats/system-tables.md and
// blobs.md.
//
// Thread-safe, and several handles and processes may use the same item store and folder.  Blocks on
// disk.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "items/store.h"
#include "objects/blob_store.h"
#include "objects/store.h"

namespace vams::objects {

struct LocalStoreOptions {
  std::uint64_t min_part_bytes = 0;
  const Clock* clock = nullptr;  // nullptr: the system's
  Random* random = nullptr;      // nullptr: the system's
};

// Creates the tables that are not there.  `items` and `blobs` outlive the store.
Result<std::unique_ptr<ObjectStore>> OpenLocalObjectStore(OpContext& op, items::ItemStore& items,
                                                          BlobStore& blobs,
                                                          const LocalStoreOptions& options = {});

}  // namespace vams::objects
