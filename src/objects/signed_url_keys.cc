#include "objects/signed_url_keys.h"

#include <fmt/format.h>

#include <charconv>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "tables/system_tables.h"

namespace vams::objects {

namespace {

using items::Condition;
using items::Item;
using items::Kind;
using items::Mutation;
using items::Value;
using items::Write;

const std::string kTable{tables::kUrlKeysTable};
const std::string kCurrent = "current";
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kKeyIdBytes = 8;
constexpr std::int64_t kStaleMillis = 60'000;
constexpr std::int64_t kUnknownMillis = 1'000;
// Others look for an unknown key once a second; the rest is for clocks that differ.
constexpr std::int64_t kSettleMillis = 5'000;
// Another process signs with the old key until it looks again; and clocks differ.
constexpr std::int64_t kGraceSeconds = 2 * kStaleMillis / 1000;
constexpr int kKeyAttempts = 5;

Item KeyOf(std::string_view id) { return {{"keyId", Value::S(std::string(id))}}; }

Error Damaged(std::string_view id, std::string_view what) {
  return Error(
      Code::kCorrupt,
      fmt::format("the record {} of {} is damaged, {}, so object URLs can be neither signed "
                  "nor verified; restore the table, or remove all its records to have a "
                  "new key made, which ends the URLs that are in use",
                  id, kTable, what));
}

Result<std::int64_t> NumberOf(const Item& item, std::string_view attribute) {
  const Value* value = item.Find(attribute);
  std::int64_t number = 0;
  if (value != nullptr && value->is(Kind::kN)) {
    const std::string& text = value->text();
    const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error == std::errc() && stop == text.data() + text.size()) return number;
  }
  return Damaged(item.Text("keyId"), fmt::format("{} is no whole number", attribute));
}

Result<bool> IsOver(const Item& item, std::int64_t now_millis) {
  if (!item.Has("verifyUntil")) return false;
  TRY(const std::int64_t until, NumberOf(item, "verifyUntil"));
  return until <= now_millis / 1000;
}

Status AddKey(UrlKeyRing& ring, const Item& item) {
  const std::string id(item.Text("keyId"));
  const Value* secret = item.Find("secret");
  if (secret == nullptr || !secret->is(Kind::kB) || secret->text().size() != kSecretBytes)
    return Damaged(id, fmt::format("secret does not have {} bytes", kSecretBytes));
  ring.secrets.insert_or_assign(id, secret->text());
  return Ok();
}

// Every record of the table.
Result<std::vector<Item>> ReadAll(OpContext& op, items::ItemStore& store) {
  std::vector<Item> records;
  std::string cursor;
  do {
    TRY(auto page, store.Scan(op, kTable, {}, cursor, 100));
    for (auto& item : page.items) records.push_back(std::move(item));
    cursor = page.next;
  } while (!cursor.empty());
  return records;
}

}  // namespace

const std::string& UrlKeyRing::SigningId(std::int64_t now_millis) const {
  const bool young = now_millis < current_created + kSettleMillis;
  return young && secrets.contains(before) ? before : current;
}

UrlKeys::UrlKeys(items::ItemStore& store, const Clock& clock, Random& random)
    : store_(store), clock_(clock), random_(random) {}

Result<std::unique_ptr<UrlKeys>> UrlKeys::Open(OpContext& op, items::ItemStore& store,
                                               const Clock& clock, Random& random) {
  std::unique_ptr<UrlKeys> keys(new UrlKeys(store, clock, random));
  for (int attempt = 0; attempt < kKeyAttempts; ++attempt) {
    TRY(const auto ring, keys->TryLoad(op));
    if (ring != nullptr) return keys;
    // A conflict means that somebody else has made the first key just now.
    if (auto made = keys->PutNew(op, nullptr); !made.ok() && made.error().code != Code::kConflict)
      return std::move(made).error();
  }
  return Error(Code::kUnavailable,
               "the keys that sign object URLs cannot be read although they were written; look at "
               "the item store and start again");
}

std::shared_ptr<const UrlKeyRing> UrlKeys::Ring() const {
  const std::scoped_lock lock(mutex_);
  return ring_;
}

Result<std::shared_ptr<const UrlKeyRing>> UrlKeys::TryLoad(OpContext& op) {
  auto ring = std::make_shared<UrlKeyRing>();
  ring->loaded = clock_.NowMillis();
  TRY(const auto records, ReadAll(op, store_));
  for (const Item& item : records) {
    if (item.Text("keyId") == kCurrent) {
      ring->current = item.Text("key");
      ring->before = item.Text("before");
      if (ring->current.empty()) return Damaged(kCurrent, "it names no key");
      continue;
    }
    TRY(const bool over, IsOver(item, ring->loaded));
    if (!over) TRY_OK(AddKey(*ring, item));
  }
  if (ring->current.empty()) return std::shared_ptr<const UrlKeyRing>();
  // Read by its id: a scan may be older than a rotation that came while it ran.
  const auto record = store_.Get(op, kTable, KeyOf(ring->current));
  if (!record.ok() && record.error().code == Code::kNotFound)
    return Damaged(kCurrent, fmt::format("it names {}, which is not there", ring->current));
  if (!record.ok()) return record.error();
  TRY(ring->current_created, NumberOf(*record, "created"));
  TRY_OK(AddKey(*ring, *record));
  const std::scoped_lock lock(mutex_);
  ring_ = std::move(ring);
  return ring_;
}

Result<std::shared_ptr<const UrlKeyRing>> UrlKeys::Load(OpContext& op) {
  TRY(auto ring, TryLoad(op));
  // Open has seen one.
  if (ring == nullptr) return Damaged(kCurrent, "it is gone while the server runs");
  return ring;
}

Result<std::shared_ptr<const UrlKeyRing>> UrlKeys::ForSigning(OpContext& op) {
  auto ring = Ring();
  const std::int64_t age = clock_.NowMillis() - ring->loaded;
  if (age >= 0 && age < kStaleMillis) return ring;
  return Load(op);
}

Result<std::shared_ptr<const UrlKeyRing>> UrlKeys::ForVerifying(OpContext& op,
                                                                std::string_view key_id) {
  auto ring = Ring();
  if (ring->secrets.contains(key_id)) return ring;
  const std::int64_t age = clock_.NowMillis() - ring->loaded;
  if (age >= 0 && age < kUnknownMillis) return ring;
  return Load(op);
}

Status UrlKeys::PutNew(OpContext& op, const UrlKeyRing* before) {
  std::string id(kKeyIdBytes, '\0'), secret(kSecretBytes, '\0');
  random_.Fill(id.data(), id.size());
  random_.Fill(secret.data(), secret.size());
  id = HexEncode(id);
  const std::int64_t now = clock_.NowMillis();
  Item record = KeyOf(id);
  record.Set("secret", Value::B(std::move(secret)));
  record.Set("created", Value::N(now));
  Item current = KeyOf(kCurrent);
  current.Set("key", Value::S(id));
  // Not before->current: one that is too young itself must not sign early.
  if (before != nullptr) current.Set("before", Value::S(before->SigningId(now)));
  std::vector<Write> writes;
  writes.push_back(
      Write::Put(kTable, std::move(current),
                 {before == nullptr ? Condition::Absent()
                                    : Condition::Equals("key", Value::S(before->current))}));
  writes.push_back(Write::Put(kTable, std::move(record), {Condition::Absent()}));
  if (before != nullptr) {
    Mutation until{Mutation::Op::kSet, "verifyUntil",
                   Value::N(now / 1000 + kMaxUrlSeconds + kGraceSeconds)};
    writes.push_back(
        Write::Update(kTable, KeyOf(before->current), {std::move(until)}, {Condition::Exists()}));
  }
  TRY_OK(store_.Commit(op, writes));
  return Ok();
}

Status UrlKeys::Rotate(OpContext& op) {
  TRY(const auto ring, Load(op));
  // A conflict means that somebody else has made a new key at this moment: that is one.
  if (auto made = PutNew(op, ring.get()); !made.ok() && made.error().code != Code::kConflict)
    return made;
  TRY_OK(Load(op));
  return Ok();
}

Status UrlKeys::Maintain(OpContext& op) {
  TRY(const auto ring, Load(op));
  if (clock_.NowMillis() - ring->current_created >= kUrlKeySeconds * 1000) TRY_OK(Rotate(op));
  return Tidy(op);
}

Status UrlKeys::Tidy(OpContext& op) {
  TRY(const auto records, ReadAll(op, store_));
  for (const Item& item : records) {
    TRY(const bool over, IsOver(item, clock_.NowMillis()));
    if (!over) continue;
    const Write write = Write::Delete(kTable, KeyOf(item.Text("keyId")), {Condition::Exists()});
    // A conflict: another process tidies as well.
    if (auto removed = store_.Commit(op, std::span(&write, 1));
        !removed.ok() && removed.error().code != Code::kConflict)
      return std::move(removed).error();
  }
  return Ok();
}

}  // namespace vams::objects
