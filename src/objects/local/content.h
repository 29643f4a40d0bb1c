// Contents of the local engine: from a source into the blob store, and out of it again.  Internal
// to objects.  Thread-safe; blocks on disk.  Format: docs/formats/blobs.md.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/op_context.h"
#include "base/result.h"
#include "objects/blob_store.h"
#include "objects/store.h"

namespace vams::objects::local {

// Pulls a content to its end and stores it, whole and durable on return.  Both digests are taken on
// the way, and memory does not grow with the size.  A content that is there already is written
// again all the same: its new file is what keeps a collection away from it.
Result<StagedContent> StageContent(OpContext& op, BlobStore& blobs, const ByteSource& source,
                                   const ContentExpectation& expected);

// Many contents in memory, all of them durable on return, for the price of one.  Each has a result
// of its own, kInvalid where it is not what was expected; an error of the call is the disk's.
Result<std::vector<Result<StagedContent>>> StageContents(OpContext& op, BlobStore& blobs,
                                                         std::span<const ContentBytes> contents);

// kCorrupt when a blob is missing.  Precondition: the version is present.
Result<std::unique_ptr<ObjectReader>> OpenContent(const BlobStore& blobs,
                                                  const ObjectVersion& version);

}  // namespace vams::objects::local
