#include "base/hash.h"

#include <openssl/evp.h>

#include <cstring>

#include "base/result.h"

namespace vams {

namespace {

// Looked up once: EVP_sha256() would be looked up again, under a lock, for every message.
const EVP_MD* Algorithm(HashKind kind) {
  static const EVP_MD* const kSha256 = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  static const EVP_MD* const kMd5 = EVP_MD_fetch(nullptr, "MD5", nullptr);
  return kind == HashKind::kSha256 ? kSha256 : kMd5;
}

}  // namespace

struct Hasher::Impl {
  EVP_MD_CTX* context = EVP_MD_CTX_new();

  explicit Impl(HashKind kind) {
    VAMS_CHECK(context != nullptr && EVP_DigestInit_ex(context, Algorithm(kind), nullptr) == 1);
  }
  ~Impl() { EVP_MD_CTX_free(context); }
};

Hasher::Hasher(HashKind kind) : impl_(std::make_unique<Impl>(kind)) {}
Hasher::~Hasher() = default;
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;

void Hasher::Update(std::string_view bytes) {
  VAMS_CHECK(EVP_DigestUpdate(impl_->context, bytes.data(), bytes.size()) == 1);
}

std::string Hasher::Finish() {
  unsigned char out[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  VAMS_CHECK(EVP_DigestFinal_ex(impl_->context, out, &size) == 1);
  // The same algorithm again.
  VAMS_CHECK(EVP_DigestInit_ex(impl_->context, nullptr, nullptr) == 1);
  return std::string(reinterpret_cast<const char*>(out), size);
}

std::string Sha256(std::string_view bytes) {
  Hasher h(HashKind::kSha256);
  h.Update(bytes);
  return h.Finish();
}

std::string Md5(std::string_view bytes) {
  Hasher h(HashKind::kMd5);
  h.Update(bytes);
  return h.Finish();
}

std::uint64_t StableHash(std::string_view bytes) {
  constexpr std::uint64_t kMultiplier = 0x9fb21c651e98df25ULL;
  std::uint64_t h = 0xcbf29ce484222325ULL ^ bytes.size();
  const auto mix = [&h](std::uint64_t word) {
    h = (h ^ word) * kMultiplier;
    h ^= h >> 32;
  };
  for (; bytes.size() >= 8; bytes.remove_prefix(8)) {
    std::uint64_t word;
    std::memcpy(&word, bytes.data(), 8);  // little-endian on every machine this runs on
    mix(word);
  }
  std::uint64_t rest = 0;
  for (std::size_t i = 0; i < bytes.size(); ++i)
    rest |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
  mix(rest);
  mix(h >> 29);
  return h;
}

}  // namespace vams
