#include "objects/local/content.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <mutex>
#include <utility>
#include <vector>

#include "base/encoding.h"
#include "base/hash.h"
#include "objects/local/md5_thread.h"
#include "objects/staged_file.h"
#include "objects/store_rules.h"

namespace vams::objects::local {

namespace {

// Up to here a content is handed over in memory: the blob store knows how to keep small ones.
constexpr std::size_t kSmall = std::size_t{64} << 10;
constexpr std::size_t kChunk = std::size_t{1} << 20;
// Chunks in memory: one is filled while others are digested and written.
constexpr std::size_t kRing = 4;

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

// Stores a content that begins with `first`, and pulls the rest of it.
Result<StagedContent> StageLarge(OpContext& op, BlobStore& blobs, std::string first,
                                 const ByteSource& source, const ContentExpectation& expected) {
  TRY(auto file, StagedFile::Create(blobs.incoming()));
  StagedContent staged;
  Hasher sha256(HashKind::kSha256);
  std::array<std::string, kRing> ring;
  Md5Thread md5;  // behind the ring, whose chunks it reads
  ring[0] = std::move(first);
  for (std::size_t i = 0;; ++i) {
    std::string& chunk = ring[i % kRing];
    if (i > 0) {
      if (i >= kRing) md5.WaitFor(i - kRing + 1);
      chunk.resize(kChunk);
      TRY(const std::size_t count, Fill(op, source, chunk.data(), chunk.size()));
      if (count == 0) break;
      chunk.resize(count);
    }
    staged.size += chunk.size();
    // Nothing is gained by storing more than may come.
    if (expected.size && staged.size > *expected.size) break;
    md5.Update(chunk);
    sha256.Update(chunk);
    TRY_OK(file.Write(chunk));
  }
  staged.sha256 = HexEncode(sha256.Finish());
  staged.md5 = HexEncode(md5.Finish());
  TRY_OK(CheckContent(expected, staged.size, staged.md5));
  TRY_OK(blobs.AddStaged(std::move(file), {staged.sha256, staged.md5, staged.size}));
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
      const auto piece =
          static_cast<std::size_t>(std::ranges::upper_bound(starts_, at) - starts_.begin() - 1);
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
  if (count > kSmall) return StageLarge(op, blobs, std::move(first), source, expected);
  first.resize(count);
  TRY_OK(CheckContent(expected, count, HexEncode(Md5(first))));
  TRY(auto info, blobs.AddBytes(first));
  return StagedContent{std::move(info.sha256), std::move(info.md5), info.size};
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
