#include "search/instants.h"

#include <gtest/gtest.h>

namespace vams::search {
namespace {

constexpr std::int64_t kDay = 86'400'000;
constexpr std::int64_t kFirstOfMay = 1714521600000;  // 2024

TEST(Instants, DatesAndTimesOfEveryPrecision) {
  EXPECT_EQ(ParseInstants("1970"), (Instants{0, 365 * kDay - 1}));
  EXPECT_EQ(ParseInstants("2024-05"), (Instants{kFirstOfMay, kFirstOfMay + 31 * kDay - 1}));
  EXPECT_EQ(ParseInstants("2024-02-29"),
            (Instants{kFirstOfMay - 62 * kDay, kFirstOfMay - 61 * kDay - 1}));
  EXPECT_EQ(ParseInstants("2024-05-01"), (Instants{kFirstOfMay, kFirstOfMay + kDay - 1}));
  EXPECT_EQ(ParseInstants("2024-05-01T01"),
            (Instants{kFirstOfMay + 3'600'000, kFirstOfMay + 7'199'999}));
  EXPECT_EQ(ParseInstants("2024-05-01T00:01Z"),
            (Instants{kFirstOfMay + 60'000, kFirstOfMay + 119'999}));
  EXPECT_EQ(ParseInstants("2024-05-01T00:00:01"),
            (Instants{kFirstOfMay + 1000, kFirstOfMay + 1999}));
  EXPECT_EQ(ParseInstants("2024-05-01 00:00:01.5"),
            (Instants{kFirstOfMay + 1500, kFirstOfMay + 1500}));
  EXPECT_EQ(ParseInstants("2024-05-01T00:00:00.123456+00:00"),
            (Instants{kFirstOfMay + 123, kFirstOfMay + 123}));
  EXPECT_EQ(ParseInstants("2024-05-01T02:00:00+02:00")->first, kFirstOfMay);
  EXPECT_EQ(ParseInstants("2024-04-30T16:30:00-0730")->first, kFirstOfMay);
  EXPECT_EQ(ParseInstants("1714521600000"), (Instants{kFirstOfMay, kFirstOfMay}));
  EXPECT_EQ(ParseInstants("-1"), (Instants{-1, -1}));
}

TEST(Instants, RefusesWhatIsNone) {
  for (const char* text :
       {"", "24", "2024-", "2024-13", "2024-00", "2023-02-29", "2024-05-32", "2024-05-01T",
        "2024-05-01T24", "2024-05-01T10:60", "2024-05-01T10:00:00.", "2024-05-01x",
        "2024-05-01T10:00+", "2024-05-01T10:00+25:00", "99999999999999999999", "-", "now", "abc",
        "2024-5-1"})
    EXPECT_FALSE(ParseInstants(text)) << text;
}

TEST(Instants, NowAndAround) {
  EXPECT_EQ(ParseInstants("now", 1000), (Instants{1000, 1000}));
  EXPECT_EQ(ParseInstants("now-7d", 10 * kDay), (Instants{3 * kDay, 3 * kDay}));
  EXPECT_EQ(ParseInstants("now+1d-2h", 0)->first, kDay - 7'200'000);
  EXPECT_EQ(ParseInstants("2024-05-01", 5)->first, kFirstOfMay);
  for (const char* text : {"now-", "now7d", "now-7", "now-d", "now-7x", "nowish",
                           "now+1d+1d+1d+1d+1d+1d+1d+1d+1d", "now-9999999d"})
    EXPECT_FALSE(ParseInstants(text, 0)) << text;
}

}  // namespace
}  // namespace vams::search
