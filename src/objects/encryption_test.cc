// Sealed contents: what comes out is what went in, at every boundary, and nothing else ever does.
#include "objects/encryption.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

#include "objects/blob_test_support.h"

namespace vams::objects {
namespace {

using test::Must;
using test::TestKey;
using ::testing::HasSubstr;

constexpr std::uint64_t kOnDisk = kSealedChunk + kSealTag;

std::string RandomBytes(std::size_t size, unsigned seed) {
  std::mt19937 random(seed);
  std::string bytes(size, '\0');
  for (char& c : bytes) c = static_cast<char>(random());
  return bytes;
}

class SealedContentTest : public ::testing::Test {
 protected:
  // Opens what lies in a file behind `offset` other bytes.
  Result<std::unique_ptr<SealedContent>> OpenAt(std::string_view sealed, const Digest& digest,
                                                std::uint64_t offset = 0) {
    const auto path =
        test::Put(temp_.path() / "file", std::string(offset, '-').append(sealed).append("behind"));
    return SealedContent::Open(keys_, digest, Must(InputStream::Open(path)), offset, sealed.size());
  }
  Result<std::string> ReadAll(std::string_view sealed, const Digest& digest) {
    TRY(const auto content, OpenAt(sealed, digest));
    std::string plain(content->size() + 1, '\0');
    TRY(const auto count, content->ReadAt(0, plain.data(), plain.size()));
    plain.resize(count);
    return plain;
  }
  std::string SealOf(std::string_view plain) { return Seal(keys_, DigestOf(plain), plain); }

  const files::TempFolder temp_ = test::MakeTemp();
  const SealKeys keys_{TestKey()};
};

TEST_F(SealedContentTest, SizesAreOneToOne) {
  for (const std::uint64_t around : {std::uint64_t{0}, std::uint64_t{kSealedChunk},
                                     std::uint64_t{7 * kSealedChunk}, std::uint64_t{5} << 40})
    for (std::uint64_t plain = around < 40 ? 0 : around - 40; plain < around + 40; ++plain) {
      EXPECT_EQ(UnsealedSize(SealedSize(plain)), plain);
      EXPECT_EQ(ContentSize(&keys_, StoredSize(&keys_, plain)), plain);
      EXPECT_EQ(ContentSize(nullptr, StoredSize(nullptr, plain)), plain);
    }
  EXPECT_EQ(SealedSize(0), kSealHeader);
  EXPECT_EQ(UnsealedSize(kSealHeader - 1), std::nullopt);
  // A chunk has a byte at least, besides its tag.
  for (std::uint64_t tail = 1; tail <= kSealTag; ++tail) {
    EXPECT_EQ(UnsealedSize(kSealHeader + tail), std::nullopt) << tail;
    EXPECT_EQ(UnsealedSize(kSealHeader + 3 * kOnDisk + tail), std::nullopt) << tail;
  }
}

TEST_F(SealedContentTest, NothingShowsAndNoTwoAreAlike) {
  const std::string plain(200'000, 'p');

  const std::string one = SealOf(plain), two = SealOf(plain);

  EXPECT_EQ(one.size(), SealedSize(plain.size()));
  EXPECT_EQ(one.find("pppp"), std::string::npos);
  EXPECT_NE(one.substr(kSealHeader), two.substr(kSealHeader));
  EXPECT_EQ(Unseal(keys_, DigestOf(plain), one), plain);
  EXPECT_EQ(Unseal(keys_, DigestOf(plain), two), plain);
}

// However the bytes come, the chunks are the same in number and place.
TEST_F(SealedContentTest, ComesInPiecesOfAnySize) {
  constexpr unsigned kSeed = 11;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  const std::string plain = RandomBytes(5 * kSealedChunk / 2, kSeed);
  for (int round = 0; round < 20; ++round) {
    Sealer sealer(keys_);
    std::string sealed(kSealHeader, '\0');
    for (std::string_view rest = plain; !rest.empty();) {
      const auto piece = rest.substr(0, random() % (round % 2 == 0 ? 9'000 : 150'000));
      sealer.Update(piece, sealed);
      rest.remove_prefix(piece.size());
    }
    sealer.Finish(sealed);
    sealed.replace(0, kSealHeader, sealer.Header(DigestOf(plain)));
    ASSERT_EQ(Unseal(keys_, DigestOf(plain), sealed), plain) << "round " << round;
  }
}

// Every start and length around every boundary, and random ones, against the plain bytes.
TEST_F(SealedContentTest, RangesAreThoseOfThePlainContent) {
  constexpr unsigned kSeed = 4;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kSealedChunk - 1, kSealedChunk,
                                 kSealedChunk + 1, 3 * kSealedChunk, 3 * kSealedChunk + 77}) {
    const std::string plain = RandomBytes(size, kSeed);
    const auto content = Must(OpenAt(SealOf(plain), DigestOf(plain), 1000));
    ASSERT_EQ(content->size(), size);
    std::vector<std::uint64_t> edges{0, size};
    for (std::uint64_t at = 0; at <= size + kSealedChunk; at += kSealedChunk)
      for (const std::uint64_t edge : {at - 1, at, at + 1})
        if (edge <= size + 1) edges.push_back(edge);
    std::vector<std::pair<std::uint64_t, std::uint64_t>> ranges;
    for (const auto from : edges)
      for (const auto to : edges)
        if (from <= to) ranges.emplace_back(from, to - from);
    for (int i = 0; i < 200; ++i)
      ranges.emplace_back(random() % (size + 2), random() % (size / (1 + random() % 50) + 2));
    std::string part(size + 2, '\0');
    for (const auto& [from, length] : ranges) {
      const auto count = Must(content->ReadAt(from, part.data(), length));
      const auto expected =
          from >= size ? std::string_view() : std::string_view(plain).substr(from, length);
      ASSERT_EQ(std::string_view(part).substr(0, count), expected)
          << "size " << size << ", from " << from << ", length " << length;
    }
  }
}

// Header, chunk and tag: there is no byte that may be another.
TEST_F(SealedContentTest, EveryChangedByteIsNoticed) {
  const std::string plain = "content";
  const std::string sealed = SealOf(plain);
  for (std::size_t at = 0; at < sealed.size(); ++at) {
    std::string changed = sealed;
    changed[at] = static_cast<char>(changed[at] ^ 1);
    const auto read = ReadAll(changed, DigestOf(plain));
    ASSERT_FALSE(read.ok()) << "byte " << at;
    EXPECT_EQ(read.error().code, Code::kCorrupt);
    EXPECT_FALSE(Unseal(keys_, DigestOf(plain), changed));
  }
}

TEST_F(SealedContentTest, CutOffGrownReorderedAndExchangedContentsAreNoticed) {
  const std::string plain = RandomBytes(4 * kSealedChunk, 1),
                    other = RandomBytes(4 * kSealedChunk, 2);
  const std::string sealed = SealOf(plain), foreign = SealOf(other);
  const auto chunk = [](std::uint64_t n) { return kSealHeader + n * kOnDisk; };
  std::string reordered = sealed, doubled = sealed, exchanged = sealed, body = sealed;
  reordered.replace(chunk(1), kOnDisk, sealed, chunk(2), kOnDisk);
  reordered.replace(chunk(2), kOnDisk, sealed, chunk(1), kOnDisk);
  doubled.replace(chunk(1), kOnDisk, sealed, chunk(0), kOnDisk);
  exchanged.replace(chunk(1), kOnDisk, foreign, chunk(1), kOnDisk);
  body.replace(kSealHeader, std::string::npos, foreign, kSealHeader, std::string::npos);
  // A header that tells a shorter length, with as many chunks.
  std::string shorter = sealed.substr(0, chunk(3));
  const std::uint64_t size = 3 * kSealedChunk;
  shorter.replace(16, 8, reinterpret_cast<const char*>(&size), 8);
  const std::pair<const char*, std::string> cases[] = {
      {"a byte less", sealed.substr(0, sealed.size() - 1)},
      {"a chunk less", sealed.substr(0, chunk(3))},
      {"nothing", ""},
      {"half a header", sealed.substr(0, 40)},
      {"a byte more", sealed + "x"},
      {"a chunk more", sealed + sealed.substr(chunk(3))},
      {"chunks in another order", reordered},
      {"a chunk twice", doubled},
      {"a chunk of another content", exchanged},
      {"all chunks of another content", body},
      {"another content", foreign},
      {"another length in the header", shorter}};
  for (const auto& [what, bytes] : cases) {
    const auto read = ReadAll(bytes, DigestOf(plain));
    ASSERT_FALSE(read.ok()) << what;
    EXPECT_EQ(read.error().code, Code::kCorrupt) << what;
    EXPECT_THAT(read.error().message, HasSubstr(HexOf(DigestOf(plain)))) << what;
    EXPECT_FALSE(Unseal(keys_, DigestOf(plain), bytes)) << what;
  }
  EXPECT_EQ(Must(ReadAll(foreign, DigestOf(other))), other);
}

TEST_F(SealedContentTest, NamesTheDamagedChunkAndReadsTheOthers) {
  const std::string plain = RandomBytes(3 * kSealedChunk + 5, 3);
  std::string sealed = SealOf(plain);
  sealed[kSealHeader + kOnDisk + 100] ^= 1;
  const auto content = Must(OpenAt(sealed, DigestOf(plain)));
  std::string bytes(plain.size(), '-');

  const auto damaged = content->ReadAt(0, bytes.data(), bytes.size());

  ASSERT_FALSE(damaged.ok());
  EXPECT_THAT(damaged.error().message, HasSubstr("chunk 1 (bytes 65536 to 131072)"));
  // Not even the caller's memory has what did not prove itself.
  EXPECT_EQ(bytes.substr(kSealedChunk, kSealedChunk), std::string(kSealedChunk, '\0'));
  EXPECT_FALSE(content->ReadAt(kSealedChunk + 10, bytes.data(), 10).ok());
  EXPECT_EQ(Must(content->ReadAt(0, bytes.data(), kSealedChunk)), kSealedChunk);
  EXPECT_EQ(Must(content->ReadAt(2 * kSealedChunk, bytes.data(), bytes.size())), kSealedChunk + 5);
  EXPECT_EQ(bytes.substr(0, kSealedChunk + 5), plain.substr(2 * kSealedChunk));
}

TEST_F(SealedContentTest, ContentsUnderAPreviousKeyStayReadable) {
  const std::string sealed = SealOf("content");
  const SealKeys alone(TestKey('n'));
  SealKeys both(TestKey('n'));
  both.AddPrevious(TestKey());

  EXPECT_FALSE(Unseal(alone, DigestOf("content"), sealed));
  EXPECT_EQ(Unseal(both, DigestOf("content"), sealed), "content");
  const std::string fresh = Seal(both, DigestOf("content"), "content");
  EXPECT_FALSE(Unseal(keys_, DigestOf("content"), fresh)) << "sealed with the current key";
  EXPECT_EQ(Unseal(alone, DigestOf("content"), fresh), "content");
}

TEST(WrappedKeyTest, OpensUnderTheSameKeyForTheSamePurpose) {
  const SecretKey under = TestKey('u'), key = TestKey('s');
  const std::string wrapped = WrapKey(under, key, "purpose", SystemRandom());

  EXPECT_EQ(wrapped.size(), kWrappedKeySize);
  EXPECT_EQ(UnwrapKey(under, wrapped, "purpose")->bytes(), key.bytes());
  EXPECT_FALSE(UnwrapKey(under, wrapped, "another"));
  EXPECT_FALSE(UnwrapKey(key, wrapped, "purpose"));
  EXPECT_FALSE(UnwrapKey(under, wrapped.substr(1), "purpose"));
}

TEST(KeyIdTest, NamesAKeyAndReadsBack) {
  EXPECT_EQ(HexOf(IdOf(TestKey())), HexOf(IdOf(TestKey())));
  EXPECT_NE(HexOf(IdOf(TestKey('a'))), HexOf(IdOf(TestKey('b'))));
  EXPECT_EQ(KeyIdFromHex(HexOf(IdOf(TestKey()))), IdOf(TestKey()));
  EXPECT_FALSE(KeyIdFromHex("12"));
  EXPECT_FALSE(KeyIdFromHex("not hexadecimal!"));
}

}  // namespace
}  // namespace vams::objects
