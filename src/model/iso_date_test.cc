#include "model/iso_date.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>

namespace vams::model {
namespace {

TEST(IsIsoDate, TakesEveryFormOfDateAndTime) {
  for (const char* date :
       {"2031-04-05", "20310405", "2031-W14", "2031W14", "2031-W14-6", "2031W146"})
    for (const char* time : {"", "T06", " 06:07", "x0607", "\u20ac06:07:08", "T060708",
                             "T06:07:08.1", "_060708,123456789", "T23:59:59"})
      for (const char* offset : {"", "Z", "+05", "-0530", "+05:30", "-23:59:59.9"}) {
        // Directly behind a date only Z is a zone.
        if (*time == '\0' && *offset != '\0' && *offset != 'Z') continue;
        const std::string text = fmt::format("{}{}{}", date, time, offset);
        EXPECT_TRUE(IsIsoDate(text)) << text;
      }
}

TEST(IsIsoDate, RefusesMalformedTimes) {
  for (const char* rest : {"T",
                           "T6",
                           "T06:",
                           "T06:7",
                           "T06:07:",
                           "T067",
                           "T06070",
                           "T06.5",
                           "T06:07.5",
                           "T06:07:08.",
                           "T06:07:08 +05:30",
                           "T06:07:08+",
                           "T06:07:08+5",
                           "T06:07:08+05:3",
                           "T06:07:08+24",
                           "T06:07:08+23:59:60",
                           "T06:07:08+0530Z",
                           "TT06",
                           "T24:00",
                           "T23:60",
                           "T23:59:60",
                           "T06:0708",
                           "T06:07:08z",
                           "ZZZ",
                           "T06:07:08+053015"})
    EXPECT_FALSE(IsIsoDate(fmt::format("2031-04-05{}", rest))) << rest;
  for (const char* text :
       {"", "2031-0405", "2031-W146", "2031W14-6", "2031-04-0\u0665", "203104051"})
    EXPECT_FALSE(IsIsoDate(text)) << text;
}

// Every calendar day of years of every kind, and no other; the last week of the last year has but
// five days.
TEST(IsIsoDate, KnowsTheCalendar) {
  using namespace std::chrono;
  for (const int y : {1, 4, 1900, 2000, 2004, 2020, 2026, 2031, 2032, 9999})
    for (unsigned m = 0; m <= 13; ++m)
      for (unsigned d = 0; d <= 32; ++d) {
        const year_month_day day{year(y), month(m), std::chrono::day(d)};
        EXPECT_EQ(IsIsoDate(fmt::format("{:04}-{:02}-{:02}", y, m, d)), day.ok())
            << y << "-" << m << "-" << d;
      }
}

TEST(IsIsoDate, KnowsTheYearsOfFiftyThreeWeeks) {
  using namespace std::chrono;
  for (int y = 1; y <= 9999; ++y) {
    // A year is long if it has 53 Thursdays.
    const weekday first{sys_days(year(y) / January / 1)};
    const bool is_long = first == Thursday || (first == Wednesday && year(y).is_leap());
    EXPECT_EQ(IsIsoDate(fmt::format("{:04}-W53", y)), is_long) << y;
  }
  for (const char* text : {"9999-W52-5", "0001-W01-1", "2031-W01-7"})
    EXPECT_TRUE(IsIsoDate(text)) << text;
  for (const char* text : {"9999-W52-6", "2031-W00", "2031-W54", "2031-W14-0", "2031-W14-8"})
    EXPECT_FALSE(IsIsoDate(text)) << text;
}

}  // namespace
}  // namespace vams::model
