// Whose token it is: the signature once, then from memory for as long as the login stands.  For
// sessions.cc.  Spec: api-auth.md section 2.
//
// Thread-safe.  Blocks on the item store for a token that it does not know, for one whose session
// was last looked at `session_recheck_seconds` ago, and after Ended.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "identity/accounts.h"
#include "identity/identity.h"
#include "identity/jwt_cache.h"
#include "identity/sessions.h"
#include "identity/sessions_keys.h"
#include "items/store.h"

namespace vams::identity {

class TokenVerifier {
 public:
  TokenVerifier(items::ItemStore& store, Accounts& accounts, const Clock& clock, SigningKeys& keys,
                const SessionOptions& options);

  Result<std::shared_ptr<const Identity>> Verify(OpContext& op, std::string_view token);

  // To be called once a session of the user has ended: nothing remembered about the user counts
  // any more without a look at the store.
  void Ended(std::string_view user);

 private:
  struct Entry;
  static constexpr std::size_t kShards = 16;
  static constexpr std::size_t kStripes = 64;  // of users that are looked at again together
  static constexpr std::size_t kEntries = 10'000;

  std::uint64_t Stamp(std::size_t stripe) const;
  Status Recheck(OpContext& op, Entry& entry);
  Result<std::shared_ptr<Entry>> Check(std::string_view token, const KeyRing& ring,
                                       std::int64_t now_seconds) const;

  items::ItemStore& store_;
  Accounts& accounts_;
  const Clock& clock_;
  SigningKeys& keys_;
  const std::string issuer_;
  const std::string client_id_;
  const std::int64_t recheck_millis_;
  std::array<std::unique_ptr<DigestCache<std::shared_ptr<Entry>>>, kShards> cache_;
  std::array<std::atomic<std::uint64_t>, kStripes> ended_{};
};

}  // namespace vams::identity
