// The asset buckets as step 2.1 -> 2.2 sees them, and the object listing of an asset's folder.
// Internal to the step.  Spec: migrations.md sections 3.1 and 3.2 phase 0; ruling "object
// listings".
//
// Plain values and functions without state of their own; they block on the state they read.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migrate/step.h"
#include "objects/object_version.h"

namespace vams::migrate::v22 {

struct Bucket {
  std::string id, name;
  std::string configured_prefix;  // as the bucket's row has it: "/" or "scans/"
  std::string prefix;             // what keys begin with: "" or "scans/"

  friend bool operator==(const Bucket&, const Bucket&) = default;
};

struct Buckets {
  std::vector<Bucket> all;
  std::optional<Bucket> chosen;  // for whatever names no other; nothing: several are possible
  bool by_setting = false;       // the operator chose it
  bool made_up = false;          // there is no row: it has to be made
};

// The rows there are, else the one to be made up.  kInvalid when the settings name a bucket without
// row, or nothing names any bucket.  `thorough`: makes sure that the listing has one bucket only,
// which reads all of it.
Result<Buckets> ReadBuckets(const Context& cx, bool thorough);

// The row of a made-up bucket.
items::Item BucketRow(const Bucket& bucket);

// The listed objects whose keys begin with `prefix`, in key order, at most `limit` (0: all).
Result<std::vector<objects::ObjectRecord>> ObjectsUnder(const Context& cx, std::string_view bucket,
                                                        std::string_view prefix,
                                                        std::size_t limit = 0);
// Whether anything is listed of the bucket.
Result<bool> IsListed(const Context& cx, std::string_view bucket);

}  // namespace vams::migrate::v22
