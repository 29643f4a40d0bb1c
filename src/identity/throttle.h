// Slows down whoever guesses passwords or codes: failures are counted in sys.login-failures, so
// that all processes on a store count together.  For sessions.cc.  Spec: api-auth.md section 13
// ("Brute-force protection").
//
// Three counts, each with a wait that doubles with every failure past those that are free:
//  - of one user at one address, which stops the usual guesser and nobody else;
//  - of one address over all users, after four times as many failures;
//  - of one user over all addresses, after four times as many; its wait stays short, and it does
//  not
//    hold where the user has logged in before.  So nobody can lock out somebody else for good.
// A completed login forgets all three.
//
// Thread-safe.  Calls block on the item store.
#pragma once

#include <array>
#include <condition_variable>
#include <cstdint>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/op_context.h"
#include "base/result.h"
#include "items/store.h"

namespace vams::identity {

struct ThrottleOptions {
  int free_failures = 5;
  std::int64_t first_seconds = 30;
  std::int64_t longest_seconds = 3600;      // and how long a failure is remembered after its wait
  std::int64_t longest_user_seconds = 300;  // of a user over all addresses
  std::int64_t known_seconds = 30LL * 24 * 3600;
};

class Throttle {
 public:
  Throttle(items::ItemStore& store, const Clock& clock, const ThrottleOptions& options);

  // Attempts at one user's account come one after the other in this process: else a burst would be
  // through before its first failure was counted.  Waits at most until the operation's deadline.
  class Turn {
   public:
    Turn(Turn&& other) noexcept;
    Turn& operator=(Turn&&) = delete;
    ~Turn();

   private:
    friend class Throttle;
    Turn(Throttle& throttle, std::string user);
    Throttle* throttle_;
    std::string user_;
  };
  Result<Turn> TakeTurn(OpContext& op, std::string_view user);

  // What is known about an attempt before it is made.
  struct Attempt {
    std::array<std::string, 3> subjects;                  // pair, address, user
    std::array<std::optional<std::int64_t>, 3> failures;  // nothing: there is no record
    std::array<bool, 3> forgotten{};                      // the record is out of date
    std::string known_subject;
    std::int64_t wait_seconds = 0;  // 0: go on
  };
  Result<Attempt> Look(OpContext& op, std::string_view user, std::string_view address);
  Status Fail(OpContext& op, const Attempt& attempt);
  // For the commit that completes the login.
  std::vector<items::Write> Forget(const Attempt& attempt) const;

 private:
  std::int64_t WaitAfter(std::size_t count, std::int64_t failures) const;
  Status Read(OpContext& op, Attempt& attempt);

  items::ItemStore& store_;
  const Clock& clock_;
  const ThrottleOptions options_;
  std::mutex mutex_;
  std::condition_variable turn_;
  std::set<std::string, std::less<>> busy_;  // guarded by mutex_
};

// What an address is counted as: IPv4 whole, also in its IPv6 form; of IPv6 the network of 64 bits,
// because every host can choose the rest.
std::string ThrottledAddress(std::string_view address);

}  // namespace vams::identity
