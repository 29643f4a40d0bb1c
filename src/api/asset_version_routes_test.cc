// Versions and links of assets over the API, where the scripts do not reach: the audit log, and a
// tree of links that is deeper than JSON readers go.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/buckets.h"
#include "catalog/link_records.h"

namespace vams::api {
namespace {

using test::Reply;
using test::TestStack;
using ::testing::SizeIs;

class AssetVersionRoutes : public ::testing::Test {
 protected:
  AssetVersionRoutes() {
    AddAllRoutes(stack.gate(), stack.services());
    const catalog::BucketSeed seeds[] = {{.name = "vault-main"}};
    test::Must(catalog::SeedBuckets(stack.op(), stack.store(), stack.services().random, seeds));
    const std::string bucket = Ask("GET", "/buckets").Text("Items/0/bucketId");
    Ask("POST", "/database",
        R"({"databaseId": "plant", "description": "Pumps", "defaultBucketId": ")" + bucket + "\"}");
    for (const std::string id : {"pump", "motor"})
      Ask("POST", "/assets",
          R"({"databaseId": "plant", "assetName": "x", "description": "Of a plant",
              "isDistributable": true, "assetId": ")" +
              id + "\"}");
  }
  Reply Ask(std::string_view verb, std::string_view path, std::string_view body = "") {
    return stack.Ask(verb, path, body, stack.AdminToken());
  }
  // A version of the pump, with `what` done to it.
  int Version(std::string_view verb, const std::string& what, std::string_view body = "") {
    return Ask(verb, "/database/plant/assets/pump/" + what, body).status;
  }
  std::size_t Actions(std::string_view type, std::string_view text) {
    return stack
        .AuditLines({"[ACTIONS][type: " + std::string(type) + "] [user: administrator]", text})
        .size();
  }

  TestStack stack;
};

TEST_F(AssetVersionRoutes, EveryChangeHasItsActionInTheAuditLog) {
  ASSERT_EQ(Version("POST", "createVersion", R"({"useLatestFiles": true, "comment": "one"})"), 200);
  ASSERT_EQ(Version("PUT", "assetversions/1", R"({"versionAlias": "RC1"})"), 200);
  ASSERT_EQ(Version("POST", "assetversions/0/archive"), 200);
  ASSERT_EQ(Version("POST", "assetversions/0/unarchive"), 200);
  ASSERT_EQ(Version("POST", "revertAssetVersion/1", R"({"comment": "back"})"), 200);

  EXPECT_EQ(Actions("assetVersionCreate", R"("assetVersionId":"1")"), 1u);
  EXPECT_EQ(Actions("assetVersionUpdate", R"("versionAlias":"RC1")"), 1u);
  EXPECT_EQ(Actions("assetVersionArchive", R"("assetVersionId":"0")"), 1u);
  EXPECT_EQ(Actions("assetVersionUnarchive", R"("assetVersionId":"0")"), 1u);
  EXPECT_EQ(Actions("assetVersionRevert", R"("revertedTo":"1")"), 1u);

  const auto made = Ask("POST", "/asset-links",
                        R"({"fromAssetId": "pump", "fromAssetDatabaseId": "plant", "toAssetId":
                            "motor", "toAssetDatabaseId": "plant", "relationshipType": "related"})");
  const std::string id = made.Text("assetLinkId");
  ASSERT_EQ(Ask("PUT", "/asset-links/" + id, R"({"tags": ["bolted"]})").status, 200);
  ASSERT_EQ(Ask("DELETE", "/asset-links/" + id).status, 200);
  EXPECT_EQ(Actions("assetLinkCreate", R"("toAssetId":"motor")"), 1u);
  EXPECT_EQ(Actions("assetLinkUpdate", R"("tags":["bolted"])"), 1u);
  EXPECT_EQ(Actions("assetLinkDelete", R"("toAssetId":"motor")"), 1u);
}

TEST_F(AssetVersionRoutes, WhatFailsIsNoAction) {
  const std::size_t before = stack.AuditLines({"[ACTIONS]"}).size();

  EXPECT_EQ(Version("PUT", "assetversions/77", R"({"comment": "x"})"), 400);
  EXPECT_EQ(Version("POST", "assetversions/0/archive"), 400);
  EXPECT_EQ(Version("POST", "revertAssetVersion/77", R"({"comment": "x"})"), 400);
  EXPECT_EQ(Ask("DELETE", "/asset-links/absent").status, 400);

  EXPECT_THAT(stack.AuditLines({"[ACTIONS]"}), SizeIs(before));
}

// All of it is 400 on the wire (ruling 12).
TEST_F(AssetVersionRoutes, TheAuditLogTellsTheReasonsApart) {
  const std::string gil = [&] {
    Ask("POST", "/roles", R"({"roleName": "guest", "description": "d"})");
    Ask("POST", "/auth/constraints/guest",
        R"({"name": "guest", "description": "d", "objectType": "api", "criteriaAnd":
            [{"field": "route__path", "operator": "starts_with", "value": "/database"}],
            "groupPermissions": [{"groupId": "guest", "permission": "GET",
            "permissionType": "allow"}]})");
    stack.AddUser("gil", "Canary-Gi1-pass!", "guest");
    return stack.TokenFor("gil", "Canary-Gi1-pass!");
  }();

  EXPECT_EQ(Version("GET", "getVersion/77"), 400);
  EXPECT_EQ(Version("POST", "assetversions/0/archive"), 400);
  EXPECT_EQ(stack.Ask("GET", "/database/plant/assets/pump/getVersions", "", gil).status, 400);

  EXPECT_THAT(stack.AuditLines({"[ERRORS]", "getVersion/77", "\t\"not found\""}), SizeIs(1));
  EXPECT_THAT(stack.AuditLines({"[ERRORS]", "assetversions/0/archive", "\t\"conflict\""}),
              SizeIs(1));
  EXPECT_THAT(stack.AuditLines({"[ERRORS]", "getVersions", "\t\"denied\""}), SizeIs(1));
}

// Every level of a tree nests its answer twice; making it must not depend on how deep it is.
TEST_F(AssetVersionRoutes, ADeepTreeIsAnswered) {
  constexpr int kDepth = 600;
  std::vector<items::Write> writes;
  const auto end = [](int i) {
    return catalog::LinkEnd{"plant", i == 0 ? "pump" : "part-" + std::to_string(i)};
  };
  for (int i = 1; i <= kDepth; ++i) {
    items::Item asset = catalog::AssetKey("plant", end(i).asset_id);
    asset.Set("assetName", items::Value::S("part"));
    writes.push_back(items::Write::Put(catalog::kAssetsTable, std::move(asset)));
    writes.push_back(items::Write::Put(catalog::kLinksTable,
                                       catalog::LinkItem({.id = "link-" + std::to_string(i),
                                                          .from = end(i - 1),
                                                          .to = end(i),
                                                          .type = catalog::LinkType::kParentChild,
                                                          .alias = std::nullopt,
                                                          .tags = {}})));
  }
  test::Must(stack.store().Commit(stack.op(), writes));

  const Reply reply = Ask("GET", "/database/plant/assets/pump/asset-links?childTreeView=true");

  ASSERT_EQ(reply.status, 200);
  boost::json::parse_options options;
  options.max_depth = 4 * kDepth;
  const auto whole = boost::json::parse(reply.text, {}, options);
  const boost::json::value* children = &whole.at("children");
  int depth = 0;
  for (; !children->as_array().empty(); children = &children->as_array()[0].at("children"))
    EXPECT_EQ(children->as_array()[0].at("assetId").as_string(), end(++depth).asset_id);
  EXPECT_EQ(depth, kDepth);
}

}  // namespace
}  // namespace vams::api
