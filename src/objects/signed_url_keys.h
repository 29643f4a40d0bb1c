// The keys that sign object URLs, in sys.url-keys: one signs, earlier ones verify until the last
// URL they signed has expired.  Processes on one store share them: each looks at least once a
// minute which key signs now.  For signed_url.cc.  Format: docs/formats/system-tables.md.
//
// Thread-safe.  Calls block on the item store.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/random.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::objects {

// No URL is valid for longer.  A constant, not the configured lifetime: a key must outlive also
// what was signed under an earlier configuration.
inline constexpr std::int64_t kMaxUrlSeconds = 7 * 24 * 3600;
// A key that is this old makes room for another at the next Maintain.
inline constexpr std::int64_t kUrlKeySeconds = 30 * 24 * 3600;

// The keys at one moment.
struct UrlKeyRing {
  std::map<std::string, std::string, std::less<>> secrets;  // by key id
  std::string current;
  std::string before;  // signs as long as `current` is too young; may be empty or gone
  std::int64_t current_created = 0;
  std::int64_t loaded = 0;

  // The id of the key that signs at that time.
  const std::string& SigningId(std::int64_t now_millis) const;
};

class UrlKeys {
 public:
  // Makes the first key where there is none; of two processes that do so at once one gives way.
  static Result<std::unique_ptr<UrlKeys>> Open(OpContext& op, items::ItemStore& store,
                                               const Clock& clock, Random& random);

  Result<std::shared_ptr<const UrlKeyRing>> ForSigning(OpContext& op);
  // Looks into the store for a key that it does not know, because another process may have made
  // it, but at most once a second, whatever strangers send.
  Result<std::shared_ptr<const UrlKeyRing>> ForVerifying(OpContext& op, std::string_view key_id);
  // A new key signs from now on (but for its first seconds).
  Status Rotate(OpContext& op);
  // Rotates an old key, removes keys that are past verifying.
  Status Maintain(OpContext& op);

 private:
  UrlKeys(items::ItemStore& store, const Clock& clock, Random& random);
  std::shared_ptr<const UrlKeyRing> Ring() const;  // as last read
  // nullptr if no key signs yet.
  Result<std::shared_ptr<const UrlKeyRing>> TryLoad(OpContext& op);
  Result<std::shared_ptr<const UrlKeyRing>> Load(OpContext& op);
  // kConflict unless `before`, or nothing if that is nullptr, is what the store has.
  Status PutNew(OpContext& op, const UrlKeyRing* before);
  Status Tidy(OpContext& op);

  items::ItemStore& store_;
  const Clock& clock_;
  Random& random_;
  mutable std::mutex mutex_;
  std::shared_ptr<const UrlKeyRing> ring_;  // guarded by mutex_
};

}  // namespace vams::objects
