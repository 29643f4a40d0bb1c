#include "identity/sessions_record.h"

#include <fmt/format.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>
#include <utility>

#include "base/encoding.h"
#include "base/hash.h"
#include "identity/accounts_record.h"
#include "identity/jwt.h"

namespace vams::identity {

namespace {

using items::Item;
using items::Kind;
using items::Value;

constexpr std::size_t kSecretBytes = 32;
constexpr std::size_t kMaxRefreshBytes = 4096;
constexpr std::string_view kRefreshVersion = "1";

void SetLogin(Item& item, const LoginOf& login) {
  item.Set("userId", Value::S(login.user));
  item.Set("subject", Value::S(login.subject));
  item.Set("credentials", Value::N(login.credentials));
}

LoginOf ReadLogin(RecordReader& reader) {
  return {reader.Text("userId"), reader.Text("subject"), reader.Number("credentials")};
}

}  // namespace

std::string_view Name(Challenge challenge) {
  switch (challenge) {
    case Challenge::kNewPasswordRequired:
      return "NEW_PASSWORD_REQUIRED";
    case Challenge::kSoftwareTokenMfa:
      return "SOFTWARE_TOKEN_MFA";
  }
  return "UNKNOWN";
}

LoginOf LoginAs(const Account& account) {
  return {account.user, account.subject, account.credentials};
}

bool Counts(const LoginOf& login, const Account& account) {
  return account.enabled && account.user == login.user && account.subject == login.subject &&
         account.credentials == login.credentials;
}

// ---- Sessions ----------------------------------------------------------------------------------

Item SessionKey(std::string_view user, std::string_view session) {
  return {{"userId", Value::S(std::string(user))}, {"sessionId", Value::S(std::string(session))}};
}

Item SessionItem(const SessionRecord& record) {
  Item item = SessionKey(record.login.user, record.id);
  SetLogin(item, record.login);
  item.Set("mfa", Value::Bool(record.mfa));
  item.Set("authTime", Value::N(record.auth_time));
  item.Set("refresh", Value::S(record.refresh));
  item.Set("expiresAt", Value::N(record.expires));
  if (record.nonce.empty()) return item;
  item.Set("nonce", Value::B(record.nonce));
  item.Set("refreshedAt", Value::N(record.refreshed_at));
  item.Set("repeated", Value::Bool(record.repeated));
  Value::List used;
  for (const auto& digest : record.used) used.push_back(Value::S(digest));
  item.Set("used", Value::L(std::move(used)));
  return item;
}

Result<SessionRecord> SessionFromItem(const Item& item) {
  RecordReader reader(
      item, fmt::format("session {} of \"{}\"", item.Text("sessionId"), item.Text("userId")));
  SessionRecord record;
  record.login = ReadLogin(reader);
  record.id = reader.Text("sessionId");
  record.mfa = reader.Flag("mfa");
  record.auth_time = reader.Number("authTime");
  record.refresh = reader.Text("refresh");
  record.expires = reader.Number("expiresAt");
  record.nonce = reader.Bytes("nonce");
  if (!record.nonce.empty()) {
    record.refreshed_at = reader.Number("refreshedAt");
    record.repeated = reader.Flag("repeated");
    const Value* used = item.Find("used");
    if (used == nullptr || !used->is(Kind::kL)) {
      reader.Fail("used", "is no list");
    } else {
      for (const Value& digest : used->list()) {
        if (digest.is(Kind::kS))
          record.used.push_back(digest.text());
        else
          reader.Fail("used", "has a member that is no text");
      }
    }
  }
  TRY_OK(reader.status());
  return record;
}

// ---- Challenges --------------------------------------------------------------------------------

Item ChallengeKey(std::string_view digest) { return {{"session", Value::S(std::string(digest))}}; }

Item ChallengeItem(const ChallengeRecord& record) {
  Item item = ChallengeKey(record.digest);
  SetLogin(item, record.login);
  item.Set("challenge", Value::S(std::string(Name(record.challenge))));
  item.Set("mfa", Value::Bool(record.mfa));
  item.Set("wrong", Value::N(record.wrong));
  item.Set("expiresAt", Value::N(record.expires));
  return item;
}

Result<ChallengeRecord> ChallengeFromItem(const Item& item) {
  RecordReader reader(item, fmt::format("login challenge of \"{}\"", item.Text("userId")));
  ChallengeRecord record;
  record.digest = reader.Text("session");
  record.login = ReadLogin(reader);
  const std::string name = reader.Text("challenge");
  bool known = false;
  for (const Challenge one : {Challenge::kNewPasswordRequired, Challenge::kSoftwareTokenMfa}) {
    if (Name(one) != name) continue;
    record.challenge = one;
    known = true;
  }
  if (!known) reader.Fail("challenge", fmt::format("is \"{}\", which is none", name));
  record.mfa = reader.Flag("mfa");
  record.wrong = reader.Number("wrong");
  record.expires = reader.Number("expiresAt");
  TRY_OK(reader.status());
  return record;
}

// ---- What clients hold -------------------------------------------------------------------------

std::string NewSecret(Random& random) {
  std::string bytes(kSecretBytes, '\0');
  random.Fill(bytes.data(), bytes.size());
  return bytes;
}

std::string NewSecretText(Random& random) { return Base64UrlEncode(NewSecret(random)); }

std::string SecretDigest(std::string_view text) { return HexEncode(Sha256(text)); }

RefreshToken RefreshToken::New(std::string_view user, std::string_view session, Random& random) {
  return {std::string(user), std::string(session), NewSecret(random)};
}

std::optional<RefreshToken> RefreshToken::Parse(std::string_view text) {
  if (text.size() > kMaxRefreshBytes) return std::nullopt;
  std::array<std::string, 4> parts;
  for (std::size_t i = 0; i < parts.size(); ++i) {
    const auto dot = text.find('.');
    if ((dot == std::string_view::npos) != (i + 1 == parts.size())) return std::nullopt;
    if (i == 0) {
      if (text.substr(0, dot) != kRefreshVersion) return std::nullopt;
    } else {
      auto part = Base64UrlDecode(text.substr(0, dot));
      if (!part || part->empty()) return std::nullopt;
      parts[i] = *std::move(part);
    }
    if (dot != std::string_view::npos) text.remove_prefix(dot + 1);
  }
  if (!IsUtf8(parts[1]) || !IsUtf8(parts[2]) || parts[2].size() > 64 ||
      parts[3].size() != kSecretBytes)
    return std::nullopt;
  return RefreshToken{std::move(parts[1]), std::move(parts[2]), std::move(parts[3])};
}

std::string RefreshToken::Text() const {
  return fmt::format("{}.{}.{}.{}", kRefreshVersion, Base64UrlEncode(user),
                     Base64UrlEncode(session), Base64UrlEncode(secret));
}

std::string RefreshToken::Digest() const { return SecretDigest(Text()); }

RefreshToken RefreshToken::Next(std::string_view nonce) const {
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  VAMS_CHECK(HMAC(EVP_sha256(), secret.data(), static_cast<int>(secret.size()),
                  reinterpret_cast<const unsigned char*>(nonce.data()), nonce.size(), mac.data(),
                  &size) != nullptr);
  return {user, session, std::string(reinterpret_cast<const char*>(mac.data()), size)};
}

}  // namespace vams::identity
