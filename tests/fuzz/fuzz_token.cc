// Any bytes as a token, as the parts of a token that is signed with a good key, and as a key set.
// Nothing may crash, and nothing but what the good key signed may be taken.
//
// The first byte chooses what the others are.  Three of the choices sign them first: a fuzzer would
// never find a signature, and what lies behind it has to be reached all the same.
#include <boost/json/serialize.hpp>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "identity/external_provider.h"
#include "identity/jwt.h"

namespace {

using namespace vams;
using namespace vams::identity;

constexpr std::int64_t kNow = 1'700'000'000;

RsaKey MakeKey() {
  auto made = RsaKey::Generate();
  if (!made.ok()) std::abort();
  return *std::move(made);
}

const RsaKey& Key() {
  static const RsaKey key = MakeKey();
  return key;
}

const KeySet& Keys() {
  static const KeySet keys{{"one", Key()}};
  return keys;
}

std::string Signed(std::string_view header, std::string_view claims) {
  const std::string text = Base64UrlEncode(header) + "." + Base64UrlEncode(claims);
  const auto signature = Key().SignRs256(text);
  if (!signature.ok()) std::abort();
  return text + "." + Base64UrlEncode(*signature);
}

bool Verifies(std::string_view token, const KeySet& keys) {
  const auto parsed = ParseToken(token);
  if (!parsed.ok()) return false;
  const TokenRules rules{.issuer = "i", .audience = "a", .now_seconds = kNow, .token_uses = {}};
  const bool good = VerifyToken(*parsed, keys, rules).ok();
  (void)HasSecondFactor(parsed->claims, "mfa");
  const auto identity = IdentityOf(parsed->claims, false);
  if (identity.ok() && identity->user == "SYSTEM_USER") std::abort();
  return good;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  constexpr std::string_view kHeader = R"({"alg":"RS256","kid":"one"})";
  constexpr std::string_view kClaims = R"({"iss":"i","aud":"a","exp":1700000001})";
  switch (data[0] % 6) {
    case 0:
      if (Verifies(bytes, Keys())) std::abort();
      break;
    case 1:
      (void)Verifies(Signed(kHeader, bytes), Keys());
      break;
    case 2:
      (void)Verifies(Signed(bytes, kClaims), Keys());
      break;
    case 3: {
      // A good token with its signature replaced.
      const std::string token = Signed(kHeader, kClaims);
      const auto front = token.substr(0, token.rfind('.') + 1);
      const std::string other = front + Base64UrlEncode(bytes);
      if (other != token && Verifies(other, Keys())) std::abort();
      break;
    }
    case 4: {
      const auto keys = ParseKeySet(bytes);
      if (!keys.ok()) break;
      if (!ParseKeySet(boost::json::serialize(KeySetJson(*keys))).ok()) std::abort();
      (void)Verifies(Signed(kHeader, kClaims), *keys);
      break;
    }
    default: {
      const auto decoded = Base64UrlDecode(bytes);
      if (decoded.has_value() && Base64UrlEncode(*decoded) != bytes) std::abort();
      (void)RsaKey::FromPrivatePem(bytes);
    }
  }
  return 0;
}
