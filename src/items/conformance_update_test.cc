// Conditions and updates.
#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

using Op = Mutation::Op;

Item Key() { return Item{{"id", S("x")}}; }

Item With(Item more) {
  more.Set("id", S("x"));
  return more;
}

struct ConditionCase {
  std::vector<Condition> conditions;
  bool on_absent;
  bool on_present;
};

std::vector<ConditionCase> ConditionCases() {
  const Item map{{"k", N(1)}};
  return {
      {{}, true, true},
      {{Condition::Absent()}, true, false},
      {{Condition::Exists()}, false, true},
      {{Condition::Lacks("v")}, true, false},
      {{Condition::Lacks("w")}, true, true},
      {{Condition::Equals("v", S("1"))}, false, true},
      {{Condition::Equals("v", S("2"))}, false, false},
      {{Condition::Equals("v", N(1))}, false, false},
      {{Condition::Equals("v", B("1"))}, false, false},
      {{Condition::Equals("w", S("1"))}, false, false},
      {{Condition::Equals("id", S("x"))}, false, true},
      {{Condition::Equals("number", Number("1.50"))}, false, true},
      {{Condition::Equals("number", Number("1.51"))}, false, false},
      {{Condition::Equals("yes", Value::Bool(true))}, false, true},
      {{Condition::Equals("yes", Value::Bool(false))}, false, false},
      {{Condition::Equals("null", Value::Null())}, false, true},
      {{Condition::Equals("w", Value::Null())}, false, false},
      {{Condition::Lacks("null")}, true, false},
      {{Condition::Equals("set", Value::SS({"b", "a"}))}, false, true},
      {{Condition::Equals("set", Value::SS({"a"}))}, false, false},
      {{Condition::Equals("set", Value::BS({"a", "b"}))}, false, false},
      {{Condition::Equals("map", Value::M(map))}, false, true},
      {{Condition::Equals("map", Value::M({}))}, false, false},
      {{Condition::Equals("list", Value::L({N(1), N(2)}))}, false, true},
      {{Condition::Equals("list", Value::L({N(2), N(1)}))}, false, false},
      // All must hold.
      {{Condition::Exists(), Condition::Lacks("w"), Condition::Equals("v", S("1"))}, false, true},
      {{Condition::Exists(), Condition::Lacks("w"), Condition::Equals("v", S("2"))}, false, false},
      {{Condition::Lacks("v"), Condition::Lacks("w")}, true, false},
      {{Condition::Absent(), Condition::Exists()}, false, false},
  };
}

Item Present() {
  return With({{"v", S("1")},
               {"number", Number("1.5")},
               {"yes", Value::Bool(true)},
               {"null", Value::Null()},
               {"set", Value::SS({"a", "b"})},
               {"map", Value::M({{"k", N(1)}})},
               {"list", Value::L({N(1), N(2)})}});
}

TEST_P(ItemStoreConformance, EveryConditionDecidesEveryKindOfWrite) {
  Create({FlatTable()});
  const auto cases = ConditionCases();
  for (std::size_t i = 0; i < cases.size(); ++i) {
    for (const bool present : {false, true}) {
      const auto& conditions = cases[i].conditions;
      const std::vector<Write> writes{
          Write::Put("flat", With({{"new", N(1)}}), conditions),
          Write::Update("flat", Key(), {{Op::kSet, "new", N(1)}}, conditions),
          Write::Delete("flat", Key(), conditions), Write::Check("flat", Key(), conditions)};
      for (const auto& write : writes) {
        Delete("flat", Key());
        if (present) Put("flat", Present());
        const bool expected = present ? cases[i].on_present : cases[i].on_absent;
        const auto result = Commit({write});
        EXPECT_EQ(result.ok(), expected) << "case " << i << (present ? " present" : " absent")
                                         << " write " << static_cast<int>(write.op);
        if (expected) continue;
        EXPECT_CODE(kConflict, result);
        EXPECT_EQ(Find("flat", Key()), present ? std::optional(Present()) : std::nullopt);
      }
    }
  }
}

TEST_P(ItemStoreConformance, ConditionsSeeTheStateBeforeTheCommit) {
  NEEDS_COMMITS();
  // Each of two writes depends on what the other is about to change; neither sees it.
  Create({FlatTable()});
  Put("flat", Item{{"id", S("a")}, {"v", N(1)}});
  Put("flat", Item{{"id", S("b")}, {"v", N(1)}});
  const auto bump = [](std::string_view id) {
    return Write::Update("flat", Item{{"id", S(id)}}, {{Op::kSet, "v", N(2)}},
                         {Condition::Equals("v", N(1))});
  };

  EXPECT_TRUE(Commit({bump("a"), bump("b")}).ok());
  const auto again = Commit({bump("b"), bump("a")});

  ASSERT_TRUE(HasCode(again, Code::kConflict));
  EXPECT_EQ(again.error().index, 0);
}

TEST_P(ItemStoreConformance, UpdateCreatesTheItemWhereItIsAbsent) {
  Create({FlatTable()});

  Must(Commit({Write::Update("flat", Key(), {{Op::kSet, "a", S("1")}, {Op::kRemove, "b", {}}})}));

  EXPECT_EQ(Find("flat", Key()), With({{"a", S("1")}}));
}

TEST_P(ItemStoreConformance, UpdateWithoutMutationsCreatesTheBareKey) {
  Create({FlatTable()});

  Must(Commit({Write::Update("flat", Key(), {})}));

  EXPECT_EQ(Find("flat", Key()), Key());
}

TEST_P(ItemStoreConformance, UpdateSetsAndRemovesAndLeavesTheRest) {
  Create({FlatTable()});
  Put("flat", With({{"a", S("1")}, {"b", N(2)}, {"c", Value::Bool(true)}}));

  Must(Commit({Write::Update("flat", Key(),
                             {{Op::kSet, "a", Value::L({N(1)})},
                              {Op::kRemove, "b", {}},
                              {Op::kRemove, "absent", {}},
                              {Op::kSet, "d", S("new")}})}));

  EXPECT_EQ(Find("flat", Key()),
            With({{"a", Value::L({N(1)})}, {"c", Value::Bool(true)}, {"d", S("new")}}));
}

TEST_P(ItemStoreConformance, UpdateAddsNumbersExactly) {
  Create({FlatTable()});
  const std::vector<std::array<std::string_view, 3>> sums{
      {"0.1", "0.2", "0.3"},
      {"5", "-7", "-2"},
      {"99999999999999999999999999999999999999", "1", "1e38"},
      {"-1", "1", "0"},
      {"1e20", "0.00000000000000001", "100000000000000000000.00000000000000001"}};
  for (const auto& [start, added, sum] : sums) {
    Put("flat", With({{"v", Number(start)}}));
    Must(Commit({Write::Update("flat", Key(), {{Op::kAdd, "v", Number(added)}})}));
    EXPECT_EQ(Find("flat", Key()), With({{"v", Number(sum)}}));
  }
}

TEST_P(ItemStoreConformance, UpdateAddsToAnAbsentNumberAsToZero) {
  Create({FlatTable()});

  Must(Commit({Write::Update("flat", Key(), {{Op::kAdd, "v", N(-3)}})}));

  EXPECT_EQ(Find("flat", Key()), With({{"v", N(-3)}}));
}

TEST_P(ItemStoreConformance, UpdateAddsMembersToSets) {
  Create({FlatTable()});
  Put("flat", With({{"ss", Value::SS({"b", "d"})}, {"ns", Value::NS({"1"})}}));

  Must(Commit({Write::Update("flat", Key(),
                             {{Op::kAdd, "ss", Value::SS({"a", "b", "c"})},
                              {Op::kAdd, "ns", Value::NS({"2", "1"})},
                              {Op::kAdd, "bs", Value::BS({"x"})}})}));

  EXPECT_EQ(Find("flat", Key()), With({{"ss", Value::SS({"a", "b", "c", "d"})},
                                       {"ns", Value::NS({"1", "2"})},
                                       {"bs", Value::BS({"x"})}}));
}

TEST_P(ItemStoreConformance, UpdateRefusesWhatCannotBeDone) {
  Create({PartsTable()});
  const Item item = Part("a", "1",
                         {{"text", S("t")},
                          {"number", Number("99999999999999999999999999999999999999")},
                          {"set", Value::SS({"a"})},
                          {"color", S("red")}});
  Put("parts", item);
  const Position before = LastChange();
  const std::vector<std::pair<std::vector<Mutation>, Code>> bad{
      {{{Op::kAdd, "text", N(1)}}, Code::kInvalid},
      {{{Op::kAdd, "set", N(1)}}, Code::kInvalid},
      {{{Op::kAdd, "set", Value::NS({"1"})}}, Code::kInvalid},
      {{{Op::kAdd, "number", Value::NS({"1"})}}, Code::kInvalid},
      {{{Op::kAdd, "new", S("text")}}, Code::kInvalid},
      {{{Op::kAdd, "new", Value::L({})}}, Code::kInvalid},
      {{{Op::kAdd, "number", Number("0.1")}}, Code::kTooLarge},
      {{{Op::kSet, "p", S("b")}}, Code::kInvalid},
      {{{Op::kRemove, "s", {}}}, Code::kInvalid},
      {{{Op::kSet, "x", N(1)}, {Op::kRemove, "x", {}}}, Code::kInvalid},
      {{{Op::kSet, "color", N(1)}}, Code::kInvalid},
      {{{Op::kSet, "color", S("")}}, Code::kInvalid},
      {{{Op::kAdd, "owner", N(1)}}, Code::kInvalid},
      {{{Op::kSet, "v", Value::SS({})}}, Code::kInvalid},
      {{{Op::kSet, "v", S("\xff")}}, Code::kInvalid},
      {{{Op::kSet, "ok", N(1)}, {Op::kAdd, "text", N(1)}}, Code::kInvalid}};

  for (std::size_t i = 0; i < bad.size(); ++i)
    EXPECT_TRUE(
        HasCode(Commit({Write::Update("parts", PartKey("a", "1"), bad[i].first)}), bad[i].second))
        << "case " << i;

  EXPECT_EQ(Find("parts", PartKey("a", "1")), item);
  EXPECT_EQ(LastChange(), before);
}

}  // namespace
}  // namespace vams::items::conformance
