// What the process that serves a stack does once a day to its objects.
#include "lifecycle/upkeep_objects.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "lifecycle/support_test.h"
#include "objects/local/local_store.h"

namespace vams::lifecycle {
namespace {

using test::Must;

constexpr std::int64_t kDay = std::int64_t{24} * 3600 * 1000;

// A stack with encrypted blobs, as a server has it open.
class UpkeepOnceTest : public ::testing::Test {
 protected:
  std::string Put(const std::string& key, const std::string& content) {
    return Must(store_->PutBytes(op_, {"plant", key}, content)).version_id;
  }
  std::string UploadWithPart(const std::string& content) {
    const auto upload = Must(store_->CreateUpload(op_, {"plant", "up"}, {}));
    Must(store_->PutPart(op_, upload, 1, objects::SourceOf(content), {}));
    return upload;
  }
  Result<UpkeepReport> Run() { return UpkeepOnce(stack_, *blobs_, *store_, clock_, op_); }
  bool HasContent(const std::string& content) {
    return Must(blobs_->Has(objects::HexOf(objects::DigestOf(content))));
  }

  const files::TempFolder temp_ = test::MakeTemp();
  test::FixedClock clock_;
  const StackRegistry registry_{temp_.path() / "home", clock_};
  const Stack stack_ = Must(registry_.Create("plant", std::nullopt));
  OpContext op_;
  const std::unique_ptr<items::ItemStore> items_ =
      Must(items::OpenSqliteStore(stack_.current.items()));
  const std::unique_ptr<objects::BlobStore> blobs_ = Must(
      objects::OpenBlobs(stack_.blobs(), {.enabled = true, .key_file = {}}, {.clock = &clock_}));
  const std::unique_ptr<objects::ObjectStore> store_ =
      Must(objects::OpenLocalObjectStore(op_, *items_, *blobs_, {.clock = &clock_}));
};

TEST_F(UpkeepOnceTest, EndsOldUploadsAndRemovesWhatNothingRefersTo) {
  const std::string kept(100'000, 'k'), removed(100'001, 'r'), part(100'002, 'p');
  Put("kept", kept);
  const auto version = Put("removed", removed);
  const auto old = UploadWithPart(part);
  clock_.now += 7 * kDay + 1;
  const auto young = UploadWithPart("young part");
  Must(store_->DeleteVersion(op_, {"plant", "removed"}, version));

  const UpkeepReport first = Must(Run());

  EXPECT_EQ(first.uploads_aborted, 1u);
  EXPECT_EQ(first.uploads_forgotten, 0u);
  EXPECT_EQ(first.collection.removed, 2u);
  EXPECT_EQ(first.collection.removed_bytes, removed.size() + part.size());
  EXPECT_TRUE(HasContent(kept));
  EXPECT_FALSE(HasContent(removed));
  EXPECT_FALSE(HasContent(part));
  EXPECT_EQ(store_->HeadUpload(op_, old).error().code, Code::kNotFound);
  EXPECT_EQ(Must(store_->ListParts(op_, young, "", 10)).parts.size(), 1u);

  clock_.now += kDay + 1;
  const UpkeepReport second = Must(Run());

  EXPECT_EQ(second.uploads_aborted, 0u);
  EXPECT_EQ(second.uploads_forgotten, 1u);
  EXPECT_EQ(second.collection.removed, 0u);
  EXPECT_TRUE(HasContent("young part"));
}

// What was unused a moment ago may be what somebody is about to commit.
TEST_F(UpkeepOnceTest, LeavesYoungContentsAlone) {
  Must(blobs_->AddBytes("not yet committed"));
  clock_.now += kDay - 1000;

  EXPECT_EQ(Must(Run()).collection.removed, 0u);
  clock_.now += 2000;
  EXPECT_EQ(Must(Run()).collection.removed, 1u);
}

// A server that stops does not wait for it.
TEST_F(UpkeepOnceTest, StopsWhenItIsCancelled) {
  Must(blobs_->AddBytes("unused"));
  clock_.now += 3 * kDay;
  op_.Cancel();

  EXPECT_EQ(Run().error().code, Code::kCancelled);
  EXPECT_TRUE(HasContent("unused"));
}

// The other generations of a stack count as well, and one that cannot be read ends it.
TEST_F(UpkeepOnceTest, AnUnreadableGenerationRemovesNothing) {
  Must(blobs_->AddBytes("unused"));
  clock_.now += 3 * kDay;
  test::Put(stack_.folder / "generations" / "0002" / "items.db", "damaged");

  EXPECT_FALSE(Run().ok());
  EXPECT_TRUE(HasContent("unused"));
}

}  // namespace
}  // namespace vams::lifecycle
