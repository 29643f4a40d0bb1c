// Orders, pages, totals and facets.
#include <algorithm>
#include <map>
#include <string>

#include "search/conformance.h"
#include "search/query_string.h"

namespace vams::search::conformance {
namespace {

Document Sized(std::string_view path, int size, boost::json::object more = {}) {
  more["num_filesize"] = size;
  return File("db", "a", path, std::move(more));
}

std::vector<Facet::Bucket> Buckets(const Answer& answer, std::size_t facet) {
  return answer.facets.at(facet).buckets;
}

}  // namespace

TEST_P(IndexConformance, SortsByNumbersTextsDatesAndFlags) {
  Put({Sized("/c", 9, {{"date_lastmodified", "2024-03-01T00:00:00+00:00"}, {"str_etag", "b"}}),
       Sized("/a", 100, {{"date_lastmodified", "2024-03-01T00:00:00+02:00"}, {"str_etag", "B"}}),
       Sized("/b", 20, {{"date_lastmodified", "2023-12-31"}, {"str_etag", "a"}})});
  const auto sorted = [&](std::string_view field, bool descending) {
    Request request{.sort = {{std::string(field), descending}}};
    std::string order;
    for (const std::string& id : Hits(request)) order += id.back();
    return order;
  };

  EXPECT_EQ(sorted("num_filesize", false), "cba");
  EXPECT_EQ(sorted("num_filesize", true), "abc");
  EXPECT_EQ(sorted("str_key", false), "abc");
  EXPECT_EQ(sorted("str_key.keyword", true), "cba");
  EXPECT_EQ(sorted("str_etag", false), "abc");  // by bytes: capitals first
  EXPECT_EQ(sorted("date_lastmodified", false), "bac");
  EXPECT_EQ(sorted("date_lastmodified", true), "cab");
  EXPECT_EQ(sorted("_id", false), "abc");
  EXPECT_EQ(sorted("_id", true), "cba");
}

TEST_P(IndexConformance, MissingValuesComeLastEitherWay) {
  Put({Sized("/a", 5), Sized("/b", 7), Asset("db", "asset"),
       File("db", "a", "/none", {{"num_filesize", nullptr}})});
  Request request{.sort = {{"num_filesize", false}, {"_id", false}}};

  EXPECT_EQ(Hits(request), Ids({"db#a#/a", "db#a#/b", "db#a#/none", "db#asset"}));
  request.sort[0].descending = true;
  EXPECT_EQ(Hits(request), Ids({"db#a#/b", "db#a#/a", "db#a#/none", "db#asset"}));
  const Answer answer = Search(request);
  EXPECT_EQ(answer.hits[0].sort, (boost::json::array{7, "db#a#/b"}));
  EXPECT_TRUE(answer.hits[3].sort.at(0).is_null());
  EXPECT_FALSE(answer.hits[0].score);
  // A field that no document can have orders nothing, and fails nothing.
  request.sort = {{"str_unheard_of"}, {"_id"}};
  EXPECT_EQ(Hits(request).size(), 4u);
}

TEST_P(IndexConformance, ListsSortByTheirLeastOrGreatest) {
  Put({Asset("db", "1", {{"list_tags", {"m", "a"}}}), Asset("db", "2", {{"list_tags", {"z", "b"}}}),
       Asset("db", "3", {{"list_tags", boost::json::array()}})});
  Request request{.sort = {{"list_tags"}}};

  EXPECT_EQ(Hits(request), Ids({"db#1", "db#2", "db#3"}));
  request.sort[0].descending = true;
  EXPECT_EQ(Hits(request), Ids({"db#2", "db#1", "db#3"}));
}

TEST_P(IndexConformance, SeveralSortKeysDecideInTheirOrder) {
  Put({Sized("/a", 1, {{"str_etag", "x"}}), Sized("/b", 1, {{"str_etag", "y"}}),
       Sized("/c", 0, {{"str_etag", "y"}})});
  Request request{.sort = {{"str_etag", true}, {"num_filesize", false}}};

  EXPECT_EQ(Hits(request), Ids({"db#a#/c", "db#a#/b", "db#a#/a"}));
}

TEST_P(IndexConformance, ScoreMayBeOneOfTheSortKeys) {
  Put({Asset("db", "a", {{"str_assetname", "pumps"}}),
       Asset("db", "b", {{"str_assetname", "pump"}})});
  Request request{.text = ParseText("pump", true, Stemming::kNone), .sort = {{"_score", true}}};

  const Answer answer = Search(request);

  ASSERT_EQ(answer.hits.size(), 2u);
  ASSERT_TRUE(answer.hits[0].score && answer.hits[1].score);
  EXPECT_GE(*answer.hits[0].score, *answer.hits[1].score);
  EXPECT_EQ(answer.hits[0].sort.at(0), *answer.hits[0].score);
}

// Neither by offset nor by position does a page repeat or leave out a document, although many are
// equal in the order asked for.
TEST_P(IndexConformance, PagesCoverEverythingOnce) {
  std::vector<Document> documents;
  for (int i = 0; i < 103; ++i) {
    const std::string path = "/" + std::to_string(i);
    documents.push_back(i % 5 == 0 ? File("db", "a", path) : Sized(path, i % 3));
  }
  Put(std::move(documents));

  for (const auto& sort : {std::vector<SortKey>{}, std::vector<SortKey>{{"num_filesize", true}}}) {
    Request request{.sort = sort, .size = kMaxPage};
    const Ids all = Hits(request);
    ASSERT_EQ(all.size(), 103u);
    request.size = 10;
    Ids by_offset;
    for (; request.from < 120; request.from += 10) {
      const Ids page = Hits(request);
      by_offset.insert(by_offset.end(), page.begin(), page.end());
    }
    EXPECT_EQ(by_offset, all);

    request.from = 0;
    Ids by_position;
    do {
      const Answer answer = Search(request);
      EXPECT_EQ(answer.total, 103u);
      for (const Hit& hit : answer.hits) by_position.push_back(hit.document.id);
      request.after = answer.next;
    } while (!request.after.empty() && by_position.size() < 200);
    EXPECT_EQ(by_position, all);
  }
}

TEST_P(IndexConformance, APositionSurvivesWhatIsWrittenMeanwhile) {
  Put({Sized("/a", 1), Sized("/b", 2), Sized("/c", 3), Sized("/d", 4)});
  Request request{.sort = {{"num_filesize"}}, .size = 2};
  request.after = Search(request).next;
  ASSERT_FALSE(request.after.empty());

  Remove({"db#a#/b"});
  Put({Sized("/a0", 0), Sized("/c0", 3)});

  const Ids rest = [&] {
    Ids ids = Hits(request);
    request.after = Search(request).next;
    for (const std::string& id : Hits(request)) ids.push_back(id);
    return ids;
  }();
  EXPECT_EQ(IdSet(rest.begin(), rest.end()), IdSet({"db#a#/c", "db#a#/c0", "db#a#/d"}));
}

TEST_P(IndexConformance, PagesBeyondTheEndAreEmpty) {
  Put({Sized("/a", 1)});
  Request request{.from = 1, .size = 5};

  const Answer answer = Search(request);
  EXPECT_TRUE(answer.hits.empty());
  EXPECT_EQ(answer.total, 1u);
  EXPECT_TRUE(answer.next.empty());
  request = {.size = 0};
  EXPECT_TRUE(Search(request).hits.empty());
  EXPECT_EQ(Search(request).total, 1u);
  if (traits().deep_paging) {
    request = {.from = 1'000'000'000'000};
    EXPECT_TRUE(Search(request).hits.empty());
  }
}

TEST_P(IndexConformance, FacetsCountWhatMatches) {
  Put({Asset("db", "a", {{"str_assettype", "folder"}, {"list_tags", {"x", "y", "x"}}}),
       Asset("db", "b", {{"str_assettype", ".glb"}, {"list_tags", {"x"}}}),
       Asset("db2", "c", {{"str_assettype", "folder"}}),
       Asset("db2", "old",
             {{"str_assettype", "folder"}, {"list_tags", {"x"}}, {"bool_archived", true}}),
       Asset("db2", "d", {{"str_assettype", nullptr}}),
       File("db", "a", "/one.glb", {{"list_tags", {"x", "y"}}}), File("db2", "c", "/two.GLB"),
       File("db2", "c", "/three")});
  Request request{.include_archived = true};
  request.facets = {"str_assettype", "list_tags", "str_databaseid", "str_fileext", "str_assetid"};

  const Answer answer = Search(request);

  EXPECT_EQ(answer.total, 8u);
  EXPECT_TRUE(answer.exact);
  ASSERT_EQ(answer.facets.size(), 5u);
  EXPECT_EQ(answer.facets[0].field, "str_assettype");
  EXPECT_EQ(Buckets(answer, 0), std::vector<Facet::Bucket>({{"folder", 2}, {".glb", 1}}));
  EXPECT_EQ(answer.facets[0].documents, 3u);
  EXPECT_EQ(Buckets(answer, 1), std::vector<Facet::Bucket>({{"x", 3}, {"y", 2}}));
  EXPECT_EQ(answer.facets[1].documents, 3u);
  EXPECT_EQ(Buckets(answer, 2), std::vector<Facet::Bucket>({{"db2", 4}, {"db", 3}}));
  EXPECT_EQ(Buckets(answer, 3), std::vector<Facet::Bucket>({{"GLB", 1}, {"glb", 1}}));
  EXPECT_EQ(Buckets(answer, 4),
            std::vector<Facet::Bucket>({{"c", 3}, {"a", 2}, {"b", 1}, {"d", 1}}));

  request.facet_size = 1;
  EXPECT_EQ(Buckets(Search(request), 4), std::vector<Facet::Bucket>({{"c", 3}}));
  EXPECT_EQ(Search(request).facets.at(4).documents, 7u);
  request.filter = Must(ParseQueryString("str_databaseid:db", {}));
  request.size = 0;
  EXPECT_EQ(Search(request).facets.at(2).buckets, std::vector<Facet::Bucket>({{"db", 3}}));
}

// Tags are kept in sets; there may be more of them than bits in a word.
TEST_P(IndexConformance, FacetsOfManyDistinctValues) {
  std::vector<Document> documents;
  for (int i = 0; i < 300; ++i) {
    boost::json::array tags;
    for (int t = 0; t <= i % 4; ++t) tags.emplace_back("t" + std::to_string(i * 7 % 90 + t));
    documents.push_back(
        Asset("db" + std::to_string(i % 70), std::to_string(i), {{"list_tags", std::move(tags)}}));
  }
  std::map<std::string, std::uint64_t> expected;
  for (const Document& document : documents)
    for (const std::string& tag : document.access.tags) ++expected[tag];
  Put(std::move(documents));
  Request request{.size = 0};
  request.facets = {"list_tags", "str_databaseid"};

  const Answer answer = Search(request);

  std::map<std::string, std::uint64_t> counted;
  for (const auto& bucket : Buckets(answer, 0)) counted[bucket.key] = bucket.count;
  EXPECT_EQ(counted, expected);
  EXPECT_EQ(Buckets(answer, 1).size(), 70u);
  EXPECT_TRUE(std::ranges::is_sorted(Buckets(answer, 0), [](const auto& a, const auto& b) {
    return a.count != b.count ? a.count > b.count : a.key < b.key;
  }));
}

}  // namespace vams::search::conformance
