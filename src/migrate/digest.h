// A digest of a table's content that does not depend on the order of its rows: the sum of a hash of
// every encoded item.  Two tables with the same digest hold the same items.  Spec: lifecycle.md
// section 5.7; measurements.md section 7.
//
// Plain values; a Hash belongs to one thread.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/hash.h"
#include "base/result.h"

namespace vams::migrate {

struct Digest {
  std::uint64_t count = 0;
  unsigned __int128 sum = 0;  // of the first 16 bytes of each item's SHA-256, modulo 2^128

  void Add(const Digest& other) {
    count += other.count;
    sum += other.sum;
  }
  friend bool operator==(const Digest&, const Digest&) = default;
};

std::string ToHex(const Digest& digest);  // of the sum
Result<Digest> DigestFrom(std::uint64_t count, std::string_view hex);

// Adds encoded items (items/codec.h) to a digest.
class DigestBuilder {
 public:
  DigestBuilder() : hasher_(HashKind::kSha256) {}
  void Add(Digest& digest, std::string_view encoded);

 private:
  Hasher hasher_;
};

}  // namespace vams::migrate
