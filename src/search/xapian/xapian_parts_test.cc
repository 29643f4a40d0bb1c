// The parts of the engine that have answers of their own: occurrences in 32 bits, rows, words in
// memory, interned values.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <limits>
#include <map>
#include <memory>
#include <random>
#include <set>

#include "search/conformance.h"
#include "search/xapian/columns.h"
#include "search/xapian/dictionary.h"
#include "search/xapian/find_bytes.h"
#include "search/xapian/hot_lists.h"
#include "search/xapian/row.h"
#include "search/xapian/stored_document.h"
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

TEST(Occurrence, HoldsThreeOrFourPlacesOfAField) {
  const auto three = Of({{1, 62}, {1, 255}, {1, 125}});
  const auto four = Of({{7, 0}, {7, 63}, {7, 64}, {7, 127}});
  const auto name = Of({{0, 100}, {0, 110}, {0, 130}});

  EXPECT_TRUE(three.HasPositions());  // 130 apart
  EXPECT_FALSE(four.HasPositions() || name.HasPositions());
  EXPECT_EQ(PlacesOf(four), (std::vector<Place>{{7, 0}, {7, 63}, {7, 64}, {7, 127}}));
  EXPECT_EQ(PlacesOf(name), (std::vector<Place>{{0, 100}, {0, 110}, {0, 130}}));
  EXPECT_EQ(name.Count(kCoreWord), 12u);  // a name counts four times
  EXPECT_EQ(four.Count(kMetadataWord), 4u);
  EXPECT_EQ(four.FieldMask(), 1u << 7U);
  EXPECT_EQ(PlacesOf(Of({{3, 255}, {3, 318}, {3, 381}})),
            (std::vector<Place>{{3, 255}, {3, 318}, {3, 381}}));
  EXPECT_TRUE(Of({{3, 256}, {3, 318}, {3, 381}}).HasPositions());
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

// Against a map, over commits that change, add and remove documents, with and without a search in
// between; a list that was not kept when a commit began must not be handed on.
TEST(HotLists, HandOnWhatCommitsLeave) {
  std::mt19937 random(13);
  const std::string term = "Cpump";
  std::map<DocId, std::uint32_t> model;
  for (DocId doc = 1; doc <= 30'000; doc += 2) model[doc] = doc;
  const auto postings = [&] {
    HotLists::Postings all;
    for (const auto& [doc, count] : model) all.push_back({doc, count});
    return all;
  };
  const auto pairs = [](const HotLists::Postings& list) {
    std::vector<std::pair<DocId, std::uint32_t>> all;
    for (const Posting posting : list) all.emplace_back(posting.doc, posting.count);
    return all;
  };
  auto lists = std::make_shared<HotLists>(std::size_t{1} << 20U);
  lists->Keep(term, postings());
  bool keep = false;

  for (int commit = 0; commit < 40; ++commit) {
    const auto changes = std::make_shared<ListChanges>(lists->Kept());
    if (commit == 0) lists->Keep("Cvalve", postings());
    std::set<DocId> documents;
    while (documents.size() < 50) documents.insert(1 + random() % 31'000);
    for (const DocId doc : documents) {
      model.erase(doc);
      std::vector<Term> terms = {{.name = "Cvalve", .count = 1}};
      if (random() % 3 != 0) {
        model[doc] = static_cast<std::uint32_t>(random());
        terms.push_back({.name = term, .count = model[doc]});
      }
      changes->Put(doc, terms);
    }
    changes->Sort();
    lists = std::make_shared<HotLists>(*lists, changes);
    if (random() % 4 == 0) continue;

    const auto list = lists->Find(term, model.size(), keep);
    ASSERT_TRUE(list);
    ASSERT_EQ(pairs(*list), pairs(postings())) << "commit " << commit;
    ASSERT_EQ(lists->bytes(), model.size() * sizeof(Posting));
    ASSERT_FALSE(lists->Find("Cvalve", 0, keep));
  }
}

TEST(StoredDocument, ComesBackAsItWas) {
  Document document = File("db", "a", "/x.glb",
                           {{"str_assetname", "Pump \xff"},
                            {"list_tags", {"b", "a"}},
                            {"str_unknown", std::string(1000, 'u')},
                            {"", nullptr},
                            {"num_filesize", -1},
                            {"num_large", std::numeric_limits<std::uint64_t>::max()},
                            {"num_least", std::numeric_limits<std::int64_t>::min()},
                            {"num_fraction", 0.1},
                            {"bool_archived", true},
                            {"MD_", {{"str_key", {{"deep", {1, {{"deeper", false}}}}}}}}});
  document.place = Box{.south = -1.5, .north = 2, .west = 170, .east = -170};
  document.archived = true;
  const std::string bytes = EncodeDocument(document);

  const auto back = DecodeDocument(bytes);

  ASSERT_TRUE(back);
  EXPECT_EQ(back->source, document.source);
  EXPECT_EQ(Digest(*back), Digest(document));
  EXPECT_EQ(back->place, document.place);
  EXPECT_FALSE(DecodeDocument(bytes + "x"));
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_FALSE(DecodeDocument(bytes.substr(0, size))) << size;
  // Bytes that begin ever another list must not end the program.
  EXPECT_FALSE(
      DecodeDocument(bytes.substr(0, bytes.find("Pump") - 1) + std::string(100'000, '\x17')));
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
