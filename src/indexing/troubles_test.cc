#include "indexing/troubles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace vams::indexing::test {
namespace {

using std::chrono::milliseconds;
using ::testing::IsEmpty;
using ::testing::SizeIs;

Trouble Of(std::string id) {
  return {.ref = {.kind = DocumentRef::Kind::kAsset, .asset = {"harbor", id}, .path = {}},
          .id = std::move(id),
          .error = Error(Code::kCorrupt, "broken")};
}

TEST(Troubles, PausesDoubleUpToTheLongest) {
  Troubles troubles(milliseconds(10), milliseconds(50));
  Troubles::Time now{};
  troubles.Add({Of("a")}, 3, now);

  for (const int pause : {10, 20, 40, 50, 50}) {
    EXPECT_THAT(troubles.Due(now + milliseconds(pause - 1), 10), IsEmpty());
    now += milliseconds(pause);
    EXPECT_THAT(troubles.Due(now, 10), SizeIs(1));
    troubles.Failed("a", Error(Code::kCorrupt, "still broken"), now);
  }
  EXPECT_EQ(troubles.entries().at("a").attempts, 6);
  EXPECT_EQ(troubles.entries().at("a").trouble.error.message, "still broken");
}

TEST(Troubles, TheOldestOneHoldsTheConsumer) {
  Troubles troubles(milliseconds(10), milliseconds(50));
  EXPECT_FALSE(troubles.hold());
  troubles.Add({Of("a")}, 7, {});
  troubles.Add({Of("b")}, 9, {});
  // It fails again because of a later change: what it missed first is still to be made up for.
  troubles.Add({Of("a")}, 12, {});
  EXPECT_EQ(troubles.hold(), 7u);
  EXPECT_EQ(troubles.size(), 2u);

  troubles.Solved("a");
  EXPECT_EQ(troubles.hold(), 9u);
  troubles.Solved("b");
  EXPECT_FALSE(troubles.hold());
}

TEST(Troubles, BeyondTheMostOnlyThePlaceInTheLogIsKept) {
  Troubles troubles(milliseconds(10), milliseconds(50));
  std::vector<Trouble> many;
  for (std::size_t i = 0; i < Troubles::kMost + 5; ++i) many.push_back(Of(std::to_string(i)));
  troubles.Add(std::move(many), 4, {});
  EXPECT_EQ(troubles.size(), Troubles::kMost + 5);
  EXPECT_THAT(troubles.entries(), SizeIs(Troubles::kMost));
  for (std::size_t i = 0; i < Troubles::kMost + 5; ++i) troubles.Solved(std::to_string(i));
  EXPECT_EQ(troubles.hold(), 4u);

  EXPECT_FALSE(troubles.TakeOverflow(Troubles::Time() + milliseconds(49)));
  EXPECT_EQ(troubles.TakeOverflow(Troubles::Time() + milliseconds(50)), 4u);

  EXPECT_FALSE(troubles.hold());
  EXPECT_EQ(troubles.size(), 0u);
}

}  // namespace
}  // namespace vams::indexing::test
