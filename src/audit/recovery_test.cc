// What crashes leave must be told apart from tampering, and opening a log must not heal tampering.
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/json.hpp>

#include "audit/head.h"
#include "audit/test_support.h"

namespace vams::audit {

namespace {

using ::testing::HasSubstr;

class RecoveryTest : public AuditTest {
 protected:
  // The folder as a killed process leaves it after these lines: what it holds while a log is open
  // is in the page cache, which survives the process.
  void Interrupted(int lines) {
    const files::Path original = folder_;
    {
      const auto log = Open();
      for (int i = 0; i < lines; ++i) log->Write(Sample(i));
      ASSERT_TRUE(log->Flush().ok());
      CopyTo(temp_->path() / "copy");
    }
    folder_ = temp_->path() / "copy";
  }
  Head Known() const { return ReadHead(folder_).value(); }
  void PutHead(const Head& head) { Put(folder_ / "head", HeadText(head)); }
  // Opens, writes a line, closes.
  void GoOn() {
    const auto log = Open();
    ASSERT_NE(log, nullptr);
    log->Write(Sample(99));
  }
  boost::json::object ResumeRecord(std::size_t line) const {
    const auto texts = Texts();
    if (line > texts.size()) return {};
    return OwnPayload(texts[line - 1], kResumed).value_or(boost::json::object());
  }
};

TEST_F(RecoveryTest, AKilledProcessLeavesALogThatGoesOn) {
  Interrupted(5);
  EXPECT_TRUE(Checked().clean()) << Report(Checked());
  GoOn();
  const auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
  EXPECT_EQ(verification.lines, 7U);
  ASSERT_EQ(verification.notices.size(), 1U) << Report(verification);
  EXPECT_THAT(verification.notices[0], HasSubstr("2025/03/01.log:6"));
  EXPECT_EQ(ResumeRecord(6).at("found").at("sequence"), 5);
}

TEST_F(RecoveryTest, SurvivesSigkillInTheMiddleOfWriting) {
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  const pid_t child = ::fork();
  if (child == 0) {
    auto log = AuditLog::Open(folder_, clock_);
    for (int i = 0;; ++i) {
      (*log)->Write(Sample(i));
      if (i == 200 && ::write(ready[1], "x", 1) != 1) ::_exit(1);
    }
  }
  char byte;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  ::kill(child, SIGKILL);
  ::waitpid(child, nullptr, 0);
  ::close(ready[0]);
  ::close(ready[1]);

  auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
  EXPECT_GE(verification.lines, 201U);
  GoOn();
  verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
}

TEST_F(RecoveryTest, MovesATornLineAside) {
  Interrupted(3);
  const std::string torn = "4\t2025-03-01T10:00:00.123Z\t01";
  Put(Today(), Read(Today()) + torn);
  EXPECT_TRUE(Checked().clean()) << Report(Checked());
  GoOn();
  auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
  EXPECT_EQ(verification.lines, 5U);
  const auto record = ResumeRecord(4);
  ASSERT_TRUE(record.contains("torn"));
  const std::string file(record.at("torn").at("file").as_string());
  EXPECT_EQ(Read(folder_ / file), torn);
  EXPECT_EQ(record.at("torn").at("bytes"), torn.size());

  Put(folder_ / file, "else");
  verification = Checked();
  ASSERT_EQ(verification.finding_count, 1U) << Report(verification);
  EXPECT_EQ(verification.findings[0].file, file);
}

TEST_F(RecoveryTest, AHeadOneLineBehindIsAnInterruption) {
  Interrupted(4);
  const auto lines = Lines(Read(Today()));
  Head head = Known();
  head.sequence = head.durable_sequence = 3;
  head.digest = head.durable_digest = DigestOf(lines[2]);
  PutHead(head);
  auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
  EXPECT_THAT(Report(verification), HasSubstr("line 4 was written when the process"));
  GoOn();
  verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
}

TEST_F(RecoveryTest, AHeadFurtherBehindIsNotUnlessTheMachineStopped) {
  Interrupted(4);
  const auto lines = Lines(Read(Today()));
  Head head = Known();
  head.sequence = head.durable_sequence = 2;
  head.digest = head.durable_digest = DigestOf(lines[1]);
  PutHead(head);
  EXPECT_THAT(Report(Checked()), HasSubstr("lines 3 to 4 stand behind the end"));
  head.boot = "00000000-0000-0000-0000-000000000000";
  PutHead(head);
  EXPECT_TRUE(Checked().clean()) << Report(Checked());
  GoOn();
  EXPECT_TRUE(Checked().clean()) << Report(Checked());
}

// The disk may have the head, but not yet the lines it speaks of, when the power fails.  Lines that
// were synced are never excused.
TEST_F(RecoveryTest, LinesThatWereNotDurableMayBeLostWithTheMachineOnly) {
  Interrupted(5);
  const auto lines = Lines(Read(Today()));
  Head head = Known();
  head.durable_sequence = 3;
  head.durable_digest = DigestOf(lines[2]);
  PutHead(head);
  Put(Today(), Joined({lines[0], lines[1], lines[2]}));
  EXPECT_THAT(Report(Checked()), HasSubstr("lines 4 to 5 are missing at the end"));

  head.boot = "00000000-0000-0000-0000-000000000000";
  PutHead(head);
  EXPECT_TRUE(Checked().clean()) << Report(Checked());
  EXPECT_THAT(Report(Checked()), HasSubstr("lines 4 to 5 were lost when the machine stopped"));

  Put(Today(), Joined({lines[0], lines[1]}));
  EXPECT_THAT(Report(Checked()), HasSubstr("lines 3 to 5 are missing at the end"));
  GoOn();
  EXPECT_THAT(Report(Checked()), HasSubstr("when the log was opened here, lines 3 to 5"));
}

// Cutting a log and starting the server must not make the cut invisible.
TEST_F(RecoveryTest, OpeningALogThatWasCutHealsNothing) {
  WriteLines(6);
  const auto lines = Lines(Read(Today()));
  Put(Today(), Joined({lines[0], lines[1], lines[2]}));
  GoOn();
  GoOn();
  auto verification = Checked();
  ASSERT_EQ(verification.finding_count, 1U) << Report(verification);
  EXPECT_EQ(verification.findings[0].line, 4U);
  EXPECT_THAT(verification.findings[0].what, HasSubstr("lines 4 to 6 are missing at the end"));

  std::filesystem::remove(folder_ / "head");
  GoOn();
  EXPECT_THAT(Report(Checked()), HasSubstr("its head was absent"));
}

TEST_F(RecoveryTest, OpeningALogWhoseLastLineWasChangedHealsNothing) {
  WriteLines(3);
  std::string text = Read(Today());
  text.replace(text.find("role-2"), 6, "role-X");
  Put(Today(), text);
  GoOn();
  EXPECT_THAT(Report(Checked()), HasSubstr("line 3 is not the one that the head found here knows"));

  text = Read(Today());
  const auto at = text.rfind("role-99");
  ASSERT_NE(at, text.npos);
  text.erase(text.rfind('\t', at) - 90, 30);  // no line any more
  Put(Today(), text);
  const auto before = Checked().finding_count;
  GoOn();
  EXPECT_GE(Checked().finding_count, before) << Report(Checked());
}

TEST_F(RecoveryTest, OpeningALogWhoseFilesAreGoneHealsNothing) {
  WriteLines(3);
  std::filesystem::remove_all(folder_ / "2025");
  GoOn();
  EXPECT_THAT(Report(Checked()), HasSubstr("lines 1 to 3 are missing at the end"));
}

// A full disk takes half a line: that half must not stay, and the log must go on.
TEST_F(RecoveryTest, CutsOffTheHalfLineOfAFullDisk) {
  ::signal(SIGXFSZ, SIG_IGN);
  {
    const auto log = Open();
    log->Write(Sample(1));
    const auto size = std::filesystem::file_size(Today());
    rlimit before{};
    ASSERT_EQ(::getrlimit(RLIMIT_FSIZE, &before), 0);
    rlimit small = before;
    small.rlim_cur = size + 50;
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &small), 0);
    log->Write(Sample(2));
    ASSERT_EQ(::setrlimit(RLIMIT_FSIZE, &before), 0);
    EXPECT_EQ(log->counters().failed_writes, 1U);
    EXPECT_EQ(std::filesystem::file_size(Today()), size);
    log->Write(Sample(3));
    EXPECT_EQ(log->counters().lines, 3U);
  }
  ::signal(SIGXFSZ, SIG_DFL);
  const auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
  EXPECT_EQ(verification.lines, 3U);
  EXPECT_THAT(Report(verification), HasSubstr("1 events could not be written"));
}

}  // namespace

}  // namespace vams::audit
