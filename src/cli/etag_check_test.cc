#include "cli/etag_check.h"

#include <gtest/gtest.h>

#include "base/encoding.h"
#include "cli/transfer_plan.h"

namespace vams::cli {
namespace {

using Verdict = EtagCheck::Verdict;

std::string EtagOf(const std::string& content, std::size_t part) {
  std::vector<std::string> digests;
  for (std::size_t at = 0; at < content.size(); at += part)
    digests.push_back(Md5(content.substr(at, part)));
  return MultipartEtag(digests);
}

// Fed in pieces that end nowhere in particular.
Verdict Check(const std::string& etag, const std::string& content) {
  EtagCheck check(etag, content.size());
  for (std::size_t at = 0; at < content.size(); at += 100'003)
    check.Update(std::string_view(content).substr(at, 100'003));
  return check.Finish();
}

TEST(EtagCheck, KnowsAWholeContentByItsDigest) {
  const std::string etag = "\"" + HexEncode(Md5("hello")) + "\"";
  EXPECT_EQ(Check(etag, "hello"), Verdict::kSame);
  EXPECT_EQ(Check(etag, "hellp"), Verdict::kDamaged);
  EXPECT_EQ(Check("W/" + etag, "hello"), Verdict::kSame);
  EXPECT_EQ(Check(HexEncode(Md5("")), ""), Verdict::kSame);
}

TEST(EtagCheck, KnowsAContentThatWasSentInOnePart) {
  EXPECT_EQ(Check(EtagOf("hello", 100), "hello"), Verdict::kSame);
  EXPECT_EQ(Check(EtagOf("hello", 100), "hellp"), Verdict::kDamaged);
}

TEST(EtagCheck, TriesTheUsualSizesOfParts) {
  std::string content(23 * kMiB + 5, 'x');
  for (std::size_t i = 0; i < content.size(); i += 4096) content[i] = static_cast<char>(i >> 12);
  for (const std::uint64_t size : {5, 8, 10, 15, 16, 20})
    EXPECT_EQ(Check(EtagOf(content, size * kMiB), content), Verdict::kSame) << size;
  // As many parts as even ones would give.
  EXPECT_EQ(Check(EtagOf(content, 12 * kMiB), content), Verdict::kSame);
}

// Damage cannot be told from a size that nobody guesses.
TEST(EtagCheck, DoesNotKnowOtherSizesOrKinds) {
  const std::string content(3 * kMiB, 'x');
  EXPECT_EQ(Check(EtagOf(content, 1'300'000), content), Verdict::kUnknown);
  EXPECT_EQ(Check("\"something\"", content), Verdict::kUnknown);
  EXPECT_TRUE(EtagCheck("something", 1).hopeless());
  EXPECT_TRUE(EtagCheck("", 1).hopeless());
  EXPECT_TRUE(EtagCheck(std::string(32, 'a') + "-0", 1).hopeless());
  EXPECT_TRUE(EtagCheck(std::string(32, 'a') + "-99999999999999999999", 1).hopeless());
}

}  // namespace
}  // namespace vams::cli
