// The stack key: where it lies, how it is made and checked, and a stack's blobs opened with it.
// For whoever opens the blobs of a stack.  Spec: config.md app.useKmsCmkEncryption; guide:
// docs/operations/encryption.md.
//
// Thread-safe (no shared state).  Blocks on disk.
#pragma once

#include <memory>

#include "base/random.h"
#include "base/result.h"
#include "files/files.h"
#include "objects/blob_store.h"

namespace vams::objects {

// What the configuration says.
struct EncryptionChoice {
  bool enabled = false;
  files::Path key_file;  // empty: `stack.key` beside the blob folder, made at first use
};

// The blobs in `folder`.  kInvalid, kNotFound or kDenied, naming file and key, for a key that is
// missing, no key, open to everybody or of another stack; kConflict for contents that are there and
// not encrypted.  A choice that is off opens plain folders only.
Result<std::unique_ptr<BlobStore>> OpenBlobs(const files::Path& folder,
                                             const EncryptionChoice& encryption,
                                             const BlobStoreOptions& options = {});

// The stack keys of the blobs in `folder`, the current one and those before it, for whoever seals
// something beside the blobs with them; made if there is none yet.  nullptr if the choice is off.
// Errors as of OpenBlobs.
Result<std::unique_ptr<const SealKeys>> OpenStackKeys(const files::Path& folder,
                                                      const EncryptionChoice& encryption);

// The stack key in a file.  Errors as of OpenBlobs.
Result<SecretKey> ReadStackKey(const files::Path& path);

// Makes another key the stack key.  Contents stay as they are: their keys are reached through the
// old stack key, which is then kept under the new one.  Without `old_key` the key beside the blob
// folder is replaced by a random one; with it the choice names the new key, and `old_key` the file
// of the one before.  The caller holds the stack's lock.  Doing it again after an interruption ends
// it.  The name of the new key.
Result<std::string> ReplaceStackKey(const files::Path& folder, const EncryptionChoice& encryption,
                                    const files::Path& old_key, Random& random);

}  // namespace vams::objects
