// The text of exports, compressed and not: what a client has read when it stops reading.
#include "api/export_text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <boost/json.hpp>

#include "api/gzip_source.h"
#include "api/routes.h"
#include "api/test_stack.h"
#include "catalog/asset_records.h"
#include "catalog/link_records.h"
#include "catalog/metadata_records.h"

namespace vams::api {
namespace {

using test::Must;
using test::TestStack;

std::string Unzipped(std::string_view packed) {
  z_stream z = {};
  EXPECT_EQ(inflateInit2(&z, 15 + 16), Z_OK);
  z.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  z.avail_in = static_cast<uInt>(packed.size());
  std::string text;
  std::string piece(1 << 16, '\0');
  int result = Z_OK;
  while (result == Z_OK) {
    z.next_out = reinterpret_cast<Bytef*>(piece.data());
    z.avail_out = static_cast<uInt>(piece.size());
    result = inflate(&z, Z_NO_FLUSH);
    text.append(piece, 0, piece.size() - z.avail_out);
  }
  EXPECT_EQ(result, Z_STREAM_END);
  EXPECT_EQ(z.avail_in, 0U);
  inflateEnd(&z);
  return text;
}

std::string ReadAll(http::BodySource& source, OpContext& op, std::size_t buffer_size) {
  std::string all;
  std::string buffer(buffer_size, '\0');
  for (;;) {
    const std::size_t count = Must(source.Read(op, buffer));
    if (count == 0) return all;
    all.append(buffer, 0, count);
  }
}

// ---- Texts.

TEST(AppendJsonText, IsWhatAParserTakes) {
  std::string every;
  for (int c = 1; c < 128; ++c) every += static_cast<char>(c);
  for (const std::string& text : {std::string(), std::string("plain"), every,
                                  std::string("Öst \"\\\" 雪"), std::string("\0x", 2)}) {
    std::string out;
    AppendJsonText(out, text);
    EXPECT_EQ(boost::json::parse(out).as_string(), text);
  }
}

// ---- Compression.

TEST(GzipSource, GivesEveryPieceOnceWhateverTheBuffers) {
  for (const std::size_t buffer : {std::size_t{1}, std::size_t{7}, std::size_t{1 << 16}}) {
    OpContext op;
    int made = 0;
    GzipSource source("begin,", [&](OpContext&, std::string& piece) -> Result<bool> {
      if (made == 50) return false;
      piece += "piece " + std::to_string(made) + std::string((made + 1) * 20, 'x') + ",";
      ++made;
      return true;
    });
    std::string expected = "begin,";
    for (int i = 0; i < 50; ++i)
      expected += "piece " + std::to_string(i) + std::string((i + 1) * 20, 'x') + ",";

    const std::string packed = ReadAll(source, op, buffer);

    EXPECT_EQ(Unzipped(packed), expected);
    EXPECT_EQ(Must(source.Read(op, std::span<char>())), 0U);
  }
}

TEST(GzipSource, PiecesMayBeEmptyAndNothingIsAnEmptyFile) {
  OpContext op;
  int made = 0;
  GzipSource some("", [&](OpContext&, std::string& piece) -> Result<bool> {
    if (made % 3 == 2) piece = "x";
    return made++ < 9;
  });
  EXPECT_EQ(Unzipped(ReadAll(some, op, 64)), "xxx");
  GzipSource none("", [](OpContext&, std::string&) -> Result<bool> { return false; });
  EXPECT_EQ(Unzipped(ReadAll(none, op, 64)), "");
}

TEST(GzipSource, AFailureIsTold) {
  OpContext op;
  GzipSource source("begin", [](OpContext&, std::string&) -> Result<bool> {
    return Error(Code::kUnavailable, "later");
  });
  std::string buffer(1 << 16, '\0');
  Result<std::size_t> read = source.Read(op, buffer);
  while (read.ok() && *read > 0) read = source.Read(op, buffer);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::kUnavailable);
}

// ---- The endpoint.

class ExportAnswerTest : public ::testing::Test {
 protected:
  ExportAnswerTest() {
    AddExportRoutes(stack_.gate());
    const catalog::BucketSeed seeds[] = {{.name = "vault", .versioned = true}};
    Must(catalog::SeedBuckets(stack_.op(), stack_.store(), stack_.services().random, seeds));
    bucket_ = Must(catalog::ListBuckets(stack_.op(), stack_.store(), "", 1)).buckets.front().id;
  }

  void MakeAsset(const std::string& id, const std::string& name) {
    using items::Value;
    items::Item asset = catalog::AssetKey("harbor", id);
    asset.Set("assetName", Value::S(name));
    asset.Set("isDistributable", Value::Bool(true));
    asset.Set("bucketId", Value::S(bucket_));
    asset.Set("assetLocation", Value::M({{"Key", Value::S(id + "/")}}));
    const items::Write writes[] = {items::Write::Put(catalog::kAssetsTable, std::move(asset))};
    Must(stack_.store().Commit(stack_.op(), writes));
  }
  void PutFiles(const std::string& id, int count) {
    auto& objects = stack_.objects();
    const auto content = Must(objects.Stage(stack_.op(), objects::SourceOf("dots"), {}));
    objects::ObjectChanges changes;
    for (int i = 0; i < count; ++i)
      changes.Add(objects::PutChange{
          .object = {"vault", id + "/scan/part-" + std::to_string(10'000 + i) + ".e57"},
          .content = content});
    Must(objects.Commit(stack_.op(), changes));
  }
  // As the server has it, before it is sent.
  http::Response Ask(const std::string& id, const std::string& body, const std::string& token) {
    const std::string path = "/database/harbor/assets/" + id + "/export";
    const http::Match match = stack_.routes().Find(http::Verb::kPost, path);
    http::Request request;
    request.verb = http::Verb::kPost;
    request.target = request.path = path;
    request.path_parameters = match.parameters;
    request.headers.Add("authorization", "Bearer " + token);
    request.body = body;
    request.request_id = "request";
    request.client = request.peer = "192.0.2.7";
    return Must(match.route->handle(request, stack_.op()));
  }

  TestStack stack_;
  std::string bucket_;
};

TEST_F(ExportAnswerTest, ShortOnesArePlainAndLongOnesAreCompressed) {
  MakeAsset("gantry", "Gantry");
  PutFiles("gantry", 50);

  const http::Response plain = Ask("gantry", "{}", stack_.AdminToken());
  EXPECT_EQ(plain.status, 200);
  EXPECT_EQ(plain.stream, nullptr);
  EXPECT_LE(plain.body.size(), 102'400U);
  EXPECT_FALSE(plain.headers.Has("content-encoding"));
  EXPECT_FALSE(plain.headers.Has("cache-control"));
  EXPECT_EQ(plain.headers.Find("content-type"), "application/json");
  EXPECT_EQ(boost::json::parse(plain.body).at("assets").at(0).at("files").as_array().size(), 50U);

  PutFiles("gantry", 2500);
  const http::Response packed = Ask("gantry", "{}", stack_.AdminToken());
  EXPECT_EQ(packed.status, 200);
  EXPECT_EQ(packed.headers.Find("content-encoding"), "gzip");
  EXPECT_FALSE(packed.headers.Has("cache-control"));
  ASSERT_NE(packed.stream, nullptr);
  EXPECT_EQ(packed.stream->length(), std::nullopt);
  const auto body = boost::json::parse(Unzipped(ReadAll(*packed.stream, stack_.op(), 10'000)));
  const auto& files = body.at("assets").at(0).at("files").as_array();
  ASSERT_EQ(files.size(), 2500U);
  for (std::size_t i = 0; i < files.size(); ++i)
    ASSERT_EQ(files[i].at("relativePath").as_string(),
              "/scan/part-" + std::to_string(10'000 + i) + ".e57");
  EXPECT_EQ(body.at("assetsInThisPage"), 1);
}

// What goes wrong behind the first byte cuts the answer; a client never takes it for a whole one.
TEST_F(ExportAnswerTest, AFailureInTheMiddleEndsTheBodyWithAnError) {
  MakeAsset("gantry", "Gantry");
  PutFiles("gantry", 2500);
  const http::Response packed = Ask("gantry", "{}", stack_.AdminToken());
  ASSERT_NE(packed.stream, nullptr);
  stack_.store().FailCall(stack_.store().calls() + 1, Code::kUnavailable,
                          testing::FaultyStore::When::kBefore);
  std::string buffer(1 << 20, '\0');
  Result<std::size_t> read = packed.stream->Read(stack_.op(), buffer);
  while (read.ok() && *read > 0) read = packed.stream->Read(stack_.op(), buffer);
  EXPECT_FALSE(read.ok());
}

// A refusal that comes while the body is made is no less a refusal.
TEST_F(ExportAnswerTest, RefusalsAreInTheAuditLogWhenTheBodyEnds) {
  MakeAsset("gantry", "open");
  MakeAsset("bogie", "hidden-one");
  PutFiles("gantry", 2500);
  const items::Write writes[] = {items::Write::Put(
      catalog::kLinksTable, catalog::LinkItem({.id = "link",
                                               .from = {"harbor", "gantry"},
                                               .to = {"harbor", "bogie"},
                                               .type = catalog::LinkType::kParentChild}))};
  Must(stack_.store().Commit(stack_.op(), writes));
  const auto allow = [](std::string id, std::string type, std::string field, std::string value) {
    access::Constraint constraint;
    constraint.id = constraint.name = std::move(id);
    constraint.object_type = std::move(type);
    constraint.criteria_and = {{std::move(field), "starts_with", {std::move(value)}, false, {}}};
    for (const char* action : {"GET", "POST"})
      constraint.users.push_back({"lee", action, "allow", {}});
    return constraint;
  };
  const std::vector<access::Constraint> constraints = {
      allow("lee-api", "api", "route__path", "/database"),
      allow("lee-assets", "asset", "assetName", "open")};
  Must(stack_.services().permissions.PutConstraints(stack_.op(), constraints, "test"));
  stack_.AddUser("lee", "Canary-L33-pass!");
  const std::string token = stack_.TokenFor("lee", "Canary-L33-pass!");

  {
    const http::Response packed = Ask("gantry", "{}", token);
    ASSERT_NE(packed.stream, nullptr) << packed.body;
    EXPECT_EQ(stack_.AuditLines({"hidden-one"}).size(), 0U);
    const auto body = boost::json::parse(Unzipped(ReadAll(*packed.stream, stack_.op(), 10'000)));
    EXPECT_EQ(body.at("assets").at(1), boost::json::parse(R"({"assetId": "bogie",
        "databaseId": "harbor", "unauthorizedAsset": true})"));
  }

  const auto lines = stack_.AuditLines({"AUTHORIZATION", "hidden-one", "lee", "exportAsset"});
  EXPECT_EQ(lines.size(), 1U);
  EXPECT_EQ(stack_.AuditLines({"FILEDOWNLOAD", "gantry", "export"}).size(), 1U);
}

}  // namespace
}  // namespace vams::api
