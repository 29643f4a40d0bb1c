// Every way of changing a closed log by hand must be found and named.
#include "audit/verify.h"

#include <gmock/gmock.h>

#include <random>

#include "audit/test_support.h"

namespace vams::audit {

namespace {

using ::testing::HasSubstr;

class VerifyTest : public AuditTest {
 protected:
  void SetUp() override {
    AuditTest::SetUp();
    WriteLines(8);
    lines_ = Lines(Read(Today()));
    ASSERT_EQ(lines_.size(), 8U);
    ASSERT_TRUE(Checked().clean()) << Report(Checked());
  }

  // What is found when the file of today holds these lines; never nothing.
  Verification Found(const std::vector<std::string>& lines) {
    Put(Today(), Joined(lines));
    auto verification = Checked();
    EXPECT_FALSE(verification.clean()) << Joined(lines);
    return verification;
  }
  static bool Names(const Verification& v, const std::string& file, std::uint64_t from,
                    std::uint64_t to) {
    for (const auto& f : v.findings)
      if (f.file == file && f.line >= from && f.line <= to) return true;
    return false;
  }
  static constexpr const char* kToday = "2025/03/01.log";

  // The lines with a new chain and a head that fits: what a patient forger would leave.
  void PutWithNewChain(std::vector<std::string> lines) {
    std::string before = NoDigest();
    for (std::size_t i = 0; i < lines.size(); ++i) {
      const auto line = ParseLine(lines[i]);
      const std::string old = std::to_string(line->sequence) + "\t" + std::string(line->time) +
                              "\t" + std::string(line->before);
      lines[i].replace(0, old.size(),
                       std::to_string(i + 1) + "\t" + std::string(line->time) + "\t" + before);
      before = DigestOf(lines[i]);
    }
    Put(Today(), Joined(lines));
  }

  std::vector<std::string> lines_;
};

TEST_F(VerifyTest, FindsEveryEditOfOneByte) {
  constexpr unsigned kSeed = 20250301;
  SCOPED_TRACE(kSeed);
  std::mt19937 random(kSeed);
  const std::string text = Read(Today());
  const auto check = [&](std::size_t at, char to) {
    if (to == text[at]) return;
    std::string edited = text;
    edited[at] = to;
    Put(Today(), edited);
    const auto line = 1 + static_cast<std::uint64_t>(
                              std::count(text.begin(), text.begin() + static_cast<long>(at), '\n'));
    const auto verification = Checked();
    // The line itself or a neighbour, whose digest it is or which it was joined with.
    EXPECT_TRUE(Names(verification, kToday, line - 1, line + 1))
        << "byte " << at << " to " << int{to} << "\n"
        << Report(verification);
  };
  for (int i = 0; i < 300; ++i) check(random() % text.size(), static_cast<char>(random() % 256));
  // Borders, and the whole last line, which no later line vouches for.
  for (std::size_t at = 0; at < text.size(); ++at)
    if (text[at] == '\n' || text[at] == '\t') check(at, ' ');
  for (std::size_t at = text.size() - lines_.back().size() - 1; at < text.size(); at += 7)
    check(at, text[at] == 'x' ? 'y' : 'x');
}

TEST_F(VerifyTest, FindsEditsOfTheHead) {
  const std::string head = Read(folder_ / "head");
  for (std::size_t at = 0; at < head.size(); at += 3) {
    std::string edited = head;
    edited[at] = edited[at] == '1' ? '2' : '1';
    Put(folder_ / "head", edited);
    const auto verification = Checked();
    EXPECT_TRUE(Names(verification, "head", 1, 1)) << at << "\n" << Report(verification);
  }
}

TEST_F(VerifyTest, FindsEveryRemovedLine) {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    auto lines = lines_;
    lines.erase(lines.begin() + static_cast<long>(i));
    const auto verification = Found(lines);
    EXPECT_TRUE(Names(verification, kToday, i, i + 1)) << Report(verification);
    EXPECT_THAT(Report(verification), HasSubstr("missing"));
  }
}

TEST_F(VerifyTest, FindsEverySwapCopyAndInsertion) {
  for (std::size_t i = 0; i < lines_.size(); ++i) {
    for (std::size_t k = i + 1; k < lines_.size(); ++k) {
      auto lines = lines_;
      std::swap(lines[i], lines[k]);
      EXPECT_TRUE(Names(Found(lines), kToday, i + 1, k + 1));
    }
    auto lines = lines_;
    lines.insert(lines.begin() + static_cast<long>(i), lines_[i]);
    EXPECT_TRUE(Names(Found(lines), kToday, i + 1, i + 2));
    // With a digest that fits the line before; the numbers do not.
    std::string forged = lines_[i];
    const auto before = ParseLine(lines_[i])->before;
    forged.replace(static_cast<std::size_t>(before.data() - lines_[i].data()), before.size(),
                   DigestOf(lines_[i]));
    lines = lines_;
    lines.insert(lines.begin() + static_cast<long>(i) + 1, forged);
    EXPECT_TRUE(Names(Found(lines), kToday, i + 1, i + 2));
  }
}

TEST_F(VerifyTest, FindsEveryTruncation) {
  const std::string text = Read(Today());
  for (std::size_t size = 0; size < text.size(); size += 13) {
    Put(Today(), text.substr(0, size));
    const auto verification = Checked();
    EXPECT_FALSE(verification.clean()) << size;
    EXPECT_THAT(Report(verification), HasSubstr("missing at the end"));
  }
  Put(Today(), text.substr(0, text.size() - 1));
  EXPECT_FALSE(Checked().clean());
}

TEST_F(VerifyTest, FindsAForgedLineAtTheEnd) {
  std::string forged = lines_.back();
  forged.replace(0, 1, "9");
  const auto before = ParseLine(lines_.back())->before;
  forged.replace(static_cast<std::size_t>(before.data() - lines_.back().data()), before.size(),
                 DigestOf(lines_.back()));
  auto lines = lines_;
  lines.push_back(forged);
  const auto verification = Found(lines);
  EXPECT_EQ(verification.finding_count, 1U) << Report(verification);
  EXPECT_TRUE(Names(verification, kToday, 9, 9));
  EXPECT_THAT(verification.findings[0].what, HasSubstr("added"));

  // Half a line too.
  Put(Today(), Joined(lines_) + "9\t2025");
  EXPECT_TRUE(Names(Checked(), kToday, 9, 9));
}

TEST_F(VerifyTest, FindsAMissingHeadAndMissingFiles) {
  std::filesystem::remove(folder_ / "head");
  EXPECT_TRUE(Names(Checked(), "head", 0, 0));
  std::filesystem::remove_all(folder_ / "2025");
  EXPECT_TRUE(Checked().clean()) << "an empty folder is an empty log";
}

TEST_F(VerifyTest, FindsAllFilesRemoved) {
  std::filesystem::remove_all(folder_ / "2025");
  const auto verification = Checked();
  ASSERT_EQ(verification.finding_count, 1U);
  EXPECT_THAT(verification.findings[0].what, HasSubstr("lines 1 to 8 are missing"));
}

TEST_F(VerifyTest, FindsADayRemovedMovedOrAdded) {
  clock_.Add(kOneDay);
  WriteLines(2);
  clock_.Add(kOneDay);
  WriteLines(2);
  const auto middle = folder_ / "2025/03/02.log", last = folder_ / "2025/03/03.log";
  const std::string text = Read(middle), last_text = Read(last);
  ASSERT_TRUE(Checked().clean()) << Report(Checked());

  std::filesystem::remove(middle);
  auto verification = Checked();
  EXPECT_TRUE(Names(verification, "2025/03/03.log", 1, 1)) << Report(verification);
  EXPECT_THAT(verification.findings[0].what, HasSubstr("lines 9 to 10 are missing"));

  // The chain is whole when lines only change their file.
  Put(middle, Lines(text)[0] + "\n");
  Put(last, Lines(text)[1] + "\n" + last_text);
  verification = Checked();
  EXPECT_TRUE(Names(verification, "2025/03/03.log", 1, 1)) << Report(verification);
  Put(middle, text + Lines(last_text)[0] + "\n");
  Put(last, Lines(last_text)[1] + "\n");
  verification = Checked();
  EXPECT_TRUE(Names(verification, "2025/03/02.log", 3, 3)) << Report(verification);

  Put(middle, text);
  Put(last, last_text);
  Put(folder_ / "2025/03/02.log.bak", text);
  verification = Checked();
  EXPECT_TRUE(Names(verification, "2025/03/02.log.bak", 0, 0)) << Report(verification);
}

// The head is not secret, so only an anchor kept elsewhere finds a chain that was made anew.
TEST_F(VerifyTest, AnchorsFindAChainMadeAnew) {
  const Anchor anchor = Checked().head;
  const Anchor early{3, DigestOf(lines_[2])};
  const Anchor anchors[] = {early, anchor};
  EXPECT_TRUE(Checked(anchors).clean());

  auto lines = lines_;
  const auto at = lines[1].find("role-1");
  ASSERT_NE(at, std::string::npos);
  lines[1].replace(at, 6, "role-X");
  PutWithNewChain(lines);
  const auto verification = Checked(anchors);
  EXPECT_TRUE(Names(verification, kToday, 3, 3)) << Report(verification);
  EXPECT_TRUE(Names(verification, kToday, 8, 8)) << Report(verification);

  Put(Today(), Joined(lines_));
  const Anchor beyond[] = {{.sequence = 20, .digest = anchor.digest}};
  EXPECT_THAT(Report(Checked(beyond)), HasSubstr("line 20 of an anchor is missing"));
}

TEST_F(VerifyTest, AChainMadeAnewDoesNotFitTheOldHead) {
  auto lines = lines_;
  lines.erase(lines.begin() + 4);
  PutWithNewChain(lines);
  EXPECT_FALSE(Checked().clean()) << "one line too few";
  lines.push_back(lines_.back());
  PutWithNewChain(lines);
  const auto verification = Checked();
  EXPECT_THAT(Report(verification), HasSubstr("not the one that the head knows"));
}

TEST_F(VerifyTest, ListsOnlyTheFirstFindingsButCountsAll) {
  std::string text;
  for (int i = 0; i < 250; ++i) text += "nonsense\n";
  Put(Today(), text);
  const auto verification = Checked();
  EXPECT_EQ(verification.findings.size(), Verification::kMaxFindings);
  EXPECT_GE(verification.finding_count, 250U);
}

TEST_F(VerifyTest, SaysThatThereIsNoLog) {
  const auto verification = Verify(temp_->path() / "nowhere");
  ASSERT_FALSE(verification.ok());
  EXPECT_EQ(verification.error().code, Code::kNotFound);
}

}  // namespace

}  // namespace vams::audit
