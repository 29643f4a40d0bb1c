#include "identity/totp.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <array>

#include "base/result.h"

namespace vams::identity {

namespace {

constexpr std::string_view kBase32 = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
constexpr int kDigits = 6;
constexpr std::size_t kRecoveryBytes = 10;
constexpr std::size_t kRecoveryCharacters = 16;

std::string PercentEncode(std::string_view text) {
  constexpr std::string_view kPlain =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~";
  std::string out;
  for (const char c : text) {
    if (kPlain.contains(c))
      out.push_back(c);
    else
      out += fmt::format("%{:02X}", static_cast<unsigned char>(c));
  }
  return out;
}

}  // namespace

std::string TotpCode(std::string_view secret, std::int64_t step, int digits) {
  std::array<unsigned char, 8> counter{};
  for (std::size_t i = 0; i < counter.size(); ++i)
    counter[i] = static_cast<unsigned char>(static_cast<std::uint64_t>(step) >> (56 - 8 * i));
  std::array<unsigned char, EVP_MAX_MD_SIZE> mac{};
  unsigned int size = 0;
  VAMS_CHECK(HMAC(EVP_sha1(), secret.data(), static_cast<int>(secret.size()), counter.data(),
                  counter.size(), mac.data(), &size) != nullptr);
  const std::size_t offset = mac[size - 1] & 0x0f;
  std::uint32_t number = mac[offset] & 0x7f;
  for (std::size_t i = 1; i < 4; ++i) number = number << 8 | mac[offset + i];
  std::uint32_t modulus = 1;
  for (int i = 0; i < digits; ++i) modulus *= 10;
  return fmt::format("{:0{}}", number % modulus, digits);
}

std::optional<std::int64_t> MatchTotp(std::string_view secret, std::string_view code,
                                      std::int64_t now_seconds, std::int64_t last_used) {
  if (code.size() != kDigits) return std::nullopt;
  const std::int64_t present = now_seconds / kTotpStepSeconds;
  std::optional<std::int64_t> match;
  for (std::int64_t step = present - 1; step <= present + 1; ++step) {
    const std::string right = TotpCode(secret, step, kDigits);
    const bool same = CRYPTO_memcmp(right.data(), code.data(), kDigits) == 0;
    if (same && step > last_used) match = step;
  }
  return match;
}

std::string Base32Encode(std::string_view bytes) {
  std::string out;
  std::uint32_t buffer = 0;
  int bits = 0;
  for (const char c : bytes) {
    buffer = (buffer << 8 | static_cast<unsigned char>(c)) & 0xffff;
    for (bits += 8; bits >= 5; bits -= 5) out.push_back(kBase32[buffer >> (bits - 5) & 31]);
  }
  if (bits > 0) out.push_back(kBase32[buffer << (5 - bits) & 31]);
  return out;
}

std::string TotpUri(std::string_view issuer, std::string_view user,
                    std::string_view secret_base32) {
  return fmt::format("otpauth://totp/{}:{}?secret={}&issuer={}&algorithm=SHA1&digits={}&period={}",
                     PercentEncode(issuer), PercentEncode(user), secret_base32,
                     PercentEncode(issuer), kDigits, kTotpStepSeconds);
}

std::string MakeRecoveryCode(Random& random) {
  std::string bytes(kRecoveryBytes, '\0');
  random.Fill(bytes.data(), bytes.size());
  std::string code = Base32Encode(bytes);
  for (const std::size_t at : {4, 9, 14}) code.insert(at, 1, '-');
  return code;
}

std::optional<std::string> RecoveryCodeForm(std::string_view typed) {
  std::string code;
  for (char c : typed) {
    if (c == '-' || c == ' ') continue;
    if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 'a' + 'A');
    if (!kBase32.contains(c) || code.size() == kRecoveryCharacters) return std::nullopt;
    code.push_back(c);
  }
  if (code.size() != kRecoveryCharacters) return std::nullopt;
  for (const std::size_t at : {4, 9, 14}) code.insert(at, 1, '-');
  return code;
}

}  // namespace vams::identity
