// Small contents in packs: what is on disk, other processes, crashes' remains.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>
#include <thread>

#include "objects/blob_test_support.h"
#include "objects/pack_file.h"

namespace vams::objects {
namespace {

using test::ContentOf;
using test::Must;
using test::PacksIn;
using test::Sha;
using test::Slurp;

class BlobPackTest : public ::testing::Test {
 protected:
  files::Path Folder() const { return temp_.path() / "blobs"; }
  std::unique_ptr<BlobStore> Open(BlobStoreOptions options = {}) const {
    return Must(BlobStore::Open(Folder(), options));
  }
  files::Path OnlyPack() const {
    const auto packs = PacksIn(Folder(), ".pack");
    EXPECT_EQ(packs.size(), 1u);
    return packs.at(0);
  }
  static bool Has(const BlobStore& store, std::string_view content) {
    return Must(store.Has(Sha(content)));
  }

  const files::TempFolder temp_ = test::MakeTemp();
};

TEST_F(BlobPackTest, KeepsSmallContentsTogetherAndLargeOnesApart) {
  const auto store = Open();
  const std::string below((64 << 10) - 1, 'b'), at(64 << 10, 'a');

  Must(store->AddBytes("small"));
  Must(store->AddBytes(""));
  Must(store->AddFile(test::Put(temp_.path() / "below", below)));
  Must(store->AddFile(test::Put(temp_.path() / "at", at)));

  EXPECT_EQ(PacksIn(Folder(), ".pack").size(), 1u);
  EXPECT_TRUE(std::filesystem::exists(Must(store->PathOf(Sha(at)))));
  EXPECT_FALSE(std::filesystem::exists(Must(store->PathOf(Sha(below)))));
  for (const std::string& content : {std::string("small"), std::string(), below, at}) {
    EXPECT_EQ(ContentOf(*store, Sha(content)), content);
    EXPECT_EQ(Must(store->Size(Sha(content))), content.size());
  }
}

// The format on disk is read by releases to come.
TEST_F(BlobPackTest, WritesRecordsAsDocumented) {
  test::SetClock clock;
  Must(Open({.clock = &clock})->AddBytes("content"));

  const std::string pack = Slurp(OnlyPack());

  ASSERT_EQ(pack.size(), 16u + 64 + 8);
  EXPECT_EQ(pack.substr(0, 16), std::string("vams-pack 1\n\0\0\0\0", 16));
  EXPECT_EQ(pack.substr(16, 8), std::string("VBRC\7\0\0\0", 8));
  std::int64_t time = 0;
  memcpy(&time, pack.data() + 24, 8);
  EXPECT_EQ(time, clock.NowMillis());
  EXPECT_EQ(pack.substr(32, 8), std::string("\x10\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(pack.substr(40, 32), Sha256("content"));
  EXPECT_EQ(pack.substr(80), std::string("content\0", 8));
}

TEST_F(BlobPackTest, LocatesTheBytesOfAPackedBlob) {
  const auto store = Open();
  Must(store->AddBytes("first"));
  Must(store->AddBytes("second"));

  const auto at = Must(store->Locate(Sha("second")));

  EXPECT_TRUE(at.packed);
  EXPECT_EQ(Slurp(at.file).substr(at.offset, at.length), "second");
  const auto reader = Must(store->OpenForReading(Sha("first")));
  char bytes[16];
  EXPECT_EQ(Must(reader->ReadAt(1, bytes, sizeof bytes)), 4u);
  EXPECT_EQ(std::string_view(bytes, 4), "irst");
}

TEST_F(BlobPackTest, KeepsOneOfEqualContents) {
  const auto store = Open();
  Must(store->AddBytes("same"));
  const auto size = std::filesystem::file_size(OnlyPack());

  Must(store->AddBytes("same"));
  Must(Open()->AddBytes("same"));

  EXPECT_EQ(std::filesystem::file_size(OnlyPack()), size);
}

TEST_F(BlobPackTest, AFolderWithoutPacksStaysReadableAndIsRaisedByTheFirstPack) {
  test::Put(Folder() / "format", "vams-blobs 1\n");
  Must(Open({.pack_below = 0})->AddBytes("old"));
  EXPECT_EQ(Slurp(Folder() / "format"), "vams-blobs 1\n");

  const auto store = Open();
  Must(store->AddBytes("old"));
  EXPECT_EQ(Slurp(Folder() / "format"), "vams-blobs 1\n");
  Must(store->AddBytes("new"));

  EXPECT_EQ(Slurp(Folder() / "format"), "vams-blobs 2\n");
  EXPECT_EQ(ContentOf(*store, Sha("old")), "old");
}

// Two objects are to each other what two processes are: they share nothing but the folder.
TEST_F(BlobPackTest, AnotherProcessSeesAPackGrow) {
  const auto writer = Open();
  const auto reader = Open();
  Must(writer->AddBytes("one"));
  EXPECT_EQ(ContentOf(*reader, Sha("one")), "one");

  Must(writer->AddBytes("two"));

  EXPECT_EQ(ContentOf(*reader, Sha("two")), "two");
  Must(reader->AddBytes("three"));
  EXPECT_EQ(PacksIn(Folder(), ".pack").size(), 2u);
  EXPECT_EQ(ContentOf(*writer, Sha("three")), "three");
}

TEST_F(BlobPackTest, SealsAPackAtItsSizeAndReadsItsIndex) {
  const BlobStoreOptions options{.seal_at = 1000};
  {
    const auto store = Open(options);
    for (int i = 0; i < 30; ++i) Must(store->AddBytes(fmt::format("content {}", i)));
  }
  EXPECT_GE(PacksIn(Folder(), ".index").size(), 2u);

  const auto store = Open(options);

  for (int i = 0; i < 30; ++i) EXPECT_TRUE(Has(*store, fmt::format("content {}", i))) << i;
}

// An index saves time and decides nothing.
TEST_F(BlobPackTest, ADamagedOrMissingIndexIsMadeUpForByThePack) {
  const BlobStoreOptions options{.seal_at = 100};
  Must(Open(options)->AddBytes("one"));
  Must(Open(options)->AddBytes("two"));
  const auto indexes = PacksIn(Folder(), ".index");
  for (const auto& index : indexes) test::Overwrite(index, 40, "damage");
  EXPECT_TRUE(Has(*Open(), "one"));
  for (const auto& index : indexes) std::filesystem::remove(index);

  EXPECT_TRUE(Has(*Open(), "one"));
  EXPECT_TRUE(Has(*Open(), "two"));
}

TEST_F(BlobPackTest, AWriterGoesOnWithAWholePack) {
  Must(Open()->AddBytes("one"));

  Must(Open()->AddBytes("two"));

  OnlyPack();
  EXPECT_TRUE(Has(*Open(), "one"));
  EXPECT_TRUE(Has(*Open(), "two"));
}

// A power failure during a group leaves any mixture of its pages.  Every length of what is left of
// the second record, and every damaged byte of it, must leave the first one and nothing of the
// second; and the content can be added again.
TEST_F(BlobPackTest, ATornTailIsNoContent) {
  Must(Open()->AddBytes("one"));
  const std::string whole = Slurp(OnlyPack());
  PackRecord second{.sha256 = DigestOf("two!"), .offset = whole.size(), .length = 4};
  second.synced = whole.size();
  std::string record;
  AppendRecord(record, second, "two!");
  const files::Path pack = OnlyPack();
  for (std::size_t cut = 0; cut < 2 * record.size(); cut += 3) {
    std::string torn = record;
    if (cut < record.size())
      torn.resize(cut);
    else
      torn[cut - record.size()] ^= 0x40;
    if (cut >= record.size() + kRecordHeaderSize + 4) break;  // filling means nothing
    test::Put(pack, whole + torn);

    const auto store = Open();

    EXPECT_TRUE(Has(*store, "one")) << cut;
    EXPECT_FALSE(Has(*store, "two!")) << cut;
    Must(store->AddBytes("two!"));
    EXPECT_EQ(ContentOf(*Open(), Sha("two!")), "two!") << cut;
    std::filesystem::remove_all(Folder() / "packs");
    std::filesystem::create_directory(Folder() / "packs");
  }
}

// Damage inside a pack costs the content that it hits, not those behind it.
TEST_F(BlobPackTest, ADamagedHeaderLosesItsOwnContentOnly) {
  {
    const auto store = Open();
    for (const char* content : {"one", "two", "three"}) Must(store->AddBytes(content));
  }
  const auto two = Must(Open()->Locate(Sha("two")));
  test::Overwrite(two.file, two.offset - 30, "x");

  const auto store = Open();

  EXPECT_TRUE(Has(*store, "one"));
  EXPECT_FALSE(Has(*store, "two"));
  EXPECT_TRUE(Has(*store, "three"));
  Must(store->AddBytes("two"));
  EXPECT_EQ(ContentOf(*store, Sha("two")), "two");
}

TEST_F(BlobPackTest, DamagedContentIsFoundWhenReading) {
  const auto store = Open();
  Must(store->AddBytes("content"));
  const auto at = Must(store->Locate(Sha("content")));
  test::Overwrite(at.file, at.offset, "C");

  const auto status = store->Read(Sha("content"), [](std::string_view) { return Ok(); });

  EXPECT_EQ(status.error().code, Code::kCorrupt);
}

TEST_F(BlobPackTest, ABatchOfSmallContentsIsThereAfterItsCommitOnly) {
  const auto store = Open();
  BlobBatch batch(*store);
  Must(batch.AddBytes("a"));
  Must(batch.AddBytes("b"));
  Must(batch.AddBytes("a"));

  EXPECT_EQ(batch.count(), 2u);
  EXPECT_EQ(batch.bytes(), 2u);
  EXPECT_FALSE(Has(*store, "a"));
  Must(batch.Commit());
  EXPECT_TRUE(Has(*store, "a"));
  EXPECT_TRUE(Has(*Open(), "b"));
}

// Contents of every size, many of them twice, from many threads; each is read back by the thread
// that added it, and in the end by another process.
TEST_F(BlobPackTest, ManyThreadsAddAndRead) {
  constexpr unsigned kSeed = 11;
  RecordProperty("seed", kSeed);
  const auto store = Open({.pack_below = 2000, .seal_at = 20'000});
  constexpr int kThreads = 16, kContents = 40;
  const auto content = [](unsigned n) {
    std::mt19937 random(kSeed + n);
    std::string bytes(random() % 2200, '\0');
    for (char& c : bytes) c = static_cast<char>(random());
    return bytes;
  };
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (unsigned i = 0; i < kContents; ++i) {
        const std::string bytes = content((t / 2) * 1000 + i);
        EXPECT_EQ(Must(store->AddBytes(bytes)).sha256, Sha(bytes));
        EXPECT_EQ(ContentOf(*store, Sha(bytes)), bytes);
      }
    });
  for (auto& thread : threads) thread.join();

  const auto other = Open();
  for (unsigned t = 0; t < kThreads; t += 2)
    for (unsigned i = 0; i < kContents; ++i)
      EXPECT_TRUE(Has(*other, content((t / 2) * 1000 + i))) << t << " " << i;
}

}  // namespace
}  // namespace vams::objects
