// Queries: order and restriction of sort keys, paging, cursors, what is refused.
#include <algorithm>
#include <random>

#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

using SortOp = SortCondition::Op;

// ---- Key values in ascending order
// -----------------------------------------------------------------

std::vector<Value> Numbers() {
  std::vector<Value> out;
  for (const auto* text : {"-9.9999999999999999999999999999999999999e125",
                           "-1e100",
                           "-12345678901234567890123456789012345678",
                           "-12345678901234567890123456789012345677",
                           "-1000",
                           "-100.5",
                           "-100",
                           "-99",
                           "-10",
                           "-9.5",
                           "-9",
                           "-2",
                           "-1.5",
                           "-1",
                           "-0.5",
                           "-0.1",
                           "-0.01",
                           "-1e-129",
                           "-1e-130",
                           "0",
                           "1e-130",
                           "1.5e-130",
                           "1e-129",
                           "0.01",
                           "0.1",
                           "0.11",
                           "0.5",
                           "1",
                           "1.5",
                           "2",
                           "9",
                           "9.5",
                           "10",
                           "11",
                           "99",
                           "100",
                           "100.5",
                           "101",
                           "1000",
                           "12345678901234567890123456789012345677",
                           "12345678901234567890123456789012345678",
                           "1e100",
                           "9.9999999999999999999999999999999999999e125"})
    out.push_back(Number(text));
  return out;
}

std::vector<Value> Sorted(std::vector<std::string> texts, Value (*make)(std::string_view)) {
  std::sort(texts.begin(), texts.end());  // std::string compares unsigned bytes
  std::vector<Value> out;
  for (const auto& text : texts) out.push_back(make(text));
  return out;
}

// UTF-8 byte order is code point order, also where UTF-16 order differs: U+E000 … U+FFFF come
// before the astral characters.
std::vector<Value> StringKeys() {
  return Sorted({Raw("\0"),
                 Raw("\0\0"),
                 Raw("\0a"),
                 "\x01",
                 " ",
                 "!",
                 "0",
                 "10",
                 "9",
                 "A",
                 "Aa",
                 "B",
                 "Z",
                 "a",
                 Raw("a\0"),
                 Raw("a\0b"),
                 "a\x01",
                 "aA",
                 "aa",
                 "ab",
                 "b",
                 "\x7f",
                 "\xc2\x80",
                 "\xc3\xa9",
                 "e\xcc\x81",
                 "\xc3\xa9"
                 "a",
                 "\xed\x9f\xbf",
                 "\xee\x80\x80",
                 "\xef\xbf\xbd",
                 "\xef\xbf\xbf",
                 "\xf0\x90\x80\x80",
                 "\xf0\x9f\x98\x80",
                 "\xf0\x9f\x98\x80!",
                 "\xf4\x8f\xbf\xbf",
                 "\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf"},
                S);
}

std::vector<Value> ByteKeys() {
  return Sorted({Raw("\0"),     Raw("\0\0"), Raw("\0\xff"), "\x01",        "A",         "a",
                 Raw("a\0"),    "a\xfe",     "a\xff",       "a\xff\x01",   "a\xff\xff", "b",
                 "\x7f",        "\x80",      "\xc3",        "\xfe",        "\xfe\xff",  "\xff",
                 Raw("\xff\0"), "\xff\xfe",  "\xff\xff",    "\xff\xff\xff"},
                B);
}

std::vector<Value> KeysOf(Kind kind) {
  return kind == Kind::kN ? Numbers() : kind == Kind::kS ? StringKeys() : ByteKeys();
}

// ---- The brute-force answer
// ------------------------------------------------------------------------

struct Restriction {
  SortCondition condition;
  std::vector<Value> expected;  // ascending
};

// Every comparison with every key value; expectations come from positions in the ordered list.
std::vector<Restriction> Comparisons(const std::vector<Value>& keys) {
  std::vector<Restriction> out{{SortCondition{}, keys}};
  for (auto at = keys.begin(); at != keys.end(); ++at) {
    out.push_back({SortCondition::Is(SortOp::kEqual, *at), {*at}});
    out.push_back({SortCondition::Is(SortOp::kLess, *at), {keys.begin(), at}});
    out.push_back({SortCondition::Is(SortOp::kLessEqual, *at), {keys.begin(), at + 1}});
    out.push_back({SortCondition::Is(SortOp::kGreater, *at), {at + 1, keys.end()}});
    out.push_back({SortCondition::Is(SortOp::kGreaterEqual, *at), {at, keys.end()}});
    for (auto to = at; to < keys.end(); to += 7)
      out.push_back({SortCondition::Between(*at, *to), {at, to + 1}});
  }
  return out;
}

// Fills a table so that the table and its index "mirror" hold the same keys in partition "x", and
// others in the partitions around it.
std::vector<Item> KeyedItems(const std::vector<Value>& keys, std::uint32_t seed) {
  std::vector<Item> items;
  for (const auto* partition : {"w", "x", "x ", "xx", "y"})
    for (const auto& key : keys)
      items.push_back(Item{{"p", S(partition)}, {"k", key}, {"group", S(partition)}, {"v", key}});
  std::shuffle(items.begin(), items.end(), std::mt19937(seed));
  return items;
}

void ExpectAnswer(ItemSource& source, const Restriction& restriction, std::size_t limit) {
  for (const std::string index : {"", "mirror"}) {
    for (const bool descending : {false, true}) {
      auto request = Ask("keyed", index, S("x"), restriction.condition);
      request.descending = descending;
      request.limit = limit;
      auto expected = restriction.expected;
      if (descending) std::reverse(expected.begin(), expected.end());
      EXPECT_EQ(Column(QueryAll(source, request), "k"), expected)
          << "index \"" << index << "\" descending " << descending << " limit " << limit << " op "
          << static_cast<int>(restriction.condition.op) << " " << Show(restriction.condition.value)
          << " " << Show(restriction.condition.upper);
    }
  }
}

TEST_P(ItemStoreConformance, SortConditionsCompareStringsByBytes) {
  Create({KeyedTable(Kind::kS)});
  PutAll("keyed", KeyedItems(StringKeys(), 1));
  for (const auto& restriction : Comparisons(StringKeys()))
    ExpectAnswer(store(), restriction, 1000);
}

TEST_P(ItemStoreConformance, SortConditionsCompareNumbersByValue) {
  Create({KeyedTable(Kind::kN)});
  PutAll("keyed", KeyedItems(Numbers(), 2));
  for (const auto& restriction : Comparisons(Numbers())) ExpectAnswer(store(), restriction, 1000);
}

TEST_P(ItemStoreConformance, SortConditionsCompareBinariesByBytes) {
  Create({KeyedTable(Kind::kB)});
  PutAll("keyed", KeyedItems(ByteKeys(), 3));
  for (const auto& restriction : Comparisons(ByteKeys())) ExpectAnswer(store(), restriction, 1000);
}

TEST_P(ItemStoreConformance, EverySingleByteSortsByItsValue) {
  Create({KeyedTable(Kind::kB)});
  std::vector<Value> keys;
  for (int i = 0; i < 256; ++i) keys.push_back(B(std::string(1, static_cast<char>(i))));
  PutAll("keyed", KeyedItems(keys, 4));

  ExpectAnswer(store(), {SortCondition{}, keys}, 100);
}

TEST_P(ItemStoreConformance, PagesOfEverySizeGiveTheSameAnswer) {
  for (const Kind kind : {Kind::kS, Kind::kN, Kind::kB}) {
    Create({KeyedTable(kind)});
    const auto keys = KeysOf(kind);
    PutAll("keyed", KeyedItems(keys, 5));
    const auto middle = keys.begin() + static_cast<std::ptrdiff_t>(keys.size() / 2);
    const std::vector<Restriction> restrictions{
        {SortCondition{}, keys},
        {SortCondition::Is(SortOp::kLess, *middle), {keys.begin(), middle}},
        {SortCondition::Is(SortOp::kGreaterEqual, *middle), {middle, keys.end()}},
        {SortCondition::Is(SortOp::kEqual, *middle), {*middle}},
        {SortCondition::Between(keys[3], *middle), {keys.begin() + 3, middle + 1}}};
    for (const auto& restriction : restrictions)
      for (const std::size_t limit : {std::size_t{1}, std::size_t{2}, std::size_t{7},
                                      keys.size() - 1, keys.size(), keys.size() + 1})
        ExpectAnswer(store(), restriction, limit);
    Must(store().DropTable(op, "keyed"));
  }
}

TEST_P(ItemStoreConformance, BeginsWithComparesWholePrefixesOfBytes) {
  const std::vector<std::pair<Kind, std::vector<std::string>>> prefixes{
      {Kind::kS,
       {"a", Raw("a\0"), Raw("\0"), "ab", "A", "\x7f", "\xc3\xa9", "e", "\xef\xbf\xbf",
        "\xf0\x9f\x98\x80", "\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf\xf4\x8f\xbf\xbf", "zz", "%", "_",
        "*"}},
      {Kind::kB,
       {"a", "a\xff", "a\xff\xff", Raw("\0"), Raw("\0\xff"), "\xff", "\xff\xff", "\xff\xff\xff",
        "\xff\xff\xff\xff", "\xfe", "\x7f", "\x80", "\xc3"}}};
  for (const auto& [kind, texts] : prefixes) {
    Create({KeyedTable(kind)});
    const auto keys = KeysOf(kind);
    PutAll("keyed", KeyedItems(keys, 6));
    for (const auto& text : texts) {
      Restriction restriction;
      restriction.condition = SortCondition::BeginsWith(kind == Kind::kS ? S(text) : B(text));
      for (const auto& key : keys)
        if (key.text().starts_with(text)) restriction.expected.push_back(key);
      for (const std::size_t limit : {1, 2, 1000}) ExpectAnswer(store(), restriction, limit);
    }
    Must(store().DropTable(op, "keyed"));
  }
}

TEST_P(ItemStoreConformance, BoundsNeedNotBeKeysOfItems) {
  Create({KeyedTable(Kind::kN)});
  PutAll("keyed", KeyedItems({N(10), N(20), N(30)}, 7));

  ExpectAnswer(store(), {SortCondition::Is(SortOp::kLess, N(25)), {N(10), N(20)}}, 1);
  ExpectAnswer(store(), {SortCondition::Is(SortOp::kGreater, Number("20.5")), {N(30)}}, 1);
  ExpectAnswer(store(), {SortCondition::Between(N(11), N(29)), {N(20)}}, 1);
  ExpectAnswer(store(), {SortCondition::Between(N(11), N(12)), {}}, 1);
  ExpectAnswer(store(), {SortCondition::Is(SortOp::kEqual, N(11)), {}}, 1);
}

TEST_P(ItemStoreConformance, PartitionsAreEqualOnlyWhenAllBytesAre) {
  Create({PartsTable()});
  const std::vector<std::string> partitions{"a", "A", "a ", Raw("a\0"), "\xc3\xa9", "e\xcc\x81"};
  for (const auto& p : partitions) Put("parts", Part(p, "1", {{"color", S(p)}}));

  for (const auto& p : partitions) {
    EXPECT_EQ(Column(QueryAll(store(), Ask("parts", "", S(p))), "p"), std::vector{S(p)});
    EXPECT_EQ(Column(QueryAll(store(), Ask("parts", "byColor", S(p))), "p"), std::vector{S(p)});
  }
  EXPECT_TRUE(QueryAll(store(), Ask("parts", "", S("none"))).empty());
}

TEST_P(ItemStoreConformance, QueryOfATableWithoutSortKeyGivesTheOneItem) {
  Create({FlatTable()});
  Put("flat", Item{{"id", S("x")}, {"v", N(1)}});
  auto request = Ask("flat", "", S("x"));
  request.limit = 1;

  EXPECT_EQ(QueryAll(store(), request), (std::vector{Item{{"id", S("x")}, {"v", N(1)}}}));
  request.descending = true;
  EXPECT_EQ(QueryAll(store(), request).size(), 1u);
}

TEST_P(ItemStoreConformance, QueryHandsOutLargeItemsCompletely) {
  // Engines may cut pages by bytes; nothing may be lost where they do.
  Create({PartsTable()});
  std::vector<Item> items;
  for (int i = 0; i < 40; ++i)
    items.push_back(Part("a", std::to_string(100 + i), {{"v", S(std::string(300'000, 'x'))}}));
  for (const auto& item : items) Put("parts", item);

  const auto found = QueryAll(store(), Ask("parts", "", S("a")));

  ASSERT_EQ(found.size(), items.size());
  EXPECT_TRUE(found == items);
}

// ---- Cursors
// ---------------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, CursorOutlivesTheItemItNames) {
  for (const std::string index : {"", "byOwner", "byColor", "byTag"}) {
    for (const bool descending : {false, true}) {
      Create({PartsTable()});
      for (int i = 0; i < 6; ++i)
        Put("parts", Part("a", std::to_string(i),
                          {{"owner", S("a")},
                           {"rank", N(i)},
                           {"color", S("a")},
                           {"tag", S(std::to_string(i))}}));
      auto request = Ask("parts", index, S("a"));
      request.descending = descending;
      request.limit = 2;
      const Page first = Must(store().Query(op, request));
      ASSERT_FALSE(first.next.empty());

      for (const auto& item : first.items) Delete("parts", KeyOf(PartsTable(), item));
      request.after = first.next;

      const auto rest = QueryAll(store(), request);
      EXPECT_EQ(rest.size(), 4u) << index;
      // The items of "byColor" have equal index keys.
      if (traits().key_order || index != "byColor") {
        EXPECT_EQ(Texts(rest, "s"), descending ? "3 2 1 0" : "2 3 4 5") << index;
      }
      Must(store().DropTable(op, "parts"));
    }
  }
}

TEST_P(ItemStoreConformance, CursorStaysValidWhileItemsComeAndGo) {
  Create({PartsTable()});
  for (const auto* s : {"b", "d", "f", "h"}) Put("parts", Part("a", s));
  auto request = Ask("parts", "", S("a"));
  request.limit = 2;
  const Page first = Must(store().Query(op, request));
  ASSERT_EQ(Texts(first.items, "s"), "b d");

  Put("parts", Part("a", "a"));
  Put("parts", Part("a", "c"));
  Put("parts", Part("a", "e"));
  Delete("parts", PartKey("a", "f"));
  request.after = first.next;

  EXPECT_EQ(Texts(QueryAll(store(), request), "s"), "e h");
}

TEST_P(ItemStoreConformance, EmptyAnswersHaveNoCursor) {
  Create({PartsTable()});

  const Page page = Must(store().Query(op, Ask("parts", "", S("a"))));

  EXPECT_TRUE(page.items.empty());
  EXPECT_TRUE(page.next.empty());
}

TEST_P(ItemStoreConformance, BadCursorsAreInvalid) {
  Create({PartsTable(), KeyedTable(Kind::kN)});
  for (int i = 0; i < 3; ++i) {
    Put("parts", Part("a", std::to_string(i), {{"owner", S("a")}, {"rank", N(i)}}));
    Put("parts", Part("b", std::to_string(i), {{"owner", S("b")}, {"rank", N(i)}}));
    Put("keyed", Item{{"p", S("a")}, {"k", N(i)}});
  }
  auto other_table = Ask("keyed", "", S("a"));
  auto other_partition = Ask("parts", "", S("b"));
  other_table.limit = other_partition.limit = 1;
  const std::string foreign = Must(store().Query(op, other_table)).next;
  const std::string elsewhere = Must(store().Query(op, other_partition)).next;
  ASSERT_FALSE(foreign.empty() || elsewhere.empty());

  for (const std::string index : {"", "byOwner"}) {
    auto request = Ask("parts", index, S("a"));
    request.limit = 1;
    const std::string good = Must(store().Query(op, request)).next;
    for (const std::string& cursor :
         {std::string("garbage"), Raw("\0"), Raw("\x01\0"), good.substr(0, good.size() - 1),
          good + "x", foreign, elsewhere}) {
      request.after = cursor;
      EXPECT_CODE(kInvalid, store().Query(op, request)) << index << " " << HexEncode(cursor);
    }
  }
  for (const std::string& cursor : {std::string("garbage"), Raw("\0"), Raw("\x01\0"), foreign})
    EXPECT_CODE(kInvalid, store().Scan(op, "parts", {}, cursor, 1)) << HexEncode(cursor);
}

// ---- What is refused
// -------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, QueryOfAnUnknownIndexIsNotFound) {
  Create({PartsTable()});

  EXPECT_CODE(kNotFound, store().Query(op, Ask("parts", "byNothing", S("a"))));
  EXPECT_CODE(kNotFound, store().Query(op, Ask("parts", "BYOWNER", S("a"))));
}

TEST_P(ItemStoreConformance, QueryWithoutAPlaceForItemsIsInvalid) {
  Create({PartsTable()});
  auto request = Ask("parts", "", S("a"));
  request.limit = 0;

  EXPECT_CODE(kInvalid, store().Query(op, request));
  EXPECT_CODE(kInvalid, store().Scan(op, "parts", {}, "", 0));
}

TEST_P(ItemStoreConformance, QueryValuesMustBeOfTheKeysTypes) {
  Create({PartsTable(), FlatTable()});
  const auto refuses = [&](std::string index, Value partition, SortCondition sort = {}) {
    EXPECT_CODE(kInvalid, store().Query(op, Ask("parts", index, partition, sort)))
        << index << " " << Show(partition) << " " << Show(sort.value) << " " << Show(sort.upper);
  };

  refuses("", N(1));
  refuses("", Value::Null());
  refuses("", S(""));
  refuses("byOwner", B("a"));
  refuses("", S("a"), SortCondition::Is(SortOp::kEqual, N(1)));
  refuses("", S("a"), SortCondition::BeginsWith(B("a")));
  refuses("byOwner", S("a"), SortCondition::Is(SortOp::kLess, S("1")));
  refuses("", S("a"), SortCondition::Between(S("a"), N(1)));
  refuses("", S("a"), SortCondition::Is(SortOp::kGreater, Value::Null()));
  // DynamoDB refuses these three although an answer could be made up.
  refuses("", S("a"), SortCondition::Between(S("b"), S("a")));
  refuses("byOwner", S("a"), SortCondition::Between(N(10), N(9)));
  refuses("", S("a"), SortCondition::BeginsWith(S("")));
  // Numbers have no prefixes.
  refuses("byOwner", S("a"), SortCondition::BeginsWith(N(1)));
  // There is no sort key.
  refuses("byColor", S("a"), SortCondition::Is(SortOp::kEqual, S("a")));
  EXPECT_CODE(kInvalid,
              store().Query(op, Ask("flat", "", S("a"), SortCondition::BeginsWith(S("a")))));
}

}  // namespace
}  // namespace vams::items::conformance
