// Sealed blob folders: nothing in the clear on disk, the right key or a named refusal, and the
// object store over them the same as over plain ones.
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <random>
#include <thread>

#include "objects/blob_test_support.h"
#include "objects/local/local_store.h"
#include "objects/pack_file.h"
#include "objects/store_conformance.h"

namespace vams::objects {
namespace {

using test::ContentOf;
using test::FilesIn;
using test::MessageOf;
using test::Must;
using test::Put;
using test::Sha;
using test::Slurp;
using test::TestKey;
using ::testing::HasSubstr;

BlobStoreOptions Sealed(char key = 'k') {
  BlobStoreOptions options;
  options.key = TestKey(key);
  return options;
}

// Sizes on both sides of the packs' limit, and several chunks.
std::string Marked(std::size_t size, unsigned number) {
  std::string content = fmt::format("content {} ", number);
  while (content.size() < size) content += "SECRET ";
  content.resize(size);
  return content;
}

class SealedStoreTest : public ::testing::Test {
 protected:
  files::Path Folder() const { return temp_.path() / "blobs"; }
  // Files below the folder in which plain text can be found.
  std::vector<std::string> InTheClear() const {
    std::vector<std::string> found;
    for (const auto& entry : std::filesystem::recursive_directory_iterator(Folder()))
      if (entry.is_regular_file() && Slurp(entry.path()).find("SECRET") != std::string::npos)
        found.push_back(entry.path().string());
    return found;
  }

  const files::TempFolder temp_ = test::MakeTemp();
};

TEST_F(SealedStoreTest, GivesBackWhatItTookAndNothingLiesThereInTheClear) {
  const auto store = Must(BlobStore::Open(Folder(), Sealed()));
  std::vector<std::string> contents;
  for (const std::size_t size : {0UL, 20UL, 65'535UL, 65'536UL, 65'537UL, 400'000UL})
    contents.push_back(Marked(size, static_cast<unsigned>(contents.size())));

  for (const auto& content : contents) {
    const auto info = Must(store->AddFile(Put(temp_.path() / "in", content)));
    EXPECT_EQ(info, (BlobInfo{Sha(content), test::Md5Hex(content), content.size()}));
    EXPECT_EQ(Must(store->AddBytes(content)), info);
  }

  EXPECT_THAT(InTheClear(), ::testing::IsEmpty());
  EXPECT_EQ(test::PacksIn(Folder(), ".pack").size(), 1u);
  for (const auto& reopened : {BlobStore::Open(Folder(), Sealed())}) {
    for (const auto& content : contents) {
      EXPECT_TRUE(Must((*reopened)->Has(Sha(content))));
      EXPECT_EQ(Must((*reopened)->Size(Sha(content))), content.size());
      EXPECT_EQ(ContentOf(**reopened, Sha(content)), content);
      const auto reader = Must((*reopened)->OpenForReading(Sha(content)));
      EXPECT_EQ(reader->size(), content.size());
      Must((*reopened)->CopyTo(Sha(content), temp_.path() / "out"));
      EXPECT_EQ(Slurp(temp_.path() / "out"), content);
    }
  }
}

// Uploads are cut off in every moment: what is being written is sealed from its first byte.
TEST_F(SealedStoreTest, WhatIsBeingWrittenIsSealedToo) {
  const auto store = Must(BlobStore::Open(Folder(), Sealed()));
  const std::string content = Marked(300'000, 1);
  auto file = Must(store->Stage());

  Must(file.Write(std::string_view(content).substr(0, 200'000)));
  EXPECT_GT(std::filesystem::file_size(file.path()), 190'000u);
  EXPECT_THAT(InTheClear(), ::testing::IsEmpty());
  Must(file.Write(std::string_view(content).substr(200'000)));
  Must(store->AddStaged(std::move(file), {Sha(content), test::Md5Hex(content), content.size()}));

  EXPECT_EQ(ContentOf(*store, Sha(content)), content);
  EXPECT_THAT(InTheClear(), ::testing::IsEmpty());
}

TEST_F(SealedStoreTest, KeepsOneOfEqualContents) {
  const auto store = Must(BlobStore::Open(Folder(), Sealed()));
  const std::string small = Marked(100, 1), large = Marked(100'000, 2);
  Must(store->AddBytes(small));
  Must(store->AddBytes(large));
  const auto files = FilesIn(Folder());
  const auto pack = std::filesystem::file_size(test::PacksIn(Folder(), ".pack").at(0));

  Must(store->AddBytes(small));
  Must(store->AddBytes(large));

  EXPECT_EQ(FilesIn(Folder()), files);
  EXPECT_EQ(std::filesystem::file_size(test::PacksIn(Folder(), ".pack").at(0)), pack);
}

TEST_F(SealedStoreTest, HasNoLocationForTheKernel) {
  const auto store = Must(BlobStore::Open(Folder(), Sealed()));
  const auto small = Must(store->AddBytes("small")),
             large = Must(store->AddBytes(Marked(99'999, 1)));

  EXPECT_EQ(store->Locate(small.sha256).error().code, Code::kNotSupported);
  EXPECT_EQ(store->Locate(large.sha256).error().code, Code::kNotSupported);
  EXPECT_EQ(store->Locate(Sha("absent")).error().code, Code::kNotFound);
}

// Whoever can write to the disk exchanges two blobs, or puts a plain one there.
TEST_F(SealedStoreTest, ExchangedBlobsAreDamaged) {
  const auto store = Must(BlobStore::Open(Folder(), Sealed()));
  const auto a = Must(store->AddBytes(Marked(100'000, 1))).sha256;
  const auto b = Must(store->AddBytes(Marked(100'000, 2))).sha256;
  const auto c = Must(store->AddBytes(Marked(100'000, 3))).sha256;
  std::filesystem::rename(Must(store->PathOf(b)), temp_.path() / "b");
  std::filesystem::rename(Must(store->PathOf(a)), Must(store->PathOf(b)));
  std::filesystem::rename(temp_.path() / "b", Must(store->PathOf(a)));
  std::filesystem::remove(Must(store->PathOf(c)));
  Put(Must(store->PathOf(c)), Marked(100'000, 3));

  for (const auto& sha256 : {a, b, c}) {
    const auto reader = store->OpenForReading(sha256);
    ASSERT_FALSE(reader.ok());
    EXPECT_EQ(reader.error().code, Code::kCorrupt);
    EXPECT_THAT(reader.error().message, HasSubstr(sha256));
  }
}

TEST_F(SealedStoreTest, AnotherKeyOrNoneIsRefusedAndNamed) {
  Must(Must(BlobStore::Open(Folder(), Sealed()))->AddBytes("content"));
  const auto id = HexOf(IdOf(TestKey())), other = HexOf(IdOf(TestKey('x')));

  const auto wrong = BlobStore::Open(Folder(), Sealed('x'));
  const auto none = BlobStore::Open(Folder());

  EXPECT_EQ(wrong.error().code, Code::kInvalid);
  EXPECT_THAT(MessageOf(wrong), ::testing::AllOf(HasSubstr(id), HasSubstr(other)));
  EXPECT_EQ(none.error().code, Code::kInvalid);
  EXPECT_THAT(MessageOf(none), ::testing::AllOf(HasSubstr(id), HasSubstr("useKmsCmkEncryption")));
  EXPECT_EQ(ContentOf(*Must(BlobStore::Open(Folder(), Sealed())), Sha("content")), "content");
}

TEST_F(SealedStoreTest, DamagedFormatIsNoOtherKind) {
  Must(BlobStore::Open(Folder(), Sealed()));
  const auto key = HexOf(IdOf(TestKey()));
  for (const std::string& text :
       {std::string("vams-blobs 3\n"), std::string("vams-blobs 3\nstack-key 12\n"),
        "vams-blobs 3\nstack-key " + key, "vams-blobs 3\nstack-key " + key + "\nprevious-key x y\n",
        "vams-blobs 3\nstack-key " + key + "\nother\n"}) {
    Put(Folder() / "format", text);
    EXPECT_EQ(BlobStore::Open(Folder(), Sealed()).error().code, Code::kCorrupt) << text;
    EXPECT_EQ(BlobStore::Open(Folder()).error().code, Code::kCorrupt) << text;
  }
}

TEST_F(SealedStoreTest, AFolderWithoutContentsBecomesSealed) {
  Must(BlobStore::Open(Folder()));
  const auto left = Put(Folder() / "incoming" / "cut-off", "SECRET");

  const auto store = Must(BlobStore::Open(Folder(), Sealed()));

  EXPECT_FALSE(std::filesystem::exists(left));
  Must(store->AddBytes("content"));
  EXPECT_EQ(BlobStore::Open(Folder()).error().code, Code::kInvalid);
}

TEST_F(SealedStoreTest, AFolderWithPlainContentsStaysPlainAndReadable) {
  for (const std::string& content : {std::string("packed"), Marked(100'000, 1)}) {
    const auto folder = temp_.path() / Sha(content);
    Must(Must(BlobStore::Open(folder))->AddBytes(content));

    const auto refused = BlobStore::Open(folder, Sealed());

    EXPECT_EQ(refused.error().code, Code::kConflict);
    EXPECT_THAT(MessageOf(refused), HasSubstr("not encrypted"));
    EXPECT_EQ(ContentOf(*Must(BlobStore::Open(folder)), Sha(content)), content);
  }
}

// Two processes with different configurations: one is refused, whichever comes first.
TEST_F(SealedStoreTest, NobodyWritesPlainContentsIntoASealedFolder) {
  const auto plain = Must(BlobStore::Open(Folder()));
  const auto sealed = Must(BlobStore::Open(Folder(), Sealed()));

  EXPECT_EQ(plain->AddBytes("SECRET").error().code, Code::kConflict);
  EXPECT_EQ(plain->AddBytes(Marked(100'000, 1)).error().code, Code::kConflict);

  EXPECT_THAT(InTheClear(), ::testing::IsEmpty());
  Must(sealed->AddBytes("SECRET"));
}

TEST_F(SealedStoreTest, AFolderThatIsWrittenToIsNotMadeSealed) {
  const auto writer = Must(BlobStore::Open(Folder(), {.pack_below = 0}));
  const auto info = Must(writer->AddBytes("content"));
  std::filesystem::remove(Must(writer->PathOf(info.sha256)));

  EXPECT_EQ(BlobStore::Open(Folder(), Sealed()).error().code, Code::kConflict);
  Must(writer->AddBytes("content"));
}

// A disk that is full in the middle of a content, and of a pack.
TEST_F(SealedStoreTest, AWriteThatFailsLeavesNothingHalf) {
  const auto store = Must(BlobStore::Open(Folder(), Sealed()));
  Must(store->AddBytes("first"));
  const std::string large = Marked(400'000, 1);
  const auto files = FilesIn(Folder());
  const auto handler = ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
  for (const rlim_t limit : {rlim_t{50}, rlim_t{330}, rlim_t{200'000}}) {
    const rlimit small{.rlim_cur = limit, .rlim_max = before.rlim_max};
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    const auto failed_large = store->AddBytes(large);
    const auto failed_small = store->AddBytes(Marked(250, 2));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_FALSE(failed_large.ok());
    EXPECT_EQ(failed_small.ok(), limit > 1000);
    EXPECT_FALSE(Must(store->Has(Sha(large))));
    EXPECT_EQ(FilesIn(Folder() / "incoming"), 0u);
  }
  ::signal(SIGXFSZ, handler);

  EXPECT_LE(FilesIn(Folder()), files + 3) << "a pack whose end is unknown is left alone";
  Must(store->AddBytes(large));
  for (const std::string& content : {std::string("first"), Marked(250, 2), large})
    EXPECT_EQ(ContentOf(*Must(BlobStore::Open(Folder(), Sealed())), Sha(content)), content);
}

// The record of a pack that was torn by a power failure does not count, and one that is whole does.
TEST_F(SealedStoreTest, TornRecordsOfPacksDoNotCount) {
  Must(Must(BlobStore::Open(Folder(), Sealed()))->AddBytes("one"));
  Must(Must(BlobStore::Open(Folder(), Sealed()))->AddBytes("two"));
  const auto two = test::StoredAt(Folder(), Sha("two"));
  test::Overwrite(two.file, two.offset + kSealHeader, "torn");

  const auto store = Must(BlobStore::Open(Folder(), Sealed()));

  EXPECT_FALSE(Must(store->Has(Sha("two"))));
  EXPECT_EQ(ContentOf(*store, Sha("one")), "one");
  Must(store->AddBytes("two"));
  EXPECT_EQ(ContentOf(*store, Sha("two")), "two");
}

// Readers of one blob share a chunk in memory.
TEST_F(SealedStoreTest, ThreadsReadOneContentTogether) {
  constexpr unsigned kSeed = 9;
  RecordProperty("seed", kSeed);
  const auto store = Must(BlobStore::Open(Folder(), Sealed()));
  const std::string content = Marked(500'000, 1);
  Must(store->AddBytes(content));
  const auto reader = Must(store->OpenForReading(Sha(content)));
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (unsigned t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      std::mt19937 random(kSeed + t);
      std::string part(100'000, '\0');
      for (int i = 0; i < 200; ++i) {
        const std::size_t from = random() % content.size();
        const std::size_t count = *reader->ReadAt(from, part.data(), random() % part.size());
        if (content.compare(from, count, part, 0, count) != 0) ++wrong;
      }
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace

// ---- The object store over a sealed folder ----

namespace conformance {
namespace {

class SealedBackend final : public Backend {
 public:
  SealedBackend(const files::Path& folder, const LocalStoreOptions& options)
      : blobs_(test::Must(BlobStore::Open(folder / "blobs", Sealed()))),
        store_(test::Must(OpenLocalObjectStore(op_, *items_, *blobs_, options))) {}
  ObjectStore& store() override { return *store_; }
  items::ItemStore* items() override { return items_.get(); }

 private:
  OpContext op_;
  const std::unique_ptr<items::ItemStore> items_ = items::MemoryStore::Create();
  const std::unique_ptr<BlobStore> blobs_;
  const std::unique_ptr<ObjectStore> store_;
};

INSTANTIATE_TEST_SUITE_P(Sealed, ObjectStoreConformance,
                         ::testing::Values(Engine{
                             .name = "local_sealed",
                             .open = [](const files::Path& folder, const Clock& clock,
                                        std::uint64_t min_part_bytes) -> std::unique_ptr<Backend> {
                               return std::make_unique<SealedBackend>(
                                   folder, LocalStoreOptions{.min_part_bytes = min_part_bytes,
                                                             .clock = &clock,
                                                             .random = nullptr});
                             }}),
                         ::testing::PrintToStringParamName());

// An object of several parts, some packed, some files: every range is that of the plain bytes, and
// no stretch of a file is offered for it.
TEST(SealedObjects, RangesOverPartsAreThoseOfThePlainContent) {
  constexpr unsigned kSeed = 17;
  RecordProperty("seed", kSeed);
  std::mt19937 random(kSeed);
  OpContext op;
  const auto temp = test::MakeTemp();
  SealedBackend backend(temp.path(), {});
  ObjectStore& store = backend.store();
  const auto upload = Must(store.CreateUpload(op, {"plant", "model"}, {}));
  std::string plain;
  std::vector<PartEtag> parts;
  for (const std::size_t size : {70'000UL, 1UL, 65'536UL, 3'000UL, 200'000UL}) {
    const std::string part = Marked(size, static_cast<unsigned>(parts.size()));
    const auto number = static_cast<std::uint32_t>(parts.size() + 1);
    parts.push_back({number, Must(store.PutPart(op, upload, number, SourceOf(part), {})).etag});
    plain += part;
  }
  Must(store.CompleteUpload(op, upload, parts));

  const auto reader = Must(store.Open(op, {"plant", "model"}));

  std::string got(plain.size() + 1, '\0');
  EXPECT_EQ(Must(reader->ReadAt(op, 0, got.data(), got.size())), plain.size());
  EXPECT_EQ(got.substr(0, plain.size()), plain);
  for (int i = 0; i < 500; ++i) {
    const std::uint64_t from = random() % (plain.size() + 10);
    const std::size_t length = random() % 80'000;
    const auto count = Must(reader->ReadAt(op, from, got.data(), length));
    const auto expected = from < plain.size() ? plain.substr(from, length) : std::string();
    ASSERT_EQ(got.substr(0, count), expected) << from << " " << length;
    ASSERT_FALSE(reader->StretchAt(from)) << from;
  }
}

}  // namespace
}  // namespace conformance
}  // namespace vams::objects
