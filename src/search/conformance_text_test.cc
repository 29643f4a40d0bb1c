// What the search box finds, and in which order.
#include <string>

#include "search/conformance.h"
#include "search/marks.h"
#include "search/ranking.h"

namespace vams::search::conformance {
namespace {

Document Named(std::string_view id, std::string_view name, boost::json::object more = {}) {
  more["str_assetname"] = name;
  return Asset("db", id, std::move(more));
}

}  // namespace

TEST_P(IndexConformance, TextIsFoundInTheFieldsOfEachKindOnly) {
  Put({Asset("needle-db", "needle",
             {{"str_bucketid", "needle"},
              {"str_previewfilekey", "needle"},
              {"str_bucketname", "needle"}}),
       Named("name", "a needle"), Asset("db", "text", {{"str_description", "Needle"}}),
       Asset("db", "type", {{"str_assettype", ".needle"}}),
       Asset("db", "tags", {{"list_tags", {"x", "needles"}}}),
       Asset("db", "comment", {{"str_asset_version_comment", "the needle"}}),
       File("db", "f", "/needle.glb"), File("db", "f", "/a.needle"),
       File("db", "f", "/b", {{"str_etag", "00needle00"}}),
       Asset("db", "meta", {{"MD_", {{"k", "needle"}}}}),
       Asset("db", "key", {{"MD_", {{"needle", "x"}}}}),
       File("db", "f", "/c", {{"AB_", {{"k", "NEEDLE"}}}})});

  const IdSet core = {"db#name",    "db#text",          "db#type",        "db#tags",
                      "db#comment", "db#f#/needle.glb", "db#f#/a.needle", "db#f#/b"};
  EXPECT_EQ(FoundByText("needle", /*metadata=*/false), core);
  IdSet all = core;
  all.insert({"db#meta", "db#f#/c"});
  EXPECT_EQ(FoundByText("needle", /*metadata=*/true), all);
}

TEST_P(IndexConformance, EveryWordMustOccurSomewhere) {
  Put({Named("a", "red pump"), Named("b", "pump", {{"str_description", "in red"}}),
       Named("c", "red"), Named("d", "pump"), Named("e", "infrared pumps")});

  EXPECT_EQ(FoundByText("red pump"), IdSet({"db#a", "db#b", "db#e"}));
  EXPECT_EQ(FoundByText("  RED\tpump "), IdSet({"db#a", "db#b", "db#e"}));
  EXPECT_EQ(FoundByText("red red"), IdSet({"db#a", "db#b", "db#c", "db#e"}));
  EXPECT_EQ(FoundByText(""), IdSet({"db#a", "db#b", "db#c", "db#d", "db#e"}));
  EXPECT_EQ(FoundByText("red blue"), IdSet());
}

TEST_P(IndexConformance, WordsArePartsOfWords) {
  Put({Named("a", "Centrifugal"), Named("b", "x model.glb"), Named("c", "a_b"),
       Named("d", "Ünïcode ÄÖÜ"), Named("e", "車輪"), Named("f", "")});

  EXPECT_EQ(FoundByText("trifu"), IdSet({"db#a"}));
  EXPECT_EQ(FoundByText("CENT"), IdSet({"db#a"}));
  EXPECT_EQ(FoundByText("gal"), IdSet({"db#a"}));
  EXPECT_EQ(FoundByText("del"), IdSet({"db#b"}));
  EXPECT_EQ(FoundByText("a_b"), IdSet({"db#c"}));
  EXPECT_EQ(FoundByText("ïcode"), IdSet({"db#d"}));
  EXPECT_EQ(FoundByText("äö"), IdSet({"db#d"}));
  EXPECT_EQ(FoundByText("車輪"), IdSet({"db#e"}));
  EXPECT_EQ(FoundByText("輪"), IdSet({"db#e"}));
  EXPECT_EQ(FoundByText("fu"), IdSet({"db#a"}));
  EXPECT_EQ(FoundByText("g"), IdSet({"db#a", "db#b"}));
}

TEST_P(IndexConformance, ReservedCharactersAreLiteral) {
  if (!traits().literal_separators) GTEST_SKIP() << "this engine takes separators as one";
  Put({Named("a", "pump-01"), Named("b", "pump 01"), Named("c", "a+b (c)"), Named("d", "50% *"),
       Named("e", "x\\y \"q\" ~"), Named("f", "file1.glb"), Named("g", "what? [1]/{2}")});

  EXPECT_EQ(FoundByText("pump-01"), IdSet({"db#a"}));
  EXPECT_EQ(FoundByText("mp-0"), IdSet({"db#a"}));
  EXPECT_EQ(FoundByText("pump 01"), IdSet({"db#a", "db#b"}));
  EXPECT_EQ(FoundByText("*"), IdSet({"db#d"}));
  EXPECT_EQ(FoundByText("?"), IdSet({"db#g"}));
  EXPECT_EQ(FoundByText("p*p"), IdSet());
  EXPECT_EQ(FoundByText("a+b"), IdSet({"db#c"}));
  EXPECT_EQ(FoundByText("(c)"), IdSet({"db#c"}));
  EXPECT_EQ(FoundByText("x\\y"), IdSet({"db#e"}));
  EXPECT_EQ(FoundByText("~"), IdSet({"db#e"}));
  EXPECT_EQ(FoundByText(".glb"), IdSet({"db#f"}));
  EXPECT_EQ(FoundByText("1.g"), IdSet({"db#f"}));
  EXPECT_EQ(FoundByText("[1]/{2}"), IdSet({"db#g"}));
  EXPECT_EQ(FoundByText("AND"), IdSet());
}

TEST_P(IndexConformance, QuotesMakePhrases) {
  Put({Named("a", "red pump housing"), Named("b", "pump red"), Named("c", "red pumps"),
       Named("d", "red", {{"str_description", "pump"}}), Named("e", "big-red/PUMP"),
       Named("f", "x", {{"MD_", {{"k", "red pump"}}}}),
       Named("g", "x", {{"list_tags", {"red", "pump"}}})});

  EXPECT_EQ(FoundByText("\"red pump\""), IdSet({"db#a", "db#e", "db#f"}));
  EXPECT_EQ(FoundByText("\"red pump\"", /*metadata=*/false), IdSet({"db#a", "db#e"}));
  EXPECT_EQ(FoundByText("\"red pump\" hous"), IdSet({"db#a"}));
  EXPECT_EQ(FoundByText("\"pump\" \"red\""),
            IdSet({"db#a", "db#b", "db#d", "db#e", "db#f", "db#g"}));
}

TEST_P(IndexConformance, WholeWordsComeBeforePrefixesBeforeParts) {
  if (!traits().ranking) GTEST_SKIP() << "this engine ranks in its own way";
  Put({Named("part", "underpump"), Named("word", "a pump among many other words in a long name"),
       Named("prefix", "pumps")});

  EXPECT_EQ(Ranked("pump"), Ids({"db#word", "db#prefix", "db#part"}));
}

TEST_P(IndexConformance, RanksByRarenessLengthAndPlace) {
  if (!traits().ranking) GTEST_SKIP() << "this engine ranks in its own way";
  Put({Named("long", "valve with a good many words in its name"), Named("short", "valve"),
       Named("twice", "valve valve"), Named("text", "x", {{"str_description", "valve"}})});
  const Ids order = Ranked("valve");
  ASSERT_EQ(order.size(), 4u);
  EXPECT_EQ(order[0], "db#twice");
  EXPECT_EQ(order[1], "db#short");

  // In one field is better than in two, other things being equal.
  Put({Named("one", "alpha beta"), Named("two", "alpha gamma", {{"str_description", "beta"}})});
  EXPECT_EQ(Ranked("alpha beta"), Ids({"db#one", "db#two"}));
}

// Scores are exactly those of the shared formula, counted over all documents of the index.
TEST_P(IndexConformance, ScoresAreThoseOfTheFormula) {
  if (!traits().ranking) GTEST_SKIP() << "this engine ranks in its own way";
  Put({Named("a", "pump one", {{"MD_", {{"k", "pump"}}}}), Named("b", "two"),
       Asset("other", "c", {{"str_assetname", "pump"}, {"bool_archived", true}}),
       File("db", "a", "/pumps.glb")});
  Request request{.text = ParseText("pump", true, Stemming::kNone)};

  const Answer answer = Search(request);

  // Words with weights: a 4 + 4 and metadata 1; b 4; c 4; the file 3 for its key and 1 for "glb".
  const CollectionSize all{.documents = 4, .core = 8 + 4 + 4 + 4, .metadata = 1};
  const double mean = MeanLength(all, true);
  const double idf = Idf(4, 3);
  ASSERT_EQ(answer.hits.size(), 2u);
  EXPECT_EQ(answer.hits[0].document.id, "db#a");
  EXPECT_NEAR(*answer.hits[0].score, TermScore(Tier::kWord, idf, 5, 9, mean), 1e-9);
  EXPECT_NEAR(*answer.hits[1].score, TermScore(Tier::kPrefix, idf, 3, 4, mean), 1e-9);
  request.text->metadata = false;
  EXPECT_NEAR(*Search(request).hits[0].score,
              TermScore(Tier::kWord, Idf(4, 2), 4, 8, MeanLength(all, false)), 1e-9);
}

TEST_P(IndexConformance, StemmingIsOnlyDoneWhenAskedFor) {
  Put({Named("a", "rotating"), Named("b", "rotate"), Named("c", "batteries"),
       Named("d", "battery")});

  EXPECT_EQ(Ranked("rotates").size(), 0u);
  EXPECT_EQ(Ranked("rotates", true, Stemming::kEnglish).size(), 2u);
  EXPECT_EQ(Ranked("batteries", true, Stemming::kNone), Ids({"db#c"}));
  const Ids both = Ranked("batteries", true, Stemming::kEnglish);
  EXPECT_EQ(IdSet(both.begin(), both.end()), IdSet({"db#c", "db#d"}));
  if (traits().ranking) {
    EXPECT_EQ(both.front(), "db#c");
  }
}

TEST_P(IndexConformance, HitsCarryHighlightsAndExplanations) {
  Put({Named("a", "Red Pump", {{"MD_", {{"maker", "pumpworks"}}}})});
  Request request{.text = ParseText("pump", true, Stemming::kNone)};

  const Hit plain = Search(request).hits.at(0);
  EXPECT_TRUE(plain.highlight.is_null());
  EXPECT_TRUE(plain.explanation.is_null());
  request.highlights = true;
  request.explain = true;
  const Hit hit = Search(request).hits.at(0);
  EXPECT_EQ(hit.highlight, Highlight(request, hit.document));
  ASSERT_TRUE(hit.highlight.is_object());
  EXPECT_EQ(hit.highlight.at("str_assetname").at(0).as_string(),
            "Red " + std::string(kMarkBegin) + "Pump" + std::string(kMarkEnd));
  EXPECT_EQ(hit.explanation, Explain(request, hit.document, hit.score, hit.highlight));
}

}  // namespace vams::search::conformance
