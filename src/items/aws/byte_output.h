// The output buffer of the item parser.  Internal to items/aws.  Not thread-safe.
#pragma once

#include <algorithm>
#include <cstring>
#include <string>
#include <string_view>

namespace vams::items::aws {

// The output: a string whose appends are short inline code, as there are dozens per item.
class ByteOutput {
 public:
  void Clear() { size_ = 0; }
  std::size_t size() const { return size_; }
  std::string_view view() const { return {bytes_.data(), size_}; }
  char& operator[](std::size_t i) { return bytes_[i]; }
  char* data() { return bytes_.data(); }

  void Push(char c) {
    MakeRoom(1);
    bytes_[size_++] = c;
  }
  // Length and bytes.
  void AppendBytes(std::string_view text) {
    MakeRoom(text.size() + 10);
    if (text.size() < 0x80) {
      bytes_[size_++] = static_cast<char>(text.size());
    } else {
      for (std::size_t rest = text.size();; rest >>= 7) {
        bytes_[size_++] = static_cast<char>(rest >= 0x80 ? rest | 0x80 : rest);
        if (rest < 0x80) break;
      }
    }
    std::memcpy(bytes_.data() + size_, text.data(), text.size());
    size_ += text.size();
  }
  // Widens the byte at `at` to `with`.
  void Widen(std::size_t at, std::string_view with) {
    bytes_.replace(at, 1, with);
    size_ += with.size() - 1;
  }

 private:
  void MakeRoom(std::size_t more) {
    if (bytes_.size() - size_ < more)
      bytes_.resize(std::max(2 * bytes_.size(), size_ + more + 1024));
  }

  std::string bytes_;  // longer than what is used
  std::size_t size_ = 0;
};

}  // namespace vams::items::aws
