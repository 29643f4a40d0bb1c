// Documents in and out: batches, positions, counts, scans, what survives.
#include <string>

#include "search/conformance.h"

namespace vams::search::conformance {

TEST_P(IndexConformance, GivesDocumentsBackAsTheyWere) {
  Document document = Asset("db", "pump",
                            {{"str_assetname", "Pumpe Größe 5 \"q\"\n"},
                             {"str_assettype", nullptr},
                             {"bool_isdistributable", true},
                             {"list_tags", {"b", "a"}},
                             {"MD_",
                              {{"ratio", 3.5},
                               {"count", 7},
                               {"size", "007"},
                               {"on", false},
                               {"location", R"({"latitude": 1.5, "longitude": -2})"}}}});
  document.access.asset_type = "folder";
  document.asset_name = "other than in the source";
  document.place = Box{.south = 1.5, .north = 2, .west = 170, .east = -170};
  Put({document});

  const auto found = Must(index().Find(op, "db#pump"));
  const auto hit = Search({}).hits.at(0).document;

  ASSERT_TRUE(found);
  for (const Document& back : {*found, hit}) {
    EXPECT_EQ(back.source, document.source);
    EXPECT_EQ(back.access, document.access);
    EXPECT_EQ(back.asset_name, document.asset_name);
    EXPECT_EQ(back.place, document.place);
    EXPECT_EQ(Digest(back), Digest(document));
  }
  EXPECT_FALSE(Must(index().Find(op, "db#other")));
}

TEST_P(IndexConformance, PutReplacesAllOfADocument) {
  Put({Asset("db", "a", {{"str_assetname", "pump"}, {"MD_", {{"maker", "acme"}}}})});
  Put({Asset("db", "a", {{"str_assetname", "valve"}})});

  EXPECT_EQ(FoundByText("pump"), IdSet());
  EXPECT_EQ(FoundByText("acme"), IdSet());
  EXPECT_EQ(FoundByText("valve"), IdSet({"db#a"}));
  EXPECT_EQ(Must(index().Count(op)).assets, 1u);
}

TEST_P(IndexConformance, RemoveTakesADocumentOutOfEverything) {
  Put({Asset("db", "a", {{"str_assetname", "pump"}}), File("db", "a", "/x.glb")});
  Remove({"db#a", "db#never-there"});

  EXPECT_EQ(FoundByText("pump"), IdSet());
  EXPECT_EQ(Found({}), IdSet({"db#a#/x.glb"}));
  EXPECT_FALSE(Must(index().Find(op, "db#a")));
}

TEST_P(IndexConformance, LastWriteOfABatchCounts) {
  const std::vector<Write> writes = {Write::Put(Asset("db", "a", {{"str_assetname", "one"}})),
                                     Write::Put(Asset("db", "b")),
                                     Write::Put(Asset("db", "a", {{"str_assetname", "two"}})),
                                     Write::Remove("db#b"),
                                     Write::Remove("db#c"),
                                     Write::Put(Asset("db", "c"))};

  Must(index().Apply(op, writes, 7));

  EXPECT_EQ(Found({}), IdSet({"db#a", "db#c"}));
  EXPECT_EQ(FoundByText("one"), IdSet());
  EXPECT_EQ(FoundByText("two"), IdSet({"db#a"}));
  EXPECT_EQ(Must(index().GetPosition(op)), 7u);
}

TEST_P(IndexConformance, RefusedBatchLeavesNothingBehind) {
  Put({Asset("db", "a")});
  Document nameless = Asset("db", "b");
  nameless.id.clear();
  Document endless = Asset("db", "c");
  endless.id.append(kMaxIdBytes, 'x');
  Write other = Write::Put(Asset("db", "d"));
  other.id = "db#e";

  for (const Write& bad : {Write::Put(nameless), Write::Put(endless), other}) {
    const std::vector<Write> writes = {Write::Put(Asset("db", "fine")), bad};
    EXPECT_CODE(kInvalid, index().Apply(op, writes, position + 1));
  }

  EXPECT_EQ(Found({}), IdSet({"db#a"}));
  EXPECT_EQ(Must(index().GetPosition(op)), position);
}

TEST_P(IndexConformance, PositionAloneIsACommitToo) {
  Must(index().Apply(op, {}, 41));

  EXPECT_EQ(Must(index().GetPosition(op)), 41u);
  EXPECT_EQ(Search({}).position, 41u);
}

// Keys have 256 characters of up to four bytes, and ids of database and asset come before them.
TEST_P(IndexConformance, KeepsLongIdsApart) {
  const std::string path = "/" + std::string(600, 'x');
  Put({File("db", "a", path + "1.glb"), File("db", "a", path + "2.glb")});
  Remove({"db#a#" + path + "1.glb"});

  EXPECT_EQ(Found({}), IdSet({"db#a#" + path + "2.glb"}));
  EXPECT_TRUE(Must(index().Find(op, "db#a#" + path + "2.glb")));
}

TEST_P(IndexConformance, CountsWhatItHolds) {
  Put({Asset("db", "a"), Asset("db", "b", {{"bool_archived", true}}), File("db", "a", "/x"),
       File("db", "a", "/y", {{"bool_archived", true}}), File("db", "a", "/z")});

  const Counts counts = Must(index().Count(op));

  EXPECT_EQ(counts.assets, 2u);
  EXPECT_EQ(counts.files, 3u);
  EXPECT_EQ(counts.archived, 2u);
  EXPECT_FALSE(counts.generation.empty());
}

TEST_P(IndexConformance, ScansEveryIdWithItsDigest) {
  std::set<std::pair<std::string, std::uint64_t>> expected;
  std::vector<Document> documents;
  for (int i = 0; i < 25; ++i) {
    documents.push_back(Asset("db", "a" + std::to_string(i), {{"MD_", {{"n", i}}}}));
    expected.emplace(documents.back().id, Digest(documents.back()));
  }
  Put(documents);

  EXPECT_EQ(AllIds(index(), 7), expected);
  EXPECT_EQ(AllIds(index(), 25), expected);
}

TEST_P(IndexConformance, ClearRemovesAKindAndKeepsThePosition) {
  Put({Asset("db", "a"), File("db", "a", "/x"), Asset("db", "b", {{"bool_archived", true}})});

  Must(index().Clear(op, KindSet::kAssets));
  EXPECT_EQ(Found({}), IdSet({"db#a#/x"}));
  EXPECT_EQ(Must(index().GetPosition(op)), position);

  Must(index().Clear(op, KindSet::kBoth));
  EXPECT_EQ(Found({}), IdSet());
  Put({Asset("db", "a")});
  EXPECT_EQ(Found({}), IdSet({"db#a"}));
}

TEST_P(IndexConformance, NamesFieldsBeyondTheTable) {
  Put({Asset("db", "a", {{"str_color", "red"}, {"str_assetname", "x"}, {"num_weight", 3}}),
       File("db", "a", "/x", {{"str_layer", "7"}})});

  EXPECT_EQ(Must(index().DynamicFields(op, Kind::kAsset)), Ids({"num_weight", "str_color"}));
  EXPECT_EQ(Must(index().DynamicFields(op, Kind::kFile)), Ids({"str_layer"}));
}

TEST_P(IndexConformance, KeepsEverythingWhenReopened) {
  if (!persists()) GTEST_SKIP() << "this engine does not persist";
  Put({Asset("db", "a", {{"str_assetname", "pump"}, {"list_tags", {"red"}}}),
       File("db", "a", "/x.glb"), Asset("db", "b", {{"str_assetname", "valve"}})});
  Remove({"db#b"});
  const auto before = AllIds(index());

  Reopen();

  EXPECT_EQ(AllIds(index()), before);
  EXPECT_EQ(Must(index().GetPosition(op)), position);
  EXPECT_EQ(FoundByText("pum"), IdSet({"db#a"}));
  EXPECT_EQ(FoundByText("valve"), IdSet());
  Request request;
  request.facets = {"list_tags"};
  EXPECT_EQ(Search(request).facets.at(0).buckets, std::vector<Facet::Bucket>({{"red", 1}}));
  EXPECT_TRUE(Must(index().Check(op)).empty());
  Put({Asset("db", "c", {{"str_assetname", "later"}})});
  EXPECT_EQ(FoundByText("later"), IdSet({"db#c"}));
}

}  // namespace vams::search::conformance
