#include "migrate/digest.h"

#include <cstring>

#include "base/encoding.h"

namespace vams::migrate {

std::string ToHex(const Digest& digest) {
  std::string bytes(sizeof(digest.sum), '\0');
  for (std::size_t i = 0; i < bytes.size(); ++i)
    bytes[bytes.size() - 1 - i] =
        static_cast<char>(static_cast<unsigned char>(digest.sum >> (8 * i)));
  return HexEncode(bytes);
}

Result<Digest> DigestFrom(std::uint64_t count, std::string_view hex) {
  const auto bytes = HexDecode(hex);
  if (!bytes || bytes->size() != sizeof(Digest::sum))
    return Error(Code::kCorrupt, "a digest is 32 hexadecimal digits; the journal is damaged");
  Digest digest{.count = count, .sum = 0};
  for (const char byte : *bytes) digest.sum = digest.sum << 8 | static_cast<unsigned char>(byte);
  return digest;
}

void DigestBuilder::Add(Digest& digest, std::string_view encoded) {
  hasher_.Update(encoded);
  const std::string hash = hasher_.Finish();
  unsigned __int128 value = 0;
  std::memcpy(&value, hash.data(), sizeof(value));
  ++digest.count;
  digest.sum += value;
}

}  // namespace vams::migrate
