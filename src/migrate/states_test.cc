#include "migrate/states.h"

#include <gtest/gtest.h>

#include <vector>

namespace vams::migrate {

namespace {

const std::vector<Stage> kAll = {Stage::kPlanned,   Stage::kCopying,  Stage::kCopied,
                                 Stage::kVerified,  Stage::kCutOver,  Stage::kFinished,
                                 Stage::kReverting, Stage::kReverted, Stage::kCancelled};

TEST(Stage, WalksTheHappyPathThereAndBack) {
  const std::vector<Stage> path = {Stage::kPlanned,   Stage::kCopying, Stage::kCopied,
                                   Stage::kVerified,  Stage::kCutOver, Stage::kFinished,
                                   Stage::kReverting, Stage::kReverted};
  for (std::size_t i = 0; i + 1 < path.size(); ++i)
    EXPECT_TRUE(MayMove(path[i], path[i + 1])) << NameOf(path[i]);
}

TEST(Stage, SkipsNothing) {
  EXPECT_FALSE(MayMove(Stage::kPlanned, Stage::kCopied));
  EXPECT_FALSE(MayMove(Stage::kCopying, Stage::kVerified)) << "unverified data";
  EXPECT_FALSE(MayMove(Stage::kCopied, Stage::kCutOver)) << "unverified data";
  EXPECT_FALSE(MayMove(Stage::kVerified, Stage::kFinished));
  EXPECT_FALSE(MayMove(Stage::kCutOver, Stage::kReverting)) << "not written down yet";
}

TEST(Stage, IsCancelledOnlyBeforeItServes) {
  for (const Stage stage : kAll) {
    const bool before = stage == Stage::kPlanned || stage == Stage::kCopying ||
                        stage == Stage::kCopied || stage == Stage::kVerified;
    EXPECT_EQ(MayMove(stage, Stage::kCancelled), before) << NameOf(stage);
  }
}

TEST(Stage, StaysWhereItHasEnded) {
  for (const Stage stage : kAll) {
    EXPECT_FALSE(MayMove(Stage::kReverted, stage));
    EXPECT_FALSE(MayMove(Stage::kCancelled, stage));
    EXPECT_FALSE(MayMove(stage, stage)) << "staying is no move: " << NameOf(stage);
    EXPECT_FALSE(MayMove(stage, Stage::kPlanned)) << NameOf(stage);
  }
}

TEST(Stage, ReversalMayBeGivenUp) {
  EXPECT_TRUE(MayMove(Stage::kReverting, Stage::kFinished));
  EXPECT_FALSE(IsAtRest(Stage::kReverting));
  EXPECT_FALSE(IsAtRest(Stage::kCutOver));
  EXPECT_TRUE(IsAtRest(Stage::kFinished));
}

TEST(Stage, NamesAreReadBack) {
  for (const Stage stage : kAll) EXPECT_EQ(StageFrom(NameOf(stage)).value(), stage);
  const auto unknown = StageFrom("half done");
  ASSERT_FALSE(unknown.ok());
  EXPECT_EQ(unknown.error().code, Code::kCorrupt);
}

}  // namespace

}  // namespace vams::migrate
