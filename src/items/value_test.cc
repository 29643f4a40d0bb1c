#include "items/value.h"

#include <gtest/gtest.h>

#include "items/number.h"

namespace vams::items {
namespace {

std::vector<std::string> Names(const Item& item) {
  std::vector<std::string> names;
  for (const auto& attribute : item) names.push_back(attribute.name);
  return names;
}

TEST(Item, KeepsAttributesSortedByTheBytesOfTheirNames) {
  const Item item{{"b", Value::N(1)},
                  {"a", Value::N(2)},
                  {"\xc3\xa9", Value::N(3)},
                  {"B", Value::N(4)},
                  {"aa", Value::N(5)}};

  EXPECT_EQ(Names(item), (std::vector<std::string>{"B", "a", "aa", "b", "\xc3\xa9"}));
}

TEST(Item, SetReplacesOrAdds) {
  Item item{{"a", Value::S("old")}};

  item.Set("a", Value::S("new"));
  item.Set("0", Value::Bool(true));

  EXPECT_EQ(item.size(), 2u);
  EXPECT_EQ(item.Text("a"), "new");
  EXPECT_TRUE(item.Find("0")->boolean());
}

TEST(Item, LastOfEqualNamesInAnInitializerStays) {
  const Item item{{"a", Value::N(1)}, {"a", Value::N(2)}};

  ASSERT_EQ(item.size(), 1u);
  EXPECT_EQ(*item.Find("a"), Value::N(2));
}

TEST(Item, RemoveTellsWhetherThereWasSomething) {
  Item item{{"a", Value::N(1)}, {"b", Value::N(2)}};

  EXPECT_TRUE(item.Remove("a"));
  EXPECT_FALSE(item.Remove("a"));
  EXPECT_FALSE(item.Remove(""));
  EXPECT_EQ(Names(item), std::vector<std::string>{"b"});
}

TEST(Item, FindGivesNothingForWhatIsAbsent) {
  Item item{{"b", Value::N(1)}};

  EXPECT_EQ(item.Find("a"), nullptr);
  EXPECT_EQ(item.Find("c"), nullptr);
  EXPECT_EQ(std::as_const(item).Find("bb"), nullptr);
  EXPECT_FALSE(item.Has(""));
  EXPECT_TRUE(item.Has("b"));
  *item.Find("b") = Value::S("changed");
  EXPECT_EQ(item.Text("b"), "changed");
}

TEST(Item, TextIsEmptyUnlessTheAttributeIsAString) {
  const Item item{{"s", Value::S("text")}, {"n", Value::N(1)}, {"b", Value::B("bytes")}};

  EXPECT_EQ(item.Text("s"), "text");
  EXPECT_EQ(item.Text("n"), "");
  EXPECT_EQ(item.Text("b"), "");
  EXPECT_EQ(item.Text("absent"), "");
}

TEST(Item, EqualityIsIndependentOfTheOrderOfSetting) {
  const Item one{{"a", Value::N(1)}, {"b", Value::N(2)}};
  Item other{{"b", Value::N(2)}};
  EXPECT_FALSE(one == other);

  other.Set("a", Value::N(1));

  EXPECT_EQ(one, other);
}

TEST(Value, DefaultIsNull) {
  EXPECT_EQ(Value(), Value::Null());
  EXPECT_TRUE(Value().is(Kind::kNull));
}

TEST(Value, KindsWithTheSameDataAreDifferent) {
  const std::vector<Value> values{Value::S("1"),     Value::N("1"),      Value::B("1"),
                                  Value::Bool(true), Value::Null(),      Value::M({}),
                                  Value::L({}),      Value::SS({"1"}),   Value::NS({"1"}),
                                  Value::BS({"1"}),  Value::Bool(false), Value::SS({"1", "2"})};
  for (std::size_t i = 0; i < values.size(); ++i)
    for (std::size_t k = 0; k < values.size(); ++k)
      EXPECT_EQ(values[i] == values[k], i == k) << i << " " << k;
}

TEST(Value, IntegersAreCanonicalNumbers) {
  EXPECT_EQ(Value::N(0).text(), "0");
  EXPECT_EQ(Value::N(-42).text(), "-42");
  EXPECT_EQ(Value::N(INT64_MIN).text(), "-9223372036854775808");
  EXPECT_EQ(CanonicalNumber(Value::N(INT64_MAX).text()).value(), Value::N(INT64_MAX).text());
}

TEST(Value, SetsSortTheirMembersAndDropDuplicates) {
  EXPECT_EQ(Value::SS({"b", "a", "b", "\xff", ""}).set(), (Bytes{"", "a", "b", "\xff"}));
  EXPECT_EQ(Value::NS({"2", "10", "2"}), Value::NS({"10", "2"}));
  EXPECT_EQ(Value::BS({std::string("\0", 1), ""}).set(), (Bytes{"", std::string("\0", 1)}));
}

TEST(Value, KindNamesAreDynamoDbs) {
  const std::vector<std::pair<Kind, std::string_view>> names{
      {Kind::kS, "S"},       {Kind::kN, "N"},  {Kind::kB, "B"}, {Kind::kBool, "BOOL"},
      {Kind::kNull, "NULL"}, {Kind::kM, "M"},  {Kind::kL, "L"}, {Kind::kSS, "SS"},
      {Kind::kNS, "NS"},     {Kind::kBS, "BS"}};
  for (const auto& [kind, name] : names) EXPECT_EQ(KindName(kind), name);
}

// ---- Size (DynamoDB developer guide, "DynamoDB item sizes and formats")
// -----------------------------

std::size_t SizeOf(Value value) {
  return ItemSize(Item{{"name", std::move(value)}}) - 4;  // the name's own bytes
}

TEST(ItemSize, CountsNamesAndUtf8Bytes) {
  EXPECT_EQ(ItemSize({}), 0u);
  EXPECT_EQ(ItemSize(Item{{"ab", Value::S("cde")}}), 5u);
  EXPECT_EQ(ItemSize(Item{{"\xc3\xa9", Value::S("\xf0\x9f\x98\x80")}}), 6u);
  EXPECT_EQ(ItemSize(Item{{"a", Value::S("")}, {"b", Value::B(std::string("\0\xff", 2))}}), 4u);
}

TEST(ItemSize, CountsAByteForTwoDigitsOfANumberAndOneMore) {
  const std::vector<std::pair<std::string, std::size_t>> sizes{
      {"1", 2},       {"12", 2},
      {"123", 3},     {"1234", 3},
      {"1000000", 2}, {"0.001", 2},
      {"-1", 3},      {"-12", 3},
      {"100.5", 3},   {"12345678901234567890123456789012345678", 20}};
  for (const auto& [number, size] : sizes) EXPECT_EQ(SizeOf(Value::N(number)), size) << number;
}

TEST(ItemSize, CountsOneForBooleansAndNull) {
  EXPECT_EQ(SizeOf(Value::Bool(true)), 1u);
  EXPECT_EQ(SizeOf(Value::Bool(false)), 1u);
  EXPECT_EQ(SizeOf(Value::Null()), 1u);
}

TEST(ItemSize, CountsThreeForAContainerAndOneForEachElement) {
  EXPECT_EQ(SizeOf(Value::L({})), 3u);
  EXPECT_EQ(SizeOf(Value::M({})), 3u);
  EXPECT_EQ(SizeOf(Value::L({Value::S("ab"), Value::Null()})), 3u + 2 + 2 + 1);
  EXPECT_EQ(SizeOf(Value::M({{"key", Value::S("ab")}})), 3u + 1 + 3 + 2);
  EXPECT_EQ(SizeOf(Value::L({Value::L({Value::M({})})})), 3u + 1 + 3 + 1 + 3);
}

TEST(ItemSize, CountsTheMembersOfSets) {
  EXPECT_EQ(SizeOf(Value::SS({"ab", "c"})), 3u);
  EXPECT_EQ(SizeOf(Value::BS({"abcd"})), 4u);
  EXPECT_EQ(SizeOf(Value::NS({"1", "-123"})), 2u + 4u);
}

}  // namespace
}  // namespace vams::items
