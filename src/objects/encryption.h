// Contents sealed for the disk: each under a random key of its own, in chunks that are
// authenticated one by one, so that a part can be read alone and no chunk, length or whole content
// can be exchanged for another.  AES-256-GCM of OpenSSL.  Internal to objects; format:
// docs/formats/blobs.md, "Sealed contents".
//
// SealKeys is immutable and thread-safe; Sealer belongs to one thread; SealedContent is
// thread-safe.  Reading blocks on disk, everything else computes.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/result.h"
#include "objects/pack_file.h"
#include "objects/staged_file.h"

namespace vams::objects {

inline constexpr std::size_t kSealedChunk = std::size_t{64} << 10;  // of plain bytes
inline constexpr std::size_t kSealTag = 16;                         // behind each chunk
inline constexpr std::size_t kKeySize = 32;
// A key under another: nonce, key, tag.
inline constexpr std::size_t kWrappedKeySize = 12 + kKeySize + kSealTag;
// In front of the chunks: magic, length, id of the stack key, wrapped key.
inline constexpr std::size_t kSealHeader = 16 + 8 + 8 + kWrappedKeySize;

// A secret of 256 bits; wiped when it goes.
class SecretKey {
 public:
  static SecretKey Generate(Random& random);
  // Precondition: 32 bytes.
  static SecretKey Of(std::string_view bytes);
  SecretKey(const SecretKey&) = default;
  SecretKey& operator=(const SecretKey&) = default;
  ~SecretKey();

  std::string_view bytes() const { return {bytes_.data(), bytes_.size()}; }
  // A key for one purpose, from which nothing about this one follows.
  SecretKey Derive(std::string_view purpose) const;

 private:
  SecretKey() = default;
  std::array<char, kKeySize> bytes_{};
};

// Names a stack key without telling it: 8 bytes of a keyed hash; shown as 16 hexadecimal digits.
using KeyId = std::array<char, 8>;
KeyId IdOf(const SecretKey& stack_key);
std::string HexOf(const KeyId& id);
std::optional<KeyId> KeyIdFromHex(std::string_view text);

// `context` has to be the same when it is unwrapped.
std::string WrapKey(const SecretKey& under, const SecretKey& key, std::string_view context,
                    Random& random);
// Nothing if it was not wrapped so.
std::optional<SecretKey> UnwrapKey(const SecretKey& under, std::string_view wrapped,
                                   std::string_view context);

// The stack keys of a blob folder: the current one, and those it had before.
class SealKeys {
 public:
  explicit SealKeys(const SecretKey& current);
  void AddPrevious(const SecretKey& key);

  const KeyId& id() const { return keys_.front().id; }
  // The key that wraps keys of contents.  Nothing for the id of another stack.
  const SecretKey* Find(const KeyId& id) const;
  const SecretKey& current() const { return keys_.front().wrapping; }

 private:
  struct Key {
    KeyId id;
    SecretKey wrapping;
  };
  std::vector<Key> keys_;
};

// How long a content is on disk, and the other way round: nothing for a length that no sealed
// content has.
std::uint64_t SealedSize(std::uint64_t plain);
std::optional<std::uint64_t> UnsealedSize(std::uint64_t sealed);
// Both for contents that may be plain (`keys` is nullptr); 0 for an impossible length.
std::uint64_t StoredSize(const SealKeys* keys, std::uint64_t plain);
std::uint64_t ContentSize(const SealKeys* keys, std::uint64_t stored);

// Seals one content while it comes.
class Sealer {
 public:
  explicit Sealer(const SealKeys& keys, Random& random = SystemRandom());
  ~Sealer();
  Sealer(const Sealer&) = delete;
  Sealer& operator=(const Sealer&) = delete;

  // Appends the chunks that are complete.
  void Update(std::string_view plain, std::string& out);
  // Appends the last chunk.
  void Finish(std::string& out);
  // What stands in front of the chunks; after Finish.
  std::string Header(const Digest& digest) const;

 private:
  struct Impl;
  const std::unique_ptr<Impl> impl_;
};

// A content in one piece.
std::string Seal(const SealKeys& keys, const Digest& digest, std::string_view plain);
// Nothing if it is no sealed content of that digest.
std::optional<std::string> Unseal(const SealKeys& keys, const Digest& digest,
                                  std::string_view sealed);
// Whether the bytes are the content, plain or sealed.
bool IsStoredContent(const SealKeys* keys, const Digest& digest, std::string_view stored);

// Parts of a sealed content that lies in a file.
class SealedContent {
 public:
  // kCorrupt if there is no content of that digest, sealed with one of the keys.  `keys` are needed
  // during the call only.
  static Result<std::unique_ptr<SealedContent>> Open(const SealKeys& keys, const Digest& digest,
                                                     InputStream file, std::uint64_t offset,
                                                     std::uint64_t sealed_size);
  ~SealedContent();

  std::uint64_t size() const { return size_; }
  // Fewer bytes than asked for only at the end.  kCorrupt, naming the chunk, if one is not what was
  // sealed; nothing of that chunk is handed out.
  Result<std::size_t> ReadAt(std::uint64_t offset, char* to, std::size_t size) const;

 private:
  // One chunk in the clear, for readers that come with less than a chunk at a time.
  struct Chunk {
    std::uint64_t index;
    std::string bytes;
  };
  class Opener;
  SealedContent(InputStream file, std::uint64_t offset, std::uint64_t size, const SecretKey& key,
                const Digest& digest)
      : file_(std::move(file)), offset_(offset), size_(size), key_(key), digest_(digest) {}

  std::size_t LengthOf(std::uint64_t chunk) const;
  Status ReadChunk(Opener& opener, std::uint64_t chunk, char* to) const;
  Error Damaged(std::uint64_t chunk, std::string_view what) const;

  const InputStream file_;
  const std::uint64_t offset_;  // of the header
  const std::uint64_t size_;
  const SecretKey key_;
  const Digest digest_;

  mutable std::mutex mutex_;  // guards last_
  mutable std::shared_ptr<const Chunk> last_;
};

}  // namespace vams::objects
