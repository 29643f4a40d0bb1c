// Strings that an engine's own encodings could confuse: names that hold separators, quotes,
// prefixes and zero bytes, values that differ far behind any limit of a key, and none at all.
#include <algorithm>
#include <map>
#include <string>
#include <vector>

#include "search/conformance.h"
#include "search/query_string.h"

namespace vams::search::conformance {
namespace {

using Op = Expression::Op;
using namespace std::string_literals;

std::vector<std::string> Strings() {
  const std::string stem(3000, 'q');
  return {"plain",
          "Plain",
          " plain",
          "plain ",
          "a\0b"s,
          "a"s,
          "a\0"s,
          "a\x01"
          "b",
          "a:b",
          "a=b",
          "a.b",
          "a\tb\nc",
          "Qdb#a",
          "XDB:secret",
          "' OR 1=1 --",
          "\") OR (\"a",
          "*:*",
          "*",
          "?",
          "\\",
          "..",
          "{\"$gt\": \"\"}",
          "<script>alert(1)</script>",
          "${jndi:x}",
          "\u202egnp.exe",
          "\U0001f697",
          "e\u0301",
          "\u00e9",
          stem + "1",
          stem + "2",
          stem};
}

Document With(std::size_t number, const std::string& text) {
  Document document =
      Asset("db", std::to_string(number),
            {{"str_assettype", text}, {"str_assetname", text}, {"list_tags", {text, "common"}}});
  document.source["MD_"] = boost::json::object{{"k", text}, {text, "v"}};
  document.access.database = text;
  return document;
}

}  // namespace

TEST_P(IndexConformance, StringsAreKeptApart) {
  const std::vector<std::string> strings = Strings();
  std::vector<Document> documents;
  for (std::size_t i = 0; i < strings.size(); ++i) documents.push_back(With(i, strings[i]));
  Put(documents);
  std::map<std::string, std::uint64_t> once;
  for (const std::string& text : strings) once[text] = 1;
  const auto expect = [&](const Expression& condition, const std::string& what) {
    IdSet expected;
    for (const Document& document : documents)
      if (Matches(condition, document)) expected.insert(document.id);
    EXPECT_EQ(Found(condition), expected) << what;
  };

  for (std::size_t i = 0; i < strings.size(); ++i) {
    const std::string& text = strings[i];
    const std::string what = std::to_string(i) + ": " + text.substr(0, 40);
    const IdSet only = {documents[i].id};
    EXPECT_EQ(Found(Expression::Equals({{.name = "str_assettype"}}, {text})), only) << what;
    EXPECT_EQ(Found(Expression::Equals({{.name = "list_tags"}}, {text})), only) << what;
    EXPECT_EQ(Found(Expression::Equals({{.name = "MD_", .key = "k"}}, {text})), only) << what;
    EXPECT_EQ(Found(Expression::Equals({{.name = "MD_"}}, {text})), only) << what;
    EXPECT_EQ(Found(Expression::Exists({{.name = "MD_", .key = text}})), only) << what;
    EXPECT_EQ(Found(Expression::Equals({{.name = "MD_", .key = text}}, {"v"})), only) << what;
    for (const Form form : {Form::kTokens, Form::kWhole, Form::kWholeFolded})
      for (const char* field : {"str_assettype", "list_tags", "MD_"}) {
        if (text.size() <= kMaxPatternBytes) {
          expect(Expression::Contains({{.name = field}}, text, form), "contains " + what);
          expect(
              Expression{
                  .op = Op::kPrefix, .fields = {{.name = field}}, .texts = {text}, .form = form},
              "prefix " + what);
        }
        expect(Expression::Equals({{.name = field}}, {text}, form), "equals " + what);
      }
  }
  expect(Expression::Pattern({{.name = "str_assettype"}}, "qqq*1", Form::kWhole), "long pattern");

  Request request{.sort = {{"str_assettype"}}, .size = 0};
  request.facets = {"str_assettype", "list_tags"};
  const Answer counted = Search(request);
  std::map<std::string, std::uint64_t> types, tags;
  for (const auto& bucket : counted.facets.at(0).buckets) types[bucket.key] = bucket.count;
  for (const auto& bucket : counted.facets.at(1).buckets) tags[bucket.key] = bucket.count;
  EXPECT_EQ(types, once);
  once["common"] = strings.size();
  EXPECT_EQ(tags, once);

  std::vector<std::string> sorted = strings;
  std::ranges::sort(sorted);
  request.size = 100;
  std::vector<std::string> found;
  for (const Hit& hit : Search(request).hits) found.emplace_back(hit.sort.at(0).as_string());
  EXPECT_EQ(found, sorted);
}

TEST_P(IndexConformance, PermissionsTellStringsApart) {
  if (!traits().access_filter) GTEST_SKIP() << "callers of this engine check its hits";
  const std::vector<std::string> strings = Strings();
  std::vector<Document> documents;
  for (std::size_t i = 0; i < strings.size(); ++i) documents.push_back(With(i, strings[i]));
  Put(documents);

  for (std::size_t i = 0; i < strings.size(); ++i) {
    const Rules only("only " + std::to_string(i), [&](const AccessClass& access) {
      return access.database == strings[i] ? AccessFilter::Verdict::kAllow
                                           : AccessFilter::Verdict::kDeny;
    });
    Request request{.access = &only};
    request.facets = {"str_assettype"};
    const Answer answer = Search(request);
    ASSERT_EQ(answer.hits.size(), 1u) << i;
    EXPECT_EQ(answer.hits[0].document.id, documents[i].id);
    EXPECT_EQ(answer.facets.at(0).buckets, std::vector<Facet::Bucket>({{strings[i], 1}}));
  }
}

TEST_P(IndexConformance, EmptyTextsAreValuesToo) {
  Put({Asset("db", "empty", {{"str_description", ""}, {"str_assettype", ""}, {"MD_", {{"k", ""}}}}),
       Asset("db", "null", {{"str_description", nullptr}, {"MD_", {{"k", nullptr}}}}),
       Asset("db", "absent")});
  const IdSet empty = {"db#empty"};

  EXPECT_EQ(Found(Expression::Exists({{.name = "str_description"}})), empty);
  EXPECT_EQ(Found(Expression::Exists({{.name = "MD_", .key = "k"}})), empty);
  EXPECT_EQ(Found(Expression::Equals({{.name = "str_description"}}, {""})), empty);
  EXPECT_EQ(Found(Expression::Equals({{.name = "MD_", .key = "k"}}, {""})), empty);
  EXPECT_EQ(Found(Expression::Equals({{.name = "MD_"}}, {""}, Form::kTokens)), empty);
  EXPECT_EQ(Found(Expression::Equals({{.name = "str_description"}}, {""}, Form::kTokens)), IdSet());
  Request request{.sort = {{"str_assettype"}}, .size = 1};
  request.facets = {"str_assettype"};
  EXPECT_EQ(Hits(request), Ids({"db#empty"}));
  EXPECT_EQ(Search(request).facets.at(0).buckets, std::vector<Facet::Bucket>({{"", 1}}));
}

// The parts that an application never needs but a client can ask for.
TEST_P(IndexConformance, LargeRequestsAreAnswered) {
  std::vector<Document> documents;
  for (int i = 0; i < 50; ++i)
    documents.push_back(
        Asset("db" + std::to_string(i), "a", {{"str_assetname", "pump " + std::to_string(i)}}));
  Put(std::move(documents));
  std::string names;
  std::string words;
  for (int i = 0; i < 1000; ++i) names += (i ? " OR \"db" : "\"db") + std::to_string(i * 2) + "\"";
  for (int i = 0; i < 2000; ++i) words += "w" + std::to_string(i) + " ";

  EXPECT_EQ(FoundByQuery("str_databaseid:(" + names + ")").size(), 25u);
  EXPECT_EQ(FoundByText(words), IdSet());
  EXPECT_EQ(FoundByText(std::string(5000, 'x')), IdSet());
  EXPECT_EQ(FoundByText(std::string(5000, '*')), IdSet());
  EXPECT_EQ(FoundByQuery("str_assetname:" + std::string(500, '?')), IdSet());
}

}  // namespace vams::search::conformance
