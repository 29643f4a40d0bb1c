#include "catalog/mail_addresses.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <array>
#include <set>
#include <utility>

#include "base/contention.h"
#include "base/encoding.h"
#include "base/hash.h"
#include "catalog/mail_items.h"
#include "catalog/mails.h"
#include "identity/jwt.h"
#include "tables/system_tables.h"

namespace vams::catalog {

using items::Condition;
using items::Item;
using items::Value;
using items::Write;

namespace {

const std::string kAddresses{tables::kMailAddressesTable};
constexpr std::int64_t kDayMillis = std::int64_t{24} * 3600 * 1000;
constexpr std::int64_t kLinkMillis = 3 * kDayMillis;
constexpr std::size_t kMostLinks = 3;
constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMacBytes = 32;
constexpr std::size_t kMostTokenBytes = 4096;
// Of several who change one address at once, one gets through each time.

std::string RandomBytes(Random& random) {
  std::string bytes(kSecretBytes, '\0');
  random.Fill(bytes.data(), bytes.size());
  return bytes;
}

// What is stored of the secret of a link.
std::string DigestOf(std::string_view secret) { return HexEncode(Sha256(secret)); }

std::string MacOf(std::string_view key, std::string_view text) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned size = 0;
  VAMS_CHECK(HMAC(EVP_sha256(), key.data(), static_cast<int>(key.size()),
                  reinterpret_cast<const unsigned char*>(text.data()), text.size(), mac.data(),
                  &size) != nullptr);
  return {reinterpret_cast<const char*>(mac.data()), size};
}

bool SameBytes(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<std::string> Decode(std::string_view token) {
  if (token.size() > kMostTokenBytes) return std::nullopt;
  return identity::Base64UrlDecode(token);
}

Error Busy() {
  return {Code::kUnavailable,
          "the address is being changed by others all the time, so nothing was changed; try again"};
}

}  // namespace

struct MailAddresses::Record {
  struct Link {
    std::string digest;
    std::int64_t until_millis = 0;
  };

  std::string address;
  bool confirmed = false;
  std::optional<std::int64_t> asked_millis, confirmed_millis;
  std::vector<Link> links;  // the newest last
  std::string used_link;    // digest of the one that confirmed it
  std::string key;          // of links for unsubscribing
  std::optional<std::int64_t> revision;
};

// Where a token for confirming leads.
struct MailAddresses::Place {
  LinkState state = LinkState::kUnknown;
  std::string digest;
  Record record;
};

std::string MailAddresses::NameOf(std::string_view address) {
  std::string name(address);
  for (char& c : name)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return name;
}

Result<std::optional<MailAddresses::Record>> MailAddresses::Find(OpContext& op,
                                                                 std::string_view name) {
  const Item keys[] = {Item{{"address", Value::S(std::string(name))}}};
  // No key of the table: an address that nobody has.
  if (name.empty() || name.size() > 512) return std::optional<Record>();
  TRY(const auto found, items_.BatchGet(op, kAddresses, keys));
  if (!found.front()) return std::optional<Record>();
  const Item& item = *found.front();
  Record record{.address = std::string(item.Text("address")),
                .confirmed = item.Text("state") == "confirmed",
                .asked_millis = NumberIfAny(item, "asked"),
                .confirmed_millis = NumberIfAny(item, "confirmed"),
                .links = {},
                .used_link = std::string(item.Text("usedLink")),
                .key = {},
                .revision = NumberOf(item, "revision")};
  if (const Value* key = item.Find("key"); key != nullptr && key->is(items::Kind::kB))
    record.key = key->text();
  if (const Value* links = item.Find("links"); links != nullptr && links->is(items::Kind::kL))
    for (const Value& link : links->list())
      if (link.is(items::Kind::kM))
        record.links.push_back(
            {std::string(link.map().Text("digest")), NumberOf(link.map(), "until")});
  return std::optional(std::move(record));
}

Write MailAddresses::Put(Record& record) {
  std::vector<Condition> conditions{record.revision
                                        ? Condition::Equals("revision", Value::N(*record.revision))
                                        : Condition::Absent()};
  record.revision = record.revision.value_or(0) + 1;
  if (record.key.empty()) record.key = RandomBytes(random_);
  Item item{{"address", Value::S(record.address)},
            {"state", Value::S(record.confirmed ? "confirmed" : "pending")},
            {"key", Value::B(record.key)},
            {"revision", Value::N(*record.revision)}};
  if (record.asked_millis) item.Set("asked", Value::N(*record.asked_millis));
  if (record.confirmed_millis) item.Set("confirmed", Value::N(*record.confirmed_millis));
  if (!record.used_link.empty()) item.Set("usedLink", Value::S(record.used_link));
  Value::List links;
  for (const Record::Link& link : record.links)
    links.push_back(
        Value::M({{"digest", Value::S(link.digest)}, {"until", Value::N(link.until_millis)}}));
  if (!links.empty()) item.Set("links", Value::L(std::move(links)));
  return Write::Put(kAddresses, std::move(item), std::move(conditions));
}

// ---- Asking.

Result<std::vector<Write>> MailAddresses::WritesToAsk(OpContext& op,
                                                      const std::vector<std::string>& addresses,
                                                      bool again) {
  std::vector<Write> writes;
  std::set<std::string> seen;
  const std::int64_t now = clock_.NowMillis();
  for (const std::string& address : addresses) {
    const std::string name = NameOf(address);
    if (!seen.insert(name).second) continue;
    TRY(auto record, Find(op, name));
    if (record && (record->confirmed || !again ||
                   (record->asked_millis && now - *record->asked_millis < kDayMillis)))
      continue;
    if (!record) {
      Record pending{.address = name};
      writes.push_back(Put(pending));
    }
    TRY(const auto waiting, FindMail(op, items_, name, kConfirmationMail));
    if (waiting) continue;
    Mail mail;
    mail.address = name;
    mail.id = kConfirmationMail;
    mail.to = address;
    mail.due_millis = now;
    writes.push_back(PutNewMail(mail));
  }
  return writes;
}

Result<bool> MailAddresses::IsConfirmed(OpContext& op, std::string_view address) {
  TRY(const auto record, Find(op, NameOf(address)));
  return record && record->confirmed;
}

// ---- Links for confirming: the address, a NUL, the secret.

Result<std::optional<std::string>> MailAddresses::NewConfirmation(OpContext& op,
                                                                  std::string_view address) {
  const std::string name = NameOf(address);
  for (Contention contention; contention.Next();) {
    TRY_OK(op.Check());
    TRY(auto record, Find(op, name));
    if (!record || record->confirmed) return std::optional<std::string>();
    const std::string secret = RandomBytes(random_);
    const std::int64_t now = clock_.NowMillis();
    record->asked_millis = now;
    record->links.push_back({DigestOf(secret), now + kLinkMillis});
    if (record->links.size() > kMostLinks) record->links.erase(record->links.begin());
    const Write write = Put(*record);
    const auto done = items_.Commit(op, {&write, 1});
    if (done.ok())
      return std::optional(identity::Base64UrlEncode(name + std::string(1, '\0') + secret));
    if (done.error().code != Code::kConflict) return done.error();
  }
  return Busy();
}

Result<MailAddresses::Place> MailAddresses::Look(OpContext& op, std::string_view token) {
  Place place;
  const auto bytes = Decode(token);
  if (!bytes || bytes->size() < kSecretBytes + 2) return place;
  const std::size_t end = bytes->size() - kSecretBytes - 1;
  if ((*bytes)[end] != '\0') return place;
  const std::string name = bytes->substr(0, end);
  if (!IsUtf8(name)) return place;
  TRY(auto record, Find(op, name));
  if (!record) return place;
  place.digest = DigestOf(std::string_view(*bytes).substr(end + 1));
  place.record = *std::move(record);
  if (SameBytes(place.digest, place.record.used_link)) {
    place.state = LinkState::kUsed;
    return place;
  }
  for (const Record::Link& link : place.record.links)
    if (SameBytes(link.digest, place.digest))
      place.state = clock_.NowMillis() < link.until_millis ? LinkState::kGood : LinkState::kExpired;
  return place;
}

Result<LinkState> MailAddresses::LookAt(OpContext& op, std::string_view token) {
  TRY(const auto place, Look(op, token));
  return place.state;
}

Result<MailAddresses::Confirmed> MailAddresses::Confirm(OpContext& op, std::string_view token) {
  for (Contention contention; contention.Next();) {
    TRY_OK(op.Check());
    TRY(auto place, Look(op, token));
    Record& record = place.record;
    if (place.state != LinkState::kGood) return Confirmed{place.state, record.address};
    record.confirmed = true;
    record.confirmed_millis = clock_.NowMillis();
    record.used_link = place.digest;
    record.links.clear();
    const Write write = Put(record);
    const auto done = items_.Commit(op, {&write, 1});
    if (done.ok()) return Confirmed{LinkState::kGood, record.address};
    if (done.error().code != Code::kConflict) return done.error();
  }
  return Busy();
}

// ---- Links for unsubscribing: the address, a NUL, the asset, a NUL, a code over both.

Result<std::string> MailAddresses::UnsubscribeToken(OpContext& op, std::string_view address,
                                                    std::string_view asset_id) {
  TRY(const auto record, Find(op, NameOf(address)));
  if (!record || record->key.empty())
    return Error(Code::kNotFound,
                 "the address is not known, so nobody can be unsubscribed by a link to it");
  std::string text = record->address;
  text.append(1, '\0').append(asset_id).append(1, '\0');
  return identity::Base64UrlEncode(text + MacOf(record->key, text));
}

Result<std::optional<UnsubscribeLink>> MailAddresses::ReadUnsubscribeToken(OpContext& op,
                                                                           std::string_view token) {
  const auto bytes = Decode(token);
  if (!bytes || bytes->size() < kMacBytes + 4) return std::optional<UnsubscribeLink>();
  const std::string_view text = std::string_view(*bytes).substr(0, bytes->size() - kMacBytes);
  const std::size_t middle = text.find('\0');
  if (middle == text.npos || !text.ends_with('\0') || middle + 1 >= text.size())
    return std::optional<UnsubscribeLink>();
  const std::string_view asset = text.substr(middle + 1, text.size() - middle - 2);
  if (!IsUtf8(text)) return std::optional<UnsubscribeLink>();
  TRY(const auto record, Find(op, text.substr(0, middle)));
  if (!record || record->key.empty() ||
      !SameBytes(MacOf(record->key, text), std::string_view(*bytes).substr(text.size())))
    return std::optional<UnsubscribeLink>();
  return std::optional(UnsubscribeLink{record->address, std::string(asset)});
}

}  // namespace vams::catalog
