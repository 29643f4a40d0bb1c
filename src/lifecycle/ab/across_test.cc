// A standby with the newest data version of a source with an older one: what it holds is what the
// migration makes of the source, also after later changes, and back again.
#include <gtest/gtest.h>

#include "lifecycle/ab/support_test.h"
#include "lifecycle/import.h"
#include "testing/fixtures.h"

namespace vams::lifecycle::ab {
namespace {

using test::Item;
using test::MakeTemp;
using test::Must;
using test::Value;
using test::Write;

class AcrossTest : public ::testing::TestWithParam<std::string> {
 protected:
  void SetUp() override {
    const auto found = vams::testing::FixtureFolder();
    ASSERT_TRUE(found.has_value()) << "no fixtures; set VAMS_FIXTURES to their folder";
    const auto fixtures = *found / "dynamodb";
    ImportRequest request;
    request.stack = "a";
    request.from = {fixtures / ("v" + GetParam()), fixtures / "seed" / ("v" + GetParam())};
    request.data_version = tables::DataVersion::Parse(GetParam()).value();
    (void)Must(lifecycle::Import(registry, request, clock, op, [](auto, auto) {}));
    // The one record that nothing decides about: a person would have to.
    if (!set_aside)
      Commit("a",
             {Write::Delete("AssetVersionsStorageTable", Item{{"assetId", Value::S("shared-model")},
                                                              {"assetVersionId", Value::S("0")}})});
    Must(registry.Create("b", std::nullopt));
  }

  State StateOf(const std::string& other) {
    State state = test::StandbyOf(other, home.path());
    state.started_at = "2025-03-01T10:00:00Z";
    if (set_aside) {
      state.migration = Crossing::SettingsOf(state);
      state.migration->quarantine_ambiguous = true;
    }
    return state;
  }
  // The standby at the source's end, compared with the whole transformation.
  void ExpectSame(const std::string& standby, const std::string& from, const State& state) {
    const auto source = Must(StackSource::Open(registry, from, {}, clock));
    const auto follower = Must(Follower::Open(op, *source,
                                              {.registry = registry,
                                               .stack = Must(registry.Get(standby)),
                                               .state = state,
                                               .encryption = {},
                                               .clock = clock}));
    while (Must(follower->Step(op, std::chrono::milliseconds(0)))) {
    }
    const auto report = Must(follower->Validate(op, {}));
    EXPECT_EQ(report.at("result").as_string(), "same") << boost::json::serialize(report);
    end = Must(follower->store().LastChange(op));
  }
  void FollowThroughTheStepsAndBack();
  void Commit(const std::string& stack, const std::vector<Write>& writes) {
    const auto store = Must(items::OpenSqliteStore(Must(registry.Get(stack)).current.items()));
    (void)Must(store->Commit(op, writes));
  }

  files::TempFolder home = MakeTemp();
  lifecycle::test::FixedClock clock;
  StackRegistry registry{home.path(), clock};
  OpContext op;
  items::Position end = 0;  // of the standby's own log
  bool set_aside = false;   // what nothing decides about
};

void AcrossTest::FollowThroughTheStepsAndBack() {
  ExpectSame("b", "a", StateOf("a"));
  EXPECT_EQ(Must(registry.Get("b")).current.data_version, tables::kNewest);

  // Accounts are of no version, tags of all.
  Commit("a", {Write::Put("TagStorageTable", Item{{"tagName", Value::S("late")},
                                                  {"tagTypeName", Value::S("t")},
                                                  {"description", Value::S("x")}}),
               Write::Put(std::string(tables::kAccountsTable), Item{{"userId", Value::S("lee")}})});
  ExpectSame("b", "a", StateOf("a"));
  EXPECT_EQ(Must(registry.Get("b")).current.number, 2U);

  State back = StateOf("b");
  back.epoch = 2;
  back.from_generation = Must(registry.Get("b")).current.number;
  back.from_position = end;
  Commit("b", {Write::Put("TagStorageTable", Item{{"tagName", Value::S("later")},
                                                  {"tagTypeName", Value::S("t")},
                                                  {"description", Value::S("x")}}),
               Write::Delete("TagStorageTable", Item{{"tagName", Value::S("late")}})});
  ExpectSame("a", "b", back);
  EXPECT_EQ(Must(registry.Get("a")).current.data_version.ToString(), GetParam());
}

TEST_P(AcrossTest, FollowsThroughTheStepsAndBack) { FollowThroughTheStepsAndBack(); }
INSTANTIATE_TEST_SUITE_P(Versions, AcrossTest, ::testing::Values("2.4"));

class AcrossDecidedTest : public AcrossTest {
 protected:
  AcrossDecidedTest() { set_aside = true; }
};

TEST_P(AcrossDecidedTest, WhatTheOperatorDecidedHoldsBothWays) {
  const auto source = Must(StackSource::Open(registry, "a", {}, clock));
  auto undecided = StateOf("a");
  undecided.migration.reset();
  const auto refused = Follower::Open(op, *source,
                                      {.registry = registry,
                                       .stack = Must(registry.Get("b")),
                                       .state = undecided,
                                       .encryption = {},
                                       .clock = clock});
  EXPECT_EQ(refused.error().code, Code::kConflict);
  // As it comes back from disk.
  Must(WriteState(Must(registry.Get("b")), StateOf("a")));
  EXPECT_EQ(boost::json::serialize(ToJson(*Must(ReadState(Must(registry.Get("b")))))),
            boost::json::serialize(ToJson(StateOf("a"))));

  FollowThroughTheStepsAndBack();
}
INSTANTIATE_TEST_SUITE_P(Versions, AcrossDecidedTest, ::testing::Values("2.4"));

class AcrossSlowTest : public AcrossTest {};
TEST_P(AcrossSlowTest, FollowsThroughTheStepsAndBack) { FollowThroughTheStepsAndBack(); }
INSTANTIATE_TEST_SUITE_P(Versions, AcrossSlowTest, ::testing::Values("2.2", "2.3"));

}  // namespace
}  // namespace vams::lifecycle::ab
