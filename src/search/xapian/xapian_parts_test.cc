// The parts of the engine that have answers of their own: occurrences in 32 bits, rows, words in
// memory, interned values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <set>

#include "search/conformance.h"
#include "search/xapian/columns.h"
#include "search/xapian/dictionary.h"
#include "search/xapian/find_bytes.h"
#include "search/xapian/row.h"
#include "search/xapian/terms.h"

namespace vams::search::xapian {
namespace {

using conformance::Asset;
using conformance::File;
using testing::ElementsAre;
using testing::UnorderedElementsAre;

using Place = Occurrence::Place;

Occurrence Of(const std::vector<Place>& places, char group = kCoreWord) {
  return Occurrence::Of(places, group);
}
std::vector<Place> PlacesOf(Occurrence occurrence) {
  const auto places = occurrence.AllPlaces();
  return {places.begin(), places.end()};
}

TEST(Occurrence, HoldsOnePlaceWhereverItIs) {
  const std::vector<Place> far = {{.field = 5, .position = 100'000}};

  EXPECT_EQ(PlacesOf(Of(far)), far);
  EXPECT_EQ(Of(far).FieldMask(), 1u << 5U);
  EXPECT_FALSE(Of(far).HasPositions());
  EXPECT_EQ(Of(far, kMetadataWord).Count(kMetadataWord), 1u);
}

TEST(Occurrence, HoldsNearPlacesOfAFieldAsASet) {
  const auto early = Of({{.field = 0, .position = 0}, {.field = 0, .position = 21}});
  const auto late = Of({{7, 63}, {7, 62}, {7, 42}});

  ASSERT_TRUE(early.AsShort() && late.AsShort());
  EXPECT_EQ(early.AsShort()->positions, (std::uint64_t{1} << 21U) | 1U);
  EXPECT_FALSE(early.HasPositions());
  EXPECT_EQ(early.Count(kCoreWord), 8u);  // a name counts four times
  EXPECT_EQ(PlacesOf(late), (std::vector<Place>{{7, 42}, {7, 62}, {7, 63}}));
  EXPECT_EQ(late.FieldMask(), 1u << 7U);
}

TEST(Occurrence, HoldsTwoPlacesOfAnyFields) {
  const auto apart = Of({{.field = 1, .position = 4000}, {.field = 1, .position = 3}});
  const auto fields = Of({{.field = 0, .position = 1}, {.field = 7, .position = 4095}});

  EXPECT_EQ(PlacesOf(apart), (std::vector<Place>{{1, 3}, {1, 4000}}));
  EXPECT_EQ(apart.Count(kCoreWord), 2u);
  EXPECT_EQ(apart.FieldMask(), 2u);
  EXPECT_EQ(PlacesOf(fields), (std::vector<Place>{{0, 1}, {7, 4095}}));
  EXPECT_EQ(fields.Count(kCoreWord), 5u);
  EXPECT_EQ(fields.FieldMask(), (1u << 7U) | 1u);
  EXPECT_FALSE(fields.HasPositions());
}

TEST(Occurrence, LeavesOtherPlacesToPositions) {
  const auto far = Of({{1, 3}, {1, 4096}});
  const auto many = Of({{1, 3}, {1, 4}, {1, 99}});
  const auto fields = Of({{0, 1}, {1, 2}, {5, 0}});

  for (const Occurrence occurrence : {far, many, fields}) EXPECT_TRUE(occurrence.HasPositions());
  EXPECT_EQ(far.Count(kCoreWord), 2u);
  EXPECT_EQ(many.FieldMask(), 2u);
  EXPECT_EQ(fields.Count(kCoreWord), 8u);
  EXPECT_EQ(fields.FieldMask(), (1u << 5U) | 3u);
}

TEST(Row, ComesBackAsItWas) {
  Document document = Asset("db", "a",
                            {{"str_assetname", "Pump"},
                             {"list_tags", {"b", "a", "b"}},
                             {"str_assettype", ".glb"},
                             {"date_asset_version_createdate", "1969-12-31T23:59:59Z"}});
  document.place = Box{.south = -1.5, .north = 2, .west = 170, .east = -170};
  document.access.tags = {"other"};
  const Row row = RowOf(document);

  const auto back = DecodeRow(EncodeRow(row));
  const auto texts = DecodeTexts(EncodeTexts(TextsOf(document)));

  ASSERT_TRUE(back && texts);
  EXPECT_EQ(back->access, document.access);
  EXPECT_EQ(back->place, document.place);
  EXPECT_EQ(back->numbers, row.numbers);
  EXPECT_EQ(back->sets, row.sets);
  EXPECT_EQ(back->present, row.present);
  EXPECT_EQ(back->digest, Digest(document));
  EXPECT_EQ(texts->id, "db#a");
  EXPECT_EQ(texts->ends[static_cast<std::size_t>(TextPlace("str_assetname"))]->least, "Pump");
  EXPECT_FALSE(DecodeRow(EncodeRow(row) + "x"));
  EXPECT_FALSE(DecodeRow(EncodeRow(row).substr(0, 30)));
}

TEST(Terms, LongValuesAndIdsStayApartAndShort) {
  const std::string label = FieldLabel("str_color");
  const std::string a = std::string(5000, 'a');

  EXPECT_LE(ValueTerm(label, a).size(), 245u);
  EXPECT_NE(ValueTerm(label, a + "1"), ValueTerm(label, a + "2"));
  EXPECT_TRUE(ValueOfTerm(ValueTerm(label, a), label.size()).cut);
  EXPECT_EQ(ValueOfTerm(ValueTerm(label, "~red"), label.size()).text, "~red");
  EXPECT_FALSE(ValueOfTerm(ValueTerm(label, "~red"), label.size()).cut);
  EXPECT_NE(IdTerm(a + "1"), IdTerm(a + "2"));
  EXPECT_LE(IdTerm(a).size(), 245u);
}

TEST(Dictionary, FindsPartsAndPrefixesOnceEach) {
  Dictionary words;
  words.Add({"pump", "pumps", "heatpump", "pumpump", "valve"});
  words.Add({"pump", "trumpet", ""});
  words.Add({"pumper"});
  const auto with = [&](std::string_view part) {
    std::vector<std::string> found;
    words.ForEachWith(part, [&](std::string_view word) {
      found.emplace_back(word);
      return true;
    });
    return found;
  };
  const auto beginning = [&](std::string_view prefix) {
    std::vector<std::string> found;
    words.ForEachWithPrefix(prefix, [&](std::string_view word) {
      found.emplace_back(word);
      return true;
    });
    return found;
  };

  EXPECT_EQ(words.size(), 7u);
  EXPECT_THAT(with("ump"),
              UnorderedElementsAre("pump", "pumps", "heatpump", "pumpump", "trumpet", "pumper"));
  EXPECT_THAT(beginning("pumpe"), ElementsAre("pumper"));
  EXPECT_THAT(beginning("v"), ElementsAre("valve"));
  EXPECT_THAT(with("vex"), ElementsAre());
  EXPECT_TRUE(words.Contains("heatpump"));
  EXPECT_FALSE(words.Contains("heatpum"));
}

TEST(Dictionary, FindsPartsOfDigestsToo) {
  Dictionary words;
  words.Add({"0123456789abcdef", "fade", "cafe0123456789", "zebra"});
  std::vector<std::string> found;
  const auto keep = [&](std::string_view word) {
    found.emplace_back(word);
    return true;
  };

  words.ForEachWith("345", keep);
  words.ForEachWithPrefix("caf", keep);
  words.ForEachWith("z", keep);

  EXPECT_THAT(
      found, UnorderedElementsAre("0123456789abcdef", "cafe0123456789", "cafe0123456789", "zebra"));
  EXPECT_TRUE(words.Contains("cafe0123456789"));
  EXPECT_EQ(words.size(), 4u);
}

// At every distance from the end, where the wide look no longer fits.
TEST(FindBytes, AgreesWithTheStandardLibrary) {
  std::mt19937 random(5);
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    for (std::uint32_t n = random() % 150; n > 0; --n)
      text.push_back(static_cast<char>('a' + random() % 3));
    std::string part;
    for (std::uint32_t n = 1 + random() % 5; n > 0; --n)
      part.push_back(static_cast<char>('a' + random() % 3));
    const std::size_t from = random() % (text.size() + 1);

    ASSERT_EQ(FindBytes(text, part, from), text.find(part, from)) << text << " " << part;
  }
}

// Against a set, with words that share beginnings and come in any order.
TEST(Dictionary, HoldsWhatASetHolds) {
  std::mt19937 random(7);
  Dictionary words;
  std::set<std::string> model;
  for (int round = 0; round < 200; ++round) {
    std::vector<std::string> batch;
    for (std::uint32_t i = random() % 20; i > 0; --i) {
      std::string word;
      for (std::uint32_t n = 1 + random() % 4; n > 0; --n)
        word.push_back(static_cast<char>('a' + random() % 3));
      batch.push_back(word);
      model.insert(word);
    }
    words.Add(batch);
  }

  std::set<std::string> all;
  words.ForEach([&](std::string_view word) { return all.emplace(word).second; });
  EXPECT_EQ(all, model);
  EXPECT_EQ(words.size(), model.size());
}

TEST(Values, LabelsOrderValuesAsTheirTextsDo) {
  std::mt19937 random(11);
  Values values;
  std::vector<std::uint32_t> numbers;
  for (int i = 0; i < 3000; ++i)
    numbers.push_back(values.set(values.SetOf({std::to_string(random() % 5000)})).front());

  for (std::size_t i = 1; i < numbers.size(); ++i) {
    const std::uint32_t a = numbers[i - 1];
    const std::uint32_t b = numbers[i];
    if (values.label(a) != values.label(b)) {
      EXPECT_EQ(values.label(a) < values.label(b), values.value(a) < values.value(b));
    }
  }
}

// A search goes on with the columns that it began with.
TEST(Columns, CopiesAreIndependent) {
  Columns columns;
  columns.Put(1, RowOf(Asset("db", "a")));
  columns.Put(5000, RowOf(File("db", "a", "/x")));
  columns.NoteSizes();
  const Columns before = columns;

  columns.Remove(1);
  columns.Put(5000, RowOf(Asset("db", "b")));
  columns.Put(2, RowOf(Asset("other", "c")));

  EXPECT_TRUE(before.live.Get(1));
  EXPECT_TRUE(before.files.Get(5000));
  EXPECT_EQ(before.collection.documents, 2u);
  EXPECT_FALSE(columns.live.Get(1));
  EXPECT_FALSE(columns.files.Get(5000));
  EXPECT_EQ(columns.collection.documents, 2u);
  EXPECT_NE(columns.chunk_of(5000).order[5000 % kChunkDocuments],
            before.chunk_of(5000).order[5000 % kChunkDocuments]);
}

}  // namespace
}  // namespace vams::search::xapian
