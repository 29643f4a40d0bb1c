// Many small parts of an upload in one body: what a client puts together, and how the server takes
// it apart again while it arrives.  Format: docs/formats/part-bundle.md.
//
// Pure; a reader belongs to one thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace vams::model {

// The bounds of what a server takes.
inline constexpr std::uint64_t kMaxBundleBytes = std::uint64_t{64} << 20;
inline constexpr std::size_t kMaxBundledPartBytes = std::size_t{1} << 20;
inline constexpr std::size_t kMaxBundledParts = 10'000;
// Files up to here are worth a place in a bundle instead of a request of their own.
inline constexpr std::int64_t kBundledFileBytes = std::int64_t{64} << 10;

// Views into the text they were read from, or are to be written from.
struct BundledPart {
  std::string_view upload_id;
  std::uint32_t number = 0;
  std::string_view md5;  // 16 bytes
  std::string_view bytes;
};

// What a bundle begins with.
std::string_view BundleHeader();
void AppendPart(std::string& out, const BundledPart& part);
// What it ends with.
void AppendBundleEnd(std::string& out, std::uint32_t parts);
// How many bytes a part takes.
std::size_t BundledSize(const BundledPart& part);

class BundleReader {
 public:
  // Adds the parts that are whole at the front of `bytes` to `parts`, and takes them off.  What is
  // left is the beginning of something that goes on; give it again, with more behind it.  kInvalid
  // or kTooLarge where it is no bundle: nothing behind the parts that were added can be read.
  Status Take(std::string_view& bytes, std::vector<BundledPart>& parts);
  // Whether the end was read.
  bool whole() const { return whole_; }
  std::uint32_t count() const { return count_; }

 private:
  bool begun_ = false;
  bool whole_ = false;
  std::uint32_t count_ = 0;
};

}  // namespace vams::model
