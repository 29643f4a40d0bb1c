// Secondary indexes: what is in them, in which order, with which attributes.
#include <algorithm>
#include <random>

#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

using Op = Mutation::Op;

class Indexed {
 public:
  explicit Indexed(ItemSource& source) : source_(source) {}

  // The sort keys ("s") of what an index holds in one partition.
  std::string operator()(std::string index, std::string_view partition, bool descending = false,
                         std::size_t limit = 1000) {
    auto request = Ask("parts", std::move(index), S(partition));
    request.descending = descending;
    request.limit = limit;
    return Texts(QueryAll(source_, request), "s");
  }

 private:
  ItemSource& source_;
};

Item Owned(std::string_view s, std::string_view owner, std::int64_t rank) {
  return Part("a", s, {{"owner", S(owner)}, {"rank", N(rank)}});
}

TEST_P(ItemStoreConformance, IndexHoldsOnlyItemsThatHaveAllItsKeys) {
  Create({PartsTable()});
  Put("parts", Part("a", "both", {{"owner", S("ann")}, {"rank", N(1)}}));
  Put("parts", Part("a", "owner", {{"owner", S("ann")}}));
  Put("parts", Part("a", "rank", {{"rank", N(1)}}));
  Put("parts", Part("a", "none"));
  Put("parts", Part("a", "color", {{"color", S("ann")}}));
  Put("parts", Part("a", "tag", {{"tag", S("t")}}));
  Indexed in(store());

  EXPECT_EQ(in("byOwner", "ann"), "both");
  EXPECT_EQ(in("byColor", "ann"), "color");
  EXPECT_EQ(in("byTag", "a"), "tag");
  EXPECT_EQ(in("", "a"), "both color none owner rank tag");
}

TEST_P(ItemStoreConformance, IndexFollowsPuts) {
  Create({PartsTable()});
  Indexed in(store());
  Put("parts", Owned("1", "ann", 2));
  Put("parts", Owned("2", "ann", 1));
  ASSERT_EQ(in("byOwner", "ann"), "2 1");

  Put("parts", Owned("1", "ann", 0));
  EXPECT_EQ(in("byOwner", "ann"), "1 2");

  Put("parts", Owned("1", "bob", 0));
  EXPECT_EQ(in("byOwner", "ann"), "2");
  EXPECT_EQ(in("byOwner", "bob"), "1");

  Put("parts", Part("a", "1", {{"owner", S("ann")}}));
  EXPECT_EQ(in("byOwner", "ann"), "2");
  EXPECT_EQ(in("byOwner", "bob"), "");
}

TEST_P(ItemStoreConformance, IndexFollowsUpdates) {
  Create({PartsTable()});
  Indexed in(store());
  const auto update = [&](std::vector<Mutation> mutations) {
    Must(Commit({Write::Update("parts", PartKey("a", "1"), std::move(mutations))}));
  };
  update({{Op::kSet, "owner", S("ann")}});
  EXPECT_EQ(in("byOwner", "ann"), "");

  update({{Op::kAdd, "rank", N(5)}});
  EXPECT_EQ(in("byOwner", "ann"), "1");

  Put("parts", Owned("2", "ann", 7));
  update({{Op::kAdd, "rank", N(5)}});
  EXPECT_EQ(in("byOwner", "ann"), "2 1");

  update({{Op::kSet, "owner", S("bob")}});
  EXPECT_EQ(in("byOwner", "ann"), "2");
  EXPECT_EQ(in("byOwner", "bob"), "1");

  update({{Op::kRemove, "rank", {}}});
  EXPECT_EQ(in("byOwner", "bob"), "");

  update({{Op::kSet, "note", S("elsewhere")}});
  EXPECT_EQ(in("", "a"), "1 2");
}

TEST_P(ItemStoreConformance, IndexFollowsDeletesAndExpiry) {
  NEEDS_TIME_TO_LIVE();
  Create({PartsTable()});
  Indexed in(store());
  Item due = Owned("2", "ann", 2);
  due.Set("expires", N(10));
  Put("parts", Owned("1", "ann", 1));
  Put("parts", due);
  Put("parts", Owned("3", "ann", 3));

  Delete("parts", PartKey("a", "1"));
  EXPECT_EQ(in("byOwner", "ann"), "2 3");

  Must(store().Expire(op, "parts", 10, 100));
  EXPECT_EQ(in("byOwner", "ann"), "3");
}

TEST_P(ItemStoreConformance, RefusedCommitLeavesIndexesAlone) {
  NEEDS_COMMITS();
  Create({PartsTable()});
  Indexed in(store());
  Put("parts", Owned("1", "ann", 1));

  EXPECT_CODE(
      kConflict,
      Commit({Write::Put("parts", Owned("1", "bob", 1)), Write::Put("parts", Owned("2", "ann", 1)),
              Write::Check("parts", PartKey("a", "none"), {Condition::Exists()})}));

  EXPECT_EQ(in("byOwner", "ann"), "1");
  EXPECT_EQ(in("byOwner", "bob"), "");
}

TEST_P(ItemStoreConformance, IndexOrdersEqualSortKeysByTheTableKey) {
  Create({PartsTable()});
  // Expected order: rank, then table partition, then table sort key.
  struct Row {
    std::int64_t rank;
    const char* p;
    const char* s;
  };
  const std::vector<Row> rows{{-1, "b", "9"}, {1, "a", "2"}, {1, "a", "3"}, {1, "b", "1"},
                              {1, "b", "2"},  {1, "c", "0"}, {2, "a", "1"}, {10, "a", "0"}};
  std::vector<Item> items;
  for (const auto& [rank, p, s] : rows)
    items.push_back(Part(p, s, {{"owner", S("ann")}, {"rank", N(rank)}, {"color", S("red")}}));
  auto shuffled = items;
  std::shuffle(shuffled.begin(), shuffled.end(), std::mt19937(11));
  PutAll("parts", shuffled);

  auto by_key = items;
  std::sort(by_key.begin(), by_key.end(), [](const Item& a, const Item& b) {
    return std::pair(a.Text("p"), a.Text("s")) < std::pair(b.Text("p"), b.Text("s"));
  });
  for (const std::size_t limit : {1, 2, 3, 5, 100}) {
    auto request = Ask("parts", "byOwner", S("ann"));
    request.limit = limit;
    if (!traits().key_order) {
      // Ranks are in order, and every item comes once; which of equal ranks is first is open.
      const auto found = QueryAll(store(), request);
      EXPECT_EQ(Column(found, "rank"), Column(items, "rank")) << limit;
      EXPECT_EQ(InKeyOrder(PartsTable(), found), by_key) << limit;
      continue;
    }
    EXPECT_EQ(QueryAll(store(), request), items) << limit;
    request.descending = true;
    EXPECT_EQ(QueryAll(store(), request), (std::vector<Item>{items.rbegin(), items.rend()}))
        << limit;

    auto colors = Ask("parts", "byColor", S("red"));
    colors.limit = limit;
    const auto ascending = QueryAll(store(), colors);
    EXPECT_EQ(Column(ascending, "p"), Column(by_key, "p")) << limit;
    EXPECT_EQ(Column(ascending, "s"), Column(by_key, "s")) << limit;
    colors.descending = true;
    auto descending = QueryAll(store(), colors);
    std::reverse(descending.begin(), descending.end());
    EXPECT_EQ(descending, ascending) << limit;
  }
}

TEST_P(ItemStoreConformance, IndexSortConditionsApplyToTheIndexSortKey) {
  Create({PartsTable()});
  for (int i = 0; i < 10; ++i) Put("parts", Owned(std::to_string(9 - i), "ann", i));

  const auto found =
      QueryAll(store(), Ask("parts", "byOwner", S("ann"), SortCondition::Between(N(2), N(4))));

  EXPECT_EQ(Texts(found, "s"), "7 6 5");
}

TEST_P(ItemStoreConformance, ProjectionsGiveTheirAttributesAndNoOthers) {
  Create({PartsTable()});
  const Item item = Part("a", "1",
                         {{"owner", S("x")},
                          {"rank", N(1)},
                          {"color", S("x")},
                          {"tag", S("t")},
                          {"note", Value::L({N(1)})},
                          {"other", S("o")}});
  Item plain = Part("a", "2", {{"tag", S("u")}, {"other", S("o")}});
  Put("parts", item);
  Put("parts", plain);

  EXPECT_EQ(QueryAll(store(), Ask("parts", "byOwner", S("x"))), std::vector{item});
  EXPECT_EQ(QueryAll(store(), Ask("parts", "byColor", S("x"))),
            (std::vector{Part("a", "1", {{"color", S("x")}})}));
  // "note" where the item has it.
  EXPECT_EQ(QueryAll(store(), Ask("parts", "byTag", S("a"))),
            (std::vector{Part("a", "1", {{"tag", S("t")}, {"note", Value::L({N(1)})}}),
                         Part("a", "2", {{"tag", S("u")}})}));
}

TEST_P(ItemStoreConformance, IndexMayUseTheKeysOfTheTableTheOtherWayRound) {
  TableSpec spec{
      .name = "links",
      .partition = {"from", Kind::kS},
      .sort = {"to", Kind::kS},
      .indexes = {Index("inverted", {"to", Kind::kS}, {"from", Kind::kS}),
                  Index("targets", {"to", Kind::kS}, {}, IndexSpec::Projection::kKeysOnly)},
      .ttl_attribute = ""};
  Create({spec});
  std::vector<Item> items;
  for (const auto* from : {"a", "b", "c"})
    for (const auto* to : {"x", "y"})
      items.push_back(Item{{"from", S(from)}, {"to", S(to)}, {"v", S("v")}});
  PutAll("links", items);

  for (const std::size_t limit : {1, 2, 10}) {
    auto request = Ask("links", "inverted", S("x"));
    request.limit = limit;
    EXPECT_EQ(Texts(QueryAll(store(), request), "from"), "a b c");
    request.descending = true;
    EXPECT_EQ(Texts(QueryAll(store(), request), "from"), "c b a");
    request.index = "targets";
    if (!traits().key_order) {
      EXPECT_EQ(QueryAll(store(), request).size(), 3u);
      continue;
    }
    EXPECT_EQ(Texts(QueryAll(store(), request), "from"), "c b a");
    EXPECT_EQ(QueryAll(store(), request).front().size(), 2u);
  }
  const auto restricted = QueryAll(
      store(),
      Ask("links", "inverted", S("y"), SortCondition::Is(SortCondition::Op::kGreater, S("a"))));
  EXPECT_EQ(Texts(restricted, "from"), "b c");
}

TEST_P(ItemStoreConformance, IndexKeysOfEveryTypeFindTheirItems) {
  for (const auto& [kind, value, other] :
       {std::tuple{Kind::kS, S("10"), S("9")}, std::tuple{Kind::kN, N(10), N(9)},
        std::tuple{Kind::kB, B(Raw("\xff\0")), B(Raw("\xff"))}}) {
    TableSpec spec = FlatTable();
    spec.indexes = {Index("byValue", {"value", kind}, {"id", Kind::kS})};
    Create({spec});
    Put("flat", Item{{"id", S("a")}, {"value", value}});
    Put("flat", Item{{"id", S("b")}, {"value", other}});

    EXPECT_EQ(Texts(QueryAll(store(), Ask("flat", "byValue", value)), "id"), "a");
    EXPECT_EQ(Texts(QueryAll(store(), Ask("flat", "byValue", other)), "id"), "b");
    Must(store().DropTable(op, "flat"));
  }
}

}  // namespace
}  // namespace vams::items::conformance
