// Which blobs the records of an item store refer to.  For whoever checks or collects blobs.
// Format: docs/formats/system-tables.md.
//
// Thread-safe as far as the source is.  Blocks when the source does.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::objects {

// A table whose items refer to blobs: by a digest with a size, by a list of {sha256, size}, or
// both.
struct BlobReferenceTable {
  std::string table;
  std::string digest = "sha256";
  std::string size = "size";
  std::string list = "blobs";
};

using BlobReferenceVisitor = std::function<Status(std::string_view sha256, std::uint64_t size)>;
// Hands out every reference at least once, from one consistent view; may be called several times.
using BlobReferenceSource = std::function<Status(const BlobReferenceVisitor& visit)>;

// A table that the source does not have refers to nothing.  kCorrupt, naming the item, for a
// reference that is none.
Status VisitBlobReferences(OpContext& op, items::ItemSource& source,
                           std::span<const BlobReferenceTable> tables,
                           const BlobReferenceVisitor& visit);

}  // namespace vams::objects
