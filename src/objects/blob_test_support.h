// What the tests of blobs share: a clock that is set, packs found and damaged on disk.
#pragma once

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "objects/blob_store.h"
#include "objects/test_support.h"

namespace vams::objects::test {

// Begins at the machine's time, because files have times too.
class SetClock final : public Clock {
 public:
  std::int64_t NowMillis() const override { return millis_.load(); }
  void Advance(std::chrono::milliseconds by) { millis_ += by.count(); }

 private:
  std::atomic<std::int64_t> millis_ = SystemClock().NowMillis();
};

inline std::vector<files::Path> PacksIn(const files::Path& folder, std::string_view extension) {
  std::vector<files::Path> packs;
  std::error_code ec;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "packs", ec))
    if (entry.path().extension() == extension) packs.push_back(entry.path());
  return packs;
}

inline std::string ContentOf(const BlobStore& store, std::string_view sha256) {
  std::string content;
  Must(store.Read(sha256, [&](std::string_view chunk) {
    content += chunk;
    return Ok();
  }));
  return content;
}

inline SecretKey TestKey(char fill = 'k') { return SecretKey::Of(std::string(kKeySize, fill)); }

struct Stored {
  files::Path file;
  std::uint64_t offset = 0;
};
// Where the bytes of a blob lie, plain or sealed.
inline Stored StoredAt(const files::Path& folder, const std::string& sha256) {
  const auto path = folder / sha256.substr(0, 2) / sha256.substr(2, 2) / sha256;
  if (std::filesystem::exists(path)) return {path};
  const Digest digest = Must(DigestFromHex(sha256));
  for (const auto& pack : PacksIn(folder, ".pack")) {
    const auto at = Slurp(pack).find(std::string_view(digest.data(), digest.size()));
    if (at != std::string::npos) return {pack, at - 24 + kRecordHeaderSize};
  }
  ADD_FAILURE() << "no blob " << sha256;
  return {};
}

inline void Overwrite(const files::Path& path, std::uint64_t offset, std::string_view bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset));
  file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  EXPECT_TRUE(file.good()) << path;
}

}  // namespace vams::objects::test
