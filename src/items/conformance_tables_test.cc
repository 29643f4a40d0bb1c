// Tables of the item store: creation, definition, removal.
#include "items/conformance.h"

namespace vams::items::conformance {
namespace {

TEST_P(ItemStoreConformance, FreshStoreHasNoTables) {
  EXPECT_TRUE(Must(store().Tables(op)).empty());
  EXPECT_EQ(LastChange(), 0u);
}

TEST_P(ItemStoreConformance, TablesComeByNameWithTheirSpecs) {
  NEEDS_TIME_TO_LIVE();
  Create({FlatTable("zoo"), PartsTable(), FlatTable("Alpha"), FlatTable("beta.V2-2_x")});

  const auto tables = Must(store().Tables(op));

  ASSERT_EQ(tables.size(), 4u);
  EXPECT_EQ(tables[0], FlatTable("Alpha"));
  EXPECT_EQ(tables[1], FlatTable("beta.V2-2_x"));
  EXPECT_EQ(Plain(tables[2]), Plain(PartsTable()));
  EXPECT_EQ(tables[3], FlatTable("zoo"));
  EXPECT_EQ(Plain(Must(store().Table(op, "parts"))), Plain(PartsTable()));
}

TEST_P(ItemStoreConformance, TableOfUnknownNameIsNotFound) {
  Create({FlatTable()});

  EXPECT_CODE(kNotFound, store().Table(op, "nowhere"));
  EXPECT_CODE(kNotFound, store().Table(op, ""));
  EXPECT_CODE(kNotFound, store().Table(op, "FLAT"));
}

TEST_P(ItemStoreConformance, CreateTablesTwiceIsFineWhenTheSpecIsEqual) {
  Create({PartsTable()});
  Put("parts", Part("a", "1"));

  Create({PartsTable(), FlatTable()});

  EXPECT_TRUE(Find("parts", PartKey("a", "1")).has_value());
  EXPECT_EQ(Must(store().Tables(op)).size(), 2u);
}

TEST_P(ItemStoreConformance, CreateTablesRefusesAnotherSpecAndThenCreatesNone) {
  NEEDS_TIME_TO_LIVE();
  Create({PartsTable()});
  std::vector<TableSpec> others(4, PartsTable());
  others[0].indexes.pop_back();
  others[1].sort.kind = Kind::kN;
  others[2].ttl_attribute = "due";
  others[3].indexes[0].projection = IndexSpec::Projection::kKeysOnly;

  for (const auto& other : others) {
    const std::vector specs{FlatTable("new1"), other, FlatTable("new2")};
    EXPECT_CODE(kConflict, store().CreateTables(op, specs));
  }

  EXPECT_EQ(Plain(Must(store().Tables(op))), std::vector{Plain(PartsTable())});
}

TEST_P(ItemStoreConformance, CreateTablesRefusesNamesThatDifferOnlyByCase) {
  Create({FlatTable("Tags")});

  const std::vector against_existing{FlatTable("tags")};
  const std::vector among_themselves{FlatTable("roles"), FlatTable("ROLES")};

  EXPECT_CODE(kConflict, store().CreateTables(op, against_existing));
  EXPECT_CODE(kConflict, store().CreateTables(op, among_themselves));
  EXPECT_EQ(Must(store().Tables(op)).size(), 1u);
}

TEST_P(ItemStoreConformance, CreateTablesRefusesOneSpecTwiceWithDifferences) {
  auto other = FlatTable();
  other.ttl_attribute = "expires";
  const std::vector different{FlatTable(), other};
  const std::vector equal{FlatTable(), FlatTable()};

  EXPECT_CODE(kConflict, store().CreateTables(op, different));
  EXPECT_TRUE(Must(store().Tables(op)).empty());
  EXPECT_TRUE(store().CreateTables(op, equal).ok());
}

TEST_P(ItemStoreConformance, CreateTablesRefusesAnInvalidSpecAndThenCreatesNone) {
  auto bad = FlatTable("bad");
  bad.partition.kind = Kind::kBool;
  const std::vector specs{FlatTable("good"), bad};

  EXPECT_CODE(kInvalid, store().CreateTables(op, specs));

  EXPECT_TRUE(Must(store().Tables(op)).empty());
}

TEST_P(ItemStoreConformance, DropTableRemovesItsItemsButNotItsChanges) {
  Create({PartsTable(), FlatTable()});
  Put("parts", Part("a", "1", {{"owner", S("ann")}, {"rank", N(1)}}));
  Put("flat", Item{{"id", S("x")}});

  Must(store().DropTable(op, "parts"));

  EXPECT_CODE(kNotFound, store().Table(op, "parts"));
  EXPECT_CODE(kNotFound, store().Get(op, "parts", PartKey("a", "1")));
  EXPECT_TRUE(Find("flat", Item{{"id", S("x")}}).has_value());
  if (!traits().change_log) return;
  ASSERT_EQ(ChangesAfter(0).size(), 2u);
  EXPECT_EQ(ChangesAfter(0)[0].after, Part("a", "1", {{"owner", S("ann")}, {"rank", N(1)}}));
}

TEST_P(ItemStoreConformance, DroppedTableCanBeCreatedAgainAndIsThenEmpty) {
  Create({PartsTable()});
  Put("parts", Part("a", "1", {{"owner", S("ann")}, {"rank", N(1)}}));
  Must(store().DropTable(op, "parts"));
  auto changed = PartsTable();
  changed.indexes.pop_back();

  Create({changed});

  EXPECT_EQ(Must(store().Count(op, "parts")), 0u);
  EXPECT_TRUE(QueryAll(store(), Ask("parts", "byOwner", S("ann"))).empty());
  Put("parts", Part("a", "2"));
  EXPECT_EQ(Must(store().Count(op, "parts")), 1u);
}

TEST_P(ItemStoreConformance, DropOfUnknownTableIsNotFound) {
  EXPECT_CODE(kNotFound, store().DropTable(op, "nowhere"));
}

TEST_P(ItemStoreConformance, EveryCallOnAnUnknownTableIsNotFound) {
  const Item key{{"id", S("x")}};
  const std::vector keys{key};
  const auto ignore = [](std::string_view) { return Ok(); };

  EXPECT_CODE(kNotFound, store().Get(op, "nowhere", key));
  EXPECT_CODE(kNotFound, store().BatchGet(op, "nowhere", keys));
  EXPECT_CODE(kNotFound, store().Query(op, Ask("nowhere", "", S("x"))));
  EXPECT_CODE(kNotFound, store().SplitScan(op, "nowhere", 2));
  EXPECT_CODE(kNotFound, store().Scan(op, "nowhere", {}, "", 10));
  EXPECT_CODE(kNotFound, store().ScanEncoded(op, "nowhere", {}, "", 10, ignore));
  EXPECT_CODE(kNotFound, store().Count(op, "nowhere"));
  EXPECT_CODE(kNotFound, Commit({Write::Put("nowhere", key)}));
  EXPECT_CODE(kNotFound, store().Expire(op, "nowhere", 1, 10));
  EXPECT_CODE(kNotFound, store().OpenBulkLoad(op, "nowhere", {}));
  EXPECT_CODE(kNotFound, store().AbandonBulkLoad(op, "nowhere"));
}

TEST_P(ItemStoreConformance, UnusualNamesServeAsTablesKeysAndIndexes) {
  NEEDS_TIME_TO_LIVE();
  // Attribute names that differ only by case, contain colons and quotes, or mean something to a
  // database engine are all plain names here.
  TableSpec spec{
      .name = "select",
      .partition = {"databaseId:assetId", Kind::kS},
      .sort = {"body", Kind::kS},
      .indexes = {Index("from", {"Body", Kind::kS}, {"BODY", Kind::kN}),
                  Index("where", {"say \"it's\"", Kind::kS}, {"databaseId:assetId", Kind::kS})},
      .ttl_attribute = "rowid"};
  Create({spec});
  const Item item{
      {"databaseId:assetId", S("db:a")}, {"body", S("lower")}, {"Body", S("Mixed")}, {"BODY", N(3)},
      {"say \"it's\"", S("q")},          {"rowid", N(10)},     {"other", S("x")}};

  Put("select", item);

  EXPECT_EQ(Find("select", KeyOf(spec, item)), item);
  EXPECT_EQ(QueryAll(store(), Ask("select", "from", S("Mixed"))), std::vector{item});
  EXPECT_EQ(QueryAll(store(), Ask("select", "where", S("q"))), std::vector{item});
  EXPECT_EQ(Must(store().Expire(op, "select", 10, 5)), 1u);
  EXPECT_TRUE(store().CheckIntegrity(op).ok());
}

}  // namespace
}  // namespace vams::items::conformance
