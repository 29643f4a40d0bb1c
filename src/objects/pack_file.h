// The bytes of a pack: headers of records, reading a pack in order, its index.
// Internal to objects.  Format: docs/formats/blobs.md.
//
// Thread-safe (no shared state).  Scanning, loading and writing an index block on disk.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "files/files.h"

namespace vams::objects {

using Digest = std::array<char, 32>;  // SHA-256, raw

class SealKeys;

// kInvalid for what is not 64 lower-case hexadecimal digits.
Result<Digest> DigestFromHex(std::string_view sha256);
std::string HexOf(const Digest& digest);
Digest DigestOf(std::string_view content);

struct DigestHash {
  std::size_t operator()(const Digest& digest) const;
};

inline constexpr std::size_t kPackHeaderSize = 16;
// Behind the name of a pack until its header is written and it is locked.
inline constexpr std::string_view kBegunSuffix = ".begun";
inline constexpr std::size_t kRecordHeaderSize = 64;

struct PackRecord {
  Digest sha256{};
  std::uint64_t offset = 0;  // of the header
  std::uint32_t length = 0;  // of the content, as it lies there
  bool mark = false;         // says only that the content was added again
  std::int64_t time_millis = 0;
  std::uint64_t synced = 0;

  std::uint64_t content() const { return offset + kRecordHeaderSize; }
  // With its header and what fills it up.
  std::uint64_t size() const { return kRecordHeaderSize + (std::uint64_t{length} + 7) / 8 * 8; }
  std::uint64_t end() const { return offset + size(); }
};

std::string PackHeader();
// Appends header, content and filling.  `content` is empty for a mark.
void AppendRecord(std::string& out, const PackRecord& record, std::string_view content);

// Bytes of a pack that should be a record and are none.
struct PackGap {
  std::uint64_t from = 0, to = 0;
};

struct PackScan {
  std::vector<PackRecord> records;
  // The place behind the last record before the first doubtful one: where to look for more.
  std::uint64_t end = 0;
  std::uint64_t size = 0;     // of the file
  std::vector<PackGap> gaps;  // with whole records behind them: damage
  bool torn = false;          // something behind the last record is none
  bool from_index = false;
};

// The whole records from `from` on, which is 0 or the `end` of an earlier scan.  What is behind the
// greatest `synced` is verified.  `keys` of contents that are sealed, nullptr for plain ones.
Result<PackScan> ScanPack(const files::Path& pack, std::uint64_t from, const SealKeys* keys);
// The same from the pack's index, if it has a valid one.
Result<PackScan> LoadPack(const files::Path& pack, const SealKeys* keys);

files::Path IndexOf(const files::Path& pack);
// kNotFound without one, kCorrupt for one that is damaged or of another pack.
Result<std::vector<PackRecord>> ReadPackIndex(const files::Path& pack, std::uint64_t pack_size);
// Seals the pack.
Status WritePackIndex(const files::Path& pack, std::uint64_t pack_size,
                      const std::vector<PackRecord>& records);

}  // namespace vams::objects
