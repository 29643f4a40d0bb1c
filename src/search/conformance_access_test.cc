// Nobody sees, counts or facets over what they may not read.
#include <iostream>
#include <map>
#include <random>
#include <string>

#include "base/hash.h"
#include "search/conformance.h"

namespace vams::search::conformance {
namespace {

using Verdict = AccessFilter::Verdict;

// What a filter lets through, looked up document by document.
struct Expected {
  IdSet ids;
  std::map<std::string, std::uint64_t> databases;
  std::map<std::string, std::uint64_t> tags;
};

Expected Of(const std::vector<Document>& documents, const AccessFilter& filter) {
  Expected expected;
  for (const Document& document : documents) {
    if (!filter.MayRead(document.access, document.asset_name)) continue;
    expected.ids.insert(document.id);
    ++expected.databases[document.access.database];
    for (const std::string& tag : document.access.tags) ++expected.tags[tag];
  }
  return expected;
}

std::map<std::string, std::uint64_t> Counted(const Facet& facet) {
  std::map<std::string, std::uint64_t> counts;
  for (const auto& bucket : facet.buckets) counts[bucket.key] = bucket.count;
  return counts;
}

void ExpectAnswers(const Answer& answer, const Expected& expected) {
  IdSet found;
  for (const Hit& hit : answer.hits) found.insert(hit.document.id);
  EXPECT_TRUE(answer.exact);
  EXPECT_EQ(found, expected.ids);
  EXPECT_EQ(answer.total, expected.ids.size());
  EXPECT_EQ(Counted(answer.facets.at(0)), expected.databases);
  EXPECT_EQ(Counted(answer.facets.at(1)), expected.tags);
}

Request Everything(const AccessFilter& filter) {
  Request request{.access = &filter, .size = kMaxPage};
  request.facets = {"str_databaseid", "list_tags"};
  return request;
}

std::vector<Document> Documents(std::mt19937& random, int count, int round = 0) {
  std::vector<Document> documents;
  const auto pick = [&](int n) { return static_cast<int>(random() % static_cast<unsigned>(n)); };
  for (int i = 0; i < count; ++i) {
    boost::json::array tags;
    for (int t = 0; t < 4; ++t)
      if (pick(3) == 0) tags.emplace_back("t" + std::to_string(t));
    const std::string database = "db" + std::to_string(pick(4));
    boost::json::object fields = {{"str_assetname", "pump " + std::to_string(pick(5))},
                                  {"str_assettype", pick(2) ? "folder" : ".glb"},
                                  {"list_tags", std::move(tags)}};
    const std::string id = std::to_string(i);
    Document document = pick(3) == 0 ? File(database, "a" + id, "/pump.glb", std::move(fields))
                                     : Asset(database, "a" + id, std::move(fields));
    // A file's type is its asset's, which the document does not show.
    if (document.kind == Kind::kFile) document.source.erase("str_assettype");
    document.source["str_description"] = "round " + std::to_string(round);
    documents.push_back(std::move(document));
  }
  return documents;
}

// Anything at all, but the same for the same question.
Rules RandomRules(std::uint32_t seed, std::string key) {
  const auto draw = [seed](const AccessClass& access, std::string_view name) {
    std::string text = std::to_string(seed) + access.database + "|" + access.asset_type;
    for (const std::string& tag : access.tags) text += "," + tag;
    return StableHash(text + "/" + std::string(name));
  };
  return Rules(
      std::move(key),
      [draw](const AccessClass& access) {
        const auto n = draw(access, "?") % 4;
        return n == 0 ? Verdict::kAllow : n == 1 ? Verdict::kByName : Verdict::kDeny;
      },
      [draw](const AccessClass& access, std::string_view name) {
        return draw(access, name) % 2 == 0;
      });
}

}  // namespace

#define NEEDS_ACCESS_FILTER() \
  if (!traits().access_filter) GTEST_SKIP() << "callers of this engine check its hits"

TEST_P(IndexConformance, AnswersCoverWhatTheCallerMayRead) {
  NEEDS_ACCESS_FILTER();
  std::vector<Document> documents = {
      Asset("open", "a", {{"str_assetname", "pump"}, {"list_tags", {"x"}}}),
      Asset("secret", "b", {{"str_assetname", "pump"}, {"list_tags", {"x"}}}),
      Asset("named", "c", {{"str_assetname", "pump one"}}),
      Asset("named", "d", {{"str_assetname", "pump two"}, {"list_tags", {"y"}}})};
  Put(documents);
  int names = 0;
  const Rules rules(
      "",
      [](const AccessClass& access) {
        return access.database == "open"    ? Verdict::kAllow
               : access.database == "named" ? Verdict::kByName
                                            : Verdict::kDeny;
      },
      [&](const AccessClass& access, std::string_view name) {
        EXPECT_EQ(access.database, "named");
        ++names;
        return name.ends_with("two");
      });
  Request request = Everything(rules);

  ExpectAnswers(Search(request), Of(documents, rules));
  request.text = ParseText("pump", true, Stemming::kNone);
  ExpectAnswers(Search(request), Of(documents, rules));
  EXPECT_GT(names, 0);
  const Rules nothing("", [](const AccessClass&) { return Verdict::kDeny; });
  request.access = &nothing;
  ExpectAnswers(Search(request), {});
}

TEST_P(IndexConformance, AFilesTypeIsItsAssets) {
  NEEDS_ACCESS_FILTER();
  Document file = File("db", "a", "/x.glb");
  file.access.asset_type = "folder";
  Put({file, Asset("db", "b", {{"str_assettype", ".glb"}})});
  const Rules folders("", [](const AccessClass& access) {
    return access.asset_type == "folder" ? Verdict::kAllow : Verdict::kDeny;
  });
  Request request{.access = &folders};

  EXPECT_EQ(Hits(request), Ids({"db#a#/x.glb"}));
}

// What an engine keeps for one caller must be neither another's nor an older policy's, nor miss
// what was written since.
TEST_P(IndexConformance, KeptPermissionsFollowPolicyAndDocuments) {
  NEEDS_ACCESS_FILTER();
  Put({Asset("one", "a"), Asset("two", "b")});
  const auto only = [](std::string database, std::string key) {
    return Rules(std::move(key), [database = std::move(database)](const AccessClass& access) {
      return access.database == database ? Verdict::kAllow : Verdict::kDeny;
    });
  };
  const Rules first = only("one", "v1/reader");
  const Rules second = only("two", "v2/reader");
  Request request{.access = &first};
  EXPECT_EQ(Hits(request), Ids({"one#a"}));
  EXPECT_EQ(Hits(request), Ids({"one#a"}));

  request.access = &second;
  EXPECT_EQ(Hits(request), Ids({"two#b"}));
  // The asset moves between classes, a new one and a new class come, one goes.
  Document moved = Asset("one", "a");
  moved.access.database = "two";
  Put({moved, Asset("one", "c"), Asset("two", "d", {{"list_tags", {"fresh"}}})});
  Remove({"two#b"});
  request.sort = {{"_id"}};
  EXPECT_EQ(Hits(request), Ids({"one#a", "two#d"}));
  request.access = &first;
  EXPECT_EQ(Hits(request), Ids({"one#c"}));
}

TEST_P(IndexConformance, RandomPoliciesLeakNothing) {
  NEEDS_ACCESS_FILTER();
  const std::uint32_t seed = 20240501;
  std::cout << "seed " << seed << std::endl;
  std::mt19937 random(seed);
  std::vector<Document> documents;
  for (int round = 0; round < 4; ++round) {
    documents = Documents(random, 120, round);
    Must(index().Clear(op, KindSet::kBoth));
    Put(documents);
    for (std::uint32_t policy = 0; policy < 12; ++policy) {
      SCOPED_TRACE("round " + std::to_string(round) + " policy " + std::to_string(policy));
      // Every other policy is one that was there before, with documents that were not.
      const std::uint32_t number =
          policy % 2 ? policy : policy + 100 * (1U + static_cast<unsigned>(round));
      const Rules rules = RandomRules(number, "policy" + std::to_string(number));
      Request request = Everything(rules);
      if (policy % 3 == 0) request.text = ParseText("pump", true, Stemming::kNone);
      ExpectAnswers(Search(request), Of(documents, rules));
      ExpectAnswers(Search(request), Of(documents, rules));
    }
  }
}

// Paging by position must not step over the border either.
TEST_P(IndexConformance, PagesLeakNothing) {
  NEEDS_ACCESS_FILTER();
  std::mt19937 random(7);
  const std::vector<Document> documents = Documents(random, 100);
  Put(documents);
  const Rules rules = RandomRules(3, "pages");
  Request request = Everything(rules);
  request.size = 7;
  request.sort = {{"str_assetname"}};
  IdSet found;
  do {
    const Answer answer = Search(request);
    for (const Hit& hit : answer.hits) EXPECT_TRUE(found.insert(hit.document.id).second);
    request.after = answer.next;
  } while (!request.after.empty());

  EXPECT_EQ(found, Of(documents, rules).ids);
}

}  // namespace vams::search::conformance
