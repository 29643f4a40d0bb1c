// Streams and downloads where the scripts of tests/api cannot go: derived data, which no request
// puts there, contents of types that uploads do not give, and the audit log.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/asset_records.h"

namespace vams::api {
namespace {

using test::Must;
using test::Reply;
using test::TestStack;

constexpr std::string_view kAuxiliary =
    "/database/harbor/assets/gantry/auxiliaryPreviewAssets/stream/";
constexpr std::string_view kFiles = "/database/harbor/assets/gantry/download/stream/";

class DownloadRoutesTest : public ::testing::Test {
 protected:
  DownloadRoutesTest() {
    AddDownloadRoutes(stack_.gate());
    const catalog::BucketSeed seeds[] = {{.name = "vault", .versioned = true}};
    Must(catalog::SeedBuckets(stack_.op(), stack_.store(), stack_.services().random, seeds));
    using items::Value;
    items::Item asset = catalog::AssetKey("harbor", "gantry");
    asset.Set("isDistributable", Value::Bool(true));
    asset.Set("assetLocation", Value::M({{"Key", Value::S("gantry/")}}));
    asset.Set(
        "bucketId",
        Value::S(
            Must(catalog::ListBuckets(stack_.op(), stack_.store(), "", 1)).buckets.front().id));
    Save(std::move(asset));
  }

  void Save(items::Item asset) {
    const items::Write writes[] = {items::Write::Put(catalog::kAssetsTable, std::move(asset))};
    Must(stack_.store().Commit(stack_.op(), writes));
  }
  void Put(const std::string& bucket, const std::string& key, std::string_view content,
           const std::string& type = "") {
    Must(stack_.objects().PutBytes(stack_.op(), {bucket, key}, content, {.content_type = type}));
  }
  Reply Ask(std::string_view verb, std::string_view under, std::string_view path,
            const TestStack::Headers& headers = {}) {
    return stack_.Ask(verb, std::string(under).append(path), "", stack_.AdminToken(), headers);
  }

  TestStack stack_;
};

TEST_F(DownloadRoutesTest, DerivedDataStreamFromTheAuxiliaryBucket) {
  Put("auxiliary", "gantry/scan/east.e57/preview/potree/metadata.json", "{\"points\": 12}",
      "application/json");
  for (const char* path : {"scan/east.e57/preview/potree/metadata.json",
                           "gantry/scan/east.e57/preview/potree/metadata.json"}) {
    const Reply whole = Ask("GET", kAuxiliary, path);
    EXPECT_EQ(whole.status, 200) << whole.text;
    EXPECT_EQ(whole.Header("content-type"), "application/json");
    EXPECT_EQ(whole.Header("cache-control"), "no-cache, no-store");
    EXPECT_EQ(whole.Header("access-control-allow-headers"), "Range");
  }
  const Reply part = Ask("GET", kAuxiliary, "scan/east.e57/preview/potree/metadata.json",
                         {{"range", "bytes=2-5"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(part.Header("content-range"), "bytes 2-5/14");
  const Reply head = Ask("HEAD", kAuxiliary, "scan/east.e57/preview/potree/metadata.json");
  EXPECT_EQ(head.status, 200);
  EXPECT_EQ(head.Header("x-amz-storage-class"), "STANDARD");

  // Versions are none of its business.
  EXPECT_EQ(Ask("GET", kAuxiliary,
                "scan/east.e57/preview/potree/metadata.json?versionId=a&assetVersionId=b")
                .status,
            200);
}

// The key always lies under the asset's own, whoever else's it begins with.
TEST_F(DownloadRoutesTest, DerivedDataOfAnotherAssetAreOutOfReach) {
  Put("auxiliary", "crane/a.e57/preview/potree/metadata.json", "secret");
  EXPECT_EQ(Ask("GET", kAuxiliary, "crane/a.e57/preview/potree/metadata.json").status, 400);
  EXPECT_EQ(Ask("GET", kAuxiliary, "gantry/../crane/a.e57/preview/potree/metadata.json").status,
            400);
}

TEST_F(DownloadRoutesTest, TypesThatAreBlockedAreRefusedWhereverTheyCameFrom) {
  Put("vault", "gantry/tool.bin", "MZ", "application/x-msdownload");
  Put("auxiliary", "gantry/scan/a.e57/preview/x/tool.bin", "MZ", "application/x-msdownload");
  for (const char* verb : {"GET", "HEAD"}) {
    const Reply file = Ask(verb, kFiles, "tool.bin");
    EXPECT_EQ(file.status, 400);
    EXPECT_EQ(file.message(), "Unallowed file extension or content type in asset file");
    EXPECT_EQ(file.Header("access-control-allow-headers"),
              verb == std::string("GET") ? "Range" : "");
    const Reply derived = Ask(verb, kAuxiliary, "scan/a.e57/preview/x/tool.bin");
    EXPECT_EQ(derived.status, 400);
    EXPECT_EQ(derived.message(),
              "Unallowed file extension or content type in auxiliary preview file");
  }
  EXPECT_TRUE(stack_.AuditLines({"FILEDOWNLOAD-STREAMED"}).empty());
}

TEST_F(DownloadRoutesTest, AnAssetWithoutAPlaceIs404) {
  items::Item asset = catalog::AssetKey("harbor", "gantry");
  asset.Set("isDistributable", items::Value::Bool(true));
  Save(std::move(asset));
  const Reply file = Ask("GET", kFiles, "a.glb");
  EXPECT_EQ(file.status, 404);
  EXPECT_EQ(file.message(), "Asset location not found");
  EXPECT_EQ(file.Header("access-control-allow-origin"), "*");
  EXPECT_EQ(Ask("HEAD", kFiles, "a.glb").status, 404);
  EXPECT_EQ(Ask("GET", kAuxiliary, "a.e57/preview/x/yy").status, 404);
}

// Ruling 12: the answers are alike, the records are not.
TEST_F(DownloadRoutesTest, TheAuditLogTellsBytesFromRefusals) {
  Put("vault", "gantry/a.glb", "dots of a scan");
  Put("auxiliary", "gantry/a.glb/preview/x/yy", "dots");
  Ask("GET", kFiles, "a.glb", {{"range", "bytes=0-3"}});
  Ask("HEAD", kFiles, "a.glb");
  Ask("GET", kFiles, "a.glb", {{"if-none-match", "*"}});
  Ask("GET", kAuxiliary, "a.glb/preview/x/yy");
  EXPECT_EQ(stack_.AuditLines({"FILEDOWNLOAD-STREAMED"}).size(), 2U);
  EXPECT_EQ(stack_
                .AuditLines({"FILEDOWNLOAD-STREAMED", "\"direct_stream\"", "gantry/a.glb",
                             "\"fileSize\":4", "bytes=0-3", "\"versionId\":null"})
                .size(),
            1U);
  EXPECT_EQ(stack_.AuditLines({"\"auxiliary_preview_direct_stream\"", "\"fileSize\":4"}).size(),
            1U);

  Ask("GET", kFiles, "none.glb");
  Ask("GET", kFiles, "a.glb", {{"range", "bytes=99-"}});
  EXPECT_EQ(stack_.AuditLines({"ERRORS", "Error Fetching Asset File", "not found"}).size(), 1U);
  EXPECT_EQ(stack_.AuditLines({"ERRORS", "Error Fetching Asset File", "invalid"}).size(), 1U);

  stack_.Ask("POST", "/database/harbor/assets/gantry/download",
             R"({"downloadType": "assetFile", "key": "/a.glb"})", stack_.AdminToken());
  EXPECT_EQ(stack_
                .AuditLines({"[FILEDOWNLOAD]", "\"filePath\":\"/a.glb\"",
                             "\"downloadType\":\"assetFile\"", "\"versionId\":null"})
                .size(),
            1U);
}

TEST_F(DownloadRoutesTest, UrlsBeginWithTheServersAddress) {
  Put("vault", "gantry/a.glb", "dots");
  const Reply reply =
      stack_.Ask("POST", "/database/harbor/assets/gantry/download",
                 R"({"downloadType": "assetFile", "key": "/a.glb"})", stack_.AdminToken());
  EXPECT_THAT(reply.Text("downloadUrl"),
              ::testing::StartsWith("https://assets.plant.example/objects/"));
}

}  // namespace
}  // namespace vams::api
