// Metadata over the API where a script cannot reach: entities that are full, what is answered when
// a store fails, and what the audit log says.  The rest is in tests/api/metadata*.api.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/buckets.h"

namespace vams::api {
namespace {

using test::Must;
using test::Reply;
using test::TestStack;
using When = testing::FaultyStore::When;

constexpr std::string_view kPump = "/database/plant/assets/pump/metadata";

// Items named k0, k1, … with that value.
std::string Items(int from, int to, std::string_view value = "1") {
  std::string text;
  for (int i = from; i < to; ++i)
    text += fmt::format(R"({}{{"metadataKey": "k{}", "metadataValue": "{}"}})",
                        i == from ? "" : ", ", i, value);
  return text;
}
std::string Body(const std::string& items, std::string_view more = "") {
  return fmt::format(R"({{"metadata": [{}]{}}})", items, more);
}

class MetadataRoutes : public ::testing::Test {
 protected:
  MetadataRoutes() {
    AddDatabaseRoutes(stack.gate());
    AddAssetRoutes(stack.gate());
    AddMetadataRoutes(stack.gate());
    const catalog::BucketSeed seeds[] = {{.name = "vault", .prefix = "/", .versioned = true}};
    Must(catalog::SeedBuckets(stack.op(), stack.store(), stack.services().random, seeds));
    const auto buckets = Must(catalog::ListBuckets(stack.op(), stack.store(), "", 1)).buckets;
    EXPECT_EQ(Ask("POST", "/database",
                  fmt::format(R"({{"databaseId": "plant", "description": "Plant",
                                   "defaultBucketId": "{}"}})",
                              buckets.front().id))
                  .status,
              200);
    EXPECT_EQ(Ask("POST", "/assets", R"({"databaseId": "plant", "assetId": "pump",
                                         "assetName": "Pump", "description": "feed pump",
                                         "isDistributable": true})")
                  .status,
              200);
  }

  Reply Ask(std::string_view verb, std::string_view path, const std::string& body = "") {
    stack.clock().Advance(1);
    return stack.Ask(verb, path, body, stack.AdminToken());
  }
  // Keys that are stored, those of no schema.
  std::size_t Count() {
    const Reply reply = Ask("GET", kPump);
    std::size_t count = 0;
    for (const auto& item : reply.body.at("metadata").as_array())
      count += item.at("metadataSchemaField").as_bool() ? 0 : 1;
    return count;
  }

  TestStack stack;
};

TEST_F(MetadataRoutes, AnEntityIsFullWith500Records) {
  EXPECT_EQ(Ask("POST", kPump, Body(Items(0, 499))).Text("message"),
            "Created 499 of 499 metadata items");

  const Reply two = Ask("POST", kPump, Body(Items(600, 602)));
  EXPECT_EQ(two.status, 400);
  EXPECT_EQ(two.message(),
            "VAMS General Error: Metadata limit exceeded: there are 499 records, the request adds "
            "2, which makes 501, and 500 is the most, so nothing was written; delete some first");
  EXPECT_EQ(Ask("PUT", kPump, Body(Items(600, 602))).status, 400);
  EXPECT_EQ(Ask("POST", kPump, Body(Items(498, 500))).status, 200);
  EXPECT_EQ(Count(), 500U);
}

TEST_F(MetadataRoutes, WhatReplacesHasAtMost500Items) {
  constexpr std::string_view kReplace = R"(, "updateType": "replace_all")";
  EXPECT_EQ(Ask("PUT", kPump, Body(Items(0, 501), kReplace)).status, 400);
  EXPECT_EQ(Count(), 0U);
  EXPECT_EQ(Ask("PUT", kPump, Body(Items(0, 500), kReplace)).message(),
            "Replaced all metadata: deleted 0 keys, upserted 500 keys");
  EXPECT_EQ(Ask("PUT", kPump, Body(Items(250, 750), kReplace)).message(),
            "Replaced all metadata: deleted 250 keys, upserted 500 keys");
  EXPECT_EQ(Count(), 500U);
}

// Each call of the store fails in turn: the answer is a failure, and then all is as before, or it
// is a success; a list may do without its schemas.
TEST_F(MetadataRoutes, FailuresOfTheStoreAreNoSuccess) {
  const std::string bodies[] = {Body(Items(0, 3, "new")),
                                Body(Items(0, 3, "new"), R"(, "updateType": "replace_all")")};
  for (const std::string& body : bodies) {
    const bool replaces = body.find("replace_all") != body.npos;
    for (std::size_t n = 1;; ++n) {
      ASSERT_EQ(Ask("PUT", kPump, Body(Items(0, 5, "old"))).status, 200);
      stack.store().FailCall(stack.store().calls() + n, Code::kInternal, When::kBefore);
      const Reply reply = Ask("PUT", kPump, body);
      const bool failed = stack.store().failed();
      const std::string last = stack.store().requests().back();
      stack.store().Disarm();
      const std::string left = Ask("GET", kPump).text;
      const bool is_new = left.find(R"("new")") != left.npos;
      EXPECT_EQ(is_new, reply.status == 200) << last << reply.text;
      if (is_new) {
        EXPECT_EQ(Count(), replaces ? 3U : 5U);
      } else if (replaces && last.starts_with("Commit")) {
        EXPECT_EQ(reply.status, 400);
        EXPECT_TRUE(reply.message().starts_with(
            "VAMS General Error: REPLACE_ALL failed and was rolled back"))
            << reply.text;
      }
      if (!failed) break;
    }
  }
}

TEST_F(MetadataRoutes, EveryWriteIsInTheAuditLog) {
  Ask("POST", kPump, Body(Items(0, 2)));
  Ask("PUT", kPump, Body(Items(1, 2), R"(, "updateType": "REPLACE_ALL")"));
  Ask("DELETE", kPump, R"({"metadataKeys": ["k1", "ghost"]})");
  Ask("PUT", kPump, "{}");
  Ask("PUT", "/database/plant/assets/absent/metadata", Body(Items(0, 1)));

  EXPECT_EQ(
      stack.AuditLines({"metadataCreate", R"("assetId":"pump")", R"("successCount":2)"}).size(),
      1U);
  EXPECT_EQ(stack.AuditLines({"metadataUpdate", "replace_all", R"("removedCount":1)"}).size(), 1U);
  EXPECT_EQ(
      stack.AuditLines({"metadataDelete", R"("successCount":1)", R"("failureCount":1)"}).size(),
      1U);
  // What is not there is told from what will not do.
  EXPECT_EQ(stack.AuditLines({"Asset not found", R"("not found")"}).size(), 1U);
  EXPECT_GE(stack.AuditLines({"validation", "UpdateAssetMetadataRequestModel"}).size(), 1U);
}

}  // namespace
}  // namespace vams::api
