#include "api/address_ranges.h"

#include <arpa/inet.h>

namespace vams::api {

AddressRanges::AddressRanges(const std::vector<std::pair<std::string, std::string>>& ranges)
    : open_(ranges.empty()) {
  for (const auto& [first, last] : ranges) {
    std::pair<Bytes, Bytes> range;
    if (Read(first, range.first) && Read(last, range.second) && range.first[0] == range.second[0])
      ranges_.push_back(range);
  }
}

bool AddressRanges::Allow(std::string_view address) const {
  if (open_) return true;
  Bytes bytes;
  if (!Read(address, bytes)) return false;
  for (const auto& [first, last] : ranges_)
    if (bytes[0] == first[0] && first <= bytes && bytes <= last) return true;
  return false;
}

bool AddressRanges::Read(std::string_view text, Bytes& bytes) {
  const std::string name(text);
  bytes = {};
  if (inet_pton(AF_INET, name.c_str(), &bytes[1]) == 1) {
    bytes[0] = 4;
    return true;
  }
  if (inet_pton(AF_INET6, name.c_str(), &bytes[1]) == 1) {
    bytes[0] = 6;
    return true;
  }
  return false;
}

}  // namespace vams::api
