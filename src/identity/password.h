// Passwords: their policy, temporary ones, and argon2id hashing with bounded parallelism.  For
// accounts.cc.  Spec: api-auth.md section 2.1 ("Cognito pool parameters").
//
// Thread-safe.  Hash and Matches wait for one of the hasher's places, at most until the operation's
// deadline, and then take tens of milliseconds of one core.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <string_view>

#include "base/op_context.h"
#include "base/result.h"
#include "identity/accounts.h"

namespace vams::identity {

inline constexpr std::size_t kMaxPasswordBytes = 256;

class PasswordHasher {
 public:
  // Work below the library's minimum is raised to it.
  explicit PasswordHasher(const HashWork& work);

  // The PHC text form with a fresh salt.  kUnavailable when memory is short.
  Result<std::string> Hash(OpContext& op, std::string_view password);
  // kCorrupt if `stored` is no such text.
  Result<bool> Matches(OpContext& op, std::string_view password, const std::string& stored);
  // Whether `stored` was made with other work than this hasher's.
  bool NeedsRehash(const std::string& stored) const;
  // A hash that no known password has: comparing with it takes as long as with a real one.
  const std::string& dummy() const { return dummy_; }

 private:
  class Place;
  Status Take(OpContext& op);
  void Leave();

  const HashWork work_;
  const std::string dummy_;
  std::mutex mutex_;
  std::condition_variable free_;
  std::size_t busy_ = 0;  // guarded by mutex_
};

}  // namespace vams::identity
