// Going on without a side that is lost: never while it is there, never with half a copy, and what
// is left of it does not serve again.
#include "lifecycle/ab/alone.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "lifecycle/ab/role_change.h"
#include "lifecycle/ab/support_test.h"

namespace vams::lifecycle::ab {
namespace {

using test::MakeTemp;
using test::Must;
using test::Side;

class AloneTest : public ::testing::Test {
 protected:
  void SetUp() override {
    Write("a", 60, 1);
    State serving = test::StandbyOf("b", home.path());
    serving.role = Role::kServing;
    Must(WriteState(Stack("a"), serving));
    Must(registry.Create("b", std::nullopt));
    State standby = test::StandbyOf("a", home.path());
    standby.addresses = {"127.0.0.1:8080"};
    Must(WriteState(Stack("b"), standby));
  }
  lifecycle::Stack Stack(const std::string& name) { return Must(registry.Get(name)); }
  State StateOf(const std::string& name) { return *Must(ReadState(Stack(name))); }
  void Write(const std::string& name, int writes, std::uint64_t seed) {
    Side side(registry, name);
    std::mt19937_64 random(seed);
    for (int i = 0; i < writes; ++i) side.WriteAtRandom(random);
  }
  // Copies, and then follows to the end.
  void Follow() {
    const auto source = Must(StackSource::Open(registry, "a", {}, clock));
    const auto follower = Must(Follower::Open(op, *source,
                                              {.registry = registry,
                                               .stack = Stack("b"),
                                               .state = StateOf("b"),
                                               .encryption = {},
                                               .clock = clock}));
    while (Must(follower->Step(op, std::chrono::milliseconds(0)))) {
    }
  }
  void Lose(const std::string& name) { Must(files::RemoveTree(Stack(name).folder)); }
  Result<State> Take() { return TakeRoleAlone(op, Stack("b"), StateOf("b"), clock); }

  files::TempFolder home = MakeTemp();
  lifecycle::test::FixedClock clock;
  StackRegistry registry{home.path(), clock};
  OpContext op;
};

TEST_F(AloneTest, ServesWhatItHasOfASideThatIsGone) {
  Follow();
  const auto last = Must(StandingOf(op, Stack("b"), StateOf("b"))).position;
  Lose("a");

  const State state = Must(Take());

  EXPECT_EQ(state.role, Role::kServing);
  EXPECT_TRUE(state.finished());
  EXPECT_EQ(state.epoch, 2U);
  EXPECT_EQ(state.addresses, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_FALSE(Must(IsStandby(Stack("b"))));
  EXPECT_EQ(StateOf("b").data_name, "a");
  EXPECT_GT(last, 0U);
}

TEST_F(AloneTest, IsRefusedWhileTheOtherSideCanBeRead) {
  Follow();
  Write("a", 5, 2);

  const auto refused = Take();

  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("can be read"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(StateOf("b").role, Role::kStandby);
  EXPECT_EQ(StateOf("a").role, Role::kServing);
}

TEST_F(AloneTest, WhatIsLeftOfADamagedSideDoesNotServeAgain) {
  Follow();
  Write("a", 40, 3);
  std::filesystem::resize_file(Stack("a").current.items(), 100);
  for (const char* more : {"-wal", "-shm"})
    std::filesystem::remove(Stack("a").current.items().string() + more);

  Must(Take());

  EXPECT_TRUE(Must(IsStandby(Stack("a"))));
  EXPECT_EQ(StateOf("a").epoch, StateOf("b").epoch);
  EXPECT_TRUE(std::filesystem::exists(Stack("a").current.items()));
}

TEST_F(AloneTest, HalfACopyIsNotServed) {
  Lose("a");

  const auto refused = Take();

  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("not copied whole"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(StateOf("b").role, Role::kStandby);
}

// The copy's pages were read while the source was written: it is of no one moment until the log is
// applied to where the copy ended.
TEST_F(AloneTest, ACopyIsWholeOnlyBehindItsLastPage) {
  Follow();
  Lose("a");
  auto stack = Stack("b");
  stack.current.origin["whole"] = Must(StandingOf(op, stack, StateOf("b"))).position + 1;

  EXPECT_FALSE(Must(StandingOf(op, stack, StateOf("b"))).whole);
  EXPECT_EQ(TakeRoleAlone(op, stack, StateOf("b"), clock).error().code, Code::kConflict);
}

TEST_F(AloneTest, KnowsHowMuchIsMissing) {
  Follow();
  const auto position = Must(StandingOf(op, Stack("b"), StateOf("b"))).position;
  Must(WriteProgress(Stack("b"), {.phase = "waiting", .source_position = position + 7}));

  EXPECT_EQ(Must(StandingOf(op, Stack("b"), StateOf("b"))).missing, 7U);
}

// The former serving side follows back, and is as whole as it was when it handed over.
TEST_F(AloneTest, TheSideThatServedBeforeServesAgainWithoutTheOther) {
  Follow();
  {
    const auto source = Must(StackSource::Open(registry, "a", {}, clock));
    const auto follower = Must(Follower::Open(op, *source,
                                              {.registry = registry,
                                               .stack = Stack("b"),
                                               .state = StateOf("b"),
                                               .encryption = {},
                                               .clock = clock}));
    (void)Must(TakeRole(op, StateOf("b"), {"127.0.0.1:8080"}, clock, *follower, *source));
  }
  Lose("b");

  const State state = Must(TakeRoleAlone(op, Stack("a"), StateOf("a"), clock));

  EXPECT_EQ(state.role, Role::kServing);
  EXPECT_EQ(state.epoch, 3U);
}

TEST_F(AloneTest, AStandbyIsLostOnlyWhenItIsNotThere) {
  EXPECT_EQ(CheckStandbyLost(StateOf("a"), clock).error().code, Code::kConflict);

  Lose("b");

  EXPECT_TRUE(CheckStandbyLost(StateOf("a"), clock).ok());
}

// Its files were away and come back, as those of a disk that was not mounted do.
TEST_F(AloneTest, ASideThatComesBackDoesNotServeBesideTheOther) {
  Follow();
  EXPECT_TRUE(CheckNotReplaced(Stack("a"), clock).ok());
  const auto folder = Stack("a").folder, away = home.path() / "away";
  std::filesystem::rename(folder, away);
  Must(Take());
  std::filesystem::rename(away, folder);

  const auto refused = CheckNotReplaced(Stack("a"), clock);

  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_NE(refused.error().message.find("given up for lost"), std::string::npos);
  EXPECT_TRUE(CheckNotReplaced(Stack("b"), clock).ok());
}

}  // namespace
}  // namespace vams::lifecycle::ab
