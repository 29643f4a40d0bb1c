// Chunks in packs: written once, found by their digest, verified whenever they are read.
// Format: docs/formats/backup.md.
//
// ChunkIndex and ChunkWriter belong to one thread; the writer has one of its own that makes packs
// durable and reads them again.  ChunkReader is thread-safe.  All block on the repository.
#pragma once

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <mutex>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <thread>
#include <unordered_map>
#include <vector>

#include "base/op_context.h"
#include "lifecycle/backup/repository.h"
#include "objects/encryption.h"

namespace vams::lifecycle::backup {

using objects::Digest;

// Of an encrypted repository.
class Keys {
 public:
  explicit Keys(const objects::SecretKey& repository)
      : seal_(repository), ids_(repository.Derive("backup chunk ids")) {}
  const objects::SealKeys& seal() const { return seal_; }
  Digest IdOf(const Digest& sha256) const;

 private:
  objects::SealKeys seal_;
  objects::SecretKey ids_;
};

inline constexpr std::size_t kPieceBytes = std::size_t{8} << 20;
inline constexpr std::uint64_t kPackBytes = std::uint64_t{64} << 20;

// One chunk of a pack, as the pack's table says.
struct ChunkEntry {
  enum class Kind : std::uint8_t { kBytes, kList };
  enum class Method : std::uint8_t { kPlain, kZlib };

  Digest id{};
  std::uint64_t offset = 0, stored = 0, length = 0;
  Kind kind = Kind::kBytes;
  Method method = Method::kPlain;
};

std::string PackName(std::string_view id);
// kCorrupt, saying why, for a file that is not a whole pack.
Result<std::vector<ChunkEntry>> ReadPackTable(Repository& repository, std::string_view pack);

class ChunkIndex {
 public:
  explicit ChunkIndex(const Keys* keys) : keys_(keys) {}

  // Reads the table of every pack; those that cannot be read are handed out and left out.
  Status Load(OpContext& op, Repository& repository,
              const std::function<void(const std::string& pack, const Error& error)>& damaged);

  struct Place {
    std::uint32_t pack = 0;
    ChunkEntry entry;
  };
  const Place* Find(const Digest& sha256) const { return FindId(IdOf(sha256)); }
  const Place* FindId(const Digest& id) const;
  Digest IdOf(const Digest& sha256) const {
    return keys_ != nullptr ? keys_->IdOf(sha256) : sha256;
  }
  const std::string& PackOf(const Place& place) const { return packs_[place.pack]; }
  std::size_t packs() const { return packs_.size(); }
  std::size_t chunks() const { return places_.size(); }

  std::uint32_t AddPack(std::string name);
  // The first place of a chunk counts.
  void Add(std::uint32_t pack, const ChunkEntry& entry) {
    places_.try_emplace(entry.id, pack, entry);
  }

 private:
  const Keys* const keys_;
  std::vector<std::string> packs_;
  std::unordered_map<Digest, Place, objects::DigestHash> places_;
};

// A part of a content that is longer than one chunk.
struct Piece {
  Digest sha256{};
  std::uint64_t length = 0;
};

class ChunkReader {
 public:
  ChunkReader(Repository& repository, const Keys* keys, const ChunkIndex& index)
      : repository_(repository), keys_(keys), index_(index) {}

  // The bytes, which have this digest.  kNotFound or kCorrupt, naming chunk and pack.
  Result<std::string> Read(const Digest& sha256) const;
  // A content of any length, piece by piece.  kCorrupt may come after the last piece.
  using Sink = std::function<Status(std::string_view piece)>;
  Status ReadContent(const Digest& sha256, const Sink& sink) const;
  // The chunks of a content: itself, or what its list says.
  Result<std::vector<Piece>> PiecesOf(const Digest& sha256) const;
  // Whether all of it is there; nothing is read but lists.
  Status Has(const Digest& sha256) const;

 private:
  Result<const ChunkIndex::Place*> Find(const Digest& sha256) const;
  Result<std::string> Open(const ChunkIndex::Place& place, const Digest& sha256) const;
  Error Damaged(const ChunkIndex::Place& place, const Digest& sha256) const;

  Repository& repository_;
  const Keys* const keys_;
  const ChunkIndex& index_;
};

struct WrittenChunks {
  std::uint64_t chunks = 0, bytes = 0, stored = 0, packs = 0;
};

class ChunkWriter {
 public:
  ChunkWriter(Repository& repository, const Keys* keys, ChunkIndex& index, Random& random);
  // Without Finish the pack that is being written is dropped.
  ~ChunkWriter();
  ChunkWriter(const ChunkWriter&) = delete;
  ChunkWriter& operator=(const ChunkWriter&) = delete;

  bool Has(const Digest& sha256) const { return index_.Find(sha256) != nullptr; }
  // Stores the bytes unless they are there; their digest.
  Result<Digest> Add(std::string_view bytes, bool compress);
  // A content that comes from `read`, which fills as much of the buffer as there is.  kCorrupt if
  // it has another digest; what was stored of it then is never referred to.
  using Source = std::function<Result<std::size_t>(char* to, std::size_t size)>;
  Status AddContent(OpContext& op, const Digest& sha256, std::uint64_t length, const Source& read);
  // Copies a chunk as it is stored, also if it is there.
  Status AddStored(const ChunkEntry& entry, const Digest& sha256, std::string_view stored);
  // Everything is durable and was read again.
  Status Finish();

  const WrittenChunks& written() const { return written_; }

 private:
  struct Pack {
    std::string name;
    std::optional<objects::StagedFile> file;
    std::vector<ChunkEntry> entries;
    std::vector<Digest> digests;  // of the entries, in their order
    std::uint64_t size = 0;
    std::uint32_t number = 0;
  };
  Status Append(ChunkEntry entry, const Digest& sha256, std::string_view stored);
  Status AddBytes(const Digest& sha256, std::string_view bytes, ChunkEntry::Kind kind,
                  bool compress);
  Status Begin();
  Status Close();
  Status Settle(Pack& pack);
  void Work();

  Repository& repository_;
  const Keys* const keys_;
  ChunkIndex& index_;
  Random& random_;
  WrittenChunks written_;
  std::optional<Pack> open_;

  std::mutex mutex_;  // guards what follows
  std::condition_variable changed_;
  std::deque<Pack> queue_;
  bool busy_ = false, ending_ = false;
  Status failed_ = Ok();
  std::thread worker_;
};

}  // namespace vams::lifecycle::backup
