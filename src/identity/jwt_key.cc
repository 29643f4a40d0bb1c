// RSA keys over OpenSSL's EVP interface.
#include <fmt/format.h>
#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>

#include "base/hash.h"
#include "identity/jwt.h"
#include "identity/jwt_json.h"

namespace vams::identity {

namespace json = boost::json;

namespace {

constexpr int kMinBits = 2048;
constexpr int kMaxBits = 8192;
// Exponents in use are 3 and 65537; a long one only makes every check of a signature slow.
constexpr int kMaxExponentBits = 64;

template <auto Free>
struct Freer {
  template <typename T>
  void operator()(T* object) const {
    Free(object);
  }
};
using PkeyPtr = std::unique_ptr<EVP_PKEY, Freer<EVP_PKEY_free>>;
using PkeyContext = std::unique_ptr<EVP_PKEY_CTX, Freer<EVP_PKEY_CTX_free>>;
using DigestContext = std::unique_ptr<EVP_MD_CTX, Freer<EVP_MD_CTX_free>>;
using BioPtr = std::unique_ptr<BIO, Freer<BIO_free_all>>;
using BignumPtr = std::unique_ptr<BIGNUM, Freer<BN_free>>;
using BuilderPtr = std::unique_ptr<OSSL_PARAM_BLD, Freer<OSSL_PARAM_BLD_free>>;
using ParamsPtr = std::unique_ptr<OSSL_PARAM, Freer<OSSL_PARAM_free>>;

// Leaves nothing in the thread's error queue, where a later TLS call would find it.
Error OpenSslFailed(Code code, std::string_view what) {
  char reason[256] = "";
  if (const auto number = ERR_peek_last_error(); number != 0)
    ERR_error_string_n(number, reason, sizeof reason);
  ERR_clear_error();
  return Error(code, std::string(what), reason);
}

BignumPtr ParseNumber(const json::object& jwk, std::string_view name) {
  const auto* text = FindText(jwk, name);
  if (text == nullptr) return nullptr;
  const auto bytes = Base64UrlDecode(*text);
  if (!bytes.has_value() || bytes->empty() || bytes->size() > kMaxBits / 8 + 1) return nullptr;
  return BignumPtr(BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes->data()),
                             static_cast<int>(bytes->size()), nullptr));
}

// The public number in as few bytes as it takes (RFC 7518 section 6.3.1).
std::string PublicNumber(const EVP_PKEY* key, const char* name) {
  BIGNUM* raw = nullptr;
  VAMS_CHECK(EVP_PKEY_get_bn_param(key, name, &raw) == 1);
  const BignumPtr number(raw);
  std::string bytes(static_cast<std::size_t>(BN_num_bytes(number.get())), '\0');
  BN_bn2bin(number.get(), reinterpret_cast<unsigned char*>(bytes.data()));
  return Base64UrlEncode(bytes);
}

Status CheckSize(const EVP_PKEY* key) {
  const int bits = EVP_PKEY_get_bits(key);
  if (EVP_PKEY_get_base_id(key) != EVP_PKEY_RSA || bits < kMinBits || bits > kMaxBits)
    return Error(Code::kInvalid, fmt::format("tokens are signed with RSA keys of {} to {} bits and "
                                             "this key is none; use another key",
                                             kMinBits, kMaxBits));
  return Ok();
}

// Without it OpenSSL would ask for a passphrase on the terminal.
int NoPassphrase(char*, int, int, void*) { return -1; }

}  // namespace

struct RsaKey::Impl {
  PkeyPtr key;  // never changed: OpenSSL lets threads share it
};

RsaKey::RsaKey(std::shared_ptr<const Impl> impl) : impl_(std::move(impl)) {}
RsaKey::RsaKey(const RsaKey&) = default;
RsaKey::RsaKey(RsaKey&&) noexcept = default;
RsaKey& RsaKey::operator=(RsaKey&&) noexcept = default;
RsaKey::~RsaKey() = default;

Result<RsaKey> RsaKey::Generate() {
  PkeyPtr key(EVP_RSA_gen(kMinBits));
  if (key == nullptr)
    return OpenSslFailed(Code::kInternal,
                         "no RSA key could be made, so no token can be signed; "
                         "see the log for OpenSSL's reason");
  return RsaKey(std::make_shared<const Impl>(Impl{std::move(key)}));
}

Result<RsaKey> RsaKey::FromPrivatePem(std::string_view pem) {
  const BioPtr bio(BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())));
  PkeyPtr key(bio == nullptr ? nullptr
                             : PEM_read_bio_PrivateKey(bio.get(), nullptr, NoPassphrase, nullptr));
  if (key == nullptr)
    return OpenSslFailed(Code::kInvalid,
                         "the text is no private key in PEM form without a passphrase, so nothing "
                         "can be signed with it; give another key");
  TRY_OK(CheckSize(key.get()));
  return RsaKey(std::make_shared<const Impl>(Impl{std::move(key)}));
}

Result<RsaKey> RsaKey::FromJwk(const json::object& jwk) {
  const Error unfit(Code::kInvalid,
                    "the key is no RSA public key with the members n and e; publish "
                    "one that is");
  const auto* kind = FindText(jwk, "kty");
  const BignumPtr n = ParseNumber(jwk, "n"), e = ParseNumber(jwk, "e");
  if (kind == nullptr || *kind != "RSA" || n == nullptr || e == nullptr) return unfit;
  if (!BN_is_odd(n.get()) || !BN_is_odd(e.get()) || BN_is_one(e.get()) ||
      BN_num_bits(e.get()) > kMaxExponentBits)
    return unfit;
  const BuilderPtr builder(OSSL_PARAM_BLD_new());
  const PkeyContext context(EVP_PKEY_CTX_new_from_name(nullptr, "RSA", nullptr));
  if (builder == nullptr || context == nullptr ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_N, n.get()) != 1 ||
      OSSL_PARAM_BLD_push_BN(builder.get(), OSSL_PKEY_PARAM_RSA_E, e.get()) != 1)
    return OpenSslFailed(Code::kInternal, "the key could not be read for want of memory");
  const ParamsPtr params(OSSL_PARAM_BLD_to_param(builder.get()));
  EVP_PKEY* raw = nullptr;
  if (params == nullptr || EVP_PKEY_fromdata_init(context.get()) != 1 ||
      EVP_PKEY_fromdata(context.get(), &raw, EVP_PKEY_PUBLIC_KEY, params.get()) != 1)
    return OpenSslFailed(Code::kInvalid, unfit.message);
  PkeyPtr key(raw);
  TRY_OK(CheckSize(key.get()));
  return RsaKey(std::make_shared<const Impl>(Impl{std::move(key)}));
}

std::string RsaKey::PrivatePem() const {
  const BioPtr bio(BIO_new(BIO_s_secmem()));  // wipes its buffer
  VAMS_CHECK(bio != nullptr && PEM_write_bio_PKCS8PrivateKey(bio.get(), impl_->key.get(), nullptr,
                                                             nullptr, 0, nullptr, nullptr) == 1);
  char* text = nullptr;
  const auto size = BIO_get_mem_data(bio.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

json::object RsaKey::PublicJwk(std::string_view key_id) const {
  return {{"kty", "RSA"},
          {"use", "sig"},
          {"alg", "RS256"},
          {"kid", key_id},
          {"n", PublicNumber(impl_->key.get(), OSSL_PKEY_PARAM_RSA_N)},
          {"e", PublicNumber(impl_->key.get(), OSSL_PKEY_PARAM_RSA_E)}};
}

std::string RsaKey::Thumbprint() const {
  // The members in this order and without blanks (RFC 7638 section 3).
  return Base64UrlEncode(Sha256(fmt::format(
      R"({{"e":"{}","kty":"RSA","n":"{}"}})", PublicNumber(impl_->key.get(), OSSL_PKEY_PARAM_RSA_E),
      PublicNumber(impl_->key.get(), OSSL_PKEY_PARAM_RSA_N))));
}

Result<std::string> RsaKey::SignRs256(std::string_view text) const {
  const DigestContext context(EVP_MD_CTX_new());
  const auto* bytes = reinterpret_cast<const unsigned char*>(text.data());
  std::string signature(static_cast<std::size_t>(EVP_PKEY_get_size(impl_->key.get())), '\0');
  std::size_t size = signature.size();
  if (context == nullptr ||
      EVP_DigestSignInit(context.get(), nullptr, EVP_sha256(), nullptr, impl_->key.get()) != 1 ||
      EVP_DigestSign(context.get(), reinterpret_cast<unsigned char*>(signature.data()), &size,
                     bytes, text.size()) != 1)
    return OpenSslFailed(Code::kInternal,
                         "the token could not be signed: the key has no private part or OpenSSL "
                         "failed; see the log, and rotate the signing keys if it stays so");
  signature.resize(size);
  return signature;
}

bool RsaKey::VerifyRs256(std::string_view text, std::string_view signature) const {
  const DigestContext context(EVP_MD_CTX_new());
  const bool good =
      context != nullptr &&
      EVP_DigestVerifyInit(context.get(), nullptr, EVP_sha256(), nullptr, impl_->key.get()) == 1 &&
      EVP_DigestVerify(context.get(), reinterpret_cast<const unsigned char*>(signature.data()),
                       signature.size(), reinterpret_cast<const unsigned char*>(text.data()),
                       text.size()) == 1;
  if (!good) ERR_clear_error();
  return good;
}

}  // namespace vams::identity
