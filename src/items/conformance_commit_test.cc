// Single items and commits: values, keys, conditions, all or nothing.
#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

// One attribute of every kind, with the values that trip encoders.
Item EveryKind() {
  const Item inner{{"\xc3\xa9 name", S("x")},
                   {"list", Value::L({N(1), Value::Null(), Value::L({})})}};
  return Part("every", "kind",
              {{"text", S(Raw("a\0b \xc3\xa9 \xf0\x9f\x98\x80"))},
               {"empty text", S("")},
               {"number", Number("-12345678901234567890123456789012345.678")},
               {"zero", N(0)},
               {"tiny", Number("1e-130")},
               {"bytes", B(Raw("\0\x01\xff\x80"))},
               {"no bytes", B("")},
               {"yes", Value::Bool(true)},
               {"no", Value::Bool(false)},
               {"null", Value::Null()},
               {"map", Value::M(inner)},
               {"empty map", Value::M({})},
               {"list", Value::L({S("x"), Value::M(inner), Value::Bool(false)})},
               {"texts", Value::SS({"b", "a", "", "b"})},
               {"numbers", Value::NS({"10", "-1", "2.5"})},
               {"binaries", Value::BS({Raw("\xff"), Raw("\0"), ""})}});
}

TEST_P(ItemStoreConformance, PutItemIsReadBackExactly) {
  Create({PartsTable()});

  Put("parts", EveryKind());

  EXPECT_EQ(Must(store().Get(op, "parts", PartKey("every", "kind"))), EveryKind());
}

TEST_P(ItemStoreConformance, PutReplacesTheWholeItem) {
  Create({PartsTable()});
  Put("parts", EveryKind());

  Put("parts", Part("every", "kind", {{"only", S("this")}}));

  EXPECT_EQ(Find("parts", PartKey("every", "kind")), Part("every", "kind", {{"only", S("this")}}));
  EXPECT_EQ(Must(store().Count(op, "parts")), 1u);
}

TEST_P(ItemStoreConformance, ItemsNestAsDeepAsAllowedAndNoDeeper) {
  Create({FlatTable()});
  Value nested = S("bottom");
  for (int i = 0; i < traits().max_nesting; ++i)
    nested = i % 2 == 0 ? Value::L({nested}) : Value::M(Item{{"m", nested}});
  const Item item{{"id", S("deep")}, {"v", nested}};

  Put("flat", item);

  EXPECT_EQ(Find("flat", Item{{"id", S("deep")}}), item);
  const Item deeper{{"id", S("deep")}, {"v", Value::L({nested})}};
  EXPECT_CODE(kInvalid, Commit({Write::Put("flat", deeper)}));
  EXPECT_EQ(Find("flat", Item{{"id", S("deep")}}), item);
}

TEST_P(ItemStoreConformance, KeysOfEveryTypeFindTheirItems) {
  const std::vector<std::pair<Kind, std::vector<Value>>> keys{
      {Kind::kS, {S("a"), S(Raw("a\0")), S(Raw("\0")), S("\xf0\x9f\x98\x80"), S("A")}},
      {Kind::kN, {N(0), N(1), N(-1), Number("1.5"), Number("1e125"), Number("-1e-130")}},
      {Kind::kB, {B("a"), B(Raw("\0")), B(Raw("\0\0")), B("\xff"), B("\xff\xff")}}};
  for (const auto& [kind, values] : keys) {
    const std::string name = "keys" + std::string(KindName(kind));
    Create({{.name = name,
             .partition = {"p", kind},
             .sort = {"s", kind},
             .indexes = {},
             .ttl_attribute = ""}});
    for (const auto& p : values)
      for (const auto& s : values) Put(name, Item{{"p", p}, {"s", s}, {"both", Value::L({p, s})}});
    for (const auto& p : values)
      for (const auto& s : values) {
        const Item key{{"p", p}, {"s", s}};
        const auto found = Find(name, key);
        ASSERT_TRUE(found.has_value()) << Show(key);
        EXPECT_EQ(*found->Find("both"), Value::L({p, s}));
      }
    EXPECT_EQ(Must(store().Count(op, name)), values.size() * values.size());
  }
}

TEST_P(ItemStoreConformance, GetOfAnAbsentItemIsNotFound) {
  Create({PartsTable()});
  Put("parts", Part("a", "1"));

  EXPECT_CODE(kNotFound, store().Get(op, "parts", PartKey("a", "2")));
  EXPECT_CODE(kNotFound, store().Get(op, "parts", PartKey("b", "1")));
  EXPECT_CODE(kNotFound, store().Get(op, "parts", PartKey("A", "1")));
}

TEST_P(ItemStoreConformance, BatchGetAnswersEveryKeyInOrder) {
  Create({PartsTable()});
  Put("parts", Part("a", "1", {{"v", N(1)}}));
  Put("parts", Part("b", "2", {{"v", N(2)}}));
  const std::vector keys{PartKey("b", "2"), PartKey("b", "1"), PartKey("a", "1"),
                         PartKey("b", "2")};

  const auto found = Must(store().BatchGet(op, "parts", keys));

  ASSERT_EQ(found.size(), 4u);
  EXPECT_EQ(found[0], Part("b", "2", {{"v", N(2)}}));
  EXPECT_EQ(found[1], std::nullopt);
  EXPECT_EQ(found[2], Part("a", "1", {{"v", N(1)}}));
  EXPECT_EQ(found[3], found[0]);
  EXPECT_TRUE(Must(store().BatchGet(op, "parts", {})).empty());
}

TEST_P(ItemStoreConformance, BadKeysAreRefusedByEveryCallThatTakesOne) {
  Create({PartsTable()});
  const std::string long_partition(2049, 'p'), long_sort(1025, 's');
  const std::vector<std::pair<Item, Code>> bad{
      {Item{}, Code::kInvalid},
      {Item{{"p", S("a")}}, Code::kInvalid},
      {Item{{"s", S("a")}}, Code::kInvalid},
      {PartKey("", "1"), Code::kInvalid},
      {PartKey("a", ""), Code::kInvalid},
      {Item{{"p", N(1)}, {"s", S("1")}}, Code::kInvalid},
      {Item{{"p", S("a")}, {"s", B("1")}}, Code::kInvalid},
      {Item{{"p", Value::Null()}, {"s", S("1")}}, Code::kInvalid},
      {PartKey("a\xff", "1"), Code::kInvalid},
      {Part("a", "1", {{"more", N(1)}}), Code::kInvalid},
      {PartKey(long_partition, "1"), Code::kTooLarge},
      {PartKey("a", long_sort), Code::kTooLarge}};
  for (const auto& [key, code] : bad) {
    const std::vector keys{key};
    EXPECT_TRUE(HasCode(store().Get(op, "parts", key), code)) << Show(key);
    EXPECT_TRUE(HasCode(store().BatchGet(op, "parts", keys), code)) << Show(key);
    EXPECT_TRUE(HasCode(Commit({Write::Delete("parts", key)}), code)) << Show(key);
    EXPECT_TRUE(HasCode(Commit({Write::Update("parts", key, {})}), code)) << Show(key);
    EXPECT_TRUE(HasCode(Commit({Write::Check("parts", key, {})}), code)) << Show(key);
  }
  EXPECT_EQ(LastChange(), 0u);
}

TEST_P(ItemStoreConformance, BadItemsAreNotPut) {
  Create({PartsTable()});
  const std::vector<std::pair<Item, Code>> bad{
      {Item{{"v", N(1)}}, Code::kInvalid},
      {Item{{"p", S("a")}, {"v", N(1)}}, Code::kInvalid},
      {PartKey("", "1"), Code::kInvalid},
      {Item{{"p", S("a")}, {"s", N(1)}}, Code::kInvalid},
      {PartKey(std::string(2049, 'p'), "1"), Code::kTooLarge},
      {PartKey("a", std::string(1025, 's')), Code::kTooLarge},
      {Part("a", "1", {{"owner", N(1)}, {"rank", N(1)}}), Code::kInvalid},
      {Part("a", "1", {{"rank", S("1")}}), Code::kInvalid},
      {Part("a", "1", {{"color", S("")}}), Code::kInvalid},
      {Part("a", "1", {{"color", S(std::string(2049, 'c'))}}), Code::kTooLarge},
      {Part("a", "1", {{"tag", S(std::string(1025, 't'))}}), Code::kTooLarge},
      {Part("a", "1", {{"v", S("\xc3")}}), Code::kInvalid},
      {Part("a", "1", {{"v", S("\xed\xa0\x80")}}), Code::kInvalid},
      {Part("a", "1", {{"v", Value::SS({})}}), Code::kInvalid},
      {Part("a", "1", {{"v", Value::L({Value::M({{"in", Value::NS({})}})})}}), Code::kInvalid},
      {Part("a", "1", {{"\xff", N(1)}}), Code::kInvalid}};
  for (const auto& [item, code] : bad)
    EXPECT_TRUE(HasCode(Commit({Write::Put("parts", item)}), code)) << Show(item);
  EXPECT_EQ(Must(store().Count(op, "parts")), 0u);
  EXPECT_EQ(LastChange(), 0u);
}

TEST_P(ItemStoreConformance, KeysOfTheGreatestLengthAreKept) {
  Create({PartsTable()});
  const Item item =
      Part(std::string(2048, 'p'), std::string(1024, 's'),
           {{"color", S(std::string(2048, 'c'))}, {"tag", S(std::string(1024, 't'))}});

  Put("parts", item);

  EXPECT_EQ(Find("parts", KeyOf(PartsTable(), item)), item);
  EXPECT_EQ(QueryAll(store(), Ask("parts", "byTag", *item.Find("p"))).size(), 1u);
  EXPECT_EQ(QueryAll(store(), Ask("parts", "byColor", *item.Find("color"))).size(), 1u);
}

TEST_P(ItemStoreConformance, ItemOfExactlyTheSizeLimitIsKeptAndOneByteMoreRefused) {
  Create({FlatTable()});
  const std::size_t limit = store().traits().max_item_bytes;
  Item item{{"id", S("big")}, {"v", S("")}};
  item.Set("v", S(std::string(limit - ItemSize(item), 'x')));
  ASSERT_EQ(ItemSize(item), limit);
  Item over = item;
  over.Set("id", S("big!"));

  Put("flat", item);

  EXPECT_EQ(Find("flat", Item{{"id", S("big")}}), item);
  EXPECT_CODE(kTooLarge, Commit({Write::Put("flat", over)}));
  EXPECT_EQ(Must(store().Count(op, "flat")), 1u);
}

TEST_P(ItemStoreConformance, UpdateCannotGrowAnItemPastTheSizeLimit) {
  Create({FlatTable()});
  const std::size_t limit = store().traits().max_item_bytes;
  const Item key{{"id", S("big")}};
  Item item{{"id", S("big")}, {"v", S("")}};
  item.Set("v", S(std::string(limit - ItemSize(item) - 2, 'x')));
  Put("flat", item);

  const auto grow = [&](std::string_view by) {
    return Commit({Write::Update("flat", key, {{Mutation::Op::kSet, "w", S(by)}})});
  };

  EXPECT_CODE(kTooLarge, grow("12"));
  EXPECT_EQ(Find("flat", key), item);
  EXPECT_TRUE(grow("1").ok());
}

// ---- Commits
// ---------------------------------------------------------------------------------------

TEST_P(ItemStoreConformance, CommitWritesToSeveralTables) {
  NEEDS_COMMITS();
  Create({PartsTable(), FlatTable()});
  Put("parts", Part("old", "1"));

  const auto result = Must(
      Commit({Write::Put("parts", Part("a", "1")), Write::Put("flat", Item{{"id", S("a")}}),
              Write::Delete("parts", PartKey("old", "1")),
              Write::Update("flat", Item{{"id", S("b")}}, {{Mutation::Op::kSet, "v", N(1)}})}));

  EXPECT_TRUE(Find("parts", PartKey("a", "1")).has_value());
  EXPECT_FALSE(Find("parts", PartKey("old", "1")).has_value());
  EXPECT_EQ(Must(store().Count(op, "flat")), 2u);
  EXPECT_EQ(result.position, LastChange());
}

TEST_P(ItemStoreConformance, CommitRefusesAllWritesWhenOneConditionFails) {
  NEEDS_COMMITS();
  Create({PartsTable(), FlatTable()});
  Put("parts", Part("there", "1", {{"v", N(1)}}));
  const Position before = LastChange();

  const auto result =
      Commit({Write::Put("parts", Part("a", "1")), Write::Delete("parts", PartKey("there", "1")),
              Write::Update("flat", Item{{"id", S("x")}}, {{Mutation::Op::kSet, "v", N(2)}}),
              Write::Put("flat", Item{{"id", S("y")}}, {Condition::Exists()}),
              Write::Put("flat", Item{{"id", S("z")}})});

  ASSERT_TRUE(HasCode(result, Code::kConflict));
  EXPECT_EQ(result.error().index, 3);
  EXPECT_EQ(ScanAll(store(), "parts"), (std::vector{Part("there", "1", {{"v", N(1)}})}));
  EXPECT_EQ(Must(store().Count(op, "flat")), 0u);
  EXPECT_EQ(LastChange(), before);
}

TEST_P(ItemStoreConformance, ConflictNamesTheFirstOfSeveralFailingWrites) {
  NEEDS_COMMITS();
  Create({FlatTable()});
  const auto put = [](std::string_view id, std::vector<Condition> conditions) {
    return Write::Put("flat", Item{{"id", S(id)}}, std::move(conditions));
  };

  const auto second =
      Commit({put("a", {}), put("b", {Condition::Exists()}), put("c", {Condition::Exists()})});
  const auto first =
      Commit({put("a", {Condition::Exists()}), put("b", {}), put("c", {Condition::Exists()})});

  ASSERT_TRUE(HasCode(second, Code::kConflict));
  EXPECT_EQ(second.error().index, 1);
  ASSERT_TRUE(HasCode(first, Code::kConflict));
  EXPECT_EQ(first.error().index, 0);
}

TEST_P(ItemStoreConformance, CommitRefusesAllWritesWhenOneIsInvalid) {
  NEEDS_COMMITS();
  Create({PartsTable(), FlatTable()});
  Put("flat", Item{{"id", S("text")}, {"v", S("no number")}});
  const Position before = LastChange();
  const Write good = Write::Put("parts", Part("a", "1"));
  const Item text{{"id", S("text")}};
  const std::vector<std::pair<Write, Code>> bad{
      {Write::Put("parts", Part("", "1")), Code::kInvalid},
      {Write::Put("nowhere", Part("a", "1")), Code::kNotFound},
      {Write::Update("flat", text, {{Mutation::Op::kAdd, "v", N(1)}}), Code::kInvalid},
      {Write::Update("flat", text, {{Mutation::Op::kSet, "id", S("b")}}), Code::kInvalid},
      {Write::Delete("flat", Item{{"id", N(1)}}), Code::kInvalid},
      {Write::Check("flat", Item{}, {}), Code::kInvalid}};

  for (const auto& [write, code] : bad) {
    EXPECT_TRUE(HasCode(Commit({good, write}), code)) << Show(write.item);
    EXPECT_TRUE(HasCode(Commit({write, good}), code)) << Show(write.item);
  }

  EXPECT_EQ(Must(store().Count(op, "parts")), 0u);
  EXPECT_EQ(LastChange(), before);
}

TEST_P(ItemStoreConformance, TwoWritesOfOneItemAreInvalid) {
  Create({PartsTable(), FlatTable()});
  Put("flat", Item{{"id", S("x")}});
  const Position before = LastChange();
  const Item key{{"id", S("x")}};
  const std::vector<Write> writes{Write::Put("flat", Item{{"id", S("x")}, {"v", N(1)}}),
                                  Write::Delete("flat", key), Write::Update("flat", key, {}),
                                  Write::Check("flat", key, {Condition::Exists()})};

  for (const auto& one : writes)
    for (const auto& other : writes)
      EXPECT_CODE(kInvalid, Commit({one, Write::Put("parts", Part("a", "1")), other}));

  EXPECT_EQ(LastChange(), before);
  EXPECT_EQ(Must(store().Count(op, "parts")), 0u);
}

TEST_P(ItemStoreConformance, EqualKeysInDifferentTablesAreDifferentItems) {
  NEEDS_COMMITS();
  Create({FlatTable("one"), FlatTable("two")});

  Must(Commit({Write::Put("one", Item{{"id", S("x")}, {"v", N(1)}}),
               Write::Put("two", Item{{"id", S("x")}, {"v", N(2)}})}));

  EXPECT_EQ(Find("one", Item{{"id", S("x")}}), (Item{{"id", S("x")}, {"v", N(1)}}));
  EXPECT_EQ(Find("two", Item{{"id", S("x")}}), (Item{{"id", S("x")}, {"v", N(2)}}));
}

TEST_P(ItemStoreConformance, DeleteOfAnAbsentItemSucceedsAndChangesNothing) {
  Create({FlatTable()});
  Put("flat", Item{{"id", S("x")}});
  const Position before = LastChange();

  const auto result = Must(Commit({Write::Delete("flat", Item{{"id", S("y")}})}));

  EXPECT_EQ(result.position, before);
  EXPECT_EQ(LastChange(), before);
  EXPECT_EQ(Must(store().Count(op, "flat")), 1u);
}

TEST_P(ItemStoreConformance, CheckChangesNothingButDecides) {
  NEEDS_COMMITS();
  Create({FlatTable()});
  Put("flat", Item{{"id", S("x")}, {"v", N(1)}});
  const Position before = LastChange();
  const auto check = [](std::int64_t v) {
    return Write::Check("flat", Item{{"id", S("x")}}, {Condition::Equals("v", N(v))});
  };

  const auto alone = Must(Commit({check(1)}));
  const auto refused = Commit({Write::Put("flat", Item{{"id", S("y")}}), check(2)});

  EXPECT_EQ(alone.position, before);
  EXPECT_EQ(LastChange(), before);
  ASSERT_TRUE(HasCode(refused, Code::kConflict));
  EXPECT_EQ(refused.error().index, 1);
  EXPECT_EQ(Must(store().Count(op, "flat")), 1u);
  EXPECT_TRUE(Commit({Write::Put("flat", Item{{"id", S("y")}}), check(1)}).ok());
  EXPECT_EQ(Must(store().Count(op, "flat")), 2u);
}

TEST_P(ItemStoreConformance, EmptyCommitGivesTheEndOfTheLog) {
  Create({FlatTable()});
  EXPECT_EQ(Must(Commit({})).position, 0u);
  Put("flat", Item{{"id", S("x")}});

  EXPECT_EQ(Must(Commit({})).position, LastChange());
}

TEST_P(ItemStoreConformance, CommitOfTheGreatestNumberOfWritesIsOneCommit) {
  Create({FlatTable()});
  const std::size_t limit = store().traits().max_commit_writes;
  const std::size_t count = limit == 0 ? 600 : limit;
  std::vector<Write> writes;
  for (std::size_t i = 0; i < count; ++i)
    writes.push_back(Write::Put("flat", Item{{"id", S(std::to_string(i))}}));

  auto refused = writes;
  refused.back().conditions = {Condition::Exists()};

  EXPECT_CODE(kConflict, Commit(refused));
  EXPECT_EQ(Must(store().Count(op, "flat")), 0u);
  Must(Commit(writes));
  EXPECT_EQ(Must(store().Count(op, "flat")), count);
}

TEST_P(ItemStoreConformance, UnwantedWorkIsNotDone) {
  Create({FlatTable()});
  OpContext cancelled;
  cancelled.Cancel();
  OpContext late(OpContext::SteadyClock::now() - std::chrono::seconds(1));
  const std::vector writes{Write::Put("flat", Item{{"id", S("x")}})};

  EXPECT_CODE(kCancelled, store().Commit(cancelled, writes));
  EXPECT_CODE(kTimeout, store().Commit(late, writes));
  EXPECT_CODE(kCancelled, store().Scan(cancelled, "flat", {}, "", 10));
  EXPECT_CODE(kTimeout, store().Query(late, Ask("flat", "", S("x"))));

  EXPECT_EQ(Must(store().Count(op, "flat")), 0u);
}

}  // namespace
}  // namespace vams::items::conformance
