// Random is passed in, so that tests can seed it.
#pragma once

#include <cstdint>
#include <string>

namespace vams {

// Thread-safe.
class Random {
 public:
  virtual ~Random() = default;
  virtual void Fill(void* bytes, std::size_t count) = 0;
};

// The operating system's cryptographic source; lives as long as the program.
Random& SystemRandom();

// An RFC 4122 version 4 UUID, lower case.
std::string NewUuid(Random& random);

}  // namespace vams
