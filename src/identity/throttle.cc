#include "identity/throttle.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <utility>

#include "base/contention.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "identity/accounts_record.h"
#include "tables/system_tables.h"

namespace vams::identity {

namespace {

using items::Condition;
using items::Item;
using items::Value;
using items::Write;

const std::string kFailures{tables::kLoginFailuresTable};
// Places of Attempt::subjects.
enum Count : std::size_t { kPair, kAddress, kUser, kCounts };
// How many more failures are free where many people, or many addresses, count together.
constexpr int kSharedFactor = 4;
constexpr std::chrono::milliseconds kTurnLookUp{20};  // as in password.cc

Item SubjectKey(const std::string& subject) { return {{"subject", Value::S(subject)}}; }

}  // namespace

std::string ThrottledAddress(std::string_view address) {
  const std::string text(address.substr(0, INET6_ADDRSTRLEN));
  in_addr v4{};
  if (inet_pton(AF_INET, text.c_str(), &v4) == 1) return text;
  in6_addr v6{};
  if (inet_pton(AF_INET6, text.c_str(), &v6) == 1) {
    char out[INET6_ADDRSTRLEN] = "";
    if (IN6_IS_ADDR_V4MAPPED(&v6)) {
      std::memcpy(&v4, &v6.s6_addr[12], sizeof v4);
      return inet_ntop(AF_INET, &v4, out, sizeof out);
    }
    std::memset(&v6.s6_addr[8], 0, 8);
    return fmt::format("{}/64", inet_ntop(AF_INET6, &v6, out, sizeof out));
  }
  return address.empty() ? "none" : HexEncode(Sha256(address));
}

Throttle::Throttle(items::ItemStore& store, const Clock& clock, const ThrottleOptions& options)
    : store_(store), clock_(clock), options_(options) {}

// ---- Turns -------------------------------------------------------------------------------------

Throttle::Turn::Turn(Throttle& throttle, std::string user)
    : throttle_(&throttle), user_(std::move(user)) {}

Throttle::Turn::Turn(Turn&& other) noexcept
    : throttle_(std::exchange(other.throttle_, nullptr)), user_(std::move(other.user_)) {}

Throttle::Turn::~Turn() {
  if (throttle_ == nullptr) return;
  {
    const std::scoped_lock lock(throttle_->mutex_);
    throttle_->busy_.erase(user_);
  }
  throttle_->turn_.notify_all();
}

Result<Throttle::Turn> Throttle::TakeTurn(OpContext& op, std::string_view user) {
  std::unique_lock lock(mutex_);
  while (true) {
    TRY_OK(op.Check());
    if (busy_.emplace(user).second) return Turn(*this, std::string(user));
    turn_.wait_for(lock, kTurnLookUp);
  }
}

// ---- Counting ----------------------------------------------------------------------------------

std::int64_t Throttle::WaitAfter(std::size_t count, std::int64_t failures) const {
  const int free = options_.free_failures * (count == kPair ? 1 : kSharedFactor);
  if (failures < free) return 0;
  const std::int64_t longest =
      count == kUser ? std::min(options_.longest_seconds, options_.longest_user_seconds)
                     : options_.longest_seconds;
  std::int64_t seconds = options_.first_seconds;
  for (std::int64_t i = free; i < failures && seconds < longest; ++i) seconds *= 2;
  return std::min(seconds, longest);
}

Status Throttle::Read(OpContext& op, Attempt& attempt) {
  std::vector<Item> keys;
  for (const auto& subject : attempt.subjects) keys.push_back(SubjectKey(subject));
  keys.push_back(SubjectKey(attempt.known_subject));
  TRY(const auto found, store_.BatchGet(op, kFailures, keys));
  const std::int64_t now = clock_.NowMillis();
  bool known = false;
  if (const auto& item = found.back()) {
    RecordReader reader(*item, "known address");
    known = reader.Number("expiresAt") * 1000 > now;
    TRY_OK(reader.status());
  }
  std::int64_t until = now;
  for (std::size_t i = 0; i < kCounts; ++i) {
    attempt.failures[i].reset();
    attempt.forgotten[i] = false;
    if (!found[i]) continue;
    RecordReader reader(*found[i], "failed logins");
    attempt.failures[i] = reader.Number("failures");
    const std::int64_t locked = reader.Number("lockedUntil", false);
    attempt.forgotten[i] = reader.Number("expiresAt") * 1000 <= now;
    TRY_OK(reader.status());
    if (i != kUser || !known) until = std::max(until, locked);
  }
  attempt.wait_seconds = (until - now + 999) / 1000;
  return Ok();
}

Result<Throttle::Attempt> Throttle::Look(OpContext& op, std::string_view user,
                                         std::string_view address) {
  const std::string who = HexEncode(Sha256(user));
  const std::string where = ThrottledAddress(address);
  Attempt attempt;
  attempt.subjects = {fmt::format("pair:{}@{}", who, where), fmt::format("address:{}", where),
                      fmt::format("user:{}", who)};
  attempt.known_subject = fmt::format("known:{}@{}", who, where);
  TRY_OK(Read(op, attempt));
  return attempt;
}

Status Throttle::Fail(OpContext& op, const Attempt& attempt) {
  Attempt now = attempt;
  for (Contention contention; contention.Next();) {
    // Read again even at first: another process may have counted while the password was hashed.
    TRY_OK(Read(op, now));
    const std::int64_t millis = clock_.NowMillis();
    std::vector<Write> writes;
    for (std::size_t count = 0; count < kCounts; ++count) {
      Item item = SubjectKey(now.subjects[count]);
      const auto before = now.failures[count];
      const std::int64_t failures = now.forgotten[count] ? 1 : before.value_or(0) + 1;
      const std::int64_t wait = WaitAfter(count, failures);
      item.Set("failures", Value::N(failures));
      if (wait > 0) item.Set("lockedUntil", Value::N(millis + wait * 1000));
      item.Set("expiresAt", Value::N(millis / 1000 + wait + options_.longest_seconds));
      writes.push_back(Write::Put(
          kFailures, std::move(item),
          {before ? Condition::Equals("failures", Value::N(*before)) : Condition::Absent()}));
    }
    auto committed = store_.Commit(op, writes);
    if (committed.ok()) return Ok();
    if (committed.error().code != Code::kConflict) return std::move(committed).error();
  }
  return Error(Code::kUnavailable,
               "too many logins fail at the same time for this one to be counted; try again later");
}

std::vector<Write> Throttle::Forget(const Attempt& attempt) const {
  std::vector<Write> writes;
  for (std::size_t i = 0; i < kCounts; ++i)
    if (attempt.failures[i])
      writes.push_back(Write::Delete(kFailures, SubjectKey(attempt.subjects[i])));
  Item known = SubjectKey(attempt.known_subject);
  known.Set("expiresAt", Value::N(clock_.NowMillis() / 1000 + options_.known_seconds));
  writes.push_back(Write::Put(kFailures, std::move(known)));
  return writes;
}

}  // namespace vams::identity
