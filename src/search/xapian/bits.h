// A set of document numbers: one bit for each.  Sets of one snapshot have the same size.
//
// Thread rule: a value.  Nothing blocks.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace vams::search::xapian {

using DocId = std::uint32_t;

class Bits {
 public:
  Bits() = default;
  explicit Bits(std::size_t size) : size_(size), words_((size + 63) / 64) {}
  static Bits Full(std::size_t size) {
    Bits all(size);
    for (std::uint64_t& word : all.words_) word = ~std::uint64_t{0};
    all.Trim();
    return all;
  }

  std::size_t size() const { return size_; }
  std::span<const std::uint64_t> words() const { return words_; }
  std::size_t bytes() const { return words_.size() * sizeof(std::uint64_t); }

  bool Get(std::size_t i) const { return i < size_ && ((words_[i >> 6U] >> (i & 63U)) & 1U) != 0; }
  void Set(std::size_t i) { words_[i >> 6U] |= std::uint64_t{1} << (i & 63U); }
  void Clear(std::size_t i) { words_[i >> 6U] &= ~(std::uint64_t{1} << (i & 63U)); }
  void Put(std::size_t i, bool value) { value ? Set(i) : Clear(i); }
  void Grow(std::size_t size) {
    if (size <= size_) return;
    size_ = size;
    words_.resize((size + 63) / 64);
  }

  std::size_t Count() const {
    std::size_t count = 0;
    for (const std::uint64_t word : words_) count += static_cast<std::size_t>(std::popcount(word));
    return count;
  }
  bool Any() const {
    for (const std::uint64_t word : words_)
      if (word != 0) return true;
    return false;
  }

  Bits& operator&=(const Bits& other) {
    for (std::size_t i = 0; i < words_.size(); ++i)
      words_[i] &= i < other.words_.size() ? other.words_[i] : 0;
    return *this;
  }
  Bits& operator|=(const Bits& other) {
    Grow(other.size_);
    for (std::size_t i = 0; i < other.words_.size(); ++i) words_[i] |= other.words_[i];
    return *this;
  }
  Bits& operator-=(const Bits& other) {
    for (std::size_t i = 0; i < words_.size() && i < other.words_.size(); ++i)
      words_[i] &= ~other.words_[i];
    return *this;
  }

  template <typename Visit>
  void ForEach(const Visit& visit) const {
    for (std::size_t i = 0; i < words_.size(); ++i)
      for (std::uint64_t word = words_[i]; word != 0; word &= word - 1)
        visit(static_cast<DocId>(i * 64 + static_cast<std::size_t>(std::countr_zero(word))));
  }

 private:
  void Trim() {
    if (size_ % 64 != 0) words_.back() &= (std::uint64_t{1} << (size_ % 64)) - 1;
  }

  std::size_t size_ = 0;
  std::vector<std::uint64_t> words_;
};

}  // namespace vams::search::xapian
