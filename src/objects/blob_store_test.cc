#include "objects/blob_store.h"

#include <sys/stat.h>

#include <chrono>
#include <random>

#include "objects/test_support.h"

namespace vams::objects {
namespace {

using test::FilesIn;
using test::MessageOf;
using test::Must;
using test::Put;
using test::Sha;
using test::Slurp;

class BlobStoreTest : public ::testing::Test {
 protected:
  files::Path Folder() const { return temp_.path() / "blobs"; }

  const files::TempFolder temp_ = test::MakeTemp();
  const std::unique_ptr<BlobStore> store_ = Must(BlobStore::Open(Folder(), {.pack_below = 0}));
};

TEST_F(BlobStoreTest, KeepsAFileUnderItsDigest) {
  const auto file = Put(temp_.path() / "in", "content");

  const BlobInfo info = Must(store_->AddFile(file));

  EXPECT_EQ(info, (BlobInfo{Sha("content"), test::Md5Hex("content"), 7}));
  const files::Path at =
      Folder() / info.sha256.substr(0, 2) / info.sha256.substr(2, 2) / info.sha256;
  EXPECT_EQ(Slurp(at), "content");
  EXPECT_TRUE(Must(store_->Has(info.sha256)));
  EXPECT_EQ(Must(store_->Size(info.sha256)), 7u);
  EXPECT_EQ(FilesIn(Folder() / "incoming"), 0u);
}

// More than one chunk, and the empty content, which every folder marker has.
TEST_F(BlobStoreTest, TakesEverySize) {
  std::mt19937 random(7);
  RecordProperty("seed", 7);
  for (const std::size_t size : {0UL, 1UL, (1UL << 20) - 1, 1UL << 20, (5UL << 19) + 3}) {
    std::string content(size, '\0');
    for (char& c : content) c = static_cast<char>(random());

    const BlobInfo info = Must(store_->AddFile(Put(temp_.path() / "in", content)));

    EXPECT_EQ(info, (BlobInfo{Sha(content), test::Md5Hex(content), size}));
    Must(store_->CopyTo(info.sha256, temp_.path() / "out"));
    EXPECT_EQ(Slurp(temp_.path() / "out"), content);
  }
}

TEST_F(BlobStoreTest, KeepsOneOfEqualContents) {
  const BlobInfo first = Must(store_->AddBytes("same"));
  const std::size_t files = FilesIn(Folder());
  struct stat before {
  }, after{};
  const auto path = Must(store_->PathOf(first.sha256));
  ASSERT_EQ(::stat(path.c_str(), &before), 0);

  EXPECT_EQ(Must(store_->AddBytes("same")), first);

  EXPECT_EQ(FilesIn(Folder()), files);
  ASSERT_EQ(::stat(path.c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
}

TEST_F(BlobStoreTest, TakesNothingThatIsNotExpected) {
  const auto file = Put(temp_.path() / "in", "content");

  const auto size = store_->AddFile(file, {.size = 8});
  const auto md5 = store_->AddFile(file, {.md5 = test::Md5Hex("other")});

  EXPECT_EQ(size.error().code, Code::kConflict);
  EXPECT_EQ(md5.error().code, Code::kConflict);
  EXPECT_NE(MessageOf(md5).find(test::Md5Hex("content")), std::string::npos) << MessageOf(md5);
  EXPECT_FALSE(Must(store_->Has(Sha("content"))));
  EXPECT_EQ(FilesIn(Folder() / "incoming"), 0u);
}

TEST_F(BlobStoreTest, RefusesWhatIsNoRegularFile) {
  Put(temp_.path() / "in", "content");
  std::filesystem::create_symlink("in", temp_.path() / "link");
  ASSERT_EQ(::mkfifo((temp_.path() / "pipe").c_str(), 0600), 0);

  EXPECT_EQ(store_->AddFile(temp_.path() / "link").error().code, Code::kInvalid);
  EXPECT_EQ(store_->AddFile(temp_.path() / "pipe").error().code, Code::kInvalid);
  EXPECT_EQ(store_->AddFile(temp_.path()).error().code, Code::kInvalid);
  EXPECT_EQ(store_->AddFile(temp_.path() / "nothing").error().code, Code::kNotFound);
}

TEST_F(BlobStoreTest, DamageIsFoundWhenCopyingAndNothingIsLeft) {
  const BlobInfo info = Must(store_->AddBytes("content"));
  const auto path = Must(store_->PathOf(info.sha256));
  std::filesystem::permissions(path, std::filesystem::perms::owner_all);
  Put(path, "c0ntent");
  const auto target = Put(temp_.path() / "out", "before");

  const auto status = store_->CopyTo(info.sha256, target);

  EXPECT_EQ(status.error().code, Code::kCorrupt);
  EXPECT_NE(MessageOf(status).find(info.sha256), std::string::npos) << MessageOf(status);
  EXPECT_EQ(Slurp(target), "before");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(temp_.path()), {}), 2);
}

// A blob that was cut off is replaced by the next one that brings the content.
TEST_F(BlobStoreTest, AddingReplacesABlobOfTheWrongSize) {
  const BlobInfo info = Must(store_->AddBytes("content"));
  std::filesystem::permissions(Must(store_->PathOf(info.sha256)),
                               std::filesystem::perms::owner_all);
  std::filesystem::resize_file(Must(store_->PathOf(info.sha256)), 3);

  Must(store_->AddBytes("content"));

  Must(store_->Read(info.sha256, [](std::string_view) { return Ok(); }));
}

TEST_F(BlobStoreTest, AbsentAndBadDigestsAreToldApart) {
  EXPECT_EQ(store_->Size(Sha("x")).error().code, Code::kNotFound);
  EXPECT_FALSE(Must(store_->Has(Sha("x"))));
  EXPECT_EQ(store_->CopyTo(Sha("x"), temp_.path() / "out").error().code, Code::kNotFound);
  for (const auto* bad : {"", "../../../etc/passwd", "ABCDEF"}) {
    EXPECT_EQ(store_->Has(bad).error().code, Code::kInvalid) << bad;
  }
}

TEST_F(BlobStoreTest, ReadsParts) {
  const BlobInfo info = Must(store_->AddBytes("0123456789"));

  const auto reader = Must(store_->OpenForReading(info.sha256));

  char part[4];
  EXPECT_EQ(reader->size(), 10u);
  EXPECT_EQ(Must(reader->ReadAt(3, part, 4)), 4u);
  EXPECT_EQ(std::string_view(part, 4), "3456");
  EXPECT_EQ(Must(reader->ReadAt(8, part, 4)), 2u);
  EXPECT_EQ(Must(reader->ReadAt(20, part, 4)), 0u);
}

TEST_F(BlobStoreTest, ABatchIsThereAfterItsCommitOnly) {
  BlobBatch batch(*store_);

  const BlobInfo a = Must(batch.AddBytes("a"));
  const BlobInfo b = Must(batch.AddFile(Put(temp_.path() / "in", "bb")));
  Must(batch.AddBytes("a"));

  EXPECT_EQ(batch.count(), 2u);
  EXPECT_EQ(batch.bytes(), 3u);
  EXPECT_FALSE(Must(store_->Has(a.sha256)));
  Must(batch.Commit());
  EXPECT_TRUE(Must(store_->Has(a.sha256)));
  EXPECT_TRUE(Must(store_->Has(b.sha256)));
  EXPECT_EQ(batch.count(), 0u);
  EXPECT_EQ(FilesIn(Folder() / "incoming"), 0u);
}

TEST_F(BlobStoreTest, ABatchWithoutCommitLeavesNothing) {
  {
    BlobBatch batch(*store_);
    Must(batch.AddBytes("a"));
    EXPECT_EQ(FilesIn(Folder() / "incoming"), 1u);
  }

  EXPECT_EQ(FilesIn(Folder() / "incoming"), 0u);
  EXPECT_FALSE(Must(store_->Has(Sha("a"))));
}

// A process that died leaves temporary files; one that lives must keep its own.
TEST_F(BlobStoreTest, OpeningDropsStaleTemporaryFilesOnly) {
  const auto old = Put(Folder() / "incoming" / "old", "x");
  const auto young = Put(Folder() / "incoming" / "young", "x");
  std::filesystem::last_write_time(
      old, std::filesystem::file_time_type::clock::now() - std::chrono::hours(25));

  Must(BlobStore::Open(Folder(), {.pack_below = 0}));

  EXPECT_FALSE(std::filesystem::exists(old));
  EXPECT_TRUE(std::filesystem::exists(young));
}

TEST_F(BlobStoreTest, OpensOnlyFoldersOfItsFormat) {
  Put(temp_.path() / "newer" / "format", "vams-blobs 4\n");
  Put(temp_.path() / "photos" / "cat.jpg", "x");
  Put(temp_.path() / "cut-off" / "format.a1b2c3", "vam");

  EXPECT_EQ(BlobStore::Open(temp_.path() / "newer").error().code, Code::kNotSupported);
  EXPECT_EQ(BlobStore::Open(temp_.path() / "photos").error().code, Code::kInvalid);
  EXPECT_FALSE(std::filesystem::exists(temp_.path() / "photos" / "format"));
  EXPECT_TRUE(BlobStore::Open(temp_.path() / "cut-off").ok());
}

}  // namespace
}  // namespace vams::objects
