// Checking and collecting the blobs of a stack: what all its generations refer to against what lies
// in its blob folder.  Spec: lifecycle.md section 4; format: docs/formats/blobs.md.
//
// Plain functions, one thread each.  They block for as long as there are many objects.
#pragma once

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "lifecycle/stack.h"
#include "objects/blob_upkeep.h"

namespace vams::lifecycle {

// May run beside a server.  A generation that cannot be read ends it, because what that refers to
// would look unused.
Result<objects::BlobCheck> CheckObjects(
    const Stack& stack, bool read_data, OpContext& op,
    const std::function<void(const objects::BlobFinding& finding)>& found);

// Takes the stack's lock unless it is a dry run: kConflict while the stack is served.
// kNotSupported when a generation has system tables that this release does not know: they might
// refer to blobs.
Result<objects::BlobCollection> CollectObjects(const Stack& stack,
                                               const objects::CollectOptions& options,
                                               const Clock& clock, OpContext& op);

}  // namespace vams::lifecycle
