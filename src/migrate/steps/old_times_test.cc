#include "migrate/steps/old_times.h"

#include <gtest/gtest.h>

namespace vams::migrate {
namespace {

TEST(OldTimes, PrintsIsoTimesAsTheReleasesDo) {
  EXPECT_EQ("2025-03-10T09:46:40", IsoTime(1741600000000));
  EXPECT_EQ("2025-03-10T09:46:40.005000+00:00", IsoTime(1741600000005, "+00:00"));
  EXPECT_EQ("1969-12-31T23:59:59.999000", IsoTime(-1));
}

TEST(OldTimes, ConvertsLongDatesBothWays) {
  EXPECT_EQ("2025-03-09T10:00:00", IsoFromLongDate("March 09 2025 - 10:00:00"));
  EXPECT_EQ("2024-02-29T23:59:59", IsoFromLongDate("February 29 2024 - 23:59:59"));
  EXPECT_EQ("2025-03-09T10:00:00", IsoFromLongDate("March 9 2025 - 10:00:00"));
  EXPECT_EQ("March 09 2025 - 10:00:00", LongDateFromIso("2025-03-09T10:00:00.123456"));
  EXPECT_EQ("March 09 2025 - 10:00:00", LongDateFromIso("2025-03-09T10:00:00Z"));
}

TEST(OldTimes, RefusesWhatIsNoSuchTime) {
  for (const char* text :
       {"", "March", "Marsh 09 2025 - 10:00:00", "February 30 2025 - 10:00:00",
        "March 09 2025 - 24:00:00", "March 09 2025 - 10:00:00 ", "\"March 09 2025 - 10:00:00\"",
        "2025-03-09T10:00:00", "March 00 2025 - 10:00:00"})
    EXPECT_EQ(std::nullopt, IsoFromLongDate(text)) << text;
  for (const char* text : {"", "2025-03-09", "2025-13-09T10:00:00", "2025-03-09T10:00:00+02:00",
                           "2025-03-09T10:00:00.", "2025-03-09T10:00:00x", "2025-3-09T10:00:00"})
    EXPECT_EQ(std::nullopt, LongDateFromIso(text)) << text;
}

TEST(OldTimes, CountsSecondsExactly) {
  EXPECT_EQ("1741600000.25", EpochSecondsFromIso("2025-03-10T09:46:40.250000+00:00"));
  EXPECT_EQ("1741600000", EpochSecondsFromIso("2025-03-10T09:46:40"));
  EXPECT_EQ("1741592800", EpochSecondsFromIso("2025-03-10T09:46:40+02:00"));
  EXPECT_EQ("1741609000.000001", EpochSecondsFromIso("2025-03-10T09:46:40.000001-02:30"));
  EXPECT_EQ(std::nullopt, EpochSecondsFromIso("soon"));
  EXPECT_EQ(std::nullopt, EpochSecondsFromIso("1969-12-31T23:59:59"));
}

}  // namespace
}  // namespace vams::migrate
