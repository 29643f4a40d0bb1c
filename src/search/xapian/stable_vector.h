// A list that one thread appends to while others read what was there when they were told its size.
// Elements never move.
//
// Thread rule: one writer at a time; readers of elements below a size that reached them through a
// lock.  Nothing blocks.
#pragma once

#include <array>
#include <bit>
#include <cstddef>
#include <memory>
#include <utility>

#include "base/result.h"

namespace vams::search::xapian {

template <typename T>
class StableVector {
 public:
  const T& operator[](std::size_t i) const { return blocks_[BlockOf(i)][OffsetOf(i)]; }
  std::size_t size() const { return size_; }  // the writer's

  void push_back(T value) {
    auto& block = blocks_[BlockOf(size_)];
    if (!block) block = std::make_unique<T[]>(std::size_t{kFirst} << BlockOf(size_));
    block[OffsetOf(size_)] = std::move(value);
    ++size_;
  }

 private:
  static constexpr std::size_t kFirst = 256;
  // Block n holds kFirst << n elements.
  static std::size_t BlockOf(std::size_t i) {
    return static_cast<std::size_t>(std::bit_width(i / kFirst + 1)) - 1;
  }
  static std::size_t OffsetOf(std::size_t i) {
    return i - kFirst * ((std::size_t{1} << BlockOf(i)) - 1);
  }

  std::array<std::unique_ptr<T[]>, 32> blocks_;
  std::size_t size_ = 0;
};

}  // namespace vams::search::xapian
