// MemoryObjectStore keeps objects in memory: the reference model of the object store, and the store
// of tests.  Contract: objects/store.h.
//
// Thread-safe: one lock over everything.  Blocks only on that and on the sources of contents.
#pragma once

#include <memory>

#include "base/clock.h"
#include "base/random.h"
#include "objects/store.h"

namespace vams::objects {

struct MemoryStoreOptions {
  std::uint64_t min_part_bytes = 0;
  const Clock* clock = nullptr;  // nullptr: the system's
  Random* random = nullptr;      // nullptr: the system's
};

std::unique_ptr<ObjectStore> CreateMemoryObjectStore(const MemoryStoreOptions& options = {});

}  // namespace vams::objects
