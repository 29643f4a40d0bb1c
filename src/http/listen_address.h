// Where to listen, as people write it: "127.0.0.1:8080", "[::1]:8080", "localhost:8080", ":8080".
// Pure; thread-safe.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace vams::http {

struct ListenAddress {
  std::string host;  // an address or a name, without brackets; empty: every address of the machine
  std::uint16_t port = 0;  // 0: any free one

  bool operator==(const ListenAddress&) const = default;
};

// kInvalid with the text and how to write it.
Result<ListenAddress> ParseListenAddress(std::string_view text);

// "127.0.0.1:8080", "[::1]:8080", ":8080".
std::string ToText(const ListenAddress& address);

}  // namespace vams::http
