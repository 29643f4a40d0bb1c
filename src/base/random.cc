#include "base/random.h"

#include <openssl/rand.h>

#include "base/encoding.h"
#include "base/result.h"

namespace vams {

namespace {
class OsRandom final : public Random {
 public:
  void Fill(void* bytes, std::size_t count) override {
    VAMS_CHECK(RAND_bytes(static_cast<unsigned char*>(bytes), static_cast<int>(count)) == 1);
  }
};
}  // namespace

Random& SystemRandom() {
  static OsRandom random;
  return random;
}

std::string NewUuid(Random& random) {
  std::string raw(16, '\0');
  random.Fill(raw.data(), raw.size());
  raw[6] = static_cast<char>((raw[6] & 0x0f) | 0x40);
  raw[8] = static_cast<char>((raw[8] & 0x3f) | 0x80);
  std::string hex = HexEncode(raw);
  for (const std::size_t at : {8, 13, 18, 23}) hex.insert(at, 1, '-');
  return hex;
}

}  // namespace vams
