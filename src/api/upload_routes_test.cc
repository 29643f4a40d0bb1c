// Uploads over the API where a script cannot reach: what is answered when a store fails, and what
// the audit log says.  The rest is in tests/api/uploads.api and ingest.api.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/buckets.h"

namespace vams::api {
namespace {

using test::Must;
using test::Reply;
using test::TestStack;
using When = testing::FaultyStore::When;

class UploadRoutes : public ::testing::Test {
 protected:
  UploadRoutes() {
    AddDatabaseRoutes(stack.gate());
    AddAssetRoutes(stack.gate());
    AddUploadRoutes(stack.gate());
    const catalog::BucketSeed seeds[] = {{.name = "vault", .prefix = "/", .versioned = true}};
    Must(catalog::SeedBuckets(stack.op(), stack.store(), stack.services().random, seeds));
    const auto buckets = Must(catalog::ListBuckets(stack.op(), stack.store(), "", 1)).buckets;
    Post("/database", fmt::format(R"({{"databaseId": "plant", "description": "Plant",
                                       "defaultBucketId": "{}"}})",
                                  buckets.front().id));
    Post("/assets", R"({"databaseId": "plant", "assetId": "pump", "assetName": "Pump",
                        "description": "feed pump", "isDistributable": true})");
  }

  Reply Ask(std::string_view path, const std::string& body) {
    return stack.Ask("POST", path, body, stack.AdminToken());
  }
  Reply Post(std::string_view path, const std::string& body) {
    Reply reply = Ask(path, body);
    EXPECT_EQ(reply.status, 200) << path << " " << reply.text;
    return reply;
  }
  // An upload of the file with its only part sent: its id, and the body that completes it.
  std::pair<std::string, std::string> Sent(std::string_view path) {
    stack.clock().Advance(61);
    const Reply begun = Post("/uploads", fmt::format(R"({{"assetId": "pump", "databaseId": "plant",
                                          "uploadType": "assetFile",
                                          "files": [{{"relativeKey": "{}", "file_size": 4}}]}})",
                                                     path));
    const std::string multipart = begun.Text("files/0/uploadIdS3");
    const auto part =
        Must(stack.objects().PutPart(stack.op(), multipart, 1, objects::SourceOf("four"), {}));
    return {begun.Text("uploadId"),
            fmt::format(R"({{"assetId": "pump", "databaseId": "plant", "uploadType": "assetFile",
                             "files": [{{"relativeKey": "{}", "uploadIdS3": "{}",
                                         "parts": [{{"PartNumber": 1, "ETag": "{}"}}]}},
                                       {{"relativeKey": "x.exe", "uploadIdS3": "zero-byte",
                                         "parts": []}}]}})",
                        path, multipart, part.etag)};
  }

  TestStack stack;
};

// Clients take 503 for work that goes on, so a completion must never answer it.  When the commit
// fails, the answer names every file, nothing is there, and the upload can be completed again.
TEST_F(UploadRoutes, ACompletionThatFailsSaysSo) {
  std::set<int> statuses;
  for (std::size_t n = 1;; ++n) {
    const auto [id, body] = Sent(fmt::format("file{}.glb", n));
    const std::string path = "/uploads/" + id + "/complete";
    stack.AdminToken();
    stack.store().FailCall(stack.store().calls() + n, Code::kUnavailable, When::kBefore);
    const Reply reply = Ask(path, body);
    const bool failed = stack.store().failed();
    stack.store().Disarm();
    if (!failed) break;

    statuses.insert(reply.status);
    EXPECT_NE(reply.status, 503) << "call " << n << ": " << reply.text;
    if (reply.status == 200) continue;  // what failed came behind the commit, or was no part of it
    if (reply.status == 409) {
      EXPECT_EQ(reply.message(), "Upload completed with some failures");
      EXPECT_EQ(reply.Text("uploadId"), id);
      EXPECT_EQ(reply.Text("fileResults/0/error"), "Failed to copy file to final location");
      EXPECT_EQ(reply.Text("fileResults/1/error"),
                "File contains a potentially malicious executable type object");
      EXPECT_EQ(*reply.Find("overallSuccess"), false);
      EXPECT_TRUE(reply.Find("assetType")->is_null());
    }
    const auto live =
        stack.objects().Head(stack.op(), {"vault", fmt::format("pump/file{}.glb", n)});
    EXPECT_FALSE(live.ok()) << "call " << n;
    const Reply again = Ask(path, body);
    EXPECT_EQ(again.status, 200) << "call " << n << ": " << again.text;
    EXPECT_EQ(*again.Find("fileResults/0/success"), true) << again.text;
  }
  EXPECT_TRUE(statuses.contains(409)) << "no call was the commit";
}

TEST_F(UploadRoutes, AreAudited) {
  const auto [id, body] = Sent("scan/a.glb");
  Post("/uploads/" + id + "/complete", body);

  EXPECT_EQ(stack
                .AuditLines({"[FILEUPLOAD]", R"("filePath":"1 files")", R"("uploadDenied":false)",
                             R"("status":"initialized")", id})
                .size(),
            1U);
  EXPECT_EQ(stack
                .AuditLines({"[FILEUPLOAD]", R"("filePath":"x.exe")", R"("uploadDenied":true)",
                             "potentially malicious", id})
                .size(),
            1U);
  EXPECT_EQ(
      stack
          .AuditLines({"[FILEUPLOAD]", R"("filePath":"scan/a.glb")", R"("uploadDenied":false)",
                       R"("status":"completed")", R"("hasFailures":true)", id})
          .size(),
      1U);
  const std::string none = R"({"assetId": "none", "databaseId": "plant", "uploadType": "assetFile",
                               "files": [{"relativeKey": "a.glb", "file_size": 4}]})";
  EXPECT_EQ(Ask("/uploads", none).status, 400);
  EXPECT_EQ(stack.AuditLines({"[ERRORS]", "Asset not found", "not found"}).size(), 1U)
      << stack.AuditText();
}

TEST_F(UploadRoutes, PartUrlsAllowOnePartOfOneUpload) {
  const Reply begun = Post("/uploads", R"({"assetId": "pump", "databaseId": "plant",
      "uploadType": "assetFile", "files": [{"relativeKey": "a.glb", "num_parts": 2}]})");

  const std::string url = begun.Text("files/0/partUploadUrls/1/UploadUrl");
  const std::string host = "https://assets.plant.example";
  ASSERT_TRUE(url.starts_with(host + "/objects/")) << url;
  const auto verified = Must(
      stack.services().urls.Verify(stack.op(), objects::UrlMethod::kPut, url.substr(host.size())));
  EXPECT_EQ(verified.grant.bucket, "vault");
  EXPECT_EQ(verified.grant.key, "pump/a.glb");
  EXPECT_EQ(verified.grant.upload_id, begun.Text("files/0/uploadIdS3"));
  EXPECT_EQ(verified.grant.part_number, 2);
  EXPECT_EQ(verified.expires_seconds, stack.clock().NowMillis() / 1000 + 86'400);
}

}  // namespace
}  // namespace vams::api
