#include "audit/audit_log.h"

#include <gmock/gmock.h>

#include <boost/json.hpp>
#include <map>
#include <thread>

#include "audit/test_support.h"
#include "base/hash.h"

namespace vams::audit {

namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

using AuditLogTest = AuditTest;

TEST_F(AuditLogTest, WritesTheDocumentedLines) {
  {
    const auto log = Open();
    log->Write({.channel = Channel::kAuthorization,
                .outcome = false,
                .actor = {.user = "bob", .roles = {"viewer", "a\"b"}, .mfa = true},
                .payload = {{"action", "DELETE"},
                            {"obj", {{"object__type", "api"}, {"route__path", "/roles"}}}},
                .request = {{"method", "DELETE"}, {"path", "/roles/x"}},
                .request_id = "req-1",
                .reason = "refused: no rule allows it"});
    clock_.Add(1877);
    log->Write({.channel = Channel::kFileUpload});
  }
  const std::string first =
      "1\t2025-03-01T10:00:00.123Z\t" + std::string(64, '0') +
      "\treq-1\t[AUTHORIZATION][authorized: False] [user: bob] "
      R"([roles: ["viewer","a\"b"]] [mfaEnabled: True] )"
      R"({"action":"DELETE","obj":{"object__type":"api","route__path":"/roles"}} )"
      R"(--- [event: {"method":"DELETE","path":"/roles/x"}])"
      "\t\"refused: no rule allows it\"";
  const std::string second = "2\t2025-03-01T10:00:02.000Z\t" + DigestOf(first) +
                             "\t-\t[FILEUPLOAD] [user: UNKNOWN] [roles: []] [mfaEnabled: False] "
                             "--- [event: {}]\t-";
  EXPECT_EQ(Read(Today()), first + "\n" + second + "\n");
}

TEST_F(AuditLogTest, HasATagForEveryChannel) {
  const auto text = [](Channel channel, std::optional<bool> outcome, std::string type) {
    const std::string whole =
        TextOf({.channel = channel, .type = std::move(type), .outcome = outcome});
    return whole.substr(0, whole.find(" [user: "));
  };
  EXPECT_EQ(text(Channel::kAuthentication, true, ""), "[AUTHENTICATION][authenticated: True]");
  EXPECT_EQ(text(Channel::kAuthorization, true, ""), "[AUTHORIZATION][authorized: True]");
  EXPECT_EQ(text(Channel::kAuthOther, {}, "userProfileGet"), "[AUTHOTHER][type: userProfileGet]");
  EXPECT_EQ(text(Channel::kAuthChanges, {}, "roleCreate"), "[AUTHCHANGES][type: roleCreate]");
  EXPECT_EQ(text(Channel::kFileUpload, {}, ""), "[FILEUPLOAD]");
  EXPECT_EQ(text(Channel::kFileDownload, {}, ""), "[FILEDOWNLOAD]");
  EXPECT_EQ(text(Channel::kFileDownloadStreamed, {}, ""), "[FILEDOWNLOAD-STREAMED]");
  EXPECT_EQ(text(Channel::kActions, {}, "tagCreate"), "[ACTIONS][type: tagCreate]");
  EXPECT_EQ(text(Channel::kErrors, {}, "validation"), "[ERRORS][type: validation]");
}

// Whoever can choose a user id, a request id or a path must not be able to write a second line, a
// second column or another user into the record.
TEST_F(AuditLogTest, NothingInAnEventCanImitateAnotherPart) {
  {
    const auto log = Open();
    log->Write({.channel = Channel::kErrors,
                .type = "x]\n[y",
                .actor = {.user = "eve] [roles: [\"admin\"]]\t\n1\t\\", .roles = {"a\nb\t\x7f"}},
                .payload = {{"a\nb", "c\td\r"}},
                .request = {{"path", "/\xff\xc3("}},
                .request_id = "a b\tc\n\xff",
                .reason = "r\n\t"});
  }
  const std::string text = Read(Today());
  const auto lines = Lines(text);
  ASSERT_EQ(lines.size(), 1U) << text;
  const auto line = ParseLine(lines[0]);
  ASSERT_TRUE(line) << text;
  EXPECT_EQ(line->request_id, "a_b_c__");
  EXPECT_EQ(line->reason, R"("r\u000a\u0009")");
  EXPECT_EQ(line->text,
            "[ERRORS][type: x\\u005d\\u000a\\u005by] "
            "[user: eve\\u005d \\u005broles: \\u005b\"admin\"\\u005d\\u005d\\u0009\\u000a1\\u0009"
            "\\u005c] [roles: [\"a\\u000ab\\u0009\\u007f\"]] [mfaEnabled: False] "
            "{\"a\\u000ab\":\"c\\u0009d\\u000d\"} "
            "--- [event: {\"path\":\"/\xEF\xBF\xBD\xEF\xBF\xBD(\"}]");
}

TEST_F(AuditLogTest, StartsAFileEachDayAndChainsAcrossThem) {
  {
    const auto log = Open();
    log->Write(Sample(1));
    clock_.Add(kOneDay);
    log->Write(Sample(2));
    // A clock that is set back does not reopen yesterday.
    clock_.Add(-kOneDay);
    log->Write(Sample(3));
    clock_.Add(31 * kOneDay);
    log->Write(Sample(4));
  }
  const auto first = Lines(Read(folder_ / "2025/03/01.log"));
  const auto second = Lines(Read(folder_ / "2025/03/02.log"));
  const auto third = Lines(Read(folder_ / "2025/04/01.log"));
  ASSERT_EQ(first.size(), 1U);
  ASSERT_EQ(second.size(), 2U);
  ASSERT_EQ(third.size(), 1U);
  EXPECT_EQ(ParseLine(second[0])->before, DigestOf(first[0]));
  EXPECT_EQ(ParseLine(third[0])->before, DigestOf(second[1]));
  const auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
  EXPECT_EQ(verification.files, 3U);
  EXPECT_EQ(verification.lines, 4U);
  EXPECT_EQ(verification.head.sequence, 4U);
  EXPECT_EQ(verification.head.digest, DigestOf(third[0]));
}

TEST_F(AuditLogTest, GoesOnWhereTheLastProcessEnded) {
  WriteLines(3);
  WriteLines(2);
  const auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
  EXPECT_EQ(verification.lines, 5U) << "an orderly restart writes nothing";
  EXPECT_TRUE(verification.notices.empty());
}

TEST_F(AuditLogTest, OneProcessWritesAtATime) {
  const auto log = Open();
  const auto second = AuditLog::Open(folder_, clock_);
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::kConflict);
}

TEST_F(AuditLogTest, CountsAllowedReadsPerCallerRouteAndMinute) {
  const Actor viewer{.user = "ignored", .roles = {"viewer"}};
  const Actor with_factor{.user = "ignored", .roles = {"viewer"}, .mfa = true};
  {
    const auto log = Open();
    for (int i = 0; i < 3; ++i) log->CountAllowed("ann", "getAsset", viewer, "/assets/{assetId}");
    log->CountAllowed("ann", "getAsset", with_factor, "/assets/{assetId}");
    clock_.Add(60'000);
    log->CountAllowed("ann", "getAsset", viewer, "/assets/{assetId}");
    log->CountAllowed("bob", "search", viewer, "/search", "POST");
  }
  std::vector<std::string> texts = Texts();
  std::ranges::sort(texts);
  const auto line = [](std::string user, std::string mfa, std::string action, std::string path,
                       std::string route, std::string minute, int count) {
    return "[AUTHORIZATION][authorized: True] [user: " + user +
           "] [roles: [\"viewer\"]] [mfaEnabled: " + mfa + "] {\"action\":\"" + action +
           "\",\"obj\":{\"object__type\":\"api\",\"route__path\":\"" + path +
           "\"},\"aggregated\":{\"routeId\":\"" + route + "\",\"minute\":\"" + minute +
           "\",\"count\":" + std::to_string(count) + "}} --- [event: {}]";
  };
  EXPECT_THAT(
      texts,
      ElementsAre(
          line("ann", "False", "GET", "/assets/{assetId}", "getAsset", "2025-03-01T10:00Z", 3),
          line("ann", "False", "GET", "/assets/{assetId}", "getAsset", "2025-03-01T10:01Z", 1),
          line("ann", "True", "GET", "/assets/{assetId}", "getAsset", "2025-03-01T10:00Z", 1),
          line("bob", "False", "POST", "/search", "search", "2025-03-01T10:01Z", 1)));
}

// Threads write and count while the minute changes and the log is flushed and verified: every event
// is in exactly one line, every read is counted once, and a reader beside never sees a false alarm.
TEST_F(AuditLogTest, LosesNothingUnderThreads) {
  constexpr int kThreads = 4, kEvents = 300, kReads = 3000;
  {
    auto opened = AuditLog::Open(folder_, clock_, {.sync_every = std::chrono::milliseconds(1)});
    ASSERT_TRUE(opened.ok());
    const auto& log = *opened;
    std::vector<std::jthread> threads;
    for (int t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        const Actor actor{.roles = {"viewer"}};
        for (int i = 0; i < kReads; ++i) {
          log->CountAllowed("user-" + std::to_string(i % 7), "route-" + std::to_string(i % 3),
                            actor, "/x");
          if (i % (kReads / kEvents) == 0) log->Write(Sample(t * kEvents + i));
          if (i % 500 == 0) clock_.Add(20'000);
          if (i % 1000 == 0) {
            EXPECT_TRUE(log->Flush().ok());
          }
        }
      });
    for (int i = 0; i < 5; ++i) {
      const auto verification = Checked();
      EXPECT_TRUE(verification.clean()) << Report(verification);
    }
  }
  std::map<std::string, std::uint64_t> reads;
  int events = 0;
  for (const auto& text : Texts()) {
    if (text.starts_with("[AUTHCHANGES]")) ++events;
    const auto at = text.find("\"count\":");
    if (at == text.npos) continue;
    const auto route = text.find("route-");
    reads[std::string(UserOf(text)) + " " + text.substr(route, 7)] +=
        std::stoull(text.substr(at + 8));
  }
  EXPECT_EQ(events, kThreads * kEvents);
  EXPECT_EQ(reads.size(), 21U);
  std::uint64_t total = 0;
  for (const auto& [key, count] : reads) {
    const auto user = std::stoi(key.substr(5, 1));
    const auto route = std::stoi(key.substr(key.size() - 1));
    std::uint64_t expected = 0;
    for (int i = 0; i < kReads; ++i) expected += i % 7 == user && i % 3 == route ? kThreads : 0;
    EXPECT_EQ(count, expected) << key;
    total += count;
  }
  EXPECT_EQ(total, std::uint64_t{kThreads} * kReads);
  const auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
}

// Where the next month's folder should be is a file: every write fails until it is gone.
TEST_F(AuditLogTest, SaysHowManyEventsWereLostOnceItWorksAgain) {
  {
    const auto log = Open();
    log->Write(Sample(0));
    ASSERT_TRUE(log->Flush().ok());
    Put(folder_ / "2025/04", "in the way");
    clock_.Add(31 * kOneDay);
    log->Write(Sample(1));
    clock_.Add(1000);
    log->Write(Sample(2));
    EXPECT_EQ(log->counters().failed_writes, 2U);
    EXPECT_THAT(log->counters().last_error, HasSubstr("2025/04"));
    EXPECT_FALSE(log->Flush().ok());
    EXPECT_TRUE(log->Flush().ok()) << "the failures before the last flush were told already";

    std::filesystem::remove(folder_ / "2025/04");
    log->Write(Sample(3));
    EXPECT_EQ(log->counters().lines, 3U);
    EXPECT_EQ(log->counters().failed_writes, 2U);
  }
  const auto texts = Texts();
  ASSERT_EQ(texts.size(), 3U);
  const auto payload = OwnPayload(texts[1], kLost);
  ASSERT_TRUE(payload) << texts[1];
  EXPECT_EQ(payload->at("count"), 2);
  EXPECT_EQ(payload->at("from"), "2025-04-01T10:00:00.123Z");
  EXPECT_EQ(payload->at("until"), "2025-04-01T10:00:01.123Z");
  EXPECT_THAT(texts[2], HasSubstr("role-3"));
  const auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
  ASSERT_EQ(verification.notices.size(), 1U);
  EXPECT_THAT(verification.notices[0], HasSubstr("2 events"));
}

TEST_F(AuditLogTest, RemovesWholeOldDaysAndStaysVerifiable) {
  const auto log = Open();
  for (int day = 0; day < 4; ++day) {
    log->Write(Sample(2 * day));
    log->Write(Sample(2 * day + 1));
    clock_.Add(kOneDay);
  }
  log->Write(Sample(9));
  // It is 2025-03-05; two days back from there, the 3rd, is kept.
  const auto removed = log->RemoveOldDays(2);
  ASSERT_TRUE(removed.ok()) << removed.error().message;
  EXPECT_EQ(*removed, 2U);
  EXPECT_FALSE(std::filesystem::exists(folder_ / "2025/03/02.log"));
  EXPECT_TRUE(std::filesystem::exists(folder_ / "2025/03/03.log"));
  EXPECT_EQ(log->RemoveOldDays(2).value(), 0U);
  auto verification = Checked();
  EXPECT_TRUE(verification.clean()) << Report(verification);
  EXPECT_EQ(verification.first_sequence, 5U);

  // What else disappears is not excused by that record.
  std::filesystem::remove(folder_ / "2025/03/03.log");
  verification = Checked();
  ASSERT_EQ(verification.finding_count, 1U) << Report(verification);
  EXPECT_EQ(verification.findings[0].file, "2025/03/04.log");
  EXPECT_THAT(verification.findings[0].what, HasSubstr("lines 1 to 6 are missing"));
}

TEST_F(AuditLogTest, KeepsTenYearsUnlessToldOtherwise) {
  const auto log = Open();
  log->Write(Sample(1));
  clock_.Add(3653 * kOneDay);
  log->Write(Sample(2));
  EXPECT_EQ(log->RemoveOldDays().value(), 0U);
  clock_.Add(kOneDay);
  EXPECT_EQ(log->RemoveOldDays().value(), 1U);
}

}  // namespace

}  // namespace vams::audit
