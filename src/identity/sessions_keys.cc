#include "identity/sessions_keys.h"

#include <fmt/format.h>
#include <sodium.h>

#include <utility>
#include <vector>

#include "identity/accounts_record.h"
#include "tables/system_tables.h"

namespace vams::identity {

namespace {

using items::Condition;
using items::Item;
using items::Mutation;
using items::Value;
using items::Write;

const std::string kSigningKeys{tables::kSigningKeysTable};
const std::string kCurrent = "current";
constexpr std::int64_t kStaleMillis = 60'000;
constexpr std::int64_t kUnknownMillis = 1'000;
// Another process signs with the old key until it looks again; and clocks differ.
constexpr std::int64_t kGraceSeconds = 2 * kStaleMillis / 1000;
constexpr int kAttempts = 5;

Item SigningKeyOf(const std::string& id) { return {{"keyId", Value::S(id)}}; }

Result<RsaKey> ReadKey(RecordReader& reader, std::string_view id) {
  std::string pem = reader.Text("privateKey");
  TRY_OK(reader.status());
  auto key = RsaKey::FromPrivatePem(pem);
  sodium_memzero(pem.data(), pem.size());
  if (!key.ok()) {
    reader.Fail("privateKey", "is no RSA key");
    return reader.status().error();
  }
  if (key->Thumbprint() != id) {
    reader.Fail("privateKey", "is not the key that the record names");
    return reader.status().error();
  }
  return key;
}

}  // namespace

SigningKeys::SigningKeys(items::ItemStore& store, const Clock& clock, std::int64_t token_seconds)
    : store_(store), clock_(clock), token_seconds_(token_seconds) {}

Result<std::unique_ptr<SigningKeys>> SigningKeys::Open(OpContext& op, items::ItemStore& store,
                                                       const Clock& clock,
                                                       std::int64_t token_seconds) {
  std::unique_ptr<SigningKeys> keys(new SigningKeys(store, clock, token_seconds));
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    auto ring = keys->Load(op);
    if (ring.ok()) return keys;
    if (ring.error().code != Code::kNotFound) return std::move(ring).error();
    // A conflict means that somebody else has made the first key just now.
    if (auto made = keys->PutNew(op, ""); !made.ok() && made.error().code != Code::kConflict)
      return std::move(made).error();
  }
  return Error(Code::kUnavailable,
               "the keys that sign tokens cannot be read although they were written; look at the "
               "item store and start again");
}

std::shared_ptr<const KeyRing> SigningKeys::Ring() const {
  const std::scoped_lock lock(mutex_);
  return ring_;
}

// kNotFound if no key signs yet.
Result<std::shared_ptr<const KeyRing>> SigningKeys::Load(OpContext& op) {
  auto ring = std::make_shared<KeyRing>();
  ring->loaded = clock_.NowMillis();
  std::vector<Item> records;
  std::string cursor;
  do {
    TRY(auto page, store_.Scan(op, kSigningKeys, {}, cursor, 100));
    for (auto& item : page.items) records.push_back(std::move(item));
    cursor = page.next;
  } while (!cursor.empty());
  for (const Item& item : records) {
    const std::string id(item.Text("keyId"));
    RecordReader reader(item, fmt::format("signing key {}", id));
    if (id == kCurrent) {
      ring->current = reader.Text("key");
      TRY_OK(reader.status());
      continue;
    }
    if (item.Has("verifyUntil") && reader.Number("verifyUntil") * 1000 <= ring->loaded) continue;
    TRY(auto key, ReadKey(reader, id));
    ring->keys.emplace(id, std::move(key));
  }
  if (ring->current.empty()) return Error(Code::kNotFound, "no key signs tokens yet");
  // Read by its id: a scan may be older than a rotation that came while it ran.
  auto current = store_.Get(op, kSigningKeys, SigningKeyOf(ring->current));
  if (!current.ok() && current.error().code == Code::kNotFound)
    return Error(Code::kCorrupt,
                 "the key that signs tokens is missing from sys.signing-keys, so nobody can log "
                 "in; restore the table, or remove its record \"current\" to have a new key made");
  TRY(const Item record, std::move(current));
  RecordReader reader(record, fmt::format("signing key {}", ring->current));
  ring->current_created = reader.Number("created");
  TRY(auto key, ReadKey(reader, ring->current));
  ring->keys.insert_or_assign(ring->current, std::move(key));
  const std::scoped_lock lock(mutex_);
  ring_ = std::move(ring);
  return ring_;
}

Result<std::shared_ptr<const KeyRing>> SigningKeys::ForSigning(OpContext& op) {
  auto ring = Ring();
  const std::int64_t age = clock_.NowMillis() - ring->loaded;
  if (age >= 0 && age < kStaleMillis) return ring;
  return Load(op);
}

Result<std::shared_ptr<const KeyRing>> SigningKeys::ForUnknownKey(OpContext& op) {
  auto ring = Ring();
  const std::int64_t age = clock_.NowMillis() - ring->loaded;
  if (age >= 0 && age < kUnknownMillis) return ring;
  return Load(op);
}

Status SigningKeys::PutNew(OpContext& op, const std::string& before) {
  TRY(const auto key, RsaKey::Generate());
  const std::string id = key.Thumbprint();
  const std::int64_t now = clock_.NowMillis();
  Item record = SigningKeyOf(id);
  record.Set("privateKey", Value::S(key.PrivatePem()));
  record.Set("created", Value::N(now));
  Item current = SigningKeyOf(kCurrent);
  current.Set("key", Value::S(id));
  std::vector<Write> writes;
  writes.push_back(Write::Put(
      kSigningKeys, std::move(current),
      {before.empty() ? Condition::Absent() : Condition::Equals("key", Value::S(before))}));
  writes.push_back(Write::Put(kSigningKeys, std::move(record), {Condition::Absent()}));
  if (!before.empty()) {
    Mutation until{Mutation::Op::kSet, "verifyUntil",
                   Value::N(now / 1000 + token_seconds_ + kGraceSeconds)};
    writes.push_back(Write::Update(kSigningKeys, SigningKeyOf(before), {std::move(until)},
                                   {Condition::Exists()}));
  }
  TRY_OK(store_.Commit(op, writes));
  return Ok();
}

Status SigningKeys::Rotate(OpContext& op) {
  TRY(const auto ring, Load(op));
  // A conflict means that somebody else has made a new key at this moment: that is one.
  if (auto made = PutNew(op, ring->current); !made.ok() && made.error().code != Code::kConflict)
    return made;
  TRY_OK(Load(op));
  return Ok();
}

Status SigningKeys::Tidy(OpContext& op) {
  const std::int64_t now = clock_.NowMillis() / 1000;
  std::vector<Write> writes;
  std::string cursor;
  do {
    TRY(const auto page, store_.Scan(op, kSigningKeys, {}, cursor, 100));
    for (const Item& item : page.items) {
      if (!item.Has("verifyUntil")) continue;
      RecordReader reader(item, fmt::format("signing key {}", item.Text("keyId")));
      const std::int64_t until = reader.Number("verifyUntil");
      TRY_OK(reader.status());
      if (until <= now)
        writes.push_back(Write::Delete(kSigningKeys, SigningKeyOf(std::string(item.Text("keyId"))),
                                       {Condition::Exists()}));
    }
    cursor = page.next;
  } while (!cursor.empty());
  for (const Write& write : writes) {
    auto removed = store_.Commit(op, std::span(&write, 1));
    // Another process tidies as well.
    if (!removed.ok() && removed.error().code != Code::kConflict) return std::move(removed).error();
  }
  if (!writes.empty()) TRY_OK(Load(op));
  return Ok();
}

}  // namespace vams::identity
