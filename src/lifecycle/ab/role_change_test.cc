// At no time may both sides take writes, wherever a change of roles stops.
#include "lifecycle/ab/role_change.h"

#include <gtest/gtest.h>

#include "lifecycle/ab/support_test.h"

namespace vams::lifecycle::ab {
namespace {

using test::MakeTemp;
using test::Must;
using test::Side;

class RoleChangeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    {
      Side a(registry, "a");
      std::mt19937_64 random(1);
      for (int i = 0; i < 50; ++i) a.WriteAtRandom(random);
      State serving = test::StandbyOf("b", home.path());
      serving.role = Role::kServing;
      Must(WriteState(a.stack, serving));
    }
    Must(registry.Create("b", std::nullopt));
    Must(WriteState(Stack("b"), test::StandbyOf("a", home.path())));
  }
  lifecycle::Stack Stack(const std::string& name) { return Must(registry.Get(name)); }
  State StateOf(const std::string& name) { return *Must(ReadState(Stack(name))); }
  void Open(const std::string& standby, const std::string& from) {
    follower.reset();
    source = Must(StackSource::Open(registry, from, {}, clock));
    follower = Must(Follower::Open(op, *source,
                                   {.registry = registry,
                                    .stack = Stack(standby),
                                    .state = StateOf(standby),
                                    .encryption = {},
                                    .clock = clock}));
  }
  Result<TakenRole> Take(const std::string& standby) {
    return TakeRole(op, StateOf(standby), {"127.0.0.1:8080"}, clock, *follower, *source);
  }

  files::TempFolder home = MakeTemp();
  lifecycle::test::FixedClock clock;
  StackRegistry registry{home.path(), clock};
  OpContext op;
  std::unique_ptr<StackSource> source;
  std::unique_ptr<Follower> follower;
};

TEST_F(RoleChangeTest, TheSideThatHandsOverIsTheStandbyBeforeTheOtherServes) {
  Open("b", "a");

  const auto taken = Must(Take("b"));

  const State a = StateOf("a"), b = StateOf("b");
  EXPECT_EQ(a.role, Role::kStandby);
  EXPECT_EQ(b.role, Role::kServing);
  EXPECT_EQ(a.epoch, 2U);
  EXPECT_EQ(b.epoch, 2U);
  EXPECT_EQ(a.from_generation, follower->stack().current.number);
  EXPECT_EQ(a.from_position, Must(follower->store().LastChange(op)));
  EXPECT_EQ(b.addresses, std::vector<std::string>{"127.0.0.1:8080"});
  EXPECT_EQ(taken.position, Must(source->Look(op)).last_change);
  // What the new side logs is kept for the old one.
  EXPECT_EQ(Must(follower->store().Consumers(op)).front().name, kConsumer);
}

TEST_F(RoleChangeTest, GoesBackAndForthWithoutACopy) {
  std::mt19937_64 random(2);
  Open("b", "a");
  Must(Take("b"));
  std::string serving = "b", standby = "a";
  for (int i = 0; i < 6; ++i) {
    follower.reset();
    source.reset();
    {
      Side side(registry, serving);
      for (int writes = 0; writes < 20; ++writes) side.WriteAtRandom(random);
    }
    Open(standby, serving);
    const auto report = Must(follower->Validate(op, {.read_contents = true}));
    EXPECT_EQ(report.at("result").as_string(), "same") << boost::json::serialize(report);
    Must(Take(standby));
    std::swap(serving, standby);
    EXPECT_EQ(StateOf(serving).epoch, StateOf(standby).epoch);
    EXPECT_FALSE(Must(IsStandby(Stack(serving))));
    EXPECT_TRUE(Must(IsStandby(Stack(standby))));
  }
  EXPECT_EQ(Stack("a").current.number, 1U);
  EXPECT_EQ(Stack("b").current.number, 2U);
}

// The process of the standby died between the two writes: the other side has handed over for good,
// and the next start goes on from what it says.
TEST_F(RoleChangeTest, IsFinishedByTheNextStartBehindThePointOfNoReturn) {
  Open("b", "a");
  const auto before = StateOf("b");
  Must(Take("b"));
  Must(WriteState(Stack("b"), before));
  Open("b", "a");
  const auto look = Must(source->Look(op));
  ASSERT_TRUE(HasHandedOver(StateOf("b"), look));

  Must(FinishTakingRole(op, StateOf("b"), look, clock, *follower));

  EXPECT_EQ(StateOf("b").role, Role::kServing);
  EXPECT_EQ(StateOf("b").epoch, StateOf("a").epoch);
  EXPECT_EQ(StateOf("a").role, Role::kStandby);
}

TEST_F(RoleChangeTest, NothingChangesWhereTheTwoSidesDisagree) {
  Open("b", "a");
  State other = StateOf("a");
  other.epoch = 7;
  Must(WriteState(Stack("a"), other));

  EXPECT_EQ(CheckBeforeSwitch(op, StateOf("b"), *follower, *source).error().code, Code::kConflict);
  EXPECT_EQ(Take("b").error().code, Code::kConflict);

  EXPECT_EQ(StateOf("a").role, Role::kServing);
  EXPECT_EQ(StateOf("b").role, Role::kStandby);
  EXPECT_FALSE(HasHandedOver(StateOf("b"), Must(source->Look(op))));
  // And the side that serves may be served again: its lock is free.
  EXPECT_TRUE(LockStack(Stack("a"), "test", clock).ok());
}

TEST_F(RoleChangeTest, AStateOfAnotherDeploymentIsNoHandOver) {
  Open("b", "a");
  Must(Take("b"));
  State other = StateOf("b");
  other.role = Role::kStandby;
  other.epoch = 1;
  other.deployment = "d-2";

  EXPECT_FALSE(HasHandedOver(other, Must(source->Look(op))));
}

}  // namespace
}  // namespace vams::lifecycle::ab
