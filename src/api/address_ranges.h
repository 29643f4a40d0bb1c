// Which addresses may ask at all.  Spec: permissions.md section 11.
// Immutable; thread-safe.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vams::api {

class AddressRanges {
 public:
  // Pairs of one family each, both ends included, as the configuration has checked them; a pair
  // that is none lets nobody in.
  explicit AddressRanges(const std::vector<std::pair<std::string, std::string>>& ranges);

  // True without any range.  With ranges, false for what is no address.
  bool Allow(std::string_view address) const;

 private:
  // An address with its family in front, so that comparing stays within it.
  using Bytes = std::array<std::uint8_t, 17>;
  static bool Read(std::string_view text, Bytes& bytes);

  bool open_;
  std::vector<std::pair<Bytes, Bytes>> ranges_;
};

}  // namespace vams::api
