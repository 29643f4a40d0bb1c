#include "migrate/journal.h"
#include "base/json.h"

#include <gtest/gtest.h>

#include <fstream>

namespace vams::migrate {

namespace {

class JournalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto folder = files::TempFolder::Create(std::filesystem::temp_directory_path(), "vams-journal");
    ASSERT_TRUE(folder.ok());
    folder_.emplace(*std::move(folder));
    path_ = folder_->path() / "journal.jsonl";
  }
  void Write(std::string_view text) {
    std::ofstream(path_, std::ios::binary | std::ios::app) << text;
  }

  std::optional<files::TempFolder> folder_;
  files::Path path_;
};

TEST_F(JournalTest, KeepsEntriesAndStageAcrossProcesses) {
  {
    auto journal = Journal::Open(path_, SystemClock());
    ASSERT_TRUE(journal.ok());
    ASSERT_TRUE(journal->Append("plan", {{"from", "2.4"}}).ok());
    ASSERT_TRUE(journal->MoveTo(Stage::kPlanned).ok());
    ASSERT_TRUE(journal->MoveTo(Stage::kCopying).ok());
    ASSERT_TRUE(journal->Append("chunk", {{"leg", "a"}, {"phase", "p"}, {"n", 1}}).ok());
    ASSERT_TRUE(journal->Append("chunk", {{"leg", "a"}, {"phase", "q"}, {"n", 2}}).ok());
  }
  const auto journal = Journal::Open(path_, SystemClock());
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(journal->stage(), Stage::kCopying);
  ASSERT_EQ(journal->entries().size(), 5U);
  EXPECT_EQ(TextOf(journal->entries().front(), "from"), "2.4");
  EXPECT_EQ(NumberOf(*journal->Last("chunk"), "n"), 2U);
  EXPECT_EQ(NumberOf(*journal->Last("chunk", "a", "p"), "n"), 1U);
  EXPECT_EQ(journal->Last("chunk", "b"), nullptr);
}

TEST_F(JournalTest, CutsOffTheLineThatACrashLeftUnfinished) {
  {
    auto journal = Journal::Open(path_, SystemClock());
    ASSERT_TRUE(journal.ok());
    ASSERT_TRUE(journal->MoveTo(Stage::kPlanned).ok());
  }
  Write(R"({"at":"2025-01-01T00:00:00.000Z","event":"sta)");
  auto journal = Journal::Open(path_, SystemClock());
  ASSERT_TRUE(journal.ok());
  EXPECT_EQ(journal->entries().size(), 1U);
  ASSERT_TRUE(journal->MoveTo(Stage::kCopying).ok());

  const auto entries = Journal::Read(path_);
  ASSERT_TRUE(entries.ok()) << entries.error().message;
  EXPECT_EQ(entries->size(), 2U);
  EXPECT_EQ(StageOf(*entries), Stage::kCopying);
}

TEST_F(JournalTest, RefusesADamagedLineAndNamesIt) {
  Write("{\"event\":\"plan\"}\nnot json\n{\"event\":\"plan\"}\n");
  const auto journal = Journal::Open(path_, SystemClock());
  ASSERT_FALSE(journal.ok());
  EXPECT_EQ(journal.error().code, Code::kCorrupt);
  EXPECT_NE(journal.error().message.find("line 2"), std::string::npos) << journal.error().message;
}

TEST_F(JournalTest, RefusesIllegalMovesAndWritesNothing) {
  auto journal = Journal::Open(path_, SystemClock());
  ASSERT_TRUE(journal.ok());
  ASSERT_TRUE(journal->MoveTo(Stage::kPlanned).ok());
  const auto moved = journal->MoveTo(Stage::kFinished);
  ASSERT_FALSE(moved.ok());
  EXPECT_EQ(moved.error().code, Code::kConflict);
  EXPECT_EQ(Journal::Read(path_)->size(), 1U);
}

TEST_F(JournalTest, SaysThatItCannotBeWritten) {
  // Everything written to /dev/full fails as on a full disk.
  std::filesystem::create_symlink("/dev/full", path_);
  auto journal = Journal::Open(path_, SystemClock());
  if (!journal.ok()) return;  // refused at once: as good
  const auto appended = journal->Append("plan", {});
  ASSERT_FALSE(appended.ok());
  EXPECT_TRUE(journal->entries().empty()) << "what is not durable has not happened";
}

}  // namespace

}  // namespace vams::migrate
