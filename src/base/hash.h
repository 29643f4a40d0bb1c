// Digests over OpenSSL.  Not thread-safe per object; objects are independent.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace vams {

enum class HashKind : std::uint8_t { kSha256, kMd5 };

class Hasher {
 public:
  explicit Hasher(HashKind kind);
  ~Hasher();
  Hasher(Hasher&&) noexcept;
  Hasher& operator=(Hasher&&) noexcept;

  void Update(std::string_view bytes);
  // The raw digest (32 or 16 bytes); the hasher is then ready for a new message.
  std::string Finish();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

std::string Sha256(std::string_view bytes);
std::string Md5(std::string_view bytes);

// Fast and stable: stored data depends on it (docs/formats/items-sqlite.md).  Not cryptographic.
std::uint64_t StableHash(std::string_view bytes);

}  // namespace vams
