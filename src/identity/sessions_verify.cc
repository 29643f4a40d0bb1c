#include "identity/sessions_verify.h"

#include <fmt/format.h>

#include <utility>

#include "base/hash.h"
#include "identity/external_provider.h"
#include "identity/jwt.h"
#include "identity/sessions_record.h"
#include "tables/system_tables.h"

namespace vams::identity {

namespace {

const std::string kSessionRows{tables::kSessionsTable};

Error NotAccepted(std::string reason) {
  return Error(Code::kUnauthenticated, "the token is not accepted; log in again",
               std::move(reason));
}

// The digest is most of what a remembered token costs: making a hasher each time would add a tenth.
std::string Digest(std::string_view token) {
  thread_local Hasher hasher(HashKind::kSha256);
  hasher.Update(token);
  return hasher.Finish();
}

}  // namespace

struct TokenVerifier::Entry {
  Identity identity;
  std::size_t stripe = 0;
  // Of the last look at the store.  Both may be older than that, never newer.
  std::atomic<std::int64_t> checked_at = 0;
  std::atomic<std::uint64_t> stamp = 0;
};

TokenVerifier::TokenVerifier(items::ItemStore& store, Accounts& accounts, const Clock& clock,
                             SigningKeys& keys, const SessionOptions& options)
    : store_(store),
      accounts_(accounts),
      clock_(clock),
      keys_(keys),
      issuer_(options.issuer),
      client_id_(options.client_id),
      recheck_millis_(options.session_recheck_seconds * 1000) {
  for (auto& shard : cache_)
    shard = std::make_unique<DigestCache<std::shared_ptr<Entry>>>(kEntries / kShards);
}

// Both counts only grow, so that an equal sum means that neither has changed.
std::uint64_t TokenVerifier::Stamp(std::size_t stripe) const {
  return ended_[stripe].load() + accounts_.changes();
}

void TokenVerifier::Ended(std::string_view user) {
  ended_[StableHash(user) % kStripes].fetch_add(1);
}

Status TokenVerifier::Recheck(OpContext& op, Entry& entry) {
  // Taken before the store is read: what ends a session later must not be overlooked.
  const std::uint64_t stamp = Stamp(entry.stripe);
  const std::int64_t now = clock_.NowMillis();
  const Identity& identity = entry.identity;
  auto item = store_.Get(op, kSessionRows, SessionKey(identity.user, identity.session));
  if (!item.ok() && item.error().code == Code::kNotFound)
    return NotAccepted("the session has ended");
  TRY(const auto found, std::move(item));
  TRY(const auto session, SessionFromItem(found));
  if (session.expires * 1000 <= now) return NotAccepted("the session has expired");
  TRY(const auto account, accounts_.Find(op, identity.user));
  if (!account) return NotAccepted("the account was removed");
  if (!Counts(session.login, *account))
    return NotAccepted("the account was disabled, or its password was changed, after the login");
  entry.checked_at.store(now);
  entry.stamp.store(stamp);
  return Ok();
}

Result<std::shared_ptr<TokenVerifier::Entry>> TokenVerifier::Check(std::string_view token,
                                                                   const KeyRing& ring,
                                                                   std::int64_t now_seconds) const {
  TRY(const ParsedToken parsed, ParseToken(token));
  TRY_OK(VerifyToken(parsed, ring.keys,
                     {.issuer = issuer_,
                      .audience = client_id_,
                      .now_seconds = now_seconds,
                      .token_uses = {"access", "id"}}));
  auto entry = std::make_shared<Entry>();
  TRY(entry->identity, IdentityOf(parsed.claims, HasSecondFactor(parsed.claims, "")));
  const auto* session = parsed.claims.if_contains("origin_jti");
  if (session == nullptr || !session->is_string() || session->get_string().empty())
    return NotAccepted("it names no session");
  entry->identity.session = std::string(session->get_string());
  entry->stripe = StableHash(entry->identity.user) % kStripes;
  return entry;
}

Result<std::shared_ptr<const Identity>> TokenVerifier::Verify(OpContext& op,
                                                              std::string_view token) {
  if (token.size() > kMaxTokenBytes) return NotAccepted("it is too long");
  const std::string digest = Digest(token);
  auto& shard = *cache_[static_cast<unsigned char>(digest.back()) % kShards];
  const std::int64_t now = clock_.NowMillis();
  std::shared_ptr<Entry> entry;
  if (auto found = shard.Find(digest)) entry = *std::move(found);
  if (entry != nullptr) {
    if (entry->identity.expires * 1000 <= now) {
      shard.Erase(digest);
      return NotAccepted("it has expired");
    }
    const std::int64_t age = now - entry->checked_at.load();
    if (age >= 0 && age < recheck_millis_ && entry->stamp.load() == Stamp(entry->stripe)) {
      const Identity* identity = &entry->identity;
      return std::shared_ptr<const Identity>(std::move(entry), identity);
    }
  } else {
    auto checked = Check(token, *keys_.Ring(), now / 1000);
    if (!checked.ok() && checked.error().code == Code::kNotFound) {
      TRY(const auto ring, keys_.ForUnknownKey(op));
      checked = Check(token, *ring, now / 1000);
    }
    if (!checked.ok()) {
      if (checked.error().code == Code::kNotFound) return NotAccepted(checked.error().details);
      return std::move(checked).error();
    }
    entry = *std::move(checked);
  }
  const std::uint64_t generation = shard.generation();
  if (auto stands = Recheck(op, *entry); !stands.ok()) {
    if (stands.error().code == Code::kUnauthenticated) shard.Erase(digest);
    return std::move(stands).error();
  }
  shard.Put(digest, entry, generation);
  const Identity* identity = &entry->identity;
  return std::shared_ptr<const Identity>(std::move(entry), identity);
}

}  // namespace vams::identity
