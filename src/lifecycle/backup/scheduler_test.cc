#include "lifecycle/backup/scheduler.h"

#include <gmock/gmock.h>

#include "lifecycle/support_test.h"

namespace vams::lifecycle::backup::test {

namespace {

using ::testing::HasSubstr;

constexpr std::int64_t kMinute = 60'000;
constexpr std::int64_t kHour = 60 * kMinute;
constexpr std::int64_t kDay = 24 * kHour;

TEST(Schedule, ReadsWhatTheGuideSays) {
  EXPECT_EQ(ParseSchedule("hourly")->every_millis, kHour);
  EXPECT_EQ(ParseSchedule("daily")->every_millis, kDay);
  EXPECT_EQ(ParseSchedule("weekly")->every_millis, 7 * kDay);
  EXPECT_EQ(ParseSchedule("30m")->every_millis, 30 * kMinute);
  EXPECT_EQ(ParseSchedule("6h")->every_millis, 6 * kHour);
  EXPECT_EQ(ParseSchedule("2d")->every_millis, 2 * kDay);
  EXPECT_EQ(ParseSchedule("03:30")->minute_of_day, 210);
  for (const char* wrong : {"", "h", "0h", "-1h", "6", "6y", "24:00", "03:60", "3:30", "often"}) {
    const auto refused = ParseSchedule(wrong);
    ASSERT_FALSE(refused.ok()) << wrong;
    EXPECT_EQ(refused.error().code, Code::kInvalid);
    EXPECT_THAT(refused.error().message, HasSubstr("backup.schedule"));
  }
}

TEST(Schedule, IsDueAsLongAfterTheLastAsItSays) {
  const Schedule often{.every_millis = 6 * kHour, .minute_of_day = {}};
  EXPECT_EQ(often.DueAfter(std::nullopt, 1000), 1000);
  EXPECT_EQ(often.DueAfter(1000, 2000), 1000 + 6 * kHour);
  // Missed while nothing was served: at once, and once only.
  EXPECT_LT(often.DueAfter(1000, 10 * kDay), 10 * kDay);
  // Made by a clock that was a year ahead.
  EXPECT_EQ(often.DueAfter(365 * kDay, kDay), kDay + 6 * kHour);

  const Schedule nightly{.every_millis = 0, .minute_of_day = 210};
  const std::int64_t at = 210 * kMinute;
  EXPECT_EQ(nightly.DueAfter(10 * kDay, 10 * kDay), 10 * kDay + at);
  EXPECT_EQ(nightly.DueAfter(10 * kDay + at, 10 * kDay + at), 11 * kDay + at);
  EXPECT_EQ(nightly.DueAfter(10 * kDay + at - 1, 12 * kDay), 10 * kDay + at);
}

// The first backup is due at once; stopping does not wait for the next.
TEST(Scheduler, MakesTheFirstBackupAndStops) {
  using namespace lifecycle::test;  // NOLINT: a test's vocabulary
  const auto home = MakeTemp();
  FixedClock clock;
  const StackRegistry registry(home.path(), clock);
  const auto stack = Must(registry.Create("plant", std::nullopt));
  const auto folder = home.path() / "backups" / "plant" / "backups";
  {
    const Scheduler scheduler(stack,
                              {.schedule = {.every_millis = kDay, .minute_of_day = {}},
                               .folder = (home.path() / "backups").string(),
                               .encryption = {},
                               .keep = 7},
                              clock, SystemRandom());
    std::error_code ec;
    while (!std::filesystem::exists(folder, ec) || std::filesystem::is_empty(folder, ec))
      std::this_thread::yield();
  }
  const auto vault = Must(Vault::Open({(home.path() / "backups").string(), "plant"}, nullptr,
                                      Repository::Purpose::kRead, "a test", SystemRandom()));
  EXPECT_EQ(Must(vault->Ids()).size(), 1U);
}

}  // namespace

}  // namespace vams::lifecycle::backup::test
