#include "objects/pack_file.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <optional>

#include "base/encoding.h"
#include "base/hash.h"
#include "objects/encryption.h"
#include "objects/staged_file.h"

namespace vams::objects {

namespace {

static_assert(std::endian::native == std::endian::little, "packs are little-endian");

constexpr std::string_view kPackMagic("vams-pack 1\n\0\0\0\0", kPackHeaderSize);
constexpr std::string_view kIndexMagic("vams-index 1\n\0\0\0", 16);
constexpr std::string_view kContentMagic = "VBRC";
constexpr std::string_view kMarkMagic = "VBRM";
constexpr std::size_t kHashed = 56;  // of a record's header
constexpr std::size_t kIndexHead = 32;
constexpr std::size_t kIndexEntry = 56;
constexpr std::size_t kWindow = std::size_t{1} << 20;

template <typename T>
T Number(const char* at) {
  T value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

template <typename T>
void AppendNumber(std::string& out, T value) {
  out.append(reinterpret_cast<const char*>(&value), sizeof value);
}

Digest DigestAt(const char* at) {
  Digest digest;
  std::memcpy(digest.data(), at, digest.size());
  return digest;
}

std::optional<PackRecord> ParseHeader(std::string_view header) {
  const bool mark = header.starts_with(kMarkMagic);
  if (!mark && !header.starts_with(kContentMagic)) return std::nullopt;
  const char* at = header.data();
  if (Number<std::uint64_t>(at + kHashed) != StableHash(header.substr(0, kHashed)))
    return std::nullopt;
  PackRecord record{.mark = mark};
  record.length = Number<std::uint32_t>(at + 4);
  record.time_millis = Number<std::int64_t>(at + 8);
  record.synced = Number<std::uint64_t>(at + 16);
  record.sha256 = DigestAt(at + 24);
  if (mark && record.length != 0) return std::nullopt;
  return record;
}

class Scanner {
 public:
  Scanner(InputStream input, const SealKeys* keys) : input_(std::move(input)), keys_(keys) {
    scan_.size = input_.size();
  }

  Result<PackScan> Run(std::uint64_t from) {
    scan_.end = from;
    if (from == 0) {
      TRY(const auto header, Bytes(0, kPackHeaderSize));
      if (scan_.size < kPackHeaderSize) {  // its writer is about to begin, or died
        scan_.torn = scan_.size > 0;
        return std::move(scan_);
      }
      from = kPackHeaderSize;
      if (header == kPackMagic) {
        scan_.end = from;
      } else {
        first_gap_ = 0;
        scan_.gaps.push_back({0, kPackHeaderSize});
      }
    }
    TRY_OK(ReadHeaders(from));
    TRY_OK(Verify());
    return std::move(scan_);
  }

 private:
  // A view of the window; shorter at the end of the file.
  Result<std::string_view> Bytes(std::uint64_t offset, std::size_t size) {
    if (offset < at_ || offset + size > at_ + window_.size()) {
      window_.resize(std::max(size, buffered_ ? kWindow : size));
      at_ = offset;
      std::size_t have = 0;
      while (have < window_.size()) {
        TRY(const std::size_t count,
            input_.ReadAt(offset + have, window_.data() + have, window_.size() - have));
        if (count == 0) break;
        have += count;
      }
      window_.resize(have);
    }
    return std::string_view(window_).substr(offset - at_, size);
  }

  Result<std::optional<PackRecord>> RecordAt(std::uint64_t offset) {
    TRY(const auto header, Bytes(offset, kRecordHeaderSize));
    if (header.size() < kRecordHeaderSize) return std::optional<PackRecord>();
    auto record = ParseHeader(header);
    if (!record) return std::optional<PackRecord>();
    record->offset = offset;
    if (record->end() > scan_.size) return std::optional<PackRecord>();
    return record;
  }

  Status ReadHeaders(std::uint64_t position) {
    while (position < scan_.size) {
      TRY(auto record, RecordAt(position));
      if (!record) {
        buffered_ = true;
        std::uint64_t next = position + 8;
        for (; next < scan_.size && !record; next += 8) {
          TRY(record, RecordAt(next));
        }
        buffered_ = false;
        if (!record) {
          scan_.torn = true;
          return Ok();
        }
        first_gap_ = std::min(first_gap_, position);
        scan_.gaps.push_back({position, record->offset});
      }
      position = record->end();
      scan_.records.push_back(*record);
    }
    return Ok();
  }

  // Drops records that may be torn and are.
  Status Verify() {
    std::uint64_t synced = 0;
    for (const auto& record : scan_.records)
      if (record.offset < first_gap_) synced = std::max(synced, record.synced);
    std::vector<PackRecord> kept;
    kept.reserve(scan_.records.size());
    bool unbroken = true;
    for (const auto& record : scan_.records) {
      const bool behind_gap = record.offset >= first_gap_;
      if ((behind_gap || record.end() > synced) && !record.mark) {
        TRY(const auto content, Bytes(record.content(), record.length));
        if (content.size() != record.length || !IsStoredContent(keys_, record.sha256, content)) {
          scan_.torn = true;
          unbroken = false;
          continue;
        }
      }
      unbroken = unbroken && !behind_gap;
      if (unbroken) scan_.end = record.end();
      kept.push_back(record);
    }
    scan_.records = std::move(kept);
    return Ok();
  }

  InputStream input_;
  const SealKeys* const keys_;
  PackScan scan_;
  std::string window_;
  std::uint64_t at_ = 0;
  bool buffered_ = false;  // headers far from each other are read alone
  std::uint64_t first_gap_ = std::numeric_limits<std::uint64_t>::max();
};

}  // namespace

Result<Digest> DigestFromHex(std::string_view sha256) {
  if (sha256.size() == 64 && sha256.find_first_not_of("0123456789abcdef") == sha256.npos)
    return DigestAt(HexDecode(sha256)->data());
  return Error(Code::kInvalid,
               fmt::format("\"{}\" is no SHA-256 digest in lower-case hexadecimal", sha256));
}

std::string HexOf(const Digest& digest) {
  return HexEncode(std::string_view(digest.data(), digest.size()));
}

Digest DigestOf(std::string_view content) { return DigestAt(Sha256(content).data()); }

std::size_t DigestHash::operator()(const Digest& digest) const {
  return Number<std::size_t>(digest.data());
}

std::string PackHeader() { return std::string(kPackMagic); }

void AppendRecord(std::string& out, const PackRecord& record, std::string_view content) {
  const std::size_t start = out.size();
  out += record.mark ? kMarkMagic : kContentMagic;
  AppendNumber(out, record.length);
  AppendNumber(out, record.time_millis);
  AppendNumber(out, record.synced);
  out.append(record.sha256.data(), record.sha256.size());
  AppendNumber(out, StableHash(std::string_view(out).substr(start, kHashed)));
  out += content;
  out.resize(start + record.size(), '\0');
}

Result<PackScan> ScanPack(const files::Path& pack, std::uint64_t from, const SealKeys* keys) {
  TRY(auto input, InputStream::Open(pack));
  return Scanner(std::move(input), keys).Run(from);
}

Result<PackScan> LoadPack(const files::Path& pack, const SealKeys* keys) {
  std::error_code ec;
  const auto size = std::filesystem::file_size(pack, ec);
  if (!ec) {
    auto records = ReadPackIndex(pack, size);
    if (records.ok())
      return PackScan{
          .records = *std::move(records), .end = size, .size = size, .from_index = true};
  }
  return ScanPack(pack, 0, keys);
}

files::Path IndexOf(const files::Path& pack) {
  files::Path index = pack;
  return index.replace_extension(".index");
}

Result<std::vector<PackRecord>> ReadPackIndex(const files::Path& pack, std::uint64_t pack_size) {
  const auto path = IndexOf(pack);
  TRY(const auto bytes, files::ReadAll(path, std::size_t{1} << 30));
  const auto damaged = [&](std::string_view why) {
    return Error(Code::kCorrupt, fmt::format("{} is damaged: {}; the pack itself is read instead",
                                             path.string(), why));
  };
  constexpr std::size_t kDigest = 32;
  if (bytes.size() < kIndexHead + kDigest || !bytes.starts_with(kIndexMagic))
    return damaged("it is no index");
  const std::string_view body(bytes.data(), bytes.size() - kDigest);
  if (Sha256(body) != std::string_view(bytes).substr(body.size()))
    return damaged("its content has another digest");
  if (Number<std::uint64_t>(bytes.data() + 16) != pack_size)
    return damaged("its pack has another size");
  const auto count = Number<std::uint64_t>(bytes.data() + 24);
  if ((body.size() - kIndexHead) / kIndexEntry != count || (body.size() - kIndexHead) % kIndexEntry)
    return damaged("it has not the records it promises");
  std::vector<PackRecord> records;
  records.reserve(count);
  for (const char* at = bytes.data() + kIndexHead; records.size() < count; at += kIndexEntry) {
    records.push_back({.sha256 = DigestAt(at),
                       .offset = Number<std::uint64_t>(at + 32),
                       .length = Number<std::uint32_t>(at + 40),
                       .mark = Number<std::uint32_t>(at + 44) == 1,
                       .time_millis = Number<std::int64_t>(at + 48)});
  }
  return records;
}

Status WritePackIndex(const files::Path& pack, std::uint64_t pack_size,
                      const std::vector<PackRecord>& records) {
  std::string bytes(kIndexMagic);
  AppendNumber(bytes, pack_size);
  AppendNumber(bytes, std::uint64_t{records.size()});
  for (const auto& record : records) {
    bytes.append(record.sha256.data(), record.sha256.size());
    AppendNumber(bytes, record.offset);
    AppendNumber(bytes, record.length);
    AppendNumber(bytes, std::uint32_t{record.mark ? 1U : 0U});
    AppendNumber(bytes, record.time_millis);
  }
  bytes += Sha256(bytes);
  return files::WriteAtomically(IndexOf(pack), bytes);
}

}  // namespace vams::objects
