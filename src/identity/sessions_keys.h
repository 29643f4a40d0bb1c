// The keys that sign tokens, in sys.signing-keys: one signs, earlier ones verify until the last
// token they signed has expired.  Processes on one store share them: each looks at least once a
// minute which key signs now.  For sessions.cc.  Format: docs/formats/system-tables.md.
//
// Thread-safe.  Calls block on the item store; making a key takes some 100 ms.
#pragma once

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "identity/jwt.h"
#include "items/store.h"

namespace vams::identity {

// The keys at one moment.
struct KeyRing {
  KeySet keys;          // that verify, the signing one among them
  std::string current;  // the id of the one that signs
  std::int64_t current_created = 0;
  std::int64_t loaded = 0;
};

class SigningKeys {
 public:
  // Makes the first key where there is none; of two processes that do so at once one gives way.
  static Result<std::unique_ptr<SigningKeys>> Open(OpContext& op, items::ItemStore& store,
                                                   const Clock& clock, std::int64_t token_seconds);

  std::shared_ptr<const KeyRing> Ring() const;  // as last read
  Result<std::shared_ptr<const KeyRing>> ForSigning(OpContext& op);
  // For a token signed with a key that the ring lacks: another process may have made it.  Reads at
  // most once a second, whatever strangers send.
  Result<std::shared_ptr<const KeyRing>> ForUnknownKey(OpContext& op);
  // A new key signs from now on.
  Status Rotate(OpContext& op);
  // Removes keys that are past verifying.
  Status Tidy(OpContext& op);

 private:
  SigningKeys(items::ItemStore& store, const Clock& clock, std::int64_t token_seconds);
  Result<std::shared_ptr<const KeyRing>> Load(OpContext& op);
  // kConflict if `before` signs no more; empty: none signs yet.
  Status PutNew(OpContext& op, const std::string& before);

  items::ItemStore& store_;
  const Clock& clock_;
  const std::int64_t token_seconds_;
  mutable std::mutex mutex_;
  std::shared_ptr<const KeyRing> ring_;  // guarded by mutex_
};

}  // namespace vams::identity
