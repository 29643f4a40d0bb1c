// Databases over the API, where the scripts do not reach: the audit log, pages that begin anywhere,
// a store that fails.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/buckets.h"

namespace vams::api {
namespace {

using test::Reply;
using test::TestStack;
using testing::FaultyStore;
using ::testing::IsEmpty;
using ::testing::SizeIs;

class DatabaseRoutes : public ::testing::Test {
 protected:
  DatabaseRoutes() {
    AddAllRoutes(stack.gate(), stack.services());
    const catalog::BucketSeed seeds[] = {{.name = "vault-main"}, {.name = "vault-two"}};
    test::Must(catalog::SeedBuckets(stack.op(), stack.store(), stack.services().random, seeds));
    bucket = Ask("GET", "/buckets").Text("Items/0/bucketId");
  }
  Reply Ask(std::string_view verb, std::string_view path, std::string_view body = "") {
    return stack.Ask(verb, path, body, stack.AdminToken());
  }
  Reply Create(std::string_view id) {
    return Ask(
        "POST", "/database",
        boost::json::serialize(boost::json::object{
            {"databaseId", id}, {"description", "Pumps and pipes"}, {"defaultBucketId", bucket}}));
  }

  TestStack stack;
  std::string bucket;
};

TEST_F(DatabaseRoutes, EveryChangeHasItsActionInTheAuditLog) {
  ASSERT_EQ(Create("plant").status, 200);
  ASSERT_EQ(Ask("PUT", "/database/plant", R"({"description": "Pumps only"})").status, 200);
  ASSERT_EQ(Ask("DELETE", "/database/plant").status, 200);

  EXPECT_THAT(stack.AuditLines({"[ACTIONS][type: databaseCreate] [user: administrator]",
                                R"("databaseId":"plant")", R"("operation":"create")", bucket}),
              SizeIs(1));
  EXPECT_THAT(stack.AuditLines({"[ACTIONS][type: databaseUpdate] [user: administrator]",
                                R"("databaseId":"plant")", R"("description":"Pumps only")"}),
              SizeIs(1));
  EXPECT_THAT(stack.AuditLines({"[ACTIONS][type: databaseDelete] [user: administrator]",
                                R"("databaseId":"plant")", R"("operation":"delete")"}),
              SizeIs(1));
}

TEST_F(DatabaseRoutes, WhatFailsIsNoAction) {
  ASSERT_EQ(Create("plant").status, 200);
  const std::size_t before = stack.AuditLines({"[ACTIONS]"}).size();

  EXPECT_EQ(Create("plant").status, 400);
  EXPECT_EQ(Ask("PUT", "/database/absent", R"({"description": "Pumps only"})").status, 400);
  EXPECT_EQ(Ask("DELETE", "/database/absent").status, 404);

  EXPECT_THAT(stack.AuditLines({"[ACTIONS]"}), SizeIs(before));
}

// The wire says of both that there is no such database (ruling 12).
TEST_F(DatabaseRoutes, TheAuditLogTellsRefusedFromAbsent) {
  ASSERT_EQ(Create("plant").status, 200);
  ASSERT_EQ(Ask("POST", "/roles", R"({"roleName": "guest", "description": "d"})").status, 200);
  ASSERT_EQ(Ask("POST", "/auth/constraints/guest",
                R"({"name": "guest", "description": "d", "objectType": "api", "criteriaAnd":
                    [{"field": "route__path", "operator": "starts_with", "value": "/database"}],
                    "groupPermissions": [{"groupId": "guest", "permission": "GET",
                    "permissionType": "allow"}]})")
                .status,
            200);
  stack.AddUser("gil", "Canary-Gi1-pass!", "guest");
  const std::string gil = stack.TokenFor("gil", "Canary-Gi1-pass!");

  const auto refused = stack.Ask("GET", "/database/plant", "", gil);
  EXPECT_THAT(stack.AuditLines(
                  {"[AUTHORIZATION][authorized: False] [user: gil]", R"("databaseId":"plant")"}),
              SizeIs(1));
  const auto absent = stack.Ask("GET", "/database/absent", "", gil);
  EXPECT_THAT(stack.AuditLines({"[AUTHORIZATION][authorized: False]", R"("databaseId":"absent")"}),
              IsEmpty());

  for (const Reply& reply : {refused, absent}) {
    EXPECT_EQ(reply.status, 404);
    EXPECT_EQ(reply.text, R"({"message":"Database not found"})");
  }
}

TEST_F(DatabaseRoutes, PagesGoOnWhereTheyEndedAndOnlyThere) {
  std::set<std::string> made, seen;
  for (int i = 0; i < 5; ++i) {
    made.insert("plant-" + std::to_string(i));
    ASSERT_EQ(Create("plant-" + std::to_string(i)).status, 200);
  }

  std::string token;
  int pages = 0;
  do {
    const auto page =
        Ask("GET", "/database?pageSize=2" + (token.empty() ? "" : "&startingToken=" + token));
    ASSERT_EQ(page.status, 200);
    for (const auto& item : page.Find("Items")->as_array())
      EXPECT_TRUE(seen.insert(std::string(item.at("databaseId").as_string())).second);
    // A token is of its own list.
    token = page.Text("NextToken");
    if (!token.empty()) {
      EXPECT_EQ(Ask("GET", "/buckets?startingToken=" + token).message(),
                "VAMS General Error: Error getting buckets.");
    }
  } while (++pages < 10 && !token.empty());

  EXPECT_EQ(seen, made);
  EXPECT_EQ(Ask("GET", "/database?startingToken=djE6ZGF0YWJhc2UKeA").message(),
            "VAMS General Error: Error getting databases.");
}

TEST_F(DatabaseRoutes, SizesOfPagesFallBackAsClientsKnowThem) {
  for (int i = 0; i < 3; ++i) ASSERT_EQ(Create("plant-" + std::to_string(i)).status, 200);
  const std::pair<const char*, std::size_t> cases[] = {{"", 3},
                                                       {"?pageSize=0", 3},
                                                       {"?pageSize=x", 3},
                                                       {"?maxItems=2", 2},
                                                       {"?maxItems=0", 3},
                                                       {"?pageSize=3&maxItems=1", 1},
                                                       {"?pageSize=1", 1},
                                                       {"?pageSize=99999999999999999999", 3}};
  for (const auto& [query, items] : cases) {
    const auto reply = Ask("GET", std::string("/database") + query);
    EXPECT_EQ(reply.status, 200) << query;
    EXPECT_EQ(reply.Find("Items")->as_array().size(), items) << query;
    EXPECT_EQ(reply.Find("NextToken")->is_null(), items == 3) << query;
  }
  EXPECT_EQ(Ask("GET", "/buckets?pageSize=1").Find("Items")->as_array().size(), 1U);
}

// Behind the checks of the gate, which read the store as well, whatever call fails.
TEST_F(DatabaseRoutes, AStoreThatFailsIsNoSuccessAndNoDetailGetsOut) {
  ASSERT_EQ(Create("plant").status, 200);
  const std::string body = boost::json::serialize(boost::json::object{
      {"databaseId", "yard"}, {"description", "Cranes"}, {"defaultBucketId", bucket}});
  const std::tuple<const char*, const char*, std::string> requests[] = {
      {"POST", "/database", body},    {"GET", "/database", ""},
      {"GET", "/database/plant", ""}, {"PUT", "/database/plant", R"({"description": "Changed"})"},
      {"GET", "/buckets", ""},        {"DELETE", "/database/plant", ""}};
  for (const auto& [verb, path, text] : requests) {
    int failures = 0;
    for (std::size_t n = 1;; ++n) {
      stack.store().FailCall(stack.store().calls() + n, Code::kCorrupt, FaultyStore::When::kBefore);
      const auto reply = Ask(verb, path, text);
      if (!stack.store().failed()) break;
      ++failures;
      EXPECT_TRUE(reply.status == 500 || reply.status == 403) << verb << path << reply.text;
      EXPECT_TRUE(reply.message() == "Internal Server Error" || reply.message() == "Forbidden" ||
                  reply.message() == "Not Authorized")
          << reply.text;
    }
    stack.store().Disarm();
    EXPECT_GT(failures, 0) << verb << path;
  }
}

}  // namespace
}  // namespace vams::api
