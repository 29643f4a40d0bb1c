// Checking and collecting the blobs of a stack: what all its generations refer to against what lies
// in its blob folder.  Spec: lifecycle.md section 4; format: docs/formats/blobs.md.
//
// Plain functions, one thread each.  They block for as long as there are many objects.
// `encryption` is what the stack's configuration says.
#pragma once

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "lifecycle/stack.h"
#include "objects/blob_upkeep.h"
#include "objects/encryption_keys.h"
#include "objects/store.h"

namespace vams::lifecycle {

// May run beside a server.  A generation that cannot be read ends it, because what that refers to
// would look unused.
Result<objects::BlobCheck> CheckObjects(
    const Stack& stack, const objects::EncryptionChoice& encryption, bool read_data, OpContext& op,
    const std::function<void(const objects::BlobFinding& finding)>& found);

// Takes the stack's lock unless it is a dry run: kConflict while the stack is served.
// kNotSupported when a generation has system tables that this release does not know: they might
// refer to blobs.
Result<objects::BlobCollection> CollectObjects(const Stack& stack,
                                               const objects::EncryptionChoice& encryption,
                                               const objects::CollectOptions& options,
                                               const Clock& clock, OpContext& op);

// Makes another key the stack key, as objects::ReplaceStackKey says; its name.  Takes the stack's
// lock.
Result<std::string> ReplaceStackKey(const Stack& stack, const objects::EncryptionChoice& encryption,
                                    const files::Path& old_key, const Clock& clock, Random& random);

struct UpkeepReport {
  std::uint64_t uploads_aborted = 0;    // nobody completed them within a week
  std::uint64_t uploads_forgotten = 0;  // that ended more than a day ago
  objects::BlobCollection collection;
};

// What the process that serves a stack does once a day, on its own stores and under the lock it
// holds.  Stops where the context's deadline or cancellation finds it; the next run goes on.
Result<UpkeepReport> UpkeepOnce(const Stack& stack, objects::BlobStore& blobs,
                                objects::ObjectStore& store, const Clock& clock, OpContext& op);

}  // namespace vams::lifecycle
