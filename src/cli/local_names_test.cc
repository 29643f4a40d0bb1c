#include "cli/local_names.h"

#include <gtest/gtest.h>

#include <random>

#include "base/encoding.h"

namespace vams::cli {
namespace {

TEST(LocalNameOf, LeavesPlainNamesAlone) {
  for (const std::string name : {"a.txt", "scan/east.e57", "with space/#1%2F+.txt", "..a..",
                                 "~/x.y", "\xC3\xBC.txt", "a\\b.txt", "-rf.txt"})
    EXPECT_EQ(LocalNameOf("/" + name).string(), name);
  EXPECT_EQ(LocalNameOf("without/slash.txt").string(), "without/slash.txt");
}

TEST(LocalNameOf, EncodesWhatWouldLeadElsewhere) {
  EXPECT_EQ(LocalNameOf("/../a").string(), "%2E%2E/a");
  EXPECT_EQ(LocalNameOf("/a/./b").string(), "a/%2E/b");
  EXPECT_EQ(LocalNameOf("//etc/passwd").string(), "%2F/etc/passwd");
  EXPECT_EQ(LocalNameOf("/a//b").string(), "a/%2F/b");
  EXPECT_EQ(LocalNameOf("/a/").string(), "a/%2F");
  EXPECT_EQ(LocalNameOf(std::string_view("/a\0b\n\x7F", 6)).string(), "a%00b%0A%7F");
  EXPECT_TRUE(LocalNameOf("/").empty());
  EXPECT_TRUE(LocalNameOf("").empty());
}

TEST(LocalNameOf, ShortensLongNamesWithoutMixingThemUp) {
  const std::string long_name(300, 'x');
  const auto a = LocalNameOf("/" + long_name + "a.txt").string();
  const auto b = LocalNameOf("/" + long_name + "b.txt").string();

  EXPECT_EQ(a.size(), 255u);
  EXPECT_TRUE(a.ends_with(".txt"));
  EXPECT_NE(a, b);
  EXPECT_EQ(LocalNameOf("/" + std::string(255, 'x')).string(), std::string(255, 'x'));
}

// A shortened name is still text, wherever a character would have been cut.
TEST(LocalNameOf, CutsBetweenCharacters) {
  for (std::size_t shift = 0; shift < 4; ++shift) {
    std::string name(shift, 'x');
    for (int i = 0; i < 100; ++i) name += "\xF0\x9F\xA7\x8A";

    const auto local = LocalNameOf("/" + name + ".glb").string();

    EXPECT_TRUE(IsUtf8(local));
    EXPECT_LE(local.size(), 255u);
  }
}

// Nothing that a server can say names anything outside the folder, or a segment that cannot be.
TEST(LocalNameOf, StaysInsideForAnyKey) {
  const auto seed = std::random_device{}();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  constexpr std::string_view kAlphabet("/./.\0\n%ab", 9);
  for (int round = 0; round < 20'000; ++round) {
    std::string key;
    for (std::size_t i = 0, n = random() % 12; i < n; ++i)
      key += kAlphabet[random() % kAlphabet.size()];

    const auto path = LocalNameOf(key);

    EXPECT_TRUE(path.is_relative()) << key;
    for (const auto& segment : path) {
      EXPECT_FALSE(segment.empty() || segment == "." || segment == "..") << key;
      EXPECT_EQ(segment.string().find_first_of(std::string_view("/\0\n", 3)), std::string::npos);
    }
  }
}

}  // namespace
}  // namespace vams::cli
