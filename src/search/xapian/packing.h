// Numbers and texts as bytes: what rows, texts and stored documents are written with.  Format:
// docs/formats/search-xapian.md.
//
// Thread rule: values.  Nothing blocks.
#pragma once

#include <bit>
#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace vams::search::xapian {

class Packer {
 public:
  void Number(std::uint64_t n) {
    for (; n >= 0x80; n >>= 7U) out_.push_back(static_cast<char>(n | 0x80U));
    out_.push_back(static_cast<char>(n));
  }
  void Fixed(std::uint64_t n) {
    for (unsigned i = 0; i < 64; i += 8) out_.push_back(static_cast<char>((n >> i) & 0xFFU));
  }
  void Real(double d) { Fixed(std::bit_cast<std::uint64_t>(d)); }
  void Bytes(std::string_view bytes) { out_ += bytes; }
  void Text(std::string_view text) {
    Number(text.size());
    Bytes(text);
  }
  void List(const std::vector<std::string>& list) {
    Number(list.size());
    for (const std::string& text : list) Text(text);
  }
  std::string Take() { return std::move(out_); }

 private:
  std::string out_;
};

// Reads nothing but zeros once something did not fit; ok() says so.
class Unpacker {
 public:
  explicit Unpacker(std::string_view rest) : rest_(rest) {}

  bool ok() const { return ok_; }
  bool done() const { return ok_ && rest_.empty(); }
  std::uint64_t Number() {
    std::uint64_t n = 0;
    for (unsigned shift = 0; shift < 64; shift += 7) {
      if (rest_.empty()) return Fail();
      const auto byte = static_cast<unsigned char>(rest_.front());
      rest_.remove_prefix(1);
      n |= static_cast<std::uint64_t>(byte & 0x7FU) << shift;
      if (byte < 0x80) return n;
    }
    return Fail();
  }
  std::uint64_t Fixed() {
    if (rest_.size() < 8) return Fail();
    std::uint64_t n = 0;
    for (std::size_t i = 0; i < 8; ++i)
      n |= static_cast<std::uint64_t>(static_cast<unsigned char>(rest_[i])) << (8 * i);
    rest_.remove_prefix(8);
    return n;
  }
  double Real() { return std::bit_cast<double>(Fixed()); }
  // A part of what is being read.
  std::string_view Bytes(std::uint64_t size) {
    if (size > rest_.size()) {
      Fail();
      return rest_;
    }
    const std::string_view bytes = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return bytes;
  }
  std::string Text() { return std::string(Bytes(Number())); }
  std::vector<std::string> List() {
    std::vector<std::string> list;
    for (std::uint64_t count = Number(); count > 0 && ok_; --count) list.push_back(Text());
    return list;
  }
  std::uint64_t Fail() {
    ok_ = false;
    rest_ = "";  // not {}: some who take a text want an address even of an empty one
    return 0;
  }

 private:
  std::string_view rest_;
  bool ok_ = true;
};

// Small numbers of either sign as small ones without.
inline std::uint64_t Zigzag(std::int64_t n) {
  return (static_cast<std::uint64_t>(n) << 1U) ^ static_cast<std::uint64_t>(n >> 63);
}
inline std::int64_t Unzigzag(std::uint64_t n) {
  return static_cast<std::int64_t>((n >> 1U) ^ (~(n & 1U) + 1));
}

}  // namespace vams::search::xapian
