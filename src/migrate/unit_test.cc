// What TransformUnit finds lost, and what PutBack gives back: on a phase that renames, drops,
// merges and changes, in small.
#include "migrate/unit.h"

#include <gtest/gtest.h>

#include "migrate/naive_engine_test.h"
#include "migrate/residue.h"
#include "migrate/steps.h"

namespace vams::migrate::test {

namespace {

using items::Item;
using items::Value;

constexpr std::string_view kTags = "TagStorageTable";

Item Tag(std::string name, std::string text) {
  return Item{{"description", Value::S(std::move(text))}, {"tagName", Value::S(std::move(name))}};
}

// Forward: upper attributes "keep" stays, "note" is lost, tags called "gone…" are quarantined, a
// tag called "old…" is renamed "new…".  Inverse: gives back what it sees.
class TagPhase final : public Phase {
 public:
  const PhaseInfo& info() const override {
    static const PhaseInfo kInfo{.name = "tags",
                                 .what = "test",
                                 .reads_up = {kTags},
                                 .writes_up = {kTags},
                                 .reads_down = {kTags},
                                 .writes_down = {kTags},
                                 .lookups_up = {},
                                 .lookups_down = {}};
    return kInfo;
  }
  Status Forward(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) {
      Item item = record.item;
      std::string name(item.Text("tagName"));
      if (name.starts_with("gone")) {
        out.Quarantine(record, "T-1", "no place");
        continue;
      }
      item.Remove("note");
      if (name.starts_with("old")) item.Set("tagName", Value::S("new" + name.substr(3)));
      out.Put(kTags, std::move(item));
    }
    return Ok();
  }
  Status Inverse(const Unit& unit, const Context& cx, Output& out) const override {
    (void)cx;
    for (const auto& record : unit.records) out.Put(kTags, record.item);
    return Ok();
  }
};

class UnitTest : public ::testing::Test {
 protected:
  UnitResult Transform(Direction direction, Item item, const FindResidue& find = {},
                       std::size_t limit = 400 * 1024) {
    Unit unit;
    unit.records.push_back({kTags, std::move(item)});
    return Must(TransformUnit(phase, direction, {{2, 4}, {2, 5}}, unit, cx, find, limit));
  }

  OpContext op;
  std::unique_ptr<items::MemoryStore> store = items::MemoryStore::Create();
  State state{op, *store, nullptr};
  Settings settings;
  Context cx{settings, state};
  TagPhase phase;
};

FindResidue Always(Residue residue) {
  return [residue](std::string_view, const Item&) -> Result<std::optional<Residue>> {
    return std::optional<Residue>(residue);
  };
}

TEST_F(UnitTest, NothingIsLostOfWhatComesBack) {
  EXPECT_TRUE(Transform(Direction::kUp, Tag("a", "x")).residue.empty());
}

TEST_F(UnitTest, LostAttributesArePutBackUnlessTheyWereMadeAnew) {
  Item original = Tag("a", "x");
  original.Set("note", Value::N(7));

  const auto up = Transform(Direction::kUp, original);
  ASSERT_EQ(up.residue.size(), 1U);
  EXPECT_EQ(up.residue[0].kind, Residue::Kind::kPatch);

  const auto back = Transform(Direction::kDown, Tag("a", "x"), Always(up.residue[0]));
  EXPECT_EQ(back.output.puts.at(0).item, original);
  const auto edited = Transform(Direction::kDown, Tag("a", "edited"), Always(up.residue[0]));
  Item expected = Tag("a", "edited");
  expected.Set("note", Value::N(7));
  EXPECT_EQ(edited.output.puts.at(0).item, expected) << "an edit elsewhere is no reason to lose it";
  Item with_note = Tag("a", "x");
  with_note.Set("note", Value::S("mine"));
  EXPECT_EQ(Transform(Direction::kDown, with_note, Always(up.residue[0])).output.puts.at(0).item,
            with_note)
      << "a value made since counts";
}

TEST_F(UnitTest, RenamedRecordsGetTheirKeyBackWithTheEditsMadeSince) {
  const auto up = Transform(Direction::kUp, Tag("old-a", "x"));
  ASSERT_EQ(up.residue.size(), 1U);
  EXPECT_EQ(up.residue[0].key, (Item{{"tagName", Value::S("new-a")}}));

  const auto back = Transform(Direction::kDown, Tag("new-a", "edited"), Always(up.residue[0]));

  EXPECT_EQ(back.output.puts.at(0).item, Tag("old-a", "edited"));
}

TEST_F(UnitTest, QuarantinedRecordsAreLostWholeAndWhatTookTheirKeyCounts) {
  const auto up = Transform(Direction::kUp, Tag("gone", "x"));
  ASSERT_EQ(up.output.quarantined.size(), 1U);
  EXPECT_TRUE(up.output.puts.empty());
  ASSERT_EQ(up.residue.size(), 1U);
  EXPECT_EQ(up.residue[0].kind, Residue::Kind::kWhole);
  EXPECT_EQ(up.residue[0].original, Tag("gone", "x"));

  const auto taken = Transform(Direction::kDown, Tag("gone", "new"), Always(up.residue[0]));

  EXPECT_EQ(taken.output.puts.at(0).item, Tag("gone", "new"));
}

TEST_F(UnitTest, RefusedRecordsAreQuarantinedAloneAndTheirResidueIsWhole) {
  const auto up = Transform(Direction::kUp, Tag("a", std::string(200, 'x')), {}, 100);

  EXPECT_TRUE(up.output.puts.empty());
  ASSERT_EQ(up.output.quarantined.size(), 1U);
  EXPECT_EQ(up.output.quarantined[0].code, "too-large");
  ASSERT_EQ(up.residue.size(), 1U);
  EXPECT_EQ(up.residue[0].kind, Residue::Kind::kWhole);
}

TEST(PutBack, LeavesOutWhatTheInverseMadesAloneAsLongAsItIsUnchanged) {
  const Residue residue{.kind = Residue::Kind::kSuppress,
                        .table = std::string(kTags),
                        .key = {{"tagName", Value::S("a")}},
                        .base = Tag("a", "x")};
  EXPECT_FALSE(PutBack(residue, Tag("a", "x")).has_value());
  EXPECT_EQ(PutBack(residue, Tag("a", "edited")), Tag("a", "edited"));
}

TEST(Residue, IsReadBackFromItsRecordWhateverTheKeysLength) {
  for (const std::size_t length : {1U, 900U, 1500U, 2048U}) {
    const Residue residue{.kind = Residue::Kind::kPatch,
                          .table = std::string(kTags),
                          .key = {{"tagName", Value::S(std::string(length, 'k'))}},
                          .original = Item{{"n", Value::N(1)}},
                          .base = Item{{"n", Value::S("1")}},
                          .original_key = Item{{"tagName", Value::S("other")}}};
    const Item item = ResidueItem("scope", residue);
    EXPECT_TRUE(
        items::CheckItem(*tables::FindSystemTable(tables::kResidueTable), item, 400 * 1024).ok());
    const auto read = Must(ResidueFrom(item));
    EXPECT_EQ(read.key, residue.key);
    EXPECT_EQ(read.original, residue.original);
    EXPECT_EQ(read.base, residue.base);
    EXPECT_EQ(read.original_key, residue.original_key);
  }
  EXPECT_EQ(ResidueFrom(Item{{"kind", Value::S("half")}}).error().code, Code::kCorrupt);
}

TEST(PathBetween, ChainsNeighboursInBothDirections) {
  const auto names = [](const std::vector<Leg>& path) {
    std::string text;
    for (const auto& leg : path) text += leg.to().ToString() + " ";
    return text;
  };
  EXPECT_EQ(names(Must(PathBetween({2, 1}, {2, 5}))), "2.2 2.3 2.4 2.5 ");
  EXPECT_EQ(names(Must(PathBetween({2, 5}, {2, 3}))), "2.4 2.3 ");
  EXPECT_EQ(names(Must(PathBetween({2, 5}, {2, 5}))), "");
  const auto none = PathBetween({2, 0}, {2, 5});
  ASSERT_FALSE(none.ok());
  EXPECT_EQ(none.error().code, Code::kNotSupported);
}

TEST(MadeUpId, DependsOnRunAndPurposeAndLooksLikeAUuid) {
  Settings a, b;
  a.run_id = "one", b.run_id = "two";
  EXPECT_EQ(MadeUpId(a, "schema"), MadeUpId(a, "schema"));
  EXPECT_NE(MadeUpId(a, "schema"), MadeUpId(a, "bucket"));
  EXPECT_NE(MadeUpId(a, "schema"), MadeUpId(b, "schema"));
  const std::string id = MadeUpId(a, "schema");
  ASSERT_EQ(id.size(), 36U);
  EXPECT_EQ(id[14], '4');
  EXPECT_NE(std::string("89ab").find(id[19]), std::string::npos);
}

}  // namespace

}  // namespace vams::migrate::test
