// What clients may send in every member of a search without the server failing or showing more than
// the rules allow, and what it says when the index fails.  Requests and answers in good order:
// tests/api/search*.api.
#include <gtest/gtest.h>

#include <functional>
#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/asset_records.h"
#include "catalog/asset_search.h"
#include "catalog/databases.h"
#include "search/memory/memory_index.h"

namespace vams::api {
namespace {

namespace json = boost::json;
using test::Must;
using test::Reply;
using test::TestStack;

constexpr std::string_view kMark = "CONFIDENTIAL";

class SearchRoutesTest : public ::testing::Test {
 protected:
  SearchRoutesTest() {
    stack.services().search = &index;
    stack.services().asset_search = &search;
    AddSearchRoutes(stack.gate());
    for (const char* database : {"harbor", "vault"})
      Put(catalog::kDatabasesTable, {{"databaseId", items::Value::S(database)}});
    for (const char* id : {"crane", "rail", "tank"}) {
      AddAsset("harbor", id, "Open " + std::string(id), {"released"});
      AddAsset("vault", id, std::string(kMark) + " " + id, {"released", "secret"});
    }
    lee = MakeReader("lee");
  }

  void Put(const std::string& table, items::Item item) {
    const items::Write writes[] = {items::Write::Put(table, std::move(item))};
    Must(stack.store().Commit(stack.op(), writes));
  }
  void AddAsset(const std::string& database, const std::string& id, const std::string& name,
                const std::vector<std::string>& tags) {
    items::Item item = catalog::AssetKey(database, id);
    item.Set("assetName", items::Value::S(name));
    item.Set("assetType", items::Value::S(".glb"));
    items::Value::List list;
    for (const std::string& tag : tags) list.push_back(items::Value::S(tag));
    item.Set("tags", items::Value::L(std::move(list)));
    Put(catalog::kAssetsTable, std::move(item));
    search::Document asset{.kind = search::Kind::kAsset,
                           .id = database + "#" + id,
                           .source = {{"str_databaseid", database},
                                      {"str_assetid", id},
                                      {"str_assetname", name},
                                      {"str_assettype", ".glb"},
                                      {"str_description", "Feed pump"},
                                      {"list_tags", json::array(tags.begin(), tags.end())},
                                      {"bool_archived", false},
                                      {"MD_", {{"maker", name}}}},
                           .access = {database, ".glb", tags},
                           .asset_name = name,
                           .archived = false,
                           .place = search::Box{60, 60, 25, 25}};
    search::Document file = asset;
    file.kind = search::Kind::kFile;
    file.id += "#/a.glb";
    file.source.erase("str_assettype");
    file.source["str_key"] = "/a.glb";
    file.source["str_fileext"] = "glb";
    file.source["num_filesize"] = 7;
    const search::Write writes[] = {search::Write::Put(std::move(asset)),
                                    search::Write::Put(std::move(file))};
    Must(index.Apply(stack.op(), writes, ++position));
  }
  // Somebody who may call every route and read the assets of one database.
  std::string MakeReader(const std::string& user) {
    const auto rule = [&](std::string id, std::string type, std::string field, std::string op,
                          std::string value) {
      access::Constraint made{
          .id = id,
          .name = id,
          .description = "of a test",
          .object_type = std::move(type),
          .criteria_and = {{std::move(field), std::move(op), {std::move(value)}, false, {}}},
          .criteria_or = {},
          .groups = {},
          .users = {}};
      for (const char* action : {"GET", "POST"}) made.users.push_back({user, action, "allow", {}});
      return made;
    };
    const access::Constraint rules[] = {
        rule("lee-api", "api", "route__path", "contains", ".*"),
        rule("lee-assets", "asset", "databaseId", "equals", "harbor")};
    Must(stack.services().permissions.PutConstraints(stack.op(), rules, "administrator"));
    stack.AddUser(user, "Canary-Qu4y-pass!");
    return stack.TokenFor(user, "Canary-Qu4y-pass!");
  }

  // 200 with nothing but what lee may read, or 400; whatever was sent.
  void ExpectHarmless(std::string_view path, const std::string& body) {
    const Reply reply = stack.Ask("POST", path, body, lee);
    SCOPED_TRACE(std::string(path) + " " + body.substr(0, 300));
    ASSERT_TRUE(reply.status == 200 || reply.status == 400) << reply.status << reply.text;
    // Neither hits nor counts nor cursors of the other database, and no reason that tells of it.
    EXPECT_EQ(reply.text.find(kMark), reply.text.npos);
    if (reply.status == 400) {
      EXPECT_FALSE(reply.message().empty());
      return;
    }
    ++answered;
    ASSERT_TRUE(reply.body.is_object());
    const auto* hits = reply.Find("hits/hits");
    ASSERT_NE(hits, nullptr);
    for (const json::value& hit : hits->as_array())
      EXPECT_EQ(hit.at("_source").at("str_databaseid"), "harbor");
    EXPECT_LE(reply.Find("hits/total/value")->to_number<int>(), 6);
    for (const auto& [field, key] :
         {std::pair("str_databaseid", "harbor"), std::pair("list_tags", "released")}) {
      const auto* counted = reply.Find("aggregations/" + std::string(field) + "/buckets");
      if (counted == nullptr) continue;
      for (const json::value& bucket : counted->as_array()) EXPECT_EQ(bucket.at("key"), key);
    }
  }

  TestStack stack;
  search::MemoryIndex index;
  catalog::AssetSearch search{
      catalog::Stores{stack.store(), stack.objects(), stack.clock(), stack.services().random},
      index};
  search::Position position = 0;
  std::string lee;
  int answered = 0;
};

std::vector<std::string> HostileTexts() {
  std::vector<std::string> texts = {
      "",
      " ",
      "*",
      "?",
      "\\",
      "\"",
      "\"\"",
      "(",
      ")",
      "((((((((((",
      "a) OR (str_databaseid:vault",
      "*) OR (*:*",
      "x OR str_databaseid:vault",
      "str_databaseid:vault",
      "_exists_:str_databaseid",
      "NOT str_databaseid:harbor",
      "-str_databaseid:harbor",
      "*:*",
      "str_databaseid:/.*/",
      "str_databaseid:[* TO *]",
      "str_databaseid:vaul~2",
      "list_tags:sec?et",
      "num_filesize:[0 TO 99999999999999999999999]",
      "num_filesize:{NaN TO inf}",
      "date_lastmodified:>=now-99999999999999999999y",
      "MD_.maker:*",
      "MD_._value:*",
      "a AND",
      "AND",
      "OR OR OR",
      "NOT NOT NOT a",
      "a^99999999999999 b~99999999999",
      "{\"match_all\": {}}",
      "\"}}, {\"match_all\": {}}, {\"x\": {\"y\": \"",
      "'; DROP TABLE assets; --",
      "<script>alert(1)</script>",
      "${jndi:ldap://x}",
      "../../../../etc/passwd",
      "%00%ff",
      std::string("a\0b", 3),
      "\x01\x02\x1b[31m\x7f",
      "line\r\nInjected: header",
      "\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80",
      "\xe2\x80\xae\xe2\x80\x8b\xef\xbb\xbf",
      "\xff\xfe broken \xc3",
      "\xed\xa0\x80",
      std::string(5000, 'a'),
      std::string(5001, 'a'),
      std::string(5000, '*'),
      std::string(5000, '('),
      std::string(5000, '"'),
      std::string(5000, '\\'),
  };
  std::string words;
  while (words.size() < 4900) words += "a b* (c) ";
  texts.push_back(words);
  std::string accents;
  while (accents.size() < 20'000) accents += "\xc3\xa9";
  texts.push_back(accents);
  return texts;
}

// JSON without a look at what the bytes mean, as a client may send it.
std::string Quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    if (static_cast<unsigned char>(c) < 0x20)
      out += "\\u00" + std::string(1, "0123456789abcdef"[static_cast<unsigned char>(c) >> 4]) +
             "0123456789abcdef"[c & 15];
    else
      out += c;
  }
  return out + '"';
}

TEST_F(SearchRoutesTest, TakesAnyTextInAnyMember) {
  const std::string bodies[] = {
      R"({"query": @})",
      R"({"metadataQuery": @})",
      R"({"metadataQuery": @, "metadataSearchMode": "value"})",
      R"({"metadataQuery": @, "metadataSearchMode": "key"})",
      R"({"metadataSearchMode": @})",
      R"({"filters": [{"query_string": {"query": @}}]})",
      R"({"filters": [{"query_string": {"query": "a", "default_field": @}}]})",
      R"({"filters": [{"query_string": {"query": "pump", @: @}}]})",
      R"({"sort": [@]})",
      R"({"sort": [{"field": @, "order": "desc"}]})",
      R"({"sort": [{"field": "str_key", "order": @}]})",
      R"({"entityTypes": [@]})",
      R"({"searchAfter": @})",
      R"({"tokens": [{"operation": "AND", "propertyKey": @, "value": @}]})",
      R"({"operation": @})",
      R"({"from": @})",
      R"({"includeArchived": @})",
      R"({"geo": {"field": @, "distance": "1km", "center": {"lat": 60, "lon": 25}}})",
      R"({"geo": {"distance": @, "center": {"lat": @, "lon": 25}}})",
      R"({"query": @, "metadataQuery": @, "explainResults": true})",
      R"({@: @})"};
  const std::string simple[] = {
      R"({"query": @})",         R"({"assetName": @})",     R"({"assetId": @})",
      R"({"assetType": @})",     R"({"fileKey": @})",       R"({"fileExtension": @})",
      R"({"databaseId": @})",    R"({"tags": [@, "x"]})",   R"({"metadataKey": @})",
      R"({"metadataValue": @})", R"({"entityTypes": [@]})", R"({"size": @})"};
  const auto with = [](const std::string& body, const std::string& text) {
    std::string made;
    for (const char c : body) {
      if (c == '@')
        made += text;
      else
        made += c;
    }
    return made;
  };

  int sent = 0;
  for (const std::string& text : HostileTexts()) {
    const std::string quoted = Quoted(text);
    for (const std::string& body : bodies) ExpectHarmless("/search", with(body, quoted));
    for (const std::string& body : simple) ExpectHarmless("/search/simple", with(body, quoted));
    sent += static_cast<int>(std::size(bodies) + std::size(simple));
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(answered, sent / 3) << "refusals alone prove little";
}

// Values of every JSON kind where others are expected, and bodies that are cut or changed.
TEST_F(SearchRoutesTest, TakesAnyBody) {
  const std::uint32_t seed = 20'260'714;
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  const std::string values[] = {"null", "true", "-1",   "1e308", "99999999999999999999", "0.5",
                                "[]",   "{}",   "[[]]", "\"a\"", "{\"query\": {}}"};
  for (const char* member : {"query",
                             "metadataQuery",
                             "metadataSearchMode",
                             "includeMetadataInSearch",
                             "tokens",
                             "operation",
                             "filters",
                             "sort",
                             "entityTypes",
                             "includeArchived",
                             "aggregations",
                             "explainResults",
                             "includeHighlights",
                             "from",
                             "size",
                             "searchAfter",
                             "geo",
                             "assetName",
                             "fileExtension",
                             "tags",
                             "databaseId",
                             "metadataValue"})
    for (const std::string& value : values)
      for (const char* path : {"/search", "/search/simple"}) {
        ExpectHarmless(path, "{\"" + std::string(member) + "\": " + value + "}");
        ExpectHarmless(path, "{\"" + std::string(member) + "\": [" + value + "]}");
      }
  const std::string whole =
      R"({"query": "pump", "metadataQuery": "maker:Open*", "filters": [{"query_string": )"
      R"({"query": "(str_databaseid:(\"harbor\" OR \"vault\")) AND num_filesize:[0 TO 9]"}}], )"
      R"("sort": [{"field": "str_assetname", "order": "desc"}], "from": 0, "size": 5, )"
      R"("entityTypes": ["asset", "file"], "explainResults": true})";
  for (int i = 0; i < 1500; ++i) {
    std::string body = whole;
    for (std::uint32_t n = 1 + random() % 4; n > 0; --n) {
      const std::size_t at = random() % body.size();
      switch (random() % 4) {
        case 0:
          body[at] = static_cast<char>(random());
          break;
        case 1:
          body.erase(at, 1 + random() % 9);
          break;
        case 2:
          body.insert(at, 1 + random() % 3, "\"{}[]:,\\*?()~^ 0aO"[random() % 18]);
          break;
        default:
          body.insert(at, body.substr(random() % body.size(), random() % 20));
      }
      if (body.empty()) body = "{";
    }
    ExpectHarmless(i % 4 == 0 ? "/search/simple" : "/search", body);
    ASSERT_FALSE(HasFailure());
  }
}

// A cursor of somebody who may read more is a place in an order, no right to what lies there.
TEST_F(SearchRoutesTest, ACursorOfAnotherCallerShowsNothingMore) {
  const Reply all =
      stack.Ask("POST", "/search", R"({"sort": ["_id"], "size": 1})", stack.AdminToken());
  ASSERT_EQ(all.status, 200);
  ASSERT_EQ(all.Find("hits/total/value")->to_number<int>(), 12);

  ExpectHarmless("/search",
                 R"({"sort": ["_id"], "searchAfter": ")" + all.Text("searchAfter") + "\"}");
  EXPECT_EQ(answered, 1);
}

// The text that clients know, nothing of what is behind it, and the audit log has the kind.
TEST_F(SearchRoutesTest, AFailureOfTheStoreIsNamedAsUpstreamDoes) {
  const std::string token = stack.AdminToken();
  ASSERT_EQ(stack.Ask("POST", "/search", "{}", token).status, 200);
  Reply failed;
  // Whichever call of the store is hit first: the rules', the databases' or the assets'.
  std::set<std::string> messages;
  for (std::size_t n = 1; n < 20; ++n) {
    stack.store().FailCall(stack.store().calls() + n, Code::kUnavailable,
                           testing::FaultyStore::When::kBefore);
    failed = stack.Ask("POST", "/search", "{}", token);
    if (failed.status == 400) messages.insert(failed.text);
  }

  EXPECT_TRUE(
      messages.contains(R"({"message":"VAMS General Error: Error processing search results"})"));
  for (const std::string& message : messages) EXPECT_EQ(message.find("reason"), message.npos);
}

TEST_F(SearchRoutesTest, SaysWhatIsWrongWithAFilterAndWhere) {
  const Reply reply = stack.Ask("POST", "/search",
                                R"({"filters": [{"query_string": {"query": "(str_key:x"}}]})", lee);

  EXPECT_EQ(reply.status, 400);
  EXPECT_EQ(reply.message(), "VAMS General Error: Error executing search query");
  EXPECT_NE(reply.Text("reason").find("character"), std::string::npos) << reply.text;
}

}  // namespace
}  // namespace vams::api
