// The places that assets are stored in: records of S3AssetBucketsStorageTable, each a bucket with
// the prefix that all keys of its assets begin with.  Spec: api-assets.md section 2.1,
// data-model.md section 4.24.  Thread-safe (no state).  Blocks on the item store.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::catalog {

inline const std::string kBucketsTable = "S3AssetBucketsStorageTable";

struct Bucket {
  std::string id;  // a UUID, the same for this name and prefix for good
  std::string name;
  std::string prefix;  // ends with "/"; "/" alone: none
  bool versioned = false;
};

struct BucketPage {
  std::vector<Bucket> buckets;
  std::string next;  // `after` of the following page; empty on the last one
};

// kInvalid for an `after` that no page gave.
Result<BucketPage> ListBuckets(OpContext& op, items::ItemSource& source, std::string_view after,
                               std::size_t limit);
Result<std::optional<Bucket>> FindBucket(OpContext& op, items::ItemSource& source,
                                         std::string_view id);

// A bucket that the configuration names.
struct BucketSeed {
  std::string name;
  std::string prefix = "/";
  bool versioned = false;
};

// Gives each of them a record unless its name and prefix have one; records are never changed nor
// removed, so that assets keep their place whatever becomes of the configuration.  Returns how many
// were added.  One process at a time (the caller holds the stack's lock).  Interrupted, it is done
// again.
Result<std::size_t> SeedBuckets(OpContext& op, items::ItemStore& store, Random& random,
                                std::span<const BucketSeed> seeds);

}  // namespace vams::catalog
