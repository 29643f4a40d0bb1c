#include "cli/transfer_plan.h"

#include <gtest/gtest.h>

#include <numeric>
#include <random>

namespace vams::cli {
namespace {

constexpr std::uint64_t kGiB = 1024 * kMiB;

UploadFile File(std::uint64_t size, const std::string& key = "/a.glb", std::uint64_t part = 0) {
  return {.path = "a", .key = key, .size = size, .part_size = part == 0 ? 64 * kMiB : part};
}

TEST(PartSize, IsSixtyFourMebibytesUntilThereWouldBeTooManyParts) {
  EXPECT_EQ(PartSize(0, 0).value(), 64 * kMiB);
  EXPECT_EQ(PartSize(200 * 64 * kMiB, 0).value(), 64 * kMiB);
  EXPECT_EQ(PartSize(200 * 64 * kMiB + 1, 0).value(), 65 * kMiB);
  EXPECT_EQ(PartSize(10, 7 * kMiB).value(), 7 * kMiB);
  EXPECT_EQ(PartSize(1000 * kGiB, 0).value(), 5 * kGiB);
  EXPECT_EQ(PartSize(1000 * kGiB + 1, 0).error().code, Code::kTooLarge);
}

TEST(PartCount, CountsTheLastShortPartAndNoneOfAnEmptyFile) {
  EXPECT_EQ(PartCount(0, 10), 0u);
  EXPECT_EQ(PartCount(10, 10), 1u);
  EXPECT_EQ(PartCount(11, 10), 2u);
}

TEST(PlanSequences, FillsEachToOneOfTheLimits) {
  const std::vector<UploadFile> many(120, File(1));
  const auto by_count = PlanSequences(many).files;
  ASSERT_EQ(by_count.size(), 3u);
  EXPECT_EQ(by_count[0].size(), 50u);
  EXPECT_EQ(by_count[2].size(), 20u);

  const std::vector<UploadFile> large(4, File(kGiB));
  const auto by_bytes = PlanSequences(large).files;
  ASSERT_EQ(by_bytes.size(), 2u);
  EXPECT_EQ(by_bytes[0].size(), 3u);

  const std::vector<UploadFile> cut(3, File(100 * kSmallestPart, "/a.glb", kSmallestPart));
  EXPECT_EQ(PlanSequences(cut).files.size(), 2u);
}

TEST(PlanSequences, AreLargerWhereSmallFilesGoInBundles) {
  const std::vector<UploadFile> many(600, File(1));

  const auto plan = PlanSequences(many, kBundledSequences).files;

  ASSERT_EQ(plan.size(), 3u);
  EXPECT_EQ(plan[0].size(), 250u);
  EXPECT_EQ(plan[2].size(), 100u);
}

TEST(PlanSequences, LetsALargeFileStandAlone) {
  const std::vector<UploadFile> files{File(1), File(4 * kGiB), File(1)};

  const auto plan = PlanSequences(files).files;

  EXPECT_EQ(plan, (std::vector<std::vector<std::size_t>>{{0}, {1}, {2}}));
}

TEST(PlanSequences, KeepsPreviewsApart) {
  const std::vector<UploadFile> files{File(1, "/a.glb.previewFile.png"), File(1, "/a.glb")};

  const auto plan = PlanSequences(files);

  EXPECT_EQ(plan.files, (std::vector<std::vector<std::size_t>>{{1}}));
  EXPECT_EQ(plan.previews, (std::vector<std::vector<std::size_t>>{{0}}));
}

// Whatever comes: every file once, in order, and no sequence past a limit unless it is one file.
TEST(PlanSequences, HoldsItsLimitsForAnyFiles) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937_64 random(seed);
  std::vector<UploadFile> files;
  for (int i = 0; i < 500; ++i) {
    UploadFile file = File(random() % (random() % 10 == 0 ? 5 * kGiB : 50 * kMiB));
    file.part_size = kSmallestPart * (1 + random() % 30);
    files.push_back(file);
  }

  const auto plan = PlanSequences(files).files;

  std::vector<std::size_t> seen;
  for (const auto& sequence : plan) {
    std::uint64_t parts = 0, bytes = 0;
    for (const auto i : sequence) {
      parts += PartCount(files[i].size, files[i].part_size);
      bytes += files[i].size;
      seen.push_back(i);
    }
    EXPECT_TRUE(sequence.size() == 1 ||
                (sequence.size() <= 50 && parts <= 200 && bytes <= 3 * kGiB));
  }
  std::vector<std::size_t> all(files.size());
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(seen, all);
}

TEST(CheckUpload, SaysWhatTheServerWouldRefuse) {
  EXPECT_TRUE(CheckUpload(File(1, "/a.glb"), false, "").ok());
  EXPECT_TRUE(CheckUpload(File(1, "/a.GLB"), false, " .e57 , .Glb").ok());
  EXPECT_TRUE(CheckUpload(File(1, "/a.txt"), false, ".e57,.ALL").ok());
  EXPECT_FALSE(CheckUpload(File(1, "/a.txt"), false, ".e57,.glb").ok());
  EXPECT_FALSE(CheckUpload(File(1, "/a.b/c"), false, ".b").ok());
  EXPECT_FALSE(CheckUpload(File(1, "/a"), false, "").ok());
  EXPECT_TRUE(CheckUpload(File(1, "/a.glb.previewFile.png"), false, ".glb").ok());
  EXPECT_FALSE(CheckUpload(File(1, "/a.glb.previewFile.txt"), false, "").ok());
  EXPECT_TRUE(CheckUpload(File(kLargestPreview, "/a.JPEG"), true, ".glb").ok());
  EXPECT_FALSE(CheckUpload(File(kLargestPreview + 1, "/a.jpeg"), true, "").ok());
}

TEST(KeyPrefix, BeginsAndEndsWithASlash) {
  EXPECT_EQ(KeyPrefix(""), "/");
  EXPECT_EQ(KeyPrefix("/"), "/");
  EXPECT_EQ(KeyPrefix("a/b"), "/a/b/");
  EXPECT_EQ(KeyPrefix("/a/b/"), "/a/b/");
}

}  // namespace
}  // namespace vams::cli
