#include "identity/api_keys.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <map>
#include <mutex>

#include "base/encoding.h"
#include "base/hash.h"
#include "identity/external_provider.h"
#include "identity/jwt.h"
#include "identity/jwt_cache.h"
#include "tables/system_tables.h"

namespace vams::identity {

namespace json = boost::json;
using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;

namespace {

constexpr char kApiKeys[] = "ApiKeyStorageTable";
constexpr char kHashIndex[] = "apiKeyHashIndex";
constexpr char kNameScope[] = "apiKeyName";
constexpr std::size_t kKeyBytes = 48;
// A dot is in no stored key's text.
constexpr std::string_view kGrantPrefix = "vams_op.";
constexpr std::size_t kMaxNameBytes = 1024;  // 256 characters, and what a sort key may have
constexpr std::size_t kScanPage = 500;
constexpr std::size_t kCachedKeys = 10'000;
constexpr std::int64_t kRecheckMillis = 5000;  // until another process' change is seen here
constexpr int kWriteAttempts = 5;

ApiKey KeyFrom(const Item& item) {
  const auto text = [&](std::string_view name) { return std::string(item.Text(name)); };
  return {.id = text("apiKeyId"),
          .name = text("apiKeyName"),
          .description = text("description"),
          .user = text("userId"),
          .created_by = text("createdBy"),
          .created_at = text("createdAt"),
          .updated_at = text("updatedAt"),
          .expires_at = text("expiresAt"),
          .active = text("isActive")};
}

Item ItemOf(const ApiKey& key, std::string hash) {
  return {{"apiKeyId", Value::S(key.id)},
          {"apiKeyName", Value::S(key.name)},
          {"apiKeyHash", Value::S(std::move(hash))},
          {"description", Value::S(key.description)},
          {"userId", Value::S(key.user)},
          {"createdBy", Value::S(key.created_by)},
          {"createdAt", Value::S(key.created_at)},
          {"updatedAt", Value::S(key.updated_at)},
          {"expiresAt", Value::S(key.expires_at)},
          {"isActive", Value::S(key.active)}};
}

Item IdKey(std::string_view id) { return {{"apiKeyId", Value::S(std::string(id))}}; }

Item NameKey(std::string_view name) {
  return {{"scope", Value::S(kNameScope)}, {"name", Value::S(std::string(name))}};
}

// 2025-04-10T08:00:00.123000+00:00
std::string Timestamp(std::int64_t millis) {
  std::string text = IsoMillis(millis);
  text.pop_back();
  return text + "000+00:00";
}

Status CheckExpiry(std::string_view text) {
  if (text.empty() || ParseExpiry(text).has_value()) return Ok();
  return Error(Code::kInvalid, fmt::format("Invalid date format: '{}'. Use ISO 8601 format (e.g. "
                                           "2026-12-31 or 2026-12-31T23:59:59Z)",
                                           text));
}

Error NotThere() { return Error(Code::kNotFound, "API key not found"); }

Error NameTaken(std::string_view name) {
  return Error(
      Code::kConflict,
      fmt::format("An API key with the name '{}' already exists. Please choose a different "
                  "name.",
                  name));
}

// Clients read one text; the reason is for the audit log.
Error Unusable(std::string reason) {
  return Error(Code::kUnauthenticated,
               "the API key cannot be used; ask an administrator for a valid one",
               std::move(reason));
}

std::string TextList(const std::vector<std::string>& texts) {
  return json::serialize(json::array(texts.begin(), texts.end()));
}

Result<Identity> IdentityOfKey(const ApiKey& key, std::int64_t expires_millis,
                               std::vector<std::string> roles) {
  const json::object claims = {{"sub", key.user},
                               {"cognito:username", key.user},
                               {"vams:tokens", TextList({key.user})},
                               {"vams:roles", TextList(roles)},
                               {"vams:apiKeyId", key.id},
                               {"vams:authMethod", "apiKey"}};
  TRY(auto identity, IdentityOf(claims, false));
  identity.api_key = key.id;
  identity.expires = expires_millis / 1000;
  return identity;
}

}  // namespace

json::object ApiKeyJson(const ApiKey& key) {
  return {{"apiKeyId", key.id},
          {"apiKeyName", key.name},
          {"description", key.description},
          {"userId", key.user},
          {"createdBy", key.created_by},
          {"createdAt", key.created_at},
          {"updatedAt", key.updated_at},
          {"expiresAt", key.expires_at},
          {"isActive", key.active}};
}

struct ApiKeys::Impl {
  // What a secret stands for.  `identity` is absent where only the key's id is known yet: of a key
  // just made, which an index that is brought up to date late may not show.
  struct Known {
    std::string id;
    std::shared_ptr<const Identity> identity;
    std::int64_t expires_millis = 0;  // 0: never
    std::int64_t checked_millis = 0;
  };

  Impl(items::ItemStore& s, const Clock& c, Random& r, RolesOf roles)
      : store(s), clock(c), random(r), roles_of(std::move(roles)) {}

  Result<std::optional<Item>> Find(OpContext& op, std::string_view table, const Item& key) {
    TRY(auto found, store.BatchGet(op, table, {&key, 1}));
    return std::move(found.at(0));
  }

  Result<bool> HasKeyNamed(OpContext& op, std::string_view name);
  Result<Condition> NameIsFree(OpContext& op, std::string_view name);
  Result<std::optional<Item>> FindByHash(OpContext& op, const std::string& hash,
                                         const std::optional<Known>& known);
  Result<Known> Examine(OpContext& op, const Item& item);

  // After every write, whatever became of it: an error may hide that it took effect.
  Status Commit(OpContext& op, std::span<const Write> writes) {
    const auto done = store.Commit(op, writes);
    cache.Clear();
    if (!done.ok()) return done.error();
    return Ok();
  }

  items::ItemStore& store;
  const Clock& clock;
  Random& random;
  // What a secret of Grant stands for; nothing else has that form.
  std::shared_ptr<const Identity> FindGrant(std::string_view secret);

  const RolesOf roles_of;
  DigestCache<Known> cache{kCachedKeys};

  struct Granted {
    std::shared_ptr<const Identity> identity;
    std::int64_t expires_millis = 0;
  };
  std::mutex grants_mutex;
  std::map<std::string, Granted> grants;  // by digest; under grants_mutex
};

ApiKeys::ApiKeys(items::ItemStore& store, const Clock& clock, Random& random, RolesOf roles_of)
    : impl_(std::make_unique<Impl>(store, clock, random, std::move(roles_of))) {}
ApiKeys::~ApiKeys() = default;

void ApiKeys::Forget() { impl_->cache.Clear(); }

std::string ApiKeys::Grant(Identity identity, std::int64_t expires_millis) {
  std::string bytes(kKeyBytes, '\0');
  impl_->random.Fill(bytes.data(), bytes.size());
  std::string secret = std::string(kGrantPrefix) + Base64UrlEncode(bytes);
  const std::int64_t now = impl_->clock.NowMillis();
  identity.expires = expires_millis / 1000;
  const std::lock_guard lock(impl_->grants_mutex);
  std::erase_if(impl_->grants, [&](const auto& one) { return one.second.expires_millis <= now; });
  impl_->grants[Sha256(secret)] = {std::make_shared<const Identity>(std::move(identity)),
                                   expires_millis};
  return secret;
}

std::shared_ptr<const Identity> ApiKeys::Impl::FindGrant(std::string_view secret) {
  if (!secret.starts_with(kGrantPrefix)) return nullptr;
  const std::string digest = Sha256(secret);
  const std::lock_guard lock(grants_mutex);
  const auto found = grants.find(digest);
  return found != grants.end() && clock.NowMillis() < found->second.expires_millis
             ? found->second.identity
             : nullptr;
}

bool ApiKeys::IsGrant(std::string_view secret) { return impl_->FindGrant(secret) != nullptr; }

Result<std::vector<ApiKey>> ApiKeys::List(OpContext& op) {
  std::vector<ApiKey> keys;
  std::string after;
  do {
    TRY(auto page, impl_->store.Scan(op, kApiKeys, {}, after, kScanPage));
    for (const auto& item : page.items) keys.push_back(KeyFrom(item));
    after = std::move(page.next);
  } while (!after.empty());
  return keys;
}

Result<ApiKey> ApiKeys::Get(OpContext& op, std::string_view id) {
  if (id.empty()) return NotThere();
  TRY(const auto item, impl_->Find(op, kApiKeys, IdKey(id)));
  if (!item.has_value()) return NotThere();
  return KeyFrom(*item);
}

Result<bool> ApiKeys::Impl::HasKeyNamed(OpContext& op, std::string_view name) {
  std::string after;
  do {
    TRY(auto page, store.Scan(op, kApiKeys, {}, after, kScanPage));
    if (std::ranges::any_of(page.items,
                            [&](const Item& item) { return item.Text("apiKeyName") == name; }))
      return true;
    after = std::move(page.next);
  } while (!after.empty());
  return false;
}

// The condition under which a new key may claim the name.  Claims are records beside the keys,
// because nothing in the keys' own table can make two of them exclude each other.  Keys that were
// imported have none, which is why the keys are looked at as well; and a claim whose key is gone
// (replaced by an import, or removed by another program) may be taken over.
//
// The claim is read before the keys are: a key made in between is seen among them, and one made
// later changes the claim, so that the condition fails.
Result<Condition> ApiKeys::Impl::NameIsFree(OpContext& op, std::string_view name) {
  TRY(const auto claim, Find(op, tables::kNamesTable, NameKey(name)));
  TRY(const bool taken, HasKeyNamed(op, name));
  if (taken) return NameTaken(name);
  if (!claim.has_value()) return Condition::Absent();
  return Condition::Equals("owner", Value::S(std::string(claim->Text("owner"))));
}

Result<ApiKeys::Created> ApiKeys::Create(OpContext& op, const NewKey& wanted) {
  if (wanted.name.empty() || wanted.name.size() > kMaxNameBytes)
    return Error(Code::kInvalid, "apiKeyName must have 1 to 256 characters; choose another name");
  if (wanted.user == kSystemUser)
    return Error(Code::kInvalid,
                 "User 'SYSTEM_USER' acts for the system itself and cannot have API keys. Choose "
                 "another user.");
  TRY_OK(CheckExpiry(wanted.expires_at));

  for (int attempt = 1;; ++attempt) {
    TRY(auto name_is_free, impl_->NameIsFree(op, wanted.name));
    TRY(const auto roles, impl_->roles_of(op, wanted.user));
    if (roles.empty())
      return Error(Code::kInvalid, fmt::format("User '{}' has no roles assigned. Cannot create API "
                                               "key for a user without roles.",
                                               wanted.user));
    std::string bytes(kKeyBytes, '\0');
    impl_->random.Fill(bytes.data(), bytes.size());
    const std::string now = Timestamp(impl_->clock.NowMillis());
    Created created{.key = {.id = NewUuid(impl_->random),
                            .name = wanted.name,
                            .description = wanted.description,
                            .user = wanted.user,
                            .created_by = wanted.created_by,
                            .created_at = now,
                            .updated_at = now,
                            .expires_at = wanted.expires_at},
                    .secret = "vams_" + Base64UrlEncode(bytes)};
    const std::string digest = Sha256(created.secret);

    Item claim = NameKey(wanted.name);
    claim.Set("owner", Value::S(created.key.id));
    const Write writes[] = {
        Write::Put(kApiKeys, ItemOf(created.key, HexEncode(digest)), {Condition::Absent()}),
        Write::Put(std::string(tables::kNamesTable), std::move(claim), {std::move(name_is_free)})};
    const auto done = impl_->Commit(op, writes);
    if (done.ok()) {
      impl_->cache.Put(digest, {.id = created.key.id}, impl_->cache.generation());
      return created;
    }
    // Somebody claimed the name meanwhile: look again, and say so.
    if (done.error().code != Code::kConflict || attempt == kWriteAttempts) return done.error();
  }
}

Result<ApiKey> ApiKeys::Update(OpContext& op, std::string_view id, const Change& change) {
  if (!change.description && !change.expires_at && !change.active)
    return Error(Code::kInvalid,
                 "At least one of 'description', 'expiresAt', or 'isActive' must be provided");
  if (change.expires_at) TRY_OK(CheckExpiry(*change.expires_at));
  if (id.empty()) return NotThere();

  std::vector<Mutation> mutations;
  const auto set = [&](std::string_view name, std::string text) {
    mutations.push_back({Mutation::Op::kSet, std::string(name), Value::S(std::move(text))});
  };
  if (change.description) set("description", *change.description);
  if (change.expires_at) set("expiresAt", *change.expires_at);
  if (change.active) set("isActive", *change.active ? "true" : "false");
  set("updatedAt", Timestamp(impl_->clock.NowMillis()));
  const Write write =
      Write::Update(kApiKeys, IdKey(id), std::move(mutations), {Condition::Exists()});
  const auto done = impl_->Commit(op, {&write, 1});
  if (!done.ok() && done.error().code == Code::kConflict) return NotThere();
  TRY_OK(done);
  return Get(op, id);
}

Result<ApiKey> ApiKeys::Remove(OpContext& op, std::string_view id) {
  for (int attempt = 1;; ++attempt) {
    TRY(auto key, Get(op, id));
    std::vector<Write> writes = {Write::Delete(kApiKeys, IdKey(id), {Condition::Exists()})};
    if (!key.name.empty() && key.name.size() <= kMaxNameBytes) {
      TRY(const auto claim, impl_->Find(op, tables::kNamesTable, NameKey(key.name)));
      if (claim.has_value() && claim->Text("owner") == id)
        writes.push_back(Write::Delete(std::string(tables::kNamesTable), NameKey(key.name),
                                       {Condition::Equals("owner", Value::S(std::string(id)))}));
    }
    const auto done = impl_->Commit(op, writes);
    if (done.ok()) return key;
    // Removed by somebody else, or the claim was: look again.
    if (done.error().code != Code::kConflict || attempt == kWriteAttempts) return done.error();
  }
}

// The key's record as the table has it: an index may be behind, so it gives the id only.
Result<std::optional<Item>> ApiKeys::Impl::FindByHash(OpContext& op, const std::string& hash,
                                                      const std::optional<Known>& known) {
  std::vector<std::string> ids;
  if (known.has_value()) {
    ids.push_back(known->id);
  } else {
    TRY(const auto page,
        store.Query(
            op, {.table = kApiKeys, .index = kHashIndex, .partition = Value::S(hash), .limit = 2}));
    for (const auto& item : page.items) ids.emplace_back(item.Text("apiKeyId"));
  }
  for (const auto& id : ids) {
    TRY(auto item, Find(op, kApiKeys, IdKey(id)));
    if (item.has_value() && item->Text("apiKeyHash") == hash) return item;
  }
  return std::nullopt;
}

// Section 9.3, in its order.
Result<ApiKeys::Impl::Known> ApiKeys::Impl::Examine(OpContext& op, const Item& item) {
  const ApiKey key = KeyFrom(item);
  const std::int64_t now = clock.NowMillis();
  if (key.active != "true") return Unusable("API key is disabled");
  std::int64_t expires = 0;
  if (!key.expires_at.empty()) {
    // Nobody can say when a time that cannot be read is over: it is.
    const auto parsed = ParseExpiry(key.expires_at);
    if (!parsed.has_value() || now >= *parsed) return Unusable("API key has expired");
    expires = *parsed;
  }
  if (key.user.empty()) return Unusable("API key has no userId configured");
  if (key.user == kSystemUser) return Unusable("API key is for SYSTEM_USER, which cannot log in");
  TRY(auto roles, roles_of(op, key.user));
  if (roles.empty()) return Unusable(fmt::format("No roles for API key user {}", key.user));
  TRY(auto identity, IdentityOfKey(key, expires, std::move(roles)));
  return Known{.id = key.id,
               .identity = std::make_shared<const Identity>(std::move(identity)),
               .expires_millis = expires,
               .checked_millis = now};
}

Result<std::shared_ptr<const Identity>> ApiKeys::Authenticate(OpContext& op,
                                                              std::string_view secret) {
  if (auto granted = impl_->FindGrant(secret)) return granted;
  const std::string digest = Sha256(secret);
  const std::int64_t now = impl_->clock.NowMillis();
  const auto generation = impl_->cache.generation();
  const auto known = impl_->cache.Find(digest);
  if (known.has_value() && known->identity != nullptr && now >= known->checked_millis &&
      now - known->checked_millis < kRecheckMillis &&
      (known->expires_millis == 0 || now < known->expires_millis))
    return known->identity;

  TRY(const auto item, impl_->FindByHash(op, HexEncode(digest), known));
  if (!item.has_value()) {
    impl_->cache.Erase(digest);
    return nullptr;
  }
  auto examined = impl_->Examine(op, *item);
  if (!examined.ok()) {
    impl_->cache.Erase(digest);
    return std::move(examined).error();
  }
  impl_->cache.Put(digest, *examined, generation);
  return std::move(examined->identity);
}

}  // namespace vams::identity
