#include "objects/local/content.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <mutex>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"
#include "objects/local/chunk_thread.h"
#include "objects/local/part_writer.h"
#include "objects/staged_file.h"
#include "objects/store_rules.h"

namespace vams::objects::local {

namespace {

// Up to here a content is handed over in memory: the blob store knows how to keep small ones.
constexpr std::size_t kSmall = std::size_t{64} << 10;
// What is received, digested and written at a time: small enough to stay in the processors' caches
// until all have had it.
constexpr std::size_t kChunk = std::size_t{512} << 10;
// Chunks in memory: what one of the four is faster at than the others.
constexpr std::size_t kRing = 8;
// Contents that are known to be as large do not go through the page cache.
constexpr std::uint64_t kDirect = std::uint64_t{32} << 20;
// How often a blob may be moved by a collection while it is being opened.
constexpr int kMoves = 5;

// What fails when a disk is full names a temporary file, which tells the sender nothing.
Status Stored(const Status& status) {
  if (status.ok() || status.error().code != Code::kUnavailable) return status;
  return Error(Code::kUnavailable,
               "the disk that holds the contents of objects is full, so nothing was stored; free "
               "some space there and send it again",
               status.error().message);
}

// Fills the buffer; less only at the end.
Result<std::size_t> Fill(OpContext& op, const ByteSource& source, char* to, std::size_t size) {
  std::size_t done = 0;
  while (done < size) {
    TRY_OK(op.Check());
    TRY(const std::size_t count, source(to + done, size - done));
    if (count == 0) break;
    done += count;
  }
  return done;
}

// Stores a content that begins with `first`, and pulls the rest of it.  Receiving, both digests and
// writing go on at the same time, each as fast as it can.
Result<StagedContent> StageLarge(OpContext& op, BlobStore& blobs, std::string_view first,
                                 const ByteSource& source, const ContentExpectation& expected) {
  auto opened = blobs.Stage();
  if (!opened.ok()) TRY_OK(Stored(opened.error()));
  StagedFile file = *std::move(opened);
  StagedContent staged;
  Hasher sha256(HashKind::kSha256);
  Hasher md5(HashKind::kMd5);
  std::vector<ChunkBuffer> ring;  // grows up to kRing
  // Behind what they work with, so that they end first.
  const auto digesting = [](Hasher& hasher) {
    return [&hasher](std::string_view chunk) {
      hasher.Update(chunk);
      return Ok();
    };
  };
  ChunkThread md5_thread(digesting(md5));
  ChunkThread sha256_thread(digesting(sha256));
  PartWriter out(file, expected.size.value_or(0) >= kDirect);
  ChunkThread writer([&out](std::string_view chunk) { return out.Write(chunk); });
  const auto wait_for = [&](std::size_t chunks) -> Status {
    TRY_OK(md5_thread.WaitFor(chunks));
    TRY_OK(sha256_thread.WaitFor(chunks));
    return Stored(writer.WaitFor(chunks));
  };
  std::size_t count = 0;  // of chunks
  for (std::size_t size = kChunk; size == kChunk;) {
    if (count < kRing) ring.emplace_back(kChunk);
    if (count >= kRing) TRY_OK(wait_for(count - kRing + 1));
    ChunkBuffer& chunk = ring[count % kRing];
    const std::size_t begun = count == 0 ? first.size() : 0;
    std::copy_n(first.data(), begun, chunk.data());
    TRY(size, Fill(op, source, chunk.data() + begun, kChunk - begun));
    size += begun;
    if (size == 0) break;
    staged.size += size;
    // Nothing is gained by storing more than may come.
    if (expected.size && staged.size > *expected.size)
      return CheckContent(expected, staged.size, "").error();
    md5_thread.Give(chunk.First(size));
    sha256_thread.Give(chunk.First(size));
    writer.Give(chunk.First(size));
    ++count;
  }
  TRY_OK(wait_for(count));
  staged.sha256 = HexEncode(sha256.Finish());
  staged.md5 = HexEncode(md5.Finish());
  TRY_OK(CheckContent(expected, staged.size, staged.md5));
  TRY_OK(Stored(blobs.AddStaged(std::move(file), {staged.sha256, staged.md5, staged.size})));
  return staged;
}

// The content of a version from its blobs, of which one at a time is open.
class LocalReader final : public ObjectReader {
 public:
  LocalReader(const BlobStore& blobs, VersionInfo info, std::vector<BlobRef> pieces)
      : blobs_(blobs), info_(std::move(info)), pieces_(std::move(pieces)) {
    for (const BlobRef& piece : pieces_) {
      starts_.push_back(size_);
      size_ += piece.size;
    }
  }

  const VersionInfo& info() const override { return info_; }

  Result<std::size_t> ReadAt(OpContext& op, std::uint64_t offset, char* to,
                             std::size_t size) const override {
    std::size_t done = 0;
    while (done < size && offset + done < size_) {
      TRY_OK(op.Check());
      const std::uint64_t at = offset + done;
      const std::size_t piece = PieceAt(at);
      const std::uint64_t inside = at - starts_[piece];
      const auto wanted = static_cast<std::size_t>(
          std::min<std::uint64_t>(size - done, pieces_[piece].size - inside));
      TRY(const auto reader, Piece(piece));
      TRY(const std::size_t count, reader->ReadAt(inside, to + done, wanted));
      if (count < wanted) return Damaged(piece, "is cut off");
      done += count;
    }
    return done;
  }

  std::optional<FileStretch> StretchAt(std::uint64_t offset) const override {
    if (offset >= size_) return std::nullopt;
    const std::size_t index = PieceAt(offset);
    const BlobRef& piece = pieces_[index];
    for (int moves = 0; moves <= kMoves; ++moves) {
      const auto at = blobs_.Locate(piece.sha256);
      // Sealed, gone, or damaged.
      if (!at.ok() || at->length != piece.size) return std::nullopt;
      const int fd = ::open(at->file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
      if (fd >= 0) {
        const std::uint64_t inside = offset - starts_[index];
        return FileStretch{SharedDescriptor(fd), at->offset + inside, at->length - inside};
      }
      if (errno != ENOENT) return std::nullopt;  // else a collection moved it
    }
    return std::nullopt;
  }

  Result<std::shared_ptr<const BlobReader>> Piece(std::size_t index) const {
    {
      const std::lock_guard lock(mutex_);
      if (open_ != nullptr && open_index_ == index) return open_;
    }
    auto opened = blobs_.OpenForReading(pieces_[index].sha256);
    if (!opened.ok() && opened.error().code == Code::kNotFound) return Damaged(index, "is missing");
    if (!opened.ok()) return std::move(opened).error();
    std::shared_ptr<const BlobReader> reader = *std::move(opened);
    const std::lock_guard lock(mutex_);
    open_ = reader;
    open_index_ = index;
    return reader;
  }

 private:
  std::size_t PieceAt(std::uint64_t offset) const {
    return static_cast<std::size_t>(std::ranges::upper_bound(starts_, offset) - starts_.begin() -
                                    1);
  }
  static std::shared_ptr<const int> SharedDescriptor(int fd) {
    return {new int(fd), [](const int* owned) {
              ::close(*owned);
              delete owned;
            }};
  }
  Error Damaged(std::size_t index, std::string_view what) const {
    return Error(
        Code::kCorrupt,
        fmt::format("the content of {} (version {}) cannot be read: its blob {} {}; "
                    "restore it from a backup",
                    Describe(info_.object), info_.version_id, pieces_[index].sha256, what));
  }

  const BlobStore& blobs_;
  const VersionInfo info_;
  const std::vector<BlobRef> pieces_;
  std::vector<std::uint64_t> starts_;
  std::uint64_t size_ = 0;

  mutable std::mutex mutex_;  // guards what follows
  mutable std::shared_ptr<const BlobReader> open_;
  mutable std::size_t open_index_ = 0;
};

}  // namespace

Result<StagedContent> StageContent(OpContext& op, BlobStore& blobs, const ByteSource& source,
                                   const ContentExpectation& expected) {
  std::string first(kSmall + 1, '\0');
  TRY(const std::size_t count, Fill(op, source, first.data(), first.size()));
  if (count > kSmall) return StageLarge(op, blobs, first, source, expected);
  first.resize(count);
  TRY_OK(CheckContent(expected, count, HexEncode(Md5(first))));
  auto info = blobs.AddBytes(first);
  if (!info.ok()) TRY_OK(Stored(info.error()));
  return StagedContent{std::move(info->sha256), std::move(info->md5), info->size};
}

Result<std::vector<Result<StagedContent>>> StageContents(OpContext& op, BlobStore& blobs,
                                                         std::span<const ContentBytes> contents) {
  std::vector<Result<StagedContent>> staged;
  BlobBatch batch(blobs);
  for (const ContentBytes& content : contents) {
    TRY_OK(op.Check());
    BlobInfo info = DigestBytes(content.bytes);
    if (auto fits = CheckContent({.md5 = content.md5}, info.size, info.md5); !fits.ok()) {
      staged.emplace_back(std::move(fits).error());
      continue;
    }
    TRY_OK(Stored(batch.AddBytes(content.bytes, info)));
    staged.emplace_back(StagedContent{std::move(info.sha256), std::move(info.md5), info.size});
  }
  TRY_OK(Stored(batch.Commit()));
  return staged;
}

Result<std::unique_ptr<ObjectReader>> OpenContent(const BlobStore& blobs,
                                                  const ObjectVersion& version) {
  auto pieces = BlobsOf(version);
  std::erase_if(pieces, [](const BlobRef& piece) { return piece.size == 0; });
  auto reader = std::make_unique<LocalReader>(blobs, InfoOf(version), std::move(pieces));
  if (version.size > 0) TRY_OK(reader->Piece(0));
  return std::unique_ptr<ObjectReader>(std::move(reader));
}

}  // namespace vams::objects::local
