#include "cli/partial_file.h"

#include <gtest/gtest.h>

namespace vams::cli {
namespace {

class PartialFileTest : public testing::Test {
 protected:
  std::string Content(const files::Path& path) { return files::ReadAll(path).value_or("(none)"); }

  files::TempFolder folder_ =
      files::TempFolder::Create(std::filesystem::temp_directory_path(), "partial-file").value();
  files::Path target_ = folder_.path() / "sub" / "a.glb";
  files::Path path_ = PartialFile::PathOf(target_, "abc-2");
};

TEST_F(PartialFileTest, BecomesTheTargetWhenWhole) {
  {
    auto file = PartialFile::Open(path_, 0).value();
    ASSERT_TRUE(file.Write("half").ok());
  }
  auto file = PartialFile::Open(path_, 2).value();
  ASSERT_TRUE(file.Write("lo").ok());
  std::string back;
  ASSERT_TRUE(file.ReadBack([&](std::string_view bytes) { back += bytes; }).ok());
  EXPECT_EQ(back, "halo");
  EXPECT_EQ(file.size(), 4u);

  ASSERT_TRUE(file.MoveTo(target_, true).ok());

  EXPECT_EQ(Content(target_), "halo");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(PartialFileTest, DoesNotReplaceWhatIsThereUnlessTold) {
  {
    auto file = PartialFile::Open(path_, 0).value();
    ASSERT_TRUE(file.MoveTo(target_, false).ok());
  }
  auto file = PartialFile::Open(path_, 0).value();
  ASSERT_TRUE(file.Write("new").ok());

  EXPECT_EQ(file.MoveTo(target_, false).error().code, Code::kConflict);
  EXPECT_EQ(Content(target_), "");
  EXPECT_TRUE(file.MoveTo(target_, true).ok());
  EXPECT_EQ(Content(target_), "new");
}

TEST_F(PartialFileTest, IsForOneAtATime) {
  const auto first = PartialFile::Open(path_, 0).value();

  EXPECT_EQ(PartialFile::Open(path_, 0).error().code, Code::kConflict);
}

// Somebody has put a link where the partial file would be.
TEST_F(PartialFileTest, FollowsNoLink) {
  std::filesystem::create_directories(path_.parent_path());
  std::filesystem::create_symlink(folder_.path() / "elsewhere", path_);

  EXPECT_FALSE(PartialFile::Open(path_, 0).ok());
  EXPECT_FALSE(std::filesystem::exists(folder_.path() / "elsewhere"));
}

TEST_F(PartialFileTest, SaysInItsNameOfWhichContentItIsAPart) {
  const std::string name = path_.filename().string();
  EXPECT_EQ(PartialFile::EtagIn(target_, name), "abc-2");
  EXPECT_EQ(PartialFile::EtagIn(folder_.path() / "b.glb", name), std::nullopt);
  EXPECT_EQ(PartialFile::EtagIn(target_, "a.glb"), std::nullopt);
  // An ETag is what the server says: it names no other folder.
  EXPECT_EQ(PartialFile::PathOf(target_, "../../x").parent_path(), target_.parent_path());
  EXPECT_LE(PartialFile::PathOf(folder_.path() / std::string(255, 'x'), std::string(500, 'e'))
                .filename()
                .string()
                .size(),
            255u);
}

}  // namespace
}  // namespace vams::cli
