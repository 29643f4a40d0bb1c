#include "cli/upload_state.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <fstream>

#include "base/encoding.h"

namespace vams::cli {
namespace {

constexpr std::int64_t kNow = 1'700'000'000'000;
constexpr std::int64_t kDay = std::int64_t{24} * 60 * 60 * 1000;

class UploadStateTest : public testing::Test {
 protected:
  std::unique_ptr<UploadState> Open(std::int64_t now = kNow, bool fresh = false,
                                    const std::string& job = "job") {
    auto state = UploadState::Open(folder_.path() / "transfers", job, now, fresh);
    EXPECT_TRUE(state.ok()) << state.error().message;
    return *std::move(state);
  }
  static UploadFile File(const std::string& key) {
    return {.path = "/local" + key, .key = key, .size = 25, .modified = 42, .part_size = 10};
  }
  static BegunSequence Begun(const std::string& key) {
    BegunFile file{.file = File(key), .upload_id = "s3", .part_urls = {"u1", "u2", "u3"}};
    file.parts.resize(3);
    return {.upload_id = "y1", .files = {file}};
  }
  files::Path FileNamed(const std::string& name) const {
    for (const auto& entry :
         std::filesystem::recursive_directory_iterator(folder_.path() / "transfers"))
      if (entry.path().filename() == name) return entry.path();
    return {};
  }

  files::TempFolder folder_ =
      files::TempFolder::Create(std::filesystem::temp_directory_path(), "upload-state").value();
};

TEST_F(UploadStateTest, RemembersWhatWasBegunAndWhatIsDone) {
  {
    const auto state = Open();
    auto first = Begun("/a.glb"), second = Begun("/b.glb");
    ASSERT_TRUE(state->Add(first).ok());
    ASSERT_TRUE(state->Add(second).ok());
    ASSERT_TRUE(state->AddPart(second.number, 0, 2, {"etag", "digest"}).ok());
    ASSERT_TRUE(state->AddDone({File("/a.glb")}).ok());
    ASSERT_TRUE(state->Forget(first.number).ok());
  }

  const auto state = Open(kNow + kDay);
  const auto begun = state->TakeBegun();

  ASSERT_EQ(begun.size(), 1u);
  EXPECT_EQ(begun[0].upload_id, "y1");
  ASSERT_EQ(begun[0].files.size(), 1u);
  const BegunFile& file = begun[0].files[0];
  EXPECT_EQ(file.file, File("/b.glb"));
  EXPECT_EQ(file.part_urls[1], "u2");
  EXPECT_FALSE(file.parts[0] || file.parts[1]);
  EXPECT_EQ(file.parts[2].value().etag, "etag");
  EXPECT_TRUE(state->IsDone(File("/a.glb")));
  EXPECT_FALSE(state->IsDone(File("/b.glb")));
  UploadFile changed = File("/a.glb");
  changed.modified = 43;
  EXPECT_FALSE(state->IsDone(changed));
}

// Files of a bundle have no URL of their own, and parts all the same.
TEST_F(UploadStateTest, RemembersWhatArrivedInABundle) {
  {
    const auto state = Open();
    BegunSequence sequence{.upload_id = "y1", .bundle_url = "http://b", .files = {}};
    for (const char* key : {"/a.glb", "/b.glb", "/c.glb"}) {
      BegunFile& file = sequence.files.emplace_back(BegunFile{.file = File(key), .upload_id = key});
      file.file.part_size = 25;
      file.parts.resize(1);
      EXPECT_TRUE(file.bundled());
    }
    ASSERT_TRUE(state->Add(sequence).ok());
    const std::pair<std::size_t, SentPart> sent[] = {{2, {"e2", "d2"}}, {0, {"e0", "d0"}}};
    ASSERT_TRUE(state->AddBundle(sequence.number, sent).ok());
    ASSERT_TRUE(state->AddBundle(sequence.number, {}).ok());
  }

  const auto begun = Open()->TakeBegun();

  ASSERT_EQ(begun.size(), 1u);
  EXPECT_EQ(begun[0].bundle_url, "http://b");
  ASSERT_EQ(begun[0].files.size(), 3u);
  for (const BegunFile& file : begun[0].files) EXPECT_TRUE(file.bundled());
  EXPECT_EQ(begun[0].files[0].parts[0].value().digest, "d0");
  EXPECT_FALSE(begun[0].files[1].parts[0]);
  EXPECT_EQ(begun[0].files[2].parts[0].value().etag, "e2");
}

// Power fails while a line is written: the line is lost, and what follows it later is not.
TEST_F(UploadStateTest, GoesOnBehindATornLine) {
  {
    const auto state = Open();
    auto sequence = Begun("/a.glb");
    ASSERT_TRUE(state->Add(sequence).ok());
    ASSERT_TRUE(state->AddPart(sequence.number, 0, 0, {"e0", "d0"}).ok());
  }
  const auto path = FileNamed("sequence-1");
  std::ofstream(path, std::ios::app) << "[0,1,\"e";
  {
    const auto state = Open();
    ASSERT_EQ(state->TakeBegun().size(), 1u);
    ASSERT_TRUE(state->AddPart(1, 0, 2, {"e2", "d2"}).ok());
  }

  const auto begun = Open()->TakeBegun();

  ASSERT_EQ(begun.size(), 1u);
  EXPECT_TRUE(begun[0].files[0].parts[0]);
  EXPECT_FALSE(begun[0].files[0].parts[1]);
  EXPECT_TRUE(begun[0].files[0].parts[2]);
}

TEST_F(UploadStateTest, SurvivesFilesThatAreNothingOfTheKind) {
  {
    const auto state = Open();
    auto sequence = Begun("/a.glb");
    ASSERT_TRUE(state->Add(sequence).ok());
    ASSERT_TRUE(state->AddDone({File("/c.glb")}).ok());
  }
  std::ofstream(FileNamed("sequence-1"), std::ios::trunc) << "[1,2]\n{}\n";
  std::ofstream(FileNamed("done"), std::ios::trunc) << "nonsense\n";

  const auto state = Open();

  EXPECT_TRUE(state->TakeBegun().empty());
  EXPECT_FALSE(state->IsDone(File("/c.glb")));
}

TEST_F(UploadStateTest, ForgetsWhenToldAndAfterAWeek) {
  const auto fill = [&](std::int64_t now) {
    const auto state = Open(now);
    auto sequence = Begun("/a.glb");
    ASSERT_TRUE(state->Add(sequence).ok());
  };
  fill(kNow);
  EXPECT_TRUE(Open(kNow, true)->TakeBegun().empty());
  fill(kNow);
  EXPECT_EQ(Open(kNow + 6 * kDay)->TakeBegun().size(), 1u);
  EXPECT_TRUE(Open(kNow + 8 * kDay)->TakeBegun().empty());
  fill(kNow + 8 * kDay);
  EXPECT_TRUE(Open(kNow + 8 * kDay, false, "another job")->TakeBegun().empty());
  EXPECT_EQ(Open(kNow + 8 * kDay)->TakeBegun().size(), 1u);
}

TEST_F(UploadStateTest, IsForOneProcessAtATimeAndForItsOwnerAlone) {
  const auto state = Open();
  auto sequence = Begun("/a.glb");
  ASSERT_TRUE(state->Add(sequence).ok());

  const auto second = UploadState::Open(folder_.path() / "transfers", "job", kNow, false);

  EXPECT_EQ(second.error().code, Code::kConflict);
  struct stat info {};
  ASSERT_EQ(::stat(FileNamed("sequence-1").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0600u);
  ASSERT_EQ(::stat((folder_.path() / "transfers").c_str(), &info), 0);
  EXPECT_EQ(info.st_mode & 0777, 0700u);
}

TEST_F(UploadStateTest, LeavesNothingWhenAllIsDone) {
  {
    const auto state = Open();
    ASSERT_TRUE(state->AddDone({File("/a.glb")}).ok());
    ASSERT_TRUE(state->Remove().ok());
  }

  EXPECT_TRUE(std::filesystem::is_empty(folder_.path() / "transfers"));
}

TEST(BegunFile, KnowsTheEtagsThatItsContentMayGet) {
  BegunFile file;
  EXPECT_EQ(file.Etags(), std::vector<std::string>{"d41d8cd98f00b204e9800998ecf8427e"});
  file.parts = {SentPart{"x", "5d41402abc4b2a76b9719d911017c592"}};
  EXPECT_EQ(file.Etags(), (std::vector<std::string>{"62109206880d38a4010a98e11243924a-1",
                                                    "5d41402abc4b2a76b9719d911017c592"}));
}

}  // namespace
}  // namespace vams::cli
