#include "items/number.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iostream>
#include <random>
#include <vector>

namespace vams::items {
namespace {

const std::string kNines38(38, '9');

std::string Canonical(std::string_view text) {
  const auto number = CanonicalNumber(text);
  return number.ok() ? *number : "error: " + number.error().message;
}

Code CodeOf(const Result<std::string>& result) {
  return result.ok() ? Code::kInternal : result.error().code;
}

std::string Zeros(int count) { return std::string(static_cast<std::size_t>(count), '0'); }

TEST(CanonicalNumber, WritesEveryFormOfANumberTheSameWay) {
  const std::vector<std::pair<std::string, std::vector<std::string>>> forms{
      {"0", {"0", "-0", "+0", "00", "0.0", "-0.000", ".0", "0e99", "-0E-500", "0e999999999"}},
      {"100",
       {"100", "+100", "0100", "100.0", "100.", "1e2", "1E+2", "+1e2", "1e0002", "1000e-1", "0.1e3",
        ".1e3"}},
      {"-100", {"-100", "-1e2", "-100.00", "-0.1E3"}},
      {"0.5", {"0.5", ".5", "0.50", "5e-1", "00.5", "+.5", "50E-2"}},
      {"-12.34", {"-12.34", "-012.340", "-1234e-2", "-0.001234e4"}},
      {"9007199254740993", {"9007199254740993", "9007199254740993.0"}},
      {"999999999999999999", {"999999999999999999"}},
      {"1000000000000000000", {"1000000000000000000", "1e18"}}};
  for (const auto& [canonical, texts] : forms)
    for (const auto& text : texts) EXPECT_EQ(Canonical(text), canonical) << text;
}

TEST(CanonicalNumber, LeavesCanonicalTextAlone) {
  for (const std::string text :
       {"0", "1", "-1", "0.1", "-0.1", "10", "101.101", "123456789012345678901234567890"})
    EXPECT_EQ(Canonical(text), text);
}

TEST(CanonicalNumber, RefusesWhatIsNoNumber) {
  for (const std::string text :
       {"",    " ",        "-",   "+",    ".",     "-.",    "e5",       ".e5",  "1e",    "1e+",
        "1e-", "1 ",       " 1",  "1,5",  "1.2.3", "--1",   "+-1",      "0x10", "1e5.5", "NaN",
        "nan", "Infinity", "inf", "-inf", "1_000", "1e5e5", "\xd9\xa1", "1d",   "1f"})
    EXPECT_EQ(CodeOf(CanonicalNumber(text)), Code::kInvalid) << text;
  EXPECT_EQ(CodeOf(CanonicalNumber(std::string("1\0", 2))), Code::kInvalid);
}

TEST(CanonicalNumber, KeepsThirtyEightSignificantDigitsAndNoMore) {
  EXPECT_EQ(Canonical(kNines38), kNines38);
  EXPECT_EQ(Canonical("-" + kNines38 + "000"), "-" + kNines38 + "000");
  EXPECT_EQ(Canonical("0.000" + kNines38), "0.000" + kNines38);
  EXPECT_EQ(Canonical("000" + kNines38 + ".000"), kNines38);
  EXPECT_EQ(Canonical("1" + Zeros(36) + "1"), "1" + Zeros(36) + "1");

  EXPECT_EQ(CodeOf(CanonicalNumber(kNines38 + "9")), Code::kTooLarge);
  EXPECT_EQ(CodeOf(CanonicalNumber(kNines38 + ".1")), Code::kTooLarge);
  EXPECT_EQ(CodeOf(CanonicalNumber("1" + Zeros(37) + "1")), Code::kTooLarge);
  EXPECT_EQ(CodeOf(CanonicalNumber("0.1" + Zeros(37) + "1")), Code::kTooLarge);
}

TEST(CanonicalNumber, KeepsToTheRange) {
  EXPECT_EQ(Canonical("1e125"), "1" + Zeros(125));
  EXPECT_EQ(Canonical("-1e125"), "-1" + Zeros(125));
  EXPECT_EQ(Canonical("9." + std::string(37, '9') + "e125"), kNines38 + Zeros(88));
  EXPECT_EQ(Canonical("1e-130"), "0." + Zeros(129) + "1");
  EXPECT_EQ(Canonical("0.1e126"), "1" + Zeros(125));
  EXPECT_EQ(Canonical("1.5e-130"), "0." + Zeros(129) + "15");

  for (const std::string text : {"1e126", "-1e126", "10e125", "1e-131", "9.9e-131", "-0.1e-130",
                                 "1e99999999999999999999", "1e-99999999999999999999"})
    EXPECT_EQ(CodeOf(CanonicalNumber(text)), Code::kTooLarge) << text;
}

TEST(CanonicalNumber, MessagesShowTheTextShortened) {
  const auto refused = CanonicalNumber(std::string(500, 'x'));

  ASSERT_FALSE(refused.ok());
  EXPECT_LT(refused.error().message.size(), 120u);
}

TEST(SignificantDigits, CountsFromTheFirstToTheLastNonZeroDigit) {
  const std::vector<std::pair<std::string, std::size_t>> cases{
      {"0", 0},    {"1", 1},      {"-1", 1},    {"10", 1},     {"101", 3},
      {"0.01", 1}, {"0.0101", 3}, {"100.5", 4}, {"-120.0", 2}, {kNines38, 38}};
  for (const auto& [text, digits] : cases) EXPECT_EQ(SignificantDigits(text), digits) << text;
}

// ---- Addition
// --------------------------------------------------------------------------------------

TEST(AddNumbers, IsExact) {
  const std::vector<std::array<std::string, 3>> sums{
      {"0", "0", "0"},
      {"0", "-5", "-5"},
      {"0.1", "0.2", "0.3"},
      {"1", "-1", "0"},
      {"-0.5", "0.5", "0"},
      {"5", "-7", "-2"},
      {"-5", "-7", "-12"},
      {"999", "1", "1000"},
      {"1000", "-1", "999"},
      {"0.999", "0.001", "1"},
      {"1", "-0.001", "0.999"},
      {"99.5", "0.5", "100"},
      {"9007199254740992", "1", "9007199254740993"},
      {kNines38, "1", "1" + Zeros(38)},
      {"1" + Zeros(38), "-1", kNines38},
      {"1" + Zeros(20), "0." + Zeros(16) + "1", "1" + Zeros(20) + "." + Zeros(16) + "1"},
      {"1" + Zeros(125), "-1" + Zeros(125), "0"},
      {"5" + Zeros(124), "5" + Zeros(124), "1" + Zeros(125)},
      {"0." + Zeros(129) + "1", "0." + Zeros(129) + "1", "0." + Zeros(129) + "2"}};
  for (const auto& [a, b, sum] : sums) {
    EXPECT_EQ(AddNumbers(a, b).value_or("error"), sum) << a << " + " << b;
    EXPECT_EQ(AddNumbers(b, a).value_or("error"), sum) << b << " + " << a;
  }
}

TEST(AddNumbers, RefusesSumsThatCannotBeKeptExactly) {
  const std::string top = Canonical("9." + std::string(37, '9') + "e125");
  const std::vector<std::pair<std::string, std::string>> pairs{
      {kNines38, "0.1"},
      {"1" + Zeros(38), "1"},
      {"1" + Zeros(125), "1"},
      {top, top},
      {top, "1" + Zeros(88)},
      {"9" + Zeros(125), "1" + Zeros(125)},
      // The difference is smaller than the smallest number.
      {"0." + Zeros(129) + "11", "-0." + Zeros(129) + "1"}};
  for (const auto& [a, b] : pairs) {
    EXPECT_EQ(CodeOf(AddNumbers(a, b)), Code::kTooLarge) << a << " + " << b;
    EXPECT_EQ(CodeOf(AddNumbers(b, a)), Code::kTooLarge) << b << " + " << a;
  }
}

TEST(AddNumbers, AgreesWithIntegersOnRandomFixedPointNumbers) {
  constexpr std::uint32_t kSeed = 20240501;
  std::cout << "seed " << kSeed << std::endl;
  std::mt19937_64 random(kSeed);
  const auto fixed = [](std::int64_t millis) { return Canonical(std::to_string(millis) + "e-3"); };
  for (int i = 0; i < 20000; ++i) {
    const int bits = 1 + static_cast<int>(random() % 60);
    const auto draw = [&] {
      return static_cast<std::int64_t>(random() >> (64 - bits)) * (random() % 2 == 0 ? 1 : -1);
    };
    const std::int64_t a = draw(), b = draw();
    ASSERT_EQ(AddNumbers(fixed(a), fixed(b)).value_or("error"), fixed(a + b)) << a << " " << b;
  }
}

// ---- Order
// -----------------------------------------------------------------------------------------

const std::vector<std::string>& Ascending() {
  static const std::vector<std::string> numbers = [] {
    std::vector<std::string> out;
    for (const auto* text : {"-9.9999999999999999999999999999999999999e125",
                             "-1e125",
                             "-1e39",
                             "-1000",
                             "-100.5",
                             "-100",
                             "-99.9",
                             "-99",
                             "-11",
                             "-10.5",
                             "-10",
                             "-9.99",
                             "-9.5",
                             "-9",
                             "-1.5",
                             "-1.49",
                             "-1.0001",
                             "-1",
                             "-0.9",
                             "-0.11",
                             "-0.1",
                             "-0.09",
                             "-1.5e-130",
                             "-1e-130",
                             "0",
                             "1e-130",
                             "1.5e-130",
                             "2e-130",
                             "0.09",
                             "0.1",
                             "0.11",
                             "0.9",
                             "1",
                             "1.0001",
                             "1.49",
                             "1.5",
                             "9",
                             "9.5",
                             "9.99",
                             "10",
                             "10.5",
                             "11",
                             "99",
                             "99.9",
                             "100",
                             "100.5",
                             "255",
                             "256",
                             "1000",
                             "1e39",
                             "1e125",
                             "9.9999999999999999999999999999999999999e125"})
      out.push_back(Canonical(text));
    return out;
  }();
  return numbers;
}

int Sign(int c) { return c < 0 ? -1 : c > 0 ? 1 : 0; }

TEST(CompareNumbers, ComparesByValue) {
  const auto& numbers = Ascending();
  for (std::size_t i = 0; i < numbers.size(); ++i)
    for (std::size_t k = 0; k < numbers.size(); ++k)
      EXPECT_EQ(Sign(CompareNumbers(numbers[i], numbers[k])), i < k   ? -1
                                                              : i > k ? 1
                                                                      : 0)
          << numbers[i] << " " << numbers[k];
}

TEST(OrderedNumber, BytesCompareLikeValuesAndComeBack) {
  const auto& numbers = Ascending();
  for (std::size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(FromOrderedNumber(OrderedNumber(numbers[i])).value_or("error"), numbers[i]);
    if (i > 0) {
      EXPECT_LT(OrderedNumber(numbers[i - 1]), OrderedNumber(numbers[i]));
    }
  }
}

std::string RandomNumber(std::mt19937_64& random) {
  const int size = 1 + static_cast<int>(random() % 38);
  std::string digits = random() % 2 == 0 ? "" : "-";
  for (int i = 0; i < size; ++i)
    digits += static_cast<char>('0' + random() % (random() % 3 == 0 ? 10 : 2));
  const int exponent = random() % 2 == 0 ? static_cast<int>(random() % 6) - 3
                                         : static_cast<int>(random() % 170) - 130;
  return Canonical(digits + "e" + std::to_string(exponent));
}

TEST(OrderedNumber, OrderOfRandomNumbersIsTheirOrder) {
  constexpr std::uint32_t kSeed = 77001;
  std::cout << "seed " << kSeed << std::endl;
  std::mt19937_64 random(kSeed);
  for (int i = 0; i < 20000; ++i) {
    const std::string a = RandomNumber(random), b = RandomNumber(random);
    if (a.starts_with("error") || b.starts_with("error")) continue;
    const std::string x = OrderedNumber(a), y = OrderedNumber(b);
    ASSERT_EQ(Sign(x.compare(y)), Sign(CompareNumbers(a, b))) << a << " " << b;
    ASSERT_EQ(FromOrderedNumber(x).value_or("error"), a);
    // What a comparison says must agree with arithmetic.
    const std::string minus = b == "0" ? "0" : b.starts_with('-') ? b.substr(1) : "-" + b;
    const auto difference = AddNumbers(a, minus);
    if (difference.ok()) {
      ASSERT_EQ(Sign(CompareNumbers(*difference, "0")), Sign(CompareNumbers(a, b)))
          << a << " " << b;
    }
  }
}

TEST(OrderedNumber, IsNeverAPrefixOfAnother) {
  // Engines put key parts one behind the other.
  const auto& numbers = Ascending();
  for (const auto& a : numbers)
    for (const auto& b : numbers)
      if (a != b) {
        EXPECT_FALSE(OrderedNumber(a).starts_with(OrderedNumber(b))) << a << " " << b;
      }
}

TEST(FromOrderedNumber, RefusesDamageOrReadsACanonicalNumber) {
  // Whatever is accepted must be what OrderedNumber writes, or two byte strings would be one
  // number.
  const auto check = [](const std::string& bytes) {
    const auto number = FromOrderedNumber(bytes);
    if (number.ok())
      EXPECT_EQ(OrderedNumber(*number), bytes) << *number;
    else
      EXPECT_EQ(number.error().code, Code::kCorrupt);
  };
  for (const auto& number : Ascending()) {
    const std::string good = OrderedNumber(number);
    for (std::size_t size = 0; size < good.size(); ++size) {
      EXPECT_EQ(CodeOf(FromOrderedNumber(good.substr(0, size))), Code::kCorrupt)
          << number << " cut to " << size;
      for (int byte = 0; byte < 256; ++byte) {
        std::string bad = good;
        bad[size] = static_cast<char>(byte);
        check(bad);
      }
    }
    EXPECT_EQ(CodeOf(FromOrderedNumber(good + '\0')), Code::kCorrupt);
    EXPECT_EQ(CodeOf(FromOrderedNumber(good + '\xff')), Code::kCorrupt);
  }
  EXPECT_EQ(CodeOf(FromOrderedNumber("")), Code::kCorrupt);
}

}  // namespace
}  // namespace vams::items
