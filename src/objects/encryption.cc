#include "objects/encryption.h"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <algorithm>
#include <cstring>

#include "base/encoding.h"
#include "base/hash.h"

namespace vams::objects {

namespace {

constexpr std::string_view kMagic("vams-sealed 1\n\0\0", 16);
constexpr std::size_t kNonce = 12;
constexpr std::size_t kSizeAt = 16, kKeyIdAt = 24, kWrappedAt = 32;
constexpr std::size_t kSealedChunkSize = kSealedChunk + kSealTag;
static_assert(kWrappedAt + kWrappedKeySize == kSealHeader);

using Nonce = std::array<char, kNonce>;

unsigned char* Bytes(char* at) { return reinterpret_cast<unsigned char*>(at); }
const unsigned char* Bytes(const char* at) { return reinterpret_cast<const unsigned char*>(at); }

// Looked up once: that takes locks and longer than a small chunk.
const EVP_CIPHER* Cipher() {
  static EVP_CIPHER* const cipher = EVP_CIPHER_fetch(nullptr, "AES-256-GCM", nullptr);
  VAMS_CHECK(cipher != nullptr);
  return cipher;
}

// AES-256-GCM under one key, in one direction.  A nonce is never used twice for sealing.
class Gcm {
 public:
  Gcm(const SecretKey& key, bool seal) : context_(EVP_CIPHER_CTX_new()) {
    VAMS_CHECK(context_ != nullptr);
    VAMS_CHECK(EVP_CipherInit_ex2(context_, Cipher(), Bytes(key.bytes().data()), nullptr,
                                  seal ? 1 : 0, nullptr) == 1);
  }
  ~Gcm() { EVP_CIPHER_CTX_free(context_); }
  Gcm(const Gcm&) = delete;
  Gcm& operator=(const Gcm&) = delete;

  // `to` takes the bytes and the tag.
  void Seal(const Nonce& nonce, std::string_view context, std::string_view plain, char* to) {
    Begin(nonce, context);
    VAMS_CHECK(Run(plain, to));
    VAMS_CHECK(EVP_CipherFinal_ex(context_, Bytes(to), &moved_) == 1);
    VAMS_CHECK(EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_GET_TAG, kSealTag, to + plain.size()) ==
               1);
  }
  // `sealed` ends with the tag.  What was written to `to` is good only if this is true.
  bool Open(const Nonce& nonce, std::string_view context, std::string_view sealed, char* to) {
    if (sealed.size() < kSealTag) return false;
    Begin(nonce, context);
    std::array<char, kSealTag> tag;
    const auto body = sealed.substr(0, sealed.size() - kSealTag);
    std::memcpy(tag.data(), sealed.data() + body.size(), tag.size());
    char none = 0;
    return EVP_CIPHER_CTX_ctrl(context_, EVP_CTRL_AEAD_SET_TAG, kSealTag, tag.data()) == 1 &&
           Run(body, to) && EVP_CipherFinal_ex(context_, Bytes(&none), &moved_) == 1;
  }

 private:
  void Begin(const Nonce& nonce, std::string_view context) {
    VAMS_CHECK(EVP_CipherInit_ex2(context_, nullptr, nullptr, Bytes(nonce.data()), -1, nullptr) ==
               1);
    if (!context.empty())
      VAMS_CHECK(EVP_CipherUpdate(context_, nullptr, &moved_, Bytes(context.data()),
                                  static_cast<int>(context.size())) == 1);
  }
  bool Run(std::string_view from, char* to) {
    return from.empty() || EVP_CipherUpdate(context_, Bytes(to), &moved_, Bytes(from.data()),
                                            static_cast<int>(from.size())) == 1;
  }

  EVP_CIPHER_CTX* const context_;
  int moved_ = 0;
};

// The key of a content is used for its chunks alone, so their numbers are nonces.
Nonce NonceOf(std::uint64_t chunk) {
  Nonce nonce{};
  std::memcpy(nonce.data(), &chunk, sizeof chunk);
  return nonce;
}

std::string Hmac(const SecretKey& key, std::string_view text) {
  std::string out(kKeySize, '\0');
  unsigned int size = 0;
  VAMS_CHECK(HMAC(EVP_sha256(), key.bytes().data(), static_cast<int>(kKeySize), Bytes(text.data()),
                  text.size(), Bytes(out.data()), &size) != nullptr &&
             size == kKeySize);
  return out;
}

std::uint64_t ChunksOf(std::uint64_t plain) { return (plain + kSealedChunk - 1) / kSealedChunk; }

std::size_t ChunkLength(std::uint64_t size, std::uint64_t chunk) {
  return static_cast<std::size_t>(
      std::min<std::uint64_t>(kSealedChunk, size - chunk * kSealedChunk));
}

// What the wrapped key of a content is bound to: its length, the stack key and its digest.
std::string ContextOf(std::string_view header, const Digest& digest) {
  return std::string(header.substr(0, kWrappedAt)).append(digest.data(), digest.size());
}

struct Header {
  std::uint64_t size = 0;
  SecretKey key;
};

// Why it is none.
std::expected<Header, std::string_view> ReadHeader(const SealKeys& keys, const Digest& digest,
                                                   std::string_view header,
                                                   std::uint64_t sealed_size) {
  if (header.size() < kSealHeader || !header.starts_with(kMagic))
    return std::unexpected("it is not encrypted");
  std::uint64_t size = 0;
  std::memcpy(&size, header.data() + kSizeAt, sizeof size);
  if (UnsealedSize(sealed_size) != size) return std::unexpected("it has another length");
  KeyId id;
  std::memcpy(id.data(), header.data() + kKeyIdAt, id.size());
  const SecretKey* const wrapping = keys.Find(id);
  if (wrapping == nullptr) return std::unexpected("it is encrypted with the key of another stack");
  auto key =
      UnwrapKey(*wrapping, header.substr(kWrappedAt, kWrappedKeySize), ContextOf(header, digest));
  if (!key) return std::unexpected("its header is damaged or that of another content");
  return Header{size, *std::move(key)};
}

}  // namespace

// ---- Keys ----

SecretKey SecretKey::Generate(Random& random) {
  SecretKey key;
  random.Fill(key.bytes_.data(), key.bytes_.size());
  return key;
}

SecretKey SecretKey::Of(std::string_view bytes) {
  VAMS_CHECK(bytes.size() == kKeySize);
  SecretKey key;
  std::memcpy(key.bytes_.data(), bytes.data(), kKeySize);
  return key;
}

SecretKey::~SecretKey() { OPENSSL_cleanse(bytes_.data(), bytes_.size()); }

SecretKey SecretKey::Derive(std::string_view purpose) const {
  std::string bytes = Hmac(*this, purpose);
  SecretKey key = Of(bytes);
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

KeyId IdOf(const SecretKey& stack_key) {
  const std::string hash = Hmac(stack_key, "vams stack key: name");
  KeyId id;
  std::memcpy(id.data(), hash.data(), id.size());
  return id;
}

std::string HexOf(const KeyId& id) { return HexEncode({id.data(), id.size()}); }

std::optional<KeyId> KeyIdFromHex(std::string_view text) {
  const auto bytes = HexDecode(text);
  KeyId id;
  if (!bytes || bytes->size() != id.size()) return std::nullopt;
  std::memcpy(id.data(), bytes->data(), id.size());
  return id;
}

std::string WrapKey(const SecretKey& under, const SecretKey& key, std::string_view context,
                    Random& random) {
  std::string wrapped(kWrappedKeySize, '\0');
  Nonce nonce;
  random.Fill(nonce.data(), nonce.size());
  std::memcpy(wrapped.data(), nonce.data(), nonce.size());
  Gcm(under, true).Seal(nonce, context, key.bytes(), wrapped.data() + kNonce);
  return wrapped;
}

std::optional<SecretKey> UnwrapKey(const SecretKey& under, std::string_view wrapped,
                                   std::string_view context) {
  if (wrapped.size() != kWrappedKeySize) return std::nullopt;
  Nonce nonce;
  std::memcpy(nonce.data(), wrapped.data(), nonce.size());
  std::array<char, kKeySize> bytes;
  std::optional<SecretKey> key;
  if (Gcm(under, false).Open(nonce, context, wrapped.substr(kNonce), bytes.data()))
    key = SecretKey::Of({bytes.data(), bytes.size()});
  OPENSSL_cleanse(bytes.data(), bytes.size());
  return key;
}

SealKeys::SealKeys(const SecretKey& current) { AddPrevious(current); }

void SealKeys::AddPrevious(const SecretKey& key) {
  keys_.push_back({IdOf(key), key.Derive("vams stack key: contents")});
}

const SecretKey* SealKeys::Find(const KeyId& id) const {
  for (const Key& key : keys_)
    if (key.id == id) return &key.wrapping;
  return nullptr;
}

// ---- Sizes ----

std::uint64_t SealedSize(std::uint64_t plain) {
  return kSealHeader + plain + ChunksOf(plain) * kSealTag;
}

std::optional<std::uint64_t> UnsealedSize(std::uint64_t sealed) {
  if (sealed < kSealHeader) return std::nullopt;
  const std::uint64_t body = sealed - kSealHeader;
  const std::uint64_t tags = (body + kSealedChunkSize - 1) / kSealedChunkSize * kSealTag;
  if (body < tags || SealedSize(body - tags) != sealed) return std::nullopt;
  return body - tags;
}

std::uint64_t StoredSize(const SealKeys* keys, std::uint64_t plain) {
  return keys == nullptr ? plain : SealedSize(plain);
}

std::uint64_t ContentSize(const SealKeys* keys, std::uint64_t stored) {
  return keys == nullptr ? stored : UnsealedSize(stored).value_or(0);
}

// ---- Sealing ----

struct Sealer::Impl {
  Impl(const SealKeys& seal_keys, Random& source)
      : keys(seal_keys), random(source), key(SecretKey::Generate(source)), gcm(key, true) {}

  void Chunk(std::string_view plain, std::string& out) {
    const std::size_t at = out.size();
    out.resize(at + plain.size() + kSealTag);
    gcm.Seal(NonceOf(chunk++), {}, plain, out.data() + at);
    size += plain.size();
  }

  const SealKeys& keys;
  Random& random;
  const SecretKey key;
  Gcm gcm;
  std::uint64_t chunk = 0, size = 0;
  std::string rest;  // less than a chunk
};

Sealer::Sealer(const SealKeys& keys, Random& random)
    : impl_(std::make_unique<Impl>(keys, random)) {}
Sealer::~Sealer() = default;

void Sealer::Update(std::string_view plain, std::string& out) {
  std::string& rest = impl_->rest;
  if (!rest.empty()) {
    const std::size_t take = std::min(kSealedChunk - rest.size(), plain.size());
    rest += plain.substr(0, take);
    plain.remove_prefix(take);
    if (rest.size() < kSealedChunk) return;
    impl_->Chunk(rest, out);
    rest.clear();
  }
  for (; plain.size() >= kSealedChunk; plain.remove_prefix(kSealedChunk))
    impl_->Chunk(plain.substr(0, kSealedChunk), out);
  rest = plain;
}

void Sealer::Finish(std::string& out) {
  if (!impl_->rest.empty()) impl_->Chunk(impl_->rest, out);
  impl_->rest.clear();
}

std::string Sealer::Header(const Digest& digest) const {
  std::string header(kMagic);
  header.append(reinterpret_cast<const char*>(&impl_->size), sizeof impl_->size);
  header.append(impl_->keys.id().data(), impl_->keys.id().size());
  header += WrapKey(impl_->keys.current(), impl_->key, ContextOf(header, digest), impl_->random);
  return header;
}

std::string Seal(const SealKeys& keys, const Digest& digest, std::string_view plain) {
  Sealer sealer(keys);
  std::string out(kSealHeader, '\0');
  out.reserve(SealedSize(plain.size()));
  sealer.Update(plain, out);
  sealer.Finish(out);
  out.replace(0, kSealHeader, sealer.Header(digest));
  return out;
}

// ---- Opening ----

std::optional<std::string> Unseal(const SealKeys& keys, const Digest& digest,
                                  std::string_view sealed) {
  const auto header = ReadHeader(keys, digest, sealed, sealed.size());
  if (!header) return std::nullopt;
  std::string plain(header->size, '\0');
  Gcm gcm(header->key, false);
  sealed.remove_prefix(kSealHeader);
  for (std::uint64_t chunk = 0; chunk < ChunksOf(plain.size()); ++chunk) {
    const std::size_t length = ChunkLength(plain.size(), chunk) + kSealTag;
    if (!gcm.Open(NonceOf(chunk), {}, sealed.substr(0, length),
                  plain.data() + chunk * kSealedChunk))
      return std::nullopt;
    sealed.remove_prefix(length);
  }
  return plain;
}

bool IsStoredContent(const SealKeys* keys, const Digest& digest, std::string_view stored) {
  if (keys == nullptr) return DigestOf(stored) == digest;
  const auto plain = Unseal(*keys, digest, stored);
  return plain && DigestOf(*plain) == digest;
}

Result<std::unique_ptr<SealedContent>> SealedContent::Open(const SealKeys& keys,
                                                           const Digest& digest, InputStream file,
                                                           std::uint64_t offset,
                                                           std::uint64_t sealed_size) {
  std::string bytes(kSealHeader, '\0');
  std::size_t have = 0;
  while (have < bytes.size()) {
    TRY(const std::size_t count,
        file.ReadAt(offset + have, bytes.data() + have, bytes.size() - have));
    if (count == 0) break;
    have += count;
  }
  bytes.resize(have);
  const auto header = ReadHeader(keys, digest, bytes, sealed_size);
  if (!header)
    return Error(Code::kCorrupt, fmt::format("the blob {} in {} cannot be opened: {}; restore it "
                                             "from a backup",
                                             HexOf(digest), file.path().string(), header.error()));
  return std::unique_ptr<SealedContent>(
      new SealedContent(std::move(file), offset, header->size, header->key, digest));
}

SealedContent::~SealedContent() = default;

// What one call needs: the cipher, and room for a chunk as it lies on disk.
class SealedContent::Opener {
 public:
  explicit Opener(const SecretKey& key)
      : gcm(key, false), sealed(std::make_unique_for_overwrite<char[]>(kSealedChunkSize)) {}
  Gcm gcm;
  const std::unique_ptr<char[]> sealed;
};

std::size_t SealedContent::LengthOf(std::uint64_t chunk) const { return ChunkLength(size_, chunk); }

Error SealedContent::Damaged(std::uint64_t chunk, std::string_view what) const {
  return Error(Code::kCorrupt,
               fmt::format("the blob {} is damaged: its chunk {} (bytes {} to {}) {}; restore {} "
                           "from a backup",
                           HexOf(digest_), chunk, chunk * kSealedChunk,
                           chunk * kSealedChunk + LengthOf(chunk), what, file_.path().string()));
}

Status SealedContent::ReadChunk(Opener& opener, std::uint64_t chunk, char* to) const {
  const std::size_t length = LengthOf(chunk) + kSealTag;
  for (std::size_t have = 0; have < length;) {
    TRY(const std::size_t count,
        file_.ReadAt(offset_ + kSealHeader + chunk * kSealedChunkSize + have,
                     opener.sealed.get() + have, length - have));
    if (count == 0) return Damaged(chunk, "is cut off");
    have += count;
  }
  if (opener.gcm.Open(NonceOf(chunk), {}, {opener.sealed.get(), length}, to)) return Ok();
  // What does not prove itself is nobody's to see.
  OPENSSL_cleanse(to, length - kSealTag);
  return Damaged(chunk, "is not what was encrypted");
}

Result<std::size_t> SealedContent::ReadAt(std::uint64_t offset, char* to, std::size_t size) const {
  if (offset >= size_) return std::size_t{0};
  size = static_cast<std::size_t>(std::min<std::uint64_t>(size, size_ - offset));
  std::optional<Opener> opener;
  for (std::size_t done = 0; done < size;) {
    const std::uint64_t chunk = (offset + done) / kSealedChunk;
    const std::size_t inside = (offset + done) % kSealedChunk;
    const std::size_t length = LengthOf(chunk);
    if (inside == 0 && size - done >= length) {
      if (!opener) opener.emplace(key_);
      TRY_OK(ReadChunk(*opener, chunk, to + done));
      done += length;
      continue;
    }
    std::shared_ptr<const Chunk> part;
    {
      const std::lock_guard lock(mutex_);
      part = last_;
    }
    if (part == nullptr || part->index != chunk) {
      if (!opener) opener.emplace(key_);
      auto fresh = std::make_shared<Chunk>(Chunk{chunk, std::string(length, '\0')});
      TRY_OK(ReadChunk(*opener, chunk, fresh->bytes.data()));
      part = std::move(fresh);
      const std::lock_guard lock(mutex_);
      last_ = part;
    }
    const std::size_t count = std::min(length - inside, size - done);
    std::memcpy(to + done, part->bytes.data() + inside, count);
    done += count;
  }
  return size;
}

}  // namespace vams::objects
