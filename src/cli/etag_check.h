// Whether bytes are those that an ETag of the object store was computed from: the MD5 of the
// content, or "<MD5 of the parts' MD5s>-<number of parts>".  How large the parts were is not said,
// so the sizes that clients use are tried.
//
// One thread.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/hash.h"

namespace vams::cli {

// The ETag without its quotes and its mark of weakness.
std::string BareEtag(std::string_view etag);

// The ETag of a content sent in these parts (their raw MD5s).
std::string MultipartEtag(const std::vector<std::string>& part_digests);

class EtagCheck {
 public:
  enum class Verdict : std::uint8_t {
    kSame,
    kDamaged,
    kUnknown,  // the ETag is of another kind, or of parts of another size
  };

  // Of a content of `size` bytes, fed in order.
  EtagCheck(std::string_view etag, std::uint64_t size);

  // Nothing else will be known than kUnknown: the bytes need not be fed.
  bool hopeless() const { return ways_.empty(); }
  // kUnknown will not come.
  bool certain() const { return certain_; }
  void Update(std::string_view bytes);
  // After the last byte.
  Verdict Finish();

 private:
  // One way in which the content may have been cut.
  struct Way {
    std::uint64_t part_size = 0;
    std::uint64_t in_part = 0;
    Hasher hasher{HashKind::kMd5};
    std::vector<std::string> parts;
  };
  static void Feed(Way& way, std::string_view bytes);

  std::string etag_;
  bool cut_ = false;      // the ETag is one of parts
  bool certain_ = false;  // the only way that there is
  std::vector<Way> ways_;
};

}  // namespace vams::cli
